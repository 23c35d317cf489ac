"""Whether to send a request again, and what to say when no answer came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from lsnb.errors import TransportError
from lsnb.service.transport.failures import NOT_SENT, Failed, Failure

if TYPE_CHECKING:
    from lsnb.service.transport.responses import Call, Trouble

READS: Final = frozenset({"GET", "HEAD"})

# In the words of what failed where it is known; see `no_answer`.
_WORDS: Final[dict[Failure, str]] = {
    "connect": "no connection could be made",
    "certificate": "the certificate of the server is not trusted",
    "tls": "no secure connection could be made",
    "request": "the request could not be put together",
    "stopped": "the work was stopped before it was sent",
    "timeout": "no answer came in time",
    "lost": "the connection broke before the answer came",
    "truncated": "the answer was cut short",
    "endless": "its answer did not end",
}
_NEXT: Final[dict[Failure, str]] = {
    "connect": "Check the address and the network",
    "authorities": "Name a PEM file of the authorities that you trust",
    "proxy": "Check the address of the proxy, or ask whoever runs it",
    "certificate": "For a certificate of your own authority set REQUESTS_CA_BUNDLE to its file",
    "tls": "Check that the address and its port are those of an https service, and what stands in between",
    "request": "Check the address and the ids",
    "stopped": "Start it again when wanted",
    "timeout": "Try again later",
    "lost": "Try again",
    "truncated": "Try again",
    "endless": "This is not how LangSmith answers: check the address, and what stands in between",
}


def should_retry(
    method: str, cause: int | Failure | Trouble, *, attempt: int, attempts: int, is_read: bool | None = None
) -> bool:
    """Tell whether to send a request again: a read freely, a write only when it surely was not carried out.

    Args:
        method: the HTTP method.
        cause: the HTTP status, or what kind of failure it was.
        attempt: the number of the attempt that failed, from 1.
        attempts: how many attempts there are in all.
        is_read: whether it only reads, where the method does not tell.
    """
    if attempt >= attempts:
        return False
    if cause in {429, "connect"}:
        return True
    if not (method in READS if is_read is None else is_read):
        return False
    if isinstance(cause, int):
        return cause == 408 or (cause >= 500 and cause != 501)
    return cause in {"timeout", "lost", "truncated", "broken", "intermediary"}


def no_answer(call: Call, failed: Failed) -> TransportError:
    """Return the error for a request that got no answer; it says whether a write may have been carried out."""
    outcome: Literal["not-sent", "unknown"] = "not-sent" if failed.kind in NOT_SENT else "unknown"
    words = _WORDS.get(failed.kind)
    why = f"{words} ({failed.reason})" if words and failed.reason else words or failed.reason
    advice = f"{failed.advice or _NEXT[failed.kind]}."
    if call.method not in READS:
        # To try again is good advice only when nothing can happen twice.
        unknown = "The change may have been carried out: look before trying again."
        advice = f"Nothing was changed. {advice}" if outcome == "not-sent" else unknown
    how = "was not sent to" if outcome == "not-sent" else "got no answer from"
    return TransportError(
        f"{call} {how} {call.host}: {why}. {advice}",
        outcome=outcome,
        method=call.method,
        path=call.path,
    )
