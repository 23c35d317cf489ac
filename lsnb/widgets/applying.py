"""Watch a plan being carried out: a bar, a stop button, the results as they come, retry, undo, and the files."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lsnb.errors import PlanError, SpentPlanError
from lsnb.files.table_file import export_table
from lsnb.report.words import counted, from_words, to_words, where_words
from lsnb.service.secret_sinks import SecretBox
from lsnb.widgets import alerts, controls
from lsnb.widgets.base import Form
from lsnb.widgets.download import Download
from lsnb.widgets.draft_store import Memory
from lsnb.widgets.files import table_file
from lsnb.widgets.grid import Grid
from lsnb.widgets.grid_columns import GridColumn
from lsnb.widgets.secret_reveal import SecretView
from lsnb.widgets.unsaved import Unsaved
from lsnb.widgets.work import Painter

if TYPE_CHECKING:
    from lsnb.apply import Run, RunEvent
    from lsnb.organization import Organization
    from lsnb.plan import Plan
    from lsnb.widgets.planning import PlanView

_LATEST = 12
#: So many changes that did not end as done are named in the card; the table has all, the worst first.
_MOST_BAD = 5
_WORDS = {"done": "done", "failed": "failed", "skipped": "skipped", "unknown": "unknown", "not started": "not started"}
_COLUMNS = (
    GridColumn("outcome", "Outcome", width=110, pinned=True),
    GridColumn("email", "Who", width=240),
    GridColumn("where", "Where", width=170),
    GridColumn("before", "From", width=180),
    GridColumn("after", "To", width=200),
    GridColumn("reason", "Why", width=320),
    GridColumn("next_step", "What to do next", width=320),
)


class ApplyView(Form):
    """A plan being carried out.

    Args:
        org: the organization.
        plan: the plan that was reviewed.
        confirm: its fingerprint, handed back as the sign that it was.
        workers: how many changes may be under way at once.
        journal: the journal's file; a new one in `lsnb-journals/` when None.
    """

    #: Called with each run that has ended, on the thread that carried it out.
    on_end: Callable[[Run], object] | None = None

    def __init__(
        self,
        org: Organization,
        plan: Plan,
        *,
        confirm: str,
        workers: int = 8,
        journal: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(f"Apply {counted(len(plan), 'change')} in {plan.organization}", org=org, kind="apply")
        self.plan = plan
        self.confirm = confirm
        self.workers = workers
        self.journal = journal
        #: What came of it; None until it has ended.
        self.run: Run | None = None
        #: The plan that takes it back, once it was asked for.
        self.undo_view: PlanView | None = None
        self._organization = org
        # Secrets of created keys wait here until somebody takes them out, in memory only.
        self._box = SecretBox()
        self._was_started = False
        self._is_stopping = False
        self._counts: Mapping[str, int] = {}
        self._latest: deque[tuple[str, str, str, str, str]] = deque(maxlen=_LATEST)
        self._latest_lock = threading.Lock()
        self._painter = Painter(self._paint, every_s=0.2)
        self._facts = controls.html()
        self._live = Unsaved()
        self._results = controls.stack()
        self._handover = controls.stack()
        self._more = controls.stack()
        start = controls.button(f"Apply {counted(len(plan), 'change')}", kind="primary")
        self.start_button = self.control(start, when=lambda: not self._was_started)
        self.start_button.on_click(lambda _: self.attempt(self.start))
        self.stop_button = controls.button("Stop", tooltip="End after the requests that are under way.")
        self.stop_button.on_click(lambda _: self.stop())
        self.retry_button = controls.button("Try again what did not work")
        self.retry_button.on_click(lambda _: self.attempt(self._begin_retry))
        self.control(self.retry_button, when=lambda: self.can_retry)
        self.undo_button = self.on_click_work(
            controls.button("Take it back …"), "Planning how to take it back", self.undo, when=lambda: self.can_undo
        )
        self.csv_button = self._download("Results as CSV", ".csv")
        self.excel_button = self._download("Results as Excel", ".xlsx")
        self.journal_button = Download("Journal", self._journal_file, on_error=self.show_error)
        self.control(self.journal_button, when=lambda: self._journal_path is not None)
        self._begin_row = controls.row(self.start_button)
        self._work_row = controls.row(self.stop_button)
        self._end_row = controls.row(
            self.retry_button, self.undo_button, self.csv_button, self.excel_button, self.journal_button
        )
        self.body.children = [
            self._begin_row,
            self._facts,
            self._work_row,
            self._live,
            self._handover,
            self._results,
            self._end_row,
            self._more,
        ]
        self.refresh()

    @property
    def was_started(self) -> bool:
        """Whether it was started, from a button or from code."""
        return self._was_started

    @property
    def can_retry(self) -> bool:
        """Whether something can be tried again."""
        return self.run is not None and self.run.journal is not None and bool(self.run.n_open or self._n("failed"))

    @property
    def can_undo(self) -> bool:
        """Whether something was done that could be taken back."""
        return self.run is not None and self.run.journal is not None and bool(self._n("done") or self._n("unknown"))

    @property
    def counts(self) -> dict[str, int]:
        """How many changes ended how so far."""
        return dict(self.run.counts if self.run is not None else self._counts)

    def summary(self) -> str:
        """Say in a line how far it is."""
        if self.run is not None:
            return self.run.summary().splitlines()[0]
        if self._was_started:
            return f"Applying {counted(len(self.plan), 'change')} in {self.plan.organization}."
        return f"{counted(len(self.plan), 'change')} in {self.plan.organization}, not applied yet."

    def start(self) -> ApplyView:
        """Begin on a thread; `wait()` waits for the end. A second call changes nothing: a plan is applied once."""
        with self.lock:
            if self._was_started:
                return self
            self._was_started = True
            is_begun = self.work("Looking at what is there now", self._apply)
            if not is_begun:
                self._was_started = False
        self._paint()
        return self

    def stop(self) -> None:
        """Stop after the requests that are under way; the rest can be carried out later."""
        self._is_stopping = True
        self.worker.stop()
        self.stop_button.disabled = True
        if self.is_busy:
            self.say("Stopping after the requests that are under way …")

    def retry(self) -> Run:
        """Try again what failed, and carry out what was not started; what was done is not done again.

        Raises:
            PlanError: there is nothing to try again.
            JournalError: the journal is damaged or in use.
        """
        run = self.run
        if run is None or run.journal is None:
            raise PlanError("There is no run to go on with yet. Start it first.")
        if not self.is_busy:
            self.worker.stop_asked.clear()
        self._end(
            self._organization.resume(
                run.journal,
                workers=self.workers,
                retry_failed=True,
                secrets=self._box,
                display=self.bar,
                stop=self.worker.stop_asked,
            )
        )
        return self.run or run

    def undo(self) -> PlanView:
        """Plan how to take it back, and show that plan; nothing is changed until it is applied.

        Raises:
            PlanError: nothing was done yet.
        """
        from lsnb.widgets.planning import PlanView

        if self.run is None:
            raise PlanError("Nothing was applied yet, so there is nothing to take back.")
        if self.undo_view is not None and not self.undo_view.was_applied:
            self.undo_view.close()
        plan = self._organization.undo(self.run)
        self.undo_view = PlanView(plan, self._organization, title="Take it back")
        self.undo_view.on_applied = self.on_end
        self._more.children = [self.undo_view.box]
        return self.undo_view

    def results(self) -> pd.DataFrame:
        """Give one row per change; see `Run.results`.

        Raises:
            PlanError: it has not ended yet.
        """
        if self.run is None:
            raise PlanError("There are no results yet: the plan was not applied, or is still being applied.")
        return self.run.results

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the results to a file; the ending decides the format, see `lsnb.export_table`."""
        return export_table(self._flat_results(), path, title="results")

    def on_close(self) -> None:
        """Stop drawing, and close the plan that takes it back."""
        self._painter.close()
        if self.undo_view is not None:
            self.undo_view.close()

    def refresh(self) -> None:
        """Show the buttons that can be of use now."""
        super().refresh()
        is_working = self._is_working
        controls.show(self._begin_row, not self._was_started)
        controls.show(self._work_row, is_working)
        controls.show(self._end_row, self.run is not None and not is_working)
        controls.show(self.retry_button, self.can_retry)
        self.stop_button.disabled = not is_working or self._is_stopping

    def _apply(self) -> None:
        try:
            run = self._organization.apply(
                self.plan,
                confirm=self.confirm,
                workers=self.workers,
                journal=self.journal,
                secrets=self._box,
                display=self.bar,
                stop=self.worker.stop_asked,
                on_event=self._hear,
            )
        except SpentPlanError:
            raise
        except Exception:
            # It was refused before anything was written, so that it can be started again.
            self._was_started = False
            raise
        self._end(run)

    def _begin_retry(self) -> None:
        self._is_stopping = False
        self.work("Looking at what is there now", self.retry)

    def _end(self, run: Run) -> None:
        self.run = run
        self._is_stopping = False
        self.say("")
        self._painter.flush()
        self._hand_over(run)
        self._show_results(run)
        if self.on_end is not None:
            self.on_end(run)

    def _hand_over(self, run: Run) -> None:
        """Show where the secrets of created keys can be taken out, each once."""
        if run.secrets is None or not len(run.secrets):
            return
        words = "They are in this kernel's memory only. Take each one out now, and put it where it will be used."
        for part in self._handover.children:
            controls.close_all(part)
        self._handover.children = [
            controls.heading("Secrets of the created keys"),
            controls.quiet(words),
            SecretView(run.secrets),
        ]

    def _hear(self, event: RunEvent) -> None:
        """Take in one thing that happened; called from many threads, one at a time."""
        self._counts = event.counts
        change = event.change
        if event.kind == "outcome" and change is not None:
            step = f"{from_words(change)} → {to_words(change)}"
            row = (_WORDS.get(event.outcome or "", ""), change.email or "", where_words(change), step, event.reason)
            with self._latest_lock:
                self._latest.appendleft(row)
        self._painter.ask()

    def _paint(self) -> None:
        counts = self.counts
        shown = [(counts.get(name, 0), name) for name in _WORDS if counts.get(name)]
        self._facts.value = alerts.facts(shown)
        if self.run is not None:
            self._live.value = ""
            return
        with self._latest_lock:
            rows = list(self._latest)
        frame = pd.DataFrame(rows, columns=["outcome", "who", "where", "what", "why"])
        self._live.value = alerts.table(frame, limit=_LATEST, empty="") if rows else ""

    def _show_results(self, run: Run) -> None:
        n_bad = len(run.results) - self._n("done")
        lines = run.summary().splitlines()
        bad = run.results[run.results["outcome"].isin(["failed", "unknown", "skipped"])].fillna("")
        names = ("outcome", "email", "workspace", "reason", "next_step")
        for outcome, email, workspace, reason, step in bad.head(_MOST_BAD)[list(names)].itertuples(
            index=False, name=None
        ):
            who = ", ".join(filter(None, (email, workspace)))
            lines.append(f"{outcome}: {who}: {reason} {step}".strip())
        self.show_card(alerts.card(lines[0], lines[1:], tone="good" if run.is_done else "warn" if n_bad else "plain"))
        if not len(run.results):
            return
        frame = self._flat_results()
        old = list(self._results.children)
        grid = Grid(frame, _COLUMNS, height=min(420, 70 + 28 * max(len(frame), 3)), caption="Results")
        grid.static_rows = 0
        self._results.children = [grid]
        for widget in old:
            widget.close()

    def _flat_results(self) -> pd.DataFrame:
        """Give the results as a table of plain text, the worst first."""
        results = self.results()
        order = {name: place for place, name in enumerate(("failed", "unknown", "skipped", "not started", "done"))}
        sorted_ = results.assign(_order=results["outcome"].map(order)).sort_values("_order", kind="stable")
        flat = sorted_.drop(columns="_order").reset_index(drop=True)
        flat.insert(1, "where", flat["workspace"].fillna("organization"))
        return flat

    def _download(self, label: str, ending: str) -> Download:
        button = Download(label, lambda: table_file(self._flat_results(), "results", ending), on_error=self.show_error)
        self.control(button, when=lambda: self.run is not None)
        return button

    def _journal_file(self) -> tuple[str, bytes]:
        path = self._journal_path
        if path is None:
            raise PlanError("There is no journal: nothing was applied.")
        return path.name, path.read_bytes()

    @property
    def _journal_path(self) -> Path | None:
        return self.run.journal if self.run is not None else None

    def _n(self, outcome: str) -> int:
        return self.run.counts.get(outcome, 0) if self.run is not None else 0


def apply_view(
    org: Organization,
    plan: Plan,
    *,
    confirm: str,
    workers: int = 8,
    journal: str | os.PathLike[str] | None = None,
) -> ApplyView:
    """Show a plan being carried out: `.start()`, `.stop()`, `.wait()`, `.run`, `.retry()`, `.undo()`.

    Asking again for the same plan gives the same view: a cell that is run twice applies once.

    Args:
        org: the organization.
        plan: the plan that was reviewed.
        confirm: its fingerprint; another one is refused when it starts.
        workers: how many changes may be under way at once.
        journal: the journal's file; a new one in `lsnb-journals/` when None.
    """
    known = started_view(plan)
    if known is not None:
        return known
    view = ApplyView(org, plan, confirm=confirm, workers=workers, journal=journal)
    _memory(plan).keep(view=view)
    return view


def started_view(plan: Plan) -> ApplyView | None:
    """Give the view in which a plan was or is being carried out in this kernel, where there is one."""
    known = _memory(plan).get("view")
    return known if isinstance(known, ApplyView) and not known.is_closed and known.was_started else None


def _memory(plan: Plan) -> Memory:
    return Memory("apply", f"{plan.organization_id} {plan.fingerprint} {plan.created_at}")
