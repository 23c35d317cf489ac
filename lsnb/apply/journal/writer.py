"""Append to a journal so that what was written is on disk, from many threads at the cost of one."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lsnb.apply.journal.model import JournalRecord
from lsnb.apply.journal.reader import read_journal
from lsnb.errors import JournalError
from lsnb.files.atomic import make_folder, open_private, sync_folder
from lsnb.files.locks import try_lock

_APPENDING = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class JournalWriter:
    """One open journal that only this process appends to.

    Lines that come while others are on their way to the disk wait and then go together, so that eight threads pay for
    one synchronisation and not for eight. After an error nothing is written any more.

    Args:
        descriptor: the open file, locked.
        path: where it is.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._ready = threading.Condition()
        self._waiting: list[bytes] = []
        self._n_given = 0
        self._n_synced = 0
        self._is_writing = False
        self._failure = ""

    @classmethod
    def create(cls, path: Path) -> JournalWriter:
        """Start a journal where there is no file yet; only its owner may read it, as it names people.

        Raises:
            FileExistsError: there is a file already.
            JournalError: the file cannot be made.
        """
        refused = "No journal can be written at {} ({}), so nothing is changed. Name another file."
        try:
            make_folder(path.parent)
        except OSError as error:
            raise JournalError(refused.format(path, error.strerror)) from None
        try:
            descriptor = open_private(path, _APPENDING | os.O_EXCL)
        except FileExistsError:
            raise
        except OSError as error:
            raise JournalError(refused.format(path, error.strerror)) from None
        try_lock(descriptor)
        sync_folder(path.parent)
        return cls(descriptor, path)

    @classmethod
    def reopen(cls, path: Path) -> tuple[JournalWriter, JournalRecord]:
        """Go on with a journal; a last line that was cut off is taken away.

        Returns:
            The journal to append to, and what it says.

        Raises:
            JournalError: it cannot be opened or read, or another process has it.
        """
        try:
            descriptor = os.open(path, _APPENDING)
        except OSError as error:
            raise JournalError(f"The journal {path} cannot be continued: {error.strerror}.") from None
        if not try_lock(descriptor):
            os.close(descriptor)
            raise JournalError(f"The journal {path} is in use: another process is applying it right now.")
        # Read only now: until the lock was there, another process could still append.
        try:
            record = read_journal(path)
            os.ftruncate(descriptor, record.n_bytes)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor, path), record

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # An ordinary error is no reason to lose what is known; anything else means that the process is to end at once.
        if kind is None or issubclass(kind, Exception | KeyboardInterrupt):
            with contextlib.suppress(JournalError):
                self.sync()
        self.close()

    def append(self, *entries: Mapping[str, Any]) -> None:
        """Add lines in this order, without waiting for the disk; the next `sync` brings them there."""
        data = b"".join(_line(entry) for entry in entries)
        with self._ready:
            self._check()
            self._waiting.append(data)
            self._n_given += 1

    def sync(self) -> None:
        """Return when everything that was appended so far is on disk.

        Raises:
            JournalError: it cannot be written; nothing that depends on it may be done.
        """
        with self._ready:
            upto = self._n_given
            while self._n_synced < upto:
                self._check()
                if self._is_writing:
                    self._ready.wait()
                else:
                    self._write_waiting()

    def write(self, *entries: Mapping[str, Any]) -> None:
        """Add lines, and return when they are on disk."""
        self.append(*entries)
        self.sync()

    def close(self) -> None:
        """Close the file, and by that give the lock back."""
        with self._ready:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _check(self) -> None:
        if self._failure:
            raise JournalError(self._failure)
        if self._descriptor is None:
            raise JournalError(f"The journal {self.path} is closed.")

    def _write_waiting(self) -> None:
        """Bring what waits to the disk, letting others append meanwhile; called with the lock held."""
        data, self._waiting = b"".join(self._waiting), []
        upto, descriptor = self._n_given, self._descriptor
        self._is_writing = True
        self._ready.release()
        failure = ""
        try:
            if descriptor is not None:
                _write_all(descriptor, data)
                os.fsync(descriptor)
        except OSError as error:
            failure = (
                f"The journal {self.path} cannot be written ({error.strerror}), so no more is changed. Make room, then "
                "go on with it."
            )
        finally:
            self._ready.acquire()
            self._is_writing = False
            if failure:
                self._failure = failure
            else:
                self._n_synced = upto
            self._ready.notify_all()


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
