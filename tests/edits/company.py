"""A small company made by hand, with a corner for everything that a sheet can get wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lsnb.snapshot import Caller, Snapshot, SnapshotMeta
from lsnb.tables.access import build_access
from lsnb.tables.completeness import Reading, build_completeness
from lsnb.tables.people import People, build_invites, build_members
from lsnb.tables.settings import build_settings
from lsnb.tables.structure import build_permissions, build_roles, build_workspaces

SYSTEM = {
    "ORGANIZATION_ADMIN": ("Organization Admin", "organization"),
    "ORGANIZATION_OPERATOR": ("Organization Operator", "organization"),
    "ORGANIZATION_USER": ("Organization User", "organization"),
    "ORGANIZATION_VIEWER": ("Organization Viewer", "organization"),
    "WORKSPACE_ADMIN": ("Admin", "workspace"),
    "WORKSPACE_USER": ("Editor", "workspace"),
    "WORKSPACE_VIEWER": ("Viewer", "workspace"),
}
ROLE_IDS = {name: f"00000000-0000-4000-8000-00000000000{i}" for i, name in enumerate(SYSTEM)}
ANNOTATOR = "c0000000-0000-4000-8000-000000000001"
TWINS = ("c0000000-0000-4000-8000-000000000002", "c0000000-0000-4000-8000-000000000003")
PRODUCTION = "a0000000-0000-4000-8000-000000000001"
STAGING = "a0000000-0000-4000-8000-000000000002"
LABS = ("a0000000-0000-4000-8000-000000000003", "a0000000-0000-4000-8000-000000000004")
OLD = "a0000000-0000-4000-8000-000000000005"
WORKSPACES = ((PRODUCTION, "Production"), (STAGING, "Staging (EU)"), (LABS[0], "Lab"), (LABS[1], "Lab"), (OLD, "Old"))
CUSTOM_ROLES = ((ANNOTATOR, "Annotator"), (TWINS[0], "Reviewer"), (TWINS[1], "Reviewer"))

#: Address, organization role, workspace roles by workspace id, and whether they have not joined yet.
PEOPLE: tuple[tuple[str, str, Mapping[str, str], bool], ...] = (
    ("ada@example.com", "ORGANIZATION_ADMIN", {}, False),
    ("bob@example.com", "ORGANIZATION_ADMIN", {PRODUCTION: "WORKSPACE_VIEWER"}, False),
    ("carla@example.com", "ORGANIZATION_OPERATOR", {PRODUCTION: "WORKSPACE_ADMIN"}, False),
    ("dana@example.com", "ORGANIZATION_USER", {PRODUCTION: "WORKSPACE_USER", STAGING: ANNOTATOR}, False),
    ("erik@example.com", "ORGANIZATION_VIEWER", {LABS[0]: TWINS[0], LABS[1]: TWINS[1]}, False),
    ("fay@example.com", "ORGANIZATION_USER", {PRODUCTION: "WORKSPACE_VIEWER", LABS[0]: "WORKSPACE_VIEWER"}, True),
    ("root@localhost", "ORGANIZATION_USER", {STAGING: "WORKSPACE_ADMIN"}, False),
)


def role_records(custom: Sequence[tuple[str, str]] = CUSTOM_ROLES) -> list[dict[str, Any]]:
    """Give the roles as the service lists them."""
    built_in = [
        {"id": ROLE_IDS[name], "name": name, "display_name": shown, "access_scope": scope, "permissions": []}
        for name, (shown, scope) in SYSTEM.items()
    ]
    own = [
        {"id": id_, "name": "CUSTOM", "display_name": shown, "access_scope": "workspace", "permissions": ["runs:read"]}
        for id_, shown in custom
    ]
    return built_in + own


def person(number: int, email: str, role: str, places: Mapping[str, str], is_pending: bool) -> dict[str, Any]:
    """Give one person as the service lists them."""
    names = dict(WORKSPACES)
    return {
        "id": f"e0000000-0000-4000-8000-{number:012d}",
        "email": email,
        "full_name": email.partition("@")[0].title(),
        "created_at": "2026-01-05T10:00:00Z",
        "is_pending": is_pending,
        "is_disabled": False,
        "ls_user_id": None if is_pending else f"f0000000-0000-4000-8000-{number:012d}",
        "role_id": ROLE_IDS[role],
        "role_name": role,
        "workspace_memberships": [
            {"workspace_id": id_, "workspace_name": names.get(id_, id_), "role_id": ROLE_IDS.get(r, r), "role_name": r}
            for id_, r in places.items()
        ],
    }


def make_snapshot(
    *,
    people: Sequence[tuple[str, str, Mapping[str, str], bool]] = PEOPLE,
    custom_roles: Sequence[tuple[str, str]] = CUSTOM_ROLES,
    has_rbac: bool = True,
) -> Snapshot:
    """Build the snapshot of the company."""
    roles = build_roles(role_records(custom_roles))
    workspaces = build_workspaces(
        [{"id": id_, "display_name": name, "is_deleted": id_ == OLD, "is_personal": False} for id_, name in WORKSPACES]
    )
    everybody = People([person(number, *row) for number, row in enumerate(people)], roles)
    tables = {
        "members": build_members(everybody),
        "invites": build_invites(everybody),
        "access": build_access(everybody, workspaces, has_rbac=has_rbac),
        "workspaces": workspaces,
        "roles": roles,
        "permissions": build_permissions(role_records(custom_roles)),
        "settings": build_settings({"display_name": "Acme", "config": {"can_use_rbac": has_rbac}}),
    }
    readings = [Reading(name, "test", "complete", None, len(frame)) for name, frame in tables.items()]
    caller = Caller(kind="pat", identity="user:ada", email="ada@example.com", name="Ada", role="Organization Admin")
    meta = SnapshotMeta("org-1", "Acme", "api.example.com", pd.Timestamp("2026-11-24", tz="UTC"), caller, "test")
    return Snapshot(meta, {**tables, "completeness": build_completeness(readings)})


def sheet(*rows: Sequence[str], columns: str = "email langsmith_role workspace_name action") -> pd.DataFrame:
    """Write a sheet by hand; a row may be shorter than the columns."""
    names = columns.split()
    return pd.DataFrame([[*row, *[""] * (len(names) - len(row))] for row in rows], columns=names, dtype="str")
