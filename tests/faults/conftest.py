"""What the tests of faults have in common."""

from __future__ import annotations

import pytest

import lsnb
from lsnb.cli import main


@pytest.fixture
def org(server):
    """Connect to the small demo organization."""
    return lsnb.connect(endpoint=server.url, api_key=server.keys["admin_pat"])


@pytest.fixture
def run(server, tmp_path, monkeypatch, capsys):
    """Run a command on the demo organization; give its exit code and all that it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)

    def command(*words: object) -> tuple[int, str]:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command
