"""More of what sheets hold that nobody sees, or that would be lost on the way from the file to the plan."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from openpyxl.styles import Font

from lsnb.errors import PlanError, TableError
from lsnb.files.sheets import read_sheet
from tests.faults.sheets import GRACE, SHORT, YUKI, book, problems, said, saved

SHEET = "xl/worksheets/sheet1.xml"


def kinds(plan) -> list[tuple[str, str | None]]:
    """List what a plan does, and where."""
    return [(change.kind, change.workspace) for change in plan.changes]


def rewritten(path: Path, old: str, new: str, part: str = SHEET) -> Path:
    """Write a workbook with one of its parts changed, as another program would have written it."""
    target = path.with_name("rewritten.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                text, n = re.subn(old, new, content.decode(), count=1, flags=re.DOTALL)
                assert n == 1
                content = text.encode()
            made.writestr(name, content)
    return target


@pytest.fixture
def removals(tmp_path) -> Path:
    """Save a sheet that takes one person out of two workspaces."""
    made = book(SHORT, [GRACE, None, "Production", "remove"], [GRACE, None, "Staging", "remove"])
    return saved(made, tmp_path / "removals.xlsx")


# Merged cells


@pytest.mark.parametrize(("merge", "beneath"), [("C2:C3", "Staging"), ("C3:D3", "remove"), ("A3:D3", "Staging")])
def test_b1_a_text_beneath_a_merge_is_a_problem(org, removals, merge, beneath):
    """LibreOffice keeps the contents of merged cells where it is told so, and shows the first of them only."""
    cells = f'</sheetData><mergeCells count="1"><mergeCell ref="{merge}"/></mergeCells>'
    found = problems(org, rewritten(removals, "</sheetData>", cells))
    assert merge in found
    assert beneath in found


def test_b1_a_merge_over_the_same_text_or_over_what_was_changed_since_is_no_problem(org, tmp_path, removals):
    """What is seen is what is read."""
    made = book(SHORT, [GRACE, None, "Production", "remove"], [YUKI, None, "Production", "remove"])
    path = saved(made, tmp_path / "same.xlsx")
    cells = '</sheetData><mergeCells count="1"><mergeCell ref="C2:C3"/></mergeCells>'
    assert problems(org, rewritten(path, "</sheetData>", cells)) == ""
    frame = read_sheet(rewritten(removals, "</sheetData>", cells))
    frame.loc[3, "workspace_name"] = "Research"
    assert problems(org, frame) == ""


# What does not show


@pytest.mark.parametrize("code", [";;;", '"keep";"keep";"keep";"keep"', 'General;General;General;"keep"', '"do not "@'])
def test_b3_a_removal_that_its_number_format_hides_is_a_problem(org, tmp_path, code):
    """The cell shows nothing, or something else."""
    made = book(SHORT, [GRACE, None, "Production", "remove"])
    made.active["D2"].number_format = code
    assert "number format" in problems(org, saved(made, tmp_path / "f.xlsx"))


def test_b3_other_cells_that_show_something_else_are_named(org, tmp_path):
    """What is in them counts."""
    made = book(SHORT, [GRACE, "Viewer", "Production", None])
    made.active["B2"].number_format = ";;;"
    plan = org.plan(saved(made, tmp_path / "f.xlsx"))
    assert "row 2 has cells that show nothing" in said(plan)
    assert [("SetWorkspaceRole", "Production")] == kinds(plan)


@pytest.mark.parametrize(
    "code", ["@", "General", "0.00", "d/m/yyyy", '_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-', "[Red]@"]
)
def test_b3_ordinary_number_formats_are_no_alarm(org, tmp_path, code):
    """Most of them say nothing about texts."""
    made = book(SHORT, [GRACE, None, "Production", "remove"])
    for cell in made.active[2]:
        cell.number_format = code
    assert said(org.plan(saved(made, tmp_path / "f.xlsx"))) == ""


def test_b3_crossed_out_rows_are_named(org, tmp_path):
    """Whoever crosses a row out may mean that it does not count."""
    made = book(SHORT, [GRACE, "Viewer", "Production", None], [YUKI, "Organization Viewer", None, None])
    made.active["A2"].font = Font(strike=True)
    plan = org.plan(saved(made, tmp_path / "s.xlsx"))
    assert "row 2 has text that is crossed out" in said(plan)
    assert "row 3" not in said(plan).replace("row 3 of", "")
    made.active["A2"].font = Font(bold=True)
    assert "crossed" not in said(org.plan(saved(made, tmp_path / "b.xlsx")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<row r="3"', '<row r="3" ht="1" customHeight="1"'),
        ("<sheetFormatPr[^>]*>", '<sheetFormatPr defaultColWidth="0" defaultRowHeight="15"/>'),
        ("<sheetData>", '<cols><col min="4" max="4" width="0" customWidth="1"/></cols><sheetData>'),
    ],
)
def test_b3_rows_and_columns_too_small_to_be_read_are_hidden(org, removals, old, new):
    """A row of one point, columns that are nothing wide unless told otherwise."""
    assert "hidden" in problems(org, rewritten(removals, old, new))


# Files of other programs


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (r'(<row r="2".*?</row>)(<row r="3".*?</row>)', r"\2\1", "row 2"),
        ("</sheetData>", f'<row r="3"><c r="A3" t="inlineStr"><is><t>{YUKI}</t></is></c></row></sheetData>', "row 3"),
        (r'(<c r="D3".*?</c>)', r'\1<c r="D3" t="inlineStr"><is><t>x</t></is></c>', "D3"),
        (r'(<c r="C3".*?</c>)(<c r="D3".*?</c>)', r"\2\1", "C3"),
    ],
)
def test_rows_and_cells_that_stand_twice_or_astray_are_an_error(org, removals, old, new, place):
    """One of them would be lost in silence."""
    with pytest.raises(TableError, match=f"{place} twice, or after"):
        org.plan(rewritten(removals, old, new))


def test_a_formula_of_text_without_a_result_is_an_error(org, removals):
    """Some programs write the type and no value; the cell would read as empty, and the removal be another one."""
    cell = '<c r="C3" t="str"><f>VLOOKUP(A3,X!A:B,2,0)</f></c>'
    with pytest.raises(TableError, match=r"without a stored result.*C3"):
        org.plan(rewritten(removals, '<c r="C3".*?</c>', cell))
    with_result = rewritten(removals, '<c r="C3".*?</c>', cell.replace("</f>", "</f><v>Staging</v>"))
    assert [("RemoveWorkspaceMember", "Production"), ("RemoveWorkspaceMember", "Staging")] == kinds(
        org.plan(with_result)
    )


def test_formulas_of_dropdowns_and_rules_are_no_formulas_of_cells(org, removals):
    """Also those that Excel keeps in its extensions."""
    more = (
        '</sheetData><conditionalFormatting sqref="A1"><cfRule type="expression" priority="1"><formula>1</formula>'
        '</cfRule></conditionalFormatting><extLst><ext xmlns:xm="urn:x" uri="u"><xm:f>Lists!A1</xm:f></ext></extLst>'
    )
    assert len(org.plan(rewritten(removals, "</sheetData>", more)).changes) == 2


def test_a_chart_in_front_is_no_damage(org, tmp_path):
    """An honest workbook, by either of the two usual writers."""
    made = book(SHORT, [GRACE, "Viewer", "Production", None])
    made.create_chartsheet("Chart", 0)
    assert [("SetWorkspaceRole", "Production")] == kinds(org.plan(saved(made, tmp_path / "c.xlsx")))
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as other:
        sheet, front = other.add_worksheet("Access"), other.add_chartsheet("Chart")
        chart = other.add_chart({"type": "pie"})
        chart.add_series({"values": "=Access!$A$1:$A$2"})
        front.set_chart(chart)
        front.activate()
        for row, cells in enumerate([SHORT, [GRACE, "Viewer", "Production", ""]]):
            sheet.write_row(row, 0, cells)
    assert [("SetWorkspaceRole", "Production")] == kinds(org.plan(tmp_path / "x.xlsx"))


# Frames


@pytest.mark.parametrize("index", ["workspace_name", ["workspace_name", "langsmith_role"], ["email", "workspace_name"]])
def test_what_stands_in_the_index_of_a_frame_counts(org, index):
    """Without it, taking somebody out of a workspace would be taking them out of the organization."""
    frame = pd.DataFrame([[GRACE, "", "Production", "remove"], [GRACE, "", "Staging", "remove"]], columns=SHORT)
    wanted = [("RemoveWorkspaceMember", "Production"), ("RemoveWorkspaceMember", "Staging")]
    assert wanted == kinds(org.plan(frame.set_index(index)))
    assert wanted == kinds(org.plan(frame.groupby("workspace_name").apply(lambda group: group)))
    assert wanted == kinds(org.plan({"access": frame.set_index(index)}))


def test_an_index_that_only_counts_is_no_column(org):
    """Rows that were picked, sorted or counted under a name are an everyday frame."""
    frame = pd.DataFrame([[GRACE, "Viewer", "Production", ""], [YUKI, "", "", ""]], columns=SHORT)
    for honest in (
        frame[frame["email"] == GRACE],
        frame.sort_values("email", ascending=False),
        frame.rename_axis("id"),
    ):
        assert said(org.plan(honest)) == ""
    assert "'index'" in said(org.plan(frame.set_axis(["a", "b"])))


class Borrowed:
    """A table of another library, which gives itself as Arrow does, as polars' does."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, schema: object = None) -> object:
        return self._table.__arrow_c_stream__(schema)


def test_tables_of_other_libraries_are_read(org):
    """Also with missing values, and with texts that are kept once."""
    table = pa.table({"email": [GRACE, GRACE], "workspace_name": ["Production", "Staging"], "action": ["remove", None]})
    categories = table.set_column(1, "workspace_name", table["workspace_name"].dictionary_encode())
    for source in (table, categories, table.to_batches()[0], Borrowed(table)):
        assert [("RemoveWorkspaceMember", "Production")] == kinds(org.plan(source))
        assert 1 == len(org.edits(source).rows.query("action == 'remove'"))


@pytest.mark.parametrize(
    "source",
    [None, 0, b"email\n", io.BytesIO(b"email\n"), [{"email": GRACE}], {"email": [GRACE]}, pd.Series([GRACE]),
     pa.chunked_array([[GRACE]]), pd.DataFrame({"email": [GRACE]}).to_numpy(), [None]],
)  # fmt: skip
def test_what_is_no_sheet_is_an_error_that_says_what_it_is(org, source):
    """And what to bring in its place."""
    with pytest.raises(TableError, match=r"type \S+, which is no sheet\. Give the path"):
        org.plan(source)


def test_texts_that_csv_neutralises_come_back_through_pandas_too(org, server, tmp_path):
    """What an export has, read by pandas, asks for nothing."""
    server.state.organization.display_name = "=Acme"
    for kind in ("access", "workspaces", "roles", "keys", "tokens", "settings"):
        path = tmp_path / f"{kind}.csv"
        org.export_sheets(path, kind)
        assert kind != "settings" or "'=Acme" in path.read_text()
        assert [] == kinds(org.plan(pd.read_csv(path)))
        assert [] == kinds(org.plan(pd.read_csv(path, index_col=0)))


def test_a_workbook_of_the_first_page_only_is_read_the_same(org, tmp_path):
    """Saved by another program after the export, it asks for what was edited and nothing else."""
    path = tmp_path / "a.xlsx"
    org.export_sheets(path, "access", "roles")
    made = openpyxl.load_workbook(path)
    for row in made["Access"].iter_rows(min_row=2):
        if row[0].value == GRACE and row[3].value == "Production":
            row[1].value = "Workspace Viewer"
    made.save(path)
    plan = org.plan(path)
    assert [("SetWorkspaceRole", "Production")] == kinds(plan)
    assert said(plan) == ""


# Removals that mean something else


@pytest.mark.parametrize("name", ["ws", "tenant_name", "Arbeitsbereich", "project", ""])
def test_b2_a_column_of_workspaces_under_another_name_is_a_problem_where_rows_remove(org, name):
    """Read without it, each row would take somebody out of the organization."""
    rows = [[GRACE, "Production", "remove"], [YUKI, "staging", "remove"]]
    frame = pd.DataFrame(rows, columns=["email", name, "action"])
    found = problems(org, frame)
    assert 2 == found.count("names workspaces")
    assert "workspace_name" in found


def test_b2_other_columns_beside_a_removal_are_no_problem(org):
    """A team that is called like a workspace is said; other words, and rows that remove nothing, are as before."""
    frame = pd.DataFrame([[GRACE, "", "Research", "remove"]], columns=["email", "workspace_name", "team", "action"])
    plan = org.plan(frame)
    assert [("RemoveMember", None)] == kinds(plan)
    assert "row 2 names no workspace, and so removes from the organization, while 'team'" in said(plan)
    assert "removes from" not in said(org.plan(frame.assign(team="Robotics")))
    assert "" == problems(org, pd.DataFrame([[GRACE, "Robotics", "remove"]], columns=["email", "team", "action"]))
    assert "" == problems(org, pd.DataFrame([[GRACE, "Research", ""]], columns=["email", "team", "action"]))


# Sync


def test_b13_sync_says_of_which_workspaces_a_sheet_has_no_row(org):
    """A column that is missing would take all roles in workspaces away."""
    snap = org.snapshot(tables=["access"])
    rows = snap.access[snap.access["scope"] == "organization"]
    frame = pd.DataFrame({"email": rows["email"], "langsmith_role": rows["role"]})
    words = said(org.plan(frame, mode="sync", scope="organization"))
    assert "no row of" in words
    assert "Production" in words.partition("unnamed-workspaces")[2]
    one = frame.iloc[:1].assign(langsmith_role="")
    assert "no row of Staging" in said(org.plan(one, mode="sync", scope=["Staging"]))


def test_b13_a_whole_sheet_under_sync_is_no_alarm(org, tmp_path):
    """Also where one person was taken out of it."""
    org.export_sheets(tmp_path / "a.csv", "access")
    frame = read_sheet(tmp_path / "a.csv")
    assert "" == said(org.plan(frame, mode="sync", scope="organization"))
    assert "no row of" not in said(org.plan(frame[frame["email"] != GRACE], mode="sync", scope="organization"))


@pytest.mark.parametrize("rows", [[], [[GRACE]]])
def test_b10_an_empty_sheet_under_sync_is_not_said_to_ask_for_nothing(org, rows):
    """It takes everything away, and says so."""
    plan = org.plan(pd.DataFrame(rows, columns=["email"]), mode="sync", scope=["Production"])
    assert plan.changes
    assert "asks for nothing" not in said(plan)
    assert "under sync what the sheet does not name is taken away" in said(plan)


def test_b7_a_slip_under_sync_says_that_the_other_one_goes(org, tmp_path):
    """It invites the slip and removes the person."""
    org.export_sheets(tmp_path / "a.csv", "access")
    frame = read_sheet(tmp_path / "a.csv")
    frame["email"] = frame["email"].replace(YUKI, "yuki.stao@acme.example")
    words = said(org.plan(frame, mode="sync", scope="organization"))
    assert f"whom the plan removes. If both are one person, write {YUKI}" in words


@pytest.mark.parametrize("scope", [["organization", "Production"], ["Production", "ORGANIZATION"]])
def test_a_scope_of_the_organization_and_something_else_is_an_error(org, scope, tmp_path):
    """The rest of it would be left aside in silence."""
    org.export_sheets(tmp_path / "a.csv", "access")
    with pytest.raises(PlanError, match="Production beside it"):
        org.plan(tmp_path / "a.csv", mode="sync", scope=scope)


# Other kinds of sheets


@pytest.mark.parametrize(
    ("column", "value"), [("owner", GRACE), ("short_key", "lsv2_pt_...0000"), ("description", "Another")]
)
@pytest.mark.parametrize("action", ["revoke", ""])
def test_a_token_whose_row_says_another_is_a_problem(org, tmp_path, column, value, action):
    """A column that was sorted by itself would switch somebody else's token off."""
    org.export_sheets(tmp_path / "t.csv", "tokens")
    frame = read_sheet(tmp_path / "t.csv")
    frame.loc[frame.index[0], [column, "action"]] = [value, action]
    assert f"{column} of a token cannot be changed" in problems(org, frame)


def test_a_token_by_its_id_alone_or_in_other_case_is_no_problem(org, tmp_path):
    """What is not said contradicts nothing."""
    org.export_sheets(tmp_path / "t.csv", "tokens")
    frame = read_sheet(tmp_path / "t.csv")
    frame["owner"] = frame["owner"].str.upper()
    assert "" == problems(org, frame)
    assert "" == problems(org, frame[["token_id", "action"]].assign(action="revoke").head(1))


def test_b10_a_column_without_a_name_in_the_matrix_is_named(org, tmp_path):
    """Marks in it would be lost in silence; one that numbers the rows is what pandas writes."""
    org.export_sheets(tmp_path / "r.csv", "roles")
    frame = read_sheet(tmp_path / "r.csv")
    assert "without a name" in said(org.plan(frame.rename(columns={"Annotator": ""})))
    for kind in ("roles", "access", "workspaces"):
        org.export_sheets(tmp_path / f"{kind}2.csv", kind)
        pd.read_csv(tmp_path / f"{kind}2.csv").to_csv(tmp_path / "index.csv")
        assert "" == said(org.plan(tmp_path / "index.csv"))
        assert "" == said(org.plan(pd.read_csv(tmp_path / "index.csv")))


def test_a_csv_of_ours_that_a_spreadsheet_saved_as_a_workbook_asks_for_nothing(org, server, tmp_path):
    """The apostrophes before texts that a spreadsheet would run are still in it."""
    server.state.organization.display_name = "=Acme"
    role = next(role for role in server.state.roles.values() if role.display_name == "Annotator")
    role.description = "-reads"
    for kind in ("settings", "roles"):
        path = tmp_path / f"{kind}.csv"
        org.export_sheets(path, kind)
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert (frame == "'=Acme").any(axis=None) or (frame == "'-reads").any(axis=None)
        made = book(list(frame.columns), *frame.to_numpy().tolist(), title=kind)
        for cell in (cell for row in made.active for cell in row):
            cell.data_type = "s" if cell.value else cell.data_type
        assert [] == kinds(org.plan(saved(made, tmp_path / f"{kind}.xlsx")))


def test_a_whole_workbook_read_by_pandas_is_planned_as_it_is(org, tmp_path):
    """Its tabs are called after kinds; those that explain it are none."""
    org.export_sheets(tmp_path / "all.xlsx", "access", "roles", "settings")
    tabs = pd.read_excel(tmp_path / "all.xlsx", sheet_name=None)
    assert len(tabs) == 5
    assert [] == kinds(org.plan(tabs))
    with pytest.raises(TableError, match="no kind of sheet 'Draft'"):
        org.plan({**tabs, "Draft": tabs["Access"]})


def test_b3_hiding_the_rows_that_are_not_used_hides_none_of_ours(org, tmp_path):
    """Excel and LibreOffice show the rows that the file has; only those below are hidden."""
    with xlsxwriter.Workbook(tmp_path / "u.xlsx") as made:
        sheet = made.add_worksheet("Access")
        for row, cells in enumerate([SHORT, [GRACE, "", "Production", "remove"]]):
            sheet.write_row(row, 0, cells)
        sheet.set_default_row(hide_unused_rows=True)
    plan = org.plan(tmp_path / "u.xlsx")
    assert [("RemoveWorkspaceMember", "Production")] == kinds(plan)
    assert "" == said(plan)


def test_b15_a_csv_that_was_opened_with_other_letters_says_so(org, tmp_path):
    """The mark at its start became three letters, and so did others in it."""
    made = book(["\u00ef\u00bb\u00bfemail", *SHORT[1:]], ["in\u00c3\u00aas@acme.example", "Viewer", "Production", None])
    with pytest.raises(TableError, match="CSV file in UTF-8 that was opened as Western European"):
        org.plan(saved(made, tmp_path / "m.xlsx"))


def test_b13_a_flat_opendocument_sheet_says_what_it_is(org, tmp_path):
    """It is XML, and no web page."""
    path = tmp_path / "s.fods"
    path.write_text(
        '<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>'
    )
    with pytest.raises(TableError, match="flat OpenDocument"):
        org.plan(path)
