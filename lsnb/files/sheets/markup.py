"""What a workbook says about its sheets beside the cells: which are hidden, which rows and columns, and what is merged."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Protocol
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from lsnb.errors import TableError

_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_YES = ("1", "true", "on")

#: So many merged cells may a sheet have: each is looked for in the rows.
_MOST_MERGES = 5_000
#: So many hidden runs and comments are kept of one sheet; no honest one has more.
_MOST = 100_000
_MOST_COMMENTS = 1_000
_LEAST = 0.5
_IN_CELL = frozenset({"f", "v", "is", "t"})
#: Of a row that is not as high as this, in points, nothing can be read.
_LEAST_HEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet of a workbook, as its list of sheets has it.

    Args:
        title: what it is called.
        path: its file within the workbook.
        is_hidden: whether it is hidden, in either of the two ways.
    """

    title: str
    path: str
    is_hidden: bool


@dataclass(slots=True)
class Markup:
    """What stands around the cells of one sheet; rows and columns are counted from 1.

    Args:
        hidden_rows: the rows that do not show: filtered, grouped, of no height, or hidden by hand.
        hidden_columns: runs of columns that do not show, as (first, last).
        merges: merged cells, as (reference, first row, first column, last row, last column).
        comments: the cells with a comment.
        twice: the first row or cell that stands twice, or after one that comes later; readers lose one of them.
        unworked: cells with a formula of which the file holds no result at all, not even an empty one.
    """

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merges: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    twice: str = ""
    unworked: list[str] = field(default_factory=list)


def read_markup(content: bytes, title: str) -> Markup:
    """Read what stands around the cells of a sheet; nothing of a workbook that cannot be read, which reading says.

    Args:
        content: the workbook.
        title: the sheet's title.
    """
    found = Markup()
    try:
        with ZipFile(BytesIO(content)) as archive:
            part = next((part for part in list_parts(archive) if part.title == title), None)
            if part is None:
                return found
            with archive.open(part.path) as file:
                reader = _SheetReader(found)
                _parse(file, reader)
                reader.end_cell()
            for path in _targets(archive, part.path, ("/comments", "/threadedComment")):
                with archive.open(path) as file:
                    _parse(file, _CommentReader(found))
    except (BadZipFile, KeyError, OSError, expat.ExpatError, EOFError, RuntimeError):
        return found
    return found


def list_parts(archive: ZipFile) -> list[Part]:
    """List the sheets of a workbook with their files, in its order."""
    book = "xl/workbook.xml"
    targets = _relations(archive, book)
    sheets = _SheetList()
    with archive.open(book) as file:
        _parse(file, sheets)
    return [Part(title, targets[id_][1], hidden) for title, id_, hidden in sheets.found if id_ in targets]


def is_strict(content: bytes) -> bool:
    """Tell whether a workbook is Strict Open XML, whose parts have other names than everybody's."""
    try:
        with ZipFile(BytesIO(content)) as archive, archive.open("xl/workbook.xml") as file:
            return b"purl.oclc.org/ooxml" in file.read(4_000)
    except (BadZipFile, KeyError, OSError, EOFError, RuntimeError):
        return False


class _Reader(Protocol):
    """Takes in the elements of a part as they begin."""

    def start(self, name: str, values: dict[str, str]) -> None:
        """Take in one element."""


class _SheetList(_Reader):
    def __init__(self) -> None:
        self.found: list[tuple[str, str, bool]] = []

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "sheet":
            id_ = next((value for key, value in values.items() if key.rpartition(":")[2] == "id" and ":" in key), "")
            self.found.append((values.get("name", ""), id_, values.get("state", "visible") != "visible"))


class _RelationReader(_Reader):
    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "Relationship" and values.get("TargetMode") != "External":
            self.found[values.get("Id", "")] = (values.get("Type", ""), values.get("Target", ""))


class _SheetReader(_Reader):
    def __init__(self, found: Markup) -> None:
        self._found = found
        self._row = 0
        self._column = 0
        self._ref = ""
        self._has_formula = False
        self._has_result = False
        self._has_no_height = False
        self._has_no_width = False
        self._told: list[tuple[int, int]] = []

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(values.get("r", ""))
        elif name in _IN_CELL:
            self._has_formula |= name == "f" and bool(self._ref)
            self._has_result |= name != "f"
        else:
            self.end_cell()  # formulas outside of cells, as of dropdowns, are another matter
            self._start_other(name, values)

    def _start_other(self, name: str, values: dict[str, str]) -> None:
        if name == "row":
            row = int(values["r"]) if values.get("r", "").isdigit() else self._row + 1
            if row <= self._row and not self._found.twice:
                self._found.twice = f"row {row}"
            self._row, self._column = row, 0
            if self._is_hidden_row(values) and len(self._found.hidden_rows) < _MOST * 11:
                self._found.hidden_rows.append(self._row)
        elif name == "col":
            first, last = values.get("min", ""), values.get("max", "")
            if first.isdigit() and last.isdigit() and len(self._told) < _MOST:
                self._told.append((int(first), int(last)))
                if values.get("hidden") in _YES or _is_nothing(values.get("width")):
                    self._found.hidden_columns.append((int(first), int(last)))
        elif name == "sheetData":
            self._hide_untold()
        elif name == "sheetFormatPr":
            # `zeroHeight` hides the rows that the file does not have, and those hold nothing.
            self._has_no_height = _is_flat(values.get("defaultRowHeight"))
            self._has_no_width = _is_nothing(values.get("defaultColWidth"))
        elif name == "mergeCell":
            place = places(values.get("ref", ""))
            if len(self._found.merges) == _MOST_MERGES:
                raise TableError(
                    f"A sheet has more than {_MOST_MERGES:,} merged cells. Unmerge them in the spreadsheet, and fill in what each row is to say."
                )
            if place is not None and place[:2] != place[2:]:
                self._found.merges.append((values["ref"], *place))

    def _is_hidden_row(self, values: dict[str, str]) -> bool:
        if "hidden" in values:
            return values["hidden"] in _YES or _is_flat(values.get("ht"))
        return _is_flat(values.get("ht")) or (self._has_no_height and "ht" not in values)

    def _start_cell(self, ref: str) -> None:
        self.end_cell()
        match = _REF.fullmatch(ref)
        column = _number(match[1]) if match else self._column + 1
        is_astray = match is not None and int(match[2]) != self._row
        if (column <= self._column or is_astray) and not self._found.twice:
            self._found.twice = f"the cell {ref}"
        self._column, self._ref = column, ref or f"column {column} of row {self._row}"

    def end_cell(self) -> None:
        """Note a cell whose formula has no result; Excel and LibreOffice write even an empty text as one."""
        if self._has_formula and not self._has_result and len(self._found.unworked) < _MOST:
            self._found.unworked.append(self._ref)
        self._has_formula = self._has_result = False
        self._ref = ""

    def _hide_untold(self) -> None:
        """Take the columns that are not told apart for hidden where the width of all others is nothing."""
        if not self._has_no_width:
            return
        last = 0
        for first, end in sorted(self._told):
            if first > last + 1:
                self._found.hidden_columns.append((last + 1, first - 1))
            last = max(last, end)
        self._found.hidden_columns.append((last + 1, 16_384))


class _CommentReader(_Reader):
    def __init__(self, found: Markup) -> None:
        self._found = found

    def start(self, name: str, values: dict[str, str]) -> None:
        ref = values.get("ref", "")
        is_new = name in ("comment", "threadedComment") and ref not in self._found.comments
        if is_new and _REF.fullmatch(ref) and len(self._found.comments) < _MOST_COMMENTS:
            self._found.comments.append(ref)


def places(ref: str) -> tuple[int, int, int, int] | None:
    """Read a reference such as C2:D3 as (first row, first column, last row, last column); None where it is none."""
    match = _REF.fullmatch(ref.replace("$", ""))
    if match is None:
        return None
    first, last = (int(match[2]), _number(match[1])), (int(match[4] or match[2]), _number(match[3] or match[1]))
    return min(first[0], last[0]), min(first[1], last[1]), max(first[0], last[0]), max(first[1], last[1])


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _is_nothing(text: str | None) -> bool:
    """Tell whether a width in letters is too little to be seen."""
    try:
        return text is not None and float(text) < _LEAST
    except ValueError:
        return False


def _is_flat(text: str | None) -> bool:
    """Tell whether a height in points is too little for anything to be read."""
    try:
        return text is not None and float(text) < _LEAST_HEIGHT
    except ValueError:
        return False


def _relations(archive: ZipFile, path: str) -> dict[str, tuple[str, str]]:
    """Give what a part points to, by its id, as (type, path)."""
    folder, name = posixpath.split(path)
    own = f"{folder}/_rels/{name}.rels"
    if own not in archive.namelist():
        return {}
    reader = _RelationReader()
    with archive.open(own) as file:
        _parse(file, reader)
    return {
        id_: (kind, target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}"))
        for id_, (kind, target) in reader.found.items()
    }


def _targets(archive: ZipFile, path: str, kinds: tuple[str, ...]) -> list[str]:
    there = set(archive.namelist())
    return [target for kind, target in _relations(archive, path).values() if kind.endswith(kinds) and target in there]


def _parse(file: object, reader: _Reader) -> None:
    """Read a part piece by piece; declarations of entities, which no workbook has, end it."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, values: reader.start(name.rpartition(":")[2], values)

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a part declares entities")

    parser.EntityDeclHandler = refuse
    parser.ParseFile(file)  # type: ignore[arg-type]
