"""Answers that go wrong, and processes that are killed: nothing is created twice, and what was created is used."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from lsnb.service.secret_sinks import SecretBox
from tests.apply import things as t
from tests.apply.acme import Acme, difference
from tests.apply.test_faults import FAULTS
from tests.apply.test_kills import Killed, Mortal

CREATING = {
    "workspace": ("/workspaces$", lambda acme: t.create_workspace("Robotics")),
    "role": ("/orgs/current/roles$", lambda acme: t.create_role("Field Engineer")),
    "key": ("/service-keys$", lambda acme: t.create_key(acme, "Dashboards", "Viewer", "Production")),
}
CHANGING = {
    "rename": ("PATCH", "/workspaces/[^/]*$", lambda acme: t.rename_workspace(acme, "Marketing", "Growth")),
    "delete a workspace": ("DELETE", "/workspaces/[^/]*$", lambda acme: t.delete_workspace(acme, "Sales-Demos")),
    "update a role": ("PATCH", "/roles/", lambda acme: t.update_role(acme, "Annotator", add=["prompts:read"])),
    "delete a role": ("DELETE", "/roles/", lambda acme: t.delete_role(acme, "Dataset Curator")),
    "set a key's role": (
        "PATCH",
        "/service-keys/",
        lambda acme: t.set_key_role(acme, "Nightly load of Research", "Viewer"),
    ),
    "delete a key": ("DELETE", "/service-keys/", lambda acme: t.delete_key(acme, "Default API key")),
    "revoke": ("POST", "/revocation$", lambda acme: t.revoke(acme, "Production sync")),
    "reinstate": ("DELETE", "/revocation$", lambda acme: t.reinstate(acme, "Old laptop")),
    "settings": ("PATCH", "/orgs/current/info$", lambda acme: t.setting("public_sharing_disabled", False, True)),
    "unshare": ("DELETE", "/shared$", lambda acme: t.unshare(acme, "Support", 2)),
}
NOT_SENT_AGAIN = ("500", "502 page", "408", "drop-before", "html")


@pytest.fixture(autouse=True)
def prepared(acme):
    """Let every kind of change have something to do."""
    t.prepare(acme)


def again(acme, plan):
    """Bring the organization back to where it was, and make the same plan anew."""
    acme.server.reset()
    t.prepare(acme)
    return replace(plan, created_at=acme.stamp())


@pytest.mark.each_once
@pytest.mark.parametrize("what", CREATING)
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_created_twice_when_an_answer_goes_wrong(acme, what, fault):
    """A thing that was made is found by its name, and one that was not is made once somebody goes on."""
    path, make = CREATING[what]
    plan = t.plan_of(acme, make(acme))
    planted = acme.server.faults.add(method="POST", path=path, **FAULTS[fault])
    box = SecretBox()
    run = acme.apply(plan, secrets=box)
    assert planted.hits > 0
    is_lost = what == "key" and fault in ("drop-after", "truncate")
    if is_lost or fault in NOT_SENT_AGAIN:
        assert {"unknown": 1} == run.counts, str(run)
    if is_lost:
        key = t.key_of(acme, "Dashboards")
        assert key.short_key in run.results["reason"].iloc[0]
        assert "its secret is lost" in run.results["reason"].iloc[0]
        assert f"delete the key {key.short_key} and make another" in run.results["next_step"].iloc[0]
        assert {"unknown": 1} == acme.resume(run.journal, secrets=box).counts  # it is still there
        acme.api.delete_service_key(key.id)
    if not run.is_done:
        run = acme.resume(run.journal, secrets=box)
    assert run.is_done, str(run)
    names = [name[:2] for name in t.things_of(acme.server.state)]
    name = {"workspace": "Robotics", "role": "Field Engineer", "key": "Dashboards"}[what]
    assert 1 == names.count((what.replace("key", "service"), name))
    assert ("Dashboards",) * (what == "key") == box.names


@pytest.mark.each_once
@pytest.mark.parametrize("what", CHANGING)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_end_is_the_same_when_an_answer_goes_wrong(acme, what, fault):
    """What was carried out is found, and what was not is done again."""
    method, path, make = CHANGING[what]
    plan = t.plan_of(acme, make(acme))
    before = t.things_of(acme.server.state)
    planted = acme.server.faults.add(method=method, path=path, **FAULTS[fault])
    run = acme.apply(plan)
    assert planted.hits > 0
    assert run.is_done, str(run)
    assert ({}, {}) != difference(before, t.things_of(acme.server.state))


@pytest.mark.parametrize("moment", ["before", pytest.param("after", marks=pytest.mark.thorough)])
def test_every_boundary_can_be_survived_when_the_process_is_killed(server, moment):
    """Between creating and using, and anywhere else: going on ends where the quiet run ends."""
    acme = Acme(server)
    t.prepare(acme)
    plan = t.plan_of(acme, *t.every_kind(acme))
    quiet = acme.apply(plan, secrets=SecretBox())
    assert quiet.is_done, str(quiet)
    expected, grants, n_writes = ends(acme), acme.grants(), len(acme.writes())
    assert n_writes >= 17
    for number in range(n_writes):
        same = again(acme, plan)
        journal = Path(f"{moment}-{number}.jsonl")
        mortal = Acme(server, transport=Mortal)
        mortal.transport.at, mortal.transport.moment = number, moment
        with pytest.raises(Killed):
            mortal.apply(same, journal=journal, workers=1, secrets=SecretBox())
        run = acme.resume(journal, secrets=SecretBox())
        if not run.is_done:
            lost = run.results.loc[run.results["outcome"] == "unknown", "kind"]
            assert ["CreateServiceKey"] == list(lost), f"{moment} {number}: {run}"
            reason = run.results.set_index("outcome").loc["unknown", "reason"]
            assert "its secret is lost" in reason
            key = next(key for key in server.state.keys.values() if key.short_key in reason)
            acme.api.delete_service_key(key.id)
            run = acme.resume(journal, secrets=SecretBox())
        assert run.is_done, f"{moment} {number}: {run}"
        assert expected == ends(acme), f"{moment} {number}"
        assert grants == acme.grants(), f"{moment} {number}"
        assert {"new.one@acme.example": 1} == acme.mails()


def ends(acme):
    """Give what is there, but for the hours at which keys were made."""
    return sorted(map(str, t.things_of(acme.server.state).items()))


def test_the_second_process_uses_what_the_first_has_made(acme):
    """A workspace that was made before the kill is not made again, and people are added to it by its id."""
    plan = t.plan_of(acme, *t.every_kind(acme))

    def die(event):
        if event.kind == "stage" and event.stage == "invite":
            raise Killed

    with pytest.raises(Killed):
        acme.apply(plan, journal="run.jsonl", on_event=die, secrets=SecretBox())
    made = acme.workspace_id("Robotics")
    run = acme.resume("run.jsonl", secrets=SecretBox())
    assert run.is_done, str(run)
    assert made == acme.workspace_id("Robotics")
    assert "Viewer" == acme.grants()["grace.kim@acme.example", "Robotics", "joined"]
    assert 1 == sum(line["path"].endswith("/api/v1/workspaces") for line in acme.writes())


def test_a_run_is_gone_on_with_when_its_first_workspace_is_deleted_already(acme):
    """Who applies the plan is found out in another workspace."""
    plan = t.plan_of(acme, t.delete_workspace(acme, "Data Science"), t.unshare(acme, "Support", 2))

    def die(event):
        if event.kind == "outcome" and event.change.kind == "DeleteWorkspace":
            raise Killed

    with contextlib.suppress(Killed):
        acme.apply(plan, journal="run.jsonl", on_event=die)
    assert acme.resume("run.jsonl").is_done


@pytest.mark.parametrize("fault", FAULTS)
def test_settings_are_all_there_when_their_shared_answer_goes_wrong(acme, fault):
    """One request carries them, and each is looked up by itself."""
    changes = [
        t.setting("public_sharing_disabled", False, True),
        t.setting("max_service_key_expiry_days", None, 365),
        t.setting("security_contact", None, "security@acme.example"),
    ]
    plan = t.plan_of(acme, *changes)
    planted = acme.server.faults.add(method="PATCH", path="/info$", **FAULTS[fault])
    run = acme.apply(plan)
    assert planted.hits > 0
    assert run.is_done, str(run)
    settings = acme.server.state.organization.settings
    assert (True, 365, "security@acme.example") == tuple(settings[change.ids["setting"]] for change in changes)


@pytest.mark.parametrize("fault", FAULTS)
def test_people_are_added_once_when_the_answer_to_a_batch_goes_wrong(acme, fault):
    """Whoever was added is found, and the others are added one by one; nobody gets an e-mail."""
    names = ["grace.kim", "mei.tanaka", "zoe.muller", "wei.zhang", "anton.vogel", "liam.murphy"]
    here = {email for email, where, _ in acme.grants() if where == "Security Review"}
    names = [name for name in names if f"{name}@acme.example" not in here]
    plan = t.plan_of(acme, *[t.add_member(acme, name, "Security Review") for name in names])
    planted = acme.server.faults.add(method="POST", path="/batch$", skip=1, **FAULTS[fault])  # the first one only asks
    run = acme.apply(plan)
    assert planted.hits > 0
    assert run.is_done, str(run)
    held = acme.grants()
    assert {"Viewer"} == {held[f"{name}@acme.example", "Security Review", "joined"] for name in names}
    assert {} == acme.mails()


@pytest.mark.parametrize("what", CREATING)
def test_nothing_is_guessed_when_looking_fails_too(acme, what):
    """Where the look-up fails the change stays unknown, what needs it waits, and going on settles both."""
    path, make = CREATING[what]
    plan = t.plan_of(acme, make(acme))
    acme.server.faults.add(method="POST", path=path, kind="drop-after")

    def blind(event):
        if event.kind == "reading" and "clear answer" in event.text:
            acme.server.faults.add(method="GET", path=path, times=None, kind="status", status=500)

    run = acme.apply(plan, on_event=blind, secrets=SecretBox())
    assert {"unknown": 1} == run.counts
    assert "looking failed" in run.results["reason"].iloc[0]
    acme.server.faults.clear()
    box = SecretBox()
    run = acme.resume(run.journal, secrets=box)
    if what == "key":
        assert "its secret is lost" in run.results["reason"].iloc[0]
        acme.api.delete_service_key(t.key_of(acme, "Dashboards").id)
        run = acme.resume(run.journal, secrets=box)
    assert run.is_done, str(run)
