"""Organization members (API.md 8.6, 8.7)."""

from __future__ import annotations

import gzip
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response

from lsnb.sandbox.encode import to_json
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import JSON_TYPE, ActiveQuery, AnyExchange, OrgCaller, PendingQuery, answer, need_newer
from lsnb.sandbox.rules import invitations, people
from lsnb.sandbox.rules.enriched import EnrichedQuery, list_enriched
from lsnb.sandbox.rules.shapes import shape_pending

router = APIRouter()
_MEMBERS = "/api/v1/orgs/current/members"


def make_invite(item: bodies.PendingCreate) -> invitations.Invite:
    """Return the rules' form of an invitation."""
    return invitations.Invite(
        email=item.email,
        role_id=bodies.text(item.role_id),
        workspace_ids=bodies.texts(item.workspace_ids),
        workspace_role_id=bodies.text(item.workspace_role_id),
        full_name=item.full_name,
        role_name=item.role_name,
        workspace_role_name=item.workspace_role_name,
    )


@router.get(_MEMBERS)
async def list_members(caller: OrgCaller) -> Response:
    """List everybody at once (API.md 8.6)."""
    return answer(people.list_members(caller))


@router.get(_MEMBERS + "/active")
async def list_active(caller: OrgCaller, query: ActiveQuery) -> Response:
    """List active members (API.md 8.6)."""
    return answer(people.list_active(caller, query))


@router.get(_MEMBERS + "/pending")
async def list_pending(caller: OrgCaller, query: PendingQuery) -> Response:
    """List pending people (API.md 8.6)."""
    return answer(people.list_pending(caller, query))


@router.get("/v1/platform/orgs/current/members")
async def list_enriched_members(caller: OrgCaller, exchange: AnyExchange, request: Request) -> Response:
    """List everybody with their workspaces (API.md 8.7); absent on older self-hosted servers."""
    if not caller.state.behaviours.enriched_members:
        raise RefusedError(404, "Not Found")
    query = read_enriched_query(request)
    caller.need("organization:read")
    state = caller.state
    visible = None if caller.may("organization:manage") else frozenset(w.id for w in caller.visible_workspaces())

    def build() -> tuple[bytes, bytes, int]:
        page = list_enriched(caller, query)
        body = to_json(page.rows)
        return body, gzip.compress(body, compresslevel=1, mtime=0), page.total

    body, exchange.compressed, total = state.remember(("enriched page", query, visible), build)
    headers = {
        "X-Pagination-Total": str(total),
        "X-Members-List-All-Workspaces": "true" if visible is None else "false",
    }
    return Response(body, headers=headers, media_type=JSON_TYPE)


def read_enriched_query(request: Request) -> EnrichedQuery:
    """Read the query as the Go service does: what is no number or boolean is a 400."""
    params = request.query_params
    numbers = {}
    for name, default in (("limit", 50), ("offset", 0)):
        try:
            numbers[name] = int(params.get(name, default))
        except ValueError as error:
            raise RefusedError(400, f"invalid {name}: must be an integer") from error
    flags: dict[str, bool | None] = {}
    for name in ("active_is", "pending_is"):
        text = params.get(name)
        if text not in (None, "true", "false", "1", "0"):
            raise RefusedError(400, f"invalid {name}: must be a boolean")
        flags[name] = None if text is None else text in ("true", "1")
    return EnrichedQuery(
        limit=numbers["limit"],
        offset=numbers["offset"],
        active_is=flags["active_is"],
        pending_is=flags["pending_is"],
        name_like=tuple(params.getlist("name_like")),
        email_like=tuple(params.getlist("email_like")),
        workspace_name_like=tuple(params.getlist("workspace_name_like")),
        organization_role_like=tuple(params.getlist("organization_role_like")),
        workspace_role_like=tuple(params.getlist("workspace_role_like")),
    )


@router.post(_MEMBERS)
async def invite(caller: OrgCaller, body: bodies.PendingCreate) -> Response:
    """Invite one person (API.md 8.6)."""
    return answer(shape_pending(caller.state, invitations.invite(caller, make_invite(body))))


@router.post(_MEMBERS + "/batch")
async def invite_batch(caller: OrgCaller, body: Annotated[list[bodies.PendingCreate], Body()]) -> Response:
    """Invite up to 500 people (API.md 8.6)."""
    made = invitations.invite_batch(caller, [make_invite(item) for item in body])
    return answer([shape_pending(caller.state, invitation) for invitation in made])


@router.post(_MEMBERS + "/basic/batch")
async def add_basic(caller: OrgCaller, body: Annotated[list[bodies.BasicCreate], Body()]) -> Response:
    """Create people who sign in with a password (API.md 8.6)."""
    items = [
        people.BasicInvite(
            email=item.email,
            role_id=bodies.text(item.role_id),
            workspace_ids=bodies.texts(item.workspace_ids),
            workspace_role_id=bodies.text(item.workspace_role_id),
            full_name=item.full_name,
            password=item.password,
            user_id=bodies.text(item.user_id),
            ls_user_id=bodies.text(item.ls_user_id),
        )
        for item in body
    ]
    return answer(people.add_basic(caller, items))


@router.patch("/api/v1/orgs/members/basic")
async def update_self(caller: OrgCaller, body: bodies.BasicPatch) -> Response:
    """Change the caller's own password or name (API.md 8.6)."""
    people.update_self(caller, body.password, body.full_name)
    return answer()


@router.patch(_MEMBERS + "/{identity_id}")
async def update_member(caller: OrgCaller, identity_id: UUID, body: bodies.MemberPatch) -> Response:
    """Change a member's organization role (API.md 8.6)."""
    people.update_member(caller, str(identity_id), bodies.text(body.role_id), body.password, body.full_name)
    return answer()


@router.delete(_MEMBERS + "/{identity_id}")
async def delete_member(caller: OrgCaller, identity_id: UUID) -> Response:
    """Remove a member (API.md 8.6)."""
    people.delete_member(caller, str(identity_id))
    return answer()


@router.delete(_MEMBERS + "/{identity_id}/pending")
async def delete_pending(caller: OrgCaller, identity_id: UUID) -> Response:
    """Cancel an invitation (API.md 8.6)."""
    people.delete_pending(caller, str(identity_id))
    return answer()


@router.patch(_MEMBERS + "/{identity_id}/pending")
async def update_pending(caller: OrgCaller, identity_id: UUID, body: bodies.PendingPatch) -> Response:
    """Change a pending person's organization role (API.md 9)."""
    need_newer(caller, "pending_patch", 405)
    return answer(people.update_pending(caller, str(identity_id), bodies.text(body.role_id), body.role_name))
