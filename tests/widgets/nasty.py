"""An organization with a name that is HTML in every place, and what a form puts onto the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets

from lsnb.widgets.unsaved import Unsaved
from tests.widgets.conftest import NASTY


def plant(state: Any) -> None:
    """Call a member, a role, a workspace and a key by HTML."""
    next(role for role in state.roles.values() if role.display_name == "Annotator").display_name = NASTY
    next(place for place in state.workspaces.values() if place.display_name == "Marketing").display_name = NASTY
    for key in state.keys.values():
        key.description = NASTY
    for person in list(state.people.values())[:3]:
        person.full_name = NASTY


def html_of(widget: Any) -> Iterator[str]:
    """Yield every HTML text of a form, from the root down."""
    if isinstance(widget, ipywidgets.HTML | Unsaved):
        yield str(widget.value)
    for child in getattr(widget, "children", ()):
        yield from html_of(child)
