"""Sheets that lack something, have something too much, or are something else: said by row and column, never passed over."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pandas as pd
import pytest

from lsnb.errors import LsnbError, TableError
from lsnb.files.sheets import read_sheet
from lsnb.widgets import access_editor
from tests.faults.sheets import GRACE, SHORT, YUKI, book, problems, said, saved


@pytest.mark.parametrize("lines", [["Access review Q3"], ["Access review Q3", "", "made by Ada"]])
def test_b9_a_title_above_the_header_is_one_problem(org, tmp_path, lines, run):
    """In CSV, in Excel, in a frame and in the form."""
    rows = [SHORT, [GRACE, "Viewer", "Production", ""], [YUKI, "Viewer", "Production", ""]]
    text = "\n".join([*lines, *(",".join(row) for row in rows)])
    path = tmp_path / "t.csv"
    path.write_text(text)
    wanted = f"Row {len(lines) + 1} looks like the header"
    for source in (path, saved(book(*([line] for line in lines), *rows), tmp_path / "t.xlsx")):
        with pytest.raises(TableError, match=wanted) as caught:
            org.plan(source)
        assert 1 == len(caught.value.problems)
        with pytest.raises(TableError, match=wanted):
            access_editor(org, fresh=True).load(source.read_bytes())
    with pytest.raises(TableError, match="looks like the header"):
        org.plan(pd.read_excel(tmp_path / "t.xlsx"))
    code, out = run("plan", path)
    assert code
    assert wanted in out
    assert "quotation" not in out


def test_b9_a_title_over_all_columns_is_a_title_too(org, tmp_path):
    """Merged, as titles are; and one above a single column."""
    made = book(["Access review", None, None, None], SHORT, [GRACE, "Viewer", "Production", ""])
    made.active.merge_cells("A1:D1")
    assert "Row 2 looks like the header" in problems(org, saved(made, tmp_path / "t.xlsx"))
    with pytest.raises(TableError, match="Row 2 looks like the header"):
        read_sheet(f"People\nemail\n{GRACE}\n".encode())


def test_b10_a_copied_tab_is_named(org, tmp_path):
    """The edits are in the copy, and the first was read."""
    path = tmp_path / "a.xlsx"
    org.export_sheets(path, "access")
    made = openpyxl.load_workbook(path)
    made.copy_worksheet(made["Access"]).title = "Access (2)"
    made["Access (2)"]["B2"] = "Organization Viewer"
    plan = org.plan(saved(made, path))
    assert "'Access (2)'" in said(plan)
    assert "everybody has" not in plan.to_text()


@pytest.mark.parametrize(
    ("columns", "row", "wanted"),
    [
        (["email", "langsmith_role", "new_role"], [GRACE, "", "Organization Admin"], "'new_role'"),
        (["email", "workspace_name"], [GRACE, "Production"], "no column langsmith_role"),
        (["email", "langsmith_role"], [GRACE, ""], "no row names a role"),
        (["email", "langsmith_role"], None, "nothing below the header"),
        (["email", "langsmith_role", "colour", "team"], [GRACE, "", "red", "blue"], "'colour', 'team'"),
        (["email", "langsmith_role", "", "action"], [GRACE, "", "Organization Admin", ""], "without a name"),
    ],
)
def test_b10_columns_that_are_not_read_or_missing_are_named(org, tmp_path, columns, row, wanted, run):
    """Never "everybody has what the sheet asks for already"."""
    rows = [columns, *([row] if row else [])]
    path = tmp_path / "c.csv"
    path.write_text("\n".join(",".join(cells) for cells in rows) + "\n")
    frame = pd.DataFrame([row] if row else [], columns=columns)
    for source in (path, frame, saved(book(*rows), tmp_path / "c.xlsx")):
        plan = org.plan(source)
        assert wanted in said(plan)
        assert "everybody has" not in plan.to_text()
        assert "everybody has" not in plan.to_html()
    assert wanted in run("plan", path)[1]
    editor = access_editor(org, fresh=True)
    editor.load(path.read_bytes())
    assert wanted in " ".join(editor.remarks)


def test_b10_other_kinds_of_sheets_name_what_they_leave_aside(org):
    """A column too many among workspaces, settings without rows."""
    frame = pd.DataFrame({"workspace_name": ["Production"], "new_name": [""], "owner": ["ada"]})
    assert "'owner'" in said(org.plan(frame))
    assert "nothing below the header" in said(org.plan(pd.DataFrame(columns=["setting", "value"])))


def test_b10_columns_of_our_own_tables_and_empty_ones_are_not_named(org):
    """No alarm about what nobody filled in."""
    snap = org.snapshot(tables=["access"])
    frame = snap.access.assign(team="", action="")
    assert said(org.plan(frame, snapshot=snap)) == ""


@pytest.mark.parametrize("name", ["until", "Valid until", "expires_at", "End date"])
def test_b11_an_end_that_nothing_keeps_is_a_problem(org, name):
    """What is given stays; an empty column says nothing."""
    frame = pd.DataFrame(
        {"email": [GRACE, YUKI], "langsmith_role": ["Organization User"] * 2, name: ["2027-01-31", ""]}
    )
    found = org.check_sheets(frame).problems
    assert [[2, name]] == found[["row", "column"]].to_numpy().tolist()
    assert "no effect" in found["reason"].iloc[0]
    assert problems(org, frame.assign(**{name: ""})) == ""


def strict_workbook() -> bytes:
    """Make a Strict Open XML workbook, as Excel saves it when told so."""
    buffer, out = io.BytesIO(), io.BytesIO()
    book(SHORT, [GRACE, "Viewer", "Production", ""]).save(buffer)
    ours = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name).replace(ours, b"http://purl.oclc.org/ooxml/spreadsheetml/main")
            new.writestr(
                name,
                part.replace(
                    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                    b"http://purl.oclc.org/ooxml/officeDocument/relationships",
                ),
            )
    return out.getvalue()


FOREIGN = {
    "strict.xlsx": (strict_workbook(), "Strict Open XML"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel file"),
    "oldest.xls": (b"\x09\x08\x10\x00" + b"\0" * 100, "very old Excel"),
    "page.xls": (b"\n<!-- made by a shop --><table><tr><td>email</td></tr></table>", "web page"),
    "xml.xls": (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>', "Excel 2003 XML"),
    "archive.xls": (b"MIME-Version: 1.0\nContent-Type: multipart/related", "web archive"),
    "people.json": (b'{"email": "a@b.example"}', "JSON"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_b13_other_files_say_what_they_are(org, tmp_path, name, run):
    """In one sentence with what to do, never that they are empty."""
    content, wanted = FOREIGN[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LsnbError, match=wanted) as caught:
        org.plan(path)
    assert "empty" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(LsnbError, match=wanted):
        access_editor(org, fresh=True).load(content)
    assert wanted in run("plan", path)[1]


def test_b13_a_csv_that_is_called_xlsx_is_read(org, tmp_path):
    """What a file is shows in its content."""
    path = tmp_path / "s.xlsx"
    path.write_text(f"email,langsmith_role\n{GRACE},Organization Admin\n")
    assert ["SetOrgRole"] == [change.kind for change in org.plan(path).changes]


@pytest.fixture
def workspace_na(server):
    """Call the workspace Production of the demo organization something else."""
    workspace = next(w for w in server.state.workspaces.values() if w.display_name == "Production")

    def rename(name: str) -> None:
        workspace.display_name = name

    return rename


@pytest.mark.parametrize("name", ["NA", "None", "null", "nan", "#N/A", "N/A"])
def test_b4_a_workspace_that_pandas_reads_as_missing_removes_nobody(org, workspace_na, tmp_path, name):
    """The row names no workspace any more; by its path the file says what it means."""
    workspace_na(name)
    path = tmp_path / "s.csv"
    path.write_text(f"email,langsmith_role,workspace_name,action\n{GRACE},,{name},remove\n{YUKI},,Staging,remove\n")
    frame = pd.read_csv(path)
    for source in (frame, read_sheet(frame)):
        plan = org.plan(source)
        assert "RemoveMember" not in [change.kind for change in plan.changes]
        assert f"row 2 names no workspace, and there is one called '{name}'" in said(plan)
        assert "by its path" in said(plan)
    assert "RemoveMember" not in [change.kind for change in org.plan(path).changes]
    assert "missing" not in said(org.plan(path))
    sync = org.plan(frame, mode="sync", scope="organization")
    assert GRACE not in [change.email for change in sync.changes if change.kind == "RemoveMember"]
    editor = access_editor(org, fresh=True)
    editor.load(frame)
    assert "names no workspace" in said(editor.plan())


def test_b4_a_role_that_pandas_reads_as_missing_is_named(org, server, tmp_path):
    """An empty role leaves the role as it is, which is not what the file says."""
    role = next(role for role in server.state.roles.values() if role.display_name == "Power User")
    role.display_name = "None"
    path = tmp_path / "s.csv"
    path.write_text(f"email,langsmith_role,workspace_name,action\n{GRACE},None,Staging,\n")
    plan = org.plan(pd.read_csv(path))
    assert "row 2 names no role, and there is one called 'None'" in said(plan)


def test_b4_no_alarm_where_nothing_can_be_meant(org, workspace_na):
    """Empty texts are empty, and so is what is missing where no workspace is called so."""
    workspace_na("NA")
    frame = pd.DataFrame({"email": [GRACE], "workspace_name": [""], "action": ["remove"]})
    assert ["RemoveMember"] == [change.kind for change in org.plan(frame).changes]
    workspace_na("Production")
    plan = org.plan(frame.assign(workspace_name=None))
    assert ["RemoveMember"] == [change.kind for change in plan.changes]
    assert "missing-cells" not in said(plan)


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("shift_jis", "異動"),
        ("cp1252", "Zoë"),
        ("mac_roman", "Zoë"),
        ("gb18030", "中文"),
        ("utf-16-le", "Zoë"),
        ("cp1251", "да"),
    ],
)
def test_b15_letters_that_were_guessed_are_said(org, tmp_path, encoding, note, run):
    """Which encoding was taken, and in which rows to look; a file that cannot be read so says it."""
    content = f"email,langsmith_role,note\n{GRACE},Organization Viewer,{note}\n".encode(encoding)
    path = tmp_path / "s.csv"
    path.write_bytes(content)
    plan = org.plan(path)
    assert "was read as" in said(plan)
    assert "row 2" in said(plan)
    assert "was read as" in run("plan", path)[1]
    editor = access_editor(org, fresh=True)
    editor.load(content)
    assert "was read as" in said(editor.plan())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
def test_b15_files_that_say_their_letters_are_silent(org, tmp_path, encoding):
    """No alarm about what is certain."""
    path = tmp_path / "s.csv"
    path.write_bytes(f"email,langsmith_role,note\n{GRACE},Organization Viewer,plain\n".encode(encoding))
    assert said(org.plan(path)) == ""


def test_b15_letters_that_fit_nothing_are_an_error_that_says_what_was_tried(org, tmp_path):
    """Windows-1252 has no letters for some bytes."""
    path = tmp_path / "s.csv"
    path.write_bytes(f"email,langsmith_role,note\n{GRACE},Organization Viewer,メモ\n".encode("shift_jis"))
    with pytest.raises(TableError, match="UTF-8, UTF-16 or Windows-1252"):
        org.plan(path)
