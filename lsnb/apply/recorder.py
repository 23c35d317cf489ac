"""Write down what happens: in the journal first, then for the progress bar and whoever else watches."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from lsnb.apply.events import RunEvent
from lsnb.apply.journal.model import NOT_STARTED, Result
from lsnb.apply.journal.writer import JournalWriter
from lsnb.plan.model import Change, Outcome, Plan
from lsnb.service.progress import Progress

RESUME = "Go on with the journal (lsnb resume): it looks first, and does only what is missing."
OnEvent = Callable[[RunEvent], object]


class Recorder:
    """Keeps what became of each change, from all threads.

    Args:
        plan: the plan.
        journal: where it is written down.
        results: what is known already, by change id.
        progress: the bar.
        clock: the time, UTC.
        on_event: told about everything, one event at a time; what it raises is no reason to stop.
    """

    def __init__(
        self,
        plan: Plan,
        journal: JournalWriter,
        results: dict[str, Result],
        *,
        progress: Progress,
        clock: Callable[[], datetime],
        on_event: OnEvent | None,
    ) -> None:
        self.plan = plan
        self.results = results
        self._journal = journal
        self._progress = progress
        self._clock = clock
        self._on_event = on_event
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._complaint: Exception | None = None
        # Kept up to date: counting anew for each of 20,000 changes would take longer than making them.
        self._counts: Counter[str] = Counter(result.outcome or NOT_STARTED for result in results.values())

    def __getitem__(self, change: Change) -> Result:
        return self.results[change.id]

    def now(self) -> str:
        """Give the time as it is written."""
        return self._clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def mark(self, event: str, **more: Any) -> None:
        """Write down what becomes of the run as a whole."""
        self._journal.write({"event": event, "at": self.now(), **more})

    def trying(self, changes: Sequence[Change], step: str) -> None:
        """Write down that a request goes out now; returns once that is on disk."""
        at = self.now()
        with self._lock:
            for change in changes:
                result = self.results[change.id]
                result.trying = step
                result.n_requests += 1
                result.started_at = result.started_at or at
            self._journal.append({"event": "trying", "at": at, "step": step, "ids": [change.id for change in changes]})
        self._journal.sync()
        for change in changes:
            self._tell("trying", change=change)

    def not_sent(self, changes: Sequence[Change], reason: str) -> None:
        """Write down that a request was surely not carried out, so that the changes count as not started."""
        with self._lock:
            for change in changes:
                result = self.results[change.id]
                result.trying, result.reason, result.next_step = None, reason, RESUME
            self._journal.append(
                {"event": "not-sent", "at": self.now(), "ids": [change.id for change in changes], "reason": reason}
            )

    def reopen(self, change: Change) -> None:
        """Forget how a change ended, as it is tried again."""
        with self._lock:
            result = self.results[change.id]
            self._count(result.outcome, None)
            result.outcome, result.reason, result.next_step = None, "", ""
            result.is_open, result.is_verified = True, False
            line = {"event": "reopened", "at": self.now(), "id": change.id}
            # Until it is looked up it stays what it was, also when this run is killed too.
            self._journal.append(line | ({"trying": result.trying} if result.trying else {}))

    def stepped(self, change: Change, step: str) -> None:
        """Write down that one request of several was carried out."""
        with self._lock:
            result = self.results[change.id]
            result.trying = None
            result.steps.add(step)
            # On disk with the next `trying` of this thread; lost before that, the step is looked up.
            self._journal.append({"event": "step", "at": self.now(), "id": change.id, "step": step})

    def end(
        self,
        change: Change,
        outcome: Outcome,
        reason: str = "",
        next_step: str = "",
        *,
        is_open: bool = False,
        is_there: bool = False,
        created_id: str | None = None,
    ) -> None:
        """Write down how a change ended, or ended after all.

        It reaches the disk with the next request of this thread, or at the end of the stage. A kill before that makes
        it unknown, and so looked up: waiting for the disk here would only cost time.

        Args:
            change: the change.
            outcome: how it ended.
            reason: why, where it is not simply done.
            next_step: what to do about it.
            is_open: whether going on tries it again.
            is_there: whether what it wants is there, though not by it.
            created_id: the id of what it created.
        """
        with self._lock:
            result = self.results[change.id]
            is_first = result.outcome is None
            trying = result.trying if outcome == "unknown" else None
            self._count(result.outcome, outcome)
            result.outcome, result.reason, result.next_step = outcome, reason, next_step
            result.is_open, result.is_there, result.trying = is_open, is_there, trying
            result.created_id = created_id or result.created_id
            result.finished_at = self.now()
            line: dict[str, Any] = {
                "event": "outcome",
                "at": result.finished_at,
                "id": change.id,
                "outcome": outcome,
                "reason": reason,
                "next_step": next_step,
            }
            line |= {"is_open": True} if is_open else {}
            line |= {"is_there": True} if is_there else {}
            line |= {"trying": trying} if trying else {}
            line |= {"created_id": created_id} if created_id else {}
            self._journal.append(line)
        self._progress.step(self._counts_words(), steps=int(is_first))
        self._tell("outcome", change=change, outcome=outcome, reason=reason)

    def verified(self, changes: Iterable[Change]) -> None:
        """Write down that changes were read back and are there."""
        ids = [change.id for change in changes]
        for id_ in ids:
            self.results[id_].is_verified = True
        if ids:
            self._journal.append({"event": "verified", "at": self.now(), "ids": ids})

    def counted(self, change: Change) -> None:
        """Write down that enough Organization Admins were counted after a change; what lacks this is counted on going on."""
        self._journal.append({"event": "counted", "at": self.now(), "ids": [change.id]})

    def sync(self) -> None:
        """Return once everything so far is on disk."""
        self._journal.sync()

    def reading(self, text: str) -> None:
        """Say that the organization is being looked at."""
        self._progress.note(text)
        self._tell("reading", text=text)

    def stage(self, stage: str) -> None:
        """Say that a stage begins."""
        self._tell("stage", stage=stage)

    def waiting(self, seconds: float) -> None:
        """Say that the service asked to wait."""
        text = f"waiting {seconds:.0f} s, the service asked for it"
        self._progress.note(text)
        self._tell("waiting", text=text, wait_s=seconds)

    def finished(self) -> None:
        """Say that nothing more will happen."""
        self._tell("finished")
        if self._complaint is not None:
            warnings.warn(
                f"What watched the run failed, and the run went on: {self._complaint!r}", RuntimeWarning, stacklevel=4
            )

    def created(self) -> frozenset[str]:
        """Give the ids of what was created so far."""
        return frozenset(result.created_id for result in self.results.values() if result.created_id)

    def counts(self) -> Counter[str]:
        """Count how many changes ended how so far."""
        with self._lock:
            return +self._counts

    def _count(self, before: Outcome | None, after: Outcome | None) -> None:
        self._counts[before or NOT_STARTED] -= 1
        self._counts[after or NOT_STARTED] += 1

    def _counts_words(self) -> str:
        counts = self.counts()
        return ", ".join(
            f"{counts[name]:,} {name}" for name in ("done", "failed", "skipped", "unknown") if counts[name]
        )

    def _tell(self, kind: Any, **what: Any) -> None:
        if self._on_event is None:
            return
        with self._telling:
            try:
                self._on_event(RunEvent(kind, counts=self.counts(), **what))
            except Exception as error:
                self._complaint = error
