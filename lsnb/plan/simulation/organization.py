"""Simulate the tables of an organization after the changes of a plan."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb.plan.model import Change
from lsnb.plan.simulation.membership import simulate_membership
from lsnb.plan.simulation.structure import simulate_structure
from lsnb.snapshot import Snapshot


def simulate(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
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
    return simulate_membership(simulate_structure(snapshot, made), made)
