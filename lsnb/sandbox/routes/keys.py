"""Keys and tokens (API.md 8.9, 9)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import OrgCaller, UserCaller, WorkspaceCaller, answer, answer_nothing, need_newer
from lsnb.sandbox.rules import keys as rules
from lsnb.sandbox.rules import tokens

router = APIRouter(prefix="/api/v1")
_SERVICE = "/orgs/current/service-keys"
_TOKENS = "/orgs/current/personal-access-tokens"
WorkspaceIds = Annotated[list[UUID] | None, Query()]


def make_request(body: bodies.KeyCreate | None) -> rules.KeyRequest:
    """Return the rules' form of a key request; the body may be left out."""
    body = body or bodies.KeyCreate()
    return rules.KeyRequest(
        description=body.description,
        expires_at=body.expires_at,
        workspaces=bodies.texts(body.workspaces) if body.workspaces is not None else None,
        role_id=bodies.text(body.role_id),
        org_role_id=bodies.text(body.org_role_id),
        default_workspace_id=bodies.text(body.default_workspace_id),
    )


@router.get("/api-key")
async def list_workspace_keys(caller: WorkspaceCaller) -> Response:
    """List the workspace's service keys (API.md 8.9)."""
    return answer(rules.list_of_workspace(caller))


@router.post("/api-key")
async def create_workspace_key(caller: WorkspaceCaller, body: bodies.KeyCreate | None = None) -> Response:
    """Create a service key in the workspace (API.md 8.9)."""
    return answer(rules.create_in_workspace(caller, make_request(body)))


@router.get("/api-key/current")
async def list_current(caller: UserCaller) -> Response:
    """List the user's tokens; deprecated and for browser sessions only (API.md 8.9)."""
    return answer(tokens.list_tokens(caller))


@router.post("/api-key/current")
async def create_current(caller: UserCaller, body: bodies.KeyCreate | None = None) -> Response:
    """Create a token for the user; deprecated and for browser sessions only (API.md 8.9)."""
    return answer(tokens.create_token(caller, make_request(body)))


@router.delete("/api-key/current/{pat_id}")
async def delete_current(caller: UserCaller, pat_id: UUID) -> Response:
    """Delete a token of the user; deprecated and for browser sessions only (API.md 8.9)."""
    return answer(tokens.delete_token(caller, str(pat_id)))


@router.delete("/api-key/{api_key_id}")
async def delete_workspace_key(caller: WorkspaceCaller, api_key_id: UUID) -> Response:
    """Delete a service key of the workspace (API.md 8.9)."""
    return answer(rules.delete_in_workspace(caller, str(api_key_id)))


@router.get(_SERVICE)
async def list_service_keys(caller: OrgCaller, workspace_ids: WorkspaceIds = None) -> Response:
    """List every service key (API.md 8.9)."""
    return answer(rules.list_of_organization(caller, bodies.texts(workspace_ids)))


@router.post(_SERVICE)
async def create_service_key(caller: OrgCaller, body: bodies.KeyCreate) -> Response:
    """Create a service key, org-wide or limited (API.md 8.9)."""
    return answer(rules.create(caller, make_request(body)))


@router.patch(_SERVICE + "/{api_key_id}")
async def update_service_key(caller: OrgCaller, api_key_id: UUID, body: bodies.KeyPatch) -> Response:
    """Change the roles of a service key (API.md 9)."""
    need_newer(caller, "service_key_patch", 405)
    return answer(rules.update(caller, str(api_key_id), bodies.text(body.role_id), bodies.text(body.org_role_id)))


@router.delete(_SERVICE + "/{api_key_id}")
async def delete_service_key(caller: OrgCaller, api_key_id: UUID) -> Response:
    """Delete a service key (API.md 8.9)."""
    return answer(rules.delete(caller, str(api_key_id)))


@router.get(_TOKENS)
async def list_tokens(caller: OrgCaller, workspace_ids: WorkspaceIds = None) -> Response:
    """List the caller's own tokens (API.md 8.9).

    Where the real service lists everybody's for Organization Admins is not public (unknown 20); the behaviour
    `pats_listed="all"` lets this path do it.
    """
    return answer(tokens.list_tokens(caller, bodies.texts(workspace_ids)))


@router.post(_TOKENS)
async def create_token(caller: OrgCaller, body: bodies.KeyCreate) -> Response:
    """Create a token for the caller (API.md 8.9)."""
    return answer(tokens.create_token(caller, make_request(body)))


@router.delete(_TOKENS + "/{pat_id}")
async def delete_token(caller: OrgCaller, pat_id: UUID) -> Response:
    """Delete one of the caller's tokens (API.md 8.9)."""
    return answer(tokens.delete_token(caller, str(pat_id)))


@router.post(_TOKENS + "/{pat_id}/revocation")
async def revoke(caller: OrgCaller, pat_id: UUID) -> Response:
    """Deactivate a token (API.md 9)."""
    need_newer(caller, "token_revocation")
    tokens.set_revoked(caller, str(pat_id), is_revoked=True)
    return answer_nothing()


@router.delete(_TOKENS + "/{pat_id}/revocation")
async def reinstate(caller: OrgCaller, pat_id: UUID) -> Response:
    """Reinstate a token (API.md 9)."""
    need_newer(caller, "token_revocation")
    tokens.set_revoked(caller, str(pat_id), is_revoked=False)
    return answer_nothing()
