"""Say in few words what a plan takes and gives: what must be typed, and read, before it can be applied."""

from __future__ import annotations

from collections import Counter

from lsnb import catalogue
from lsnb.plan.changes import is_promotion
from lsnb.plan.kind_record import (
    DEMOTE_IN_ORGANIZATION,
    DEMOTE_IN_WORKSPACES,
    MYSELF,
    PROMOTE,
    PROMOTE_IN_WORKSPACES,
    UnlockPart,
    unless_reversible,
)
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change, Plan

#: What takes something from people.
_TAKING = {
    "RemoveWorkspaceMember": UnlockPart(10, "remove", " from workspaces", " from workspaces"),
    "RemoveMember": UnlockPart(20, "remove", " from the organization", " from the organization"),
    "CancelInvite": UnlockPart(30, "cancel", " invitation", " invitations"),
}


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
    if not kind.subject.is_person:
        return kind.unlock_self if change.stage == "self" else kind.unlock(change)
    if change.stage == "self":
        return MYSELF
    if change.kind in _TAKING:
        return _TAKING[change.kind]
    if change.stage == "demote":
        return DEMOTE_IN_WORKSPACES if change.scope == "workspace" else DEMOTE_IN_ORGANIZATION
    if is_promotion(change):
        return PROMOTE
    if change.stage == "promote" or _makes_workspace_admin(change):
        return PROMOTE_IN_WORKSPACES
    return unless_reversible(change)


def _makes_workspace_admin(change: Change) -> bool:
    names = ("workspace_role_name", "role_name")
    was, will = ({(values or {}).get(name) for name in names} for values in (change.before, change.after))
    return catalogue.WORKSPACE_ADMIN in will - was
