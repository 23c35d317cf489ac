from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.checks import CHECKS, run_checks
from lsnb.policy import Policy
from lsnb.sandbox.seeds.expected_findings import NOT_PLANTED, PLANTED
from lsnb.sandbox.seeds.roster import make_roster
from lsnb.snapshot import Snapshot

REVIEWERS = ("samuel.adeyemi", "noah.fischer", "wei.zhang", "pen.tester", "formula.fan")
POLICY = Policy(
    allowed_domains=("acme.example",),
    accepted_operators=("jonas.weber@acme.example",),
    break_glass=("break.glass@acme.example",),
    restricted_workspaces={"Security Review": tuple(f"{local}@acme.example" for local in REVIEWERS)},
)


def read(seed: str, *, everybody: bool = True) -> Snapshot:
    """Read a demo organization whole, with everybody's tokens where the server is one that lists them."""
    with sandbox.start(seed=seed, behaviours={"pats_listed": "all"} if everybody else None) as server:
        return lsnb.connect(endpoint=server.url, api_key=server.key).snapshot(audit_days=400, usage_days=90)


@pytest.fixture(scope="module")
def tidy() -> Snapshot:
    """Read the clean organization."""
    return read("tidy")


@pytest.fixture(scope="module")
def found(tidy: Snapshot) -> pd.DataFrame:
    """Check the organization with the flaws against the clean one."""
    roster = pd.DataFrame(make_roster())
    return run_checks(read("small"), policy=POLICY, roster=roster, earlier=tidy)


def planted(check: str) -> set[tuple[str, str, str]]:
    """Give what is planted as (resource, person, workspace)."""
    rows = set()
    for finding in PLANTED[check]:
        kind, name = finding["resource"], finding["name"]
        who = finding.get("email", name if kind == "invitation" else "")
        rows.add((f"{kind}:{name}", who, finding.get("workspace", "")))
    return rows


@pytest.mark.parametrize("check", [name for name in CHECKS if name in PLANTED])
def test_what_is_planted_is_found_and_nothing_else(found, check):
    """Every planted finding of the demo organization comes out, and no other alarm."""
    alarms = found[(found["id"] == check) & (found["status"] == "alarm")].fillna("")
    expected = planted(check)
    with_person = {"member", "invitation"}
    with_place = {kind for kind, _, place in expected if place}
    rows = set()
    for row in alarms.itertuples():
        resource = row.resource
        if resource.startswith("scim_token:lsv2_scim"):
            resource = "scim_token:"  # the planted list names it by its description, which is empty
        email = row.email if resource.split(":")[0] in with_person else ""
        rows.add((resource, email, row.workspace if resource in with_place else ""))
    assert expected == rows


def test_every_other_check_is_not_planted_with_a_reason(found):
    """What has no planted finding has no alarm either."""
    others = set(CHECKS) - set(PLANTED)
    assert set(NOT_PLANTED) | {"LS-LOG-01f"} == others
    assert not (found["id"].isin(others) & (found["status"] == "alarm")).any()


def test_no_check_fails_on_the_demo_organization(found):
    """Everything could be read."""
    assert found[found["status"] == "error"].empty


def test_the_clean_organization_has_no_alarm(tidy):
    """With its policy and its roster, nothing is wrong with it."""
    policy = Policy(allowed_domains=("acme.example",), accepted_operators=("jonas.weber@acme.example",))
    alarms = run_checks(tidy, policy=policy, roster=pd.DataFrame(make_clean_roster()), earlier=tidy)
    alarms = alarms[alarms["status"].isin(["alarm", "error"])]
    assert [] == alarms[["id", "resource", "reason"]].values.tolist()


def make_clean_roster() -> list[dict[str, str]]:
    """Give the roster of the clean organization, which nobody has left."""
    return [row | {"status": "active"} for row in make_roster() if not row["email"].startswith("uwe")]


def test_a_server_that_lists_own_tokens_only_makes_the_token_checks_undecided():
    """Nothing found among the tokens that were read is not "ok"."""
    rows = run_checks(read("tidy", everybody=False), only=["LS-PAT", "LS-MEM-04"])
    assert {"info"} == set(rows["status"])
