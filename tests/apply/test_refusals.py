"""What is never applied: unconfirmed, unsafe, elsewhere, twice; and what has changed meanwhile."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from lsnb import sandbox
from lsnb.errors import JournalError, PlanError, ServerError, SpentPlanError, UnconfirmedPlanError, UnsafePlanError
from lsnb.plan import plan_from_json, plan_to_json, seal
from tests.apply.acme import EVERY_KIND, WIDE, Acme

ROW = ("grace.kim", "Production", "Viewer")


@pytest.mark.parametrize("confirm", [None, "", "0" * 64])
def test_nothing_is_written_when_the_fingerprint_is_not_handed_back(acme, confirm):
    """No fingerprint, or another plan's, applies nothing."""
    plan = acme.plan(ROW)
    with pytest.raises(UnconfirmedPlanError, match="Nothing was changed"):
        acme.apply(plan, confirm=confirm)
    assert [] == acme.writes()


def test_nothing_is_written_when_the_plan_was_changed_after_review(acme):
    """A plan whose changes do not fit its fingerprint is not what was reviewed."""
    plan, other = acme.plan(ROW), acme.plan(("anton.vogel", "Production", "Viewer"))
    forged = replace(plan, changes=other.changes)
    with pytest.raises(UnconfirmedPlanError, match="was changed after"):
        acme.apply(forged)
    assert [] == acme.writes()


def test_nothing_is_written_when_a_rule_refuses_the_plan(acme):
    """A refused plan raises with its reasons."""
    plan = acme.plan(("ada.lindqvist", "", "", "remove"))
    with pytest.raises(UnsafePlanError, match="self") as caught:
        acme.apply(plan)
    assert caught.value.reasons[0].startswith("self: ")
    assert [] == acme.writes()


@pytest.mark.parametrize("field", ["organization_id", "host", "key"])
def test_nothing_is_written_when_the_plan_is_for_somewhere_else(acme, field):
    """A plan is bound to the organization, the host and the key that it was made with."""
    plan = seal(replace(acme.plan(ROW), **{field: "elsewhere"}))
    with pytest.raises(PlanError, match="somewhere else"):
        acme.apply(plan)
    assert [] == acme.writes()


def test_nothing_is_written_when_another_key_applies(acme):
    """Somebody else's key does not apply my plan."""
    plan = acme.plan(ROW)
    with pytest.raises(PlanError, match="the key is"):
        Acme(acme.server, "operator_pat").apply(plan)


def test_a_service_key_applies_its_own_plan_when_it_may_manage(server):
    """An organization-wide service key is an identity of its own."""
    night = Acme(server, "admin_service_key")
    assert night.apply(night.plan(ROW)).is_done


def test_a_plan_is_spent_when_it_was_applied(acme):
    """A double click, a cell that runs again and a file that is read again change nothing more."""
    plan = acme.plan(*EVERY_KIND)
    run = acme.apply(plan)
    after = acme.grants()
    for again in (plan, plan_from_json(plan_to_json(plan))):
        with pytest.raises(SpentPlanError, match=run.journal.name):
            acme.apply(again)
    assert after == acme.grants()


def test_a_plan_is_spent_when_it_is_applied_from_another_folder(acme, tmp_path, monkeypatch):
    """A note in the person's own folder remembers it."""
    plan = acme.plan(ROW)
    acme.apply(plan)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(SpentPlanError, match="came to its end"):
        acme.apply(plan)


def test_a_plan_is_spent_when_no_note_can_be_kept(acme, tmp_path, monkeypatch):
    """Where the home cannot be written, the journals in the folder remember it."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    plan = acme.plan(ROW)
    acme.apply(plan)
    with pytest.raises(SpentPlanError):
        acme.apply(plan)


def test_a_plan_is_not_spent_when_it_was_refused_before_anything_was_tried(acme, tmp_path):
    """Where looking fails, nothing was changed, and the same plan can be applied once it works."""
    plan = acme.plan(ROW)
    acme.server.faults.add(method="GET", path="workspaces/current/members", times=4, kind="status", status=500)
    with pytest.raises(ServerError):
        acme.apply(plan)
    assert not (tmp_path / "lsnb-journals").exists()
    assert acme.apply(plan).is_done


def test_no_folder_of_others_is_removed_when_a_journal_is_taken_back(acme, tmp_path):
    """Only the journal goes that was made for nothing; a folder that was there stays."""
    (tmp_path / "runs").mkdir()
    plan = acme.plan(ROW)
    acme.server.faults.add(method="GET", path="workspaces/current/members", times=4, kind="status", status=500)
    with pytest.raises(ServerError):
        acme.apply(plan, journal=tmp_path / "runs" / "run.jsonl")
    assert [] == list((tmp_path / "runs").iterdir())


def test_a_plan_made_anew_is_another_one_when_the_state_went_back(acme):
    """What is spent is one making of a plan, not its content."""
    there, back = ("grace.kim", "Production", "Viewer"), ("grace.kim", "Production", "Editor")
    first = acme.plan(there)
    acme.apply(first)
    acme.apply(acme.plan(back))
    second = acme.plan(there)
    assert first.fingerprint == second.fingerprint
    assert acme.apply(second).is_done


def test_the_error_names_resuming_when_the_spent_run_is_unfinished(acme):
    """A run that left something open says how to go on."""
    plan = acme.plan(ROW, ("new.one", "", "Organization User"))
    acme.server.faults.add(method="POST", path="members", times=1, kind="drop-before")
    acme.apply(plan)
    with pytest.raises(SpentPlanError, match="lsnb resume"):
        acme.apply(plan)


def test_a_file_in_the_way_is_not_overwritten_when_it_is_named_as_journal(acme, tmp_path):
    """A journal is always a new file."""
    target = tmp_path / "notes.jsonl"
    target.write_text("mine")
    with pytest.raises(JournalError, match="already"):
        acme.apply(acme.plan(ROW), journal=target)
    assert "mine" == target.read_text()
    assert [] == acme.writes()


def test_a_journal_is_the_owners_alone_when_it_is_written(acme):
    """It names people, so nobody else on the machine reads it."""
    run = acme.apply(acme.plan(ROW))
    assert 0o600 == os.stat(run.journal).st_mode & 0o777
    assert "lsnb-journals" == run.journal.parent.name


def test_no_journal_holds_a_key(acme):
    """The identity is in it, and nothing that opens a door."""
    run = acme.apply(acme.plan(*EVERY_KIND))
    text = run.journal.read_text()
    assert not [secret for secret in acme.server.keys.values() if secret in text]


def test_stale_rows_are_skipped_when_somebody_else_changed_them(acme):
    """What no longer is what the plan was made from is left alone, and the rest goes on."""
    plan = acme.plan(*EVERY_KIND)
    other = acme.api
    grace = next(r for r in other.list_workspace_members(acme.workspace_id("Production")) if "grace.kim@" in r["email"])
    other.set_workspace_role(acme.workspace_id("Production"), grace["id"], acme.role_id("Admin"))
    acme.server.state.accept_invite("second.hire@acme.example")
    run = acme.apply(plan)
    rows = run.results.set_index("email")
    assert "skipped" == rows.loc["grace.kim@acme.example", "outcome"]
    assert "is Admin in Production now" in rows.loc["grace.kim@acme.example", "reason"]
    assert "Make a new plan" in rows.loc["grace.kim@acme.example", "next_step"]
    assert "skipped" == rows.loc["second.hire@acme.example", "outcome"]
    assert "Admin" == acme.grants()["grace.kim@acme.example", "Production", "joined"]
    assert {"done"} == set(rows.drop(["grace.kim@acme.example", "second.hire@acme.example"])["outcome"])


def test_rows_are_skipped_as_there_already_when_somebody_else_made_the_same_change(acme):
    """Nothing is written where it is so already, and undo will not take it back."""
    plan = acme.plan(("diego.alvarez", "", "Organization User"))
    acme.apply(acme.plan(("diego.alvarez", "", "Organization User")))
    n_writes = len(acme.writes())
    run = acme.apply(plan)
    assert ["skipped"] == list(run.results["outcome"])
    assert "is so already" in run.results["reason"].iloc[0]
    assert n_writes == len(acme.writes())
    assert [] == list(acme.undo(run).changes)


def test_a_person_is_not_invited_when_they_were_invited_meanwhile(acme):
    """An invitation that is there is not sent again."""
    first, second = acme.plan(("new.one", "", "Organization User")), acme.plan(("new.one", "", "Organization Viewer"))
    acme.apply(first)
    run = acme.apply(second)
    assert ["skipped"] == list(run.results["outcome"])
    assert {"new.one@acme.example": 1} == acme.mails()


def test_nobody_counts_as_gone_when_they_accepted_before_the_invitation_was_cancelled(acme):
    """An invitation that was accepted is not there any more; the person is, and that is said."""
    plan = acme.plan(("second.hire", "", "", "remove"))
    state = acme.server.state
    run = acme.apply(
        plan, on_event=lambda event: event.kind == "stage" and state.accept_invite("second.hire@acme.example")
    )
    assert ("second.hire@acme.example", "", "joined") in acme.grants()
    assert ["skipped"] == list(run.results["outcome"])
    assert "stale: second.hire@acme.example is Organization User" in run.results["reason"].iloc[0]
    assert not run.is_done


def test_nobody_counts_as_gone_when_they_accepted_before_the_plan_was_applied(acme):
    """Cancelling an invitation that was accepted is stale, and not so already."""
    plan = acme.plan(("second.hire", "", "", "remove"))
    acme.server.state.accept_invite("second.hire@acme.example")
    run = acme.apply(plan)
    assert "so already" not in run.results["reason"].iloc[0]
    assert not run.is_done


def test_the_plan_is_refused_when_too_few_admins_would_be_left_by_now(acme):
    """Admins are counted on what is there now: others may have left since the plan was made."""
    admins = ["tomas.okafor", "priya.raman", "break.glass", "lars.berg"]
    plan = acme.plan(("dana.fox@partner.example", "", "Organization User"))
    assert plan.is_safe
    state = acme.server.state
    for name in admins:
        state.find_person(f"{name}@acme.example").role_id = acme.role_id("Organization User")
    state.touch()
    with pytest.raises(UnsafePlanError, match="min-admins: 2 active"):
        acme.apply(plan)
    assert [] == acme.writes()


def test_admins_stay_when_another_run_takes_some_meanwhile(acme):
    """Admins are counted again before any is taken away: of two runs that each leave two, both could leave none."""
    state = acme.server.state

    def other_run(event):
        if event.kind == "stage" and event.stage == "demote":
            for name in ("tomas.okafor", "priya.raman", "break.glass", "lars.berg"):
                state.find_person(f"{name}@acme.example").role_id = acme.role_id("Organization User")
            state.touch()

    plan = acme.plan(("dana.fox@partner.example", "", "Organization User"))
    run = acme.apply(plan, on_event=other_run)
    assert ["skipped"] == list(run.results["outcome"])
    assert "min-admins: 2 active" in run.results["reason"].iloc[0]
    assert "Organization Admin" == acme.grants()["dana.fox@partner.example", "", "joined"]


def test_admins_stay_when_they_cannot_be_counted(acme):
    """Without an answer to who is Admin, none is taken away; going on tries again."""
    plan = acme.plan(("dana.fox@partner.example", "", "Organization User"))

    def out_of_order(event):
        if event.kind == "stage":
            acme.server.faults.add(path="orgs/current/members", times=None, status=400)

    run = acme.apply(plan, on_event=out_of_order)
    assert ["skipped"] == list(run.results["outcome"])
    assert "could not be counted" in run.results["reason"].iloc[0]
    acme.server.faults.clear()
    assert acme.resume(run.journal).is_done


def test_an_admin_stays_when_the_plan_does_not_know_them_as_one(acme):
    """A change that takes Organization Admin from somebody without saying so is stale, also without ids of roles."""
    plan = acme.plan(("dana.fox@partner.example", "", "Organization User"))
    before = {"role": "Organization Viewer", "role_id": None, "role_name": "ORGANIZATION_VIEWER", "state": "active"}
    run = acme.apply(seal(replace(plan, changes=(replace(plan.changes[0], before=before),))))
    assert ["skipped"] == list(run.results["outcome"])
    assert "Organization Admin" == acme.grants()["dana.fox@partner.example", "", "joined"]


def test_nothing_is_written_when_a_plan_lost_its_refusals(acme):
    """A plan file that was edited and sealed anew still takes nothing from whoever applies it, nor from the protected."""
    rules = replace(WIDE, protected=("break.glass@*",))
    for name, rule in (("ada.lindqvist", "self"), ("break.glass", "protected")):
        plan = acme.plan((name, "", "Organization User"), rules=rules)
        assert [rule] == [verdict.rule for verdict in plan.refusals]
        with pytest.raises(UnsafePlanError, match=rule):
            acme.apply(seal(replace(plan, refusals=())), rules=rules)
    assert [] == acme.writes()


def test_nothing_is_written_when_a_journal_holds_a_refused_plan(acme, tmp_path):
    """A journal is no way around the refusals: no run of such a plan ever began."""
    plan = acme.plan(("ada.lindqvist", "", "Organization User"))
    path = tmp_path / "forged.jsonl"
    lines = ({"event": "header", "version": 1}, {"event": "plan", "plan": plan_to_json(plan)})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(UnsafePlanError, match="self"):
        acme.resume(path)
    assert [] == acme.writes()


def test_admins_stay_when_the_promotion_before_failed(acme):
    """A promotion that failed keeps the demotions that relied on it from happening."""
    state = acme.server.state
    for name in ("tomas.okafor", "priya.raman", "break.glass", "lars.berg"):
        state.find_person(f"{name}@acme.example").role_id = acme.role_id("Organization User")
    state.touch()
    plan = acme.plan(
        ("mei.tanaka", "", "Organization Admin"), ("dana.fox@partner.example", "", "Organization User"), rules=WIDE
    )
    assert plan.is_safe
    acme.server.faults.add(method="PATCH", path="orgs/current/members", kind="status", status=403)
    run = acme.apply(plan)
    assert ["failed", "skipped"] == list(run.results["outcome"])
    assert "min-admins" in run.results["reason"].iloc[1]
    assert "Organization Admin" == acme.grants()["dana.fox@partner.example", "", "joined"]
    assert acme.resume(run.journal, retry_failed=True).is_done


def test_nobody_loses_a_place_when_the_new_one_failed(acme):
    """Moving somebody takes nothing away unless the addition was made."""
    plan = acme.plan(("emma.larsen", "Production", "Editor"), ("emma.larsen", "Sales-Demos", "", "remove"))
    acme.server.faults.add(method="POST", path="workspaces/current/members", kind="status", status=403)
    run = acme.apply(plan)
    assert ["failed", "skipped"] == list(run.results["outcome"])
    assert "AddWorkspaceMember in Production comes first and failed" in run.results["reason"].iloc[1]
    assert ("emma.larsen@acme.example", "Sales-Demos", "joined") in acme.grants()


def test_mixed_case_people_are_found_when_the_server_keeps_their_letters(acme):
    """A server that compares letters exactly does not make people stale."""
    plan = acme.plan(("mixed.case@partner.example", "", "", "remove"))
    assert acme.apply(plan).is_done


def test_a_disabled_member_and_their_invitation_are_told_apart():
    """Of two entries with one address the one that the plan means is changed."""
    with sandbox.start(seed="small") as server:
        acme = Acme(server)
        run = acme.apply(acme.plan(("peter.lang", "Production", "Editor"), ("peter.lang", "", "Organization Viewer")))
        assert run.is_done, str(run)
        assert ("peter.lang@acme.example", "", "pending") in acme.grants()
