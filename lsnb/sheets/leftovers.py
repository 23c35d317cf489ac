"""What a sheet has that is not read, and what it lacks: said by name, so that nobody takes silence for agreement."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from lsnb.errors.safe_text import without_keys
from lsnb.sheets.problems import CellProblem, Problems
from lsnb.sheets.text_normalize import fold_loosely, quoted, text_column, tidy

Remark = tuple[str, str]

#: What comes of a sheet that says nothing, unless it is the whole truth.
ASKS_FOR_NOTHING = "so the sheet asks for nothing"

#: Names of columns with which people mean to end something, which nothing here does by itself.
_ENDINGS = frozenset(
    {
        "until", "valid until", "access until", "expires", "expires at", "expires on", "expiry", "expiry date",
        "expiration", "expiration date", "end", "ends", "ends at", "end date", "valid to", "remove on", "remove at",
        "remove after", "revoke on", "ttl", "duration", "temporary until", "expire", "expire at", "deadline", "term",
    }
)  # fmt: skip


def left_columns(
    frame: pd.DataFrame,
    unknown: Sequence[tuple[int, str]],
    known: Mapping[str, str],
    numbers: Sequence[int],
    problems: Problems,
) -> list[Remark]:
    """Name the columns that are not read and not empty; one that is to end something is a problem in each of its rows.

    Args:
        frame: the sheet.
        unknown: the places and names of the columns that are not read.
        known: the columns that are, by the comparable form of each of their names.
        numbers: the rows' numbers.
        problems: where problems go.
    """
    words = []
    for place, name in unknown:
        texts = text_column(frame.iloc[:, place])
        is_filled = np.asarray(texts.str.strip() != "", dtype=bool)
        if not is_filled.any() or _only_counts(texts.tolist(), name):
            continue
        if fold_loosely(name) in _ENDINGS:
            reason = "Nothing ends by itself: this column has no effect, and what the row gives stays until it is taken away."
            misfit = CellProblem(name, reason, "Take the column away, and take the role back by another sheet in time.")
            values = texts.tolist()
            for index in np.flatnonzero(is_filled).tolist():
                problems.add(int(numbers[index]), values[index], misfit)
            continue
        words.append(_describe(place, name, known))
    if not words:
        return []
    shown = ", ".join(words[:12]) + (f" and {len(words) - 12} more" if len(words) > 12 else "")
    if len(words) == 1:
        return [("left-aside", f"the column {shown} is not read, and what is in it has no effect.")]
    return [("left-aside", f"the columns {shown} are not read, and what is in them has no effect.")]


def _only_counts(texts: Sequence[str], name: str) -> bool:
    """Tell whether a column numbers the rows and does nothing else, as the index that pandas writes beside a table."""
    if fold_loosely(name).replace(":", "") not in ("", "index", "unnamed 0", "no", "nr", "#"):
        return False
    return any([str(first + i) for i in range(len(texts))] == list(texts) for first in (0, 1))


def _describe(place: int, name: str, known: Mapping[str, str]) -> str:
    key = fold_loosely(name)
    if not key:
        return f"without a name (number {place + 1})"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    words = set(key.split()) - {"id", "name", "at", "of"}
    near = near or [other for other in known if words & set(other.split())][:1]
    hint = f" (the sheet has {known[near[0]]} for that)" if near else ""
    return f"{quoted([without_keys(tidy(name))])}{hint}"


def no_rows(frame: pd.DataFrame) -> list[Remark]:
    """Say where there is a header and nothing below it."""
    return [] if len(frame) else [("no-rows", f"there is nothing below the header, {ASKS_FOR_NOTHING}.")]


def asks_for_nothing(has_role_column: bool, texts: Iterable[Iterable[str]]) -> list[Remark]:
    """Say where no row names a role or an action.

    Args:
        has_role_column: whether there is a column for roles.
        texts: the distinct texts of the columns for roles and actions.
    """
    if any(tidy(text) for column in texts for text in column):
        return []
    lacks = "no row names a role" if has_role_column else "there is no column langsmith_role"
    return [("no-roles", f"{lacks}, and no row an action, {ASKS_FOR_NOTHING}.")]
