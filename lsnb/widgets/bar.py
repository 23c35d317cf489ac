"""A progress bar that lives in a form: counts, pace and the time that is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lsnb.report.page_shell import render_part
from lsnb.widgets import controls
from lsnb.widgets.work import Painter


class Bar:
    """A bar that is drawn at most ten times a second, from any thread; a `Display` for `lsnb.service.progress`.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.widget = controls.html()
        self._clock = clock
        self._lock = threading.Lock()
        self._state: tuple[str, int, int, str] = ("", 0, 0, "")
        self._started_at = clock()
        self._done_at_start = 0
        self._is_shown = False
        self._painter = Painter(self._paint, clock=clock)
        controls.show(self.widget, False)

    @property
    def words(self) -> str:
        """What it says at present, as plain text."""
        title, done, total, note = self._state
        return "  ".join(filter(None, (title, f"{done:,} of {total:,}" if total else "", self.pace(), note)))

    def start(self, title: str) -> None:
        """Show it for work whose size is not known yet."""
        self._begin(title)
        self._painter.flush()

    def draw(self, title: str, done: int, total: int, note: str) -> None:
        """Show how far the work is."""
        if not self._is_shown or title != self._state[0]:
            self._begin(title, done)
        with self._lock:
            self._state = (title, done, total, note)
        self._painter.ask()

    def end(self) -> None:
        """Take the bar away."""
        self._is_shown = False
        self._painter.flush()

    def close(self) -> None:
        """Draw nothing any more."""
        self._painter.close()

    def pace(self) -> str:
        """Say how fast the work goes and how long it will take, once that can be told."""
        _, done, total, _ = self._state
        seconds = self._clock() - self._started_at
        n = done - self._done_at_start
        if n < 3 or seconds < 0.5 or done >= total:
            return ""
        rate = n / seconds
        return f"{rate:,.0f} per second, {duration_words((total - done) / rate)} left"

    def _begin(self, title: str, done: int = 0) -> None:
        with self._lock:
            self._state = (title, 0, 0, "")
            self._started_at, self._done_at_start = self._clock(), done
            self._is_shown = True

    def _paint(self) -> None:
        if not self._is_shown:
            controls.show(self.widget, False)
            self.widget.value = ""
            return
        title, done, total, note = self._state
        self.widget.value = render_part("progress", title, note, self.pace(), done, total)
        controls.show(self.widget, True)


def duration_words(seconds: float) -> str:
    """Say a stretch of time: `12 s`, `3 min`, `1 h 20 min`."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
