"""Active and pending members of the organization (API.md 8.6)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from lsnb.sandbox.access import Caller
from lsnb.sandbox.ids import make_hash
from lsnb.sandbox.records import Invitation, Json, Membership, Person
from lsnb.sandbox.refusals import RefusedError, make_forbidden, make_missing
from lsnb.sandbox.rules.invitations import (
    Invite,
    check_batch_size,
    check_rank,
    choose_org_role,
    choose_workspace_role,
    clean_email,
    fill_workspace_role,
)
from lsnb.sandbox.rules.paging import PeopleQuery, cut, select
from lsnb.sandbox.rules.shapes import shape_member, shape_org_pending, sort_people
from lsnb.sandbox.state import State


@dataclass(slots=True)
class BasicInvite(Invite):
    """One item of the basic-auth batch: an account that is active at once."""

    password: str | None = None
    user_id: str | None = None
    ls_user_id: str | None = None


def list_active(caller: Caller, query: PeopleQuery) -> list[Json]:
    """Return one page of the active members; disabled people are among them."""
    caller.need("organization:read")
    state = caller.state
    # Sorting twenty thousand people takes longer than everything else, so the order is remembered.
    order = state.remember(
        ("order", query.sort_by, query.sort_by_desc),
        lambda: sorted(state.people.values(), key=sort_people(state, query.sort_by), reverse=query.sort_by_desc),
    )
    return [shape_member(state, person) for person in cut(order, query, person=lambda p: p)]


def list_pending(caller: Caller, query: PeopleQuery) -> list[Json]:
    """Return one page of the pending people."""
    caller.need("organization:read")
    found = select(
        caller.state.open_invitations(),
        query,
        person=lambda invitation: invitation,
        sort_key=lambda invitation: _pending_key(caller.state, query.sort_by, invitation),
    )
    return [shape_org_pending(caller.state, invitation) for invitation in found]


def _pending_key(state: State, sort_by: str, invitation: Invitation) -> tuple[str, str]:
    match sort_by:
        case "name":
            return (invitation.full_name or "").lower(), invitation.id
        case "email":
            return invitation.email, invitation.id
        case "role":
            return state.roles[invitation.role_id].display_name, invitation.id
        case _:
            return invitation.created_at, invitation.id


def list_members(caller: Caller) -> Json:
    """Return everybody at once, unpaged."""
    caller.need("organization:read")
    state = caller.state
    return {
        "organization_id": state.organization.id,
        "members": [shape_member(state, person) for person in state.people.values()],
        "pending": [shape_org_pending(state, invitation) for invitation in state.open_invitations()],
    }


def update_member(
    caller: Caller, identity_id: str, role_id: str | None, password: str | None = None, full_name: str | None = None
) -> None:
    """Change a member's organization role; password and name only where people sign in with passwords."""
    caller.need("organization:manage")
    state = caller.state
    person = _find_person(state, identity_id)
    check_rank(caller, state.roles[person.role_id])
    if (password or full_name) and not state.behaviours.basic_auth:
        raise make_forbidden("Basic auth is not enabled")
    if role_id is not None:
        role = choose_org_role(caller, role_id)
        check_rank(caller, role)
        if role.name != "ORGANIZATION_ADMIN":
            _check_still_managed(caller, person)
        person.role_id = role.id
    set_basic(person, password, full_name)
    state.touch()
    caller.touched.append(person.id)


def delete_member(caller: Caller, identity_id: str) -> None:
    """Remove a member with all memberships and tokens; service keys the member made stay (unknown 19)."""
    caller.need("organization:manage")
    state = caller.state
    person = _find_person(state, identity_id)
    check_rank(caller, state.roles[person.role_id])
    _check_still_managed(caller, person)
    for key in [k for k in state.keys.values() if k.person_id == person.id]:
        if key.kind == "pat" or not state.behaviours.service_keys_survive:
            state.drop_key(key)
    state.drop_person(person)
    caller.touched.append(person.id)


def delete_pending(caller: Caller, identity_id: str) -> None:
    """Cancel an invitation with its places in workspaces."""
    caller.need("organization:manage")
    invitation = _find_pending(caller.state, identity_id)
    check_rank(caller, caller.state.roles[invitation.role_id])
    del caller.state.invitations[invitation.id]
    caller.state.touch()
    caller.touched.append(invitation.id)


def update_pending(caller: Caller, identity_id: str, role_id: str | None, role_name: str | None) -> Json:
    """Change the organization role of a pending person, without a second e-mail (API.md 9)."""
    caller.need("organization:manage")
    state = caller.state
    invitation = _find_pending(state, identity_id)
    check_rank(caller, state.roles[invitation.role_id])
    if role_id is not None or role_name is not None:
        role = choose_org_role(caller, role_id, role_name)
        check_rank(caller, role)
        invitation.role_id = role.id
        state.touch()
    caller.touched.append(invitation.id)
    return shape_org_pending(state, invitation)


def accept(state: State, invitation: Invitation) -> Person:
    """Turn a pending person into an active one, with the places it was invited to.

    Where the address is a member's already, a disabled one's for instance, that member gets the rights back.
    """
    del state.invitations[invitation.id]
    now = state.stamp()
    person = state.find_person(invitation.email)
    if person is None:
        email = invitation.email.lower()
        person = make_person(state, email, invitation.full_name, invitation.role_id, now, provider=_provider(state))
    person.is_disabled, person.role_id = False, invitation.role_id
    for workspace_id, place in invitation.places.items():
        if workspace_id not in state.places[person.id]:
            membership_id = state.new_id("membership")
            state.add_membership(Membership(membership_id, person.id, workspace_id, place["role_id"], now))
    state.touch()
    return person


def _provider(state: State) -> str:
    return "supabase:sso" if state.providers else "supabase:non-sso"


def make_person(state: State, email: str, full_name: str | None, role_id: str, now: str, *, provider: str) -> Person:
    """Keep a new active member; a name that was not given is made from the address."""
    words = email.partition("@")[0].replace(".", " ").replace("_", " ").split()
    return state.add_person(
        Person(
            id=state.new_id("person"),
            email=email,
            full_name=full_name or " ".join(word.capitalize() for word in words),
            user_id=state.new_id("user"),
            ls_user_id=state.new_id("ls-user"),
            role_id=role_id,
            created_at=now,
            login_methods=[{"id": state.new_id("login"), "provider": provider, "created_at": now}],
        )
    )


def add_basic(caller: Caller, items: Sequence[BasicInvite]) -> list[Json]:
    """Create people who are active at once and sign in with a password, shown in clear only here (API.md 8.6)."""
    check_batch_size(items)
    caller.need("organization:manage")
    if not caller.state.behaviours.basic_auth:
        raise make_forbidden("Basic auth is not enabled")
    emails = [clean_email(item.email) for item in items]
    for item in items:
        check_rank(caller, choose_org_role(caller, item.role_id))
        choose_workspace_role(caller, item.workspace_role_id)
        if any(workspace_id not in caller.state.workspaces for workspace_id in item.workspace_ids):
            raise make_missing("Workspace")
    for email in emails:
        if caller.state.find_person(email) or emails.count(email) > 1:
            raise RefusedError(caller.state.behaviours.duplicate_status, f"User {email} already exists")
    return [_add_basic(caller, item, email) for item, email in zip(items, emails, strict=True)]


def _add_basic(caller: Caller, item: BasicInvite, email: str) -> Json:
    state, now = caller.state, caller.state.stamp()
    role = choose_org_role(caller, item.role_id)
    place_role = fill_workspace_role(caller, choose_workspace_role(caller, item.workspace_role_id))
    person = make_person(state, email, item.full_name, role.id, now, provider="email")
    person.user_id = item.user_id or person.user_id
    person.ls_user_id = item.ls_user_id or person.ls_user_id
    password = item.password or secrets.token_urlsafe(12)
    set_basic(person, password, None)
    for workspace_id in item.workspace_ids:
        state.add_membership(Membership(state.new_id("membership"), person.id, workspace_id, place_role, now))
    caller.touched.append(person.id)
    return {
        "id": person.user_id,
        "ls_user_id": person.ls_user_id,
        "created_at": now,
        "updated_at": now,
        "email": email,
        "full_name": person.full_name,
        "avatar_url": None,
        "password": None if item.password else password,
    }


def update_self(caller: Caller, password: str | None, full_name: str | None) -> None:
    """Change the caller's own password or name, in basic-auth mode."""
    if not caller.state.behaviours.basic_auth or caller.person is None:
        raise make_forbidden("Basic auth is not enabled")
    set_basic(caller.person, password, full_name)
    caller.state.touch()
    caller.touched.append(caller.person.id)


def set_basic(person: Person, password: str | None, full_name: str | None) -> None:
    """Keep a password's hash and a name, where given."""
    if password:
        person.password_hash = make_hash(password)
    if full_name:
        person.full_name = full_name


def _find_person(state: State, identity_id: str) -> Person:
    """Return the member with this organization identity id; no other kind of id fits (API.md 4)."""
    person = state.people.get(identity_id)
    if person is None:
        raise make_missing("Identity")
    return person


def _find_pending(state: State, identity_id: str) -> Invitation:
    invitation = state.invitations.get(identity_id)
    if invitation is None:
        raise make_missing("Pending identity")
    return invitation


def _check_still_managed(caller: Caller, person: Person) -> None:
    """Apply the protections nobody documents; by default there are none, so clients must guard (unknown 2)."""
    state = caller.state
    if not state.behaviours.self_change_allowed and caller.person is person:
        raise RefusedError(400, "You cannot remove or demote yourself")
    if not state.behaviours.last_admin_protected:
        return
    admins = [p for p in state.people.values() if state.is_admin(p) and not p.is_disabled]
    if admins == [person]:
        raise RefusedError(400, "The organization must keep at least one Organization Admin")
