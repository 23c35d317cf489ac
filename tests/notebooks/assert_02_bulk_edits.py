"""What `02_bulk_edits` must show of the demo organization, and how it must leave it."""

from __future__ import annotations

VALUES = {
    "unchanged": "len(org.plan(sheet))",
    "n_changes": "len(plan)",
    "kinds": "sorted({change.kind for change in plan.changes})",
    "outcomes": "sorted(set(run.results['outcome']))",
    "again": "len(again)",
    "back": "len(back)",
    "undone": "undone.is_done",
    "same": "same",
    "n_problems": "len(org.edits(wrong).problems)",
    "by_hand": "len(editor.grid.edits) + len(editor.grid.removed)",
}


def check(run):
    """Everything that was planned was done, and all of it was taken back."""
    values = run.values
    assert 0 == values["unchanged"]
    assert values["n_changes"] >= 3
    assert ["RemoveWorkspaceMember", "SetWorkspaceRole"] == values["kinds"]
    assert ["done"] == values["outcomes"]
    assert 0 == values["again"]
    assert values["n_changes"] == values["back"]
    assert values["undone"]
    assert values["n_changes"] == values["by_hand"]
    assert values["same"]
    assert values["n_problems"] >= 2
    assert "Nothing to do" in run.text
    assert [] == run.server.state.emails_sent
