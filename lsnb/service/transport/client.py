"""Requests to the service: which path form, how often, how many at once.

A read is repeated freely, a write only when it surely was not carried out. Errors are made as values and raised at the
end, outside of every `except`, so that no other exception and none of its frames hangs on them.
"""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

import lsnb
from lsnb.errors import ApiError, NotFoundError, RateLimitedError, TransportError, UnexpectedAnswerError
from lsnb.service.transport import paging
from lsnb.service.transport.failures import Failed, Failure
from lsnb.service.transport.responses import Call, Trouble, read_answer, request_id
from lsnb.service.transport.retry import READS, no_answer, should_retry
from lsnb.service.transport.threads import Threads
from lsnb.service.transport.throttle import Pace, asked_wait_s, delay_s, pause
from lsnb.service.transport.wire import Outgoing, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    import requests

    from lsnb.service.config import Settings

Scope = Literal["organization", "workspace", "none"]

T = TypeVar("T")
R = TypeVar("R")

_FAMILIES: Final = {"/v1/platform/": "/api", "/auth/": "/api/v1", "/workspaces/": "/api/v1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer of the service.

    Attributes:
        status: the HTTP status, 2xx.
        data: the JSON; None where the body was empty. Not shown, as it may hold a key that was just created.
        headers: the headers of the answer, whatever their case.
        request_id: the service's own id for the request, where it gave one.
    """

    status: int
    data: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request_id: str | None


@dataclass(frozen=True, slots=True)
class _Attempts:
    """How often a request may be sent."""

    is_read: bool
    most: int
    is_gateway_final: bool = False


class _Forms:
    """Remember under which of two forms of its path this server answers a family of routes.

    Both forms are in use for what is not under /api/v1; the one with /api is preferred, and self-hosted servers may
    answer the other with their web page. https://docs.langchain.com/langsmith/manage-organization-by-api

    Attributes:
        known: the index of the form, by family.
        n_tries: how often it was tried to find out, by family.
        locks: held while finding out, by family.
    """

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.n_tries = dict.fromkeys(_FAMILIES, 0)
        self.locks = {family: threading.Lock() for family in _FAMILIES}


class Transport:
    """Send requests to one service, from many threads.

    Args:
        settings: the service, the organization and the key.
        session: the session to send with; one with a large enough pool and no retries of its own when None. Its
            headers never hold the key. It must check TLS certificates.
        workers: how many requests may be under way at once in `map` and `read_all`.
        timeout_s: longest wait for a connection, and between two pieces of an answer, in seconds.
        attempts: how often a request is sent at most.
        pace: the pace to share; one of its own when None.
        sleep: waits that many seconds before an attempt is repeated.
        jitter: a number from 0 to 1, to spread repeated attempts.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        session: requests.Session | None = None,
        workers: int = 40,
        timeout_s: tuple[float, float] = (5.0, 60.0),
        attempts: int = 4,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.workers = max(1, workers)
        self.attempts = attempts
        self.pace = pace or Pace(sleep=sleep)
        self._wire = Wire(settings.base_url, session, connections=self.workers, timeout_s=timeout_s)
        self._organization_id = settings.organization_id
        #: What answers to writes have told about this server; see `lsnb.service.capabilities`.
        self.offers: dict[str, bool] = {}
        self._forms = _Forms()
        self._sleep = sleep
        self._jitter = jitter
        self._threads = Threads(self.workers)

    def __repr__(self) -> str:
        return f"<Transport to {self.settings.host}, {self.n_requests} requests sent>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def organization_id(self) -> str | None:
        """UUID of the organization, from the settings or learnt later."""
        return self._organization_id

    @property
    def n_requests(self) -> int:
        """How many requests have been sent so far, each attempt counted."""
        return self._wire.n_requests

    def learn_organization(self, organization_id: str) -> None:
        """Send the id of the organization from now on; what the settings say wins."""
        self._organization_id = self.settings.organization_id or organization_id

    def close(self) -> None:
        """Stop the threads, and close the connections where the session is our own."""
        self._threads.close()
        self._wire.close()

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        scope: Scope = "organization",
        workspace_id: str | None = None,
        retry: bool | None = None,
        is_gateway_final: bool = False,
    ) -> Any:
        """Return the JSON of a GET. See `request`."""
        return self.request(
            "GET",
            path,
            params=params,
            scope=scope,
            workspace_id=workspace_id,
            retry=retry,
            is_gateway_final=is_gateway_final,
        ).data

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        scope: Scope = "organization",
        workspace_id: str | None = None,
        retry: bool | None = None,
        is_gateway_final: bool = False,
    ) -> Answer:
        """Send one request and return the answer.

        Args:
            method: the HTTP method.
            path: the full path from the root of the service, "/api/v1/..." or "/v1/platform/...".
            params: the query; None values are left out, lists are repeated.
            body: what to send as JSON; None for no body.
            scope: "organization" and "workspace" send the key and the organization, "workspace" the workspace too;
                "none" sends no credentials at all.
            workspace_id: UUID of the workspace; else the one of the settings.
            retry: True where a POST only reads, False to send once in any case; else the method decides.
            is_gateway_final: whether a refusal by something in front of the service is not asked for again: for what
                is asked first, where it is the rule and no passing trouble.

        Returns:
            The answer, with a 2xx status.

        Raises:
            ApiError: the service said no; the subclass says why.
            TransportError: no answer came; `.outcome` says whether the request may have been carried out.
        """
        method = method.upper()
        if not path.startswith("/") or any(mark in path for mark in ("?", "#", "\\", "/../", "/./")):
            msg = f"a path starts with / and has no query, fragment or dots: {path!r}"
            raise ValueError(msg)
        outgoing = Outgoing(
            method=method,
            path=path,
            params=_query(params),
            body=None if body is None else json.dumps(body, allow_nan=False).encode(),
            headers=self._headers(scope, workspace_id, has_body=body is not None),
            key=None if scope == "none" else self.settings.key,
        )
        attempts = _Attempts(
            is_read=method in READS or retry is True,
            most=1 if retry is False else self.attempts,
            is_gateway_final=is_gateway_final,
        )
        outcome = self._send_form(outgoing, attempts)
        if isinstance(outcome, Answer):
            return outcome
        raise outcome

    def read_all(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        scope: Scope,
        workspace_id: str | None = None,
        key: str = "id",
        limit: int = 500,
        on_page: Callable[[int, int | None], None] | None = None,
    ) -> list[dict[str, Any]]:
        """Read a whole list that comes in pages, in parallel; never a part of it.

        Args:
            path: the path of the list.
            params: the query, without limit and offset.
            scope: see `request`.
            workspace_id: see `request`.
            key: the field that tells rows apart.
            limit: rows in one page; the service allows 500.
            on_page: called in this thread after each page with the rows so far, and with the total where the
                service says it.

        Raises:
            IncompleteListError: the list changes faster than it can be read, or is shorter than was said.
            ApiError: see `request`.
            TransportError: see `request`.
        """

        def get_page(offset: int, size: int) -> paging.Page:
            query = {**(params or {}), "limit": size, "offset": offset}
            answer = self.request("GET", path, params=query, scope=scope, workspace_id=workspace_id)
            if not isinstance(answer.data, list):
                raise UnexpectedAnswerError(
                    f"GET {path} answered {answer.status} with JSON that is not a list. Check that {self.settings.host} "
                    "is LangSmith, and its version.",
                    status=answer.status,
                    method="GET",
                    path=path,
                    request_id=answer.request_id,
                )
            return answer.data, answer.headers

        workers = 1 if self._threads.stop is not None else self.workers
        return paging.read_counted(get_page, limit=limit, map=self.map, workers=workers, key=key, on_page=on_page)

    def map(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        *,
        workers: int | None = None,
        on_result: Callable[[R], None] | None = None,
    ) -> list[R]:
        """Run a function over items in the threads of this transport, and return the results in order.

        The first error is raised; what has not started by then never starts, and what is under way ends first
        without being repeated, so that nothing goes on behind the caller's back. The same holds for
        KeyboardInterrupt. Called from within one of these threads, it runs in that thread, one item after the
        other: waiting there for a free thread could wait for ever.

        Args:
            function: called with one item at a time.
            items: taken as they are needed.
            workers: the most to run at once; that of the transport when None.
            on_result: called in the calling thread with each result as it comes, in any order.
        """
        return self._threads.map(function, items, workers=workers, on_result=on_result)

    def _headers(self, scope: Scope, workspace_id: str | None, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": f"lsnb/{lsnb.__version__}"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if scope != "none" and self._organization_id:
            headers["X-Organization-Id"] = self._organization_id
        workspace = workspace_id or self.settings.workspace_id
        if scope == "workspace" and workspace:
            headers["X-Tenant-Id"] = workspace
        return headers

    def _send_form(self, outgoing: Outgoing, attempts: _Attempts) -> Answer | ApiError | TransportError:
        """Send under the form of the path that this server knows, and find it out where that is not known yet.

        Requests that start meanwhile wait for the first one to find out. Where it could not, they go on by
        themselves: forty threads would otherwise wait for each other's time limits in turn.
        """
        path = outgoing.path
        family = next((family for family in _FAMILIES if path.startswith(family)), None)
        if family is None:
            return self._send(outgoing, attempts)
        forms = (replace(outgoing, path=_FAMILIES[family] + path), outgoing)
        if family not in self._forms.known:
            n_tries = self._forms.n_tries[family]
            with self._forms.locks[family]:
                if family not in self._forms.known and n_tries == self._forms.n_tries[family]:
                    self._forms.n_tries[family] += 1
                    return self._send_first(forms, attempts, family)
        known = self._forms.known.get(family)
        return self._send_first(forms, attempts, family) if known is None else self._send(forms[known], attempts)

    def _send_first(
        self, forms: tuple[Outgoing, Outgoing], attempts: _Attempts, family: str
    ) -> Answer | ApiError | TransportError:
        outcome = self._send(forms[0], attempts)
        if not _is_wrong_form(outcome, is_read=attempts.is_read):
            if _is_right_form(outcome):
                self._forms.known[family] = 0
            return outcome
        other = self._send(forms[1], attempts)
        if _is_right_form(other):
            self._forms.known[family] = 1
        return outcome if _is_wrong_form(other, is_read=True) else other

    def _send(self, outgoing: Outgoing, attempts: _Attempts) -> Answer | ApiError | TransportError:
        """Send until there is an answer, an error that is final, or no attempt left."""
        call = Call(outgoing.method, outgoing.path, self.settings.host, outgoing.key)
        attempt = 1
        while True:
            stop = self._threads.stop
            self.pace.wait(stop)
            if stop is not None and stop.is_set():
                return no_answer(call, Failed("stopped", ""))
            outcome, cause, asked_s = self._tried(outgoing, call)
            if isinstance(outcome, Answer):
                return outcome
            wait_s = delay_s(attempt, asked_s, self._jitter(), cap_s=self.pace.cap_s)
            if cause == 429:
                # Also after the last attempt: what other threads are about to send would be refused too.
                self.pace.slow_down(wait_s)
            is_final = cause == "intermediary" and attempts.is_gateway_final
            if is_final or not should_retry(
                outgoing.method, cause, attempt=attempt, attempts=attempts.most, is_read=attempts.is_read
            ):
                return outcome
            if cause != 429:
                pause(wait_s, self._sleep, stop)
            attempt += 1

    def _tried(
        self, outgoing: Outgoing, call: Call
    ) -> tuple[Answer | ApiError | TransportError, int | Failure | Trouble, float | None]:
        """Send once; return the outcome, its cause for `should_retry`, and the wait that was asked for."""
        got = self._wire.exchange(outgoing)
        if isinstance(got, Failed):
            return no_answer(call, got), got.kind, None
        reading = read_answer(call, got.status, got.headers, got.body)
        asked_s = asked_wait_s(got.headers, now_s=time.time()) if got.status >= 400 else None
        if got.status != 429:
            self.pace.succeeded()
        if reading.error is None:
            return Answer(got.status, reading.data, got.headers, request_id(got.headers)), got.status, asked_s
        if isinstance(reading.error, RateLimitedError):
            reading.error.retry_after_s = asked_s
        return reading.error, reading.trouble or got.status, asked_s


def _is_wrong_form(outcome: Answer | ApiError | TransportError, *, is_read: bool) -> bool:
    """Tell whether the path was not known there. A write that got a web page may have been carried out."""
    if isinstance(outcome, NotFoundError):
        return True
    return is_read and isinstance(outcome, UnexpectedAnswerError) and outcome.status < 300


def _is_right_form(outcome: Answer | ApiError | TransportError) -> bool:
    return isinstance(outcome, Answer) or (isinstance(outcome, ApiError) and outcome.status in {400, 409, 422})


def _query(params: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the pairs of a query; booleans as both kinds of server read them."""
    pairs = []
    for name, value in (params or {}).items():
        for item in value if isinstance(value, list | tuple | set | frozenset) else (value,):
            if item is not None:
                pairs.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
    return pairs
