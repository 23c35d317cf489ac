"""An audit as Markdown, for a pull request or a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from lsnb.report.audit_words import DISCLAIMER, Group, audit_of
from lsnb.report.markdown import escape_markdown
from lsnb.snapshot import Snapshot

_LIMIT = 20


def audit_to_markdown(findings: pd.DataFrame, snapshot: Snapshot | None = None, *, limit: int | None = _LIMIT) -> str:
    """Write an audit as Markdown.

    Args:
        findings: what `lsnb.audit` gave.
        snapshot: what was audited, for the heading.
        limit: how many findings of one check are listed; None for all.
    """
    audit = audit_of(findings, snapshot)
    blocks = [f"## {escape_markdown(audit.heading)}"]
    if audit.facts:
        blocks.append(" · ".join(f"{name}: {escape_markdown(value)}" for name, value in audit.facts))
    blocks.append(f"**{escape_markdown(audit.summary)}**")
    for group in audit.groups["alarm"]:
        blocks.append(f"### {group.severity}: {escape_markdown(group.title)} ({group.id})")
        blocks.append(f"{escape_markdown(group.why)} What to do: {escape_markdown(group.fix)}")
        shown = group.rows if limit is None else group.rows[:limit]
        blocks.append(
            _table(("What", "Workspace", "Finding"), [(row.resource, row.workspace, row.reason) for row in shown])
        )
        if len(group.rows) > len(shown):
            blocks.append(f"… and {len(group.rows) - len(shown):,} more.")
    blocks += _others("Could not be checked", audit.groups["error"], limit)
    blocks += _others("Accepted, or not decided by the data", audit.groups["info"], limit)
    blocks.append(f"_{escape_markdown(DISCLAIMER)}_")
    return "\n\n".join(blocks) + "\n"


def _others(title: str, groups: Iterable[Group], limit: int | None) -> list[str]:
    rows = [(group.id, row.resource, row.reason) for group in groups for row in group.rows[:limit]]
    return [f"### {title}", _table(("Check", "What", "Why"), rows)] if rows else []


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
