"""Acme's past: its audit log and its traces."""

from __future__ import annotations

from collections.abc import Sequence

from .builder import Builder


def add_history(builder: Builder, active: Sequence[str]) -> None:
    """Add some hundred rows of audit log over 400 days."""


def add_usage(builder: Builder) -> None:
    """Add the traces of the last two months."""
