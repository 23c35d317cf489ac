"""Organization and workspace roles (API.md 8.5)."""

from __future__ import annotations

from lsnb.sandbox.access import Caller
from lsnb.sandbox.permissions import BY_NAME
from lsnb.sandbox.records import Json, Role
from lsnb.sandbox.refusals import InvalidError, RefusedError, make_forbidden, make_missing, make_problem
from lsnb.sandbox.rules.shapes import shape_role
from lsnb.sandbox.state import State


def list_roles(caller: Caller) -> list[Json]:
    """Return all roles together: of the organization and of workspaces, built-in and custom."""
    caller.need("organization:read")
    return [shape_role(caller.state, role) for role in caller.state.roles.values()]


def create_role(caller: Caller, display_name: str, description: str, permissions: list[str]) -> Json:
    """Create a custom workspace role."""
    _check_may_edit(caller)
    state = caller.state
    _check_fields(state, display_name, description, permissions)
    role = Role(
        id=state.new_id("role"),
        name="CUSTOM",
        display_name=display_name,
        description=description,
        permissions=_order(permissions),
        access_scope="workspace",
        organization_id=state.organization.id,
    )
    state.roles[role.id] = role
    state.touch()
    caller.touched.append(role.id)
    return shape_role(state, role)


def update_role(caller: Caller, role_id: str, display_name: str, description: str, permissions: list[str]) -> Json:
    """Replace a custom role's name, description and whole permission list."""
    _check_may_edit(caller)
    state = caller.state
    role = _find_custom(state, role_id)
    _check_fields(state, display_name, description, permissions, replaced=role)
    role.display_name, role.description, role.permissions = display_name, description, _order(permissions)
    state.touch()
    caller.touched.append(role.id)
    return shape_role(state, role)


def delete_role(caller: Caller, role_id: str) -> Json:
    """Delete a custom role that nobody and nothing uses."""
    _check_may_edit(caller)
    state = caller.state
    role = _find_custom(state, role_id)
    if users := list_users(state, role.id):
        raise RefusedError(state.behaviours.role_in_use_status, f"Role is in use by {', '.join(users)}")
    del state.roles[role.id]
    for policy in state.policies.values():
        policy.role_ids = [i for i in policy.role_ids if i != role.id]
    state.touch()
    caller.touched.append(role.id)
    return shape_role(state, role)


def list_users(state: State, role_id: str) -> list[str]:
    """Name the kinds of things that use a role and so keep it from being deleted."""
    uses = {
        "members": any(m.role_id == role_id for m in state.memberships.values()),
        "pending members": any(
            role_id == i.workspace_role_id or any(place["role_id"] == role_id for place in i.places.values())
            for i in state.invitations.values()
        ),
        "service keys": any(key.role_id == role_id for key in state.keys.values()),
        "service accounts": any(
            place["role_id"] == role_id for account in state.service_accounts.values() for place in account.places
        ),
        "SSO settings": any(p.default_workspace_role_id == role_id for p in state.providers.values()),
    }
    return [name for name, used in uses.items() if used]


def restrict_role(caller: Caller, role_id: str, *, is_restricted: bool) -> Json:
    """Let a role be given only by those who manage the workspace (API.md 9)."""
    _check_may_edit(caller)
    role = _find_custom(caller.state, role_id)
    role.is_restricted = is_restricted
    caller.state.touch()
    caller.touched.append(role.id)
    return shape_role(caller.state, role)


def _check_may_edit(caller: Caller) -> None:
    caller.need("organization:manage")
    if caller.is_operator and not caller.state.behaviours.operator_manages_roles:
        raise make_forbidden()
    caller.need_plan("can_use_rbac", "RBAC is not enabled for this organization")


def _find_custom(state: State, role_id: str) -> Role:
    role = state.roles.get(role_id)
    if role is None:
        raise make_missing("Role")
    if role.organization_id is None:
        raise RefusedError(400, "System roles cannot be changed")
    return role


def _check_fields(
    state: State, display_name: str, description: str, permissions: list[str], replaced: Role | None = None
) -> None:
    """Refuse empty fields, permissions this server does not know, and a name already taken (unknown 17)."""
    empty = [
        make_problem(["body", name], "Value should not be empty")
        for name, value in (("display_name", display_name.strip()), ("description", description.strip()))
        if not value
    ]
    if not permissions:
        empty.append(make_problem(["body", "permissions"], "Value should not be empty"))
    if empty:
        raise InvalidError(*empty)
    kept = set(replaced.permissions) if replaced else set()
    if unknown := [p for p in permissions if p not in kept and (p not in BY_NAME or BY_NAME[p].scope != "workspace")]:
        raise RefusedError(400, f"Invalid permissions: {', '.join(unknown)}")
    if state.behaviours.duplicate_role_name == "refuse" and any(
        role.display_name == display_name and role is not replaced for role in state.roles.values()
    ):
        raise RefusedError(409, f"A role named {display_name} already exists")


def _order(permissions: list[str]) -> list[str]:
    return list(dict.fromkeys(permissions))
