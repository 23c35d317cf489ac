"""Checks of personal access tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsnb.checks.context import Context, pick, rows_of, text
from lsnb.checks.secrets import judge_idle, judge_life
from lsnb.checks.spec import Finding, Status, check, person


@check(
    "LS-PAT-01",
    "Personal access tokens expire within the limit",
    severity="high",
    why="A token carries its owner's full rights.",
    fix="Make a token that expires, and revoke this one; set the organization's maximum.",
    supports="S CC6.1 · I A.5.17 · N IA-5",
    needs=("access_tokens",),
    thresholds=("token_max_days",),
)
def find_endless(context: Context) -> Iterator[Finding]:
    """Alarm for every live token without an end, or with a longer life than the organization's maximum.

    Where the organization sets no maximum (`max_pat_expiry_days`), `token_max_days` counts.
    """
    limit = context.setting("max_pat_expiry_days") or context.policy.token_max_days
    for row in rows_of(context.live_tokens()):
        if reason := judge_life(context, row, limit, slack=1):  # the service counts whole days
            yield _about(row, reason)


@check(
    "LS-PAT-02",
    "No unused personal access token",
    severity="medium",
    why="A live secret that nobody misses.",
    fix="Revoke the token.",
    supports="S CC6.2 · I A.5.17 · N AC-2(3)",
    needs=("access_tokens",),
    thresholds=("token_unused_days", "new_grace_days"),
)
def find_unused(context: Context) -> Iterator[Finding]:
    """Alarm for every live token not used for `token_unused_days`, or never, once older than `new_grace_days`.

    Info where the server does not tell when it was used or made.
    """
    for row in rows_of(context.live_tokens()):
        if found := judge_idle(context, row, context.policy.token_unused_days, "access_tokens"):
            yield _about(row, found[1], status=found[0])


@check(
    "LS-PAT-03",
    "Admins do not run automation on their tokens",
    severity="high",
    why="Application traffic runs on a person's admin token.",
    fix="Give the application a service key with the role that it needs, and revoke the token.",
    supports="S CC6.1 · I A.8.2 · N AC-6(2)",
    needs=("members", "access_tokens", "usage"),
    feature="enable_granular_usage_reporting",
    thresholds=("automation_traces_per_day",),
)
def find_automation(context: Context) -> Iterator[Finding]:
    """Alarm for every token of an Organization Admin with `automation_traces_per_day` or more, in three stretches.

    Where the token itself was not read, an Organization Admin with as many traces is info.
    """
    usage, limit = context.frame("usage"), context.policy.automation_traces_per_day
    if usage.empty:
        return
    span = max(context.days_since(usage["starts_at"].min()), 1.0)

    def busy(group: str, column: str) -> dict[str, float]:
        rows = pick(usage, grouped_by=group)
        rates = rows[rows["n_traces"] > 0].groupby(column)["n_traces"].agg(["sum", "count"])
        return {str(key): n / span for key, n, times in rates.itertuples(name=None) if times >= 3 and n / span >= limit}

    keys = busy("api_key", "short_key")
    told = set()
    for row in rows_of(context.frame("access_tokens")):
        if row.email in context.admin_emails and row.short_key in keys:
            told.add(row.email)
            yield _about(row, f"An Organization Admin's token with {keys[row.short_key]:.0f} traces a day.")
    for email, rate in busy("user", "email").items():
        if email in context.admin_emails - told:
            reason = f"An Organization Admin with {rate:.0f} traces a day; which token is not known."
            yield person(email, reason, status="info")


def _about(row: Any, reason: str, *, status: Status = "alarm") -> Finding:
    evidence = f"{row.access_token_id}, {text(row.short_key)}"
    return Finding(status, f"access_token:{text(row.description)}", reason, text(row.email) or None, None, evidence)
