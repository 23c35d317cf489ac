"""The one writer of Excel files: text stays text, headers stay in sight, columns are as wide as what is in them."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from wcwidth import wcswidth

from lsnb.errors import MissingExtraError

#: The most letters that a cell holds, and the most rows that a sheet has.
MAX_CELL = 32_767
MAX_ROWS = 1_048_576

_WIDEST = 60
# No text becomes a formula, a link or a number, whatever it looks like.
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

Columns = Sequence[tuple[str, Sequence[object]]]


class XlsxWriter:
    """An Excel file that is being made, in memory.

    Raises:
        MissingExtraError: xlsxwriter is not installed.
    """

    def __init__(self) -> None:
        try:
            import xlsxwriter
        except ImportError:
            raise MissingExtraError("xlsxwriter", "excel", "write Excel files") from None
        self._buffer = io.BytesIO()
        self._book: Any = xlsxwriter.Workbook(self._buffer, _OPTIONS)
        self._head = self._book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
        # What is typed into a cell of this form stays as it was typed: 007, not 7.
        self._text = self._book.add_format({"num_format": "@"})
        self._wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._book.close()

    def content(self) -> bytes:
        """Give the file's bytes; complete after the `with` block."""
        return self._buffer.getvalue()

    def add_table(self, title: str, columns: Columns, *, to_fill_in: bool = False) -> Any:
        """Add a sheet with a table: a bold header that stays in sight, filters, and fitting widths.

        Args:
            title: what the sheet is called; made to fit Excel's rules.
            columns: the name and the values of each column; None is an empty cell.
            to_fill_in: whether people write into it: all its cells are text then.
        """
        sheet = self._book.add_worksheet(sheet_title(title))
        form = self._text if to_fill_in else None
        n_rows = max((len(values) for _, values in columns), default=0)
        for place, (name, values) in enumerate(columns):
            longest = max((_width(str(value)) for value in values if value is not None), default=0)
            width = max(longest, _width(name), 8 if to_fill_in else 0) + 2
            sheet.set_column(place, place, min(width, _WIDEST), form)
            sheet.write_string(0, place, name, self._head)
            for row, value in enumerate(values, start=1):
                _write(sheet, row, place, value, form)
        sheet.freeze_panes(1, 0)
        if columns:
            sheet.autofilter(0, 0, max(n_rows, 1), len(columns) - 1)
        return sheet

    def add_notes(
        self, title: str, header: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]
    ) -> None:
        """Add a sheet to read: long texts run over several lines in columns of these widths."""
        sheet = self._book.add_worksheet(sheet_title(title))
        for place, (name, width) in enumerate(zip(header, widths, strict=True)):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, name, self._head)
        for row, cells in enumerate(rows, start=1):
            for place, text in enumerate(cells):
                sheet.write_string(row, place, text, self._wrapped)
        sheet.freeze_panes(1, 0)

    def add_hidden_sheet(self, title: str) -> Any:
        """Add a sheet that nobody sees, such as one of choices."""
        sheet = self._book.add_worksheet(title)
        sheet.hide()
        return sheet


def sheet_title(title: str) -> str:
    """Fit a title to Excel's rules: at most 31 characters, without some marks."""
    return "".join("_" if mark in "[]:*?/\\" else mark for mark in title)[:31] or "table"


def _write(sheet: Any, row: int, place: int, value: object, form: Any) -> None:
    """Write a cell as what it is; a text that is too long for Excel ends with a mark."""
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value, form)
    elif isinstance(value, int | float) and math.isfinite(value):
        sheet.write_number(row, place, value, form)
    else:
        text = str(value)
        sheet.write_string(row, place, text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…", form)


def _width(text: str) -> int:
    return len(text) if text.isascii() else max(wcswidth(text), len(text))
