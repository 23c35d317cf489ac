"""Access policies (API.md 8.12) and SCIM tokens (8.13), from the Go service."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from lsnb.sandbox.ids import is_id
from lsnb.sandbox.records import Json
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.routes.context import OrgCaller, answer, answer_nothing, need_newer
from lsnb.sandbox.rules import policies, scim

router = APIRouter(prefix="/v1/platform/orgs/current")
_POLICIES = "/access-policies"
_TOKENS = "/scim/tokens"


async def read_object(request: Request) -> Json:
    """Read a JSON object as the Go service does: anything else is a 400."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise RefusedError(400, "invalid request body") from error
    if not isinstance(body, dict):
        raise RefusedError(400, "invalid request body")
    return body


def check_id(text: str, status: int = 400) -> str:
    """Return an id from a path in lower case; what is none is a 400, or a 404 where only that is documented."""
    if not is_id(text):
        raise RefusedError(status, "invalid id")
    return text.lower()


def read_policy_ids(body: Json) -> list[str]:
    """Read the policy ids of a request to attach or detach."""
    ids = body.get("access_policy_ids")
    if not isinstance(ids, list) or not ids:
        raise RefusedError(400, "access_policy_ids is required")
    return [check_id(str(i)) for i in ids]


Body = Annotated[Json, Depends(read_object)]


@router.get(_POLICIES)
async def list_policies(caller: OrgCaller) -> Response:
    """List access policies (API.md 8.12)."""
    return answer(policies.list_policies(caller))


@router.post(_POLICIES)
async def create_policy(caller: OrgCaller, body: Body) -> Response:
    """Create an access policy (API.md 8.12)."""
    return answer(policies.create_policy(caller, body), 201)


@router.get(_POLICIES + "/{access_policy_id}")
async def read_policy(caller: OrgCaller, access_policy_id: str) -> Response:
    """Return one access policy (API.md 8.12)."""
    return answer(policies.read_policy(caller, check_id(access_policy_id)))


@router.patch(_POLICIES + "/{access_policy_id}")
async def update_policy(caller: OrgCaller, access_policy_id: str, body: Body) -> Response:
    """Change an access policy (API.md 9)."""
    need_newer(caller, "access_policy_patch", 405)
    return answer(policies.update_policy(caller, check_id(access_policy_id), body))


@router.delete(_POLICIES + "/{access_policy_id}")
async def delete_policy(caller: OrgCaller, access_policy_id: str) -> Response:
    """Delete an access policy (API.md 8.12)."""
    policies.delete_policy(caller, check_id(access_policy_id))
    return answer_nothing()


@router.post(_POLICIES + "/roles/{role_id}/access-policies")
async def attach(caller: OrgCaller, role_id: str, body: Body) -> Response:
    """Attach access policies to a role (API.md 8.12)."""
    policies.attach(caller, check_id(role_id), read_policy_ids(body))
    return answer_nothing()


@router.delete(_POLICIES + "/roles/{role_id}/access-policies")
async def detach(caller: OrgCaller, role_id: str, body: Body) -> Response:
    """Detach access policies from a role (API.md 9)."""
    need_newer(caller, "access_policy_patch", 405)
    policies.detach(caller, check_id(role_id), read_policy_ids(body))
    return answer_nothing()


@router.get(_TOKENS)
async def list_tokens(caller: OrgCaller) -> Response:
    """List SCIM tokens (API.md 8.13)."""
    return answer(scim.list_tokens(caller))


@router.post(_TOKENS)
async def create_token(caller: OrgCaller, body: Body) -> Response:
    """Create a SCIM token (API.md 8.13)."""
    return answer(scim.create_token(caller, str(body.get("description") or "")), 201)


@router.get(_TOKENS + "/{scim_token_id}")
async def read_token(caller: OrgCaller, scim_token_id: str) -> Response:
    """Return one SCIM token (API.md 8.13)."""
    return answer(scim.read_token(caller, check_id(scim_token_id, 404)))


@router.patch(_TOKENS + "/{scim_token_id}")
async def update_token(caller: OrgCaller, scim_token_id: str, body: Body) -> Response:
    """Change a SCIM token's description (API.md 8.13)."""
    description = body.get("description")
    text = str(description) if description is not None else None
    return answer(scim.update_token(caller, check_id(scim_token_id, 404), text))


@router.delete(_TOKENS + "/{scim_token_id}")
async def delete_token(caller: OrgCaller, scim_token_id: str) -> Response:
    """Delete a SCIM token (API.md 8.13)."""
    scim.delete_token(caller, check_id(scim_token_id, 404))
    return answer_nothing()
