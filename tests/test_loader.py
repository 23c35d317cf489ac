"""Reading an organization: the fewest calls, everything or an error, and what may not be read said so."""

from __future__ import annotations

import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.errors import ConfigError, IncompleteListError, ServerError, UnexpectedAnswerError, UnreadableTableError
from lsnb.loader import DEFAULT_TABLES
from lsnb.organization import Organization
from lsnb.service.config import load_settings
from lsnb.service.progress import Silent
from lsnb.service.transport import Transport

MEMBERS_PATH = r"/v1/platform/orgs/current/members$"


def connect(server, key="admin_pat", **options):
    """Connect to a demo organization with one of its keys."""
    return lsnb.connect(endpoint=server.url, api_key=server.keys[key], **options)


def connect_patiently(server):
    """Connect so that retries come at once instead of after seconds."""
    settings = load_settings(endpoint=server.url, api_key=server.key, environ={})
    return Organization(Transport(settings, sleep=lambda seconds: None))


def calls(server):
    """List the requests that the server saw, as method and path."""
    return sorted(f"{line['method']} {line['path']}" for line in server.requests)


def statuses(snap):
    """Give the worst status of every table."""
    return {name: snap.status(name)[0] for name in DEFAULT_TABLES}


def test_access_takes_three_calls_and_one_per_500_people(server):
    """The whole matrix of a small organization is four requests."""
    snap = connect(server).snapshot(tables=["access"])
    assert [
        "GET /api/v1/orgs/current/info",
        "GET /api/v1/orgs/current/roles",
        "GET /api/v1/platform/orgs/current/members",
        "GET /api/v1/workspaces",
    ] == calls(server)
    assert len(snap.matrix().columns) == len(snap.workspaces)


def test_everything_is_read_with_an_admins_token(server):
    """With the token of an Organization Admin only other people's tokens stay unknown."""
    found = statuses(connect(server).snapshot())
    assert "partial" == found.pop("access_tokens")
    assert {"complete"} == set(found.values())


def test_tables_match_the_state_of_the_server(server):
    """People, roles and grants are those of the server, counted from its own state."""
    snap = connect(server).snapshot(tables=["access"])
    state = server.dump()
    direct = snap.access[(snap.access["scope"] == "workspace") & (snap.access["source"] != "org-admin")]
    assert len(snap.members) + len(snap.invites) == len(snap.access[snap.access["scope"] == "organization"])
    assert len(snap.roles) == len(state["roles"])
    listed = sum(
        len(person["workspace_memberships"])
        for person in connect(server).api.transport.get("/v1/platform/orgs/current/members", params={"limit": 500})
    )
    assert listed == len(direct)


def test_older_server_gives_the_same_access_workspace_by_workspace():
    """Without the list of members with their workspaces the same table comes from the older lists."""
    with (
        sandbox.start(seed="small") as new,
        sandbox.start(seed="small", behaviours={"enriched_members": False, "newer_endpoints": False}) as old,
    ):
        fresh = connect(new).snapshot(tables=["access"])
        older = connect(old).snapshot(tables=["access"])
    columns = ["email", "scope", "workspace", "role", "state", "workspace_id", "role_id", "identity_id"]
    pd.testing.assert_frame_equal(fresh.access[columns], older.access[columns])
    assert fresh.members["email"].tolist() == older.members["email"].tolist()
    assert "members/active" in " ".join(older.completeness["endpoint"])


@pytest.mark.parametrize("behaviours", [{"platform_paths": "bare-only"}, {"platform_paths": "api-only"}])
def test_both_path_forms_are_found(behaviours):
    """A server that has only one of the two forms of the platform's paths is read all the same."""
    with sandbox.start(seed="small", behaviours=behaviours) as server:
        assert 40 < len(connect(server).snapshot(tables=["access"]).access)


def test_viewer_gets_a_partial_matrix_and_is_told(server):
    """Without organization:manage the service lists only the workspaces that the caller sees; that is said."""
    snap = connect(server, "viewer_pat").snapshot()
    status, reason = snap.status("access")
    assert "partial" == status
    assert "Organization Admin" in reason
    with pytest.raises(UnreadableTableError, match="audit_log"):
        _ = snap.audit_log


def test_workspace_key_gets_its_own_workspace_and_a_clear_word(server):
    """A key of one workspace sees its people and keys; the organization's parts are unreadable, not empty."""
    snap = connect(server, "workspace_key").snapshot()
    found = statuses(snap)
    assert {"partial"} == {found[name] for name in ("access", "members", "service_keys")}
    assert "partial" == found["workspaces"]
    for name in ("settings", "roles", "sso", "access_tokens"):
        assert "unreadable" == found[name]
        with pytest.raises(UnreadableTableError, match="not the same as empty"):
            snap.table(name)
    assert 1 == len(snap.workspaces)
    assert snap.access["identity_id"].isna().all()
    assert set(snap.filter_access(scope="workspace")["workspace"]) == set(snap.workspaces["workspace"])
    assert not snap.meta.caller.is_organization_wide


def test_plan_without_a_feature_makes_the_table_unavailable():
    """What the plan does not offer is not asked for, and never looks empty."""
    with sandbox.start(seed="norbac") as server:
        snap = connect(server).snapshot()
        asked = calls(server)
    assert "unavailable" == snap.status("audit_log")[0]
    assert not any("audit-logs" in call for call in asked)
    assert not snap.has_rbac
    inside = snap.filter_access(scope="workspace")
    assert {"Admin"} == set(inside["role"])
    assert "no-rbac" in set(inside["source"])


def test_failing_page_fails_the_reading(server):
    """A page that fails after its retries is an error, never a shorter list."""
    server.faults.add(method="GET", path=MEMBERS_PATH, times=4, kind="status", status=500)
    with pytest.raises(ServerError, match="500"):
        connect_patiently(server).snapshot(tables=["access"])


def test_page_that_recovers_is_read(server):
    """Three failures in a row are survived."""
    server.faults.add(method="GET", path=MEMBERS_PATH, times=2, kind="status", status=500)
    assert 40 < len(connect_patiently(server).snapshot(tables=["access"]).access)


def test_page_of_a_proxy_is_an_error(server):
    """HTML with status 200 is not an empty list."""
    server.faults.add(method="GET", path=r"/orgs/current/roles$", times=9, kind="html")
    with pytest.raises(UnexpectedAnswerError, match="text/html"):
        connect(server).snapshot(tables=["access"])


def test_short_list_is_never_taken_as_whole():
    """A total that the pages do not reach is an error with both numbers."""
    from lsnb.service.transport.paging import read_counted

    def get_page(offset, limit):
        return [{"id": f"{n}"} for n in range(limit)], {"X-Pagination-Total": "1000"}

    with pytest.raises(IncompleteListError) as caught:
        read_counted(get_page, limit=500)
    assert 1000 == caught.value.promised


def test_audit_log_is_read_side_by_side_and_each_event_once(server):
    """The window is cut into parts; what lies on an edge comes once, and nothing is missing."""
    org = connect(server)
    snap = org.snapshot(tables=["audit_log"], audit_days=60)
    end = snap.meta.read_at
    whole = org.api.list_audit_log(end - pd.Timedelta(days=60), end)
    assert {event["metadata"]["uid"] for event in whole} <= set(snap.audit_log["event_id"])
    assert snap.audit_log["event_id"].is_unique


def test_unknown_table_is_refused_with_the_known_ones(server):
    """A misspelt table is an error that lists the tables, before any request."""
    with pytest.raises(ConfigError, match="members"):
        connect(server).snapshot(tables=["membres"])
    assert [] == server.requests


def test_excluded_tables_are_not_read(server):
    """What is left out is recorded as not loaded."""
    snap = connect(server).snapshot(exclude=["audit_log", "usage", "shared_links"])
    assert "not-loaded" == snap.status("audit_log")[0]
    assert not any("audit-logs" in call or "granular" in call or "shared" in call for call in calls(server))


def test_progress_reaches_its_end(server):
    """The bar counts up to its total and is taken away."""
    seen = []

    class Recorder(Silent):
        def draw(self, title, done, total, note):
            """Keep what is drawn."""
            seen.append((done, total))

        def end(self):
            """Mark the end."""
            seen.append("end")

    connect(server).snapshot(display=Recorder())
    assert "end" == seen[-1]
    assert seen[-2][0] == seen[-2][1]
    done = [step[0] for step in seen[:-1]]
    assert done == sorted(done)


def test_large_organization_loads_in_43_requests():
    """20,000 people in 200 workspaces take 3 + 40 requests."""
    with sandbox.start(seed="large") as server:
        snap = connect(server).snapshot(tables=["access"])
        assert 43 == len(server.requests)
    assert 20_000 == len(snap.members) + len(snap.invites)
    assert 200 == len(snap.workspaces)
    assert 95_000 < len(snap.access)
    assert (20_000, 200) == snap.matrix().shape
