from __future__ import annotations

import random

import pandas as pd
import pytest

from lsnb.analysis.effective import effective, explain, who_can
from lsnb.analysis.effective.rights import read_rights
from lsnb.errors import TableError, UnreadableTableError
from lsnb.snapshot import Snapshot
from tests.checks.tiny import BUILT_IN, Tiny

STEWARD = ("workspaces:read", "workspaces:manage-members")


def company() -> Tiny:
    """Make a company with every way to hold a role."""
    tiny = Tiny("Production", "Staging").add_role("Steward", *STEWARD)
    tiny.add("ada", "Organization Admin")
    tiny.add("grace", places={"Production": "Admin", "Staging": "Viewer"})
    tiny.add("sofia", places={"Production": "Steward"}, scim_groups=[{"name": "LS-User:Production:Steward"}])
    tiny.add("peter", places={"Production": "Admin"}, state="disabled")
    tiny.add("late", "Organization Admin", {"Production": "Admin"}, state="pending")
    return tiny


def kinds(snapshot: Snapshot, name: str, permission: str, workspace: str | None = None) -> list[tuple[str, str]]:
    """Give the chain of reasons as (kind, effect)."""
    found = explain(snapshot, f"{name}@acme.example", permission, workspace)
    return [(reason.kind, reason.effect) for reason in found.reasons]


@pytest.mark.parametrize(
    ("name", "workspace", "decision", "chain"),
    [
        ("ada", "Production", "allowed", [("org-admin", "allows")]),
        ("grace", "Production", "allowed", [("workspace-role", "allows")]),
        ("grace", "Staging", "denied", [("workspace-role", "nothing")]),
        ("sofia", "Production", "allowed", [("group", "allows")]),
        ("sofia", "Staging", "denied", [("no-access", "nothing")]),
        ("peter", "Production", "denied", [("account", "denies"), ("no-access", "nothing")]),
        ("late", "Production", "denied", [("account", "denies"), ("no-access", "nothing")]),
    ],
)
def test_the_chain_of_reasons_names_every_way_to_a_permission(name, workspace, decision, chain):
    """Being Organization Admin, a role, a group of the identity provider, and what stands against it."""
    snapshot = company().snapshot()
    found = explain(snapshot, f"{name.upper()}@acme.example", "workspaces:manage-members", workspace)
    assert decision == found.decision
    assert chain == kinds(snapshot, name, "workspaces:manage-members", workspace)
    assert f"in {workspace}: {decision}" in str(found)


def test_the_group_that_gives_a_role_is_named():
    """A role from the identity provider is told with the group's name."""
    text = str(explain(company().snapshot(), "sofia@acme.example", "workspaces:read", "Production"))
    assert "LS-User:Production:Steward" in text


def test_a_permission_of_the_organization_needs_no_workspace():
    """Organization roles answer for it, whatever workspace is named."""
    snapshot = company().snapshot()
    assert kinds(snapshot, "ada", "organization:manage") == [("organization-role", "allows")]
    assert kinds(snapshot, "grace", "organization:manage") == [("organization-role", "nothing")]
    assert who_can(snapshot, "organization:manage", "Staging")["email"].tolist() == ["ada@acme.example"]


def test_without_roles_in_the_plan_every_member_is_admin():
    """The source says so, and policies do not count."""
    snapshot = Tiny(offered={"can_use_rbac": False}).add("grace", places={"Production": "Viewer"}).snapshot()
    assert kinds(snapshot, "grace", "runs:delete", "Production") == [("no-rbac", "allows")]


def test_a_role_that_nobody_described_is_unknown_and_not_a_no():
    """A custom role that the list of roles lacks may grant anything."""
    tiny = Tiny().add("eva", places={"Production": "Ghost"})
    snapshot = tiny.snapshot()
    assert explain(snapshot, "eva@acme.example", "runs:read", "Production").decision == "unknown"
    assert who_can(snapshot, "runs:read")["decision"].tolist() == ["unknown"]


@pytest.mark.parametrize(
    ("person", "permission", "workspace", "words"),
    [
        ("nobody@acme.example", "runs:read", "Production", "Nobody"),
        ("ada@acme.example", "runs:read", None, "in which workspace"),
        ("ada@acme.example", "runs:read", "Prod", "There are: Production, Staging"),
    ],
)
def test_a_question_about_what_is_not_there_is_an_error(person, permission, workspace, words):
    """A slip of the pen must not read as "no"."""
    with pytest.raises(TableError, match=words):
        explain(company().snapshot(), person, permission, workspace)


@pytest.mark.parametrize("table", ["access", "permissions"])
def test_what_could_not_be_read_is_not_answered(table):
    """Without the grants, or what roles grant, there is no answer."""
    snapshot = company().lose(table).snapshot()
    with pytest.raises(UnreadableTableError):
        explain(snapshot, "ada@acme.example", "runs:read", "Production")
    with pytest.raises(UnreadableTableError):
        who_can(snapshot, "runs:read")


def brute_force(snapshot: Snapshot, permission: str, workspace: str) -> dict[str, str]:
    """Ask `explain` about everybody."""
    rights = read_rights(snapshot)
    emails = snapshot.access["email"].unique()
    found = {email: explain(snapshot, email, permission, workspace, rights=rights).decision for email in emails}
    return {email: decision for email, decision in found.items() if decision != "denied"}


def listed(frame: pd.DataFrame) -> dict[str, str]:
    """Give the decisions of `who_can` by person; what keys may do is asked of nobody."""
    frame = frame[frame["principal_kind"] == "person"]
    assert frame["email"].is_unique
    return dict(zip(frame["email"], frame["decision"], strict=True))


def random_company(seed: int) -> Tiny:
    """Make an organization of random people, roles, groups and policies."""
    pick = random.Random(seed)
    tiny = Tiny("Production", "Staging", offered={"can_use_rbac": seed % 5 != 4, "can_use_abac": seed % 3 != 2})
    permissions = ["runs:delete", "runs:read", "workspaces:manage-members", "datasets:read"]
    roles = ["Admin", "Editor", "Viewer", "Alpha", "Beta"]
    for role in ("Alpha", "Beta"):
        tiny.add_role(role, *pick.sample(permissions, 2))
    if pick.random() < 0.3:
        roles.append("Ghost")
    for number in range(8):
        places = {place: pick.choice(roles) for place in tiny.workspaces if pick.random() < 0.6}
        state = pick.choice(["active", "active", "active", "disabled", "pending"])
        tiny.add(f"p{number}", pick.choice([name for name in BUILT_IN if "Org" in name]), places, state=state)
    for number in range(4):
        conditions = [("Env", "equals", "x")] if pick.random() < 0.7 else []
        on = tuple(pick.sample([role for role in roles if role != "Ghost"], 2))
        tiny.add_policy(f"rule{number}", pick.choice(["allow", "deny"]), pick.choice(permissions), *conditions, on=on)
    return tiny


@pytest.mark.parametrize("seed", range(15))
def test_who_can_equals_asking_about_everybody(seed):
    """The vectorized answer is the same as one question per person, for random organizations."""
    snapshot = random_company(seed).snapshot()
    rights = read_rights(snapshot)
    for permission in ("runs:delete", "datasets:read", "organization:manage"):
        for workspace in ("Production", "Staging"):
            expected = brute_force(snapshot, permission, workspace)
            assert expected == listed(who_can(snapshot, permission, workspace, rights=rights))


def test_who_can_manage_members_of_production_equals_asking_about_everybody(running_server):
    """The same on the demo organization."""
    import lsnb

    running_server.reset()
    snapshot = lsnb.connect(endpoint=running_server.url, api_key=running_server.key).snapshot()
    permission = "workspaces:manage-members"
    assert brute_force(snapshot, permission, "Production") == listed(who_can(snapshot, permission, "Production"))


def test_the_table_is_the_same_whichever_way_it_is_asked():
    """By permission, by workspace and by person are cuts of one table."""
    snapshot = company().snapshot()
    table = effective(snapshot)
    whole = table.to_frame()
    key = ["email", "workspace", "permission", "decision"]

    def rows(frame: pd.DataFrame) -> set[tuple[str, ...]]:
        return set(frame[key].astype(object).fillna("").itertuples(index=False, name=None))

    assert rows(whole) == rows(
        pd.concat(table.by_person(email) for email in ("ada@acme.example", "grace@acme.example", "sofia@acme.example"))
    )
    assert rows(whole[whole["workspace"] == "Staging"]) == rows(table.by_workspace("Staging"))
    assert rows(whole[whole["permission"] == "runs:read"]) == rows(table.by_permission("runs:read"))
    with pytest.raises(TableError, match="Nobody"):
        table.by_person("nobody@acme.example")


def test_questions_leave_the_snapshot_as_it_was():
    """Asking changes nothing."""
    snapshot = company().snapshot()
    before = snapshot.access
    effective(snapshot).to_frame()
    pd.testing.assert_frame_equal(before, snapshot.access)


def test_a_snapshot_answers_by_itself():
    """The methods of the snapshot are the functions of the module."""
    snapshot = company().snapshot()
    question = ("workspaces:manage-members", "Production")
    assert snapshot.explain("ada@acme.example", *question).is_allowed
    pd.testing.assert_frame_equal(who_can(snapshot, *question), snapshot.who_can(*question))
    pd.testing.assert_frame_equal(who_can(snapshot, question[0]), snapshot.effective().by_permission(question[0]))
