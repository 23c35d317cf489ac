"""Text as people bring it: columns by their distinct values, names made comparable, and the nearest of many names."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lsnb.sheets.lookalikes import skeleton
from lsnb.tables.spec import DTYPES

Codes = npt.NDArray[np.int64]

#: Marks that take no room on the screen and come along when text is copied from web pages and e-mails.
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f"
_INVISIBLE_RE = re.compile(f"[{INVISIBLE}]")
_SEPARATORS_RE = re.compile(r"[\s_\-]+")


@dataclass(frozen=True, slots=True)
class Coded:
    """A column by its distinct texts, so that each is looked at once.

    Args:
        codes: per row, the place of its text in `values`.
        values: the distinct texts.
    """

    codes: Codes
    values: list[str]

    def take(self, rows: Codes) -> list[str]:
        """Give the texts of some rows."""
        return [self.values[code] for code in self.codes[rows]]


def encode(column: pd.Series) -> Coded:
    """Read a column of any type as text, by its distinct values; what is missing is the empty text."""
    try:
        codes, found = pd.factorize(column)
    except TypeError:  # lists and the like
        codes, found = pd.factorize(column.map(str))
    values = [to_text(value) for value in found]
    return Coded(np.where(codes < 0, len(values), codes).astype(np.int64), [*values, ""])


def to_text(value: Any) -> str:
    """Write one value of a cell as the text that a person would have typed; what is missing is the empty text."""
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        number = float(value)
        if number != number:
            return ""
        # Spreadsheets have one kind of number: 7 comes as 7.0.
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    if isinstance(value, dt.datetime):
        is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0) and value.tzinfo is None
        return value.date().isoformat() if is_day else value.isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def text_column(column: pd.Series) -> pd.Series:
    """Read a column of any type as text, with the empty text for what is missing."""
    if isinstance(column.dtype, pd.StringDtype):
        return column.astype(DTYPES["text"]).fillna("")
    coded = encode(column)
    # By place, not by label: rows that were picked from a frame keep their labels.
    texts = take_texts(coded.values, coded.codes).set_axis(column.index)
    texts.name = column.name
    return texts


def take_texts(values: Sequence[str | None], codes: Codes) -> pd.Series:
    """Build a text column from distinct texts and the place of each row's text; a negative place is unknown."""
    picks = pa.array(codes, mask=codes < 0)
    taken = pa.array(values, pa.string()).take(picks)
    return pd.Series(DTYPES["text"].__from_arrow__(pa.chunked_array([taken])))


def tidy(text: str) -> str:
    """Take away what does not show, and make every run of blanks one space."""
    return " ".join(_INVISIBLE_RE.sub("", text).split())


def fold(text: str) -> str:
    """Make a name comparable: tidied, without regard to case or to how accents are composed."""
    return unicodedata.normalize("NFC", tidy(text)).casefold()


def fold_loosely(text: str) -> str:
    """Make a name comparable as `fold` does, with underscores, hyphens and blanks the same."""
    return _SEPARATORS_RE.sub(" ", fold(text)).strip()


def quoted(texts: Iterable[str], *, limit: int = 8, last: str = "or") -> str:
    """List texts in quotation marks for a sentence: 'a', 'b' or 'c'; what is over the limit is counted."""
    shown = [f"'{text}'" for text in texts]
    if len(shown) > limit:
        return ", ".join(shown[:limit]) + f" and {len(shown) - limit} more"
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


class Nearest:
    """Finds the names that are most like a wrong one.

    Args:
        names: the right names.
        budget: how many searches to make; one takes time that grows with the number of names, and a sheet where
            hundreds of names are wrong is the wrong sheet.
    """

    def __init__(self, names: Iterable[str], *, budget: int = 200) -> None:
        self._names = {_loose_look(name): name for name in reversed(list(names))}
        self._budget = budget

    def find(self, text: str, *, n: int = 3) -> list[str]:
        """List the names that are most like the text, the nearest first; none when none is near."""
        wanted = _loose_look(text)
        if not wanted or self._budget <= 0:
            return []
        self._budget -= 1
        near = difflib.get_close_matches(wanted, self._names, n=n, cutoff=0.6)
        # "User" is far from "Organization User" by letters, and near by words.
        words = set(wanted.split())
        near += [name for name in self._names if name not in near and words and words <= set(name.split())]
        return [self._names[name] for name in near[:n]]


def _loose_look(name: str) -> str:
    return fold_loosely(skeleton(tidy(name)))


def same_looks(name: str, names: Iterable[str]) -> list[str]:
    """List the names that look the same as another one and are not."""
    look = skeleton(tidy(name))
    return [other for other in names if fold(other) != fold(name) and skeleton(tidy(other)) == look]


def did_you_mean(names: Sequence[str]) -> str:
    """Ask whether one of the names was meant; nothing when there is none."""
    return f"Did you mean {quoted(names)}?" if names else ""
