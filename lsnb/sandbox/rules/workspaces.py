"""Workspaces (API.md 8.2)."""

from __future__ import annotations

from lsnb.sandbox.access import Caller
from lsnb.sandbox.ids import make_hash
from lsnb.sandbox.plans import read_config
from lsnb.sandbox.records import Json, Membership, TagKey, Workspace
from lsnb.sandbox.refusals import RefusedError, make_forbidden, make_missing
from lsnb.sandbox.rules.shapes import name_role, shape_workspace
from lsnb.sandbox.state import State


def list_for_caller(caller: Caller, *, include_deleted: bool = False) -> list[Json]:
    """Return the workspaces the caller may see, each with the caller's role and rights there."""
    rows = []
    for workspace in caller.visible_workspaces():
        role = caller.workspace_role(workspace.id)
        if role is None or (workspace.is_deleted and not include_deleted):
            continue
        with_role = {
            "read_only": role.name == "WORKSPACE_VIEWER",
            "role_id": role.id,
            "role_name": name_role(caller.state, role.id),
            "permissions": role.permissions,
        }
        rows.append(shape_workspace(caller.state, workspace) | with_role)
    return rows


def is_full(state: State) -> bool:
    """Tell whether the plan allows no further workspace."""
    limit = read_config(state.organization)["max_workspaces"]
    return bool(limit >= 0 and len(state.live_workspaces()) >= limit)


def create(caller: Caller, display_name: str, workspace_id: str | None = None, handle: str | None = None) -> Json:
    """Create a workspace with its two usual tag keys; an Operator becomes its Admin to keep access to it."""
    caller.need("organization:manage")
    state = caller.state
    if is_full(state):
        raise make_forbidden("The plan's limit of workspaces is reached")
    if workspace_id in state.workspaces:
        raise RefusedError(409, "A workspace with this id already exists")
    _check_name(state, display_name)
    _check_handle(state, handle)
    now = state.stamp()
    workspace = Workspace(workspace_id or state.new_id("workspace"), display_name, now, handle)
    state.workspaces[workspace.id] = workspace
    for key in ("Application", "Environment"):
        tag_key = TagKey(state.new_id("tag-key"), workspace.id, key, None, now, now)
        state.tag_keys[tag_key.id] = tag_key
    if caller.person is not None:
        role_id = state.find_role("WORKSPACE_ADMIN").id if caller.config["can_use_rbac"] else None
        membership_id = state.new_id("membership")
        state.add_membership(Membership(membership_id, caller.person.id, workspace.id, role_id, now))
    state.touch()
    caller.touched.append(workspace.id)
    return shape_workspace(state, workspace)


def rename(caller: Caller, workspace_id: str, display_name: str) -> Json:
    """Rename the workspace that `X-Tenant-Id` names; another one in the path is refused."""
    workspace = _find_current(caller, workspace_id)
    caller.need("workspaces:manage")
    if display_name != workspace.display_name:
        _check_name(caller.state, display_name)
    workspace.display_name = display_name
    caller.state.touch()
    caller.touched.append(workspace.id)
    return shape_workspace(caller.state, workspace)


def delete(caller: Caller, workspace_id: str) -> None:
    """Delete a workspace with everything in it; the row stays, marked (API.md 8.2)."""
    workspace = _find_current(caller, workspace_id)
    caller.need("workspaces:manage")
    state = caller.state
    if any(provider.default_workspace_ids == [workspace.id] for provider in state.providers.values()):
        raise RefusedError(409, "This workspace is the only default workspace of an SSO configuration")
    workspace.is_deleted = True
    _empty(state, workspace.id)
    caller.touched.append(workspace.id)


def _empty(state: State, workspace_id: str) -> None:
    """Drop what a deleted workspace held, and every place in it."""
    for membership in list(state.rosters.get(workspace_id, {}).values()):
        state.drop_membership(membership)
    for invitation in state.invitations.values():
        invitation.places.pop(workspace_id, None)
    for provider in state.providers.values():
        provider.default_workspace_ids = [w for w in provider.default_workspace_ids if w != workspace_id]
    for key in list(state.keys.values()):
        if key.workspace_ids and workspace_id in key.workspace_ids:
            key.workspace_ids = [w for w in key.workspace_ids if w != workspace_id]
            if not key.workspace_ids:
                state.drop_key(key)
    tables: tuple[dict[str, object], ...] = (state.share_links, state.resources, state.tag_keys)  # type: ignore[assignment]
    for table in tables:
        for row_id in [i for i, row in table.items() if getattr(row, "workspace_id", None) == workspace_id]:
            del table[row_id]
    state.secrets.pop(workspace_id, None)
    state.touch()


def read_one(caller: Caller, workspace_id: str) -> Json:
    """Return one workspace (API.md 9)."""
    for row in list_for_caller(caller, include_deleted=True):
        if row["id"] == workspace_id:
            return row
    raise make_missing("Workspace")


def read_settings(caller: Caller) -> Json:
    """Return name and handle of the workspace (API.md 8.1)."""
    place = caller.place
    return {
        "id": place.id,
        "display_name": place.display_name,
        "created_at": place.created_at,
        "tenant_handle": place.tenant_handle,
    }


def set_handle(caller: Caller, handle: str) -> Json:
    """Set the handle that public prompts need."""
    caller.need("workspaces:manage")
    if handle != caller.place.tenant_handle:
        _check_handle(caller.state, handle)
    caller.place.tenant_handle = handle
    caller.state.touch()
    caller.touched.append(caller.place.id)
    return read_settings(caller)


def read_stats(caller: Caller, tag_value_ids: list[str]) -> Json:
    """Count what is in the workspace, of all or of what carries any of the tag values."""
    caller.need("workspaces:read")
    state, place = caller.state, caller.place.id
    tagged = {t.resource_id for t in state.taggings.values() if t.tag_value_id in tag_value_ids}
    kinds = [
        resource.kind
        for resource in state.resources.values()
        if resource.workspace_id == place and (not tag_value_ids or resource.id in tagged)
    ]
    return {
        "tenant_id": place,
        "dataset_count": kinds.count("dataset"),
        "tracer_session_count": kinds.count("project"),
        "repo_count": kinds.count("prompt"),
        "annotation_queue_count": kinds.count("queue"),
        "deployment_count": kinds.count("deployment"),
        "dashboards_count": kinds.count("dashboard"),
        "evaluator_count": kinds.count("evaluator"),
    }


def read_limits(caller: Caller) -> Json:
    """Tell whether the workspace is over a limit; this server never is."""
    caller.need("workspaces:read")
    return {"in_reject_set": False, "usage_limit_type": None, "tenant_limit": None}


def list_secrets(caller: Caller) -> list[Json]:
    """Return the names of the workspace's secrets; values are never told."""
    caller.need("workspaces:read")
    return [{"key": name} for name in sorted(caller.state.secrets.get(caller.place.id, {}))]


def set_secrets(caller: Caller, values: dict[str, str | None]) -> None:
    """Set secrets; a null value deletes one (inferred)."""
    caller.need("workspaces:manage-secrets")
    mine = caller.state.secrets.setdefault(caller.place.id, {})
    for name, value in values.items():
        if value is None:
            mine.pop(name, None)
        else:
            mine[name] = make_hash(value)
    caller.state.touch()
    caller.touched.append(caller.place.id)


def _find_current(caller: Caller, workspace_id: str) -> Workspace:
    if workspace_id not in caller.state.workspaces:
        raise make_missing("Workspace")
    if caller.place.id != workspace_id:
        raise make_forbidden()
    return caller.place


def _check_name(state: State, display_name: str) -> None:
    if state.behaviours.duplicate_workspace_name == "refuse" and any(
        workspace.display_name == display_name for workspace in state.live_workspaces()
    ):
        raise RefusedError(409, "A workspace with this name already exists")


def _check_handle(state: State, handle: str | None) -> None:
    if handle is not None and any(workspace.tenant_handle == handle for workspace in state.workspaces.values()):
        raise RefusedError(409, "This handle is taken")
