"""Copy what access is made of: settings, plan, roles and workspaces."""

from __future__ import annotations

import json
from typing import Any

from lsnb.sandbox.copies.draft import Draft
from lsnb.sandbox.copies.rows import group_by
from lsnb.sandbox.plans import ENTERPRISE, PLUS
from lsnb.sandbox.records import Json, Workspace

# What the server answers from elsewhere than its settings.
_NOT_SETTINGS = ("display_name", "is_personal", "tier", "reached_max_workspaces", "ip_allowlist_enabled")


def copy_structure(draft: Draft) -> None:
    """Copy settings, roles and workspaces."""
    access = draft.read("access")
    _copy_settings(draft, access)
    _copy_roles(draft, access)
    _copy_workspaces(draft, access)


def _copy_settings(draft: Draft, access: list[Json]) -> None:
    organization = draft.state.organization
    if not draft.snapshot.is_readable("settings"):
        has_rbac = all(row["source"] != "no-rbac" for row in access)
        organization.config = dict(ENTERPRISE if has_rbac else PLUS)
        draft.notes.append(f"The plan is not known; {'Enterprise' if has_rbac else 'Plus'} is assumed.")
        return
    for row in draft.read("settings"):
        name, value = row["setting"], json.loads(row["value"])
        if row["area"] == "plan":
            organization.config[name] = draft.names.feature(name, value)
        elif name == "is_personal":
            organization.is_personal = bool(value)
        elif name == "tier":
            organization.tier = draft.names.setting(name, value)
        elif name not in _NOT_SETTINGS:
            organization.settings[name] = draft.names.setting(name, value)


def _copy_roles(draft: Draft, access: list[Json]) -> None:
    granted = group_by(draft.read("permissions"), "role_id")
    rows = draft.read("roles") + _roles_seen_elsewhere(draft, access)
    rows = list({row["role_id"]: row for row in reversed(rows)}.values())
    custom = sorted((row["role_id"] for row in rows if _is_custom(draft, row)), key=draft.names.order)
    numbers = {role_id: number for number, role_id in enumerate(custom, 1)}
    for row in reversed(rows):
        real, is_custom = row["role_id"], _is_custom(draft, row)
        description = row["description"]
        draft.add_role(
            real,
            row["role_name"],
            draft.numbered("Role", numbers[real], row["role"] or real) if is_custom else row["role"],
            row["scope"],
            description=draft.names.label("About", description) if is_custom else description,
            permissions=[grant["permission"] for grant in granted.get(real, ())],
            is_restricted=row["is_restricted"],
        )
    present = {role.name for role in draft.state.roles.values()}
    for name in draft.system_roles:
        if name not in present:
            draft.add_role(None, name, "", "")


def _roles_seen_elsewhere(draft: Draft, access: list[Json]) -> list[Json]:
    """Return the roles that people and keys hold, for readings without a list of roles."""
    seen = [(row["role_id"], row["role_name"], row["role"], row["scope"]) for row in access]
    for row in draft.read("service_keys"):
        seen.append((row["role_id"], None, row["role"], "workspace"))
        seen.append((row["organization_role_id"], None, row["organization_role"], "organization"))
    displays = {fields["display_name"]: name for name, fields in draft.system_roles.items()}
    return [
        {
            "role_id": role_id,
            # A name alone may be a built-in role's; a list of members may also give the name that people see for both.
            "role_name": name if name in draft.system_roles else displays.get(role, "CUSTOM"),
            "role": role,
            "scope": scope,
            "description": None,
            "is_restricted": None,
        }
        for role_id, name, role, scope in dict.fromkeys(seen)
        if role_id is not None
    ]


def _is_custom(draft: Draft, row: Json) -> bool:
    return row["role_name"] not in draft.system_roles


def _copy_workspaces(draft: Draft, access: list[Json]) -> None:
    rows = {row["workspace_id"]: row for row in draft.read("workspaces")}
    for row in access:
        if row["workspace_id"] is not None and row["workspace_id"] not in rows:
            rows[row["workspace_id"]] = _unlisted(row)
    # By age: a workspace that is made later leaves the numbers of the others alone.
    ordered = sorted(
        rows.values(), key=lambda row: (draft.since(row["created_at"]), draft.names.order(row["workspace_id"]))
    )
    for number, row in enumerate(ordered, 1):
        real = row["workspace_id"]
        handle = row["handle"]
        workspace = Workspace(
            id=draft.names.id(real),
            display_name=draft.numbered("Workspace", number, row["workspace"]),
            created_at=draft.since(row["created_at"]),
            tenant_handle=draft.names.label("handle", handle).replace(" ", "-") or None,
            is_personal=bool(row["is_personal"]),
            is_deleted=bool(row["is_deleted"]),
        )
        draft.workspaces[real] = draft.state.workspaces[workspace.id] = workspace
        if not workspace.is_deleted or row["workspace"] not in draft.workspace_ids:
            draft.workspace_ids[row["workspace"]] = workspace.id
    if draft.workspaces:
        draft.state.organization.created_at = min(w.created_at for w in draft.workspaces.values())


def _unlisted(row: Json) -> dict[str, Any]:
    """Return a workspace that somebody has a role in, and that the list of workspaces does not have."""
    unknown = dict.fromkeys(("created_at", "handle", "is_personal", "is_deleted"))
    return unknown | {"workspace_id": row["workspace_id"], "workspace": row["workspace"] or row["workspace_id"]}
