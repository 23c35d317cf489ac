"""One set of sheets over everything: planned in the right order, carried out, read back, and taken back."""

from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb.plan import Rules

CUSTOM = "Release Auditor"
PLACE = "Release Room"
PEOPLE = ("ida.berg", "jon.falk", "kim.lund")


@pytest.fixture
def org(server, tmp_path, monkeypatch):
    """Connect to the small demo organization, with journals kept in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return lsnb.connect(endpoint=server.url, api_key=server.keys["admin_pat"])


def sheets():
    """Give the set: a workspace and a role that are new, three people for them, another name, two settings."""
    permissions = ["projects:read", "runs:read", "datasets:read"]
    return {
        "workspaces": pd.DataFrame(
            [{"workspace_name": PLACE, "action": "create"}, {"workspace_name": "Marketing", "new_name": "Growth"}]
        ),
        "roles": pd.DataFrame({"permission": permissions, CUSTOM: ["x"] * len(permissions)}),
        "access": pd.DataFrame(
            [{"email": f"{name}@acme.example", "workspace_name": PLACE, "langsmith_role": CUSTOM} for name in PEOPLE]
        ),
        "settings": pd.DataFrame(
            [
                {"setting": "disable_public_sharing", "value": "true"},
                {"setting": "max_pat_expiry_days", "value": "90"},
            ]
        ),
    }


def state_of(server):
    """Give what an administrator would compare: workspaces, custom roles with rights, settings, people, invitations."""
    state = server.state
    return {
        "workspaces": sorted(place.display_name for place in state.workspaces.values() if not place.is_deleted),
        "roles": {r.display_name: sorted(r.permissions) for r in state.roles.values() if r.name == "CUSTOM"},
        "people": sorted(person.email for person in state.people.values()),
        "invited": sorted(invitation.email for invitation in state.open_invitations()),
    }


def settings_of(org):
    """Give the settings as a new reading has them."""
    table = org.snapshot().settings
    return dict(zip(table["setting"], table["value"].astype("object"), strict=True))


def test_a_whole_set_is_planned_carried_out_read_back_and_taken_back(org, server):
    """What is created comes before what is given in it, and undo leaves the state from before."""
    before, settings_before = state_of(server), settings_of(org)
    plan = org.plan(sheets())
    kinds = [change.kind for change in plan.changes]
    assert {
        "CreateWorkspace": 1,
        "CreateRole": 1,
        "InviteMember": 3,
        "RenameWorkspace": 1,
        "UpdateSettings": 2,
    } == {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    first_invitation = kinds.index("InviteMember")
    assert {"CreateWorkspace", "CreateRole"} <= set(kinds[:first_invitation])
    assert plan.is_safe, plan.to_text()

    run = org.apply(plan, confirm=plan.fingerprint)
    assert run.is_done, str(run)
    after = state_of(server)
    assert PLACE in after["workspaces"]
    assert "Growth" in after["workspaces"]
    assert "Marketing" not in after["workspaces"]
    assert ["datasets:read", "projects:read", "runs:read"] == after["roles"][CUSTOM]
    assert {f"{name}@acme.example" for name in PEOPLE} == set(after["invited"]) - set(before["invited"])
    snap = org.snapshot()
    invited = snap.access[snap.access["email"].isin([f"{n}@acme.example" for n in PEOPLE])]
    in_place = invited[invited["workspace"] == PLACE]
    assert [CUSTOM] * 3 == in_place["role"].tolist()
    assert settings_before != settings_of(org)
    assert org.plan(sheets_after()).is_empty

    refused = org.undo(run)
    named = {f"irreversible:{c.id}": "take it back" for c in refused.changes if c.kind.startswith("Delete")}
    assert any(rule.rule == "irreversible" for rule in refused.refusals)
    back = org.undo(run, allow=named, rules=Rules(max_removals_share=1.0))
    assert back.is_safe, back.to_text()
    undone = org.apply(back, confirm=back.fingerprint)
    assert undone.is_done, str(undone)
    assert before == state_of(server)
    assert settings_before == settings_of(org)


def sheets_after():
    """Give the set as it reads once it has been carried out; nothing is left to do."""
    made = sheets()
    made["workspaces"] = pd.DataFrame([{"workspace_name": PLACE}, {"workspace_name": "Growth"}])
    return made


@pytest.mark.parametrize(
    ("switch", "kind", "sheet"), [("token_revocation", "tokens", {"description": "Workshop", "action": "revoke"})]
)
def test_what_an_older_server_does_not_offer_is_said_in_the_plan(org, server, switch, kind, sheet):
    """It is left out with what to do instead, and not found out half way through a run."""
    frame = pd.DataFrame([sheet])
    assert 1 == len(org.plan({kind: frame}))
    setattr(server.state.behaviours, switch, False)
    plan = org.plan({kind: frame})
    assert [] == list(plan.changes)
    assert ["not-offered"] == [warning.rule for warning in plan.warnings]
    assert "not offered by this server" in plan.to_text()
    assert sheet["description"] in plan.warnings[0].message
