"""An organization as it would be once the changes of a plan are carried out. Pure: nothing is asked of anybody."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb.outlook.membership import change_membership
from lsnb.outlook.structure import change_structure
from lsnb.plan.model import Change
from lsnb.snapshot import Snapshot

__all__ = ["after_changes"]


def after_changes(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Give the organization as it would be after the changes.

    Args:
        snapshot: the organization as it was read.
        changes: the changes of a plan, in any order.

    Returns:
        A new snapshot with the same time and caller. What a plan would create has a reference for an id.

    Raises:
        UnreadableTableError: a table that the changes concern was not read.
    """
    made = list(changes)
    return change_membership(change_structure(snapshot, made), made)
