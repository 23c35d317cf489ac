"""The first notebook as a reader sees it: in JupyterLab, without a key."""

from __future__ import annotations


def test_the_first_notebook_runs_and_draws(lab):
    """Run-all works through every cell, the demo organization is named, and a picture is drawn."""
    lab.open("00_start_here.ipynb")
    lab.run_all()
    shown = " ".join(str(output) for output in lab.outputs())
    assert "demo organization" in shown
    assert len(lab.picture_widths()) == 2
    assert min(lab.picture_widths()) > 200
