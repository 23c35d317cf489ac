"""The enriched member list (API.md 8.7)."""

from __future__ import annotations

import pytest

from lsnb.sandbox.rules.enriched import EnrichedQuery, list_enriched

from .conftest import acme, as_caller


def find(state, key="admin_pat", **query):
    """Return the addresses that a query finds."""
    page = list_enriched(as_caller(state, key), EnrichedQuery(limit=500, **query))
    assert page.total == len(page.rows)
    return {row["email"] for row in page.rows}


def test_active_and_pending_are_in_one_list(state):
    """Everybody is there once, and a page past the end is empty."""
    page = list_enriched(as_caller(state), EnrichedQuery(limit=500))
    assert page.total == len(state.people) + len(state.invitations)
    assert list_enriched(as_caller(state), EnrichedQuery(offset=500)).rows == []
    assert len(find(state, active_is=True)) == len(state.people)
    assert len(find(state, pending_is=True)) == len(state.invitations)
    assert find(state, active_is=False) == find(state, pending_is=True)


def test_pages_partition_the_list(state):
    """Paging with an offset gives everybody once."""
    caller = as_caller(state)
    rows = [row["id"] for offset in range(0, 60, 7) for row in list_enriched(caller, EnrichedQuery(7, offset)).rows]
    assert len(rows) == len(set(rows)) == len(state.people) + len(state.invitations)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"email_like": ("GRACE*",)}, {"grace.kim@acme.example", "grace.kim+eval@acme.example"}),
        ({"name_like": ("*müller", "*o'connor")}, {"zoe.muller@acme.example", "siobhan.oconnor@acme.example"}),
        ({"organization_role_like": ("*operator",)}, {"jonas.weber@acme.example", "samuel.adeyemi@acme.example"}),
        ({"workspace_role_like": ("power user",)}, {"liam.murphy@acme.example"}),
        ({"workspace_name_like": ("mark*",), "workspace_role_like": ("admin",)}, {"carlos.mendes@acme.example"}),
        ({"email_like": ("a.b",)}, set()),
    ],
)
def test_globs_match_without_case(state, query, found):
    """`*` stands for any text, several globs are alternatives, several filters must all hold."""
    assert found == find(state, **query)


def test_workspace_filter_takes_an_id(state):
    """The name or the id of a workspace."""
    assert find(state, workspace_name_like=("Marketing",)) == find(
        state, workspace_name_like=(acme("workspace", "mktg"),)
    )


def test_others_see_only_their_own_workspaces(state):
    """Without `organization:manage` the memberships are cut to what the caller may see."""
    page = list_enriched(as_caller(state, "user_pat"), EnrichedQuery(limit=500))
    seen = {place["workspace_name"] for row in page.rows for place in row["workspace_memberships"]}
    assert not page.lists_all_workspaces
    assert seen == {"Production", "Research", "Staging"}
    assert list_enriched(as_caller(state, "operator_pat"), EnrichedQuery()).lists_all_workspaces


def test_implicit_memberships_are_a_switch(state):
    """Whether admins are listed in every workspace is not public (unknown 6)."""

    def count():
        rows = list_enriched(as_caller(state), EnrichedQuery(email_like=("ada.*",))).rows
        return len(rows[0]["workspace_memberships"])

    assert count() == 0
    state.behaviours.enriched_implicit_admins = True
    assert count() == 8
