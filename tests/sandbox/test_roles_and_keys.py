"""Roles, keys and tokens (API.md 8.5, 8.9, 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lsnb.sandbox.ids import make_hash
from lsnb.sandbox.refusals import InvalidError, RefusedError
from lsnb.sandbox.rules import keys, roles, tokens
from lsnb.sandbox.rules.keys import KeyRequest

from .conftest import acme, as_caller

PROMPT = acme("role", "prompt")


def test_patch_replaces_the_whole_list(state):
    """Permissions that are not sent are gone."""
    row = roles.update_role(as_caller(state), PROMPT, "Prompt Engineer", "less", ["runs:read"])
    assert row["permissions"] == ["runs:read"]


def test_unknown_permissions_are_refused_but_kept_ones_survive(state):
    """A permission this server has never heard of is refused, unless the role already holds it."""
    admin = as_caller(state)
    with pytest.raises(RefusedError, match="brand-new:do"):
        roles.create_role(admin, "X", "x", ["brand-new:do"])
    state.roles[PROMPT].permissions.append("brand-new:do")
    roles.update_role(admin, PROMPT, "Prompt Engineer", "x", ["runs:read", "brand-new:do"])


def test_organization_permissions_do_not_fit_custom_roles(state):
    """Custom roles are workspace roles."""
    with pytest.raises(RefusedError):
        roles.create_role(as_caller(state), "X", "x", ["organization:manage"])


@pytest.mark.parametrize("fields", [("", "d", ["runs:read"]), ("n", "", ["runs:read"]), ("n", "d", [])])
def test_empty_fields_are_invalid(state, fields):
    """All three fields want a value."""
    with pytest.raises(InvalidError):
        roles.create_role(as_caller(state), *fields)


def test_system_roles_cannot_be_changed(state):
    """Built-in roles stay as they are."""
    with pytest.raises(RefusedError):
        roles.update_role(as_caller(state), state.find_role("WORKSPACE_VIEWER").id, "n", "d", ["runs:read"])


@pytest.mark.parametrize("status", [409, 400])
def test_deleting_a_role_in_use_is_refused(state, status):
    """The status is not public (unknown 10)."""
    state.behaviours.role_in_use_status = status
    with pytest.raises(RefusedError, match="members") as refused:
        roles.delete_role(as_caller(state), PROMPT)
    assert status == refused.value.status


def test_operators_and_roles_are_a_switch(state):
    """The two documents differ (unknown 12)."""
    operator = as_caller(state, "operator_pat")
    roles.create_role(operator, "X", "x", ["runs:read"])
    state.behaviours.operator_manages_roles = False
    with pytest.raises(RefusedError):
        roles.create_role(operator, "Y", "y", ["runs:read"])


def test_new_service_keys_are_powerful_by_default(state):
    """Without roles a key is Workspace Admin, and an org-wide one Organization User as well."""
    admin = as_caller(state)
    wide = keys.create(admin, KeyRequest())
    limited = keys.create(admin, KeyRequest(workspaces=[acme("workspace", "prod")]))
    assert state.roles[wide["role_id"]].name == "WORKSPACE_ADMIN"
    assert state.roles[wide["org_role_id"]].name == "ORGANIZATION_USER"
    assert limited["org_role_id"] is None
    assert limited["workspace_names"] == ["Production"]


def test_secret_is_shown_once_and_only_its_hash_is_kept(state):
    """Nothing in the state tells the secret."""
    made = keys.create(as_caller(state), KeyRequest())
    assert made["key"].startswith("lsv2_sk_")
    assert made["key"] not in str(state.dump())
    assert state.keys[made["id"]].secret_hash == make_hash(made["key"])
    assert "key" not in keys.list_of_organization(as_caller(state))[-1]


def test_only_admins_make_org_wide_keys(state):
    """Operators make keys only where they are Workspace Admin."""
    operator = as_caller(state, "operator_pat")
    with pytest.raises(RefusedError, match="Only org admins"):
        keys.create(operator, KeyRequest())
    with pytest.raises(RefusedError):
        keys.create(operator, KeyRequest(workspaces=[acme("workspace", "prod")]))
    keys.create(operator, KeyRequest(workspaces=[acme("workspace", "stag")]))


def test_workspaces_and_organization_role_exclude_each_other(state):
    """A limited key has no organization role."""
    request = KeyRequest(workspaces=[acme("workspace", "prod")], org_role_id=state.find_role("ORGANIZATION_USER").id)
    with pytest.raises(RefusedError) as refused:
        keys.create(as_caller(state), request)
    assert refused.value.status == 400


def test_expiry_maxima_hold_for_new_keys(state):
    """Keys must end within the organization's limit."""
    state.organization.settings["max_service_key_expiry_days"] = 30
    admin = as_caller(state)
    with pytest.raises(RefusedError, match="within 30 days"):
        keys.create(admin, KeyRequest())
    with pytest.raises(RefusedError):
        keys.create(admin, KeyRequest(expires_at=state.now() + timedelta(days=31)))
    keys.create(admin, KeyRequest(expires_at=state.now() + timedelta(days=29)))


def test_patching_a_key_keeps_what_is_not_sent(state):
    """The newer PATCH changes the roles given, and never the caller's own key."""
    admin = as_caller(state)
    row = keys.update(admin, acme("key", "cost-report"), None, state.find_role("ORGANIZATION_USER").id)
    assert state.roles[row["role_id"]].name == "WORKSPACE_VIEWER"
    own = as_caller(state, "admin_service_key")
    with pytest.raises(RefusedError, match="own roles"):
        keys.update(own, acme("key", "admin_service_key"), PROMPT, None)
    with pytest.raises(RefusedError):
        keys.update(admin, acme("key", "ingest-prod"), None, state.find_role("ORGANIZATION_USER").id)


def test_operator_cannot_give_a_key_the_admin_role(state):
    """Nor touch a key that has it."""
    operator = as_caller(state, "operator_pat")
    admin_role = state.find_role("ORGANIZATION_ADMIN").id
    with pytest.raises(RefusedError):
        keys.update(operator, acme("key", "cost-report"), None, admin_role)
    with pytest.raises(RefusedError):
        keys.update(operator, acme("key", "admin_service_key"), PROMPT, None)


def test_tokens_are_listed_to_their_owner(state):
    """By default only the caller's own, without owner fields; as a switch everybody's to admins."""
    own = tokens.list_tokens(as_caller(state))
    assert {"admin_pat", "expired_pat"} == {state.keys[row["id"]].name for row in own}
    assert "user_email" not in own[0]
    state.behaviours.pats_listed = "all"
    everybody = tokens.list_tokens(as_caller(state))
    assert "grace.kim@acme.example" in {row["user_email"] for row in everybody}
    assert len(tokens.list_tokens(as_caller(state, "user_pat"))) == 1


def test_token_creation_has_three_gates(state):
    """The role, the organization's switch, and being a person."""
    with pytest.raises(RefusedError):
        tokens.create_token(as_caller(state, "viewer_pat"), KeyRequest())
    with pytest.raises(RefusedError):
        tokens.create_token(as_caller(state, "admin_service_key"), KeyRequest())
    assert tokens.create_token(as_caller(state, "user_pat"), KeyRequest())["key"].startswith("lsv2_pt_")
    state.organization.settings["pat_creation_disabled"] = True
    with pytest.raises(RefusedError, match="disabled"):
        tokens.create_token(as_caller(state), KeyRequest())


def test_revocation_is_idempotent_and_reversible(state):
    """Admins deactivate anybody's token, others their own; what is not there is a problem document."""
    admin, token = as_caller(state), acme("key", "user_pat")
    for _ in range(2):
        tokens.set_revoked(admin, token, is_revoked=True)
    assert state.keys[token].is_revoked
    tokens.set_revoked(admin, token, is_revoked=False)
    as_caller(state, "user_pat")
    with pytest.raises(RefusedError) as refused:
        tokens.set_revoked(as_caller(state, "user_pat"), acme("key", "admin_pat"), is_revoked=True)
    assert refused.value.as_body("fastapi")["status"] == 404
