"""The subcommands `log sync` and `diff`: what they print, what they write, and how they exit."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import lsnb
from lsnb.cli import main
from lsnb.files.log import LogStore, read_log
from lsnb.loader import load_snapshot_of
from lsnb.service.api import Api
from lsnb.service.config import load_settings
from lsnb.service.progress import Silent
from lsnb.service.transport import Transport
from lsnb.snapshot import Snapshot

ROLES = "/api/v1/orgs/current/roles"


@pytest.fixture
def keyed(server, monkeypatch):
    """Put the address and an admin's token of a demo organization into the environment."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    return server


def api_of(server):
    """Connect to a server."""
    return Api(Transport(load_settings(endpoint=server.url, api_key=server.key, environ={})))


def read(server, path):
    """Save a snapshot without its log, and give it."""
    snap = load_snapshot_of(api_of(server), exclude=["usage", "audit_log"], display=Silent())
    snap.save(path)
    return snap


def act(server):
    """Make a role."""
    body = {"name": "", "display_name": "Night shift", "description": "x", "permissions": ["runs:read"]}
    api_of(server).transport.request("POST", ROLES, body=body)


def test_sync_prints_what_it_did_and_again_nothing_new(keyed, tmp_path, capsys):
    """The folder opens with what was counted."""
    words = [
        "log",
        "sync",
        str(tmp_path / "log"),
        "--since",
        f"{pd.Timestamp.now('UTC') - pd.Timedelta(days=20):%Y-%m-%d}",
    ]
    assert 0 == main(words)
    log = read_log(tmp_path / "log")
    assert f"{len(log):,} new events" in capsys.readouterr().out
    assert 0 == main([*words, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (0, []) == (document["n_new"], document["gaps"])
    assert log.equals(lsnb.read_log(tmp_path / "log"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--since", "someday"], "is no time"),
        (["--since", "2026-02-02", "--until", "2026-02-01"], "not before"),
        (["--overlap-hours", "-1"], "negative"),
    ],
)
def test_sync_refuses_what_cannot_be(words, reason, keyed, tmp_path, capsys):
    """Each mistake has its sentence, and the exit code is 1."""
    assert 1 == main(["log", "sync", str(tmp_path / "log"), *words])
    assert reason in capsys.readouterr().err


def test_two_syncs_at_once(keyed, tmp_path, capsys):
    """The second one is refused."""
    with LogStore(tmp_path / "log").locked():
        assert 1 == main(["log", "sync", str(tmp_path / "log")])
    assert "Another sync" in capsys.readouterr().err


def test_diff_of_two_files(keyed, tmp_path, capsys):
    """No differences exit with 0, differences with 2; the kept log explains them."""
    before, after = tmp_path / "a.lsnb", tmp_path / "b.lsnb"
    read(keyed, before)
    assert 0 == main(["diff", str(before), str(before)])
    assert "No differences" in capsys.readouterr().out
    act(keyed)
    read(keyed, after)
    assert 2 == main(["diff", str(before), str(after)])
    out = capsys.readouterr().out
    assert "no event explains it" in out
    assert "There was no audit log" in out
    since = f"{pd.Timestamp.now('UTC') - pd.Timedelta(days=3):%Y-%m-%d}"
    assert 0 == main(["log", "sync", str(tmp_path / "log"), "--since", since])
    capsys.readouterr()
    assert 2 == main(["diff", str(before), str(after), "--log", str(tmp_path / "log"), "--json"])
    document = json.loads(capsys.readouterr().out)
    (row,) = document["differences"]
    assert ("roles", "added", "Night shift") == (row["area"], row["change"], row["item"])
    assert ("create_role", "ada.lindqvist@acme.example", True) == (row["operation"], row["actor"], row["attributed"])
    assert keyed.key not in json.dumps(document)


def test_diff_with_the_organization_now(keyed, tmp_path, capsys):
    """One file alone is compared with what is there now, with the log of the time between."""
    read(keyed, tmp_path / "a.lsnb")
    assert 0 == main(["diff", str(tmp_path / "a.lsnb")])
    act(keyed)
    capsys.readouterr()
    assert 2 == main(["diff", str(tmp_path / "a.lsnb")])
    assert "create_role" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["html", "md", "json", "csv", "txt"])
def test_diff_writes_every_form(ending, keyed, tmp_path, capsys):
    """The file holds every difference, and its form follows from its name."""
    read(keyed, tmp_path / "a.lsnb")
    act(keyed)
    read(keyed, tmp_path / "b.lsnb")
    target = tmp_path / f"out.{ending}"
    assert 2 == main(["diff", str(tmp_path / "a.lsnb"), str(tmp_path / "b.lsnb"), "-o", str(target)])
    content = target.read_text(encoding="utf-8")
    assert "Night shift" in content
    starts = {"html": "<!DOCTYPE html>", "md": "## ", "json": "{", "csv": "area,", "txt": "What changed"}
    assert content.startswith(starts[ending])


def test_diff_refuses_what_cannot_be(keyed, tmp_path, capsys):
    """Another ending, no file, another organization's snapshot or log: exit code 1 and nothing written."""
    snap = read(keyed, tmp_path / "a.lsnb")
    a = str(tmp_path / "a.lsnb")
    assert 1 == main(["diff", a, a, "-o", str(tmp_path / "x.pdf")])
    assert 1 == main(["diff", str(tmp_path / "missing.lsnb"), a])
    other = Snapshot(replace(snap.meta, organization_id="another", organization="Other"), snap._tables)
    other.save(tmp_path / "other.lsnb")
    capsys.readouterr()
    assert 1 == main(["diff", a, str(tmp_path / "other.lsnb")])
    assert "different organizations" in capsys.readouterr().err
    since = f"{pd.Timestamp.now('UTC') - pd.Timedelta(days=1):%Y-%m-%d}"
    assert 0 == main(["log", "sync", str(tmp_path / "log"), "--since", since])
    assert 1 == main(
        ["diff", str(tmp_path / "other.lsnb"), str(tmp_path / "other.lsnb"), "--log", str(tmp_path / "log")]
    )
    assert "another organization" in capsys.readouterr().err
    assert 1 == main(["diff", a, a, "--log", str(tmp_path / "nowhere")])
