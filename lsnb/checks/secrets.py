"""What service keys and personal access tokens have in common: how long they live, and whether they are used."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lsnb.checks.context import Context, days_between
from lsnb.checks.spec import Status


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
    life = days_between(start, row.expires_at)
    return f"Lives for {life:.0f} days, the limit is {limit}." if life > limit + slack else None


def judge_idle(context: Context, row: Any, limit: float, table: str) -> tuple[Status, str] | None:
    """Say for how long a secret has not been used; None where that is not too long, or it is too young to tell.

    Info where it is not known: the service never says when a secret of this kind was used, or not understandably, or
    not when it was made. An unknown never counts as unused.

    Args:
        context: what is looked at.
        row: the key or token.
        limit: after so many days it is unused.
        table: the table it is from.
    """
    if context.days_since(row.created_at) < context.policy.new_grace_days:
        return None
    idle = context.days_since(row.last_used_at)
    if idle <= limit:
        return None
    if idle != float("inf"):
        return "alarm", f"Not used for {idle:.0f} days."
    if context.frame(table)["last_used_at"].isna().all() and len(context.frame(table)) > 1:
        return "info", "Whether it was ever used is not known: the server tells it of none."
    if context.is_unread(table, "last_used_at"):
        return "info", "Whether it was ever used is not known: what the server says of it is no time."
    if pd.isna(row.created_at):
        return "info", "Never used, but when it was made is not known."
    return "alarm", "Never used."
