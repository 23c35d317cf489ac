"""Connecting: with a key to the service, without one to the demo organization, and saying which."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

import lsnb
from lsnb.errors import ConfigError, RateLimitedError, ServerError
from lsnb.organization import Organization
from lsnb.service.config import load_settings
from lsnb.service.transport import Transport
from tests.apply.acme import no_sleep


def test_environment_is_used(server, monkeypatch):
    """Key and address come from the environment as elsewhere in LangSmith's tools."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url + "/api/v1/")
    monkeypatch.setenv("LANGSMITH_API_KEY", f" {server.key}\n")
    org = lsnb.connect()
    assert not org.is_demo
    assert "Acme Robotics" == org.whoami().organization


def test_no_key_gives_the_demo_organization_and_says_so(capsys):
    """Without key and address the embedded organization is served, and nobody takes it for real."""
    org = lsnb.connect(environ={})
    assert org.is_demo
    assert "demo organization" in capsys.readouterr().err
    assert "demo organization" in repr(org)
    assert "Acme Robotics" == org.whoami().organization
    assert lsnb.connect(environ={}).host == org.host


@pytest.mark.parametrize("status", [429, 500])
def test_nothing_is_planned_while_the_service_cannot_say_whose_key_it_is(server, status):
    """Not knowing would let a plan take away the caller's own rights; reading goes on, and a later try asks again."""
    settings = load_settings(endpoint=server.url, api_key=server.key, environ={})
    org = Organization(Transport(settings, sleep=no_sleep, jitter=lambda: 0.0))
    sheet = pd.DataFrame({"email": ["ada.lindqvist@acme.example"], "langsmith_role": ["Organization User"]})
    server.faults.add(path="auth/public", status=status, times=None)
    snap = org.snapshot(tables=["access"])
    assert snap.meta.caller.email is None
    for given in (None, snap):
        with pytest.raises(RateLimitedError if status == 429 else ServerError):
            org.plan(sheet, snapshot=given)
    server.faults.clear()
    assert "self" in {verdict.rule for verdict in org.plan(sheet, snapshot=snap).refusals}


def test_address_without_a_key_is_an_error():
    """Who names a service wants that service, not invented people."""
    with pytest.raises(ConfigError, match="LANGSMITH_API_KEY"):
        lsnb.connect(environ={"LANGSMITH_ENDPOINT": "https://langsmith.example.com"})


def test_import_is_light():
    """`import lsnb` loads neither requests nor widgets nor the sandbox, and the public names still are there."""
    code = (
        "import sys, lsnb; heavy = {'requests', 'ipywidgets', 'fastapi', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy; assert set(lsnb.__all__) <= set(dir(lsnb)); [getattr(lsnb, n) for n in lsnb.__all__]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_public_names_are_sorted():
    """The list of public names is in order, and every one exists."""
    assert sorted(lsnb.__all__) == lsnb.__all__
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = lsnb.no_such_name
