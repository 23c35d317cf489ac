"""Reading sources at the same time, each once, and turning refusals into facts instead of failures."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import FIRST_EXCEPTION, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lsnb.errors import (
    ConfigError,
    GatewayError,
    LsnbError,
    NotFoundError,
    PermissionDeniedError,
    PlanGateError,
    WrongRegionError,
)
from lsnb.tables.completeness import Status


@dataclass(frozen=True, slots=True)
class SourceData:
    """What came of reading one source.

    Args:
        endpoint: where it was read, as method and path.
        status: how completely.
        data: what the service gave; None when it was not read.
        reason: why it is not complete, and what to do about it.
        promised: how many rows the service announced.
        got: how many rows came.
        read_at: when the reading ended.
    """

    endpoint: str
    status: Status
    data: Any = None
    reason: str | None = None
    promised: int | None = None
    got: int | None = None
    read_at: pd.Timestamp | None = None

    @property
    def is_there(self) -> bool:
        """Whether anything was read."""
        return self.status in ("complete", "partial")


class Fetcher:
    """Where the sources of one reading are collected, and where one source waits for another.

    Args:
        sources: how to read each source; a function takes the desk, so that it can ask for other sources.
        endpoints: the endpoint of each source, for the record of what could not be read.
        clock: the time now, UTC.
        on_done: called after each source, with its name.
    """

    def __init__(
        self,
        sources: Mapping[str, Callable[[Fetcher], SourceData]],
        *,
        endpoints: Mapping[str, str],
        clock: Callable[[], pd.Timestamp],
        on_done: Callable[[str], None],
    ) -> None:
        self._sources = sources
        self._endpoints = endpoints
        self.clock = clock
        self._on_done = on_done
        self._futures: dict[str, Future[SourceData]] = {}
        self._ready = threading.Event()
        self._stopped = threading.Event()

    def read(self, names: set[str], *, first: Set[str] = frozenset()) -> dict[str, SourceData]:
        """Read the named sources at the same time, after those that are to come first.

        A refusal (no permission, not in the plan, not on this server) becomes a source that is not there. Any other
        error ends the reading and is raised: a list that could not be read whole must not be taken for one.
        """
        if not names:
            return {}
        threads = ThreadPoolExecutor(len(names), thread_name_prefix="lsnb-source")
        try:
            for name in sorted(names & first):
                self._futures[name] = threads.submit(self._read_one, name)
            for future in list(self._futures.values()):
                future.result()
            for name in names - first:
                self._futures[name] = threads.submit(self._read_one, name)
            self._ready.set()
            wait(self._futures.values(), return_when=FIRST_EXCEPTION)
            failed = [future for future in self._futures.values() if future.done() and future.exception()]
            if failed:
                failed[0].result()
            return {name: future.result() for name, future in self._futures.items()}
        except BaseException:
            # Also for an interrupt: what waits for another source must not go on asking when nobody listens.
            self._stopped.set()
            raise
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def get(self, name: str) -> SourceData:
        """Wait for another source; one that is not part of this reading is read as not there."""
        self._ready.wait()
        if name not in self._futures:
            return SourceData(self._endpoints.get(name, ""), "not-loaded", reason="it was not asked for.")
        found = self._futures[name].result()
        if self._stopped.is_set():
            raise CancelledError
        return found

    def records(self, name: str) -> list[Any]:
        """Wait for another source that is a list; none where it could not be read."""
        return list(self.get(name).data or [])

    def _read_one(self, name: str) -> SourceData:
        try:
            found = self._sources[name](self)
        except (PermissionDeniedError, NotFoundError) as error:
            # Without the organization itself nothing was read of it; what stands before the service says nothing of the key.
            if isinstance(error, WrongRegionError) or (isinstance(error, GatewayError) and name == "info"):
                raise
            found = refused(self._endpoints[name], error)
        self._on_done(name)
        return found


def refused(endpoint: str, error: LsnbError) -> SourceData:
    """Record that a source may not be read, or does not exist here."""
    status: Status = "unavailable" if isinstance(error, PlanGateError | NotFoundError) else "unreadable"
    return SourceData(endpoint, status, reason=str(error))


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector off while records come in.

    Half a million small objects that all stay make it look at them over and over, for a fifth of the time; none of them
    is in a cycle. Where somebody else has switched it off already, it stays off.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def check_names(names: set[str], known: Mapping[str, Any], what: str) -> None:
    """Refuse names that do not exist, with the ones that do.

    Raises:
        ConfigError: at least one name is unknown.
    """
    unknown = sorted(names - set(known))
    if unknown:
        raise ConfigError(f"There is no {what} {', '.join(map(repr, unknown))}. There are: {', '.join(known)}.")
