from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import lsnb
from lsnb.checks import CHECKS
from lsnb.checks.policy_gate import RULE, TABLES, apply_gate, gate
from lsnb.cli import main
from lsnb.errors import UnsafePlanError
from lsnb.plan import Rules, drop_changes, make_plan
from lsnb.policy import Policy, Waiver
from lsnb.sheets import parse_sheet
from tests.checks.test_checks import POLICY, good
from tests.checks.tiny import READ_AT, Tiny, address

WIDE = Rules(max_removals_share=1.0, max_removals_small=100, max_promotions=50, email_domains=("acme.example",))


def plan_for(tiny: Tiny, *rows, allow=None):
    """Plan rows of (name, workspace or "", role, action)."""
    snapshot = tiny.snapshot()
    cells = [(*row, *[""] * (4 - len(row))) for row in rows]
    columns = ["email", "workspace_name", "langsmith_role", "action"]
    frame = pd.DataFrame([(address(n), w, r, a) for n, w, r, a in cells], columns=columns, dtype="str")
    edits = parse_sheet(frame, snapshot)
    assert edits.problems.empty, edits.problems.to_string()
    return snapshot, make_plan(snapshot, edits, rules=WIDE, allow=allow, created_at="2026-11-02T09:00:00Z")


def told(found: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Give the findings as (check, new or worse, resource)."""
    return list(found[["id", "change", "resource"]].itertuples(index=False, name=None))


def test_a_plan_that_harms_nothing_passes():
    """Nothing is refused, and the plan is the same but for the seal of its verdicts."""
    snapshot, plan = plan_for(good(), ("sam", "Staging", "Viewer"), ("grace", "Staging", "Admin"))
    assert [] == told(gate(snapshot, plan, POLICY))
    assert plan == apply_gate(plan, snapshot, POLICY)


def test_a_finding_that_a_plan_adds_is_refused_and_named():
    """Two more admins are over the limit of the policy: the plan is refused, in words that say how to go on."""
    snapshot, plan = plan_for(
        good().add("carl").add("dora"), ("carl", "", "Organization Admin"), ("dora", "", "Organization Admin")
    )
    found = gate(snapshot, plan, POLICY)
    assert ("LS-ADM-02", "new", "organization:Acme") in told(found)
    gated = apply_gate(plan, snapshot, POLICY)
    verdict = next(v for v in gated.refusals if v.rule == "policy:LS-ADM-02")
    assert "5 Organization Admins" in verdict.message
    assert "allow policy:LS-ADM-02 with a reason" in verdict.message
    assert gated.fingerprint != plan.fingerprint


def test_a_finding_that_gets_worse_is_told_from_one_that_stays_or_gets_better():
    """Over the limit already: one more is worse, another one instead is not, one fewer is not."""
    tiny = good()
    for name in ("carl", "dora", "emil"):
        tiny.add(name, "Organization Admin")
    tiny.add("fritz")

    def of(*rows):
        snapshot, plan = plan_for(tiny, *rows)
        return [row for row in told(gate(snapshot, plan, POLICY)) if row[0] == "LS-ADM-02"]

    assert [("LS-ADM-02", "worse", "organization:Acme")] == of(("fritz", "", "Organization Admin"))
    assert [] == of(("fritz", "", "Organization Admin"), ("emil", "", "Organization User"))
    assert [] == of(("emil", "", "Organization User"))


@pytest.mark.parametrize("rule", ["policy", "policy:LS-WSP-03"])
def test_what_is_allowed_with_a_reason_is_a_warning(rule):
    """The reason is kept with the plan; the finding is still told."""
    snapshot, plan = plan_for(good().add("kim"), ("kim", "Production", "Viewer"), allow={rule: "ticket 7"})
    gated = apply_gate(plan, snapshot, POLICY)
    assert () == gated.refusals
    assert any("Allowed: ticket 7" in v.message and v.rule == "policy:LS-WSP-03" for v in gated.warnings)


def test_allowing_one_check_allows_no_other():
    """Each check is named by itself."""
    tiny = good().add("kim@free.example")
    snapshot, plan = plan_for(tiny, ("kim@free.example", "Production", "Viewer"), allow={"policy:LS-WSP-02": "x"})
    assert ["policy:LS-WSP-03"] == [verdict.rule for verdict in apply_gate(plan, snapshot, POLICY).refusals]


def test_what_the_policy_accepts_is_no_reason_to_refuse():
    """A waiver that holds covers what a plan adds."""
    waiver = Waiver("LS-WSP-03", "member:kim@acme.example", "ada", "On call.", READ_AT + pd.Timedelta(days=3))
    policy = Policy(restricted_workspaces=POLICY.restricted_workspaces, waivers=(waiver,))
    snapshot, plan = plan_for(good().add("kim"), ("kim", "Production", "Viewer"))
    assert [] == told(gate(snapshot, plan, policy))


def test_the_changes_behind_a_refusal_are_named():
    """A reviewer sees which rows to take out."""
    snapshot, plan = plan_for(
        good().add("kim").add("lea"), ("kim", "Production", "Viewer"), ("lea", "Staging", "Viewer")
    )
    verdict = next(v for v in apply_gate(plan, snapshot, POLICY).refusals if v.rule == "policy:LS-WSP-03")
    assert [c.id for c in plan.changes if c.email == "kim@acme.example"] == list(verdict.change_ids)


def test_what_was_not_read_is_said_and_not_taken_for_fine():
    """A plan judged on a part says which part is missing."""
    snapshot, plan = plan_for(good().lose("service_keys"), ("sam", "Staging", "Viewer"))
    gated = apply_gate(plan, snapshot, POLICY)
    assert any(v.rule == RULE and "service_keys" in v.message for v in gated.warnings)


def test_an_empty_plan_has_nothing_to_refuse():
    """Nothing changes, so nothing gets worse."""
    snapshot, plan = plan_for(good(), ("sam", "Staging", "Admin"))
    assert plan.is_empty
    assert plan == apply_gate(plan, snapshot, POLICY)


def test_what_the_policy_refused_stays_refused_when_other_changes_are_dropped():
    """Dropping the change behind it lifts it; dropping another one, or naming another check, does not."""
    snapshot, plan = plan_for(
        good().add("kim").add("lea"), ("kim", "Production", "Viewer"), ("lea", "Staging", "Viewer")
    )
    gated = apply_gate(plan, snapshot, POLICY)
    kim, lea = (next(c.id for c in plan.changes if c.email == address(name)) for name in ("kim", "lea"))

    def rules(drop, **allow):
        allowed = {name.replace("_", ":"): reason for name, reason in allow.items()}
        dropped = drop_changes(replace(gated, allowed=allowed), snapshot, drop, rules=WIDE)
        return [v.rule for v in dropped.refusals if v.rule.startswith("policy")]

    assert ["policy:LS-WSP-03"] == rules([lea])
    assert [] == rules([kim])
    assert [] == rules([], policy="ticket 7")
    named = replace(gated, allowed={"policy:LS-WSP-03": "ticket 7"})
    assert [] == [v.rule for v in drop_changes(named, snapshot, [lea], rules=WIDE).refusals]


def test_a_plan_is_held_to_a_policy_by_the_organization_and_the_command(server, tmp_path, monkeypatch, capsys):
    """In a notebook and in the shell, a plan that makes things worse is refused, and allowed by name with a reason."""
    policy = tmp_path / "policy.toml"
    policy.write_text('[restricted_workspaces]\n"Production" = ["grace.kim@acme.example"]\n')
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "email,langsmith_role,workspace_id,workspace_name\nhannah.schmidt@acme.example,Viewer,,Production\n"
    )
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    assert org.plan(sheet).is_safe
    plan = org.plan(sheet, policy=policy)
    assert ["policy:LS-WSP-03"] == [verdict.rule for verdict in plan.refusals]
    assert plan.refusals == org.plan(sheet, policy=lsnb.load_policy(policy)).refusals
    assert org.plan(sheet, policy=policy, allow={"policy:LS-WSP-03": "ticket 7"}).is_safe
    with pytest.raises(UnsafePlanError):
        org.apply(plan, confirm=plan.fingerprint)
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    words = ["plan", str(sheet), "--policy", str(policy)]
    assert 3 == main(words)
    assert "policy:LS-WSP-03" in capsys.readouterr().out
    assert 2 == main([*words, "--allow", "policy:LS-WSP-03=ticket 7"])


def test_the_tables_that_are_read_for_the_gate_are_enough_for_its_checks():
    """Checks of members, roles and keys are among those that a plan is held against; those of the log are not."""
    known = [check.id for check in CHECKS.values() if check.needs and set(check.needs) <= set(TABLES)]
    assert {"LS-ADM-01", "LS-MEM-07", "LS-INV-02", "LS-WSP-03", "LS-ROL-02", "LS-KEY-01", "LS-ORG-01a"} <= set(known)
    assert "LS-LOG-01a" not in known
    assert len(set(TABLES)) == len(TABLES)
