"""What `03_invitations` must show of the demo organization, and how it must leave it."""

from __future__ import annotations

VALUES = {
    "addresses": "list(addresses['email'])",
    "n_problems": "len(problems)",
    "already_here": "list(addresses.loc[here, 'email'])",
    "invited": "sorted(change.email for change in plan.changes)",
    "done": "run.is_done",
    "judged": "sorted(form.preview()['state'])",
    "pending": "sorted(pending['email'])",
    "roles": "sorted(set(pending.loc[pending['email'].isin([c.email for c in plan.changes]), 'workspace_role']))",
}


def check(run):
    """Four people are invited once each, and nobody else hears of it."""
    values = run.values
    new = ["henrik.falk", "rosa.blum", "sana.iqbal", "theo.marsh"]
    invited = [f"{name}@acme.example" for name in new]
    assert 5 == len(values["addresses"])
    assert 1 == values["n_problems"]
    assert ["ada.lindqvist@acme.example"] == values["already_here"]
    assert invited == values["invited"]
    assert values["done"]
    assert ["bad", "duplicate", "member", "new", "new", "new"] == values["judged"]
    assert set(invited) <= set(values["pending"])
    assert ["Editor"] == values["roles"]
    assert invited == sorted(mail["email"] for mail in run.server.state.emails_sent)
