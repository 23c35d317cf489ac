"""Foretelling workspaces, roles, keys, tokens and settings."""

from __future__ import annotations

import pandas as pd
import pytest

from lsnb.plan.resource_changes import RESOURCE_IDS
from lsnb.plan.simulation import simulate as after_changes
from lsnb.plan.simulation.structure import TABLES_OF, simulate_structure
from lsnb.tables import SPECS
from tests.plan.outfit import ANNOTATOR, WIDE, planned, rows, snapshot
from tests.plan.test_things import everything


def test_every_kind_says_which_tables_it_shows_in():
    """None is forgotten."""
    assert set(RESOURCE_IDS) == set(TABLES_OF)


def test_all_that_a_plan_asks_for_is_there_afterwards():
    """Under references where things are new; the tables keep their columns, types and order."""
    snap = snapshot()
    after = after_changes(snap, planned(snap, rules=WIDE, **everything()).changes)
    assert ["Labs", "Prod", "Staging"] == after.workspaces["workspace"].tolist()
    roles = after.roles[~after.roles["is_system"].astype(bool)]
    assert ["Annotator", "Tester"] == roles["role"].tolist()
    held = after.permissions.groupby("role_id")["permission"].agg(list)
    assert sorted({*ANNOTATOR, "runs:share"} - {"datasets:read"}) == held["role-annotator"]
    assert ["runs:read"] == held["new:role:Tester"]
    keys = after.service_keys.set_index("description")
    assert "new:key:bot" == keys.loc["bot", "service_key_id"]
    assert "Labs, Prod" == keys.loc["bot", "workspaces"]
    assert "Editor" == keys.loc["night job", "role"]
    assert "ci" not in keys.index
    tokens = after.access_tokens.set_index("access_token_id")["is_revoked"]
    assert [True, False] == [bool(tokens["token-dana"]), bool(tokens["token-eve"])]
    assert after.setting("public_sharing_disabled") is True
    for name in ("workspaces", "roles", "permissions", "service_keys", "access_tokens", "settings"):
        table = after.table(name)
        assert SPECS[name].column_names == list(table.columns)
        assert table.dtypes.equals(snap.table(name).dtypes), name


def test_the_snapshot_that_was_given_stays_as_it_is():
    """It is frozen, and what is foretold is another one."""
    snap = snapshot()
    plan = planned(snap, workspaces=rows({"workspace_name": "Production", "new_name": "Prod"}))
    after = simulate_structure(snap, plan.changes)
    assert "Prod" in after.workspaces["workspace"].tolist()
    assert "Prod" not in snap.workspaces["workspace"].tolist()
    assert snap is simulate_structure(snap, [])


@pytest.mark.parametrize("table", ["service_keys", "access_tokens"])
def test_what_was_not_read_stays_unread(table):
    """Unknown is not the same as empty."""
    snap = snapshot()
    changes = planned(snap, rules=WIDE, **everything()).changes
    after = simulate_structure(snapshot(without=(table,)), changes)
    assert not after.is_readable(table)


@pytest.mark.parametrize(("end", "shown"), [("9999-12-31", "2261-12-31T23:59:59"), ("never", None)])
def test_a_key_with_a_far_end_or_none_can_be_foretold(end, shown):
    """The table holds no time so far away, and gives the last that it can hold."""
    row = {"description": "bot", "role": "Viewer", "workspaces": "Staging", "expires_at": end, "action": "create"}
    snap = snapshot(info={"max_service_key_expiry_days": None})
    keys = after_changes(snap, planned(snap, keys=rows(row)).changes).service_keys.set_index("description")
    found = keys.loc["bot", "expires_at"]
    assert shown == (None if found is pd.NaT else found.strftime("%Y-%m-%dT%H:%M:%S"))


def test_keys_follow_their_workspaces():
    """They are called by the new name; a key of several loses one that is deleted, and a key of that one alone ends."""
    create = {"role": "Viewer", "expires_at": "2027-01-31", "action": "create"}
    made = rows({**create, "description": "one", "workspaces": "Staging"})
    snap = after_changes(snapshot(), planned(snapshot(), keys=made).changes)
    renamed = rows({"workspace_name": "Production", "new_name": "Prod"})
    names = after_changes(snap, planned(snap, workspaces=renamed).changes).service_keys.set_index("description")
    assert "Prod, Staging" == names.loc["ci", "workspaces"]
    deleted = rows({"workspace_name": "Staging", "action": "delete"})
    left = after_changes(snap, planned(snap, workspaces=deleted).changes).service_keys.set_index("description")
    assert "Production" == left.loc["ci", "workspaces"]
    assert "one" not in left.index
    assert "night job" in left.index
