"""Names in the audit log: from the newest snapshot that knows an id, also for who is gone."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from lsnb.analysis.id_resolution import NAME_COLUMNS, directory_of, resolve_names
from lsnb.snapshot import Snapshot
from lsnb.tables.activity import build_audit_log
from tests.checks.tiny import READ_AT, Tiny


def event(number, **parts):
    """Make an event of the log; `raw` is its raw row."""
    raw = parts.pop("raw", {})
    return {
        "time": 1_790_000_000_000 + number,
        "metadata": {"uid": str(number)},
        "api": {"operation": parts.pop("operation", "x")},
        "actor": {"user": {"uid": parts.pop("actor", None), "credential_uid": parts.pop("key", None)}},
        "resources": [{"uid": uid} for uid in parts.pop("about", ())],
        "unmapped": {"original_audit_log": raw},
    }


def snapshots():
    """Make an organization in which Bea was a member, and is no more; Ann has another name now."""
    before = Tiny("Production").add("ann").add("bea").add_key("k1").snapshot()
    after = Tiny("Production").add("ann").snapshot()
    earlier = Snapshot(replace(before.meta, read_at=READ_AT - pd.Timedelta(days=30)), before._tables)
    members = after._tables["members"].copy()
    members["name"] = members["name"].where(members["email"] != "ann@acme.example", "Ann Renamed")
    return earlier, Snapshot(after.meta, {**after._tables, "members": members})


def user_of(snapshot, email):
    """Give the id of a person over all organizations."""
    members = snapshot.members.set_index("email")
    return members.loc[email, "ls_user_id"], members.loc[email, "identity_id"]


def test_people_and_keys_are_named_also_when_they_are_gone():
    """The newest snapshot names whom it knows, an earlier one who has been removed; the source is said."""
    earlier, later = snapshots()
    ann, ann_identity = user_of(earlier, "ann@acme.example")
    bea, bea_identity = user_of(earlier, "bea@acme.example")
    key = earlier.service_keys.iloc[0]
    place = later.workspaces["workspace_id"].iloc[0]
    log = build_audit_log(
        [
            event(
                1, raw={"ls_user_id": ann, "workspace_id": place}, about=[bea_identity, "nobody knows", ann_identity]
            ),
            event(2, raw={"ls_user_id": bea}),
            event(3, key=key["service_key_id"]),
            event(4, key="gone", raw={"ls_user_id": ann}),
            event(5, key="gone"),
            event(6, operation="teleport_workspace"),
        ]
    )
    named = resolve_names(log, [earlier, later])
    assert [*log.columns, *NAME_COLUMNS] == list(named.columns)
    assert ["session", "session", "service key", "token", "key", "unknown"] == named["actor_kind"].tolist()
    assert ["ann@acme.example", "bea@acme.example"] == named["actor_email"].tolist()[:2]
    assert ["Ann Renamed", earlier.members.set_index("email").loc["bea@acme.example", "name"]] == named[
        "actor_name"
    ].tolist()[:2]
    assert "members of 2026-11-02 09:00 UTC" == named["actor_from"].iloc[0]
    assert "members of 2026-10-03 09:00 UTC" == named["actor_from"].iloc[1]
    assert key["description"] == named["key_name"].iloc[2]
    assert "service_keys of 2026-10-03 09:00 UTC" == named["key_from"].iloc[2]
    assert "Production" == named["workspace"].iloc[0]
    bea_name = named["actor_name"].iloc[1]
    assert f"{bea_name}, nobody knows, Ann Renamed" == named["resource_names"].iloc[0]
    assert "person, unknown, person" == named["resource_kinds"].iloc[0]
    assert named.iloc[5][["actor_email", "actor_name", "key_name", "resource_names"]].isna().all()
    assert "teleport_workspace" == named["operation"].iloc[5]
    assert pd.isna(resolve_names(log, later)["actor_email"].iloc[1])


def test_it_can_be_done_again_and_on_nothing():
    """A second run with more snapshots replaces the names of the first; an empty log keeps the columns."""
    earlier, later = snapshots()
    log = build_audit_log([event(1, raw={"ls_user_id": user_of(earlier, "bea@acme.example")[0]})])
    once = resolve_names(log, later)
    assert resolve_names(log, [later, earlier]).equals(resolve_names(once, [earlier, later]))
    assert [*log.columns, *NAME_COLUMNS] == list(resolve_names(log.iloc[:0], []).columns)
    assert directory_of([]).empty
    assert directory_of([earlier, later])["id"].is_unique
