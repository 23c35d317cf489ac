"""A tiny organization, kept as plain records: the snapshot that a plan is made from, and a pure model to apply it to."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import cache
from typing import Any

import pandas as pd

from lsnb.plan import Change, Plan, make_plan
from lsnb.sheets.model import EDIT_COLUMNS, PROBLEM_COLUMNS, Edits
from lsnb.snapshot import Caller, Snapshot, SnapshotMeta
from lsnb.tables.access import build_access
from lsnb.tables.completeness import Reading, Status, build_completeness
from lsnb.tables.people import People, build_invites, build_members
from lsnb.tables.settings import build_settings
from lsnb.tables.structure import build_roles, build_workspaces

ROLES = {
    "Organization Admin": ("ORGANIZATION_ADMIN", "organization"),
    "Organization Operator": ("ORGANIZATION_OPERATOR", "organization"),
    "Organization User": ("ORGANIZATION_USER", "organization"),
    "Organization Viewer": ("ORGANIZATION_VIEWER", "organization"),
    "Admin": ("WORKSPACE_ADMIN", "workspace"),
    "Editor": ("WORKSPACE_USER", "workspace"),
    "Viewer": ("WORKSPACE_VIEWER", "workspace"),
    "Annotator": ("CUSTOM", "workspace"),
}
CREATED_AT = "2026-11-02T09:00:00Z"
READ_AT = pd.Timestamp("2026-11-02T08:59:00Z")


def role_id(role: str) -> str:
    """Give the id of a role."""
    return f"role-{role.lower().replace(' ', '-')}"


def workspace_id(workspace: str) -> str:
    """Give the id of a workspace."""
    return f"ws-{workspace.lower()}"


def address(name: str) -> str:
    """Complete a bare name to an address of the company."""
    return name if "@" in name else f"{name}@example.com"


@cache
def role_table() -> pd.DataFrame:
    """Build the table of roles once; it is the same for every organization here."""
    return build_roles(
        [
            {"id": role_id(role), "name": name, "display_name": role, "access_scope": scope, "permissions": []}
            for role, (name, scope) in ROLES.items()
        ]
    )


class Company:
    """An organization as plain records.

    Args:
        workspaces: the names of the workspaces.
        has_rbac: whether its plan has roles.
    """

    def __init__(
        self,
        workspaces: Iterable[str] = ("Production", "Staging", "Research"),
        *,
        has_rbac: bool = True,
        caller: Caller | None = None,
    ) -> None:
        self.workspaces = list(workspaces)
        self.people: list[dict[str, Any]] = []
        self.info: dict[str, Any] = {"invites_enabled": True, "config": {"can_use_rbac": has_rbac}}
        self.has_rbac = has_rbac
        self.caller = caller or Caller(kind="service", identity="key-1", name="night job")
        self.status: Status = "complete"
        self._n_invitations = 0

    def add(
        self,
        name: str,
        role: str = "Organization User",
        places: dict[str, str] | None = None,
        *,
        state: str = "active",
        **more: Any,
    ) -> Company:
        """Add a person who has joined, is invited ("pending") or is disabled."""
        email = address(name)
        is_pending = state == "pending"
        record = {
            "id": f"invitation-{email}" if is_pending else f"identity-{email}",
            "email": email,
            "display_name": None if is_pending else name,
            "is_pending": is_pending,
            "is_disabled": state == "disabled",
            "ls_user_id": None if is_pending else f"user-{email}",
            "role_id": role_id(role),
            "role_name": ROLES[role][0],
            "workspace_memberships": [self._membership(w, r) for w, r in (places or {}).items()],
            **more,
        }
        self.people.append(record)
        return self

    def _membership(self, workspace: str, role: str) -> dict[str, Any]:
        return {
            "workspace_id": workspace_id(workspace),
            "workspace_name": workspace,
            "role_id": role_id(role),
            "role_name": ROLES[role][0],
        }

    def snapshot(self) -> Snapshot:
        """Read the organization."""
        roles = role_table()
        workspaces = build_workspaces([{"id": workspace_id(w), "display_name": w} for w in self.workspaces])
        people = People(self.people, roles)
        endpoint = "GET /v1/platform/orgs/current/members"
        readings = [
            Reading(
                table, endpoint, self.status, read_at=READ_AT, reason=None if self.status == "complete" else "cut short"
            )
            for table in ("access", "members", "invites")
        ]
        readings += [Reading(t, "GET", "complete", read_at=READ_AT) for t in ("roles", "workspaces", "settings")]
        meta = SnapshotMeta("org-1", "Acme", "api.example.com", READ_AT, self.caller, "0")
        tables = {
            "members": build_members(people),
            "invites": build_invites(people),
            "access": build_access(people, workspaces, has_rbac=self.has_rbac),
            "workspaces": workspaces,
            "roles": roles,
            "settings": build_settings(self.info),
            "completeness": build_completeness(readings),
        }
        return Snapshot(meta, tables)

    def apply(self, plan: Plan, *, only: Iterable[str] | None = None) -> Company:
        """Give the organization as it is once the plan was carried out, by rules of its own."""
        after = copy.deepcopy(self)
        for change in plan.changes:
            if only is None or change.id in only:
                after._apply(change)
        return after

    def _find(self, identity: str) -> dict[str, Any]:
        return next(record for record in self.people if record["id"] == identity)

    def _apply(self, change: Any) -> None:
        ids, after = change.ids, change.after
        if change.kind in ("InviteMember", "ReplaceInvite"):
            if change.kind == "ReplaceInvite":
                self.people.remove(self._find(ids["identity_id"]))
            assert change.email not in {record["email"] for record in self.people}
            self._n_invitations += 1
            role = next(r for r in ROLES if role_id(r) == ids["role_id"])
            shared = next((r for r in ROLES if role_id(r) == ids.get("workspace_role_id")), "Admin")
            self.add(
                change.email,
                role,
                {place["workspace"]: shared for place in after["workspaces"]},
                state="pending",
                id=f"invitation-{self._n_invitations}-{change.email}",
            )
            return
        record = self._find(ids["identity_id"])
        assert record["email"] == change.email
        assert record["is_pending"] is (ids.get("pending") == "true")
        places = record["workspace_memberships"]
        here = [place for place in places if place["workspace_id"] == ids.get("workspace_id")]
        if change.kind in ("CancelInvite", "RemoveMember"):
            self.people.remove(record)
        elif change.kind == "SetOrgRole":
            assert record["role_id"] == change.before["role_id"]
            record |= {"role_id": ids["role_id"], "role_name": after["role_name"]}
        elif change.kind == "AddWorkspaceMember":
            assert here == []
            assert not record["is_pending"]
            role = next(r for r in ROLES if role_id(r) == ids.get("role_id", role_id("Admin")))
            places.append(self._membership(change.workspace, role))
        elif change.kind == "SetWorkspaceRole":
            assert here[0]["role_id"] == change.before["role_id"]
            here[0].update({"role_id": ids["role_id"], "role_name": after["role_name"]})
        elif change.kind == "RemoveWorkspaceMember":
            places.remove(here[0])
        else:
            raise AssertionError(change.kind)

    def accept(self, name: str) -> Company:
        """Let somebody accept the invitation."""
        after = copy.deepcopy(self)
        record = next(r for r in after.people if r["email"] == address(name))
        email = record["email"]
        record |= {"id": f"identity-{email}", "is_pending": False, "ls_user_id": f"user-{email}"}
        return after

    def grants(self) -> dict[tuple[str, str], str]:
        """List who holds which role where, the organization under the empty name."""
        held = {(person["email"], ""): person["role_id"] for person in self.people}
        for person in self.people:
            for place in person["workspace_memberships"]:
                held[person["email"], place["workspace_name"]] = place["role_id"]
        return held


def sheet(*rows: tuple[str, ...], source: str = "changes.csv") -> Edits:
    """Make a sheet of rows (person, workspace or "", role or "", action or "", note or ""); the first is row 2."""
    values = []
    for number, cells in enumerate(rows, start=2):
        name, place, role, action, note = (*cells, "", "", "")[:5]
        values.append(
            {
                "row": number,
                "email": address(name),
                "scope": "workspace" if place else "organization",
                "workspace": place or None,
                "workspace_id": workspace_id(place) if place else None,
                "role": role or None,
                "role_id": role_id(role) if role else None,
                "role_name": ROLES[role][0] if role else None,
                "action": action or "set",
                "note": note or None,
            }
        )
    frame = pd.DataFrame(values, columns=list(EDIT_COLUMNS))
    return Edits(frame, pd.DataFrame(columns=list(PROBLEM_COLUMNS)), source)


def plan_of(company: Company, edits: Edits, **options: Any) -> Plan:
    """Make a plan for the organization."""
    return make_plan(company.snapshot(), edits, created_at=CREATED_AT, **options)


def was(change: Change) -> dict[str, Any]:
    """Give what is there before a change."""
    assert change.before is not None
    return dict(change.before)


def becomes(change: Change) -> dict[str, Any]:
    """Give what is there after a change."""
    assert change.after is not None
    return dict(change.after)


def summary(plan: Plan) -> list[tuple[str, ...]]:
    """Give the changes as (kind, person, workspace or "", role afterwards or "")."""
    return [
        (c.kind, (c.email or "").removesuffix("@example.com"), c.workspace or "", (c.after or {}).get("role") or "")
        for c in plan.changes
    ]


def rules_of(verdicts: Iterable[Any]) -> list[str]:
    """Give the names of the rules that spoke."""
    return [verdict.rule for verdict in verdicts]
