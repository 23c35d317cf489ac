"""The console as a person meets it: in JupyterLab, and as an app under Voila."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ARTIFACTS
from tests.browser.test_grid_looks import axe, set_theme  # noqa: F401  # a fixture is used by its name

NASTY = "<img src=x onerror=window.hacked=1>"
#: Those whose forms are looked at here; the others have tests of their own.
TABS = ("Overview", "Roles", "Keys", "Settings", "Audit", "Runs")
#: What is on each tab once it is ready.
READY = {
    "Overview": "img.lsnb-picture",
    "Explore": ".ag-row",
    "Access": ".ag-row",
    "Invite": "textarea",
    "Roles": ".ag-row",
    "Keys": ".ag-row",
    "Settings": ".lsnb-setting",
    "Audit": ".ag-row",
    "Runs": ".lsnb-facts",
}
START = """
import lsnb
import lsnb.service.connection
from lsnb import widgets

org = lsnb.connect_demo(quiet=True)
demo = lsnb.service.connection._demo[1]


def granted(name):
    # What the demo organization itself says, without our client in between.
    return sorted(next(role for role in demo.state.roles.values() if role.display_name == name).permissions)
"""
HACKED = f"""
nasty = {NASTY!r}
for person in demo.state.people.values():
    person.full_name = nasty
next(role for role in demo.state.roles.values() if role.display_name == "Annotator").display_name = nasty
next(place for place in demo.state.workspaces.values() if place.display_name == "Marketing").display_name = nasty
for key in demo.state.keys.values():
    key.description = nasty
demo.state.organization.display_name = nasty
demo.state.touch()
"""
VIOLATIONS = """async () => (await axe.run('.lsnb-form', {resultTypes: ['violations']})).violations
    .map(v => [v.id, v.impact, v.nodes.length, v.nodes[0].html.slice(0, 300), v.nodes[0].failureSummary])"""


class ConsolePage:
    """A console somewhere on a page."""

    def __init__(self, page: Page):
        self.page = page
        self.root = page.locator(".lsnb-form").first

    def open(self, name: str) -> Locator:
        """Open a tab, and give its inside once its form is ready."""
        tab = self.root.get_by_role("tab", name=name, exact=True)
        expect(tab).to_be_visible(timeout=40_000)
        tab.click()
        pane = self.root.locator(".widget-tab-contents > *:not(.lm-mod-hidden)").first
        pane.locator(READY[name]).first.wait_for(timeout=40_000)
        return pane

    def click(self, pane: Locator, words: str) -> None:
        """Press a button once it can be pressed."""
        button = pane.get_by_role("button", name=re.compile(words)).last
        expect(button).to_be_enabled(timeout=30_000)
        button.click()

    def apply(self, pane: Locator) -> None:
        """Unlock the plan as it wants to be, apply it, and wait for the end."""
        apply = pane.get_by_role("button", name=re.compile(r"^Apply \d+ change")).first
        expect(apply).to_be_visible(timeout=30_000)
        if apply.is_disabled():
            note = pane.get_by_text(re.compile("Type .*“")).last.inner_text()
            phrase = re.search(r"“([^”]+)”", note)
            assert phrase is not None, note
            pane.get_by_label("Type to unlock").fill(phrase[1])
        expect(apply).to_be_enabled()
        apply.click()
        expect(pane.get_by_text(re.compile("read back|done", re.IGNORECASE)).first).to_be_visible(timeout=30_000)
        expect(pane.get_by_role("button", name=re.compile("Take it back")).first).to_be_enabled(timeout=30_000)


def cell_of(pane: Locator, row_text: str, column: str) -> Locator:
    """Find a cell of the first table by a text of its row; the pinned part of a row is drawn apart from the rest."""
    grid = pane.locator(".lsnb-grid").first
    index = grid.locator(".ag-row", has_text=row_text).first.get_attribute("row-index")
    return grid.locator(f".ag-row[row-index='{index}'] .ag-cell[col-id='{column}']")


def picture(page: Page, name: str) -> None:
    """Keep a picture of the console."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.wait_for_timeout(120)
    page.locator(".lsnb-form").first.screenshot(path=ARTIFACTS / f"console-{name}.png")


def show_console(lab, *before: str) -> ConsolePage:
    """Open a notebook with the console and run it."""
    lab.open_cells(START, *before, "app = widgets.console(org, fresh=True); app")
    lab.page.set_viewport_size({"width": 1400, "height": 2200})
    lab.run_all()
    return ConsolePage(lab.page)


def test_a_role_is_edited_planned_and_applied(lab):
    """A permission is given to a role in its table; the plan is read and applied, and the service has it."""
    console = show_console(lab)
    assert "runs:delete" not in lab.value("granted('Annotator')")
    pane = console.open("Roles")
    key = lab.value("app.open('Roles')._find('Annotator')")
    pane.get_by_label("Search all columns").first.fill("runs:delete")
    cell = cell_of(pane, "runs:delete", key)
    cell.click()
    lab.page.keyboard.press("Space")
    lab.wait_for_value("app.open('Roles').is_edited", True)
    console.click(pane, "^Make the plan")
    console.apply(pane)
    picture(lab.page, "role-applied")
    lab.wait_for_value("'runs:delete' in granted('Annotator')", True)
    lab.execute("app.close()")


def test_the_secret_of_a_created_key_is_handed_over_once(lab):
    """It is masked, can be copied and shown, comes out once, and is in no cell and no file that the notebook leaves."""
    make = """
form = widgets.keys_form(org, fresh=True)
form.create_key("Nightly export", "Workspace Viewer", workspaces=["Research"], expires_at=30)
form.show_plan()
form
"""
    lab.open_cells(START, make)
    lab.page.set_viewport_size({"width": 1400, "height": 2400})
    lab.run_all()
    console = ConsolePage(lab.page)
    console.apply(console.root)
    console.click(console.root, "Take out the secret of Nightly export, once")
    field = console.root.get_by_label("Secret of Nightly export")
    expect(field).to_have_attribute("type", "password")
    secret = field.input_value()
    assert re.fullmatch(r"lsv2_sk_\w{20,}", secret)
    picture(lab.page, "secret")
    console.root.get_by_role("button", name="Copy", exact=True).click()
    expect(console.root.get_by_role("button", name="Copied")).to_be_visible()
    assert secret == lab.page.evaluate("() => navigator.clipboard.readText()")
    lab.page.evaluate("() => navigator.clipboard.writeText('')")
    console.root.get_by_role("button", name="Show", exact=True).click()
    expect(field).to_have_attribute("type", "text")
    assert lab.value("[len(form.plan_view.applying.run.secrets), 'Nightly export' in form.sheet()]") == [0, False]
    lab.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    left = [path for path in lab.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".jsonl" for path in left)
    assert [] == [path for path in left if secret in path.read_text(encoding="utf-8", errors="replace")]
    # Drawn anew, the page has nothing any more: it is given once.
    lab.run(1)
    assert console.root.get_by_label("Secret of Nightly export").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_tabs_look_right_and_are_readable_by_everybody(lab, axe, theme):  # noqa: F811
    """Wide and narrow, light and dark: each tab opens, axe-core finds nothing, nothing sticks out, no name is HTML."""
    console = show_console(lab, HACKED)
    found, sticks_out = {}, []
    set_theme(lab, theme)
    lab.page.add_script_tag(path=axe)
    try:
        for name in TABS:
            console.open(name)
            picture(lab.page, f"{name.lower()}-{theme}")
            found[name] = lab.page.evaluate(VIOLATIONS)
        lab.page.set_viewport_size({"width": 560, "height": 3000})
        for name in TABS:
            console.open(name)
            picture(lab.page, f"{name.lower()}-{theme}-narrow")
            if console.root.evaluate("form => form.scrollWidth > form.clientWidth + 1"):
                sticks_out.append(name)
    finally:
        set_theme(lab, "light")
    assert {} == {name: violations for name, violations in found.items() if violations}
    assert [] == sticks_out
    assert lab.page.evaluate("window.hacked") is None
    assert lab.page.locator("img[src='x']").count() == 0


@dataclass(frozen=True)
class RunningApp:
    """The console served by Voila: its address, with the token."""

    url: str
    log: Path


@pytest.fixture
def voila_app(server, chromium_path, child_environment, tmp_path) -> Iterator[RunningApp]:
    """Start `lsnb console` for a demo organization of this process, in an empty folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"IPYTHONDIR": str(tmp_path / "ipython"), "XDG_STATE_HOME": str(tmp_path / "state")}
    own |= {"LANGSMITH_ENDPOINT": server.url, "LANGSMITH_API_KEY": server.key, "JUPYTER_PREFER_ENV_PATH": "1"}
    notebook = tmp_path / "09_console.ipynb"
    notebook.write_bytes((Path(__file__).parents[2] / "notebooks" / notebook.name).read_bytes())
    command = [sys.executable, "-m", "lsnb", "console", "--no-browser", f"--port={port}", f"--notebook={notebook}"]
    log = tmp_path / "voila.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=child_environment | own, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield RunningApp(wait_for_app(log, process), log)
        finally:
            process.terminate()
            process.wait(20)


def wait_for_app(log: Path, process: subprocess.Popen[bytes], timeout_s: float = 60) -> str:
    """Wait until the server has printed its address and listens there."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\w+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.1)
    pytest.fail(f"Voila did not start:\n{log.read_text()}")


def test_access_is_changed_in_the_app(voila_app, page, server, outside_requests):
    """Under Voila, without a notebook: a role is changed by its dropdown, planned and applied, and the service has it."""
    page.set_viewport_size({"width": 1400, "height": 2000})
    page.goto(voila_app.url)
    console = ConsolePage(page)
    pane = console.open("Access")
    assert page.locator(".jp-CodeCell .jp-InputArea:visible").count() == 0, "the code is shown"
    state = server.state
    names = {role.id: role.display_name for role in state.roles.values()}
    place = next(place for place in state.workspaces.values() if place.display_name == "Production")
    member = next(m for m in state.memberships.values() if m.workspace_id == place.id and names[m.role_id] == "Viewer")
    email = state.people[member.person_id].email
    pane.get_by_label("Search all columns").first.fill(f"{email}")
    grid = pane.locator(".lsnb-grid").first
    expect(grid.locator(".ag-row", has_text=email).first).to_be_visible()
    index = grid.locator(".ag-row", has_text="Production").first.get_attribute("row-index")
    grid.locator(f".ag-row[row-index='{index}'] .ag-cell[col-id='role']").dblclick()
    page.locator(".lsnb-grid select").last.select_option("Workspace User")
    page.keyboard.press("Enter")
    console.click(pane, "^Make the plan")
    console.apply(pane)
    picture(page, "voila-applied")
    assert "Editor" == names[server.state.memberships[member.id].role_id]
    # Voila's page asks for an icon font; nothing else goes to another machine.
    fonts = [url for url in outside_requests if re.search(r"font-?awesome|fontawesome", url)]
    assert fonts == outside_requests
    outside_requests.clear()


def test_the_app_wants_its_token(voila_app):
    """Whoever reaches the port without the token gets no page, for the page acts with the server's key."""
    address = voila_app.url.split("?")[0]
    with urllib.request.urlopen(address, timeout=20) as answer:
        text = answer.read().decode()
    assert "lsnb" not in text
    assert "password" in text.lower() or "token" in text.lower()
    assert os.environ.get("LANGSMITH_API_KEY") is None
    assert "lsv2_" not in voila_app.log.read_text()
