"""Whether what a change starts from still holds, and whether what it leads to is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsnb import catalogue
from lsnb.apply.present import Member, Person, Present
from lsnb.apply.things import is_thing
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change

_INVITING = ("InviteMember", "ReplaceInvite")


def holds(change: Change, present: Present) -> bool:
    """Tell whether what a change starts from is still there."""
    if is_thing(change):
        return kind_of(change).holds(change, present)
    if change.kind == "InviteMember":
        return not present.people.get(change.email or "")
    if change.scope == "workspace":
        member = present.member(change)
        if change.before is None:
            return member is None
        return member is not None and _is_member_as(change.before, change, member)
    person = present.person(change)
    if person is None or change.before is None:
        return False
    if person.state != change.before.get("state", person.state) or not _same_role(change.before, person.role_id):
        return False
    if person.is_organization_admin and change.before.get("role_name") != catalogue.ORGANIZATION_ADMIN:
        # Also where no id tells: whoever became Admin meanwhile was not counted as one.
        return False
    return change.kind == "SetOrgRole" or _same_places(change.before, person)


def is_reached(change: Change, present: Present) -> bool:
    """Tell whether what a change leads to is there."""
    if is_thing(change):
        return kind_of(change).reached(change, present)
    if change.scope == "workspace":
        member = present.member(change)
        if change.after is None:
            return member is None
        return member is not None and _same_role(change.after, member.role_id)
    found = present.people.get(change.email or "", [])
    if change.kind in ("CancelInvite", "RemoveMember"):
        # Whoever has accepted the invitation meanwhile, or has come back, has another id, and is not gone.
        return not any(person.has_joined or person.identity_id == change.ids.get("identity_id") for person in found)
    if change.kind in _INVITING:
        return any(_is_as_invited(change, person) for person in found)
    # Whoever was invited and has joined meanwhile has another id.
    person = present.person(change) or present.joined(change)
    return person is not None and _same_role(change.after or {}, person.role_id)


def is_shown(change: Change, present: Present) -> bool:
    """Tell whether the service shows what a change leads to, so that it can be read back."""
    return not is_thing(change) or kind_of(change).is_shown(change, present)


def is_otherwise(change: Change, present: Present) -> bool:
    """Tell whether something else is there now, of what a change was to create or whom it was to invite."""
    if is_thing(change):
        return not kind_of(change).holds(change, present)
    return bool(present.people.get(change.email or ""))


def found_words(change: Change, present: Present) -> str:
    """Say what is there now, for somebody who wonders why a change was not made."""
    if is_thing(change):
        return kind_of(change).found_words(change, present)
    if change.scope == "workspace":
        member = present.member(change)
        place = change.workspace or "the workspace"
        if change.ids.get("workspace_id") in present.gone:
            return f"the workspace {change.workspace or 'that it is about'} is not there any more"
        if member is None:
            return f"{change.email} is not in {place}"
        return f"{change.email} is {_role_words(member)} in {place}"
    people = present.people.get(change.email or "", [])
    if not people:
        return f"{change.email} is not in the organization"
    person = present.person(change) or people[0]
    words = f"{change.email} is {_role_words(person)}"
    if person.identity_id != change.ids.get("identity_id", person.identity_id):
        return f"{words}, under another identity than when the plan was made"
    if change.kind != "SetOrgRole" and person.places is not None:
        return f"{words}, in {len(person.places)} workspace{'' if len(person.places) == 1 else 's'}"
    return words


def _role_words(who: Person | Member) -> str:
    role = catalogue.SYSTEM_ROLES.get(who.role_name or "", (who.role_name, ""))[0] or "a member"
    return {"pending": f"{role} (invited)", "disabled": f"{role} (disabled)"}.get(who.state, role)


def _same_role(values: Mapping[str, Any], role_id: str | None) -> bool:
    """Compare a role with the one that is there; one that is not known on either side is no difference."""
    wanted = values.get("role_id")
    return not wanted or not role_id or wanted == role_id


def _is_member_as(before: Mapping[str, Any], change: Change, member: Member) -> bool:
    known = (change.ids.get("ls_user_id"), member.ls_user_id)
    is_other = all(known) and known[0] != known[1]
    return not is_other and member.state == before.get("state", member.state) and _same_role(before, member.role_id)


def _same_places(values: Mapping[str, Any], person: Person) -> bool:
    """Compare the workspaces; those of an Organization Admin say nothing, since some servers list them all."""
    if person.places is None or values.get("role_name") == catalogue.ORGANIZATION_ADMIN:
        return True
    wanted = {str(place["workspace_id"]): place for place in values.get("workspaces") or ()}
    return set(wanted) == set(person.places) and all(
        _same_role(place, person.places[workspace_id]) for workspace_id, place in wanted.items()
    )


def _is_as_invited(change: Change, person: Person) -> bool:
    """Tell whether somebody is invited as a change wants it, or has joined with that already."""
    after = change.after or {}
    if change.kind == "ReplaceInvite" and person.identity_id == change.ids.get("identity_id"):
        return False
    if not _same_role(after, person.role_id):
        return False
    if person.places is None or after.get("role_name") == catalogue.ORGANIZATION_ADMIN:
        return True
    wanted = {str(place["workspace_id"]) for place in after.get("workspaces") or ()}
    there = set(person.places)
    if wanted != there and not (person.has_joined and wanted <= there):
        return False
    shared = {"role_id": after.get("workspace_role_id")}
    return all(_same_role(shared, person.places[workspace_id]) for workspace_id in wanted)
