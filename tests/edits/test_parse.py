from __future__ import annotations

import sys
import time

import pandas as pd
import pytest

from lsnb.errors import TableError
from lsnb.sheets import EDIT_COLUMNS, PROBLEM_COLUMNS, parse_sheet
from tests.edits.company import ANNOTATOR, LABS, OLD, PRODUCTION, STAGING, TWINS, make_snapshot, sheet

SNAPSHOT = make_snapshot()
OFFICIAL = "email langsmith_role workspace_id workspace_name"


def parse(*rows, columns="email langsmith_role workspace_name action", snapshot=SNAPSHOT):
    """Parse a sheet that is written by hand."""
    return parse_sheet(sheet(*rows, columns=columns), snapshot, source="changes.csv")


def problems_of(edits):
    """List row, column and value of each problem."""
    return edits.problems[["row", "column", "value"]].to_numpy().tolist()


def rows_of(edits, *columns):
    """List some columns of the rows that were understood, with None for what is unknown."""
    rows = edits.rows[list(columns)].astype(object)
    return [tuple(row) for row in rows.where(rows.notna(), None).to_numpy().tolist()]


def test_the_official_file_is_understood_as_it_is():
    """The four columns of LangChain's own tool, with its names for roles, become edits without a change."""
    edits = parse(
        ["alice@example.com", "Organization Admin", "", ""],
        ["Alice@Example.com", "Workspace Admin", PRODUCTION, "Production"],
        ["dana@example.com", "Annotator", STAGING, "Staging (EU)"],
        columns=OFFICIAL,
    )
    assert edits.is_clean
    assert list(EDIT_COLUMNS) == edits.rows.columns.tolist()
    assert [
        (2, "alice@example.com", "organization", None, None, "Organization Admin", "ORGANIZATION_ADMIN", "set", None),
        (3, "alice@example.com", "workspace", "Production", PRODUCTION, "Admin", "WORKSPACE_ADMIN", "set", None),
        (4, "dana@example.com", "workspace", "Staging (EU)", STAGING, "Annotator", "CUSTOM", "set", None),
    ] == rows_of(edits, "row", "email", "scope", "workspace", "workspace_id", "role", "role_name", "action", "note")
    assert ANNOTATOR == edits.rows["role_id"].iloc[2]


def test_twelve_mistakes_in_one_sheet_are_all_listed():
    """Every mistake is listed at once, by row and column, with what would be right."""
    edits = parse(
        ["dana@example.com", "Edtor", "", "Production", ""],  # 2: a role that is not there
        ["dana@example.com", "Viewer", "", "Stagin (EU)", ""],  # 3: a workspace that is not there
        ["dana@example.com", "Viewer", "", "Lab", ""],  # 4: a name that two workspaces have
        ["dana@example.com", "Viewer", STAGING, "Production", ""],  # 5: id and name of different workspaces
        ["dana@@example.com", "Organization User", "", "", ""],  # 6: no address
        ["", "Organization User", "", "", ""],  # 7: nobody
        ["erik@example.com", "Organization User", "", "Production", ""],  # 8: an organization role in a workspace
        ["erik@example.com", "Viewer", "", "", ""],  # 9: a workspace role without a workspace
        ["erik@example.com", "Reviewer", LABS[0], "", ""],  # 10: a name that two roles have
        ["erik@example.com", "", "", "Production", "delete"],  # 11: an action that is not there
        ["carla@example.com", "Viewer", OLD, "", ""],  # 12: a workspace that has been deleted
        ["carla@example.com", "Viewer", "", "Production", ""],  # 13 and 14: two roles in one place
        ["carla@example.com", "Editor", "", "Production", ""],
        ["fay@example.com", "", "", "", "remove"],  # 15 and 16: leaves, and stays
        ["fay@example.com", "Viewer", "", "Production", ""],
        ["bob@example.com", "Viewer", "", "Production", "remove"],  # 17 and 18: goes and stays in one place
        ["bob@example.com", "Viewer", "", "Production", ""],
        columns="email langsmith_role workspace_id workspace_name action",
    )
    assert list(PROBLEM_COLUMNS) == edits.problems.columns.tolist()
    expected = [
        [2, "langsmith_role", "Edtor", "'Editor'"],
        [3, "workspace_name", "Stagin (EU)", "'Staging (EU)'"],
        [4, "workspace_name", "Lab", LABS[1]],
        [5, "workspace_name", "Production", PRODUCTION],
        [6, "email", "dana@@example.com", "dana@example.com"],
        [7, "email", "", ""],
        [8, "langsmith_role", "Organization User", "Empty the workspace cells"],
        [9, "langsmith_role", "Viewer", "Name the workspace"],
        [10, "langsmith_role", "Reviewer", "Write the id"],
        [11, "action", "delete", "'remove'"],
        [12, "workspace_id", OLD, "Take the row away"],
        [13, "langsmith_role", "Viewer", "Keep one of the rows"],
        [14, "langsmith_role", "Editor", "Keep one of the rows"],
        [16, "action", "", "row 15"],
        [17, "action", "remove", "Keep one of the rows"],
        [18, "action", "", "Keep one of the rows"],
    ]
    assert [problem[:3] for problem in expected] == problems_of(edits)
    for (*_, hint), found in zip(expected, edits.problems["hint"], strict=True):
        assert hint in found
    assert edits.problems["reason"].ne("").all()
    assert edits.rows.empty


def test_the_error_lists_row_column_value_and_hint_in_words():
    """What is raised for a sheet with problems can be read as it is, and holds the table of all."""
    edits = parse(["dana@example.com", "Edtor", "Production"], *[[f"x{i}", "", ""] for i in range(30)])
    with pytest.raises(TableError) as caught:
        edits.require_clean()
    lines = str(caught.value).split("\n  ")
    assert "changes.csv has 31 problems, and nothing was planned:" == lines[0]
    assert "row 2, langsmith_role 'Edtor': There is no such role of workspaces. Did you mean 'Editor'?" == lines[1]
    assert "… and 11 more" == lines[-1]
    assert 31 == len(edits.problems)
    assert caught.value.problems is edits.problems
    assert 22 == len(lines)


def test_a_sheet_without_problems_is_returned_itself():
    """`require_clean` can stand in a chain."""
    edits = parse(["dana@example.com", "Viewer", "Production"])
    assert edits is edits.require_clean()


def test_all_wrong_cells_of_one_row_are_listed():
    """A row with four wrong cells has four problems, in the order of the columns."""
    edits = parse(["dana", "Edtor", "Prodction", "undo"])
    assert ["email", "langsmith_role", "workspace_name", "action"] == edits.problems["column"].tolist()


@pytest.mark.parametrize("text", ["remove", "Remove", " REMOVE ", "re\u200bmove"])
def test_remove_is_understood_in_any_case(text):
    """`remove` takes away the role in the place that the row names; a role beside it says nothing."""
    edits = parse(["dana@example.com", "nonsense", "Production", text], ["fay@example.com", "", "", text])
    assert edits.is_clean
    assert [("workspace", None, "remove"), ("organization", None, "remove")] == rows_of(
        edits, "scope", "role", "action"
    )


def test_an_empty_role_is_a_mention_and_no_change():
    """The row stays, with the role unknown: who is mentioned is not left out under sync."""
    edits = parse(["dana@example.com", "", "Production"], ["new@example.com", " ", ""])
    assert edits.is_clean
    assert [("workspace", None, "set"), ("organization", None, "set")] == rows_of(edits, "scope", "role", "action")


def test_organization_admin_in_a_workspace_row_counts_for_the_organization():
    """As the official tool reads it, and the row's note says so; several such rows are one wish."""
    edits = parse(
        ["ada@example.com", "Organization Admin", "Production", "", "asked by Bob"],
        ["ada@example.com", "Organization Admin", "Staging (EU)"],
        columns="email langsmith_role workspace_name action note",
    )
    assert edits.is_clean
    assert [("organization", None, "Organization Admin")] == rows_of(edits, "scope", "workspace", "role")
    note = edits.rows["note"].iloc[0]
    assert note.startswith("asked by Bob; ")
    assert "counts for the whole organization" in note


def test_organization_admin_in_a_workspace_row_contradicts_another_organization_role():
    """The higher role does not win here either."""
    edits = parse(["ada@example.com", "Organization User", ""], ["ada@example.com", "Organization Admin", "Production"])
    assert [[2, "langsmith_role", "Organization User"], [3, "langsmith_role", "Organization Admin"]] == problems_of(
        edits
    )


def test_identical_rows_are_one():
    """The same wish twice, also in other words, is one; a row without a role adds nothing to one with it."""
    edits = parse(
        ["dana@example.com", "", "Production"],
        ["dana@example.com", "Viewer", "Production"],
        ["DANA@example.com", "workspace viewer", "production"],
    )
    assert edits.is_clean
    assert [(3, "Viewer")] == rows_of(edits, "row", "role")


def test_two_roles_name_both_rows_and_both_roles():
    """The reason is enough to find and decide it."""
    edits = parse(["dana@example.com", "Viewer", "Production"], [], ["dana@example.com", "Editor", "Production"])
    reason = "Rows 2 and 4 give dana@example.com different roles in 'Production': 'Viewer' and 'Editor'."
    assert [reason, reason] == edits.problems["reason"].tolist()


def test_removal_from_the_organization_with_removals_from_workspaces_is_no_contradiction():
    """Saying the same thing twice is fine."""
    edits = parse(["dana@example.com", "", "", "remove"], ["dana@example.com", "", "Production", "remove"])
    assert edits.is_clean


@pytest.mark.parametrize(
    "columns",
    [
        "EMAIL LangSmith_Role Workspace_Name Action",
        "e-mail langsmith-role workspace-name action",
        "\ufeffemail role workspace action",
        "Email_Address Role Workspace ACTION",
    ],
)
def test_columns_are_found_under_their_usual_names(columns):
    """Case, hyphens, underscores, byte order marks and the snapshot's own names are understood."""
    edits = parse(["dana@example.com", "Viewer", "Production"], columns=columns)
    assert edits.is_clean
    assert [("dana@example.com", "Production", "Viewer")] == rows_of(edits, "email", "workspace", "role")


def test_columns_with_blanks_are_found():
    """`Langsmith Role` is langsmith_role."""
    frame = sheet(["dana@example.com", "Viewer", "Production"], columns="a b c")
    frame.columns = ["E-mail address", " Langsmith  Role ", "Workspace Name"]
    assert [("Production", "Viewer")] == rows_of(parse_sheet(frame, SNAPSHOT), "workspace", "role")


def test_a_sheet_without_addresses_is_one_problem_that_names_its_columns():
    """Nothing else is said about a sheet that is another sheet."""
    edits = parse(["Dana", "Viewer"], columns="person langsmith_role")
    assert [[1, "email", ""]] == problems_of(edits)
    assert "'person' and 'langsmith_role'" in edits.problems["reason"].iloc[0]
    assert edits.rows.empty
    assert list(EDIT_COLUMNS) == edits.rows.columns.tolist()


@pytest.mark.parametrize(
    ("columns", "misspelt", "meant"),
    [
        ("email langsmit_role workspace_name", "langsmit_role", "'langsmith_role'"),
        ("email new_role workspace_name", "new_role", "'langsmith_role'"),
        ("email langsmith_role workspaces", "workspaces", "'workspace_name'"),
        ("email langsmith_role workspace_title", "workspace_title", "'workspace_name'"),
        ("email langsmith_role Actoin", "Actoin", "'action'"),
    ],
)
def test_a_column_that_looks_misspelt_is_a_problem(columns, misspelt, meant):
    """Read without that column, the rows would mean something else."""
    edits = parse(["dana@example.com", "", ""], columns=columns)
    assert [[1, misspelt, misspelt]] == problems_of(edits)
    assert meant in edits.problems["hint"].iloc[0]


def test_other_columns_are_left_aside():
    """A team, a date and our own report are no concern of the parser."""
    edits = parse(["dana@example.com", "Viewer", "Production", "x", "y", "z", "w"],
                  columns="email langsmith_role workspace_name team problem joined_on name")  # fmt: skip
    assert edits.is_clean


def test_two_columns_for_the_same_thing_are_a_problem():
    """Which of the two counts is not guessed."""
    edits = parse(["dana@example.com", "bob@example.com", "Viewer"], columns="Email e-mail_address role")
    assert edits.is_clean is False
    frame = sheet(["dana@example.com", "x@example.com"], columns="email EMAIL")
    assert [[1, "email", "email"]] == problems_of(parse_sheet(frame, SNAPSHOT))


def test_rows_are_numbered_as_in_the_sheet():
    """A frame of `read_sheet` carries its numbers, also when rows were picked; others are counted from 2."""
    frame = sheet(["a", ""], ["b", ""], ["c", ""])
    assert [2, 3, 4] == parse_sheet(frame, SNAPSHOT).problems["row"].tolist()
    assert [2, 3] == parse_sheet(frame.iloc[1:], SNAPSHOT).problems["row"].tolist()
    numbered = frame.set_axis(pd.Index([2, 5, 9], name="row"), axis=0)
    assert [5, 9] == parse_sheet(numbered.iloc[1:], SNAPSHOT).problems["row"].tolist()


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_rows_that_were_picked_keep_their_cells(dtype):
    """Whatever the columns are made of, no row of a part of a frame is lost or takes another one's text."""
    frame = sheet(["a@example.com", "Nobody"], ["b@example.com", "Nothing"], ["c@example.com", "Nowhere"]).astype(dtype)
    problems = parse_sheet(frame.iloc[1:], SNAPSHOT).problems
    assert [(2, "Nothing"), (3, "Nowhere")] == list(zip(problems["row"], problems["value"], strict=True))


def test_cells_of_any_type_are_read_as_text():
    """Numbers, missing values and categories are what a person would have typed; blank rows are nothing."""
    frame = pd.DataFrame(
        {
            "email": pd.Categorical(["dana@example.com", None, "fay@example.com"]),
            "langsmith_role": ["Viewer", None, float("nan")],
            "workspace_id": [PRODUCTION, pd.NA, 7.0],
            "note": [1, None, True],
        }
    )
    edits = parse_sheet(frame, SNAPSHOT)
    assert [[4, "workspace_id", "7"]] == problems_of(edits)
    assert [(2, "1")] == rows_of(edits, "row", "note")


def test_the_frame_is_not_changed():
    """What was handed over is as it was."""
    frame = sheet([" Dana@Example.com ", "viewer", "production"])
    before = frame.copy()
    parse_sheet(frame, SNAPSHOT)
    pd.testing.assert_frame_equal(before, frame)


def test_an_empty_sheet_gives_no_edits_with_the_right_columns():
    """No rows are still a table."""
    edits = parse()
    assert edits.is_clean
    assert "Int64" == str(edits.rows["row"].dtype)
    assert list(EDIT_COLUMNS) == edits.rows.columns.tolist()


def test_without_roles_in_the_plan_only_admin_can_be_given():
    """The problem says why, so that nobody looks for a typing mistake."""
    edits = parse(["new@example.com", "Viewer", "Production"], ["new@example.com", "Admin", "Staging (EU)"],
                  snapshot=make_snapshot(has_rbac=False))  # fmt: skip
    assert [[2, "langsmith_role", "Viewer"]] == problems_of(edits)
    assert "plan has no roles" in edits.problems["reason"].iloc[0]


def test_the_snapshot_own_table_is_understood_unchanged():
    """`snap.access` itself is a sheet: what people have by being Organization Admin asks for nothing."""
    edits = parse_sheet(SNAPSHOT.access, SNAPSHOT)
    assert edits.is_clean
    of_ada = edits.rows[edits.rows["email"] == "ada@example.com"]
    assert ["Organization Admin"] == of_ada["role"].dropna().tolist()
    assert {"set"} == set(edits.rows["action"])
    twins = edits.rows.loc[edits.rows["role"] == "Reviewer", "role_id"]
    assert set(TWINS) == set(twins)


def test_the_snapshot_own_table_can_be_edited():
    """A changed role counts, and not the id that was left beside it."""
    access = SNAPSHOT.access
    is_erik = (access["email"] == "erik@example.com") & (access["scope"] == "workspace")
    access.loc[is_erik, "role"] = "Annotator"
    edits = parse_sheet(access, SNAPSHOT)
    assert edits.is_clean
    mine = edits.rows[(edits.rows["email"] == "erik@example.com") & (edits.rows["scope"] == "workspace")]
    assert {ANNOTATOR} == set(mine["role_id"])


def test_a_key_in_the_wrong_cell_is_not_passed_on_with_the_problem():
    """Problems are printed and sent around; a key that was pasted into a cell stays out of them."""
    key = f"lsv2_sk_{'a1' * 16}_{'b2' * 5}"
    edits = parse([key, "Viewer", "Production"], ["x@example.com", key, "Production"], ["x@example.com", "Viewer", key])
    assert 3 == len(edits.problems)
    with pytest.raises(TableError) as caught:
        edits.require_clean()
    for text in (edits.problems.to_json(), str(caught.value)):
        assert "a1a1" not in text
        assert "(key removed)" in text


def test_problems_do_not_depend_on_how_often_it_is_asked():
    """The same sheet gives the same edits and the same problems in the same order."""
    rows = [[f"x{i % 7}@example.com", ["Edtor", "Viewer", "Editor"][i % 3], "Production"] for i in range(60)]
    first, second = parse(*rows), parse(*rows)
    pd.testing.assert_frame_equal(first.problems, second.problems)
    pd.testing.assert_frame_equal(first.rows, second.rows)
    assert sorted(first.problems["row"]) == first.problems["row"].tolist()


def test_a_large_sheet_is_read_by_its_distinct_values(capsys):
    """20,000 rows give 20,000 edits; how long it took is printed."""
    frame = pd.DataFrame(
        {
            "email": [f"person{i // 4}@example.com" for i in range(20_000)],
            "langsmith_role": ["Organization User", "Workspace User", "Viewer", "annotator"] * 5_000,
            "workspace_name": ["", "Production", "Staging (EU)", "production"] * 5_000,
        }
    )
    frame.loc[3::4, "workspace_name"] = LABS[0]
    started = time.perf_counter()
    edits = parse_sheet(frame, SNAPSHOT)
    with capsys.disabled():
        sys.stdout.write(f" parse_sheet: 20,000 rows in {time.perf_counter() - started:.2f} s ")
    assert edits.is_clean
    assert 20_000 == len(edits.rows)
