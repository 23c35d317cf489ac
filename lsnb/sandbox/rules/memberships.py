"""Active and pending members of one workspace (API.md 8.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Invitation, Json, Membership, Person, Role
from lsnb.sandbox.refusals import RefusedError, make_forbidden, make_missing
from lsnb.sandbox.rules.invitations import (
    Invite,
    check_batch_size,
    check_may_invite,
    check_rank,
    check_restriction,
    choose_org_role,
    choose_workspace_role,
    clean_email,
    fill_workspace_role,
    make_invitation,
    make_place,
)
from lsnb.sandbox.rules.paging import PeopleQuery, select
from lsnb.sandbox.rules.shapes import shape_identity, shape_workspace_member, shape_workspace_pending, sort_people
from lsnb.sandbox.state import State


def list_active(caller: Caller, query: PeopleQuery) -> list[Json]:
    """Return one page of the workspace's active members; Organization Admins without a row are not listed."""
    caller.need("workspaces:read")
    state = caller.state
    by_person = sort_people(state, query.sort_by)

    def sort_key(membership: Membership) -> tuple[str, str]:
        if query.sort_by == "created_at":
            return membership.created_at, membership.id
        if query.sort_by == "role":
            return state.roles[membership.role_id].display_name if membership.role_id else "", membership.id
        key: tuple[str, str] = by_person(state.people[membership.person_id])
        return key

    found = select(
        list(state.rosters.get(caller.place.id, {}).values()),
        query,
        person=lambda membership: state.people[membership.person_id],
        sort_key=sort_key,
    )
    return [shape_workspace_member(state, membership) for membership in found]


def list_pending(caller: Caller, query: PeopleQuery) -> list[Json]:
    """Return one page of the workspace's pending people."""
    caller.need("workspaces:read")
    state, place = caller.state, caller.place.id
    found = select(
        _pending_here(state, place),
        query,
        person=lambda invitation: invitation,
        sort_key=lambda i: (i.email if query.sort_by in ("email", "name") else i.created_at, i.id),
    )
    return [shape_workspace_pending(state, invitation, place) for invitation in found]


def list_members(caller: Caller) -> Json:
    """Return everybody of the workspace at once, unpaged."""
    caller.need("workspaces:read")
    state, place = caller.state, caller.place.id
    return {
        "tenant_id": place,
        "members": [shape_workspace_member(state, m) for m in state.rosters.get(place, {}).values()],
        "pending": [shape_workspace_pending(state, invitation, place) for invitation in _pending_here(state, place)],
    }


def add(
    caller: Caller,
    *,
    org_identity_id: str | None = None,
    ls_user_id: str | None = None,
    user_id: str | None = None,
    role_id: str | None = None,
) -> Json:
    """Add an existing member of the organization; without `role_id` the default role is given, silently."""
    caller.need("workspaces:manage-members")
    state = caller.state
    person = _find_person(state, org_identity_id, ls_user_id, user_id)
    if caller.place.id in state.places[person.id]:
        raise RefusedError(state.behaviours.duplicate_status, "User is already a member of the workspace")
    wanted = choose_workspace_role(caller, role_id)
    membership = _add(caller, person, wanted)
    return shape_identity(state, person, membership)


def _add(caller: Caller, person: Person, wanted: Role | None) -> Membership:
    state = caller.state
    _check_admin_row(state, person)
    if wanted is not None:
        check_restriction(caller, wanted, caller.place.id)
    membership = Membership(
        state.new_id("membership"), person.id, caller.place.id, fill_workspace_role(caller, wanted), state.stamp()
    )
    caller.touched.append(membership.id)
    return state.add_membership(membership)


def add_batch(caller: Caller, items: Sequence[Invite]) -> list[Json]:
    """Add or invite up to 500 people to the workspace (API.md 8.8; the newer form adds active members, 9)."""
    check_batch_size(items)
    caller.need("workspaces:manage-members")
    partial = caller.state.behaviours.batch_failure == "partial"
    steps: list[_Step] = []
    seen: set[str] = set()
    for item in items:
        try:
            steps.append(_check_item(caller, item, seen))
        except RefusedError:
            if not partial:
                raise
    rows = [_carry_out(caller, step) for step in steps]
    return rows[::-1] if caller.state.behaviours.batch_order == "reversed" else rows


class _Step(NamedTuple):
    """An item of a batch that has been found possible, with whom it is about."""

    email: str
    full_name: str | None
    person: Person | None
    invitation: Invitation | None
    wanted: Role | None
    role: Role


def _check_item(caller: Caller, item: Invite, seen: set[str]) -> _Step:
    """Say why an item cannot be done before anything of the batch is."""
    state, place = caller.state, caller.place.id
    email = clean_email(item.email)
    person, invitation = state.find_person(email), state.find_invitation(email)
    wanted = choose_workspace_role(caller, item.workspace_role_id, item.workspace_role_name)
    role = choose_org_role(caller, item.role_id, item.role_name)
    if wanted is not None:
        check_restriction(caller, wanted, place)
    if email in seen or (invitation and place in invitation.places):
        raise RefusedError(state.behaviours.duplicate_status, f"User {email} has already been invited")
    seen.add(email)
    if person is not None:
        # The newer batch adds active members instead of refusing; a place they already have is left as it is.
        if not state.behaviours.has("batch_adds_active"):
            raise RefusedError(state.behaviours.duplicate_status, f"User {email} is already in the organization")
        _check_admin_row(state, person)
    elif invitation is None:
        _check_outsider(caller, role)
    return _Step(email, item.full_name, person, invitation, wanted, role)


def _check_outsider(caller: Caller, role: Role) -> None:
    """Refuse to invite outsiders unless the caller may, and only to a rank the caller may give."""
    check_may_invite(caller)
    if caller.may("organization:manage"):
        check_rank(caller, role)
    elif not caller.settings["workspace_admin_can_invite_to_org"]:
        raise make_forbidden("Workspace admins cannot invite new members to the organization")
    elif role.name not in ("ORGANIZATION_USER", "ORGANIZATION_VIEWER"):
        raise make_forbidden()


def _carry_out(caller: Caller, step: _Step) -> Json:
    state, place = caller.state, caller.place.id
    if step.person is not None:
        membership = state.places[step.person.id].get(place) or _add(caller, step.person, step.wanted)
        return _shape_added(state, step.person, membership)
    invitation = step.invitation
    if invitation is None:
        invitation = make_invitation(caller, step.email, step.role, step.wanted, [place], step.full_name)
        state.invitations[invitation.id] = invitation
        state.send_email(step.email, "workspace-invite")
    else:
        invitation.places[place] = make_place(state, fill_workspace_role(caller, step.wanted))
    state.touch()
    caller.touched.append(invitation.id)
    row = shape_workspace_pending(state, invitation, place)
    return row | ({"ls_user_id": None} if state.behaviours.has("batch_adds_active") else {})


def _shape_added(state: State, person: Person, membership: Membership) -> Json:
    """Return the row for somebody who was added at once: the pending form, with a user id."""
    data = shape_workspace_member(state, membership)
    kept = ("id", "email", "read_only", "role_id", "role_name", "org_role_id", "org_role_name", "access_scope",
            "user_id", "ls_user_id", "tenant_id", "organization_id", "created_at", "full_name")  # fmt: skip
    row = {name: data[name] for name in kept}
    return row | {"workspace_ids": [membership.workspace_id], "workspace_role_id": membership.role_id, "password": None}


def update(caller: Caller, identity_id: str, role_id: str) -> None:
    """Change the role of a membership; only with RBAC."""
    caller.need("workspaces:manage-members")
    state = caller.state
    membership = _find_membership(caller, identity_id)
    role = choose_workspace_role(caller, role_id)
    if role is not None:
        _check_admin_row(state, state.people[membership.person_id])
        check_restriction(caller, role, caller.place.id)
        membership.role_id = role.id
        state.touch()
    caller.touched.append(membership.id)


def delete(caller: Caller, identity_id: str) -> None:
    """Remove somebody from the workspace; the person stays in the organization."""
    caller.need("workspaces:manage-members")
    membership = _find_membership(caller, identity_id)
    _check_admin_row(caller.state, caller.state.people[membership.person_id])
    caller.state.drop_membership(membership)
    caller.touched.append(membership.id)


def delete_pending(caller: Caller, identity_id: str) -> None:
    """Take a pending person out of the workspace; the invitation to the organization stays."""
    caller.need("workspaces:manage-members")
    invitation = _find_pending(caller, identity_id)
    del invitation.places[caller.place.id]
    caller.state.touch()
    caller.touched.append(identity_id)


def update_pending(caller: Caller, identity_id: str, role_id: str | None, role_name: str | None) -> Json:
    """Change the workspace role of a pending person, without a second e-mail (API.md 9)."""
    caller.need("workspaces:manage-members")
    state, place = caller.state, caller.place.id
    invitation = _find_pending(caller, identity_id)
    role = choose_workspace_role(caller, role_id, role_name)
    if role is not None:
        check_restriction(caller, role, place)
        invitation.places[place]["role_id"] = role.id
        state.touch()
    caller.touched.append(identity_id)
    return shape_workspace_pending(state, invitation, place)


def _pending_here(state: State, workspace_id: str) -> list[Invitation]:
    return [invitation for invitation in state.open_invitations() if workspace_id in invitation.places]


def _find_person(state: State, org_identity_id: str | None, ls_user_id: str | None, user_id: str | None) -> Person:
    if not (org_identity_id or ls_user_id or user_id):
        raise RefusedError(400, "One of org_identity_id, ls_user_id or user_id is required")
    if org_identity_id and org_identity_id in state.people:
        return state.people[org_identity_id]
    if not org_identity_id:
        for person in state.people.values():
            if ls_user_id == person.ls_user_id or user_id == person.user_id:
                return person
    raise make_missing("Identity")


def _find_membership(caller: Caller, identity_id: str) -> Membership:
    """Return the membership with this workspace identity id; ids of other workspaces or kinds do not fit."""
    membership = caller.state.memberships.get(identity_id)
    if membership is None or membership.workspace_id != caller.place.id:
        raise make_missing("Identity")
    return membership


def _find_pending(caller: Caller, identity_id: str) -> Invitation:
    for invitation in _pending_here(caller.state, caller.place.id):
        if invitation.places[caller.place.id]["id"] == identity_id:
            return invitation
    raise make_missing("Pending identity")


def _check_admin_row(state: State, person: Person) -> None:
    """Leave or refuse the workspace rows of Organization Admins; what really happens is not public (unknown 6)."""
    if state.behaviours.admin_rows == "refuse" and state.is_admin(person):
        raise RefusedError(400, "Organization Admins have access to every workspace")
