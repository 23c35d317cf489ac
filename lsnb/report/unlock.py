"""Say in few words what a plan takes and gives: what must be typed, and read, before it can be applied."""

from __future__ import annotations

from collections import Counter

from lsnb.plan.kind_record import (
    UnlockPart,
)
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change, Plan


def unlock_phrase(plan: Plan) -> str:
    """Say what a plan takes and gives, each kind by itself; empty where it does neither.

    `remove 2 from workspaces, 1 from the organization, promote 1`: who takes somebody out of a workspace does not mean
    the organization.
    """
    counts = Counter(part for part in map(_part_of, plan.changes) if part is not None)
    words: list[str] = []
    last_verb = ""
    for part, n in sorted(counts.items()):
        said = f"{n}{part.one if n == 1 else part.several}"
        words.append(said if part.verb == last_verb else f"{part.verb} {said}")
        last_verb = part.verb
    return ", ".join(words)


def _part_of(change: Change) -> UnlockPart | None:
    kind = kind_of(change)
    return kind.unlock_self if change.stage == "self" else kind.unlock(change)
