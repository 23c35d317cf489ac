"""The grid on a JupyterLab page, as a person meets it: cells by row and column, buttons by their words."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.lab import Lab

#: Twelve people, so that all rows are drawn.
PEOPLE = """
import pandas as pd
from lsnb.widgets import Grid, GridColumn

ROLES = ["Admin", "Editor", "Viewer"]
people = pd.DataFrame({
    "email": [f"person{i:02}@example.com" for i in range(12)],
    "name": [f"Person {i}" for i in range(12)],
    "role": [ROLES[i % 3] for i in range(12)],
    "seats": range(12),
    "active": [i % 2 == 0 for i in range(12)],
})
columns = [
    GridColumn("email", title="E-mail", pinned=True),
    GridColumn("name", title="Name", editable=True),
    GridColumn("role", title="Role", editable=True, choices=ROLES, help="The role in the workspace"),
    GridColumn("seats", title="Seats", editable=True, kind="number"),
    GridColumn("active", title="Active", editable=True, kind="bool"),
]
"""
SHOW = "grid = Grid(people, columns, key='email', can_add=True, can_remove=True, new_row={'role': 'Viewer'}); grid"


class GridPage:
    """One grid on the page of a lab."""

    def __init__(self, lab: Lab, view: int = 0):
        self.lab = lab
        self.page: Page = lab.page
        self.root = lab.page.locator(".lsnb-grid").nth(view)

    def cell(self, row: int, column: str) -> Locator:
        """Find a cell by its place on the screen; the DOM keeps rows in another order."""
        return self.root.locator(f".ag-row[row-index='{row}'] .ag-cell[col-id='{column}']")

    def button(self, name: str) -> Locator:
        """Find a button by its words."""
        return self.root.get_by_role("button", name=name, exact=True)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type text."""
        self.page.keyboard.type(text)

    def copy_text(self, text: str) -> None:
        """Put text on the clipboard."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)

    def copied(self) -> str:
        """Read the clipboard."""
        return str(self.page.evaluate("() => navigator.clipboard.readText()"))

    def edits(self) -> list[list[Any]]:
        """Ask Python for the edits."""
        rows: list[list[Any]] = self.lab.value("grid.edits[['key', 'column', 'after']].values.tolist()")
        return rows

    def wait_for_edits(self, *expected: list[Any]) -> None:
        """Wait until Python has exactly these edits: key, column, after."""
        self.lab.wait_for_value("grid.edits[['key', 'column', 'after']].values.tolist()", list(expected))

    def status(self) -> str:
        """Read the line below the table."""
        return self.root.locator(".lsnb-status").inner_text()


def show(lab: Lab, *more: str, make: str = SHOW) -> GridPage:
    """Open a notebook with a grid of people, run it, and wait until the first cell is drawn."""
    lab.open_cells(PEOPLE, make, *more)
    lab.run(0)
    lab.run(1)
    grid = GridPage(lab)
    grid.cell(0, "email").wait_for()
    return grid
