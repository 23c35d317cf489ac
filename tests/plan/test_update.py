"""Plans in the mode update: adds and changes for people who have joined."""

from __future__ import annotations

import pandas as pd
import pytest

from lsnb.errors import PlanError, TableError
from lsnb.sheets.model import PROBLEM_COLUMNS, Edits
from lsnb.snapshot import Caller
from tests.plan.company import CREATED_AT, Company, plan_of, rules_of, sheet, summary, was


def team(**options):
    """Make an organization of two admins, a member of two workspaces, and somebody switched off."""
    company = Company(**options)
    company.add("ada", "Organization Admin").add("ben", "Organization Admin", {"Production": "Viewer"})
    company.add("dana", places={"Production": "Editor", "Staging": "Viewer"})
    return company.add("dora", places={"Production": "Editor"}, state="disabled")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("dana", "", "Organization Viewer")], [("SetOrgRole", "dana", "", "Organization Viewer")]),
        ([("dana", "Production", "Annotator")], [("SetWorkspaceRole", "dana", "Production", "Annotator")]),
        ([("dana", "Research", "Admin")], [("AddWorkspaceMember", "dana", "Research", "Admin")]),
        ([("dana", "Staging", "", "remove")], [("RemoveWorkspaceMember", "dana", "Staging", "")]),
        ([("dana", "", "", "remove")], [("RemoveMember", "dana", "", "")]),
        ([("dana", "", "Organization User"), ("dana", "Production", "Editor")], []),
        ([("dana", "", ""), ("dana", "Production", "")], []),
        ([("ben", "Production", "Editor")], [("SetWorkspaceRole", "ben", "Production", "Editor")]),
        ([("ben", "Staging", "Editor")], []),
        ([("dora", "Production", "Viewer")], [("SetWorkspaceRole", "dora", "Production", "Viewer")]),
    ],
)
def test_changes_when_a_row_asks_for_something_else(rows, expected):
    """Each kind of wish becomes the one change it asks for; what is so already, or left empty, becomes none."""
    assert expected == summary(plan_of(team(), sheet(*rows)))


def test_a_change_says_all_that_a_reviewer_needs_when_a_role_changes():
    """Before and after, the row, the note, the risk and the ids are on the change."""
    plan = plan_of(team(), sheet(("dana", "Production", "Admin", "", "runs the release")))
    change = plan.changes[0]
    assert {
        "role": "Editor",
        "role_id": "role-editor",
        "role_name": "WORKSPACE_USER",
        "state": "active",
    } == change.before
    assert {"role": "Admin", "role_id": "role-admin", "role_name": "WORKSPACE_ADMIN", "state": "active"} == change.after
    assert "row 2 of changes.csv (runs the release)" == change.reason
    assert ("promote", "medium", True) == (change.stage, change.risk, change.reversible)
    assert {
        "identity_id": "identity-dana@example.com",
        "ls_user_id": "user-dana@example.com",
        "workspace_id": "ws-production",
        "role_id": "role-admin",
    } == dict(change.ids)


def test_a_removal_says_what_cannot_come_back_when_somebody_leaves():
    """Removing a member keeps all that undo could restore, and says that it is not everything."""
    change = plan_of(team(), sheet(("dana", "", "", "remove"))).changes[0]
    assert ["Production", "Staging"] == [place["workspace"] for place in was(change)["workspaces"]]
    assert ("Editor", "role-editor") == tuple(was(change)["workspaces"][0][key] for key in ("role", "role_id"))
    assert (None, False, "high") == (change.after, change.reversible, change.risk)
    assert "tokens stop working" in change.consequence


def test_a_leaver_is_removed_when_their_other_rows_are_as_exported():
    """In an exported sheet it is enough to put `remove` on the row of the organization."""
    rows = [("dana", "", "", "remove"), ("dana", "Production", "Editor"), ("dana", "Staging", "Viewer")]
    assert [("RemoveMember", "dana", "", "")] == summary(plan_of(team(), sheet(*rows)))


def test_nothing_is_done_when_a_sheet_removes_somebody_and_gives_them_a_role():
    """A sheet that contradicts itself is not guessed at."""
    plan = plan_of(team(), sheet(("dana", "", "", "remove"), ("dana", "Research", "Viewer")))
    assert [] == summary(plan)
    assert ["contradiction"] == rules_of(plan.warnings)
    assert "rows 2 and 3 of changes.csv" in plan.warnings[0].message


@pytest.mark.parametrize(
    ("row", "rule", "words"),
    [
        (("ben", "Staging", "Viewer"), "organization-admin", "Admin in every workspace; the row changes nothing"),
        (("ben", "Staging", "", "remove"), "organization-admin", "keeps access to Staging"),
        (("dana", "Research", "", "remove"), "nothing-there", "there is nothing to remove"),
        (("dana", "Research", ""), "no-role", "names no role"),
        (("zoe", "", "", "remove"), "nothing-there", "there is nothing to remove"),
        (("zoe", "", ""), "no-role", "names no role"),
    ],
)
def test_a_row_that_changes_nothing_is_explained_when_it_seems_to_ask_for_something(row, rule, words):
    """Where a row leads to no change, the plan says so and why."""
    plan = plan_of(team(), sheet(row))
    assert plan.is_empty
    assert [rule] == rules_of(plan.warnings)
    assert words in plan.warnings[0].message
    assert "row 2 of changes.csv" in plan.warnings[0].message


def test_access_stays_when_an_organization_admin_leaves_a_workspace():
    """The row of their own goes, and the plan says that they stay Admin there."""
    plan = plan_of(team(), sheet(("ben", "Production", "", "remove")))
    assert [("RemoveWorkspaceMember", "ben", "Production", "")] == summary(plan)
    assert plan.changes[0].id in plan.warnings[0].change_ids
    assert "keeps access to Production" in plan.warnings[0].message


def test_workspace_rows_count_when_the_same_sheet_takes_organization_admin_away():
    """What matters is the organization role that the person ends with."""
    company = team().add("cleo", "Organization Admin")
    plan = plan_of(company, sheet(("cleo", "", "Organization User"), ("cleo", "Staging", "Editor")))
    assert [("AddWorkspaceMember", "cleo", "Staging", "Editor"), ("SetOrgRole", "cleo", "", "Organization User")] == (
        summary(plan)
    )
    assert ["add", "demote"] == [change.stage for change in plan.changes]


def test_a_change_of_somebody_disabled_is_warned_about_when_it_is_planned():
    """It is made, and the plan says that it counts only later."""
    plan = plan_of(team(), sheet(("dora", "Production", "Viewer")))
    assert ["disabled-person"] == rules_of(plan.warnings)


def test_the_work_is_in_stages_when_a_sheet_asks_for_everything():
    """Invite, add, promote, change, demote, remove, and what concerns the caller last."""
    caller = Caller("pat", "user:1", "ada@example.com", "ada")
    company = team(caller=caller).add("eli", places={"Staging": "Admin"})
    rows = [
        ("ada", "Production", "", "remove"),
        ("dana", "Staging", "", "remove"),
        ("eli", "Staging", "Viewer"),
        ("dana", "Production", "Viewer"),
        ("dana", "", "Organization Operator"),
        ("eli", "Production", "Viewer"),
        ("new", "Production", "Viewer"),
        ("ada", "Staging", "Viewer"),
    ]
    company.people[0]["workspace_memberships"] = [company._membership("Staging", "Editor")]
    stages = [change.stage for change in plan_of(company, sheet(*rows)).changes]
    assert ["invite", "add", "promote", "change", "demote", "remove", "self"] == stages


def test_no_role_id_is_sent_when_the_organization_has_no_roles():
    """Without roles in the plan, being in a workspace is all there is."""
    plan = plan_of(team(has_rbac=False), sheet(("dana", "Research", "Admin"), ("dana", "Production", "Admin")))
    assert [("AddWorkspaceMember", "dana", "Research", "Admin")] == summary(plan)
    assert "role_id" not in plan.changes[0].ids


def test_two_people_of_one_address_are_left_alone_when_a_row_names_it():
    """A row cannot mean one of two; the plan says so instead of picking one."""
    company = team().add("dana", id="identity-2")
    plan = plan_of(company, sheet(("dana", "Research", "Viewer")))
    assert plan.is_empty
    assert ["ambiguous-person"] == rules_of(plan.warnings)


def test_the_person_who_joined_is_meant_when_they_were_invited_again():
    """An invitation that is open beside an account of the same address is not touched."""
    company = team().add("dana", state="pending")
    plan = plan_of(company, sheet(("dana", "Research", "Viewer")))
    assert "identity-dana@example.com" == plan.changes[0].ids["identity_id"]


def test_a_key_does_not_travel_when_somebody_notes_one():
    """Notes come along in the reasons, and a plan is passed on; what looks like a key is taken out."""
    plan = plan_of(team(), sheet(("dana", "Research", "Viewer", "", "use lsv2_pt_0123456789abcdef_0123")))
    assert "lsv2" not in str(plan.to_json())
    assert "(key removed)" in plan.changes[0].reason


def test_a_sheet_with_problems_is_refused_when_a_plan_is_asked_for():
    """No plan is made of the rows that happen to be understood."""
    edits = sheet(("dana", "Research", "Viewer"))
    problem = dict(zip(PROBLEM_COLUMNS, (2, "langsmith_role", "Viewr", "unknown role", "Viewer"), strict=True))
    edits = Edits(edits.rows, pd.DataFrame([problem]), edits.source)
    with pytest.raises(TableError, match=r"changes\.csv has 1 problem") as caught:
        plan_of(team(), edits)
    assert caught.value.problems is not None
    assert ["Viewr"] == caught.value.problems["value"].tolist()


def test_an_unknown_mode_is_refused_when_a_plan_is_asked_for():
    """A misspelt mode is not read as the usual one."""
    with pytest.raises(PlanError, match="update, remove, sync"):
        plan_of(team(), sheet(), mode="synch")


def test_an_empty_plan_is_a_plan_when_there_is_nothing_to_do():
    """It has a fingerprint and no verdicts, and is bound like any other."""
    plan = plan_of(team(), sheet())
    assert (True, True, (), (), CREATED_AT) == (
        plan.is_empty,
        plan.is_safe,
        plan.refusals,
        plan.warnings,
        plan.created_at,
    )
    assert ("org-1", "api.example.com", "key-1") == (plan.organization_id, plan.host, plan.key)
    assert 64 == len(plan.fingerprint)
