"""The place below a form where the plan that it made is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lsnb.widgets.base import Form
from lsnb.widgets.planning import PlanView


def put_plan(
    form: Form, view: PlanView, below: Any, *, old: PlanView | None, then: Callable[[], Any] | None = None
) -> PlanView:
    """Show a plan below the form that made it, in the place of the one before.

    Args:
        form: the form.
        view: the plan's view.
        below: where it is shown.
        old: what was shown there; it is closed, unless it is being carried out or was.
        then: what the form does once the plan was applied.
    """
    if then is not None:
        view.on_applied = lambda _: form.is_closed or form.attempt(then)
    below.children = [view.box]
    if old is not None and not old.was_applied:
        old.close()
    return view
