"""Which workspaces, roles, keys, tokens and settings there would be once the changes of a plan are carried out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lsnb import catalogue
from lsnb.plan.model import Change
from lsnb.plan.structure import THINGS
from lsnb.snapshot import Snapshot
from lsnb.tables import SPECS
from lsnb.tables.spec import build_frame, to_time

Values = Mapping[str, Any]
Rows = list[dict[str, Any]]

#: Which tables a kind of change shows in, those about people apart.
TABLES_OF: dict[str, tuple[str, ...]] = {
    "CreateWorkspace": ("workspaces",),
    "RenameWorkspace": ("workspaces", "shared_links", "service_keys"),
    "DeleteWorkspace": ("workspaces", "shared_links", "service_keys"),
    "CreateRole": ("roles", "permissions"),
    "UpdateRole": ("roles", "permissions"),
    "DeleteRole": ("roles", "permissions"),
    "CreateServiceKey": ("service_keys",),
    "SetServiceKeyRole": ("service_keys",),
    "DeleteServiceKey": ("service_keys",),
    "RevokeAccessToken": ("access_tokens",),
    "ReinstateAccessToken": ("access_tokens",),
    "UpdateSettings": ("settings",),
    "UnshareAll": ("shared_links",),
}

_MOVING = frozenset({"RenameWorkspace", "DeleteWorkspace"})


def simulate_structure(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Give the organization as it would be, as far as workspaces, roles, keys, tokens and settings go.

    What a plan would create has its reference for an id, and the time of the reading where a time is needed. A table
    that was not read stays unread; nothing is made up about the rest of its rows.

    Args:
        snapshot: the organization as it was read.
        changes: the changes, in any order; those of people's membership are left aside.
    """
    made = [change for change in changes if change.kind in THINGS]
    touched = {name for change in made for name in TABLES_OF[change.kind] if snapshot.is_readable(name)}
    if not touched:
        return snapshot
    tables = {name: snapshot.table(name) for name in snapshot.table_names}
    for name in touched:
        rows = _rows_of(tables[name])
        for change in made:
            if name in TABLES_OF[change.kind]:
                rows = _changed(name, rows, change, snapshot)
        if name == "service_keys":
            rows = _in_places(rows, made)
        spec = SPECS[name]
        tables[name] = build_frame(spec, {column: [row.get(column) for row in rows] for column in spec.column_names})
    return Snapshot(snapshot.meta, tables)


def _rows_of(table: pd.DataFrame) -> Rows:
    names = list(table.columns)
    plain = table.astype(object).where(table.notna(), None)
    return [dict(zip(names, values, strict=True)) for values in plain.to_numpy().tolist()]


def _changed(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    make = {
        "workspaces": _workspaces,
        "roles": _roles,
        "permissions": _permissions,
        "service_keys": _keys,
        "access_tokens": _tokens,
        "settings": _settings,
        "shared_links": _links,
    }[table]
    return make(rows, change, snapshot)


def _workspaces(rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    id_, after = change.ids["workspace_id"], change.after or {}
    if change.kind == "CreateWorkspace":
        new = {
            "workspace": after["workspace"],
            "is_personal": False,
            "is_deleted": False,
            "created_at": snapshot.meta.read_at,
            "workspace_id": id_,
            "organization_id": snapshot.meta.organization_id,
        }
        return [*rows, new]
    if change.kind == "DeleteWorkspace":
        return [row for row in rows if row["workspace_id"] != id_]
    return [{**row, "workspace": after["workspace"]} if row["workspace_id"] == id_ else row for row in rows]


def _roles(rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    id_, after = change.ids["role_id"], change.after or {}
    if change.kind == "DeleteRole":
        return [row for row in rows if row["role_id"] != id_]
    values = {
        "role": after["role"],
        "description": after.get("description") or None,
        "n_permissions": len(after.get("permissions") or ()),
    }
    if change.kind == "UpdateRole":
        return [{**row, **values} if row["role_id"] == id_ else row for row in rows]
    return [
        *rows,
        {**values, "scope": "workspace", "role_name": catalogue.CUSTOM, "is_system": False, "role_id": id_},
    ]


def _permissions(rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    id_, after = change.ids["role_id"], change.after
    others = [row for row in rows if row["role_id"] != id_]
    if after is None:
        return others
    new = {
        "role": after["role"],
        "scope": "workspace",
        "known_from": "service",
        "role_name": catalogue.CUSTOM,
        "role_id": id_,
    }
    return [*others, *({**new, "permission": name} for name in after.get("permissions") or ())]


def _in_places(rows: Rows, changes: Iterable[Change]) -> Rows:
    """Follow the workspaces of keys, of which the service gives the names only; a key of none but deleted ones ends."""
    names: dict[str, str | None] = {
        str((change.before or {}).get("workspace")): (change.after or {}).get("workspace")
        for change in changes
        if change.kind in _MOVING
    }
    found = []
    for row in rows:
        held = str(row["workspaces"] or "").split(", ")
        left = [name for name in (names.get(name, name) for name in held) if name is not None]
        if left:
            found.append({**row, "workspaces": ", ".join(left)} if left != held else row)
    return found


def _keys(rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    if change.kind in _MOVING:
        return rows  # they go by name, so all that changes names is looked at together
    id_, after = change.ids["key_id"], change.after
    if after is None:
        return [row for row in rows if row["service_key_id"] != id_]
    roles = {
        "role": after.get("role"),
        "role_id": after.get("role_id"),
        "organization_role": after.get("org_role"),
        "organization_role_id": after.get("org_role_id"),
    }
    if change.kind == "SetServiceKeyRole":
        return [{**row, **roles} if row["service_key_id"] == id_ else row for row in rows]
    places = [str(place.get("workspace")) for place in after.get("workspaces") or ()]
    new = {
        **roles,
        "description": after.get("description"),
        "scope": "workspace" if places else "organization",
        "workspaces": ", ".join(places) or None,
        "created_by": snapshot.meta.caller.email,
        "created_at": snapshot.meta.read_at,
        "expires_at": to_time([after.get("expires_at")])[0].as_py(),
        "service_key_id": id_,
    }
    return [*rows, new]


def _tokens(rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    is_revoked = change.kind == "RevokeAccessToken"
    id_ = change.ids["token_id"]
    return [{**row, "is_revoked": is_revoked} if row["access_token_id"] == id_ else row for row in rows]


def _settings(rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    name = change.ids["setting"]
    value = json.dumps((change.after or {}).get(name), ensure_ascii=False, sort_keys=True)
    return [{**row, "value": value} if row["setting"] == name and row["area"] != "plan" else row for row in rows]


def _links(rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    id_ = change.ids["workspace_id"]
    if change.kind in ("UnshareAll", "DeleteWorkspace"):
        return [row for row in rows if row.get("workspace_id") != id_]
    name = (change.after or {}).get("workspace")
    return [{**row, "workspace": name} if row.get("workspace_id") == id_ else row for row in rows]
