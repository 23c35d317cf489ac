from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb.errors import PlanError
from lsnb.plan import Rules
from lsnb.sheets import sheet_from_access
from lsnb.widgets import apply_view, plan_view
from tests.widgets.conftest import NASTY, TIMEOUT_S


@pytest.fixture
def snap(org):
    """Read who has what."""
    return org.read_access()


def sheet(snap, n=4, **values):
    """Take the first editors of the organization's workspaces into a sheet, with other values."""
    rows = sheet_from_access(snap)
    return rows[rows["langsmith_role"] == "Workspace User"].head(n).assign(**values)


@pytest.fixture
def plan(org, snap):
    """Plan four role changes that a click may apply."""
    return org.plan(sheet(snap, langsmith_role="Workspace Viewer"), snapshot=snap, rules=Rules(max_removals_share=1.0))


def test_a_dropped_change_is_out_of_the_plan(org, snap, plan):
    """The rest is judged again under another fingerprint; putting it back gives the plan as it was."""
    view = plan_view(plan, org, snapshot=snap)
    id_ = plan.changes[1].id
    view.drop([id_])
    assert [id_] == view.dropped
    assert [change.id for change in plan.changes if change.id != id_] == [change.id for change in view.plan.changes]
    assert plan.fingerprint != view.plan.fingerprint
    assert 3 == len(view.grid.frame)
    assert view.restore() == plan
    with pytest.raises(PlanError, match="no change with the id"):
        view.drop(["nonsense"])


def test_what_was_dropped_stays_so_when_the_cell_runs_again(org, snap, plan):
    """The same plan is shown without the same changes; a fresh view has them."""
    plan_view(plan, org, snapshot=snap).drop([plan.changes[0].id])
    assert [plan.changes[0].id] == plan_view(plan, org, snapshot=snap).dropped
    assert [] == plan_view(plan, org, snapshot=snap, fresh=True).dropped


def test_taking_something_away_must_be_typed(org, snap):
    """The button is dead until what the plan does was typed; another number does not do, blanks and case do."""
    view = plan_view(org.plan(sheet(snap, n=2, action="remove"), snapshot=snap), org, snapshot=snap)
    assert "remove 2 from workspaces" == view.phrase
    assert view.apply_button.disabled
    with pytest.raises(PlanError, match="Type “remove 2 from workspaces”"):
        view.apply()
    view.unlock_field.value = "remove 2 from the organization"
    assert not view.can_apply
    view.unlock_field.value = " Remove  2 from  workspaces "
    assert view.can_apply
    # Another plan must be read anew.
    view.drop([view.plan.changes[0].id])
    assert ("remove 1 from workspaces", "", False) == (view.phrase, view.unlock_field.value, view.can_apply)


def test_giving_power_must_be_typed(org, snap):
    """A promotion to Organization Admin is unlocked by its number too."""
    email = snap.members.loc[snap.members["role"] == "Organization User", "email"].iloc[0]
    plan = org.plan(lsnb_sheet(email, "Organization Admin"), snapshot=snap)
    view = plan_view(plan, org, snapshot=snap)
    assert "promote 1" == view.phrase
    assert view.unlock("promote 1")


def lsnb_sheet(email, role):
    """Write a sheet of one row."""
    return pd.DataFrame({"email": [email], "langsmith_role": [role]})


def test_a_refused_plan_needs_its_rule_named_and_a_reason(org, snap):
    """A refusal is on top; without a reason the rule stays, with one it is kept in the plan."""
    emails = snap.members.loc[snap.members["role"] == "Organization User", "email"].head(4)
    rows = [lsnb_sheet(email, "Organization Admin") for email in emails]
    view = plan_view(org.plan(pd.concat(rows), snapshot=snap), org, snapshot=snap)
    assert "max-promotions" in view._refused.value
    with pytest.raises(PlanError, match="refused by max-promotions"):
        view.apply()
    view.allow_button.click()
    assert view.wait(TIMEOUT_S)
    assert "needs a reason" in view.alert.value
    with pytest.raises(PlanError):
        view.allow("no-such-rule", "because")
    view.allow("max-promotions", "new owners, ticket 5")
    assert {"max-promotions": "new owners, ticket 5"} == view.plan.allowed
    assert view.plan.is_safe
    assert "promote 4" == view.phrase


def test_a_ticked_change_is_left_out_by_its_button(org, snap, plan):
    """The button takes what is ticked, and says so when nothing is."""
    view = plan_view(plan, org, snapshot=snap)
    view.drop_button.click()
    assert view.wait(TIMEOUT_S)
    assert "No change is ticked" in view.alert.value
    view.grid._selected = [0, 2]
    view.drop_button.click()
    assert view.wait(TIMEOUT_S)
    assert [plan.changes[0].id, plan.changes[2].id] == view.dropped


def test_a_plan_is_applied_once_whatever_is_clicked(server, org, snap, plan):
    """Two clicks, another view of the same plan, and code: the changes are written once."""
    view = plan_view(plan, org, snapshot=snap)
    view.apply_button.click()
    view.apply_button.click()
    again = plan_view(plan, org, snapshot=snap)
    assert again.was_applied
    assert again.apply_button.disabled
    assert again.apply() is view.applying
    assert view.applying.wait(TIMEOUT_S)
    writes = [r for r in server.requests if r["method"] == "PATCH" and r["status"] < 300]
    assert 4 == len(writes)
    with pytest.raises(PlanError, match="was applied"):
        view.drop([plan.changes[0].id])


def test_a_plan_that_was_applied_elsewhere_is_said_kindly(org, plan):
    """A plan that another process applied gives a card, not a trace on the page, and nothing is written."""
    org.apply(plan, confirm=plan.fingerprint)
    view = apply_view(org, plan, confirm=plan.fingerprint).start()
    assert view.wait(TIMEOUT_S)
    assert "This plan was applied already" in view.alert.value
    assert "lsnb-card warn" in view.alert.value
    assert isinstance(view.error, lsnb.errors.SpentPlanError)


def test_another_fingerprint_is_refused_and_can_be_mended(org, plan):
    """What was not reviewed is not applied; the plan is not spent by it."""
    view = apply_view(org, plan, confirm="something else").start()
    assert view.wait(TIMEOUT_S)
    assert "not the plan that was reviewed" in view.alert.value
    view.confirm = plan.fingerprint
    assert view.start().wait(TIMEOUT_S)
    assert view.run.is_done


def test_results_go_into_files(org, plan, tmp_path):
    """The results as CSV, Excel and the journal are there after the run; before it, that is an error with a sentence."""
    view = apply_view(org, plan, confirm=plan.fingerprint)
    with pytest.raises(PlanError, match="no results yet"):
        view.results()
    view.start().wait(TIMEOUT_S)
    assert 4 == len(view.results())
    assert 5 == len(view.export(tmp_path / "results.csv").read_text("utf-8-sig").splitlines())
    name, content = view.excel_button._make()
    assert ("results.xlsx", b"PK") == (name, content[:2])
    name, content = view.journal_button._make()
    assert name.endswith(".jsonl")
    assert plan.fingerprint.encode() in content


def test_what_failed_is_tried_again(server, org, plan):
    """A change that the service refused is tried again by its button, the others are not."""
    server.faults.add(method="PATCH", path="/members/", kind="status", status=400, times=1)
    view = apply_view(org, plan, confirm=plan.fingerprint).start()
    assert view.wait(TIMEOUT_S)
    assert {"failed": 1, "done": 3} == view.counts
    failed = view.results().query("outcome == 'failed'").iloc[0]
    assert f"failed: {failed['email']}, {failed['workspace']}: " in view.alert.value
    assert view.can_retry
    view.retry_button.click()
    assert view.wait(TIMEOUT_S)
    assert {"done": 4} == view.counts
    assert not view.can_retry
    assert 4 == sum(r["method"] == "PATCH" and r["status"] < 300 for r in server.requests)


def test_names_that_are_html_stay_text(server, org):
    """A person whose name is HTML, and a workspace too, are text in the plan and in the results."""
    for workspace in server.state.workspaces.values():
        if workspace.display_name == "Production":
            workspace.display_name = NASTY
    server.state.touch()
    snap = org.read_access()
    rows = sheet_from_access(snap)
    rows = rows[(rows["workspace_name"] == NASTY) & (rows["langsmith_role"] == "Workspace User")].head(1)
    plan = org.plan(rows.assign(langsmith_role="Workspace Viewer", note=NASTY), snapshot=snap)
    view = plan_view(plan, org, snapshot=snap)
    applying = view.apply()
    assert applying.wait(TIMEOUT_S)
    assert applying.run.is_done
    forms = [view, applying]
    shown = [form.alert.value + form.static_html() + form.status.value for form in forms]
    shown += [view._facts.value, view._warned.value, view._waiting.value, applying._facts.value, applying._live.value]
    assert [] == [content for content in shown if "<img" in content]


def test_a_setting_that_may_lock_out_is_typed_and_a_plan_of_things_can_be_trimmed(org):
    """A plan of a setting and a workspace is read for what it needs, trimmed, and unlocked by its words."""
    settings = pd.DataFrame({"setting": ["pat_creation_disabled"], "value": ["true"]})
    workspaces = pd.DataFrame({"workspace_name": ["Brand New"], "action": ["create"]})
    plan = org.plan({"settings": settings, "workspaces": workspaces})
    view = plan_view(plan, org)
    assert {"CreateWorkspace", "UpdateSettings"} == {change.kind for change in plan.changes}
    assert "settings 1" == view.phrase
    created = next(change.id for change in plan.changes if change.kind == "CreateWorkspace")
    view.drop([created])
    assert ["UpdateSettings"] == [change.kind for change in view.plan.changes]
    assert view.unlock("settings 1")


def test_nothing_to_do_is_said(org, snap):
    """An empty plan has a sentence and no button."""
    view = plan_view(org.plan(sheet_from_access(snap), snapshot=snap), org, snapshot=snap)
    assert "Nothing to do" in view._facts.value
    assert "none" == view._apply_row.layout.display
    with pytest.raises(PlanError, match="nothing to apply"):
        view.apply()
