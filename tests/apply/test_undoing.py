"""Undo against the demo organization: what can come back comes back, and the rest is said beforehand."""

from __future__ import annotations

import pytest

from lsnb import sandbox
from lsnb.apply.journal import read_journal
from lsnb.apply.undo import make_undo
from lsnb.errors import PlanError
from lsnb.plan import Rules
from tests.apply.acme import EVERY_KIND, MIXED, Acme, difference


def rules_of(verdicts):
    """List the rules of warnings, each once."""
    return sorted({verdict.rule for verdict in verdicts})


def test_every_grant_that_can_come_back_does_when_a_mixed_run_is_undone(acme):
    """Only those who were removed come back as invitations, and tokens do not."""
    before = acme.grants()
    run = acme.apply(acme.plan(*MIXED))
    back = acme.undo(run)
    assert back.is_safe, [verdict.message for verdict in back.refusals]
    again = acme.apply(back)
    assert again.is_done, str(again)
    gone, come = difference(before, acme.grants())
    removed = {"hannah.schmidt@acme.example", "kofi.mensah@acme.example"}
    assert removed == {email for email, _, _ in gone}
    assert {(email, place, "pending"): role for (email, place, _), role in gone.items()} == come
    said = [verdict.message for verdict in back.warnings if verdict.rule == "cannot-come-back"]
    assert all(any(email in message for message in said) for email in removed)


def test_an_undo_can_be_undone_when_nobody_was_removed(acme):
    """Undoing the undo brings the run's values again."""
    rows = [row for row in EVERY_KIND if row[3:] != ("remove",)]
    first = acme.apply(acme.plan(*rows))
    after = acme.grants()
    second = acme.apply(acme.undo(first))
    acme.apply(acme.undo(second))
    assert ({}, {}) == difference(after, acme.grants())


def test_an_undo_has_nothing_left_when_it_was_applied(acme):
    """What was taken back is not taken back twice, and that is said."""
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer")))
    acme.apply(acme.undo(run))
    back = acme.undo(run)
    assert [] == list(back.changes)
    assert ["not-undone"] == rules_of(back.warnings)
    assert "is Editor in Production by now" in back.warnings[0].message


def test_rows_are_left_alone_when_they_have_changed_since(acme):
    """Somebody else's later change is not taken back with ours."""
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer"), ("diego.alvarez", "", "Organization User")))
    acme.apply(acme.plan(("grace.kim", "Production", "Admin")))
    back = acme.undo(run)
    assert ["diego.alvarez@acme.example"] == [change.email for change in back.changes]
    assert "not-undone" in rules_of(back.warnings)


def test_accepted_invitations_become_removals_when_the_run_is_undone(acme):
    """Whoever joined meanwhile is removed, and the plan says so."""
    run = acme.apply(acme.plan(("new.two", "Production", "Viewer"), ("new.one", "", "Organization User")))
    acme.server.state.accept_invite("new.two@acme.example")
    back = acme.undo(run)
    assert {"RemoveMember", "CancelInvite"} == {change.kind for change in back.changes}
    assert "accepted-meanwhile" in rules_of(back.warnings)
    assert acme.apply(back).is_done
    assert {"new.hire@acme.example"} == {email for email, _, _ in acme.grants() if email.startswith("new.")}


def test_pending_changes_are_undone_when_the_person_has_accepted(acme):
    """A role that was changed in an invitation is changed back on the person who joined with it."""
    run = acme.apply(acme.plan(("new.hire", "Production", "Viewer"), ("new.hire", "", "Organization Viewer")))
    acme.server.state.accept_invite("new.hire@acme.example")
    assert acme.apply(acme.undo(run)).is_done
    held = acme.grants()
    assert ("Editor", "Organization User") == (
        held["new.hire@acme.example", "Production", "joined"],
        held["new.hire@acme.example", "", "joined"],
    )


def test_many_cancellations_are_refused_when_a_large_run_is_undone(acme):
    """The rules judge an undo like any plan, and can be overridden by name."""
    run = acme.apply(acme.plan(*[(f"new{i}", "", "Organization User") for i in range(20)]))
    assert ["max-removals"] == [verdict.rule for verdict in acme.undo(run, rules=Rules()).refusals]
    back = acme.undo(run, rules=Rules(), allow={"max-removals": "the wrong list"})
    assert acme.apply(back).is_done


def test_unknown_changes_are_not_taken_back_when_the_run_left_some(acme):
    """First it must be known what was done."""
    plan = acme.plan(("new.one", "", "Organization User"), ("grace.kim", "Production", "Viewer"))
    acme.server.faults.add(method="POST", path="members", kind="drop-before")
    back = acme.undo(acme.apply(plan))
    assert ["SetWorkspaceRole"] == [change.kind for change in back.changes]
    assert "not-settled" in rules_of(back.warnings)


def test_failed_changes_are_not_taken_back(acme):
    """Only what was done is undone."""
    acme.server.faults.add(method="PATCH", path="members", kind="status", status=403)
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer")))
    assert [] == list(acme.undo(run).changes)


def test_a_member_of_several_workspaces_is_invited_to_the_most_when_a_removal_is_undone(acme):
    """One invitation carries one role: what it cannot carry is listed as waiting."""
    run = acme.apply(acme.plan(("mei.tanaka", "", "", "remove")))
    back = acme.undo(run)
    invitation = back.changes[0]
    assert ["Research", "Staging"] == [place["workspace"] for place in invitation.after["workspaces"]]
    assert [("Production", "Editor")] == [(waiting.workspace, waiting.role) for waiting in back.waiting]


def test_an_undo_elsewhere_is_refused(acme):
    """A run is undone where it was made."""
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer")))
    with sandbox.start(seed="tidy") as other:
        snapshot = Acme(other).snapshot()
    with pytest.raises(PlanError, match="Undo it there"):
        make_undo(snapshot, read_journal(run.journal), created_at="2026-11-24T09:00:00Z")


def test_an_open_invitation_goes_with_the_member_when_they_are_removed(acme):
    """Somebody who is a member and invited again cannot come back by that; undone, one invitation goes out."""
    before = acme.grants()
    assert ("peter.lang@acme.example", "", "pending") in before
    row = ("peter.lang", "", "", "remove")
    run = acme.apply(acme.plan(row))
    assert run.is_done, str(run)
    assert [] == [place for place in acme.grants() if place[0] == "peter.lang@acme.example"]
    assert not acme.plan(row).changes
    back = acme.undo(run)
    assert ["InviteMember"] == [change.kind for change in back.changes]
    assert any("was a member too" in warning.message for warning in back.warnings)
    assert acme.apply(back).is_done
    assert 1 == acme.mails()["peter.lang@acme.example"]
