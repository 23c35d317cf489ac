"""The runs that were made here: what became of each, going on with one, and taking one back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lsnb.apply.journal import DEFAULT_FOLDER, read_journal
from lsnb.apply.journal.listing import list_runs
from lsnb.errors import JournalError
from lsnb.widgets import alerts, controls
from lsnb.widgets.base import Form
from lsnb.widgets.download import Download
from lsnb.widgets.plan_place import put_plan
from lsnb.widgets.planning import PlanView
from lsnb.widgets.unsaved import Unsaved

if TYPE_CHECKING:
    from lsnb.apply import Run
    from lsnb.organization import Organization

_SHOWN = {
    "started_at": "Started (UTC)",
    "what": "What",
    "done": "Done",
    "failed": "Failed",
    "skipped": "Skipped",
    "unknown": "Unknown",
    "not_started": "Not started",
    "trouble": "Trouble",
}
_RESULTS = {
    "email": "Who",
    "workspace": "Where",
    "before": "From",
    "after": "To",
    "outcome": "Outcome",
    "reason": "Why",
    "next_step": "What to do",
}
_MOST_RUNS = 50
_MOST_RESULTS = 200


class RunsView(Form):
    """The journals of an organization in a folder.

    Args:
        org: the organization.
        folder: where the journals are.
    """

    def __init__(self, org: Organization, folder: str | os.PathLike[str] = DEFAULT_FOLDER) -> None:
        super().__init__("Runs", org=org, kind="runs")
        self.folder = Path(folder)
        self._organization = org
        #: What was made of a run: the plan that takes it back.
        self.plan_view: PlanView | None = None
        self.runs = pd.DataFrame()
        self._facts = controls.html()
        self._table = controls.html()
        self._results = Unsaved()
        self.choice = controls.choice_field("Run", [("", "")], wide=True)
        self.on_value(self.choice, lambda _: self._show_results())
        self.undo_button = self.on_click_work(
            controls.button("Take it back …"),
            "Planning how to take it back",
            self.undo,
            when=lambda: self._n("done") > 0,
        )
        self.resume_button = self.on_click_work(
            controls.button("Go on with it"), "Looking at what is there now", self.resume, when=self._can_resume
        )
        self.journal_button = Download("Journal", self._journal_file, on_error=self.show_error)
        self.control(self.journal_button, when=lambda: bool(self.choice.value))
        self.reload_button = self.on_click(controls.button("Look again"), self.reload)
        self._below = controls.stack()
        self.body.children = [
            self._facts,
            self._table,
            self.choice,
            controls.row(self.undo_button, self.resume_button, self.journal_button, self.reload_button),
            self._results,
            self._below,
        ]
        self.reload()
        self.refresh()

    def reload(self) -> None:
        """Read the folder again."""
        transport = self._organization.api.transport
        self.runs = list_runs(self.folder, organization_id=transport.organization_id, host=self._organization.host)
        readable = self.runs[self.runs["trouble"].isna()]
        options = [("", "")] + [
            (f"{row.started_at:%Y-%m-%d %H:%M:%S} · {row.what}", str(row.journal))
            for row in readable.itertuples(index=False)
        ]
        chosen = self.choice.value
        self.choice.options = options
        self.choice.value = (
            chosen if chosen in [value for _, value in options] else options[min(1, len(options) - 1)][1]
        )
        n_open = int((~readable["is_finished"].fillna(False).astype(bool)).sum())
        self._facts.value = alerts.facts([(len(self.runs), "runs"), (n_open, "not finished")])
        shown = self.runs.assign(started_at=self.runs["started_at"].dt.strftime("%Y-%m-%d %H:%M:%S"))
        self._table.value = alerts.table(
            shown[list(_SHOWN)], titles=list(_SHOWN.values()), limit=_MOST_RUNS,
            empty=f"No run of this organization has a journal in {self.folder}.",
        )  # fmt: skip
        for part in (self.choice, self.undo_button, self.resume_button, self.journal_button):
            controls.show(part, len(options) > 1)
        self._show_results()

    def choose(self, journal: str | os.PathLike[str]) -> pd.DataFrame:
        """Choose a run by its journal, and give its results: one row per change.

        Raises:
            JournalError: there is no such journal here.
        """
        wanted = str(journal)
        known = [value for _, value in self.choice.options if value]
        found = [path for path in known if path == wanted or Path(path).name == wanted]
        if not found:
            raise JournalError(f"There is no journal {wanted} of this organization in {self.folder}.")
        self.choice.value = found[0]
        return self.results()

    def results(self) -> pd.DataFrame:
        """Give what became of the chosen run: one row per change.

        Raises:
            JournalError: no run is chosen, or its journal is damaged.
        """
        return read_journal(self._chosen()).results_frame()

    def undo(self) -> PlanView:
        """Plan how to take the chosen run back, and show that plan; nothing is changed until it is applied.

        Raises:
            JournalError: no run is chosen.
        """
        plan = self._organization.undo(self._chosen())
        view = PlanView(plan, self._organization, title="Take it back")
        self.plan_view = put_plan(self, view, self._below, old=self.plan_view, then=self.reload)
        return self.plan_view

    def resume(self) -> Run:
        """Go on with the chosen run, which was stopped or killed; what is unknown is looked up first.

        Raises:
            JournalError: no run is chosen, or another process is using its journal.
        """
        run = self._organization.resume(self._chosen(), display=self.bar, stop=self.worker.stop_asked)
        lines = run.summary().splitlines()
        self.reload()
        self.show_card(alerts.card(lines[0], lines[1:], tone="good" if run.is_done else "warn"))
        return run

    def summary(self) -> str:
        """Say in a line what there is."""
        return f"{len(self.runs):,} runs in {self.folder}."

    def on_close(self) -> None:
        """Close the plan, unless it is being carried out."""
        if self.plan_view is not None and not self.plan_view.was_applied:
            self.plan_view.close()

    def _chosen(self) -> str:
        if not self.choice.value:
            raise JournalError("No run is chosen. Choose one above.")
        return str(self.choice.value)

    def _row(self) -> pd.DataFrame:
        return self.runs[self.runs["journal"] == self.choice.value] if len(self.runs) else self.runs

    def _n(self, outcome: str) -> int:
        row = self._row()
        return int(row[outcome].iloc[0]) if len(row) else 0

    def _can_resume(self) -> bool:
        return self._n("unknown") + self._n("not_started") > 0

    def _show_results(self) -> None:
        if not self.choice.value:
            self._results.value = ""
            return
        frame = self.results()[list(_RESULTS)]
        self._results.value = alerts.table(frame, titles=list(_RESULTS.values()), limit=_MOST_RESULTS)

    def _journal_file(self) -> tuple[str, bytes]:
        path = Path(self._chosen())
        return path.name, path.read_bytes()


def runs_view(org: Organization, folder: str | os.PathLike[str] = DEFAULT_FOLDER) -> RunsView:
    """Look at the runs made here: `.runs`, `.choose(journal)`, `.results()`, `.undo()`, `.resume()`.

    Args:
        org: the organization.
        folder: where the journals are.
    """
    return RunsView(org, folder)
