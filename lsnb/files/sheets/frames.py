"""Tables of other libraries, as pandas has them, and a sentence about what is no table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from lsnb.errors import TableError

_ACCEPTED = "Give the path of a .csv or .xlsx file, or a DataFrame (pandas, polars or Arrow)"


def as_frame(source: Any) -> pd.DataFrame | None:
    """Make a frame of a table of another library, such as polars or Arrow; None where it is none.

    Values stay what they are: a whole number beside a missing one does not become 1.0.

    Raises:
        TableError: its columns hold what pandas cannot hold.
    """
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, type) or not hasattr(source, "__arrow_c_stream__"):
        return None
    try:
        table = pa.table(source)
        columns = {i: pd.Series(table.column(i).to_pylist(), dtype=object) for i in range(table.num_columns)}
    except (pa.ArrowException, TypeError, ValueError):  # a column by itself, or types that Arrow cannot give
        return None
    frame = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))
    frame.columns = pd.Index(table.column_names, dtype=object)
    return frame


def is_column(source: Any) -> bool:
    """Tell whether something is a column of another library, which is not to be taken for several sheets."""
    return hasattr(source, "__arrow_c_stream__") and as_frame(source) is None


def refuse_no_sheet(source: Any) -> TableError:
    """Say of something that is no sheet what it is and what to bring in its place."""
    kind = f"{type(source).__module__}.{type(source).__qualname__}".removeprefix("builtins.")
    hint = ""
    if hasattr(source, "collect") and not isinstance(source, pd.DataFrame):
        hint = " Call .collect() first."
    elif isinstance(source, list | tuple | dict) or type(source).__module__.startswith("numpy"):
        hint = " Make one with pandas.DataFrame(...), with names for the columns."
    elif isinstance(source, pd.Series):
        hint = " Call .to_frame() first, or .to_frame().T for one row."
    return TableError(f"What was given is of the type {kind}, which is no sheet. {_ACCEPTED}.{hint}")
