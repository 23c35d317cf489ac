"""What only newer servers can do, and what to do instead where they cannot."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb.plan.model import Change
from lsnb.plan.notes import Notes
from lsnb.plan.rules import ServerFeatures

#: By kind of change: what is not offered, and what to do instead.
NOT_OFFERED: dict[str, tuple[str, str]] = {
    "SetServiceKeyRole": (
        "not offered by this server: the roles of a service key cannot be changed here.",
        "Make a new key with the role that is wanted, put it to use, then delete this one.",
    ),
    "RevokeAccessToken": (
        "not offered by this server: tokens cannot be revoked here.",
        "Ask the owner to delete the token in LangSmith; removing somebody ends all their tokens.",
    ),
    "ReinstateAccessToken": (
        "not offered by this server: tokens cannot be reinstated here.",
        "Ask the owner to make a new token in LangSmith.",
    ),
}


def without_missing(changes: Iterable[Change], server: ServerFeatures, notes: Notes) -> tuple[Change, ...]:
    """Leave out what the server is known not to offer, and say so.

    Args:
        changes: the changes.
        server: what the server offers; what is not known is tried, and its answer will tell.
        notes: where to say what is left out.
    """
    offers = {
        "SetServiceKeyRole": server.can_patch_keys,
        "RevokeAccessToken": server.can_revoke_tokens,
        "ReinstateAccessToken": server.can_revoke_tokens,
    }
    kept = []
    for change in changes:
        if offers.get(change.kind, True) is False:
            values = change.before or {}
            name = values.get("description") or values.get("short_key") or ""
            why, instead = NOT_OFFERED[change.kind]
            notes.add("not-offered", f"{change.kind} of {name} is left out: {why} {instead}")
        else:
            kept.append(change)
    return tuple(kept)
