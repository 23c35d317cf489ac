"""The first notebook as a reader sees it: in JupyterLab, without a key."""

from __future__ import annotations


def test_the_first_notebook_runs_and_draws(lab):
    """Run-all works through every cell, the demo organization is named, and a picture is drawn."""
    lab.open("00_start_here.ipynb")
    lab.run_all()
    shown = " ".join(str(output) for output in lab.outputs())
    assert "demo organization" in shown
    pictures = [i for i, o in enumerate(lab.outputs()) if {"image/png", "image/svg+xml"} & set(o.get("data", {}))]
    assert pictures != []
