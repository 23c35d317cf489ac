"""The modes remove and sync, and what the scope of a sync keeps out."""

from __future__ import annotations

import pytest

from lsnb.errors import PlanError
from lsnb.plan import make_plan
from lsnb.snapshot import Snapshot
from tests.plan.company import CREATED_AT, Company, plan_of, rules_of, sheet, summary


def team():
    """Make an organization of two admins, two members and somebody invited."""
    company = Company().add("ada", "Organization Admin").add("ben", "Organization Admin")
    company.add("cleo", places={"Production": "Editor", "Staging": "Admin"})
    company.add("dana", places={"Production": "Viewer", "Staging": "Viewer"})
    return company.add("eve", places={"Production": "Viewer", "Research": "Viewer"}, state="pending")


def test_only_removals_are_done_when_the_mode_is_remove():
    """Rows without `remove` are not acted on, and the plan says how many."""
    rows = [("cleo", "Production", "", "remove"), ("dana", "Production", "Editor"), ("eve", "", "", "remove")]
    plan = plan_of(team(), sheet(*rows), mode="remove")
    assert [("RemoveWorkspaceMember", "cleo", "Production", ""), ("CancelInvite", "eve", "", "")] == summary(plan)
    assert ["not-acted-on"] == rules_of(plan.warnings)
    assert "1 row is not acted on" in plan.warnings[0].message
    assert "row 3 of changes.csv" in plan.warnings[0].message


def test_whoever_is_not_named_leaves_the_workspace_when_it_is_synced():
    """Members lose the workspace, invited people the mention of it; the rest of what they have stays."""
    plan = plan_of(team(), sheet(("cleo", "Production", "Editor")), mode="sync", scope=["Production"])
    assert [
        ("RemoveWorkspaceMember", "dana", "Production", ""),
        ("RemoveWorkspaceMember", "eve", "Production", ""),
    ] == summary(plan)
    assert "not in changes.csv, the whole truth for Production" == plan.changes[0].reason
    assert ("Production",) == plan.scope


def test_rows_out_of_scope_are_not_acted_on_when_workspaces_are_synced():
    """Other workspaces, and roles of the organization, are listed and left alone."""
    rows = [
        ("cleo", "Production", ""),
        ("dana", "Production", ""),
        ("eve", "Production", ""),
        ("dana", "Staging", "Admin"),
        ("dana", "", "Organization Viewer"),
        ("new", "", "Organization User"),
        ("zoe", "Staging", "Viewer"),
    ]
    plan = plan_of(team(), sheet(*rows), mode="sync", scope="Production")
    assert plan.is_empty
    assert ["out-of-scope"] * 4 == rules_of(plan.warnings)


def test_a_new_person_is_invited_with_the_organization_role_when_a_workspace_is_synced():
    """Being invited needs a role in the organization, so the row of the organization counts for new people."""
    rows = [("new", "", "Organization Viewer"), ("new", "Research", "Viewer"), ("eve", "Research", "Viewer")]
    plan = plan_of(team(), sheet(*rows), mode="sync", scope="Research")
    assert [("InviteMember", "new", "", "Organization Viewer")] == summary(plan)


def test_whoever_is_not_named_leaves_when_the_organization_is_synced():
    """People without any row leave, invitations are cancelled, and memberships without a row end."""
    rows = [("ada", "", ""), ("ben", "", ""), ("cleo", "Staging", "Admin")]
    plan = plan_of(team(), sheet(*rows), mode="sync", scope="organization")
    assert [
        ("RemoveWorkspaceMember", "cleo", "Production", ""),
        ("CancelInvite", "eve", "", ""),
        ("RemoveMember", "dana", "", ""),
    ] == summary(plan)


def test_people_without_an_address_stay_when_the_organization_is_synced():
    """No row can name them, so that no row is no wish."""
    company = team().add("robot", email="")
    rows = [(name, "", "") for name in ("ada", "ben", "cleo", "dana", "eve")]
    plan = plan_of(company, sheet(*rows), mode="sync", scope="organization")
    assert "RemoveMember" not in {change.kind for change in plan.changes}
    assert "left-alone" in rules_of(plan.warnings)


def test_people_of_one_address_stay_when_the_organization_is_synced():
    """Two who cannot be told apart are not removed by being left out."""
    company = team().add("twin").add("twin", id="identity-2")
    rows = [(name, "", "") for name in ("ada", "ben", "cleo", "dana", "eve")]
    plan = plan_of(company, sheet(*rows), mode="sync", scope="organization")
    assert "RemoveMember" not in {change.kind for change in plan.changes}


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ((), "must be said what the sheet is the whole truth for"),
        (["Producton"], "Did you mean 'Production'"),
        (["Twice"], "2 workspaces are called 'Twice'"),
    ],
)
def test_sync_is_refused_when_its_scope_is_not_clear(scope, words):
    """What a sync may touch is never guessed."""
    company = Company(["Production", "Twice"]).add("ada", "Organization Admin")
    snapshot = company.snapshot()
    workspaces = snapshot.workspaces
    workspaces.loc[len(workspaces)] = workspaces.iloc[-1]
    workspaces.loc[len(workspaces) - 1, "workspace_id"] = "ws-twice-2"
    tables = {name: snapshot.table(name) for name in snapshot.table_names} | {"workspaces": workspaces}
    with pytest.raises(PlanError, match=words):
        make_plan(Snapshot(snapshot.meta, tables), sheet(), mode="sync", scope=scope, created_at=CREATED_AT)


def test_a_scope_is_refused_when_the_mode_is_not_sync():
    """A scope that would mean nothing is a misunderstanding."""
    with pytest.raises(PlanError, match="belongs to the mode 'sync'"):
        plan_of(team(), sheet(), scope="organization")


@pytest.mark.parametrize("scope", ["ws-production", "production", ["Production", "ws-production"]])
def test_a_scope_is_found_when_it_is_given_by_id_or_in_another_case(scope):
    """The plan records the name."""
    assert ("Production",) == plan_of(team(), sheet(), mode="sync", scope=scope).scope


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([("cleo", "Production", "Editor")], {"mode": "sync", "scope": "Production"}),
        ([("cleo", "Production", "", "remove")], {}),
        ([("cleo", "Production", "", "remove")], {"mode": "remove"}),
    ],
)
def test_nothing_is_removed_when_the_list_of_people_was_cut_short(rows, options):
    """A list that is not known to be whole is never taken as the whole."""
    company = team()
    company.status = "partial"
    with pytest.raises(PlanError, match="may have been cut short"):
        plan_of(company, sheet(*rows), **options)


def test_adding_is_warned_about_when_the_list_of_people_was_cut_short():
    """Whoever seems new may be there already."""
    company = team()
    company.status = "partial"
    plan = plan_of(company, sheet(("new", "Production", "Viewer")))
    assert ["partial-list"] == rules_of(plan.warnings)
    assert 1 == len(plan)


def test_no_plan_is_made_when_access_could_not_be_read():
    """What is unknown is not empty."""
    snapshot = team().snapshot()
    tables = {name: snapshot.table(name) for name in snapshot.table_names if name != "access"}
    with pytest.raises(PlanError, match="Without knowing who has what"):
        make_plan(Snapshot(snapshot.meta, tables), sheet(), created_at=CREATED_AT)


def test_a_deleted_workspace_is_left_alone_when_the_organization_is_synced():
    """The service takes no changes there, and the plan says that the roles stay."""
    company = (
        Company(["Production"]).add("ada", "Organization Admin").add("ben", "Organization Admin", {"Gone": "Viewer"})
    )
    plan = plan_of(company, sheet(("ada", "", ""), ("ben", "", "")), mode="sync", scope="organization")
    assert plan.is_empty
    assert "deleted or not visible are left alone: Gone" in plan.warnings[0].message
