"""What `00_start_here` must show of the demo organization."""

from __future__ import annotations

import lsnb

VALUES = {
    "members": "len(snap.members)",
    "organization_admins": "sorted(admins.loc[admins['scope'] == 'organization', 'email'])",
    "workspace_admins": "sorted(set(admins.loc[admins['scope'] == 'workspace', 'workspace']))",
    "production": "len(production)",
    "production_sources": "sorted(set(production['source']))",
    "production_admins": "sorted(production.loc[production['source'] == 'org-admin', 'email'])",
    "stale": "sorted(stale['email'])",
    "fresh": "sorted(set(invites['email']) - set(stale['email']))",
    "rows": "len(access)",
}


def check(run):
    """Look at the answers, the pictures and the files."""
    values = run.values
    assert 36 <= values["members"] <= 45
    assert "ada.lindqvist@acme.example" in values["organization_admins"]
    assert len(values["organization_admins"]) >= 3
    assert len(values["workspace_admins"]) >= 5
    # Everybody who is Organization Admin and has joined is Admin in Production without a row of their own.
    assert set(values["production_admins"]) <= set(values["organization_admins"])
    assert {"direct", "org-admin"} <= set(values["production_sources"])
    assert values["production"] > len(values["production_admins"])
    assert values["stale"]
    assert values["fresh"]
    assert len(run.pictures) == 2
    assert "Acme Robotics" in run.text
    assert "<img src=x onerror" not in run.text
    csv = (run.directory / "access.csv").read_text(encoding="utf-8-sig").splitlines()
    assert values["rows"] + 1 == len(csv)
    assert (run.directory / "access.xlsx").stat().st_size > 5_000
    assert values["rows"] == len(lsnb.load_snapshot(run.directory / "organization.lsnb").access)
