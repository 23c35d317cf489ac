"""What stands around in Acme's workspaces: resources, tags, policies, accounts, retention and limits."""

from __future__ import annotations

from .builder import Builder


def add_all(builder: Builder) -> None:
    """Add it all, as it should be."""
