"""How the grid looks and reads: light, dark, narrow; for axe-core too, with an editor open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ARTIFACTS, REQUIRED
from tests.browser.grids import PEOPLE, GridPage, show

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
BUSY = """
grid = Grid(people, columns, key='email', can_add=True, can_remove=True, new_row={'role': 'Viewer'}, caption='Access of Acme')
grid.set_value(people.email[1], 'name', 'Ada Lovelace')
grid.set_value(people.email[2], 'role', 'boss')
grid.set_value(people.email[4], 'seats', 'many')
grid.remove_rows([people.email[5]])
grid.add_row({'email': 'new@example.com', 'name': 'New Person'})
grid.mark(pd.DataFrame({'key': [people.email[7]], 'column': ['role'], 'reason': ['no such workspace']}))
grid
"""


@pytest.fixture(scope="session")
def axe():
    """Give axe-core's script, or skip; where browser tests are required, fail instead."""
    if not AXE.is_file():
        reason = "axe-core is not there (make js brings it)"
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set, and {reason}")
        pytest.skip(reason)
    return AXE


def set_theme(lab, name):
    """Switch JupyterLab's theme."""
    lab.page.evaluate("name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", THEMES[name])
    lab.page.wait_for_function(
        "light => document.body.dataset.jpThemeLight === light", arg=str(name == "light").lower()
    )
    lab.page.wait_for_timeout(300)


def violations(page, script):
    """Ask axe-core what is wrong within the table."""
    page.add_script_tag(path=script)
    return page.evaluate(
        "async () => (await axe.run('.lsnb-grid', {resultTypes: ['violations']})).violations"
        ".map(v => [v.id, v.impact, v.nodes.length, v.nodes[0].html.slice(0, 300), v.nodes[0].failureSummary])"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(lab, axe, theme):
    """No violation in a table with edits, problems, added and removed rows, filters and ticks, an editor and the keys open."""
    grid = show(lab, make=BUSY)
    set_theme(lab, theme)
    try:
        assert violations(grid.page, axe) == []
        grid.button("Column filters").click()
        grid.cell(0, "ag-Grid-SelectionColumn").locator("input").click()
        grid.cell(3, "role").dblclick()
        grid.root.locator(".lsnb-editor select").wait_for()
        assert violations(grid.page, axe) == []
        grid.press("Escape")
        grid.cell(3, "name").dblclick()
        grid.root.locator(".ag-cell-inline-editing input").wait_for()
        assert violations(grid.page, axe) == []
        grid.root.screenshot(path=ARTIFACTS / f"grid-{theme}.png")
        grid.press("Escape")
        grid.root.get_by_label("Search all columns").fill("nobody")
        grid.root.locator(".lsnb-keys summary").click()
        assert violations(grid.page, axe) == []
        grid.root.screenshot(path=ARTIFACTS / f"grid-{theme}-no-match.png")
    finally:
        set_theme(lab, "light")


def test_dark_is_dark(lab):
    """Cells, headings, buttons and the editor take the dark theme's colours."""
    grid = show(lab)
    set_theme(lab, "dark")
    try:
        grid.cell(0, "role").dblclick()
        for part in (".ag-row", ".ag-header", ".lsnb-toolbar button", ".lsnb-editor select", ".lsnb-toolbar input"):
            colour = grid.root.locator(part).first.evaluate(
                "e => { while (getComputedStyle(e).backgroundColor === 'rgba(0, 0, 0, 0)') e = e.parentElement;"
                " return getComputedStyle(e).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number) }"
            )
            assert max(colour) < 80, part
    finally:
        set_theme(lab, "light")


def test_a_narrow_table_works(lab):
    """At the width of a telephone nothing is cut off: the table scrolls sideways, buttons keep their names."""
    grid = show(lab, make=BUSY)
    lab.page.set_viewport_size({"width": 560, "height": 900})
    expect(grid.root.locator(".ag-header-cell[col-id='lsnb-state']")).to_have_text("±")
    assert grid.root.evaluate("root => root.scrollWidth <= root.clientWidth + 1")
    assert grid.button("Fill down").evaluate("button => button.offsetWidth") < 45
    grid.cell(3, "name").click()
    grid.type("Narrow")
    grid.press("Enter")
    lab.wait_for_value("grid.edited().name[3]", "Narrow")
    grid.root.screenshot(path=ARTIFACTS / "grid-narrow.png")


def test_an_empty_table_says_so(lab):
    """A table without rows has its headings, a sentence, and the button to add one."""
    grid_of_none = "grid = Grid(people.head(0), columns, key='email', can_add=True); grid"
    lab.open_cells(PEOPLE, grid_of_none)
    lab.run(0)
    lab.run(1)
    grid = GridPage(lab)
    expect(grid.root.locator(".lsnb-overlay")).to_have_text("The table has no rows.")
    grid.button("Add row").click()
    lab.wait_for_value("len(grid.added)", 1)
    expect(grid.root.locator(".lsnb-overlay")).to_be_hidden()


def test_every_control_has_a_name_and_the_numbers_are_announced(lab):
    """Buttons are buttons, fields have labels, and the line of numbers is a live region."""
    grid = show(lab, make=BUSY)
    nameless = grid.root.evaluate(
        "root => [...root.querySelectorAll('.lsnb-toolbar button, .lsnb-toolbar input, .lsnb-toolbar select')]"
        ".filter(e => !e.getAttribute('aria-label')).length"
    )
    assert nameless == 0
    expect(grid.root.get_by_role("status")).to_contain_text(
        "13 rows · 13 shown · 0 selected · 3 changed · 1 added · 1 to remove · 3 problems"
    )
    assert grid.root.locator(".lsnb-status").get_attribute("aria-live") == "polite"
    grid.cell(2, "role").click()
    expect(grid.root.locator(".lsnb-note")).to_have_text("Role: “boss” is not one of “Admin”, “Editor”, “Viewer”")
