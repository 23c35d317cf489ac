"""What `01_access_audit` must show of the demo organization."""

from __future__ import annotations

from lsnb.sandbox.seeds.planted import PLANTED

VALUES = {
    "alarms": "sorted(set(alarms['id']))",
    "severities": "list(dict.fromkeys(alarms['severity']))",
    "stricter": "sorted(set(stricter.loc[stricter['status'] == 'alarm', 'id']))",
    "managers": "sorted(managers['email'])",
    "counted": "int(by_severity.sum())",
    "n_alarms": "len(alarms)",
}


def check(run):
    """What was planted and needs nothing but the snapshot is found; the answers name the admin."""
    values = run.values
    assert ["critical", "high", "medium", "low"] == values["severities"]
    found = {check.rstrip("abcde") for check in values["alarms"]}
    planted = {check.rstrip("abcde") for check in PLANTED}
    assert found <= planted
    assert len(found) >= 30
    assert "LS-ADM-04" in values["stricter"]
    assert "ada.lindqvist@acme.example" in values["managers"]
    assert values["n_alarms"] == values["counted"]
    assert len(run.pictures) == 1
    assert (run.directory / "findings.xlsx").exists()
