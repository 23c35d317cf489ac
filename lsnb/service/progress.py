"""Progress bars for long work: in a notebook, in a terminal, or none where nobody looks.

Both draw at most ten times a second, since a notebook's server cuts off what sends faster.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TextIO

import wcwidth

from lsnb.errors.safe_text import visible_line

_DRAW_EVERY_S = 0.1
_WIDTH = 28


class Display(Protocol):
    """Something that can show a share of work done."""

    def draw(self, title: str, done: int, total: int, note: str) -> None:
        """Show how far the work is."""

    def end(self) -> None:
        """Take the bar away."""


class Silent:
    """Shows nothing: for scripts and pipes."""

    def draw(self, title: str, done: int, total: int, note: str) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Have nothing to take away."""


class TerminalBar:
    """One line that is written over and over, on standard error, so that standard output stays clean."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._longest = 0

    def draw(self, title: str, done: int, total: int, note: str) -> None:
        """Write the line anew."""
        filled = _WIDTH * done // total if total else 0
        line = visible_line(f"{title} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total} {note}")
        line = wcwidth.clip(line, 0, 118)
        self._stream.write("\r" + wcwidth.ljust(line, self._longest))
        self._stream.flush()
        self._longest = max(self._longest, wcwidth.width(line))

    def end(self) -> None:
        """Wipe the line."""
        self._stream.write("\r" + " " * self._longest + "\r")
        self._stream.flush()


class NotebookBar:
    """An ipywidgets bar that goes away when the work is done."""

    def __init__(self) -> None:
        # Not at the top: `import lsnb` is not to pay for widgets that may never be shown.
        import ipywidgets
        from IPython.display import display

        self._bar = ipywidgets.IntProgress(min=0, max=1, layout=ipywidgets.Layout(width="260px"))
        self._text = ipywidgets.Label()
        self._box = ipywidgets.HBox([self._text, self._bar])
        display(self._box)  # type: ignore[no-untyped-call]

    def draw(self, title: str, done: int, total: int, note: str) -> None:
        """Move the bar."""
        self._bar.max, self._bar.value = max(total, 1), done
        self._text.value = visible_line(f"{title}: {done} of {total} {note}")

    def end(self) -> None:
        """Take the bar away, with everything the page kept for it."""
        for widget in (self._bar, self._text, self._box):
            widget.close()


class Progress:
    """Counts steps of work over all threads, and shows them.

    Use it as a context: the bar goes away at the end, also after an error.

    Args:
        title: what is being done, such as "Reading Acme".
        display: where to show it; None picks notebook, terminal or nothing.
        clock: seconds that only go forward.
    """

    def __init__(
        self, title: str, *, display: Display | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.title = title
        self.done = 0
        self.total = 0
        self._note = ""
        self._display = display if display is not None else _pick_display()
        self._clock = clock
        self._drawn_at = -1.0
        self._lock = threading.Lock()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc: object) -> None:
        self._display.end()

    def expect(self, steps: int) -> None:
        """Announce more steps; the total of a long reading is only learnt on the way."""
        with self._lock:
            self.total += steps
            self._draw()

    def step(self, note: str = "", *, steps: int = 1) -> None:
        """Count steps as done.

        Args:
            note: what is shown beside the bar from now on.
            steps: how many.
        """
        with self._lock:
            self.done += steps
            self.total = max(self.total, self.done)
            self._note = note or self._note
            self._draw(last=self.done == self.total)

    def note(self, text: str) -> None:
        """Show a text beside the bar, such as that the service asked to wait."""
        with self._lock:
            self._note = text
            self._draw(last=True)

    def _draw(self, *, last: bool = False) -> None:
        now = self._clock()
        if last or now - self._drawn_at >= _DRAW_EVERY_S:
            self._drawn_at = now
            self._display.draw(self.title, self.done, self.total, self._note)


_chosen: contextvars.ContextVar[Display | None] = contextvars.ContextVar("lsnb_display", default=None)


@contextlib.contextmanager
def shown_on(display: Display) -> Iterator[None]:
    """Have the work within show its progress here, where it does not name a display itself.

    Work on a thread of its own would draw its bar below whichever cell ran last; a form names its own bar so.
    """
    token = _chosen.set(display)
    try:
        yield
    finally:
        _chosen.reset(token)


def _pick_display() -> Display:
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and getattr(shell, "kernel", None) is not None:
        return NotebookBar()
    return TerminalBar(sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else Silent()
