from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from lsnb.checks import COLUMNS, SEVERITIES, STATUSES, run_checks, tables_of
from lsnb.errors import DiffError, TableError
from lsnb.policy import Policy, Waiver
from lsnb.snapshot import Snapshot
from tests.checks.tiny import READ_AT, Tiny


def spoilt() -> Tiny:
    """Make an organization with one admin, and a stale invitation."""
    return Tiny().add("ada", "Organization Admin").add("late", state="pending", days=40)


def test_findings_come_in_one_table_with_what_needs_attention_first():
    """Alarms before errors before the rest, and within them by severity."""
    found = run_checks(spoilt().lose("access").snapshot())
    assert list(COLUMNS) == found.columns.tolist()
    ranks = [(STATUSES.index(s), SEVERITIES.index(v)) for s, v in zip(found["status"], found["severity"], strict=True)]
    assert sorted(ranks) == ranks
    assert {"alarm", "error", "info", "skip", "ok"} == set(found["status"])


def test_the_thresholds_are_in_the_evidence():
    """Whoever reads a finding sees what it was measured by."""
    found = run_checks(spoilt().snapshot(), only=["LS-INV-01"], policy=Policy(invite_days=30))
    assert "[invite_days=30]" in found["evidence"][0]
    assert "40 days, the limit is 30" in found["reason"][0]


def test_a_threshold_of_the_policy_decides():
    """The same organization is well under another policy."""
    assert run_checks(spoilt().snapshot(), only=["LS-INV-01"], policy=Policy(invite_days=60))["status"].tolist() == [
        "ok"
    ]


@pytest.mark.parametrize(("days", "status", "words"), [(5, "info", "Accepted by grace"), (-5, "alarm", "has ended")])
@pytest.mark.parametrize("resource", ["invitation:late@acme.example", "*"])
def test_a_waiver_holds_until_its_end(resource, days, status, words):
    """What somebody has accepted is told, and alarms again once the time is over."""
    waiver = Waiver("LS-INV-01", resource, "grace", "On leave.", READ_AT + pd.Timedelta(days=days))
    found = run_checks(spoilt().snapshot(), only=["LS-INV-01"], policy=Policy(waivers=(waiver,)))
    found = found[found["resource"] == "invitation:late@acme.example"]
    assert [status] == found["status"].tolist()
    assert words in found["reason"].iloc[0]


def test_a_waiver_that_has_ended_is_a_finding_of_its_own():
    """Also where what it accepted is gone, somebody must renew it or take it out; one that holds is none."""
    waivers = (
        Waiver("LS-INV-02", "invitation:gone@acme.example", "grace", "On leave.", READ_AT - pd.Timedelta(days=1)),
        Waiver("LS-INV-02", "*", "grace", "On leave.", READ_AT + pd.Timedelta(days=1)),
    )
    found = run_checks(spoilt().snapshot(), only=["LS-INV-02"], policy=Policy(waivers=waivers))
    alarms = found[found["status"] == "alarm"]
    assert ["waiver:invitation:gone@acme.example"] == alarms["resource"].tolist()
    assert "ended on 2026-11-01 and was not renewed: On leave." in alarms["reason"].iloc[0]


def test_a_waiver_of_something_else_changes_nothing():
    """Check and resource must both fit."""
    end = READ_AT + pd.Timedelta(days=5)
    waivers = (
        Waiver("LS-INV-02", "*", "grace", "On leave.", end),
        Waiver("LS-INV-01", "invitation:x", "grace", "On leave.", end),
    )
    found = run_checks(spoilt().snapshot(), only=["LS-INV-01"], policy=Policy(waivers=waivers))
    assert found["status"].tolist() == ["alarm", "info"]
    assert "matches nothing" in found["reason"].iloc[1]


def test_only_some_checks_can_be_run():
    """Checks are chosen by id, or by the start of it; a slip of the pen is an error."""
    snapshot = spoilt().snapshot()
    assert set(run_checks(snapshot, only=["LS-INV"])["id"]) == {"LS-INV-01", "LS-INV-02", "LS-INV-03"}
    with pytest.raises(TableError, match="no check 'LS-XXX'"):
        run_checks(snapshot, only=["LS-INV", "LS-XXX"])


def test_the_tables_that_checks_look_at_are_told():
    """Whoever reads for some checks reads what they need, with what they look at where it is there, and no more."""
    assert {"settings", "members", "access", "invites"} == tables_of(["LS-INV-01"])
    assert {"access_tokens", "audit_log", "usage"} <= tables_of(["LS-MEM-03"])
    assert "audit_log" not in tables_of(["LS-KEY"])


def test_a_roster_without_its_columns_is_an_error():
    """A sheet with other columns must not read as "nobody is on the roster"."""
    with pytest.raises(TableError, match="missing: status"):
        run_checks(spoilt().snapshot(), roster=pd.DataFrame({"email": ["ada@acme.example"]}))


def test_the_same_snapshot_gives_the_same_findings_and_stays_as_it_is():
    """Checks depend on their arguments only, and change none of them."""
    snapshot = spoilt().snapshot()
    before = {name: snapshot.table(name) for name in snapshot.table_names}
    pd.testing.assert_frame_equal(run_checks(snapshot), run_checks(snapshot))
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, snapshot.table(name))


def test_an_earlier_snapshot_of_another_organization_is_refused():
    """Against strangers everybody would look newly promoted, so both organizations are named and nothing is judged."""
    here = spoilt().snapshot()
    other = replace(here.meta, organization="Bistro Labs", organization_id="another")
    there = Snapshot(other, {"members": here.members})
    with pytest.raises(DiffError, match=r"Bistro Labs \(another\)"):
        run_checks(here, earlier=there)
