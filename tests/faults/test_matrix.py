"""The fault matrix: one fault per kind of change in the ordinary run, all of them with `make faults`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from lsnb.apply.worker import Worker
from lsnb.plan.model import CHANGE_KINDS
from lsnb.service.api.membership import MembershipWrites
from tests.faults.matrix import FAULTS, Cell, Seen, Tried, faults_of, judge, ordinary, to_markdown, to_text
from tests.faults.trying import MAKE, run_quietly, try_cell


def lost_in(server, kind, fault, moment=None):
    """Try one cell, at the last moment of a run when none is named: the request that changes something."""
    quiet = run_quietly(server, kind)
    chosen = next(m for m in reversed(quiet.moments) if moment in (None, str(m)))
    return judge(try_cell(server, quiet, FAULTS[fault], chosen))


@pytest.mark.parametrize(("kind", "fault"), ordinary())
def test_nothing_is_lost_when_an_answer_goes_wrong(server, kind, fault):
    """What the run says is what is there, and going on ends where a quiet run ends."""
    assert [] == lost_in(server, kind, fault)


@pytest.mark.parametrize(
    ("kind", "fault", "moment"),
    [
        ("ReplaceInvite", "401", "write 2"),
        ("ReplaceInvite", "403", "write 2"),
        ("CreateServiceKey", "empty", "write 1"),
        ("RevokeAccessToken", "403", "read 4"),
        ("ReinstateAccessToken", "403", "read 4"),
        ("UpdateSettings", "wrong JSON", "read 4"),
        ("UnshareAll", "wrong JSON", "read 2"),
        ("SetOrgRole", "500 before", "read 4"),
    ],
)
def test_what_was_lost_before_stays_held(server, kind, fault, moment):
    """An invitation half replaced, a key without a secret, lists that nobody may read, and JSON of something else."""
    assert [] == lost_in(server, kind, fault, moment)


def test_every_kind_and_every_fault_are_in_the_matrix():
    """A new kind of change, or a fault that the ordinary run leaves out, is noticed."""
    assert set(CHANGE_KINDS) == set(MAKE)
    assert set(CHANGE_KINDS) == {kind for kind, _ in ordinary()}
    assert set(FAULTS) == {fault for _, fault in ordinary()}
    assert len(FAULTS) >= 15


def test_a_lost_cell_is_seen_when_the_product_lies(server, monkeypatch):
    """Where every doubtful answer is taken for a yes, the matrix says which cell is lost."""

    def believe(worker, unit, changes, step, error):
        for change in changes:
            worker._recorder.end(change, "done")
        return []

    monkeypatch.setattr(Worker, "_failed", believe)
    monkeypatch.setattr("lsnb.apply.stages.Stages.read_back", lambda stages: "")
    lost = lost_in(server, "SetWorkspaceRole", "reset before")
    assert "called done, and it is not there" in lost
    assert "not read back, and nobody is told" in lost


def test_a_second_mail_is_seen_when_an_invitation_goes_out_twice(server, monkeypatch):
    """An invitation that is cancelled and sent anew costs its cell, though what is there looks right."""
    quiet = run_quietly(server, "InviteMember")
    once = MembershipWrites.invite_member

    def twice(api, invitation):
        api.cancel_invitation(str(once(api, invitation)["id"]))
        return once(api, invitation)

    monkeypatch.setattr(MembershipWrites, "invite_member", twice)
    lost = judge(try_cell(server, quiet, FAULTS["403"], quiet.moments[-1]))
    assert "2 mails to new.one@acme.example at last" in lost


BEFORE = Seen(Counter({("role", "User"): 1}), Counter())
AFTER = Seen(Counter({("role", "Viewer"): 1}), Counter({"a@x.example": 1}))
HELD = Tried(FAULTS["500 before"], BEFORE, AFTER, hits=1, outcome="done", then=AFTER, end="done", last=AFTER)
TWO_MAILS = Seen(AFTER.facts, Counter({"a@x.example": 2}))
TWINS = Seen(Counter({("role", "Viewer"): 2}), AFTER.mails)
ELSE = Seen(AFTER.facts + Counter({("role", "Admin"): 1}), AFTER.mails)
NOTHING = Seen(Counter(), Counter())


@pytest.mark.parametrize(
    "lie",
    [
        {"hits": 0},
        {"then": BEFORE},
        {"outcome": "failed"},
        {"outcome": "skipped"},
        {"outcome": "not started"},
        {"outcome": "skipped", "then": NOTHING},
        {"is_told": False},
        {"secrets": False},
        {"error": "KeyError: 'id'", "is_our_error": False},
        {"outcome": "", "error": "ServerError: 500"},
        {"n_carried_out": {"DELETE /x": 2}},
        {"last": TWO_MAILS},
        {"then": TWO_MAILS},
        {"last": TWINS},
        {"last": ELSE},
        {"last": BEFORE},
        {"end": "1 unknown"},
        {"half": (NOTHING,), "then": NOTHING, "outcome": "failed", "reason": "403"},
    ],
)
def test_the_judge_sees_a_planted_lie(lie):
    """Each untruth by itself costs the cell, so that a matrix without a loss says something."""
    assert [] == judge(HELD)
    assert [] != judge(replace(HELD, **lie))


def test_unknown_is_no_lie():
    """To say that one does not know is true of anything."""
    for seen in (BEFORE, AFTER):
        assert [] == judge(replace(HELD, outcome="unknown", then=seen))


def test_the_table_tells_what_was_lost():
    """Both forms have the cell and the totals, and a lost cell stands out."""
    cells = [Cell("RemoveMember", "cut", "write 1"), Cell("RemoveMember", "cut", "read 1", ("called done",))]
    text, page = to_text(cells), to_markdown(cells)
    assert "2 cells tried: 1 held, 1 lost" in text
    assert "LOST  RemoveMember, cut, read 1: called done" in text
    assert "1, **1 lost**" in page
    assert all(kind in page for kind in CHANGE_KINDS)


def test_reads_meet_every_fault_but_late_lists(server):
    """A list that lags behind makes sense only after a write."""
    moments = run_quietly(server, "SetOrgRole").moments
    reads = [moment for moment in moments if moment.what == "read"]
    assert len(reads) >= 4  # the caller, what the plan was made from, the Admins, and back
    assert all(len(list(faults_of(moment))) == len(FAULTS) - 1 for moment in reads)
