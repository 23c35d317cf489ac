"""Sheets with a row per thing: their columns found by name, their cells tidied, their rows numbered."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from lsnb.sheets.columns import row_numbers
from lsnb.sheets.leftovers import left_columns, no_rows
from lsnb.sheets.origin import judge_origin, sheets_with
from lsnb.sheets.problems import HEADER_ROW, CellProblem, Problems
from lsnb.sheets.text_normalize import fold_loosely, quoted, text_column, tidy, to_text

#: Columns of our own reports and tables that say nothing in a sheet.
_IGNORED = frozenset({"row", "problem"})


@dataclass(frozen=True, slots=True)
class Layout:
    """What a sheet looks like.

    Args:
        columns: the columns, in order, with what each is for.
        required: what there must be; of alternatives, as in `key_id|description`, one will do.
        aliases: other names of columns.
        ignored: columns of the snapshot's own table that may be left in.
    """

    columns: Mapping[str, str]
    required: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet.

    Args:
        row: the row's number in the sheet; the header is row 1.
        cells: the tidied text of each column; the empty text where the sheet does not have it.
        raw: the text as it stands.
    """

    row: int
    cells: Mapping[str, str]
    raw: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet, read.

    Args:
        lines: the rows that are not blank.
        found: the columns that the sheet has.
        others: the place and the name of every column that is none of the layout's.
        remarks: what a reader should know, as (rule, sentence).
    """

    lines: tuple[Line, ...]
    found: frozenset[str]
    others: tuple[tuple[int, str], ...]
    remarks: tuple[tuple[str, str], ...] = ()


def read_table(frame: pd.DataFrame, layout: Layout, problems: Problems, *, has_more: bool = False) -> Table:
    """Find the columns of a sheet, whatever their case, blanks, underscores and hyphens, and read its rows.

    Args:
        frame: the sheet.
        layout: what it should look like.
        problems: where a missing, doubled or misspelt column is noted.
        has_more: whether other columns mean something too, and are no misspelt ones.
    """
    names = [to_text(name) for name in frame.columns]
    keys = [fold_loosely(name) for name in names]
    official = {fold_loosely(name): name for name in layout.columns}
    places: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key in official:
            places[official[key]].append(index)
    for index, key in enumerate(keys):
        meant = layout.aliases.get(key)
        if meant and key not in official and meant not in places:
            places[meant].append(index)
    for name, found in places.items():
        if has_more:
            del found[1:]  # those after it are what they are called: a role may be called Description
        if len(found) > 1:
            reason = f"{len(found)} columns can be read as {name}: {quoted((names[i] for i in found), last='and')}."
            problems.add(HEADER_ROW, names[found[0]], CellProblem(name, reason, "Keep one of them."))
    used = {index for found in places.values() for index in found}
    others = [
        (index, names[index])
        for index, key in enumerate(keys)
        if key
        and index not in used
        and key not in layout.aliases
        and not _is_ours(names[index], key, is_exact=has_more)
    ]
    misspelt = set() if has_more else _report_misspelt([name for _, name in others], layout, set(places), problems)
    for required in layout.required:
        choices = required.split("|")
        if not set(choices) & set(places):
            shown = quoted((name for name in names if name.strip()), limit=20, last="and")
            reason = f"There is no column {' or '.join(choices)}." + (f" The columns are {shown}." if shown else "")
            hint = sheets_with(frame, choices[0]) or "The first row must name the columns."
            problems.add(HEADER_ROW, "", CellProblem(choices[0], reason, hint))
    at = {name: found[0] for name, found in places.items()}
    numbers = row_numbers(frame).tolist()
    read = {place: name for name, place in at.items()}
    judged = judge_origin(frame, numbers, read, problems, is_matrix=has_more)
    remarks = list(judged.remarks)
    if not has_more:
        left = [
            (index, names[index])
            for index, key in enumerate(keys)
            if index not in used and names[index] not in misspelt and key not in layout.ignored | _IGNORED
        ]
        remarks += left_columns(frame, left, official | dict(layout.aliases), numbers, problems)
    else:
        nameless = [(index, "") for index, key in enumerate(keys) if not key]
        remarks += left_columns(frame, nameless, {}, numbers, problems)
    remarks += no_rows(frame)
    return Table(tuple(_lines(frame, layout.columns, at)), frozenset(at), tuple(others), tuple(remarks))


def _is_ours(name: str, key: str, *, is_exact: bool) -> bool:
    """Tell whether a column is one of our reports; where names mean something, only as we write it."""
    return key in _IGNORED and (not is_exact or name == key)


def _lines(frame: pd.DataFrame, columns: Iterable[str], at: Mapping[str, int]) -> Iterable[Line]:
    texts = {name: text_column(frame.iloc[:, place]).tolist() for name, place in at.items()}
    for index, row in enumerate(row_numbers(frame).tolist()):
        raw = {name: texts[name][index] if name in texts else "" for name in columns}
        cells = {name: tidy(text) for name, text in raw.items()}
        if any(cells.values()):
            yield Line(row, cells, raw)


def _report_misspelt(unknown: Sequence[str], layout: Layout, found: set[str], problems: Problems) -> set[str]:
    """Report the columns whose names look like one that is missing, and give them."""
    reported = set()
    known = {fold_loosely(name): name for name in layout.columns} | dict(layout.aliases)
    for name in unknown:
        key = fold_loosely(name)
        if key in layout.ignored:
            continue
        near = [known[match] for match in difflib.get_close_matches(key, known, n=1, cutoff=0.75)]
        meant = next((column for column in near if column not in found), None)
        if meant:
            hint = f"Did you mean '{meant}'? Rename the column, or take it away."
            problems.add(HEADER_ROW, name, CellProblem(name, "This is not a column of this sheet.", hint))
            reported.add(name)
    return reported
