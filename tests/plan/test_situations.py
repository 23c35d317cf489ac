"""The example situations of LangChain's own migration tool, and the accidents that it allows."""

from __future__ import annotations

from lsnb.sheets import parse_sheet, sheet_from_access
from tests.plan.company import Company, becomes, plan_of, rules_of, sheet, summary


def team():
    """Make an organization of two admins and three members."""
    company = Company().add("ada", "Organization Admin").add("ben", "Organization Admin")
    company.add("cleo", places={"Production": "Editor"})
    company.add("dana", places={"Production": "Viewer", "Staging": "Viewer"})
    return company.add("finn", places={"Staging": "Editor"})


def test_an_organization_admin_is_invited_when_the_sheet_names_only_that():
    """One row of the organization makes one invitation, without a workspace."""
    plan = plan_of(team(), sheet(("boss", "", "Organization Admin")))
    assert [("InviteMember", "boss", "", "Organization Admin")] == summary(plan)
    assert [] == becomes(plan.changes[0])["workspaces"]


def test_each_workspace_gets_its_role_when_somebody_has_several():
    """A member gets every role at once, each in its place."""
    rows = [("cleo", "Production", "Admin"), ("cleo", "Staging", "Viewer"), ("cleo", "Research", "Annotator")]
    assert [
        ("AddWorkspaceMember", "cleo", "Research", "Annotator"),
        ("AddWorkspaceMember", "cleo", "Staging", "Viewer"),
        ("SetWorkspaceRole", "cleo", "Production", "Admin"),
    ] == summary(plan_of(team(), sheet(*rows)))


def test_mixed_roles_wait_when_the_person_is_pending():
    """The invitation carries one workspace role; the others follow once the person has joined, with the same sheet."""
    rows = sheet(("new", "Production", "Viewer"), ("new", "Staging", "Viewer"), ("new", "Research", "Editor"))
    company = team()
    plan = plan_of(company, rows)
    assert ["Production", "Staging"] == [place["workspace"] for place in becomes(plan.changes[0])["workspaces"]]
    assert ["Research"] == [waiting.workspace for waiting in plan.waiting]
    company = company.apply(plan)
    assert plan_of(company, rows).is_empty
    company = company.accept("new")
    assert [("AddWorkspaceMember", "new", "Research", "Editor")] == summary(plan_of(company, rows))


def test_a_person_left_out_goes_when_the_organization_is_synced():
    """Under sync of the organization whoever has no row leaves it."""
    rows = [(name, "", "") for name in ("ada", "ben", "cleo", "dana")]
    rows += [("cleo", "Production", ""), ("dana", "Production", ""), ("dana", "Staging", "")]
    plan = plan_of(team(), sheet(*rows), mode="sync", scope="organization")
    assert [("RemoveMember", "finn", "", "")] == summary(plan)
    assert "not in changes.csv, the whole truth for the organization" == plan.changes[0].reason


def test_a_workspace_left_out_is_lost_when_the_organization_is_synced():
    """Under sync of the organization a membership without a row ends, and the person stays."""
    rows = [(name, "", "") for name in ("ada", "ben", "cleo", "dana", "finn")]
    rows += [("cleo", "Production", ""), ("dana", "Production", ""), ("finn", "Staging", "")]
    plan = plan_of(team(), sheet(*rows), mode="sync", scope="organization")
    assert [("RemoveWorkspaceMember", "dana", "Staging", "")] == summary(plan)


def test_an_admin_is_not_demoted_when_named_only_on_a_workspace_row():
    """The official tool makes an Organization User of them; here the role of the organization stays."""
    for options in ({}, {"mode": "sync", "scope": "Research"}):
        plan = plan_of(team(), sheet(("ada", "Research", "Viewer")), **options)
        assert plan.is_empty
        assert ["organization-admin"] == rules_of(plan.warnings)
        assert "ada@example.com is Organization Admin, and so Admin in every workspace" in plan.warnings[0].message


def test_the_only_admins_are_not_removed_when_a_sync_leaves_them_out():
    """The official tool removes them; here the plan is refused, and no reason helps."""
    rows = [
        ("cleo", "Production", "Editor"),
        ("dana", "Production", ""),
        ("dana", "Staging", ""),
        ("finn", "Staging", ""),
    ]
    for allow in ({}, {"min-admins": "I know", "max-removals": "I know"}):
        plan = plan_of(team(), sheet(*rows), mode="sync", scope="organization", allow=allow)
        assert ["min-admins"] == rules_of(plan.refusals)
        assert "0 active Organization Admins would be left, down from 2" in plan.refusals[0].message


def test_nobody_is_invited_twice_when_the_sheet_is_planned_again():
    """The official tool posts again after a lost answer; here whoever is invited already is no longer new."""
    rows = sheet(("new", "Production", "Viewer"))
    company = team()
    assert plan_of(company.apply(plan_of(company, rows)), rows).is_empty


def test_an_exported_sheet_plans_to_nothing_when_it_comes_back_unchanged():
    """Who exports, looks and saves has asked for nothing; in every mode."""
    company = team().add("eve", places={"Production": "Viewer", "Staging": "Editor"}, state="pending")
    company.add("boss", "Organization Admin", {"Staging": "Viewer"}).add(
        "off", places={"Research": "Annotator"}, state="disabled"
    )
    snapshot = company.snapshot()
    edits = parse_sheet(sheet_from_access(snapshot), snapshot, source="access.csv")
    for options in ({}, {"mode": "sync", "scope": "organization"}, {"mode": "sync", "scope": "Staging"}):
        plan = plan_of(company, edits, **options)
        assert ((), (), ()) == (plan.changes, plan.waiting, plan.refusals)
