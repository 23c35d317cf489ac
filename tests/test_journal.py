"""Journals: on disk before anything is sent, read back as they are, and never taken for whole when they are not."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lsnb.apply.journal import JournalWriter, new_journal, read_journal
from lsnb.errors import JournalError, SpentPlanError
from lsnb.plan import Plan, change_id, new_change, seal

NOW = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Let journals and notes go into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def plan():
    """Give a plan of two changes."""
    return plan_of("ada@example.com", "ben@example.com")


def plan_of(*emails, created_at="2026-11-24T09:00:00Z"):
    """Make a plan that changes somebody's role in Production."""
    viewer = {"role": "Viewer", "role_id": "r-v", "role_name": "WORKSPACE_VIEWER", "state": "active"}
    editor = {"role": "Editor", "role_id": "r-e", "role_name": "WORKSPACE_USER", "state": "active"}
    changes = tuple(
        new_change(
            "SetWorkspaceRole",
            email=email,
            before=editor,
            after=viewer,
            reason="row 2",
            ids={"workspace_id": "w-1", "role_id": "r-v"},
            workspace="Production",
        )
        for email in emails
    )
    return seal(Plan("org-1", "Acme", "api.example.com", "user:u-1", "update", (), created_at, changes))


def start(plan, path=None):
    """Start a journal."""
    return new_journal(plan, path, now=NOW, header={"lsnb": "0", "started_at": "2026-11-24T09:00:00Z", "workers": 8})[0]


def id_of(email):
    """Give the id of the change of somebody."""
    return change_id("SetWorkspaceRole", email, "workspace", "w-1")


def trying(*emails):
    """Make the line that a request goes out."""
    ids = [id_of(email) for email in emails]
    return {"event": "trying", "at": "2026-11-24T09:00:01Z", "step": "set-workspace-role", "ids": ids}


def outcome(email, word="done", **more):
    """Make the line that a change ended."""
    line = {"event": "outcome", "at": "2026-11-24T09:00:02Z", "id": id_of(email), "outcome": word}
    return line | {"reason": "", "next_step": ""} | more


def test_a_journal_reads_back_when_it_was_written(plan):
    """Header, plan and results are those that were written."""
    with start(plan) as writer:
        writer.write(trying("ada@example.com"))
        writer.write(outcome("ada@example.com"), {"event": "finished", "at": "2026-11-24T09:00:03Z"})
    record = read_journal(writer.path)
    assert plan == record.plan
    assert ("user:u-1", 8, plan.fingerprint) == tuple(record.header[name] for name in ("key", "workers", "fingerprint"))
    assert record.is_finished
    assert ["done", "not started"] == list(record.results_frame()["outcome"])
    assert ["trying", "outcome", "finished"] == list(record.entries_frame()["event"])
    assert "20261124T090000Z-" + plan.fingerprint[:8] + ".jsonl" == writer.path.name


def test_a_request_without_an_outcome_is_unknown_when_it_is_read(plan):
    """A kill between the request and its outcome leaves the change unknown, whatever was meant."""
    with start(plan) as writer:
        writer.write(trying("ada@example.com", "ben@example.com"), outcome("ben@example.com"))
    record = read_journal(writer.path)
    assert ["unknown", "done"] == list(record.results_frame()["outcome"])
    assert 1 == record.n_open
    assert not record.is_finished


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_last_line_is_left_out_when_it_is_read(plan, cut):
    """What was cut off by a kill says nothing, and everything before it counts."""
    with start(plan) as writer:
        writer.write(trying("ada@example.com"))
        writer.write(outcome("ada@example.com"))
    os.truncate(writer.path, writer.path.stat().st_size - cut)
    record = read_journal(writer.path)
    assert record.results[id_of("ada@example.com")].is_unknown
    assert writer.path.read_bytes()[: record.n_bytes].endswith(b"\n")


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[1]", b'{"at": 1}', b"\x00\x00\x00", b'{"event": "outcome", "id": "other"}']
)
def test_other_damage_is_refused_when_it_is_read(plan, line):
    """A line in the middle that makes no sense is named by its number."""
    with start(plan) as writer:
        writer.write(trying("ada@example.com"))
    with writer.path.open("ab") as file:
        file.write(line + b"\n" + json.dumps(outcome("ada@example.com")).encode() + b"\n")
    with pytest.raises(JournalError, match=r"Line 4 of the journal"):
        read_journal(writer.path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends before its first line"),
        (b'{"event": "head', "ends before its first line"),
        (b'{"event": "header", "version": 1}\n', "ends before the plan"),
        (b'{"event": "trying", "ids": []}\n{"event": "plan"}\n', "first line is no header"),
        (b'{"event": "header", "version": 99}\n{"event": "plan"}\n', "version 99"),
        (b'{"event": "header", "version": 1}\n{"event": "plan", "plan": {"version": 1}}\n', "does not hold the plan"),
    ],
)
def test_a_file_that_is_no_journal_is_refused_when_it_is_read(tmp_path, content, message):
    """Each way to be no journal has its own words."""
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=message):
        read_journal(path)


def test_lines_of_newer_kinds_are_kept_when_they_are_not_understood(plan):
    """A later lsnb may write more; what this one does not know is no damage."""
    with start(plan) as writer:
        writer.write({"event": "weather", "sun": True}, outcome("ada@example.com"))
    record = read_journal(writer.path)
    assert "done" == record.results[id_of("ada@example.com")].outcome
    assert "weather" == record.raw[0][1]["event"]


def test_only_the_owner_can_read_a_journal(plan):
    """It names people."""
    with start(plan) as writer:
        assert 0o600 == stat.S_IMODE(writer.path.stat().st_mode)


def test_many_threads_share_the_disk_when_they_write_at_once(plan, monkeypatch):
    """Lines that come while others are on their way go together, each whole, and all are there when `write` returns."""
    syncs = []
    real = os.fsync

    def slow(descriptor):
        syncs.append(descriptor)
        time.sleep(0.005)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    with start(plan) as writer:
        syncs.clear()

        def write(number):
            for step in range(20):
                writer.write({"event": "note", "thread": number, "step": step})
                assert f'"thread":{number},"step":{step}' + "}" in writer.path.read_text()

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = [line for _, line in read_journal(writer.path).raw]
    assert 160 == len(lines)
    for number in range(8):
        assert list(range(20)) == [line["step"] for line in lines if line["thread"] == number]
    assert len(syncs) < 80


def test_nothing_more_is_written_when_the_disk_is_full(plan, monkeypatch):
    """After an error every later write fails too, so that nothing is sent that is not written down."""

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    with start(plan) as writer:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(JournalError, match="No space left"):
            writer.write(trying("ada@example.com"))
        monkeypatch.undo()
        with pytest.raises(JournalError, match="No space left"):
            writer.write(trying("ada@example.com"))


def test_a_journal_is_refused_when_its_folder_cannot_be_written(plan, tmp_path):
    """Without a journal nothing is changed."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="so nothing is changed"):
        start(plan, tmp_path / "file" / "run.jsonl")


def test_a_plan_is_spent_when_it_has_a_journal(plan, tmp_path):
    """The same making of a plan gets no second journal, under any name; another making does."""
    start(plan, "first.jsonl").close()
    with pytest.raises(SpentPlanError, match=r"first\.jsonl"):
        start(plan, "second.jsonl")
    assert not Path("second.jsonl").exists()
    start(plan_of("ada@example.com", "ben@example.com", created_at="2026-11-24T10:00:00Z"), "third.jsonl").close()


def test_only_one_of_many_starts_a_plan_when_they_come_at_once(plan):
    """A double click is one run."""
    got = []

    def click():
        try:
            got.append(start(plan))
        except SpentPlanError as error:
            got.append(error)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writers = [item for item in got if isinstance(item, JournalWriter)]
    assert 1 == len(writers)
    assert 8 == len(got)
    writers[0].close()


def test_a_journal_is_continued_by_one_alone(plan):
    """Whoever goes on with a journal has it until the end."""
    start(plan, "run.jsonl").close()
    writer, _ = JournalWriter.reopen(Path("run.jsonl"))
    with pytest.raises(JournalError, match="in use"):
        JournalWriter.reopen(Path("run.jsonl"))
    writer.close()
    JournalWriter.reopen(Path("run.jsonl"))[0].close()


def test_a_closed_journal_takes_nothing(plan):
    """Writing after the end is a mistake that is not swallowed."""
    writer = start(plan)
    writer.close()
    with pytest.raises(JournalError, match="closed"):
        writer.write(trying("ada@example.com"))
