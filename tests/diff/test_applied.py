"""A plan that was carried out is what two readings around it differ in, and the log names who did it."""

from __future__ import annotations

from lsnb.analysis.compare import diff
from lsnb.loader import load_snapshot_of
from lsnb.service.progress import Silent
from tests.apply.acme import MIXED, Acme


def test_a_mixed_plan_is_found_again(server, tmp_path, monkeypatch):
    """Everybody whom the plan changes differs, and nobody else; every difference is the caller's doing."""
    monkeypatch.chdir(tmp_path)
    acme = Acme(server)
    before = load_snapshot_of(acme.api, display=Silent())
    plan = acme.plan(*MIXED)
    assert acme.apply(plan).is_done
    found = diff(before, load_snapshot_of(acme.api, display=Silent()))
    assert {change.email for change in plan.changes} == set(found.frame["email"])
    assert [] == found.unattributed[["area", "change", "what", "email"]].to_dict("records")
    assert {"ada.lindqvist@acme.example"} == set(found.frame["actor"])
    removed = {change.email for change in plan.changes if change.kind == "RemoveMember"}
    gone = found.frame[(found.frame["area"] == "people") & (found.frame["change"] == "removed")]
    assert removed == set(gone["email"])
    roles = {(c.email, c.before["role"], c.after["role"]) for c in plan.changes if c.kind == "SetOrgRole"}
    promoted = found.frame[found.frame["what"] == "organization role"]
    assert roles == {(row.email, row.before, row.after) for row in promoted.itertuples()}
    pending = set(before.invites["email"])
    places = {
        (change.email, change.workspace, change.kind)
        for change in plan.changes
        if change.scope == "workspace" and change.email not in pending
    }
    kinds = {"added": "AddWorkspaceMember", "changed": "SetWorkspaceRole", "removed": "RemoveWorkspaceMember"}
    access = found.frame[(found.frame["area"] == "access") & ~found.frame["email"].isin(removed)]
    assert places == {(row.email, row.workspace, kinds[str(row.change)]) for row in access.itertuples()}
