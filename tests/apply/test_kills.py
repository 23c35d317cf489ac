"""A run that is killed at any point goes on to where an undisturbed run ends, and no invitation goes out twice."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lsnb import sandbox
from lsnb.apply.journal import read_journal
from lsnb.apply.journal.writer import JournalWriter
from lsnb.errors import JournalError
from lsnb.plan import plan_to_json
from lsnb.service.transport import Transport
from tests.apply.acme import MIXED, Acme, difference


class Killed(BaseException):
    """The process ends here: nothing of ours catches it."""


class Mortal(Transport):
    """A transport whose process is killed at one of its requests that change something.

    Attributes:
        at: the number of that request, from 0; None for never.
        moment: "before" it is sent, or "after" the service has carried it out and before anybody learns so.
    """

    at = None
    moment = "before"
    n_writes = 0
    is_dead = False

    def request(self, method, path, **how):
        """Send it, and die where that is due."""
        if self.is_dead:
            raise Killed
        is_due = method != "GET" and self.n_writes == self.at
        self.n_writes += method != "GET"
        self.is_dead = is_due
        if is_due and self.moment == "before":
            raise Killed
        answer = super().request(method, path, **how)
        if self.is_dead:
            raise Killed
        return answer


EVERY_BOUNDARY = [("before", 1), ("after", 1), ("answered", 1), ("resumed", 3)]


@pytest.mark.parametrize(
    ("moment", "step"),
    [
        ("before", 9),
        ("answered", 11),
        *(pytest.param(*both, marks=pytest.mark.thorough) for both in EVERY_BOUNDARY),
    ],
)
def test_every_boundary_of_a_mixed_plan_can_be_survived_when_the_process_is_killed(server, moment, step):
    """Before sending, after sending, after the answer, and while going on: the end is that of the quiet run."""
    acme = Acme(server)
    plan = acme.plan(*MIXED)
    assert 30 <= len(plan)
    quiet = acme.apply(plan)
    assert quiet.is_done, str(quiet)
    expected, mails, n_writes = acme.grants(), acme.mails(), len(acme.writes())
    for number in range(0, n_writes, step):
        server.reset()
        again = replace(plan, created_at=acme.stamp())
        journal = Path(f"{moment}-{number}.jsonl")
        kill(server, again, journal, moment, number)
        run = acme.resume(journal)
        assert run.is_done, f"{moment} {number}: {run}"
        assert ({}, {}) == difference(expected, acme.grants()), f"{moment} {number}"
        assert mails == acme.mails(), f"{moment} {number}"


def kill(server, plan, journal, moment, number):
    """Apply a plan in a process that is killed at one of its writes."""
    mortal = Acme(server, transport=Mortal)
    mortal.transport.at = number
    mortal.transport.moment = "after" if moment == "answered" else moment
    seen = []

    def die(event):
        # The answer is there and its outcome not yet on disk.
        seen.extend([event] if event.kind == "outcome" else [])
        if moment == "answered" and len(seen) > number:
            mortal.transport.is_dead = True
            raise Killed

    if moment == "answered":
        mortal.transport.at = None
    if moment == "resumed":
        mortal.transport.moment = "after"
    try:
        mortal.apply(plan, journal=journal, workers=1, on_event=die)
    except Killed:
        pass
    else:
        assert moment == "answered"  # fewer outcomes than requests: some changes take two
    if moment == "resumed":
        second = Acme(server, transport=Mortal)
        second.transport.at, second.transport.moment = 1, "after"
        with contextlib.suppress(Killed):  # near the end nothing is left to die at
            second.resume(journal, workers=1)


def test_nothing_is_lost_when_the_process_is_killed_before_the_first_request(acme):
    """A journal with a plan and nothing else is gone on with."""
    plan = acme.plan(*MIXED)

    def die(event):
        if event.kind == "reading":
            raise Killed

    with pytest.raises(Killed):
        acme.apply(plan, on_event=die, journal="run.jsonl")
    assert [] == acme.writes()
    assert acme.resume("run.jsonl").is_done


def test_eight_threads_are_survived_when_the_process_is_killed(acme):
    """What other threads had under way is looked up too."""
    plan = acme.plan(*MIXED)
    acme.apply(plan)
    expected, mails = acme.grants(), acme.mails()
    for number in (1, 6, 12, 20):
        acme.server.reset()
        journal = f"threads-{number}.jsonl"
        mortal = Acme(acme.server, transport=Mortal)
        mortal.transport.at, mortal.transport.moment = number, "after"
        with pytest.raises(Killed):
            mortal.apply(replace(plan, created_at=acme.stamp()), journal=journal, workers=8)
        run = acme.resume(journal)
        assert run.is_done, str(run)
        assert ({}, {}) == difference(expected, acme.grants())
        assert mails == acme.mails()


CHILD = """
import json, sys
from lsnb.service.api import Api
from lsnb.apply import apply_plan
from lsnb.service.config import load_settings
from lsnb.plan import plan_from_json
from lsnb.service.progress import Silent
from lsnb.service.transport import Transport

told = json.load(sys.stdin)
plan = plan_from_json(told["plan"])
api = Api(Transport(load_settings(endpoint=told["url"], api_key=told["key"], environ={}), workers=4))
apply_plan(api, plan, confirm=plan.fingerprint, workers=4, journal=told["journal"], display=Silent())
"""


@pytest.mark.parametrize("n_writes", [1, 9, 23])
def test_a_killed_process_is_survived_when_it_is_kill_9(tmp_path, child_environment, n_writes):
    """A real process that is killed in the middle, with several requests under way, is gone on with by another."""
    with sandbox.start(seed="small") as server:
        acme = Acme(server)
        plan = acme.plan(*MIXED)
        acme.apply(plan, journal="quiet.jsonl")
        expected, mails = acme.grants(), acme.mails()
        server.reset()
        server.instance.latency_ms = 30
        again = replace(plan, created_at=acme.stamp())
        told = {
            "plan": plan_to_json(again),
            "url": server.url,
            "key": server.key,
            "journal": str(tmp_path / "run.jsonl"),
        }
        with subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            env=child_environment | {"XDG_STATE_HOME": str(tmp_path / "state")},
            text=True,
        ) as child:
            child.stdin.write(json.dumps(told))
            child.stdin.close()
            while len(acme.writes()) < n_writes and child.poll() is None:
                time.sleep(0.002)
            child.send_signal(signal.SIGKILL)
        assert -signal.SIGKILL == child.returncode
        time.sleep(0.1)  # what the server had received by then is carried out
        server.instance.latency_ms = 0
        assert not read_journal(told["journal"]).is_finished
        run = acme.resume(told["journal"])
        assert run.is_done, str(run)
        assert ({}, {}) == difference(expected, acme.grants())
        assert mails == acme.mails()


def test_a_journal_is_refused_when_another_process_is_writing_it(acme):
    """Two processes never carry out one journal at the same time."""
    plan = acme.plan(*MIXED)

    def die(event):
        if event.kind == "stage" and event.stage == "remove":
            raise Killed

    with pytest.raises(Killed):
        acme.apply(plan, journal="run.jsonl", on_event=die)
    writer, _ = JournalWriter.reopen(Path("run.jsonl"))
    with writer, pytest.raises(JournalError, match="in use"):
        acme.resume("run.jsonl")
    assert acme.resume("run.jsonl").is_done


def test_nothing_is_done_when_a_finished_run_is_gone_on_with(acme):
    """Resuming what came to its end says so, and writes nothing."""
    run = acme.apply(acme.plan(*MIXED))
    content, n_writes = run.journal.read_bytes(), len(acme.writes())
    again = acme.resume(run.journal)
    assert again.is_done
    assert "nothing was done" in again.summary()
    assert (content, n_writes) == (run.journal.read_bytes(), len(acme.writes()))


def test_a_line_that_was_cut_off_is_replaced_when_the_run_goes_on(acme):
    """A torn last line means nothing, and what comes after it is whole."""
    plan = acme.plan(("new.one", "", "Organization User"), ("grace.kim", "Production", "Viewer"))

    def die(event):
        if event.kind == "stage" and event.stage == "change":
            raise Killed

    with pytest.raises(Killed):
        acme.apply(plan, journal="run.jsonl", on_event=die)
    with Path("run.jsonl").open("ab") as file:
        file.write(b'{"event":"outcome","id":"0123')
    assert acme.resume("run.jsonl").is_done
    assert read_journal("run.jsonl").is_finished
