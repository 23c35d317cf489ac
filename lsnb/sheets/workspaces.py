"""The sheet of workspaces: create, rename, delete, and take public links back."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Literal

import pandas as pd

from lsnb.sheets.problems import HOLDS_KEY, CellProblem, Problems, holds_key
from lsnb.sheets.requests import Requests, WorkspaceRequest
from lsnb.sheets.table import Layout, Line, read_table
from lsnb.sheets.text_normalize import fold
from lsnb.sheets.workspace_index import Place, WorkspaceIndex
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

WORKSPACE_COLUMNS: dict[str, str] = {
    "workspace_id": "The workspace, by its id. Leave it empty to go by the name, and for a new workspace.",
    "workspace_name": "The workspace, by its name. For a new workspace the name that it gets.",
    "new_name": "The name to give it. Leave it empty to keep the name.",
    "action": (
        "Empty to rename where new_name says so, `create`, `delete`, or `unshare` to take back all public links. A "
        "workspace that is deleted is gone with all that is in it, and links do not come back: the plan lists both apart, "
        "and each must be allowed by name."
    ),
    "note": "Your own words, kept with the change and shown in the plan. They change nothing.",
}
LAYOUT = Layout(
    WORKSPACE_COLUMNS,
    required=("workspace_name|workspace_id",),
    aliases={"workspace": "workspace_name", "name": "workspace_name", "id": "workspace_id", "notes": "note"},
    ignored=frozenset(
        {"my role", "is personal", "is deleted", "handle", "created at", "organization id", "data plane url"}
    ),
)
ACTIONS = ("create", "delete", "unshare")

#: What the service accepts as a name.
NAME = re.compile(r"[a-zA-Z0-9\-_ '@()]+")
_NAME_REASON = "A workspace's name has letters without accents, digits, blanks and - _ ' @ ( ) only."


def parse_workspaces(frame: pd.DataFrame, snapshot: Snapshot, *, source: str = "sheet") -> Requests:
    """Read what a sheet asks of workspaces, and every cell that is not understood.

    Raises:
        UnreadableTableError: the workspaces could not be read.
    """
    problems = Problems(list(WORKSPACE_COLUMNS))
    table = read_table(frame, LAYOUT, problems)
    parser = _Parser(snapshot, problems)
    for line in table.lines:
        parser.take(line)
    parser.check_there()
    parser.check_names()
    return Requests(
        "workspaces", tuple(parser.requests), problems.to_frame(), source, (*table.remarks, *parser.remarks)
    )


class _Parser:
    def __init__(self, snapshot: Snapshot, problems: Problems) -> None:
        self.book = WorkspaceIndex(snapshot.workspaces)
        self.problems = problems
        self.requests: list[WorkspaceRequest] = []
        self.remarks: list[tuple[str, str]] = []
        self._seen: dict[str, WorkspaceRequest | None] = {}
        self._there: list[tuple[Line, str, Place]] = []

    def _bad(self, line: Line, column: str, reason: str, hint: str = "") -> None:
        self.problems.add(line.row, line.raw.get(column, ""), CellProblem(column, reason, hint))

    def take(self, line: Line) -> None:
        """Read one row."""
        action = fold(line["action"])
        if action and action not in ACTIONS:
            hint = "Write 'create', 'delete' or 'unshare', or leave the cell empty."
            self._bad(line, "action", "There is no such action.", hint)
        elif action == "create":
            self._create(line)
        else:
            self._change(line, action)

    def _create(self, line: Line) -> None:
        if line["workspace_id"]:
            self._bad(line, "workspace_id", "A new workspace has no id yet.", "Empty the cell, or the action.")
            return
        name = line["workspace_name"] or line["new_name"]
        column = "workspace_name" if line["workspace_name"] else "new_name"
        if not name:
            self._bad(line, "workspace_name", "A new workspace needs a name.")
            return
        if line["new_name"] and fold(line["new_name"]) != fold(name):
            self._bad(line, "new_name", "A new workspace gets one name.", "Write it in workspace_name only.")
            return
        if not self._is_name(line, column, name):
            return
        there = next((place for place in self.book.live if fold(place.name) == fold(name)), None)
        if there:
            self._there.append((line, column, there))
            return
        self._add(line, f"new:{fold(name)}", WorkspaceRequest(line.row, "create", name, note=line["note"]))

    def _change(self, line: Line, action: str) -> None:
        place = self.book.find(line["workspace_id"], line["workspace_name"])
        if place is None:
            self._bad(line, "workspace_name", "The row names no workspace.")
            return
        if isinstance(place, CellProblem):
            hint = place.hint
            if line["workspace_id"] and line["workspace_name"] and place.column == "workspace_name":
                hint = f"To rename it, write the new name in new_name. {hint}"
            elif not action and place.column == "workspace_name":
                hint = f"{hint} To create it, write 'create' in action.".strip()
            self._bad(line, place.column, place.reason, hint)
            return
        if action and line["new_name"]:
            self._bad(
                line, "new_name", f"The row asks to {action} the workspace and to rename it.", "Keep one of both."
            )
            return
        if action in ("delete", "unshare"):
            kind: Literal["delete", "unshare"] = "delete" if action == "delete" else "unshare"
            request = WorkspaceRequest(line.row, kind, place.name, place.workspace_id, note=line["note"])
            self._add(line, place.workspace_id, request)
            return
        name = line["new_name"]
        if name and name != place.name and self._is_name(line, "new_name", name):
            request = WorkspaceRequest(line.row, "rename", place.name, place.workspace_id, name, note=line["note"])
            self._add(line, place.workspace_id, request)

    def _is_name(self, line: Line, column: str, name: str) -> bool:
        if NAME.fullmatch(name):
            return True
        odd = ", ".join(sorted({repr(mark) for mark in name if not NAME.fullmatch(mark)}))
        self._bad(line, column, _NAME_REASON, f"Take {odd} out.")
        return False

    def _add(self, line: Line, key: str, request: WorkspaceRequest) -> None:
        """Keep a request; rows about one workspace that ask for different things are a problem."""
        if key not in self._seen:
            self._seen[key] = request
            self.requests.append(request)
            return
        first = self._seen[key]
        if first is None or (first.action, first.new_name) != (request.action, request.new_name):
            rows = f"Row {first.row if first else 'above'} asks for something else of the same workspace."
            self._bad(line, "action", rows, "Keep one of the rows.")

    def check_there(self) -> None:
        """Say what is there already, and report names that other rows set free: what is created comes before that."""
        freed = {
            request.workspace_id: request
            for request in self.requests
            if request.action == "delete"
            or (request.action == "rename" and fold(request.new_name or "") != fold(request.workspace))
        }
        for line, column, there in self._there:
            other = freed.get(there.workspace_id)
            if other is None:
                said = f"Row {line.row}: there is a workspace '{there.name}' already; none is created."
                self.remarks.append(("already-there", said))
                continue
            reason = (
                f"There is a workspace '{there.name}', and row {other.row}, which asks to {other.action} it, comes after "
                "what is created."
            )
            self._bad(line, column, reason, "Create it with another plan, once that is done.")

    def check_names(self) -> None:
        """Report names that two workspaces would have once all is done, whatever their case."""
        names = {place.workspace_id: place.name for place in self.book.live}
        asked: dict[str, WorkspaceRequest] = {}
        for request in self.requests:
            key = request.workspace_id or f"new:{request.row}"
            if request.action == "delete":
                names.pop(key, None)
            elif request.action == "rename":
                names[key] = request.new_name or ""
                asked[key] = request
            elif request.action == "create":
                names[key] = request.workspace
                asked[key] = request
        holders: dict[str, list[str]] = defaultdict(list)
        for key, name in names.items():
            holders[fold(name)].append(key)
        for key, request in asked.items():
            column = "new_name" if request.action == "rename" else "workspace_name"
            if holds_key(names[key]):
                self.problems.add(request.row, names[key], CellProblem(column, *HOLDS_KEY))
            others = [other for other in holders[fold(names[key])] if other != key]
            if others:
                reason = f"{len(others) + 1} workspaces would be called '{names[key]}'."
                self.problems.add(request.row, names[key], CellProblem(column, reason, "Choose another name."))


def workspaces_sheet(snapshot: Snapshot) -> pd.DataFrame:
    """Write the sheet of workspaces: one row per workspace that is there; unchanged, it asks for nothing."""
    live: list[Place] = WorkspaceIndex(snapshot.workspaces).live
    columns = {"workspace_id": [p.workspace_id for p in live], "workspace_name": [p.name for p in live]}
    return pd.DataFrame(
        {name: pd.Series(columns.get(name, [""] * len(live)), dtype=DTYPES["text"]) for name in WORKSPACE_COLUMNS}
    )


def workspace_choices(snapshot: Snapshot) -> dict[str, list[str]]:
    """List what can be chosen in the columns of the sheet."""
    return {"action": list(ACTIONS)}
