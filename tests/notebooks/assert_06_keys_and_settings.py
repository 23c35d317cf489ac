"""What `06_keys_and_settings` must show of the demo organization, and how it must leave it."""

from __future__ import annotations

VALUES = {
    "never_ending": "sorted(keys.loc[keys['never_ends'], 'description'])",
    "unused": "sorted(keys.loc[keys['unused'], 'description'])",
    "checks": "sorted(set(about_keys['id']))",
    "differs": "sorted(differs['setting'])",
    "refused": "[verdict.rule for verdict in first.refusals]",
    "kinds": "sorted({change.kind for change in plan.changes})",
    "outcomes": "sorted(set(run.results['outcome']))",
    "names": "list(new_names)",
    "is_a_key": "is_a_key",
    "left": "len(box)",
    "cannot_come_back": "[verdict.message for verdict in back.warnings if verdict.rule == 'cannot-come-back']",
    "undone": "undone.is_done",
}


def check(run):
    """The unused key is gone, the never-ending one got a successor, and all that can come back came back."""
    values = run.values
    assert ["Default API key", "Nightly load of Research"] == values["never_ending"]
    assert ["Default API key"] == values["unused"]
    assert {"LS-KEY-02", "LS-KEY-03"} <= set(values["checks"])
    assert [
        "max_pat_expiry_days",
        "max_service_key_expiry_days",
        "public_sharing_disabled",
        "workspace_admin_can_invite_to_org",
    ] == values["differs"]
    assert ["irreversible"] == values["refused"]
    assert ["CreateServiceKey", "DeleteServiceKey", "RevokeAccessToken", "UpdateSettings"] == values["kinds"]
    assert ["done"] == values["outcomes"]
    assert 1 == len(values["names"])
    assert values["names"][0].startswith("Nightly load of Research from ")
    assert (True, 0) == (values["is_a_key"], values["left"])
    assert 1 == len(values["cannot_come_back"])
    assert values["undone"]
    state = run.server.state
    descriptions = {key.description for key in state.keys.values()}
    assert "Default API key" not in descriptions
    assert values["names"][0] not in descriptions
    assert not next(key for key in state.keys.values() if key.description == "Workshop").is_revoked
    assert state.organization.settings["workspace_admin_can_invite_to_org"]
    assert not state.organization.settings["public_sharing_disabled"]
    assert [] == state.emails_sent
