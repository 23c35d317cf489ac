"""Undo of workspaces, roles, keys, tokens and settings: back where it is as the run left it, and said where it is not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import lsnb
from lsnb.plan import Rules, changes_to_plan, new_change
from lsnb.undo import make_undo, tables_to_undo
from tests.plan.company import CREATED_AT, rules_of

WIDE = Rules(max_removals_share=1.0, max_removals_small=100)


@pytest.fixture(scope="module")
def snapshot(running_server):
    """Read the small demo organization once; nothing here writes to it."""
    running_server.reset()
    org = lsnb.connect(endpoint=running_server.url, api_key=running_server.keys["admin_pat"])
    return org.snapshot()


def values_of_role(snapshot, role):
    """Give a role as changes have it, with its id."""
    row = snapshot.roles[snapshot.roles["role"] == role].iloc[0]
    held = snapshot.permissions
    permissions = sorted(held.loc[held["role_id"] == row["role_id"], "permission"])
    return {"role": role, "description": row["description"], "permissions": permissions}, row["role_id"]


def id_of_workspace(snapshot, name):
    """Give the id of a workspace by its name."""
    places = snapshot.workspaces
    return places.loc[places["workspace"] == name, "workspace_id"].iloc[0]


def undo(snapshot, *changes, created=None):
    """Make the plan back of changes that were all carried out."""
    plan = changes_to_plan(snapshot, changes, created_at=CREATED_AT, rules=WIDE)
    results = {
        change.id: SimpleNamespace(
            outcome="done", steps=(), is_unknown=False, created_id=(created or {}).get(change.kind)
        )
        for change in plan.changes
    }
    return make_undo(snapshot, SimpleNamespace(plan=plan, results=results), created_at=CREATED_AT, rules=WIDE)


def ways(snapshot):
    """Give for each kind a change that has left the organization as it is, and the change back that is wanted."""
    production = id_of_workspace(snapshot, "Production")
    role, role_id = values_of_role(snapshot, custom_role(snapshot))
    less = {**role, "permissions": role["permissions"][1:]}
    key = snapshot.service_keys[snapshot.service_keys["scope"] == "organization"].iloc[0]
    roles = snapshot.roles.set_index("role")
    viewer = {"role": "Viewer", "role_id": roles.loc["Viewer", "role_id"], "role_name": "WORKSPACE_VIEWER"}
    editor = {"role": "Editor", "role_id": roles.loc["Editor", "role_id"], "role_name": "WORKSPACE_USER"}
    holds = {
        "description": key["description"],
        "short_key": key["short_key"],
        "role": key["role"],
        "role_id": key["role_id"],
    }
    token = snapshot.access_tokens[~snapshot.access_tokens["is_revoked"].astype(bool)].iloc[0]
    made = {"description": token["description"], "short_key": token["short_key"]}
    sharing = snapshot.setting("public_sharing_disabled")
    return {
        "CreateWorkspace": (
            {"before": None, "after": {"workspace": "Production"}, "ids": {"workspace_id": "new:workspace:Production"}},
            ("DeleteWorkspace", {"workspace_id": production}, None),
        ),
        "RenameWorkspace": (
            {
                "before": {"workspace": "Old Name"},
                "after": {"workspace": "Production"},
                "ids": {"workspace_id": production},
                "workspace": "Old Name",
            },
            ("RenameWorkspace", {"workspace_id": production}, {"workspace": "Old Name"}),
        ),
        "CreateRole": (
            {"before": None, "after": role, "ids": {"role_id": f"new:role:{role['role']}"}},
            ("DeleteRole", {"role_id": role_id}, None),
        ),
        "UpdateRole": (
            {"before": less, "after": role, "ids": {"role_id": role_id}},
            ("UpdateRole", {"role_id": role_id}, less),
        ),
        "DeleteRole": (
            {"before": {**role, "role": "Gone"}, "after": None, "ids": {"role_id": "role-that-was"}},
            ("CreateRole", {"role_id": "new:role:Gone"}, {**role, "role": "Gone"}),
        ),
        "CreateServiceKey": (
            {"before": None, "after": {**holds, "expires_at": None}, "ids": {"key_id": "new:key:mine"}},
            ("DeleteServiceKey", {"key_id": key["service_key_id"]}, None),
        ),
        "SetServiceKeyRole": (
            {
                "before": {**holds, **(viewer if key["role"] != "Viewer" else editor)},
                "after": holds,
                "ids": {"key_id": key["service_key_id"]},
            },
            (
                "SetServiceKeyRole",
                {"key_id": key["service_key_id"]},
                {**holds, **(viewer if key["role"] != "Viewer" else editor)},
            ),
        ),
        "ReinstateAccessToken": (
            {
                "before": {**made, "state": "revoked"},
                "after": {**made, "state": "active"},
                "ids": {"token_id": token["access_token_id"]},
            },
            ("RevokeAccessToken", {"token_id": token["access_token_id"]}, {**made, "state": "revoked"}),
        ),
        "UpdateSettings": (
            {
                "before": {"public_sharing_disabled": not sharing},
                "after": {"public_sharing_disabled": sharing},
                "ids": {"setting": "public_sharing_disabled"},
            },
            ("UpdateSettings", {"setting": "public_sharing_disabled"}, {"public_sharing_disabled": not sharing}),
        ),
    }


def custom_role(snapshot):
    """Give the name of a custom role with several permissions."""
    roles = snapshot.roles
    return roles.loc[~roles["is_system"] & (roles["n_permissions"] > 2), "role"].iloc[0]


def created_ids(snapshot, kind):
    """Give the id that the journal would have of what a change created."""
    if kind == "CreateWorkspace":
        return {kind: id_of_workspace(snapshot, "Production")}
    if kind == "CreateRole":
        return {kind: values_of_role(snapshot, custom_role(snapshot))[1]}
    if kind != "CreateServiceKey":
        return {}
    keys = snapshot.service_keys
    return {kind: keys.loc[keys["scope"] == "organization", "service_key_id"].iloc[0]}


KINDS = (
    "CreateWorkspace",
    "RenameWorkspace",
    "CreateRole",
    "UpdateRole",
    "DeleteRole",
    "CreateServiceKey",
    "SetServiceKeyRole",
    "ReinstateAccessToken",
    "UpdateSettings",
)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_way_back(snapshot, kind):
    """The plan back names what is there by its id and carries the old values."""
    made, (back, ids, after) = ways(snapshot)[kind]
    plan = undo(snapshot, new_change(kind, reason="row 2", **made), created=created_ids(snapshot, kind))
    assert [(back, ids)] == [(change.kind, dict(change.ids)) for change in plan.changes], plan.to_text()
    left = plan.changes[0].after
    assert after == (None if left is None else {name: left[name] for name in after})


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("DeleteWorkspace", {"workspace_id": "w"}),
        ("DeleteServiceKey", {"key_id": "k"}),
        ("UnshareAll", {"workspace_id": "w"}),
    ],
)
def test_what_is_gone_for_good_is_said_and_nothing_is_made_up(snapshot, kind, ids):
    """The warnings name it; the plan has no change for it."""
    change = new_change(
        kind, before={"workspace": "Gone", "description": "Gone"}, after=None, reason="row 2", ids=ids, workspace="Gone"
    )
    plan = undo(snapshot, change)
    assert [] == list(plan.changes)
    assert ["cannot-come-back"] == rules_of(plan.warnings)
    assert "Gone" in plan.warnings[0].message


@pytest.mark.parametrize("kind", ["RenameWorkspace", "UpdateRole", "ReinstateAccessToken", "UpdateSettings"])
def test_what_somebody_changed_since_is_left_alone(snapshot, kind):
    """A value that is no longer what the run left belongs to somebody else by now."""
    made, _ = ways(snapshot)[kind]
    swapped = {**made, "before": made["after"], "after": made["before"]}
    if kind == "ReinstateAccessToken":
        kind = "RevokeAccessToken"
    plan = undo(snapshot, new_change(kind, reason="row 2", **swapped))
    assert [] == list(plan.changes)
    assert "not-undone" in rules_of(plan.warnings)


def test_a_role_that_is_made_again_is_given_by_reference(snapshot):
    """People whom the run moved off a deleted role come back to the one that takes its place."""
    access = snapshot.access
    held = access[(access["role"] == "Viewer") & (access["source"] == "direct") & (access["state"] == "active")].iloc[0]
    members = snapshot.members.set_index("email")
    now = {"role": "Viewer", "role_id": held["role_id"], "role_name": "WORKSPACE_VIEWER", "state": "active"}
    was = {"role": "Gone", "role_id": "role-that-was", "role_name": "CUSTOM", "state": "active"}
    moved = new_change(
        "SetWorkspaceRole",
        email=held["email"],
        workspace=held["workspace"],
        before=was,
        after=now,
        reason="row 2",
        ids={
            "identity_id": members.loc[held["email"], "identity_id"],
            "workspace_id": held["workspace_id"],
            "role_id": held["role_id"],
        },
    )
    role = {"role": "Gone", "description": "", "permissions": ["runs:read"]}
    gone = new_change("DeleteRole", before=role, after=None, reason="row 3", ids={"role_id": "role-that-was"})
    plan = undo(snapshot, moved, gone)
    kinds = {change.kind: change for change in plan.changes}
    assert {"CreateRole", "SetWorkspaceRole"} == set(kinds)
    assert "new:role:Gone" == kinds["SetWorkspaceRole"].ids["role_id"]
    assert "new:role:Gone" == kinds["SetWorkspaceRole"].after["role_id"]


def test_only_the_tables_that_are_needed_are_asked_for():
    """Undo of a membership reads people; undo of a key reads keys too."""
    key = new_change(
        "CreateServiceKey", before=None, after={"description": "x"}, reason="", ids={"key_id": "new:key:x"}
    )
    assert ("access",) == tables_to_undo([])
    assert ("access", "service_keys") == tables_to_undo([key])
