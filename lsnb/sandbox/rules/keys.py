"""Service keys, of the organization and of workspaces (API.md 8.9, 9)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lsnb.sandbox.access import Caller
from lsnb.sandbox.ids import make_hash, make_short_key, make_stamp
from lsnb.sandbox.records import Json, Key, KeyKind, Role
from lsnb.sandbox.refusals import RefusedError, make_forbidden, make_missing
from lsnb.sandbox.rules.shapes import shape_key


@dataclass(slots=True)
class KeyRequest:
    """What a new key should be."""

    description: str = "Default API key"
    expires_at: datetime | None = None
    workspaces: list[str] | None = None
    role_id: str | None = None
    org_role_id: str | None = None
    default_workspace_id: str | None = None


def list_of_workspace(caller: Caller) -> list[Json]:
    """Return the service keys that are limited to workspaces and cover this one."""
    caller.need("workspaces:read")
    place = caller.place.id
    return [shape_key(caller.state, k) for k in _service_keys(caller) if k.workspace_ids and place in k.workspace_ids]


def list_of_organization(caller: Caller, workspace_ids: Sequence[str] = ()) -> list[Json]:
    """Return every service key; Viewers may list them too."""
    caller.need("organization:read")
    return [
        shape_key(caller.state, key)
        for key in _service_keys(caller)
        if not workspace_ids or set(workspace_ids) & set(key.workspace_ids or ())
    ]


def _service_keys(caller: Caller) -> list[Key]:
    return [key for key in caller.state.keys.values() if key.kind == "service"]


def create(caller: Caller, request: KeyRequest) -> Json:
    """Create a service key: without workspaces it covers the whole organization, which only Admins may do."""
    if request.workspaces is None:
        caller.need_admin("Only org admins can create org-wide keys")
    else:
        if request.org_role_id is not None:
            raise RefusedError(400, "org_role_id cannot be combined with workspaces")
        if not request.workspaces:
            raise RefusedError(400, "workspaces must not be empty")
        for workspace_id in request.workspaces:
            _need_key_manager(caller, workspace_id)
    # The defaults that were observed are powerful: Admin in workspaces, and User of the organization.
    role = _find_role(caller, request.role_id, "workspace") or caller.state.find_role("WORKSPACE_ADMIN")
    org_role = None
    if request.workspaces is None:
        org_role = _find_role(caller, request.org_role_id, "organization")
        org_role = org_role or caller.state.find_role("ORGANIZATION_USER")
    return keep_new(caller, request, "service", role_id=role.id, org_role_id=org_role.id if org_role else None)


def create_in_workspace(caller: Caller, request: KeyRequest) -> Json:
    """Create a service key of the current workspace, or of the workspaces that are named."""
    request.workspaces = request.workspaces or [caller.place.id]
    request.default_workspace_id = caller.place.id
    return create(caller, request)


def delete(caller: Caller, key_id: str) -> Json:
    """Delete a service key; that is the only way to end one."""
    key = _find(caller, key_id)
    if key.workspace_ids is None:
        caller.need_admin()
    elif not caller.is_admin:
        for workspace_id in key.workspace_ids:
            _need_key_manager(caller, workspace_id)
    return drop(caller, key)


def delete_in_workspace(caller: Caller, key_id: str) -> Json:
    """Delete a service key that covers the current workspace."""
    caller.need("workspaces:manage-keys")
    key = _find(caller, key_id)
    if caller.place.id not in (key.workspace_ids or ()):
        raise make_missing("API key")
    return drop(caller, key)


def update(caller: Caller, key_id: str, role_id: str | None, org_role_id: str | None) -> Json:
    """Change the roles of a service key, in all its workspaces at once (API.md 9)."""
    caller.need("organization:manage")
    key = _find(caller, key_id)
    if caller.is_operator:
        if not caller.state.behaviours.operator_changes_key_roles:
            raise make_forbidden()
        for touched in (key.org_role_id, org_role_id):
            if touched and caller.state.roles[touched].name == "ORGANIZATION_ADMIN":
                raise make_forbidden("Organization Operators cannot give or take Organization Admin")
    if caller.key is key:
        raise make_forbidden("An API key cannot change its own roles")
    if org_role_id is not None and key.workspace_ids is not None:
        raise RefusedError(400, "org_role_id applies to org-wide keys only")
    role = _find_role(caller, role_id, "workspace")
    org_role = _find_role(caller, org_role_id, "organization")
    key.role_id = role.id if role else key.role_id
    key.org_role_id = org_role.id if org_role else key.org_role_id
    caller.state.touch()
    caller.touched.append(key.id)
    return shape_key(caller.state, key)


def keep_new(
    caller: Caller, request: KeyRequest, kind: KeyKind, *, role_id: str | None = None, org_role_id: str | None = None
) -> Json:
    """Keep a new key and return it with its secret, this once."""
    state = caller.state
    expires_at = _check_expiry(caller, request.expires_at, kind)
    prefix = "lsv2_pt_" if kind == "pat" else "lsv2_sk_"
    secret = f"{prefix}{secrets.token_hex(16)}_{secrets.token_hex(5)}"
    owner = caller.person.id if caller.person else None
    if owner is None and caller.key is not None:
        owner = caller.key.person_id
    key = state.add_key(
        Key(
            id=state.new_id("key"),
            kind=kind,
            secret_hash=make_hash(secret),
            short_key=make_short_key(secret),
            description=request.description,
            created_at=state.stamp(),
            person_id=owner,
            workspace_ids=request.workspaces,
            role_id=role_id,
            org_role_id=org_role_id,
            default_workspace_id=request.default_workspace_id or next(iter(request.workspaces or []), None),
            expires_at=expires_at,
        )
    )
    caller.touched.append(key.id)
    return shape_key(state, key) | {"key": secret}


def drop(caller: Caller, key: Key) -> Json:
    """Forget a key and return what it was."""
    data = shape_key(caller.state, key)
    caller.state.drop_key(key)
    caller.touched.append(key.id)
    return data


def _check_expiry(caller: Caller, expires_at: datetime | None, kind: KeyKind) -> str | None:
    """Hold a new key to the organization's maxima; a key without an end is then refused (not documented)."""
    own = caller.settings["max_pat_expiry_days" if kind == "pat" else "max_service_key_expiry_days"]
    limit = own if own is not None else caller.settings["max_api_key_expiry_days"]
    stamp = make_stamp(expires_at) if expires_at is not None else None
    if stamp is not None and stamp <= caller.state.stamp():
        raise RefusedError(400, "expires_at must be in the future")
    if limit is not None and (stamp is None or stamp > caller.state.stamp(days=limit)):
        raise RefusedError(400, f"API keys of this organization must expire within {limit} days")
    return stamp


def _need_key_manager(caller: Caller, workspace_id: str) -> None:
    workspace = caller.state.workspaces.get(workspace_id)
    if workspace is None or workspace.is_deleted:
        raise make_missing("Workspace")
    role = caller.workspace_role(workspace_id)
    if role is None or "workspaces:manage-keys" not in role.permissions:
        raise make_forbidden()


def _find_role(caller: Caller, role_id: str | None, scope: str) -> Role | None:
    if role_id is None:
        return None
    role = caller.state.roles.get(role_id)
    if role is None:
        raise make_missing("Role")
    if role.access_scope != scope:
        raise RefusedError(400, f"Role {role_id} is not {scope}-scoped")
    return role


def _find(caller: Caller, key_id: str) -> Key:
    key = caller.state.keys.get(key_id)
    if key is None or key.kind != "service":
        raise make_missing("API key")
    return key
