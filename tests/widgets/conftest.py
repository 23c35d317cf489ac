"""An organization for forms: the small demo organization, with somebody whose name is HTML."""

from __future__ import annotations

import pytest

import lsnb
from lsnb.widgets.draft_store import forget_everything

NASTY = "<img src=x onerror=window.hacked=1>"
TIMEOUT_S = 30


@pytest.fixture
def org(server, tmp_path, monkeypatch):
    """Connect to the demo organization as its admin; what forms remember of other tests is forgotten."""
    forget_everything()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with lsnb.connect(endpoint=server.url, api_key=server.key) as found:
        yield found
    forget_everything()
