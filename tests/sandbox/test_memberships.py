"""Members of workspaces (API.md 8.8, 9)."""

from __future__ import annotations

import pytest

from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.rules import memberships, roles
from lsnb.sandbox.rules.invitations import Invite

from .conftest import acme, as_caller

GRACE = acme("identity", "grace.kim@acme.example")
GRACE_IN_PROD = acme("membership", "grace.kim@acme.example", "prod")
HIRE_IN_PROD = acme("pending place", "new.hire@acme.example", "prod")


def test_ids_differ_per_workspace(state):
    """The same person has another identity id in each workspace, and none is the organization's."""
    rows = [
        row["id"]
        for short in ("prod", "stag")
        for row in memberships.list_members(as_caller(state, workspace=short))["members"]
        if row["email"] == "grace.kim@acme.example"
    ]
    assert len({*rows, GRACE}) == 3


def test_adding_without_role_gives_the_powerful_default(state):
    """A left out `role_id` is not Viewer."""
    row = memberships.add(as_caller(state, workspace="mktg"), org_identity_id=GRACE)
    assert row["role_name"] == "Admin"


@pytest.mark.parametrize("field", ["org_identity_id", "ls_user_id", "user_id"])
def test_adding_takes_any_of_three_ids(state, field):
    """Each of the three ids finds the person."""
    kinds = {"org_identity_id": "identity", "ls_user_id": "ls user", "user_id": "user"}
    wanted = {field: acme(kinds[field], "grace.kim@acme.example"), "role_id": acme("role", "prompt")}
    row = memberships.add(as_caller(state, workspace="mktg"), **wanted)
    assert row["user_id"] == acme("user", "grace.kim@acme.example")
    assert row["tenant_id"] == acme("workspace", "mktg")


def test_adding_twice_is_409(state):
    """Somebody who is there cannot be added."""
    with pytest.raises(RefusedError) as refused:
        memberships.add(as_caller(state, workspace="prod"), org_identity_id=GRACE)
    assert refused.value.status == 409


@pytest.mark.parametrize(("wrong", "workspace"), [(GRACE, "prod"), (GRACE_IN_PROD, "stag")])
def test_ids_of_another_kind_or_place_are_404(state, wrong, workspace):
    """An organization identity, or another workspace's, does not fit."""
    caller = as_caller(state, workspace=workspace)
    with pytest.raises(RefusedError) as refused:
        memberships.update(caller, wrong, acme("role", "prompt"))
    assert refused.value.status == 404
    with pytest.raises(RefusedError):
        memberships.delete(caller, wrong)


def test_organization_roles_do_not_fit_workspaces(state):
    """`role_id` means the workspace role here."""
    role_id = state.find_role("ORGANIZATION_VIEWER").id
    with pytest.raises(RefusedError, match="not workspace-scoped"):
        memberships.update(as_caller(state, workspace="prod"), GRACE_IN_PROD, role_id)


def test_editor_cannot_manage_members(state):
    """Managing members is a permission of its own, which Editors lack."""
    with pytest.raises(RefusedError) as refused:
        memberships.delete(as_caller(state, "user_pat", "prod"), GRACE_IN_PROD)
    assert refused.value.status == 403


def test_batch_adds_active_people_without_a_mail(state):
    """The newer batch adds members of the organization and invites the others."""
    rows = memberships.add_batch(
        as_caller(state, workspace="mktg"),
        [Invite("Grace.Kim@acme.example", workspace_role_id=acme("role", "prompt")), Invite("out@acme.example")],
    )
    assert [row["ls_user_id"] for row in rows] == [acme("ls user", "grace.kim@acme.example"), None]
    assert [mail["email"] for mail in state.emails_sent] == ["out@acme.example"]
    assert state.places[GRACE][acme("workspace", "mktg")].role_id == acme("role", "prompt")


def test_batch_works_for_active_people_with_invites_disabled(state):
    """Adding existing members needs no invitation."""
    state.organization.settings["invites_enabled"] = False
    caller = as_caller(state, workspace="mktg")
    assert len(memberships.add_batch(caller, [Invite("grace.kim@acme.example")])) == 1
    with pytest.raises(RefusedError):
        memberships.add_batch(caller, [Invite("out@acme.example")])


def test_older_batch_refuses_active_people(state):
    """Without the newer behaviour an active member is a 409."""
    state.behaviours.batch_adds_active = False
    with pytest.raises(RefusedError) as refused:
        memberships.add_batch(as_caller(state, workspace="mktg"), [Invite("grace.kim@acme.example")])
    assert refused.value.status == 409


def test_pending_place_changes_without_a_mail(state):
    """A pending person's workspace role changes in one workspace only."""
    row = memberships.update_pending(as_caller(state, workspace="prod"), HIRE_IN_PROD, acme("role", "prompt"), None)
    assert row["role_id"] == acme("role", "prompt")
    roles_now = {place["role_id"] for place in state.find_invitation("new.hire@acme.example").places.values()}
    assert len(roles_now) == 2
    assert state.emails_sent == []


def test_deleting_a_pending_place_keeps_the_invitation(state):
    """The invitation to the organization stays."""
    memberships.delete_pending(as_caller(state, workspace="prod"), HIRE_IN_PROD)
    assert list(state.find_invitation("new.hire@acme.example").places) == [acme("workspace", "stag")]


def test_restricted_role_needs_a_manager_of_the_workspace(state):
    """Who manages members without managing the workspace cannot give a restricted role."""
    roles.restrict_role(as_caller(state), acme("role", "prompt"), is_restricted=True)
    steward = as_caller(state, workspace="mktg")
    steward.key, steward.person = None, state.find_person("sofia.rossi@acme.example")
    with pytest.raises(RefusedError, match="restricted"):
        memberships.add(steward, org_identity_id=GRACE, role_id=acme("role", "prompt"))
    memberships.add(steward, org_identity_id=GRACE, role_id=acme("role", "report"))


def test_outsiders_need_the_setting_when_a_workspace_admin_invites(state):
    """`workspace_admin_can_invite_to_org` decides, and the rank stays low."""
    admin = as_caller(state, workspace="mktg")
    admin.key, admin.person = None, state.find_person("carlos.mendes@acme.example")
    assert len(memberships.add_batch(admin, [Invite("one@acme.example")])) == 1
    with pytest.raises(RefusedError):
        memberships.add_batch(admin, [Invite("two@acme.example", state.find_role("ORGANIZATION_ADMIN").id)])
    state.organization.settings["workspace_admin_can_invite_to_org"] = False
    with pytest.raises(RefusedError, match="Workspace admins"):
        memberships.add_batch(admin, [Invite("two@acme.example")])


def test_rows_of_admins_are_a_switch(state):
    """Whether an Organization Admin's row can be touched is not public (unknown 6)."""
    caller = as_caller(state, workspace="rsch")
    row = acme("membership", "tomas.okafor@acme.example", "rsch")
    state.behaviours.admin_rows = "refuse"
    with pytest.raises(RefusedError):
        memberships.delete(caller, row)
    state.behaviours.admin_rows = "allow"
    memberships.delete(caller, row)
    assert row not in state.memberships
