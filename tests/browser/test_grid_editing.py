"""The grid in JupyterLab: what a person types, pastes, fills and takes back arrives in Python, and nothing else does."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.grids import show


def email(number):
    """Name the key of a row."""
    return f"person{number:02}@example.com"


def test_typing_edits_a_cell(lab):
    """Typing and Enter bring the text to Python, mark the cell and the row, and leave the DataFrame alone."""
    grid = show(lab)
    grid.cell(2, "name").click()
    grid.type("xaZoe dd")
    grid.press("Enter")
    grid.wait_for_edits([email(2), "name", "xaZoe dd"])
    expect(grid.cell(2, "name")).to_have_class(re.compile("lsnb-dirty"))
    expect(grid.cell(2, "lsnb-state")).to_contain_text("edited")
    expect(grid.root.locator(".lsnb-status")).to_contain_text(
        "12 rows · 12 shown · 0 selected · 1 changed · 0 problems"
    )
    assert lab.value("people.name[2]") == "Person 2"


def test_a_role_is_picked_by_mouse_by_letter_and_by_arrow(lab):
    """The editor of choices is the browser's own select: picking is enough, a letter picks, arrows move, Escape leaves."""
    grid = show(lab)
    grid.cell(0, "role").dblclick()
    grid.root.locator("select").last.wait_for()
    grid.root.locator(".lsnb-editor select").select_option("Viewer")
    grid.wait_for_edits([email(0), "role", "Viewer"])
    grid.cell(3, "role").click()
    grid.press("e", "Enter")
    grid.wait_for_edits([email(0), "role", "Viewer"], [email(3), "role", "Editor"])
    grid.cell(4, "role").click()
    grid.press("F2", "ArrowDown", "Enter")
    edits = ([email(0), "role", "Viewer"], [email(3), "role", "Editor"], [email(4), "role", "Viewer"])
    grid.wait_for_edits(*edits)
    grid.cell(6, "role").click()
    grid.press("v", "Escape")
    expect(grid.root.locator(".lsnb-editor")).to_have_count(0)
    grid.cell(7, "seats").click()
    grid.type("70")
    grid.press("Tab")
    grid.wait_for_edits(*edits, [email(7), "seats", 70])


def test_many_choices_are_suggested_while_typing(lab):
    """Above forty choices the editor is a text field with suggestions; case does not matter."""
    wide = "grid = Grid(people, [GridColumn('email'), GridColumn('name', editable=True, choices=[f'Team {i}' for i in range(60)])], key='email'); grid"
    grid = show(lab, make=wide)
    grid.cell(1, "name").dblclick()
    editor = grid.root.locator(".lsnb-editor input")
    assert editor.evaluate("input => input.list.options.length") == 60
    editor.fill("team 33")
    grid.press("Enter")
    grid.wait_for_edits([email(1), "name", "Team 33"])
    expect(grid.cell(1, "name")).to_have_text("Team 33")


def test_a_flag_is_switched_by_click_and_by_space(lab):
    """A flag is a box; a click or Space on it switches it, and twice is no edit."""
    grid = show(lab)
    grid.cell(0, "active").locator("input").click()
    grid.wait_for_edits([email(0), "active", False])
    grid.cell(1, "active").click(position={"x": 60, "y": 10})
    grid.press(" ")
    grid.wait_for_edits([email(0), "active", False], [email(1), "active", True])
    grid.press(" ")
    grid.wait_for_edits([email(0), "active", False])


def test_a_locked_column_says_so(lab):
    """Typing, pasting and emptying do nothing in a locked column, and the line below says why."""
    grid = show(lab)
    grid.cell(2, "email").click()
    grid.type("x")
    expect(grid.root.locator(".lsnb-note")).to_have_text("E-mail cannot be edited.")
    grid.copy_text("evil@example.com")
    grid.press("Control+v")
    expect(grid.root.locator(".lsnb-note")).to_contain_text("1 cells of locked columns")
    grid.press("Backspace")
    expect(grid.root.locator(".lsnb-note")).to_have_text("E-mail cannot be edited.")
    assert grid.edits() == []


def test_b18_an_empty_cell_that_is_copied_empties_the_cell_it_is_pasted_on(lab):
    """Two cells, the lower one empty, over two that are full: the second does not keep its value."""
    grid = show(lab)
    grid.cell(5, "name").click()
    grid.press("Backspace")
    grid.wait_for_edits([email(5), "name", "<NA>"])
    grid.cell(4, "name").click()
    grid.press("Shift+ArrowDown", "Control+c")
    grid.cell(7, "name").click()
    grid.press("Control+v")
    grid.wait_for_edits([email(5), "name", "<NA>"], [email(7), "name", "Person 4"], [email(8), "name", "<NA>"])


def test_a_block_from_a_spreadsheet_is_pasted_and_taken_back(lab):
    """Quotes, line breaks in cells, unknown roles: everything arrives, what is wrong is marked with words, undo is one step."""
    grid = show(lab)
    grid.copy_text('Alice "A"\tadmin\t7\n"Bob\nB"\tViewer\t8\r\nCarl\tboss\tmany\n')
    grid.cell(6, "name").click()
    grid.press("Control+v")
    edits = [
        [email(6), "name", 'Alice "A"'],
        [email(6), "seats", 7],
        [email(7), "name", "Bob\nB"],
        [email(7), "role", "Viewer"],
        [email(7), "seats", 8],
        [email(8), "name", "Carl"],
        [email(8), "role", "boss"],
        [email(8), "seats", "many"],
    ]
    grid.wait_for_edits(*edits)
    assert lab.value("grid.problems[['key', 'column']].values.tolist()") == [[email(8), "role"], [email(8), "seats"]]
    expect(grid.cell(8, "role")).to_contain_text("boss⚠ “boss” is not one of “Admin”, “Editor”, “Viewer”")
    expect(grid.cell(8, "lsnb-state")).to_contain_text("problem")
    expect(grid.root.locator(".lsnb-status")).to_contain_text("2 problems")
    grid.press("Control+z")
    grid.wait_for_edits()
    expect(grid.cell(8, "role")).to_have_text("Viewer")
    grid.press("Control+Shift+z")
    grid.wait_for_edits(*edits)
    grid.button("Undo").click()
    grid.wait_for_edits()
    grid.press("Control+y")
    grid.wait_for_edits(*edits)


def test_a_range_is_copied_filled_and_emptied(lab):
    """Shift+arrows and Shift+click make a range; copy, fill down and Backspace are about it."""
    grid = show(lab)
    grid.cell(1, "name").click()
    grid.press("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight")
    grid.press("Control+c")
    assert grid.copied() == "Person 1\tEditor\nPerson 2\tViewer\nPerson 3\tAdmin"
    grid.cell(1, "role").click()
    grid.cell(3, "role").click(modifiers=["Shift"])
    grid.press("Control+d")
    grid.wait_for_edits([email(2), "role", "Editor"], [email(3), "role", "Editor"])
    grid.press("Control+z")
    grid.wait_for_edits()
    grid.cell(5, "seats").click()
    grid.press("Shift+ArrowUp", "Backspace")
    lab.wait_for_value(
        "[(k, c) for k, c, a in grid.edits[['key', 'column', 'after']].values if pd.isna(a)]",
        [[email(4), "seats"], [email(5), "seats"]],
    )
    grid.cell(8, "role").click()
    grid.copy_text("Admin")
    grid.press("Shift+ArrowDown", "Shift+ArrowDown", "Control+v")
    lab.wait_for_value("grid.edited().role[8:11].tolist()", ["Admin"] * 3)


def test_a_range_is_drawn_with_the_mouse(lab):
    """Dragging over cells makes a range too."""
    grid = show(lab)
    grid.cell(2, "name").hover()
    grid.page.mouse.down()
    grid.cell(4, "role").hover()
    grid.page.mouse.up()
    expect(grid.root.locator(".lsnb-range")).to_have_count(6)
    grid.press("Control+c")
    assert grid.copied() == "Person 2\tViewer\nPerson 3\tAdmin\nPerson 4\tEditor"


def test_ticked_rows_are_set_at_once(lab):
    """One value goes into all ticked rows that are shown, by the buttons or by keys; Python knows what is ticked."""
    grid = show(lab)
    for row in (1, 4, 5):
        grid.cell(row, "ag-Grid-SelectionColumn").locator("input").click()
    lab.wait_for_value("grid.selected", [email(1), email(4), email(5)])
    grid.root.get_by_label("Column to set").select_option("role")
    grid.root.get_by_label("Value for Role").select_option("Admin")
    grid.button("Set for 3 rows").click()
    three = [[email(row), "role", "Admin"] for row in (1, 4, 5)]
    grid.wait_for_edits(*three)
    grid.root.get_by_label("Search all columns").fill("person04")
    expect(grid.root.locator(".lsnb-status")).to_contain_text("1 shown · 3 selected (2 not shown)")
    grid.root.get_by_label("Value for Role").select_option("Viewer")
    grid.button("Set for 1 row").click()
    grid.wait_for_edits([email(1), "role", "Admin"], [email(4), "role", "Viewer"], [email(5), "role", "Admin"])
    grid.root.get_by_label("Search all columns").fill("")
    grid.cell(0, "name").click()
    grid.press("Control+a")
    expect(grid.button("Set for 12 rows")).to_be_enabled()


def test_rows_are_added_removed_and_restored(lab):
    """Insert adds a row whose key can be typed, Delete marks rows, Delete again restores, an added row goes at once."""
    grid = show(lab)
    grid.cell(0, "name").click()
    grid.press("Insert")
    lab.wait_for_value("len(grid.added)", 1)
    expect(grid.cell(12, "lsnb-state")).to_contain_text("added")
    grid.type("new@example.com")
    grid.press("Enter")
    lab.wait_for_value("grid.added[['key', 'email', 'role']].values.tolist()", [["new:1", "new@example.com", "Viewer"]])
    grid.cell(3, "name").click()
    grid.press("Shift+ArrowDown", "Delete")
    lab.wait_for_value("grid.removed", [email(3), email(4)])
    expect(grid.cell(3, "lsnb-state")).to_contain_text("remove")
    assert "line-through" in grid.cell(3, "name").evaluate("cell => getComputedStyle(cell).textDecorationLine")
    grid.press("Delete")
    lab.wait_for_value("grid.removed", [])
    grid.cell(7, "ag-Grid-SelectionColumn").locator("input").click()
    grid.cell(9, "ag-Grid-SelectionColumn").locator("input").click()
    grid.button("Remove").click()
    lab.wait_for_value("grid.removed", [email(7), email(9)])
    grid.button("Restore").click()
    lab.wait_for_value("grid.removed", [])
    grid.cell(12, "name").click()
    grid.press("Delete")
    lab.wait_for_value("len(grid.added)", 0)
    expect(grid.cell(12, "name")).to_have_count(0)
    grid.button("Add row").click()
    lab.wait_for_value("grid.added.key.tolist()", ["new:2"])
    grid.copy_text("one@example.com\tOne\ntwo@example.com\tTwo\nthree@example.com\tThree")
    grid.cell(12, "email").click()
    grid.press("Control+v")
    lab.wait_for_value("grid.added.email.tolist()", ["one@example.com", "two@example.com", "three@example.com"])
    assert lab.value("grid.added.role.tolist()") == ["Viewer"] * 3


def test_rows_are_found_filtered_and_sorted(lab):
    """Search, column filters, rows with problems, sorting: what is edited then is the row that is seen."""
    grid = show(lab)
    search = grid.root.get_by_label("Search all columns")
    search.fill("person07")
    expect(grid.cell(0, "email")).to_have_text(email(7))
    grid.cell(0, "name").click()
    grid.type("Found")
    grid.press("Enter")
    grid.wait_for_edits([email(7), "name", "Found"])
    search.fill("nobody at all")
    expect(grid.root.locator(".lsnb-overlay")).to_contain_text("No rows match the filter.")
    grid.button("Show all rows").click()
    expect(grid.root.locator(".lsnb-status")).to_contain_text("12 shown")
    grid.button("Column filters").click()
    grid.root.locator(".ag-floating-filter input[aria-label='Role Filter Input']").fill("admin")
    expect(grid.root.locator(".lsnb-status")).to_contain_text("4 shown")
    grid.root.locator(".ag-floating-filter input[aria-label='Role Filter Input']").fill("")
    expect(grid.root.locator(".lsnb-status")).to_contain_text("12 shown")
    lab.execute("grid.set_value('person03@example.com', 'role', 'boss')")
    grid.root.get_by_label("Which rows to show").select_option("Rows with problems")
    expect(grid.root.locator(".lsnb-status")).to_contain_text("1 shown")
    grid.root.get_by_label("Which rows to show").select_option("Changed rows")
    expect(grid.root.locator(".lsnb-status")).to_contain_text("2 shown")
    grid.root.get_by_label("Which rows to show").select_option("All rows")
    header = grid.root.locator(".ag-header-cell-sortable[col-id='email']")
    header.click()
    header.click()
    expect(grid.cell(0, "email")).to_have_text(email(11))
    grid.cell(0, "name").click()
    grid.type("Sorted")
    grid.press("Enter")
    grid.wait_for_edits([email(3), "role", "boss"], [email(7), "name", "Found"], [email(11), "name", "Sorted"])


def test_the_keyboard_reaches_everything(lab):
    """Alt+F10 goes to the buttons, Escape back to the cell; typing there is an edit of that cell."""
    grid = show(lab)
    grid.cell(2, "name").click()
    grid.type("Once")
    grid.press("Enter", "Alt+F10")
    assert grid.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Undo"
    grid.press("Enter")
    grid.wait_for_edits()
    grid.press("Tab", "Escape")
    grid.type("Again")
    grid.press("Enter")
    grid.wait_for_edits([email(3), "name", "Again"])


@pytest.mark.parametrize("attack", ["<img src=x onerror=window.hacked=1>", "<script>window.hacked=1</script>"])
def test_text_is_never_html(lab, attack):
    """A name, heading, choice, reason, help or caption that is HTML is shown as text, with an editor open too."""
    make = (
        f"attack = {attack!r}\n"
        "evil = people.assign(name=attack, role=attack).rename(columns={'seats': attack})\n"
        "grid = Grid(evil, [GridColumn('name', title=attack, help=attack, editable=True, check=lambda name: attack),"
        " GridColumn('role', editable=True, choices=[attack, 'x']), GridColumn('email'), GridColumn(attack, kind='number')],"
        " caption=attack); grid.set_value(1, 'name', attack + '!'); grid"
    )
    grid = show(lab, make=make)
    expect(grid.cell(0, "name")).to_have_text(attack)
    grid.cell(1, "name").hover()
    grid.page.wait_for_timeout(700)
    grid.cell(0, "role").dblclick()
    grid.root.locator(".lsnb-editor select").wait_for()
    expect(grid.root.locator(".lsnb-caption")).to_have_text(attack)
    assert grid.page.evaluate("window.hacked") is None
    assert grid.root.locator("img").count() == 0
