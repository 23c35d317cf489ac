"""What kind of failure it was when no whole answer came, and whether the request may have reached the service."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from traceback import walk_tb
from typing import TYPE_CHECKING, Final, Literal

import requests
import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

Failure = Literal[
    "authorities",
    "proxy",
    "connect",
    "certificate",
    "tls",
    "request",
    "stopped",
    "timeout",
    "lost",
    "truncated",
    "endless",
]

# With these the request surely did not reach the service.
NOT_SENT: Final[frozenset[Failure]] = frozenset(
    {"authorities", "proxy", "connect", "certificate", "tls", "request", "stopped"}
)

# What OpenSSL says of a certificate, and what is to be done about it; other numbers mean an unknown authority.
_ADVICE_OF_CERTIFICATE: Final[dict[int, str]] = {
    9: "It is not valid yet: check the clock of this machine",
    10: "It is over: whoever runs the server has to renew it; check the clock of this machine, too",
    62: "It is for another host: check the address, and what stands in between",
    64: "It is for another host: check the address, and what stands in between",
}


@dataclass(frozen=True, slots=True)
class Failed:
    """No whole answer came.

    Attributes:
        kind: what kind of failure it was.
        reason: what the operating system or the TLS library said, where it did; for "authorities" and "proxy" the
            whole of what is wrong.
        advice: what to do about it, where that depends on more than the kind.
    """

    kind: Failure
    reason: str
    advice: str = ""


def failed_by(error: Exception, proxy: str = "") -> Failed:
    """Return the failure that an exception of requests, urllib3 or the system stands for.

    Args:
        error: the exception.
        proxy: the proxy in words, where the request was to go through one.
    """
    kind = failure_of(error)
    reason = _reason_of(error)
    if kind == "proxy":
        tunnel = next((text for item in _nested(error) if (text := _tunnel_answer(item))), "")
        what = f"refused to let it through: {tunnel}" if tunnel else f"cannot be used: {reason or 'it gave no answer'}"
        asks = "It wants a name and password: ask whoever runs it" if tunnel.startswith("407") else ""
        return Failed(kind, f"{proxy or 'the proxy'} {what}", asks)
    code = next((item.verify_code for item in _nested(error) if isinstance(item, ssl.SSLCertVerificationError)), 0)
    return Failed(kind, reason, _ADVICE_OF_CERTIFICATE.get(code, ""))


def failure_of(error: Exception) -> Failure:
    """Return what kind of failure an exception of requests, urllib3 or the system stands for.

    What is not surely known to have happened before the request went out counts as sent. Among these is a kept
    connection that the server closed: the request may have arrived just before.
    """
    found = list(_nested(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(item, kinds) for item in found)

    tunnel = next((text for item in found if (text := _tunnel_answer(item))), "")
    if tunnel:
        # With a 5xx the proxy found nobody behind it, which may pass.
        return "connect" if tunnel.startswith("5") else "proxy"
    if has(ssl.SSLCertVerificationError):
        return "certificate"
    if has(urllib3.exceptions.ProxyError):
        # Said of proxies that no connection could be made to, and of nothing later.
        return "proxy"
    if has(urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, requests.ConnectTimeout):
        return "connect"
    in_handshake = [item for item in found if isinstance(item, OSError) and _is_of_handshake(item)]
    if in_handshake:
        is_about_tls = any(isinstance(i, ssl.SSLError) and not isinstance(i, ssl.SSLEOFError) for i in in_handshake)
        return "tls" if is_about_tls else "connect"
    if has(requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return "timeout"
    if has(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, urllib3.exceptions.LocationValueError):
        return "request"
    if has(
        http.client.IncompleteRead,
        urllib3.exceptions.DecodeError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
    ):
        return "truncated"
    return "lost"


def _tunnel_answer(error: BaseException) -> str:
    """Return what a proxy answered to the wish for a tunnel, as its number and words; empty for other errors."""
    before, found, text = str(error).partition("Tunnel connection failed: ")
    return text.strip()[:100] if isinstance(error, OSError) and found and not before else ""


def _is_of_handshake(error: BaseException) -> bool:
    """Tell whether an error came up while a TLS connection was being made, before anything was sent over it."""
    return any(frame.f_code.co_name == "do_handshake" for frame, _ in walk_tb(error.__traceback__))


def _nested(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """Return the exception and those it wraps by argument.

    Not those it was raised in: an older failure that was being handled says nothing about this request.
    """
    yield error
    if depth < 6:
        for inner in (*error.args, getattr(error, "reason", None), getattr(error, "original_error", None)):
            if isinstance(inner, BaseException):
                yield from _nested(inner, depth + 1)


def _reason_of(error: Exception) -> str:
    """Return what the system said. The texts of requests are left out, as they quote the URL with its query."""
    for item in _nested(error):
        if isinstance(item, ssl.SSLCertVerificationError):
            return str(item.verify_message)
    for item in _nested(error):
        if isinstance(item, ssl.SSLError) and item.reason:
            return item.reason.replace("_", " ").lower()
    for item in _nested(error):
        if isinstance(item, urllib3.exceptions.NameResolutionError | socket.gaierror):
            return "the name of the host is not known"
        if isinstance(item, OSError) and not isinstance(item, requests.RequestException) and item.strerror:
            return item.strerror
        if isinstance(item, urllib3.exceptions.NewConnectionError) and isinstance(item.__cause__, OSError):
            return item.__cause__.strerror or ""
    return ""
