from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lsnb.errors import TableError
from lsnb.widgets import explorer
from lsnb.widgets.filtering import RowFilter
from tests.widgets.conftest import NASTY, TIMEOUT_S


@pytest.fixture
def form(org):
    """Give the form on the demo organization."""
    made = explorer(org.read_access())
    yield made
    made.close()


def test_it_shows_any_table_that_was_read(form):
    """The tables of the snapshot can be chosen, others are an error that names them."""
    assert "access" == form.table
    form.table = "members"
    pd.testing.assert_frame_equal(form.snapshot.members, form.shown())
    assert len(form.snapshot.members) == len(form.grid.frame)
    with pytest.raises(TableError):
        form.table = "nonsense"


def test_every_word_of_the_filter_counts(form):
    """Words are looked for in all columns, `column:word` in one, `-word` the other way; the table follows."""
    access = form.snapshot.access
    form.filter("production VIEWER")
    expected = access[(access["workspace"] == "Production") & (access["role"] == "Viewer")]
    assert len(expected)
    pd.testing.assert_frame_equal(expected, form.filter("workspace:production role:viewer"))
    assert len(expected) == len(form.grid.frame)
    rest = form.filter("workspace:production -role:viewer")
    assert (access["workspace"] == "Production").sum() - len(expected) == len(rest)
    assert f"of {len(access):,} rows" in form._facts.value
    assert len(access) == len(form.filter(""))
    with pytest.raises(TableError, match="no column 'rolle'"):
        form.filter("rolle:viewer")
    # An address and a permission have a colon in them too.
    assert 0 == len(form.filter("https://nowhere"))


def test_twenty_thousand_rows_are_filtered_at_once():
    """A filter over a long table stays far below the time between two key strokes."""
    n = 20_000
    frame = pd.DataFrame(
        {
            "email": [f"person{i}@example.com" for i in range(n)],
            "role": np.resize(["Admin", "Editor", "Viewer"], n),
            "workspace": np.resize([f"Workspace {i}" for i in range(200)], n),
        },
        dtype="str",
    )
    found = RowFilter(frame).rows("person1999 viewer")
    assert {"Viewer"} == set(found["role"])
    assert found["email"].str.contains("person1999").all()
    assert len(found)


def test_files_hold_what_is_shown(form, tmp_path):
    """CSV, Excel and Parquet have the filtered rows with all columns."""
    form.filter("workspace:production")
    n = len(form.shown())
    assert n + 1 == len(form.export(tmp_path / "a.csv").read_text("utf-8-sig").splitlines())
    made = dict(button._make() for button in form.downloads)
    assert {"access.csv", "access.xlsx", "access.parquet"} == set(made)
    (tmp_path / "b.parquet").write_bytes(made["access.parquet"])
    assert n == len(pd.read_parquet(tmp_path / "b.parquet"))


def test_pictures_are_drawn_in_the_form_and_saved(form):
    """Choosing a picture draws it; it is saved as PNG and SVG, without a request to anywhere."""
    form.picture_field.value = "People and workspaces, by role"
    assert form.wait(TIMEOUT_S)
    assert form.error is None
    assert 'src="data:image/png;base64,iVBOR' in form._picture_place.children[0].value
    name, content = form.svg_button._make()
    assert "people-and-workspaces-by-role.svg" == name
    assert b"<svg" in content
    form.picture_field.value = "none"
    assert form.wait(TIMEOUT_S)
    assert () == form._picture_place.children


def test_what_was_chosen_survives_running_the_cell_again(form):
    """Table and filter are there again."""
    form.table = "members"
    form.filter("ada")
    again = explorer(form.snapshot)
    assert ("members", len(form.shown())) == (again.table, len(again.shown()))
    assert "access" == explorer(form.snapshot, fresh=True).table


def test_names_that_are_html_stay_text(server, org):
    """A person whose name is HTML is counted and shown as text."""
    for person in server.state.people.values():
        person.full_name = NASTY
    server.state.touch()
    form = explorer(org.read_access(), table="members")
    form.filter("img")
    assert len(form.shown())
    shown = [form._facts.value, form._gaps.value, form.static_html(), form.alert.value]
    assert [] == [content for content in shown if "<img" in content]
