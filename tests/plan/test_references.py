"""References: what stands for an id until the thing is there, and how it is replaced."""

from __future__ import annotations

import pytest

from lsnb.plan import CHANGE_KINDS, new_change
from lsnb.plan.references import (
    is_reference,
    key_reference,
    reference_made_by,
    references_of,
    resolve,
    role_reference,
    workspace_reference,
)
from lsnb.plan.resource_changes import RESOURCE_IDS
from tests.plan.company import becomes

WORKSPACE, ROLE = workspace_reference("Labs"), role_reference("Auditor")


def invitation():
    """Invite somebody with two workspaces, one of them yet to be created, and with a role that is yet to be created."""
    return new_change(
        "InviteMember",
        email="ada@example.com",
        before=None,
        after={
            "role": "Organization User",
            "role_id": "role-1",
            "workspaces": [
                {"workspace": "Labs", "workspace_id": WORKSPACE},
                {"workspace": "Old", "workspace_id": "ws-1"},
            ],
            "workspace_role": "Auditor",
            "workspace_role_id": ROLE,
        },
        reason="row 2",
        ids={"role_id": "role-1", "workspace_role_id": ROLE},
    )


def creation():
    """Create the workspace."""
    return new_change(
        "CreateWorkspace", before=None, after={"workspace": "Labs"}, reason="", ids={"workspace_id": WORKSPACE}
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (workspace_reference("A: b"), True),
        (role_reference("new:role:"), True),
        (key_reference("night job"), True),
        ("new:workspace:", False),
        ("2f4a", False),
        ("", False),
        (None, False),
    ],
)
def test_only_what_stands_for_a_new_thing_is_a_reference(text, expected):
    """An id, an empty text and a bare beginning are none."""
    assert expected is is_reference(text)


def test_references_are_found_wherever_ids_stand():
    """In the ids, in the values, and in the lists of workspaces; names of things are no ids."""
    assert {WORKSPACE, ROLE} == references_of(invitation())
    named = new_change(
        "CreateRole",
        before=None,
        after={"role": "A", "description": WORKSPACE, "permissions": [ROLE]},
        reason="",
        ids={"role_id": role_reference("A")},
    )
    assert frozenset() == references_of(named)


def test_what_creates_a_thing_does_not_wait_for_it():
    """Its own reference is told apart."""
    assert WORKSPACE == reference_made_by(creation())
    assert frozenset() == references_of(creation())
    assert reference_made_by(invitation()) is None


def test_known_references_become_ids_and_unknown_ones_stay():
    """The rest of the change is as it was, its id too."""
    change = invitation()
    half = resolve(change, {WORKSPACE: "ws-9"})
    assert {ROLE} == references_of(half)
    assert [{"workspace": "Labs", "workspace_id": "ws-9"}, {"workspace": "Old", "workspace_id": "ws-1"}] == becomes(
        half
    )["workspaces"]
    whole = resolve(half, {ROLE: "role-9"})
    assert ({"role_id": "role-1", "workspace_role_id": "role-9"}, "role-9") == (
        dict(whole.ids),
        becomes(whole)["workspace_role_id"],
    )
    assert (change.id, change.kind, change.email) == (whole.id, whole.kind, whole.email)
    assert change is resolve(change, {"new:role:Other": "role-7"})
    assert WORKSPACE == becomes(change)["workspaces"][0]["workspace_id"]


def test_a_creation_is_resolved_to_what_it_made():
    """So that what was made can be read back."""
    assert "ws-9" == resolve(creation(), {WORKSPACE: "ws-9"}).ids["workspace_id"]


@pytest.mark.parametrize("kind", sorted(RESOURCE_IDS))
def test_a_change_of_a_thing_can_be_made_of_every_kind(kind):
    """Its id depends on kind and thing only, so that the same change has the same id in every plan."""
    ids = {RESOURCE_IDS[kind]: "thing-1"}
    one = new_change(kind, before=None, after=None, reason="row 2", ids=ids)
    other = new_change(kind, email="ada@example.com", before={}, after=None, reason="row 7", ids=ids, workspace="Labs")
    different = new_change(kind, before=None, after=None, reason="row 2", ids={RESOURCE_IDS[kind]: "thing-2"})
    assert one.id == other.id != different.id
    assert ("organization", ids) == (one.scope, dict(one.ids))


def test_every_kind_is_of_people_or_of_a_thing():
    """No kind is forgotten."""
    people = {
        "InviteMember",
        "ReplaceInvite",
        "CancelInvite",
        "SetOrgRole",
        "AddWorkspaceMember",
        "SetWorkspaceRole",
        "RemoveWorkspaceMember",
        "RemoveMember",
    }
    assert set(CHANGE_KINDS) == people | set(RESOURCE_IDS)
    assert not people & set(RESOURCE_IDS)


KEY = {"role_name": "WORKSPACE_USER", "org_role_name": "ORGANIZATION_USER"}


@pytest.mark.parametrize(
    ("kind", "before", "after", "setting", "expected"),
    [
        ("CreateWorkspace", None, {"workspace": "A"}, None, ("create", "low", True)),
        ("RenameWorkspace", {"workspace": "A"}, {"workspace": "B"}, None, ("change", "low", True)),
        ("DeleteWorkspace", {"workspace": "A"}, None, None, ("remove", "high", False)),
        ("CreateRole", None, {"permissions": ["runs:read"]}, None, ("create", "low", True)),
        ("CreateRole", None, {"permissions": ["workspaces:manage-members"]}, None, ("create", "medium", True)),
        ("UpdateRole", {"permissions": ["a:b"]}, {"permissions": ["a:b", "c:d"]}, None, ("change", "low", True)),
        ("UpdateRole", {"permissions": ["a:b"]}, {"permissions": []}, None, ("demote", "medium", True)),
        ("UpdateRole", {"permissions": []}, {"permissions": ["runs:share"]}, None, ("change", "high", True)),
        ("DeleteRole", {"permissions": []}, None, None, ("remove", "medium", False)),
        ("CreateServiceKey", None, {**KEY, "expires_at": "2027-01-01"}, None, ("add", "low", True)),
        ("CreateServiceKey", None, {**KEY, "expires_at": None}, None, ("add", "medium", True)),
        ("CreateServiceKey", None, {"org_role_name": "ORGANIZATION_ADMIN"}, None, ("add", "high", True)),
        ("SetServiceKeyRole", KEY, {**KEY, "role_name": "WORKSPACE_ADMIN"}, None, ("promote", "medium", True)),
        ("SetServiceKeyRole", KEY, {**KEY, "role_name": "WORKSPACE_VIEWER"}, None, ("demote", "low", True)),
        ("SetServiceKeyRole", KEY, {**KEY, "role_name": "CUSTOM"}, None, ("change", "low", True)),
        ("SetServiceKeyRole", KEY, {**KEY, "org_role_name": "ORGANIZATION_ADMIN"}, None, ("promote", "high", True)),
        ("DeleteServiceKey", KEY, None, None, ("remove", "high", False)),
        ("RevokeAccessToken", {}, {}, None, ("remove", "medium", True)),
        ("ReinstateAccessToken", {}, {}, None, ("change", "medium", True)),
        ("UpdateSettings", {}, {}, "sso_only", ("self", "high", True)),
        ("UpdateSettings", {}, {}, "ip_allowlist", ("self", "high", True)),
        ("UpdateSettings", {}, {}, "pat_creation_disabled", ("self", "high", True)),
        ("UpdateSettings", {}, {}, "invites_enabled", ("change", "medium", True)),
        ("UpdateSettings", {}, {}, "display_name", ("change", "low", True)),
        ("UnshareAll", {}, None, None, ("remove", "high", False)),
    ],
)
def test_stage_risk_and_reversibility_follow_from_the_values(kind, before, after, setting, expected):
    """What gives power comes early, what takes it comes late, and what can lock out the caller comes last."""
    ids = {RESOURCE_IDS[kind]: setting or "thing-1"}
    change = new_change(kind, before=before, after=after, reason="", ids=ids)
    assert expected == (change.stage, change.risk, change.reversible)
