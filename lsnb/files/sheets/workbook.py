"""Excel files: the cells of a sheet as the text that is seen in them, and a workbook that helps to fill it in."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from lsnb.errors import MissingExtraError, TableError
from lsnb.files.sheets.limits import LONGEST_CELL, MOST_COLUMNS, Room, check_cell, check_workbook, guarded
from lsnb.files.sheets.markup import list_parts
from lsnb.files.xlsx import MAX_CELL, MAX_ROWS, XlsxWriter
from lsnb.sheets.text_normalize import to_text

if TYPE_CHECKING:
    import pandas as pd

PREFERRED_SHEET = "Access"

# Excel writes letters that XML cannot hold as _x0007_, and a text that looks like that as _x005F_x0007_.
_ESCAPED = re.compile(r"_x005F(_x[0-9A-Fa-f]{4}_)|_x([0-9A-Fa-f]{4})_")

LISTS = "Lists"
ABOUT = "About the columns"
# Enough to find the header below a title, of another sheet that may have been meant.
_PEEK_ROWS, _PEEK_COLUMNS = 20, 100
_BLANK: list[str] = []
# In a number format: a colour or a condition, a blank as wide as a letter, filling.
_ESCAPES = re.compile(r"\[[^\]]*\]|_.|\*.")


def tab_titles(content: bytes, source: str) -> list[str]:
    """List the titles of a workbook's sheets that can be seen.

    Raises:
        MissingExtraError: openpyxl is not installed.
        TableError: the workbook is damaged.
    """
    check_workbook(content, source)
    with guarded(source), ZipFile(io.BytesIO(content)) as archive:
        return [part.title for part in list_parts(archive) if not part.is_hidden]


@dataclass(frozen=True, slots=True)
class Content:
    """What a sheet of a workbook holds.

    Args:
        title: what the sheet is called.
        rows: its rows as text, blank ones too.
        failed: the places of cells whose formula failed, as (row, column), counted from 1.
        others: the other sheets, as (title, whether it is hidden, the rows at its start).
        struck: the places of cells with text that is crossed out.
        veiled: the places of cells whose number format shows nothing, or something else than their text.
    """

    title: str
    rows: list[list[str]]
    failed: list[tuple[int, int]]
    others: list[tuple[str, bool, list[list[str]]]]
    struck: list[tuple[int, int]]
    veiled: list[tuple[int, int]]


def read_content(content: bytes, source: str, *, title: str | None = None) -> Content:
    """Read a workbook's sheet as text, and the first rows of the others.

    Without a title the sheet named Access is read where there is one, else the first that is not hidden. A cell with a
    formula counts as what it shows.

    Raises:
        MissingExtraError: openpyxl is not installed.
        TableError: the workbook is damaged or has no sheet, or formulas in it have never been worked out.
    """
    with guarded(source):
        return _read_content(content, source, title)


def _read_content(content: bytes, source: str, title: str | None) -> Content:
    book = _open(content, source, values=False)
    formulas: set[str] = set()
    rows: list[list[str]] = []
    failed: list[tuple[int, int]] = []
    sheet = _sheet(book, source, title)
    room = Room(source)
    looks = _Looks(book)
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = room.filled(row, number)
        if not cells:
            rows.append(_BLANK)
            continue
        formulas.update(cell.coordinate for cell in cells if cell.data_type == "f")
        failed += [(number, place) for place, cell in enumerate(cells, start=1) if cell.data_type == "e"]
        looks.add(number, cells)
        rows.append([_value(cell) for cell in cells])
    others = [(str(other.title), other.sheet_state != "visible", _first_rows(other)) for other in _others(book, sheet)]
    book.close()
    if formulas:
        rows, failed = _read_results(content, source, formulas, title)
    return Content(str(sheet.title), rows, failed, others, looks.struck, looks.veiled)


class _Looks:
    """Finds cells that look otherwise than they read: crossed out, or under a number format that shows something else.

    Args:
        book: the workbook, opened by openpyxl for reading only.
    """

    def __init__(self, book: Any) -> None:
        from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

        self.struck: list[tuple[int, int]] = []
        self.veiled: list[tuple[int, int]] = []
        self._struck: set[int] = set()
        self._veiled: set[int] = set()
        for index, style in enumerate(book._cell_styles):
            if style.fontId < len(book._fonts) and book._fonts[style.fontId].strike:
                self._struck.add(index)
            own = style.numFmtId - BUILTIN_FORMATS_MAX_SIZE
            code = book._number_formats[own] if 0 <= own < len(book._number_formats) else ""
            if _hides_text(code or BUILTIN_FORMATS.get(style.numFmtId, "")):
                self._veiled.add(index)

    def add(self, number: int, cells: Sequence[Any]) -> None:
        """Look at the cells of a row."""
        if not self._struck and not self._veiled:
            return
        for place, cell in enumerate(cells, start=1):
            style = getattr(cell, "_style_id", 0)
            if cell.value is None or not (style in self._struck or style in self._veiled):
                continue
            if style in self._struck:
                self.struck.append((number, place))
            if style in self._veiled and isinstance(cell.value, str):
                self.veiled.append((number, place))


def _hides_text(code: str) -> bool:
    """Tell whether a number format shows nothing of a text, or something else beside it.

    The fourth part of a format is about texts, or the last part with an @ in it; without one a text shows as it is.
    """
    parts = _ESCAPES.sub("", code).split(";")
    about = parts[3] if len(parts) >= 4 else next((part for part in reversed(parts) if "@" in part), "@")
    return about.strip() not in ("@", "General")


def _others(book: Any, sheet: Any) -> list[Any]:
    """List the sheets that somebody may have meant: not the read one, and not those that explain it."""
    return [
        other
        for other in book.worksheets
        if other is not sheet and other.title != ABOUT and not (other.title == LISTS and other.sheet_state != "visible")
    ]


def _first_rows(sheet: Any) -> list[list[str]]:
    """List the first rows of a sheet that are not blank, to tell what it is about."""
    sheet.reset_dimensions()
    rows = ([_value(cell) for cell in cells] for cells in sheet.iter_rows(max_row=_PEEK_ROWS, max_col=_PEEK_COLUMNS))
    return [row for row in rows if any(text.strip() for text in row)]


def _read_results(
    content: bytes, source: str, formulas: set[str], title: str | None
) -> tuple[list[list[str]], list[tuple[int, int]]]:
    """Read the rows with the stored results of their formulas, which needs a second reading."""
    book = _open(content, source, values=True)
    missing: list[str] = []
    rows: list[list[str]] = []
    failed: list[tuple[int, int]] = []
    room = Room(source)
    for number, row in enumerate(_sheet(book, source, title).iter_rows(), start=1):
        filled = room.filled(row, number)
        cells = row if len(row) < MOST_COLUMNS else filled  # a blank cell at the end may be a formula
        rows.append([_value(cell) for cell in cells])
        failed += [(number, place) for place, cell in enumerate(cells, start=1) if cell.data_type == "e"]
        # An empty text that was worked out is marked as text; without a result there is a number's blank.
        blank = (cell for cell in cells if cell.value is None and cell.data_type == "n" and hasattr(cell, "coordinate"))
        missing += [cell.coordinate for cell in blank if cell.coordinate in formulas]
    book.close()
    if missing:
        raise TableError(without_result(source, missing))
    return rows, failed


def without_result(source: str, cells: Sequence[str]) -> str:
    """Say which cells have a formula that has never been worked out."""
    more = f" and {len(cells) - 20:,} more" if len(cells) > 20 else ""
    return (
        f"{source} has formulas without a stored result, so what they show is not known: {', '.join(cells[:20])}{more}. "
        "Open the file in a spreadsheet and save it, or paste the cells as values."
    )


def _open(content: bytes, source: str, *, values: bool) -> Any:
    try:
        from openpyxl.reader.excel import ExcelReader
    except ImportError:
        raise MissingExtraError("openpyxl", "excel", "read Excel files") from None
    check_workbook(content, source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            reader = ExcelReader(io.BytesIO(content), read_only=True, data_only=values, keep_links=False)
            reader.read_chartsheet = lambda *_: None  # openpyxl stumbles over some, and nothing in them is read
            reader.read_strings = lambda: setattr(reader, "shared_strings", _shared_strings(reader))
            reader.read_worksheets = lambda: _add_sheets(reader)
            reader.read()
    except (BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError) as error:  # SyntaxError: broken XML
        raise TableError(
            f"{source} cannot be read as an Excel workbook ({type(error).__name__}). Open it in a spreadsheet and save it "
            "as .xlsx or CSV."
        ) from None
    return reader.wb


def _add_sheets(reader: Any) -> None:
    """Add the sheets without looking for their sizes, which reads all of a sheet that does not say its own."""
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    class Sheet(ReadOnlyWorksheet):  # type: ignore[misc]
        def _get_size(self) -> None:
            return

    for entry, relation in reader.parser.find_sheets():
        if relation.target in reader.valid_files and "chartsheet" not in relation.Type:
            sheet = Sheet(reader.wb, entry.name, relation.target, reader.shared_strings)
            sheet.sheet_state = entry.state
            reader.wb._sheets.append(sheet)


def _shared_strings(reader: Any) -> list[str]:
    """Read the workbook's table of texts as they stand; openpyxl's own way takes letters out of some."""
    from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    part = reader.package.find(SHARED_STRINGS)
    if part is None:
        return []
    item, text, run = (f"{{{SHEET_MAIN_NS}}}{tag}" for tag in ("si", "t", "r"))
    texts: list[str] = []
    with reader.archive.open(part.PartName[1:]) as file:
        for _, node in iterparse(file):
            if node.tag == item:
                # Parts of different format are put together; readings of Japanese text beside it are not text.
                parts = [child if child.tag == text else child.find(text) for child in node if child.tag in (text, run)]
                texts.append("".join(found.text or "" for found in parts if found is not None))
                node.clear()
    return texts


def _sheet(book: Any, source: str, title: str | None) -> Any:
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise TableError(f"{source} has no sheet that can be seen.")
    wanted = (title or PREFERRED_SHEET).strip().casefold()
    named = [sheet for sheet in visible if sheet.title.strip().casefold() == wanted]
    sheet = (named or visible)[0]
    # Some programs write a wrong size into the file, and cells outside of it would be lost.
    sheet.reset_dimensions()
    return sheet


def _value(cell: Any) -> str:
    """Write what is in a cell as text."""
    if isinstance(cell.value, str) and len(cell.value) > LONGEST_CELL:
        check_cell(cell.value, "The workbook", cell.coordinate)
    if cell.data_type == "s" and isinstance(cell.value, str):
        return _unescape(cell.value) if "_x" in cell.value else cell.value
    return to_text(cell.value)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: match[1] or chr(int(match[2], 16)), text)


@dataclass(frozen=True, slots=True)
class Tab:
    """A sheet of a workbook.

    Args:
        title: what it is called.
        frame: its text.
        dropdowns: the choices to offer, by column.
        explain: what each column is for.
    """

    title: str
    frame: pd.DataFrame
    dropdowns: Mapping[str, Sequence[str]]
    explain: Mapping[str, str]


def to_workbook(tabs: Sequence[Tab]) -> bytes:
    """Write frames of text as a workbook: headers in sight, filters, dropdowns, and a sheet about the columns.

    Raises:
        MissingExtraError: xlsxwriter is not installed.
        TableError: there are more rows, or longer texts, than Excel can hold.
    """
    for tab in tabs:
        _check_room(tab.frame)
    with XlsxWriter() as book:
        sheets = [
            book.add_table(
                tab.title, [(str(name), column.tolist()) for name, column in tab.frame.items()], to_fill_in=True
            )
            for tab in tabs
        ]
        if any(tab.explain for tab in tabs):
            _explain(book, tabs)
        if any(tab.dropdowns for tab in tabs):
            lists = book.add_hidden_sheet(LISTS)
            place = 0
            for sheet, tab in zip(sheets, tabs, strict=True):
                place = _add_dropdowns(lists, place, sheet, [str(name) for name in tab.frame.columns], tab.dropdowns)
    return book.content()


def _check_room(frame: pd.DataFrame) -> None:
    """Make sure that Excel can hold a sheet whole: nothing that is to be read back may be cut off."""
    if len(frame) >= MAX_ROWS:
        raise TableError(
            f"The sheet has {len(frame):,} rows, and Excel holds {MAX_ROWS - 1:,} below the header. Use .csv."
        )
    for name, column in frame.items():
        for row, value in enumerate(column.tolist(), start=2):
            if len(value) > MAX_CELL:
                raise TableError(
                    f"Row {row}, {name}: the text has {len(value):,} letters, and a cell in Excel holds {MAX_CELL:,}. "
                    "Use .csv."
                )


def _explain(book: XlsxWriter, tabs: Sequence[Tab]) -> None:
    rows = [(tab.title, name, meaning) for tab in tabs for name, meaning in tab.explain.items()]
    first = 0 if len(tabs) > 1 else 1  # of one tab it need not be said which
    header, widths = ("sheet", "column", "what it is for"), (20, 20, 100)
    book.add_notes(ABOUT, header[first:], widths[first:], [row[first:] for row in rows])


def _add_dropdowns(
    lists: Any, place: int, sheet: Any, names: Sequence[str], dropdowns: Mapping[str, Sequence[str]]
) -> int:
    """Offer choices from a hidden sheet: a list inside a rule may have 255 letters only; give the next free place."""
    from xlsxwriter.utility import xl_col_to_name

    for column, name in enumerate(names):
        choices = dropdowns.get(name)
        if not choices:
            continue
        for row, choice in enumerate(choices):
            lists.write_string(row, place, choice)
        letter = xl_col_to_name(place)
        place += 1
        sheet.data_validation(
            1,
            column,
            MAX_ROWS - 1,
            column,
            {
                "validate": "list",
                "source": f"={LISTS}!${letter}$1:${letter}${len(choices)}",
                # A warning, not a wall: ids and other names of a role are understood too.
                "error_type": "warning",
                "error_title": "Not in the list",
                "error_message": "This is not in the list. Other names and ids are checked when the sheet is read.",
            },
        )
    return place
