from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from lsnb.cli import lab
from lsnb.errors import ConfigError, MissingExtraError


@pytest.fixture
def installed(tmp_path):
    """Give a package folder as a wheel leaves it, with two notebooks and no checkout around it."""
    packaged = tmp_path / "site-packages" / "lsnb" / "_notebooks"
    packaged.mkdir(parents=True)
    for name in ("00_start_here", "01_access_audit"):
        (packaged / f"{name}.ipynb").write_text(f"packaged {name}")
    return packaged.parent


def test_a_checkout_opens_its_own_notebooks(tmp_path):
    """Beside a checkout's package lies its notebook folder, and that one is opened, not a copy."""
    assert lab.find_notebooks(tmp_path) == Path(lab.__file__).parents[2] / "notebooks"
    assert list(tmp_path.iterdir()) == []


def test_an_installation_gets_a_working_copy(installed, tmp_path):
    """The packaged notebooks are copied to where the reader stands, and never opened in place."""
    folder = lab.find_notebooks(tmp_path, package=installed)
    assert folder == tmp_path / "lsnb-notebooks"
    assert (folder / "01_access_audit.ipynb").read_text() == "packaged 01_access_audit"


def test_a_working_copy_is_not_overwritten(installed, tmp_path):
    """A second start keeps what the reader wrote and brings back what is missing."""
    folder = lab.find_notebooks(tmp_path, package=installed)
    (folder / "00_start_here.ipynb").write_text("my own work")
    (folder / "01_access_audit.ipynb").unlink()
    lab.find_notebooks(tmp_path, package=installed)
    assert (folder / "00_start_here.ipynb").read_text() == "my own work"
    assert (folder / "01_access_audit.ipynb").read_text() == "packaged 01_access_audit"


def test_an_installation_without_notebooks_says_so(tmp_path):
    """Without a checkout and without packaged notebooks there is nothing to open by default."""
    with pytest.raises(ConfigError, match="came without notebooks"):
        lab.find_notebooks(tmp_path, package=tmp_path / "lsnb")


def test_a_missing_folder_is_named(tmp_path):
    """A folder that is not there is an error of ours, before any server starts."""
    with pytest.raises(ConfigError, match=r"no folder .*nowhere"):
        lab.run_lab(tmp_path / "nowhere")


def test_a_missing_jupyterlab_names_the_extra(monkeypatch):
    """Without JupyterLab the message says what to install."""
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'lsnb[lab]'")):
        lab.run_lab()


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ":10", "SSH_CONNECTION": "a b"}, False),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "a b"}, False),
        ("win32", {}, True),
    ],
)
def test_a_browser_opens_only_where_it_can_be_seen(platform, environ, expected):
    """A container, a remote shell and a build machine get the address only."""
    assert lab.has_display(platform, environ) is expected


def test_arguments_follow_the_situation(tmp_path):
    """Root and no display are passed on; a folder without the first notebook opens as a folder."""
    arguments = lab.lab_arguments(tmp_path, port=9, browser=False, is_root=True, extra=["--x=1"])
    assert {"--no-browser", "--allow-root", "--ServerApp.port=9", "--LabApp.default_url=/lab"} <= set(arguments)
    assert arguments[-1] == "--x=1"
    (tmp_path / "00_start_here.ipynb").touch()
    arguments = lab.lab_arguments(tmp_path, port=0, browser=True, is_root=False, extra=[])
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in arguments
    assert {"--no-browser", "--allow-root"} & set(arguments) == set()


def test_the_printed_address_answers(tmp_path, child_environment):
    """The first lines on standard output hold an address that opens JupyterLab, and say that this is the demo."""
    (tmp_path / "00_start_here.ipynb").touch()
    command = [sys.executable, "-m", "lsnb.cli.lab", "--notebooks", str(tmp_path), "--no-browser"]
    process = subprocess.Popen(
        command, env=child_environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        printed = ""
        while "Stop it" not in printed:
            line = process.stdout.readline()
            assert line, f"the server ended after: {printed}"
            printed += line
        url = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/00_start_here\.ipynb\?token=\w+", printed).group()
        assert "embedded demo organization" in printed
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert answer.status == 200
            assert "jupyter-config-data" in answer.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()
