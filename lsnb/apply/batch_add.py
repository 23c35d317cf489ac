"""Which people may be added to a workspace in one request, where the server adds members that way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsnb.apply.refresh import find_by_address
from lsnb.errors import ApiError, TransportError
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.service.capabilities import can_batch_add

if TYPE_CHECKING:
    from lsnb.service.api import Api

# Asking whether the server can, and who the people are, takes requests too.
_FEWEST = 5


def find_together(api: Api, changes: Sequence[Change]) -> frozenset[str]:
    """Give the ids of the changes that may share a request.

    The batch of a workspace invites whoever is not in the organization, which sends an e-mail. So only people are put
    into it who are found there just before, under the same identity; everybody else is added alone, by identity.

    Args:
        api: the service.
        changes: changes of one stage.
    """
    adding = [change for change in changes if _asks_first(change) and _may_share(change)]
    counts = Counter((change.ids["workspace_id"], change.ids.get("role_id")) for change in adding)
    many = [change for change in adding if counts[change.ids["workspace_id"], change.ids.get("role_id")] >= _FEWEST]
    if not many:
        return frozenset()
    try:
        if not can_batch_add(api, many[0].ids["workspace_id"]):
            return frozenset()
        people = find_by_address(api, sorted({change.email or "" for change in many}))
    except (ApiError, TransportError):
        return frozenset()
    active = {(person.email, person.identity_id) for person in people if person.state == "active"}
    return frozenset(change.id for change in many if (change.email, change.ids.get("identity_id")) in active)


def _asks_first(change: Change) -> bool:
    batch = kind_of(change).batch
    return batch is not None and batch.asks_first


def _may_share(change: Change) -> bool:
    """Tell whether the values of a change fit the batch; it names the role, and is for people who have joined."""
    return bool(change.ids.get("role_id")) and change.ids.get("pending") != "true"
