"""Progress: counts over threads, draws seldom, and goes away."""

from __future__ import annotations

import io
import threading

from lsnb.service.progress import NotebookBar, Progress, Silent, TerminalBar


class Recorder(Silent):
    """Keeps what is drawn."""

    def __init__(self):
        self.drawn = []

    def draw(self, title, done, total, note):
        """Keep the figures."""
        self.drawn.append((title, done, total, note))


def test_bar_draws_at_most_ten_times_a_second_and_always_the_last_step():
    """A thousand steps in no time are drawn once or twice, and the end is among them."""
    display = Recorder()
    with Progress("Reading", display=display, clock=lambda: 5.0) as progress:
        progress.expect(1000)
        for _ in range(1000):
            progress.step("people")
    assert len(display.drawn) <= 3
    assert ("Reading", 1000, 1000, "people") == display.drawn[-1]


def step_often(progress):
    """Count five hundred steps."""
    for _ in range(500):
        progress.step()


def test_steps_of_many_threads_are_all_counted():
    """No step is lost."""
    with Progress("Reading", display=Recorder()) as progress:
        progress.expect(4000)
        threads = [threading.Thread(target=step_often, args=(progress,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 4000 == progress.done


def test_total_never_falls_behind():
    """A bar does not show 7 of 5."""
    with Progress("Reading", display=Recorder()) as progress:
        progress.expect(1)
        progress.step(steps=7)
    assert 7 == progress.total


def test_terminal_line_is_wiped():
    """After the work the line is empty, and a shorter note leaves nothing of a longer one."""
    stream = io.StringIO()
    bar = TerminalBar(stream)
    bar.draw("Reading", 1, 2, "a long note")
    bar.draw("Reading", 2, 2, "x")
    bar.end()
    last = stream.getvalue().split("\r")
    assert "[##############..............] 1/2 a long note" in last[1]
    assert len(last[1].rstrip()) <= len(last[2])
    assert "" == last[-2].strip() == last[-1]


def test_notebook_bar_shows_and_closes():
    """The widget moves with the work and is closed at the end."""
    bar = NotebookBar()
    bar.draw("Reading", 3, 9, "people")
    assert (3, 9) == (bar._bar.value, bar._bar.max)
    assert "3 of 9" in bar._text.value
    bar.end()
    assert bar._bar.comm is None
