"""Workbooks that show something else than they hold: never read in silence."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment

from lsnb.errors import TableError
from lsnb.files.sheets import read_sheet
from lsnb.widgets import access_editor
from tests.faults.sheets import GRACE, SHORT, YUKI, book, problems, said, saved

MERGES = {
    "two workspaces": ([[GRACE, "", "Production", "remove"], [YUKI, "", "", "remove"]], "C2:C3", "workspace_name"),
    "two addresses": ([[GRACE, "", "Production", "remove"], ["", "", "Staging", "remove"]], "A2:A3", "email"),
    "two roles": ([[GRACE, "Viewer", "Production", ""], [YUKI, "", "Production", ""]], "B2:B3", "langsmith_role"),
    "two actions": ([[GRACE, "", "Production", "remove"], [YUKI, "", "Production", ""]], "D2:D3", "action"),
    "along a row": ([[GRACE, "Production", "", "remove"]], "B2:C2", "workspace_name"),
    "a block": ([[GRACE, "", "Production", "remove"], [YUKI, "", "", ""]], "C2:D3", "workspace_name"),
}


@pytest.mark.parametrize("name", MERGES)
def test_b1_merged_cells_are_a_problem_that_names_them(org, tmp_path, name, run):
    """The file has the text in the first cell only, and an empty workspace would be the organization."""
    rows, merged, column = MERGES[name]
    made = book(SHORT, *rows)
    made.active.merge_cells(merged)
    path = saved(made, tmp_path / "m.xlsx")
    found = org.check_sheets(path).problems
    assert merged in " ".join(found["reason"])
    assert column in found["column"].tolist()
    with pytest.raises(TableError, match=merged):
        org.plan(path)
    code, text = run("plan", path)
    assert (1, True) == (code, merged in text)


def test_b1_the_form_takes_no_sheet_with_merged_cells(org, tmp_path):
    """In its table a row of the workspace would have become a row of the organization."""
    made = book(SHORT, [GRACE, "Organization Viewer", "Production", ""], [YUKI, "Organization Viewer", "", ""])
    made.active.merge_cells("C2:C3")
    path = saved(made, tmp_path / "m.xlsx")
    editor = access_editor(org, fresh=True)
    with pytest.raises(TableError, match="C2:C3"):
        editor.load(path.read_bytes())
    assert 0 == editor.n_edits
    editor.upload._take("m.xlsx", path.read_bytes())
    assert 0 == editor.n_edits


def test_b1_a_merged_header_is_a_problem(org, tmp_path):
    """What stands below its second cell has no name."""
    made = book(["email", "langsmith_role", None, "action"], [GRACE, "Viewer", "Production", ""])
    made.active.merge_cells("B1:C1")
    assert "B1:C1" in problems(org, saved(made, tmp_path / "m.xlsx"))


def test_b1_merged_workspaces_and_permissions_are_problems_too(org, tmp_path):
    """In every kind of sheet."""
    made = book(["workspace_name", "new_name", "action"], ["Staging", "", "delete"], ["Production", "", ""])
    made.active.merge_cells("C2:C3")
    assert "C2:C3" in problems(org, saved(made, tmp_path / "w.xlsx"))
    made = book(["permission", "New role"], ["runs:read", "x"], ["runs:delete", ""])
    made.active.merge_cells("B2:B3")
    assert "B2:B3" in problems(org, saved(made, tmp_path / "r.xlsx"))


def test_b1_merges_that_hide_nothing_are_no_problem(org, tmp_path):
    """Of notes they are said; in columns that are not read, and among cells that were filled in since, nothing is lost."""
    made = book(
        [*SHORT, "note", "team"], [GRACE, "Viewer", "Production", "", "moved", "x"], [YUKI, "Viewer", "Production"]
    )
    made.active.merge_cells("E2:E3")
    made.active.merge_cells("F2:F3")
    path = saved(made, tmp_path / "n.xlsx")
    plan = org.plan(path)
    assert "E2:E3" in said(plan)
    assert "F2:F3" not in said(plan)
    made = book(SHORT, [GRACE, "Viewer", "Production", ""], [YUKI, "Viewer", "", ""])
    made.active.merge_cells("C2:C3")
    frame = read_sheet(saved(made, tmp_path / "f.xlsx"))
    assert "C2:C3" in problems(org, frame)
    frame.loc[3, "workspace_name"] = "Production"
    assert problems(org, frame) == ""


def filtered(tmp_path: Path, action: str) -> Path:
    """Make a sheet with a filter, of which rows 3 and 4 are hidden."""
    made = book(
        SHORT,
        [GRACE, "Viewer", "Production", ""],
        [YUKI, "" if action else "Organization Viewer", "", action],
        ["liam.murphy@acme.example", "Workspace User", "Production", ""],
    )
    made.active.auto_filter.ref = "A1:D4"
    made.active.auto_filter.add_filter_column(0, [GRACE])
    made.active.row_dimensions[3].hidden = True
    made.active.row_dimensions[4].hidden = True
    return saved(made, tmp_path / "hidden.xlsx")


def test_b3_hidden_rows_are_named_with_what_comes_of_them(org, tmp_path, run):
    """Nobody has seen them who looked at the sheet."""
    path = filtered(tmp_path, "")
    plan = org.plan(path)
    assert "rows 3 and 4 are hidden" in said(plan)
    assert f"SetOrgRole of {YUKI} comes of row 3" in said(plan)
    assert "rows 3 and 4 are hidden" in plan.to_text()
    assert "rows 3 and 4 are hidden" in plan.to_html()
    assert "rows 3 and 4 are hidden" in str(plan.to_json())
    assert any("rows 3 and 4" in warning.message for warning in org.check_sheets(path).warnings)
    assert "rows 3 and 4 are hidden" in run("plan", path)[1]


def test_b3_a_hidden_removal_is_a_problem(org, tmp_path):
    """Also in the form, and in a frame that was read from the file."""
    path = filtered(tmp_path, "remove")
    for source in (path, read_sheet(path)):
        assert "Row 3 is hidden" in problems(org, source)
    with pytest.raises(TableError, match="Row 3 is hidden"):
        access_editor(org, fresh=True).load(path.read_bytes())


def test_b3_the_form_keeps_hidden_rows_for_the_plan(org, tmp_path):
    """Running its cell again keeps them beside the edits, and starting over forgets both."""
    editor = access_editor(org, fresh=True)
    editor.load(filtered(tmp_path, ""))
    assert "hidden.xlsx: rows 3 and 4 are hidden" in said(editor.plan())
    again = access_editor(org)
    assert again.remarks == editor.remarks
    again.reset()
    assert again.remarks == []


def test_b3_rows_of_no_height_and_in_closed_groups_are_hidden(org, tmp_path):
    """By hand, by a group, by the sheet's own setting."""
    made = book(SHORT, *([GRACE, "Viewer", "Production", ""] for _ in range(4)))
    made.active.row_dimensions[2].height = 0.25
    made.active.row_dimensions.group(4, 4, hidden=True)
    assert "rows 2 and 4 are hidden" in said(org.plan(saved(made, tmp_path / "h.xlsx")))
    made = book(SHORT, [GRACE, "Viewer", "Production", ""])
    made.active.sheet_format.defaultRowHeight = 0
    assert "hidden" in said(org.plan(saved(made, tmp_path / "z.xlsx")))


def test_b3_hidden_columns_are_named(org, tmp_path):
    """A removal in one is a problem, and an empty one nothing to speak of."""
    made = book(SHORT, [GRACE, "Viewer", "Production", ""])
    made.active.column_dimensions["C"].hidden = True
    made.active.column_dimensions["D"].hidden = True
    plan = org.plan(saved(made, tmp_path / "c.xlsx"))
    assert "'workspace_name' is hidden" in said(plan)
    assert "action" not in said(plan)
    made.active["D2"] = "remove"
    assert "The column action is hidden" in problems(org, saved(made, tmp_path / "d.xlsx"))


def test_b3_hidden_deletions_of_other_kinds_are_problems(org, tmp_path):
    """A workspace, and a role by its column."""
    made = book(["workspace_name", "action"], ["Staging", "delete"], ["Production", ""])
    made.active.row_dimensions[2].hidden = True
    assert "Row 2 is hidden" in problems(org, saved(made, tmp_path / "w.xlsx"))
    made = book(["permission", "Power User"], ["action", "delete"])
    made.active.column_dimensions["B"].hidden = True
    assert "hidden" in problems(org, saved(made, tmp_path / "r.xlsx"))


def test_b3_comments_on_cells_are_said_not_to_be_read(org, tmp_path):
    """Somebody may have written there that it must not be done."""
    made = book(SHORT, [GRACE, "Viewer", "Production", ""])
    made.active["B2"].comment = Comment("not before May", "Ada")
    assert "comments on cells are not read: B2" in said(org.plan(saved(made, tmp_path / "c.xlsx")))


def test_b8_a_second_sheet_is_named(org, tmp_path, run):
    """Also a hidden one, and where the first lacks the column, which one has it."""
    made = book(["email", "langsmith_role"], [GRACE, "Organization User"], title="Sheet1")
    other = made.create_sheet("People to change")
    other.append(["email", "langsmith_role"])
    other.append([YUKI, "Organization Admin"])
    path = saved(made, tmp_path / "two.xlsx")
    plan = org.plan(path)
    assert "only the sheet 'Sheet1' was read" in said(plan)
    assert "'People to change'" in said(plan)
    assert "everybody has" not in plan.to_text()
    assert "'People to change'" in run("plan", path)[1]
    other.sheet_state = "veryHidden"
    assert "'People to change' (hidden" in said(org.plan(saved(made, path)))
    made.active["A1"] = "person"
    other.sheet_state = "visible"
    assert "'People to change' of the workbook has one" in problems(org, saved(made, path))


def test_b8_no_alarm_about_our_own_sheets_and_empty_ones(org, tmp_path):
    """Every export explains its columns in a second sheet, and Excel used to make three."""
    path = tmp_path / "a.xlsx"
    org.export_sheets(path, "access")
    made = openpyxl.load_workbook(path)
    made.create_sheet("Sheet2")
    plan = org.plan(saved(made, path))
    assert plan.is_empty
    assert plan.warnings == ()
    assert "everybody has what the sheet asks for already" in plan.to_text()


def test_b8_tabs_beside_those_of_kinds_are_named_once(org, tmp_path):
    """In a workbook with several kinds, and where one of them is asked for."""
    path = tmp_path / "all.xlsx"
    org.export_sheets(path, "access", "workspaces")
    made = openpyxl.load_workbook(path)
    made.create_sheet("Leavers").append(["email"])
    saved(made, path)
    assert 1 == said(org.plan(path)).count("'Leavers'")
    only = said(org.plan({"access": path}))
    assert "'Workspaces'" in only
    assert "'Leavers'" in only
    both = said(org.plan({"access": path, "workspaces": path}))
    assert "the sheet 'Workspaces'" not in both.replace("only the sheet", "")


def test_cells_whose_formula_failed_are_problems(org, tmp_path):
    """An error value is no text, also where any text would do."""
    made = book(["setting", "value"], ["security_contact", "x"])
    made.active["B2"].value, made.active["B2"].data_type = "#REF!", "e"
    assert "formula failed" in problems(org, saved(made, tmp_path / "s.xlsx"))
    made = book(SHORT, [GRACE, "Viewer", "Production", "remove"])
    made.active["B2"].value, made.active["B2"].data_type = "#N/A", "e"
    assert "formula failed" in problems(org, saved(made, tmp_path / "a.xlsx"))
