"""Stand before the routes: latency, faults, log, audit, saving, compression. One ASGI function does it all in order."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from lsnb.sandbox.access import Caller, identify
from lsnb.sandbox.encode import to_json
from lsnb.sandbox.faults import PROXY_PAGE, Fault
from lsnb.sandbox.instance import Instance
from lsnb.sandbox.loopback import find_trespass
from lsnb.sandbox.paths import WEB_PAGE, canonicalize
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.requestlog import describe_body, stamp_now
from lsnb.sandbox.rules.audit import record_call

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_logger = logging.getLogger(__name__)
_COMPRESS_OVER = 1024
_JSON = (b"content-type", b"application/json")
_HTML = (b"content-type", b"text/html; charset=utf-8")


@dataclass(slots=True)
class Answer:
    """A whole response."""

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


@dataclass(slots=True)
class Exchange:
    """What the routes and the front tell each other about one request."""

    instance: Instance
    path: str
    body: bytes = b""
    caller: Caller | None = None
    route: str | None = None
    path_params: dict[str, Any] = field(default_factory=dict)
    compressed: bytes | None = None
    """The body's gzip form, where a route has it ready."""


class Front:
    """The outermost ASGI application of one instance."""

    def __init__(self, instance: Instance, inner: App, drop: Callable[[Scope], None]) -> None:
        self.instance = instance
        self.inner = inner
        self.drop = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        trespass = find_trespass(scope["headers"])
        if trespass:
            # Before anything else: nothing of it is read, carried out, logged or counted as a fault.
            headers = [_JSON, (b"connection", b"close")]
            await _send(send, Answer(403, headers, to_json({"detail": trespass})))
            return
        started = time.perf_counter()
        path = self._strip_root(scope["path"])
        exchange = Exchange(self.instance, path, await _read(receive))
        if path.startswith("/_sandbox"):
            await _send(send, await self._run(scope, exchange, path))
            return
        fault = self.instance.faults.take(scope["method"], scope["path"])
        delay = self.instance.latency_ms + (fault.delay_ms if fault and fault.kind != "hang" else 0)
        if delay:
            await asyncio.sleep(delay / 1000)
        answer = await self._answer(scope, exchange, fault)
        self.instance.save_if_changed()
        self._log(scope, exchange, answer, fault, started)
        await self._deliver(scope, receive, send, exchange, answer, fault)

    def _strip_root(self, path: str) -> str:
        """Return the path below the mount point; whatever is outside of it belongs to no route."""
        root = self.instance.root_path
        if not root:
            return path
        return path[len(root) :] or "/" if path == root or path.startswith(root + "/") else "/outside" + path

    async def _answer(self, scope: Scope, exchange: Exchange, fault: Fault | None) -> Answer | None:
        """Return the answer, None where the connection is closed before anything was done."""
        match fault.kind if fault else None:
            case "drop-before":
                return None
            case "status":
                return _make_fault_answer(fault, 500, _JSON)
            case "html":
                return _make_fault_answer(fault, 200, _HTML)
        found = canonicalize(exchange.path, self.instance.behaviours)
        if found == "html":
            return Answer(200, [_HTML], WEB_PAGE)
        self._let_reads_lag(scope, exchange, fault)
        answer = await self._run(scope, exchange, "/missing" + exchange.path if found == "missing" else found)
        record_call(
            self.instance.state,
            exchange.caller,
            method=scope["method"],
            path=exchange.path,
            route=exchange.route,
            path_params=exchange.path_params,
            status=answer.status,
            client=scope.get("client"),
        )
        return answer

    def _let_reads_lag(self, scope: Scope, exchange: Exchange, fault: Fault | None) -> None:
        """Keep what is there before a write whose effect reads are to show late, and give it to the reads that follow."""
        faults = self.instance.faults
        if fault is not None and fault.kind == "lag":
            faults.seen_by_reads = copy.deepcopy(self.instance.state)
        elif scope["method"] == "GET" and faults.seen_by_reads is not None:
            exchange.instance = copy.copy(self.instance)
            exchange.instance.state = faults.seen_by_reads

    async def _run(self, scope: Scope, exchange: Exchange, path: str) -> Answer:
        """Let the routes answer, and collect what they send."""
        answer = Answer(500)
        chunks: list[bytes] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": exchange.body, "more_body": False}

        async def collect(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message.get("headers", []))
            else:
                chunks.append(message.get("body", b""))

        inside = {**scope, "path": path, "raw_path": path.encode(), "root_path": "", "exchange": exchange}
        try:
            await self.inner(inside, receive, collect)
        except Exception:
            # A mistake of the sandbox itself: the client sees a 500 as from any service, the trace is logged.
            _logger.exception("%s %s failed", scope["method"], scope["path"])
            return Answer(500, [_JSON], to_json({"detail": "Internal Server Error"}))
        answer.body = b"".join(chunks)
        return answer

    def _log(
        self, scope: Scope, exchange: Exchange, answer: Answer | None, fault: Fault | None, started: float
    ) -> None:
        headers = _read_headers(scope)
        self.instance.log.add(
            {
                "time": stamp_now(),
                "method": scope["method"],
                "path": scope["path"],
                "query": scope["query_string"].decode("latin-1"),
                "status": answer.status if answer else None,
                "ms": round((time.perf_counter() - started) * 1000, 3),
                "key": self._name_key(exchange, headers),
                "organization_id": headers.get("x-organization-id"),
                "workspace_id": headers.get("x-tenant-id"),
                **describe_body(_parse(exchange.body)),
                "fault": fault.kind if fault else None,
            }
        )

    def _name_key(self, exchange: Exchange, headers: dict[str, str]) -> str | None:
        """Return the name of the key, also where a fault kept the routes from looking at it."""
        secret = headers.get("x-api-key")
        if exchange.caller is None and secret:
            try:
                return identify(self.instance.state, secret, None).name
            except RefusedError:
                named = {value: name for name, value in self.instance.keys.items()}
                return named.get(secret, "unknown")
        return exchange.caller.name if exchange.caller else None

    async def _deliver(
        self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, answer: Answer | None, fault: Fault | None
    ) -> None:
        kind = fault.kind if fault else None
        if answer is None or kind == "drop-after":
            await self._hang_up(scope, receive)
            return
        if fault is not None and kind == "after":
            answer = _make_fault_answer(fault, 500, _JSON)
        elif fault is not None and kind == "hang":
            await asyncio.sleep(fault.delay_ms / 1000)
        accepts = "gzip" in _read_headers(scope).get("accept-encoding", "")
        if accepts and len(answer.body) > _COMPRESS_OVER:
            answer.body = exchange.compressed or gzip.compress(answer.body, compresslevel=1, mtime=0)
            answer.headers.append((b"content-encoding", b"gzip"))
        if kind == "truncate":
            await _send(send, answer, cut=True)
            await self._hang_up(scope, receive)
            return
        await _send(send, answer)

    async def _hang_up(self, scope: Scope, receive: Receive) -> None:
        """Close the connection and wait until the server has noticed, or it would answer 500 by itself."""
        self.drop(scope)
        while (await receive())["type"] != "http.disconnect":
            pass


def _make_fault_answer(fault: Fault | None, status: int, kind: tuple[bytes, bytes]) -> Answer:
    if fault is None:
        return Answer(status)
    status = fault.status or status
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (fault.headers or {}).items()
    ]
    if isinstance(fault.body, str):
        body = fault.body.encode()
    elif fault.body is None and kind == _HTML:
        body = PROXY_PAGE
    else:
        body = to_json({"detail": f"fault asked for: {status}"} if fault.body is None else fault.body)
    if not any(name == b"content-type" for name, _ in headers):
        headers.append(kind)
    return Answer(status, headers, body)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None


def _read_headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send(send: Send, answer: Answer, *, cut: bool = False) -> None:
    """Send an answer; cut, only half of it goes out under the full length."""
    headers = [pair for pair in answer.headers if pair[0].lower() != b"content-length"]
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = answer.body[: len(answer.body) // 2] if cut else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": cut})
