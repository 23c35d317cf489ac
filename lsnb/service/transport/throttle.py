"""When a request may go out: one pace over all threads, and how long to wait before trying again."""

from __future__ import annotations

import threading
import time
from collections import deque
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_WAIT_S: Final = 60.0

_JITTER: Final = 0.25  # at most this part is added, as the SDK of the service does
_SLOWEST_INTERVAL_S: Final = 1.0
_FIRST_INTERVAL_S: Final = 0.1  # after a 429 when too little was sent to know how fast that was
_FASTEST_INTERVAL_S: Final = 0.001  # shorter is no limit at all
_RECOVERY: Final = 0.95  # part of the interval that is left after a success: half of it after 14 of them
_REMEMBERED: Final = 64


def delay_s(attempt: int, retry_after_s: float | None, jitter: float, *, cap_s: float = LONGEST_WAIT_S) -> float:
    """Return how long to wait after a failed attempt, in seconds.

    Args:
        attempt: the number of the attempt that failed, from 1.
        retry_after_s: what the service asked for, where it did; obeyed up to the cap.
        jitter: a number from 0 to 1 that keeps many clients from coming back at the same moment.
        cap_s: the longest wait.
    """
    if retry_after_s is not None:
        return min(retry_after_s, cap_s)
    return float(min(2.0 ** (attempt - 1) * (1 + _JITTER * jitter), cap_s))


def asked_wait_s(headers: Mapping[str, str], *, now_s: float) -> float | None:
    """Return the wait that an answer asks for, in seconds, or None where it asks for none.

    Args:
        headers: the headers of the answer, in any case.
        now_s: seconds since 1970, to compare a date with.
    """
    named = {name.lower(): value.strip() for name, value in headers.items() if name.lower().startswith("retry-after")}
    in_ms = _number(named.get("retry-after-ms"))
    if in_ms is not None:
        return in_ms / 1000
    text = named.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


class Pace:
    """One pace for all threads that speak to one service.

    When any thread is told to slow down, all of them hold until that time is over. Then requests go out at half
    the rate seen before, and with each success a little faster, until there is no limit again: threads that all
    came back at once would be refused at once.

    Args:
        max_per_s: the most requests to send in a second, also when nobody complains; None for no such limit.
        cap_s: the longest hold, in seconds.
        on_wait: called with the seconds to come when the service asks to wait, from the thread that was told so; a
            progress bar can say it.
        clock: seconds from a clock that never goes back.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        *,
        max_per_s: float | None = None,
        cap_s: float = LONGEST_WAIT_S,
        on_wait: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.cap_s = cap_s
        self.on_wait = on_wait
        self._clock = clock
        self._sleep = sleep
        self._floor_s = 1 / max_per_s if max_per_s else 0.0
        self._interval_s = self._floor_s
        self._not_before = float("-inf")
        self._next_at = float("-inf")
        self._sent_at: deque[float] = deque(maxlen=_REMEMBERED)
        self._waiting_s = 0.0
        self._lock = threading.Lock()

    @property
    def waiting_s(self) -> float:
        """How long the service has asked us to hold so far, in seconds of the wall clock."""
        return self._waiting_s

    @property
    def interval_s(self) -> float:
        """The least time between two requests at present, in seconds; 0 for no limit."""
        return self._interval_s

    def wait(self, stop: threading.Event | None = None) -> None:
        """Return when the next request may go out.

        Args:
            stop: ends the wait early when it is set; the caller then has no reason left to send.
        """
        while True:
            with self._lock:
                now = self._clock()
                hold = self._not_before
                at = max(now, hold, self._next_at)
                self._next_at = at + self._interval_s
            if at > now:
                pause(at - now, self._sleep, stop)
            with self._lock:
                # Another thread may have been told to slow down meanwhile.
                if self._not_before <= hold or (stop is not None and stop.is_set()):
                    self._sent_at.append(max(at, now))
                    return

    def slow_down(self, wait_s: float) -> None:
        """Hold all threads for that many seconds, and go on at half the rate."""
        with self._lock:
            now = self._clock()
            until = now + min(max(wait_s, 0.0), self.cap_s)
            # Requests that were under way together are refused together: that is one complaint, not many.
            if now >= self._not_before:
                self._interval_s = self._halved_s()
                self._next_at = until
            added = until - max(now, self._not_before)
            if added > 0:
                self._not_before = until
                self._next_at = max(self._next_at, until)
                self._waiting_s += added
        if added > 0 and self.on_wait is not None:
            self.on_wait(until - now)

    def succeeded(self) -> None:
        """Note that a request was not refused for its rate, and go a little faster."""
        if self._interval_s <= self._floor_s:
            return
        with self._lock:
            shorter = self._interval_s * _RECOVERY
            self._interval_s = max(self._floor_s, shorter if shorter > _FASTEST_INTERVAL_S else 0.0)

    def _halved_s(self) -> float:
        """Return the interval for half the rate: of the limit in force, or of what was sent lately."""
        if self._interval_s > self._floor_s:
            doubled = self._interval_s * 2
        elif len(self._sent_at) > 1 and self._sent_at[-1] > self._sent_at[0]:
            doubled = 2 * (self._sent_at[-1] - self._sent_at[0]) / (len(self._sent_at) - 1)
        else:
            doubled = _FIRST_INTERVAL_S
        return max(self._floor_s, min(doubled, _SLOWEST_INTERVAL_S))


def pause(seconds: float, sleep: Callable[[float], None], stop: threading.Event | None) -> None:
    """Sleep, or wake up early when `stop` is set; an injected sleep is called as it is."""
    if stop is not None and sleep is time.sleep:
        stop.wait(seconds)
    else:
        sleep(seconds)
