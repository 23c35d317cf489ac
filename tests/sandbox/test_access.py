"""Who is calling, and what that caller may do (API.md 2, 6)."""

from __future__ import annotations

import pytest

from lsnb.sandbox.access import enter_organization, enter_workspace, identify
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.rules import people
from lsnb.sandbox.rules.workspaces import list_for_caller
from lsnb.sandbox.seeds import build

from .conftest import acme, as_caller, find_secret


def test_unknown_key_is_401(state):
    """A key nobody made is refused."""
    with pytest.raises(RefusedError, match="Invalid API key") as refused:
        identify(state, "lsv2_pt_nobody", None)
    assert refused.value.status == 401


def test_expired_key_is_401_with_its_reason(state):
    """An expired token says so."""
    with pytest.raises(RefusedError, match="expired") as refused:
        as_caller(state, "expired_pat")
    assert refused.value.status == 401


def test_revoked_key_is_401(state):
    """A deactivated token no longer authenticates."""
    state.keys[acme("key", "user_pat")].is_revoked = True
    with pytest.raises(RefusedError, match="revoked"):
        as_caller(state, "user_pat")


def test_token_of_disabled_person_is_401(state):
    """Disabling the owner disables the token."""
    state.find_person("mei.tanaka@acme.example").is_disabled = True
    with pytest.raises(RefusedError) as refused:
        as_caller(state, "user_pat")
    assert refused.value.status == 401


def test_token_dies_with_its_owner_and_service_keys_stay(state):
    """Removing a member ends the tokens, not the service keys the member made."""
    admin = as_caller(state)
    people.delete_member(admin, acme("identity", "lars.berg@acme.example"))
    people.delete_member(admin, acme("identity", "mei.tanaka@acme.example"))
    assert acme("key", "ingest-prod") in state.keys
    with pytest.raises(RefusedError) as refused:
        as_caller(state, "user_pat")
    assert refused.value.status == 401


def test_wrong_organization_is_403(state):
    """A key speaks for its own organization only."""
    caller = as_caller(state)
    with pytest.raises(RefusedError) as refused:
        enter_organization(caller, acme("workspace", "prod"))
    assert refused.value.status == 403


def test_workspace_key_is_403_on_the_organization(state):
    """Keys of single workspaces cannot use organization endpoints."""
    with pytest.raises(RefusedError) as refused:
        as_caller(state, "workspace_key")
    assert refused.value.status == 403


def test_workspace_key_uses_its_workspace_without_header(state):
    """Without `X-Tenant-Id` such a key means the workspace it was made in, and it may enter no other."""
    caller = identify(state, find_secret(state, "workspace_key"), None)
    assert enter_workspace(caller, None, None).place.id == acme("workspace", "prod")
    with pytest.raises(RefusedError) as refused:
        enter_workspace(caller, acme("workspace", "rsch"), None)
    assert refused.value.status == 403


def test_org_wide_key_must_name_a_workspace(state):
    """An organization-wide key gets the documented token when it names none."""
    caller = as_caller(state, "admin_service_key")
    with pytest.raises(RefusedError) as refused:
        enter_workspace(caller, None, None)
    assert refused.value.status == 403
    assert refused.value.as_body("fastapi")["error"] == "org_scoped_key_requires_workspace"


def test_admin_is_admin_in_every_workspace_despite_a_viewer_row(state):
    """Organization Admins need no row, and a lesser row takes nothing away."""
    tomas = state.find_person("tomas.okafor@acme.example")
    assert state.places[tomas.id][acme("workspace", "rsch")].role_id == state.find_role("WORKSPACE_VIEWER").id
    caller = as_caller(state)
    caller.person = tomas
    assert {w["role_name"] for w in list_for_caller(caller)} == {"Admin"}
    assert len(list_for_caller(caller)) == 8


def test_operator_sees_only_its_own_workspaces(state):
    """Operators get no access to existing workspaces."""
    assert ["Staging"] == [w["display_name"] for w in list_for_caller(as_caller(state, "operator_pat"))]


@pytest.mark.parametrize(("key", "allowed"), [("admin_pat", True), ("operator_pat", True), ("user_pat", False),
                                              ("viewer_pat", False), ("admin_service_key", True)])  # fmt: skip
def test_only_managers_manage(state, key, allowed):
    """`organization:manage` is held by Admins, by Operators and by keys that have such a role."""
    assert allowed is as_caller(state, key).may("organization:manage")


def test_without_rbac_every_member_is_workspace_admin():
    """Where the plan has no RBAC, a membership is Admin and has no role id."""
    state = build("norbac")
    caller = identify(state, find_secret(state, "viewer_pat"), None)
    assert ["Admin"] == [w["role_name"] for w in list_for_caller(caller)]
    assert {None} == {m.role_id for m in state.memberships.values()}
