"""The columns of the access sheet: what they mean, and how they are found under the names that people give them."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lsnb.sheets.origin import sheets_with
from lsnb.sheets.problems import HEADER_ROW, CellProblem, Problems
from lsnb.sheets.text_normalize import Codes, fold_loosely, quoted, text_column, to_text

#: The first four are those of LangChain's own migration tool, so that files move between the tools unchanged.
SHEET_COLUMNS = ("email", "langsmith_role", "workspace_id", "workspace_name", "action", "note")

#: What each column is for, in words for the person who fills it in.
SHEET_MEANINGS: dict[str, str] = {
    "email": "Whom the row is about. An address that the organization does not know yet is invited.",
    "langsmith_role": (
        "The role to hold. In a row without a workspace a role of the organization, such as Organization User; in a "
        "row with a workspace a role there, such as Workspace Viewer or the name of a custom role. An empty cell "
        "leaves the role as it is."
    ),
    "workspace_id": "The workspace, by its id. Leave it empty to go by the name. Both empty: the organization itself.",
    "workspace_name": "The workspace, by its name. When both are filled in, they must be of the same workspace.",
    "action": (
        "Empty to set the role, or `remove`: from the workspace that the row names, or, in a row without a workspace, "
        "from the organization. Nobody is removed because a role cell is empty."
    ),
    "note": "Your own words, kept with the change and shown in the plan. They change nothing.",
}

COLUMN_ALIASES = {
    "email address": "email",
    "e mail": "email",
    "e mail address": "email",
    "mail": "email",
    "user email": "email",
    "role": "langsmith_role",
    "workspace": "workspace_name",
    "notes": "note",
}

#: Columns of the snapshot's own tables and of our reports: known, and without a say here.
_IGNORED = {
    "row", "problem", "name", "full name", "scope", "source", "state", "role id", "role name", "identity id",
    "ls user id",
}  # fmt: skip

# A column with such a word was meant to say something; read without it, the rows would mean something else.
_TELLING_WORDS = {
    "mail": "email",
    "email": "email",
    "role": "langsmith_role",
    "workspace": "workspace_name",
    "action": "action",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Which column of a frame is which column of the access sheet.

    Args:
        places: the place in the frame of each column that was found.
        access_places: the places of `source` and `role_id`, for frames that come from the snapshot's `access`.
        unknown: the places and names of columns that are not read.
    """

    places: dict[str, int]
    access_places: dict[str, int]
    unknown: tuple[tuple[int, str], ...] = ()

    def column(self, frame: pd.DataFrame, name: str) -> pd.Series:
        """Give one column as text; the empty text where the sheet does not have the column."""
        place = self.places.get(name, self.access_places.get(name))
        if place is None:
            return pd.Series([""] * len(frame), index=frame.index, dtype=object)
        return text_column(frame.iloc[:, place])


def read_header(frame: pd.DataFrame, problems: Problems) -> Header:
    """Find the columns of the access sheet by their names, whatever their case, blanks, underscores and hyphens.

    An exact name counts before an alias, such as `role` for `langsmith_role`. Other columns are left aside, but not
    one that looks like a misspelt name.
    """
    names = [to_text(name) for name in frame.columns]
    keys = [fold_loosely(name) for name in names]
    official = {fold_loosely(name): name for name in SHEET_COLUMNS}
    found: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key in official:
            found[official[key]].append(index)
    by_alias: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key in COLUMN_ALIASES and COLUMN_ALIASES[key] not in found:
            by_alias[COLUMN_ALIASES[key]].append(index)
    found |= by_alias
    for name, places in found.items():
        if len(places) > 1:
            reason = f"{len(places)} columns can be read as {name}: {quoted((names[i] for i in places), last='and')}."
            problems.add(HEADER_ROW, names[places[0]], CellProblem(name, reason, "Keep one of them."))
    used = {place for places in found.values() for place in places}
    unknown = [i for i, key in enumerate(keys) if i not in used and key not in _IGNORED]
    strange = [i for i in unknown if keys[i] and keys[i] not in COLUMN_ALIASES]
    misspelt = _report_misspelt([(names[i], keys[i]) for i in strange], set(found), problems)
    if "email" not in found:
        shown = quoted((name for name in names if name.strip()), limit=20, last="and")
        reason = f"There is no column email. The columns are {shown}." if shown else "There is no column email."
        hint = sheets_with(frame, "email") or "The first row must name the columns."
        problems.add(HEADER_ROW, "", CellProblem("email", reason, hint))
    of_access = {name: keys.index(key) for name, key in (("source", "source"), ("role_id", "role id")) if key in keys}
    left = tuple((i, names[i]) for i in unknown if names[i] not in misspelt)
    return Header({name: places[0] for name, places in found.items()}, of_access, left)


def _report_misspelt(unknown: list[tuple[str, str]], found: set[str], problems: Problems) -> set[str]:
    """Report the columns whose names look like one that is missing, and give them."""
    reported = set()
    known = {fold_loosely(name): name for name in SHEET_COLUMNS} | COLUMN_ALIASES
    has_place = bool(found & {"workspace_id", "workspace_name"})
    for name, key in unknown:
        near = [_TELLING_WORDS[word] for word in reversed(key.split()) if word in _TELLING_WORDS]
        near += [known[match] for match in difflib.get_close_matches(key, known, n=1, cutoff=0.75)]
        meant = next((column for column in near if column not in found), None)
        if meant is None or (meant.startswith("workspace") and has_place and not _is_close(key, meant)):
            continue
        hint = f"Did you mean '{meant}'? Rename the column, or take it away."
        problems.add(HEADER_ROW, name, CellProblem(name, "This is not a column of the access sheet.", hint))
        reported.add(name)
    return reported


def _is_close(key: str, name: str) -> bool:
    return difflib.SequenceMatcher(None, key, fold_loosely(name)).ratio() >= 0.85


def row_numbers(frame: pd.DataFrame) -> Codes:
    """Give the rows' numbers as people count them in the sheet: the header is row 1.

    A frame whose index is named `row`, as `read_sheet` gives it, carries them itself, also when rows were picked from
    it; any other frame is counted from the top.
    """
    if frame.index.name == "row" and pd.api.types.is_integer_dtype(frame.index.dtype):
        return frame.index.to_numpy(dtype=np.int64)
    return np.arange(HEADER_ROW + 1, HEADER_ROW + 1 + len(frame), dtype=np.int64)
