"""The tables `workspaces`, `roles`, `permissions` and `permission_catalogue`: what access is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from lsnb.tables import builtin_roles
from lsnb.tables.spec import TableSpec, build_frame, count, flag, note_unread, text, time, to_arrow_records

WORKSPACES = TableSpec(
    name="workspaces",
    row="one workspace that the key may see",
    columns=(
        text("workspace", "the workspace's display name", required=True),
        text("my_role", "the caller's own workspace role there"),
        flag("is_personal", "whether it is a personal workspace"),
        flag("is_deleted", "whether it has been deleted and is only listed on request"),
        text("handle", "the short name that public prompts are published under"),
        time("created_at", "when it was created"),
        text("data_plane_url", "the address of its data plane, where it has one of its own"),
        text("workspace_id", "the workspace's id", required=True),
        text("organization_id", "the organization's id"),
    ),
    key=("workspace_id",),
    sort=("workspace", "workspace_id"),
    endpoints=("GET /api/v1/workspaces",),
)

ROLES = TableSpec(
    name="roles",
    row="one role, of the organization or of workspaces, built in or custom",
    columns=(
        text("role", "the name that people see", required=True),
        text("scope", "`organization` or `workspace`", required=True),
        text("role_name", "the system name; every custom role has `CUSTOM`", required=True),
        flag("is_system", "whether it is built in, and so cannot be edited", required=True),
        flag("is_restricted", "whether only admins may assign it; unknown on servers without restriction"),
        count("n_permissions", "how many permissions it grants; unknown where the service does not say"),
        text("description", "what its author wrote about it"),
        text("role_id", "the role's id", required=True),
    ),
    key=("role_id",),
    sort=("scope", "is_system", "role", "role_id"),
    endpoints=("GET /api/v1/orgs/current/roles",),
)

PERMISSIONS = TableSpec(
    name="permissions",
    row="one permission granted by one role",
    columns=(
        text("role", "the role's name", required=True),
        text("scope", "`organization` or `workspace`: where the role applies", required=True),
        text("permission", "the permission, such as `runs:delete`", required=True),
        text("known_from", "`service`, or `documentation` where the service lists a built-in role without its grants"),
        text("role_name", "the role's system name", required=True),
        text("role_id", "the role's id", required=True),
    ),
    key=("role_id", "permission"),
    sort=("scope", "role", "role_id", "permission"),
    endpoints=("GET /api/v1/orgs/current/roles",),
    note="Permissions that lsnb has never heard of are kept as they are.",
)

PERMISSION_CATALOGUE = TableSpec(
    name="permission_catalogue",
    row="one permission that exists",
    columns=(
        text("permission", "the permission, such as `runs:delete`", required=True),
        text("scope", "`organization` or `workspace`", required=True),
        text("description", "what it lets the holder do, in the service's words"),
        text("known_from", "`service`, `role` (seen on a role only) or `documentation`", required=True),
    ),
    key=("permission",),
    sort=("scope", "permission"),
    endpoints=("GET /api/v1/orgs/permissions",),
    note="Where the key may not read the catalogue, the documented one is used, and `known_from` says so.",
)


def role_scope(record: Mapping[str, Any]) -> str:
    """Tell a role's scope; servers that leave it out are read by the role's name."""
    scope = record.get("access_scope")
    if scope in ("organization", "workspace"):
        return str(scope)
    return builtin_roles.SYSTEM_ROLES.get(str(record.get("name")), ("", "workspace"))[1]


def build_workspaces(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Build `workspaces` from the service's list."""
    fields = [
        "id",
        "organization_id",
        "created_at",
        "display_name",
        "tenant_handle",
        "data_plane_url",
        "role_name",
        "is_personal",
        "is_deleted",
    ]
    types = {field: pa.bool_() if field.startswith("is_") else pa.string() for field in fields}
    columns = to_arrow_records(records, types)
    roles = [
        builtin_roles.SYSTEM_ROLES.get(name, (name, ""))[0] if name else None
        for name in columns["role_name"].to_pylist()
    ]
    return build_frame(
        WORKSPACES,
        {
            "workspace": columns["display_name"],
            "my_role": roles,
            "is_personal": columns["is_personal"],
            "is_deleted": columns["is_deleted"],
            "handle": columns["tenant_handle"],
            "created_at": columns["created_at"],
            "data_plane_url": columns["data_plane_url"],
            "workspace_id": columns["id"],
            "organization_id": columns["organization_id"],
        },
    )


def listed_permissions(record: Mapping[str, Any]) -> list[str] | None:
    """List the permissions in the record of a role; None where it has no list of them."""
    given = record.get("permissions")
    if not isinstance(given, list | tuple):
        if given is not None:
            note_unread("permission", given)
        return None
    for permission in given:
        if not isinstance(permission, str):
            note_unread("permission", permission)
    return [permission for permission in given if isinstance(permission, str)]


def granted_permissions(record: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """List what a role grants, and how that is known.

    A built-in role with an empty list is read as "the service does not say", never as "no rights"; so is a custom role
    without a list.
    """
    listed = listed_permissions(record)
    if listed or (listed is not None and record.get("name") == builtin_roles.CUSTOM):
        return sorted(set(listed)), "service"
    documented = builtin_roles.documented_permissions(str(record.get("name")))
    return (list(documented), "documentation") if documented else ([], None)


def build_roles(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Build `roles` from the service's list."""
    grants = [granted_permissions(record) for record in records]
    return build_frame(
        ROLES,
        {
            "role": [record.get("display_name") or record["name"] for record in records],
            "scope": [role_scope(record) for record in records],
            "role_name": [record["name"] for record in records],
            "is_system": [record["name"] != builtin_roles.CUSTOM for record in records],
            "is_restricted": [record.get("is_restricted") for record in records],
            "n_permissions": [len(listed) if known else None for listed, known in grants],
            "description": [record.get("description") or None for record in records],
            "role_id": [record["id"] for record in records],
        },
    )


def build_permissions(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Build `permissions` from the service's list of roles."""
    rows = [
        (record, permission, known) for record in records for granted, known in [granted_permissions(record)]
        for permission in granted
    ]  # fmt: skip
    return build_frame(
        PERMISSIONS,
        {
            "role": [record.get("display_name") or record["name"] for record, _, _ in rows],
            "scope": [role_scope(record) for record, _, _ in rows],
            "permission": [permission for _, permission, _ in rows],
            "known_from": [known for _, _, known in rows],
            "role_name": [record["name"] for record, _, _ in rows],
            "role_id": [record["id"] for record, _, _ in rows],
        },
    )


def build_permission_catalogue(
    listed: Sequence[Mapping[str, Any]] | None, roles: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Build `permission_catalogue` from the service's list, or from the documentation where there is none.

    Args:
        listed: the service's catalogue; None when the key may not read it.
        roles: the roles; a permission that only a role knows is added.
    """
    entries: dict[str, tuple[str, str | None, str]] = {}
    if listed is None:
        entries = {name: (scope, None, "documentation") for name, scope in builtin_roles.PERMISSION_SCOPES.items()}
    else:
        entries = {
            str(item["name"]): (item.get("access_scope") or "workspace", item.get("description") or None, "service")
            for item in listed
        }
    for record in roles:
        for permission in listed_permissions(record) or ():
            entries.setdefault(permission, (role_scope(record), None, "role"))
    return build_frame(
        PERMISSION_CATALOGUE,
        {
            "permission": list(entries),
            "scope": [scope for scope, _, _ in entries.values()],
            "description": [description for _, description, _ in entries.values()],
            "known_from": [known for _, _, known in entries.values()],
        },
    )
