"""The order of work: by stage, then kind, person and workspace; never by where a row stood in the sheet."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb.plan.kinds import KINDS, UNKNOWN
from lsnb.plan.model import CHANGE_KINDS, STAGES, Change

_STAGE = {stage: position for position, stage in enumerate(STAGES)}
# Of kinds whose subject is not there yet.
_KIND = {kind: 10 * position for position, kind in enumerate(CHANGE_KINDS, start=1)}


def order_of(change: Change) -> tuple[int, int, str, str, str]:
    """Give what a change is sorted by."""
    return _STAGE[change.stage], _place(change), change.email or "", change.workspace or "", change.id


def _place(change: Change) -> int:
    record = KINDS.get(change.kind)
    return _KIND.get(change.kind, UNKNOWN.order) if record is None else record.order


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort changes into the order of work."""
    return tuple(sorted(changes, key=order_of))
