"""Where hand-made grids go wrong: late positions, stray shortcuts, a kernel that is gone, two views, a reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.grids import GridPage, show

CHANGED = "sorted(set(grid.edits.key.str[6:8].astype(int)))"
LARGE = """
n = 20_000
people = pd.DataFrame({
    "email": [f"person{i:05}@example.com" for i in range(n)],
    "name": [f"Person {i}" for i in range(n)],
    "role": [ROLES[i % 3] for i in range(n)],
    "seats": range(n),
    "active": [i % 2 == 0 for i in range(n)],
})
grid = Grid(people, columns, key="email", can_add=True); grid
"""


def cell_ids(lab):
    """List the ids of the notebook's cells: `d d b` would leave their number as it was."""
    return lab.page.evaluate("jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.id)")


def test_a_paste_right_after_a_click_goes_to_the_cell_clicked(lab):
    """No wait between click and paste: exactly the two rows from the cell clicked last change, every time."""
    grid = show(lab)
    grid.copy_text("P\tAdmin\nQ\tAdmin")
    for row in [3, 9, 0, 7, 2, 10, 5, 1, 8, 4, 6]:
        grid.cell(0 if row else 11, "active").click(position={"x": 60, "y": 10})
        grid.cell(row, "name").click()
        grid.press("Control+v")
        lab.wait_for_value(CHANGED, [row, row + 1])
        assert lab.value(f"grid.edited().name.tolist()[{row}:{row + 2}]") == ["P", "Q"]
        grid.press("Control+z")
        lab.wait_for_value("len(grid.edits)", 0)


@pytest.mark.parametrize("action", ["Delete", "Backspace", "Control+d"])
def test_keys_right_after_a_click_act_on_the_cell_clicked(lab, action):
    """Removing, emptying and filling are about the row clicked now, also after a range that was made before."""
    grid = show(lab)
    done = {
        "Delete": "[int(key[6:8]) for key in grid.removed]",
        "Backspace": CHANGED,
        "Control+d": CHANGED,
    }[action]
    for row in [6, 2, 9, 4]:
        grid.cell(0, "name").click()
        grid.press("Shift+ArrowDown", "Shift+ArrowDown")
        grid.cell(row, "name").click()
        if action == "Control+d":
            grid.press("Shift+ArrowDown")
        grid.press(action)
        lab.wait_for_value(done, [row + 1] if action == "Control+d" else [row])
        grid.press("Control+z")
        lab.wait_for_value(done, [])


def test_a_paste_after_scrolling_goes_to_the_cell_clicked(lab):
    """The table has scrolled 20,000 rows between two clicks; only the last row changes."""
    grid = show(lab, make=LARGE)
    grid.copy_text("Last")
    for _ in range(2):
        grid.cell(0, "name").click()
        grid.press("Control+End")
        grid.cell(19_999, "name").click()
        grid.press("Control+v")
        grid.wait_for_edits(["person19999@example.com", "name", "Last"])
        grid.press("Control+z")
        grid.wait_for_edits()
        # What was taken back is brought into sight when Python has answered; only then the way home is for good.
        expect(grid.cell(19_999, "name")).not_to_contain_text("Last")
        grid.press("Control+Home")
        grid.cell(0, "name").wait_for()


def test_a_range_does_not_outlive_a_sort(lab):
    """After a sort other rows are in the range's place: filling it would change rows that nobody meant."""
    grid = show(lab)
    grid.cell(1, "name").click()
    grid.press("Shift+ArrowDown", "Shift+ArrowDown")
    header = grid.root.locator(".ag-header-cell[col-id='email']")
    header.click()
    header.click()
    expect(grid.cell(0, "email")).to_have_text("person11@example.com")
    grid.button("Fill down").click()
    expect(grid.root.locator(".lsnb-note")).to_contain_text("Fill down needs a range")
    assert grid.edits() == []


def test_rows_stay_where_they_are_while_they_are_edited(lab):
    """A pasted block does not run away under a sorted column: the second row of the block is the row that was seen."""
    grid = show(lab)
    grid.root.locator(".ag-header-cell[col-id='name']").click()
    expect(grid.cell(2, "name")).to_have_text("Person 10")
    grid.copy_text("zz\naa")
    grid.cell(2, "name").click()
    grid.press("Control+v")
    lab.wait_for_value(CHANGED, [10, 11])
    expect(grid.cell(2, "name")).to_have_text("zz")


@pytest.mark.parametrize("column", ["name", "email", "role", "active"])
def test_notebook_shortcuts_do_not_fire_in_the_table(lab, column):
    """`d d` deletes no cell, `a` and `b` add none, `0 0` restarts nothing, while the table has the focus."""
    grid = show(lab, "1 + 1")
    before = cell_ids(lab)
    grid.cell(6, column).click(position={"x": 60, "y": 10})
    for key in [
        "d",
        "d",
        "Escape",
        "d",
        "d",
        "x",
        "Escape",
        "a",
        "b",
        "Escape",
        "m",
        "Escape",
        "0",
        "0",
        "Escape",
        "z",
        "Escape",
    ]:
        grid.press(key)
    grid.button("Fill down").focus()
    grid.press("d", "d", "a", "b")
    grid.root.get_by_label("Which rows to show").focus()
    grid.press("d", "d", "x")
    assert cell_ids(lab) == before
    assert lab.value("len(people)") == 12


def test_two_views_and_two_widgets(lab):
    """Two views of one widget stay in step, a second widget goes its own way, and a cell can be run again."""
    grid = show(lab, "grid", "other = Grid(people, columns, key='email'); other")
    lab.run(2)
    lab.run(3)
    second, third = GridPage(lab, 1), GridPage(lab, 2)
    third.cell(0, "name").wait_for()
    grid.cell(2, "name").click()
    grid.type("Both")
    grid.press("Enter")
    expect(second.cell(2, "name")).to_have_text("Both")
    expect(third.cell(2, "name")).to_have_text("Person 2")
    second.cell(3, "name").click()
    second.copy_text("Back")
    second.press("Control+v")
    expect(grid.cell(3, "name")).to_have_text("Back")
    lab.execute("grid.set_values(['person04@example.com'], 'role', 'Admin')")
    expect(grid.cell(4, "role")).to_have_text("Admin")
    expect(second.cell(4, "role")).to_have_text("Admin")
    lab.run(1)
    expect(grid.cell(2, "name")).to_have_text("Person 2")
    grid.cell(5, "name").click()
    grid.type("Again")
    grid.press("Enter")
    grid.wait_for_edits(["person05@example.com", "name", "Again"])
    lab.execute("grid.reset(people.head(3))")
    expect(grid.root.locator(".lsnb-status")).to_contain_text("3 rows")
    expect(grid.cell(1, "name")).to_have_text("Person 1")


def test_a_page_that_is_loaded_again_shows_the_edits(lab):
    """Python holds the edits: after a reload they are there, marked, and can be taken back."""
    grid = show(lab)
    grid.copy_text("New\tboss")
    grid.cell(2, "name").click()
    grid.press("Control+v")
    lab.wait_for_value("len(grid.problems)", 1)
    lab.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    lab.reload()
    expect(grid.cell(2, "name")).to_have_text("New", timeout=30_000)
    expect(grid.cell(2, "role")).to_contain_text("is not one of")
    grid.button("Undo").click()
    grid.wait_for_edits()
    expect(grid.cell(2, "name")).to_have_text("Person 2")


def test_edits_arrive_while_a_cell_runs(lab):
    """A busy kernel delays edits and loses none; callbacks may run on another thread meanwhile."""
    grid = show(
        lab,
        "import threading, time; names = []; grid.on_change(lambda g: names.append(threading.current_thread().name)); time.sleep(3)",
    )
    lab.run(2, wait=False)
    for row in range(4):
        grid.cell(row, "name").click()
        grid.type(f"Busy {row}")
        grid.press("Enter")
    lab.page.evaluate("() => window.lsnbRun")
    lab.wait_for_value("grid.edits.after.tolist()", [f"Busy {row}" for row in range(4)])
    expect(grid.root).to_have_attribute("data-state", "ready")


def test_a_kernel_that_is_gone_is_told_and_no_edit_is_lost(lab):
    """After a restart the table says so, takes no more edits, and gives those that it has to be copied."""
    grid = show(lab)
    grid.cell(1, "name").click()
    grid.type("Taken")
    grid.press("Enter")
    grid.wait_for_edits(["person01@example.com", "name", "Taken"])
    lab.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    warning = grid.root.get_by_role("alert")
    grid.cell(3, "name").click()
    grid.type("Lost?")
    grid.press("Enter")
    expect(warning).to_contain_text("The kernel has gone away", timeout=20_000)
    expect(warning).to_contain_text("copy the edits, run the cell again")
    grid.button("Copy edits").click()
    expect(grid.button("Copy edits")).to_have_text("Copied")
    copied = grid.copied().split("\n")
    assert copied[0] == "what\trow\tcolumn\tbefore\tafter"
    assert "edited\tperson01@example.com\tname\tPerson 1\tTaken" in copied
    grid.cell(4, "name").click()
    grid.type("more")
    expect(grid.cell(4, "name")).to_have_text("Person 4")
    lab.run(0)
    lab.run(1)
    expect(grid.cell(1, "name")).to_have_text("Person 1")
    expect(grid.root.locator(".lsnb-warning")).to_be_hidden()


def test_a_kernel_that_is_shut_down_is_told(lab):
    """An edit that reaches nobody is shown as not taken, and can be copied."""
    grid = show(lab)
    lab.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.shutdown()")
    grid.cell(3, "name").click()
    grid.type("Alone")
    grid.press("Enter")
    warning = grid.root.locator(".lsnb-warning")
    expect(warning).to_contain_text("not taken by Python", timeout=20_000)
    grid.button("Copy edits").click()
    expect(grid.button("Copy edits")).to_have_text("Copied")
    assert "edited\tperson03@example.com\tname\tPerson 3\tAlone" in grid.copied()
    expect(grid.cell(3, "name")).to_have_text("Alone")


def test_somebody_elses_notebook_shows_the_plain_table(lab):
    """A notebook that was run elsewhere and is not trusted draws no widget, and shows the first rows as a table."""
    grid = show(lab)
    grid.cell(0, "name").click()
    output = lab.page.evaluate("jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON()")
    lab.open_outputs(output)
    table = lab.page.locator(".jp-OutputArea-output table")
    expect(table.locator("tbody tr")).to_have_count(12)
    expect(table).to_contain_text("person00@example.com")
    expect(lab.page.locator(".jp-OutputArea-output")).to_contain_text("needs a kernel")
