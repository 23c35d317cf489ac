"""What is there now, as the values that changes carry: of a workspace, a role, a key, a token."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

Row = dict[str, Any]


def row_of(table: pd.DataFrame, column: str, id_: str) -> Row | None:
    """Give the row with an id; what is unknown in it is None."""
    found = table[(table[column] == id_).fillna(False).astype(bool)]
    if found.empty:
        return None
    values = found.iloc[0].astype(object)
    return {str(name): None if pd.isna(value) else value for name, value in values.items()}


def role_values(snapshot: Snapshot, role_id: str) -> dict[str, Any]:
    """Give a role with its description and all its permissions, sorted."""
    row = row_of(snapshot.roles, "role_id", role_id) or {}
    grants = snapshot.permissions
    held = grants.loc[(grants["role_id"] == role_id).fillna(False).astype(bool), "permission"]
    return {
        "role": row.get("role"),
        "description": row.get("description") or "",
        "permissions": sorted(held.astype(object)),
    }


def role_names(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Give the name and the system name of every role, by its id."""
    roles = snapshot.roles
    columns = (roles[name].astype(object) for name in ("role_id", "role", "role_name"))
    return {str(id_): (str(role), str(name)) for id_, role, name in zip(*columns, strict=True)}


def key_values(snapshot: Snapshot, row: Row) -> dict[str, Any]:
    """Give a service key with its roles; what the server does not tell is None."""
    names = role_names(snapshot)
    role_id, org_role_id = row.get("role_id"), row.get("organization_role_id")
    role, role_name = names.get(str(role_id), (row.get("role"), None))
    org_role, org_role_name = names.get(str(org_role_id), (row.get("organization_role"), None))
    return {
        "description": row.get("description"),
        "short_key": row.get("short_key"),
        "role": role,
        "role_id": role_id,
        "role_name": role_name,
        "org_role": org_role,
        "org_role_id": org_role_id,
        "org_role_name": org_role_name,
    }


def token_values(row: Row) -> dict[str, Any]:
    """Give a personal access token with its state, which is None where the server does not tell it."""
    revoked = row.get("is_revoked")
    return {
        "description": row.get("description"),
        "short_key": row.get("short_key"),
        "state": None if revoked is None else "revoked" if revoked else "active",
    }


def n_members(snapshot: Snapshot, workspace_id: str) -> int:
    """Count the people with a role of their own in a workspace, those who are invited too."""
    access = snapshot.access
    here = access[(access["workspace_id"] == workspace_id).fillna(False).astype(bool)]
    return int(here.loc[here["source"] != "org-admin", "identity_id"].nunique())


def holders_of_role(snapshot: Snapshot, role_id: str) -> list[str]:
    """List who holds a role by a row of their own, invited people too: addresses, or ids where there is none."""
    access = snapshot.access
    rows = access[(access["role_id"] == role_id).fillna(False).astype(bool) & (access["source"] != "org-admin")]
    if not len(rows):
        return []
    names = rows["email"].where((rows["email"] != "").fillna(False).astype(bool), rows["identity_id"])
    return sorted(set(names.dropna().astype(object)))


def keys_with_role(snapshot: Snapshot, role_id: str) -> list[str]:
    """List the ids of the service keys that act with a role, as far as the server tells."""
    if not snapshot.is_readable("service_keys"):
        return []
    keys = snapshot.service_keys
    acts = (keys["role_id"] == role_id).fillna(False) | (keys["organization_role_id"] == role_id).fillna(False)
    return sorted(keys.loc[acts.astype(bool), "service_key_id"].astype(object))


def is_custom(row: Row) -> bool:
    """Tell whether a row of `roles` is a role that can be edited."""
    return row.get("role_name") == builtin_roles.CUSTOM
