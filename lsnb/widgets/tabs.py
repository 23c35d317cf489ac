"""All forms in tabs, over one reading of one organization: in a notebook, or as an app under Voila."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets

from lsnb.errors import LsnbError
from lsnb.widgets import alerts, controls
from lsnb.widgets.access import access_editor
from lsnb.widgets.base import Form
from lsnb.widgets.connecting import ConnectForm
from lsnb.widgets.exploring import explorer
from lsnb.widgets.findings import findings_view
from lsnb.widgets.inviting import invite_form
from lsnb.widgets.keys import keys_form
from lsnb.widgets.overview import Overview
from lsnb.widgets.roles import role_editor
from lsnb.widgets.runs import runs_view
from lsnb.widgets.settings import settings_form

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.snapshot import Snapshot

Build = Callable[["Organization", "Snapshot"], Form]

#: The tabs, and what makes each; made when it is opened first.
TABS: dict[str, Build] = {
    "Overview": Overview,
    "Explore": lambda _, snapshot: explorer(snapshot),
    "Access": access_editor,
    "Invite": invite_form,
    "Roles": role_editor,
    "Keys": keys_form,
    "Settings": settings_form,
    "Audit": lambda org, snapshot: findings_view(snapshot, org),
    "Runs": lambda org, _: runs_view(org),
}


class _Pane(Form):
    """The inside of a tab: its form, once it was opened."""

    def __init__(self, name: str, make: Callable[[], Form]) -> None:
        super().__init__(name, kind="console pane")
        self.form: Form | None = None
        self._make = make
        controls.show(self.heading, False)
        self.box.add_class("lsnb-pane")

    def open(self) -> None:
        """Make the form, unless it is there or being made."""
        if self.form is None:
            self.work(f"Opening {self.title}", self._build)

    def _build(self) -> None:
        form = self._make()
        if self.is_closed:
            form.close()
            return
        self.form = form
        self.body.children = [form.box]

    def drop(self) -> None:
        """Take the form away; what was typed stays in its memory."""
        self.wait()
        form, self.form = self.form, None
        self.body.children = []
        if form is not None:
            form.close()

    @property
    def is_applying(self) -> bool:
        """Whether a plan of this tab is being carried out."""
        applying = getattr(getattr(self.form, "plan_view", None), "applying", None)
        return applying is not None and applying.is_busy

    def on_close(self) -> None:
        """Close the form."""
        if self.form is not None:
            self.form.close()


class Console(Form):
    """All forms in tabs; without an organization it begins by connecting to one.

    Args:
        org: the organization.
        fresh: begin at the first tab.
    """

    def __init__(self, org: Organization | None = None, *, fresh: bool = False) -> None:
        super().__init__("LangSmith console", org=org, kind="console", fresh=fresh)
        self._snapshot: Snapshot | None = None
        self.connecting: ConnectForm | None = None
        self.panes: dict[str, _Pane] = {}
        self._line = controls.html()
        self.refresh_button = self.on_click_work(
            controls.button("Read everything again"), "Reading the organization", self.read_again,
            when=lambda: self.org is not None,
        )  # fmt: skip
        self.connect_button = self.on_click(controls.button("Another organization"), self.connect_elsewhere)
        self.tabs = ipywidgets.Tab()
        self.tabs.add_class("lsnb-tabs")
        self.tabs.observe(lambda _: self.attempt(self._open_selected), names="selected_index")
        self._head = controls.row(self._line, controls.row(self.refresh_button, self.connect_button))
        self._head.add_class("lsnb-console-head")
        if org is None:
            self.connect_elsewhere()
        else:
            self.take(org)

    # What it does

    def take(self, org: Organization) -> None:
        """Read an organization and show its tabs."""
        self.org = org
        self.memory = type(self.memory)("console", org.host)
        for pane in self.panes.values():
            pane.close()
        self.panes = {name: _Pane(name, partial(self._make_tab, build, org)) for name, build in TABS.items()}
        self._snapshot = None
        first = self.memory.get("tab", next(iter(TABS)))
        self.tabs.children = [pane.box for pane in self.panes.values()]
        for place, name in enumerate(self.panes):
            self.tabs.set_title(place, name)
        self.tabs.selected_index = list(TABS).index(first) if first in TABS else 0
        controls.show(self.tabs, False)
        self.body.children = [self._head, self.tabs]
        self._line.value = ""
        self.work("Reading the organization", self._read)

    def connect_elsewhere(self) -> ConnectForm:
        """Show the form that connects, above what is shown now; give it."""
        if self.connecting is None:
            self.connecting = ConnectForm(on_connect=self.take)
        shown = [part for part in self.body.children if part is not self.connecting.box]
        self.body.children = [self.connecting.box, *shown]
        return self.connecting

    def open(self, name: str) -> Form:
        """Open a tab and give its form; waits for it.

        Args:
            name: the tab's name: one of `TABS`.

        Raises:
            LsnbError: there is no such tab, nothing is connected, or it could not be read.
        """
        if name not in TABS:
            raise LsnbError(f"There is no tab {name!r}. The tabs are: {', '.join(TABS)}.")
        self.snapshot  # noqa: B018  wait for it
        self.tabs.selected_index = list(TABS).index(name)
        pane = self.panes[name]
        pane.open()
        pane.wait()
        if pane.form is None:
            raise pane.error or LsnbError(f"The tab {name} could not be opened.")
        return pane.form

    @property
    def snapshot(self) -> Snapshot:
        """The reading that all tabs work on; waits for it.

        Raises:
            LsnbError: nothing is connected, or it could not be read.
        """
        if self._snapshot is None:
            self.wait()
        if self._snapshot is None:
            raise self.error or LsnbError("Nothing is connected yet. Connect first.")
        return self._snapshot

    def read_again(self) -> None:
        """Read the organization again, and make the open tab anew from it; what was typed stays.

        Raises:
            LsnbError: a plan is being carried out, or nothing is connected.
        """
        if self.org is None:
            raise LsnbError("Nothing is connected yet. Connect first.")
        busy = [name for name, pane in self.panes.items() if pane.is_applying]
        if busy:
            raise LsnbError(
                f"A plan is being carried out in {', '.join(busy)}. Wait until it has ended, or stop it there."
            )
        for pane in self.panes.values():
            pane.drop()
        self._read()

    def summary(self) -> str:
        """Say in a line what is shown."""
        if self._snapshot is None:
            return "LangSmith console, not connected yet." if self.org is None else "LangSmith console, not read yet."
        meta = self._snapshot.meta
        return f"{meta.organization} at {meta.host}, read {meta.read_at:%Y-%m-%d %H:%M} UTC."

    def on_close(self) -> None:
        """Close all tabs."""
        for pane in self.panes.values():
            pane.close()
        if self.connecting is not None:
            self.connecting.close()

    # Inside

    def _make_tab(self, build: Build, org: Organization) -> Form:
        return build(org, self.snapshot)

    def _read(self) -> None:
        if self.org is None:
            return
        self._snapshot = self.org.snapshot(display=self.bar)
        demo = " The demo organization: nothing here is real." if self.org.is_demo else ""
        self._line.value = alerts.quiet(self.summary() + demo)
        controls.show(self.tabs, True)
        self._open_selected()

    def _open_selected(self) -> None:
        place: Any = self.tabs.selected_index
        if place is None or self._snapshot is None or not self.panes:
            return
        name = list(self.panes)[place]
        self.memory.keep(tab=name)
        self.panes[name].open()


def console(org: Organization | None = None, *, fresh: bool = False) -> Console:
    """Show all forms in tabs: `.open("Roles")` gives a tab's form, `.read_again()` reads everything again.

    Args:
        org: the organization; without one, the console begins by connecting.
        fresh: begin at the first tab.
    """
    return Console(org, fresh=fresh)
