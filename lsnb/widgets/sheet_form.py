"""What forms have in common that change something through a sheet: read, edit, plan, and begin again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import LsnbError, PlanError
from lsnb.widgets import controls
from lsnb.widgets.base import Form
from lsnb.widgets.plan_place import put_plan
from lsnb.widgets.planning import PlanView

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.plan import Plan, Rules
    from lsnb.snapshot import Snapshot


class SheetForm(Form, ABC):
    """A form over some tables of an organization, whose edits become a sheet and then a plan.

    A subclass makes its parts and then calls `begin`.

    Args:
        title: the heading.
        org: the organization.
        kind: what its memory is filed under.
        fresh: begin without what was edited before.
    """

    #: The tables that the form needs.
    tables: tuple[str, ...] = ()

    def __init__(self, title: str, org: Organization, *, kind: str, fresh: bool = False) -> None:
        super().__init__(title, org=org, kind=kind, fresh=fresh)
        self.organization = org
        self._snapshot: Snapshot | None = None
        #: The plan as it is shown below; None until there is one.
        self.plan_view: PlanView | None = None
        self.plan_button = self.on_click_work(
            controls.button("Make the plan", kind="primary"),
            "Planning",
            self.show_plan,
            when=lambda: self._snapshot is not None and self.is_edited,
        )
        self.reset_button = self.on_click(
            controls.button("Start over"), self.reset, when=lambda: self._snapshot is not None and self.is_edited
        )
        self.reload_button = self.on_click_work(controls.button("Read again"), "Reading the organization", self.reload)
        self.actions = controls.row(self.plan_button, self.reset_button, self.reload_button)
        self.below = controls.stack()

    def begin(self, snapshot: Snapshot | None) -> None:
        """Show a reading; without one, read on a thread, which methods called from code wait for."""
        if snapshot is None:
            self.body.children = [self.actions]
            self.refresh()
            self.work("Reading the organization", lambda: self.show(self._read_anew()))
        else:
            self.show(snapshot)

    # What a subclass tells

    @property
    def is_edited(self) -> bool:
        """Whether anything was edited."""
        return any(len(frame) for frame in self.sheet().values())

    @abstractmethod
    def sheet(self) -> dict[str, pd.DataFrame]:
        """Give the edits as sheets for `org.plan`; only what was edited is in them."""

    @abstractmethod
    def build(self, snapshot: Snapshot) -> list[Any]:
        """Make the parts of the form for a reading, with what was remembered in them."""

    # What it does

    @property
    def snapshot(self) -> Snapshot:
        """The reading that is edited; waits for it.

        Raises:
            LsnbError: it could not be read.
        """
        if self._snapshot is None:
            self.wait()
        if self._snapshot is None:
            raise self.error or PlanError("Nothing was read yet.")
        return self._snapshot

    def show(self, snapshot: Snapshot) -> None:
        """Show a reading, with the edits that were remembered."""
        children = self.build(snapshot)
        self._snapshot = snapshot
        old = [part for part in self.body.children if part not in (self.actions, self.below) and part not in children]
        self.body.children = [*children, self.actions, self.below]
        for part in old:
            controls.close_all(part)
        self.refresh()

    def reload(self) -> None:
        """Read the organization again; edits stay as far as they still make a difference."""
        self.show(self._read_anew())

    def reset(self) -> None:
        """Forget all edits."""
        snapshot = self.snapshot
        self.memory.forget()
        self.show(snapshot)

    def plan(self, *, allow: Mapping[str, str] | None = None, rules: Rules | None = None) -> Plan:
        """Make a plan of the edits, from a new reading; `show_plan` also shows it, and nothing is changed by either.

        Args:
            allow: safety rules to set aside by name, each with the reason.
            rules: the thresholds to judge by.

        Raises:
            TableError: an edit cannot be carried out.
            PlanError: nothing was edited, or no plan can be made of it.
        """
        self.snapshot  # noqa: B018  wait for it
        if not self.is_edited:
            raise PlanError("Nothing was edited, so there is nothing to plan.")
        return self.organization.plan(self.sheet(), allow=allow, rules=rules)

    def show_plan(self, *, allow: Mapping[str, str] | None = None, rules: Rules | None = None) -> PlanView:
        """Make a plan of the edits and show it below the form, to be read, trimmed and applied; see `plan`."""
        plan = self.plan(allow=allow, rules=rules)
        view = PlanView(plan, self.organization)
        # What was done is no edit any more, and what failed still is.
        self.plan_view = put_plan(self, view, self.below, old=self.plan_view, then=self.reload)
        self.refresh()
        return self.plan_view

    def on_close(self) -> None:
        """Close the plan, unless it is being carried out."""
        if self.plan_view is not None and not self.plan_view.was_applied:
            self.plan_view.close()

    def _read_anew(self) -> Snapshot:
        return self.organization.snapshot(tables=self.tables, audit_days=0)


def require(is_fine: bool, reason: str) -> None:
    """Refuse what a form was told, with a sentence.

    Raises:
        LsnbError: it is not fine.
    """
    if not is_fine:
        raise LsnbError(reason)


def known(value: object) -> str:
    """Give a cell of a table as text; the empty text where it is unknown."""
    return "" if value is None or value is pd.NA or value is pd.NaT or value != value else str(value)
