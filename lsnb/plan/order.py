"""The order of work: by stage, then kind, person and workspace; never by where a row stood in the sheet."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb.plan.kinds import kind_of
from lsnb.plan.model import STAGES, Change

_STAGE = {stage: position for position, stage in enumerate(STAGES)}


def order_of(change: Change) -> tuple[int, int, str, str, str]:
    """Give what a change is sorted by."""
    return _STAGE[change.stage], kind_of(change).order, change.email or "", change.workspace or "", change.id


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sort changes into the order of work."""
    return tuple(sorted(changes, key=order_of))
