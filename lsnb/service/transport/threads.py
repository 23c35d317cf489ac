"""Run a function over many items in threads, in order, with one error ending it all."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from lsnb.service.transport.paging import map_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")


class Threads:
    """A pool of threads that is started when it is first needed.

    Args:
        workers: the most threads.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._here = threading.local()

    @property
    def stop(self) -> threading.Event | None:
        """What ends the work of the calling thread early; None in a thread that is not of this pool."""
        stop: threading.Event | None = getattr(self._here, "stop", None)
        return stop

    def close(self) -> None:
        """Let the threads end with what they are doing; a later `map` starts new ones."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)

    def map(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        *,
        workers: int | None = None,
        on_result: Callable[[R], None] | None = None,
    ) -> list[R]:
        """Run the function over the items; see `lsnb.service.transport.Transport.map`."""
        at_once = max(1, min(workers or self.workers, self.workers))
        if self.stop is not None or at_once == 1:
            return map_in_turn(function, items, on_result=on_result)
        waiting: Iterator[tuple[int, T]] = enumerate(items)
        running: dict[Future[R], int] = {}
        results: dict[int, R] = {}
        stop = threading.Event()
        try:
            while True:
                for index, item in islice(waiting, at_once - len(running)):
                    running[self._pool().submit(self._run, stop, function, item)] = index
                if not running:
                    break
                done, _ = wait_for(running, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=running.__getitem__):
                    index = running.pop(future)
                    results[index] = future.result()
                    if on_result is not None:
                        on_result(results[index])
        except BaseException:
            stop.set()
            wait_for([future for future in running if not future.cancel()])
            raise
        return [results[index] for index in range(len(results))]

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self.workers, thread_name_prefix="lsnb")
            return self._executor

    def _run(self, stop: threading.Event, function: Callable[[T], R], item: T) -> R:
        self._here.stop = stop
        try:
            return function(item)
        finally:
            self._here.stop = None
