"""One exchange with the service: a request goes out with the key, an answer or a kind of failure comes back.

The key is put on the request as it leaves and taken off afterwards, and goes to the configured host only. Nothing of
requests leaves this module, neither its responses nor its exceptions: both hold the request, and so would any
traceback that is shown with its local variables.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from lsnb.errors import ConfigError
from lsnb.service.transport.failures import Failed, failed_by, failure_of
from lsnb.service.transport.surroundings import Surroundings, find_surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lsnb.service.credentials import Key

__all__ = ["Outgoing", "Received", "Wire", "failure_of"]

_MOST_REDIRECTS: Final = 3
# The last one is what requests and http.client raise for an answer that makes no sense, such as a broken Location.
_NO_ANSWER: Final = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)
# A list of 20,000 people in one piece has about 20 MB; unpacked, a small answer can be made to fill any memory.
_MOST_OF_AN_ANSWER: Final = 64 << 20
_PIECE: Final = 1 << 20
# So many times the wait for a piece, a whole answer may take.
_MOST_WAITS: Final = 3
_log = logging.getLogger("lsnb.service.transport")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What to send, without the key.

    Attributes:
        method: the HTTP method.
        path: the path from the root of the service.
        params: the query, ready to be encoded.
        body: the bytes to send, or None.
        headers: the headers, without the key.
        key: what to authenticate with, or None for no credentials.
    """

    method: str
    path: str
    params: list[tuple[str, str]] = field(repr=False)
    body: bytes | None = field(repr=False)
    headers: Mapping[str, str]
    key: Key | None


@dataclass(frozen=True, slots=True)
class Received:
    """What came back, detached from the objects of requests."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class _NoNetrc(AuthBase):
    """Add nothing: an explicit auth keeps requests from sending a password out of ~/.netrc."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


class _Session(requests.Session):
    """A session that leaves redirects alone: requests would prepare the next request, with a copy of the key."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Wire:
    """Exchange requests for answers with one service, from many threads.

    Args:
        base_url: the address that paths are appended to.
        session: the session to send with, or None for one of its own.
        connections: how many connections are kept open.
        timeout_s: longest wait for a connection, and between two pieces of an answer, in seconds.

    Raises:
        ConfigError: the session does not check TLS certificates.
    """

    def __init__(
        self, base_url: str, session: requests.Session | None, *, connections: int, timeout_s: tuple[float, float]
    ) -> None:
        if session is not None and session.verify is False:
            raise ConfigError(
                "This session does not check TLS certificates, so the API key could be read on the way. For a "
                "certificate of your own authority set session.verify, or REQUESTS_CA_BUNDLE, to its file."
            )
        self.base_url = base_url
        self.timeout_s = timeout_s
        self.n_requests = 0
        self._owns_session = session is None
        self._session = session if session is not None else _new_session(connections)
        self._surroundings: Surroundings | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections, where the session is our own."""
        if self._owns_session:
            self._session.close()

    def exchange(self, outgoing: Outgoing) -> Received | Failed:
        """Send once and return what came; a GET follows up to three redirects within the same host and port."""
        url = self.base_url + outgoing.path
        params = outgoing.params
        for _ in range(_MOST_REDIRECTS):
            got = self._logged(outgoing, url, params)
            target = _same_place(url, got) if isinstance(got, Received) and outgoing.method == "GET" else None
            if target is None:
                return got
            url, params = target, []
        return self._logged(outgoing, url, params)

    def _logged(self, outgoing: Outgoing, url: str, params: list[tuple[str, str]]) -> Received | Failed:
        started = time.perf_counter()
        got = self._exchanged(outgoing, url, params)
        result = got.status if isinstance(got, Received) else got.kind
        _log.info("%s %s %s %.0f ms", outgoing.method, outgoing.path, result, (time.perf_counter() - started) * 1000)
        return got

    def _exchanged(self, outgoing: Outgoing, url: str, params: list[tuple[str, str]]) -> Received | Failed:
        """Exchange, and let no exception out that has seen the request."""
        escaped: BaseException
        try:
            return self._sent(outgoing, url, params)
        except _NO_ANSWER as error:
            return failed_by(error, self._surroundings.proxy if self._surroundings else "")
        except Exception as error:
            escaped = error
        except BaseException as error:
            # A keyboard interrupt comes in the middle of the frames that hold the key.
            escaped = type(error)()
        escaped.__cause__ = escaped.__context__ = None
        raise escaped.with_traceback(None)

    def _sent(self, outgoing: Outgoing, url: str, params: list[tuple[str, str]]) -> Received | Failed:
        try:
            prepared = self._session.prepare_request(
                requests.Request(
                    outgoing.method, url, headers=outgoing.headers, params=params, data=outgoing.body, auth=_NoNetrc()
                )
            )
        except (ValueError, OSError) as error:
            return Failed("request", type(error).__name__)
        around = self._around(url)
        if around.trouble is not None and isinstance(self._session.get_adapter(url), HTTPAdapter):
            return around.trouble
        with self._lock:
            self.n_requests += 1
        if outgoing.key is not None:
            prepared.headers["X-API-Key"] = outgoing.key.reveal()
        try:
            response = self._session.send(
                prepared,
                timeout=self.timeout_s,
                allow_redirects=False,
                stream=True,
                # Given also where there are none: requests would else look for some by itself.
                proxies=dict(around.proxies),
                verify=around.verify,
                cert=self._session.cert,
            )
            try:
                body = _whole_body(response, longest_s=_MOST_WAITS * self.timeout_s[1])
                return body if isinstance(body, Failed) else Received(response.status_code, response.headers, body)
            finally:
                response.close()
        finally:
            prepared.headers.pop("X-API-Key", None)

    def _around(self, url: str) -> Surroundings:
        """Return proxies and certificates as the session and the environment have them; looked up once, as it is slow."""
        with self._lock:
            if self._surroundings is None:
                self._surroundings = find_surroundings(self._session, url)
            return self._surroundings


def _whole_body(response: requests.Response, *, longest_s: float) -> bytes | Failed:
    """Read a body to its end, unless it is larger, or takes longer, than an answer can honestly be.

    Pieces are taken as they come: a server that sends a byte now and then would else keep each wait alive for ever.
    """
    raw = response.raw
    if not isinstance(raw, urllib3.BaseHTTPResponse):
        return response.content or b""
    ends = time.monotonic() + longest_s
    body = bytearray()
    while piece := raw.read1(_PIECE, decode_content=True):
        body += piece
        if len(body) > _MOST_OF_AN_ANSWER:
            return Failed("endless", f"more than {_MOST_OF_AN_ANSWER >> 20} MB came")
        if time.monotonic() > ends:
            return Failed("endless", f"it was still coming after {longest_s:.0f} s")
    return bytes(body)


def _same_place(url: str, got: Received) -> str | None:
    """Return where a redirect leads, when that is the same scheme, host and port."""
    location = got.headers.get("location")
    if got.status not in {301, 302, 303, 307, 308} or not location:
        return None
    try:
        target = urljoin(url, location)
        return target if _origin(target) == _origin(url) else None
    except ValueError:
        return None


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    if "@" in parts.netloc or "\\" in url:
        raise ValueError(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _new_session(connections: int) -> requests.Session:
    session = _Session()
    adapter = HTTPAdapter(pool_connections=connections, pool_maxsize=connections, max_retries=0, pool_block=False)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # No cookies: the key is all that says who we are.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
