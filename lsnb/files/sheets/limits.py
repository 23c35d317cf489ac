"""What a workbook may hold at most: it is a zip of XML, and a small file can be made to fill any memory.

No honest workbook comes near these limits. A file that was damaged or made to do harm ends in one sentence.
"""

from __future__ import annotations

import contextlib
import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from lsnb.errors import LsnbError, TableError

_MEBIBYTE = 1 << 20
MOST_PARTS = 5_000
#: Unpacked, all parts together. A million rows of eight columns have about 350 MB.
MOST_UNPACKED = 512 * _MEBIBYTE
#: A part that is larger than this may be packed by this factor at most; sheets are packed by 5 to 60.
_LARGE, _MOST_PACKED = 16 * _MEBIBYTE, 150
#: A sheet of roles has a column per role; behind this there is a slip, or harm.
MOST_COLUMNS = 2_000
MOST_ROWS = 1_048_576
#: Letters in one cell; Excel holds 32,767.
LONGEST_CELL = 100_000
#: Marks ("<") in all parts together, which is what reading takes its time for: a sheet of 100,000 rows of six cells, as
#: the largest organizations have it, has 3 to 5 million.
MOST_MARKS = 6_000_000
#: Marks in one of the parts around the sheets: styles, names, relations.
MOST_MARKS_AROUND = 150_000
#: Cells up to the last one of each row that is formatted, filled or not.
MOST_FORMATTED = 50_000_000

_PIECE = _MEBIBYTE
# Where sheets, their texts and the comments on them lie.
_SHEETS = ("xl/worksheets/", "xl/sharedstrings", "xl/comments", "xl/threadedcomments", "xl/drawings")
# A declaration of entities, which no workbook has, can refer to other files or multiply itself.
_DECLARATIONS = tuple(mark.encode(coding) for mark in ("<!DOCTYPE", "<!ENTITY") for coding in ("ascii", "utf-16-le"))
_OVERLAP = 2 * len("<!DOCTYPE")
_REMEDY = "Open it in a spreadsheet and save it as .xlsx or CSV."


def check_workbook(content: bytes, source: str) -> None:
    """Make sure that a workbook can be unpacked here, and is whole.

    Args:
        content: the file.
        source: what to call it in a sentence.

    Raises:
        TableError: it is damaged, unpacks to more than a sheet can have, or declares entities.
    """
    with guarded(source), zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MOST_PARTS or len({part.filename for part in parts}) < len(parts):
            raise TableError(
                f"{source} is no workbook that a spreadsheet wrote: it has {len(parts):,} parts. {_REMEDY}"
            )
        if unpacked > MOST_UNPACKED or any(_is_bomb(part) for part in parts):
            raise TableError(
                f"{source} has {len(content) / _MEBIBYTE:,.1f} MB and would unpack to {unpacked / _MEBIBYTE:,.0f} MB, "
                f"which no sheet of access needs. It is not read. {_REMEDY}"
            )
        n_marks = 0
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                n_marks += _check_part(archive, part, source, most=MOST_MARKS - n_marks)


@contextlib.contextmanager
def guarded(source: str) -> Iterator[None]:
    """Turn whatever the readers of zip and XML say of a damaged workbook into one sentence.

    Raises:
        TableError: the workbook is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            yield
    except LsnbError:
        raise
    except Exception as error:  # the readers promise no kinds of errors for files that nobody wrote
        raise TableError(
            f"{source} cannot be read as an Excel workbook ({type(error).__name__}): it is damaged, or has a password. {_REMEDY}"
        ) from None


class Room:
    """Counts what was read of a sheet.

    Args:
        source: what to call the workbook in a sentence.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._n_formatted = 0

    def filled(self, cells: Sequence[Any], row: int) -> Sequence[Any]:
        """Give the cells of a row up to the last one that holds something.

        Raises:
            TableError: it lies too far out, or the sheet has too many cells.
        """
        if row > MOST_ROWS:
            raise TableError(f"{self._source} names a row behind {MOST_ROWS:,}, which no sheet has. {_REMEDY}")
        end = len(cells)
        self._n_formatted += end
        if self._n_formatted > MOST_FORMATTED:
            raise TableError(
                f"{self._source} has formatted cells far to the right in many rows. Delete the columns behind those that "
                "are needed, or save it as CSV."
            )
        while end and cells[end - 1].value is None:
            end -= 1
        if end > MOST_COLUMNS:
            place = getattr(cells[end - 1], "coordinate", f"column {end} of row {row}")
            raise TableError(
                f"{self._source} has something in {place}, and at most {MOST_COLUMNS:,} columns are read. Delete what is "
                "out there, or the columns that are not needed."
            )
        return cells[:end]


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    return part.file_size > _LARGE and part.file_size > _MOST_PACKED * max(part.compress_size, 1)


def check_cell(text: str, source: str, place: str) -> None:
    """Make sure that a text is one that a cell can hold.

    Raises:
        TableError: it is longer.
    """
    if len(text) > LONGEST_CELL:
        raise TableError(
            f"{source} has a text of {len(text):,} letters in {place}, and at most {LONGEST_CELL:,} are read in one cell."
        )


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, source: str, *, most: int) -> int:
    """Unpack a part once, piece by piece: its length and check sum are those that were said, and it declares nothing.

    Returns:
        How many marks it has; it may have `most`.
    """
    before = b""
    n_marks = 0
    is_around = not part.filename.lower().startswith(_SHEETS)
    with archive.open(part) as file:
        while piece := file.read(_PIECE):
            n_marks += piece.count(b"<")
            if is_around and n_marks > MOST_MARKS_AROUND:
                raise TableError(
                    f"{source} is no workbook that a spreadsheet wrote: {part.filename[:80]!r} has more than "
                    f"{MOST_MARKS_AROUND:,} entries. {_REMEDY}"
                )
            if n_marks > most:
                raise TableError(
                    f"{source} has more cells than are read from a workbook, which is enough for 100,000 rows of six. "
                    "Bring it in pieces, or save it as CSV."
                )
            window = before + piece
            if any(mark in window for mark in _DECLARATIONS):
                raise TableError(
                    f"{source} declares entities in {part.filename[:80]!r}, as no spreadsheet does. {_REMEDY}"
                )
            before = window[-_OVERLAP:]
    return n_marks
