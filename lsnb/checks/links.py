"""Checks of public links."""

from __future__ import annotations

from collections.abc import Iterator

from lsnb.checks.context import Context, rows_of, text
from lsnb.checks.spec import Finding, alarm, check, info


@check(
    "LS-SHR-01",
    "No forgotten public link",
    severity="high",
    why="Anybody with the address reads it.",
    fix="Unshare the run or data set.",
    supports="S CC6.7 · I A.8.12 · N AC-22",
    needs=("shared_links",),
    thresholds=("link_days", "restricted_workspaces"),
)
def find_forgotten(context: Context) -> Iterator[Finding]:
    """Alarm for every link older than `link_days`, or in a restricted workspace; info where it has no date."""
    restricted = {name.casefold() for name in context.policy.restricted_workspaces}
    for row in rows_of(context.frame("shared_links")):
        age = context.days_since(row.created_at)
        resource = f"shared_link:{text(row.title) or text(row.resource_id)}"
        about = {"workspace": row.workspace, "evidence": text(row.resource_id)}
        if row.workspace.casefold() in restricted or row.workspace_id in restricted:
            yield alarm(resource, f"A public link into the restricted workspace {row.workspace}.", **about)
        elif age == float("inf"):
            yield info(resource, "When it was shared is not known.", **about)
        elif age > context.policy.link_days:
            yield alarm(resource, f"Shared {age:.0f} days ago, the limit is {context.policy.link_days}.", **about)
