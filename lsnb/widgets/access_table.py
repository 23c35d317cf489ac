"""The access sheet as a table for people: names and states beside the roles, workspaces by their names, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from lsnb.report.words import clean
from lsnb.sheets import SHEET_COLUMNS, sheet_choices, sheet_from_access
from lsnb.sheets.parse import role_book
from lsnb.sheets.problems import CellProblem
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

#: What stands in the place of a workspace for roles of the organization.
ORGANIZATION = "(organization)"

#: What tells a row of the table: the address and the place.
Key = tuple[str, str]
#: An edit of a row, as it is remembered: "set", "remove" or "add", the row's key (None for "add"), and cells by column.
Edit = tuple[str, Key | None, dict[str, str]]


class AccessTable:
    """Who has which role where, one row per address and place: email, name, workspace, role, state, note.

    Args:
        snapshot: the organization.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._book = role_book(snapshot)
        choices = sheet_choices(snapshot)
        workspaces = snapshot.workspaces
        unique = set(choices["workspace_name"])
        pairs = zip(workspaces["workspace_id"].tolist(), workspaces["workspace"].tolist(), strict=True)
        # A name that two workspaces share tells neither of them.
        self._label_of = {str(id_): str(name if name in unique else id_) for id_, name in pairs}
        self._id_of = {label: id_ for id_, label in self._label_of.items()}
        self._folded = {text.casefold(): label for id_, label in self._label_of.items() for text in (id_, label)}
        self.frame = self._to_frame(snapshot)
        #: The role of each row.
        self.roles: dict[Key, str] = dict(
            zip(zip(self.frame["email"], self.frame["workspace"], strict=True), self.frame["role"], strict=True)
        )
        #: The roles that can be chosen; an empty one only where rows have it, since it leaves a role alone.
        self.role_choices = choices["langsmith_role"] + ([""] if "" in set(self.frame["role"]) else [])
        self.places = [ORGANIZATION, *self._id_of]

    def place(self, workspace: str | None) -> str:
        """Find a workspace by its name or id, in any case; what is unknown stays, to be marked as a problem."""
        if not workspace:
            return ORGANIZATION
        return self._folded.get(workspace.strip().casefold(), workspace)

    def key(self, email: str, workspace: str | None) -> Key:
        """Give what tells the row of a person in a place."""
        return clean(email).lower(), self.place(workspace)

    def role(self, role: str, workspace: str | None) -> str:
        """Write a role as the sheet has it: "Viewer" in a workspace is "Workspace Viewer"; an unknown one stays."""
        found = self._book.find(role, "workspace" if workspace else "organization")
        return role if isinstance(found, CellProblem) else self._book.label(found)

    def sheet(self, edits: Iterable[tuple[Key, str, str, str]]) -> pd.DataFrame:
        """Write rows of (key, role, action, note) as an access sheet, numbered from 2 on as a spreadsheet has them."""
        rows = [self._sheet_row(*edit) for edit in edits]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(SHEET_COLUMNS)
        sheet = pd.DataFrame(
            {
                name: pd.Series(list(values), dtype=DTYPES["text"])
                for name, values in zip(SHEET_COLUMNS, columns, strict=True)
            }
        )
        return sheet.set_index(pd.RangeIndex(2, 2 + len(sheet), name="row"))

    def edits_of(self, rows: pd.DataFrame) -> list[Edit]:
        """Turn understood rows of a sheet (`Edits.rows`) into edits of this table; what is so already is none."""
        edits: list[Edit] = []
        names = ("email", "workspace_id", "role_id", "action", "note")
        labels: dict[str, str] = {}
        for email, workspace_id, role_id, action, note in zip(*(rows[name] for name in names), strict=True):
            key = (str(email), self._label_of.get(plain(workspace_id), plain(workspace_id)) or ORGANIZATION)
            if action == "remove":
                edits += [("remove", key, {})] if key in self.roles else []
                continue
            id_ = plain(role_id)
            if id_ not in labels:
                role = self._book.by_id(id_)
                labels[id_] = self._book.label(role) if role is not None else ""
            cells = {"role": labels[id_], "note": plain(note)}
            cells = {name: text for name, text in cells.items() if text}
            if key not in self.roles:
                if cells.get("role"):
                    edits.append(("add", None, {"email": key[0], "workspace": key[1], **cells}))
                continue
            if cells.get("role") == self.roles[key]:
                del cells["role"]
            edits += [("set", key, cells)] if cells else []
        return edits

    def idle_rows(self, rows: pd.DataFrame) -> list[str]:
        """Say which understood rows of a sheet ask for what is so already by nobody being there."""
        said = []
        names = ("row", "email", "workspace_id", "role_id", "action")
        for row, email, workspace_id, role_id, action in zip(*(rows[name] for name in names), strict=True):
            place = self._label_of.get(plain(workspace_id), plain(workspace_id)) or ORGANIZATION
            if (str(email), place) in self.roles:
                continue
            where = "the organization" if place == ORGANIZATION else place
            if action == "remove":
                said.append(f"row {row}: {email} is not in {where}; there is nothing to remove.")
            elif not plain(role_id):
                said.append(f"row {row}: {email} is not in {where}, and the row names no role; nothing is done.")
        return said

    def _sheet_row(self, key: Key, role: str, action: str, note: str) -> tuple[str, ...]:
        email, place = key
        if place in ("", ORGANIZATION):
            return email, role, "", "", action, note
        id_ = self._id_of.get(place)
        return (email, role, id_, "", action, note) if id_ else (email, role, "", place, action, note)

    def _to_frame(self, snapshot: Snapshot) -> pd.DataFrame:
        sheet = sheet_from_access(snapshot)
        members = snapshot.members.drop_duplicates("email")
        names: dict[Any, Any] = dict(zip(members["email"], members["name"], strict=True))
        states = {
            email: "disabled" if is_disabled else "active"
            for email, is_disabled in zip(members["email"], members["is_disabled"].fillna(False), strict=True)
        }
        places = {"": ORGANIZATION, **self._label_of}
        text = DTYPES["text"]
        return pd.DataFrame(
            {
                "email": sheet["email"],
                "name": sheet["email"].map(names).astype(text),
                "workspace": sheet["workspace_id"].map(lambda id_: places.get(id_, id_)).astype(text),
                "role": sheet["langsmith_role"],
                "state": sheet["email"].map(states).astype(text).fillna("pending"),
                "note": sheet["note"],
            }
        ).reset_index(drop=True)


def plain(value: object) -> str:
    """Give the text of a cell; nothing for an empty one."""
    return "" if value is None or value is pd.NA or value != value else str(value)
