from __future__ import annotations

import threading
import time
from email.utils import formatdate
from itertools import pairwise

import pytest

from lsnb.service.transport.throttle import Pace, asked_wait_s, delay_s, pause


class Clock:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        """Return the time."""
        return self.now

    def sleep(self, seconds):
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    """Give a clock that stands."""
    return Clock()


def paced(clock, **options):
    """Return a pace on that clock."""
    return Pace(clock=clock, sleep=clock.sleep, **options)


@pytest.mark.parametrize(
    ("attempt", "asked", "jitter", "expected"),
    [
        (1, None, 0.0, 1.0),
        (2, None, 0.0, 2.0),
        (3, None, 0.0, 4.0),
        (1, None, 1.0, 1.25),
        (20, None, 1.0, 60.0),
        (1, 12.0, 1.0, 12.0),
        (3, 0.0, 1.0, 0.0),
        (1, 3600.0, 0.0, 60.0),
    ],
)
def test_delay_grows_when_nothing_is_asked(attempt, asked, jitter, expected):
    """Waits double from one second; what the service asks for is obeyed; both up to the cap."""
    assert expected == delay_s(attempt, asked, jitter)


def test_delay_is_capped_when_the_cap_is_lower():
    """The cap can be set."""
    assert 5.0 == delay_s(9, None, 0.5, cap_s=5)
    assert 5.0 == delay_s(1, 30.0, 0.5, cap_s=5)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "12"}, 12.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"Retry-After-Ms": "250", "Retry-After": "12"}, 0.25),
        ({"Retry-After-Ms": "soon", "Retry-After": "12"}, 12.0),
        ({"Retry-After": formatdate(1_700_000_030, usegmt=True)}, 30.0),
        ({"Retry-After": formatdate(1_600_000_000, usegmt=True)}, 0.0),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "tomorrow"}, None),
        ({"Retry-After": "Mon, 99 Foo 2026"}, None),
        ({"Retry-After": ""}, None),
    ],
)
def test_asked_wait_is_read_when_it_makes_sense(headers, expected):
    """Milliseconds, seconds and dates are understood; anything else counts as not asked."""
    assert expected == asked_wait_s(headers, now_s=1_700_000_000)


def test_wait_returns_at_once_when_nobody_complained(clock):
    """There is no limit to begin with."""
    pace = paced(clock)
    for _ in range(100):
        pace.wait()
    assert [] == clock.slept
    assert 0 == pace.waiting_s


def test_requests_are_spread_when_a_rate_is_given(clock):
    """With a limit of four a second, nine requests take two seconds."""
    pace = paced(clock, max_per_s=4)
    for _ in range(9):
        pace.wait()
        pace.succeeded()
    assert 1002.0 == clock.now
    assert 0.25 == pace.interval_s


def test_all_hold_when_one_is_told_to_wait(clock):
    """Whoever comes next waits for the end of the hold, and says so once."""
    waits: list[float] = []
    pace = paced(clock, on_wait=waits.append)
    pace.slow_down(12)
    pace.wait()
    assert 1012.0 == clock.now
    assert [12.0] == waits
    assert 12.0 == pace.waiting_s


def test_hold_is_one_when_many_are_refused_together(clock):
    """Forty refusals of one moment are one wait, one halving and one message; a longer one extends it."""
    waits: list[float] = []
    pace = paced(clock, on_wait=waits.append)
    pace.slow_down(2)
    interval = pace.interval_s
    for _ in range(40):
        pace.slow_down(2)
    pace.slow_down(5)
    pace.slow_down(1)
    assert interval == pace.interval_s
    assert [2.0, 5.0] == waits
    assert 5.0 == pace.waiting_s


def test_hold_is_capped_when_it_is_long(clock):
    """An hour is not obeyed."""
    pace = paced(clock, cap_s=60)
    pace.slow_down(3600)
    pace.wait()
    assert 1060.0 == clock.now


def test_rate_is_halved_and_recovers_when_the_hold_is_over(clock):
    """After a refusal requests go out at half the rate seen before, then faster, then without a limit."""
    pace = paced(clock)
    for _ in range(50):
        pace.wait()
        clock.now += 0.02
    pace.slow_down(1)
    assert pytest.approx(0.04) == pace.interval_s
    starts = []
    for _ in range(3):
        pace.wait()
        starts.append(clock.now)
    assert pytest.approx([0.04, 0.04]) == [b - a for a, b in pairwise(starts)]
    intervals = []
    for _ in range(200):
        pace.succeeded()
        intervals.append(pace.interval_s)
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[13] > 0.01
    assert 0 == intervals[-1]


def test_rate_is_halved_again_when_refused_after_the_hold(clock):
    """A second complaint halves the rate that the first one left, down to one a second."""
    pace = paced(clock)
    seen = []
    for _ in range(8):
        pace.slow_down(1)
        seen.append(pace.interval_s)
        pace.wait()
    assert pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]) == seen


def test_hold_is_obeyed_when_it_comes_during_a_wait(clock):
    """A thread that was already waiting for its turn waits for the new hold too."""
    pace = paced(clock, max_per_s=1)
    pace.wait()

    def sleep(seconds):
        clock.sleep(seconds)
        if len(clock.slept) == 1:
            pace.slow_down(10)

    pace._sleep = sleep
    pace.wait()
    assert 1011.0 == clock.now


def test_wait_ends_early_when_stopped():
    """A thread whose work was called off does not sit out the hold."""
    pace = Pace()
    pace.slow_down(30)
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    started = time.monotonic()
    pace.wait(stop)
    assert time.monotonic() - started < 10


def test_threads_share_the_hold_when_they_wait_at_once():
    """Eight real threads all start after the hold, one after the other."""
    pace = Pace()
    pace.wait()
    pace.slow_down(0.2)
    pace._interval_s = 0.01
    started = time.monotonic()
    ends: list[float] = []

    def work():
        pace.wait()
        ends.append(time.monotonic() - started)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(ends) > 0.15
    assert max(ends) > 0.2 + 6 * 0.01


def test_pause_calls_the_given_sleep_when_there_is_one(clock):
    """A test's own sleep is called with the whole time, also when there is something that could stop it."""
    pause(3.0, clock.sleep, threading.Event())
    assert [3.0] == clock.slept
