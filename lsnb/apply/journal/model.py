"""What a journal says, once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from lsnb.plan.model import Outcome, Plan
from lsnb.report.words import from_words, to_words
from lsnb.tables.spec import DTYPES

JOURNAL_VERSION = 1
OUTCOMES: tuple[str, ...] = get_args(Outcome)

#: The columns of the results, one row per change in the order of work. `outcome` is one of `OUTCOMES`, or
#: "not started" where the run was stopped before.
RESULT_COLUMNS: dict[str, Any] = {
    "email": DTYPES["text"],
    "kind": DTYPES["text"],
    "workspace": DTYPES["text"],
    "before": DTYPES["text"],
    "after": DTYPES["text"],
    "outcome": DTYPES["text"],
    "reason": DTYPES["text"],
    "next_step": DTYPES["text"],
    "n_requests": DTYPES["count"],
    "started_at": DTYPES["time"],
    "finished_at": DTYPES["time"],
    "stage": DTYPES["text"],
    "id": DTYPES["text"],
}
NOT_STARTED = "not started"

#: The columns of the entries, one row per line of the journal and change that it is about.
ENTRY_COLUMNS = ("line", "at", "event", "id", "step", "outcome", "reason", "next_step")


@dataclass(slots=True)
class Result:
    """What became of one change so far.

    Args:
        outcome: how it ended; None while it has not.
        reason: why, where it is not simply done.
        next_step: what to do about it.
        n_requests: how many requests it took part in.
        started_at: when the first of them was sent, ISO 8601, UTC.
        finished_at: when the outcome was known.
        is_open: whether going on tries it again.
        is_there: whether what it wants is there, though not by it.
        is_verified: whether it was read back and is there.
        trying: the step that was being tried when the journal ends, and nothing said how it went.
        steps: the steps that were carried out, of a change that has several.
        created_id: the id of what the change created, so that other changes of the plan can name it; never a secret.
    """

    outcome: Outcome | None = None
    reason: str = ""
    next_step: str = ""
    n_requests: int = 0
    started_at: str | None = None
    finished_at: str | None = None
    is_open: bool = True
    is_there: bool = False
    is_verified: bool = False
    trying: str | None = None
    steps: set[str] = field(default_factory=set)
    created_id: str | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether a request was sent that nobody knows the outcome of."""
        return self.outcome == "unknown" or self.trying is not None


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """A journal that was read.

    Args:
        path: where it is.
        header: its first line.
        plan: the plan that it carries out.
        raw: every line after the plan, with its number.
        results: what became of each change, by its id.
        is_finished: whether the run came to its end.
        n_bytes: how much of the file is whole lines; a line that was cut off by a kill is behind that.
    """

    path: Path
    header: Mapping[str, Any]
    plan: Plan
    raw: tuple[tuple[int, Mapping[str, Any]], ...]
    results: Mapping[str, Result]
    is_finished: bool
    n_bytes: int

    @property
    def n_open(self) -> int:
        """How many changes going on would look at or try again."""
        return sum(result.is_open or result.is_unknown for result in self.results.values())

    def entries_frame(self) -> pd.DataFrame:
        """Give the lines as a table: one row per line and change that it is about."""
        rows = [
            (number, line.get("at"), line["event"], id_, *(_text(line.get(name)) for name in ENTRY_COLUMNS[4:]))
            for number, line in self.raw
            for id_ in line.get("ids") or [line.get("id")]
        ]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(ENTRY_COLUMNS)
        kinds = {"line": DTYPES["count"], "at": DTYPES["time"]}
        return pd.DataFrame(
            {
                name: pd.Series(list(values), dtype=kinds.get(name, DTYPES["text"]))
                for name, values in zip(ENTRY_COLUMNS, columns, strict=True)
            }
        )

    def results_frame(self) -> pd.DataFrame:
        """Give the results as a table: one row per change, with `RESULT_COLUMNS`."""
        return results_frame(self.plan, self.results)


def results_frame(plan: Plan, results: Mapping[str, Result]) -> pd.DataFrame:
    """Give what became of a plan as a table: one row per change in the order of work, with `RESULT_COLUMNS`."""
    rows = [_row(change, results.get(change.id) or Result()) for change in plan.changes]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(RESULT_COLUMNS)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtype)
            for (name, dtype), values in zip(RESULT_COLUMNS.items(), columns, strict=True)
        }
    )


def _row(change: Any, result: Result) -> tuple[Any, ...]:
    outcome: str = result.outcome or ("unknown" if result.trying else NOT_STARTED)
    return (
        change.email,
        change.kind,
        change.workspace,
        from_words(change),
        to_words(change),
        outcome,
        result.reason,
        result.next_step,
        result.n_requests,
        _time(result.started_at),
        _time(result.finished_at),
        change.stage,
        change.id,
    )


def _text(value: object) -> str | None:
    """Give what a line says, also where a later lsnb says it in another kind of value."""
    return value if isinstance(value, str | None) else str(value)


def _time(text: str | None) -> pd.Timestamp | None:
    return None if text is None else pd.Timestamp(text)
