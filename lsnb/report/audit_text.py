"""An audit as text for a terminal: check by check, the gravest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from lsnb.report.audit_words import Group, audit_of
from lsnb.report.text_table import wrap
from lsnb.report.words import clean
from lsnb.snapshot import Snapshot

_LIMIT = 20


def audit_to_text(
    findings: pd.DataFrame, snapshot: Snapshot | None = None, *, width: int = 100, limit: int | None = _LIMIT
) -> str:
    """Write the alarms of an audit as text.

    Args:
        findings: what `lsnb.audit` gave.
        snapshot: what was audited, for the heading.
        width: how many characters a line may have.
        limit: how many findings of one check are listed; None for all.
    """
    audit = audit_of(findings, snapshot)
    blocks = ["\n".join(_wrap(line, width) for line in (audit.heading, audit.summary))]
    blocks += [_block(group, width, limit) for group in audit.groups["alarm"]]
    blocks += _notes("COULD NOT BE CHECKED", audit.groups["error"], width, limit)
    waivers = [
        replace(group, rows=tuple(row for row in group.rows if _is_waiver(row))) for group in audit.groups["info"]
    ]
    blocks += _notes("WAIVERS THAT MATCH NOTHING", [group for group in waivers if group.rows], width, limit)
    return "\n\n".join(blocks) + "\n"


def _block(group: Group, width: int, limit: int | None) -> str:
    lines = [_wrap(f"{group.severity.upper()}  {group.id}  {clean(group.title)}", width, "          ")]
    shown = group.rows if limit is None else group.rows[:limit]
    for row in shown:
        place = f" in {clean(row.workspace)}" if row.workspace and row.workspace not in row.reason else ""
        lines.append(_wrap(f"  - {clean(row.resource)}{place}: {clean(row.reason)}", width, "    "))
    if len(group.rows) > len(shown):
        lines.append(f"  … and {len(group.rows) - len(shown):,} more.")
    lines.append(_wrap(f"  To do: {clean(group.fix)}", width, "         "))
    return "\n".join(lines)


def _is_waiver(row: Any) -> bool:
    return str(row.resource).startswith("waiver:")


def _notes(title: str, groups: Iterable[Group], width: int, limit: int | None) -> list[str]:
    """List what is no alarm and must not be overlooked."""
    rows = [(group, row) for group in groups for row in group.rows]
    shown = rows if limit is None else rows[:limit]
    lines = [
        _wrap(f"  - {group.id}  {clean(row.resource)}: {clean(row.reason)}", width, "    ") for group, row in shown
    ]
    if len(rows) > len(shown):
        lines.append(f"  … and {len(rows) - len(shown):,} more.")
    return ["\n".join([title, *lines])] if rows else []


def _wrap(line: str, width: int, indent: str = "") -> str:
    return "\n".join(wrap(line, max(width, 30), indent=indent))
