"""Which changes go out together, and in which order those of one stage are.

Invitations of the same roles share a request, the settings of a stage share one, and so do people who are added to one
workspace where the server can do that. Everything else goes by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from lsnb.plan.admins import may_take_admin
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.plan.subjects.workspace import renames
from lsnb.service.api.membership import BATCH_LIMIT

_TAKING_ADMIN = 1.5


@dataclass(frozen=True, slots=True)
class Unit:
    """What one thread carries out in one go: one change, or several in one request."""

    changes: tuple[Change, ...]

    @property
    def is_batch(self) -> bool:
        """Whether it is several changes in one request."""
        return len(self.changes) > 1


def to_waves(changes: Iterable[Change]) -> list[list[Change]]:
    """Put the changes of a stage into waves; each waits for the one before.

    What takes Organization Admins away is in waves of its own, the last of the stage; only deleting a role comes after
    it, since those who go may hold it.
    """
    made = list(changes)
    waves: dict[float, list[Change]] = defaultdict(list)
    later = _renames_in_turn(made)
    for change in made:
        is_self = change.stage == "self"
        kind = kind_of(change)
        number: float = later.get(change.id) or (kind.last_wave if is_self else kind.wave)
        if may_take_admin(change):
            number = number + 0.5 if is_self else _TAKING_ADMIN
        waves[number].append(change)
    return [waves[number] for number in sorted(waves)]


def _renames_in_turn(changes: Iterable[Change]) -> dict[str, int]:
    """Give the wave of workspaces that get a name which another one gives up first, since a service may want unique names.

    Where they go round in a circle nothing helps, and they are left where they are.
    """
    renamed = renames(changes)
    givers = {_name(change.before): change for change in renamed}
    waves: dict[str, int] = {}
    for change in renamed:
        chain = [change]
        while (giver := givers.get(_name(chain[-1].after))) is not None and giver not in chain:
            chain.append(giver)
        if giver is None and len(chain) > 1:
            waves[change.id] = len(chain) - 1
    return waves


def _name(values: Mapping[str, object] | None) -> str:
    return str((values or {}).get("workspace")).casefold()


def to_units(changes: Iterable[Change], *, together: Collection[str] = ()) -> list[Unit]:
    """Put changes into units, in the order of work.

    Invitations are grouped by their roles, so that a role that the service refuses takes no others with it; each
    carries its own workspaces.

    Args:
        changes: the changes.
        together: the ids of those who are added to a workspace and may share a request.
    """
    alone: list[Unit] = []
    groups: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in changes:
        group = _group_of(change, together)
        if group is None:
            alone.append(Unit((change,)))
        else:
            groups[group].append(change)
    batches = [
        Unit(tuple(group[start : start + BATCH_LIMIT]))
        for group in groups.values()
        for start in range(0, len(group), BATCH_LIMIT)
    ]
    return batches + alone


def _group_of(change: Change, together: Collection[str]) -> tuple[str, ...] | None:
    """Tell which changes share a request; None for those that go alone."""
    batch = kind_of(change).batch
    if batch is None or (batch.asks_first and change.id not in together):
        return None
    return batch.group(change)


def halves(changes: tuple[Change, ...]) -> list[Unit]:
    """Split a batch that was refused: down to single rows only where the refused ones are."""
    middle = len(changes) // 2
    return [Unit(part) for part in (changes[:middle], changes[middle:]) if part]
