"""The safety rules, each on what a plan would leave."""

from __future__ import annotations

import pytest

from lsnb.errors import PlanError
from lsnb.plan import REFUSING_RULES, Rules, changes_to_plan, drop_changes
from lsnb.plan.model import Change
from lsnb.plan.rules import FIRM_RULES
from lsnb.snapshot import Caller
from tests.plan.company import CREATED_AT, Company, address, plan_of, rules_of, sheet, summary

ADA = Caller("pat", "user:1", "Ada@example.com", "ada", "user-ada@example.com", "Organization Admin")


def team(n_members=20, **options):
    """Make an organization of three admins and so many members, all Editor in Production."""
    company = Company(**options)
    for name in ("ada", "ben", "cleo"):
        company.add(name, "Organization Admin")
    for i in range(n_members):
        company.add(f"m{i:02}", places={"Production": "Editor"})
    return company


def removals(n):
    """Make rows that remove so many members."""
    return [(f"m{i:02}", "", "", "remove") for i in range(n)]


@pytest.mark.parametrize(
    ("rows", "company", "refused"),
    [
        ([("ada", "", "Organization User")], team(), []),
        ([("ada", "", "Organization User"), ("ben", "", "", "remove")], team(), ["min-admins"]),
        (
            [("ada", "", "Organization User"), ("ben", "", "Organization Operator"), ("m01", "", "Organization Admin")],
            team(),
            [],
        ),
        (
            [("ada", "", "Organization User"), ("ben", "", "", "remove"), ("new", "", "Organization Admin")],
            team(),
            ["min-admins"],
        ),
        (
            [("ada", "", "Organization User"), ("ben", "", "Organization User"), ("off", "", "Organization Admin")],
            team().add("off", state="disabled"),
            ["min-admins"],
        ),
    ],
)
def test_enough_admins_are_left_when_a_plan_is_accepted(rows, company, refused):
    """Active, enabled Organization Admins count, at the end of the plan; invitations and disabled people do not."""
    assert refused == rules_of(plan_of(company, sheet(*rows)).refusals)


def test_a_lone_admin_is_warned_about_when_there_was_only_one_before():
    """The plan goes on, since it makes nothing worse."""
    company = Company().add("ada", "Organization Admin").add("dana")
    plan = plan_of(company, sheet(("dana", "Production", "Viewer")))
    assert ([], ["min-admins"]) == (rules_of(plan.refusals), rules_of(plan.warnings))
    assert "Only 1 active Organization Admin" in plan.warnings[0].message


def test_an_organization_without_admin_is_never_allowed_when_a_reason_is_given():
    """Two may become one for a reason; none is beyond any reason."""
    company = Company().add("ada", "Organization Admin").add("ben", "Organization Admin")
    allow = {"min-admins": "merger, ticket 9"}
    one_left = plan_of(company, sheet(("ada", "", "Organization User")), allow=allow)
    assert one_left.is_safe
    assert one_left.warnings[0].message.endswith("(allowed: merger, ticket 9)")
    rows = [("ada", "", "Organization User"), ("ben", "", "Organization User")]
    none_left = plan_of(company, sheet(*rows), allow=allow)
    assert ["min-admins"] == rules_of(none_left.refusals)
    assert "cannot be allowed" in none_left.refusals[0].message


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        (("ada", "", "", "remove"), ["self"]),
        (("ada", "", "Organization Operator"), ["self"]),
        (("ada", "Production", "", "remove"), ["self"]),
        (("ada", "Production", "Viewer"), ["self"]),
        (("ada", "Production", "Admin"), []),
        (("ben", "", "Organization Operator"), []),
    ],
)
def test_the_caller_keeps_their_rights_when_a_plan_is_accepted(row, refused):
    """Whoever runs it is never removed or demoted; what harms nobody is done last."""
    company = team(caller=ADA)
    company.people[0]["workspace_memberships"] = [company._membership("Production", "Editor")]
    plan = plan_of(company, sheet(row))
    assert refused == rules_of(plan.refusals)
    assert (plan.changes[0].email == address("ada")) is (plan.changes[0].stage == "self")


def test_the_caller_is_found_by_their_id_when_the_address_is_not_known():
    """The address may differ between the token and the list."""
    company = team(caller=Caller("pat", "user:1", None, "ada", "user-ada@example.com"))
    assert ["self"] == rules_of(plan_of(company, sheet(("ada", "", "Organization User"))).refusals)


def test_a_removal_is_warned_about_when_nobody_knows_whose_token_it_is():
    """Then the rule has nobody to protect."""
    company = team(caller=Caller("pat", "key:1"))
    plan = plan_of(company, sheet(("m01", "", "", "remove")))
    assert ["caller-unknown"] == rules_of(plan.warnings)


@pytest.mark.parametrize("pattern", ["m01@example.com", "M01@*", "m0*"])
def test_protected_accounts_are_not_touched_when_a_plan_is_accepted(pattern):
    """Also a change that gives them more is refused."""
    plan = plan_of(team(), sheet(("m01", "Production", "Admin")), rules=Rules(protected=(pattern,)))
    assert ["protected"] == rules_of(plan.refusals)


@pytest.mark.parametrize(
    ("n_members", "n_removed", "refused"),
    [
        (37, 10, []),
        (37, 11, ["max-removals"]),
        (10, 5, []),
        (10, 6, ["max-removals"]),
        (17, 5, []),
        (17, 6, ["max-removals"]),
    ],
)
def test_a_quarter_may_go_when_a_plan_is_accepted(n_members, n_removed, refused):
    """25 % of all people, and 5 where there are fewer than 20; the admins count as people."""
    assert refused == rules_of(plan_of(team(n_members), sheet(*removals(n_removed))).refusals)


def test_demotions_and_cancelled_invitations_count_when_removals_are_counted():
    """Whatever takes something away is counted together, by people."""
    company = team(8).add("eve", state="pending")
    rows = [
        *removals(3),
        ("m05", "Production", "Viewer"),
        ("m06", "", "Organization Viewer"),
        ("eve", "", "", "remove"),
    ]
    plan = plan_of(company, sheet(*rows))
    assert ["max-removals"] == rules_of(plan.refusals)
    assert "6 of the 12 people in scope" in plan.refusals[0].message


def test_the_people_of_the_workspaces_count_when_they_are_the_scope():
    """A quarter of those in scope, not of the organization."""
    company = team(30)
    for person in company.people[11:]:
        person["workspace_memberships"] = []
    rows = [(f"m{i:02}", "Production", "") for i in range(2)]
    plan = plan_of(company, sheet(*rows), mode="sync", scope="Production")
    assert "6 of the 8 people in scope" in plan.refusals[0].message


def test_promotions_are_limited_when_a_plan_makes_many_admins():
    """Three may become Organization Admin or Operator in one plan, invitations included."""
    rows = [("m01", "", "Organization Admin"), ("m02", "", "Organization Operator"), ("new", "", "Organization Admin")]
    assert plan_of(team(), sheet(*rows)).is_safe
    more = plan_of(team(), sheet(*rows, ("m03", "", "Organization Operator")))
    assert ["max-promotions"] == rules_of(more.refusals)


def test_strange_domains_are_refused_when_somebody_is_invited():
    """The domains of those who joined are known; open invitations prove nothing."""
    company = team().add("eve@partner.example", state="pending")
    rows = [("new", "", "Organization User"), ("x@partner.example", "", "Organization User")]
    plan = plan_of(company, sheet(*rows))
    assert ["email-domains"] == rules_of(plan.refusals)
    assert "x@partner.example" in plan.refusals[0].message
    assert plan_of(company, sheet(*rows), rules=Rules(email_domains=("example.com", "@Partner.example"))).is_safe


def test_a_workspace_without_admin_is_warned_about_when_its_last_one_goes():
    """Only those that have one now, and not where another is named."""
    company = (
        team().add("kim", places={"Staging": "Admin", "Research": "Admin"}).add("lou", places={"Research": "Admin"})
    )
    plan = plan_of(company, sheet(("kim", "", "", "remove")))
    warning = next(w for w in plan.warnings if w.rule == "workspace-admin")
    assert ("Staging" in warning.message, "Research" in warning.message) == (True, False)
    named = plan_of(company, sheet(("kim", "", "", "remove"), ("m01", "Staging", "Admin")))
    assert "workspace-admin" not in rules_of(named.warnings)


@pytest.mark.parametrize(
    "more",
    [
        {"scim_groups": [{"name": "Everybody"}]},
        {"linked_login_methods": [{"provider": "saml", "provisioning": "scim"}]},
    ],
)
def test_people_of_an_identity_provider_are_warned_about_when_they_change(more):
    """The next synchronization would undo it."""
    plan = plan_of(team().add("sam", **more), sheet(("sam", "Production", "Viewer")))
    assert ["scim-managed"] == rules_of(plan.warnings)


def test_what_the_server_will_refuse_is_said_when_the_caller_is_an_operator():
    """An Operator may not touch Admins, and in workspaces only where they are Admin."""
    company = team(caller=Caller("pat", "user:9", "op@example.com", "op", "user-op", "Organization Operator"))
    rows = [("m01", "", "Organization Viewer"), ("ben", "", "Organization User"), ("m02", "Staging", "Viewer")]
    plan = plan_of(company, sheet(*rows))
    warning = next(w for w in plan.warnings if w.rule == "caller-rights")
    assert "2 of the 3 changes" in warning.message


@pytest.mark.parametrize(
    ("info", "rule"),
    [
        ({"invites_enabled": False}, "invitations-off"),
        ({"is_personal": True}, "personal-organization"),
        ({"sso_only": True}, "sso-only"),
        ({"config": {"can_use_rbac": True, "max_identities": 23}}, "seats"),
    ],
)
def test_an_invitation_that_cannot_work_is_warned_about_when_it_is_planned(info, rule):
    """The settings that speak against inviting are read before the first refusal of the server."""
    company = team()
    company.info |= info
    assert [rule] == rules_of(plan_of(company, sheet(("new", "", "Organization User"))).warnings)
    assert [] == rules_of(plan_of(company, sheet(("m01", "Production", "Viewer"))).warnings)


def test_a_refusal_becomes_a_warning_when_its_rule_is_allowed_with_a_reason():
    """The reason is on the warning and in the plan; other rules still refuse."""
    rows = [*removals(7), ("x@elsewhere.example", "", "Organization User")]
    plan = plan_of(team(), sheet(*rows), allow={"max-removals": "re-org, ticket 123"})
    assert ["email-domains"] == rules_of(plan.refusals)
    assert "(allowed: re-org, ticket 123)" in plan.warnings[0].message
    assert {"max-removals": "re-org, ticket 123"} == plan.allowed


def test_an_override_is_recorded_when_its_rule_did_not_fire():
    """It does no harm, and the reader sees it."""
    plan = plan_of(team(), sheet(("m01", "Production", "Viewer")), allow={"self": "in case"})
    assert ({"self": "in case"}, ()) == (plan.allowed, plan.warnings)


@pytest.mark.parametrize("allow", [{"max-removal": "typo"}, {"all": "everything"}, {"workspace-admin": "a warning"}])
def test_an_unknown_rule_is_refused_when_it_is_allowed(allow):
    """There is no force-all, and a typing mistake is not silently nothing."""
    with pytest.raises(PlanError, match=f"There is no rule '{next(iter(allow))}'"):
        plan_of(team(), sheet(), allow=allow)


@pytest.mark.parametrize("rule", [rule for rule in REFUSING_RULES if rule not in {*FIRM_RULES, "irreversible"}])
def test_a_reason_is_demanded_when_a_rule_is_allowed(rule):
    """An empty reason is none."""
    with pytest.raises(PlanError, match="needs a reason"):
        plan_of(team(), sheet(), allow={rule: "  "})


def test_the_plan_is_judged_again_when_changes_are_dropped():
    """Dropping the change that made up for a demotion brings the refusal, and dropping all of them takes it away."""
    company = Company().add("ada", "Organization Admin").add("ben", "Organization Admin").add("dana")
    rows = [("ada", "", "Organization User"), ("dana", "", "Organization Admin"), ("new", "Production", "Viewer")]
    plan = plan_of(company, sheet(*rows, ("new", "Staging", "Editor")))
    assert plan.is_safe
    ids = {change.email: change.id for change in plan.changes}
    unsafe = drop_changes(plan, company.snapshot(), [ids[address("dana")]])
    assert ["min-admins"] == rules_of(unsafe.refusals)
    assert plan.fingerprint != unsafe.fingerprint
    safe = drop_changes(plan, company.snapshot(), ids.values())
    assert (True, ()) == (safe.is_safe, safe.waiting)
    with pytest.raises(PlanError, match="no change with the id nope"):
        drop_changes(plan, company.snapshot(), ["nope"])


def test_what_cannot_come_back_is_refused_when_it_is_not_named():
    """Each such change must be named by its own id; allowing the rule as a whole is not enough."""
    change = Change(
        id="abc123abc123",
        kind="DeleteWorkspace",
        stage="remove",
        email=None,
        scope="workspace",
        workspace="Staging",
        before={"workspace": "Staging"},
        after=None,
        reason="asked for",
        risk="high",
        reversible=False,
    )
    snapshot = team().snapshot()
    plan = changes_to_plan(snapshot, [change], created_at=CREATED_AT)
    assert ["irreversible"] == rules_of(plan.refusals)
    assert '--allow irreversible:abc123abc123="' in plan.refusals[0].message
    with pytest.raises(PlanError, match="one change at a time"):
        changes_to_plan(snapshot, [change], created_at=CREATED_AT, allow={"irreversible": "all of them"})
    with pytest.raises(PlanError, match="as a whole"):
        changes_to_plan(snapshot, [change], created_at=CREATED_AT, allow={"lock-out:sso_only": "one of them"})
    allow = {"irreversible:abc123abc123": "ticket 5"}
    assert changes_to_plan(snapshot, [change], created_at=CREATED_AT, allow=allow).is_safe


def test_the_messages_name_people_when_a_rule_refuses():
    """A refusal says who, how many and what the limit is."""
    plan = plan_of(team(), sheet(*removals(7)))
    assert "7 of the 23 people" in plan.refusals[0].message
    assert "at most 5 (25%)" in plan.refusals[0].message
    assert "m00@example.com" in plan.refusals[0].message
    assert 7 == len(summary(plan)) == len(plan.refusals[0].change_ids)
