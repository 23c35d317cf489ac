"""whoami: what a key is and may do, before anything fails."""

from __future__ import annotations

import pytest

import lsnb
from lsnb import sandbox
from lsnb.errors import AuthError, WrongRegionError


def ask(server, key="admin_pat"):
    """Ask who a key of a demo organization is."""
    return lsnb.connect(endpoint=server.url, api_key=server.keys[key]).whoami()


def reading(found, part):
    """Give what is said about one part, as (can_read, can_write)."""
    row = found.parts.set_index("part").loc[part]
    return row["can_read"], row["can_write"]


@pytest.mark.parametrize(
    ("key", "kind", "role", "manages"),
    [
        ("admin_pat", "personal access token", "Organization Admin", True),
        ("operator_pat", "personal access token", "Organization Operator", True),
        ("user_pat", "personal access token", "Organization User", False),
        ("viewer_pat", "personal access token", "Organization Viewer", False),
        ("admin_service_key", "organization-wide service key", None, True),
        ("workspace_key", "workspace service key", None, False),
    ],
)
def test_kind_and_role_are_found(server, key, kind, role, manages):
    """Every kind of key is told apart, in at most six calls."""
    found = ask(server, key)
    assert (kind, role, manages) == (found.key_kind, found.caller.role, found.can_manage)
    assert len(server.requests) <= 6
    assert found.n_requests == len(server.requests)


def test_what_is_promised_is_what_happens(server):
    """For every key and part: what whoami calls readable can be read, and what it does not cannot."""
    for key in ("admin_pat", "operator_pat", "user_pat", "viewer_pat", "admin_service_key", "workspace_key"):
        org = lsnb.connect(endpoint=server.url, api_key=server.keys[key])
        found = org.whoami()
        snap = org.snapshot()
        for row in found.parts.itertuples():
            readable = snap.is_readable(row.part)
            assert (row.can_read != "no") == readable, (key, row.part, row.can_read, snap.status(row.part))


def test_features_of_the_plan_are_listed_with_their_source(server):
    """RBAC, ABAC, audit log and SSO are told, each with the field it is known from."""
    features = ask(server).features.set_index("feature")
    for name in ("roles (RBAC)", "access policies (ABAC)", "audit log", "single sign-on (SSO)"):
        assert "yes" == features.loc[name, "is_offered"]
        assert "GET /orgs/current/info" in features.loc[name, "known_from"]


def test_plan_without_roles_is_said():
    """Without RBAC everybody is Admin, and a note says so; the audit log is not promised."""
    with sandbox.start(seed="norbac") as server:
        found = ask(server)
    assert "no" == found.features.set_index("feature").loc["roles (RBAC)", "is_offered"]
    assert any("no roles" in note for note in found.notes)
    assert "no" == reading(found, "audit_log")[0]


def test_personal_organization_is_said():
    """A personal organization cannot invite; that is known before somebody tries."""
    with sandbox.start(seed="personal") as server:
        found = ask(server)
    assert found.is_personal
    assert any("personal organization" in note for note in found.notes)


def test_workspace_key_is_told_what_it_is_for(server):
    """A key of one workspace names it and what to use for the organization."""
    found = ask(server, "workspace_key")
    assert ["Production"] == list(found.workspaces)
    assert any("single workspaces (Production)" in note for note in found.notes)
    assert ("partly", "unknown") == reading(found, "access")
    assert ("no", "no") == reading(found, "settings")


def test_expired_key_is_an_error_that_says_so(server):
    """A key that is over is found out at once."""
    with pytest.raises(AuthError, match="expired"):
        ask(server, "expired_pat")


def test_key_that_is_refused_everywhere_is_called_a_wrong_region(server):
    """403 on everything is what a key of another region looks like; the message lists where to look."""
    server.faults.add(
        method="GET", path=r"/(orgs/current|workspaces|settings|auth)", times=99, kind="status", status=403
    )
    with pytest.raises(WrongRegionError, match=r"eu\.api\.smith\.langchain\.com"):
        ask(server)


def test_answer_is_plain_data_without_the_key(server):
    """The dictionary, the text and the HTML hold everything but the key."""
    found = ask(server)
    data = found.to_dict()
    assert "ada.lindqvist@acme.example" == data["email"]
    assert "Acme Robotics" == data["organization"]
    for shown in (str(data), str(found), found._repr_html_(), repr(found)):
        assert server.key not in shown


def test_answer_is_remembered(server):
    """Asking twice costs nothing; refreshing asks again."""
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    first = org.whoami()
    asked = len(server.requests)
    assert first is org.whoami()
    assert asked == len(server.requests)
    assert first is not org.whoami(refresh=True)
