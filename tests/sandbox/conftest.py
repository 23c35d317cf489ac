"""A sandbox with a pinned clock, and a small client that is not lsnb's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from lsnb import sandbox
from lsnb.sandbox.access import Caller, enter_organization, enter_workspace, identify
from lsnb.sandbox.ids import make_demo_secret, make_id
from lsnb.sandbox.seeds import build
from lsnb.sandbox.state import State
from lsnb.sandbox.switches import Behaviours

NOW = "2026-11-24T12:00:00+00:00"


def acme(*parts: object) -> str:
    """Return the id of something in the seed `small`."""
    return make_id("acme", *parts)


class Client:
    """Calls one sandbox with plain requests."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.session = requests.Session()

    def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = "admin_pat",
        workspace: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> requests.Response:
        """Send a request as the named key, or as the browser session of an address."""
        sent = dict(headers or {})
        if key and "@" in key:
            body = {"email": key}
            token = self.session.post(f"{self.server.url}/_sandbox/session", json=body, timeout=5).json()[
                "access_token"
            ]
            sent |= {"Authorization": f"Bearer {token}", "X-Organization-Id": self.server.organization_id}
        elif key:
            sent["X-API-Key"] = self.server.keys[key]
        if workspace:
            known = self.server.state.workspaces
            sent["X-Tenant-Id"] = workspace if workspace in known else acme("workspace", workspace)
        return self.session.request(method, self.server.url + path, headers=sent, **({"timeout": 5} | more))

    def get(self, path: str, **more: Any) -> Any:
        """Return the JSON of a read that must succeed."""
        response = self.call("GET", path, **more)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="package")
def shared_sandbox() -> Iterator[Any]:
    """Start one sandbox for all tests here; tests take `small` instead."""
    with sandbox.start(seed="small", now=NOW, behaviours={"clock": "fixed"}) as server:
        yield server


@pytest.fixture
def small(shared_sandbox: Any) -> Any:
    """Give the seed `small` as it was, with its clock standing at noon of 24 November 2026."""
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def client(small: Any) -> Iterator[Client]:
    """Give a client of `small`."""
    made = Client(small)
    yield made
    made.session.close()


def find_secret(state: State, key: str) -> str:
    """Return the secret of a demo key."""
    prefix = "lsv2_sk_" if key in ("admin_service_key", "workspace_key") else "lsv2_pt_"
    return make_demo_secret(prefix, state.organization.id, key)


def as_caller(state: State, key: str = "admin_pat", workspace: str | None = None) -> Caller:
    """Return the caller behind a demo key, without any server: of the organization, or in a workspace."""
    caller = identify(state, find_secret(state, key), None)
    if workspace is not None:
        return enter_workspace(caller, acme("workspace", workspace), None)
    return enter_organization(caller, None)


@pytest.fixture
def state() -> State:
    """Give the state of the seed `small`, at noon of 24 November 2026, for rules that need no server."""
    return build("small", now=NOW, behaviours=Behaviours(clock="fixed"))
