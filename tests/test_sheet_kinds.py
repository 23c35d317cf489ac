"""Sheets of every kind as files: written, brought back alone or together, and through the command."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import lsnb
from lsnb.cli import main
from lsnb.errors import TableError
from lsnb.files.sheets import gather_sheets, write_sheets
from lsnb.sheets.kinds import FORMS, SHEET_KINDS
from tests.plan.outfit import rows, snapshot


@pytest.fixture
def org(server):
    """Connect to the small demo organization."""
    return lsnb.connect(endpoint=server.url, api_key=server.keys["admin_pat"])


@pytest.fixture
def in_demo(server, tmp_path, monkeypatch):
    """Let commands work on the demo organization, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    return server


@pytest.mark.parametrize("kind", SHEET_KINDS)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_command_exports_every_kind_and_plans_it_to_nothing(in_demo, kind, ending, capsys):
    """Exit code 0: nothing to do."""
    name = f"{kind}.{ending}"
    assert 0 == main(["export", kind, "--sheet", "-o", name])
    assert 0 == main(["plan", name]), capsys.readouterr()


@pytest.mark.parametrize(
    ("kind", "table"),
    [("workspaces", "workspaces"), ("keys", "service_keys"), ("tokens", "access_tokens"), ("settings", "settings")],
)
def test_the_tables_of_a_snapshot_are_sheets_too(org, kind, table):
    """Somebody who edits the table they look at need not rename a column; untouched it asks for nothing."""
    snap = org.snapshot()
    frame = snap.table(table)
    frame["action" if kind != "settings" else "note"] = ""
    assert [kind] == list(gather_sheets(frame))
    plan = org.plan(frame, snapshot=snap)
    assert plan.is_empty
    assert plan.warnings == ()


def test_a_workbook_with_a_tab_per_kind_is_one_plan_of_nothing(org, tmp_path):
    """With dropdowns and explanations that are no tabs of any kind."""
    path = tmp_path / "all.xlsx"
    org.export_sheets(path, *SHEET_KINDS)
    titles = openpyxl.load_workbook(path).sheetnames
    assert [*(FORMS[kind].title for kind in SHEET_KINDS), "About the columns", "Lists"] == titles
    assert set(SHEET_KINDS) == set(gather_sheets(path))
    assert org.plan(path).is_empty


def test_excel_offers_choices_under_every_custom_role(tmp_path):
    """A mark or nothing, and only where something can be marked."""
    path = write_sheets(snapshot(), tmp_path / "roles.xlsx", ["roles"])
    sheet = openpyxl.load_workbook(path)["Roles"]
    header = [cell.value for cell in sheet[1]]
    offered = {header[next(iter(rule.sqref.ranges)).min_col - 1] for rule in sheet.data_validations.dataValidation}
    assert {"Annotator", "Auditor"} == offered


def test_several_sheets_need_a_workbook(tmp_path):
    """A CSV file holds one."""
    with pytest.raises(TableError, match=r"ends in \.xlsx"):
        write_sheets(snapshot(), tmp_path / "all.csv", ["roles", "keys"])
    with pytest.raises(TableError, match="no folder"):
        write_sheets(snapshot(), tmp_path / "nowhere" / "all.xlsx", ["roles", "keys"])


def test_what_is_brought_is_sorted_by_what_it_is_about(tmp_path):
    """Files, frames and mappings alike."""
    workspaces = rows({"workspace_name": "A", "new_name": "B"})
    settings = rows({"setting": "invites_enabled", "value": "true"})
    path = tmp_path / "w.csv"
    workspaces.to_csv(path, index=False)
    assert ["workspaces", "settings"] == list(gather_sheets([path, settings]))
    assert ["settings"] == list(gather_sheets(settings))
    assert ["settings", "workspaces"] == list(gather_sheets({"settings": settings, "workspaces": str(path)}))
    assert "w.csv" == gather_sheets(path)["workspaces"].source
    with pytest.raises(TableError, match="Two sheets of workspaces"):
        gather_sheets([path, workspaces])
    with pytest.raises(TableError, match="no kind of sheet 'colours'"):
        gather_sheets({"colours": settings})
    with pytest.raises(TableError, match="No sheet was given"):
        gather_sheets([])


def test_two_tabs_of_one_kind_are_too_many(tmp_path):
    """Nobody could say which counts."""
    path = tmp_path / "twice.xlsx"
    with pd.ExcelWriter(path) as book:
        rows({"workspace_name": "A"}).to_excel(book, sheet_name="Workspaces", index=False)
        rows({"workspace_name": "B"}).to_excel(book, sheet_name="workspaces ", index=False)
    with pytest.raises(TableError, match="two tabs for workspaces"):
        gather_sheets(path)


def test_the_command_makes_one_plan_of_several_sheets(in_demo, capsys):
    """A workspace, a role and somebody for both, saved as one document."""
    Path("w.csv").write_text("workspace_name,action\nLabs,create\n", encoding="utf-8")
    Path("r.csv").write_text("permission,Lab Reader\nruns:read,x\n", encoding="utf-8")
    Path("a.csv").write_text(
        "email,langsmith_role,workspace_name\nnew@acme.example,Lab Reader,Labs\n", encoding="utf-8"
    )
    assert 2 == main(["plan", "a.csv", "r.csv", "w.csv", "-o", "plan.json", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert ["CreateWorkspace", "CreateRole", "InviteMember"] == [change["kind"] for change in said["changes"]]
    assert said == json.loads(Path("plan.json").read_text(encoding="utf-8"))


def test_the_command_lists_the_problems_of_all_sheets(in_demo, capsys):
    """With the sheet that each is in; --problems is for one sheet."""
    Path("w.csv").write_text("workspace_name,action\nLabs,make\n", encoding="utf-8")
    Path("s.csv").write_text("setting,value\nnothing,1\n", encoding="utf-8")
    assert 1 == main(["plan", "w.csv", "s.csv"])
    said = capsys.readouterr().err
    assert "w.csv, row 2, action 'make'" in said
    assert "s.csv, row 2, setting 'nothing'" in said
    assert 1 == main(["plan", "w.csv", "s.csv", "--problems", "p.csv"])
    assert "one by one" in capsys.readouterr().err
    assert 1 == main(["plan", "w.csv", "--problems", "p.csv"])
    assert "There is no such action" in Path("p.csv").read_text(encoding="utf-8-sig")


def test_an_address_can_be_said_to_judge_a_list_of_addresses(in_demo, capsys):
    """And what is no address is an error."""
    Path("s.csv").write_text("setting,value\nip_allowlist,203.0.113.0/24\n", encoding="utf-8")
    assert 3 == main(["plan", "s.csv"])
    assert 2 == main(["plan", "s.csv", "--caller-address", "203.0.113.7"])
    assert 1 == main(["plan", "s.csv", "--caller-address", "home"])
    assert "is no address" in capsys.readouterr().err


def test_export_names_the_kinds_that_there_are(in_demo, capsys):
    """For a table that has no sheet."""
    assert 1 == main(["export", "members", "--sheet", "-o", "m.csv"])
    assert "workspaces, roles, keys, tokens, settings" in capsys.readouterr().err


@pytest.mark.parametrize("kind", SHEET_KINDS)
def test_the_page_of_sheets_explains_every_column(kind):
    """In the words that Excel shows too."""
    page = (Path(__file__).parents[1] / "docs" / "sheets.md").read_text(encoding="utf-8")
    for meaning in FORMS[kind].columns.values():
        assert meaning.replace("|", "\\|") in page
