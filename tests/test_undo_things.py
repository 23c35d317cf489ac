"""Undo of workspaces, roles, keys, tokens and settings: back where it is as the run left it, and said where it is not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lsnb.apply.undo import make_undo, tables_to_undo
from lsnb.plan import changes_to_plan, new_change
from lsnb.plan.references import resolve
from lsnb.plan.simulation import simulate as after_changes
from lsnb.snapshot import Snapshot
from tests.plan.company import CREATED_AT, rules_of
from tests.plan.outfit import WIDE, planned, rows, snapshot

IDS = {
    "new:workspace:Labs": "ws-labs",
    "new:role:Tester": "role-tester",
    "new:key:bot": "key-bot",
}


def run_of(snap, **sheets):
    """Carry sheets out on paper: the plan, what became of it, and the organization afterwards."""
    plan = planned(snap, rules=WIDE, **sheets)
    made = [resolve(change, IDS) for change in plan.changes]
    owns = {"CreateWorkspace": "workspace_id", "CreateRole": "role_id", "CreateServiceKey": "key_id"}
    results = {
        change.id: SimpleNamespace(
            outcome="done", steps=(), is_unknown=False, created_id=change.ids.get(owns.get(change.kind, ""))
        )
        for change in made
    }
    return SimpleNamespace(plan=plan, results=results), after_changes(snap, made)


def undone(snap, **sheets):
    """Give the plan back, and the organization that it leaves."""
    record, after = run_of(snap, **sheets)
    back = make_undo(after, record, created_at=CREATED_AT, rules=WIDE)
    return back, after_changes(after, back.changes)


SHEETS = {
    "CreateWorkspace": {"workspaces": rows({"workspace_name": "Labs", "action": "create"})},
    "RenameWorkspace": {"workspaces": rows({"workspace_name": "Production", "new_name": "Prod"})},
    "CreateRole": {"roles": rows({"permission": "runs:read", "Tester": "x"})},
    "UpdateRole": {"roles": rows({"permission": "runs:read", "Annotator": ""})},
    "CreateServiceKey": {
        "keys": rows(
            {"description": "bot", "role": "Viewer", "workspaces": "Staging", "expires_at": "2027-01-31",
             "action": "create"}
        )
    },
    "SetServiceKeyRole": {"keys": rows({"description": "night job", "role": "Editor"})},
    "RevokeAccessToken": {"tokens": rows({"token_id": "token-dana", "action": "revoke"})},
    "ReinstateAccessToken": {"tokens": rows({"token_id": "token-eve", "action": "reinstate"})},
    "UpdateSettings": {"settings": rows({"setting": "public_sharing_disabled", "value": "true"})},
}  # fmt: skip
BACK = {
    "CreateWorkspace": "DeleteWorkspace",
    "CreateRole": "DeleteRole",
    "CreateServiceKey": "DeleteServiceKey",
    "RevokeAccessToken": "ReinstateAccessToken",
    "ReinstateAccessToken": "RevokeAccessToken",
}
TABLES = ("workspaces", "roles", "permissions", "service_keys", "access_tokens", "settings", "access")


@pytest.mark.parametrize("kind", sorted(SHEETS))
def test_what_a_run_did_is_taken_back_to_the_former_state(kind):
    """Every table is as it was."""
    snap = snapshot()
    back, after = undone(snap, **SHEETS[kind])
    assert [BACK.get(kind, kind)] == [change.kind for change in back.changes]
    assert back.changes[0].reason.startswith(f"takes back {kind}: ")
    for name in TABLES:
        assert snap.table(name).equals(after.table(name)), name


def test_a_deleted_role_is_made_again_and_given_to_whom_it_was_taken_from():
    """With another id, which is said; the plan refers to it."""
    snap = snapshot()
    sheets = {
        "roles": rows({"permission": "action", "Annotator": "delete"}),
        "keys": rows({"description": "ci", "role": "Viewer"}),
        "access": rows(
            {"email": "dana@example.com", "langsmith_role": "Viewer", "workspace_name": "Production", "action": ""},
            {"email": "eve@example.com", "langsmith_role": "", "workspace_name": "", "action": "remove"},
        ),
    }
    back, _ = undone(snap, **sheets)
    made = {change.kind: change for change in back.changes}
    assert {"CreateRole", "SetWorkspaceRole", "InviteMember", "SetServiceKeyRole"} == set(made)
    assert "new:role:Annotator" == made["SetWorkspaceRole"].ids["role_id"]
    assert "new:role:Annotator" == made["InviteMember"].after["workspace_role_id"]
    assert "new:role:Annotator" == made["SetServiceKeyRole"].after["role_id"]
    assert "cannot-come-back" in rules_of(back.warnings)


def test_what_was_given_in_a_new_workspace_is_taken_back_with_it():
    """The journal knows which ids the references became."""
    sheets = {
        **SHEETS["CreateWorkspace"],
        **SHEETS["CreateRole"],
        "access": rows({"email": "new@example.com", "langsmith_role": "Tester", "workspace_name": "Labs"}),
    }
    back, _ = undone(snapshot(), **sheets)
    assert ["CancelInvite", "DeleteRole", "DeleteWorkspace"] == [change.kind for change in back.changes]
    assert ["irreversible"] == rules_of(back.refusals)
    assert "deletes-what-was-made" in rules_of(back.warnings)


@pytest.mark.parametrize("kind", ["RenameWorkspace", "UpdateRole", "SetServiceKeyRole", "UpdateSettings", "CreateRole"])
def test_what_somebody_changed_since_is_left_alone(kind):
    """A value that is no longer what the run left belongs to somebody else by now."""
    snap = snapshot()
    record, after = run_of(snap, **SHEETS[kind])
    later = {
        "RenameWorkspace": {"workspaces": rows({"workspace_name": "Prod", "new_name": "Production 2"})},
        "UpdateRole": {"roles": rows({"permission": "charts:read", "Annotator": "x"})},
        "SetServiceKeyRole": {"keys": rows({"description": "night job", "role": "Admin"})},
        "UpdateSettings": {"settings": rows({"setting": "public_sharing_disabled", "value": "false"})},
        "CreateRole": {"roles": rows({"permission": "charts:read", "Tester": "x"})},
    }[kind]
    by_now = after_changes(after, planned(after, rules=WIDE, **later).changes)
    back = make_undo(by_now, record, created_at=CREATED_AT, rules=WIDE)
    assert [] == list(back.changes)
    assert ["not-undone"] == rules_of(back.warnings)


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        ({"workspaces": rows({"workspace_name": "Research", "action": "delete"})}, "Research was deleted with all"),
        (
            {"workspaces": rows({"workspace_name": "Research", "action": "unshare"})},
            "links of Research do not come back",
        ),
        ({"keys": rows({"description": "ci", "action": "delete"})}, "The key ci was deleted"),
    ],
)
def test_what_is_gone_for_good_is_said_and_nothing_is_made_up(sheets, said):
    """The warnings name it; the plan has no change for it."""
    back, _ = undone(snapshot(), **sheets)
    assert [] == list(back.changes)
    assert ["cannot-come-back"] == rules_of(back.warnings)
    assert said in back.warnings[0].message


def test_a_key_that_got_a_new_role_gets_its_own_back_and_the_role_goes():
    """What refers to things of the same plan is compared by the ids that they got."""
    keys = rows({"description": "night job", "role": "Tester"})
    back, left = undone(snapshot(), keys=keys, **SHEETS["CreateRole"])
    assert ["SetServiceKeyRole", "DeleteRole"] == [change.kind for change in back.changes]
    assert back.is_safe, back.to_text()
    assert "Viewer" == left.service_keys.set_index("description").loc["night job", "role"]


@pytest.mark.parametrize(
    ("setting", "before", "value", "restored"),
    [
        ("llm_auth_proxy_allowed_urls", None, "https://c.example.com", []),
        ("engine_enabled", None, "true", False),
        ("max_pat_expiry_days", None, "30", None),
        ("security_contact", None, "safety@example.com", None),
    ],
)
def test_a_setting_that_was_not_set_gets_what_the_service_takes_for_it(setting, before, value, restored):
    """Where null would leave it as it is, the nearest value is given, and the plan says so beforehand."""
    snap = snapshot(info={setting: before})
    back, _ = undone(snap, settings=rows({"setting": setting, "value": value}))
    assert [{setting: restored}] == [change.after for change in back.changes]
    assert (restored is not None) == ("cannot-come-back" in rules_of(back.warnings))


def test_nobody_is_brought_back_into_a_workspace_that_is_gone():
    """Of what was taken from people in a workspace that was deleted too, only the rest comes back, and that is said."""
    access = rows(
        {"email": "dana@example.com", "workspace_name": "Staging", "action": "remove"},
        {"email": "eve@example.com", "action": "remove"},
    )
    record, after = run_of(snapshot(), access=access)
    workspaces = after.workspaces
    left = workspaces[workspaces["workspace"] != "Staging"].reset_index(drop=True)
    without = Snapshot(after.meta, {name: after.table(name) for name in after.table_names} | {"workspaces": left})
    back = make_undo(without, record, created_at=CREATED_AT, rules=WIDE)
    assert [("InviteMember", "eve@example.com", [])] == [
        (c.kind, c.email, (c.after or {})["workspaces"]) for c in back.changes
    ]
    said = " ".join(verdict.message for verdict in back.warnings)
    assert "dana@example.com does not come back into Staging" in said
    assert "eve@example.com does not come back into Staging" in said


def test_what_was_made_without_a_known_id_is_left_alone():
    """A journal that was cut off may not say what the service made."""
    record, after = run_of(snapshot(), **SHEETS["CreateWorkspace"])
    for result in record.results.values():
        result.created_id = None
    back = make_undo(after, record, created_at=CREATED_AT, rules=WIDE)
    assert (0, ["not-undone"]) == (len(back), rules_of(back.warnings))


def test_only_the_tables_that_are_needed_are_asked_for():
    """Undo of a membership reads people; undo of a key reads keys too."""
    key = new_change("DeleteServiceKey", before={}, after=None, reason="", ids={"key_id": "k"})
    role = new_change("DeleteRole", before={}, after=None, reason="", ids={"role_id": "r"})
    assert ("access",) == tables_to_undo([])
    assert ("access", "permissions", "service_keys") == tables_to_undo([key, role])


def test_an_unknown_outcome_is_not_taken_back():
    """First the run is resumed, which finds out."""
    snap = snapshot()
    plan = planned(snap, **SHEETS["UpdateSettings"])
    results = {
        c.id: SimpleNamespace(outcome="unknown", steps=(), is_unknown=True, created_id=None) for c in plan.changes
    }
    back = make_undo(snap, SimpleNamespace(plan=plan, results=results), created_at=CREATED_AT)
    assert (0, ["not-settled"]) == (len(back), rules_of(back.warnings))
    assert changes_to_plan(snap, [], created_at=CREATED_AT).is_empty
