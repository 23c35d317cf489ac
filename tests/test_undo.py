"""Undo as a pure function: what a run did, what is there now, and the plan back."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from lsnb.apply.undo import make_undo
from lsnb.errors import PlanError
from lsnb.plan import Rules, ServerFeatures
from lsnb.snapshot import Snapshot
from tests.plan.company import CREATED_AT, Company, plan_of, rules_of, sheet, summary

WIDE = Rules(max_removals_share=1.0, max_removals_small=100, max_promotions=50)
NEWER = ServerFeatures(can_patch_pending=True)


@pytest.fixture
def company():
    """Give a small organization with two admins beside the people that tests change."""
    made = Company().add("ada", "Organization Admin").add("boss", "Organization Admin")
    made.add("cleo", "Organization User", {"Production": "Editor", "Staging": "Viewer"})
    made.add("dana", "Organization User", {"Production": "Editor"})
    made.add("finn", "Organization User", {"Production": "Editor", "Staging": "Editor"}, state="pending")
    return made


def carried_out(company, *rows, outcomes=None, steps=()):
    """Carry a sheet out, and give what is there afterwards with what became of the changes."""
    plan = plan_of(company, sheet(*rows), rules=WIDE, server=NEWER)
    ended = outcomes or {}
    results = {
        change.id: SimpleNamespace(
            outcome=ended.get(change.kind, "done"),
            steps=set(steps),
            is_unknown=ended.get(change.kind) == "unknown",
            created_id=None,
        )
        for change in plan.changes
    }
    done = {id_ for id_, result in results.items() if result.outcome == "done"}
    return company.apply(plan, only=done), SimpleNamespace(plan=plan, results=results)


def undo(company, record, **how):
    """Make the plan back."""
    return make_undo(company.snapshot(), record, **{"rules": WIDE, "created_at": CREATED_AT, **how})


@pytest.mark.parametrize(
    ("rows", "back"),
    [
        ([("cleo", "", "Organization Viewer")], [("SetOrgRole", "cleo", "", "Organization User")]),
        ([("cleo", "Production", "Viewer")], [("SetWorkspaceRole", "cleo", "Production", "Editor")]),
        ([("dana", "Research", "Viewer")], [("RemoveWorkspaceMember", "dana", "Research", "")]),
        ([("dana", "Production", "", "remove")], [("AddWorkspaceMember", "dana", "Production", "Editor")]),
        ([("dana", "", "", "remove")], [("InviteMember", "dana", "", "Organization User")]),
        ([("new1", "Production", "Viewer")], [("CancelInvite", "new1", "", "")]),
        ([("finn", "", "", "remove")], [("InviteMember", "finn", "", "Organization User")]),
        ([("finn", "", "Organization Viewer")], [("SetOrgRole", "finn", "", "Organization User")]),
        ([("finn", "Research", "Editor")], [("ReplaceInvite", "finn", "", "Organization User")]),
        ([("finn", "Staging", "", "remove")], [("ReplaceInvite", "finn", "", "Organization User")]),
    ],
    ids=str,
)
def test_each_kind_has_its_way_back_when_it_was_done(company, rows, back):
    """The plan back carries the old values, and carrying it out brings the old grants."""
    after, record = carried_out(company, *rows)
    plan = undo(after, record)
    assert back == summary(plan)
    assert company.grants() == after.apply(plan).grants()


def test_old_values_of_an_invitation_come_together_when_several_were_changed(company):
    """One new invitation brings back role and workspaces at once, instead of one e-mail for each."""
    after, record = carried_out(company, ("finn", "", "Organization Viewer"), ("finn", "Staging", "", "remove"))
    plan = undo(after, record)
    assert [("ReplaceInvite", "finn", "", "Organization User")] == summary(plan)
    assert company.grants() == after.apply(plan).grants()


def test_nothing_is_taken_back_when_the_value_has_changed_since(company):
    """A row that is no longer as the run left it is somebody else's by now."""
    after, record = carried_out(company, ("cleo", "Production", "Viewer"))
    later = after.apply(plan_of(after, sheet(("cleo", "Production", "Admin"))))
    plan = undo(later, record)
    assert [] == list(plan.changes)
    assert ["not-undone"] == rules_of(plan.warnings)


def test_an_accepted_invitation_is_a_removal_when_it_is_taken_back(company):
    """Whoever has joined by invitation is removed, which the warnings say."""
    after, record = carried_out(company, ("new1", "Production", "Viewer"))
    plan = undo(after.accept("new1"), record)
    assert [("RemoveMember", "new1", "", "")] == summary(plan)
    assert "accepted-meanwhile" in rules_of(plan.warnings)


def test_somebody_who_left_and_came_back_is_left_alone_when_the_id_is_another(company):
    """The same address under another identity is not the person whom the run changed."""
    after, record = carried_out(company, ("dana", "Production", "Viewer"))
    after.people = [person for person in after.people if not person["email"].startswith("dana")]
    after.add("dana", "Organization User", {"Production": "Viewer"}, id="identity-of-another-dana")
    plan = undo(after, record)
    assert [] == list(plan.changes)
    assert "another identity" in plan.warnings[0].message


def test_only_what_was_done_is_taken_back(company):
    """Failed and skipped changes have nothing to take back, and unknown ones must be settled first."""
    outcomes = {"SetOrgRole": "unknown", "SetWorkspaceRole": "failed"}
    rows = [("cleo", "", "Organization Viewer"), ("dana", "Production", "Viewer"), ("dana", "Research", "Viewer")]
    after, record = carried_out(company, *rows, outcomes=outcomes)
    plan = undo(after, record)
    assert [("RemoveWorkspaceMember", "dana", "Research", "")] == summary(plan)
    assert ["not-settled"] == rules_of(plan.warnings)


def test_a_half_replaced_invitation_comes_back_when_the_run_stopped_in_between(company):
    """The old invitation was cancelled and the new one never sent: undo invites as before."""
    after, record = carried_out(
        company, ("finn", "Research", "Editor"), outcomes={"ReplaceInvite": "failed"}, steps=("cancel",)
    )
    after.people = [person for person in after.people if not person["email"].startswith("finn")]
    plan = undo(after, record)
    assert [("InviteMember", "finn", "", "Organization User")] == summary(plan)
    assert company.grants() == after.apply(plan).grants()


def test_what_one_invitation_cannot_carry_waits_when_a_removal_is_undone(company):
    """A person with different roles comes back to the workspaces of one role; the rest is listed."""
    after, record = carried_out(company, ("cleo", "", "", "remove"))
    plan = undo(after, record)
    assert [("cleo@example.com", "Production", "Editor")] == [(w.email, w.workspace, w.role) for w in plan.waiting]
    assert "tokens are lost" in next(w.message for w in plan.warnings if w.rule == "cannot-come-back")


def test_the_rules_judge_an_undo_like_any_plan(company):
    """Taking back a promotion from the only other admin would leave too few."""
    after, record = carried_out(company, ("ada", "", "Organization User"), ("cleo", "", "Organization Admin"))
    for person in after.people:
        if person["email"] == "boss@example.com":
            person["is_disabled"] = True
    assert "max-removals" in rules_of(undo(after, record, rules=Rules(max_removals_small=0)).refusals)
    assert undo(after, record, rules=Rules(max_removals_small=0), allow={"max-removals": "wrong list"}).is_safe


def test_a_run_is_not_undone_elsewhere(company):
    """The plan back is for the organization that the run was in."""
    after, record = carried_out(company, ("cleo", "Production", "Viewer"))
    snapshot = after.snapshot()
    elsewhere = Snapshot(replace(snapshot.meta, organization_id="org-2"), {})
    with pytest.raises(PlanError, match="org-2"):
        make_undo(elsewhere, record, created_at=CREATED_AT)
