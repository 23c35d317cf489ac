"""How reports look and read in JupyterLab: light, dark and narrow, with names that are HTML in them; for axe-core too."""

from __future__ import annotations

import pytest

from tests.browser.conftest import ARTIFACTS
from tests.browser.test_forms import CONNECT
from tests.browser.test_forms_looks import HACKED
from tests.browser.test_grid_looks import axe, set_theme  # noqa: F401  # a fixture is used by its name

BEFORE = """
import lsnb
before = org.snapshot()
"""
REPORTS = {
    "whoami": "org.whoami()",
    "snapshot": "before",
    "plan": """
import pandas as pd
people = before.members[before.members["role"] == "Organization User"]["email"].tolist()
rows = [{"email": email, "langsmith_role": "Viewer", "workspace_name": "Research", "action": ""} for email in people[:4]]
rows.append({"email": people[5], "langsmith_role": "", "workspace_name": "", "action": "remove"})
plan = org.plan(pd.DataFrame(rows), snapshot=before)
plan
""",
    "run": "org.apply(plan, confirm=plan.fingerprint)",
    "diff": "lsnb.diff(before, org.snapshot())",
    "fixes": "lsnb.fixes(lsnb.audit(before), before)",
}
VIOLATIONS = """async () => (await axe.run('.lsnb-report', {resultTypes: ['violations']})).violations
    .map(found => `${found.id}: ${found.nodes.map(node => node.html).join(' ').slice(0, 300)}`)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_reports_can_be_read_by_everybody(lab, axe, theme):  # noqa: F811
    """Light or dark, wide or narrow, axe-core finds nothing, nothing sticks out, and no name is run as HTML."""
    lab.open_cells(CONNECT, HACKED, BEFORE, *REPORTS.values())
    lab.page.set_viewport_size({"width": 1200, "height": 3000})
    lab.run_all()
    set_theme(lab, theme)
    lab.page.add_script_tag(path=axe)
    try:
        for width, ending in ((1200, ""), (560, "-narrow")):
            lab.page.set_viewport_size({"width": width, "height": 3600})
            for index, name in enumerate(REPORTS, start=3):
                report = lab.cell(index).locator(".lsnb-report").first
                report.scroll_into_view_if_needed()
                report.wait_for()
                report.screenshot(path=ARTIFACTS / f"report-{name}-{theme}{ending}.png")
                assert [] == report.evaluate(VIOLATIONS), name
                assert report.evaluate("part => part.scrollWidth <= part.clientWidth + 1"), f"{name} sticks out"
    finally:
        set_theme(lab, "light")
    assert lab.page.evaluate("window.hacked") is None
    assert lab.page.locator("img[src='x']").count() == 0
