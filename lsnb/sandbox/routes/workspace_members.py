"""Workspace members (API.md 8.8)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import ActiveQuery, PendingQuery, WorkspaceCaller, answer, need_newer
from lsnb.sandbox.routes.members import make_invite
from lsnb.sandbox.rules import memberships as rules

router = APIRouter(prefix="/api/v1/workspaces/current/members")


@router.get("")
async def list_members(caller: WorkspaceCaller) -> Response:
    """List everybody at once (API.md 8.8)."""
    return answer(rules.list_members(caller))


@router.get("/active")
async def list_active(caller: WorkspaceCaller, query: ActiveQuery) -> Response:
    """List active members (API.md 8.8)."""
    return answer(rules.list_active(caller, query))


@router.get("/pending")
async def list_pending(caller: WorkspaceCaller, query: PendingQuery) -> Response:
    """List pending people (API.md 8.8)."""
    return answer(rules.list_pending(caller, query))


@router.post("")
async def add(caller: WorkspaceCaller, body: bodies.MembershipCreate) -> Response:
    """Add an existing member of the organization (API.md 8.8)."""
    return answer(
        rules.add(
            caller,
            org_identity_id=bodies.text(body.org_identity_id),
            ls_user_id=bodies.text(body.ls_user_id),
            user_id=bodies.text(body.user_id),
            role_id=bodies.text(body.role_id),
        )
    )


@router.post("/batch")
async def add_batch(caller: WorkspaceCaller, body: Annotated[list[bodies.PendingCreate], Body()]) -> Response:
    """Invite, or on newer servers add, up to 500 people (API.md 8.8, 9)."""
    return answer(rules.add_batch(caller, [make_invite(item) for item in body]))


@router.patch("/{identity_id}")
async def update(caller: WorkspaceCaller, identity_id: UUID, body: bodies.MembershipPatch) -> Response:
    """Change a membership's role (API.md 8.8)."""
    rules.update(caller, str(identity_id), str(body.role_id))
    return answer()


@router.delete("/{identity_id}")
async def delete(caller: WorkspaceCaller, identity_id: UUID) -> Response:
    """Remove somebody from the workspace (API.md 8.8)."""
    rules.delete(caller, str(identity_id))
    return answer()


@router.delete("/{identity_id}/pending")
async def delete_pending(caller: WorkspaceCaller, identity_id: UUID) -> Response:
    """Take a pending person out of the workspace (API.md 8.8)."""
    rules.delete_pending(caller, str(identity_id))
    return answer()


@router.patch("/{identity_id}/pending")
async def update_pending(caller: WorkspaceCaller, identity_id: UUID, body: bodies.PendingPatch) -> Response:
    """Change a pending person's workspace role (API.md 9)."""
    need_newer(caller, "pending_patch", 405)
    return answer(rules.update_pending(caller, str(identity_id), bodies.text(body.role_id), body.role_name))
