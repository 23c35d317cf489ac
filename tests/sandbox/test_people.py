"""Invitations and members of the organization (API.md 8.6)."""

from __future__ import annotations

import pytest

from lsnb.sandbox.refusals import InvalidError, RefusedError
from lsnb.sandbox.rules import people
from lsnb.sandbox.rules.invitations import Invite, invite, invite_batch
from lsnb.sandbox.rules.paging import PeopleQuery

from .conftest import acme, as_caller

GRACE = acme("identity", "grace.kim@acme.example")


def emails(state):
    """Return the addresses that got mail, with its kind."""
    return [(mail["email"], mail["kind"]) for mail in state.emails_sent]


def test_invite_lowers_the_address_and_sends_one_mail(state):
    """The address is kept in lower case; the default role is Organization User."""
    made = invite(as_caller(state), Invite("  New.Person@ACME.example "))
    assert made.email == "new.person@acme.example"
    assert state.roles[made.role_id].name == "ORGANIZATION_USER"
    assert [("new.person@acme.example", "organization-invite")] == emails(state)


@pytest.mark.parametrize("email", ["NEW.hire@acme.example", "mixed.case@partner.example", "grace.kim@acme.example"])
def test_inviting_a_pending_or_active_person_is_409(state, email):
    """Whoever is pending or active cannot be invited again, in whatever case."""
    with pytest.raises(RefusedError) as refused:
        invite(as_caller(state), Invite(email))
    assert refused.value.status == 409
    assert emails(state) == []


def test_batch_with_one_duplicate_fails_whole(state):
    """By default nothing of a batch happens when one item is bad."""
    with pytest.raises(RefusedError):
        invite_batch(as_caller(state), [Invite("a@acme.example"), Invite("new.hire@acme.example")])
    assert emails(state) == []
    assert state.find_invitation("a@acme.example") is None


def test_batch_can_fail_in_part(state):
    """The behaviour `partial` keeps the good items."""
    state.behaviours.batch_failure = "partial"
    made = invite_batch(as_caller(state), [Invite("a@acme.example"), Invite("new.hire@acme.example")])
    assert ["a@acme.example"] == [invitation.email for invitation in made]


def test_batch_above_500_is_invalid(state):
    """The schema's limit is a 422."""
    with pytest.raises(InvalidError):
        invite_batch(as_caller(state), [Invite(f"n{i}@acme.example") for i in range(501)])


def test_reinviting_sends_a_second_mail_and_patching_none(state):
    """Cancelling and inviting again reaches the person twice; changing the pending row does not."""
    admin = as_caller(state)
    people.update_pending(admin, acme("invitation", "new.hire@acme.example"), None, "Organization Viewer")
    assert emails(state) == []
    people.delete_pending(admin, acme("invitation", "new.hire@acme.example"))
    invite(admin, Invite("new.hire@acme.example"))
    assert emails(state) == [("new.hire@acme.example", "organization-invite")]


def test_accepting_gives_the_invited_places(state):
    """An accepted invitation is a member with the workspaces it named."""
    person = state.accept_invite("NEW.hire@acme.example")
    assert state.find_invitation("new.hire@acme.example") is None
    assert set(state.places[person.id]) == {acme("workspace", "prod"), acme("workspace", "stag")}
    assert person.id != acme("invitation", "new.hire@acme.example")


def test_accepting_restores_a_disabled_member(state):
    """An invitation beside a disabled account brings that account back, as one person."""
    person = state.accept_invite("peter.lang@acme.example")
    assert person.id == acme("identity", "peter.lang@acme.example")
    assert not person.is_disabled
    assert len(state.people) == 42


def test_accepted_addresses_are_in_lower_case(state):
    """However the invitation was typed."""
    assert state.accept_invite("mixed.case@partner.example").email == "mixed.case@partner.example"


def test_basic_batch_creates_nobody_when_one_item_is_bad(state):
    """A workspace that is not there fails the whole batch."""
    state.behaviours.basic_auth = True
    items = [people.BasicInvite("a@acme.example"), people.BasicInvite("b@acme.example", workspace_ids=[GRACE])]
    with pytest.raises(RefusedError):
        people.add_basic(as_caller(state), items)
    assert len(state.people) == 42


@pytest.mark.parametrize("role", ["ORGANIZATION_ADMIN", "ORGANIZATION_OPERATOR"])
def test_operator_cannot_give_high_roles(state, role):
    """Operators manage Users and Viewers only."""
    operator = as_caller(state, "operator_pat")
    role_id = state.find_role(role).id
    with pytest.raises(RefusedError):
        invite(operator, Invite("x@acme.example", role_id))
    with pytest.raises(RefusedError):
        people.update_member(operator, GRACE, role_id)


def test_operator_cannot_touch_admins(state):
    """Neither an Admin nor a pending Admin can be changed or removed by an Operator."""
    operator = as_caller(state, "operator_pat")
    viewer = state.find_role("ORGANIZATION_VIEWER").id
    for act in (
        lambda: people.update_member(operator, acme("identity", "ada.lindqvist@acme.example"), viewer),
        lambda: people.delete_member(operator, acme("identity", "ada.lindqvist@acme.example")),
        lambda: people.delete_pending(operator, acme("invitation", "future.boss@acme.example")),
    ):
        with pytest.raises(RefusedError) as refused:
            act()
        assert refused.value.status == 403
    people.update_member(operator, GRACE, viewer)
    assert viewer == state.people[GRACE].role_id


def test_server_does_not_guard_the_last_admin_unless_told(state):
    """By default the last admin may remove itself: clients must guard (unknown 2)."""
    admin = as_caller(state)
    for person in [p for p in state.people.values() if state.is_admin(p) and p is not admin.person]:
        people.delete_member(admin, person.id)
    state.behaviours.last_admin_protected = True
    with pytest.raises(RefusedError, match="at least one"):
        people.delete_member(admin, admin.person.id)
    state.behaviours.last_admin_protected = False
    people.delete_member(admin, admin.person.id)
    assert not any(state.is_admin(person) for person in state.people.values())


@pytest.mark.parametrize("wrong", [acme("membership", "grace.kim@acme.example", "prod"), acme("user", "grace.kim@acme.example"),
                                   acme("invitation", "new.hire@acme.example")])  # fmt: skip
def test_other_kinds_of_ids_are_404(state, wrong):
    """A workspace identity, a user or a pending id is no organization identity."""
    with pytest.raises(RefusedError) as refused:
        people.delete_member(as_caller(state), wrong)
    assert refused.value.status == 404


def test_removing_a_member_removes_its_memberships(state):
    """No place is left of a removed member."""
    people.delete_member(as_caller(state), GRACE)
    assert not any(membership.person_id == GRACE for membership in state.memberships.values())
    assert all(GRACE not in roster for roster in state.rosters.values())


def test_personal_organizations_and_switched_off_invites_refuse(state):
    """There are three ways in which an organization cannot invite, told apart by their texts."""
    state.organization.settings["invites_enabled"] = False
    with pytest.raises(RefusedError, match="disabled"):
        invite(as_caller(state), Invite("x@acme.example"))
    state.organization.is_personal = True
    with pytest.raises(RefusedError, match="Personal"):
        invite(as_caller(state), Invite("x@acme.example"))


def test_seats_are_counted(state):
    """Members and pending people together cannot exceed the plan."""
    state.organization.config["max_identities"] = len(state.people) + len(state.invitations) + 1
    admin = as_caller(state)
    with pytest.raises(RefusedError, match="limit"):
        invite_batch(admin, [Invite("a@acme.example"), Invite("b@acme.example")])
    invite(admin, Invite("a@acme.example"))


def test_without_rbac_a_workspace_role_is_refused_or_ignored(state):
    """What happens is not public, so it is a switch (unknown 5)."""
    state.organization.config["can_use_rbac"] = False
    item = Invite("x@acme.example", None, [acme("workspace", "prod")], acme("role", "prompt"))
    with pytest.raises(RefusedError, match="RBAC"):
        invite(as_caller(state), item)
    state.behaviours.rbac_off = "ignore"
    made = invite(as_caller(state), item)
    assert made.workspace_role_id is None
    assert [place["role_id"] for place in made.places.values()] == [None]


def test_lists_filter_sort_and_page(state):
    """Addresses match in any case, `q` looks at names too, and beyond the end there is nothing."""
    admin = as_caller(state)
    found = people.list_active(admin, PeopleQuery(emails=["GRACE.kim@acme.example"]))
    assert ["Grace Kim"] == [row["full_name"] for row in found]
    assert len(people.list_active(admin, PeopleQuery(q="grace"))) == 2
    assert [] == people.list_active(admin, PeopleQuery(offset=1000))
    names = [
        row["full_name"] for row in people.list_active(admin, PeopleQuery(500, sort_by="name", sort_by_desc=False))
    ]
    assert names == sorted(names, key=str.lower)
    assert ["Peter Lang"] == [r["full_name"] for r in people.list_active(admin, PeopleQuery(is_disabled=True))]
    assert people.list_active(admin, PeopleQuery(is_disabled=True))[0]["is_disabled"] is True
