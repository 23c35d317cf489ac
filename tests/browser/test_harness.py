"""What the other browser tests lean on: cells run, the kernel answers, pictures are drawn, and the page is fenced in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

PICTURE = """
import base64
from IPython.display import Image
import matplotlib.pyplot as plt
plt.figure(figsize=(2, 1)); plt.bar(["a", "b"], [1, 2]); plt.show()
"""


def test_cells_run_and_the_kernel_answers(lab):
    """A run changes the kernel, a value comes back as data, and what was drawn is on the page."""
    lab.open_cells("n = 20", "n += 1\nprint('now', n)", PICTURE)
    lab.run_all()
    assert lab.value("[n, {'n': n}]") == [21, {"n": 21}]
    expect(lab.cell(1)).to_contain_text("now 21")
    [width] = lab.picture_widths()
    assert width > 50
    lab.run(1)
    assert lab.value("n") == 22
    lab.run(1, wait=False)
    lab.wait_for_value("n", 23)


def test_a_failing_cell_fails_run_all(lab):
    """An error in a cell is told with its name, and at once."""
    lab.open_cells("1 / 0", "2")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        lab.run_all()
    with pytest.raises(AssertionError, match="NameError"):
        lab.value("nowhere")


def test_the_kernel_stays_on_this_machine(lab):
    """The kernel behind the page is guarded like the tests."""
    lab.open_cells("import socket")
    lab.run_all()
    with pytest.raises(AssertionError, match="tests stay on this machine"):
        lab.execute("socket.create_connection(('192.0.2.1', 443), timeout=0.2)")


def test_a_request_to_elsewhere_is_stopped_and_seen(lab, outside_requests):
    """A picture from another machine is not fetched, and its address is written down, which fails other tests."""
    lab.open_cells("from IPython.display import HTML\nHTML('<img src=\"https://example.com/tracker.png\">')")
    lab.run_all()
    lab.wait_until(lambda: outside_requests != [])
    assert lab.cell(0).locator("img").evaluate("image => image.naturalWidth") == 0
    lab.page.goto("about:blank")  # JupyterLab may draw an output twice
    assert set(outside_requests) == {"https://example.com/tracker.png"}
    outside_requests.clear()


def test_no_pop_up_covers_the_page(lab):
    """JupyterLab does not ask whether it may fetch news."""
    lab.open_cells("1")
    lab.page.wait_for_timeout(1500)
    assert lab.page.locator(".jp-toast, .Toastify__toast").count() == 0
