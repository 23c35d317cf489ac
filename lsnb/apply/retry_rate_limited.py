"""Sit out a storm of refusals for the rate, which can outlast the retries of the transport."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lsnb.errors import RateLimitedError

T = TypeVar("T")

_ROUNDS = 5


def patiently(send: Callable[[], T], *, is_over: Callable[[], bool] = lambda: False) -> T:
    """Send a request, and again while all that comes back is that there were too many.

    The transport waits as it is asked to and holds all threads; such a request was surely not carried out.

    Args:
        send: sends it.
        is_over: tells whether nobody wants it any more.

    Raises:
        RateLimitedError: the service kept refusing.
    """
    for _ in range(_ROUNDS):
        try:
            return send()
        except RateLimitedError:
            if is_over():
                raise
    return send()
