"""What `01_access_audit` must show of the demo organization."""

from __future__ import annotations

from lsnb.sandbox.seeds.expected_findings import PLANTED

VALUES = {
    "alarms": "sorted(set(alarms['id']))",
    "severities": "list(dict.fromkeys(alarms['severity']))",
    "managers": "sorted(managers['email'])",
    "n_alarms": "len(alarms)",
    "n_left": "int((left['status'] == 'alarm').sum())",
    "gone": "sorted(gone)",
    "kinds": "sorted(repair)",
    "n_changes": "len(plan)",
    "repaired": "sorted(repair['access']['email'])",
    "refusals": "sorted({verdict.rule.split(':')[0] for verdict in plan.refusals})",
    "admins": "trend['admins'].tolist()",
    "went": "trend['went'].iloc[1]",
    "caller": "snap.meta.caller.email",
}


def check(run):
    """What was planted is found, the repair is a plan that would help, and nobody who must stay is in it."""
    values = run.values
    assert ["critical", "high", "medium", "low"] == values["severities"]
    found = {check.rstrip("abcde") for check in values["alarms"]}
    planted = {check.rstrip("abcde") for check in PLANTED}
    assert found <= planted
    assert len(found) >= 30
    assert {"LS-ADM-04", "LS-MEM-07"} <= set(values["alarms"])
    assert "ada.lindqvist@acme.example" in values["managers"]
    assert {"access", "keys", "settings"} <= set(values["kinds"])
    assert values["caller"] not in values["repaired"]
    assert "break.glass@acme.example" not in values["repaired"]
    assert values["n_changes"] >= len(values["repaired"])
    assert "irreversible" in values["refusals"]
    assert values["n_left"] < values["n_alarms"]
    assert "LS-ADM-02" in values["gone"]
    assert values["admins"][1] < values["admins"][0]
    assert values["went"]
    assert len(run.pictures) == 3
    assert "<h2>Critical</h2>" in (run.directory / "audit.html").read_text(encoding="utf-8")
    assert (run.directory / "findings.xlsx").exists()
