"""What only a person who is logged in may do."""

from __future__ import annotations

import inspect
import re

import pytest

from lsnb.errors import ApiError, LsnbError, UserOnlyError
from lsnb.organization import Organization
from lsnb.service.config import load_settings
from lsnb.service.transport import Transport
from lsnb.service.user_only import UserOnly

METHODS = sorted(name for name, _ in inspect.getmembers(UserOnly, inspect.isfunction) if not name.startswith("_"))
NOBODY = "00000000-0000-4000-8000-000000000000"


def connected(server, key="admin_pat"):
    """Connect to the demo organization."""
    return Organization(Transport(load_settings(endpoint=server.url, api_key=server.keys[key], environ={})))


@pytest.mark.parametrize("name", METHODS)
def test_a_key_is_refused_without_a_request(server, name):
    """The error names the operation, and where in LangSmith a person does it."""
    org = connected(server)
    with pytest.raises(UserOnlyError) as caught:
        getattr(org.user_only, name)()
    assert isinstance(caught.value, LsnbError)
    assert re.fullmatch(r"(GET|POST|DELETE) /[\w/{}-]+", caught.value.operation)
    assert caught.value.where in str(caught.value)
    assert [] == server.requests


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("key", ["admin_pat", "admin_service_key"])
def test_the_service_refuses_a_key_there_too(server, name, status, key):
    """It is no matter of lsnb: whoever asks with a key gets no, whatever the key may do otherwise."""
    server.state.behaviours.user_route_status = status
    org = connected(server, key)
    with pytest.raises(UserOnlyError) as caught:
        getattr(org.user_only, name)()
    method, path = re.sub(r"{\w+}", NOBODY, caught.value.operation).split()
    body = None if method != "POST" else {"display_name": "x", "is_personal": False, "email": "x@acme.example"}
    body = body and body | {"saml_provider_id": NOBODY}
    with pytest.raises(ApiError) as refused:
        org.api.transport.request(method, f"/api/v1{path}", body=body, retry=False)
    assert status == refused.value.status
