"""The subcommands of the audit: alarms and exit codes, who can what, and why."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.cli import main

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
    assert "(no rows)" in capsys.readouterr().out


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
