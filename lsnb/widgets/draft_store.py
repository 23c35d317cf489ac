"""What forms remember, so that running a cell again does not lose what was typed.

It lasts as long as the kernel, lies in its memory only, and never has a key in it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsnb.organization import Organization

_remembered: dict[tuple[str, str], dict[str, Any]] = {}
_lock = threading.Lock()


class Memory:
    """The values of one kind of form for one organization or plan.

    Args:
        kind: the kind of form.
        about: what it is about, such as `organization_key(org)` or a plan's fingerprint.
        fresh: begin without what was remembered.
    """

    def __init__(self, kind: str, about: str, *, fresh: bool = False) -> None:
        self._place = (kind, about)
        if fresh:
            self.forget()

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value as it was kept last."""
        with _lock:
            return _remembered.get(self._place, {}).get(name, default)

    def keep(self, **values: Any) -> None:
        """Keep values for the next form of this kind about the same."""
        with _lock:
            _remembered.setdefault(self._place, {}).update(values)

    def forget(self) -> None:
        """Forget all values."""
        with _lock:
            _remembered.pop(self._place, None)


def organization_key(org: Organization) -> str:
    """Name an organization, so that two of them never share what was typed."""
    # Not the organization's id as far as it is known: that is learnt on the way, and the name must stay the same.
    settings = org.api.transport.settings
    return f"{org.host} {settings.organization_id or ''} {settings.key.fingerprint}"


def forget_everything() -> None:
    """Forget what all forms were told."""
    with _lock:
        _remembered.clear()
