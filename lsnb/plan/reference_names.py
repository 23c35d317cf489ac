"""The text that stands where the id will be of something that the same plan creates: `new:workspace:NAME` and the like."""

from __future__ import annotations

_WORKSPACE, _ROLE, _KEY = "new:workspace:", "new:role:", "new:key:"
_PREFIXES = (_WORKSPACE, _ROLE, _KEY)


def workspace_reference(name: str) -> str:
    """Write the reference to a workspace that the same plan creates."""
    return f"{_WORKSPACE}{name}"


def role_reference(name: str) -> str:
    """Write the reference to a role that the same plan creates."""
    return f"{_ROLE}{name}"


def key_reference(description: str) -> str:
    """Write the reference to a service key that the same plan creates."""
    return f"{_KEY}{description}"


def is_reference(text: object) -> bool:
    """Tell whether a text stands for something that is yet to be created, and is no id."""
    return isinstance(text, str) and any(text.startswith(prefix) and text != prefix for prefix in _PREFIXES)
