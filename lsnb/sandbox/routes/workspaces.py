"""Workspaces (API.md 8.2)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import OrgCaller, UserCaller, WorkspaceCaller, answer, need_newer
from lsnb.sandbox.rules import invitees, sharing
from lsnb.sandbox.rules import workspaces as rules

router = APIRouter()
_ALL = "/api/v1/workspaces"
_CURRENT = _ALL + "/current"


@router.get(_ALL)
async def list_workspaces(caller: OrgCaller, include_deleted: bool = False) -> Response:
    """List the caller's workspaces (API.md 8.2)."""
    return answer(rules.list_for_caller(caller, include_deleted=include_deleted))


@router.post(_ALL)
async def create_workspace(caller: OrgCaller, body: bodies.WorkspaceCreate) -> Response:
    """Create a workspace (API.md 8.2)."""
    return answer(rules.create(caller, body.display_name, bodies.text(body.id), body.tenant_handle))


@router.get("/api/v1/tenants")
async def list_tenants(caller: UserCaller, skip_create: bool = False, include_deleted: bool = False) -> Response:
    """List workspaces the older way (API.md 8.2)."""
    return answer(rules.list_for_caller(caller, include_deleted=include_deleted))


@router.post("/api/v1/tenants")
async def create_tenant(caller: UserCaller, body: bodies.TenantCreate) -> Response:
    """Create a workspace the older way; here always in this organization (API.md 8.2)."""
    return answer(rules.create(caller, body.display_name, bodies.text(body.id), body.tenant_handle))


@router.get(_ALL + "/pending")
async def list_pending(caller: UserCaller) -> Response:
    """List the workspaces the signed-in person is invited to (API.md 8.2)."""
    return answer(invitees.list_workspaces(caller))


@router.delete(_ALL + "/pending/{id}")
async def decline(caller: UserCaller, id: UUID) -> Response:  # noqa: A002  the parameter's official name
    """Decline an invitation to a workspace (API.md 8.2)."""
    invitees.decline_workspace(caller, str(id))
    return answer()


@router.post(_ALL + "/pending/{workspace_id}/claim")
async def claim(caller: UserCaller, workspace_id: UUID) -> Response:
    """Accept an invitation to a workspace; deprecated (API.md 8.2)."""
    invitees.claim_workspace(caller, str(workspace_id))
    return answer()


@router.get(_CURRENT + "/stats")
async def read_stats(caller: WorkspaceCaller, tag_value_id: Annotated[list[UUID] | None, Query()] = None) -> Response:
    """Count what is in the workspace (API.md 8.2)."""
    return answer(rules.read_stats(caller, bodies.texts(tag_value_id)))


@router.get(_CURRENT + "/usage_limits")
async def read_limits(caller: WorkspaceCaller) -> Response:
    """Tell whether the workspace is over a limit (API.md 8.2)."""
    return answer(rules.read_limits(caller))


@router.get(_CURRENT + "/shared")
async def list_shared(
    caller: WorkspaceCaller,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """List the workspace's public links (API.md 8.2)."""
    return answer(sharing.list_links(caller, limit=limit, offset=offset))


@router.delete(_CURRENT + "/shared")
async def unshare(caller: WorkspaceCaller, body: bodies.Unshare) -> Response:
    """Remove public links; the body comes with a DELETE (API.md 8.2)."""
    sharing.unshare(caller, bodies.texts(body.share_tokens), unshare_all=body.unshare_all)
    return answer()


@router.get(_CURRENT + "/secrets")
async def list_secrets(caller: WorkspaceCaller) -> Response:
    """List the names of the workspace's secrets (API.md 8.2)."""
    return answer(rules.list_secrets(caller))


@router.post(_CURRENT + "/secrets")
async def set_secrets(caller: WorkspaceCaller, body: Annotated[list[bodies.SecretUpsert], Body()]) -> Response:
    """Set secrets (API.md 8.2)."""
    rules.set_secrets(caller, {item.key: item.value for item in body})
    return answer()


@router.get(_ALL + "/{workspace_id}")
async def read_workspace(caller: OrgCaller, workspace_id: UUID) -> Response:
    """Return one workspace (API.md 9)."""
    need_newer(caller, "single_workspace_read", 405)
    return answer(rules.read_one(caller, str(workspace_id)))


@router.patch(_ALL + "/{workspace_id}")
async def rename_workspace(caller: WorkspaceCaller, workspace_id: UUID, body: bodies.WorkspacePatch) -> Response:
    """Rename a workspace (API.md 8.2)."""
    return answer(rules.rename(caller, str(workspace_id), body.display_name))


@router.delete(_ALL + "/{workspace_id}")
async def delete_workspace(caller: WorkspaceCaller, workspace_id: UUID) -> Response:
    """Delete a workspace (API.md 8.2)."""
    rules.delete(caller, str(workspace_id))
    return answer()
