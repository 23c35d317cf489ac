"""Pictures of access: they show what the tables say, at 40 people and at many."""

from __future__ import annotations

import io

import pandas as pd
import pytest

import lsnb
from lsnb import plots


@pytest.fixture(scope="module")
def snap(running_server):
    """Read the small demo organization once for this file."""
    running_server.reset()
    return lsnb.connect(endpoint=running_server.url, api_key=running_server.key).snapshot(tables=["access"])


def crowd(snap, n):
    """Make a snapshot in which everybody stands n times."""
    copies = []
    for number in range(n):
        copy = snap.access
        copy["email"] = copy["email"].str.replace("@", f"+{number}@")
        copies.append(copy)
    tables = {name: snap.table(name) for name in snap.table_names}
    return lsnb.Snapshot(snap.meta, tables | {"access": pd.concat(copies, ignore_index=True)})


def saved(figure, kind):
    """Save a figure without a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    return buffer.getvalue()


def test_bars_add_up_to_the_people(snap):
    """Each workspace's bar is as long as its people are many."""
    figure = plots.plot_roles_by_workspace(snap)
    axes = figure.axes[0]
    widths = sum(bar.get_width() for bars in axes.containers for bar in bars)
    assert snap.roles_by_workspace().to_numpy().sum() == pytest.approx(widths)
    assert "Acme Robotics" in axes.get_title(loc="left")


def test_map_has_a_row_per_person(snap):
    """At 40 people everybody has a line with their address."""
    axes = plots.plot_access(snap).axes[0]
    assert sorted(snap.matrix().index) == sorted(label.get_text() for label in axes.get_yticklabels())
    assert set(snap.workspaces["workspace"]) == {label.get_text() for label in axes.get_xticklabels()}


def test_map_of_many_shows_groups(snap):
    """Beyond 80 people the lines are groups with the same access, and count everybody they show."""
    many = crowd(snap, 5)
    labels = [label.get_text() for label in plots.plot_access(many).axes[0].get_yticklabels()]
    assert all(label.endswith(" people") for label in labels)
    assert len(labels) <= 60
    assert len(many.matrix()) == sum(int(label.split()[0].replace(",", "")) for label in labels)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_pictures_save_offline(snap, kind):
    """PNG and SVG need nothing but matplotlib."""
    assert len(saved(plots.plot_access(snap), kind)) > 5_000


def test_organization_without_access_draws(snap):
    """No rows give an empty picture, not an error."""
    tables = {name: snap.table(name) for name in snap.table_names} | {"access": snap.access.head(0)}
    nobody = lsnb.Snapshot(snap.meta, tables)
    assert saved(plots.plot_access(nobody), "png")
    assert saved(plots.plot_roles_by_workspace(nobody), "png")
