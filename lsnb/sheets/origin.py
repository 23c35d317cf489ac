"""What a file shows of a sheet beside its texts: hidden rows and columns, merged cells, other sheets of the workbook.

It travels in the frame's `attrs`, as plain data, so that it survives a copy and a selection of rows on the way from the
file to the check. Places are told by the names of columns and the numbers of rows, since both are what people know.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors.safe_text import without_keys
from lsnb.sheets.problems import HEADER_ROW, CellProblem, Problems
from lsnb.sheets.text_normalize import fold, quoted, text_column, tidy, to_text

ATTRIBUTE = "lsnb_sheet"

#: What a row or a column that nobody sees must not ask for.
REMOVING = frozenset({"remove", "delete", "revoke", "unshare"})
_LISTED = 12

#: What `pandas.read_csv` takes for a missing value.
_MISSING = frozenset(
    {
        "na", "n/a", "#n/a", "#n/a n/a", "#na", "nan", "-nan", "none", "null", "<na>", "1.#ind", "-1.#ind", "1.#qnan",
        "-1.#qnan",
    }
)  # fmt: skip

Remark = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells that the file shows as one: the text is in the first, and the others are empty.

    Args:
        ref: the cells, as a spreadsheet writes them: C2:C3.
        first_row: the first row's number.
        last_row: the last row's number.
        columns: the names of their columns, from the left.
        is_header: whether cells of the header are among them.
        covered: the cells beneath it that hold another text than it shows, as (row, column, text).
    """

    ref: str
    first_row: int
    last_row: int
    columns: tuple[str, ...]
    is_header: bool = False
    covered: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OtherSheet:
    """A sheet of the same workbook that was not read.

    Args:
        title: what it is called.
        columns: the names of columns that sheets have and that it has too.
        is_hidden: whether it cannot be seen.
    """

    title: str
    columns: tuple[str, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of where a frame came from.

    Args:
        title: the sheet of the workbook that was read; empty for other files.
        hidden_rows: the numbers of rows that the file does not show.
        hidden_columns: the names of columns that the file does not show.
        merges: cells that the file shows as one.
        failed: cells whose formula failed, as (row, column, text).
        others: the sheets of the workbook that were not read.
        struck: cells with text that is crossed out, as (row, column).
        veiled: cells whose number format shows something else than their text, as (row, column).
        missing: the names of columns in which values are missing, which in a file are empty cells.
        remarks: what came up when the file was read, as (rule, sentence).
    """

    title: str = ""
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[str, ...] = ()
    merges: tuple[Merge, ...] = ()
    failed: tuple[tuple[int, str, str], ...] = ()
    others: tuple[OtherSheet, ...] = ()
    struck: tuple[tuple[int, str], ...] = ()
    veiled: tuple[tuple[int, str], ...] = ()
    missing: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()


def set_origin(frame: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    """Note on a frame where it came from, and give it back; plain data, which other libraries can store."""
    frame.attrs = {name: value for name, value in frame.attrs.items() if name != ATTRIBUTE}
    known = {name: value for name, value in asdict(origin).items() if value}
    if known:
        frame.attrs[ATTRIBUTE] = known
    return frame


def origin_of(frame: pd.DataFrame) -> Origin:
    """Tell where a frame came from; nothing is known of one that was made by hand."""
    data: Mapping[str, Any] = frame.attrs.get(ATTRIBUTE) or {}
    return Origin(
        title=str(data.get("title", "")),
        hidden_rows=tuple(data.get("hidden_rows", ())),
        hidden_columns=tuple(data.get("hidden_columns", ())),
        merges=tuple(
            Merge(
                **{
                    **merge,
                    "columns": tuple(merge["columns"]),
                    "covered": tuple((row, column, text) for row, column, text in merge.get("covered", ())),
                }
            )
            for merge in data.get("merges", ())
        ),
        failed=tuple((row, column, text) for row, column, text in data.get("failed", ())),
        others=tuple(OtherSheet(**{**other, "columns": tuple(other["columns"])}) for other in data.get("others", ())),
        struck=tuple((row, column) for row, column in data.get("struck", ())),
        veiled=tuple((row, column) for row, column in data.get("veiled", ())),
        missing=tuple(data.get("missing", ())),
        remarks=tuple((rule, sentence) for rule, sentence in data.get("remarks", ())),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What the origin of a frame means for reading it.

    Args:
        remarks: what a reader should know, as (rule, sentence).
        rows: the rows with problems that lie in the file and not in a text.
    """

    remarks: tuple[Remark, ...] = ()
    rows: frozenset[int] = frozenset()


def judge_origin(
    frame: pd.DataFrame,
    numbers: Sequence[int],
    read: Mapping[int, str],
    problems: Problems,
    *,
    free: Collection[str] = ("note", "description"),
    is_matrix: bool = False,
) -> Judged:
    """Report what the file showed otherwise than it was read, and list what else a reader should know.

    Args:
        frame: the sheet.
        numbers: the rows' numbers.
        read: by their places in the frame, the columns that are read, as what they are read.
        problems: where problems go.
        free: columns that change nothing, whose cells may be merged.
        is_matrix: whether all columns have a say and removals may stand anywhere.
    """
    origin = origin_of(frame)
    if origin == Origin():
        return Judged()
    names = [to_text(name) for name in frame.columns]
    meant = {names[place]: column for place, column in read.items()}
    if is_matrix:
        meant = {**{name: name for name in names if name.strip()}, **meant}
    sheet = _Sheet(frame, [int(number) for number in numbers], names, meant, is_matrix)
    found = [
        *_report_merges(sheet, origin.merges, problems, free),
        *_report_failed(sheet, origin.failed, problems),
        *_report_unseen_removals(sheet, origin, problems),
    ]
    remarks = [
        *origin.remarks,
        *_merged_notes(sheet, origin.merges, free),
        *_hidden(sheet, origin),
        *_looks(sheet, origin),
        *_left_aside(origin),
    ]
    return Judged(tuple(remarks), frozenset(found))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A frame with the names of its columns, and what they are read as."""

    frame: pd.DataFrame
    numbers: list[int]
    names: list[str]
    meant: Mapping[str, str]
    is_matrix: bool

    def texts(self, name: str) -> dict[int, str]:
        """Give the texts of a column by the number of the row."""
        column = text_column(self.frame.iloc[:, self.names.index(name)])
        return dict(zip(self.numbers, column.tolist(), strict=True))


def _report_merges(sheet: _Sheet, merges: Iterable[Merge], problems: Problems, free: Collection[str]) -> Iterable[int]:
    texts: dict[str, dict[int, str]] = {}
    there = sorted(sheet.numbers)
    for merge in merges:
        columns = [name for name in merge.columns if name in sheet.meant and sheet.meant[name] not in free]
        if merge.is_header:
            if len(merge.columns) > 1 and (columns or not sheet.meant):
                reason = f"The cells {merge.ref} of the header are merged, so what stands below them has no name."
                hint = "Unmerge them in the spreadsheet, and give each column a name."
                problems.add(HEADER_ROW, "", CellProblem(columns[0] if columns else merge.ref, reason, hint))
            continue
        rows = there[bisect_left(there, merge.first_row) : bisect_right(there, merge.last_row)]
        for name in columns:
            texts.setdefault(name, sheet.texts(name))
        # Whoever filled the cells in meanwhile has said what they mean.
        empty = [
            (row, name)
            for name in columns
            for row in rows
            if (row != merge.first_row or name != merge.columns[0]) and not tidy(texts[name].get(row, ""))
        ]
        covered = [
            (row, name)
            for row, name, text in merge.covered
            if row in there and name in columns and texts[name].get(row) == text
        ]
        if not empty and not covered:
            continue
        if covered:
            row, name = covered[0]
            text = texts[name][row]
            reason = f"The cells {merge.ref} are merged, and this text lies beneath, where nobody sees it."
            hint = "Unmerge them in the spreadsheet, and look at what each row says."
            problems.add(row, text, CellProblem(sheet.meant[name], reason, hint))
            yield from rows
            continue
        row, name = empty[0]
        reason = (
            f"The cells {merge.ref} are merged: the file has their text in the first of them only, and here nothing."
        )
        hint = "Unmerge them in the spreadsheet, and fill in what each row is to say."
        problems.add(row, "", CellProblem(sheet.meant[name], reason, hint))
        yield from rows


def _merged_notes(sheet: _Sheet, merges: Iterable[Merge], free: Collection[str]) -> Iterable[Remark]:
    about = [
        merge.ref
        for merge in merges
        if not merge.is_header and any(sheet.meant.get(name) in free for name in merge.columns)
    ]
    if about:
        yield "merged-cells", f"Merged cells of notes count for their first row only: {_some(about)}."


def _report_failed(sheet: _Sheet, failed: Iterable[tuple[int, str, str]], problems: Problems) -> Iterable[int]:
    there = set(sheet.numbers)
    for row, name, text in failed:
        if row in there and name in sheet.meant and sheet.texts(name).get(row) == text:
            reason = "The cell's formula failed, so what it should say is not known."
            problems.add(row, text, CellProblem(sheet.meant[name], reason, "Write what is meant in its place."))
            yield row


def _report_unseen_removals(sheet: _Sheet, origin: Origin, problems: Problems) -> Iterable[int]:
    """Report removals that nobody saw who looked at the sheet."""
    hidden_rows = set(origin.hidden_rows)
    veiled = set(origin.veiled)
    for name, column in sheet.meant.items():
        if column != "action" and not sheet.is_matrix:
            continue
        is_hidden = name in origin.hidden_columns
        if not is_hidden and not hidden_rows and not veiled:
            continue
        for row, text in sheet.texts(name).items():
            is_veiled = (row, name) in veiled
            if fold(text) not in REMOVING or not (is_hidden or row in hidden_rows or is_veiled):
                continue
            what = f"The column {name} is" if row not in hidden_rows else f"Row {row} is"
            reason = f"{what} hidden in the file, by a filter or by hand, and the row asks to {fold(text)}."
            if is_veiled and not is_hidden and row not in hidden_rows:
                reason = f"The cell shows something else in the file, by its number format, and asks to {fold(text)}."
            problems.add(
                row, text, CellProblem(column, reason, "Show it in the spreadsheet and look at it, or take it away.")
            )
            yield row


def _hidden(sheet: _Sheet, origin: Origin) -> Iterable[Remark]:
    rows = sorted(set(origin.hidden_rows) & set(sheet.numbers))
    if rows:
        what = "row" if len(rows) == 1 else "rows"
        verb = "is" if len(rows) == 1 else "are"
        yield (
            "hidden-rows",
            f"{what} {_ranges(rows)} {verb} hidden in the file, by a filter, a group or by hand, and count"
            f"{'s' if len(rows) == 1 else ''} like the rows that show.",
        )
    columns = [
        name for name in origin.hidden_columns if name in sheet.meant and any(map(tidy, sheet.texts(name).values()))
    ]
    if columns:
        what = "the column" if len(columns) == 1 else "the columns"
        verb = "is" if len(columns) == 1 else "are"
        yield (
            "hidden-columns",
            f"{what} {quoted(columns, last='and')} {verb} hidden in the file, and what is in "
            f"{'it' if len(columns) == 1 else 'them'} counts all the same.",
        )


def _looks(sheet: _Sheet, origin: Origin) -> Iterable[Remark]:
    """Say which cells that count look otherwise than they read."""
    there = set(sheet.numbers)
    struck = sorted({row for row, name in origin.struck if row in there and name in sheet.meant})
    if struck:
        one = len(struck) == 1
        yield (
            "crossed-out",
            f"{'row' if one else 'rows'} {_ranges(struck)} {'has' if one else 'have'} text that is crossed out in the file, "
            f"and {'counts' if one else 'count'} like the other rows.",
        )
    veiled = sorted({row for row, name in origin.veiled if row in there and name in sheet.meant})
    if veiled:
        one = len(veiled) == 1
        yield (
            "number-format",
            f"{'row' if one else 'rows'} {_ranges(veiled)} {'has' if one else 'have'} cells that show nothing or something "
            "else in the file, by their number format; what is in them counts.",
        )


def _left_aside(origin: Origin) -> Iterable[Remark]:
    if not origin.others:
        return
    words = []
    for other in origin.others:
        about = [*(["hidden"] if other.is_hidden else [])]
        about += [f"with columns such as {quoted(other.columns, limit=3, last='and')}"] if other.columns else []
        words.append(f"'{without_keys(other.title)}'" + (f" ({', '.join(about)})" if about else ""))
    what = "the sheet" if len(words) == 1 else "the sheets"
    read = f"only the sheet '{without_keys(origin.title)}' was read; " if origin.title else ""
    yield "left-aside", f"{read}{what} {_some(words)} {'was' if len(words) == 1 else 'were'} left aside."


def sheets_with(frame: pd.DataFrame, column: str) -> str:
    """Say which other sheets of the workbook have a column that this one lacks; nothing where none has."""
    titles = [other.title for other in origin_of(frame).others if column in other.columns]
    if not titles:
        return ""
    return f"The sheet {quoted(titles, last='and')} of the workbook has one: move it to the front, or call it 'Access'."


def missing_rows(frame: pd.DataFrame, place: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell in which rows a column's value is missing, as pandas reads `NA`, and not merely an empty text."""
    column = frame.iloc[:, place]
    if to_text(frame.columns[place]) in origin_of(frame).missing:
        return np.asarray(text_column(column) == "", dtype=bool)
    return np.asarray(column.isna(), dtype=bool)


def names_read_as_missing(names: Iterable[str]) -> list[str]:
    """List the names that pandas reads as a missing value when it is handed a file."""
    return sorted({name for name in names if tidy(name).casefold() in _MISSING})


def _some(texts: Sequence[str]) -> str:
    if len(texts) > _LISTED:
        return ", ".join(texts[:_LISTED]) + f" and {len(texts) - _LISTED:,} more"
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _ranges(rows: Sequence[int]) -> str:
    """List row numbers with the runs among them: 3, 5 to 9 and 12."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    words = [str(a) if a == b else f"{a} and {b}" if b == a + 1 else f"{a} to {b}" for a, b in runs]
    return _some(words)
