"""Settings of the organization as a plan needs them: with a default where they could not be read."""

from __future__ import annotations

from typing import Any

from lsnb.snapshot import Snapshot


def setting(snapshot: Snapshot, name: str, default: Any = None) -> Any:
    """Give the value of a setting or a feature; the default where it is not known."""
    if not snapshot.is_readable("settings"):
        return default
    value = snapshot.setting(name, default=default)
    return default if value is None else value
