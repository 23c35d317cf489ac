"""Which changes go out together: invitations of the same roles in one request, everything else by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lsnb.api.membership import BATCH_LIMIT
from lsnb.plan.model import Change


@dataclass(frozen=True, slots=True)
class Unit:
    """What one thread carries out in one go: one change, or several invitations in one request."""

    changes: tuple[Change, ...]

    @property
    def is_batch(self) -> bool:
        """Whether it is several changes in one request."""
        return len(self.changes) > 1


def to_units(changes: Iterable[Change]) -> list[Unit]:
    """Put changes into units, in the order of work.

    Invitations are grouped by their roles, so that a role that the service refuses takes no others with it; each
    carries its own workspaces.
    """
    alone: list[Unit] = []
    groups: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in changes:
        if change.kind == "InviteMember":
            groups[change.ids.get("role_id", ""), change.ids.get("workspace_role_id", "")].append(change)
        else:
            alone.append(Unit((change,)))
    batches = [
        Unit(tuple(group[start : start + BATCH_LIMIT]))
        for group in groups.values()
        for start in range(0, len(group), BATCH_LIMIT)
    ]
    return batches + alone


def halves(changes: tuple[Change, ...]) -> list[Unit]:
    """Split a batch that was refused: down to single rows only where the refused ones are."""
    middle = len(changes) // 2
    return [Unit(part) for part in (changes[:middle], changes[middle:]) if part]
