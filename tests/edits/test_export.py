from __future__ import annotations

import pytest

import lsnb
from lsnb.errors import TableError
from lsnb.sheets import SHEET_COLUMNS, parse_sheet, sheet_choices, sheet_from_access
from tests.edits.company import ANNOTATOR, LABS, PEOPLE, PRODUCTION, TWINS, make_snapshot

KEY = ["email", "scope", "workspace_id", "role_id"]


def grants(frame):
    """Give the set of who holds which role where."""
    return {tuple(row) for row in frame[KEY].fillna("").to_numpy().tolist()}


@pytest.mark.parametrize(
    "snapshot",
    [
        make_snapshot(),
        make_snapshot(custom_roles=[(ANNOTATOR, "Editor"), (TWINS[0], "Workspace User"), (TWINS[1], "Viewer")]),
        make_snapshot(people=[*PEOPLE, ("ada@example.com", "ORGANIZATION_USER", {}, True)]),
    ],
    ids=["as it is", "custom roles named like built-in ones", "an address twice"],
)
@pytest.mark.parametrize("include_implicit", [False, True])
def test_the_exported_sheet_is_read_back_as_what_is_there(snapshot, include_implicit):
    """The sheet has no problems, and every row in it is a grant that is there already."""
    edits = parse_sheet(sheet_from_access(snapshot, include_implicit=include_implicit), snapshot)
    assert edits.is_clean
    held = snapshot.access[snapshot.access["source"] != "org-admin"]
    is_second = (held["email"] == "ada@example.com") & (held["state"] == "pending")
    assert grants(held[~is_second]) == grants(edits.rows)
    assert {"set"} == set(edits.rows["action"])


def test_the_exported_sheet_of_the_demo_organization_is_read_back_as_what_is_there(server):
    """An organization with all its oddities, read over the wire, is exported and understood without problems."""
    snapshot = lsnb.connect(endpoint=server.url, api_key=server.key).snapshot()
    for sheet in (sheet_from_access(snapshot), snapshot.access):
        edits = parse_sheet(sheet, snapshot)
        assert edits.problems.empty
        assert grants(edits.rows.dropna(subset=["role_id"])) <= grants(snapshot.access)
    of_organization = sheet_from_access(snapshot).query("workspace_id == ''")
    assert set(snapshot.access["email"]) == set(of_organization["email"])
    assert of_organization["email"].is_unique  # two accounts share an address there


def test_the_exported_sheet_is_read_back_when_the_plan_has_no_roles():
    """Everybody in a workspace is its Admin then, and the sheet says so."""
    snapshot = make_snapshot(has_rbac=False)
    sheet = sheet_from_access(snapshot)
    assert {"Workspace Admin"} == set(sheet.loc[sheet["workspace_id"] != "", "langsmith_role"])
    assert parse_sheet(sheet, snapshot).is_clean


def test_the_sheet_has_the_official_columns_and_names():
    """The other tool reads the same four columns, with its own names for the built-in roles."""
    sheet = sheet_from_access(make_snapshot())
    assert list(SHEET_COLUMNS) == sheet.columns.tolist()
    dana = sheet[sheet["email"] == "dana@example.com"]
    assert ["Organization User", "Workspace User", "Annotator"] == dana["langsmith_role"].tolist()
    assert ["", "Production", "Staging (EU)"] == dana["workspace_name"].tolist()
    assert "" == "".join(sheet["action"]) + "".join(sheet["note"])


def test_people_who_have_not_joined_are_in_the_sheet():
    """Their organization role and each workspace of their invitation have a row."""
    sheet = sheet_from_access(make_snapshot())
    fay = sheet[sheet["email"] == "fay@example.com"]
    assert ["", LABS[0], PRODUCTION] == fay["workspace_id"].tolist()


def test_implicit_access_is_written_as_what_gives_it():
    """Asked for, the rows say Organization Admin, which changes nothing when it is read."""
    snapshot = make_snapshot()
    more = sheet_from_access(snapshot, include_implicit=True)
    ada = more[more["email"] == "ada@example.com"]
    assert {"Organization Admin"} == set(ada["langsmith_role"])
    assert 5 == len(ada)


def test_only_the_rows_of_a_workspace_are_written_when_it_is_named():
    """By name or id; the organization's own rows are another matter."""
    snapshot = make_snapshot()
    by_name = sheet_from_access(snapshot, workspaces=["production"])
    assert {PRODUCTION} == set(by_name["workspace_id"])
    assert by_name.equals(sheet_from_access(snapshot, workspaces=[PRODUCTION]))


@pytest.mark.parametrize(("name", "message"), [("Prod", "Production"), ("Lab", "2 workspaces"), ("", "empty")])
def test_an_unknown_workspace_is_an_error_that_names_the_nearest(name, message):
    """A team lead who misspells the workspace is told so."""
    with pytest.raises(TableError, match=message):
        sheet_from_access(make_snapshot(), workspaces=[name])


def test_choices_are_all_understood():
    """Whatever a dropdown offers is read back, and shared names are not offered."""
    snapshot = make_snapshot()
    choices = sheet_choices(snapshot)
    assert ["Production", "Staging (EU)"] == choices["workspace_name"]
    assert ["remove"] == choices["action"]
    assert 10 == len(choices["langsmith_role"])
    assert set(TWINS) < set(choices["langsmith_role"])
