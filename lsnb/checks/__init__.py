"""What is wrong with access to an organization: checks with evidence and remedy, over one snapshot.

A check supports a control of a framework; that none alarms does not prove compliance.
"""

from __future__ import annotations

from lsnb.checks.registry import CHECKS
from lsnb.checks.run import COLUMNS, FAILED, collect_findings, run_checks, tables_of
from lsnb.checks.spec import SEVERITIES, STATUSES, Check, Finding

__all__ = [
    "CHECKS",
    "COLUMNS",
    "FAILED",
    "SEVERITIES",
    "STATUSES",
    "Check",
    "Finding",
    "collect_findings",
    "run_checks",
    "tables_of",
]
