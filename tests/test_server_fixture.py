"""The `server` fixture: what tests lean on."""

from __future__ import annotations

import pytest
import requests


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_the_seed_and_an_empty_log(server, turn):
    """What one test did to the demo organization is gone in the next, whichever comes first."""
    assert server.requests == []
    answer = requests.get(f"{server.url}/api/v1/orgs/current", headers={"X-API-Key": server.key}, timeout=5)
    assert answer.json()["id"] == server.organization_id
    assert len(server.requests) == 1
