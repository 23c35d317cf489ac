"""Serve an instance over HTTP on loopback, from a thread."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lsnb.sandbox.app import make_app
from lsnb.sandbox.copies import make_copy
from lsnb.sandbox.copies.instance import CopyInstance
from lsnb.sandbox.copies.rows import Snapshot
from lsnb.sandbox.encode import to_json
from lsnb.sandbox.faults import Faults
from lsnb.sandbox.instance import Instance
from lsnb.sandbox.middleware import Front, Scope
from lsnb.sandbox.state import State

_HOST = "127.0.0.1"


class Server:
    """A running sandbox. Use it in `with`, or call `stop()`; a forgotten one ends with the process."""

    def __init__(self, instance: Instance, port: int = 0) -> None:
        self.instance = instance
        self.notes: list[str] = []
        """What a copy of a snapshot lacks, in sentences."""
        # Bound before the thread starts: the port is known at once, and a request sent early waits instead of failing.
        self._socket = _bind(port)
        self._port: int = self._socket.getsockname()[1]
        self._server = _make_uvicorn(instance)
        self._thread = threading.Thread(target=self._run, name=f"sandbox-{self._port}", daemon=True)
        self._stopped = False
        self._thread.start()
        self._server.is_up.wait(timeout=10)
        atexit.register(self.stop)

    def _run(self) -> None:
        # An own loop, so that a policy set by a notebook does not matter here.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._server.serve(sockets=[self._socket]))
        finally:
            loop.close()

    @property
    def url(self) -> str:
        """Return the base address, with the mount point if there is one."""
        return f"http://{_HOST}:{self._port}{self.instance.root_path}"

    @property
    def port(self) -> int:
        """Return the port."""
        return self._port

    @property
    def organization_id(self) -> str:
        """Return the id of the organization that is served."""
        return self.instance.state.organization.id

    @property
    def keys(self) -> dict[str, str]:
        """Return the demo keys: name to secret."""
        return self.instance.keys

    @property
    def key(self) -> str:
        """Return the token of an Organization Admin."""
        return self.keys["admin_pat"]

    @property
    def control_token(self) -> str:
        """Return what the controls over HTTP are opened with; they want it where the organization is a copy."""
        return self.instance.control_token

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Return the requests so far, as the log has them."""
        return list(self.instance.log.lines)

    @property
    def faults(self) -> Faults:
        """Return the faults to ask for."""
        return self.instance.faults

    @property
    def behaviours(self) -> Any:
        """Return the switches; they may be set while the server runs."""
        return self.instance.behaviours

    @property
    def state(self) -> State:
        """Return the live state."""
        return self.instance.state

    def dump(self) -> dict[str, Any]:
        """Return the whole state as JSON values."""
        return self.instance.state.dump()

    def reset(self) -> None:
        """Go back to the seed, without faults and with an empty log."""
        self.instance.reset()

    def stop(self) -> None:
        """Stop serving and save the state file; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        atexit.unregister(self.stop)
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
        self.instance.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _bind(port: int) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's delay (40 ms an answer) off only where it says TCP.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((_HOST, port))
        bound.listen(512)
    except OSError:
        bound.close()
        raise
    return bound


class _Uvicorn(uvicorn.Server):
    """Uvicorn that says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then let the waiting thread go on."""
        await super().startup(sockets=sockets)
        self.is_up.set()


def _make_uvicorn(instance: Instance) -> _Uvicorn:
    transports: dict[tuple[str, int], asyncio.BaseTransport] = {}

    class Protocol(H11Protocol):
        """The HTTP protocol, remembering its connections so that a fault can close one."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Remember the connection by its other end."""
            super().connection_made(transport)
            transports[tuple(transport.get_extra_info("peername"))] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            """Forget the connection."""
            super().connection_lost(exc)
            for peer in [peer for peer, known in transports.items() if known is self.transport]:
                del transports[peer]

    def drop(scope: Scope) -> None:
        transports[tuple(scope["client"])].close()

    front = Front(instance, make_app(), drop)
    config = uvicorn.Config(
        front,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    return _Uvicorn(config)


def start(
    seed: str = "small",
    port: int = 0,
    latency_ms: float = 0,
    state_file: str | Path | None = None,
    log_file: str | Path | None = None,
    behaviours: dict[str, Any] | None = None,
    *,
    root_path: str = "",
    now: str | None = None,
) -> Server:
    """Start a sandbox on loopback and return it once it answers."""
    instance = Instance(
        seed,
        latency_ms=latency_ms,
        state_file=state_file,
        log_file=log_file,
        behaviours=behaviours,
        root_path=root_path,
        now=now,
    )
    return Server(instance, port)


def start_copy(
    snapshot: Snapshot,
    *,
    pseudonyms: bool = True,
    salt: str = "",
    port: int = 0,
    now: str | None = None,
    **options: Any,
) -> Server:
    """Start a copy of a snapshot and return it once it answers."""
    state, notes = make_copy(snapshot, pseudonyms=pseudonyms, salt=salt, now=now)
    server = Server(CopyInstance(state, **options), port)
    server.notes = notes
    return server


def describe(server: Server) -> dict[str, Any]:
    """Return what a client needs to know, for the one JSON line of the command; the token where the controls want it."""
    described = {"url": server.url, "organization_id": server.organization_id, "keys": server.keys}
    return described | ({"control_token": server.control_token} if server.instance.wants_token else {})


def serve_forever(**options: Any) -> None:
    """Start, print one JSON line, and serve until SIGINT or SIGTERM; then save and stop.

    Args:
        options: the arguments of `start`.

    """
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    before: dict[signal.Signals, Callable[..., Any] | int | None] = {}
    for name in (signal.SIGINT, signal.SIGTERM):
        before[name] = signal.signal(name, end)
    try:
        with start(**options) as server:
            # The collector would walk a large organization again and again while answering; it never goes away anyway.
            gc.freeze()
            described = {**describe(server), "control_token": server.control_token}
            sys.stdout.write(to_json(described).decode() + "\n")
            sys.stdout.flush()
            while not ended.wait(timeout=1):
                pass
    finally:
        for name, handler in before.items():
            with contextlib.suppress(TypeError):
                signal.signal(name, handler)
