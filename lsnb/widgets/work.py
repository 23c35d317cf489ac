"""Work beside the notebook: on a thread, so that buttons are heard meanwhile, and drawn seldom enough for the page.

A click is only handled when the running cell has ended, so a button that stops something can only be heard when that
something does not run in a cell.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: A notebook's server cuts off what sends faster than it reads.
DRAW_EVERY_S = 0.1


class Worker:
    """Does one thing at a time on a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self.stop_asked = threading.Event()

    @property
    def is_busy(self) -> bool:
        """Whether something is being done."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self, action: Callable[[], None], *, name: str = "lsnb form") -> bool:
        """Begin something, unless something is being done: a double click begins it once.

        Args:
            action: what to do; it must not raise.
            name: the thread's name.

        Returns:
            Whether it was begun.
        """
        with self._lock:
            if self._is_closed or self.is_busy:
                return False
            self.stop_asked.clear()
            # The end of the kernel must not wait for it; what matters of it is in the journal.
            self._thread = threading.Thread(target=action, name=name, daemon=True)
            self._thread.start()
            return True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is done, and tell whether it is."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(timeout_s)
        return not thread.is_alive()

    def stop(self) -> None:
        """Ask what is being done to end early."""
        self.stop_asked.set()

    def close(self) -> None:
        """Ask what is being done to end, and begin nothing any more."""
        with self._lock:
            self._is_closed = True
        self.stop()


class Painter:
    """Calls a function that draws, at most every tenth of a second, and once more after the last request.

    Args:
        paint: draws the present state; called from one thread at a time.
        every_s: the least time between two calls, in seconds.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        paint: Callable[[], None],
        *,
        every_s: float = DRAW_EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paint = paint
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.RLock()
        self._painted_at = float("-inf")
        self._timer: threading.Timer | None = None
        self._is_closed = False

    def ask(self) -> None:
        """Have the state drawn now or soon."""
        with self._lock:
            if self._is_closed or self._timer is not None:
                return
            wait_s = self._painted_at + self._every_s - self._clock()
            if wait_s <= 0:
                self._draw()
                return
            self._timer = threading.Timer(wait_s, self._on_time)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Draw the state now."""
        with self._lock:
            if not self._is_closed:
                self._cancel()
                self._draw()

    def close(self) -> None:
        """Draw nothing any more."""
        with self._lock:
            self._is_closed = True
            self._cancel()

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
            if not self._is_closed:
                self._draw()

    def _draw(self) -> None:
        self._painted_at = self._clock()
        self._paint()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
