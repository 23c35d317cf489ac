"""Give endpoints their caller, checked for the endpoint's scope class (API.md 2), and their way to answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from lsnb.sandbox.access import Caller, enter_organization, enter_workspace, identify
from lsnb.sandbox.encode import to_json
from lsnb.sandbox.middleware import Exchange
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.rules.paging import PeopleQuery
from lsnb.sandbox.state import State

JSON_TYPE = "application/json"


def get_exchange(request: Request) -> Exchange:
    """Return what front and routes share, noting which route was found."""
    exchange: Exchange = request.scope["exchange"]
    exchange.route = request.scope["route"].path
    exchange.path_params = request.path_params
    return exchange


AnyExchange = Annotated[Exchange, Depends(get_exchange)]


def get_state(exchange: AnyExchange) -> State:
    """Return the state, for endpoints without credentials."""
    return exchange.instance.state


def get_caller(request: Request, exchange: AnyExchange) -> Caller:
    """Return whoever the credential belongs to. Scope headers alone are no credential."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else None
    exchange.caller = identify(exchange.instance.state, request.headers.get("x-api-key"), bearer)
    return exchange.caller


def get_org_caller(request: Request, caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
    """Return the caller of an ORG endpoint; a workspace header is noted where it fits (8.4, `unshare_all`)."""
    enter_organization(caller, request.headers.get("x-organization-id"))
    workspace = caller.state.workspaces.get(request.headers.get("x-tenant-id", "").lower())
    if workspace is not None and caller.workspace_role(workspace.id) is not None:
        caller.workspace = workspace
    return caller


def get_workspace_caller(request: Request, caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
    """Return the caller of a WS endpoint with its workspace."""
    headers = request.headers
    return enter_workspace(caller, headers.get("x-tenant-id"), headers.get("x-organization-id"))


def get_user_caller(caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
    """Return the caller of a USER endpoint: a browser session. What a key gets is not public (unknown 8)."""
    if caller.key is not None:
        raise RefusedError(caller.state.behaviours.user_route_status, "This endpoint requires a user session")
    return caller


AnyState = Annotated[State, Depends(get_state)]
AnyCaller = Annotated[Caller, Depends(get_caller)]
OrgCaller = Annotated[Caller, Depends(get_org_caller)]
WorkspaceCaller = Annotated[Caller, Depends(get_workspace_caller)]
UserCaller = Annotated[Caller, Depends(get_user_caller)]


def need_newer(caller: Caller, behaviour: str, status: int = 404) -> None:
    """Answer as a server without this newer endpoint: 404, or 405 where the path exists for other methods."""
    if not caller.state.behaviours.has(behaviour):
        raise RefusedError(status, "Method Not Allowed" if status == 405 else "Not Found")


def answer(data: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return JSON; no data is `null`."""
    return Response(to_json(data), status_code=status, headers=headers, media_type=JSON_TYPE)


def answer_nothing() -> Response:
    """Return 204 without a body."""
    return Response(status_code=204)


def read_people_query(
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
    emails: Annotated[list[str] | None, Query()] = None,
    q: str | None = None,
    sort_by_desc: bool = True,
    sort_by: Literal["name", "email", "role", "created_at"] = "created_at",
) -> PeopleQuery:
    """Read the parameters of a list of pending people (API.md 8.6)."""
    return PeopleQuery(limit, offset, emails or [], q, sort_by, sort_by_desc)


def read_active_query(
    query: Annotated[PeopleQuery, Depends(read_people_query)],
    ls_user_ids: Annotated[list[UUID] | None, Query()] = None,
    user_ids: Annotated[list[UUID] | None, Query()] = None,
    is_disabled: bool | None = None,
) -> PeopleQuery:
    """Read the parameters of a list of active people (API.md 8.6)."""
    query.ls_user_ids = [str(i) for i in ls_user_ids or []]
    query.user_ids = [str(i) for i in user_ids or []]
    query.is_disabled = is_disabled
    return query


PendingQuery = Annotated[PeopleQuery, Depends(read_people_query)]
ActiveQuery = Annotated[PeopleQuery, Depends(read_active_query)]
