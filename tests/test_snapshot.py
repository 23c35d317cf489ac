"""The snapshot: frozen, searchable, and honest about what it does not know."""

from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb.errors import TableError, UnreadableTableError
from lsnb.tables import SPECS

CSS_INJECTION = "<img src=x onerror"


@pytest.fixture(scope="module")
def snap(running_server):
    """Read the small demo organization once for this file."""
    running_server.reset()
    return lsnb.connect(endpoint=running_server.url, api_key=running_server.key).snapshot()


@pytest.mark.parametrize("name", SPECS)
def test_every_table_has_the_columns_and_dtypes_of_its_spec(snap, name):
    """What was read has exactly the promised columns, order and dtypes, and required cells are there."""
    frame = getattr(snap, name)
    spec = SPECS[name]
    assert spec.column_names == list(frame.columns)
    assert [column.dtype for column in spec.columns] == list(frame.dtypes)
    assert len(frame) > 0
    for column in spec.columns:
        if column.required:
            assert frame[column.name].notna().all(), column.name
    assert not frame.duplicated(list(spec.key)).any()


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if len(spec.sort) > 1])
def test_rows_are_sorted_by_the_spec(snap, name):
    """The order of rows is the spec's, so that two readings of the same organization are the same."""
    frame = getattr(snap, name)
    keys = list(SPECS[name].sort)
    again = frame.sort_values(keys, kind="stable", na_position="last", ignore_index=True)
    pd.testing.assert_frame_equal(frame[keys], again[keys])


def test_a_table_is_a_copy(snap):
    """A notebook may change what it got; the snapshot stays."""
    members = snap.members
    members.loc[0, "email"] = "changed"
    assert "changed" not in set(snap.members["email"])


def test_snapshot_cannot_be_changed(snap):
    """Setting and deleting attributes is refused with a hint."""
    with pytest.raises(AttributeError, match="frozen"):
        snap.meta = None
    with pytest.raises(AttributeError, match="frozen"):
        del snap.meta


def test_unknown_table_names_the_known_ones(snap):
    """A misspelt table is not an unreadable one."""
    with pytest.raises(TableError, match="members") as caught:
        snap.table("mebers")
    assert not isinstance(caught.value, UnreadableTableError)


def test_table_that_was_not_asked_for_is_not_empty(server):
    """Leaving a table out is not the same as it having no rows."""
    snap = lsnb.connect(endpoint=server.url, api_key=server.key).snapshot(tables=["roles"])
    with pytest.raises(UnreadableTableError, match=r"snapshot\(tables=\['members'\]\)"):
        _ = snap.members
    assert not snap.is_readable("members")
    assert snap.is_readable("roles")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"email": "ADA.Lindqvist@acme.example ", "scope": "organization"}, {"ada.lindqvist@acme.example"}),
        ({"email": "ada.*", "role": "organization admin"}, {"ada.lindqvist@acme.example"}),
        ({"email": ["nobody@acme.example"]}, set()),
        ({"email": "a.a@*"}, set()),
    ],
)
def test_filter_finds_by_address(snap, wanted, expected):
    """Addresses match without case and outer spaces; a star stands for anything and a dot for a dot."""
    assert expected == set(snap.filter_access(**wanted)["email"])


def test_filters_are_combined(snap):
    """Every filter narrows the result; workspaces go by name and by id, roles by both names."""
    place = snap.workspaces.set_index("workspace").loc["Production", "workspace_id"]
    by_name = snap.filter_access(workspace="production", role="WORKSPACE_ADMIN")
    by_id = snap.filter_access(workspace=place, role="Admin")
    pd.testing.assert_frame_equal(by_name, by_id)
    assert {"Production"} == set(by_name["workspace"])
    assert {"Admin"} == set(by_name["role"])
    implicit = snap.filter_access(workspace="Production", source="org-admin")
    assert 0 < len(implicit) < len(snap.filter_access(workspace="Production"))


def test_matrix_has_a_row_per_person_and_a_column_per_workspace(snap):
    """Everybody is in it, also who is in no workspace; cells hold the role that counts."""
    matrix = snap.matrix()
    assert sorted(set(snap.access["email"])) == sorted(matrix.index)
    assert set(snap.workspaces["workspace"]) == set(matrix.columns)
    cells = snap.access[snap.access["scope"] == "workspace"]
    for row in cells[cells["source"] != "org-admin"].sample(25, random_state=1).itertuples():
        admins = set(cells.loc[cells["source"] == "org-admin", "email"])
        expected = "Admin" if row.email in admins else row.role
        assert expected == matrix.loc[row.email, row.workspace]
    filled = int(matrix.notna().to_numpy().sum())
    assert len(cells.drop_duplicates(["email", "workspace_id"])) == filled


def test_matrix_shows_the_implicit_admin_over_a_lesser_role(snap):
    """An Organization Admin who was also added as Viewer is Admin there."""
    cells = snap.filter_access(scope="workspace", source="direct")
    admins = set(snap.filter_access(source="org-admin")["email"])
    both = cells[cells["email"].isin(admins)]
    assert len(both) > 0
    matrix = snap.matrix()
    assert {"Admin"} == {matrix.loc[row.email, row.workspace] for row in both.itertuples()}


def test_counts_agree_with_the_matrix(snap):
    """`roles_by_workspace` counts the people who have joined."""
    counts = snap.roles_by_workspace()
    matrix = snap.matrix(state="active")
    assert int(matrix.notna().to_numpy().sum()) == int(counts.to_numpy().sum())
    assert "Admin" == counts.columns[0]


def test_setting_gives_a_python_value(snap):
    """Booleans, numbers and nothing come back as such; an unknown setting is the default."""
    assert snap.setting("invites_enabled") is True
    assert isinstance(snap.setting("max_identities"), int)
    assert "dflt" == snap.setting("no_such_setting", default="dflt")
    assert snap.has_rbac


def test_html_shows_names_as_text(snap):
    """A hostile name is shown, not run."""
    from dataclasses import replace

    hostile = lsnb.Snapshot(replace(snap.meta, organization=CSS_INJECTION), {"completeness": snap.completeness})
    assert CSS_INJECTION not in hostile._repr_html_()
    assert "&lt;img" in hostile._repr_html_()


def test_summary_names_what_is_missing(snap):
    """The short form counts the tables and names the gaps."""
    assert f"members {len(snap.members)}" in repr(snap)
    assert "access_tokens (partial)" in repr(snap)
    assert snap.meta.host in repr(snap)
