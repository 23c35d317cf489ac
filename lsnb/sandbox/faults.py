"""Let requests go wrong on demand, never at random."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from lsnb.sandbox.state import State

FaultKind = Literal["status", "after", "drop-before", "drop-after", "delay", "hang", "html", "truncate", "lag"]

PROXY_PAGE = b"""<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Please sign in to the corporate proxy</h1></body></html>
"""


@dataclass(slots=True)
class Fault:
    """What happens to the requests that match."""

    method: str
    path: str
    kind: FaultKind = "status"
    times: int | None = 1
    """How many matching requests it hits; None: all from now on."""
    skip: int = 0
    """How many matching requests it lets pass first."""
    status: int | None = None
    headers: dict[str, str] | None = None
    delay_ms: float = 0
    body: Any = None
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request is meant; `*` is every method, the path is a regular expression found anywhere."""
        return self.method in ("*", method) and re.search(self.path, path) is not None

    @property
    def is_spent(self) -> bool:
        """Tell whether the fault has hit as often as it was asked to."""
        return self.times is not None and self.hits >= self.times


class Faults:
    """The faults that are waiting for their requests, first come, first served."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self.seen_by_reads: State | None = None
        """What reads still show while they lag behind; None where they show what is there."""

    def add(
        self,
        *,
        method: str = "GET",
        path: str = "",
        times: int | None = 1,
        kind: FaultKind = "status",
        status: int | None = None,
        headers: dict[str, str] | None = None,
        delay_ms: float = 0,
        body: Any = None,
        skip: int = 0,
    ) -> Fault:
        """Ask for a fault; `status` defaults to 500, or to 200 for a proxy's page.

        Args:
            method: the HTTP method, `*` for any.
            path: a regular expression that is searched in the path the client sends.
            times: how many matching requests are hit; None for all.
            kind: `status` answers without carrying out; `after` carries out, and answers that status and body all the
                same; `drop-before` closes the connection without carrying out; `drop-after` carries out, then closes;
                `delay` only waits; `hang` carries out, then waits; `html` answers a proxy's page; `truncate` carries
                out and sends half of the body under the full length; `lag` carries out, and all reads show what was
                there before until `catch_up`.
            status: the status to answer with.
            headers: headers to answer with, such as `Retry-After`.
            delay_ms: milliseconds to wait before anything else; for `hang`, before answering.
            body: a JSON value, or a text, to answer with.
            skip: how many matching requests pass unharmed first.

        """
        if kind not in get_args(FaultKind):
            raise ValueError(f"no such fault: {kind}; known are {', '.join(get_args(FaultKind))}")
        fault = Fault(method.upper(), re.compile(path).pattern, kind, times, skip, status, headers, delay_ms, body)
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault."""
        self._waiting.clear()
        self.catch_up()

    def catch_up(self) -> None:
        """Let reads show what is there again."""
        self.seen_by_reads = None

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits this request, counting it."""
        for fault in self._waiting:
            if fault.is_spent or not fault.matches(method, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            return fault
        return None

    def as_list(self) -> list[dict[str, Any]]:
        """Return every fault with how often it has hit."""
        return [asdict(fault) for fault in self._waiting]
