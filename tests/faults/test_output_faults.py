"""Files that somebody edited, and what is read, are never written over by accident."""

from __future__ import annotations

import os
from pathlib import Path

import openpyxl
import pytest

import lsnb
from lsnb.errors import PlanError, TableError
from lsnb.files import write_output
from lsnb.files.sheets import read_sheet, write_access_sheet, write_problems
from tests.faults.sheets import GRACE

SHEET = f"email,langsmith_role\n{GRACE},Organization Viewer\n"
WRONG = f"email,langsmith_role\n{GRACE},Organisation Vewer\n"


@pytest.fixture(autouse=True)
def own_memory(tmp_path_factory, monkeypatch):
    """Remember what was written in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


def forget() -> None:
    """Do as another process does, which knows only what is on the disk."""
    from lsnb.files import outputs

    outputs._here.clear()


def edit(path: Path) -> str:
    """Edit a file, and give its new text."""
    path.write_text(path.read_text(encoding="utf-8-sig") + f"{GRACE},Organization Viewer,,,,\n")
    return path.read_text()


@pytest.mark.parametrize("words", [["export", "access", "--sheet"], ["export", "access"]])
def test_b12_an_export_does_not_replace_a_sheet_that_was_edited(run, tmp_path, words):
    """With and without --sheet; with --force it does, and one that nobody touched is replaced as ever."""
    path = tmp_path / "s.csv"
    assert run(*words, "-o", "s.csv")[0] == 0
    forget()
    assert run(*words, "-o", "s.csv")[0] == 0
    text = edit(path)
    code, said = run(*words, "-o", "s.csv")
    assert code not in (0, 2)
    assert "--force" in said
    assert path.read_text() == text
    assert run(*words, "-o", "s.csv", "--force")[0] == 0
    assert path.read_text() != text


def test_b12_an_export_of_a_sheet_spares_files_that_are_not_ours(run, tmp_path):
    """It may be the only copy of what somebody wrote by hand."""
    (tmp_path / "s.csv").write_text(SHEET)
    assert run("export", "access", "--sheet", "-o", "s.csv")[0] == 1
    assert (tmp_path / "s.csv").read_text() == SHEET


@pytest.mark.parametrize("option", ["-o", "--problems"])
@pytest.mark.parametrize("how", ["itself", "absolute", "dots", "symlink", "hard link"])
def test_b12_a_plan_does_not_replace_its_own_sheet(run, tmp_path, option, how):
    """By whatever name it goes, and also where lsnb itself wrote it."""
    path = tmp_path / "p.csv"
    write_output(path, SHEET.encode(), TableError)
    other = tmp_path / "other.csv"
    if how == "symlink":
        other.symlink_to(path)
    elif how == "hard link":
        os.link(path, other)
    names = {"itself": "p.csv", "absolute": path, "dots": f"../{tmp_path.name}/p.csv"}
    code, said = run("plan", "p.csv", option, names.get(how, "other.csv"))
    assert code not in (0, 2)
    assert "is what is read here" in said
    assert path.read_text() == SHEET


@pytest.mark.parametrize("ending", [".json", ".md", ".html", ".csv", ".txt"])
def test_b12_a_saved_plan_that_was_edited_stays(run, tmp_path, ending):
    """Made again over its own output it is replaced, also by another process."""
    (tmp_path / "s.csv").write_text(SHEET)
    path = tmp_path / f"plan{ending}"
    for _ in range(2):
        assert run("plan", "s.csv", "-o", path.name)[0] == 2
        forget()
    path.write_text("my notes")
    assert run("plan", "s.csv", "-o", path.name)[0] == 1
    assert path.read_text() == "my notes"
    assert run("plan", "s.csv", "-o", path.name, "--force")[0] == 2
    assert path.read_text() != "my notes"


def test_b12_problems_do_not_replace_what_was_mended_meanwhile(run, tmp_path):
    """The sheet that came back is the one that people edit."""
    (tmp_path / "s.csv").write_text(WRONG)
    assert run("plan", "s.csv", "--problems", "back.csv")[0] == 1
    assert run("plan", "s.csv", "--problems", "back.csv")[0] == 1
    text = edit(tmp_path / "back.csv")
    assert "--force" in run("plan", "s.csv", "--problems", "back.csv")[1]
    assert (tmp_path / "back.csv").read_text() == text
    assert "Name two files" in run("plan", "s.csv", "--problems", "new.csv", "-o", "new.csv")[1]


def test_b12_results_and_plans_back_do_not_replace_what_they_come_from(run, tmp_path):
    """The plan, the journal, and an edited table of results; refused before anything is done."""
    (tmp_path / "s.csv").write_text(SHEET)
    run("plan", "s.csv", "-o", "plan.json")
    plan = lsnb.load_plan(tmp_path / "plan.json")
    apply = ["apply", "plan.json", "--confirm", plan.fingerprint, "--journal", "j.jsonl"]
    assert "is what is read here" in run(*apply, "-o", "plan.json")[1]
    assert "as lsnb wrote it last" in run(*apply, "-o", "s.csv")[1]
    assert not (tmp_path / "j.jsonl").exists()
    assert run(*apply, "-o", "results.csv")[0] == 0
    journal = (tmp_path / "j.jsonl").read_text()
    (tmp_path / "j.json").symlink_to("j.jsonl")
    assert run("undo", "j.jsonl", "-o", "j.json")[0] == 1
    assert (tmp_path / "j.jsonl").read_text() == journal


def test_b12_python_does_not_replace_what_was_edited_either(org, tmp_path):
    """A cell that is run again replaces its own file; overwrite=True replaces any."""
    snap = org.snapshot(tables=["access"])
    path = tmp_path / "a.xlsx"
    for _ in range(2):
        write_access_sheet(snap, path)
        org.export_sheets(path, "access")
    book = openpyxl.load_workbook(path)
    book["Access"]["F2"] = "mine"
    book.save(path)
    content = path.read_bytes()
    for again in (lambda: write_access_sheet(snap, path), lambda: org.export_sheets(path, "access", "workspaces")):
        with pytest.raises(TableError, match="overwrite=True"):
            again()
    assert path.read_bytes() == content
    org.export_sheets(path, "access", overwrite=True)
    assert path.read_bytes() != content


def test_b12_python_saves_no_plan_and_no_problems_over_others(org, tmp_path):
    """Not over a sheet, and not over the sheet that the problems are of."""
    path = tmp_path / "s.csv"
    path.write_text(SHEET)
    plan = org.plan(path)
    with pytest.raises(PlanError, match="overwrite=True"):
        lsnb.save_plan(plan, path)
    with pytest.raises(TableError, match="is what is read here"):
        write_problems(path, org.edits(path), path)
    assert path.read_text() == SHEET
    write_problems(path, org.edits(path), path, overwrite=True)
    assert "problem" in read_sheet(path).columns


def test_b12_a_home_that_cannot_be_written_is_no_hindrance(tmp_path, monkeypatch):
    """What this process wrote it knows; more it cannot know."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    for text in (b"one", b"two"):
        write_output(tmp_path / "o.txt", text, TableError)
    forget()
    with pytest.raises(TableError, match="as lsnb wrote it last"):
        write_output(tmp_path / "o.txt", b"three", TableError)
