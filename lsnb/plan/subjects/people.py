"""What memberships and invitations have in common: the values of a person, what is found of them, and the words for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from lsnb.plan.kind_record import (
    DEMOTE_IN_ORGANIZATION,
    DEMOTE_IN_WORKSPACES,
    PROMOTE,
    PROMOTE_IN_WORKSPACES,
    Ids,
    Rows,
    Undo,
    UnlockPart,
    Values,
    unless_reversible,
)
from lsnb.plan.live import Member, Person, Present
from lsnb.plan.model import Change, Risk, Stage
from lsnb.plan.roles import ORGANIZATION_POWERS, RoleData, rank
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

ORGANIZATION_ROLES = frozenset(
    name for name, (_, scope) in builtin_roles.SYSTEM_ROLES.items() if scope == "organization"
)
WORKSPACE_ROLES = frozenset(builtin_roles.SYSTEM_ROLES) - ORGANIZATION_ROLES | {builtin_roles.CUSTOM}

#: What is said where there is nothing to say.
NOTHING = "—"


class PlaceValues(RoleData):
    """A role that somebody holds in a workspace."""

    workspace: str | None
    workspace_id: str


class MemberValues(RoleData, total=False):
    """What a member is, or is to be: the role, the state, and of somebody who is removed what they hold in workspaces."""

    state: str
    workspaces: list[PlaceValues]


def member_values(values: Values | None) -> MemberValues:
    """Read the values of a change of a membership; none where nothing is there."""
    return cast("MemberValues", values or {})


def power_of(values: Values | None) -> int:
    """Rank a role by the power it gives over the organization or over a workspace; 0 for the others."""
    name = member_values(values).get("role_name")
    if name in ORGANIZATION_POWERS:
        return rank(name)
    return 1 if name == builtin_roles.WORKSPACE_ADMIN else 0


def stage_of_role(before: Values | None, after: Values | None, ids: Ids) -> Stage:
    """Tell when another role is given: what gives power comes before what takes it."""
    gained = power_of(after) - power_of(before)
    return "promote" if gained > 0 else "demote" if gained < 0 else "change"


def risk_of_role(known: frozenset[str], before: Values | None, after: Values | None, ids: Ids) -> Risk:
    """Tell the risk of another role; `known` are the roles of its scope."""
    old, new = (member_values(values).get("role_name") for values in (before, after))
    if old != new and {old, new} & ORGANIZATION_POWERS:
        return "high"
    if ({new} | (set() if before is None else {old})) - known:
        return "high"
    return "medium" if builtin_roles.WORKSPACE_ADMIN in (old, new) else "low"


def demotes(change: Change) -> bool:
    """Tell whether a change gives somebody a lesser role of the same scope."""
    old, new = (member_values(values).get("role_name") for values in (change.before, change.after))
    return rank(new) < rank(old)


def promotes(change: Change) -> bool:
    """Tell whether a change makes somebody Organization Admin or Operator who was less before."""
    old, new = (member_values(values).get("role_name") for values in (change.before, change.after))
    return new in ORGANIZATION_POWERS and (old not in ORGANIZATION_POWERS or rank(old) < rank(new))


def unlock_role(change: Change) -> UnlockPart | None:
    """Give what must be typed for a change that gives a role."""
    if change.stage == "demote":
        return DEMOTE_IN_WORKSPACES if change.scope == "workspace" else DEMOTE_IN_ORGANIZATION
    if change.scope == "organization" and promotes(change):
        return PROMOTE
    names = ("workspace_role_name", "role_name")
    was, will = ({(values or {}).get(name) for name in names} for values in (change.before, change.after))
    if change.stage == "promote" or builtin_roles.WORKSPACE_ADMIN in will - was:
        return PROMOTE_IN_WORKSPACES
    return unless_reversible(change)


def person_itself(snapshot: Snapshot, change: Change) -> list[str]:
    """Give the person whom a change is about as the one who loses something."""
    return [change.email or change.id]


def same_role(values: Values, role_id: str | None) -> bool:
    """Compare a role with the one that is there; one that is not known on either side is no difference."""
    wanted = values.get("role_id")
    return not wanted or not role_id or wanted == role_id


def is_person_as(values: Values | None, change: Change, present: Present) -> bool:
    """Tell whether the person of a change has the role and state that the values say."""
    person = present.person(change)
    if person is None or values is None:
        return False
    if person.state != values.get("state", person.state) or not same_role(values, person.role_id):
        return False
    # Also where no id tells: who became Admin meanwhile was not counted as one.
    return not person.is_organization_admin or values.get("role_name") == builtin_roles.ORGANIZATION_ADMIN


def is_person_in_places(change: Change, present: Present) -> bool:
    """Tell whether the person of a change is as before, in the same workspaces too.

    Those of an Organization Admin say nothing, since some servers list them all.
    """
    person, before = present.person(change), member_values(change.before)
    if person is None or not is_person_as(change.before, change, present):
        return False
    if person.places is None or before.get("role_name") == builtin_roles.ORGANIZATION_ADMIN:
        return True
    known = person.places
    wanted = {str(place["workspace_id"]): place for place in before.get("workspaces") or ()}
    return set(wanted) == set(known) and all(same_role(place, known[id_]) for id_, place in wanted.items())


def is_nobody_left(change: Change, present: Present) -> bool:
    """Tell whether nobody has the address of a change any more, invited or joined.

    Who has accepted the invitation meanwhile, or has come back, has another id, and is not gone.
    """
    found = present.people.get(change.email or "", [])
    return not any(person.has_joined or person.identity_id == change.ids.get("identity_id") for person in found)


def person_found(change: Change, present: Present, *, with_places: bool) -> str:
    """Say who is in the organization now, with how many workspaces."""
    people = present.people.get(change.email or "", [])
    if not people:
        return f"{change.email} is not in the organization"
    person = present.person(change) or people[0]
    words = f"{change.email} is {found_role(person)}"
    if person.identity_id != change.ids.get("identity_id", person.identity_id):
        return f"{words}, under another identity than when the plan was made"
    if with_places and person.places is not None:
        return f"{words}, in {len(person.places)} workspace{'' if len(person.places) == 1 else 's'}"
    return words


def is_member_as_before(change: Change, present: Present) -> bool:
    """Tell whether the person of a change is in the workspace, or is not, as before."""
    member, before = present.member(change), change.before
    if before is None or member is None:
        return before is None and member is None
    known = (change.ids.get("ls_user_id"), member.ls_user_id)
    is_other = all(known) and known[0] != known[1]
    return not is_other and member.state == before.get("state", member.state) and same_role(before, member.role_id)


def is_member_as_wanted(change: Change, present: Present) -> bool:
    """Tell whether the person of a change is in the workspace, or is not, as is wanted."""
    member, after = present.member(change), change.after
    if after is None or member is None:
        return after is None and member is None
    return same_role(after, member.role_id)


def member_found(change: Change, present: Present) -> str:
    """Say who is in the workspace now."""
    if change.ids.get("workspace_id") in present.gone:
        return f"the workspace {change.workspace or 'that it is about'} is not there any more"
    member, place = present.member(change), change.workspace or "the workspace"
    if member is None:
        return f"{change.email} is not in {place}"
    return f"{change.email} is {found_role(member)} in {place}"


def found_role(who: Person | Member) -> str:
    """Say with which role somebody is there."""
    role = builtin_roles.SYSTEM_ROLES.get(who.role_name or "", (who.role_name, ""))[0] or "a member"
    return {"pending": f"{role} (invited)", "disabled": f"{role} (disabled)"}.get(who.state, role)


def values_words(values: Values | None, *, nothing: str = NOTHING, is_invitation: bool = False) -> str:
    """Say what somebody is: the role, the state, and the workspaces by the role in them.

    Args:
        values: the values of a change, before or after it.
        nothing: what to say where there are none.
        is_invitation: whether they are those of an invitation, which say so themselves only once it is there.
    """
    if values is None:
        return nothing
    if "role" not in values:
        return ", ".join(f"{name}: {values[name]}" for name in sorted(values)) or NOTHING
    words = str(values["role"] or "a member")
    if is_invitation or values.get("state") == "pending":
        words += " (invited)"
    elif values.get("state") == "disabled":
        words += " (disabled)"
    by_role: dict[str, list[str]] = {}
    for place in values.get("workspaces") or ():
        role = str(values.get("workspace_role") or place.get("role") or "member")
        by_role.setdefault(role, []).append(str(place.get("workspace")))
    places = "; ".join(f"{role} in {', '.join(names)}" for role, names in by_role.items())
    return f"{words}; {places}" if places else words


def before_words(change: Change) -> str:
    """Say what somebody is before a change."""
    return values_words(change.before)


def after_words(change: Change) -> str:
    """Say what somebody is after a change."""
    return values_words(change.after, nothing="removed")


def sentence_with(before: Callable[[Change], str], after: Callable[[Change], str]) -> Callable[[Change], str]:
    """Make the function that says what a change does to somebody, from what to what."""

    def sentence(change: Change) -> str:
        where = change.workspace or "organization" if change.scope == "workspace" else "organization"
        return f"{change.email or 'nobody'}, {where}: {before(change)} → {after(change)}"

    return sentence


def who_words(change: Change) -> str:
    """Say whom a change is about."""
    return change.email or ""


def no_rows(table: str, rows: Rows, change: Change, snapshot: Snapshot) -> Rows:
    """Give the rows as they are: what is about people shows in the tables about people alone."""
    return rows


def with_the_person(undo: Undo, change: Change) -> str:
    """Say that a change is taken back together with all that the run did for the person, by `lsnb.apply.undo`."""
    return f"{change.kind} is taken back with all else that was done for {change.email or 'the person'}."
