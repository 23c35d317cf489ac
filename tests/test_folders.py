"""Where lsnb keeps what belongs to the person who runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from platformdirs.macos import MacOS

from lsnb.files import cache_folder, config_folders, folders, state_folder

VARIABLES = ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home in which no variable moves anything."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def mac(home, monkeypatch):
    """The same home on macOS."""
    for name in ("_LOCAL", "_ROAMING"):
        monkeypatch.setattr(folders, name, MacOS("lsnb", appauthor=False))
    return home


def test_the_folders_are_those_of_linux(home):
    """Without variables they stand where the standard says, as ever."""
    assert state_folder() == home / ".local/state/lsnb"
    assert config_folders() == [home / ".config/lsnb"]
    assert cache_folder() == home / ".cache/lsnb"


def test_variables_move_the_folders(home, monkeypatch):
    """An absolute path in a variable holds."""
    for name in VARIABLES:
        monkeypatch.setenv(name, str(home / name))
    assert state_folder() == home / "XDG_STATE_HOME/lsnb"
    assert config_folders() == [home / "XDG_CONFIG_HOME/lsnb"]
    assert cache_folder() == home / "XDG_CACHE_HOME/lsnb"


@pytest.mark.parametrize("value", ["", "relative/place", "."])
def test_a_variable_that_is_no_absolute_path_is_ignored(home, monkeypatch, value):
    """Where the folder is does not hang on the working folder."""
    for name in VARIABLES:
        monkeypatch.setenv(name, value)
    assert state_folder() == home / ".local/state/lsnb"
    assert config_folders() == [home / ".config/lsnb"]
    assert cache_folder() == home / ".cache/lsnb"


def test_macos_has_its_own_folders(mac):
    """Nothing hidden is made in the home of a Mac."""
    own = mac / "Library/Application Support/lsnb"
    assert (state_folder(), config_folders()) == (own, [own])


def test_what_an_earlier_version_kept_on_macos_is_not_forgotten(mac):
    """Used plans stay used, and a policy that held goes on holding."""
    for place in (".local/state/lsnb", ".config/lsnb"):
        (mac / place).mkdir(parents=True)
    assert state_folder() == mac / ".local/state/lsnb"
    assert config_folders() == [mac / "Library/Application Support/lsnb", mac / ".config/lsnb"]


def test_the_environment_that_is_given_counts(home):
    """A connection with an environment of its own looks for its policy there."""
    assert config_folders({"XDG_CONFIG_HOME": str(home / "other")}) == [Path(home / "other/lsnb")]
