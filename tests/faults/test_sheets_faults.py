"""Sheets that lack something, have something too much, or are something else: said by row and column, never passed over."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pandas as pd
import pytest

from lsnb.errors import LsnbError, TableError
from lsnb.sheets import read_sheet
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
