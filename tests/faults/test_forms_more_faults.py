"""What a sheet says is not lost on its way into the table of a form."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from lsnb.errors import TableError
from lsnb.widgets import access_editor, invite_form
from tests.faults.sheets import GRACE, SHORT, YUKI, said

LIAM = "liam.murphy@acme.example"


@pytest.fixture
def editor(org):
    """Open the form with nothing in it."""
    return access_editor(org, fresh=True)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[GRACE, "Viewer", "Production", ""], [GRACE, "Workspace Admin", "Production", ""]], "different roles"),
        ([[GRACE, "Viewer", "Production", ""], [GRACE, "", "production", "remove"]], "both remove"),
        ([[GRACE, "", "", "remove"], [GRACE, "Viewer", "Production", ""]], "keeps them"),
    ],
)
def test_b10_rows_that_contradict_each_other_are_refused_by_the_form(org, editor, rows, words):
    """The table has one row for both, and the last would win."""
    frame = pd.DataFrame(rows, columns=SHORT)
    with pytest.raises(TableError, match=words):
        org.plan(frame)
    with pytest.raises(TableError, match=words):
        editor.load(frame)
    assert 0 == editor.n_edits


@pytest.mark.parametrize("name", ["until", "expires_at"])
def test_b11_an_end_is_refused_by_the_form(editor, name):
    """The table has no such column, and what the row gives would stay."""
    frame = pd.DataFrame([[YUKI, "Workspace Viewer", "Production", ""]], columns=SHORT).assign(**{name: "2027-01-01"})
    with pytest.raises(TableError, match="Nothing ends by itself"):
        editor.load(frame)
    assert 1 == editor.load(frame.assign(**{name: ""}))


def test_b7_removals_that_the_form_cannot_take_are_in_its_plan(editor):
    """A misspelt workspace, somebody who is not there, somebody whom nobody knows."""
    frame = pd.DataFrame(
        [
            [GRACE, "", "Prodction", "remove"],
            [YUKI, "", "Staging", "remove"],
            ["gone@acme.example", "", "", "remove"],
            ["new@acme.example", "", "Production", ""],
            [LIAM, "Workspace Viewer", "Production", ""],
        ],
        columns=SHORT,
    )
    assert 1 == editor.load(frame)
    words = said(editor.plan())
    assert "left out: row 2, workspace_name 'Prodction'" in words
    assert f"row 3: {YUKI} is not in Staging; there is nothing to remove" in words
    assert "row 4: gone@acme.example is not in the organization" in words
    assert "row 5: new@acme.example is not in Production, and the row names no role" in words
    assert "left out" in editor._said.value
    mended = frame.iloc[[0, 4]].assign(workspace_name="Production")
    editor.load(mended)
    assert "left out" not in said(editor.plan())
    assert [(GRACE, "Production")] == editor.grid.removed


def test_b7_a_sheet_that_the_form_takes_whole_is_no_alarm(editor):
    """An ordinary day."""
    frame = pd.DataFrame([[GRACE, "", "Production", "remove"], [YUKI, "Organization Viewer", "", ""]], columns=SHORT)
    assert 2 == editor.load(frame)
    assert [] == editor.remarks


def test_rows_with_a_slip_keep_their_cells_under_other_names_of_columns(editor):
    """A role in a column called Role, in a workspace in one called Workspace."""
    frame = pd.DataFrame({"E-Mail": [YUKI], "Role": ["Workspace Viewr"], "Workspace": ["Production"]})
    assert 1 == editor.load(frame)
    assert ["Workspace Viewr"] == editor.problems["value"].tolist()
    assert [YUKI] == editor.sheet()["email"].tolist()


def test_forms_take_tables_of_other_libraries_and_say_what_is_none(org, editor):
    """The same as a plan does."""
    table = pa.table({"email": [GRACE], "workspace_name": ["Production"], "action": ["remove"]})
    assert 1 == editor.load(table)
    with pytest.raises(TableError, match="no sheet"):
        editor.load(None)
    invited = invite_form(org, fresh=True)
    assert ["new"] == invited.load(pd.DataFrame({"email": ["n1@acme.example"]}))["state"].tolist()
    with pytest.raises(TableError, match="no sheet"):
        invited.load(None)


def test_a_row_that_takes_away_invites_nobody(org):
    """An access sheet that was brought to the wrong form; its header is no address."""
    form = invite_form(org, fresh=True)
    frame = pd.DataFrame(
        [["n1@acme.example", "", "Production", "remove"], ["n2@acme.example", "Viewer", "Production", ""]],
        columns=SHORT,
    )
    found = form.load(frame.to_csv(index=False).encode())
    assert [("n2@acme.example", "new")] == [(r.email, r.state) for r in found.itertuples() if r.state == "new"]
    bad = found[found["state"] == "bad"]
    assert 1 == len(bad)
    assert "takes something away" in bad["hint"].iloc[0]
