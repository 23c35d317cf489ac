"""Pictures of access: they show what the tables say, at 40 people and at many."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import lsnb
from lsnb.report.plots import access_plots


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
    figure = access_plots.plot_roles_by_workspace(snap)
    axes = figure.axes[0]
    widths = sum(bar.get_width() for bars in axes.containers for bar in bars)
    assert snap.roles_by_workspace().to_numpy().sum() == pytest.approx(widths)
    assert "Acme Robotics" in axes.get_title(loc="left")


def test_map_has_a_row_per_person(snap):
    """At 40 people everybody has a line with their address."""
    axes = access_plots.plot_access(snap).axes[0]
    assert sorted(snap.matrix().index) == sorted(label.get_text() for label in axes.get_yticklabels())
    assert set(snap.workspaces["workspace"]) == {label.get_text() for label in axes.get_xticklabels()}


def test_map_of_many_shows_bands(snap):
    """Beyond 80 people the lines are bands of people, and everybody is in one of them."""
    many = crowd(snap, 5)
    labels = [label.get_text() for label in access_plots.plot_access(many).axes[0].get_yticklabels()]
    assert all(label.endswith(" people") for label in labels)
    assert 60 == len(labels)
    assert len(many.matrix()) == sum(int(label.split()[0].replace(",", "")) for label in labels)


def test_people_with_the_same_access_stand_together():
    """Two teams in two pairs of workspaces, shuffled, give two blocks; who is everywhere stands on top."""
    left, right = [0, -1, 1, -1], [-1, 2, -1, 2]
    codes = np.array([left, right, left, right, [3, 3, 3, 3], left, right])
    rows, columns = access_plots._order(codes)
    drawn = codes[rows][:, columns]
    assert [3, 3, 3, 3] == drawn[0].tolist()
    blocks = drawn[1:] >= 0
    first = [True, True, False, False]
    assert [first] * 3 + [first[::-1]] * 3 == blocks.tolist()


def test_a_band_is_as_strong_as_many_hold_the_role():
    """A cell that everybody of the band holds has the role's own colour, an empty one that of nobody."""
    codes = np.array([[0, 1, -1]] * 10 + [[0, -1, -1]] * 10)
    [row] = access_plots._shades(access_plots._pyplot(), codes, np.array([0]), ["#000000", "#ff0000"])
    assert [0, 0, 0] == row[0].tolist()
    nobody = [0xF4 / 255, 0xF4 / 255, 0xF2 / 255]
    assert nobody == pytest.approx(row[2].tolist())
    assert row[1, 0] > row[1, 1] > 0.2


def test_a_large_organization_is_drawn_in_seconds(snap):
    """Bands and all workspaces of 20,000 x 200 are ordered and mixed without a step per person."""
    rng = np.random.default_rng(7)
    team = rng.integers(0, 20, 20_000)
    codes = np.where((np.arange(200) // 10 == team[:, np.newaxis]) & (rng.random((20_000, 200)) < 0.5), 1, -1).astype(
        np.int8
    )
    shuffled = codes[:, rng.permutation(200)]
    rows, columns = access_plots._order(shuffled)
    drawn = shuffled[rows][:, columns] >= 0
    # Each team's ten workspaces are side by side again: few steps from one block to the next.
    position = np.array([np.flatnonzero(row).mean() if row.any() else -1 for row in drawn[::100]])
    spread = np.array([np.ptp(np.flatnonzero(row)) if row.any() else 0 for row in drawn[::100]])
    assert np.median(spread) < 10
    assert (np.diff(position[position >= 0]) > -10).mean() > 0.9


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_pictures_save_offline(snap, kind):
    """PNG and SVG need nothing but matplotlib."""
    assert len(saved(access_plots.plot_access(snap), kind)) > 5_000


def test_organization_without_access_draws(snap):
    """No rows give an empty picture, not an error."""
    tables = {name: snap.table(name) for name in snap.table_names} | {"access": snap.access.head(0)}
    nobody = lsnb.Snapshot(snap.meta, tables)
    assert saved(access_plots.plot_access(nobody), "png")
    assert saved(access_plots.plot_roles_by_workspace(nobody), "png")
