"""The command: what it prints, what it writes, and how it exits."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import requests

import lsnb
from lsnb.cli import main
from lsnb.cli.common import printable


@pytest.fixture
def keyed(server, monkeypatch):
    """Put the address and an admin's token of a demo organization into the environment."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    return server


def test_whoami_prints_one_json_document(keyed, capsys):
    """With --json nothing but one document is on standard output."""
    assert 0 == main(["whoami", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert ("Acme Robotics", "ada.lindqvist@acme.example", True) == (
        data["organization"],
        data["email"],
        data["can_manage"],
    )


def test_whoami_prints_text(keyed, capsys):
    """Without it a person reads a summary."""
    assert 0 == main(["whoami"])
    out = capsys.readouterr().out
    assert "Organization Admin" in out
    assert keyed.key not in out


def test_snapshot_writes_a_file_that_reads_back(keyed, tmp_path, capsys):
    """The file holds what was counted on standard output."""
    assert 0 == main(["snapshot", "-o", str(tmp_path / "x.lsnb")])
    captured = capsys.readouterr()
    snap = lsnb.load_snapshot(tmp_path / "x.lsnb")
    assert re.search(rf"^members +{len(snap.members)}$", captured.out, re.M)
    assert "access_tokens is partial" in captured.err


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "json"])
def test_export_writes_every_format(keyed, tmp_path, ending, capsys):
    """All formats hold the same people, and access takes four requests."""
    target = tmp_path / f"a.{ending}"
    assert 0 == main(["export", "access", "-o", str(target)])
    assert 4 == len(keyed.requests)
    emails = {
        "csv": lambda: pd.read_csv(target)["email"],
        "xlsx": lambda: pd.Series([row[0].value for row in openpyxl.load_workbook(target).active.iter_rows(min_row=2)]),
        "parquet": lambda: pd.read_parquet(target)["email"],
        "json": lambda: pd.Series([record["email"] for record in json.loads(target.read_text())]),
    }[ending]()
    rows = int(re.search(r"access: ([\d,]+) rows", capsys.readouterr().out).group(1))
    assert rows == len(emails)
    assert "ada.lindqvist@acme.example" in set(emails)


def test_failing_page_exits_1_and_writes_no_file(keyed, tmp_path, capsys):
    """A page that fails four times ends the command, and half a table is not written."""
    fault = {
        "method": "GET",
        "path": "/orgs/current/members",
        "times": 4,
        "kind": "status",
        "status": 500,
        "headers": {"Retry-After": "0"},
    }
    requests.post(f"{keyed.url}/_sandbox/faults", json=fault, timeout=5).raise_for_status()
    assert 1 == main(["export", "access", "-o", str(tmp_path / "a.csv")])
    captured = capsys.readouterr()
    assert "500" in captured.err
    assert "" == captured.out
    assert [] == list(tmp_path.iterdir())


def test_unreadable_table_exits_1_and_writes_no_file(keyed, tmp_path, monkeypatch, capsys):
    """A table that the key may not read is not written as an empty one."""
    monkeypatch.setenv("LANGSMITH_API_KEY", keyed.keys["viewer_pat"])
    assert 1 == main(["export", "audit_log", "-o", str(tmp_path / "a.csv")])
    assert "not the same as empty" in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "acess", "-o", "x.csv"], "There are: members"),
        (["export", "access", "-o", "x.txt"], "must end in"),
        (["export", "access", "-o", "no/x.csv"], "does not exist"),
        (["snapshot", "-o", "no/x.lsnb"], "does not exist"),
        (["snapshot", "-o", "x.lsnb", "--tables", "mebers"], "There are: members"),
    ],
)
def test_wrong_words_exit_1_before_anything_is_read(keyed, tmp_path, monkeypatch, capsys, words, message):
    """What cannot work is said before the organization is read."""
    monkeypatch.chdir(tmp_path)
    assert 1 == main(words)
    assert message in capsys.readouterr().err
    assert [] == keyed.requests


def test_no_key_is_an_error_and_not_a_demo(tmp_path, capsys):
    """A nightly run without its key must not succeed with invented people."""
    assert 1 == main(["export", "access", "-o", str(tmp_path / "a.csv")])
    assert "--demo" in capsys.readouterr().err
    assert 0 == main(["export", "access", "-o", str(tmp_path / "a.csv"), "--demo"])


def test_expired_key_exits_1(keyed, monkeypatch, capsys):
    """An expired key is one sentence, not a trace."""
    monkeypatch.setenv("LANGSMITH_API_KEY", keyed.keys["expired_pat"])
    assert 1 == main(["whoami"])
    error = capsys.readouterr().err
    assert "expired" in error
    assert "Traceback" not in error


def test_names_cannot_steer_the_terminal():
    """Control characters of a name are shown as unprintable."""
    assert "a\ufffd[31mb\nc" == printable("a\x1b[31mb\nc")


def read_first_line(process):
    """Read the one line that the sandbox prints."""
    return json.loads(process.stdout.readline())


def test_sandbox_prints_one_line_and_serves_both_path_forms(tmp_path, child_environment):
    """The command prints address, organization and keys, and its answers are logged without key texts."""
    log = tmp_path / "log.jsonl"
    words = [sys.executable, "-m", "lsnb", "sandbox", "--port", "0", "--seed", "small", "--log", str(log)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=child_environment) as process:
        described = read_first_line(process)
        names = {
            "admin_pat",
            "admin_service_key",
            "operator_pat",
            "user_pat",
            "viewer_pat",
            "workspace_key",
            "expired_pat",
        }
        assert names <= set(described["keys"])
        headers = {"X-API-Key": described["keys"]["admin_pat"], "X-Organization-Id": described["organization_id"]}
        for path in ("/v1/platform/orgs/current/members", "/api/v1/platform/orgs/current/members"):
            answer = requests.get(described["url"] + path, headers=headers, timeout=5)
            assert 200 == answer.status_code
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(20)
        assert "" == process.stdout.read()
    content = log.read_text()
    assert ["admin_pat", "admin_pat"] == [json.loads(line)["key"] for line in content.splitlines()]
    assert all(secret not in content for secret in described["keys"].values())


def test_sandbox_keeps_its_state_in_a_file(tmp_path, child_environment):
    """What was changed is there again after a restart."""
    state = tmp_path / "state.json"
    words = [sys.executable, "-m", "lsnb", "sandbox", "--seed", "small", "--state", str(state)]
    for created in (False, True):
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=child_environment) as process:
            described = read_first_line(process)
            headers = {"X-API-Key": described["keys"]["admin_pat"]}
            url = described["url"] + "/api/v1/workspaces"
            names = [place["display_name"] for place in requests.get(url, headers=headers, timeout=5).json()]
            assert created == ("Kept" in names)
            if not created:
                requests.post(url, headers=headers, json={"display_name": "Kept"}, timeout=5).raise_for_status()
            process.send_signal(signal.SIGINT)
            assert 0 == process.wait(20)


def test_no_key_is_left_anywhere(tmp_path, child_environment):
    """A whole run as a person would make it leaves no key in any output, log or file."""
    log = tmp_path / "log.jsonl"
    words = [sys.executable, "-m", "lsnb", "sandbox", "--log", str(log)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=child_environment) as process:
        described = read_first_line(process)
        output = ""
        for name in ("admin_pat", "viewer_pat", "workspace_key", "expired_pat"):
            environment = child_environment | {
                "LANGSMITH_ENDPOINT": described["url"],
                "LANGSMITH_API_KEY": described["keys"][name],
            }
            # All commands in one process: most of the time of each would be its start.
            code = (
                "from lsnb.cli import main; words = 'whoami|whoami --json|snapshot -o {0}.lsnb|"
                "export access -o {0}.csv|export service_keys -o {0}.json'; "
                f"[main(line.format('{name}').split()) for line in words.split('|')]"
            )
            run = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                env=environment,
                cwd=tmp_path,
                check=True,
                timeout=60,
            )
            assert "Traceback" not in run.stderr
            output += run.stdout + run.stderr
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert (tmp_path / "admin_pat.lsnb").exists()
    for secret in described["keys"].values():
        assert secret not in output
        assert secret.encode() not in written


def wait_for_requests(url):
    """Wait until a reading is under way: the service has answered something, and more is being asked."""
    for _ in range(600):
        lines = requests.get(f"{url}/_sandbox/requests", timeout=10).json()
        if any(not line["path"].startswith("/_sandbox") for line in lines):
            return
        time.sleep(0.1)
    raise AssertionError("nothing was asked of the service")


@pytest.mark.skipif(os.name != "posix", reason="interrupts are sent as signals")
def test_interrupt_ends_a_reading_at_once(tmp_path, child_environment):
    """Ctrl-C stops with 130, and no half file is left."""
    words = [sys.executable, "-m", "lsnb", "sandbox", "--latency-ms", "1500"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=child_environment) as process:
        described = read_first_line(process)
        environment = child_environment | {
            "LANGSMITH_ENDPOINT": described["url"],
            "LANGSMITH_API_KEY": described["keys"]["admin_pat"],
        }
        reading = subprocess.Popen(
            [sys.executable, "-m", "lsnb", "snapshot", "-o", "x.lsnb"],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests that run in the background of a shell hand down that interrupts are ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        wait_for_requests(described["url"])
        reading.send_signal(signal.SIGINT)
        _, error = reading.communicate(timeout=20)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert 130 == reading.returncode, error
    assert "stopped" in error
    assert [] == list(Path(tmp_path).iterdir())
