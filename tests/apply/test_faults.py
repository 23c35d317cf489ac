"""Answers that go wrong: the end is that of an undisturbed run, and no invitation goes out twice."""

from __future__ import annotations

import time

import pytest

from tests.apply.acme import EVERY_KIND, MIXED, difference

ROWS = (*EVERY_KIND, ("new.three", "", "Organization User"))
WRITES = {
    "invite one": ("POST", "orgs/current/members$"),
    "invite a batch": ("POST", "orgs/current/members/batch$"),
    "cancel an invitation": ("DELETE", "orgs/current/members/.*/pending$"),
    "set an organization role": ("PATCH", "orgs/current/members/[^/]*$"),
    "remove a member": ("DELETE", "orgs/current/members/[^/]*$"),
    "add to a workspace": ("POST", "workspaces/current/members$"),
    "set a workspace role": ("PATCH", "workspaces/current/members/[^/]*$"),
    "remove from a workspace": ("DELETE", "workspaces/current/members/[^/]*$"),
}
FAULTS = {
    "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "0"}},
    "429 storm": {"kind": "status", "status": 429, "times": 12},
    "500": {"kind": "status", "status": 500},
    "502 page": {"kind": "html", "status": 502},
    "408": {"kind": "status", "status": 408},
    "drop-before": {"kind": "drop-before"},
    "drop-after": {"kind": "drop-after"},
    "html": {"kind": "html"},
    "truncate": {"kind": "truncate"},
}
MAILING = ("invite one", "invite a batch")
DONE_ANYWAY = ("429", "429 storm", "drop-after", "truncate")


@pytest.fixture
def undisturbed(acme):
    """Give what the plan leaves when nothing goes wrong, and start over."""
    acme.apply(acme.plan(*ROWS))
    after, mails = acme.grants(), acme.mails()
    acme.server.reset()
    return after, mails


@pytest.mark.each_once
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_end_is_the_same_when_an_answer_goes_wrong(acme, undisturbed, write, fault):
    """What was carried out is found, what was not is done again; of invitations only once somebody goes on."""
    plan = acme.plan(*ROWS)
    method, path = WRITES[write]
    planted = acme.server.faults.add(method=method, path=path, **FAULTS[fault])
    run = acme.apply(plan)
    assert planted.hits > 0
    if write in MAILING and fault not in DONE_ANYWAY:
        assert {"unknown"} == set(run.counts) - {"done"}
        assert "not sent again" in run.results.set_index("outcome").loc[["unknown"], "reason"].iloc[0]
        run = acme.resume(run.journal)
    assert run.is_done, str(run)
    assert ({}, {}) == difference(undisturbed[0], acme.grants())
    assert undisturbed[1] == acme.mails()


@pytest.mark.parametrize("write", ["invite one", "invite a batch", "set a workspace role"])
def test_slow_answers_are_looked_up_when_the_time_limit_ends(acme, undisturbed, write):
    """An answer that comes too late is no answer; the request is carried out once."""
    plan = acme.plan(*ROWS)
    method, path = WRITES[write]
    acme.server.faults.add(method=method, path=path, kind="delay", delay_ms=1300)
    run = acme.apply(plan, sleep=time.sleep)
    time.sleep(0.5)  # what was sent first arrives last, and must not reach into the next test
    assert run.is_done, str(run)
    assert ({}, {}) == difference(undisturbed[0], acme.grants())
    assert undisturbed[1] == acme.mails()


@pytest.mark.each_once
@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_guessed_when_looking_fails_too(acme, undisturbed, write):
    """Where the look-up fails the change stays unknown, and going on settles it."""
    plan = acme.plan(*ROWS)
    method, path = WRITES[write]
    acme.server.faults.add(method=method, path=path, kind="drop-after")
    lost = []

    def blind(event):
        if event.kind == "reading" and "clear answer" in event.text:
            lost.append(acme.server.faults.add(method="GET", path="members", times=None, kind="status", status=500))

    run = acme.apply(plan, on_event=blind)
    assert "unknown" in run.counts
    assert "looking failed" in run.results.set_index("outcome").loc[["unknown"], "reason"].iloc[0]
    assert run.notes
    acme.server.faults.clear()
    run = acme.resume(run.journal)
    assert run.is_done, str(run)
    assert ({}, {}) == difference(undisturbed[0], acme.grants())
    assert undisturbed[1] == acme.mails()


@pytest.mark.parametrize("seed", range(4))
def test_the_end_is_the_same_when_much_goes_wrong_at_once(acme, seed):
    """A storm of refusals, broken connections and errors over a mixed plan ends where a quiet run ends."""
    acme.apply(acme.plan(*MIXED))
    expected, mails = acme.grants(), acme.mails()
    acme.server.reset()
    plan = acme.plan(*MIXED)
    kinds = ["drop-before", "drop-after", "html", "truncate"]
    for n in range(10):
        acme.server.faults.add(
            method=("POST", "PATCH", "DELETE")[(n + seed) % 3],
            path="members",
            kind=kinds[(n * 3 + seed) % 4],
            skip=(n * 2 + seed) % 3,
        )
    acme.server.faults.add(method="*", path="members", kind="status", status=429, times=10, skip=8 + seed)
    run = acme.apply(plan)
    for _ in range(8):
        if run.is_done:
            break
        run = acme.resume(run.journal)
    assert run.is_done, str(run)
    assert ({}, {}) == difference(expected, acme.grants())
    assert mails == acme.mails()


def test_the_rest_is_left_when_the_key_stops_working(acme):
    """A revoked key ends the run at once, and another key of the same person goes on."""
    plan = acme.plan(*MIXED)

    def revoke(event):
        if event.kind == "stage" and event.stage == "change":
            acme.server.faults.add(method="*", path="members", times=None, kind="status", status=401)

    run = acme.apply(plan, on_event=revoke, workers=2)
    assert run.stopped
    assert {"done", "not started"} == set(run.counts)
    acme.server.faults.clear()
    assert acme.resume(run.journal).is_done


def test_failures_are_tried_again_when_that_is_asked_for(acme):
    """What the service refused stays failed, unless somebody wants it tried again."""
    plan = acme.plan(*ROWS)
    acme.server.faults.add(method="PATCH", path="members", times=None, kind="status", status=403)
    run = acme.apply(plan)
    assert 2 == run.counts["failed"]
    acme.server.faults.clear()
    assert 2 == acme.resume(run.journal).counts["failed"]
    assert acme.resume(run.journal, retry_failed=True).is_done


def test_waiting_is_said_when_the_service_asks_for_it(acme):
    """Whoever watches learns why nothing moves."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"))
    acme.server.faults.add(method="PATCH", path="members", kind="status", status=429, headers={"Retry-After": "7"})
    seen = []
    acme.apply(plan, on_event=seen.append)
    assert ["waiting 7 s, the service asked for it"] == [e.text for e in seen if e.kind == "waiting"]


def test_later_changes_wait_when_something_about_the_person_is_unknown(acme):
    """Nothing else happens to somebody of whom it is not known what happened last."""
    plan = acme.plan(("emma.larsen", "Production", "Editor"), ("emma.larsen", "Sales-Demos", "", "remove"))
    acme.server.faults.add(method="POST", path="workspaces/current/members$", times=2, kind="drop-before")
    run = acme.apply(plan)
    assert ["unknown", "skipped"] == list(run.results["outcome"])
    assert "not known whether" in run.results["reason"].iloc[1]
    assert acme.resume(run.journal).is_done


def test_an_invitation_is_not_lost_when_the_new_one_is_refused(acme):
    """Where the old invitation is gone and the new one refused, the result says that nobody is invited."""
    plan = acme.plan(("late.joiner@partner.example", "Research", "Editor"))
    assert ["ReplaceInvite"] == [change.kind for change in plan.changes]
    acme.server.faults.add(method="POST", path="members", kind="status", status=422)
    run = acme.apply(plan)
    assert ["failed"] == list(run.results["outcome"])
    assert "invite late.joiner@partner.example" in run.results["next_step"].iloc[0]
    back = acme.undo(run)
    assert ["InviteMember"] == [change.kind for change in back.changes]
    assert acme.resume(run.journal, retry_failed=True).is_done
