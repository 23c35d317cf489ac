"""Remember every request, without anything secret in it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from lsnb.sandbox.encode import to_json
from lsnb.sandbox.ids import make_stamp


class RequestLog:
    """The requests so far, in the order they were answered; with a file, one JSON line each, flushed."""

    def __init__(self, path: str | Path | None = None) -> None:
        self.lines: list[dict[str, Any]] = []
        self._file = _append(Path(path)) if path is not None else None

    def add(self, line: dict[str, Any]) -> None:
        """Keep one line."""
        self.lines.append(line)
        if self._file is not None:
            self._file.write(to_json(line) + b"\n")
            self._file.flush()

    def clear(self) -> None:
        """Forget the lines; what is in the file stays."""
        self.lines.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _append(path: Path) -> IO[bytes]:
    """Open a file to append to; a new one is for its owner only, since queries name people."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def describe_body(body: Any) -> dict[str, Any]:
    """Return the top-level keys of a JSON body; of an array, the keys of all items and their number."""
    if isinstance(body, dict):
        return {"body_keys": sorted(body)}
    if isinstance(body, list):
        return {
            "body_keys": sorted({key for item in body if isinstance(item, dict) for key in item}),
            "body_items": len(body),
        }
    return {"body_keys": []}


def stamp_now() -> str:
    """Return the real time, whatever the server's own clock says."""
    return make_stamp(datetime.now(UTC))
