"""A sheet of any kind becomes a frame of text, with the rows numbered as people count them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from lsnb.edits.cells import restore
from lsnb.edits.columns import row_numbers
from lsnb.edits.problems import Misfit, Problems, problem_lines
from lsnb.edits.texts import text_column
from lsnb.errors import TableError
from lsnb.sheets import delimited, workbook
from lsnb.tables.spec import DTYPES

#: What a file begins with that is no sheet we read, and what to do about it.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls), or a workbook with a password", "Save it as .xlsx without one"),
    (b"%PDF", "a PDF", "Export the table as CSV or .xlsx"),
    (b"PAR1", "a Parquet file", "Read it with pandas and hand over the DataFrame"),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first"),
    (b"\x89PNG", "a picture", "Export the table as CSV or .xlsx"),
    (b"\xff\xd8\xff", "a picture", "Export the table as CSV or .xlsx"),
    (b"{\\rtf", "a rich text document", "Export the table as CSV or .xlsx"),
)
_ZIPPED = (
    (b"xl/workbook.bin", "a binary workbook (.xlsb)"),
    (b"opendocument.spreadsheet", "an OpenDocument sheet (.ods)"),
    (b"Index/Document.iwa", "a Numbers document"),
    (b"word/document.xml", "a Word document"),
)


def read_sheet(source: str | os.PathLike[str] | bytes | pd.DataFrame) -> pd.DataFrame:
    """Read a sheet as text, exactly as it stands: `007` stays `007`, `NA` stays `NA`, an empty cell is the empty text.

    CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252; Excel (.xlsx), of which the sheet named
    Access is read, or the first that is not hidden. What a file is shows in its content, not in its name. Apostrophes
    that keep a spreadsheet from running a cell of a CSV file are taken away again.

    Args:
        source: a path, the bytes of a file, or a frame.

    Returns:
        A new frame of text. Its index, named `row`, is the row's number in the sheet: the header is row 1, and blank
        rows are left out and counted.

    Raises:
        TableError: there is no such file, it is no sheet, it is empty, or rows have more cells than the header;
            `.problems` lists those rows.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    if isinstance(source, pd.DataFrame):
        return _read_frame(source)
    if isinstance(source, bytes):
        content, name = source, "The sheet"
    else:
        content, name = _read_bytes(Path(source)), repr(Path(source).name)
    if content.startswith(b"PK\x03\x04"):
        _refuse_foreign_zip(content, name)
        return _to_frame(workbook.read_rows(content, name), name, is_neutralised=False)
    for start, kind, remedy in _FOREIGN:
        if content.startswith(start):
            raise TableError(f"{name} is {kind}, not a sheet that can be read. {remedy}.")
    text = delimited.decode(content, name)
    if text.lstrip()[:9].lower().startswith(("<html", "<!doctype", "<table", "<?xml")):
        raise TableError(
            f"{name} is a web page, also where its name ends in .xls. Open it and save it as .xlsx or CSV."
        )
    return _to_frame(delimited.read_rows(text, name), name, is_neutralised=True)


def read_tab(path: Path, title: str) -> pd.DataFrame:
    """Read one sheet of a workbook, as `read_sheet` reads the first.

    Raises:
        TableError: the workbook cannot be read, or the sheet is empty.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    name = f"{title!r} in {path.name!r}"
    return _to_frame(workbook.read_rows(_read_bytes(path), name, title=title), name, is_neutralised=False)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TableError(f"There is no file {str(path)!r} in {str(Path.cwd())!r}.") from None
    except OSError as error:
        raise TableError(
            f"{str(path)!r} cannot be read: {error.strerror}. If it is open in a spreadsheet, close it there."
        ) from None


def _refuse_foreign_zip(content: bytes, name: str) -> None:
    """Tell other zipped documents by the names of their parts, which stand in the file as they are."""
    for mark, kind in _ZIPPED:
        if mark in content:
            raise TableError(f"{name} is {kind}, not a sheet that can be read. Save it as .xlsx or CSV.")
    if b"xl/workbook" not in content and b"[Content_Types].xml" not in content:
        raise TableError(f"{name} is a zip archive, not a sheet. Unpack it first.")


def _to_frame(rows: Iterable[list[str]], name: str, *, is_neutralised: bool) -> pd.DataFrame:
    """Put rows under the header, which is the first row that is not blank."""
    numbered = [(number, row) for number, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not numbered:
        raise TableError(f"{name} is empty. The first row must name the columns.")
    header = _without_blank_end(numbered[0][1])
    width = len(header)
    body = [(number, _without_blank_end(row) if len(row) > width else row) for number, row in numbered[1:]]
    _refuse_ragged([(number, row) for number, row in body if len(row) > width], width, name)
    filled = [row if len(row) == width else [*row, *[""] * (width - len(row))] for _, row in body]
    columns = list(zip(*filled, strict=True)) if filled else [()] * width
    index = pd.Index([number for number, _ in body], dtype="int64", name="row")
    frame = pd.DataFrame({i: pd.Series(column, dtype=DTYPES["text"], index=index) for i, column in enumerate(columns)})
    names = pd.Series(header, dtype=DTYPES["text"])
    if is_neutralised:
        names = restore(names)
        frame = frame.apply(restore) if len(frame) else frame
    frame.columns = pd.Index(names.tolist(), dtype=object)
    return frame


def _without_blank_end(row: list[str]) -> list[str]:
    """Leave out the blank cells at a row's end, which separators too many make."""
    end = len(row)
    while end and not row[end - 1].strip("\ufeff \t\u00a0"):
        end -= 1
    return row[:end]


def _refuse_ragged(rows: list[tuple[int, list[str]]], width: int, name: str) -> None:
    if not rows:
        return
    problems = Problems([])
    for number, row in rows:
        reason = f"The row has {len(row)} cells, and the header names {width} columns."
        hint = "Put quotation marks around a cell with a separator in it, or name the column."
        problems.add(number, row[width], Misfit(f"cell {width + 1}", reason, hint))
    frame = problems.to_frame()
    head = f"{name} has {len(rows):,} row{'s' if len(rows) > 1 else ''} with more cells than the header:"
    raise TableError("\n  ".join([head, *problem_lines(frame)]), problems=frame)


def _read_frame(source: pd.DataFrame) -> pd.DataFrame:
    """Read a frame as text; its row numbers stay, or are counted from 2."""
    columns = {i: text_column(source.iloc[:, i]) for i in range(source.shape[1])}
    frame = pd.DataFrame(columns, index=source.index)
    frame.index = pd.Index(row_numbers(source), dtype="int64", name="row")
    is_filled = pd.Series(False, index=frame.index)
    for i in columns:
        is_filled |= frame[i].str.strip() != ""
    frame.columns = pd.Index([str(name) for name in source.columns], dtype=object)
    return frame[is_filled.to_numpy(dtype=bool)]
