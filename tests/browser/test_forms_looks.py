"""How the forms look and read: light, dark and narrow, with names that are HTML in them; for axe-core too."""

from __future__ import annotations

import pytest

from tests.browser.conftest import ARTIFACTS
from tests.browser.test_forms import CONNECT, NASTY
from tests.browser.test_grid_looks import axe, set_theme  # noqa: F401  # a fixture is used by its name

# Everybody and everything is called so, and what is written in cells too.
HACKED = f"""
nasty = {NASTY!r}
for person in demo.state.people.values():
    person.full_name = nasty
for place in demo.state.workspaces.values():
    if place.display_name in ("Production", "Staging"):
        place.display_name = nasty + place.display_name
demo.state.organization.display_name = nasty
demo.state.touch()
snap = org.snapshot(tables=["access"])
"""
FORMS = {
    "access": """
form = access_editor(org, snap)
rows = form.grid.frame
users = rows[rows["role"] == "Workspace User"]
form.set_role(users["email"].iloc[0], "Viewer", users["workspace"].iloc[0])
form.remove(users["email"].iloc[1], users["workspace"].iloc[1])
form.plan_button.click()
form.wait(60)
form.add(nasty, "Nobody", nasty)
form.check()
form.plan_button.click()
form.wait(60)
form
""",
    "invite": """
form = invite_form(org, snap)
form.read(f"{nasty}\\nDana Lee <dana@acme.example>, x@elsewhere.example, ada.lindqvis@acme.example, ada.lindqvist@acme.example")
form.plan_button.click()
form.wait(60)
form
""",
    "explorer": """
form = explorer(snap)
form.filter("viewer")
form.picture_field.value = "Roles in each workspace"
form.wait(60)
form
""",
    "connect": """
form = connect_form()
form.connect_button.click()
form.wait(60)
form
""",
    "apply": """
rows = access_editor(org, snap).grid.frame
users = rows[rows["role"] == "Workspace User"]
editor = access_editor(org, snap, fresh=True)
editor.set_role(users["email"].iloc[0], "Viewer", users["workspace"].iloc[0])
editor.set_role(users["email"].iloc[1], "Viewer", users["workspace"].iloc[1])
plan = editor.plan()
demo.faults.add(method="PATCH", path="/members/", kind="status", status=400, body={"detail": nasty}, times=1)
form = apply_view(org, plan, confirm=plan.fingerprint).start()
form.wait(60)
form.undo()
form
""",
}
VIOLATIONS = """async form => (await axe.run(form, {resultTypes: ['violations']})).violations
    .map(v => [v.id, v.impact, v.nodes.length, v.nodes[0].html.slice(0, 300), v.nodes[0].failureSummary])"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_forms_can_be_read_by_everybody(lab, axe, theme):  # noqa: F811
    """Light or dark, wide or narrow, axe-core finds nothing, nothing sticks out, and no name is run as HTML."""
    lab.open_cells(CONNECT, HACKED, *FORMS.values())
    lab.page.set_viewport_size({"width": 1400, "height": 3000})
    lab.run_all()
    set_theme(lab, theme)
    lab.page.add_script_tag(path=axe)
    try:
        for index, name in enumerate(FORMS, start=2):
            form = lab.cell(index).locator(".lsnb-form").first
            form.wait_for()
            lab.page.wait_for_timeout(400)
            form.screenshot(path=ARTIFACTS / f"form-{name}-{theme}.png")
            assert [] == form.evaluate(VIOLATIONS), name
        lab.page.set_viewport_size({"width": 560, "height": 3600})
        for index, name in enumerate(FORMS, start=2):
            form = lab.cell(index).locator(".lsnb-form").first
            form.wait_for()
            lab.page.wait_for_timeout(400)
            form.screenshot(path=ARTIFACTS / f"form-{name}-{theme}-narrow.png")
            assert form.evaluate("form => form.scrollWidth <= form.clientWidth + 1"), f"{name} sticks out"
    finally:
        set_theme(lab, "light")
    assert lab.page.evaluate("window.hacked") is None
    assert lab.page.locator("img[src='x']").count() == 0
