"""HTML that a form shows and no notebook saves: it travels as a message and is in no widget's state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget


class Unsaved(anywidget.AnyWidget):
    """A place for HTML that `lsnb.widgets.alerts` has made of names, addresses and the like.

    What `ipywidgets.HTML` holds is in the file once somebody saves a notebook with the state of its widgets.

    Args:
        value: the HTML.
    """

    _esm = Path(__file__).parent / "static" / "unsaved.js"

    def __init__(self, value: str = "") -> None:
        self._value = value
        super().__init__()
        self.add_class("lsnb-unsaved")
        self.on_msg(self._hear)

    @property
    def value(self) -> str:
        """The HTML; setting it shows it at once."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.send({"type": "html", "html": value})

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        """Answer a page that has just drawn it."""
        if message.get("type") == "ready":
            self.send({"type": "html", "html": self._value})
