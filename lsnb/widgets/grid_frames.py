"""From the columns of a DataFrame to what a browser can show, and back to their dtypes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.tables.spec import DTYPES
from lsnb.widgets.grid_columns import Kind, Value

if TYPE_CHECKING:
    from lsnb.widgets.grid_cells import GridCells


def shown_values(values: pd.Series[Any], kind: Kind) -> list[Value]:
    """Give the cells of a column as a browser gets them; an empty one is None.

    A time is text such as "2026-11-02 09:00 UTC"; what has no form of its own here is its text.
    """
    there = values.notna()
    if isinstance(values.dtype, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(values.dtype):
        zone = f" {values.dtype.tz}" if isinstance(values.dtype, pd.DatetimeTZDtype) else ""
        texts = values.dt.strftime(f"%Y-%m-%d %H:%M{zone}")
        return list(texts.astype(object).where(there, None))
    plain = values.astype(object).where(there, None).tolist()
    if kind == "text":
        return [cell if cell is None or type(cell) is str else str(cell) for cell in plain]
    return [_plain(cell) for cell in plain]


def _plain(cell: Any) -> Value:
    if hasattr(cell, "item"):
        cell = cell.item()
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    return cell if isinstance(cell, float) and math.isfinite(cell) else str(cell)


def restore_dtype(values: Sequence[Any], dtype: Any, index: pd.Index[Any]) -> pd.Series[Any]:
    """Make a column of these values, of the dtype that it had, or of one that holds them all without loss."""
    plain = [pd.NA if _is_empty(value) else value for value in values]
    column = pd.Series(plain, index=index, dtype=object)
    wanted = _wide_enough([value for value in plain if value is not pd.NA], dtype, len(plain))
    if wanted is None:
        return column
    try:
        if pd.api.types.is_float_dtype(wanted) and not pd.api.types.is_extension_array_dtype(wanted):
            column = column.where(column.notna(), math.nan)
        return column.astype(wanted)
    except (TypeError, ValueError):
        return column


def _wide_enough(filled: list[Any], dtype: Any, n_rows: int) -> Any:
    """Choose a dtype for these values: casting a half to whole numbers or a word to a flag would be silent."""
    is_extension = pd.api.types.is_extension_array_dtype(dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        new = [value for value in dict.fromkeys(filled) if value not in dtype.categories]
        return pd.CategoricalDtype([*dtype.categories, *new], ordered=dtype.ordered) if new else dtype
    if pd.api.types.is_bool_dtype(dtype):
        if not all(isinstance(value, bool) or type(value).__name__ == "bool_" for value in filled):
            return None
        return dtype if is_extension or len(filled) == n_rows else "boolean"
    if pd.api.types.is_integer_dtype(dtype):
        if not all(isinstance(value, int | float) or hasattr(value, "item") for value in filled):
            return None
        if not all(float(value).is_integer() for value in filled):
            return "Float64" if is_extension else "float64"
        return dtype if is_extension or len(filled) == n_rows else "Int64"
    return None if pd.api.types.is_object_dtype(dtype) else dtype


def _is_empty(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def edits_frame(cells: GridCells) -> pd.DataFrame:
    """List the edited cells, row by row: key, column, before (as in the table), after."""
    order = {name: place for place, name in enumerate(cells.columns)}
    edited = sorted(
        ((row_id, name) for name, values in cells.changed.items() for row_id in values if row_id not in cells.removed),
        key=lambda cell: (cell[0], order[cell[1]]),
    )
    originals = {name: cells.frame[name].astype(object).tolist() for name, values in cells.changed.items() if values}
    return pd.DataFrame(
        {
            "key": pd.Series([cells.keys[row_id] for row_id, _ in edited], dtype=object),
            "column": pd.Series([name for _, name in edited], dtype=DTYPES["text"]),
            "before": pd.Series([_or_na(originals[name][row_id]) for row_id, name in edited], dtype=object),
            "after": pd.Series([_or_na(cells.changed[name][row_id]) for row_id, name in edited], dtype=object),
        }
    )


def added_frame(cells: GridCells) -> pd.DataFrame:
    """List the added rows with their keys and all columns of the table."""
    index = pd.RangeIndex(len(cells.added))
    rows = [cells.added_values(row_id) for row_id in cells.added]
    frame = pd.DataFrame(
        {
            name: restore_dtype([row.get(name) for row in rows], cells.frame[name].dtype, index)
            for name in cells.frame.columns
        },
        index=index,
        columns=cells.frame.columns,
    )
    if "key" not in frame.columns:
        frame.insert(0, "key", pd.Series([cells.key_of(row_id) for row_id in cells.added], dtype=object, index=index))
    return frame


def edited_frame(cells: GridCells) -> pd.DataFrame:
    """Make the table with all edits; added rows stand at the end."""
    frame = cells.frame.copy()
    for name, values in cells.changed.items():
        if values:
            column = frame[name].astype(object).tolist()
            for row_id, value in values.items():
                column[row_id] = value
            frame[name] = restore_dtype(column, frame[name].dtype, frame.index)
    if cells.removed:
        kept = pd.Series(True, index=range(len(frame)))
        kept.loc[list(cells.removed)] = False
        frame = frame[kept.to_numpy()]
    return _with_added(frame, cells) if cells.added else frame


def _with_added(frame: pd.DataFrame, cells: GridCells) -> pd.DataFrame:
    rows = [cells.added_values(row_id) for row_id in cells.added]
    if pd.api.types.is_integer_dtype(frame.index.dtype):
        start = max(cells.frame.index.tolist(), default=-1) + 1
        labels: list[Any] = list(range(start, start + len(rows)))
    else:
        labels = [cells.key_of(row_id) for row_id in cells.added]
    index = pd.Index([*frame.index.tolist(), *labels], name=frame.index.name, tupleize_cols=False)
    return pd.DataFrame(
        {
            name: restore_dtype(
                [*frame[name].astype(object).tolist(), *(row.get(name) for row in rows)], frame[name].dtype, index
            )
            for name in frame.columns
        },
        index=index,
        columns=frame.columns,
    )


def _or_na(value: Any) -> Any:
    return pd.NA if _is_empty(value) else value
