"""The notebook of bulk edits as a reader sees it: in JupyterLab, on the embedded demo organization."""

from __future__ import annotations


def test_a_bulk_edit_is_planned_applied_and_taken_back(lab):
    """Run-all plans, applies and undoes; the plan is drawn as a table that can be read."""
    lab.open("02_bulk_edits.ipynb")
    lab.run_all()
    assert lab.value("run.is_done")
    assert lab.value("undone.is_done")
    assert lab.value("bool(same)")
    index = lab.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets.findIndex("
        "cell => cell.model.sharedModel.getSource().startsWith('plan = org.plan('))"
    )
    # JupyterLab draws cells when they come into sight.
    lab.page.evaluate(f"window.jupyterapp.shell.currentWidget.content.scrollToItem({index}, 'start')")
    plan = lab.cell(index).locator(".lsnb-plan")
    plan.wait_for(state="visible")
    assert "Viewer" in plan.inner_text()
    assert plan.bounding_box()["width"] > 300
