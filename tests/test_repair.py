from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.checks import run_checks
from lsnb.checks.remediation import SHEETS, Fixes, fixes
from lsnb.plan import Rules, make_plan
from lsnb.plan.simulation import simulate as after_changes
from lsnb.policy import Policy
from lsnb.sandbox.seeds.roster import make_roster
from lsnb.sheets import parse_sheet
from tests.checks.test_checks import POLICY, good
from tests.checks.test_seeds import POLICY as SEED_POLICY
from tests.checks.tiny import Tiny, ago

WIDE = Rules(max_removals_share=1.0, max_removals_small=1000, max_promotions=50)


def repair(tiny: Tiny, *only: str, policy: Policy = POLICY, roster=None) -> Fixes:
    """Audit an organization and repair what can be."""
    snapshot = tiny.snapshot()
    people = None if roster is None else pd.DataFrame(roster, columns=["email", "status"])
    return fixes(run_checks(snapshot, policy=policy, roster=people, only=list(only) or None), snapshot, policy)


def rows(found: Fixes, kind: str = "access") -> list[tuple[str, ...]]:
    """Give the rows of a sheet as (what, what to do, checks)."""
    columns = {
        "access": ["email", "workspace_name", "langsmith_role", "action", "note"],
        "tokens": ["token_id", "action", "note"],
        "keys": ["key_id", "action", "note"],
        "settings": ["setting", "value", "note"],
    }[kind]
    return list(found[kind][columns].itertuples(index=False, name=None)) if kind in found else []


def test_people_who_left_are_disabled_or_dormant_are_removed_once():
    """One row per person, with every check that it repairs."""
    tiny = good().add("uwe", places={"Staging": "Viewer"})
    found = repair(tiny, "LS-MEM", roster=[("uwe@acme.example", "left")])
    assert ("uwe@acme.example", "", "", "remove", "LS-MEM-02, LS-MEM-03") in rows(found)
    assert 1 == list(found["access"]["email"]).count("uwe@acme.example")


def test_dormant_and_foreign_admins_become_users():
    """Power goes, and the account stays."""
    tiny = good().add("idle", "Organization Admin").add("kim@free.example", "Organization Admin")
    found = repair(tiny, "LS-ADM-04", "LS-ADM-06")
    assert [
        ("idle@acme.example", "", "Organization User", "", "LS-ADM-06"),
        ("kim@free.example", "", "Organization User", "", "LS-ADM-04, LS-ADM-06"),
    ] == rows(found)


def test_surplus_admins_are_the_newest_who_are_not_accepted():
    """As many are demoted as are too many; break-glass and accepted ones stay."""
    tiny = good()
    for days, name in ((10, "carl"), (20, "dora"), (30, "emil")):
        tiny.add(name, "Organization Admin", days=days)
    policy = Policy(max_admins=4, break_glass=POLICY.break_glass, accepted_admins=("carl@acme.example",))
    found = repair(tiny, "LS-ADM-02", policy=policy)
    assert ["dora@acme.example", "emil@acme.example"] == sorted(found["access"]["email"])


def test_the_last_admins_the_caller_and_break_glass_are_never_touched():
    """Whoever would be the last one, or must not be touched, is left to people with the reason."""
    tiny = Tiny().add("ada", "Organization Admin").add("bob", "Organization Admin").add("glass", "Organization Admin")
    tiny.add_log("nobody")
    policy = Policy(break_glass=("glass@acme.example",), min_admins=3)
    snapshot = tiny.snapshot()
    findings = run_checks(snapshot, policy=policy, only=["LS-ADM-06"])
    assert {"ada@acme.example", "bob@acme.example"} <= set(findings["email"].dropna())
    assert [] == rows(fixes(findings, snapshot, policy))
    assert all("would be left" in what for what in fixes(findings, snapshot, policy).by_hand["what_to_do"])
    caller = lsnb.snapshot.Caller("pat", "user ada@acme.example", email="Ada@acme.example")
    mine = fixes(findings, snapshot.read_by(caller), Policy(min_admins=1))
    assert ["bob@acme.example"] == mine["access"]["email"].tolist()
    assert "yourself" in mine.by_hand["what_to_do"].iloc[0]


def test_invitations_are_cancelled_unless_a_member_has_the_address_as_well():
    """A row of the sheet would mean the member."""
    tiny = good().add("late", state="pending", days=40).add("sam", state="pending", days=40)
    found = repair(tiny, "LS-INV")
    assert [("late@acme.example", "", "", "remove", "LS-INV-01")] == rows(found)
    assert {"LS-INV-01", "LS-INV-03"} == set(found.by_hand["id"])


def test_who_is_in_a_restricted_workspace_leaves_it():
    """Only the workspace is taken away, by its id."""
    found = repair(good().add("kim", places={"Production": "Viewer"}), "LS-WSP-03")
    assert [("kim@acme.example", "Production", "", "remove", "LS-WSP-03")] == rows(found)
    assert ["ws Production"] == found["access"]["workspace_id"].tolist()


def test_unused_keys_are_deleted_and_unused_tokens_revoked():
    """Named by id; the rest of what is wrong with them needs somebody's judgement."""
    tiny = good().add_key("Idle", last_used_at=None, expires_at=None)
    tiny.add_token("Forgotten", "sam", days=85, last_used_at=ago(70))
    found = repair(tiny, "LS-KEY", "LS-PAT")
    assert [("key Idle", "delete", "LS-KEY-03")] == rows(found, "keys")
    assert ["LS-KEY-02", "LS-PAT-01"] == found.by_hand["id"].tolist()
    assert [("token Forgotten", "revoke", "LS-PAT-02")] == rows(found, "tokens")


def test_settings_that_lock_nobody_out_are_hardened_and_the_others_left():
    """`sso_only` and the list of addresses can lock everybody out, so people decide."""
    tiny = good(public_sharing_disabled=False, max_pat_expiry_days=None, sso_only=False, ip_allowlist=[])
    found = repair(tiny, "LS-ORG", "LS-SSO")
    assert [
        ("public_sharing_disabled", "true", "LS-ORG-01a"),
        ("max_pat_expiry_days", "180", "LS-ORG-01b"),
    ] == rows(found, "settings")
    assert {"setting:sso_only", "setting:ip_allowlist"} == set(found.by_hand["resource"])


def test_what_is_well_or_accepted_or_undecided_needs_no_repair():
    """Only alarms are repaired."""
    found = repair(good(), policy=Policy(break_glass=POLICY.break_glass))
    assert (0, 0) == (len(found), len(found.by_hand))
    assert "nothing that a sheet repairs" in repr(found)


def test_every_alarm_is_repaired_or_left_to_people():
    """Nothing is lost on the way."""
    tiny = (
        good().add("idle", "Organization Admin").add("late", state="pending", days=40).add_role("Legacy", "runs:read")
    )
    snapshot = tiny.snapshot()
    findings = run_checks(snapshot, policy=POLICY)
    found = fixes(findings, snapshot, POLICY)
    told = set(found.by_hand["id"]) | {i for sheet in found.values() for n in sheet["note"] for i in n.split(", ")}
    assert set(findings.loc[findings["status"] == "alarm", "id"]) == told
    for kind, sheet in found.items():
        assert list(SHEETS[kind]) == sheet.columns.tolist()


@pytest.fixture(scope="module")
def small():
    """Read the demo organization with its flaws, whole."""
    with sandbox.start(seed="small", behaviours={"pats_listed": "all"}) as server:
        yield lsnb.connect(endpoint=server.url, api_key=server.key).snapshot(audit_days=400, usage_days=90)


def test_the_demo_organization_is_better_after_the_repair(small):
    """The sheet plans without a problem, harms no admin, and what it repairs is found no more."""
    roster = pd.DataFrame(make_roster())
    before = run_checks(small, policy=SEED_POLICY, roster=roster)
    found = fixes(before, small, SEED_POLICY)
    edits = parse_sheet(found["access"], small)
    assert edits.problems.empty, edits.problems.to_string()
    plan = make_plan(small, edits, rules=WIDE, created_at="2026-11-24T09:00:00Z")
    assert plan.is_safe, [verdict.message for verdict in plan.refusals]
    after = run_checks(after_changes(small, plan.changes), policy=SEED_POLICY, roster=roster)
    told = {(row.id, row.resource) for row in before[before["status"] == "alarm"].itertuples()}
    left = {(row.id, row.resource) for row in after[after["status"] == "alarm"].itertuples()}
    by_hand = set(found.by_hand[["id", "resource"]].itertuples(index=False, name=None))
    for check in (
        "LS-MEM-02",
        "LS-MEM-03",
        "LS-MEM-04",
        "LS-ADM-02",
        "LS-ADM-06",
        "LS-INV-01",
        "LS-INV-02",
        "LS-WSP-03",
    ):
        mine = {finding for finding in told if finding[0] == check}
        assert mine & left <= by_hand, (check, mine & left)
        assert mine
