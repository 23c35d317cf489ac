"""An audit as one page of HTML that needs nothing else: no script, no network; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lsnb.checks.spec import SEVERITIES
from lsnb.report.audit_words import DISCLAIMER, Audit, Group, audit_of
from lsnb.report.page_shell import render_page, render_report
from lsnb.snapshot import Snapshot

#: More rows of one check than this make a page that nobody reads; CSV, Excel and JSON have them all.
MOST_ROWS = 200

_NAMES = {"resource": "What", "workspace": "Workspace", "reason": "Finding", "evidence": "Evidence"}


def audit_to_html(findings: pd.DataFrame, snapshot: Snapshot | None = None, *, page: bool = True) -> str:
    """Write an audit as HTML.

    Args:
        findings: what `lsnb.audit` gave.
        snapshot: what was audited, for the heading.
        page: whether to give a page of its own rather than a part of one.
    """
    audit = audit_of(findings, snapshot)
    alarms = [
        (severity, [_alarm(group) for group in audit.groups["alarm"] if group.severity == severity])
        for severity in SEVERITIES
    ]
    report = render_report(
        "audit",
        heading=audit.heading,
        pairs=audit.facts,
        summary=audit.summary,
        bars=_bars(audit),
        alarms=[pair for pair in alarms if pair[1]],
        others=[
            ("What could not be checked", _others(audit.groups["error"])),
            ("Accepted, or not decided by the data", _others(audit.groups["info"])),
            ("What does not apply", _others(audit.groups["skip"])),
        ],
        fine=audit.groups["ok"],
        disclaimer=DISCLAIMER,
    )
    return render_page(audit.heading, report) if page else report


def _bars(audit: Audit) -> list[dict[str, object]]:
    """Measure a bar per severity, as long as its number of alarms; none where there are no alarms."""
    most = max(audit.alarms.values(), default=0)
    if not most:
        return []
    return [
        {"severity": severity, "n": n, "width": max(round(320 * n / most), 1 if n else 0)}
        for severity, n in audit.alarms.items()
    ]


def _alarm(group: Group) -> dict[str, object]:
    # What is empty in every row only takes room from what is not.
    shown = {name: title for name, title in _NAMES.items() if any(getattr(row, name) for row in group.rows)}
    return {
        "severity": group.severity,
        "id": group.id,
        "title": group.title,
        "why": group.why,
        "fix": group.fix,
        "supports": group.supports,
        "header": list(shown.values()),
        "rows": [[(name, getattr(row, name)) for name in shown] for row in group.rows[:MOST_ROWS]],
        "n_more": max(len(group.rows) - MOST_ROWS, 0),
    }


def _others(groups: Iterable[Group]) -> list[tuple[str, ...]]:
    return [(group.id, group.title, row.resource, row.reason) for group in groups for row in group.rows[:MOST_ROWS]]
