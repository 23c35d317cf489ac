"""JupyterLab seen from a test: cells run through the application's own commands, and the kernel is asked for the truth."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

START_TIMEOUT_MS = 60_000
RUN_TIMEOUT_S = 120
_NUMBERS = itertools.count(1)

_READY = """async () => {
    const notebook = jupyterapp.shell.currentWidget;
    await notebook.context.ready;
    await notebook.sessionContext.ready;
    await notebook.sessionContext.session.kernel.info;
}"""

_RUN_CELL = """async index => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    notebook.mode = 'command';
    window.lsnbRun = jupyterapp.commands.execute('notebook:run-cell');
}"""

_RUN_ALL = "() => { window.lsnbRun = jupyterapp.commands.execute('notebook:run-all-cells'); }"

_CODE_CELLS = """() => jupyterapp.shell.currentWidget.content.widgets
    .map((cell, index) => ({index, model: cell.model}))
    .filter(({model}) => model.type === 'code' && model.sharedModel.getSource().trim())
    .map(({index, model}) => ({index, count: model.executionCount, outputs: model.outputs.toJSON()}))"""

_KERNEL_STATUS = "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"

_EXECUTE = """async code => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({code, store_history: false, stop_on_error: false});
    let text = '', error = null;
    future.onIOPub = message => {
        if (message.header.msg_type === 'stream') text += message.content.text;
        if (message.header.msg_type === 'error') error = message.content.ename + ': ' + message.content.evalue;
    };
    await future.done;
    return {text, error};
}"""


class Lab:
    """One JupyterLab page with at most one notebook open.

    Args:
        page: The browser's page.
        url: The server's address.
        token: The server's token.
        folder: The folder that the server serves; what cells write lands there.
    """

    def __init__(self, page: Page, url: str, token: str, folder: Path):
        self.page = page
        self.url = url
        self.token = token
        self.folder = folder

    def open(self, name: str) -> None:
        """Open a notebook of the folder and wait for its kernel."""
        assert (self.folder / name).is_file(), f"there is no {name} to open"
        # The document view shows one notebook and no side bars; ?reset forgets the last layout.
        self.page.goto(f"{self.url}/doc/tree/{name}?reset&token={self.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_TIMEOUT_MS)
        self.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext")
        self.page.evaluate(_READY)

    def reload(self, *, ready: bool = True) -> None:
        """Load the page again, as a person does; without `ready` no kernel is waited for."""
        self.page.reload()
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_TIMEOUT_MS)
        self.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext")
        if ready:
            self.page.evaluate(_READY)

    def open_cells(self, *sources: str) -> None:
        """Write a notebook of these code cells, under a name of its own, and open it."""
        name = f"cells-{next(_NUMBERS)}.ipynb"
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / name)
        self.open(name)

    def open_outputs(self, outputs: list[dict[str, Any]]) -> None:
        """Write a notebook of one cell that has these outputs already, and open it; nobody has trusted it."""
        name = f"outputs-{next(_NUMBERS)}.ipynb"
        cell = nbformat.v4.new_code_cell("...", execution_count=1, outputs=[nbformat.from_dict(o) for o in outputs])
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel}), self.folder / name)
        self.open(name)

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run the cell at this place, Markdown cells counted too; without `wait` it goes on running."""
        self.page.evaluate(_RUN_CELL, index)
        if wait:
            self.page.evaluate("() => window.lsnbRun")

    def run_all(self) -> None:
        """Run every cell and wait until the last one is done and the kernel is idle.

        Raises:
            AssertionError: A cell failed, or some did not finish in time.
        """
        self.page.evaluate(_RUN_ALL)
        self.wait_until(lambda: self._is_finished() or self.errors() != [], timeout_s=RUN_TIMEOUT_S)
        assert self.errors() == []

    def _is_finished(self) -> bool:
        counts = [cell["count"] for cell in self.page.evaluate(_CODE_CELLS)]
        return all(counts) and self.page.evaluate(_KERNEL_STATUS) == "idle"

    def outputs(self) -> list[dict[str, Any]]:
        """List every output of every code cell, as the notebook format has them."""
        return [output for cell in self.page.evaluate(_CODE_CELLS) for output in cell["outputs"]]

    def picture_widths(self) -> list[float]:
        """Measure the pictures that cells have put out, as they are drawn on the page; one that failed to load has 0."""
        widths = []
        for cell in self.page.evaluate(_CODE_CELLS):
            kinds = {kind for output in cell["outputs"] for kind in output.get("data", {})}
            if kinds & {"image/png", "image/svg+xml"}:
                drawn = self.cell(cell["index"]).locator(
                    ".jp-RenderedImage img, .jp-RenderedSVG img, .jp-RenderedSVG svg"
                )
                drawn.first.wait_for()
                widths += [picture["width"] for picture in map(Locator.bounding_box, drawn.all()) if picture]
        return widths

    def errors(self) -> list[str]:
        """List the errors that cells ended with."""
        return [f"{o['ename']}: {o['evalue']}" for o in self.outputs() if o["output_type"] == "error"]

    def cell(self, index: int) -> Locator:
        """Find a cell on the page by its place; it is scrolled to, since only those in sight are drawn."""
        self.page.evaluate("i => jupyterapp.shell.currentWidget.content.scrollToItem(i)", index)
        return self.page.locator(f".jp-Cell[data-windowed-list-index='{index}']")

    def execute(self, code: str) -> str:
        """Run code in the notebook's kernel without a cell, and return what it printed.

        Raises:
            AssertionError: The code failed.
        """
        answer = self.page.evaluate(_EXECUTE, code)
        assert answer["error"] is None, f"{code!r} failed in the kernel: {answer['error']}"
        return str(answer["text"])

    def value(self, expression: str) -> Any:
        """Evaluate an expression in the notebook's kernel; what JSON does not know comes as text."""
        return json.loads(self.execute(f"import json; print(json.dumps({expression}, default=str))"))

    def wait_until(self, condition: Callable[[], bool], *, timeout_s: float = 10) -> float:
        """Wait until a condition holds, and return the seconds it took.

        Raises:
            AssertionError: It did not hold in time.
        """
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < timeout_s, f"did not happen within {timeout_s} s; errors: {self.errors()}"
            self.page.wait_for_timeout(20)  # unlike time.sleep it lets the page's events through
        return time.monotonic() - start

    def wait_for_value(self, expression: str, expected: Any, *, timeout_s: float = 10) -> float:
        """Wait until an expression in the kernel has this value, and return the seconds it took.

        Raises:
            AssertionError: It had another value all the time; the message has the last one.
        """
        start = time.monotonic()
        while (found := self.value(expression)) != expected and time.monotonic() - start < timeout_s:
            self.page.wait_for_timeout(20)
        assert found == expected
        return time.monotonic() - start
