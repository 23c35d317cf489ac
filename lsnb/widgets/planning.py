"""Read a plan, take single changes out of it, and apply it: by a click, or by typing where it takes or gives power."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from lsnb.errors import PlanError
from lsnb.files.plan_file import save_plan
from lsnb.plan import Plan, Rules, drop_changes
from lsnb.plan.kinds import kind_of
from lsnb.plan.risks import by_risk
from lsnb.report.page_shell import render_part
from lsnb.report.unlock import unlock_phrase
from lsnb.report.words import (
    clean,
    counted,
    facts_of,
    from_words,
    nothing_words,
    policy_words,
    summary_words,
    to_words,
    where_words,
)
from lsnb.widgets import alerts, controls
from lsnb.widgets.applying import ApplyView, apply_view, started_view
from lsnb.widgets.base import Form
from lsnb.widgets.download import Download
from lsnb.widgets.files import table_file
from lsnb.widgets.grid import Grid
from lsnb.widgets.grid_columns import GridColumn
from lsnb.widgets.unsaved import Unsaved

if TYPE_CHECKING:
    from lsnb.apply import Run
    from lsnb.organization import Organization
    from lsnb.snapshot import Snapshot

_COLUMNS = (
    GridColumn("who", "Who", width=240, pinned=True),
    GridColumn("where", "Where", width=160),
    GridColumn("from", "From", width=180),
    GridColumn("to", "To", width=220),
    GridColumn("risk", "Risk", width=90),
    GridColumn("why", "Why", width=320),
    GridColumn("consequence", "What else to know", width=320),
)
#: So many verdicts are shown as they are; the rest is folded away.
_MOST_VERDICTS = 6


class PlanView(Form):
    """A plan to read, trim and apply.

    Args:
        plan: the plan.
        org: the organization.
        snapshot: what it was made from; read anew when it is needed and missing.
        rules: the thresholds that it is judged by when it changes; those that it was made by when None.
        title: the heading.
        fresh: begin without what was left out of this plan before.
    """

    #: Called with each run of the plan, or of the one that takes it back, once it has ended.
    on_applied: Callable[[Run], object] | None = None

    def __init__(
        self,
        plan: Plan,
        org: Organization,
        *,
        snapshot: Snapshot | None = None,
        rules: Rules | None = None,
        title: str = "Plan",
        fresh: bool = False,
    ) -> None:
        super().__init__(
            f"{title}: {plan.organization}", org=org, kind="plan", about=f"{plan.organization_id} {plan.fingerprint}",
            fresh=fresh,
        )  # fmt: skip
        #: The plan as it would be applied now.
        self.plan = plan
        self.original = plan
        # Those include what the policy in force asked for.
        self.rules = rules or plan.rules or Rules()
        #: The view of its being carried out, once it was applied.
        self.applying: ApplyView | None = None
        self._organization = org
        self._snapshot = snapshot
        self._dropped: set[str] = set()
        self._is_unlocked = False
        self._facts = controls.html()
        self._refused = Unsaved()
        self._warned = Unsaved()
        self._waiting = Unsaved()
        self.grid = Grid(_frame(plan), _COLUMNS, key="id", height=_height(plan), caption="Changes")
        self.grid.static_rows = 0
        self.allow_rule = controls.choice_field("Rule to set aside", [""])
        self.allow_reason = controls.line_field("Reason, for the journal", hint="re-organization, ticket 123")
        self.allow_button = self.on_click_work(
            controls.button("Set the rule aside"),
            "Judging the plan again",
            lambda: self.allow(self.allow_rule.value, self.allow_reason.value),
        )
        self._allow_row = controls.row(self.allow_rule, self.allow_reason, self.allow_button)
        self.drop_button = self.on_click_work(
            controls.button("Leave out the ticked changes"),
            "Judging the plan again",
            self._drop_ticked,
            when=lambda: not self.was_applied and bool(self.plan.changes),
        )
        self.restore_button = self.on_click(
            controls.button("Put everything back"), self.restore, when=lambda: self.is_changed and not self.was_applied
        )
        self.csv_button = Download(
            "Changes as CSV", lambda: table_file(self.plan.to_frame(), "plan", ".csv"), on_error=self.show_error
        )
        self._tools = controls.row(self.drop_button, self.restore_button, self.csv_button)
        self.unlock_field = controls.line_field("Type to unlock", live=True)
        self.on_value(self.unlock_field, self._typed)
        self.apply_button = self.on_click(
            controls.button("Apply", kind="primary"), self.apply, when=lambda: self.can_apply
        )
        self._unlock_note = controls.html()
        self._apply_row = controls.row(self.unlock_field, self.apply_button)
        self._below = controls.stack()
        self.body.children = [
            self._facts,
            self._refused,
            self._allow_row,
            self._warned,
            self.grid,
            self._tools,
            self._waiting,
            self._unlock_note,
            self._apply_row,
            self._below,
        ]
        self.attempt(self._recall)
        # The cell may have been run again while or after the plan was carried out.
        self.applying = started_view(self.plan)
        if self.applying is not None:
            self._below.children = [self.applying.box]
        self._draw()

    # What it says

    @property
    def phrase(self) -> str:
        """What must be typed before the plan can be applied; empty where a click is enough."""
        return unlock_phrase(self.plan)

    @property
    def is_unlocked(self) -> bool:
        """Whether nothing has to be typed, or it was."""
        return not self.phrase or self._is_unlocked

    @property
    def can_apply(self) -> bool:
        """Whether the plan may be applied now."""
        return self.plan.is_safe and not self.plan.is_empty and self.is_unlocked and not self.was_applied

    @property
    def was_applied(self) -> bool:
        """Whether it was applied from here."""
        return self.applying is not None

    @property
    def is_changed(self) -> bool:
        """Whether it differs from the plan that was brought."""
        return self.plan.fingerprint != self.original.fingerprint

    @property
    def dropped(self) -> list[str]:
        """The ids of the changes that are left out, in the plan's order."""
        return [change.id for change in self.original.changes if change.id in self._dropped]

    def summary(self) -> str:
        """Sum the plan up in a line."""
        return summary_words(self.plan)

    def static_html(self) -> str:
        """Give the plan as HTML without a script."""
        return self.plan.to_html()

    # What it does

    def drop(self, ids: Collection[str]) -> Plan:
        """Leave changes out; the rest is judged again and gets another fingerprint.

        Args:
            ids: the ids of the changes, as in `plan.to_frame()["id"]`.

        Raises:
            PlanError: the plan has no change of such an id, or was applied already.
        """
        self._require_open()
        plan = drop_changes(self.plan, self._read(), set(ids), rules=self.rules)
        self._dropped |= set(ids)
        self._take(plan)
        return plan

    def restore(self) -> Plan:
        """Put back everything that was left out, and forget what was allowed here.

        Raises:
            PlanError: the plan was applied already.
        """
        self._require_open()
        self._dropped = set()
        self._take(self.original)
        return self.plan

    def allow(self, rule: str, reason: str) -> Plan:
        """Set one safety rule aside, with a reason that the journal keeps.

        Args:
            rule: the rule's name, such as "max-removals".
            reason: why.

        Raises:
            PlanError: there is no such rule, no reason was given, or the plan was applied already.
        """
        self._require_open()
        if not rule:
            raise PlanError("No rule is chosen. Choose the one that refuses the plan.")
        if not reason.strip():
            raise PlanError(f"Setting {rule} aside needs a reason; the journal keeps it. Write one beside the rule.")
        allowed: Mapping[str, str] = {**self.plan.allowed, rule: reason.strip()}
        self._take(drop_changes(replace(self.plan, allowed=allowed), self._read(), (), rules=self.rules))
        self.allow_reason.value = ""
        return self.plan

    def unlock(self, typed: str) -> bool:
        """Unlock the plan by what it does, as `phrase` has it; tell whether it is unlocked."""
        self._is_unlocked = " ".join(typed.split()).casefold() == self.phrase.casefold()
        self.refresh()
        return self.is_unlocked

    def apply(self, *, workers: int = 8) -> ApplyView:
        """Carry the plan out, on a thread; `.wait()` of the result waits for the end. Once: again gives the same view.

        Raises:
            PlanError: the plan is refused, has nothing to do, or is locked.
        """
        with self.lock:
            if self.applying is not None:
                return self.applying
            if not self.plan.is_safe:
                rules = ", ".join(dict.fromkeys(verdict.rule for verdict in self.plan.refusals))
                raise PlanError(f"The plan is refused by {rules}. Leave out what it objects to, or set the rule aside.")
            if self.plan.is_empty:
                raise PlanError("There is nothing to apply.")
            if not self.is_unlocked:
                raise PlanError(f"The plan is locked. Type “{self.phrase}” to unlock it.")
            self.applying = apply_view(self._organization, self.plan, confirm=self.plan.fingerprint, workers=workers)
            if self.on_applied is not None:
                self.applying.on_end = self.on_applied
            self._below.children = [self.applying.box]
            self.applying.start()
        self._draw()
        return self.applying

    def save(self, path: str) -> None:
        """Save the plan, for somebody else to read and apply; see `lsnb.save_plan`."""
        save_plan(self.plan, path)

    def on_close(self) -> None:
        """Close the view of its being carried out."""
        if self.applying is not None:
            self.applying.close()

    # Inside

    def _recall(self) -> None:
        """Leave out again what was left out of the same plan before the cell was run again."""
        known = {change.id for change in self.original.changes}
        dropped = known & set(self.memory.get("dropped", ()))
        if dropped:
            self.drop(dropped)

    def _read(self) -> Snapshot:
        if self._snapshot is None:
            of_people = all(kind_of(change).subject.is_person for change in self.original.changes)
            org = self._organization
            self._snapshot = org.read_access() if of_people else org.snapshot(exclude=("usage", "audit_log"))
        return self._snapshot

    def _require_open(self) -> None:
        if self.was_applied:
            raise PlanError("This plan was applied. Make a new one to change something else.")

    def _take(self, plan: Plan) -> None:
        self.plan = plan
        self._is_unlocked = False
        self.unlock_field.value = ""
        self.memory.keep(dropped=tuple(self._dropped))
        self.grid.reset(_frame(plan))
        self._draw()

    def _drop_ticked(self) -> None:
        ticked = self.grid.selected
        if not ticked:
            raise PlanError("No change is ticked. Tick the changes to leave out at the left of the table.")
        self.drop(ticked)

    def _typed(self, typed: str) -> None:
        self.unlock(typed)

    def _draw(self) -> None:
        plan = self.plan
        self._facts.value = _facts(plan, n_dropped=len(self._dropped))
        self._refused.value = _verdicts("Refused", plan.refusals, "bad") if plan.refusals else ""
        self._warned.value = _verdicts("Warnings", plan.warnings, "warn") if plan.warnings else ""
        self._waiting.value = _waiting(plan)
        rules = list(dict.fromkeys(verdict.rule for verdict in plan.refusals))
        if list(self.allow_rule.options) != (rules or [""]):
            self.allow_rule.options = rules or [""]
        controls.show(self._allow_row, bool(rules) and not self.was_applied)
        controls.show(self.grid, not plan.is_empty)
        controls.show(self._tools, bool(self.original.changes))
        is_open = plan.is_safe and not plan.is_empty and not self.was_applied
        controls.show(self._apply_row, is_open)
        controls.show(self._unlock_note, is_open and bool(self.phrase))
        controls.show(self.unlock_field, bool(self.phrase))
        self._unlock_note.value = _unlock_words(plan, self.phrase)
        self.apply_button.description = f"Apply {counted(len(plan), 'change')}"
        self.apply_button.remove_class("primary" if self.phrase else "danger")
        self.apply_button.add_class("danger" if self.phrase else "primary")
        self.refresh()


def plan_view(
    plan: Plan,
    org: Organization,
    *,
    snapshot: Snapshot | None = None,
    rules: Rules | None = None,
    fresh: bool = False,
) -> PlanView:
    """Show a plan to read, trim and apply: `.drop(ids)`, `.allow(rule, reason)`, `.unlock(text)`, `.apply()`.

    Args:
        plan: the plan.
        org: the organization.
        snapshot: what it was made from; read anew when it is needed and missing.
        rules: the thresholds that it is judged by when it changes; those that it was made by when None.
        fresh: begin without what was left out of this plan before.
    """
    return PlanView(plan, org, snapshot=snapshot, rules=rules, fresh=fresh)


def _frame(plan: Plan) -> pd.DataFrame:
    """Give the changes as a table of plain text."""
    rows = [
        (
            change.id,
            clean(change.email or ""),
            clean(where_words(change)),
            clean(from_words(change)),
            clean(to_words(change)),
            change.risk,
            clean(change.reason),
            clean(change.consequence),
        )
        for change in by_risk(plan.changes)
    ]
    return pd.DataFrame(
        rows, columns=["id", "who", "where", "from", "to", "risk", "why", "consequence"], dtype=object
    )  # fmt: skip


def _height(plan: Plan) -> int:
    return min(420, 70 + 28 * max(len(plan), 3))


def _facts(plan: Plan, *, n_dropped: int) -> str:
    if plan.is_empty:
        words = "Everything was left out." if n_dropped else nothing_words(plan)
        return alerts.card(words, tone="good")
    facts = facts_of(plan)
    pairs = [
        (facts.n_changes, "change" if facts.n_changes == 1 else "changes"),
        (facts.n_people, "person" if facts.n_people == 1 else "people"),
        (facts.n_emails, "e-mail will be sent" if facts.n_emails == 1 else "e-mails will be sent"),
        (facts.risks.get("high", 0), "of high risk"),
        (facts.n_irreversible, "cannot be undone entirely"),
        (n_dropped, "left out"),
    ]
    shown = [pair for place, pair in enumerate(pairs) if place < 3 or pair[0]]
    held_to = policy_words(plan) if plan.policy else ""
    return alerts.facts(shown) + alerts.line(", ".join(facts.kinds), kind="kinds") + alerts.quiet(held_to)


def _verdicts(title: str, verdicts: Collection[object], tone: alerts.Tone) -> str:
    lines = [f"{getattr(verdict, 'rule', '')}: {getattr(verdict, 'message', '')}" for verdict in verdicts]
    return alerts.card(
        f"{title} ({len(lines):,})" if tone == "warn" else title,
        lines[:_MOST_VERDICTS],
        tone=tone,
        details="\n".join(lines[_MOST_VERDICTS:]),
        details_title=f"{len(lines) - _MOST_VERDICTS:,} more",
    )


def _waiting(plan: Plan) -> str:
    if not plan.waiting:
        return ""
    lines = [
        f"{waiting.email}, {waiting.role or 'role'} in {waiting.workspace or 'the organization'}: {waiting.reason}"
        for waiting in plan.waiting
    ]
    return alerts.card(
        f"Waiting for people to join ({len(lines):,})",
        lines[:_MOST_VERDICTS],
        details="\n".join(lines[_MOST_VERDICTS:]),
        details_title=f"{len(lines) - _MOST_VERDICTS:,} more",
    )


def _unlock_words(plan: Plan, phrase: str) -> str:
    if not phrase:
        return ""
    return render_part("unlock", phrase, plan.organization)
