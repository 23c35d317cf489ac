"""The grid in a JupyterLab that was installed elsewhere, from the wheel: `.ci/run` says where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.grids import PEOPLE, SHOW, GridPage


@pytest.mark.skipif("LSNB_LAB_PYTHON" not in os.environ, reason="no other installation is named by LSNB_LAB_PYTHON")
def test_an_installed_wheel_draws_the_grid_and_takes_an_edit(lab):
    """What runs in the notebook is the wheel's own code, and its bundle draws and edits."""
    lab.open_cells(PEOPLE, SHOW)
    lab.run_all()
    grid = GridPage(lab)
    grid.cell(2, "name").click()
    grid.type("Zoe")
    grid.press("Enter")
    lab.wait_until(lambda: lab.value("grid.edits['after'].tolist()") == ["Zoe"])
    installation = Path(os.environ["LSNB_LAB_PYTHON"]).parents[1]
    assert Path(lab.value("__import__('lsnb').__file__")).is_relative_to(installation)
