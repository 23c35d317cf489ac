"""Checks of the access reviews themselves."""

from __future__ import annotations

from collections.abc import Iterator

from lsnb.checks.context import Context, day, rows_of
from lsnb.checks.spec import Finding, alarm, check, info


@check(
    "LS-REV-01",
    "The last access review is recent and closed",
    severity="high",
    why="It is the control behind all others.",
    fix="Run an access review, carry out what it decided, and close it.",
    supports="S CC6.3 · I A.5.18 · N AC-2(j)",
    needs=(),
    thresholds=("review_days",),
)
def find_stale_reviews(context: Context) -> Iterator[Finding]:
    """Alarm where no review was closed within `review_days`, and for every closed one with rows not remedied.

    Info where no reviews were given: they are files of campaigns, and not part of a snapshot.
    """
    campaigns, limit = context.campaigns, context.policy.review_days
    if campaigns is None:
        yield info(context.organization, "No access reviews were given to look at.")
        return
    closed = campaigns[campaigns["closed_at"].notna()]
    last = closed["closed_at"].max() if len(closed) else None
    if context.days_since(last) > limit:
        yield alarm(
            context.organization, f"The last access review was closed on {day(last)}, the limit is {limit} days."
        )
    for row in rows_of(closed):
        if row.n_open > 0:
            yield alarm(f"review:{row.campaign}", f"{row.n_open} rows decided and not remedied.")
