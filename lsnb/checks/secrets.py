"""What service keys and personal access tokens have in common: how long they live, and whether they are used."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lsnb.checks.context import Context


def judge_life(context: Context, row: Any, limit: float, *, slack: float = 0) -> str | None:
    """Say what is wrong with how long a secret lives; None where nothing is.

    Where its beginning is not known, what is left of it counts.

    Args:
        context: what is looked at.
        row: the key or token.
        limit: the longest life, in days.
        slack: so many days more are let pass, for a service that counts whole days.
    """
    if pd.isna(row.expires_at):
        return "Never expires."
    start = context.now if pd.isna(row.created_at) else row.created_at
    life = float((row.expires_at - start).total_seconds() / 86400)
    return f"Lives for {life:.0f} days, the limit is {limit}." if life > limit + slack else None


def judge_idle(context: Context, row: Any, limit: float) -> str | None:
    """Say for how long a secret has not been used; None where that is not too long, or it is too young to tell."""
    if context.days_since(row.created_at) < context.policy.new_grace_days:
        return None
    idle = context.days_since(row.last_used_at)
    if idle <= limit:
        return None
    return "Never used." if idle == float("inf") else f"Not used for {idle:.0f} days."
