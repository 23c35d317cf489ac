"""What a notebook with a grid keeps when it is saved: a small table to read, and no rows in the widget's state."""

from __future__ import annotations

import json

import nbformat
import pandas as pd
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from lsnb.widgets import Grid, GridColumn

MAKE = """
import pandas as pd
from lsnb.widgets import Grid, GridColumn
people = pd.DataFrame({
    "email": [f"secret{i}@example.com" for i in range(300)],
    "owner": [f"Owner Person{i}" for i in range(300)],
})
grid = Grid(people, [GridColumn("email"), GridColumn("owner", editable=True, choices=sorted(people.owner))],
            key="email", caption="Of Secretperson")
grid.set_value("secret7@example.com", "owner", "Owner Person9")
grid
"""


def test_a_saved_notebook_has_no_rows_in_its_widget_state():
    """Rows, choices and caption travel as messages: the state has the bundle and nobody's name; the output has 100 rows."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(MAKE)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=True).execute()
    state = json.dumps(notebook.metadata["widgets"])
    assert "lsnb-toolbar" in state
    assert [] == [word for word in ("secret", "Owner Person", "Secretperson") if word in state]
    [output] = notebook.cells[0].outputs
    table = output["data"]["text/html"]
    assert 100 == table.count("@example.com")
    assert "the first 100 of 300 rows" in table
    assert "needs a kernel" in table


def test_a_converted_notebook_shows_the_plain_table():
    """Nbconvert makes a page with the first rows in it, where a widget could not be drawn."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(MAKE)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=False).execute()
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "<td>secret99@example.com</td>" in page
    assert "secret100@" not in page
    assert "widget-view+json" not in page


def test_the_table_of_a_saved_notebook_is_text():
    """A name that is HTML is shown as text, in cells, headings and caption."""
    evil = "<img src=x onerror=window.hacked=1>"
    frame = pd.DataFrame({"name": [evil, None], evil: ["a", "b"]})
    columns = [GridColumn("name", editable=True, check=lambda name: f"bad {name}"), GridColumn(evil)]
    grid = Grid(frame, columns, caption=evil)
    grid.set_value(1, "name", evil + "2")
    html = grid._repr_mimebundle_()[0]["text/html"]
    assert "<img" not in html
    assert 5 == html.count("&lt;img src=x onerror=window.hacked=1&gt;")


def test_the_table_of_a_saved_notebook_shows_what_was_edited():
    """It is the table as it is now: new values, what is to go and what came, with what is wrong."""
    frame = pd.DataFrame({"name": ["Ada", "Ben"], "on": [True, None]}).astype({"on": "boolean"})
    columns = [GridColumn("name", editable=True, choices=["Ada", "Cleo"]), GridColumn("on", kind="bool")]
    grid = Grid(frame, columns, can_add=True, can_remove=True)
    grid.set_value(0, "name", "Dan")
    grid.remove_rows([1])
    grid.add_row({"name": "Cleo", "on": False})
    html = grid._repr_mimebundle_()[0]["text/html"]
    assert '<tr class="added"><td>added</td><td>Cleo</td><td>no</td></tr>' in html
    assert "<td>Dan <i>(“Dan” is not one of “Ada”, “Cleo”)</i></td><td>yes</td>" in html
    assert '<tr class="removed"><td>removed</td><td>Ben</td><td></td></tr>' in html
    assert "<Grid: 2 rows, 1 cells edited, 1 rows added, 1 to be removed>" == repr(grid)


def test_no_rows_are_saved_where_that_is_asked_for():
    """With `static_rows = 0` not even the first rows stand in the file."""
    grid = Grid(pd.DataFrame({"name": ["Ada"]}))
    grid.static_rows = 0
    html = grid._repr_mimebundle_()[0]["text/html"]
    assert "Ada" not in html
    assert "the first 0 of 1 rows" in html
