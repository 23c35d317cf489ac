"""Tables as files for people and other programs: CSV, Excel, Parquet, JSON.

Text that a spreadsheet would run as a formula is neutralised in CSV, and stays text in Excel.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lsnb.errors import ConfigError
from lsnb.files import write_atomically
from lsnb.files.xlsx import XlsxWriter

FORMATS = (".csv", ".xlsx", ".parquet", ".json")


def export_table(frame: pd.DataFrame, path: str | os.PathLike[str], *, title: str = "table") -> Path:
    """Write one table to a file; the ending of the name decides the format.

    Times are ISO 8601 in UTC; what is unknown is an empty cell, and null in JSON.

    Args:
        frame: the table.
        path: the file, ending in .csv, .xlsx, .parquet or .json.
        title: the name of the sheet in Excel.

    Returns:
        The path.

    Raises:
        ConfigError: another ending, or the file cannot be written.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    return export_tables({title: frame}, path)


def export_tables(frames: Mapping[str, pd.DataFrame], path: str | os.PathLike[str]) -> Path:
    """Write several tables to one Excel or JSON file, or one table to a file of any format.

    Raises:
        ConfigError: the format holds one table only, the ending is unknown, or the file cannot be written.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        raise ConfigError(f"{target.name!r} ends in {ending!r}. Name a file that ends in {', '.join(FORMATS)}.")
    if len(frames) != 1 and ending in (".csv", ".parquet"):
        raise ConfigError(f"A {ending} file holds one table, and these are {len(frames)}. Use .xlsx or .json.")
    title, frame = next(iter(frames.items()))
    if ending == ".csv":
        content = to_csv(frame)
    elif ending == ".parquet":
        content = _to_parquet(frame)
    elif ending == ".json":
        data = {name: to_records(table) for name, table in frames.items()}
        content = json.dumps(data[title] if len(data) == 1 else data, indent=1, ensure_ascii=False).encode()
    else:
        content = _to_excel(frames)
    write_atomically(target, content, ConfigError)
    return target


def to_csv(frame: pd.DataFrame) -> bytes:
    """Write a table as CSV, UTF-8 with the mark that Excel needs to see that it is."""
    from lsnb.sheets.cells import neutralise

    texts = _with_texts(frame)
    for name in texts.columns:
        if pd.api.types.is_string_dtype(texts[name].dtype):
            texts[name] = neutralise(texts[name])
    return b"\xef\xbb\xbf" + texts.to_csv(index=False, lineterminator="\r\n").encode()


def to_records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Turn a table into plain data for JSON: text, numbers, true, false and None."""
    texts = _with_texts(frame).astype(object)
    texts = texts.where(texts.notna(), None)
    return [dict(zip(map(str, texts.columns), row, strict=True)) for row in texts.itertuples(index=False, name=None)]


def _with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Write times as ISO 8601 text, and categories as their text."""
    texts = frame.copy()
    for name in texts.columns:
        column = texts[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            shown = column.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
            texts[name] = shown.astype(pd.StringDtype("pyarrow"))
        elif isinstance(column.dtype, pd.CategoricalDtype):
            texts[name] = column.astype(pd.StringDtype("pyarrow"))
    return texts


def _to_parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def _to_excel(frames: Mapping[str, pd.DataFrame]) -> bytes:
    with XlsxWriter() as book:
        for title, frame in frames.items():
            book.add_table(title, _columns(_with_texts(frame)))
    return book.content()


def _columns(frame: pd.DataFrame) -> list[tuple[str, list[object]]]:
    places = (frame.iloc[:, place] for place in range(frame.shape[1]))
    return [(str(column.name), column.astype(object).where(column.notna(), None).tolist()) for column in places]
