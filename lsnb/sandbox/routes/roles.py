"""Roles and permissions (API.md 8.5)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from lsnb.sandbox.access import list_permissions
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import AnyCaller, OrgCaller, answer, need_newer
from lsnb.sandbox.rules import roles as rules

router = APIRouter()
_ROLES = "/api/v1/orgs/current/roles"


@router.get(_ROLES)
async def list_roles(caller: OrgCaller) -> Response:
    """List all roles (API.md 8.5)."""
    return answer(rules.list_roles(caller))


@router.post(_ROLES)
async def create_role(caller: OrgCaller, body: bodies.RoleWrite) -> Response:
    """Create a custom role (API.md 8.5)."""
    return answer(rules.create_role(caller, body.display_name, body.description, body.permissions))


@router.patch(_ROLES + "/{role_id}")
async def update_role(caller: OrgCaller, role_id: UUID, body: bodies.RoleWrite) -> Response:
    """Replace a custom role (API.md 8.5)."""
    return answer(rules.update_role(caller, str(role_id), body.display_name, body.description, body.permissions))


@router.delete(_ROLES + "/{role_id}")
async def delete_role(caller: OrgCaller, role_id: UUID) -> Response:
    """Delete a custom role (API.md 8.5)."""
    return answer(rules.delete_role(caller, str(role_id)))


@router.put(_ROLES + "/{role_id}/restriction")
async def restrict_role(caller: OrgCaller, role_id: UUID, body: bodies.Restriction) -> Response:
    """Restrict who may give a role (API.md 9)."""
    need_newer(caller, "role_restriction")
    return answer(rules.restrict_role(caller, str(role_id), is_restricted=body.is_restricted))


@router.get("/api/v1/orgs/permissions")
async def list_all_permissions(caller: AnyCaller) -> Response:
    """List every permission (API.md 8.5). Bearer only in the official document, but keys work (unknown 8)."""
    if caller.key is not None and not caller.state.behaviours.permissions_accept_keys:
        raise RefusedError(caller.state.behaviours.user_route_status, "This endpoint requires a user session")
    return answer(list_permissions())
