"""A sheet of any kind becomes a frame of text, with the rows numbered as people count them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lsnb.errors import TableError
from lsnb.files import FileTroubleError, read_bounded
from lsnb.files.sheets import delimited, workbook
from lsnb.files.sheets.frames import as_frame, refuse_no_sheet
from lsnb.files.sheets.limits import guarded
from lsnb.files.sheets.markup import Markup, is_strict, places, read_markup
from lsnb.sheets.cells import restore
from lsnb.sheets.columns import row_numbers
from lsnb.sheets.header import columns_in, header_below
from lsnb.sheets.origin import Merge, Origin, OtherSheet, origin_of, set_origin
from lsnb.sheets.problems import CellProblem, Problems, problem_lines
from lsnb.sheets.text_normalize import quoted, text_column
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
    (b"\x09\x08\x10\x00", "a very old Excel file (.xls)", "Save it as .xlsx"),
    (b"ARROW1", "an Arrow file", "Read it with pandas and hand over the DataFrame"),
    (b"SQLite format 3", "a database", "Export the table as CSV or .xlsx"),
    (b"Rar!", "a RAR archive", "Unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it first"),
)
_ZIPPED = (
    (b"xl/workbook.bin", "a binary workbook (.xlsb)"),
    (b"opendocument.spreadsheet", "an OpenDocument sheet (.ods)"),
    (b"opendocument", "an OpenDocument file"),
    (b"Index/Document.iwa", "a Numbers document"),
    (b"Index.zip", "a Numbers document"),
    (b"word/document.xml", "a Word document"),
)


#: The mark of UTF-8 where the file was taken for Windows-1252.
_MOJIBAKE = "\u00ef\u00bb\u00bf"
#: So far down a header is looked for below a title.
_TITLE_ROWS = 12


def read_sheet(source: str | os.PathLike[str] | bytes | pd.DataFrame) -> pd.DataFrame:
    """Read a sheet as text, exactly as it stands: `007` stays `007`, `NA` stays `NA`, an empty cell is the empty text.

    CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252; Excel (.xlsx), of which the sheet named
    Access is read, or the first that is not hidden. What a file is shows in its content, not in its name. Apostrophes
    that keep a spreadsheet from running a cell of a CSV file are taken away again.

    Args:
        source: a path, the bytes of a file, or a frame, also of polars or Arrow. What stands in the index of a frame
            under a name counts as a column.

    Returns:
        A new frame of text. Its index, named `row`, is the row's number in the sheet: the header is row 1, and blank
        rows are left out and counted.

    Raises:
        TableError: there is no such file, it is no sheet, it is empty, or rows have more cells than the header;
            `.problems` lists those rows.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    frame = as_frame(source)
    if frame is not None:
        return _read_frame(frame)
    if not isinstance(source, bytes | str | os.PathLike):
        raise refuse_no_sheet(source)
    if isinstance(source, bytes):
        content, name = source, "The sheet"
    else:
        content, name = _read_bytes(Path(source)), repr(Path(source).name)
    if content.startswith(b"PK\x03\x04"):
        _refuse_foreign_zip(content, name)
        return _read_workbook(content, name)
    text, encoding = read_text(content, name)
    _refuse_foreign_text(text, name)
    frame = _to_frame(delimited.read_rows(text, name), name, is_neutralised=True)
    if encoding:
        set_origin(frame, Origin(remarks=(("encoding", _encoding_words(frame, encoding)),)))
    return frame


def read_text(content: bytes, name: str) -> tuple[str, str]:
    """Read a file's bytes as text, and give the encoding where it was guessed.

    Raises:
        TableError: it is no text.
    """
    for start, kind, remedy in _FOREIGN:
        if content.startswith(start):
            raise TableError(f"{name} is {kind}, not a sheet that can be read. {remedy}.")
    return delimited.decode_as_found(content, name)


def read_tab(path: Path, title: str, *, beside: Collection[str] = ()) -> pd.DataFrame:
    """Read one sheet of a workbook, as `read_sheet` reads the first.

    Args:
        path: the workbook.
        title: the sheet's title.
        beside: the titles of sheets that are read too, or of which is said elsewhere that they are not.

    Raises:
        TableError: the workbook cannot be read, or the sheet is empty.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    return _read_workbook(_read_bytes(path), f"{title!r} in {path.name!r}", title=title, beside=beside)


def _read_workbook(
    content: bytes, name: str, *, title: str | None = None, beside: Collection[str] = ()
) -> pd.DataFrame:
    """Read a sheet of a workbook, with what the workbook shows of it otherwise than it is read."""
    with guarded(name):
        is_foreign = is_strict(content)
    if is_foreign:
        raise TableError(
            f"{name} is a Strict Open XML workbook, which is not read. Save it as an ordinary Excel workbook (.xlsx) or CSV."
        )
    found = workbook.read_content(content, name, title=title)
    others = [
        OtherSheet(other, tuple(columns_in(rows)), is_hidden)
        for other, is_hidden, rows in found.others
        if rows and other not in beside
    ]
    try:
        frame = _to_frame(found.rows, name, is_neutralised=False)
    except TableError as error:
        likely = [other.title for other in others if other.columns]
        if found.rows or not likely:
            raise
        raise TableError(f"{error} The sheet {quoted(likely, last='and')} of the workbook has columns.") from None
    with guarded(name):
        markup = read_markup(content, found.title)
    _refuse_disorder(markup, name)
    return set_origin(frame, _origin(frame, found, markup, others))


def _refuse_disorder(markup: Markup, name: str) -> None:
    """Refuse a sheet of which reading it loses something in silence."""
    if markup.twice:
        raise TableError(
            f"{name} has {markup.twice} twice, or after one that comes later, so that something in it would be lost. Open "
            "it in a spreadsheet and save it as .xlsx or CSV."
        )
    if markup.unworked:
        raise TableError(workbook.without_result(name, markup.unworked))


def _origin(frame: pd.DataFrame, found: workbook.Content, markup: Markup, others: Sequence[OtherSheet]) -> Origin:
    """Say in rows and names of columns what stands around the cells."""
    header = next(number for number, row in enumerate(found.rows, start=1) if any(cell.strip() for cell in row))
    names = [str(name) for name in frame.columns]
    rows, last = set(frame.index), len(names)
    hidden = {place for low, high in markup.hidden_columns for place in range(low, min(high, last) + 1)}
    merges = [
        Merge(
            ref,
            top,
            bottom,
            tuple(names[left - 1 : right]),
            top <= header <= bottom and left != right,
            _covered(found.rows, names, top, left, bottom, min(right, last)) if top > header else (),
        )
        for ref, top, left, bottom, right in markup.merges
        if bottom >= header and left <= last
    ]
    remarks = []
    comments = [ref for ref in markup.comments if _row_of(ref) in rows]
    if comments:
        what = ", ".join(comments[:12]) + (f" and {len(comments) - 12:,} more" if len(comments) > 12 else "")
        remarks.append(("comments", f"comments on cells are not read: {what}."))
    return Origin(
        title=found.title,
        hidden_rows=tuple(row for row in markup.hidden_rows if row in rows),
        hidden_columns=tuple(names[place - 1] for place in sorted(hidden)),
        merges=tuple(merges),
        failed=tuple(
            (row, names[place - 1], found.rows[row - 1][place - 1])
            for row, place in found.failed
            if row in rows and place <= last
        ),
        others=tuple(others),
        struck=tuple((row, names[place - 1]) for row, place in found.struck if row in rows and place <= last),
        veiled=tuple((row, names[place - 1]) for row, place in found.veiled if row in rows and place <= last),
        remarks=tuple(remarks),
    )


def _covered(
    rows: Sequence[Sequence[str]], names: Sequence[str], top: int, left: int, bottom: int, right: int
) -> tuple[tuple[int, str, str], ...]:
    """List the cells of a merge that hold a text which the merge covers, and which is another one than it shows."""

    def text(row: int, place: int) -> str:
        cells = rows[row - 1] if row <= len(rows) else ()
        return cells[place - 1] if place <= len(cells) else ""

    shown = text(top, left).strip()
    return tuple(
        (row, names[place - 1], text(row, place))
        for row in range(top, min(bottom, len(rows)) + 1)
        for place in range(left, right + 1)
        if (row, place) != (top, left) and text(row, place).strip() not in ("", shown)
    )


def _row_of(ref: str) -> int:
    place = places(ref)
    return place[0] if place else 0


def _encoding_words(frame: pd.DataFrame, encoding: str) -> str:
    """Say as what letters were read that may have been others, and where they stand."""
    odd = pd.Series(False, index=frame.index)
    for place in range(frame.shape[1]):
        odd |= frame.iloc[:, place].str.contains(r"[^\x00-\x7F]", regex=True).to_numpy(dtype=bool)
    rows = frame.index[odd.to_numpy(dtype=bool)].tolist()
    where = f" Look at the letters in row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:8]))}" if rows else ""
    more = f" and {len(rows) - 8:,} more" if len(rows) > 8 else ""
    return (
        f"the file does not say which letters it is written in, and was read as {encoding}."
        + (f"{where}{more}." if where else "")
        + " Save it as CSV UTF-8, or as .xlsx, if they are not what was meant."
    )


def _read_bytes(path: Path) -> bytes:
    try:
        return read_bounded(path)
    except FileNotFoundError:
        raise TableError(f"There is no file {str(path)!r} in {str(Path.cwd())!r}.") from None
    except FileTroubleError as error:
        raise TableError(
            f"{str(path)!r} cannot be read: {error}. If it is open in a spreadsheet, close it there."
        ) from None


def _refuse_foreign_zip(content: bytes, name: str) -> None:
    """Tell other zipped documents by the names of their parts, which stand in the file as they are."""
    for mark, kind in _ZIPPED:
        if mark in content:
            raise TableError(f"{name} is {kind}, not a sheet that can be read. Save it as .xlsx or CSV.")
    if b"xl/workbook" not in content and b"[Content_Types].xml" not in content:
        raise TableError(f"{name} is a zip archive, not a sheet. Unpack it first.")


def _refuse_foreign_text(text: str, name: str) -> None:
    """Tell other documents that are text by how they begin."""
    start = text.lstrip()[:2_000].lower()
    if start.startswith("<?xml") and "excel.sheet" in start:
        raise TableError(f"{name} is an Excel 2003 XML sheet, which is not read. Save it as .xlsx or CSV.")
    if start.startswith("<?xml") and "opendocument" in start:
        raise TableError(f"{name} is a flat OpenDocument sheet (.fods), which is not read. Save it as .xlsx or CSV.")
    if start.startswith(("<html", "<!doctype", "<table", "<?xml", "<!--", "<head", "<meta", "<style")):
        raise TableError(
            f"{name} is a web page, also where its name ends in .xls. Open it and save it as .xlsx or CSV."
        )
    if start.startswith("mime-version:"):
        raise TableError(f"{name} is a web archive, also where its name ends in .xls. Save it as .xlsx or CSV.")
    if start.startswith(("{", "[{", "[[", "[\n")):
        raise TableError(f"{name} is JSON, not a sheet. Read it with pandas and hand over the DataFrame.")


def _to_frame(rows: Iterable[list[str]], name: str, *, is_neutralised: bool) -> pd.DataFrame:
    """Put rows under the header, which is the first row that is not blank."""
    numbered = [(number, row) for number, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not numbered:
        raise TableError(f"{name} is empty. The first row must name the columns.")
    _refuse_title(numbered, name)
    header = _without_blank_end(numbered[0][1])
    if header[0].startswith(_MOJIBAKE):
        raise TableError(
            f"{name} was made of a CSV file in UTF-8 that was opened as Western European, so that letters in it are wrong. "
            "Open the CSV file as UTF-8 and save it again, or bring it as it is."
        )
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


def _refuse_title(numbered: Sequence[tuple[int, list[str]]], name: str) -> None:
    """Refuse a sheet whose first line is a title, with the row that looks like the header."""
    place = header_below([row for _, row in numbered[:_TITLE_ROWS]])
    if place is None:
        return
    number, row = numbered[place]
    reason = f"Row {number} looks like the header ({quoted(filter(None, map(str.strip, row)), limit=4, last='and')}), and something stands above it."
    problems = Problems([])
    shown = next(cell for cell in numbered[0][1] if cell.strip())
    problems.add(numbered[0][0], shown, CellProblem("header", reason, "Take the rows above the header away."))
    frame = problems.to_frame()
    raise TableError("\n  ".join([f"{name} has a problem:", *problem_lines(frame)]), problems=frame)


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
        problems.add(number, row[width], CellProblem(f"cell {width + 1}", reason, hint))
    frame = problems.to_frame()
    head = f"{name} has {len(rows):,} row{'s' if len(rows) > 1 else ''} with more cells than the header:"
    raise TableError("\n  ".join([head, *problem_lines(frame)]), problems=frame)


def _read_frame(source: pd.DataFrame) -> pd.DataFrame:
    """Read a frame as text; its row numbers stay, or are counted from 2."""
    _refuse_frame_title(source)
    known = origin_of(source)
    is_read = source.index.name == "row"  # as `read_sheet` gives it, whose texts are restored already
    source = _with_index(source)
    columns = {i: text_column(source.iloc[:, i]) for i in range(source.shape[1])}
    if not is_read and len(source):  # pandas hands on the apostrophes of a CSV file
        columns = {i: restore(column) for i, column in columns.items()}
    frame = pd.DataFrame(columns, index=source.index)
    frame.index = pd.Index(row_numbers(source), dtype="int64", name="row")
    is_filled = pd.Series(False, index=frame.index)
    for i in columns:
        is_filled |= frame[i].str.strip() != ""
    # Pandas calls a column without a name after its place.
    names = [re.sub(r"^Unnamed: [0-9]+$", "", str(name)) for name in source.columns]
    frame.columns = pd.Index(names, dtype=object)
    missing = [str(name) for i, name in enumerate(source.columns) if source.iloc[:, i].isna().any()]
    frame = frame[is_filled.to_numpy(dtype=bool)]
    return set_origin(frame, replace(known, missing=tuple(dict.fromkeys([*known.missing, *missing]))))


def _with_index(source: pd.DataFrame) -> pd.DataFrame:
    """Put what stands in a frame's index among its columns, where it says more than a row's number."""
    index = source.index
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    telling = []
    for level, values in enumerate(levels):
        name = index.names[level]
        is_counted = pd.api.types.is_integer_dtype(values.dtype) and (name in (None, "row") or values.is_unique)
        if not is_counted and str(name) not in map(str, source.columns):
            telling.append(("index" if name is None else name, pd.Series(values, index=index)))
    if not telling:
        return source if index.nlevels == 1 else source.reset_index(drop=True)
    names = [name for name, _ in telling]
    parts = [values.reset_index(drop=True) for _, values in telling]
    found = pd.concat([*parts, source.reset_index(drop=True)], axis=1)
    found.columns = pd.Index([*names, *source.columns], dtype=object)
    return found


def _refuse_frame_title(source: pd.DataFrame) -> None:
    """Refuse a frame whose columns are called after a title, and whose first row names them."""
    names = [re.sub(r"^(Unnamed: )?[0-9]+$", "", str(name)) for name in source.columns]
    first = [[str(value) for value in row] for row in source.iloc[:_TITLE_ROWS].astype(object).to_numpy().tolist()]
    _refuse_title([(number, row) for number, row in enumerate([names or [""], *first], start=1)], "the table")
