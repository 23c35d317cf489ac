from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import lsnb
from lsnb.analysis.admin_history import COLUMNS, admins_over_time
from lsnb.checks import run_checks
from lsnb.errors import UnreadableTableError
from lsnb.report.plots.audit_plots import plot_admins, plot_findings
from tests.checks.test_checks import good
from tests.checks.tiny import READ_AT, Tiny


def at(tiny: Tiny, days: float):
    """Read an organization so many days ago."""
    snapshot = tiny.snapshot()
    meta = replace(snapshot.meta, read_at=READ_AT - pd.Timedelta(days=days))
    return lsnb.Snapshot(meta, {name: snapshot.table(name) for name in snapshot.table_names})


def test_admins_are_counted_in_each_snapshot_and_who_came_and_went_is_named():
    """Snapshots come in order of their time; disabled and invited people do not count."""
    then = (
        Tiny()
        .add("ada", "Organization Admin")
        .add("bob", "Organization Admin")
        .add("eva", places={"Production": "Admin"})
    )
    now = Tiny().add("ada", "Organization Admin").add("carl", "Organization Admin").add("o", "Organization Operator")
    now.add("old", "Organization Admin", state="disabled").add("new", "Organization Admin", state="pending")
    trend = admins_over_time([at(now, 0), at(then, 30)])
    assert list(COLUMNS) == trend.columns.tolist()
    assert [
        ["2026-10-03", 2, 0, 1, 3, "", ""],
        ["2026-11-02", 2, 1, 0, 3, "carl@acme.example", "bob@acme.example"],
    ] == trend.drop(columns="read_at").values.tolist()


def test_labels_keep_their_order_and_what_was_not_read_is_unknown():
    """What would be can stand beside what is; without access nobody knows the Admins of workspaces."""
    trend = admins_over_time({"today": good().snapshot(), "later": good().lose("access").snapshot()})
    assert ["today", "later"] == trend["label"].tolist()
    assert pd.isna(trend["workspace_admins"].iloc[1])
    assert admins_over_time([]).empty
    with pytest.raises(UnreadableTableError):
        admins_over_time([good().lose("members").snapshot()])


def test_the_picture_of_findings_has_every_alarm_once():
    """The bars of all areas together are as long as there are alarms."""
    pytest.importorskip("matplotlib")
    tiny = (
        good().add("carl", "Organization Admin").add("dora", "Organization Admin").add("late", state="pending", days=40)
    )
    findings = run_checks(tiny.snapshot())
    axes = plot_findings(findings).axes[0]
    drawn = sum(bar.get_width() for bars in axes.containers for bar in bars)
    assert (findings["status"] == "alarm").sum() == drawn > 0
    assert {"admins", "invitations"} <= {label.get_text() for label in axes.get_yticklabels()}


def test_the_picture_of_nothing_says_so():
    """Without an alarm the picture is not empty."""
    pytest.importorskip("matplotlib")
    findings = run_checks(good().snapshot(), only=["LS-ADM-01"])
    assert any("alarms" in text.get_text() for text in plot_findings(findings).axes[0].texts)


def test_the_picture_of_admins_shows_every_count():
    """One line per kind of power, one point per snapshot."""
    pytest.importorskip("matplotlib")
    trend = admins_over_time({"$today": good().snapshot(), "later": good().lose("access").snapshot()})
    lines = plot_admins(trend).axes[0].lines
    assert trend["admins"].tolist() == list(lines[0].get_ydata())
    assert [2, 2, 2] == [len(line.get_ydata()) for line in lines]
