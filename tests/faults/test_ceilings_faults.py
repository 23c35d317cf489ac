"""Ways in which a plan gave or took too much at once, each with what is right."""

from __future__ import annotations

import pandas as pd
import pytest

from lsnb.plan import Rules, rules_under
from lsnb.policy import Policy
from tests.plan.company import Company, address, plan_of, rules_of, sheet

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
