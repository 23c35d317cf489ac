"""A real JupyterLab, started as `lsnb lab` starts it, and a real Chromium; neither leaves this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, Request, sync_playwright

from tests.browser.lab import Lab
from tests.notebooks.run import NOTEBOOKS

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
REQUIRED = "LSNB_REQUIRE_BROWSER"
LOOPBACK = re.compile(r"^(https?|wss?)://(127\.0\.0\.1|localhost)(:\d+)?(/|$)|^(data|blob|about|chrome):")
NOT_LOOPBACK = re.compile(rf"^(?!{LOOPBACK.pattern.replace('^', '')})")
CHROMIUM_FLAGS = [
    "--no-sandbox",  # Chromium refuses its sandbox to root, as in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name resolves: what the interception below does not see (the browser's own errands) finds nobody either.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, and keep it on one worker: it shares one JupyterLab."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.thorough)
            item.add_marker(pytest.mark.xdist_group("browser"))


def find_chromium() -> str | None:
    """Find the system's Chromium; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Give the path of Chromium, or skip; where browser tests are required, fail instead."""
    path = find_chromium()
    if path is None:
        reason = "no Chromium on this machine (Debian: apt-get install chromium; elsewhere: set CHROMIUM to its path)"
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set, and there is {reason}")
        pytest.skip(reason)
    return path


# Not for the session: while Playwright runs, this thread counts as inside an event loop, and other tests want their own.
@pytest.fixture(scope="module")
def playwright_driver(chromium_path: str) -> Iterator[Playwright]:
    """Start Playwright, only where there is a browser for it."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright_driver: Playwright, chromium_path: str) -> Iterator[Browser]:
    """Start Chromium with an empty profile of its own."""
    chromium = playwright_driver.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
    yield chromium
    chromium.close()


@dataclass(frozen=True)
class RunningLab:
    """A JupyterLab server: its address, its token and the folder that it serves."""

    url: str
    token: str
    folder: Path


@pytest.fixture(scope="session")
def running_lab(
    chromium_path: str, child_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningLab]:
    """Start JupyterLab on a copy of the notebooks, with no key, no settings and no memory of the person's own."""
    root = tmp_path_factory.mktemp("lab")
    folder = root / "notebooks"
    shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    own = {f"JUPYTER_{name}_DIR": str(root / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(root / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces")}
    own |= {"IPYTHONDIR": str(root / "ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
    # Another installation than the tests' own may be named, such as one of the wheel.
    python = os.environ.get("LSNB_LAB_PYTHON", sys.executable)
    command = [python, "-m", "lsnb.cli.lab", f"--notebooks={folder}", "--no-browser", "--"]
    command += ["--ServerApp.port=0", "--LabApp.expose_app_in_browser=True"]
    log = root / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=child_environment | own, cwd=root, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            found = wait_for_address(log, process)
            yield RunningLab(found["url"], found["token"], folder)
        finally:
            process.terminate()
            process.wait(20)


def wait_for_address(log: Path, process: subprocess.Popen[bytes], timeout_s: float = 60) -> dict[str, str]:
    """Wait until the server has printed its address and answers there."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"(?P<url>http://127\.0\.0\.1:\d+)/lab\S*token=(?P<token>\w+)", log.read_text())
        if found:
            with urllib.request.urlopen(f"{found['url']}/api/status?token={found['token']}", timeout=20) as answer:
                assert answer.status == 200
            return found.groupdict()
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture
def outside_requests() -> list[str]:
    """Collect what a page asked of other machines; a test that expects some empties it."""
    return []


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, outside_requests: list[str]) -> Iterator[Page]:
    """Open an empty page that reaches this machine only; keep a picture of how the test left it."""
    context = browser.new_context(
        viewport={"width": 1400, "height": 950},
        permissions=["clipboard-read", "clipboard-write"],
        service_workers="block",  # they would ask past the interception
    )

    def note(asked: Request) -> None:
        if not LOOPBACK.match(asked.url):
            outside_requests.append(asked.url)

    context.on("request", note)
    context.route(NOT_LOOPBACK, lambda route: route.abort())
    fresh = context.new_page()
    fresh.on("websocket", lambda socket: None if LOOPBACK.match(socket.url) else outside_requests.append(socket.url))
    page_errors: list[str] = []
    fresh.on("pageerror", lambda error: page_errors.append(str(error)))
    yield fresh
    ARTIFACTS.mkdir(exist_ok=True)
    fresh.screenshot(path=ARTIFACTS / f"{re.sub(r'[^a-zA-Z0-9_]+', '-', request.node.name)}.png")
    context.close()
    assert outside_requests == [], "the page asked for something on another machine"
    assert page_errors == [], "a script on the page failed"


@pytest.fixture
def fresh_kernels(running_lab: RunningLab) -> Iterator[None]:
    """End the kernels that a test started, so that a machine with little memory runs the next test alone."""
    yield

    def ask(method: str, path: str) -> bytes:
        headers = {"Authorization": f"token {running_lab.token}"}
        asked = urllib.request.Request(f"{running_lab.url}/api/{path}", method=method, headers=headers)
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return bytes(answer.read())

    for session in json.loads(ask("GET", "sessions")):
        ask("DELETE", f"sessions/{session['id']}")


@pytest.fixture
def lab(fresh_kernels: None, page: Page, running_lab: RunningLab) -> Lab:
    """Give JupyterLab in a page: open a notebook, run cells, ask the kernel."""
    return Lab(page, running_lab.url, running_lab.token, running_lab.folder)
