"""What only newer servers can do, and what to do instead where they cannot."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb.plan.kinds import KINDS, kind_of
from lsnb.plan.model import Change
from lsnb.plan.notes import Notes
from lsnb.plan.rules import ServerFeatures

#: What is said where an open invitation is to be changed, and nobody knows whether the server can.
PENDING_NOTE = (
    "the open invitation is to be changed in place, without another e-mail. Whether this server can is found out when the "
    "plan is carried out; where it cannot, the row fails, and nobody gets an e-mail."
)


def without_missing(changes: Iterable[Change], server: ServerFeatures, notes: Notes) -> tuple[Change, ...]:
    """Leave out what the server is known not to offer, and say so; say of the rest what is not known.

    Args:
        changes: the changes.
        server: what the server offers; what is not known is tried, and its answer will tell.
        notes: where to say what is left out.
    """
    kept = []
    unsure: dict[str, list[str]] = {}
    for change in changes:
        need = kind_of(change).needs
        can = None if need is None or need.feature is None else getattr(server, need.feature)
        if need is not None and can is False:
            values = change.before or {}
            name = values.get("description") or values.get("short_key") or ""
            notes.add("not-offered", f"{change.kind} of {name} is left out: {need.missing} {need.instead}")
            continue
        kept.append(change)
        if need is not None and need.feature is not None and can is None:
            unsure.setdefault(change.kind, []).append(change.id)
    for kind, ids in unsure.items():
        need = KINDS[kind].needs
        notes.add(
            "found-at-apply",
            f"{kind}: whether this server offers it is found out when the plan is carried out. Where it does not, "
            f"{'the row fails' if len(ids) == 1 else f'the {len(ids):,} rows fail'} and nothing else is touched. Then: "
            f"{need.instead if need else ''}",
            *ids,
        )
    return tuple(kept)
