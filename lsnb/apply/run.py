"""What a run came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lsnb.apply.journal import JournalRecord, Result
from lsnb.apply.journal.model import NOT_STARTED, results_frame
from lsnb.errors.safe_text import visible_line
from lsnb.plan.model import Change, Plan
from lsnb.report.page_shell import render_report
from lsnb.report.words import sentence_words
from lsnb.service.secret_sinks import SecretBox

_ORDER = ("failed", "unknown", "skipped", NOT_STARTED, "done")
_TONES = {"failed": "bad", "unknown": "warn", "skipped": "warn", NOT_STARTED: "plain", "done": "good"}
_SHOWN = 200


@dataclass(frozen=True, repr=False)
class Run:
    """What became of a plan.

    Args:
        plan: the plan.
        results: one row per change in the order of work: email, kind, workspace, before, after, outcome (`done`,
            `failed`, `skipped`, `unknown`, or `not started` where the run was stopped before), reason, next_step,
            n_requests, started_at, finished_at, stage, id.
        journal: where it is written down; None where there was nothing to do.
        stopped: why it ended early; empty where it came to its end.
        notes: what else is worth knowing.
        n_open: how many changes going on with the journal would look at or try again.
        secrets: secrets of created keys that are in memory only, each to be taken out once; None where there are none.
    """

    plan: Plan
    results: pd.DataFrame
    journal: Path | None
    stopped: str = ""
    notes: tuple[str, ...] = ()
    n_open: int = 0
    secrets: SecretBox | None = None

    @property
    def is_done(self) -> bool:
        """Whether every change ended as done."""
        return self.counts.keys() <= {"done"}

    @property
    def counts(self) -> dict[str, int]:
        """How many changes ended how, the worst first."""
        counted = Counter(self.results["outcome"])
        return {outcome: counted[outcome] for outcome in _ORDER if counted[outcome]}

    def summary(self) -> str:
        """Sum it up in a few lines."""
        if not len(self.plan):
            return "There was nothing to do, and nothing was changed."
        n = len(self.plan)
        parts = ", ".join(f"{count:,} {outcome}" for outcome, count in self.counts.items())
        lines = [f"{n:,} change{'' if n == 1 else 's'} in {self.plan.organization}: {parts}."]
        lines += [f"Stopped early: {self.stopped}"] if self.stopped else []
        lines += self.notes
        if self.n_open:
            lines.append(f"{self.n_open:,} can still be settled or tried again: lsnb resume {self.journal}")
        if self.secrets is not None and len(self.secrets):
            names = ", ".join(map(repr, self.secrets.names))
            lines.append(f"In memory only, and gone with this process: run.secrets.reveal_once(name) for {names}.")
        if self.journal is not None:
            lines.append(f"Journal: {self.journal}")
        return "\n".join(map(visible_line, lines))

    def __repr__(self) -> str:
        return f"<Run of {len(self.plan):,} changes: {', '.join(f'{n:,} {word}' for word, n in self.counts.items())}>"

    def __str__(self) -> str:
        rest = self.results[self.results["outcome"] != "done"].head(_SHOWN)
        changes = {change.id: change for change in self.plan.changes}
        rows = [
            f"- {outcome}: {_named(changes[id_])}: {reason} {next_step}".rstrip()
            for id_, outcome, reason, next_step in zip(
                *(rest[name] for name in ("id", "outcome", "reason", "next_step")), strict=True
            )
        ]
        return "\n".join([self.summary(), *map(visible_line, rows)])

    def _repr_html_(self) -> str:
        shown = self.results.assign(
            order=self.results["outcome"].map({name: place for place, name in enumerate(_ORDER)})
        ).sort_values("order", kind="stable")
        columns = ["outcome", "email", "kind", "workspace", "before", "after", "reason", "next_step"]
        first = shown[columns].head(_SHOWN)
        # What is empty in every row only takes room from what is not.
        first = first.loc[:, [name == "outcome" or bool(first[name].fillna("").astype(str).any()) for name in columns]]
        return render_report(
            "run",
            lines=self.summary().splitlines(),
            header=[str(name).replace("_", " ") for name in first.columns],
            rows=list(first.itertuples(index=False, name=None)),
            tones=_TONES,
            n_more=len(shown) - len(first),
        )


def make_run(
    plan: Plan,
    results: Mapping[str, Result],
    journal: Path | None,
    *,
    stopped: str = "",
    notes: tuple[str, ...] = (),
    secrets: SecretBox | None = None,
) -> Run:
    """Sum up what became of a plan."""
    n_open = sum(result.is_open or result.is_unknown for result in results.values())
    return Run(plan, results_frame(plan, results), journal, stopped, notes, n_open, secrets)


def run_of_record(record: JournalRecord) -> Run:
    """Give a run as its journal has it."""
    stopped = "" if record.is_finished else "The journal does not say that the run came to its end."
    return make_run(record.plan, record.results, record.path, stopped=stopped)


def _words(before: str, value: object) -> str:
    return f"{before}{value}" if isinstance(value, str) and value else ""


def _named(change: Change) -> str:
    """Say which change it is: of whom and where, or in a sentence where it is of nobody."""
    if change.email is None:
        return sentence_words(change)
    return f"{change.kind} {change.email}" + (f" in {change.workspace}" if change.workspace else "")
