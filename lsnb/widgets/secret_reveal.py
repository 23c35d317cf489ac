"""The secrets of keys that were just created: each is handed to the page once, masked, with a button that copies it.

A secret travels as a message. It is never part of the widget's state, so that no saved notebook can hold it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from lsnb.errors import ConfigError
from lsnb.report.words import clean
from lsnb.service.secret_sinks import SecretBox

_STATIC = Path(__file__).parent / "static"


class SecretView(anywidget.AnyWidget):
    """Names of secrets, each with a button that takes it out of its box: once, for one page.

    Args:
        box: where the secrets are; code can take one out with `box.reveal_once(name)` instead.
    """

    _esm = _STATIC / "secret.js"

    #: What stands on the page before anything is taken out: names and short forms, never a secret.
    rows: Any = traitlets.List().tag(sync=True)

    def __init__(self, box: SecretBox) -> None:
        self._box = box
        self._lock = threading.Lock()
        self._names = list(box.names)
        super().__init__(rows=self._rows())
        self.on_msg(self._hear)

    @property
    def waiting(self) -> list[str]:
        """The names of the secrets that nobody has taken out yet."""
        return [name for name in self._names if name in self._box.names]

    def _rows(self) -> list[dict[str, Any]]:
        there = self._box.names
        return [
            {
                "name": clean(name),
                "short": clean(self._box.short(name)) if name in there else "",
                "is_there": name in there,
            }
            for name in self._names
        ]

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        if message.get("type") != "take":
            return
        place, view = int(message.get("place", -1)), message.get("view")
        with self._lock:
            if not 0 <= place < len(self._names):
                return
            try:
                secret = self._box.reveal_once(self._names[place])
            except ConfigError:
                self.send({"type": "gone", "view": view, "place": place})
            else:
                self.send({"type": "secret", "view": view, "place": place}, [secret.encode()])
            self.rows = self._rows()

    def __repr__(self) -> str:
        return f"<SecretView: {len(self.waiting):,} of {len(self._names):,} secrets not taken out yet>"
