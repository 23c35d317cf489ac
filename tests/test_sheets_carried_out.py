"""Sheets of every kind through the whole way: planned, carried out at the demo organization, planned again, taken back."""

from __future__ import annotations

import pytest

import lsnb
from lsnb.plan import Rules
from lsnb.sheets.kinds import FORMS
from tests.plan.outfit import rows

WIDE = Rules(max_removals_share=1.0, max_removals_small=100)


@pytest.fixture
def org(server, tmp_path, monkeypatch):
    """Connect to the small demo organization, with journals kept in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return lsnb.connect(endpoint=server.url, api_key=server.keys["admin_pat"])


def carried_out(org, sheets, **options):
    """Plan and apply sheets, allowing what cannot come back, one by one."""
    plan = org.plan(sheets, rules=WIDE)
    named = {f"irreversible:{change.id}": "asked for" for change in plan.changes if change.risk == "high"}
    plan = org.plan(sheets, rules=WIDE, allow=named)
    assert plan.is_safe, plan.to_text()
    run = org.apply(plan, confirm=plan.fingerprint, secrets=lsnb.SecretBox(), **options)
    assert run.is_done, str(run)
    return run


def undone(org, run):
    """Take a run back, allowing what cannot come back."""
    plan = org.undo(run, rules=WIDE)
    named = {f"irreversible:{change.id}": "asked for" for change in plan.changes if change.kind.startswith("Delete")}
    plan = org.undo(run, rules=WIDE, allow=named)
    assert plan.is_safe, plan.to_text()
    back = org.apply(plan, confirm=plan.fingerprint, secrets=lsnb.SecretBox())
    assert back.is_done, str(back)
    return back


def test_keys_are_created_changed_and_deleted_by_a_sheet(org):
    """With the role, the workspaces and the end that the sheet says, and nothing more."""
    sheet = FORMS["keys"].export(org.snapshot())
    other = sheet[sheet["role"] != ""].iloc[0]
    new = {"role": "Workspace Viewer", "expires_at": "2027-01-31", "action": "create"}
    run = carried_out(
        org,
        {
            "keys": rows(
                {"description": "limited", "workspaces": "Production, Research", **new},
                {"description": "wide", "workspaces": "*", "org_role": "Organization Viewer", **new},
                {"key_id": other["key_id"], "role": "Workspace Viewer"},
            )
        },
    )
    keys = org.snapshot(tables=["service_keys"]).service_keys.set_index("description")
    assert ("workspace", "Viewer", "Production, Research") == tuple(
        keys.loc["limited", ["scope", "role", "workspaces"]]
    )
    assert ("organization", "Viewer", "Organization Viewer") == tuple(
        keys.loc["wide", ["scope", "role", "organization_role"]]
    )
    assert {"2027-01-31"} == {str(day.date()) for day in keys.loc[["limited", "wide"], "expires_at"]}
    undone(org, run)
    assert sheet.equals(FORMS["keys"].export(org.snapshot()))


def test_tokens_are_revoked_and_reinstated_by_a_sheet(org):
    """Not the one that makes the plan."""
    sheet = FORMS["tokens"].export(org.snapshot())
    plan = org.plan(
        {"tokens": sheet.assign(action=["revoke" if s == "active" else "" for s in sheet["state"]])}, rules=WIDE
    )
    assert ["self"] == [refusal.rule for refusal in plan.refusals]
    own = {id_ for refusal in plan.refusals for id_ in refusal.change_ids}
    spared = {change.ids["token_id"] for change in plan.changes if change.id in own}
    others = sheet[(sheet["state"] == "active") & ~sheet["token_id"].isin(spared)].head(2)
    if others.empty:
        pytest.skip("this key sees its own token only")
    run = carried_out(org, {"tokens": others.assign(action="revoke")})
    assert {"revoked"} == set(
        FORMS["tokens"].export(org.snapshot()).set_index("token_id").loc[others["token_id"], "state"]
    )
    undone(org, run)
    assert sheet.equals(FORMS["tokens"].export(org.snapshot()))


def test_a_workspace_is_deleted_and_links_are_taken_back_by_a_sheet(org):
    """And undo says that neither comes back."""
    snap = org.snapshot()
    shared = snap.shared_links["workspace"].iloc[0]
    gone = next(name for name in snap.workspaces["workspace"] if name not in (shared, "Production"))
    run = carried_out(
        org,
        {
            "workspaces": rows(
                {"workspace_name": gone, "action": "delete"}, {"workspace_name": shared, "action": "unshare"}
            )
        },
    )
    after = org.snapshot()
    assert gone not in after.workspaces["workspace"].tolist()
    assert shared not in after.shared_links["workspace"].tolist()
    back = org.undo(run)
    assert back.is_empty
    assert ["cannot-come-back"] * 2 == [warning.rule for warning in back.warnings]


def test_a_role_keeps_a_permission_that_nobody_has_heard_of(org, server):
    """It is in no catalogue, and goes with the whole list that is sent."""
    role = next(role for role in server.state.roles.values() if role.display_name == "Annotator")
    role.permissions = (*role.permissions, "quantum-boxes:open")
    run = carried_out(org, {"roles": rows({"permission": "charts:read", "Annotator": "x"})})
    now = next(role for role in server.state.roles.values() if role.display_name == "Annotator")
    assert {"quantum-boxes:open", "charts:read"} <= set(now.permissions)
    undone(org, run)
    now = next(role for role in server.state.roles.values() if role.display_name == "Annotator")
    assert "quantum-boxes:open" in now.permissions
    assert "charts:read" not in now.permissions


def test_a_role_that_changed_since_the_plan_is_skipped_as_stale(org, server):
    """Somebody else's permission is not overwritten."""
    plan = org.plan({"roles": rows({"permission": "charts:read", "Annotator": "x"})})
    role = next(role for role in server.state.roles.values() if role.display_name == "Annotator")
    role.permissions = (*role.permissions, "runs:share")
    run = org.apply(plan, confirm=plan.fingerprint)
    assert ["skipped"] == run.results["outcome"].tolist()
    now = next(role for role in server.state.roles.values() if role.display_name == "Annotator")
    assert "runs:share" in now.permissions
    assert "charts:read" not in now.permissions


def test_settings_are_changed_and_put_back_by_a_sheet(org):
    """Every setting that can be changed without locking anybody out."""
    before = FORMS["settings"].export(org.snapshot())
    wanted = {
        "public_sharing_disabled": "true",
        "max_pat_expiry_days": "90",
        "security_contact": "security@acme.example",
        "scim_group_name_separator": "-",
        "workspace_admin_can_invite_to_org": "true",
    }
    changed = before[before["setting"].isin(list(wanted))]
    run = carried_out(org, {"settings": changed.assign(value=[wanted[name] for name in changed["setting"]])})
    now = FORMS["settings"].export(org.snapshot()).set_index("setting")["value"]
    assert wanted == {name: now[name] for name in wanted}
    undone(org, run)
    assert before.equals(FORMS["settings"].export(org.snapshot()))
