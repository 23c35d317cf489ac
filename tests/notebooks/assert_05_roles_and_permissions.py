"""What `05_roles_and_permissions` must show of the demo organization, and how it must leave it."""

from __future__ import annotations

VALUES = {
    "pairs": "[sorted(pair) for pair in alike[['role', 'like']].to_numpy().tolist()]",
    "unchanged": "len(org.plan({'roles': matrix}, snapshot=snap))",
    "alone": "[refusal.rule for refusal in alone.refusals]",
    "kinds": "[change.kind for change in plan.changes]",
    "outcomes": "sorted(set(run.results['outcome']))",
    "roles": "sorted(now.roles.loc[~now.roles['is_system'], 'role'])",
    "steward": (
        "'runs:delete' in set(now.permissions.loc[now.permissions['role'] == 'Workspace Steward', 'permission'])"
    ),
    "back": "[change.kind for change in back.changes]",
    "warned": "[warning.rule for warning in back.warnings]",
    "undone": "undone.is_done",
    "same_rights": "same_rights",
    "same_access": "same_access",
}


def check(run):
    """The twins are found and made one, people are moved first, and all is taken back."""
    values = run.values
    assert ["Prompt Engineer", "prompt engineer"] in values["pairs"]
    assert ["Admin", "Power User"] in values["pairs"]
    assert 0 == values["unchanged"]
    assert ["role-in-use"] == values["alone"]
    assert ["CreateRole", "InviteMember", "SetWorkspaceRole", "UpdateRole", "DeleteRole"] == values["kinds"]
    assert ["done"] == values["outcomes"]
    assert "Trace Auditor" in values["roles"]
    assert "prompt engineer" not in values["roles"]
    assert values["steward"] is False
    assert ["CreateRole", "SetWorkspaceRole", "UpdateRole", "CancelInvite", "DeleteRole"] == values["back"]
    assert "cannot-come-back" in values["warned"]
    assert values["undone"]
    assert values["same_rights"]
    assert values["same_access"]
    assert "Nothing to do" in run.text
