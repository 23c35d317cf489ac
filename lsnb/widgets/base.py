"""What all forms have in common: one look, work on a thread, errors as cards, and a clean end.

A form is a face. Its methods have plain names and do what its buttons do; called from code they raise as other code
does, and a click shows the error as a card instead. See docs/forms.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsnb.service.progress import shown_on
from lsnb.widgets import alerts, controls
from lsnb.widgets.bar import Bar
from lsnb.widgets.draft_store import Memory, organization_key
from lsnb.widgets.style import style_widget
from lsnb.widgets.unsaved import Unsaved
from lsnb.widgets.work import Worker

if TYPE_CHECKING:
    from lsnb.organization import Organization

Action = Callable[[], Any]


class Form:
    """A form: a heading, its body, a line that says what is going on, and a place for errors.

    A subclass fills `self.body.children`, and registers what people press with `on_click` and `control`.

    Args:
        title: the heading.
        org: the organization that it works on, where it has one already.
        kind: what its memory is filed under.
        about: what else its memory is filed under; the organization when None.
        fresh: begin without what was remembered.
    """

    def __init__(
        self,
        title: str,
        *,
        org: Organization | None = None,
        kind: str = "form",
        about: str | None = None,
        fresh: bool = False,
    ) -> None:
        self.title = title
        self.org = org
        self.memory = Memory(kind, about if about is not None else organization_key(org) if org else "", fresh=fresh)
        self.lock = threading.RLock()
        self.worker = Worker()
        self.bar = Bar()
        #: The error that a click ended with last; None after one that worked.
        self.error: BaseException | None = None
        self.is_closed = False
        self._controls: list[tuple[Any, Callable[[], bool]]] = []
        self._is_working = False
        self.heading = controls.heading(title, level=3)
        self.body = controls.stack()
        self.status = controls.html()
        self.alert = Unsaved()
        controls.show(self.status, False)
        controls.show(self.alert, False)
        self.box = controls.stack(style_widget(), self.heading, self.alert, self.body, self.bar.widget, self.status)
        self.box.add_class("lsnb-form")

    # What a form shows

    def summary(self) -> str:
        """Say in a line what the form holds, for places where it cannot be drawn."""
        return self.title

    def static_html(self) -> str:
        """Give what stands for the form where no script runs; all text in it is escaped."""
        return alerts.card(self.summary(), ["Run this cell again to use the form."])

    def say(self, words: str) -> None:
        """Show one line of plain text below the form; nothing when it is empty."""
        self.status.value = alerts.line(words, kind="says", role="status")
        controls.show(self.status, bool(words))

    def show_card(self, content: str) -> None:
        """Show a card of `lsnb.widgets.alerts` at the top; nothing takes it away."""
        self.alert.value = content
        controls.show(self.alert, bool(content))

    def show_error(self, error: BaseException) -> None:
        """Show an error as a card that says what to do next."""
        content = alerts.error_card(error, secrets=self._secrets())
        # Without the frames, which hold what the code worked with.
        self.error = error.with_traceback(None)
        if not self.is_closed:
            self.say("")
            self.show_card(content)

    def clear_error(self) -> None:
        """Take the card of the last error away."""
        self.error = None
        self.show_card("")

    # What a form does

    def control(self, widget: Any, *, when: Callable[[], bool] = lambda: True) -> Any:
        """Register something that is disabled while the form works, and whenever `when` says so."""
        self._controls.append((widget, when))
        return widget

    def refresh(self) -> None:
        """Enable and disable what can be used now; a subclass adds what it shows."""
        for widget, when in list(self._controls):
            is_disabled = self._is_working or not when()
            if widget.disabled != is_disabled:
                widget.disabled = is_disabled

    def on_click(self, button: Any, action: Action, *, when: Callable[[], bool] = lambda: True) -> Any:
        """Have a button do something at once; an error becomes a card."""
        button.on_click(lambda _: self.attempt(action))
        return self.control(button, when=when)

    def on_click_work(self, button: Any, title: str, action: Action, *, when: Callable[[], bool] = lambda: True) -> Any:
        """Have a button begin something that takes its time; see `work`."""
        button.on_click(lambda _: self.work(title, action))
        return self.control(button, when=when)

    def on_value(self, widget: Any, action: Callable[[Any], Any], name: str = "value") -> None:
        """Call an action with each new value of a widget; an error becomes a card."""
        widget.observe(lambda change: self.attempt(lambda: action(change["new"])), names=name)

    def attempt(self, action: Action) -> bool:
        """Do something now, and show what goes wrong as a card; tell whether it went well."""
        try:
            self.clear_error()
            action()
        except Exception as error:
            self.show_error(error)
            return False
        finally:
            self.refresh()
        return True

    def work(self, title: str, action: Action) -> bool:
        """Do something on a thread, with a bar, while the form can be seen and its stop buttons heard.

        Only one thing at a time is done: a second click while the first is at work does nothing.

        Args:
            title: what is being done, such as "Reading the organization".
            action: what to do. Readings of the organization in it show their progress in the form's bar.

        Returns:
            Whether it was begun.
        """

        def act() -> None:
            try:
                with shown_on(self.bar):
                    action()
            except Exception as error:
                self.show_error(error)
            finally:
                self._is_working = False
                if not self.is_closed:
                    self.bar.end()
                    self.refresh()

        with self.lock:
            if self.is_closed or self.worker.is_busy:
                return False
            self._is_working = True
            self.clear_error()
            self.say("")
            self.bar.start(title)
            self.refresh()
            return self.worker.start(act, name=f"lsnb: {title}")

    @property
    def is_busy(self) -> bool:
        """Whether the form is at work."""
        return self.worker.is_busy

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the form is done with what a click began; tell whether it is."""
        return self.worker.wait(timeout_s)

    def close(self) -> None:
        """End what is going on, and take the form away from the page and the kernel."""
        if self.is_closed:
            return
        self.is_closed = True
        self.worker.close()
        self.bar.close()
        self.on_close()
        controls.close_all(self.box)

    def on_close(self) -> None:
        """Let go of what a subclass holds besides its widgets."""

    # How a notebook sees it

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self.is_closed:
            return {"text/plain": f"{self.title}: this form was closed."}
        bundle = self.box._repr_mimebundle_(include=include, exclude=exclude)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": self.summary(), "text/html": self.static_html()}, metadata

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"

    def _secrets(self) -> list[str]:
        return [self.org.api.transport.settings.key.reveal()] if self.org is not None else []
