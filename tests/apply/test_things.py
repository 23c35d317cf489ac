"""Changes that are of nobody's membership: every kind is carried out, looked at before and after, and referred to."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from lsnb.apply.batches import to_waves
from lsnb.apply.journal import read_journal
from lsnb.apply.undo import make_undo
from lsnb.errors import PlanError
from lsnb.loader import load_snapshot_of
from lsnb.plan import changes_to_plan, new_change
from lsnb.plan.references import role_reference, workspace_reference
from lsnb.service.api.keys import NewKey
from lsnb.service.secret_sinks import SecretBox
from tests.apply import things as t
from tests.apply.acme import WIDE, Acme, address, difference


@pytest.fixture(autouse=True)
def prepared(acme):
    """Let every kind of change have something to do."""
    t.prepare(acme)


def test_every_kind_is_applied_when_a_plan_has_them_all(acme):
    """What the plan says is what the server then has, what refers to new things included, and nothing else changed."""
    before, held = t.things_of(acme.server.state), acme.grants()
    box = SecretBox()
    run = acme.apply(t.plan_of(acme, *t.every_kind(acme)), secrets=box)
    assert run.is_done, str(run)
    assert () == run.notes
    gone, come = difference(before, t.things_of(acme.server.state))
    engineer = ("what Field Engineer needs", frozenset(t.READING))
    assert engineer == come["role", "Field Engineer"]
    assert {("workspace", "Robotics"), ("workspace", "Growth")} == {name for name in come if name[0] == "workspace"}
    assert {("workspace", "Marketing"), ("workspace", "Sales-Demos")} == {n for n in gone if n[0] == "workspace"}
    assert {"prompts:read"} == come["role", "Annotator"][1] - gone["role", "Annotator"][1]
    assert {"runs:delete"} == gone["role", "Power User"][1] - come["role", "Power User"][1]
    assert ("role", "Dataset Curator") in gone.keys() - come.keys()
    expiry = "2031-01-01T00:00:00+00:00"
    assert ("Viewer", None, ("Production", "Staging"), expiry, False) == _at_utc(come["service", "Dashboards", ""])
    assert ("Field Engineer", None, ("Research",), expiry, False) == _at_utc(come["service", "Field data", ""])
    assert ("Admin", "Viewer") == (
        gone["service", "Nightly load of Research", ""][0],
        come["service", "Nightly load of Research", ""][0],
    )
    assert ("service", "Default API key", "") in gone.keys() - come.keys()
    assert {"Production sync": True, "Old laptop": False} == {n[1]: v[4] for n, v in come.items() if n[0] == "pat"}
    assert {
        ("setting", "public_sharing_disabled"): "True",
        ("setting", "max_service_key_expiry_days"): "3000",
        ("setting", "workspace_admin_can_invite_to_org"): "False",
    } == {name: value for name, value in come.items() if name[0] == "setting"}
    assert 2 == len([name for name in gone if name[0] == "link"])
    _, granted = difference(held, acme.grants())
    assert "Field Engineer" == granted["new.one@acme.example", "Robotics", "pending"]
    assert "Viewer" == granted["grace.kim@acme.example", "Robotics", "joined"]
    assert {"Dashboards", "Field data"} == set(box.names)


def _at_utc(values):
    return (*values[:3], str(values[3]).replace(".000000", "").replace("Z", "+00:00"), values[4])


def test_stages_follow_one_another_when_things_need_each_other(acme):
    """What is created comes first, settings share one request, and what deletes a workspace comes after its people."""
    acme.apply(t.plan_of(acme, *t.every_kind(acme)), secrets=SecretBox())
    writes = [(line["method"], line["path"].removeprefix("/api/v1")) for line in acme.writes()]
    places = {path: number for number, (_, path) in enumerate(writes)}
    assert {("POST", "/workspaces"), ("POST", "/orgs/current/roles")} == set(writes[:2])
    assert 1 == writes.count(("PATCH", "/orgs/current/info"))
    settings = next(line for line in acme.writes() if line["path"].endswith("/orgs/current/info"))
    assert ["max_service_key_expiry_days", "public_sharing_disabled", "workspace_admin_can_invite_to_org"] == settings[
        "body_keys"
    ]
    gone = f"/workspaces/{next(w.id for w in acme.server.state.workspaces.values() if w.is_deleted)}"
    assert places["/workspaces/current/shared"] < places[gone]
    assert places[gone] < max(number for number, (m, p) in enumerate(writes) if m == "DELETE" and "/roles/" in p)


def test_only_what_the_kinds_need_is_read_when_a_plan_is_small(acme):
    """A plan of one setting asks who the key is, reads what the rules judge again once, and the settings after."""
    plan = t.plan_of(acme, t.setting("public_sharing_disabled", False, True))
    acme.server.instance.log.clear()
    acme.apply(plan)
    paths = [line["path"].removeprefix("/api/v1") for line in acme.server.requests]
    assert ["/auth/public", "/orgs/current/info", "/orgs/current/info"] == [paths[0], *paths[-2:]]
    judged = ["info", "members", "personal-access-tokens", "roles", "sso-settings", "workspaces"]
    assert judged == sorted(path.rpartition("/")[2] for path in paths[1:-2])


def test_a_role_is_skipped_when_somebody_changed_it_since(acme):
    """One more permission of the live role makes the change stale, and the role is left as it is."""
    plan = t.plan_of(acme, t.update_role(acme, "Annotator", add=["datasets:read", "prompts:read"]))
    acme.server.state.roles[acme.role_id("Annotator")].permissions.append("alerts:read")
    run = acme.apply(plan)
    assert ["skipped"] == list(run.results["outcome"])
    assert "alerts:read" in run.results["reason"].iloc[0]
    assert [] == [line for line in acme.writes() if line["method"] == "PATCH"]


@pytest.mark.parametrize("field", ["display_name", "description", "permissions"])
def test_a_role_is_looked_at_again_when_its_turn_comes(acme, field):
    """A role that is changed between the first look and its own request is left as it is."""
    role = acme.server.state.roles[acme.role_id("Annotator")]
    plan = t.plan_of(acme, t.update_role(acme, "Annotator", add=["datasets:read", "prompts:read"]))

    def meddle(event):
        if event.kind == "stage":
            setattr(role, field, [*role.permissions, "alerts:read"] if field == "permissions" else "meanwhile")

    run = acme.apply(plan, on_event=meddle)
    assert ["skipped"] == list(run.results["outcome"]), str(run)
    assert "stale" in run.results["reason"].iloc[0]
    assert [] == [line for line in acme.writes() if line["method"] == "PATCH"]


def test_an_unknown_permission_survives_when_a_role_is_edited(acme):
    """A permission that no catalogue names stays in the list that is sent."""
    role = acme.server.state.roles[acme.role_id("Annotator")]
    role.permissions.append("holograms:project")
    assert acme.apply(t.plan_of(acme, t.update_role(acme, "Annotator", add=["datasets:update"]))).is_done
    assert {"holograms:project", "datasets:update"} <= set(role.permissions)


@pytest.mark.parametrize(
    "make",
    [
        lambda acme: (t.setting("public_sharing_disabled", True, False), "public_sharing_disabled is False"),
        lambda acme: (t.setting("no_such_setting", None, True), "shows no setting no_such_setting"),
        lambda acme: (t.unshare(acme, "Support", 7), "Support has 2 public links"),
        lambda acme: (t.unshare(acme, "Production", 3), "it is so already"),
        lambda acme: (t.create_role("Annotator"), "the role 'Annotator' is there"),
        lambda acme: (t.create_workspace("Staging"), "it is so already"),
    ],
)
def test_a_change_is_skipped_when_its_ground_is_gone(acme, make):
    """What the plan was made from is read again, and what differs is said."""
    change, words = make(acme)
    run = acme.apply(t.plan_of(acme, change))
    assert ["skipped"] == list(run.results["outcome"]), str(run)
    assert words in run.results["reason"].iloc[0]
    assert [] == acme.writes()


def test_what_is_gone_is_skipped_when_it_was_deleted_since(acme):
    """A workspace, key or role that somebody else has removed is not looked for under another id."""
    changes = (
        t.rename_workspace(acme, "Marketing", "Growth"),
        t.set_key_role(acme, "Nightly load of Research", "Viewer"),
        t.update_role(acme, "Report Reader", add=["datasets:read"]),
    )
    plan = t.plan_of(acme, *changes)
    state = acme.server.state
    state.workspaces[acme.workspace_id("Marketing")].is_deleted = True
    state.drop_key(t.key_of(acme, "Nightly load of Research"))
    del state.roles[acme.role_id("Report Reader")]
    run = acme.apply(plan)
    assert {"skipped": 3} == run.counts, str(run)


def test_others_are_skipped_when_what_they_need_was_not_created(acme):
    """A person who was to get a role that could not be made gets nothing, and the result says why."""
    changes = (
        t.create_workspace("Robotics"),
        t.create_role("Field Engineer"),
        t.add_member(
            acme,
            "grace.kim",
            "Robotics",
            place_id=workspace_reference("Robotics"),
            role_id=role_reference("Field Engineer"),
        ),
    )
    plan = t.plan_of(acme, *changes)
    acme.server.faults.add(method="POST", path="/roles$", kind="status", status=403)
    run = acme.apply(plan)
    assert ["done", "failed", "skipped"] == list(run.results["outcome"])
    assert "creating the role 'Field Engineer' comes first, and failed" in run.results["reason"].iloc[2]
    assert acme.resume(run.journal, retry_failed=True).is_done
    assert 1 == len([w for w in acme.server.state.workspaces.values() if w.display_name == "Robotics"])
    assert "Field Engineer" == acme.grants()["grace.kim@acme.example", "Robotics", "joined"]


def test_nobody_is_put_into_what_somebody_else_made(acme):
    """A workspace of the same name that appeared meanwhile is not taken for the one that the plan was to create."""
    add = t.add_member(acme, "grace.kim", "Robotics", place_id=workspace_reference("Robotics"))
    plan = t.plan_of(acme, t.create_workspace("Robotics"), add)
    other = acme.api.create_workspace("Robotics")
    run = acme.apply(plan)
    assert ["skipped", "skipped"] == list(run.results["outcome"])
    assert "is there, and not by this plan" in run.results["reason"].iloc[1]
    assert ("grace.kim@acme.example", "Robotics", "joined") not in acme.grants()
    assert other["id"] == acme.workspace_id("Robotics")


def test_ids_of_new_things_are_in_the_journal_and_nothing_secret(acme):
    """Whoever undoes or goes on finds the ids; the journal's results name them by change."""
    plan = t.plan_of(acme, *t.every_kind(acme))
    run = acme.apply(plan, secrets=SecretBox())
    results = read_journal(run.journal).results
    made = {c.kind: results[c.id].created_id for c in plan.changes if c.kind in ("CreateWorkspace", "CreateRole")}
    assert {
        "CreateWorkspace": acme.workspace_id("Robotics"),
        "CreateRole": acme.role_id("Field Engineer"),
    } == made
    keys = {results[c.id].created_id for c in plan.changes if c.kind == "CreateServiceKey"}
    assert {t.key_of(acme, "Dashboards").id, t.key_of(acme, "Field data").id} == keys


def test_settings_are_tried_one_by_one_when_one_is_refused(acme):
    """A setting that the plan does not include does not take the others with it."""
    acme.server.state.organization.config["can_disable_public_sharing"] = False
    changes = [
        t.setting("public_sharing_disabled", False, True),
        t.setting("invites_enabled", True, False),
        t.setting("security_contact", None, "security@acme.example"),
    ]
    run = acme.apply(t.plan_of(acme, *changes))
    assert {"done": 2, "failed": 1} == run.counts, str(run)
    failed = run.results.set_index("outcome").loc["failed"]
    assert "not available on this organization's plan" in failed["reason"]


def test_a_setting_that_is_ignored_is_found_when_it_is_read_back(acme):
    """The service says yes to a value that it does not take, and the result says what is there."""
    plan = t.plan_of(acme, t.setting("invites_enabled", True, None))
    run = acme.apply(plan)
    assert ["failed"] == list(run.results["outcome"])
    assert "invites_enabled is True" in run.results["reason"].iloc[0]


def test_a_role_that_stays_as_it_was_is_said_to_be_so(acme):
    """The service says yes and changes nothing."""
    plan = t.plan_of(acme, t.update_role(acme, "Annotator", add=["datasets:delete"]))
    acme.server.faults.add(method="PATCH", path="/roles/", status=200, body={"id": "x"})
    run = acme.apply(plan)
    assert "the role 'Annotator' is there, as it was before" in run.results["reason"].iloc[0]


@pytest.mark.parametrize("given", ["keys.jsonl", SecretBox])
def test_what_is_no_place_for_secrets_is_refused_before_anything_is_changed(acme, given):
    """A path alone, or a class that was not called, is named with what to write instead."""
    plan = t.plan_of(acme, t.create_key(acme, "Dashboards", "Viewer", "Production"))
    with pytest.raises(PlanError, match="SecretFile"):
        acme.apply(plan, secrets=given)
    assert [] == acme.writes()


def test_single_sign_on_has_a_way_of_its_own(acme):
    """Requiring it goes to the login methods, apart from other settings, and is refused with the service's words."""
    acme.server.state.find_person("ada.lindqvist@acme.example").login_methods.append(
        {"id": "00000000-0000-4000-8000-0000000000aa", "provider": "supabase:sso", "created_at": "2026-01-01T00:00:00Z"}
    )
    changes = [t.setting("sso_only", False, True), t.setting("ip_allowlist", [], ["127.0.0.0/8"])]
    run = acme.apply(t.plan_of(acme, *changes, allow={"lock-out": "the test comes from 127.0.0.1"}))
    assert run.is_done, str(run)
    assert {"login-methods", "info"} == {line["path"].rpartition("/")[2] for line in acme.writes()}
    assert (True, ["127.0.0.0/8"]) == (
        acme.server.state.organization.settings["sso_only"],
        acme.server.state.organization.settings["ip_allowlist"],
    )


def test_an_older_server_says_that_it_does_not_offer_it(acme):
    """Where keys cannot be changed, and tokens not be revoked, the result says so and names the older way."""
    plan = t.plan_of(
        acme,
        t.set_key_role(acme, "Nightly load of Research", "Viewer"),
        t.revoke(acme, "Production sync"),
        t.reinstate(acme, "Old laptop"),
    )
    acme.server.state.behaviours.newer_endpoints = False
    run = acme.apply(plan)
    assert {"failed": 3} == run.counts
    assert {True} == set(run.results["reason"].str.startswith("not offered by this server"))
    assert "Make a new key" in " ".join(run.results["next_step"])


def test_other_peoples_tokens_are_revoked_though_the_service_does_not_list_them(acme):
    """What cannot be read back is said to be so, and is not called verified."""
    acme.server.state.behaviours.pats_listed = "own"
    plan = t.plan_of(acme, t.revoke(acme, "Production sync"))
    run = acme.apply(plan)
    assert run.is_done
    assert t.key_of(acme, "Production sync").is_revoked
    assert "could not be read back" in run.notes[0]
    assert not read_journal(run.journal).results[plan.changes[0].id].is_verified


def test_what_happened_in_a_workspace_that_is_deleted_spoils_no_reading_back(acme):
    """Its list cannot be read any more, which says nothing about the rest; and who was to go from it is gone."""
    place = "Sales-Demos"
    person = acme.server.state.find_person(address("emma.larsen"))
    ids = {"identity_id": person.id, "workspace_id": acme.workspace_id(place)}
    leave = t.change("RemoveWorkspaceMember", {"state": "active"}, None, workspace=place, email=person.email, **ids)
    plan = t.plan_of(acme, leave, t.delete_workspace(acme, place), t.rename_workspace(acme, "Marketing", "Growth"))
    run = acme.apply(plan)
    assert run.is_done, str(run)
    assert () == run.notes
    assert {True} == {result.is_verified for result in read_journal(run.journal).results.values()}


def test_workspaces_hand_their_names_on_in_turn(acme):
    """Each gets a name only when the one that had it has another, as a service that wants unique names needs it."""
    acme.server.state.behaviours.duplicate_workspace_name = "refuse"
    names = ["Marketing", "Support", "Production", "Archive"]
    run = acme.apply(t.plan_of(acme, *(t.rename_workspace(acme, a, b) for a, b in itertools.pairwise(names))))
    assert run.is_done, str(run)
    back = acme.undo(run)
    assert acme.apply(back).is_done
    assert {*names[:3], "Research"} <= {place.display_name for place in acme.server.state.workspaces.values()}


def test_an_old_key_stays_when_the_new_one_was_not_made(acme):
    """Rotating a key deletes the old one only when the new one is there and its secret handed over."""
    name = "Nightly load of Research"
    plan = t.plan_of(acme, t.create_key(acme, name, "Viewer", "Research"), t.delete_key(acme, name))
    old = t.key_of(acme, name).id
    acme.server.faults.add(method="POST", path="service-keys$", kind="status", status=403)
    run = acme.apply(plan, secrets=SecretBox())
    assert ["failed", "skipped"] == list(run.results["outcome"])
    assert "comes first and was not made" in run.results["reason"].iloc[1]
    box = SecretBox()
    run = acme.resume(run.journal, retry_failed=True, secrets=box)
    assert run.is_done, str(run)
    assert (name,) == box.names
    assert old not in acme.server.state.keys
    assert name == t.key_of(acme, name).description


def test_people_share_a_request_when_the_server_adds_members_in_batches(acme):
    """Six people of the organization are added in one request; an older server gets six."""
    names = ["grace.kim", "mei.tanaka", "zoe.muller", "wei.zhang", "anton.vogel", "liam.murphy"]
    place = "Security Review"
    here = {e for e, where, _ in acme.grants() if where == place}
    names = [name for name in names if f"{name}@acme.example" not in here]
    adds = [t.add_member(acme, name, place) for name in names]
    plan = t.plan_of(acme, *adds)
    assert acme.apply(plan).is_done
    posts = [(line["path"].rpartition("/")[2], line.get("body_items")) for line in acme.writes()]
    assert [("batch", 1), ("batch", len(names))] == posts  # the first one only asks
    assert {} == acme.mails()
    held = {name: acme.grants()[f"{name}@acme.example", place, "joined"] for name in names}
    assert dict.fromkeys(names, "Viewer") == held
    acme.server.reset()
    acme.server.state.behaviours.batch_adds_active = False
    again = t.plan_of(acme, *[t.add_member(acme, name, place) for name in names])
    assert acme.apply(again).is_done
    assert len(names) == sum(line["path"].endswith("/workspaces/current/members") for line in acme.writes())
    assert {} == acme.mails()


def test_nobody_is_invited_when_a_batch_adds_members(acme):
    """Somebody who has left since the plan was made is not put into a batch, which would send an e-mail."""
    names = ["grace.kim", "mei.tanaka", "zoe.muller", "wei.zhang", "anton.vogel", "liam.murphy"]
    here = {e for e, where, _ in acme.grants() if where == "Security Review"}
    names = [name for name in names if f"{name}@acme.example" not in here]
    plan = t.plan_of(acme, *[t.add_member(acme, name, "Security Review") for name in names])
    left = acme.server.state.find_person(f"{names[0]}@acme.example")
    acme.api.remove_member(left.id)
    run = acme.apply(plan)
    assert {"done": len(names) - 1, "failed": 1} == run.counts, str(run)
    assert {} == acme.mails()


def test_a_key_of_one_workspace_makes_and_deletes_keys_there(server):
    """A key that may not use the organization's routes uses those of its workspace."""
    acme = Acme(server)
    role = server.state.roles[acme.role_id("Admin")]
    own = next(key for key in server.state.keys.values() if key.name == "workspace_key")
    own.role_id = role.id
    limited = Acme(server, key="workspace_key")
    place = acme.workspace_id("Production")
    made = limited.api.create_workspace_key(place, NewKey("Extra", acme.role_id("Viewer"), None, (place,)))
    assert made.secret is not None
    assert "key" not in made.record
    limited.api.delete_workspace_key(place, made.record["id"])
    assert made.record["id"] not in server.state.keys


def test_a_run_is_taken_back_when_its_parts_can_come_back(acme):
    """Undo makes plans of these kinds too, and says what it leaves."""
    before = t.things_of(acme.server.state)
    changes = (
        t.create_role("Field Engineer"),
        t.update_role(acme, "Annotator", add=["datasets:read", "prompts:read"]),
        t.rename_workspace(acme, "Marketing", "Growth"),
        t.setting("public_sharing_disabled", False, True),
        t.revoke(acme, "Production sync"),
    )
    run = acme.apply(t.plan_of(acme, *changes))
    snap = load_snapshot_of(acme.api, caller=acme.snapshot().meta.caller)
    back = make_undo(snap, read_journal(run.journal), rules=WIDE, created_at=acme.stamp())
    assert 5 == len(back)
    assert acme.apply(back).is_done
    after = t.things_of(acme.server.state)
    assert ({}, {("setting", "public_sharing_disabled"): "False"}) == difference(before, after)


@pytest.mark.parametrize(
    "switches",
    [
        {"key_details": False},
        {"pats_listed": "own"},
        {"platform_paths": "bare-only"},
        {"platform_paths": "api-only"},
        {"duplicate_workspace_name": "refuse", "duplicate_role_name": "allow"},
        {"enriched_members": False},
        {"system_permissions_shown": False},
        {"log_reads": True, "batch_adds_active": False},
    ],
)
def test_the_outcome_is_the_same_when_the_server_differs_where_nobody_knows(acme, switches):
    """What public material leaves open changes nothing about what is done."""
    acme.server.state.behaviours.update(switches)
    plan = t.plan_of(acme, *t.every_kind(acme))
    run = acme.apply(plan, secrets=SecretBox())
    assert run.is_done, str(run)
    assert "Field Engineer" == acme.grants()["new.one@acme.example", "Robotics", "pending"]
    assert "Viewer" == acme.server.state.roles[t.key_of(acme, "Nightly load of Research").role_id].display_name
    assert t.key_of(acme, "Production sync").is_revoked


def test_a_service_key_of_the_organization_carries_everything_out(server):
    """A schedule with an admin's service key does the same as a person; it has no tokens of its own to list."""
    t.prepare(Acme(server))
    acme = Acme(server, key="admin_service_key")
    run = acme.apply(t.plan_of(acme, *t.every_kind(acme)), secrets=SecretBox())
    assert run.is_done, str(run)
    assert t.key_of(acme, "Production sync").is_revoked
    assert "could not be read back" in run.notes[0]


def test_a_key_that_may_not_is_told_so_when_it_tries(server):
    """An Operator cannot take Admin from a key or touch the organization's roles where the server says so."""
    t.prepare(Acme(server))
    server.state.behaviours.operator_manages_roles = False
    acme = Acme(server, key="operator_pat")
    run = acme.apply(t.plan_of(acme, t.create_role("Field Engineer"), t.setting("invites_enabled", True, False)))
    assert {"failed": 1, "done": 1} == run.counts, str(run)
    assert "403" in run.results.set_index("outcome").loc["failed", "reason"]


def test_the_callers_own_change_comes_after_settings_and_the_key_in_use_last(acme):
    """Each needs what the next one takes away."""
    own = t.revoke(acme, "Notebook of ada.lindqvist@acme.example")
    changes = [
        replace(own, stage="self"),
        t.setting("ip_allowlist", [], ["127.0.0.0/8"]),
        t.setting("pat_creation_disabled", False, True),
        t.rename_workspace(acme, "Marketing", "Growth"),
    ]
    assert [["ip_allowlist", "pat_creation_disabled"], ["Marketing"], [own.ids["token_id"]]] == [
        [change.ids.get("setting") or change.workspace or change.ids["token_id"] for change in wave]
        for wave in to_waves([*changes[:3], replace(changes[3], stage="self")])
    ]


def test_a_run_says_in_a_sentence_what_failed_of_nobody(acme):
    """The name of what was to be made stands in the text of a run, as addresses do for people."""
    acme.server.faults.add(method="POST", path="/roles$", kind="status", status=403, body={"detail": "no"})
    values = {"role": "Tester", "description": "", "permissions": ["runs:read"]}
    change = new_change("CreateRole", before=None, after=values, reason="row 2", ids={"role_id": "new:role:Tester"})
    plan = changes_to_plan(acme.snapshot(), [change], created_at=acme.stamp())
    assert "- failed: create role Tester with 1 permission: " in str(acme.apply(plan))
