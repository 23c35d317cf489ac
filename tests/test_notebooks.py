from __future__ import annotations

import re

import nbformat
import pytest

from tests.notebooks.clean import cleaned
from tests.notebooks.run import NOTEBOOKS, assertions_for, run_notebook, shown_keys

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@by_name
def test_it_is_committed_clean(path):
    """A notebook is valid and holds no outputs, counts or leftovers of an editor; `make format` sees to that."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    assert notebook == cleaned(notebook)


@by_name
def test_it_is_thin(path):
    """A notebook defines nothing: a `def` in one is a function missing from the package."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell for cell in cells if re.search(r"^\s*(def|class|async def) ", cell, re.M)] == []


@by_name
def test_it_runs_and_shows_what_it_should(path, tmp_path, child_environment):
    """In a fresh kernel, with a key to a fresh demo organization, every cell works and shows what is registered."""
    from lsnb import sandbox

    expected = assertions_for(path.stem)
    with sandbox.start(seed="small") as server:
        environment = child_environment | {"LANGSMITH_ENDPOINT": server.url, "LANGSMITH_API_KEY": server.key}
        run = run_notebook(path, tmp_path, environment=environment, expressions=expected.VALUES)
        run.server = server
        assert shown_keys(run.notebook, server.keys) == []
        expected.check(run)


def test_the_first_one_needs_no_key(tmp_path, child_environment):
    """Without any key the first notebook runs against the embedded demo organization, and says so."""
    expected = assertions_for("00_start_here")
    path = NOTEBOOKS / "00_start_here.ipynb"
    run = run_notebook(path, tmp_path, environment=child_environment, expressions=expected.VALUES)
    assert shown_keys(run.notebook, {}) == []
    assert "demo organization" in run.text
    expected.check(run)


@pytest.fixture
def write_notebook(tmp_path):
    """Give a function that writes a notebook of code cells, clean as a committed one."""

    def write(*sources):
        path = tmp_path / "source" / "planted.ipynb"
        path.parent.mkdir()
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(cleaned(nbformat.v4.new_notebook(cells=cells)), path)
        return path

    return write


def test_values_of_a_run_can_be_read(write_notebook, tmp_path, child_environment):
    """Expressions are evaluated after the last cell, and files land beside a copy, not beside the original."""
    path = write_notebook("import pandas as pd\nn = pd.Series([1, 2]).sum()\nopen('out.csv', 'w').write('x')", "n")
    run = run_notebook(path, tmp_path, environment=child_environment, expressions={"n": "n", "double": "[n * 2]"})
    assert run.values == {"n": 3, "double": [6]}
    assert "3" in run.text
    assert (run.directory / "out.csv").read_text() == "x"
    assert [each.name for each in path.parent.iterdir()] == ["planted.ipynb"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import socket; socket.create_connection(('192.0.2.1', 443), 0.2)", "tests stay on this machine"),
    ],
)
def test_a_failing_cell_fails_the_run(source, message, write_notebook, tmp_path, child_environment):
    """An error in a cell is an error of the test, and so is a connection to elsewhere."""
    with pytest.raises(AssertionError, match=message):
        run_notebook(write_notebook(source), tmp_path, environment=child_environment, expressions={})


def test_a_shown_key_is_found():
    """The text of a key in an output is found whether it is known or only looks like one; a masked one is fine."""
    output = nbformat.v4.new_output(
        "stream", text="first secret-one then lsv2_pt_0123456789abcdef_0123 and lsv2_pt_…0123"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])])
    assert shown_keys(notebook, {"admin": "secret-one", "other": "secret-two"}) == ["admin", "lsv2_pt_…"]


def test_leftovers_are_seen():
    """Outputs, counts, widget states and foreign metadata make a notebook unclean; tags do not."""
    cell = nbformat.v4.new_code_cell("x", metadata={"tags": ["parameters"]})
    notebook = cleaned(nbformat.v4.new_notebook(cells=[cell]))
    assert cleaned(notebook) == notebook
    for change in (
        lambda n: n.cells[0].update(execution_count=3),
        lambda n: n.cells[0].update(outputs=[nbformat.v4.new_output("stream", text="x")]),
        lambda n: n.cells[0].metadata.update(collapsed=True),
        lambda n: n.metadata.update(widgets={}),
        lambda n: n.metadata.language_info.update(version="3.11.7"),
    ):
        dirty = nbformat.from_dict(notebook)
        change(dirty)
        assert dirty != cleaned(dirty)


def test_a_notebook_without_assertions_is_refused():
    """A new notebook must register what it shows."""
    with pytest.raises(AssertionError, match="Register what it should show"):
        assertions_for("99_nobody_looks")
