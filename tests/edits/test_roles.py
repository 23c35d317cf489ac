from __future__ import annotations

import pytest

from lsnb.sheets.problems import CellProblem
from lsnb.sheets.roles import RoleIndex
from lsnb.tables.structure import build_roles
from tests.edits.company import ANNOTATOR, CUSTOM_ROLES, ROLE_IDS, TWINS, role_records


def book(custom=CUSTOM_ROLES, *, has_rbac=True):
    """File the company's roles."""
    return RoleIndex(build_roles(role_records(custom)), has_rbac=has_rbac)


@pytest.mark.parametrize(
    ("text", "scope", "system_name"),
    [
        ("Organization Admin", "organization", "ORGANIZATION_ADMIN"),
        ("Organization Operator", "organization", "ORGANIZATION_OPERATOR"),
        ("Organization User", "organization", "ORGANIZATION_USER"),
        ("Organization Viewer", "organization", "ORGANIZATION_VIEWER"),
        ("ORGANIZATION_ADMIN", "organization", "ORGANIZATION_ADMIN"),
        ("organization_user", "organization", "ORGANIZATION_USER"),
        ("  organization   user ", "organization", "ORGANIZATION_USER"),
        ("organization-viewer", "organization", "ORGANIZATION_VIEWER"),
        ("Workspace Admin", "workspace", "WORKSPACE_ADMIN"),
        ("Workspace User", "workspace", "WORKSPACE_USER"),
        ("Workspace Editor", "workspace", "WORKSPACE_USER"),
        ("Workspace Viewer", "workspace", "WORKSPACE_VIEWER"),
        ("WORKSPACE_USER", "workspace", "WORKSPACE_USER"),
        ("WORKSPACE_EDITOR", "workspace", "WORKSPACE_USER"),
        ("Admin", "workspace", "WORKSPACE_ADMIN"),
        ("editor", "workspace", "WORKSPACE_USER"),
        ("VIEWER", "workspace", "WORKSPACE_VIEWER"),
        ("view\u200ber\u00a0", "workspace", "WORKSPACE_VIEWER"),
        ("annotator", "workspace", "CUSTOM"),
        (ANNOTATOR, "workspace", "CUSTOM"),
        (ANNOTATOR.upper(), "workspace", "CUSTOM"),
        (ROLE_IDS["ORGANIZATION_USER"], "organization", "ORGANIZATION_USER"),
        ("Organization Admin", "workspace", "ORGANIZATION_ADMIN"),
    ],
)
def test_a_role_is_found_under_each_of_its_names(text, scope, system_name):
    """The official tool's names, system names, shown names and ids are all understood, whatever their case."""
    assert system_name == book().find(text, scope).system_name


@pytest.mark.parametrize(
    ("text", "scope", "reason", "hint"),
    [
        ("Edtor", "workspace", "no such role of workspaces", "'Editor'"),
        ("Organisation User", "organization", "no such role of the organization", "'Organization User'"),
        ("User", "organization", "no such role of the organization", "'Organization User'"),
        ("Anotator", "workspace", "no such role", "'Annotator'"),
        ("xyz", "organization", "no such role", "Write 'Organization Admin', 'Organization Operator'"),
        ("Organization User", "workspace", "role of the organization, and the row names a workspace", "Empty the"),
        ("Viewer", "organization", "role of workspaces, and the row names no workspace", "Name the workspace"),
        (ANNOTATOR, "organization", "role of workspaces", "Name the workspace"),
        ("Reviewer", "workspace", "2 roles have this name", "Write the id"),
    ],
)
def test_a_role_that_is_not_found_is_explained(text, scope, reason, hint):
    """The reason says what is wrong, and the hint has the nearest names."""
    found = book().find(text, scope)
    assert isinstance(found, CellProblem)
    assert reason in found.reason
    assert hint in found.hint


def test_an_ambiguous_name_lists_the_candidates_with_their_ids():
    """Both candidates are named with what tells them apart."""
    reason = book().find("Reviewer", "workspace").reason
    assert all(twin in reason for twin in TWINS)
    assert "custom" in reason


@pytest.mark.parametrize("name", ["Editor", "editor", "Workspace User", "WORKSPACE_USER", "Organization Admin"])
def test_a_custom_role_with_a_built_in_name_makes_it_ambiguous(name):
    """Neither the custom role nor the built-in one wins by itself."""
    with_twin = book([(ANNOTATOR, name)])
    assert "2 roles have this name" in with_twin.find(name, "workspace").reason
    assert with_twin.find(ANNOTATOR, "workspace").name == name


def test_custom_roles_that_differ_by_case_are_told_apart_by_it():
    """The exact name is enough between custom roles; another case is ambiguous."""
    both = book([(TWINS[0], "Reviewer"), (TWINS[1], "reviewer")])
    assert TWINS[0] == both.find("Reviewer", "workspace").role_id
    assert TWINS[1] == both.find("reviewer", "workspace").role_id
    assert isinstance(both.find("REVIEWER", "workspace"), CellProblem)


@pytest.mark.parametrize("custom", [CUSTOM_ROLES, [(ANNOTATOR, "Editor")], [(ANNOTATOR, "Workspace User")],
                                    [(ANNOTATOR, "Organization Admin")], [(ANNOTATOR, " Spaced  out ")],
                                    [(TWINS[0], "a_b"), (TWINS[1], "a b")], [(ANNOTATOR, ROLE_IDS["WORKSPACE_USER"])]])  # fmt: skip
def test_every_label_is_read_back_as_its_role(custom):
    """Whatever the custom roles are called, what is written for a role names this role and no other."""
    roles = book(custom)
    for role in roles.roles:
        assert role == roles.find(roles.label(role), role.scope)


def test_only_admin_can_be_given_when_the_plan_has_no_roles():
    """Without roles in the plan, other workspace roles are a problem that says so, and are not offered."""
    without = book(has_rbac=False)
    assert "WORKSPACE_ADMIN" == without.find("Admin", "workspace").system_name
    assert "plan has no roles" in without.find("Viewer", "workspace").reason
    assert ["Workspace Admin"] == without.labels("workspace")
    assert 4 == len(without.labels("organization"))
