"""What a table is: its row, its columns, their types and units; and how records become one.

Every table has a `TableSpec`. The builder always returns exactly the columns of the spec, in its order and with its
dtypes, also for no rows; `docs/tables.md` is generated from the same specs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Kind = Literal["text", "flag", "count", "number", "time"]

# Explicit dtypes, because what pandas guesses differs between its versions.
DTYPES: dict[Kind, Any] = {
    "text": pd.StringDtype("pyarrow"),
    "flag": pd.BooleanDtype(),
    "count": pd.Int64Dtype(),
    "number": pd.Float64Dtype(),
    "time": pd.DatetimeTZDtype("ns", "UTC"),
}

_ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "flag": pa.bool_(),
    "count": pa.int64(),
    "number": pa.float64(),
    "time": pa.timestamp("ns", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Args:
        name: the column's name; ids end in `_id`, times in `_at`, flags start with `is_` or `has_`, counts with `n_`.
        kind: "text", "flag" (true, false or unknown), "count", "number" or "time" (UTC).
        meaning: one sentence.
        unit: the unit of a count or number, where it is not a plain count.
        required: whether every row has a value.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False

    @property
    def dtype(self) -> Any:
        """The pandas dtype of the column."""
        return DTYPES[self.kind]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """The contract of one table.

    Args:
        name: the table's name, as on `Snapshot`.
        row: what one row stands for.
        columns: the columns, in order.
        key: the columns that identify a row.
        sort: the columns that the rows are sorted by.
        endpoints: where the rows come from, as "METHOD path".
        note: what else a reader must know, in a sentence or two.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sort: tuple[str, ...]
    endpoints: tuple[str, ...]
    note: str = ""

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]


def text(name: str, meaning: str, *, required: bool = False) -> Column:
    """Describe a text column."""
    return Column(name, "text", meaning, required=required)


def flag(name: str, meaning: str, *, required: bool = False) -> Column:
    """Describe a column of true, false or unknown."""
    return Column(name, "flag", meaning, required=required)


def count(name: str, meaning: str, *, unit: str = "", required: bool = False) -> Column:
    """Describe a column of whole numbers."""
    return Column(name, "count", meaning, unit=unit, required=required)


def time(name: str, meaning: str, *, required: bool = False) -> Column:
    """Describe a column of times in UTC."""
    return Column(name, "time", meaning, required=required)


def build_frame(spec: TableSpec, values: Mapping[str, Any], *, presorted: bool = False) -> pd.DataFrame:
    """Build the table of a spec from whole columns.

    Args:
        spec: the table to build.
        values: one sequence or Arrow array per column of the spec; a missing column is all unknown.
        presorted: the rows are in the spec's order already.

    Returns:
        A new frame with exactly the columns, order and dtypes of the spec, sorted, with a fresh index.
    """
    n_rows = max((len(column) for column in values.values()), default=0)
    arrays = {}
    for column in spec.columns:
        mark = _COLUMN.set(column.name)
        found = values.get(column.name)
        arrays[column.name] = pa.nulls(n_rows, _ARROW[column.kind]) if found is None else _to_arrow(found, column.kind)
        _COLUMN.reset(mark)
    table = pa.table(arrays)
    if not presorted and n_rows > 1:
        order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in spec.sort])
        table = table.take(order)
    return frame_of(spec, table)


def frame_of(spec: TableSpec, table: pa.Table) -> pd.DataFrame:
    """Give an Arrow table the columns, order and dtypes of a spec, as a frame."""
    columns = {}
    for column in spec.columns:
        chunks = table.column(column.name).cast(_ARROW[column.kind])
        if column.kind == "time":
            columns[column.name] = pd.Series(chunks.to_pandas(), dtype=column.dtype)
        else:
            columns[column.name] = pd.Series(column.dtype.__from_arrow__(chunks))
    return pd.DataFrame(columns, columns=spec.column_names, copy=False)


def empty_frame(spec: TableSpec) -> pd.DataFrame:
    """Build the table of a spec with no rows."""
    return build_frame(spec, {})


def to_arrow_rows(records: Sequence[Mapping[str, Any]], fields: Mapping[str, pa.DataType]) -> pa.StructArray:
    """Turn records into one Arrow array of structures, without a Python loop over rows where the types fit.

    Fields that the service adds are left aside; fields that are missing are unknown. Where a value has another type
    than is promised (a number where text should be), the records are read leniently, value by value.
    """
    struct = pa.struct(list(fields.items()))
    try:
        return pa.array(records, type=struct)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError, ValueError):
        return pa.array([_lenient(record, fields) for record in records], type=struct)


def to_arrow_records(records: Sequence[Mapping[str, Any]], fields: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
    """Turn records into one Arrow array per field; see `to_arrow_rows`."""
    return split_rows(to_arrow_rows(records, fields))


def split_rows(rows: pa.StructArray) -> dict[str, pa.Array]:
    """Take an array of structures apart into one array per field."""
    return {rows.type.field(index).name: pc.struct_field(rows, [index]) for index in range(rows.type.num_fields)}


def text_array(column: pd.Series) -> pa.Array:
    """Give a text column of a frame as one Arrow array; what a frame holds may come in several pieces."""
    found = pa.array(column, type=pa.string(), from_pandas=True)
    whole = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    # The texts of pandas 2 come as large ones, whatever type is asked for.
    return whole if whole.type == pa.string() else whole.cast(pa.string())


def blank_to_null(column: pa.Array) -> pa.Array:
    """Read an empty text as unknown: the service sends `""` where it means nothing."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


#: Where cells are noted that hold nothing that is understood, as (column, what stood there); nowhere when None.
_UNREAD: ContextVar[list[tuple[str, str]] | None] = ContextVar("unread cells", default=None)
_COLUMN: ContextVar[str] = ContextVar("column", default="")


@contextmanager
def noting_unread() -> Iterator[list[tuple[str, str]]]:
    """Note the cells that hold nothing that is understood while tables are built, as (column, what stood there)."""
    noted: list[tuple[str, str]] = []
    mark = _UNREAD.set(noted)
    try:
        yield noted
    finally:
        _UNREAD.reset(mark)


def note_unread(column: str, value: object) -> None:
    """Note a cell that holds nothing that is understood, and so is unknown."""
    noted = _UNREAD.get()
    if noted is not None:
        noted.append((column, repr(value)[:80]))


T = TypeVar("T")


def only(kind: type[T], value: object, column: str) -> T:
    """Give a value of the promised kind as it is; what is of another kind is noted, and an empty one stands for it.

    Args:
        kind: what is promised, `list` or `dict`.
        value: what the service sent; None for nothing.
        column: where it belongs.
    """
    if isinstance(value, kind):
        return value
    if value is not None:
        note_unread(column, value)
    return kind()


#: The first and the last year that times can be in. Two of them are at most 292 years apart, which is what differences hold.
_FIRST, _LAST = "1970", "2261"
_LAST_TIME = "2261-12-31T23:59:59+00:00"
#: How servers write that there is no time: the zero of their language.
_NO_TIME = r"^000[01]-01-01([T ]00:00:00(\.0+)?(Z|[+-]\d\d:?\d\d)?)?$"


def to_time(column: pa.Array | Sequence[str | None]) -> pa.Array:
    """Read ISO 8601 texts as UTC times; what is no time is unknown, and so is the year 1, which stands for "never".

    Of times later than tables can hold, such as a key's end in the year 9999, the last that they can hold is given.
    """
    given = column if isinstance(column, pa.Array) else pa.array(column, pa.string())
    given = pc.if_else(pc.fill_null(pc.match_substring_regex(given, _NO_TIME), False), None, given)
    ends = pc.min_max(given).as_py()
    if not ((ends["min"] or _FIRST) >= _FIRST and (ends["max"] or "") <= _LAST_TIME + "~"):
        given = _within_reach(given)
    texts = pd.Series(given.to_pandas(), dtype=object)
    texts = texts.where(texts != "", None)
    parsed = pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce").astype(DTYPES["time"])
    for value in texts[parsed.isna() & texts.notna()]:
        note_unread(_COLUMN.get(), value)
    return pa.array(parsed, from_pandas=True)


def _within_reach(texts: pa.Array) -> pa.Array:
    """Write times that tables cannot hold as the last that they can hold, and leave out those before there were any."""
    years = pc.utf8_slice_codeunits(texts, 0, 4)
    is_time = pc.match_substring_regex(texts, r"^\d{4}-")
    is_late = pc.or_(pc.and_(is_time, pc.greater(years, _LAST)), pc.match_substring_regex(texts, r"^[+]?\d{5,}-"))
    is_early = pc.fill_null(pc.and_(is_time, pc.less(years, _FIRST)), False)
    for value in texts.filter(is_early).to_pylist():
        note_unread(_COLUMN.get(), value)
    texts = pc.if_else(pc.fill_null(is_late, False), _LAST_TIME, texts)
    return pc.if_else(is_early, None, texts)


def _to_arrow(values: Any, kind: Kind) -> pa.Array:
    """Bring a column of any origin to the Arrow type of its kind."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        if kind == "time" and pa.types.is_string(values.type):
            return to_time(values)
        return values if values.type == _ARROW[kind] else values.cast(_ARROW[kind])
    if kind == "time":
        values = list(values)
        if not any(isinstance(value, datetime) for value in values):
            return to_time([_coerce(value, pa.string(), _COLUMN.get()) for value in values])
    try:
        return pa.array(values, type=_ARROW[kind], from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError, ValueError):
        return pa.array([_coerce(value, _ARROW[kind], _COLUMN.get()) for value in values], type=_ARROW[kind])


def _lenient(record: Any, fields: Mapping[str, pa.DataType]) -> dict[str, Any]:
    if not isinstance(record, Mapping):
        note_unread("", record)
        return dict.fromkeys(fields)
    return {name: _coerce(record.get(name), kind, name) for name, kind in fields.items()}


def _coerce(value: Any, kind: pa.DataType, name: str = "") -> Any:
    """Make one value fit its Arrow type, or unknown where it cannot, which is noted."""
    found = _fit(value, kind, name)
    if found is None and value is not None and value is not pd.NA and value is not pd.NaT and value == value:
        note_unread(name, value)
    return found


def _fit(value: Any, kind: pa.DataType, name: str) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if pa.types.is_string(kind):
        text = value if isinstance(value, str) else None if isinstance(value, list | Mapping) else str(value)
        # Half a pair of surrogates is no text that can be written anywhere.
        return None if text is None else text.encode("utf-8", "replace").decode()
    if pa.types.is_boolean(kind):
        return bool(value) if isinstance(value, bool | np.bool_) else None
    if pa.types.is_integer(kind):
        is_whole = isinstance(value, int | float | np.integer) and not isinstance(value, bool)
        return int(value) if is_whole and abs(value) < 2**63 and value == int(value) else None
    if pa.types.is_floating(kind):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number and abs(value) < 1e300 else None
    if pa.types.is_list(kind):
        return [_coerce(item, kind.value_type, name) for item in value] if isinstance(value, list) else None
    if pa.types.is_struct(kind):
        inner = {kind.field(index).name: kind.field(index).type for index in range(kind.num_fields)}
        return _lenient(value, inner) if isinstance(value, Mapping) else None
    return None
