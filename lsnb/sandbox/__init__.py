"""Serve a faithful, invented LangSmith organization on loopback, for demos, rehearsal and tests.

It shares no code with the client: a mistake made in both would agree with itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsnb.sandbox.starting import StartError

if TYPE_CHECKING:
    from lsnb.sandbox.copies.rows import Snapshot
    from lsnb.sandbox.server import Server

__all__ = ["StartError", "describe", "from_snapshot", "serve_forever", "start"]


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
    """Start a sandbox and return it; it serves from a thread until `stop()` or the end of `with`.

    Args:
        seed: `small`, `tidy`, `large`, `personal`, `norbac` or `empty`.
        port: the port on loopback; 0 takes a free one.
        latency_ms: milliseconds that every request waits, many at a time.
        state_file: restored from if it exists, saved after each write and at the end.
        log_file: gets one JSON line a request.
        behaviours: what the server does where the documentation is silent; see `behaviours.Behaviours`.
        root_path: serve everything below this path, as some self-hosted installations do.
        now: the seed's reference date in ISO 8601. Left out, it is the last noon (UTC), so that a demo never ages.

    Raises:
        ImportError: FastAPI or uvicorn is not installed.

    """
    return _load().start(seed, port, latency_ms, state_file, log_file, behaviours, root_path=root_path, now=now)  # type: ignore[no-any-return]


def from_snapshot(snapshot: Snapshot, *, pseudonyms: bool = True, salt: str = "", **options: Any) -> Server:
    """Start a sandbox that is a copy of a real organization, to rehearse a plan or to show a problem without names.

    `server.notes` says what the snapshot could not tell.

    Args:
        snapshot: one reading of an organization, such as `lsnb.load_snapshot` gives.
        pseudonyms: replace names, addresses, ids and everything that somebody wrote by inventions, the same one for the
            same thing in every table. Without, everything keeps its name and id, as a rehearsal needs it.
        salt: a secret that the inventions hang on; with the same one, two snapshots of an organization get the same
            names. Left out, they are made from the snapshot itself.
        options: the arguments of `start` except `seed`. `now` shifts every time so that the reading took place then.

    Raises:
        ImportError: FastAPI or uvicorn is not installed.

    """
    made: Server = _load().start_copy(snapshot, pseudonyms=pseudonyms, salt=salt, **options)
    return made


def describe(server: Server) -> dict[str, Any]:
    """Return address, organization id and keys of a running sandbox."""
    described: dict[str, Any] = _load().describe(server)
    return described


def serve_forever(**options: Any) -> None:
    """Start a sandbox, print what `describe` returns as one JSON line, and serve until SIGINT or SIGTERM.

    Args:
        options: the arguments of `start`.

    """
    _load().serve_forever(**options)


def _load() -> Any:
    """Import the server late: the rest of the package works without its two dependencies."""
    try:
        from lsnb.sandbox import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("fastapi", "uvicorn", "starlette", "pydantic"):
            raise
        raise ImportError("The demo organization needs two more packages: pip install 'lsnb[sandbox]'") from error
    return server
