"""What `07_what_changed` must show of the demo organization."""

from __future__ import annotations

VALUES = {
    "planned": "sorted((c.email, c.workspace) for c in plan.changes)",
    "found": "sorted(zip(changes.frame['email'], changes.frame['workspace'], strict=True))",
    "areas": "sorted(set(changes.frame['area']))",
    "operations": "sorted(set(changes.frame['operation']))",
    "actors": "sorted(set(changes.frame['actor']))",
    "unattributed": "len(changes.unattributed)",
    "kinds": "list(by_kind.columns)",
    "counted": "int(per_day.to_numpy().sum())",
    "events": "len(log)",
    "kept": "len(kept)",
    "new": "first.n_new",
    "again": "again.n_new",
}


def check(run):
    """What the plan changed is what differs, its actor is named, and the kept log holds what was read."""
    values = run.values
    assert 4 == len(values["planned"])
    assert values["planned"] == values["found"]
    assert ["access"] == values["areas"]
    assert ["delete_workspace_member", "update_workspace_member"] == values["operations"]
    assert ["ada.lindqvist@acme.example"] == values["actors"]
    assert 0 == values["unattributed"]
    assert {"session", "token"} <= set(values["kinds"])
    assert values["events"] == values["counted"]
    assert values["kept"] == values["new"] >= values["events"] - 5
    assert 0 == values["again"]
    assert len(run.pictures) == 1
    assert "Content-Security-Policy" in (run.directory / "changes.html").read_text(encoding="utf-8")
    assert "### People" in (run.directory / "changes.md").read_text(encoding="utf-8")
    assert (run.directory / "changes.csv").read_text(encoding="utf-8").startswith("area,")
