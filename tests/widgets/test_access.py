from __future__ import annotations

import pandas as pd
import pytest

from lsnb.errors import PlanError, TableError
from lsnb.sheets import sheet_from_access
from lsnb.widgets import access_editor
from tests.widgets.conftest import NASTY, TIMEOUT_S


@pytest.fixture
def editor(org):
    """Give the form on the demo organization."""
    form = access_editor(org)
    yield form
    form.close()


def people_of(editor, workspace="Production", role="Workspace User"):
    """List who has a role somewhere."""
    frame = editor.grid.frame
    return frame.loc[(frame["workspace"] == workspace) & (frame["role"] == role), "email"].tolist()


def test_untouched_it_asks_for_nothing(editor):
    """Nothing is planned before something is edited, and the button says so by being grey."""
    assert 0 == editor.n_edits
    assert 0 == len(editor.sheet())
    assert editor.plan_button.disabled
    assert editor.plan().is_empty


def test_edits_become_a_plan(editor):
    """A role, a new person and a removal are planned as they were edited; the words for roles may be short ones."""
    first, second, third = people_of(editor)[:3]
    editor.set_role([first, second], "Viewer", "production")
    editor.add("new.person@acme.example", "Organization User")
    editor.remove(third, "Production")
    assert 4 == editor.n_edits
    kinds = sorted(change.kind for change in editor.plan().changes)
    assert ["InviteMember", "RemoveWorkspaceMember", "SetWorkspaceRole", "SetWorkspaceRole"] == kinds
    assert {"Workspace Viewer"} == set(editor.grid.edits["after"])


def test_only_touched_rows_are_in_the_sheet(editor):
    """An edit in one row of a hundred gives a sheet of one row, numbered as the first below the header."""
    email = people_of(editor)[0]
    editor.set_role(email, "Viewer", "Production")
    sheet = editor.sheet()
    assert [email] == sheet["email"].tolist()
    assert [2] == sheet.index.tolist()
    # A note alone keeps the role that is there.
    editor.reset()
    editor.grid.set_value((email, "Production"), "note", "ticket 7")
    assert ["Workspace User"] == editor.sheet()["langsmith_role"].tolist()
    assert editor.plan().is_empty


def test_problems_are_marked_at_their_cells(editor):
    """Each bad cell is named by its row and column, in the table and in the form, and nothing is planned."""
    editor.add("bad address", "Nobody", "Nowhere")
    problems = editor.check()
    assert {"email", "role", "workspace"} == set(problems["column"])
    assert ["new:1"] == problems["key"].unique().tolist()
    marked = editor.grid.problems
    assert {"email", "role", "workspace"} == set(marked["column"])
    with pytest.raises(TableError, match="3 cells need another look"):
        editor.plan()
    editor.plan_button.click()
    assert editor.wait(TIMEOUT_S)
    assert "The table has problems" in editor.alert.value
    assert "bad address" in editor._problems.value


def test_a_role_of_the_other_scope_is_a_problem_of_its_row(editor):
    """The dropdown offers all roles; that a role is none of a workspace is said at the cell."""
    email = people_of(editor)[0]
    editor.grid.set_value((email, "Production"), "role", "Organization Viewer")
    problems = editor.check()
    assert [("role", "Organization Viewer")] == [(row.column, row.value) for row in problems.itertuples()]


def test_a_sheet_is_brought_in(editor, tmp_path):
    """A CSV changes the rows that it differs in; what cannot be understood stays, marked."""
    sheet = sheet_from_access(editor.snapshot)
    rows = sheet[(sheet["workspace_name"] == "Production") & (sheet["langsmith_role"] == "Workspace User")].head(3)
    rows = rows.astype(object)
    rows["langsmith_role"] = ["Workspace Viewer", "Workspace Viewer", "Workspace Viewr"]
    new = pd.DataFrame([{"email": "neu@acme.example", "langsmith_role": "Organization User"}])
    path = tmp_path / "sheet.csv"
    pd.concat([rows, new]).to_csv(path, index=False)
    assert 4 == editor.load(path)
    assert [("role", "Workspace Viewr")] == [(row.column, row.value) for row in editor.problems.itertuples()]
    editor.set_role(rows["email"].iloc[2], "Viewer", "Production")
    assert 4 == len(editor.plan())


def test_a_removal_that_is_not_understood_never_becomes_a_role(editor):
    """A row with a slip that was meant to take something away is left out and said; it does not ask for its old role."""
    rows = pd.DataFrame(
        {
            "email": ["grace.kim@acme.example", "neu@acme.example"],
            "langsmith_role": ["Workspace User", "Organization User"],
            "workspace_name": ["Productoin", ""],
            "action": ["remove", ""],
        }
    )
    assert 1 == editor.load(rows)
    assert ["neu@acme.example"] == editor.sheet()["email"].tolist()
    assert ["workspace_name"] == editor.left_out["column"].tolist()
    editor._bring("sheet.csv", rows.to_csv(index=False).encode())
    assert "were left out" in editor.alert.value


def test_a_removal_in_a_sheet_marks_the_row(editor):
    """A row that spells a removal out marks the person's row, and its note stays with a changed role."""
    first, second = people_of(editor)[:2]
    rows = pd.DataFrame(
        {
            "email": [first, second],
            "langsmith_role": ["", "Viewer"],
            "workspace_name": ["Production"] * 2,
            "action": ["remove", ""],
            "note": ["", "ticket 7"],
        }
    )
    editor.load(rows)
    assert [(first, "Production")] == editor.grid.removed
    assert {"role": "Workspace Viewer", "note": "ticket 7"} == dict(
        editor.grid.edits[["column", "after"]].itertuples(index=False, name=None)
    )
    # Bringing the same sheet once more changes nothing.
    assert 0 == editor.load(rows)


def test_an_unchanged_sheet_changes_nothing(editor):
    """Bringing back what was downloaded asks for nothing."""
    name, content = editor._sheet_file()
    assert "access.xlsx" == name
    assert 0 == editor.load(content)
    assert 0 == editor.n_edits


def test_a_sheet_without_people_is_refused(editor):
    """A file that is no access sheet is said to be none, and changes nothing."""
    with pytest.raises(TableError, match="no column email"):
        editor.load(pd.DataFrame({"fruit": ["apple"]}))
    assert 0 == editor.n_edits


def test_edits_survive_running_the_cell_again(org, editor):
    """A second form of the same organization has the edits of the first, unless it is to begin afresh."""
    first, second = people_of(editor)[:2]
    editor.set_role(first, "Viewer", "Production")
    editor.remove(second, "Production")
    editor.add("new.person@acme.example", "Organization User")
    expected = editor.sheet()
    again = access_editor(org)
    pd.testing.assert_frame_equal(expected, again.sheet())
    again.reset()
    assert 0 == access_editor(org).n_edits
    editor.set_role(first, "Viewer", "Production")
    assert 0 == access_editor(org, fresh=True).n_edits


def test_reading_again_keeps_the_edits(editor):
    """After the organization was read anew, the edits are still there."""
    editor.set_role(people_of(editor)[0], "Viewer", "Production")
    editor.reload()
    assert 1 == editor.n_edits
    assert 1 == len(editor.plan())


def test_who_is_not_there_cannot_be_changed_or_removed(editor):
    """A name that is nowhere is an error that says what to use instead."""
    with pytest.raises(TableError, match=r"Use add\(...\)"):
        editor.set_role("nobody@acme.example", "Viewer", "Production")
    with pytest.raises(TableError, match="nothing to remove"):
        editor.remove("nobody@acme.example")


def test_from_the_table_to_done_and_back(server, editor):
    """By clicks: plan, apply, take back; the demo organization has each state in turn."""
    email = people_of(editor)[0]
    before = {row.email: row.role for row in editor.snapshot.filter_access(workspace="Production").itertuples()}
    editor.set_role(email, "Viewer", "Production")
    editor.plan_button.click()
    assert editor.wait(TIMEOUT_S)
    view = editor.plan_view
    assert "" == view.phrase
    view.apply_button.click()
    assert view.applying.wait(TIMEOUT_S)
    assert view.applying.run.is_done
    held = {row.email: row.role for row in editor.org.read_access().filter_access(workspace="Production").itertuples()}
    assert before | {email: "Viewer"} == held
    # What was done is no edit any more: the table shows what is there now.
    assert 0 == editor.n_edits
    assert email in people_of(editor, role="Workspace Viewer")
    view.applying.undo_button.click()
    assert view.applying.wait(TIMEOUT_S)
    back = view.applying.undo_view.apply()
    assert back.wait(TIMEOUT_S)
    held = {row.email: row.role for row in editor.org.read_access().filter_access(workspace="Production").itertuples()}
    assert before == held
    with pytest.raises(PlanError, match="was applied"):
        view.drop([view.plan.changes[0].id])


def test_names_that_are_html_stay_text(editor):
    """Nothing that comes from a cell or a name is written as HTML."""
    editor.add(NASTY, NASTY, NASTY)
    editor.check()
    shown = [editor._facts.value, editor._problems.value, editor.static_html()]
    assert [] == [content for content in shown if "<img" in content]
    assert "&lt;img" in editor._problems.value
