"""Rows of a difference: how they are built by column, and when two values differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lsnb.tables.spec import DTYPES

#: What the parts of a difference give; the ids are for finding the event.
ROW_COLUMNS = (
    "area",
    "change",
    "what",
    "item",
    "email",
    "workspace",
    "before",
    "after",
    "item_id",
    "other_id",
    "workspace_id",
    "self_id",
)
_NO_ROWS = pd.DataFrame({name: pd.Series([], dtype=DTYPES["text"]) for name in ROW_COLUMNS})
Positions = npt.NDArray[np.int64]


def make_rows(index: pd.Index | None = None, **columns: Any) -> pd.DataFrame:
    """Make rows from columns and constants; what is not given is unknown."""
    index = pd.RangeIndex(0) if index is None else index
    data = {}
    if len(index) == 0:
        # Most parts of most differences have no rows.
        return _NO_ROWS
    for name in ROW_COLUMNS:
        value = columns.get(name)
        if isinstance(value, pd.Series):
            data[name] = value.reset_index(drop=True).astype(DTYPES["text"])
        else:
            data[name] = pd.Series([value] * len(index), dtype=DTYPES["text"])
    return pd.DataFrame(data)


def join_rows(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put the rows of several parts together."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else make_rows()


def take(frame: pd.DataFrame, positions: Any) -> pd.DataFrame:
    """Give rows by position, numbered anew."""
    return frame.take(positions).reset_index(drop=True)


def are_different(a: pd.Series, b: pd.Series, *, only_known: bool = False) -> npt.NDArray[np.bool_]:
    """Tell where two columns differ; unknown and unknown are the same.

    Args:
        a: a column.
        b: a column of the same length.
        only_known: where one side does not say, nothing differs: another server or key may just tell less.
    """
    unknown_a, unknown_b = a.isna().to_numpy(dtype=bool), b.isna().to_numpy(dtype=bool)
    both = ~unknown_a & ~unknown_b
    unlike = (a.reset_index(drop=True) != b.reset_index(drop=True)).fillna(False).to_numpy(dtype=bool)
    found: npt.NDArray[np.bool_] = both & unlike if only_known else (both & unlike) | (unknown_a != unknown_b)
    return found


def to_words(values: pd.Series) -> pd.Series:
    """Write values for people: times to the minute in UTC, flags as yes and no."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        texts: pd.Series = values.dt.strftime("%Y-%m-%d %H:%M UTC").astype(DTYPES["text"])
        return texts
    if isinstance(values.dtype, pd.BooleanDtype):
        words = values.astype(object).map({True: "yes", False: "no"}, na_action="ignore")
        return words.astype(DTYPES["text"])
    return values.astype(DTYPES["text"])


def match(a: pd.Series, b: pd.Series) -> tuple[Positions, Positions]:
    """Find the same values in two columns, each once; what is unknown matches nothing.

    Returns:
        The positions of the pairs, in the order of the first column.
    """
    first = a.reset_index(drop=True).dropna().drop_duplicates()
    second = b.reset_index(drop=True).dropna().drop_duplicates()
    found = pd.Index(second).get_indexer(pd.Index(first))
    hit = found >= 0
    return first.index.to_numpy()[hit], second.index.to_numpy()[found[hit]]


def rest(n_rows: int, positions: Positions) -> Positions:
    """Give the positions that are not among the given ones."""
    keep = np.ones(n_rows, dtype=bool)
    keep[positions] = False
    return np.flatnonzero(keep)
