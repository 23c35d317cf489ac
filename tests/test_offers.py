"""What newer servers offer is found out without changing anything, and used where it is there."""

from __future__ import annotations

import pytest

from lsnb.errors import NotFoundError, NotOfferedError
from lsnb.service import capabilities
from lsnb.tables.structure import build_roles
from tests.apply.acme import Acme

QUESTIONS = {
    "token_revocation": capabilities.can_revoke_tokens,
    "role_restriction": capabilities.can_restrict_roles,
}


@pytest.fixture
def acme(server):
    """Give the small demo organization."""
    return Acme(server)


def state_of(acme):
    """Give all that a question could change."""
    state = acme.server.state
    return (
        dict(state.invitations),
        {key.id: (key.role_id, key.is_revoked) for key in state.keys.values()},
        {role.id: role.is_restricted for role in state.roles.values()},
        acme.grants(),
        acme.mails(),
    )


@pytest.mark.parametrize("switch", QUESTIONS)
@pytest.mark.parametrize("is_there", [True, False])
def test_an_offer_is_found_without_changing_anything(acme, switch, is_there):
    """Each is told apart from a server without it, whatever else the server has."""
    setattr(acme.server.state.behaviours, switch, is_there)
    before = state_of(acme)
    assert is_there is QUESTIONS[switch](acme.api)
    assert before == state_of(acme)
    assert ["GET"] == [line["method"] for line in acme.server.requests]


@pytest.mark.parametrize("is_there", [True, False])
def test_the_newer_batch_is_found_without_inviting_anybody(acme, is_there):
    """The question is refused by both kinds of server, in different words."""
    acme.server.state.behaviours.batch_adds_active = is_there
    before = state_of(acme)
    assert is_there is capabilities.can_batch_add(acme.api, acme.workspace_id("Production"))
    assert before == state_of(acme)
    assert 422 == acme.server.requests[-1]["status"]


@pytest.mark.parametrize("question", QUESTIONS.values())
def test_nothing_is_said_where_the_key_may_not_ask(server, question):
    """A viewer's token cannot find out what changes the server offers."""
    acme = Acme(server, key="viewer_pat")
    assert question(acme.api) in (None, True)  # a missing id may be told before a missing right
    server.faults.add(method="*", path="/api/v1/orgs", times=None, kind="status", status=403)
    assert question(acme.api) is None


def test_a_missing_endpoint_is_no_missing_object():
    """Servers say `Not Found` of a path that they do not know, and name what they do not find otherwise."""
    errors = [
        NotFoundError("", status=status, method="PUT", path="/x", detail=detail)
        for status, detail in (
            (404, "Not Found"),
            (404, "404 page not found"),
            (405, "whatever"),
            (404, "Role not found"),
        )
    ]
    assert [True, True, True, False] == [capabilities.is_missing_endpoint(error) for error in errors]
    assert not capabilities.is_missing_endpoint(ValueError())


def test_a_role_is_restricted_when_the_server_offers_it(acme):
    """It is written, and the table of roles shows it; an older server does not have it, and the error says so."""
    role = acme.role_id("Annotator")
    capabilities.restrict_role(acme.api, role, is_restricted=True)
    roles = build_roles(acme.api.list_roles())
    assert [role] == list(roles.loc[roles["is_restricted"].fillna(False), "role_id"])
    with pytest.raises(NotFoundError, match="Role not found"):
        capabilities.restrict_role(acme.api, "00000000-0000-4000-8000-0000000000ff", is_restricted=True)
    acme.server.state.behaviours.role_restriction = False
    with pytest.raises(NotOfferedError, match="Not offered by this server: restricting"):
        capabilities.restrict_role(acme.api, role, is_restricted=False)
