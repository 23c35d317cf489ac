"""What undo must know of a run: its plan, and what became of each change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from lsnb.plan.model import Plan


class Ended(Protocol):
    """What became of one change."""

    @property
    def outcome(self) -> str | None:
        """`done`, `failed`, `skipped` or `unknown`; None where it was not started."""

    @property
    def steps(self) -> Iterable[str]:
        """Which requests of a change with several were carried out."""

    @property
    def is_unknown(self) -> bool:
        """Whether a request was sent that nobody knows the outcome of."""

    @property
    def created_id(self) -> str | None:
        """The id of what the change created; None where it created nothing."""


class Record(Protocol):
    """What became of a plan, such as a journal says it."""

    @property
    def plan(self) -> Plan:
        """The plan."""

    @property
    def results(self) -> Mapping[str, Ended]:
        """What became of each change, by its id."""
