"""Look through what an audit found: how much of it, what exactly, how it is known, and what to do about it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.checks import CHECKS, SEVERITIES, STATUSES, run_checks
from lsnb.checks.remediation import Fixes, fixes
from lsnb.errors import ConfigError, LsnbError, UnknownNameError
from lsnb.files import write_atomically
from lsnb.files.table_file import export_table
from lsnb.report.audit_html import audit_to_html
from lsnb.report.page_shell import render_part
from lsnb.report.words import counted
from lsnb.widgets import alerts, controls
from lsnb.widgets.base import Form
from lsnb.widgets.download import Download
from lsnb.widgets.files import table_file
from lsnb.widgets.grid import Grid
from lsnb.widgets.grid_columns import GridColumn
from lsnb.widgets.plan_place import put_plan
from lsnb.widgets.planning import PlanView
from lsnb.widgets.sheet_form import known
from lsnb.widgets.unsaved import Unsaved

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.plan import Plan
    from lsnb.policy import Policy
    from lsnb.snapshot import Snapshot

#: What the areas of checks are about, by the letters in their ids.
AREAS = {
    "ADM": "Admins",
    "MEM": "Members",
    "INV": "Invitations",
    "WSP": "Workspaces",
    "ROL": "Roles",
    "ABC": "Access policies",
    "KEY": "Service keys",
    "PAT": "Access tokens",
    "SSO": "Single sign-on",
    "SCM": "Provisioning (SCIM)",
    "SHR": "Public links",
    "ORG": "Organization",
    "LOG": "Audit log",
    "REV": "Reviews",
}
_STATUS_WORDS = {
    "alarm": "needs attention",
    "error": "could not be checked",
    "info": "to look at",
    "skip": "does not apply",
    "ok": "fine",
}
_COLUMNS = (
    GridColumn("severity", "Severity", width=95),
    GridColumn("status", "Status", width=80),
    GridColumn("id", "Check", width=110),
    GridColumn("resource", "What", width=240),
    GridColumn("workspace", "Workspace", width=130),
    GridColumn("reason", "Why", width=420),
    GridColumn("fix", "What to do", width=320),
    GridColumn("title", "How it should be", width=280),
)
_ALL = "all"
#: So many findings that are left to people are shown.
_MOST_LEFT = 100


class FindingsView(Form):
    """What an audit found, to filter, read one by one, export, and turn into a plan.

    Args:
        findings: what `lsnb.audit` gave, or a snapshot to audit.
        org: the organization, for a plan of fixes.
        policy: thresholds and accepted exceptions, where a snapshot is given.
        fresh: begin without the filters of an earlier view.
    """

    def __init__(
        self,
        findings: pd.DataFrame | Snapshot,
        org: Organization | None = None,
        *,
        policy: Policy | None = None,
        fresh: bool = False,
    ) -> None:
        super().__init__("What the audit found", org=org, kind="findings", fresh=fresh)
        self._policy = policy
        self._findings: pd.DataFrame | None = None
        self._shown = pd.DataFrame()
        self._is_drawing = False
        #: The plan of fixes; None until there is one.
        self.plan_view: PlanView | None = None
        self._snapshot: Snapshot | None = None
        self.grid: Grid | None = None
        self._facts = controls.html()
        self._picture = controls.html()
        self._count = controls.html()
        self._details = Unsaved()
        self._table = controls.stack()
        self._left = Unsaved()
        self._below = controls.stack()
        remembered = self.memory.get
        self.severity = controls.choice_field("Severity", [_ALL, *SEVERITIES], remembered("severity", _ALL))
        statuses = [(_ALL, _ALL), *((f"{name}: {_STATUS_WORDS[name]}", name) for name in STATUSES)]
        self.status_choice = controls.choice_field("Status", statuses, remembered("status", "alarm"))
        self.area = controls.choice_field("Area", [(_ALL, _ALL)])
        self.words = controls.line_field("Text", remembered("words", ""), hint="a name, an id, a word", live=True)
        for field in (self.severity, self.status_choice, self.area, self.words):
            self.on_value(field, lambda _: self._filter_typed())
        self.downloads = [self._download(*names) for names in (("CSV", ".csv"), ("Excel", ".xlsx"), ("HTML", ".html"))]
        self.fix_button = self.on_click_work(
            controls.button("Make a plan of fixes", kind="primary"), "Planning", self.show_fixes, when=self._can_fix
        )
        controls.show(self.fix_button, org is not None)
        if isinstance(findings, pd.DataFrame):
            self._take(findings)
        else:
            snapshot = self._snapshot = findings
            self.refresh()
            self.work("Checking", lambda: self._take(self._check(snapshot)))

    def _check(self, snapshot: Snapshot) -> pd.DataFrame:
        # By the policy in force, as plans are, where none was brought.
        if self._policy is None and self.org is not None:
            self._policy = self.org.policy_in_force().policy
        return run_checks(snapshot, policy=self._policy)

    # What it holds

    @property
    def findings(self) -> pd.DataFrame:
        """Everything that was found, as `lsnb.audit` gives it; waits for it.

        Raises:
            LsnbError: it could not be checked.
        """
        if self._findings is None:
            self.wait()
        if self._findings is None:
            raise self.error or LsnbError("Nothing was checked yet.")
        return self._findings.copy()

    @property
    def shown(self) -> pd.DataFrame:
        """What the filters leave, as `lsnb.audit` gives it."""
        self.findings  # noqa: B018  wait for it
        return self._shown.copy()

    @property
    def selected(self) -> pd.DataFrame:
        """The findings that are ticked in the table."""
        places = self.grid.selected if self.grid is not None else []
        return self._shown.loc[[place for place in places if place in self._shown.index]]

    def counts(self) -> pd.DataFrame:
        """Count what was found: one row per severity, one column per status."""
        return count_findings(self.findings)

    def filter(
        self,
        *,
        severity: str | None = None,
        area: str | None = None,
        status: str | None = None,
        text: str | None = None,
    ) -> pd.DataFrame:
        """Show only some of it, and give that; what is not named stays as it is.

        Args:
            severity: `critical`, `high`, `medium`, `low` or `all`.
            area: the letters in the check's id, such as `KEY`, or `all`.
            status: `alarm`, `error`, `info`, `skip`, `ok` or `all`.
            text: a text that must be in one of the cells, whatever its case.

        Raises:
            LsnbError: there is no such severity, area or status.
        """
        self.findings  # noqa: B018  wait for it
        for field, value in ((self.severity, severity), (self.area, area), (self.status_choice, status)):
            known_values = [option[1] if isinstance(option, tuple) else option for option in field.options]
            if value is not None and value not in known_values:
                near = difflib.get_close_matches(value, known_values, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise UnknownNameError(
                    f"There is no {value!r} to filter by.{hint} There is: {', '.join(known_values)}.",
                    name=value,
                    nearest=near,
                )
        self._is_drawing = True
        try:
            for field, value in ((self.severity, severity), (self.area, area), (self.status_choice, status)):
                field.value = field.value if value is None else value
            self.words.value = self.words.value if text is None else text
        finally:
            self._is_drawing = False
        self._filter()
        return self.shown

    def show_details(self, place: Any) -> None:
        """Show one finding below the table, by its label in `findings`."""
        self._details.value = details_card(self.findings.loc[place])

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write what is shown to a file ending in .csv, .xlsx, .parquet, .json or .html.

        Raises:
            ConfigError: another ending, or the file cannot be written.
            MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
        """
        target = Path(path)
        if target.suffix.lower() != ".html":
            return export_table(self.shown, target, title="findings")
        write_atomically(target, self.to_html().encode(), ConfigError)
        return target

    def to_html(self) -> str:
        """Give what is shown as a page of its own, without scripts; see `lsnb.report.audit_to_html`."""
        return audit_to_html(self.shown, self._snapshot)

    def fixes(self) -> Fixes:
        """Give the sheets that would repair the ticked findings, or all that are shown; see `lsnb.fixes`.

        Raises:
            LsnbError: there is no organization to read them against, and no snapshot was given.
        """
        chosen = self.selected if len(self.selected) else self.shown
        if self._snapshot is None:
            self._snapshot = self._need_organization().snapshot()
        return fixes(chosen, self._snapshot, self._policy)

    def plan_fixes(self) -> Plan:
        """Make a plan of what repairs the ticked findings, or all that are shown; `show_fixes` also shows it.

        Raises:
            LsnbError: there is no organization to plan for, or nothing of it can be repaired by a plan.
        """
        org = self._need_organization()
        return self._plan(org, self.fixes())

    def show_fixes(self) -> PlanView:
        """Make a plan of fixes and show it below, with what is left to people; see `plan_fixes`."""
        org, found = self._need_organization(), self.fixes()
        left = found.by_hand[["severity", "resource", "reason", "what_to_do"]]
        titles = ["Severity", "What", "Why", "What to do"]
        self._left.value = (
            alerts.card(
                f"Left to people: {len(left):,}",
                ["No plan repairs these: they need somebody's judgement."],
                tone="warn",
            )
            + alerts.table(left, titles=titles, limit=_MOST_LEFT)
            if len(left)
            else ""
        )
        plan = self._plan(org, found)
        self.plan_view = put_plan(self, PlanView(plan, org), self._below, old=self.plan_view)
        return self.plan_view

    def summary(self) -> str:
        """Say in a line what was found."""
        if self._findings is None:
            return "The audit, not finished yet."
        alarms = self._findings[self._findings["status"] == "alarm"]
        by = alarms["severity"].value_counts()
        words = ", ".join(f"{by[name]:,} {name}" for name in SEVERITIES if name in by)
        return f"{counted(len(alarms), 'finding needs', 'findings need')} attention" + (f": {words}." if words else ".")

    # Inside

    def _need_organization(self) -> Organization:
        if self.org is None:
            raise LsnbError("There is no organization to plan for. Give it: findings_view(snapshot, org).")
        return self.org

    def _plan(self, org: Organization, found: Fixes) -> Plan:
        if not len(found):
            raise LsnbError("No plan repairs these findings. What to do about each stands in its row.")
        return org.plan(found)

    def _take(self, findings: pd.DataFrame) -> None:
        self._findings = findings.reset_index(drop=True)
        areas = [area for area in AREAS if area in set(_areas(findings))]
        areas += sorted(set(_areas(findings)) - set(areas))
        self._is_drawing = True
        self.area.options = [(_ALL, _ALL), *((AREAS.get(area, area), area) for area in areas)]
        remembered = self.memory.get("area", _ALL)
        self.area.value = remembered if remembered in areas else _ALL
        self._is_drawing = False
        counts = self.counts()
        shown = [(int(counts["alarm"].loc[name]), name) for name in SEVERITIES]
        self._facts.value = alerts.facts([(int(counts["alarm"].sum()), "need attention"), *shown])
        self._picture.value = picture(counts)
        self.body.children = [
            self._facts,
            self._picture,
            controls.row(self.severity, self.area, self.status_choice, self.words),
            self._count,
            self._table,
            self._details,
            controls.row(self.fix_button, *self.downloads),
            self._left,
            self._below,
        ]
        self._filter()
        self.refresh()

    def _filter_typed(self) -> None:
        if not self._is_drawing and self._findings is not None:
            self._filter()

    def _filter(self) -> None:
        wanted = (self.severity.value, self.area.value, self.status_choice.value, self.words.value)
        self._shown = filter_findings(self.findings, *wanted)
        self.memory.keep(**dict(zip(("severity", "area", "status", "words"), wanted, strict=True)))
        self._count.value = alerts.line(
            f"{len(self._shown):,} of {len(self.findings):,} shown. Tick one to read all about it.",
            kind="quiet",
            role="status",
        )
        names = [column.name for column in _COLUMNS]
        frame = self._shown[names]
        if self.grid is None:
            self.grid = Grid(frame, _COLUMNS, height=380, caption="Findings")
            self.grid.static_rows = 0
            self.grid.on_msg(self._hear)
            self._table.children = [self.grid]
        else:
            self.grid.reset(frame)
        first = self._shown.index[:1]
        self._details.value = details_card(self._shown.loc[first[0]]) if len(first) else ""

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        """Show the finding that was ticked last."""
        if message.get("type") == "selected" and len(self.selected):
            self.attempt(lambda: self.show_details(self.selected.index[-1]))

    def _can_fix(self) -> bool:
        return self.org is not None and self._findings is not None and bool(len(self._shown))

    def _download(self, label: str, ending: str) -> Download:
        def make() -> tuple[str, bytes]:
            if ending == ".html":
                return "findings.html", self.to_html().encode()
            return table_file(self.shown, "findings", ending)

        button = Download(f"Download as {label}", make, on_error=self.show_error)
        self.control(button, when=lambda: self._findings is not None)
        return button

    def on_close(self) -> None:
        """Close the plan of fixes, unless it is being carried out."""
        if self.plan_view is not None and not self.plan_view.was_applied:
            self.plan_view.close()


def findings_view(
    findings: pd.DataFrame | Snapshot,
    org: Organization | None = None,
    *,
    policy: Policy | None = None,
    fresh: bool = False,
) -> FindingsView:
    """Look through findings: `.filter(...)`, `.shown`, `.counts()`, `.export(path)`, `.plan_fixes()`.

    Args:
        findings: what `lsnb.audit` gave, or a snapshot to audit.
        org: the organization, for a plan of fixes.
        policy: thresholds and accepted exceptions, where a snapshot is given.
        fresh: begin without the filters of an earlier view.
    """
    return FindingsView(findings, org, policy=policy, fresh=fresh)


def count_findings(findings: pd.DataFrame) -> pd.DataFrame:
    """Count findings: one row per severity, worst first, one column per status."""
    counts = pd.crosstab(findings["severity"].astype(object), findings["status"].astype(object))
    return counts.reindex(index=list(SEVERITIES), columns=list(STATUSES), fill_value=0)


def filter_findings(findings: pd.DataFrame, severity: str, area: str, status: str, text: str) -> pd.DataFrame:
    """Pick findings; `all` and the empty text pick everything."""
    keep = pd.Series(True, index=findings.index)
    for column, wanted in (("severity", severity), ("status", status)):
        if wanted != _ALL:
            keep &= (findings[column] == wanted).fillna(False).astype(bool)
    if area != _ALL:
        keep &= pd.Series(_areas(findings), index=findings.index, dtype=object) == area
    if text.strip():
        hit = pd.Series(False, index=findings.index)
        for column in findings.columns:
            found = findings[column].str.contains(text.strip(), case=False, regex=False)
            hit |= found.fillna(False).astype(bool)
        keep &= hit
    return findings[keep]


def picture(counts: pd.DataFrame) -> str:
    """Draw the counts as bars, a severity each, that follow the page's colours; a table for screen readers."""
    most = max(int(counts[["alarm", "error", "info"]].sum(axis=1).max()), 1)
    rows = []
    for severity in counts.index:
        alarm, error, info = (int(counts[name].loc[severity]) for name in ("alarm", "error", "info"))
        bars = [(name, 100 * n / most) for name, n in (("alarm", alarm), ("error", error), ("info", info)) if n]
        said = ((alarm, "need attention"), (info, "to look at"), (error, "could not be checked"))
        words = ", ".join(f"{n:,} {what}" for n, what in said if n) or "nothing"
        rows.append((severity, bars, words))
    return render_part("counts", rows)


def details_card(finding: pd.Series[Any]) -> str:
    """Write one finding as a card: why, how it is known, and what to do."""
    check = CHECKS.get(known(finding["id"]))
    lines = [
        f"{known(finding['severity'])}, {_STATUS_WORDS.get(known(finding['status']), '')}: {known(finding['resource'])}",
        known(finding["reason"]),
        f"How it should be: {known(finding['title'])}." if known(finding["title"]) else "",
        f"Why it matters: {check.why}" if check else "",
        f"Supports: {', '.join(check.frameworks)}" if check else "",
    ]
    is_alarm = known(finding["status"]) == "alarm"
    return alerts.card(
        f"{known(finding['id'])}",
        lines,
        tone="bad"
        if is_alarm and known(finding["severity"]) in ("critical", "high")
        else "warn"
        if is_alarm
        else "plain",
        next_step=known(finding["fix"]),
        details=known(finding["evidence"]),
        details_title="Evidence",
    )


def _areas(findings: pd.DataFrame) -> Iterable[str]:
    return [str(name).split("-")[1] if str(name).count("-") else str(name) for name in findings["id"].astype(object)]
