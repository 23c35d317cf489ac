"""Plans for people who have not joined: new ones, and those whose invitation is open."""

from __future__ import annotations

import pytest

from lsnb.plan import ServerFeatures
from tests.plan.company import Company, becomes, plan_of, rules_of, sheet, summary, was

PATCHING = ServerFeatures(can_patch_pending=True)


def company_with(places=None, role="Organization User", **options):
    """Make an organization with two admins and eve, who is invited."""
    company = Company(**options).add("ada", "Organization Admin").add("ben", "Organization Admin")
    return company.add("eve", role, places or {}, state="pending")


def invited(change):
    """Give an invitation as (organization role, workspaces, workspace role)."""
    return (
        becomes(change)["role"],
        [p["workspace"] for p in becomes(change)["workspaces"]],
        becomes(change)["workspace_role"],
    )


def waiting(plan):
    """Give what waits as (person, workspace, role)."""
    return [(w.email.removesuffix("@example.com"), w.workspace, w.role) for w in plan.waiting]


@pytest.mark.parametrize(
    ("rows", "expected", "rest"),
    [
        ([("new", "", "Organization Viewer")], ("Organization Viewer", [], None), []),
        ([("new", "Production", "Viewer")], ("Organization User", ["Production"], "Viewer"), []),
        (
            [("new", "Staging", "Viewer"), ("new", "", "Organization Operator"), ("new", "Production", "Viewer")],
            ("Organization Operator", ["Production", "Staging"], "Viewer"),
            [],
        ),
        (
            [("new", "Production", "Editor"), ("new", "Staging", "Viewer"), ("new", "Research", "Editor")],
            ("Organization User", ["Production", "Research"], "Editor"),
            [("new", "Staging", "Viewer")],
        ),
        (
            [("new", "Production", "Admin"), ("new", "Staging", "Viewer")],
            ("Organization User", ["Staging"], "Viewer"),
            [("new", "Production", "Admin")],
        ),
        (
            [("new", "Production", "Annotator"), ("new", "Staging", "Editor")],
            ("Organization User", ["Staging"], "Editor"),
            [("new", "Production", "Annotator")],
        ),
    ],
)
def test_one_invitation_is_made_when_somebody_is_new(rows, expected, rest):
    """All rows of a new person make one invitation: the most workspaces of one role, the lesser role where even."""
    plan = plan_of(company_with(), sheet(*rows))
    assert ["InviteMember"] == [change.kind for change in plan.changes]
    assert expected == invited(plan.changes[0])
    assert rest == waiting(plan)


def test_the_default_role_is_said_when_no_row_names_one():
    """A reviewer sees that the organization role was not in the sheet."""
    change = plan_of(company_with(), sheet(("new", "Production", "Viewer"))).changes[0]
    assert "row 2 of changes.csv; no organization role given, so Organization User" == change.reason
    assert ("role-organization-user", "role-viewer") == (change.ids["role_id"], change.ids["workspace_role_id"])


def test_no_workspace_is_named_when_an_organization_admin_is_invited():
    """They will be Admin everywhere anyway; the row is explained."""
    plan = plan_of(company_with(), sheet(("new", "", "Organization Admin"), ("new", "Production", "Viewer")))
    assert ("Organization Admin", [], None) == invited(plan.changes[0])
    assert "high" == plan.changes[0].risk
    assert "organization-admin" in rules_of(plan.warnings)


def test_no_workspace_role_is_sent_when_the_organization_has_no_roles():
    """One invitation then carries all workspaces."""
    company = company_with(has_rbac=False)
    plan = plan_of(company, sheet(("new", "Production", "Admin"), ("new", "Staging", "Admin")))
    assert ("Organization User", ["Production", "Staging"], None) == invited(plan.changes[0])
    assert "workspace_role_id" not in plan.changes[0].ids


@pytest.mark.parametrize(
    ("held", "rows", "patched", "replaced"),
    [
        (
            {"Production": "Viewer"},
            [("eve", "", "Organization Viewer")],
            [("SetOrgRole", "eve", "", "Organization Viewer")],
            ("Organization Viewer", ["Production"], "Viewer"),
        ),
        (
            {"Production": "Viewer"},
            [("eve", "Production", "Editor")],
            [("SetWorkspaceRole", "eve", "Production", "Editor")],
            ("Organization User", ["Production"], "Editor"),
        ),
        (
            {"Production": "Viewer", "Staging": "Viewer"},
            [("eve", "Production", "Editor"), ("eve", "Staging", "Editor")],
            [("SetWorkspaceRole", "eve", "Production", "Editor"), ("SetWorkspaceRole", "eve", "Staging", "Editor")],
            ("Organization User", ["Production", "Staging"], "Editor"),
        ),
    ],
)
def test_an_invitation_is_changed_in_place_when_the_server_can_and_sent_again_otherwise(held, rows, patched, replaced):
    """The newer route changes it quietly; the older way is two e-mails, and shows both invitations."""
    newer = plan_of(company_with(held), sheet(*rows), server=PATCHING)
    assert patched == summary(newer)
    assert {("pending", "true")} == {(was(c)["state"], c.ids["pending"]) for c in newer.changes}
    older = plan_of(company_with(held), sheet(*rows))
    assert ["ReplaceInvite"] == [change.kind for change in older.changes]
    assert replaced == invited(older.changes[0])
    assert sorted(held) == [place["workspace"] for place in was(older.changes[0])["workspaces"]]
    assert "second e-mail" in older.changes[0].consequence


@pytest.mark.parametrize("server", [ServerFeatures(), PATCHING])
def test_an_invitation_is_sent_again_when_a_workspace_of_the_same_role_is_added(server):
    """No server can put an invited person into another workspace."""
    company = company_with({"Production": "Viewer"})
    plan = plan_of(company, sheet(("eve", "Staging", "Viewer")), server=server)
    assert ("Organization User", ["Production", "Staging"], "Viewer") == invited(plan.changes[0])
    assert [("ReplaceInvite", "medium")] == [(change.kind, change.risk) for change in plan.changes]


@pytest.mark.parametrize("server", [ServerFeatures(), PATCHING])
def test_a_workspace_of_another_role_waits_when_an_invitation_is_open(server):
    """One invitation carries one workspace role, so that a second e-mail would not help."""
    company = company_with({"Production": "Viewer"})
    plan = plan_of(company, sheet(("eve", "Staging", "Editor")), server=server)
    assert plan.is_empty
    assert [("eve", "Staging", "Editor")] == waiting(plan)
    assert "eve@example.com must accept the invitation first" in plan.waiting[0].reason


def test_what_waited_is_done_when_the_person_has_joined():
    """The same sheet brings the rest."""
    rows = sheet(("new", "Production", "Editor"), ("new", "Staging", "Viewer"))
    company = company_with()
    invited_company = company.apply(plan_of(company, rows))
    assert plan_of(invited_company, rows).is_empty
    after = plan_of(invited_company.accept("new"), rows)
    assert [("AddWorkspaceMember", "new", "Production", "Editor")] == summary(after)


@pytest.mark.parametrize("server", [ServerFeatures(), PATCHING])
def test_an_invitation_loses_a_workspace_quietly_when_a_row_removes_it(server):
    """Every server can take a workspace out of an open invitation without another e-mail."""
    company = company_with({"Production": "Viewer", "Staging": "Viewer"})
    plan = plan_of(company, sheet(("eve", "Staging", "", "remove")), server=server)
    assert [("RemoveWorkspaceMember", "eve", "Staging", "")] == summary(plan)
    assert ("pending", "true") == (was(plan.changes[0])["state"], plan.changes[0].ids["pending"])


def test_an_invitation_is_cancelled_when_its_row_is_removed():
    """The invitation as it was is kept, so that undo can send it again."""
    plan = plan_of(company_with({"Production": "Viewer"}), sheet(("eve", "", "", "remove")))
    assert [("CancelInvite", "eve", "", "")] == summary(plan)
    assert "role-viewer" == was(plan.changes[0])["workspace_role_id"]
    assert plan.changes[0].reversible


def test_a_change_waits_when_another_invitation_would_lose_a_workspace():
    """An invitation of different workspace roles cannot be sent again as it is, and nobody loses what no row names."""
    company = company_with({"Production": "Viewer", "Staging": "Editor"})
    plan = plan_of(company, sheet(("eve", "", "Organization Viewer")))
    assert plan.is_empty
    assert [("eve", None, "Organization Viewer")] == waiting(plan)


def test_two_emails_are_counted_when_one_is_new_and_one_is_sent_again():
    """The number of e-mails is what people fear, so it is on top."""
    plan = plan_of(
        company_with({"Production": "Viewer"}), sheet(("new", "Production", "Viewer"), ("eve", "Staging", "Viewer"))
    )
    assert "2 e-mails will be sent" in plan.to_text()


def test_a_letter_of_another_alphabet_is_warned_about_when_it_would_be_invited():
    """An address with a letter that only looks like another is somebody else's mailbox."""
    plan = plan_of(
        company_with(), sheet(("\u0430nna.berg", "", "Organization User"), ("clara", "", "Organization User"))
    )
    assert ["similar-address"] == rules_of(plan.warnings)
    assert "cyrillic small letter a" in plan.warnings[0].message


def test_a_slip_of_the_pen_is_warned_about_when_it_would_be_invited():
    """An address one letter away from somebody's may be them; whoever knows can say."""
    company = company_with().add("robert")
    plan = plan_of(company, sheet(("robbert", "", "Organization User"), ("clara", "", "Organization User")))
    assert ["similar-address"] == rules_of(plan.warnings)
    assert "row 2 of changes.csv: robbert@example.com is new" in plan.warnings[0].message
    assert [change.id for change in plan.changes if change.email == "robbert@example.com"] == list(
        plan.warnings[0].change_ids
    )
