from __future__ import annotations

import pytest

import lsnb
from lsnb.analysis.role_comparison import compare_roles, find_role, role_matrix, similar_roles
from lsnb.errors import TableError
from lsnb.organization import Organization


@pytest.fixture(scope="module")
def snap(running_server):
    """Give the roles of the small demo organization."""
    running_server.reset()
    org: Organization = lsnb.connect(endpoint=running_server.url, api_key=running_server.keys["admin_pat"])
    return org.snapshot(tables=["roles", "permissions", "permission_catalogue"])


def test_the_matrix_holds_every_grant(snap):
    """Each grant of a workspace role is a true cell, and there are no others."""
    matrix = role_matrix(snap)
    grants = snap.permissions
    expected = set(
        grants.loc[grants["scope"] == "workspace", ["permission", "role_id"]].itertuples(index=False, name=None)
    )
    held = matrix.stack()
    assert expected == {place for place, is_held in held.items() if is_held}
    assert "organization:manage" not in matrix.index


def test_two_roles_are_told_apart(snap):
    """Only what differs is listed: + is what the second has on top, - what it lacks."""
    found = compare_roles(snap, "viewer", "Editor")
    assert {"+"} == set(found["difference"])
    assert 43 - 14 == len(found)
    back = compare_roles(snap, "Editor", "Viewer")
    assert {"-"} == set(back["difference"])
    assert found["permission"].tolist() == back["permission"].tolist()
    assert compare_roles(snap, "Power User", "Admin").empty


def test_near_duplicates_are_found(snap):
    """A custom Admin, and two roles whose names differ in case only, are the pairs of the demo organization."""
    pairs = similar_roles(snap)
    assert [("Power User", "Admin"), ("Prompt Engineer", "prompt engineer")] == list(
        pairs[["role", "like"]].itertuples(index=False, name=None)
    )
    assert [1.0, 1.0] == pairs["share"].tolist()


def test_a_role_is_found_by_name_or_id(snap):
    """The name as written counts first, another case only where it is clear; what is not there is said."""
    exact = find_role(snap, "prompt engineer")
    assert exact == find_role(snap, exact)
    assert exact != find_role(snap, "Prompt Engineer")
    with pytest.raises(TableError, match="2 roles are called"):
        find_role(snap, "PROMPT ENGINEER")
    with pytest.raises(TableError, match=r"There is no role 'Nobody'\. The roles are: "):
        find_role(snap, "Nobody")
