from __future__ import annotations

import pytest

from lsnb.sheets.problems import CellProblem
from lsnb.sheets.workspace_index import WorkspaceIndex
from lsnb.tables.structure import build_workspaces
from tests.edits.company import LABS, OLD, PRODUCTION, STAGING, make_snapshot


def find(id_text, name_text=""):
    """Look a pair of cells up in the company."""
    return WorkspaceIndex(make_snapshot().workspaces).find(id_text, name_text)


@pytest.mark.parametrize(
    ("id_text", "name_text", "expected"),
    [
        (PRODUCTION, "", PRODUCTION),
        (PRODUCTION.upper(), "", PRODUCTION),
        ("", "Production", PRODUCTION),
        ("", " production ", PRODUCTION),
        ("", "staging  (eu)", STAGING),
        (PRODUCTION, "PRODUCTION", PRODUCTION),
        (LABS[1], "Lab", LABS[1]),
        ("Production", "", PRODUCTION),
        ("", PRODUCTION, PRODUCTION),
    ],
)
def test_a_workspace_is_found_by_id_or_name_or_both(id_text, name_text, expected):
    """Each of the two cells is enough, and both together when they agree."""
    assert expected == find(id_text, name_text).workspace_id


def test_no_workspace_is_named_when_both_cells_are_empty():
    """Blank cells mean the organization itself."""
    assert find(" ", "\u00a0") is None


@pytest.mark.parametrize(
    ("id_text", "name_text", "column", "reason", "hint"),
    [
        ("", "Prodution", "workspace_name", "No workspace", "Did you mean 'Production'?"),
        ("", "zzz", "workspace_name", "No workspace", "'Staging (EU)'"),
        ("", "Lab", "workspace_name", "2 workspaces have this name", LABS[1]),
        ("", "Old", "workspace_name", "has been deleted", "Take the row away"),
        (OLD, "Old", "workspace_id", "has been deleted", ""),
        (PRODUCTION, "Staging (EU)", "workspace_name", "The id is that of 'Production'", STAGING),
        (PRODUCTION, "Prodution", "workspace_name", "The id is that of 'Production'", "'Production'"),
        ("ws_unknown", "Production", "workspace_id", "No workspace", PRODUCTION),
        ("ws_unknown", "", "workspace_id", "No workspace", ""),
    ],
)
def test_a_workspace_that_is_not_found_is_explained(id_text, name_text, column, reason, hint):
    """The problem is with the cell that is wrong, and the hint says what would be right."""
    found = find(id_text, name_text)
    assert isinstance(found, CellProblem)
    assert column == found.column
    assert reason in found.reason
    assert hint in found.hint


def test_a_living_workspace_is_meant_when_a_deleted_one_has_the_same_name():
    """A name is not ambiguous because of a workspace that is gone."""
    gone = {"id": "a", "display_name": "Lab", "is_deleted": True}
    places = WorkspaceIndex(build_workspaces([gone, {"id": "b", "display_name": "Lab"}]))
    assert "b" == places.find("", "Lab").workspace_id


def test_names_that_differ_by_case_are_told_apart_by_it():
    """The exact name is enough; another case is ambiguous."""
    places = WorkspaceIndex(build_workspaces([{"id": "a", "display_name": "Lab"}, {"id": "b", "display_name": "LAB"}]))
    assert "a" == places.find("", "Lab").workspace_id
    assert isinstance(places.find("", "lab"), CellProblem)
    assert ["LAB", "Lab"] == places.unique_names()
