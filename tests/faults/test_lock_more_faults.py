"""Plans that were edited, runs at once, older journals and kills beside a count: faults that were found, and others of their kind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import lsnb
from lsnb.apply.admins import AdminGuard
from lsnb.apply.journal import run_lock
from lsnb.apply.journal.run_lock import turn_of
from lsnb.errors import BusyOrganizationError, JournalError, PlanError
from lsnb.plan import fingerprint_of, plan_from_json, plan_to_json, seal
from lsnb.plan.serialise import _read
from tests.apply.acme import Acme

COLUMNS = ["email", "langsmith_role", "workspace_name", "action"]
ADMINS = ("ada.lindqvist", "tomas.okafor", "priya.raman", "break.glass", "lars.berg", "dana.fox@partner.example")
USER, VIEWER, ADMIN = "Organization User", "Organization Viewer", "Organization Admin"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Let journals, notes and locks go into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def svc(server):
    """Give the small demo organization with the service key of an Organization Admin."""
    return Acme(server, "admin_service_key")


@pytest.fixture
def org(server):
    """Give it as people connect to it."""
    return lsnb.connect(endpoint=server.url, api_key=server.keys["admin_service_key"])


def address(name):
    """Complete a bare name."""
    return name if "@" in name else f"{name}@acme.example"


def people(*rows):
    """Make a sheet of people."""
    cells = [(address(row[0]), *row[1:], *[""] * (4 - len(row))) for row in rows]
    return pd.DataFrame(cells, columns=COLUMNS, dtype="str")


def admins(server):
    """Look into the server for who is Organization Admin and not switched off."""
    roles = server.state.roles
    found = [p for p in server.state.people.values() if roles[p.role_id].name == "ORGANIZATION_ADMIN"]
    return sorted(person.email for person in found if not person.is_disabled)


def role_id(server, name):
    """Give the id of a role."""
    return next(id_ for id_, role in server.state.roles.items() if role.display_name == name)


def place_id(server, name):
    """Give the id of a workspace."""
    return next(id_ for id_, place in server.state.workspaces.items() if place.display_name == name)


def identity(server, name):
    """Give the id of somebody in the organization."""
    return server.state.find_person(address(name)).id


def set_role(server, name, role):
    """Let somebody else change a role, beside everything."""
    server.state.find_person(address(name)).role_id = role_id(server, role)
    server.state.touch()


def leave_admins(server, *names):
    """Let these be the only Organization Admins."""
    for email in set(admins(server)) - set(map(address, names)):
        set_role(server, email, USER)


def edited(plan, edit):
    """Edit a saved plan, change by change, and give it the fingerprint of what it says now."""
    data = json.loads(json.dumps(plan_to_json(plan)))
    data["refusals"] = []
    for change in data["changes"]:
        edit(change)
    data["fingerprint"] = fingerprint_of(_read(data))
    return plan_from_json(data)


def writes(server):
    """List the writes that the server saw."""
    return [line["path"] for line in server.requests if line["method"] != "GET"]


def carried_out(org, plan, **how):
    """Apply a plan; give what became of it, or the words of the refusal."""
    try:
        return org.apply(plan, confirm=plan.fingerprint, **how)
    except PlanError as error:
        return str(error)


# A plan that shows something else than it would do


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (("grace.kim", VIEWER), ADMIN),
        (("new.one", USER), ADMIN),
        (("grace.kim", "Workspace Viewer", "Production"), "Admin"),
        (("liam.murphy", "Workspace Viewer", "Production"), "Admin"),
    ],
)
@pytest.mark.parametrize("is_thorough", [False, True])
def test_an_edited_plan_gives_no_other_role_than_it_shows(org, server, row, shown, is_thorough):
    """Whether only the id that is sent was edited, or every id of the role: its name is looked up."""
    plan = org.plan(people(row))
    assert plan.is_safe

    def edit(change):
        change["ids"]["role_id"] = role_id(server, shown)
        if is_thorough:
            change["after"]["role_id"] = role_id(server, shown)

    run = carried_out(org, edited(plan, edit))
    assert [] == writes(server)
    assert "shows" in (run if isinstance(run, str) else run.results["reason"].iloc[0])


def test_an_edited_plan_demotes_nobody_whom_it_shows_as_admin(org, server):
    """Six demotions that say that they lead to Organization Admin are six demotions."""
    plan = org.plan(people(*((name, USER) for name in ADMINS)), allow={"max-removals": "drill"})

    def edit(change):
        change["after"] |= {"role_name": "ORGANIZATION_ADMIN"}
        change["stage"] = "change"

    run = carried_out(org, edited(plan, edit))
    assert 6 == len(admins(server)), run


@pytest.mark.parametrize("kind", ["RemoveMember", "SetOrgRole", "CancelInvite"])
def test_an_edited_plan_hits_nobody_else_by_another_kind_or_id(org, server, kind):
    """A row of a workspace that was made one of the organization, with the ids of Admins."""
    plan = org.plan(people(("grace.kim", "", "Production", "remove")))
    for name in ADMINS:

        def edit(change, name=name):
            change |= {"kind": kind}
            change["ids"] |= {"identity_id": identity(server, name), "role_id": role_id(server, USER)}

        assert isinstance(carried_out(org, edited(plan, edit)), str)
    assert [] == writes(server)
    assert 6 == len(admins(server))


def test_an_edited_plan_adds_nobody_else_than_it_shows(org, server):
    """The id of another person beside the address that is shown."""
    plan = org.plan(people(("liam.murphy", "Workspace Admin", "Production")))
    run = carried_out(
        org, edited(plan, lambda change: change["ids"].update(identity_id=identity(server, "oskar.nyman")))
    )
    assert [] == writes(server)
    assert "oskar.nyman@acme.example" in run.results["reason"].iloc[0]


def test_an_edited_plan_changes_no_other_workspace_than_it_shows(org, server):
    """With and without the note of what the workspace was called."""
    plan = org.plan(people(("liam.murphy", "Workspace Viewer", "Research")))
    change = plan.changes[0]
    ids = dict(change.ids) | {"workspace_id": place_id(server, "Production")}
    from lsnb.plan import change_id

    other = replace(
        change,
        ids=ids,
        id=change_id(change.kind, change.email, "workspace", ids["workspace_id"]),
    )
    for basis in ({}, dict(plan.basis) | {"workspaces": {ids["workspace_id"]: "Research"}}):
        run = carried_out(org, seal(replace(plan, changes=(other,), basis=basis, nonce=f"other {len(basis)}")))
        assert "Production" in run.results["reason"].iloc[0]
    assert [] == writes(server)


def test_an_edited_plan_deletes_no_other_workspace_than_it_shows(org, server):
    """Allowed was the deletion of the one, not of the other."""
    sheet = pd.DataFrame([("Marketing", "delete")], columns=["workspace_name", "action"])
    allow = {f"irreversible:{org.plan({'workspaces': sheet}).changes[0].id}": "closed", "max-removals": "closed"}
    plan = org.plan({"workspaces": sheet}, allow=allow)
    assert plan.is_safe

    def edit(change):
        change["ids"]["workspace_id"] = place_id(server, "Production")
        change["before"]["workspace"] = "Production"

    assert "Production" in carried_out(org, edited(plan, edit))
    assert [] == writes(server)


def test_an_edited_plan_makes_no_key_of_more_power_than_it_shows(org, server):
    """The secret would be handed over, and the key work at once."""
    titles = ["description", "role", "org_role", "workspaces", "expires_at", "action"]
    sheet = pd.DataFrame([("nightly", "Workspace Viewer", VIEWER, "*", "2027-01-31", "create")], columns=titles)
    plan = org.plan({"keys": sheet})
    run = carried_out(
        org,
        edited(plan, lambda change: change["after"].update(org_role_id=role_id(server, ADMIN))),
        secrets=lsnb.SecretBox(),
    )
    assert ["skipped"] == list(run.results["outcome"])
    assert [] == writes(server)


def test_an_edited_plan_hides_neither_risk_nor_what_cannot_come_back(org):
    """What a reader goes by follows from the change, and is not what a file says of it."""
    plan = org.plan(people(("yuki.sato", "", "", "remove")))
    for edit in (
        lambda change: change.update(risk="low"),
        lambda change: change.update(reversible=True),
        lambda change: change.update(consequence=""),
        lambda change: change.update(stage="create"),
        lambda change: change.update(email="elena.costa@acme.example"),
    ):
        assert isinstance(carried_out(org, edited(plan, edit)), str)


def test_a_plan_with_the_same_change_twice_is_refused(org, server):
    """Of two changes of one name only one would be in the results."""
    plan = org.plan(people(("yuki.sato", VIEWER)))
    assert "Several" in carried_out(org, seal(replace(plan, changes=plan.changes * 2)))
    assert [] == writes(server)


def test_a_journal_with_an_edited_plan_is_not_gone_on_with(org, server, tmp_path):
    """The plan in a journal is no less a file."""
    stop = threading.Event()
    stop.set()
    plan = org.plan(people(("grace.kim", VIEWER)))
    run = org.apply(plan, confirm=plan.fingerprint, stop=stop)
    lines = run.journal.read_text().splitlines()
    other = edited(plan, lambda change: change["ids"].update(role_id=role_id(server, ADMIN)))
    header = json.loads(lines[0]) | {"fingerprint": other.fingerprint}
    plan_line = json.dumps({"event": "plan", "plan": plan_to_json(other)})
    path = tmp_path / "edited.jsonl"
    path.write_text("\n".join([json.dumps(header), plan_line, *lines[2:]]) + "\n")
    with pytest.raises(PlanError, match="shows"):
        org.resume(path)
    assert [] == writes(server)


# Roles that a plan edits or makes, and gives to people


def _granting(org, role, permissions, *, n):
    roles = pd.DataFrame([(name, "x") for name in permissions], columns=["permission", role])
    users = org.snapshot().members
    chosen = users[(users["role"] == USER) & ~users["is_disabled"].fillna(False)]["email"].tolist()[:n]
    return org.plan({"roles": roles, "access": people(*((email, role, "Production") for email in chosen))})


@pytest.mark.parametrize("role", ["Report Reader", "Helper"])
def test_who_gets_an_edited_or_new_role_gains_what_it_gained(org, role):
    """Few hold the role today, or nobody; it is what the plan leaves that counts."""
    plan = _granting(org, role, ["runs:delete", "runs:read"], n=20)
    assert ["max-widening"] == [verdict.rule for verdict in plan.refusals]
    assert _granting(org, role, ["runs:delete", "runs:read"], n=6).is_safe


def test_who_gets_a_harmless_new_role_or_loses_by_it_is_not_counted(org):
    """A role that only reads may go to everybody; and an Editor's `runs:delete`, where there is one, is no gain."""
    assert _granting(org, "Looker", ["runs:read", "projects:read"], n=20).is_safe


# Two runs at once on one machine

_HOLD = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from lsnb.apply.journal.run_lock import turn_of
    with turn_of(sys.argv[1], sys.argv[2], organization="Acme", journal=Path("j"), started_at="2026-11-28T10:00:00Z"):
        print("held", flush=True)
        time.sleep(60)
    """
)


@pytest.fixture
def hold(tmp_path):
    """Let another process have the turn, with a state folder of its own."""
    children = []

    def start(organization, host, **environ):
        child = subprocess.Popen(
            [sys.executable, "-c", _HOLD, organization, host],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "other")} | environ,
        )
        children.append(child)
        assert "held\n" == child.stdout.readline()
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


def test_runs_with_other_state_folders_exclude_each_other(svc, hold):
    """A schedule, another account and a notebook know other folders, and change the same organization."""
    plan = svc.plan(("grace.kim", "Production", "Viewer"))
    child = hold(plan.organization_id, plan.host)
    with pytest.raises(BusyOrganizationError, match=f"process {child.pid}.*since 2026-11-28T10:00:00Z"):
        svc.apply(plan)
    child.kill()
    child.wait()
    assert svc.apply(plan).is_done


def test_runs_exclude_each_other_also_where_the_system_has_no_names(svc, hold, monkeypatch):
    """There it is a file in the folder for temporary files."""
    monkeypatch.setattr(run_lock, "_HAS_NAMES", False)
    plan = svc.plan(("grace.kim", "Production", "Viewer"))
    how = {"organization": "Acme", "journal": Path("j"), "started_at": "now", "sleep": lambda seconds: None}
    with turn_of(plan.organization_id, plan.host, **how):
        monkeypatch.setenv("XDG_STATE_HOME", str(Path.cwd() / "third"))
        with pytest.raises(BusyOrganizationError, match=f"process {os.getpid()}"):
            svc.apply(plan)
    assert svc.apply(plan).is_done


@pytest.mark.parametrize("host", ["localhost:{}", "LOCALHOST:{}", "[::1]:{}", "127.0.0.2:{}"])
def test_all_names_of_this_machine_are_one_host(svc, hold, host):
    """Only the port tells what answers there."""
    plan = svc.plan(("grace.kim", "Production", "Viewer"))
    port = plan.host.rpartition(":")[2]
    hold(plan.organization_id, host.format(port))
    with pytest.raises(BusyOrganizationError):
        svc.apply(plan)


def test_other_ports_and_other_hosts_do_not_wait(svc, hold):
    """A rehearsal on a copy with the same ids runs beside the real thing."""
    plan = svc.plan(("grace.kim", "Production", "Viewer"))
    hold(plan.organization_id, "127.0.0.1:1")
    hold(plan.organization_id, "eu.api.smith.langchain.com")
    assert svc.apply(plan).is_done


# Older copies of a journal


def _stopped(svc, *rows):
    stop = threading.Event()
    stop.set()
    return svc.apply(svc.plan(*rows), stop=stop).journal


def test_an_older_copy_of_a_journal_mails_nobody_again(svc, server, tmp_path):
    """The invitations were sent, and declined since; the copy knows of neither."""
    journal = _stopped(svc, ("new.one", "", USER), ("new.two", "", USER))
    copy = shutil.copy(journal, tmp_path / "copy.jsonl")
    assert svc.resume(journal).is_done
    for invitation in list(server.state.open_invitations()):
        if invitation.email.startswith("new."):
            del server.state.invitations[invitation.id]
    server.state.touch()
    with pytest.raises(JournalError, match=journal.name):
        svc.resume(copy)
    # Neither in the place of the newer one.
    shutil.copy(copy, journal)
    with pytest.raises(JournalError, match="older copy"):
        svc.resume(journal)
    assert {1} == {n for email, n in svc.mails().items() if email.startswith("new.")}


def test_a_journal_that_was_moved_or_copied_whole_is_gone_on_with(svc, tmp_path):
    """Files are moved, copied to another place and linked; what is not behind is gone on with."""
    journal = _stopped(svc, ("grace.kim", "Production", "Viewer"), ("liam.murphy", "Production", "Viewer"))
    (tmp_path / "link.jsonl").symlink_to(journal)
    stop = threading.Event()
    stop.set()
    svc.resume(tmp_path / "link.jsonl", stop=stop)
    copy = Path(shutil.copy(journal, tmp_path / "copy.jsonl"))
    svc.resume(copy, stop=stop)
    moved = copy.rename(tmp_path / "moved.jsonl")
    assert svc.resume(moved).is_done
    with pytest.raises(JournalError, match=r"moved\.jsonl"):
        svc.resume(journal)


# A kill between a change and the count after it


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("n_others", [0, 1])
def test_a_demotion_that_was_not_counted_is_counted_on_going_on(svc, server, monkeypatch, n_others):
    """It is done and on disk, the process ends, and others take away Admins meanwhile."""
    leave_admins(server, "ada.lindqvist", "tomas.okafor", "priya.raman")
    rows = [("priya.raman", "", USER), *[("grace.kim", "Production", "Viewer")] * n_others]
    plan = svc.plan(*rows)
    check = AdminGuard.check_after

    def die(guard, change):
        raise Killed

    monkeypatch.setattr(AdminGuard, "check_after", die)
    with pytest.raises(Killed):
        svc.apply(plan, journal="j.jsonl")
    monkeypatch.setattr(AdminGuard, "check_after", check)
    assert 2 == len(admins(server))
    set_role(server, "tomas.okafor", USER)
    run = svc.resume("j.jsonl")
    assert ["ada.lindqvist@acme.example", "priya.raman@acme.example"] == admins(server)
    assert "min-admins" in run.stopped


def test_a_demotion_that_was_counted_is_not_taken_back_later(svc, server):
    """What others do days after a run was stopped is not this run's to mend."""
    leave_admins(server, "ada.lindqvist", "tomas.okafor", "priya.raman")
    stop = threading.Event()

    def hear(event):
        if event.kind == "outcome":
            stop.set()

    plan = svc.plan(("priya.raman", "", USER), ("yuki.sato", "", "", "remove"))
    run = svc.apply(plan, stop=stop, on_event=hear)
    set_role(server, "tomas.okafor", USER)
    svc.resume(run.journal)
    assert ["ada.lindqvist@acme.example"] == admins(server)


# A policy named by a path that begins in the working folder


@pytest.mark.parametrize("there", [None, '[lists]\nbreak_glass = ["yuki.sato@acme.example"]\n'])
def test_a_policy_that_was_named_stays_the_one_in_another_working_folder(server, tmp_path, monkeypatch, there):
    """Also where that folder has a file of the same name."""
    (tmp_path / "rules.toml").write_text('[lists]\nbreak_glass = ["break.glass@acme.example"]\n')
    org = lsnb.connect(endpoint=server.url, api_key=server.keys["admin_service_key"], policy="rules.toml")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    if there is not None:
        Path("rules.toml").write_text(there)
    plan = org.plan(people(("break.glass", "", "", "remove")))
    assert "protected" in [verdict.rule for verdict in plan.refusals]
