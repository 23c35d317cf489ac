"""What a server offers beyond what every server does, found out only where something depends on it.

Planning asks with reads alone. A path that exists for a newer method only tells by itself whether it is there: a server
that has it refuses to read it, one that has not does not know it. What shares its path with something older cannot be told
so, and no public material says which version brought it; that is found out when a plan is carried out, by the first answer,
which is kept in `Transport.offers`. An answer that is not understood counts as None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from lsnb.errors import ApiError, InvalidRequestError, NotFoundError, NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsnb.service.api import Api

T = TypeVar("T")

#: What can be learnt about a server from the answer to a write: changing the role of an open invitation, of a key.
Feature = Literal["pending_patch", "service_key_patch"]

# Nothing has this id, so that the question changes nothing.
_NOBODY = "00000000-0000-4000-8000-000000000000"
# What servers say about a path that they do not know, and not about an id.
_NO_SUCH_PATH = frozenset({"", "not found", "404 page not found", "method not allowed"})


def can_revoke_tokens(api: Api) -> bool | None:
    """Ask with a read whether tokens can be revoked: newer servers have `.../personal-access-tokens/{id}/revocation`.

    Returns:
        True or False, or None where the answer does not tell.
    """
    return _has_path(api, f"/api/v1/orgs/current/personal-access-tokens/{_NOBODY}/revocation")


def can_restrict_roles(api: Api) -> bool | None:
    """Ask with a read whether a role can be restricted: newer servers have `PUT /orgs/current/roles/{id}/restriction`.

    Returns:
        True or False, or None where the answer does not tell.
    """
    return _has_path(api, f"/api/v1/orgs/current/roles/{_NOBODY}/restriction")


def noting_offer(api: Api, feature: Feature, send: Callable[[], T]) -> T:
    """Send a write that only newer servers know, and remember what its answer says about the server.

    Args:
        api: the service.
        feature: what the write is an instance of.
        send: sends it.
    """
    try:
        answer = send()
    except NotFoundError as error:
        if is_missing_endpoint(error):
            api.transport.offers[feature] = False
        raise
    api.transport.offers[feature] = True
    return answer


def can_batch_add(api: Api, workspace_id: str) -> bool | None:
    """Ask, when a plan is carried out, whether the batch of a workspace adds people of the organization at once, instead of refusing them.

    Newer servers know `workspace_role_name` in its items, and older ones ignore a field that they do not know. An item
    without an address is refused by both; a newer one complains of that field too when it is no text.

    Returns:
        True or False, or None where the key may not ask.
    """
    body: list[dict[str, list[str]]] = [{"workspace_role_name": []}]
    path = "/api/v1/workspaces/current/members/batch"
    try:
        api.transport.request("POST", path, body=body, scope="workspace", workspace_id=workspace_id, retry=False)
    except InvalidRequestError as error:
        return "workspace_role_name" in error.detail
    except ApiError:
        return None
    return None


def restrict_role(api: Api, role_id: str, *, is_restricted: bool) -> None:
    """Let only those who manage a workspace give a role there, or everybody who manages its people.

    Args:
        api: the service.
        role_id: a custom role.
        is_restricted: whether it is to be restricted; `snap.roles` has it in the column of that name.

    Raises:
        NotOfferedError: the server does not have restricted roles.
        ApiError: the service said no, such as to a plan that does not include it.
        TransportError: no answer came.
    """
    try:
        api.restrict_role(role_id, is_restricted=is_restricted)
    except NotFoundError as error:
        if not is_missing_endpoint(error):
            raise
        raise NotOfferedError(
            "restricting who may give a role", "Keep an eye on who manages the people of workspaces instead."
        ) from None


def is_missing_endpoint(error: Exception) -> bool:
    """Tell whether an answer says that the server does not have an endpoint, and not that it has no such object."""
    if not isinstance(error, NotFoundError):
        return False
    return error.status == 405 or error.detail.strip().rstrip(".").lower() in _NO_SUCH_PATH


def _has_path(api: Api, path: str) -> bool | None:
    """Read a path that exists for a newer method only, with an id that nobody has."""
    try:
        api.transport.request("GET", path, retry=False)
    except NotFoundError as error:
        return error.status == 405 or not is_missing_endpoint(error)
    except ApiError:
        return None
    return True
