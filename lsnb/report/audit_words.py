"""What all forms of an audit say alike: findings by check and severity, what could not be checked, and the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from lsnb.checks.registry import CHECKS
from lsnb.checks.spec import SEVERITIES
from lsnb.report.words import clean
from lsnb.snapshot import Snapshot

#: What stands at the end of a report, for nobody may take it for a certificate.
DISCLAIMER = "A check supports the named controls; that none alarms does not prove compliance with any of them."
_STATES = {
    "alarm": ("alarms", "alarm"),
    "error": ("could not be checked", "could not be checked"),
    "info": ("not decided", "not decided"),
    "skip": ("does not apply", "do not apply"),
    "ok": ("is fine", "are fine"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one check in one state.

    Args:
        id: the check's id.
        title: how it should be.
        severity: how bad it is otherwise.
        why: why it matters; empty for a check that this version does not know.
        fix: what to do.
        supports: the controls that it supports.
        rows: the findings.
    """

    id: str
    title: str
    severity: str
    why: str
    fix: str
    supports: str
    rows: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit, ready to be written.

    Args:
        heading: what was audited.
        facts: when, by whom and from where, as (what, value).
        alarms: how many alarms of each severity, the gravest first.
        checks: how many checks ended in each state, in words.
        groups: the rows of every state, check by check, the gravest first.
    """

    heading: str
    facts: tuple[tuple[str, str], ...]
    alarms: dict[str, int]
    checks: tuple[str, ...]
    groups: dict[str, tuple[Group, ...]]

    @property
    def summary(self) -> str:
        """The numbers in a sentence."""
        n = sum(self.alarms.values())
        parts = ", ".join(f"{count:,} {severity}" for severity, count in self.alarms.items() if count)
        head = f"{n:,} {'alarm' if n == 1 else 'alarms'}{f': {parts}' if parts else ''}."
        return f"{head} Of the checks, {', '.join(self.checks)}."


def audit_of(findings: pd.DataFrame, snapshot: Snapshot | None = None) -> Audit:
    """Sort findings for a report.

    Args:
        findings: what `lsnb.audit` gave.
        snapshot: what was audited, for the heading.
    """
    alarms = findings.loc[findings["status"] == "alarm", "severity"].value_counts()
    # A check with several rows counts as what is worst among them.
    ranks = findings["status"].map({state: rank for rank, state in enumerate(_STATES)})
    worst = findings.loc[ranks.sort_values(kind="stable").index].drop_duplicates("id")["status"].value_counts()
    counted = tuple(
        f"{int(worst[state]):,} {words[int(worst[state]) != 1]}" for state, words in _STATES.items() if state in worst
    )
    heading = "Access audit"
    facts: tuple[tuple[str, str], ...] = ()
    if snapshot is not None:
        known = snapshot.facts()
        heading = f"Access audit of {clean(known['organization'])}"
        facts = (("Host", known["host"]), ("Read", known["read_at"]), ("Read by", known["read_by"] or "unknown"))
    return Audit(
        heading,
        tuple((name, clean(value)) for name, value in facts),
        {severity: int(alarms.get(severity, 0)) for severity in SEVERITIES},
        counted,
        {state: _groups(findings[findings["status"] == state]) for state in _STATES},
    )


def _groups(findings: pd.DataFrame) -> tuple[Group, ...]:
    groups = []
    for (name, severity), rows in findings.groupby(["id", "severity"], sort=False):
        check = CHECKS.get(str(name))
        groups.append(
            Group(
                str(name),
                str(rows["title"].iloc[0]),
                str(severity),
                check.why if check else "",
                str(rows["fix"].iloc[0]),
                "; ".join(check.frameworks) if check else "",
                tuple(rows.astype(object).where(rows.notna(), "").itertuples(index=False)),
            )
        )
    return tuple(sorted(groups, key=lambda group: (SEVERITIES.index(group.severity), group.id)))
