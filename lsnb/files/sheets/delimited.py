"""CSV and its kin: which bytes mean which letters, what stands between the cells, and the rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence

from lsnb.errors import TableError

#: What may stand between cells; the first wins where two occur equally often.
SEPARATORS = (",", ";", "\t", "|")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_QUOTE, _TWO_QUOTES = '"', '""'
_TO_QUOTE = re.compile(r'[,;\t|"\r\n]')
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?\r?\n', re.IGNORECASE)

# A note may be long. What is longer than this is a quotation mark that was never closed.
_LONGEST_CELL = 1_000_000


def decode(content: bytes, source: str) -> str:
    """Read bytes as text: by the mark at their start, else as UTF-8 or UTF-16, else as Windows-1252.

    Raises:
        TableError: none of these fits.
    """
    return decode_as_found(content, source)[0]


def decode_as_found(content: bytes, source: str) -> tuple[str, str]:
    """Read bytes as `decode` does, and give the encoding where it was guessed; nothing where it is certain.

    Raises:
        TableError: no encoding fits.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decode_as(content, encoding, source), ""
    # The header is in plain letters, of which every second byte is zero in UTF-16.
    even, odd = content[0:16:2], content[1:16:2]
    if len(content) > 3 and not any(odd) and all(even):
        return _decode_as(content, "utf-16-le", source), "UTF-16 (little-endian)"
    if len(content) > 3 and not any(even) and all(odd):
        return _decode_as(content, "utf-16-be", source), "UTF-16 (big-endian)"
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        return _decode_as(content, "cp1252", source), "Windows-1252 (Western European)"


def read_rows(text: str, source: str) -> list[list[str]]:
    """List the rows of CSV text, blank ones too, so that they can be counted as in a spreadsheet.

    Raises:
        TableError: a quotation mark is never closed, or text follows one that is.
    """
    said = _SEPARATOR_LINE.match(text)
    if said:
        text = text[said.end() :]
    separator = said[1] if said else find_separator(text)
    limit = csv.field_size_limit(_LONGEST_CELL)
    # `strict`, since without it an open quotation mark swallows the rest of the sheet and nobody is told.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(reader)
    except csv.Error as error:
        raise TableError(
            f"{source} cannot be read in row {len(rows) + 1} (up to line {reader.line_num} of the file): {error}. A quotation "
            'mark was opened and not closed, or one inside a cell is not doubled: write "" for it.'
        ) from None
    finally:
        csv.field_size_limit(limit)
    return rows


def find_separator(text: str) -> str:
    """Tell what stands between the cells, from the first line that is not blank and outside quotation marks."""
    start = text.lstrip("\r\n \ufeff")
    header = re.split(r"[\r\n]", _QUOTED.sub("", start[:100_000]), maxsplit=1)[0]
    return max(SEPARATORS, key=header.count)


def to_text(rows: Sequence[Sequence[str]], separator: str) -> str:
    """Write rows as CSV text with the line ends that spreadsheets write.

    A cell with any of the separators in it is quoted, not only with the one that is used: what the separator is has to
    be seen from the file.
    """
    lines = [
        separator.join([f'"{cell.replace(_QUOTE, _TWO_QUOTES)}"' if _TO_QUOTE.search(cell) else cell for cell in row])
        for row in rows
    ]
    # A row of one empty cell would be a blank line.
    return "".join(f"{line or _TWO_QUOTES}\r\n" for line in lines)


def _decode_as(content: bytes, encoding: str, source: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableError(
            f"{source} is not text in UTF-8, UTF-16 or Windows-1252 (byte {error.start}). "
            "Save it as CSV UTF-8, or as .xlsx."
        ) from None
