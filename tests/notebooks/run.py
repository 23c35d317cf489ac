"""Run a notebook in a fresh kernel and keep what it showed, for the assertions in `assert_<name>.py`."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient

if TYPE_CHECKING:
    from lsnb.sandbox.server import Server

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CELL_TIMEOUT_S = 120
VALUES_TYPE = "application/vnd.lsnb.values+json"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
KEY = re.compile(r"lsv2_(?:pt|sk)_[0-9A-Za-z]{12,}|ls__[0-9A-Za-z]{12,}")  # a masked key is shorter

# The last cell, which only the test adds: it evaluates the expressions that the assertions asked for.
DUMP = """
from IPython.display import display as _display
import json as _json
_values = {{name: eval(code) for name, code in {expressions!r}.items()}}
_plain = lambda value: value.item() if hasattr(value, "item") else str(value)
_display({{{mime!r}: _json.loads(_json.dumps(_values, default=_plain))}}, raw=True)
"""


@dataclass
class NotebookRun:
    """One run of a notebook.

    Attributes:
        notebook: The notebook with its outputs.
        directory: The folder it ran in; what it exported lies there.
        values: The values of the expressions that its assertions named.
        server: The demo organization it talked to, with its state and its log; None when it used the embedded one.
    """

    notebook: nbformat.NotebookNode
    directory: Path
    values: dict[str, Any] = field(default_factory=dict)
    server: Server | None = None

    @property
    def outputs(self) -> list[nbformat.NotebookNode]:
        """List every output of every cell, in order."""
        return [output for cell in self.notebook.cells if cell.cell_type == "code" for output in cell.outputs]

    @property
    def text(self) -> str:
        """Join everything that was shown as text: printed, plain and HTML."""
        parts = []
        for output in self.outputs:
            data = output.get("data", {})
            parts += [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
        return "\n".join(filter(None, parts))

    @property
    def pictures(self) -> list[str]:
        """List the pictures, as base64 PNG or SVG text."""
        shown = [output.get("data", {}) for output in self.outputs]
        return [data[kind] for data in shown for kind in ("image/png", "image/svg+xml") if kind in data]


def assertions_for(name: str) -> ModuleType:
    """Import what is registered for a notebook: `VALUES` (name to expression) and `check(run)`."""
    module = f"tests.notebooks.assert_{name}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
    raise AssertionError(
        f"{name}.ipynb has no assertions. Register what it should show: write tests/notebooks/assert_{name}.py"
        " with VALUES (name -> Python expression, evaluated after the last cell) and check(run)."
    )


def run_notebook(
    path: Path, directory: Path, *, environment: Mapping[str, str], expressions: Mapping[str, str]
) -> NotebookRun:
    """Execute a copy of a notebook, beside copies of its neighbours, and evaluate the expressions at its end.

    Raises:
        AssertionError: A cell ended with an error.
    """
    folder = directory / "notebooks"
    shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(DUMP.format(expressions=dict(expressions), mime=VALUES_TYPE)))
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        allow_errors=True,  # errors are found in the outputs below, where also swallowed ones show
        store_widget_state=False,
    )
    # The person's own IPython start-up files and history stay out of it.
    client.execute(env={**environment, "IPYTHONDIR": str(directory / "ipython")})
    run = NotebookRun(notebook, folder)
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                trace = ANSI.sub("", "\n".join(output.traceback))
                raise AssertionError(f"cell {number} of {path.name} failed:\n{cell.source}\n{trace}")
    run.values = json.loads(json.dumps(notebook.cells.pop().outputs[-1].data[VALUES_TYPE]))
    return run


def shown_keys(notebook: nbformat.NotebookNode, known: Mapping[str, str]) -> list[str]:
    """Find the keys whose text is in a notebook, by name where they are known."""
    text = nbformat.writes(notebook)
    return [name for name, key in known.items() if key in text] + [f"{hit[:8]}…" for hit in KEY.findall(text)]
