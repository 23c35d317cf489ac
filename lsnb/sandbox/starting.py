"""What keeps an organization from being served."""

from __future__ import annotations


class StartError(ValueError):
    """Nothing can be served as asked; the text says why, without a full stop."""
