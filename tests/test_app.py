from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lsnb.cli import build_parser, main
from lsnb.cli.console_app import app_arguments, run_app


def test_the_server_is_for_this_machine_and_wants_its_token():
    """Whoever reaches the page acts with the key, so that neither a network nor a missing token may let them."""
    arguments = app_arguments(Path("x.ipynb"), port=8866, dark=True, token="t0ken", extra=["--base_url=/a/"])
    assert "--Voila.ip=127.0.0.1" in arguments
    assert "--token=t0ken" in arguments
    assert "--theme=dark" in arguments
    assert "--show_tracebacks=False" in arguments
    assert "--base_url=/a/" == arguments[-1]


def test_without_voila_the_extra_is_named(monkeypatch, capsys):
    """The command says what to install, and ends with the code of an error."""
    monkeypatch.setitem(sys.modules, "voila.app", None)
    assert 1 == main(["console", "--no-browser"])
    assert "pip install 'lsnb[app]'" in capsys.readouterr().err


def test_a_missing_notebook_is_said(tmp_path, capsys):
    """A name that leads nowhere is told before anything is served."""
    assert 1 == main(["console", "--notebook", str(tmp_path / "nothing.ipynb")])
    assert "There is no notebook" in capsys.readouterr().err


def test_a_key_that_cannot_be_used_is_told_at_once(monkeypatch, tmp_path):
    """A key with a line break is refused by the command rather than on the page."""
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_pt_abc\ndef")
    with pytest.raises(Exception, match="LANGSMITH_API_KEY"):
        run_app(tmp_path / "nothing.ipynb", browser=False)


def test_what_stands_after_the_dashes_goes_to_voila():
    """The command's own options and Voila's are told apart."""
    options = build_parser().parse_args(["console", "--port", "9000", "--", "--base_url=/a/"])
    assert 9000 == options.port
    assert ["--base_url=/a/"] == options.extra
