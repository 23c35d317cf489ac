"""The sheet of service keys: create, give another role, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pandas as pd

from lsnb.sheets.credential_index import CredentialIndex, Row, known, records_of
from lsnb.sheets.parse import role_book
from lsnb.sheets.problems import HOLDS_KEY, CellProblem, Problems, holds_key
from lsnb.sheets.requests import KeyRequest, Requests
from lsnb.sheets.roles import Role, RoleIndex
from lsnb.sheets.table import Layout, Line, read_table
from lsnb.sheets.text_normalize import fold, tidy
from lsnb.sheets.workspace_index import Place, WorkspaceIndex
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

KEY_COLUMNS: dict[str, str] = {
    "key_id": "The key, by its id. Leave it empty to go by short_key, and for a new key.",
    "short_key": "The key, by the part of it that may be shown.",
    "description": "What the key is for. A new key needs one that no other key has; of others it cannot be changed.",
    "role": "The role that the key has in its workspaces, such as Workspace Viewer. Empty leaves it as it is.",
    "org_role": "The organization role of a key for the whole organization, such as Organization User.",
    "workspaces": (
        "The workspaces of a new key, by name or id, with commas between them; `*` for the whole organization. It cannot "
        "be changed afterwards."
    ),
    "expires_at": (
        "When a new key ends, as 2027-01-31 (the start of that day, UTC) or with a time; `never` must be spelt out. It "
        "cannot be changed afterwards."
    ),
    "action": "Empty to set the roles, `create`, or `delete`, which stops whatever uses the key and cannot be undone.",
    "note": "Your own words, kept with the change and shown in the plan. They change nothing.",
}
LAYOUT = Layout(
    KEY_COLUMNS,
    required=("description|key_id|short_key",),
    aliases={
        "service key id": "key_id",
        "id": "key_id",
        "organization role": "org_role",
        "workspace": "workspaces",
        "workspace name": "workspaces",
        "expires": "expires_at",
        "notes": "note",
    },
    ignored=frozenset(
        {
            "scope",
            "default workspace",
            "created by",
            "created at",
            "last used at",
            "role id",
            "organization role id",
            "service key id",
        }
    ),
)
ACTIONS = ("create", "delete")
EVERYWHERE, NEVER = "*", "never"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CAPS = ("max_service_key_expiry_days", "max_api_key_expiry_days")
Named = tuple[str, str | None, str]


def parse_keys(
    frame: pd.DataFrame, snapshot: Snapshot, *, source: str = "sheet", renamed: Mapping[str, str] | None = None
) -> Requests:
    """Read what a sheet asks of service keys, and every cell that is not understood.

    Args:
        frame: the sheet.
        snapshot: the organization, with the workspaces and roles that the same plan creates.
        source: what to call the sheet in a sentence.
        renamed: by the id of a workspace, the name that the same plan gives it; it goes by both.

    Raises:
        UnreadableTableError: the keys, the roles or the workspaces could not be read.
    """
    problems = Problems(list(KEY_COLUMNS))
    table = read_table(frame, LAYOUT, problems)
    parser = _Parser(snapshot, problems, renamed or {})
    for line in table.lines:
        parser.take(line)
    return Requests("keys", tuple(parser.requests), problems.to_frame(), source, table.remarks)


class _Parser:
    def __init__(self, snapshot: Snapshot, problems: Problems, renamed: Mapping[str, str]) -> None:
        self.snapshot = snapshot
        self.problems = problems
        self.book = CredentialIndex(snapshot.service_keys, "service_key_id", "key", "key_id")
        self.roles = role_book(snapshot)
        self.places = WorkspaceIndex(snapshot.workspaces, renamed)
        self.requests: list[KeyRequest] = []
        self._seen: dict[str, KeyRequest] = {}

    def _bad(self, line: Line, column: str, reason: str, hint: str = "") -> None:
        self.problems.add(line.row, line.raw.get(column, ""), CellProblem(column, reason, hint))

    def take(self, line: Line) -> None:
        """Read one row."""
        action = fold(line["action"])
        if action == "create":
            self._create(line)
        elif action in ("", "set", "delete"):
            self._change(line, is_delete=action == "delete")
        else:
            hint = "Write 'create' or 'delete', or leave the cell empty to set the roles."
            self._bad(line, "action", "There is no such action.", hint)

    def _role(self, line: Line, column: str, scope: Literal["organization", "workspace"]) -> Named | CellProblem | None:
        if not line[column]:
            return None
        role = self.roles.find(line[column], scope)
        if isinstance(role, Role) and role.scope != scope:
            role = CellProblem(column, "This is a role of the organization.", "Write it in org_role.")
        if isinstance(role, CellProblem):
            hint = role.hint.replace("Empty the workspace cells, or write", "Write").replace(
                "Name the workspace, or write", "Write"
            )
            self._bad(line, column, role.reason.replace(", and the row names a workspace", ""), hint)
            return role
        return role.name, role.role_id, role.system_name

    def _create(self, line: Line) -> None:
        n_before = len(self.problems.to_frame())
        for column in ("key_id", "short_key"):
            if line[column]:
                self._bad(line, column, "A new key has none yet.", "Empty the cell, or the action.")
        if not line["description"]:
            self._bad(line, "description", "A new key needs a description.")
        elif holds_key(line["description"]):
            self._bad(line, "description", *HOLDS_KEY)
        for row in self.book.described(line["description"]) if line["description"] else ():
            reason = f"The key {known(row, 'short_key')} has this description already."
            self._bad(line, "description", reason, "Take the row away, or describe the new key differently.")
        places = self._new_places(line)
        expires_at = self._expiry(line)
        role = self._role(line, "role", "workspace")
        if role is None:
            hint = "Name the least that it needs: Workspace Viewer, or a custom role."
            self._bad(line, "role", "A new key needs a role; the service's own choice would be Workspace Admin.", hint)
        org_role = self._role(line, "org_role", "organization")
        if places == [] and org_role is None:
            hint = "Name the least that it needs: Organization Viewer or Organization User."
            self._bad(line, "org_role", "A key for the whole organization needs an organization role.", hint)
        if places and line["org_role"]:
            self._bad(line, "org_role", "A key of single workspaces has no organization role.", "Empty the cell.")
        if len(self.problems.to_frame()) > n_before:
            return
        self._add(
            line,
            f"new:{fold(line['description'])}",
            KeyRequest(
                line.row,
                "create",
                description=line["description"],
                role=role if isinstance(role, tuple) else None,
                org_role=org_role if isinstance(org_role, tuple) else None,
                workspaces=tuple(sorted((place.name, place.workspace_id) for place in places or ())),
                expires_at=expires_at or None,
                note=line["note"],
            ),
        )

    def _new_places(self, line: Line) -> list[Place] | None:
        """Give the workspaces of a new key; none for the whole organization, None where that is not understood."""
        text = line["workspaces"]
        if not text:
            self._bad(line, "workspaces", "A new key needs its workspaces.", "Name them, or write * for all of them.")
            return None
        if text == EVERYWHERE:
            return []
        found: dict[str, Place] = {}
        names = [text] if isinstance(self.places.find("", text), Place) else text.split(",")
        for name in names:
            place = self.places.find("", name)
            if isinstance(place, CellProblem):
                self._bad(line, "workspaces", f"'{tidy(name)}': {place.reason}", place.hint)
            elif place:
                found[place.workspace_id] = place
        return list(found.values()) or None

    def _expiry(self, line: Line) -> str | None:
        """Give when a new key ends; the empty text for never, None where that is not understood."""
        text = line["expires_at"]
        if not text:
            self._bad(line, "expires_at", "A new key needs an end.", "Write a day such as 2027-01-31, or 'never'.")
            return None
        cap = self._cap()
        if fold(text) == NEVER:
            if cap:
                reason = f"Keys may last {cap} days at most here."
                self._bad(line, "expires_at", reason, f"Write {self._latest(cap)} or earlier.")
            return ""
        try:
            moment = datetime.fromisoformat(text)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            hint = "Write a day such as 2027-01-31, or 'never'."
            self._bad(line, "expires_at", "This is neither a time nor 'never'.", hint)
            return None
        read_at = self.snapshot.meta.read_at.to_pydatetime()
        if moment <= read_at:
            self._bad(line, "expires_at", "This is past.", "Write a later day.")
        elif cap and moment > read_at + timedelta(days=cap):
            reason = f"Keys may last {cap} days at most here."
            self._bad(line, "expires_at", reason, f"Write {self._latest(cap)} or earlier.")
        return moment.isoformat()

    def _cap(self) -> int | None:
        caps = []
        if self.snapshot.is_readable("settings"):
            caps = [self.snapshot.setting(name, default=None) for name in _CAPS]
        return min((cap for cap in caps if isinstance(cap, int) and cap > 0), default=None)

    def _latest(self, cap: int) -> str:
        return str((self.snapshot.meta.read_at + pd.Timedelta(days=cap)).date())

    def _change(self, line: Line, *, is_delete: bool) -> None:
        row = self.book.find(line)
        if isinstance(row, CellProblem):
            hint = row.hint if line["action"] else f"{row.hint} To create it, write 'create' in action.".strip()
            self._bad(line, row.column, row.reason, hint)
            return
        key_id = known(row, "service_key_id")
        if is_delete:
            request = KeyRequest(line.row, "delete", key_id, known(row, "description"), note=line["note"])
            self._add(line, key_id, request)
            return
        self._check_fixed(line, row)
        role, org_role = self._role(line, "role", "workspace"), self._role(line, "org_role", "organization")
        if isinstance(role, CellProblem) or isinstance(org_role, CellProblem):
            return
        if org_role and known(row, "scope") == "workspace":
            self._bad(line, "org_role", "A key of single workspaces has no organization role.", "Empty the cell.")
            return
        role = None if role and role[1] == known(row, "role_id") else role
        org_role = None if org_role and org_role[1] == known(row, "organization_role_id") else org_role
        if role or org_role:
            described = known(row, "description")
            request = KeyRequest(line.row, "set", key_id, described, role, org_role, note=line["note"])
            self._add(line, key_id, request)

    def _check_fixed(self, line: Line, row: Row) -> None:
        """Report changes of what a key cannot change."""
        now = _cells(row, self.roles)
        for column in ("short_key", "description", "workspaces", "expires_at"):
            wanted, is_there = line[column], tidy(now[column])
            if wanted and fold(wanted) != fold(is_there) and not _is_same_moment(column, wanted, is_there):
                reason = f"The {column} of a key cannot be changed; it is '{is_there}'."
                self._bad(line, column, reason, "Create another key, and delete this one once nothing uses it.")

    def _add(self, line: Line, key: str, request: KeyRequest) -> None:
        first = self._seen.setdefault(key, request)
        if first is request:
            self.requests.append(request)
        elif (first.action, first.role, first.org_role) != (request.action, request.role, request.org_role) or (
            request.action == "create"
        ):
            reason = f"Row {first.row} is about the same key."
            column = "description" if request.action == "create" else "action"
            self._bad(line, column, reason, "Keep one of the rows.")


def _is_same_moment(column: str, one: str, other: str) -> bool:
    """Tell whether two texts are of one time, as a spreadsheet may write it differently."""
    if column != "expires_at" or NEVER in (fold(one), fold(other)):
        return False
    times = pd.to_datetime(pd.Series([one, other], dtype=object), utc=True, errors="coerce", format="ISO8601")
    is_day = bool(_DAY.fullmatch(one))
    return bool(times.notna().all()) and (times[0] == times[1] or (is_day and times[0].date() == times[1].date()))


def _cells(row: Row, roles: RoleIndex) -> dict[str, str]:
    """Write a key as the sheet shows it."""

    def label(name: str) -> str:
        role = roles.by_id(known(row, name))
        return roles.label(role) if role else ""

    expires: Any = row.get("expires_at")
    is_wide = known(row, "scope") == "organization" or not (known(row, "scope") or known(row, "workspaces"))
    return {
        "key_id": known(row, "service_key_id"),
        "short_key": known(row, "short_key"),
        "description": known(row, "description"),
        "role": label("role_id"),
        "org_role": label("organization_role_id"),
        "workspaces": EVERYWHERE if is_wide else known(row, "workspaces"),
        "expires_at": NEVER if expires is None or pd.isna(expires) else pd.Timestamp(expires).isoformat(),
    }


def keys_sheet(snapshot: Snapshot) -> pd.DataFrame:
    """Write the sheet of service keys: one row per key; unchanged, it asks for nothing."""
    roles = role_book(snapshot)
    rows = [_cells(row, roles) for row in records_of(snapshot.service_keys)]
    return pd.DataFrame(
        {name: pd.Series([row.get(name, "") for row in rows], dtype=DTYPES["text"]) for name in KEY_COLUMNS}
    )


def key_choices(snapshot: Snapshot) -> dict[str, list[str]]:
    """List what can be chosen in the columns of the sheet; the weakest roles first."""
    roles = role_book(snapshot)
    strong = (builtin_roles.WORKSPACE_ADMIN, builtin_roles.ORGANIZATION_ADMIN)

    def weakest_first(scope: Literal["organization", "workspace"]) -> list[str]:
        labels = roles.labels(scope)
        named = {roles.label(role) for role in roles.roles if role.system_name in strong}
        return [label for label in labels if label not in named] + [label for label in labels if label in named]

    return {
        "role": weakest_first("workspace"),
        "org_role": weakest_first("organization"),
        "workspaces": [EVERYWHERE, *WorkspaceIndex(snapshot.workspaces).unique_names()],
        "expires_at": [NEVER],
        "action": list(ACTIONS),
    }
