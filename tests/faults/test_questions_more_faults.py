"""Questions that were answered with confidence on what nobody knows, and inputs that cost more than their own cell."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import lsnb
from lsnb.checks import CHECKS
from lsnb.checks.policy_gate import apply_gate
from lsnb.cli import main
from lsnb.errors import ConfigError, DiffError, LogStoreError, TableError, UnknownNameError
from lsnb.files.log import read_log
from lsnb.files.policy_file import check_policy
from lsnb.files.snapshot_file import load_snapshot
from lsnb.snapshot import Snapshot
from tests.checks.tiny import READ_AT, Tiny, ago
from tests.faults.test_strange_values_faults import read, spoil
from tests.test_gating import plan_for

EVA = "eva@acme.example"


def idle() -> Tiny:
    """Make an organization in which everything that could show use can be read, and eva did nothing."""
    tiny = Tiny().add("ada", "Organization Admin").add("bob", "Organization Admin")
    tiny.add("eva", places={"Production": "Viewer"}).add_log("ada", "bob").add_token("laptop", "ada")
    return tiny.add_usage(person="ada", days=3, traces=5)


def judged(snapshot: Snapshot) -> tuple[str, list[str]]:
    """Give what is said of eva, and whom the repairs touch."""
    found = lsnb.audit(snapshot, only=["LS-MEM-03"])
    repairs = lsnb.fixes(found, snapshot)
    return (
        str(found.loc[found["email"] == EVA, "status"].iloc[0]),
        repairs["access"]["email"].tolist() if "access" in repairs else [],
    )


def with_meta(snapshot: Snapshot, **changed: Any) -> Snapshot:
    """Give a snapshot of which something else is recorded."""
    return Snapshot(replace(snapshot.meta, **changed), snapshot._tables)


def test_c4_eva_is_an_alarm_where_all_is_known():
    """The other tests here take something away."""
    assert ("alarm", [EVA]) == judged(idle().snapshot())


def test_c4_an_old_file_without_a_usage_window_proves_no_more_than_its_rows_do(tmp_path):
    """Earlier versions wrote none, and read 30 days."""
    path = tmp_path / "old.lsnb"
    with_meta(idle().snapshot(), usage_since=None).save(path)
    assert ("info", []) == judged(load_snapshot(path))
    long = idle().add_usage(person="bob", days=120, traces=5).snapshot()
    assert ("alarm", [EVA]) == judged(with_meta(long, usage_since=None))


@pytest.mark.parametrize("days", [7, 30, 80])
def test_c4_a_usage_window_that_is_too_short_proves_nothing(days):
    """A trace may lie before it."""
    assert ("info", []) == judged(with_meta(idle().snapshot(), usage_since=READ_AT - pd.Timedelta(days=days)))


@pytest.mark.parametrize("time", ["soon", None, -62135596800000, 253402300799000])
def test_c4_an_event_whose_time_is_not_known_may_be_of_yesterday(time):
    """And it costs its own cell, not the whole log."""
    tiny = idle().add_event("login", "eva", days=3)
    tiny.records["audit_log"][-1]["time"] = time
    snapshot = tiny.snapshot()
    assert len(tiny.records["audit_log"]) == len(snapshot.audit_log)
    assert ("info", []) == judged(snapshot)


@pytest.mark.parametrize("traces", ["many", None, [], True, float("nan")])
def test_c4_usage_of_an_amount_that_is_not_known_may_be_use(traces):
    """It was taken for none."""
    tiny = idle().add_usage(person="eva", days=3, traces=5)
    tiny.usage["user"][-1]["traces"] = traces
    snapshot = tiny.snapshot()
    assert 2 == len(snapshot.usage)
    assert ("info", []) == judged(snapshot)


@pytest.mark.parametrize("dimensions", ["eva", 7, None, {"user_email": 7}])
def test_c4_usage_of_somebody_not_known_may_be_anybodys(dimensions):
    """One row that is not as promised took the whole report away."""
    tiny = idle().add_usage(person="eva", days=3, traces=5)
    tiny.usage["user"][-1]["dimensions"] = dimensions
    snapshot = tiny.snapshot()
    assert 2 == len(snapshot.usage)
    assert ("info", []) == judged(snapshot)


def test_c4_usage_in_a_stretch_that_is_not_known_is_not_use_of_today():
    """Neither a proof of use, nor of none."""
    tiny = idle().add_usage(person="eva", days=3, traces=5)
    tiny.usage["user"][-1]["time_bucket"] = "yesterday"
    assert ("info", []) == judged(tiny.snapshot())


def test_c4_a_token_whose_owner_is_no_address_may_be_anybodys():
    """A server that sends numbers there."""
    assert ("info", []) == judged(idle().add_token("odd", "eva", user_email=7, last_used_at=ago(1)).snapshot())


def test_c4_an_actor_that_is_not_understood_may_be_anybody():
    """What stood there is kept with the snapshot, also in its file."""
    snapshot = with_meta(idle().snapshot(), unread_cells=(("audit_log", "actor", "5"),))
    assert ("info", []) == judged(snapshot)


def test_c4_a_clock_that_runs_ahead_makes_nobody_a_leaver():
    """Nobody at all has done anything for 100 days: that is the clock of this machine."""
    snapshot = with_meta(idle().snapshot(), read_at=READ_AT + pd.Timedelta(days=100))
    found = lsnb.audit(snapshot, only=["LS-MEM-03", "LS-ADM-06"])
    assert {"info"} == set(found["status"])
    assert found["reason"].str.contains("clock of this machine").all()
    assert "access" not in lsnb.fixes(found, snapshot)


def test_c4_an_account_without_an_address_is_no_dormant_person():
    """Nothing could show its use."""
    tiny = idle().add("ghost", email=None)
    found = lsnb.audit(tiny.snapshot(), only=["LS-MEM-03"])
    assert {"info"} == set(found.loc[found["email"].fillna("") == "", "status"])


# One strange value costs its own cell


@pytest.mark.parametrize("value", [True, 7, "runs:read", {"a": 1}, None])
def test_c5_a_role_whose_permissions_are_not_told_costs_no_table_and_is_unknown(value):
    """Nine tables were gone; now the holder's right is unknown, and neither denied nor allowed."""
    place = next(i for i, role in enumerate(Tiny().add_role("Steward").roles) if role["display_name"] == "Steward")
    snapshot = read(spoil("roles", (place, "permissions"), value))
    whole = read(spoil("roles", (place, "description"), None))
    assert whole.table_names == snapshot.table_names
    assert "unknown" == snapshot.explain(EVA, "runs:delete", "Production").decision
    assert "unknown" in set(snapshot.who_can("runs:delete", "Production")["decision"])
    with pytest.raises(TableError, match="does not tell what 'Steward' grants"):
        lsnb.compare_roles(snapshot, "Editor", "Steward")


def test_c5_a_role_of_which_nothing_is_told_is_not_found_harmless():
    """It may hold what the check looks for."""
    tiny = Tiny().add("ada", "Organization Admin").add_role("Steward").add("eva", places={"Production": "Steward"})
    assert {"ok"} == set(lsnb.audit(tiny.snapshot(), only=["LS-ADM-09"])["status"])
    tiny.roles[-1]["permissions"] = None
    found = lsnb.audit(tiny.snapshot(), only=["LS-ADM-09"])
    assert ["info"] == found["status"].tolist()
    assert "Steward" in found["reason"].iloc[0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("user", 0, "dimensions"), True),
        (("user", 0, "traces"), "x"),
        (("user", 0), 7),
    ],
)
def test_c5_a_strange_row_of_usage_costs_itself(path, value):
    """The report stays."""
    assert read(spoil("usage", path, value)).is_readable("usage")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((0, "condition_groups"), "x"),
        ((0, "condition_groups"), ["a"]),
        ((0, "condition_groups", 0, "conditions"), "x"),
        ((0, "condition_groups", 0, "conditions", 0), 7),
        ((0, "role_ids"), True),
    ],
)
def test_c5_a_strange_part_of_a_policy_costs_itself_and_is_said(path, value):
    """What it would allow or deny is not known, and the answer says so."""
    snapshot = read(spoil("policies", path, value))
    assert snapshot.is_readable("policies")
    assert "not understood" in " ".join(snapshot.explain(EVA, "runs:delete", "Production").unevaluated)


@pytest.mark.parametrize("table", ["permissions", "policies"])
def test_c1_what_was_not_wholly_read_is_said_beside_the_answer(table):
    """A "denied" on half of the roles' rights is none."""
    snapshot = Tiny().add("eva", places={"Production": "Viewer"}).lose(table, status="partial").snapshot()
    assert snapshot.explain(EVA, "runs:delete", "Production").unevaluated
    assert snapshot.who_can("runs:delete", "Production").attrs["unevaluated"]


# Names


@pytest.mark.parametrize("name", ["grace.kim", "Grace", "GRACE.KIM", "grace.kin"])
def test_c1_half_an_address_or_name_finds_whom_it_may_mean(name):
    """People write what stands before the @."""
    tiny = Tiny().add("grace.kim", places={"Production": "Viewer"}, display_name="Grace Kim").add("zoe")
    for ask in (
        lambda s: s.explain(name, "runs:read", "Production"),
        lambda s: s.filter_access(email=name),
        lambda s: s.effective().by_person(name),
    ):
        with pytest.raises(UnknownNameError) as caught:
            ask(tiny.snapshot())
        assert ("grace.kim@acme.example",) == caught.value.nearest


def test_c1_nothing_is_like_no_name():
    """An empty text named the invited, who have no name."""
    with pytest.raises(UnknownNameError) as caught:
        Tiny().add("eva").add("new", state="pending").snapshot().explain("", "runs:read", "Production")
    assert () == tuple(caught.value.nearest)


@pytest.mark.parametrize("asked", ["Ingestion", "lsv2_sk_...0", "key Ingestion", "laptop"])
def test_c3_a_question_about_a_person_that_names_a_key_says_where_keys_are(asked):
    """To say that nobody has such an address is true and no help."""
    snapshot = Tiny().add("ada").add_key("Ingestion").add_token("laptop", "ada").snapshot()
    for ask in (
        lambda: snapshot.explain(asked, "runs:read", "Production"),
        lambda: snapshot.filter_access(email=asked),
        lambda: snapshot.effective().by_person(asked),
    ):
        with pytest.raises(UnknownNameError, match=r"That is a .*who_can.*by_key"):
            ask()


def test_c3_a_key_of_workspaces_that_are_not_known_is_said():
    """It was in no row, and nothing said so."""
    tiny = Tiny().add("ada", "Organization Admin")
    tiny.add_key("Nowhere", workspace_names=None).add_key("Elsewhere", workspace_names=["Other"])
    said = " ".join(tiny.snapshot().who_can("runs:read").attrs["unevaluated"])
    assert "Nowhere" in said
    assert "Elsewhere" in said


def test_c2_of_a_list_of_people_those_who_are_not_here_are_said():
    """A list of the personnel office has people without an account; that is said."""
    snapshot = Tiny().add("eva").snapshot()
    with pytest.warns(UserWarning, match="somebody@acme.example"):
        rows = snapshot.filter_access(email=[EVA, "somebody@acme.example"])
    assert ["somebody@acme.example"] == rows.attrs["unknown"]
    assert {EVA} == set(rows["email"])
    nobody = snapshot.filter_access(email=["somebody@acme.example", "zoe@partner.example"])
    assert nobody.empty
    assert ["somebody@acme.example", "zoe@partner.example"] == nobody.attrs["unknown"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(snapshot.filter_access(email=[EVA, "*@partner.example"]))


@pytest.mark.parametrize("value", [5, float("nan"), pd.NA])
def test_c2_a_filter_of_another_kind_is_an_unknown_name(value):
    """An error of ours, with the names that there are."""
    snapshot = Tiny().add("eva").snapshot()
    for name in ("email", "workspace", "role", "scope", "source", "state"):
        with pytest.raises(UnknownNameError):
            snapshot.filter_access(**{name: value})
    for ask in (
        lambda: snapshot.explain(value, "runs:read", "Production"),
        lambda: snapshot.setting(value),
        lambda: lsnb.compare_roles(snapshot, value, "Editor"),
        lambda: snapshot.effective().by_key(value),
    ):
        with pytest.raises(UnknownNameError):
            ask()


@pytest.mark.parametrize("share", [90, 1.5, -1, float("nan"), "0.9", None, True])
def test_c1_a_share_that_is_none_finds_no_roles_by_an_error(share):
    """90 for 90 % found nothing alike."""
    with pytest.raises(TableError, match="between 0 and 1"):
        lsnb.similar_roles(Tiny().snapshot(), share=share)


def test_c1_an_audit_of_no_check_is_refused():
    """It would be a clean one."""
    for only in ([], (), set()):
        with pytest.raises(UnknownNameError, match="No check is named"):
            lsnb.audit(Tiny().add("ada").snapshot(), only=only)


# Several readings


def test_c1_admins_over_time_are_of_one_organization():
    """Of two, everybody came and went."""
    one = Tiny().add("ada", "Organization Admin").snapshot()
    with pytest.raises(DiffError, match="different organizations"):
        lsnb.admins_over_time([one, with_meta(one, organization_id="org 2")])
    assert [1] == lsnb.admins_over_time(one)["admins"].tolist()


def test_c1_who_was_not_read_has_not_gone():
    """Half a list of members counts nobody, and nobody comes or goes beside it."""
    whole = Tiny().add("ada", "Organization Admin").add("bob", "Organization Admin").snapshot()
    half = Tiny().add("ada", "Organization Admin").lose("members", status="partial").snapshot()
    found = lsnb.admins_over_time({"a": whole, "b": half, "c": whole, "d": whole})
    assert [2, None, 2, 2] == [None if pd.isna(n) else n for n in found["admins"]]
    assert ["", None, None, ""] == [None if pd.isna(text) else text for text in found["went"]]


def test_c1_a_log_from_a_time_to_an_earlier_one_is_refused(tmp_path):
    """It was empty, as if nothing had happened."""
    (tmp_path / "date=2026-11-02").mkdir()
    (tmp_path / "date=2026-11-02" / "part-0.parquet").write_bytes(b"")
    for since, until in (("2026-11-03", "2026-11-02"), ("2026-11-03", "2026-11-03")):
        with pytest.raises(LogStoreError, match="is not before until"):
            read_log(tmp_path, since=since, until=until)


# Policies


@pytest.mark.parametrize("until", ["20270131", "2027-01-31", "2027-W04-7"])
def test_c7_a_day_counts_to_its_end_however_it_is_written(tmp_path, until):
    """Without dashes it ended at its beginning."""
    path = tmp_path / "p.toml"
    path.write_text(f'[[waivers]]\ncheck = "LS-INV-01"\nresource = "*"\nowner = "o"\nreason = "r"\nuntil = "{until}"\n')
    policy, problems = check_policy(path)
    assert problems.empty
    assert pd.Timestamp("2027-02-01T00:00:00Z") == policy.waivers[0].ends_at
    assert until == policy.waivers[0].last_day


def test_c5_a_check_that_only_the_plan_makes_stop_refuses_the_plan(monkeypatch):
    """It was a warning, so the plan went through unjudged by it; a check that stops already stays a warning."""
    snapshot, plan = plan_for(idle(), ("eva", "Production", "Editor"))
    calls: list[int] = []

    def run(context):
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("odd")
        return iter(())

    monkeypatch.setitem(CHECKS, "LS-ADM-01", replace(CHECKS["LS-ADM-01"], run=run))
    refused = apply_gate(plan, snapshot)
    assert "policy:LS-ADM-01" in {verdict.rule for verdict in refused.refusals}
    calls.clear()
    allowed = apply_gate(replace(plan, allowed={"policy:LS-ADM-01": "seen, ticket 7"}), snapshot)
    assert "policy:LS-ADM-01" not in {verdict.rule for verdict in allowed.refusals}
    calls.append(1)
    before = apply_gate(plan, snapshot)
    assert "policy:LS-ADM-01" not in {verdict.rule for verdict in before.refusals}
    assert any("Not judged by LS-ADM-01" in verdict.message for verdict in before.warnings)


# The command


@pytest.mark.parametrize(
    "words",
    [
        ["snapshot", "-o", "x.lsnb", "--audit-days", "nan"],
        ["snapshot", "-o", "x.lsnb", "--usage-days", "-1"],
        ["export", "access", "-o", "x.csv", "--audit-days", "inf"],
        ["audit", "--log-days", "-5"],
        ["audit", "--log-days", "1e9"],
    ],
)
def test_d10_a_number_of_days_that_is_none_is_a_word_that_is_not_understood(words, capsys):
    """One ended as "something that lsnb did not expect", another as a log of no days."""
    assert 64 == main(words)
    assert "is no number from 0 to" in capsys.readouterr().err


def test_d10_overlapping_hours_that_are_no_number_are_refused(capsys):
    """Likewise."""
    assert 1 == main(["log", "sync", "d", "--overlap-hours", "nan", "--demo"])
    assert "must not be negative" in capsys.readouterr().err


@pytest.mark.parametrize("days", [float("nan"), -1, float("inf")])
def test_c1_a_reading_of_no_number_of_days_is_refused(server, days):
    """Before anything is read."""
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    for name in ("usage_days", "audit_days"):
        with pytest.raises(ConfigError, match=name):
            org.snapshot(**{name: days})


def test_c1_a_reading_of_no_days_of_usage_leaves_it_out(server):
    """As it does for the log; the service refused it."""
    snap = lsnb.connect(endpoint=server.url, api_key=server.key).snapshot(
        tables=["members", "usage", "audit_log"], usage_days=0, audit_days=0
    )
    assert not snap.is_readable("usage")
    assert snap.is_readable("members")


def test_c1_a_line_break_in_a_name_forges_no_line():
    """A name that the service gives stays within the one line of the error that lists it."""
    error = UnknownNameError("There are: Production\n2 alarms: none.", name="Produktion", nearest=("Production",))
    assert str(error).splitlines() == ["There are: Production 2 alarms: none."]
