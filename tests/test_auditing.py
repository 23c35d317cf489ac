"""The subcommands of the audit: alarms and exit codes, who can what, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.cli import main
from lsnb.policy import policy_to_toml
from lsnb.sandbox.seeds.expected_findings import PLANTED
from lsnb.sandbox.seeds.roster import make_roster
from tests.checks.test_seeds import POLICY

ADA = "ada.lindqvist@acme.example"


@pytest.fixture
def keyed(server, monkeypatch):
    """Put the address and an admin's token of a demo organization into the environment."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    return server


def test_alarms_are_listed_worst_first_and_exit_with_2(keyed, tmp_path, capsys):
    """The demo organization has alarms of every severity; the file holds all rows."""
    assert 2 == main(["audit", "-o", str(tmp_path / "f.csv"), "--json"])
    rows = json.loads(capsys.readouterr().out)
    findings = pd.read_csv(tmp_path / "f.csv")
    assert len(rows) == len(findings)
    alarms = findings[findings["status"] == "alarm"]
    order = ["critical", "high", "medium", "low"]
    assert order == list(dict.fromkeys(alarms["severity"]))


def test_tidy_organization_has_no_alarm(monkeypatch, capsys):
    """Where nothing is wrong the exit code is 0."""
    with sandbox.start(seed="tidy") as server:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
        assert 0 == main(["audit"])
    assert "\n0 alarms." in capsys.readouterr().out


def test_severity_decides_the_exit_code(keyed, tmp_path):
    """Alarms below the asked severity do not fail a schedule; a saved snapshot needs no key."""
    lsnb.connect().snapshot().save(tmp_path / "x.lsnb")
    words = ["audit", "--snapshot", str(tmp_path / "x.lsnb"), "--only", "LS-INV-01"]
    assert 2 == main([*words, "--fail-on", "medium"])
    assert 0 == main([*words, "--fail-on", "high"])


def test_unreadable_part_is_not_fine(keyed, monkeypatch, capsys):
    """A key that may not read tokens gets "could not check", not silence."""
    monkeypatch.setenv("LANGSMITH_API_KEY", keyed.keys["admin_service_key"])
    main(["audit", "--only", "LS-PAT"])
    error = capsys.readouterr().err
    assert "Could not check LS-PAT-01" in error


def test_who_can_agrees_with_explain(keyed, capsys):
    """Everybody who is listed is allowed when asked for one by one, with the reasons."""
    assert 0 == main(["who-can", "workspaces:manage-members", "Production", "--json"])
    people = {row["email"] for row in json.loads(capsys.readouterr().out)}
    assert ADA in people
    assert 0 == main(["explain", ADA, "workspaces:manage-members", "Production", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert "allowed" == found["decision"]
    assert any("Organization Admin" in reason["text"] for reason in found["reasons"])
    assert 0 == main(["explain", "hannah.schmidt@acme.example", "workspaces:manage-members", "Production"])
    assert "denied" in capsys.readouterr().out


def test_findings_become_sheets_and_the_rest_is_told(keyed, tmp_path, capsys):
    """The folder holds a sheet per kind, which plans without a problem, and what is left to people."""
    main(["audit", "--only", "LS-INV", "LS-KEY-03", "--fixes", str(tmp_path / "fixes")])
    assert {"access.csv", "keys.csv", "by-hand.csv"} == {path.name for path in (tmp_path / "fixes").iterdir()}
    assert "left to people in by-hand.csv" in capsys.readouterr().err
    assert 2 == main(["plan", str(tmp_path / "fixes" / "access.csv")])
    assert "LS-INV-01" in capsys.readouterr().out


def test_command_reports_every_planted_finding_and_no_other(keyed, tmp_path, capsys):
    """With the policy, the roster and last time's snapshot as files, each check alarms as often as was planted."""
    keyed.behaviours.update({"pats_listed": "all"})
    with sandbox.start(seed="tidy") as tidy:
        lsnb.connect(endpoint=tidy.url, api_key=tidy.key).snapshot(audit_days=0).save(tmp_path / "tidy.lsnb")
    (tmp_path / "policy.toml").write_text(policy_to_toml(POLICY), encoding="utf-8")
    pd.DataFrame(make_roster()).to_csv(tmp_path / "roster.csv", index=False)
    files = {"--policy": "policy.toml", "--roster": "roster.csv", "--earlier": "tidy.lsnb"}
    words = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
    assert 2 == main(["audit", *words, "--json"])
    rows = pd.DataFrame(json.loads(capsys.readouterr().out))
    found = rows[rows["status"] == "alarm"]["id"].value_counts().to_dict()
    assert {check: len(planted) for check, planted in PLANTED.items()} == found
    assert not (rows["status"] == "error").any()


def test_all_sheets_of_a_repair_make_one_plan(keyed, tmp_path, capsys):
    """Every sheet is understood; what cannot come back is refused until it is named, and the rest is what was found."""
    keyed.behaviours.update({"pats_listed": "all"})
    main(["audit", "--fixes", str(tmp_path)])
    sheets = sorted(str(path) for path in tmp_path.glob("*.csv") if path.stem != "by-hand")
    assert ["access", "keys", "settings", "tokens"] == [Path(path).stem for path in sheets]
    capsys.readouterr()
    assert 3 == main(["plan", *sheets, "--json"])
    plan = json.loads(capsys.readouterr().out)
    kinds = {change["kind"] for change in plan["changes"]}
    assert {"RemoveMember", "CancelInvite", "DeleteServiceKey", "RevokeAccessToken", "UpdateSettings"} <= kinds
    assert all("LS-" in change["reason"] for change in plan["changes"])
    rules = {refusal["rule"].partition(":")[0] for refusal in plan["refusals"]}
    assert "irreversible" in rules
    assert rules <= {"irreversible", "max-removals"}


@pytest.mark.parametrize("ending", ["html", "md", "json", "csv", "xlsx"])
def test_report_is_written_in_every_form(keyed, tmp_path, ending):
    """Each ending gives its form; the exit code is that of the alarms."""
    path = tmp_path / f"report.{ending}"
    assert 2 == main(["audit", "--only", "LS-INV", "-o", str(path)])
    assert path.stat().st_size > 500


def test_policy_is_written_checked_and_obeyed(keyed, tmp_path, capsys):
    """What `policy init` writes is right, and a threshold that is changed in it decides the audit."""
    path = tmp_path / "policy.toml"
    assert 0 == main(["policy", "init", "-o", str(path)])
    assert 0 == main(["policy", "check", str(path)])
    assert "without problems" in capsys.readouterr().err
    assert 2 == main(["audit", "--only", "LS-INV-01", "--policy", str(path)])
    path.write_text(path.read_text().replace("invite_days = 14", "invite_days = 400"))
    assert 0 == main(["audit", "--only", "LS-INV-01", "--policy", str(path)])
    path.write_text(path.read_text().replace("invite_days", "invite_day"))
    capsys.readouterr()
    assert 1 == main(["policy", "check", str(path), "--json"])
    assert ["did you mean 'invite_days'?"] == [row["hint"] for row in json.loads(capsys.readouterr().out)]
    assert 1 == main(["audit", "--policy", str(path)])
    assert 1 == main(["policy", "init", "-o", str(path)])
    assert "there already" in capsys.readouterr().err


def test_policy_is_printed_or_written_as_a_table(tmp_path, capsys):
    """Without a file it is printed; as CSV it reads back as the defaults."""
    assert 0 == main(["policy", "init"])
    assert "max_admins = 4" in capsys.readouterr().out
    assert 0 == main(["policy", "init", "-o", str(tmp_path / "p.csv")])
    assert lsnb.Policy() == lsnb.load_policy(tmp_path / "p.csv")


def test_only_what_the_checks_look_at_is_read(keyed):
    """Checks of invitations need no log, no tokens and no usage; dormancy needs all of them, over 400 days."""
    keyed.requests.clear()
    main(["audit", "--only", "LS-INV-01"])
    asked = {line["path"] for line in keyed.requests}
    assert not any("audit-logs" in path or "access-tokens" in path or "usage" in path for path in asked)
    main(["audit", "--only", "LS-MEM-03"])
    logs = [line for line in keyed.requests if "audit-logs" in line["path"]]
    assert logs
    starts = [pd.Timestamp(line["query"].split("start_time=")[1].split("&")[0].replace("%3A", ":")) for line in logs]
    assert 399 < (pd.Timestamp.now("UTC") - min(starts)).days <= 401


def test_checks_named_by_several_options_all_run(keyed, capsys):
    """A second `--only` adds to the first: a check that was asked for is never silently left out."""
    main(["audit", "--only", "LS-INV-01", "--only", "LS-KEY-02", "--json"])
    assert {"LS-INV-01", "LS-KEY-02"} == {row["id"] for row in json.loads(capsys.readouterr().out)}
