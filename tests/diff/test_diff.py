"""What changed between two snapshots: matched by ids, explained by the log, and never made up."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pandas as pd
import pytest

from lsnb.analysis.compare import DIFF_COLUMNS, diff
from lsnb.errors import DiffError
from lsnb.snapshot import Caller, Snapshot
from lsnb.tables.activity import build_audit_log
from tests.checks.tiny import READ_AT, Tiny, address, place_id, role_id

LATER = READ_AT + pd.Timedelta(days=7)


def company(*workspaces, **how):
    """Make an organization with one admin."""
    return Tiny(*(workspaces or ("Production", "Staging")), **how).add("ada", "Organization Admin")


def later(tiny):
    """Read it a week later."""
    snap = tiny.snapshot() if isinstance(tiny, Tiny) else tiny
    frames = dict(snap._tables)
    completeness = frames["completeness"].copy()
    completeness["read_at"] = completeness["read_at"] + pd.Timedelta(days=7)
    return Snapshot(replace(snap.meta, read_at=LATER), {**frames, "completeness": completeness})


def event(operation, *about, days=1.0, who="ada", place=None, key=None, outcome="Success", uid=None, path=None):
    """Make an event so many days after the first snapshot."""
    time = READ_AT + pd.Timedelta(days=days)
    return {
        "time": int(time.timestamp() * 1000),
        "status": outcome,
        "metadata": {"uid": uid or f"{operation} {days} {about}"},
        "api": {"operation": operation},
        "actor": {"user": {"credential_uid": key}},
        "http_request": {"http_method": "POST", "url": {"path": path}},
        "resources": [{"uid": uid} for uid in about],
        "unmapped": {
            "original_audit_log": {
                "ls_user_id": f"user {address(who)}" if who else None,
                "workspace_id": place_id(place) if place else None,
            }
        },
    }


def compare(before, after, *events, **how):
    """Compare two organizations, with a log of events."""
    return diff(before.snapshot(), later(after), build_audit_log(events) if events else None, **how)


def facts(found):
    """Give the differences as plain rows."""
    columns = ["area", "change", "what", "item", "email", "workspace", "before", "after"]
    frame = found.frame[columns].astype(object)
    return sorted(tuple(row) for row in frame.where(frame.notna(), "").itertuples(index=False))


def cause(found, **where):
    """Give how the one difference that is meant is explained."""
    frame = found.frame
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert 1 == len(frame), found.to_text()
    return frame.iloc[0]


def test_nothing_changed():
    """Two readings of the same organization do not differ, and the frame keeps its columns."""
    found = compare(company(), company())
    assert not found
    assert list(DIFF_COLUMNS) == list(found.frame.columns)
    assert "No differences" in found.to_text()
    assert found.summary().empty


def test_people_come_go_join_and_change():
    """Somebody added, removed, promoted, renamed, disabled, and an invitation accepted: one row each."""
    before = company().add("ben").add("cleo").add("dora").add("eve", display_name="Eve").add("fay", state="pending")
    after = (
        company().add("ben", "Organization Viewer").add("dora", ls_user_id="user dora@acme.example", is_disabled=True)
    )
    after.add("eve", display_name="Eve Renamed").add("fay").add("gus")
    assert [
        ("people", "added", "person", "", "gus@acme.example", "", "", "Organization User"),
        ("people", "changed", "account", "", "dora@acme.example", "", "enabled", "disabled"),
        (
            "people",
            "changed",
            "organization role",
            "",
            "ben@acme.example",
            "",
            "Organization User",
            "Organization Viewer",
        ),
        ("people", "joined", "person", "", "fay@acme.example", "", "invited as Organization User", "Organization User"),
        ("people", "removed", "person", "", "cleo@acme.example", "", "Organization User", ""),
        ("people", "renamed", "name", "", "eve@acme.example", "", "Eve", "Eve Renamed"),
    ] == facts(compare(before, after))


def test_another_address_is_the_same_person():
    """A person whose address changed is not removed and added; one with another id in the organization was."""
    before = company().add("ben", places={"Production": "Viewer"}).add("cleo", places={"Staging": "Editor"})
    after = company()
    after.add(
        "benjamin", id="active ben@acme.example", ls_user_id="user ben@acme.example", places={"Production": "Viewer"}
    )
    after.add("cleo", id="another", places={"Staging": "Editor"})
    found = facts(compare(before, after))
    assert (
        "people",
        "renamed",
        "address",
        "",
        "benjamin@acme.example",
        "",
        "ben@acme.example",
        "benjamin@acme.example",
    ) in found
    assert [("changed", "membership"), ("renamed", "address"), ("renamed", "name")] == sorted(
        (change, what) for _, change, what, *_ in found if what != "name" or change == "renamed"
    )


def test_access_in_workspaces():
    """Access added, removed and changed; an invitation's access joins; implicit access is not listed."""
    before = company().add("ben", places={"Production": "Viewer", "Staging": "Editor"})
    before.add("fay", state="pending", places={"Production": "Viewer", "Staging": "Editor"})
    after = company().add("ben", places={"Production": "Editor"}).add("fay", places={"Production": "Admin"})
    after.add("new", "Organization Admin", {"Staging": "Viewer"})
    found = [row for row in facts(compare(before, after)) if row[0] == "access"]
    assert [
        ("access", "added", "access", "", "new@acme.example", "Staging", "", "Viewer"),
        ("access", "changed", "role", "", "ben@acme.example", "Production", "Viewer", "Editor"),
        ("access", "joined", "access", "", "fay@acme.example", "Production", "Viewer (invited)", "Admin"),
        ("access", "removed", "access", "", "ben@acme.example", "Staging", "Editor", ""),
    ] == found


def test_invitations():
    """Made, cancelled, and changed."""
    before = company().add("ben", state="pending").add("cleo", state="pending", places={"Production": "Viewer"})
    after = company().add("cleo", "Organization Viewer", {"Production": "Viewer", "Staging": "Viewer"}, state="pending")
    after.add("dan", state="pending", places={"Staging": "Editor"})
    assert [
        ("invitations", "added", "invitation", "", "dan@acme.example", "", "", "Organization User; Editor in Staging"),
        (
            "invitations",
            "changed",
            "organization role",
            "",
            "cleo@acme.example",
            "",
            "Organization User",
            "Organization Viewer",
        ),
        ("invitations", "changed", "workspaces", "", "cleo@acme.example", "", "Production", "Production, Staging"),
        ("invitations", "removed", "invitation", "", "ben@acme.example", "", "Organization User", ""),
    ] == facts(compare(before, after))


def test_roles_and_their_permissions():
    """A permission more, one less, a role renamed, one new and one gone."""
    before = (
        company()
        .add_role("Auditor", "runs:read", "runs:share")
        .add_role("Old", "runs:read")
        .add_role("Gone", "runs:read")
    )
    after = company().add_role("Auditor", "runs:read", "runs:delete").add_role("Old", "runs:read")
    after.roles[-1]["display_name"] = "New name"
    after.add_role("Fresh", "runs:read", "charts:read")
    assert [
        ("roles", "added", "permission", "Auditor", "", "", "", "runs:delete"),
        ("roles", "added", "role", "Fresh", "", "", "", "workspace; charts:read, runs:read"),
        ("roles", "removed", "permission", "Auditor", "", "", "runs:share", ""),
        ("roles", "removed", "role", "Gone", "", "", "workspace; runs:read", ""),
        ("roles", "renamed", "name", "New name", "", "", "Old", "New name"),
    ] == facts(compare(before, after))


def test_a_rename_does_not_show_up_wherever_the_name_is_used():
    """A workspace with another name is one difference, not one per invitation, key and person."""
    before = company("Production").add("ben", places={"Production": "Viewer"}).add_key("k")
    before.add("cleo", state="pending", places={"Production": "Viewer"})
    snap = before.snapshot()
    frames = dict(snap._tables)
    for table, column in (
        ("workspaces", "workspace"),
        ("access", "workspace"),
        ("invites", "workspaces"),
        ("service_keys", "workspaces"),
    ):
        frames[table] = frames[table].assign(**{column: frames[table][column].replace("Production", "Live")})
    found = diff(snap, later(Snapshot(snap.meta, frames)))
    assert [("workspaces", "renamed", "name", "Live", "", "Live", "Production", "Live")] == facts(found)


def test_keys_tokens_settings_and_the_rest():
    """Everything with an id of its own is compared, field by field; last use is no change."""
    before = company(settings={"invites_enabled": True, "member_disabled": False}).add_key("ingest").add_key("gone")
    before.add_token("laptop", "ada").add_scim_token("Okta").add_sso("Viewer").add_link("run 1")
    before.add_policy("no deletes", "deny", "runs:delete", ("env", "equals", "prod"))
    after = company(settings={"invites_enabled": False, "member_disabled": True}).add_key(
        "ingest", role="Admin", last_used_at=None
    )
    after.add_token("laptop", "ada", is_revoked=True, expires_at=None).add_scim_token("Okta EU").add_sso("Editor")
    after.add_key("fresh", workspace_names=["Staging"])
    found = {(area, change, what, item) for area, change, what, item, *_ in facts(compare(before, after))}
    assert {
        ("service keys", "removed", "service key", "gone"),
        ("service keys", "added", "service key", "fresh"),
        ("service keys", "changed", "role", "ingest"),
        ("tokens", "changed", "expiry", "laptop"),
        ("settings", "changed", "value", "invites_enabled"),
        ("SCIM tokens", "renamed", "description", "Okta EU"),
        ("single sign-on", "changed", "default role", "idp"),
        ("access policies", "removed", "policy", "no deletes"),
        ("public links", "removed", "public link", "run 1"),
    } == {row for row in found if row != ("tokens", "changed", "revoked", "laptop")}


def test_a_policy_is_compared_whatever_the_order_of_its_conditions():
    """The same rules in another order are no difference; another value is one."""
    snap = (
        company().add_policy("p", "allow", "runs:read", ("env", "equals", "prod"), ("team", "equals", "x")).snapshot()
    )
    other = later(Snapshot(snap.meta, {**snap._tables, "policies": snap.policies.iloc[::-1].reset_index(drop=True)}))
    assert not diff(snap, other)
    changed = snap.policies.assign(effect="deny" if snap.policies["effect"].iloc[0] == "allow" else "allow")
    found = diff(snap, later(Snapshot(snap.meta, {**snap._tables, "policies": changed})))
    assert [("access policies", "changed", "effect")] == [row[:3] for row in facts(found)]


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("table", ["members", "service_keys", "roles", "settings", "policies"])
def test_what_could_not_be_read_is_not_removed(table, side):
    """A table that either side lacks is listed as not compared, with the reason, and gives no difference."""
    whole, lacking = (
        company()
        .add("ben")
        .add_key("k")
        .add_policy("p", "allow", "runs:read", ("env", "equals", "prod"), ("team", "equals", "x"))
        .add_role("R", "runs:read")
        for _ in range(2)
    )
    lacking.lose(table)
    snaps = (lacking, whole) if side == "before" else (whole, lacking)
    found = compare(*snaps)
    assert [] == facts(found)
    row = found.not_compared.set_index("table").loc[table]
    assert ("unreadable", True) == (row["status"], "403" in row["reason"])
    assert "COULD NOT COMPARE" in found.to_text()


def test_what_was_read_in_part_by_two_keys_is_neither_added_nor_removed():
    """Two people see only their own tokens: the difference between them is no change. The same person's is."""
    before, after = company().add_token("laptop", "ada"), company().add_token("desk", "ben")
    for tiny in (before, after):
        tiny.unread["access_tokens"] = ("partial", "own tokens only.")
    first, second = before.snapshot(), later(after)
    frames = {}
    for snap, tiny in ((first, before), (second, after)):
        tokens = company().add_token("laptop" if tiny is before else "desk", "ada").snapshot().access_tokens
        completeness = snap.completeness
        is_tokens = completeness["table"] == "access_tokens"
        completeness.loc[is_tokens, ["status", "reason"]] = ["partial", "own tokens only."]
        frames[snap] = {**snap._tables, "access_tokens": tokens, "completeness": completeness}
    mine, same = Snapshot(first.meta, frames[first]), Snapshot(second.meta, frames[second])
    assert {("tokens", "added"), ("tokens", "removed")} == {row[:2] for row in facts(diff(mine, same))}
    stranger = Snapshot(replace(second.meta, caller=Caller("pat", "somebody else")), frames[second])
    found = diff(mine, stranger)
    assert [] == facts(found)
    assert "access_tokens" in set(found.not_compared["table"])


def test_other_organizations_are_refused():
    """Nothing can be said about two different organizations."""
    other = company().snapshot()
    with pytest.raises(DiffError, match="different organizations"):
        diff(company().snapshot(), Snapshot(replace(other.meta, organization_id="o-2"), other._tables))


def test_the_newer_one_first_is_said():
    """Turned round, the differences are there and a note says so."""
    found = diff(later(company().add("ben")), company().snapshot())
    assert [("people", "removed")] == [row[:2] for row in facts(found)]
    assert "newer one" in found.to_text()


# Attribution.


def test_a_difference_is_joined_to_its_event():
    """By id: when, who and with which key."""
    before, after = company().add("ben").add_key("ci"), company().add("ben", "Organization Viewer").add_key("ci")
    change = event("update_org_member", "active ben@acme.example", key="key ci", uid="e1")
    found = cause(compare(before, after, change), what="organization role")
    assert (True, "id", 0, "e1", "update_org_member") == (
        found["attributed"],
        found["matched_by"],
        found["n_other_events"],
        found["event_id"],
        found["operation"],
    )
    assert ("ada@acme.example", "ci", READ_AT + pd.Timedelta(days=1)) == (found["actor"], found["key"], found["when"])


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("failed", {"outcome": "Failure"}),
        ("before the first reading", {"days": -0.5}),
        ("after the second reading", {"days": 7.5}),
        ("about somebody else", {"about": "active ada@acme.example"}),
        ("another operation", {"operation": "update_role"}),
        ("only a look", {"operation": "get_org_member"}),
    ],
)
def test_an_event_that_does_not_fit_explains_nothing(why, change):
    """What failed, happened at another time, is about somebody else or does something else is not the cause."""
    how = {"operation": "update_org_member", "about": "active ben@acme.example"} | change
    it = event(how.pop("operation"), how.pop("about"), **how)
    found = compare(company().add("ben"), company().add("ben", "Organization Viewer"), it)
    assert 1 == len(found.unattributed), why
    assert not cause(found, what="organization role")["attributed"]
    assert "UNATTRIBUTED (1)" in found.to_text()


def test_the_edges_of_the_time():
    """An event at the moment of the first reading belongs to it; at that of the second one it counts."""
    pair = company().add("ben"), company().add("ben", "Organization Viewer")
    for days, expected in ((0, False), (7, True)):
        it = event("update_org_member", "active ben@acme.example", days=days)
        assert expected == bool(cause(compare(*pair, it), what="organization role")["attributed"])


def test_of_several_events_the_last_one_is_taken():
    """The others are counted."""
    events = [event("update_org_member", "active ben@acme.example", days=day, uid=f"e{day}") for day in (3, 1, 5)]
    found = cause(
        compare(company().add("ben"), company().add("ben", "Organization Viewer"), *events), what="organization role"
    )
    assert ("e5", 2) == (found["event_id"], found["n_other_events"])
    assert (
        "2 other events fit"
        in compare(company().add("ben"), company().add("ben", "Organization Viewer"), *events).to_text()
    )


def test_access_is_found_by_its_workspace():
    """The log names memberships by ids of their own: then workspace, operation and time decide."""
    before = company().add("ben", places={"Production": "Viewer", "Staging": "Viewer"})
    after = company().add("ben", places={"Production": "Editor"})
    events = [
        event("update_workspace_member", "m 1", place="Production", uid="right"),
        event("update_workspace_member", "active ada@acme.example", place="Production", days=2, uid="names ada"),
        event("update_workspace_member", "m 2", place="Staging", days=3, uid="elsewhere"),
        event("delete_workspace_member", "m 3", place="Staging", days=4, uid="gone"),
    ]
    found = compare(before, after, *events)
    changed, removed = cause(found, change="changed"), cause(found, change="removed")
    assert ("right", "workspace") == (changed["event_id"], changed["matched_by"])
    assert ("gone", "workspace") == (removed["event_id"], removed["matched_by"])


def test_access_goes_and_comes_with_the_person():
    """What a removed person had was taken by the removal; what a new person has came with the invitation."""
    before, after = (
        company().add("ben", places={"Production": "Viewer"}),
        company().add("new", places={"Staging": "Editor"}),
    )
    events = [
        event("delete_org_member", "active ben@acme.example", uid="removal"),
        event("invite_user_to_org", "an invitation that is no more", uid="invitation", days=2),
    ]
    found = compare(before, after, *events)
    assert {"removal"} == set(found.frame.loc[found.frame["email"] == address("ben"), "event_id"])
    assert {"invitation"} == set(found.frame.loc[found.frame["email"] == address("new"), "event_id"])
    assert "person" == cause(found, email=address("new"), area="access")["matched_by"]


def test_an_id_in_the_path_is_found_too():
    """Some events carry the id in the address of the call only."""
    identity = "11111111-2222-3333-4444-555555555555"
    before, after = company().add("ben", id=identity), company().add("ben", "Organization Viewer", id=identity)
    it = event("update_org_member", path=f"/api/v1/orgs/current/members/{identity}")
    assert "id" == cause(compare(before, after, it), what="organization role")["matched_by"]


def test_an_operation_nobody_knows_is_used_when_it_names_the_thing():
    """Its verb must fit: an update explains a change, a creation does not."""
    before, after = company().add_key("ci"), company().add_key("ci", role="Admin")
    for operation, expected in (("update_service_key_v2", True), ("create_something_new", False)):
        found = compare(before, after, event(operation, "key ci"))
        assert expected == bool(cause(found, area="service keys")["attributed"]), operation


def test_who_joined_did_it():
    """An event of accepting is the person's own; somebody else's is not theirs."""
    before, after = company().add("fay", state="pending"), company().add("fay")
    for who, expected in (("fay", True), ("ada", False)):
        found = compare(before, after, event("claim_pending_organization_invite", who=who))
        assert expected == bool(cause(found, change="joined")["attributed"])


def test_tokens_are_made_by_their_owners():
    """Where the log does not name the token, an event of its owner may be it; another person's is not."""
    before, after = company().add("ben"), company().add("ben").add_token("laptop", "ben")
    for who, expected in (("ben", "actor"), ("ada", None)):
        found = cause(compare(before, after, event("create_personal_access_token", who=who)), area="tokens")
        assert expected == (found["matched_by"] if found["attributed"] else None)


def test_settings_of_single_sign_on_have_their_own_operation():
    """`sso_only` is not changed by the general call."""
    before, after = (company(settings={"sso_only": value, "invites_enabled": value}) for value in (False, True))
    events = [event("update_organization_info", uid="info"), event("update_login_methods", uid="login", days=2)]
    found = compare(before, after, *events)
    assert ("login", 0) == tuple(cause(found, item="sso_only")[["event_id", "n_other_events"]])
    assert ("info", 0) == tuple(cause(found, item="invites_enabled")[["event_id", "n_other_events"]])


def test_the_logs_in_the_snapshots_are_used():
    """Without a log of its own, the later snapshot's explains; an event in both counts once."""
    it = event("update_org_member", "active ben@acme.example")
    after = company().add("ben", "Organization Viewer")
    after.records["audit_log"].append(it)
    found = cause(compare(company().add("ben"), after, it), what="organization role")
    assert (True, 0) == (found["attributed"], found["n_other_events"])
    assert cause(compare(company().add("ben"), after), what="organization role")["attributed"]


def test_people_who_are_gone_are_named_from_earlier_snapshots():
    """Who did it may have left before the first snapshot."""
    it = event("update_org_member", "active ben@acme.example", who="zoe")
    pair = company().add("ben"), company().add("ben", "Organization Viewer")
    assert "user zoe@acme.example" == cause(compare(*pair, it), what="organization role")["actor"]
    old = company().add("zoe").snapshot()
    assert "zoe@acme.example" == cause(compare(*pair, it, snapshots=[old]), what="organization role")["actor"]


# The forms.

EVIL = "<img src=x onerror=alert(1)>"


def evil():
    """Compare two organizations with hostile names."""
    before, after = company().add_role("R", "runs:read"), company().add_role("R", "runs:read", '=HYPERLINK("x")')
    after.roles[-1]["display_name"] = EVIL
    return compare(
        before, after.add("ben", display_name="| `x` @team\x1b[2J"), event("update_role", role_id("R"), who=EVIL)
    )


def test_every_form_tells_the_same_and_runs_nothing():
    """HTML is escaped, Markdown is escaped, formulas are neutralised, and the terminal is not steered."""
    found = evil()
    html = found.to_html(page=True)
    assert EVIL not in html
    assert "&lt;img" in html
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html
    assert "<script" not in html
    assert found._repr_html_() in html
    markdown = found.to_markdown()
    assert EVIL not in markdown
    assert "### Roles (2)" in markdown
    assert "\x1b" not in found.to_text() + markdown + html
    table = pd.read_csv(io.StringIO(found.to_csv()))
    assert len(found) == len(table)
    assert not table.astype(str).apply(lambda column: column.str.startswith("=")).any().any()
    document = json.loads(json.dumps(found.to_json()))
    assert len(found) == document["n_differences"] == len(document["differences"])
    assert {"before", "after", "summary", "not_compared", "notes"} <= set(document)


def test_long_ones_are_cut_and_say_so():
    """The limit holds over all sections, and the rest is counted."""
    before, after = company(), company()
    for number in range(30):
        after.add(f"p{number:02}", places={"Production": "Viewer"})
    found = compare(before, after)
    assert 60 == len(found)
    for text in (found.to_text(limit=10), found.to_markdown(limit=10), found.to_html(limit=10)):
        assert "p10@" not in text
        assert "50" in text
    assert "p29@" in found.to_text(limit=None)
    assert [30, 30] == found.summary()["n"].tolist() == found.summary()["n_unattributed"].tolist()
