"""The organization, its settings, workspaces, SSO and what is around them (API.md 8.2 to 8.4, 8.12 to 8.17)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from lsnb.sandbox.refusals import InvalidError, RefusedError
from lsnb.sandbox.rules import organization, policies, retention, sharing, sso, tags, usage, workspaces
from lsnb.sandbox.rules.audit import list_log, record_call

from .conftest import acme, as_caller

PROD = acme("workspace", "prod")
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_settings_change_only_what_is_given(state):
    """Other settings stay; the answer has the effective values."""
    info = organization.update_info(as_caller(state), {"max_pat_expiry_days": 30})
    assert info["max_pat_expiry_days"] == 30
    assert info["workspace_admin_can_invite_to_org"] is True
    assert organization.update_info(as_caller(state), {"max_pat_expiry_days": None})["max_pat_expiry_days"] is None
    organization.update_info(as_caller(state), {"ip_allowlist": ["127.0.0.0/8"]})
    assert organization.update_info(as_caller(state), {"ip_allowlist": None})["ip_allowlist"] is None


def test_every_role_reads_and_only_managers_change(state):
    """Viewers read the settings."""
    assert organization.read_info(as_caller(state, "viewer_pat"))["permissions"] == [
        "organization:read",
        "organization:read-metadata",
    ]
    with pytest.raises(RefusedError):
        organization.update_info(as_caller(state, "user_pat"), {"invites_enabled": False})


@pytest.mark.parametrize(
    ("flag", "change"),
    [
        ("can_disable_public_sharing", {"public_sharing_disabled": True}),
        ("can_set_api_key_max_expiry", {"max_api_key_expiry_days": 30}),
        ("ip_allowlist_enabled", {"ip_allowlist": ["10.0.0.0/8"]}),
    ],
)
def test_plan_gates_refuse_before_anything_changes(state, flag, change):
    """A gated field fails the whole PATCH."""
    state.organization.config[flag] = False
    with pytest.raises(RefusedError, match="not available"):
        organization.update_info(as_caller(state), {"invites_enabled": False} | change)
    assert organization.read_info(as_caller(state))["invites_enabled"] is True


@pytest.mark.parametrize("change", [{"scim_group_name_separator": "+"}, {"max_pat_expiry_days": 0}])
def test_bad_values_are_invalid(state, change):
    """What the schema cannot say is still a 422."""
    with pytest.raises(InvalidError):
        organization.update_info(as_caller(state), change)


@pytest.mark.parametrize(("reach", "left"), [("organization", 0), ("workspace", 2)])
def test_reach_of_unshare_all_is_a_switch(state, reach, left):
    """The documents differ on it (unknown 11)."""
    state.behaviours.unshare_all_reach = reach
    organization.update_info(as_caller(state, workspace="supp"), {"unshare_all": True})
    assert left == len(state.share_links)


def test_unsharing_by_token_takes_only_those_of_the_workspace(state):
    """Tokens of other workspaces are passed over."""
    here, there = acme("share token", "supp", "angry-customer"), acme("share token", "secu", "incident-review")
    sharing.unshare(as_caller(state, workspace="supp"), [here, there], unshare_all=False)
    assert here not in state.share_links
    assert there in state.share_links


def test_new_workspaces_have_two_tag_keys(state):
    """And an Operator who creates one is in it."""
    operator = as_caller(state, "operator_pat")
    made = workspaces.create(operator, "Fresh")
    assert {"Application", "Environment"} == {k.key for k in state.tag_keys.values() if k.workspace_id == made["id"]}
    assert made["id"] in {row["id"] for row in workspaces.list_for_caller(operator)}


def test_workspaces_are_counted(state):
    """Beyond the plan's limit there is none to be had."""
    state.organization.config["max_workspaces"] = 9
    admin = as_caller(state)
    workspaces.create(admin, "Nine")
    assert organization.read_info(admin)["reached_max_workspaces"] is True
    with pytest.raises(RefusedError):
        workspaces.create(admin, "Ten")


def test_workspace_in_the_path_must_be_the_current_one(state):
    """`X-Tenant-Id` of another workspace is a 403."""
    with pytest.raises(RefusedError) as refused:
        workspaces.rename(as_caller(state, workspace="stag"), PROD, "X")
    assert refused.value.status == 403


def test_deleted_workspace_stays_listed_as_deleted(state):
    """The row survives, what was in it does not."""
    workspaces.delete(as_caller(state, workspace="prod"), PROD)
    admin = as_caller(state)
    assert PROD not in {row["id"] for row in workspaces.list_for_caller(admin)}
    rows = {row["id"]: row["is_deleted"] for row in workspaces.list_for_caller(admin, include_deleted=True)}
    assert rows[PROD] is True
    assert not state.rosters[PROD]
    assert acme("key", "ingest-prod") not in state.keys
    with pytest.raises(RefusedError):
        as_caller(state, workspace="prod")


def test_sso_default_workspace_cannot_be_deleted(state):
    """The only default workspace of a provider is needed."""
    with pytest.raises(RefusedError, match="SSO"):
        workspaces.delete(as_caller(state, workspace="supp"), acme("workspace", "supp"))


def test_requiring_sso_needs_an_sso_login(state):
    """Who comes in by other ways cannot close them."""
    admin = as_caller(state)
    assert organization.set_sso_only(admin, True) == {"sso_only": True}
    admin.person = state.find_person("dana.fox@partner.example")
    with pytest.raises(RefusedError):
        organization.set_sso_only(admin, True)


def test_address_is_confirmed_by_the_mailed_token(state):
    """Sending, then confirming; a made-up token is refused."""
    caller = as_caller(state)
    sso.send_verification(caller, "Ada.Lindqvist@acme.example", acme("sso provider"))
    assert sso.read_verification(state, "ada.lindqvist@acme.example") == {"email_confirmed_at": None}
    with pytest.raises(RefusedError):
        sso.confirm(state, "made up")
    sso.confirm(state, sso.make_confirmation("ada.lindqvist@acme.example"))
    assert sso.read_verification(state, "ada.lindqvist@acme.example")["email_confirmed_at"] is not None


def test_audit_log_pages_through_everything_once(state):
    """The cursor leads through the period, newest first."""
    caller, seen, cursor = as_caller(state), [], None
    while True:
        page = list_log(caller, datetime(2025, 1, 1, tzinfo=UTC), END, limit=100, cursor=cursor)
        seen += page["items"]
        cursor = page["cursor"]
        if cursor is None:
            break
    times = [item["time"] for item in seen]
    assert times == sorted(times, reverse=True)
    assert len({item["metadata"]["uid"] for item in seen}) == len(seen) == len(state.audit)
    assert times[0] > 1_700_000_000_000


def test_audit_log_filters_and_is_gated(state):
    """By operation and workspace; only for those who manage, and where the plan has it."""
    caller = as_caller(state)
    page = list_log(caller, START, END, limit=100, operations=["update_role"])
    assert [item["api"]["operation"] for item in page["items"]] == ["update_role"]
    found = list_log(caller, START, END, limit=100, workspace_id=acme("workspace", "secu"))["items"]
    assert sum(item["status"] == "Failure" for item in found) == 8
    with pytest.raises(RefusedError):
        list_log(as_caller(state, "viewer_pat"), START, END)
    state.organization.config["can_use_audit_logs"] = False
    with pytest.raises(RefusedError, match="Audit logs"):
        list_log(caller, START, END)


def test_times_without_a_zone_are_utc(state):
    """As with the zone written out."""
    plain, zoned = START.replace(tzinfo=None), START
    assert list_log(as_caller(state), plain, END)["items"] == list_log(as_caller(state), zoned, END)["items"]
    assert usage.read_granular(as_caller(state), plain, END, [PROD]) == usage.read_granular(
        as_caller(state), zoned, END, [PROD]
    )


@pytest.mark.parametrize(("end", "count"), [("inclusive", 1), ("exclusive", 0)])
def test_end_of_an_audit_period_is_a_switch(state, end, count):
    """Whether the last moment counts is not settled (unknown 15)."""
    state.behaviours.audit_end = end
    moment = datetime.fromisoformat(state.audit[-1]["request_time"])
    assert count == len(list_log(as_caller(state), moment, moment)["items"])


def test_writes_are_logged_also_when_refused(state):
    """The log has the caller, the key, and whether it succeeded; reads only as a switch."""
    before = len(state.audit)
    for method, route, status in (
        ("POST", "/api/v1/orgs/current/roles", 403),
        ("GET", "/api/v1/orgs/current/roles", 200),
    ):
        caller = as_caller(state, "user_pat")
        record_call(
            state,
            caller,
            method=method,
            path=route,
            route=route,
            path_params={},
            status=status,
            client=("127.0.0.1", 1),
        )
    assert len(state.audit) == before + 1
    row = state.audit[-1]
    assert (row["operation_name"], row["operation_succeeded"]) == ("create_role", False)
    assert (row["api_key_id"], row["user_id"]) == (acme("key", "user_pat"), acme("user", "mei.tanaka@acme.example"))


@pytest.mark.parametrize(("days", "stride"), [(0.5, (0, 1)), (1, (1, 0)), (31, (1, 0)), (32, (7, 0)), (93, (7, 0)),
                                              (94, (30, 0)), (366, (30, 0)), (367, (365, 0))])  # fmt: skip
def test_stride_follows_the_length_of_the_period(days, stride):
    """Hourly under a day, then by 1, 7, 30 and 365 days."""
    from datetime import timedelta

    found = usage.choose_stride(START, START + timedelta(days=days))
    assert stride == (found.days, found.seconds // 3600)


def test_usage_leaves_out_what_the_caller_cannot_read(state):
    """Unreadable workspaces vanish silently; the CSV has the same sum."""
    places = [PROD, acme("workspace", "supp")]
    everything = usage.read_granular(as_caller(state), START, END, places)
    mine = usage.read_granular(as_caller(state, "user_pat"), START, END, places)
    assert {"Production", "Support"} == {row["dimensions"]["workspace_name"] for row in everything["usage"]}
    assert {"Production"} == {row["dimensions"]["workspace_name"] for row in mine["usage"]}
    rows = list(csv.DictReader(io.StringIO(usage.export_granular(as_caller(state), START, END, places))))
    assert sum(int(row["Traces"]) for row in rows) == sum(row["traces"] for row in everything["usage"])


def test_usage_by_key_shows_the_admins_token(state):
    """A person's admin token with steady traffic is visible by key."""
    rows = usage.read_granular(as_caller(state), START, END, [PROD], "api_key")["usage"]
    assert state.keys[acme("key", "pat-tomas")].short_key in {row["dimensions"]["api_key_short_key"] for row in rows}


def test_policies_conflict_attach_and_detach(state):
    """Names are unique; roles come and go."""
    admin = as_caller(state)
    body = policies.read_policy(admin, acme("policy", "orphan"))
    with pytest.raises(RefusedError) as refused:
        policies.create_policy(admin, body)
    assert refused.value.status == 409
    role = acme("role", "annot")
    policies.attach(admin, role, [acme("policy", "orphan")])
    assert policies.read_policy(admin, acme("policy", "orphan"))["role_ids"] == [role]
    policies.detach(admin, role, [acme("policy", "orphan")])
    assert policies.read_policy(admin, acme("policy", "orphan"))["role_ids"] == []
    with pytest.raises(RefusedError) as refused:
        policies.update_policy(admin, acme("policy", "orphan"), {"effect": "perhaps"})
    assert refused.value.as_body("go")["status"] == 422


def test_deleting_a_tag_key_takes_values_and_taggings(state):
    """What hangs on a key goes with it."""
    caller = as_caller(state, workspace="prod")
    tags.delete_key(caller, acme("tag key", "prod", "Environment"))
    assert acme("tagging", "prod", "Environment") not in state.taggings
    assert ["Application"] == [row["key"] for row in tags.list_tags(caller)]


def test_retention_falls_back_to_the_organization(state):
    """A workspace without a setting of its own shows the default."""
    assert retention.list_for_workspace(as_caller(state, workspace="rsch"))[0]["tenant_id"] is None
    retention.set_days(as_caller(state, workspace="rsch"), 30)
    days = retention.read_days(as_caller(state, workspace="rsch"))
    assert days == {"tenant_id": acme("workspace", "rsch"), "is_custom": True, "longlived_ttl_days": 30}
