"""What a server offers beyond what every server does, found out only where a plan depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsnb.errors import ApiError, InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from lsnb.api import Api

# No invitation has this id, so that the question changes nothing.
_NOBODY = "00000000-0000-4000-8000-000000000000"


def can_patch_pending(api: Api) -> bool | None:
    """Ask whether the role of an invited person can be changed in place, without a second e-mail.

    Newer servers have `PATCH /orgs/current/members/{id}/pending`. It is asked for an id that nobody has: a server that has
    it does not find the id, one that has not does not know the method.

    Returns:
        True or False, or None where the key may not ask.
    """
    try:
        api.transport.request("PATCH", f"/api/v1/orgs/current/members/{_NOBODY}/pending", body={}, retry=False)
    except NotFoundError as error:
        return error.status != 405
    except InvalidRequestError:
        return True
    except ApiError:
        return None
    return True
