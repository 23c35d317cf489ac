"""What happens between a plan and its run, and beside it: admins are counted, runs take turns, nothing else is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import lsnb
from lsnb.apply.journal.run_lock import turn_of
from lsnb.errors import BusyOrganizationError, PlanError, SpentPlanError, UnconfirmedPlanError, UnsafePlanError
from lsnb.files.locks import try_lock
from lsnb.files.plan_file import load_plan, save_plan
from lsnb.plan import Rules, drop_changes, seal
from tests.apply.acme import WIDE, Acme

COLUMNS = ["email", "workspace_name", "langsmith_role", "action"]
ADMINS = ("ada.lindqvist", "tomas.okafor", "priya.raman", "break.glass", "lars.berg", "dana.fox@partner.example")
USER, ADMIN = "Organization User", "Organization Admin"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Let journals, notes and locks go into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def acme(server):
    """Give the small demo organization with the token of ada, an Organization Admin."""
    return Acme(server)


@pytest.fixture
def svc(server):
    """Give it with the service key of an Organization Admin, who is nobody of the six."""
    return Acme(server, "admin_service_key")


def address(name):
    """Complete a bare name."""
    return name if "@" in name else f"{name}@acme.example"


def set_role(acme, name, role):
    """Let somebody else change a role, beside everything."""
    acme.server.state.find_person(address(name)).role_id = acme.role_id(role)
    acme.server.state.touch()


def admins(acme):
    """Look into the server for who is Organization Admin and not switched off."""
    state = acme.server.state
    role = acme.role_id(ADMIN)
    return sorted(p.email for p in state.people.values() if p.role_id == role and not p.is_disabled)


def when(kind, do, *, stage=None):
    """Make something happen once, at the first event of a kind."""
    done = []

    def hear(event):
        if event.kind == kind and (stage is None or event.stage == stage) and not done:
            done.append(event)
            do()

    return hear


def swap(svc, *, leave=()):
    """Plan to make two people Admins and to take the role from all six."""
    return svc.plan(
        ("grace.kim", "", ADMIN),
        ("liam.murphy", "", ADMIN),
        *((name, "", USER) for name in ADMINS if name not in leave),
    )


# A1


def test_a1_a_resume_refuses_demotions_when_the_promotions_before_were_taken_back(svc, acme):
    """What the journal calls done counts only if the list just read shows it."""
    stop = threading.Event()
    run = svc.apply(swap(svc), stop=stop, on_event=when("stage", stop.set, stage="demote"))
    assert 2 == run.counts["done"]
    acme.apply(acme.plan(("grace.kim", "", USER), ("liam.murphy", "", USER)))
    again = svc.resume(run.journal)
    assert 6 == len(admins(svc))
    reasons = set(again.results.loc[again.results["outcome"] == "skipped", "reason"])
    assert 1 == len(reasons)
    assert "min-admins" in reasons.pop()
    assert 6 == again.n_open


def test_a1_a_run_refuses_demotions_when_its_promotions_are_taken_back_between_the_stages(svc):
    """The same within one run."""

    def reverse():
        set_role(svc, "grace.kim", USER)
        set_role(svc, "liam.murphy", USER)

    run = svc.apply(swap(svc), on_event=when("stage", reverse, stage="demote"))
    assert 6 == len(admins(svc))
    assert "grace.kim@acme.example, liam.murphy@acme.example were made Organization Admin by this plan" in str(run)


def test_a1_demotions_are_not_tried_when_a_promotion_was_accepted_and_did_nothing(svc):
    """A 200 is no promotion."""
    svc.server.faults.add(method="PATCH", path="orgs/current/members", times=2, kind="status", status=200)
    svc.apply(swap(svc))
    assert 6 == len(admins(svc))


def test_a1_the_reviewed_end_is_reached_when_nobody_interferes(svc):
    """An honest hand-over still goes through, demotions last and one by one."""
    run = svc.apply(swap(svc))
    assert run.is_done, str(run)
    assert ["grace.kim@acme.example", "liam.murphy@acme.example"] == admins(svc)


@pytest.mark.parametrize("action", ["demote", "remove"])
def test_a1_the_run_stops_when_others_take_admins_away_between_two_demotions(svc, action):
    """Counted before each: the third is not sent when outsiders have taken the rest meanwhile."""
    names = ("tomas.okafor", "priya.raman", "lars.berg")
    rows = [(name, "", USER) if action == "demote" else (name, "", "", "remove") for name in names]

    def take():
        for name in ("ada.lindqvist", "break.glass"):
            set_role(svc, name, USER)

    run = svc.apply(svc.plan(*rows), on_event=when("outcome", take))
    assert 2 <= len(admins(svc))
    assert "min-admins" in str(run)


def test_a1_a_demotion_is_taken_back_when_too_few_are_left_after_it(svc):
    """Three actors: two take others away in the moment in which ours goes out."""
    plan = svc.plan(("tomas.okafor", "", USER), ("priya.raman", "", USER))
    gone = ("ada.lindqvist", "break.glass", "lars.berg", "dana.fox@partner.example")

    def take():
        for name in gone:
            set_role(svc, name, USER)

    run = svc.apply(plan, on_event=when("trying", take))
    assert ["priya.raman@acme.example", "tomas.okafor@acme.example"] == admins(svc)
    assert ["skipped", "not started"] == sorted(run.results["outcome"], reverse=True)
    assert "is Organization Admin again" in run.stopped
    for name in gone:
        set_role(svc, name, ADMIN)
    assert svc.resume(run.journal).is_done
    assert sorted(map(address, gone)) == admins(svc)


def test_a1_it_is_said_when_a_removal_left_too_few_and_cannot_be_taken_back(svc):
    """Somebody who is gone comes back by an invitation only, and the run says so."""
    plan = svc.plan(("tomas.okafor", "", "", "remove"))

    def take():
        for name in ("ada.lindqvist", "break.glass", "lars.berg", "dana.fox@partner.example"):
            set_role(svc, name, USER)

    run = svc.apply(plan, on_event=when("trying", take))
    assert "cannot be put back" in run.stopped
    assert "invite that person again" in run.results["reason"].iloc[0]


def test_a1_a_demotion_whose_answer_was_lost_is_counted_behind_when_the_run_goes_on(svc):
    """A kill between a demotion and its count is no way around the count."""
    plan = svc.plan(("tomas.okafor", "", USER))
    stop = threading.Event()
    svc.server.faults.add(method="PATCH", path="orgs/current/members", kind="drop-after")
    run = svc.apply(plan, stop=stop, on_event=when("trying", stop.set))
    assert ["unknown"] == list(run.results["outcome"])
    for name in ("ada.lindqvist", "break.glass", "lars.berg", "dana.fox@partner.example"):
        set_role(svc, name, USER)
    again = svc.resume(run.journal)
    assert ["priya.raman@acme.example", "tomas.okafor@acme.example"] == admins(svc)
    assert "is Organization Admin again" in again.stopped


def test_a1_disabled_people_do_not_count_when_demotions_are_judged_and_counted(svc):
    """Switched off by the identity provider after the plan: nobody who can act."""
    plan = svc.plan(*((name, "", USER) for name in ADMINS[:4]))
    assert plan.is_safe
    svc.server.state.find_person(address("lars.berg")).is_disabled = True
    svc.server.state.touch()
    with pytest.raises(UnsafePlanError, match="min-admins: 5 active"):
        svc.apply(plan)
    assert 5 == len(admins(svc))


def only_sso(svc, *names):
    """Close all logins but single sign-on, which these people have and nobody else."""
    state = svc.server.state
    state.organization.settings["sso_only"] = True
    for person in state.people.values():
        person.login_methods = [
            {"provider": "supabase:sso" if person.email in map(address, names) else "supabase:non-sso"}
        ]
    state.touch()


def test_a1_admins_without_single_sign_on_do_not_count_when_it_is_the_only_way_in(svc):
    """In the plan and at the run."""
    only_sso(svc, "ada.lindqvist", "tomas.okafor", "priya.raman")
    refused = svc.plan(("ada.lindqvist", "", USER), ("tomas.okafor", "", USER))
    assert ["min-admins"] == [verdict.rule for verdict in refused.refusals]
    assert "lars.berg@acme.example" in refused.refusals[0].message
    assert svc.plan(("ada.lindqvist", "", USER), ("lars.berg", "", USER)).is_safe


def test_a1_single_sign_on_is_counted_at_the_run_when_it_became_the_only_way_in_since(svc):
    """The plan was fine; the setting was closed behind it."""
    plan = svc.plan(("ada.lindqvist", "", USER), ("tomas.okafor", "", USER))
    assert plan.is_safe
    only_sso(svc, "ada.lindqvist", "tomas.okafor", "priya.raman")
    with pytest.raises(UnsafePlanError, match="do not count"):
        svc.apply(plan)
    assert 6 == len(admins(svc))


def test_a1_an_ordinary_plan_is_no_nuisance_when_few_admins_have_single_sign_on(svc):
    """Inviting somebody is not the place to complain about logins."""
    only_sso(svc, "ada.lindqvist")
    plan = svc.plan(("grace.kim", "Production", "Viewer"))
    assert plan.is_safe
    assert "min-admins" not in {warning.rule for warning in plan.warnings}


def test_a1_an_undo_of_a_promotion_is_refused_when_others_were_demoted_meanwhile(svc, acme):
    """Taking back is a change like any other."""
    run = svc.apply(svc.plan(("grace.kim", "", ADMIN)))
    undo = svc.undo(run)
    for name in ADMINS[1:]:
        set_role(svc, name, USER)
    with pytest.raises(UnsafePlanError, match="min-admins: 2 active"):
        svc.apply(undo)
    assert 2 == len(admins(svc))


def test_a1_the_callers_own_demotion_is_counted_when_it_comes_last(acme):
    """Stage self is no exception."""
    plan = acme.plan(("ada.lindqvist", "", USER), allow={"self": "handing over"})

    def take():
        for name in ADMINS[2:]:
            set_role(acme, name, USER)

    acme.apply(plan, on_event=when("stage", take, stage="self"))
    assert 2 == len(admins(acme))


def test_a1_no_request_is_added_when_no_change_takes_an_admin(acme):
    """Nobody pays for the count whom it does not concern."""
    plan, said = acme.plan(("grace.kim", "Production", "Viewer")), []
    acme.apply(plan, on_event=lambda event: said.append(event.text))
    assert not [text for text in said if "counting" in text]


def test_a1_admin_changes_go_last_in_their_stage_and_one_at_a_time(svc):
    """Whatever fails before them has failed before anybody loses the role."""
    plan = svc.plan(
        ("tomas.okafor", "", "", "remove"),
        ("priya.raman", "", "", "remove"),
        ("kofi.mensah", "", "", "remove"),
        ("hannah.schmidt", "", "", "remove"),
    )
    assert svc.apply(plan).is_done
    ids = {change.ids["identity_id"]: change.email for change in plan.changes}
    order = [ids[line["path"].rpartition("/")[2]] for line in svc.server.requests if line["method"] == "DELETE"]
    assert {"tomas.okafor@acme.example", "priya.raman@acme.example"} == set(order[2:])


# A2


def test_a2_at_least_the_minimum_stays_when_two_runs_start_at_the_same_time(server):
    """Two threads of one process, each taking three of six."""
    first, second = Acme(server, "admin_service_key"), Acme(server, "admin_service_key")
    plans = [first.plan(*((name, "", USER) for name in ADMINS[:3])), second.plan(*((n, "", USER) for n in ADMINS[3:]))]
    gate, ended = threading.Barrier(2), []

    def go(acme, plan):
        gate.wait()
        try:
            ended.append(acme.apply(plan))
        except PlanError as error:
            ended.append(error)

    threads = [threading.Thread(target=go, args=pair) for pair in zip((first, second), plans, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 2 == len(ended)
    assert 2 <= len(admins(first))


def test_a2_a_second_run_is_refused_with_the_holder_when_another_one_is_at_work(svc, acme, tmp_path):
    """The message names the process, since when, and the journal; the plan stays usable."""
    plan, other, said = svc.plan(("tomas.okafor", "", USER)), acme.plan(("grace.kim", "Production", "Viewer")), []

    def try_other():
        try:
            acme.apply(other)
        except BusyOrganizationError as error:
            said.append(str(error))

    run = svc.apply(plan, on_event=when("trying", try_other))
    assert run.is_done
    assert f"process {os.getpid()}" in said[0]
    assert str(run.journal) in said[0]
    assert "since 20" in said[0]
    assert acme.apply(other).is_done


def test_a2_resumes_and_undos_take_turns_too(svc, acme):
    """Every way of writing keeps to it."""
    stop = threading.Event()
    run = acme.apply(
        acme.plan(("grace.kim", "Production", "Viewer"), ("anton.vogel", "Staging", "", "remove")),
        stop=stop,
        on_event=when("stage", stop.set, stage="remove"),
    )
    undo = acme.undo(run)
    said = []

    def try_others():
        for go in (lambda: acme.resume(run.journal), lambda: acme.apply(undo)):
            try:
                go()
            except BusyOrganizationError as error:
                said.append(error)

    svc.apply(svc.plan(("tomas.okafor", "", USER)), on_event=when("trying", try_others))
    assert 2 == len(said)
    assert acme.resume(run.journal).is_done


def test_a2_a_dead_holder_is_no_lock(acme, tmp_path):
    """A process that was killed holds nothing, whatever its note says."""
    code = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from lsnb.apply.journal.run_lock import turn_of
        with turn_of(sys.argv[1], sys.argv[2], organization="Acme", journal=Path("j"), started_at="then"):
            print("held", flush=True)
            time.sleep(60)
        """
    )
    plan = acme.plan(("grace.kim", "Production", "Viewer"))
    child = subprocess.Popen(
        [sys.executable, "-c", code, plan.organization_id, plan.host], stdout=subprocess.PIPE, text=True
    )
    try:
        assert "held\n" == child.stdout.readline()
        with pytest.raises(BusyOrganizationError, match=f"process {child.pid}"):
            acme.apply(plan)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    assert acme.apply(plan).is_done


def test_a2_organizations_and_hosts_do_not_wait_for_each_other(tmp_path):
    """Only the same organization at the same host is one."""
    how = {"organization": "Acme", "journal": Path("j"), "started_at": "now", "sleep": lambda seconds: None}
    with (
        turn_of("org-1", "eu.example.com", **how) as first,
        turn_of("org-2", "eu.example.com", **how) as second,
        turn_of("org-1", "us.example.com", **how) as third,
    ):
        assert ("", "", "") == (first, second, third)
        with pytest.raises(BusyOrganizationError), turn_of("org-1", "eu.example.com", **how):
            pass
    folder = tmp_path / "state" / "lsnb" / "running"
    assert 0o700 == folder.stat().st_mode & 0o777
    assert {0o600} == {path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]", b'{"pid": null}', b"\xff" * 40])
def test_a2_a_note_that_makes_no_sense_does_no_harm(tmp_path, content):
    """What the file says is never trusted."""
    how = {"organization": "Acme", "journal": Path("j"), "started_at": "now", "sleep": lambda seconds: None}
    with turn_of("org-1", "host", **how):
        path = next((tmp_path / "state" / "lsnb" / "running").iterdir())
    path.write_bytes(content)
    with path.open("rb+") as file:
        assert try_lock(file.fileno())
        with (
            pytest.raises(BusyOrganizationError, match="Another run is changing Acme"),
            turn_of("org-1", "host", **how),
        ):
            pass
    with turn_of("org-1", "host", **how) as note:
        assert "" == note
    assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a2_a_run_says_so_when_the_state_folder_cannot_be_written(acme, tmp_path, monkeypatch):
    """Protected by another folder, or said not to be: never silently alone."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer")))
    assert [note for note in run.notes if "lsnb-running" in note]
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    run = acme.apply(acme.plan(("grace.kim", "Production", "Editor")))
    assert [note for note in run.notes if "nothing kept another run" in note]


# A8


def role_of(acme, name):
    """Find a role in the server."""
    return next(role for role in acme.server.state.roles.values() if role.display_name == name)


def gain(acme, name, *permissions):
    """Let somebody else widen a role, beside everything."""
    role_of(acme, name).permissions = [*role_of(acme, name).permissions, *permissions]
    acme.server.state.touch()


@pytest.mark.parametrize(
    "row",
    [
        ("grace.kim", "Production", "Annotator"),  # another role
        ("anton.vogel", "Marketing", "Annotator"),  # added to a workspace
        ("new.one", "Production", "Annotator"),  # invited with it
    ],
)
def test_a8_a_row_is_stale_when_the_role_that_it_gives_gained_sensitive_permissions(acme, row):
    """What was reviewed was a role that could do less; the other row goes on."""
    plan = acme.plan(row, ("liam.murphy", "Production", "Editor"))
    gain(acme, "Annotator", "workspaces:manage-members")
    before = acme.mails()
    run = acme.apply(plan)
    by_email = run.results.set_index("email")
    stale = by_email.loc[address(row[0])]
    assert "skipped" == stale["outcome"]
    assert "the role Annotator has gained workspaces:manage-members" in stale["reason"]
    assert "done" == by_email.loc["liam.murphy@acme.example", "outcome"]
    assert before == acme.mails()


def test_a8_a_permission_that_nobody_knows_counts_as_sensitive(acme):
    """Unknown is high."""
    plan = acme.plan(("grace.kim", "Production", "Annotator"))
    gain(acme, "Annotator", "universe:rule")
    assert "universe:rule" in acme.apply(plan).results["reason"].iloc[0]


def test_a8_a_role_that_gained_something_harmless_is_given_all_the_same(acme):
    """No nuisance for a permission to read."""
    plan = acme.plan(("grace.kim", "Production", "Annotator"))
    role = role_of(acme, "Annotator")
    harmless = next(name for name in ("charts:read", "prompts:read", "datasets:read") if name not in role.permissions)
    gain(acme, "Annotator", harmless)
    assert acme.apply(plan).is_done


def test_a8_a_role_that_the_plan_itself_widens_is_given_also_when_the_run_goes_on(server, tmp_path):
    """What the plan says it does to the role was reviewed with it."""
    org = lsnb.connect(endpoint=server.url, api_key=server.keys["admin_pat"])
    held = role_of(Acme(server), "Annotator").permissions
    sheets = {
        "roles": pd.DataFrame({"permission": [*held, "runs:delete"], "Annotator": ["x"] * (len(held) + 1)}),
        "access": pd.DataFrame([["grace.kim@acme.example", "Production", "Annotator"]], columns=COLUMNS[:3]),
    }
    plan = org.plan(sheets, allow={"max-widening": "reviewed"})
    assert {"UpdateRole", "SetWorkspaceRole"} == {change.kind for change in plan.changes}, str(plan)
    stop = threading.Event()
    run = org.apply(plan, confirm=plan.fingerprint, stop=stop, on_event=when("outcome", stop.set))
    assert org.resume(run.journal).is_done


def test_a8_the_fingerprint_tells_what_a_role_allowed(acme):
    """The same rows over another role are another plan."""
    first = acme.plan(("grace.kim", "Production", "Annotator"))
    gain(acme, "Annotator", "workspaces:manage-members")
    second = acme.plan(("grace.kim", "Production", "Annotator"))
    assert first.fingerprint != second.fingerprint


def test_a8_a_row_is_stale_when_its_workspace_has_another_name(acme):
    """Somebody may have swapped two names: the row means what was shown."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"), ("anton.vogel", "Staging", "", "remove"))
    place = next(w for w in acme.server.state.workspaces.values() if w.display_name == "Staging")
    place.display_name = "Old Production"
    acme.server.state.touch()
    run = acme.apply(plan)
    assert ["done", "skipped"] == sorted(run.results["outcome"])
    assert "the workspace Staging is called Old Production now" in str(run)


def test_a8_a_row_is_stale_when_its_role_has_another_name(acme):
    """The same of roles."""
    plan = acme.plan(("grace.kim", "Production", "Annotator"))
    role_of(acme, "Annotator").display_name = "Superuser"
    acme.server.state.touch()
    assert "the role Annotator is called Superuser now" in str(acme.apply(plan))


# A9


def bury(acme, name):
    """Delete a workspace, beside everything."""
    place = next(w for w in acme.server.state.workspaces.values() if w.display_name == name)
    place.is_deleted = True
    acme.server.state.touch()


def test_a9_a_deleted_workspace_skips_its_rows_only(acme):
    """The others go on, and nobody is told about rights."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"), ("anton.vogel", "Marketing", "Editor"))
    bury(acme, "Marketing")
    run = acme.apply(plan)
    assert {"done", "skipped"} == set(run.results["outcome"])
    assert "the workspace Marketing is not there any more" in str(run)
    assert "does not allow" not in str(run)


@pytest.mark.parametrize("action", ["remove", ""])
def test_a9_a_workspace_that_is_deleted_during_the_run_skips_its_rows_only(acme, action):
    """Also where the first request that meets it is the row's own."""
    plan = acme.plan(
        ("grace.kim", "Production", "Viewer"),
        ("anton.vogel", "Staging", "" if action else "Viewer", action),
        ("liam.murphy", "Production", "Editor"),
    )
    run = acme.apply(plan, workers=1, on_event=when("stage", lambda: bury(acme, "Staging")))
    by_email = run.results.set_index("email")
    assert "skipped" == by_email.loc["anton.vogel@acme.example", "outcome"]
    assert "the workspace Staging is not there any more" in by_email.loc["anton.vogel@acme.example", "reason"]
    assert 2 == run.counts["done"]


def test_a9_a_resume_skips_what_was_in_a_deleted_workspace(acme):
    """Going on is no other way."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"), ("anton.vogel", "Staging", "", "remove"))
    stop = threading.Event()
    run = acme.apply(plan, stop=stop, on_event=when("outcome", stop.set))
    bury(acme, "Staging")
    again = acme.resume(run.journal)
    assert ["done", "skipped"] == sorted(again.results["outcome"])
    assert "the workspace Staging is not there any more" in str(again)


def test_a9_an_undo_skips_what_was_in_a_deleted_workspace(acme):
    """An undo that was made before the workspace went is an ordinary plan."""
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer"), ("anton.vogel", "Staging", "Viewer")))
    undo = acme.undo(run)
    bury(acme, "Staging")
    back = acme.apply(undo)
    assert ["done", "skipped"] == sorted(back.results["outcome"])


def test_a9_an_invitation_into_a_deleted_workspace_is_not_sent(acme):
    """Nobody gets a mail for what was not reviewed."""
    plan = acme.plan(("new.one", "Marketing", "Editor"), ("new.two", "", "Organization User"))
    bury(acme, "Marketing")
    run = acme.apply(plan)
    assert {"new.two@acme.example"} == set(acme.mails()) & {"new.one@acme.example", "new.two@acme.example"}
    assert ["done", "skipped"] == sorted(run.results["outcome"])


@pytest.mark.parametrize("moment", ["before", "during"])
def test_a9_a_deleted_role_skips_its_rows_only(acme, moment):
    """Before the run, and in the middle of it."""
    made = acme.api.create_role("Proofreader", "Reads", ["runs:read"])
    plan = acme.plan(("grace.kim", "Production", "Proofreader"), ("liam.murphy", "Production", "Editor"))

    def drop():
        acme.server.state.roles.pop(made["id"])
        acme.server.state.touch()

    if moment == "before":
        drop()
    run = acme.apply(plan, on_event=when("stage", drop) if moment == "during" else None)
    by_email = run.results.set_index("email")
    assert "skipped" == by_email.loc["grace.kim@acme.example", "outcome"]
    assert "the role Proofreader is not there any more" in by_email.loc["grace.kim@acme.example", "reason"]
    assert "done" == by_email.loc["liam.murphy@acme.example", "outcome"]


def test_a9_a_refusal_that_is_about_rights_is_still_told_as_one(acme):
    """A 403 for a workspace that is there is what it was."""
    acme.server.faults.add(method="PATCH", path="workspaces/current/members", kind="status", status=403)
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer")))
    assert ["failed"] == list(run.results["outcome"])
    assert "stale" not in run.results["reason"].iloc[0]


def test_a9_what_is_refused_for_rights_is_looked_at_once_and_not_row_by_row(acme):
    """A plan of which every row is refused takes two more readings, not two for each row."""
    names = ("grace.kim", "liam.murphy", "samuel.adeyemi", "mei.tanaka")
    plan = acme.plan(*((name, "Production", "Viewer") for name in names))
    acme.server.faults.add(method="PATCH", path="workspaces/current/members", times=9, kind="status", status=403)
    n_before = len(acme.server.requests)
    run = acme.apply(plan)
    assert 2 <= run.counts["failed"]
    asked = [line["path"] for line in acme.server.requests[n_before:]]
    assert 2 == len([path for path in asked if path.endswith("/orgs/current/roles")])


# A10


@pytest.fixture
def saved(server, tmp_path):
    """Save a plan that invites somebody, as the command does, and give the organization and the file."""
    org = lsnb.connect(endpoint=server.url, api_key=server.keys["admin_pat"])
    plan = org.plan(pd.DataFrame([["zed.zed@acme.example", "", USER]], columns=COLUMNS[:3]))
    save_plan(plan, tmp_path / "p.json")
    return org, tmp_path / "p.json"


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.update(created_at="2026-01-01T00:00:00+00:00"),
        lambda data: data.update(nonce="0" * 32),
        lambda data: data.update(nonce=""),
        lambda data: data["basis"]["roles"].clear(),
        lambda data: data["rules"].update(min_admins=0),
        lambda data: data["rules"].update(protected=[]) or data["rules"].update(max_listed=21),
        lambda data: data.update(version=1),
        lambda data: [data.pop(name) for name in ("nonce", "basis", "rules")] and data.update(version=1),
    ],
)
def test_a10_a_saved_plan_is_refused_when_it_was_edited(saved, edit):
    """Everything that the decision rests on is under the fingerprint."""
    _, path = saved
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))
    with pytest.raises(PlanError, match="Make"):
        load_plan(path)


def test_a10_a_plan_is_spent_when_an_edited_copy_is_sealed_anew(server, saved):
    """Also where somebody computes the fingerprint of the copy: it is the same making, and no second mail goes out."""
    org, path = saved
    plan = load_plan(path)
    assert org.apply(plan, confirm=plan.fingerprint).is_done
    for copy in (replace(plan, created_at="2026-01-01T00:00:00Z"), replace(plan, warnings=())):
        sealed = seal(copy)
        with pytest.raises(SpentPlanError):
            org.apply(sealed, confirm=sealed.fingerprint)
    with pytest.raises(UnconfirmedPlanError):
        org.apply(replace(plan, created_at="2026-01-01T00:00:00Z"), confirm=plan.fingerprint)
    assert 1 == Acme(server).mails()["zed.zed@acme.example"]


def test_a10_a_plan_with_rows_left_out_is_the_same_making(server, saved):
    """What is left of a plan that was applied is not applied besides it."""
    org, _ = saved
    rows = [["a.one@acme.example", "", USER], ["a.two@acme.example", "", USER]]
    plan = org.plan(pd.DataFrame(rows, columns=COLUMNS[:3]))
    assert org.apply(plan, confirm=plan.fingerprint).is_done
    part = drop_changes(plan, org.read_access(), [plan.changes[0].id])
    with pytest.raises(SpentPlanError):
        org.apply(part, confirm=part.fingerprint)


def test_a10_a_plan_made_anew_is_another_one(saved):
    """Two makings of the same content have fingerprints of their own."""
    org, path = saved
    again = org.plan(pd.DataFrame([["zed.zed@acme.example", "", USER]], columns=COLUMNS[:3]))
    assert again.fingerprint != load_plan(path).fingerprint
    assert [change.id for change in again.changes] == [change.id for change in load_plan(path).changes]


def test_a10_a_journal_of_an_older_version_can_be_taken_back_and_not_gone_on_with(acme):
    """History stays readable; what it lacks is not guessed."""
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer")))
    lines = run.journal.read_text().splitlines()
    line = json.loads(lines[1])
    line["plan"] |= {"version": 1}
    for name in ("rules", "basis", "nonce"):
        line["plan"].pop(name)
    run.journal.write_text("\n".join([lines[0], json.dumps(line), *lines[2:]]) + "\n")
    with pytest.raises(PlanError, match="older lsnb"):
        acme.resume(run.journal)
    assert acme.apply(acme.undo(run)).is_done


# Judged again


def test_all_rules_are_judged_again_when_a_plan_is_applied(acme):
    """A domain that nobody has any more, a role that somebody took since: not only three rules look again."""
    plan = acme.plan(("zed@partner.example", "", USER))
    assert plan.is_safe
    for person in acme.server.state.people.values():
        if person.email.endswith("@partner.example"):
            person.email = person.email.replace("partner", "other")
    acme.server.state.touch()
    with pytest.raises(UnsafePlanError, match="email-domains"):
        acme.apply(plan)
    assert [] == acme.writes()


def test_what_was_allowed_by_name_stays_allowed_when_it_is_judged_again(acme):
    """What was fine and is still so stays fine."""
    rules = Rules(max_removals_share=0.0)
    plan = acme.plan(("hannah.schmidt", "", "", "remove"), rules=rules, allow={"max-removals": "leaver"})
    assert acme.apply(plan).is_done


def test_a_run_is_held_to_the_rules_of_its_plan(acme):
    """A minimum of five is one at the run too, also where whoever applies says nothing."""
    plan = acme.plan(("lars.berg", "", USER), rules=replace(WIDE, min_admins=5))
    assert plan.is_safe
    set_role(acme, "tomas.okafor", USER)
    with pytest.raises(UnsafePlanError, match="at least 5"):
        acme.apply(plan)


def test_a_resume_goes_on_with_what_no_rule_refuses(acme):
    """A rule that refuses a row by now skips it, says so, and leaves it to be gone on with."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"), ("zed@partner.example", "", USER))
    stop = threading.Event()
    stop.set()
    run = acme.apply(plan, stop=stop)
    assert 2 == run.counts["not started"]
    for person in acme.server.state.people.values():
        if person.email.endswith("@partner.example"):
            person.email = person.email.replace("partner", "other")
    acme.server.state.touch()
    again = acme.resume(run.journal)
    assert ["done", "skipped"] == sorted(again.results["outcome"])
    assert "email-domains" in str(again)
    assert 1 == again.n_open


def test_ten_changes_of_roles_take_few_requests(acme):
    """One reading serves the rules and the comparison."""
    names = ("grace.kim", "liam.murphy", "hannah.schmidt", "anton.vogel", "wei.zhang", "samuel.adeyemi")
    more = ("mei.tanaka", "noah.fischer", "zoe.muller", "kofi.mensah", "diego.alvarez", "yuki.sato")
    plan = acme.plan(*((name, "", "Organization Viewer") for name in (*names, *more)))
    assert 10 == len(plan)
    n_before = len(acme.server.requests)
    assert acme.apply(plan).is_done
    reads = [line["path"] for line in acme.server.requests[n_before:] if line["method"] == "GET"]
    assert 7 >= len(reads), reads
