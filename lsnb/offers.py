"""What a server offers beyond what every server does, found out only where something depends on it.

Each question is put so that it changes nothing whatever the answer is: it names an id that nobody has, or a body that no
server accepts. An answer that is not understood counts as None, and then the older way is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsnb.errors import ApiError, InvalidRequestError, NotFoundError, NotOfferedError

if TYPE_CHECKING:
    from lsnb.api import Api

# Nothing has this id, so that the question changes nothing.
_NOBODY = "00000000-0000-4000-8000-000000000000"
# What servers say about a path that they do not know, and not about an id.
_NO_SUCH_PATH = frozenset({"", "not found", "404 page not found", "method not allowed"})


def can_patch_pending(api: Api) -> bool | None:
    """Ask whether the role of an invited person can be changed in place, without a second e-mail.

    Newer servers have `PATCH /orgs/current/members/{id}/pending`. It is asked for an id that nobody has: a server that has
    it does not find the id, one that has not does not know the method.

    Returns:
        True or False, or None where the key may not ask.
    """
    return _knows(api, "PATCH", f"/api/v1/orgs/current/members/{_NOBODY}/pending")


def can_patch_keys(api: Api) -> bool | None:
    """Ask whether the roles of a service key can be changed: newer servers have `PATCH` of one.

    Returns:
        True or False, or None where the key may not ask.
    """
    return _knows(api, "PATCH", f"/api/v1/orgs/current/service-keys/{_NOBODY}")


def can_revoke_tokens(api: Api) -> bool | None:
    """Ask whether tokens can be revoked and reinstated: newer servers have `.../personal-access-tokens/{id}/revocation`.

    Returns:
        True or False, or None where the key may not ask.
    """
    path = f"/api/v1/orgs/current/personal-access-tokens/{_NOBODY}/revocation"
    return _knows(api, "DELETE", path, body=None, names_path=True)


def can_restrict_roles(api: Api) -> bool | None:
    """Ask whether a role can be restricted: newer servers have `PUT /orgs/current/roles/{id}/restriction`.

    Returns:
        True or False, or None where the key may not ask.
    """
    path = f"/api/v1/orgs/current/roles/{_NOBODY}/restriction"
    return _knows(api, "PUT", path, body={"is_restricted": False}, names_path=True)


def can_batch_add(api: Api, workspace_id: str) -> bool | None:
    """Ask whether the batch of a workspace adds people of the organization at once, instead of refusing them.

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


def _knows(api: Api, method: str, path: str, *, body: Any = (), names_path: bool = False) -> bool | None:
    """Ask for an id that nobody has.

    Args:
        api: the service.
        method: the method.
        path: the path.
        body: what to send; an empty object by default.
        names_path: whether the path exists only for this, so that only words tell the two kinds of 404 apart.
    """
    try:
        api.transport.request(method, path, body={} if body == () else body, retry=False)
    except NotFoundError as error:
        return not is_missing_endpoint(error) if names_path else error.status != 405
    except InvalidRequestError:
        return True
    except ApiError:
        return None
    return True
