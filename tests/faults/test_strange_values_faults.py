"""One strange value in an answer costs at most its own cell or check: reading, audit, questions and comparison go on."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lsnb
from lsnb.checks import CHECKS
from lsnb.checks.spec import check
from lsnb.cli import main
from lsnb.errors import LsnbError
from lsnb.loader.fetch import SourceData
from lsnb.loader.frames import BUILDERS, build_tables
from lsnb.report.audit_html import audit_to_html
from lsnb.report.audit_text import audit_to_text
from lsnb.snapshot import Snapshot, SnapshotMeta
from tests.checks.tiny import OFFERED, READ_AT, Tiny, ago, place_id

STRANGE = (
    *(
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "1500-01-01T00:00:00Z",
        "2026-06-01T00:00:00+14:00",
        "2026-13-45",
    ),
    *(
        "2026-01-01T00:00:00",
        "",
        "  ",
        "x",
        None,
        7,
        -1,
        10**30,
        float("nan"),
        float("inf"),
        True,
        [],
        ["a"],
        {},
        {"a": 1},
    ),
)


def company() -> dict[str, Any]:
    """Make the answers of a small organization in which every list has a row."""
    tiny = Tiny("Production", "Staging", settings={"ip_allowlist": [], "sso_only": False, "display_name": "Acme"})
    tiny.add_role("Steward", "runs:delete").add("ada", "Organization Admin").add("bob", "Organization Admin")
    tiny.add("eva", places={"Production": "Steward"}, scim_groups=[{"name": "x:Production:Steward"}])
    tiny.add("late", state="pending", days=40).add_key("Ingestion").add_token("laptop", "ada").add_scim_token()
    tiny.add_sso().add_policy("p", "deny", "runs:read", ("Env", "equals", "x"), on=("Editor",)).add_tag("Env", "x")
    tiny.add_link("run").add_log("ada", "bob").add_usage(person="ada", days=2, traces=5)
    places = [{"id": place_id(name), "display_name": name, "created_at": ago(300)} for name in tiny.workspaces]
    records = {name: found for name, found in tiny.records.items() if name != "policies"}
    more = {"info": {**tiny.info, "id": "org 1"}, "roles": tiny.roles, "workspaces": places, "people": tiny.people}
    catalogue = [{"name": "runs:read", "access_scope": "workspace", "description": "Read runs"}]
    accounts = [{"id": "sa 1", "name": "robot", "created_at": ago(9)}]
    rest = {
        "policies": tiny.records["policies"],
        "usage": tiny.usage,
        "catalogue": catalogue,
        "service_accounts": accounts,
    }
    return {**records, **more, **rest}


def read(answers: dict[str, Any]) -> Snapshot:
    """Make a snapshot of answers as a reading does."""
    data = {name: SourceData(f"GET {name}", "complete", found, read_at=READ_AT) for name, found in answers.items()}
    unread: list[tuple[str, str, str]] = []
    caller = Tiny().snapshot().meta.caller
    frames = build_tables(set(BUILDERS), data, caller=caller, unread=unread)
    return Snapshot(SnapshotMeta("org 1", "Acme", "api", READ_AT, caller, "0", unread_cells=tuple(unread)), frames)


def paths(record: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the ways to every field of a record."""
    inner = record.items() if isinstance(record, dict) else enumerate(record[:1]) if isinstance(record, list) else ()
    return [path for key, value in inner for path in ((*before, key), *paths(value, (*before, key)))]


ANSWERS = company()
FIELDS = [(name, path) for name, found in ANSWERS.items() for path in paths(found if name != "tags" else [])]


def spoil(name: str, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Put a strange value into one field of one answer."""
    answers = copy.deepcopy(ANSWERS)
    place = answers[name]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return answers


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(field=st.sampled_from(FIELDS), value=st.sampled_from(STRANGE))
def test_c5_no_strange_value_anywhere_costs_more_than_its_cell_or_check(field, value):
    """Whatever a field holds, all that is raised are errors of our own; checks that stop are told."""
    name, path = field
    snapshot = read(spoil(name, path, value))
    for ask in (
        lambda: lsnb.audit(snapshot),
        lambda: snapshot.who_can("runs:read"),
        lambda: snapshot.who_can("organization:manage"),
        lambda: lsnb.diff(read(ANSWERS), snapshot).to_text(),
        lambda: repr(snapshot) + snapshot._repr_html_(),
    ):
        with contextlib.suppress(LsnbError):  # a sentence of our own, such as that a table could not be read
            ask()


def test_c5_a_record_that_is_none_costs_its_row_only():
    """A workspace without name and id is in no finding's way."""
    found = lsnb.audit(read(spoil("workspaces", (0,), float("inf"))))
    assert set(CHECKS) == set(found["id"])


def test_c5_the_year_one_is_never_and_the_audit_goes_on():
    """As servers written in Go write that a key was never used, and that a token was never revoked."""
    tiny = Tiny().add("ada", "Organization Admin").add_key("Idle", days=100, last_used_at="0001-01-01T00:00:00Z")
    tiny.add_key("Busy").add_token("laptop", "ada", revoked_at="0001-01-01T00:00:00Z", last_used_at="0001-01-01")
    snapshot = tiny.snapshot()
    found = lsnb.audit(snapshot)
    assert "Never used." in set(found.loc[found["id"] == "LS-KEY-03", "reason"])
    assert not found["resource"].fillna("").str.startswith("check:").any()
    assert snapshot.access_tokens["is_revoked"].isna().all()


@pytest.mark.parametrize(
    "ends", [("1971-01-01T00:00:00Z", "9999-12-31T23:59:59Z"), ("9999-01-01", "0001-01-01T00:00:00Z")]
)
def test_c5_times_centuries_apart_are_counted(ends):
    """A difference of pandas holds 292 years, and a key may end in the year 9999."""
    made, end = ends
    snapshot = Tiny().add("ada", "Organization Admin").add_key("Odd", created_at=made, expires_at=end).snapshot()
    found = lsnb.audit(snapshot, only=["LS-KEY"])
    assert not found["resource"].fillna("").str.startswith("check:").any()


@pytest.mark.parametrize("value", ["1500-01-01T00:00:00Z", "yesterday", ["a"], {"a": 1}])
def test_c5_a_cell_that_is_not_understood_is_unknown_and_said(value):
    """The table stays, the cell is missing, and `completeness` names it; it never counts as unused."""
    snapshot = read(spoil("service_keys", (0, "last_used_at"), value))
    assert pd.isna(snapshot.service_keys["last_used_at"].iloc[0])
    assert "last_used_at" in " ".join(snapshot.completeness["reason"].dropna())
    assert ("complete", "") == snapshot.status("service_keys")
    found = lsnb.audit(snapshot, only=["LS-KEY-03"])
    assert "alarm" not in set(found["status"])


def test_c5_a_check_that_stumbles_is_an_error_of_its_own(monkeypatch, tmp_path, capsys):
    """It is told in every form and by the exit code, and all other checks go on."""

    @check("LS-ADM-01", "t", severity="high", why="w", fix="f", supports="S CC6.1", needs=("members",))
    def stumble(_context):
        """Stumble."""
        raise OverflowError("year 10000 is out of range")
        yield

    monkeypatch.setitem(CHECKS, "LS-ADM-01", stumble)
    snapshot = Tiny(offered=OFFERED).add("ada", "Organization Admin").snapshot()
    found = lsnb.audit(snapshot)
    row = found[found["id"] == "LS-ADM-01"].iloc[0]
    assert ("error", "check:LS-ADM-01") == (row["status"], row["resource"])
    assert set(CHECKS) == set(found["id"])
    for text in (audit_to_text(found, snapshot), audit_to_html(found, snapshot)):
        assert "year 10000" in text
    snapshot.save(tmp_path / "x.lsnb")
    assert 2 == main(["audit", "--snapshot", str(tmp_path / "x.lsnb"), "--only", "LS-ADM-01"])
    assert "Could not check LS-ADM-01" in capsys.readouterr().err
