"""Plans for the demo organization, and a place of their own for journals and notes."""

from __future__ import annotations

import pytest

from tests.apply.acme import Acme


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Let journals and the notes of spent plans go into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def acme(server):
    """Give the small demo organization with what is needed to plan for it and to look at it."""
    return Acme(server)
