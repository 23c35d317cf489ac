"""What a column of the grid is: what may be typed into it, how that is read, and what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Kind = Literal["text", "number", "bool"]
#: What a cell holds here and in the browser; None is an empty cell.
Value = str | int | float | bool | None

_WHOLE = re.compile(r"[+-]?\d{1,15}")
_YES = frozenset({"true", "yes", "y", "1", "x", "on"})
_NO = frozenset({"false", "no", "n", "0", "off"})
#: So many choices are named in a reason; more would hide the sentence.
_NAMED_CHOICES = 6


@dataclass(frozen=True)
class GridColumn:
    """One column of a grid.

    Args:
        name: the column of the DataFrame.
        title: the heading; the name, when empty.
        editable: whether cells can be edited. "added" means only in rows that were added in the grid; the columns of
            the grid's key are always so.
        choices: the values that are offered. Typed or pasted text that differs only in case or in spaces around it
            counts as the choice. "" among them means that a cell may be empty.
        strict: whether another value is a problem. It is kept and marked, never lost.
        check: a function from a value to what is wrong with it, in a sentence, or None. An empty cell comes as "" in a
            text column and as None in others. It may be called on another thread.
        kind: "text", "number" or "bool". Text that is no number, or neither yes nor no, is kept and marked.
        width: the width in pixels; by itself the column takes its share.
        pinned: whether the column stays in sight when the table is scrolled sideways.
        help: a sentence that is shown at the heading.
    """

    name: str
    title: str = ""
    editable: bool | Literal["added"] = False
    choices: Sequence[Any] = ()
    strict: bool = True
    check: Callable[[Any], str | None] | None = None
    kind: Kind = "text"
    width: int | None = None
    pinned: bool = False
    help: str = ""
    _choice_of: dict[str, Value] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in ("text", "number", "bool"):
            raise ValueError(f"column {self.name!r} has kind {self.kind!r}; there are 'text', 'number' and 'bool'")
        if self.editable not in (True, False, "added"):
            raise ValueError(f"column {self.name!r} has editable={self.editable!r}; it is True, False or 'added'")
        choices = tuple(dict.fromkeys(self._read_kind(choice) for choice in self.choices))
        object.__setattr__(self, "choices", choices)
        folded: dict[str, Value] = {}
        for choice in choices:
            folded.setdefault(_fold(choice), choice)
        object.__setattr__(self, "_choice_of", folded)

    @property
    def heading(self) -> str:
        """The text at the head of the column."""
        return self.title or self.name

    def read(self, raw: Any) -> Value:
        """Read what was typed, pasted or handed over; what cannot be read stays the text that it was."""
        value = self._read_kind(raw)
        if self._choice_of and value not in self.choices:
            return self._choice_of.get(_fold(value), value)
        return value

    def problem(self, value: Value) -> str | None:
        """Say what is wrong with a value that was read, or give None."""
        if value is not None and not isinstance(value, bool) and self.kind == "bool":
            return f"{_quote(value)} is neither yes nor no"
        if value is not None and not _is_number(value) and self.kind == "number":
            return f"{_quote(value)} is not a number"
        if self.choices and self.strict and value not in self.choices:
            return f"{_quote(value)} is not one of {self._named_choices()}"
        if self.check is None:
            return None
        try:
            reason = self.check("" if value is None and self.kind == "text" else value)
        except Exception as error:  # a reader's own function must not take the edit away
            return f"could not be checked: {type(error).__name__}: {error}"
        return str(reason) if reason else None

    def _read_kind(self, raw: Any) -> Value:
        if raw is None or raw is pd.NA or raw is pd.NaT or (isinstance(raw, float) and math.isnan(raw)):
            return None
        if hasattr(raw, "item"):  # a number or flag of numpy
            raw = raw.item()
        text = str(raw)
        if not text.strip():
            return None
        if self.kind == "bool":
            word = text.strip().casefold()
            return raw if isinstance(raw, bool) else word in _YES if word in _YES | _NO else text
        if self.kind == "number":
            return raw if _is_number(raw) else _read_number(text)
        return text

    def _named_choices(self) -> str:
        words = [_quote(choice) for choice in self.choices[:_NAMED_CHOICES]]
        more = len(self.choices) - len(words)
        return ", ".join(words) + (f" and {more} more" if more else "")


def guess_column(frame: pd.DataFrame, name: str) -> GridColumn:
    """Make a locked column whose kind follows from the DataFrame's dtype."""
    dtype = frame[name].dtype
    if pd.api.types.is_bool_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype):
        return GridColumn(name, kind="bool")
    return GridColumn(name, kind="number" if pd.api.types.is_numeric_dtype(dtype) else "text")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _read_number(text: str) -> Value:
    word = text.strip()
    if _WHOLE.fullmatch(word):
        return int(word)
    try:
        number = float(word) if "_" not in word else math.nan
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _fold(value: Value) -> str:
    return "" if value is None else " ".join(str(value).split()).casefold()


def _quote(value: Value) -> str:
    return "an empty cell" if value is None else f"“{value}”" if isinstance(value, str) else str(value)
