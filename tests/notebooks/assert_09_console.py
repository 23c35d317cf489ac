"""What `09_console` must show of the demo organization: every tab opens, and each works on the same reading."""

from __future__ import annotations

VALUES = {
    "organization": "app.snapshot.meta.organization",
    "opened": "[type(app.open(name).wait(60) and app.open(name)).__name__ for name in app.panes]",
    "errors": "[str(pane.error) for pane in app.panes.values() if pane.error]",
    "n_roles": "len(app.open('Roles').role_names)",
    "n_alarms": "int((app.open('Audit').findings['status'] == 'alarm').sum())",
    "summary": "app.summary()",
}


def check(run):
    """All tabs open without an error, and nothing was changed by looking."""
    values = run.values
    assert "Acme Robotics" == values["organization"]
    assert [
        *("Overview", "Explorer", "AccessEditor", "InviteForm"),
        *("RoleEditor", "KeysForm", "SettingsForm", "FindingsView", "RunsView"),
    ] == values["opened"]
    assert [] == values["errors"]
    assert 11 == values["n_roles"]
    assert values["n_alarms"] > 20
    assert values["summary"].startswith("Acme Robotics at 127.0.0.1")
    assert [] == [r for r in run.server.requests if r["method"] in ("PATCH", "PUT", "DELETE")]
    assert [] == run.server.state.emails_sent
