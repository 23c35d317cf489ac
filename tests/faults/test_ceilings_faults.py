"""Ways in which a plan gave or took too much at once, each with what is right."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from lsnb.plan import Rules, changes_to_plan, drop_changes, new_change, rules_under
from lsnb.plan.membership_changes import risk_of
from lsnb.plan.resource_changes import is_reversible_resource, risk_of_resource
from lsnb.plan.risks import by_risk
from lsnb.policy import Policy
from lsnb.report.unlock import unlock_phrase
from tests.checks import test_checks as tiny_cases
from tests.plan.company import CREATED_AT, Company, address, plan_of, rules_of, sheet
from tests.plan.outfit import ADA, planned, rows, snapshot
from tests.plan.test_things import matrix

READ_AT = pd.Timestamp("2026-11-02T08:59:00Z")


def team(n_members=20, **options):
    """Make an organization of three admins and so many members, all Editor in Production."""
    company = Company(**options)
    for name in ("ada", "ben", "cleo"):
        company.add(name, "Organization Admin")
    for i in range(n_members):
        company.add(f"m{i:03}", places={"Production": "Editor"})
    return company


@pytest.mark.parametrize(
    ("policy", "email", "refused"),
    [
        (Policy(allowed_domains=("example.com",)), "zz@partner.example", ["email-domains"]),
        # A subdomain is another domain, and a domain that ends alike is too.
        (Policy(allowed_domains=("example.com",)), "zz@eu.example.com", ["email-domains"]),
        (Policy(allowed_domains=("example.com",)), "zz@notexample.com", ["email-domains"]),
        (Policy(allowed_domains=("Example.com",)), "zz@example.com", []),
        # People of the domain are here, and the policy excludes it all the same.
        (Policy(allowed_domains=("other.example",)), "zz@example.com", ["email-domains"]),
        (Policy(), "zz@example.com", []),
        (
            Policy(
                allowed_domains=("example.com",), domain_exceptions={"partner.example": READ_AT + pd.Timedelta(days=1)}
            ),
            "zz@partner.example",
            [],
        ),
        (
            Policy(allowed_domains=("example.com",), domain_exceptions={"partner.example": READ_AT}),
            "zz@partner.example",
            ["email-domains"],
        ),
        (
            Policy(
                allowed_domains=("example.com",),
                domain_exceptions={"zz@partner.example": READ_AT + pd.Timedelta(days=1)},
            ),
            "zz@partner.example",
            [],
        ),
    ],
)
def test_a12_the_allowed_domains_of_the_policy_gate_invitations(policy, email, refused):
    """Whoever is invited is of a domain on the list, to the letter, or of one that is excepted for now."""
    plan = plan_of(team(), sheet((email, "", "Organization User")), rules=rules_under(policy))
    assert refused == rules_of(plan.refusals)


def test_a12_an_invitation_that_is_sent_again_is_gated_too():
    """An open invitation of an excluded domain is not renewed by way of a change."""
    company = team().add("eve@partner.example", places={"Production": "Viewer"}, state="pending")
    rules = rules_under(Policy(allowed_domains=("example.com",)))
    plan = plan_of(company, sheet(("eve@partner.example", "Production", "Editor")), rules=rules)
    assert ["ReplaceInvite"] == [change.kind for change in plan.changes]
    assert ["email-domains"] == rules_of(plan.refusals)


def test_a_policy_tightens_the_rules_and_never_loosens_what_was_asked_for():
    """Of two decisions the stricter one holds; a default is no decision."""
    asked = Rules(max_promotions=1, email_domains=("a.example", "b.example"), protected=("x@a.example",))
    policy = Policy(
        max_promotions=2, min_admins=4, allowed_domains=("B.example", "c.example"), break_glass=("glass@a.example",)
    )
    under = rules_under(policy, asked)
    assert (1, 4, ("b.example",)) == (under.max_promotions, under.min_admins, under.email_domains)
    assert {"x@a.example", "glass@a.example"} == set(under.protected)
    assert rules_under(Policy(), asked) == asked
    assert rules_under(None, asked) is asked
    # Nothing is on both lists, so nobody may be invited.
    nobody = rules_under(Policy(allowed_domains=("c.example",)), asked)
    plan = plan_of(team(), sheet((address("new"), "", "Organization User")), rules=nobody)
    assert ["email-domains"] == rules_of(plan.refusals)


def admins(n, places=("Production",)):
    """Make rows that make so many members Admin, spread over workspaces."""
    return [(f"m{i:03}", places[i % len(places)], "Admin") for i in range(n)]


@pytest.mark.parametrize(
    ("n_members", "asked", "refused"),
    [
        (40, admins(30), True),
        (40, admins(30, ("Staging", "Research")), True),
        (40, [(f"new{i}", "Production", "Admin") for i in range(12)], True),
        # The share of a large organization ends somewhere, and that of a small one begins somewhere.
        (400, admins(21), True),
        (400, admins(20), False),
        (10, admins(5), False),
        (10, admins(6), True),
        # A few people who become Admin of everything.
        (60, [(f"m{i:03}", f"W{j}", "Admin") for i in range(4) for j in range(10)], True),
        # An ordinary day: many people join as Editor and Viewer.
        (40, [(f"new{i}", "Production", ("Editor", "Viewer")[i % 2]) for i in range(30)], False),
        (40, [(f"m{i:03}", "Staging", "Editor") for i in range(30)], False),
    ],
)
def test_a11_many_new_admins_of_workspaces_are_refused(n_members, asked, refused):
    """Whoever becomes Admin of a workspace counts, in whichever workspace and by whichever way; Editors do not."""
    company = team(n_members, workspaces=("Production", "Staging", "Research", *(f"W{j}" for j in range(10))))
    plan = plan_of(company, sheet(*asked))
    assert (["max-workspace-promotions"] if refused else []) == rules_of(plan.refusals)
    if refused:
        allowed = plan_of(company, sheet(*asked), allow={"max-workspace-promotions": "new teams, ticket 5"})
        assert allowed.is_safe


def test_a11_somebody_who_is_admin_already_is_no_new_one():
    """Another invitation that carries what the open one did, and Admins who stay, do not count."""
    company = team(10)
    for i in range(8):
        company.add(f"w{i}", places={"Production": "Admin", "Staging": "Admin"}, state="pending")
    few = [(f"w{i}", "Research", "Admin") for i in range(5)]
    assert plan_of(company, sheet(*few)).is_safe
    more = [(f"w{i}", "Research", "Admin") for i in range(6)]
    assert ["max-workspace-promotions"] == rules_of(plan_of(company, sheet(*more)).refusals)


def test_a11_service_keys_with_the_role_admin_count():
    """Keys and people are counted together."""
    keys = [
        {"description": f"k{i}", "role": "Admin", "workspaces": "Production", "expires_at": "2027-01-01", "action": "create"}
        for i in range(6)
    ]  # fmt: skip
    assert planned(snapshot(), keys=rows(*keys[:5])).is_safe
    plan = planned(snapshot(), keys=rows(*keys))
    assert ["max-workspace-promotions"] == rules_of(plan.refusals)
    assert "the key k0" in plan.refusals[0].message


def crowd(n=12, role="Annotator"):
    """Make a company in which many hold a custom role."""
    made = Company(caller=ADA).add("ada", "Organization Admin").add("ben", "Organization Admin")
    for i in range(n):
        made.add(f"m{i:03}", places={"Production": role})
    return made


def test_a11_a_custom_role_that_comes_to_the_same_as_admin_counts():
    """By the permissions that it will have, whether it is granted or is what its holders have already."""
    widened = matrix(["workspaces:manage-members"], Auditor=["x"])
    people = [
        {"email": f"m{i:03}@example.com", "workspace_name": "Production", "langsmith_role": "Auditor"} for i in range(6)
    ]
    plan = planned(snapshot(people=crowd()), roles=widened, access=rows(*people))
    assert ["max-workspace-promotions"] == rules_of(plan.refusals)
    assert planned(snapshot(people=crowd()), access=rows(*people)).is_safe
    made = matrix(["runs:delete", "workspaces:manage-secrets"], Steward=["x", "x"])
    named = [person | {"langsmith_role": "Steward"} for person in people]
    both = planned(snapshot(people=crowd()), roles=made, access=rows(*named))
    assert ["max-workspace-promotions"] == rules_of(both.refusals)
    held = planned(snapshot(people=crowd(6)), roles=matrix(["workspaces:manage-members"], Annotator=["x"]))
    assert ["max-workspace-promotions"] == rules_of(held.refusals)


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ([("kim", "Staging", "Editor"), ("lou", "Staging", "Viewer")], True),
        ([("kim", "Staging", "", "remove"), ("lou", "", "", "remove")], True),
        ([("kim", "Staging", "Editor"), ("lou", "Staging", "Viewer"), ("m001", "Staging", "Admin")], False),
        ([("kim", "Staging", "Editor"), ("lou", "Staging", "Viewer"), ("new", "Staging", "Admin")], True),
        ([("kim", "Staging", "Editor")], False),
        # The only Admin of each of two workspaces.
        ([("max", "Research", "Editor"), ("nia", "W0", "Editor")], True),
        ([("max", "", "", "remove")], False),
        ([(name, "", "", "remove") for name in ("max", "nia", "oto", "pia")], True),
    ],
)
def test_a11_every_admin_of_a_workspace_may_not_go(asked, refused):
    """Unless somebody else becomes Admin there; invitations do not count. One who was the only one may leave."""
    company = team(30, workspaces=("Production", "Staging", "Research", "W0", "W1", "W2"))
    company.add("kim", places={"Staging": "Admin"}).add("lou", places={"Staging": "Admin"})
    for name, place in (("max", "Research"), ("nia", "W0"), ("oto", "W1"), ("pia", "W2")):
        company.add(name, places={place: "Admin"})
    plan = plan_of(company, sheet(*asked))
    assert (["last-workspace-admins"] if refused else []) == rules_of(plan.refusals)
    if refused:
        assert plan_of(company, sheet(*asked), allow={"last-workspace-admins": "closing down, ticket 5"}).is_safe


def test_a11_a_workspace_that_is_deleted_needs_no_admin():
    """Its Admins may go with it."""
    people = company_of_two_admins()
    gone = [
        {"email": f"{name}@example.com", "workspace_name": "Research", "action": "remove"} for name in ("kim", "lou")
    ]
    plan = planned(snapshot(people=people), access=rows(*gone))
    assert ["last-workspace-admins"] == rules_of(plan.refusals)
    deleted = new_change(
        "DeleteWorkspace", before={"workspace": "Research", "members": 2}, after=None, reason="",
        ids={"workspace_id": "ws-research"}, workspace="Research",
    )  # fmt: skip
    both = changes_to_plan(snapshot(people=people), [*plan.changes, deleted], created_at=CREATED_AT)
    assert "last-workspace-admins" not in rules_of(both.refusals)


def company_of_two_admins():
    """Make a company with two Admins of Research."""
    return crowd(20).add("kim", places={"Research": "Admin"}).add("lou", places={"Research": "Admin"})


def test_a11_many_who_gain_sensitive_permissions_by_an_edited_role_are_refused():
    """Ten may; what they gain must be sensitive, and somebody must hold the role."""
    plan = planned(snapshot(people=crowd(12)), roles=matrix(["runs:delete"], Annotator=["x"]))
    assert ["max-widening"] == rules_of(plan.refusals)
    assert "m000@example.com" in plan.refusals[0].message
    assert planned(snapshot(people=crowd(9)), roles=matrix(["runs:delete"], Annotator=["x"])).is_safe
    assert planned(snapshot(people=crowd(12)), roles=matrix(["charts:read"], Annotator=["x"])).is_safe
    assert planned(snapshot(people=crowd(12)), roles=matrix(["runs:delete"], Auditor=["x"])).is_safe
    allow = {"max-widening": "deletion requests, ticket 5"}
    assert planned(snapshot(people=crowd(12)), allow=allow, roles=matrix(["runs:delete"], Annotator=["x"])).is_safe


def test_a11_many_permissions_at_once_are_refused_where_somebody_has_the_role():
    """A role that nobody holds may be built at leisure."""
    many = [f"charts-{i}:read" for i in range(41)]
    edited = matrix(many, Annotator=["x"] * 41)
    assert ["max-widening"] == rules_of(planned(snapshot(), roles=edited).refusals)
    assert planned(snapshot(), roles=matrix(many, Auditor=["x"] * 41)).is_safe
    # Keys that cannot be read may hold any role.
    unread = planned(snapshot(without=("service_keys",)), roles=matrix(many, Auditor=["x"] * 41))
    assert ["max-widening"] == rules_of(unread.refusals)


@pytest.mark.parametrize(("n_members", "n_removed", "refused"), [(897, 100, False), (897, 101, True), (197, 51, True)])
def test_a11_a_quarter_of_a_large_organization_is_too_much(n_members, n_removed, refused):
    """Never more than a hundred people in one plan."""
    going = [(f"m{i:03}", "", "", "remove") for i in range(n_removed)]
    plan = plan_of(team(n_members), sheet(*going))
    assert (["max-removals"] if refused else []) == rules_of(plan.refusals)
    wider = rules_under(Policy(max_removals_absolute=500))
    assert plan_of(team(897), sheet(*going), rules=wider).is_safe


def deletions(*names):
    """Make a sheet that deletes workspaces."""
    return rows(*({"workspace_name": name, "action": "delete"} for name in names))


@pytest.mark.parametrize(
    ("defaults", "deleted", "refused", "warned"),
    [
        ([["ws-research"]], ["Research"], 1, 0),
        # All of several at once, and the only one of the second provider.
        ([["ws-research", "ws-staging"]], ["Research", "Staging"], 1, 0),
        ([["ws-research", "ws-staging"], ["ws-research"]], ["Research"], 1, 1),
        ([["ws-research", "ws-staging"]], ["Research"], 0, 1),
        ([["ws-staging"]], ["Research"], 0, 0),
        ([[]], ["Research"], 0, 0),
        ([], ["Research"], 0, 0),
    ],
)
def test_a14_the_only_default_workspace_of_single_sign_on_is_not_deleted(defaults, deleted, refused, warned):
    """The plan is refused where the service would refuse; where others stay it warns."""
    sso = [{"id": f"s{i}", "provider_id": f"p{i}", "default_workspace_ids": ids} for i, ids in enumerate(defaults)]
    plan = planned(snapshot(sso=sso), workspaces=deletions(*deleted))
    assert (refused, warned) == tuple(rules_of(said).count("sso-default") for said in (plan.refusals, plan.warnings))


def test_a14_what_could_not_be_read_is_said_to_be_unknown():
    """Nobody is told that a workspace is not in use on no grounds."""
    plan = planned(snapshot(without=("sso",)), workspaces=deletions("Research"))
    warning = next(verdict for verdict in plan.warnings if verdict.rule == "sso-default")
    assert "could not be read" in warning.message


def test_a14_the_demo_organization_refuses_in_the_plan_what_the_service_would(server):
    """Support is the only default workspace there; the plan is refused by a rule that nothing overrides."""
    import lsnb

    with lsnb.connect(endpoint=server.url, api_key=server.key) as org:
        plan = org.plan({"workspaces": deletions("Support")})
        assert "sso-default" in rules_of(plan.refusals)
        with pytest.raises(lsnb.errors.PlanError, match="cannot be allowed"):
            org.plan({"workspaces": deletions("Support")}, allow={"sso-default": "because"})


def said(plan, rule):
    """Give what the warnings of a rule say."""
    return [verdict.message for verdict in plan.warnings if verdict.rule == rule]


def here(company):
    """Make a sheet of everybody who has joined, as they are."""
    names = {"ORGANIZATION_ADMIN": "Organization Admin", "ORGANIZATION_USER": "Organization User"}
    joined = [person for person in company.people if not person["is_pending"]]
    places = [
        (person["email"], place["workspace_name"], "Editor")
        for person in joined
        for place in person["workspace_memberships"]
    ]
    return [(person["email"], "", names[person["role_name"]]) for person in joined] + places


def test_a13_a_sync_without_the_invited_people_says_so():
    """None of them, some of them, one of one: each in its words, with the names; with all of them nothing is said."""
    company = team().add("eve", state="pending").add("fay", state="pending")
    none = plan_of(company, sheet(*here(company)), mode="sync", scope="organization")
    (words,) = said(none, "open-invitations")
    assert "names none of the 2 open invitations" in words
    assert "eve@example.com and fay@example.com" in words
    some = plan_of(company, sheet(*here(company), ("fay", "", "Organization User")), mode="sync", scope="organization")
    (words,) = said(some, "open-invitations")
    assert "names 1 of the 2 open invitations, and so the plan cancels it: eve@example.com" in words
    everybody = [*here(company), ("fay", "", "Organization User"), ("eve", "", "", "remove")]
    assert [] == said(plan_of(company, sheet(*everybody), mode="sync", scope="organization"), "open-invitations")
    assert [] == said(plan_of(company, sheet(*here(company))), "open-invitations")
    one = team().add("eve", state="pending")
    (words,) = said(plan_of(one, sheet(*here(one)), mode="sync", scope="organization"), "open-invitations")
    assert "does not name the one open invitation" in words


def test_a13_a_sync_of_a_workspace_says_whom_of_the_invited_it_leaves_out():
    """Only of those workspaces that are in scope."""
    company = team().add("eve", places={"Production": "Viewer", "Staging": "Viewer"}, state="pending")
    company.add("fay", places={"Production": "Viewer"}, state="pending")
    kept = [*here(company), ("fay", "Production", "Viewer")]
    plan = plan_of(company, sheet(*kept), mode="sync", scope="Production")
    (words,) = said(plan, "open-invitations")
    assert "names 1 of the 2 open invitations to Production" in words
    assert words.endswith("eve@example.com.")


def test_a13_many_are_named_up_to_a_limit():
    """The rest is counted."""
    company = team()
    for i in range(25):
        company.add(f"p{i:02}", state="pending")
    rules = Rules(max_removals_share=1.0, max_listed=3)
    plan = plan_of(company, sheet(*here(company)), mode="sync", scope="organization", rules=rules)
    (words,) = said(plan, "open-invitations")
    assert "p00@example.com, p01@example.com, p02@example.com and 22 more" in words


def test_a13_the_demo_organization_says_whose_invitations_a_sync_would_cancel(server):
    """By the sheet that people make: the members exported, the invited ones left out."""
    import lsnb

    with lsnb.connect(endpoint=server.url, api_key=server.key) as org:
        snap = org.read_access()
        members = pd.DataFrame({"email": snap.members["email"], "langsmith_role": snap.members["role"]})
        plan = org.plan(members, mode="sync", scope="organization", snapshot=snap)
        cancelled = {change.email for change in plan.changes if change.kind == "CancelInvite"}
        (words,) = said(plan, "open-invitations")
        assert len(cancelled) >= 2
        assert all(email in words for email in cancelled)


@pytest.mark.parametrize(
    ("asked", "phrase"),
    [
        ([("m000", "Production", "", "remove"), ("m001", "Production", "", "remove"), ("m002", "", "", "remove")],
         "remove 2 from workspaces, 1 from the organization"),
        ([("m000", "", "", "remove")], "remove 1 from the organization"),
        ([("eve", "", "", "remove"), ("m000", "Production", "", "remove")], "remove 1 from workspaces, cancel 1 invitation"),
        ([("cleo", "", "Organization User"), ("kim", "Staging", "Editor")], "demote 1 in workspaces, 1 in the organization"),
        ([("m000", "", "Organization Admin"), ("m001", "Staging", "Admin"), ("m002", "Production", "Admin")],
         "promote 1, 2 in workspaces"),
        ([("new", "Staging", "Admin")], "promote 1 in workspaces"),
        ([("new", "", "Organization Operator")], "promote 1"),
        ([("m000", "Staging", "Editor"), ("new", "Production", "Viewer")], ""),
    ],
)  # fmt: skip
def test_b2_what_is_typed_tells_the_kinds_apart(asked, phrase):
    """Where somebody is removed from stands in the words, and so does every other kind of taking and giving."""
    company = team().add("eve", state="pending").add("kim", places={"Staging": "Admin"})
    plan = plan_of(company, sheet(*asked))
    assert phrase == unlock_phrase(plan)
    for shown in (plan.to_text(width=500), plan.to_markdown(), plan.to_html()):
        assert (f"takes or gives: {phrase}" in shown) is bool(phrase)


def test_b2_things_have_words_of_their_own():
    """A deleted key, a revoked token and a narrower role are no removals of people."""
    plan = planned(
        snapshot(),
        roles=matrix(["runs:read"], Annotator=[""]),
        keys=rows({"key_id": "key-ci", "action": "delete"}),
        tokens=rows({"token_id": "token-dana", "action": "revoke"}),
        workspaces=deletions("Research"),
        settings=rows({"setting": "sso_only", "value": "yes"}),
    )
    assert "delete 1 workspace, 1 key, revoke 1 token, narrow 1 role, settings 1" == unlock_phrase(plan)


@pytest.mark.parametrize(
    ("asked", "warned"),
    [
        ([("m000", "Production", "", "remove"), ("m001", "Production", "", "remove"), ("m002", "", "", "remove")], [4]),
        ([("m002", "", "", "remove"), ("m000", "Production", "", "remove")], []),
        # One of the two workspaces of somebody: the other cell may have been meant.
        ([("kim", "Staging", "", "remove"), ("kim", "", "", "remove"), ("m001", "Production", "", "remove")], [3]),
        # Whoever leaves has all of their rows marked, as in an export.
        ([("kim", "Staging", "", "remove"), ("kim", "Research", "", "remove"), ("kim", "", "", "remove")], []),
        ([("m000", "", "", "remove"), ("m001", "", "", "remove"), ("m002", "Production", "", "remove")], []),
        ([("m000", "", "", "remove")], []),
        ([("m000", "Production", "", "remove")], []),
    ],
)
def test_b2_a_removal_without_a_workspace_among_others_is_warned_of(asked, warned):
    """The row is named, and what comes of it."""
    company = team().add("kim", places={"Staging": "Editor", "Research": "Viewer"})
    words = said(plan_of(company, sheet(*asked)), "removal-without-workspace")
    assert warned == [int(text.split()[1]) for text in words]
    assert all("removes" in text and "from the organization" in text for text in words)


def test_b2_a_table_of_pandas_is_warned_of_too(server):
    """An empty text and a missing value alike; the command prints the same."""
    import lsnb

    with lsnb.connect(endpoint=server.url, api_key=server.key) as org:
        snap = org.read_access()
        access = snap.access
        place = access[(access["source"] == "direct") & (access["workspace"] == "Production")]
        emails = [email for email in place["email"] if email != snap.meta.caller.email][:3]
        for empty in ("", None):
            asked = pd.DataFrame(
                {"email": emails, "workspace_name": ["Production", "Production", empty], "action": "remove"}
            )
            plan = org.plan(asked, snapshot=snap)
            (words,) = said(plan, "removal-without-workspace")
            assert emails[2] in words
            assert "remove 2 from workspaces, 1 from the organization" in unlock_phrase(plan)


@pytest.mark.parametrize(
    ("asked", "risk"),
    [
        (("m000", "Staging", "Admin"), "medium"),
        (("m000", "Production", "Admin"), "medium"),
        (("new", "Staging", "Admin"), "medium"),
        (("m000", "", "Organization Admin"), "high"),
        # An outsider, by whichever way something is given.
        (("zz@partner.example", "", "Organization User"), "medium"),
        (("zz@partner.example", "Production", "Viewer"), "medium"),
        (("eve@partner.example", "Production", "Editor"), "medium"),
        # Somebody whom an identity provider manages.
        (("sam", "Staging", "Viewer"), "medium"),
        (("sam", "", "Organization Viewer"), "medium"),
        # A custom role of which nobody knows what it permits.
        (("m000", "Staging", "Annotator"), "high"),
        (("new", "Staging", "Annotator"), "high"),
        # An ordinary day.
        (("new", "Staging", "Editor"), "low"),
        (("m000", "Staging", "Viewer"), "low"),
        (("m000", "Production", "Viewer"), "low"),
        (("m000", "", "Organization Viewer"), "low"),
    ],
)
def test_a11_risk_ranks_admins_of_any_scope_outsiders_and_managed_people(asked, risk):
    """Above low is whatever a reviewer has to look at; unknown roles are high."""
    company = team().add("sam", scim_groups=[{"name": "Everybody"}]).add("eve@partner.example", state="pending")
    (change,) = plan_of(company, sheet(asked)).changes
    assert risk == change.risk


def test_a11_risk_of_a_custom_role_follows_from_its_permissions():
    """Known ones: low where it is harmless, more where it comes to the same as Admin."""
    row = {"email": "m000@example.com", "workspace_name": "Staging", "langsmith_role": "Auditor"}
    (harmless,) = planned(snapshot(people=crowd()), access=rows(row)).changes
    widened = planned(
        snapshot(people=crowd()), access=rows(row), roles=matrix(["workspaces:manage-members"], Auditor=["x"])
    )
    assert "low" == harmless.risk
    assert ["medium"] == [change.risk for change in widened.changes if change.kind == "AddWorkspaceMember"]


def test_a11_risk_of_the_policy_s_outsiders_is_more_though_they_are_here():
    """A domain that the policy excludes is an outsider's, also of somebody who has joined."""
    company = team().add("pat@partner.example")
    asked = sheet(("pat@partner.example", "Production", "Viewer"))
    (before,) = plan_of(company, asked).changes
    (after,) = plan_of(company, asked, rules=rules_under(Policy(allowed_domains=("example.com",)))).changes
    assert ("low", "medium") == (before.risk, after.risk)


@pytest.mark.parametrize(
    ("kind", "values", "ids"),
    [
        ("InviteMember", {"role_name": "ORGANIZATION_EMPEROR"}, {}),
        ("InviteMember", {"role_name": "ORGANIZATION_USER", "workspace_role_name": "WORKSPACE_EMPEROR"}, {}),
        ("SetOrgRole", {"role_name": "CUSTOM"}, {"identity_id": "1"}),
        ("AddWorkspaceMember", {"role_name": None}, {"identity_id": "1", "workspace_id": "w"}),
        ("CreateServiceKey", {"role_name": "WORKSPACE_EMPEROR", "expires_at": "2027-01-01"}, {"key_id": "k"}),
        ("SetServiceKeyRole", {"org_role_name": "CUSTOM_ORG"}, {"key_id": "k"}),
    ],
)
def test_unknown_roles_are_of_high_risk(kind, values, ids):
    """What nobody knows may be everything."""
    before = {"role_name": "ORGANIZATION_USER"} if kind.startswith("Set") else None
    change = new_change(kind, before=before, after=values, reason="", ids=ids, email="a@example.com")
    assert "high" == change.risk


def test_unknown_kinds_are_of_high_risk_and_do_not_come_back():
    """A kind that is added one day is neither harmless nor reversible until somebody says so."""
    assert ("high", "high") == (risk_of("GiveAway", None, None), risk_of_resource("GiveAway", None, None, None))
    assert not is_reversible_resource("GiveAway")


def test_a11_a_plan_is_read_by_risk_and_carried_out_in_the_order_of_work():
    """Where people read it the highest risk comes first; what is limited leaves out the least. The table is for programs."""
    asked = [
        ("aa", "Production", "Viewer"), ("m000", "", "", "remove"), ("zz", "", "Organization Admin"),
        ("m001", "Staging", "Admin"), ("m002", "Staging", "Viewer"),
    ]  # fmt: skip
    plan = plan_of(team(), sheet(*asked))
    ranks = ["high", "medium", "low"]
    shown = [change.risk for change in by_risk(plan.changes)]
    assert sorted(shown, key=ranks.index) == shown
    assert list(plan.to_frame()["id"]) == [change.id for change in plan.changes]
    assert ["invite", "invite", "add", "add", "remove"] == [change.stage for change in plan.changes]
    read = [plan.to_text(width=400), plan.to_markdown(), plan.to_html()]
    for text in read:
        found = [text.rindex(email) for email in ("zz@example.com", "m001@example.com", "aa@example.com")]
        assert found == sorted(found)
    for short in (plan.to_text(limit=2), plan.to_markdown(limit=2)):
        assert "m000@" in short
        assert "zz@" in short
        assert "aa@" not in short


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (Policy(allowed_domains=("acme.example",)), {"sam@partner.example", "sub@eu.acme.example"}),
        (Policy(allowed_domains=("acme.example", "partner.example")), {"sub@eu.acme.example"}),
        (Policy(allowed_domains=("acme.example", "partner.example", "eu.acme.example")), set()),
    ],
)
def test_a12_a_pending_invitation_of_an_excluded_domain_is_a_finding(policy, found):
    """Not only whoever has joined."""
    tiny = tiny_cases.good()
    for email in ("sam@partner.example", "sub@eu.acme.example"):
        tiny.add(email, state="pending", days=1)
    rows_ = tiny_cases.run("LS-MEM-07", tiny, policy=policy)
    assert found == set(rows_.loc[rows_["status"] == "alarm", "email"])


def test_a12_a_plan_is_refused_once_and_not_twice_for_one_invitation(server):
    """By the rule, which can be allowed by its name; the finding that it would be is not another refusal."""
    import lsnb

    asked = pd.DataFrame({"email": ["zz@partner.example"], "langsmith_role": ["Organization User"]})
    policy = Policy(allowed_domains=("acme.example",))
    with lsnb.connect(endpoint=server.url, api_key=server.key) as org:
        assert ["email-domains"] == rules_of(org.plan(asked, policy=policy).refusals)
        assert org.plan(asked, policy=policy, allow={"email-domains": "new partner, ticket 5"}).is_safe


def test_a12_what_was_refused_for_itself_stays_refused_when_other_changes_are_left_out():
    """A plan that is judged again does not forget by which rules it was made."""
    company = team()
    asked = sheet(("zz@partner.example", "", "Organization User"), ("new", "", "Organization User"))
    rules = Rules(email_domains=("example.com",), protected=("m00*",))
    asked_more = sheet(("zz@partner.example", "", "Organization User"), ("m001", "Staging", "Viewer"))
    plan = plan_of(company.add("pat@partner.example"), asked, rules=rules)
    ids = {change.email: change.id for change in plan.changes}
    assert ["email-domains"] == rules_of(drop_changes(plan, company.snapshot(), [ids["new@example.com"]]).refusals)
    assert drop_changes(plan, company.snapshot(), [ids["zz@partner.example"]]).is_safe
    both = plan_of(company, asked_more, rules=rules)
    kept = drop_changes(both, company.snapshot(), ())
    assert {"email-domains", "protected"} == set(rules_of(kept.refusals))
    allowed = replace(both, allowed={"email-domains": "ticket 5", "protected": "ticket 6"})
    assert drop_changes(allowed, company.snapshot(), ()).is_safe
