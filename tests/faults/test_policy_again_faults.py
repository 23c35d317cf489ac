"""What a policy refuses is looked for once more when a plan is carried out, on what is there by then."""

from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb.errors import UnsafePlanError
from lsnb.service.progress import Silent

POLICY = lsnb.Policy(max_admins=7, max_admins_share=0.0)
COLUMNS = ["email", "langsmith_role", "workspace_id", "workspace_name", "action"]
ADMIN, USER = "Organization Admin", "Organization User"


@pytest.fixture
def org(server, tmp_path, monkeypatch):
    """Connect to the small organization, which has six Admins, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with lsnb.connect(endpoint=server.url, api_key=server.key, policy=POLICY) as found:
        yield found


def sheet(*rows):
    """Give rows of address and role as a sheet."""
    return pd.DataFrame([[f"{who}@acme.example", role, "", "", ""] for who, role in rows], columns=COLUMNS)


def apply(org, plan):
    """Apply a plan."""
    return org.apply(plan, confirm=plan.fingerprint, display=Silent())


def writes(server):
    """List the requests that change something."""
    return [request for request in server.requests if request["method"] != "GET"]


def promote(server, who):
    """Make somebody Organization Admin, as another one would."""
    state = server.state
    role = next(role.id for role in state.roles.values() if role.name == "ORGANIZATION_ADMIN")
    person = next(person for person in state.people.values() if person.email == f"{who}@acme.example")
    person.role_id = role
    state.touch()


def test_a_finding_that_the_plan_adds_by_now_refuses_it(org, server):
    """The seventh Admin was fine; since somebody made another one, this would be the eighth."""
    plan = org.plan(sheet(("grace.kim", ADMIN)))
    assert plan.is_safe
    promote(server, "liam.murphy")
    before = len(writes(server))
    with pytest.raises(UnsafePlanError, match="policy:LS-ADM"):
        apply(org, plan)
    assert len(writes(server)) == before


def test_what_is_still_within_the_policy_is_carried_out(org):
    """Nothing else has changed, so the same plan is done."""
    assert apply(org, org.plan(sheet(("grace.kim", ADMIN)))).is_done


def test_what_others_made_worse_stops_no_plan_that_does_not(org, server):
    """Two more Admins than the policy wants are not the plan's doing."""
    plan = org.plan(sheet(("hannah.schmidt", "Organization Viewer")))
    for who in ("liam.murphy", "grace.kim"):
        promote(server, who)
    assert apply(org, plan).is_done


def test_what_was_allowed_by_name_is_not_asked_again(org, server):
    """A reason that was given holds at the run too."""
    promote(server, "liam.murphy")
    refused = org.plan(sheet(("grace.kim", ADMIN)))
    rules = {verdict.rule: "ticket 7" for verdict in refused.refusals}
    assert any(rule.startswith("policy:LS-ADM") for rule in rules)
    assert apply(org, org.plan(sheet(("grace.kim", ADMIN)), allow=rules)).is_done
