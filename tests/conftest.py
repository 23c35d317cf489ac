"""Shared by all tests: no way out of this machine, no settings from outside, and a demo organization to talk to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

# The same examples every time, so that a change is judged by what it changes, and no limit of time, which a busy machine
# breaks; new ones with
# `make test ARGS=--hypothesis-profile=search`.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("fixed")

pytest.register_assert_rewrite("tests.notebooks", "tests.browser")  # their helpers assert, and should say what

from tests.guard import loopback_only  # noqa: E402  # what is rewritten must be named before it is imported

if TYPE_CHECKING:
    from lsnb.sandbox.server import Server

pytest_plugins = ["tests.tiers"]

ATTEMPTS = loopback_only.install()
GUARD_FOLDER = Path(loopback_only.__file__).parent


def pytest_report_header() -> str:
    """Say where the stories of two actors begin, so that they can be told again."""
    seed, examples = os.environ.get("LSNB_SEED", "20261128"), os.environ.get("LSNB_EXAMPLES", "40")
    return f"stories: LSNB_SEED={seed} LSNB_EXAMPLES={examples}"


@pytest.fixture(autouse=True)
def outside_connections() -> Iterator[list[str]]:
    """Fail a test that reached for another machine, also when it swallowed the error; yield the list of attempts."""
    ATTEMPTS.clear()
    yield ATTEMPTS
    tried, ATTEMPTS[:] = list(ATTEMPTS), []
    assert tried == [], f"this test reached beyond loopback: {tried}"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the settings of the person who runs the tests away: a real key must never meet a test."""
    for name in list(os.environ):
        if name.startswith(("LANGSMITH_", "LANGCHAIN_")) or name == "LSNB_POLICY":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def child_environment() -> dict[str, str]:
    """Give the environment for child processes: no settings of ours, and kept to this machine like the tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH_", "LANGCHAIN_"))}
    path = [str(GUARD_FOLDER), *filter(None, [ours.get("PYTHONPATH")])]
    return ours | {"PYTHONPATH": os.pathsep.join(path)}


@pytest.fixture(scope="session")
def running_server() -> Iterator[Server]:
    """Start one small demo organization for all tests of this process; tests take `server` instead."""
    from lsnb import sandbox

    with sandbox.start(seed="small") as server:
        yield server


@pytest.fixture
def server(running_server: Server) -> Server:
    """Give the small demo organization as its seed has it: no faults, no requests seen yet."""
    running_server.reset()
    return running_server
