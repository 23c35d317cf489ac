"""A button that takes a file from the person's own computer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets


class Upload(anywidget.AnyWidget):
    """A button for one file, chosen or dropped on it; its content is never part of the widget's state.

    Args:
        label: what stands on it.
        take: called with the file's name and content.
        accept: which files are offered.
    """

    _esm = Path(__file__).parent / "static" / "upload.js"

    label = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, label: str, take: Callable[[str, bytes], object], *, accept: str = ".csv,.tsv,.txt,.xlsx"
    ) -> None:
        super().__init__(label=label, accept=accept)
        self._take = take
        self.on_msg(self._hear)

    def _hear(self, _widget: object, message: dict[str, Any], buffers: Any) -> None:
        if message.get("type") == "file" and buffers and not self.disabled:
            self._take(str(message.get("name", "")), bytes(buffers[0]))
