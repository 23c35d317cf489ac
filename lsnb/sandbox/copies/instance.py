"""Serve a copy instead of a seed."""

from __future__ import annotations

import json
from typing import Any

from lsnb.sandbox.encode import to_json
from lsnb.sandbox.instance import COPY, Instance
from lsnb.sandbox.state import State


class CopyInstance(Instance):
    """An instance that begins with a copy, and goes back to it on `reset()`."""

    def __init__(self, state: State, **options: Any) -> None:
        if "seed" in options:
            raise TypeError("a copy is made from a snapshot, not from a seed")
        # As text, since nothing in it can then be changed by what the server does.
        self._copied = to_json(state.dump())
        super().__init__(COPY, **options)

    def _build(self) -> State:
        self._saved = None
        return State.load(json.loads(self._copied), self.behaviours)
