"""The grid beside ipydatagrid, in one JupyterLab and one Chromium: 20,000 people x 8 columns.

Bounds: the first rows are drawn 0.5 s after the cell is run, one edit is in Python 0.15 s after Enter, a pasted block of
2,000 x 4 after 0.5 s. ipydatagrid is put into a folder that is thrown away; it is no dependency. It takes no block.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS, find_chromium, wait_for_address
from tests.browser.lab import Lab

N_ROWS = 20_000
BLOCK = 2_000
OTHER = [
    "ipydatagrid==1.4.0",
    "bqplot==0.13.1",
    "bqscales==0.3.7",
    "py2vega==0.7.0",
    "traittypes==0.2.3",
    "gast==0.7.0",
]
BOUNDS_S = {"first paint": 0.5, "one edit to Python": 0.15, "2,000 x 4 pasted": 0.5}

MAKE = f"""
import time
import numpy as np, pandas as pd
from lsnb.widgets import Grid, GridColumn
n, chance = {N_ROWS}, np.random.default_rng(7)
ROLES = ["Admin", "Editor", "Viewer", "Annotator"]
people = pd.DataFrame({{
    "email": [f"person{{i:05}}@example.com" for i in range(n)],
    "name": [f"Person {{i}}" for i in range(n)],
    "role": np.array(ROLES)[chance.integers(0, 4, n)],
    "workspace": [f"Team {{k:03}}" for k in chance.integers(0, 200, n)],
    "state": np.array(["active", "pending"])[chance.integers(0, 2, n)],
    "joined": "2026-05-06",
    "seats": chance.integers(1, 9, n),
    "cost": (chance.random(n) * 100).round(2),
}})
columns = [
    GridColumn("email"), GridColumn("name", editable=True), GridColumn("role", editable=True, choices=ROLES),
    GridColumn("workspace", editable=True, choices=sorted(people.workspace.unique())),
    GridColumn("state", editable=True), GridColumn("joined"), GridColumn("seats", kind="number", editable=True),
    GridColumn("cost", kind="number", editable=True),
]
seen = []
"""
OURS = "grid = Grid(people, columns, key='email'); grid.on_change(lambda g: seen.append(time.time())); grid"
THEIRS = """from ipydatagrid import DataGrid
grid = DataGrid(people, editable=True, layout={'height': '420px'})
grid.on_cell_change(lambda cell: seen.append(time.time())); grid"""

# Runs the second cell, and gives the milliseconds until its first rows are drawn on an animation frame.
PAINT = """isDrawn => {
    const drawn = new Function('return ' + isDrawn)();
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.widgets[1].outputArea.model.clear();
    notebook.activeCellIndex = 1;
    const start = performance.now();
    jupyterapp.commands.execute('notebook:run-cell');
    return new Promise((done, failed) => {
        setTimeout(() => failed(new Error('nothing was drawn within 30 s')), 30000);
        const look = () => drawn() ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
        look();
    });
}"""
OURS_DRAWN = "() => document.querySelectorAll('.lsnb-grid .ag-row .ag-cell').length > 40"
# Its table is a canvas: it is drawn once some rows of dots in its body differ.
THEIRS_DRAWN = """() => [...document.querySelectorAll('.jp-OutputArea canvas')].some(canvas => {
    if (canvas.width < 300 || canvas.height < 200) return false;
    const dots = canvas.getContext('2d').getImageData(100, 60, 150, 100).data;
    return new Set(new Uint32Array(dots.buffer)).size > 8;
})"""
# Types into the search box, and gives the milliseconds from each letter to the frame with the rows that match.
FILTER = """async text => {
    const root = document.querySelector('.lsnb-grid'), box = root.querySelector('input[type=search]'), times = [];
    const shown = () => root.querySelector('.lsnb-counts').textContent;
    for (let n = 1; n <= text.length; n += 1) {
        const start = performance.now();
        box.value = text.slice(0, n);
        box.dispatchEvent(new Event('input'));
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        times.push(performance.now() - start);
    }
    return [times, shown()];
}"""


@contextmanager
def jupyterlab(extra: Path) -> Iterator[dict[str, str]]:
    """Start JupyterLab as `lsnb lab` does, with the packages of a folder on top."""
    with tempfile.TemporaryDirectory() as root:
        own = {f"JUPYTER_{name}_DIR": f"{root}/{name.lower()}" for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {"JUPYTERLAB_SETTINGS_DIR": f"{root}/settings", "JUPYTERLAB_WORKSPACES_DIR": f"{root}/workspaces"}
        own |= {
            "PYTHONPATH": os.pathsep.join([os.getcwd(), str(extra)]),
            "JUPYTER_PATH": str(extra / "share" / "jupyter"),
        }
        folder = Path(root, "notebooks")
        folder.mkdir()
        command = [sys.executable, "-m", "lsnb.cli.lab", f"--notebooks={folder}", "--no-browser", "--"]
        command += ["--ServerApp.port=0", "--LabApp.expose_app_in_browser=True"]
        log = Path(root, "server.log")
        with (
            log.open("w") as output,
            subprocess.Popen(command, env=dict(os.environ) | own, stdout=output, stderr=subprocess.STDOUT) as process,
        ):
            try:
                yield wait_for_address(log, process) | {"folder": str(folder)}
            finally:
                process.terminate()


def get_other(folder: Path) -> bool:
    """Install ipydatagrid into a folder; say whether that worked."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    return subprocess.run([*command, "--target", str(folder), *OTHER], check=False).returncode == 0


def paint(page: Page, is_drawn: str) -> list[float]:
    """Measure the first paint, in seconds: once cold, twice warm."""
    times = []
    for _ in range(3):
        times.append(page.evaluate(PAINT, is_drawn) / 1000)
        page.wait_for_timeout(800)
    return times


def arrival(lab: Lab, since: float) -> float:
    """Wait until Python has heard of an edit, and give the seconds from then to that."""
    lab.wait_until(lambda: lab.value("len(seen)") > 0, timeout_s=30)
    took = float(lab.value("seen[-1]")) - since
    lab.execute("seen.clear()")
    return took


def type_and_enter(lab: Lab) -> float:
    """Type into the cell in focus, and measure from Enter to Python."""
    lab.page.keyboard.type("Zoe")
    lab.page.wait_for_timeout(100)
    start = time.time()
    lab.page.keyboard.press("Enter")
    return arrival(lab, start)


def measure_ours(lab: Lab) -> dict[str, list[float]]:
    """Measure the grid."""
    lab.open_cells(MAKE, OURS)
    lab.run(0)
    times = {"first paint": paint(lab.page, OURS_DRAWN)}
    root = lab.page.locator(".lsnb-grid")

    def cell(row: int, column: str) -> Any:
        return root.locator(f".ag-row[row-index='{row}'] .ag-cell[col-id='{column}']")

    times["one edit to Python"] = []
    for row in range(5):
        cell(row, "name").click()
        times["one edit to Python"].append(type_and_enter(lab))
    times[f"{BLOCK:,} x 4 pasted"] = []
    for run in range(3):
        block = "\n".join(f"Pasted {run} {i}\tEditor\tTeam {i % 200:03}\tactive" for i in range(BLOCK))
        lab.page.evaluate("text => navigator.clipboard.writeText(text)", block)
        cell(0, "name").click()
        start = time.time()
        lab.page.keyboard.press("Control+v")
        times[f"{BLOCK:,} x 4 pasted"].append(arrival(lab, start))
        assert lab.value(f"grid.edited().name[{BLOCK - 1}]") == f"Pasted {run} {BLOCK - 1}"
    per_letter, shown = lab.page.evaluate(FILTER, "person01234")
    assert " 1 shown" in shown, shown
    times["filter, each letter"] = [letter / 1000 for letter in per_letter]
    return times


def measure_theirs(lab: Lab) -> dict[str, list[float]]:
    """Measure ipydatagrid: what it can do of this."""
    lab.open_cells(MAKE, THEIRS)
    lab.run(0)
    times = {"first paint": paint(lab.page, THEIRS_DRAWN), "one edit to Python": []}
    box = lab.page.locator(".jp-OutputArea canvas").first.bounding_box()
    assert box is not None
    for row in range(5):
        lab.page.mouse.click(box["x"] + 200, box["y"] + 30 + 20 * row)
        times["one edit to Python"].append(type_and_enter(lab))
    return times


def main(arguments: list[str] | None = None) -> None:
    """Print both side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", action="store_true", help="do not install and measure ipydatagrid")
    alone = parser.parse_args(arguments or []).alone
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        has_other = not alone and get_other(Path(folder))
        chromium = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        with jupyterlab(Path(folder)) as server:
            results = []
            for measure in (measure_ours, measure_theirs)[: 1 + has_other]:
                context = chromium.new_context(
                    viewport={"width": 1400, "height": 950}, permissions=["clipboard-read", "clipboard-write"]
                )
                lab = Lab(context.new_page(), server["url"], server["token"], Path(server["folder"]))
                results.append(measure(lab))
                context.close()
        chromium.close()
    ours, theirs = results[0], results[1] if len(results) > 1 else {}
    print(
        f"{N_ROWS:,} rows x 8 columns, {os.cpu_count()} cores, Python {platform.python_version()}; median (worst), in s"
    )
    print(f"{'':24}{'lsnb':>16}{'ipydatagrid':>16}{'bound':>8}")
    for name, times in ours.items():
        bound = BOUNDS_S.get(name)
        verdict = "" if bound is None else "ok" if statistics.median(times) <= bound else "TOO SLOW"
        other = summary(theirs[name]) if name in theirs else "cannot" if name not in ("filter, each letter",) else "-"
        print(f"{name:24}{summary(times):>16}{other:>16}{bound or '':>8} {verdict}")


def summary(times: list[float]) -> str:
    """Say the median and the worst."""
    return f"{statistics.median(times):.2f} ({max(times):.2f})"


if __name__ == "__main__":
    main(sys.argv[1:])
