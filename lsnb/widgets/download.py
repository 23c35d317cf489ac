"""A button that hands a file to the browser, made when it is pressed."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

#: Gives a file's name and content.
MakeFile = Callable[[], tuple[str, bytes]]


class Download(anywidget.AnyWidget):
    """A button for a file; the file itself is never part of the widget's state, and so of no saved notebook.

    Args:
        label: what stands on it.
        make: makes the file; called at each press.
        on_error: told when that fails.
    """

    _esm = Path(__file__).parent / "static" / "download.js"

    label = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(self, label: str, make: MakeFile, *, on_error: Callable[[Exception], None]) -> None:
        super().__init__(label=label)
        self._make = make
        self._on_error = on_error
        self.on_msg(self._hear)

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        if message.get("type") != "press" or self.disabled:
            return
        try:
            name, content = self._make()
        except Exception as error:
            self._on_error(error)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.send({"type": "file", "view": message.get("view"), "name": name, "kind": kind}, [content])
