"""What changed between two snapshots, and which event of the audit log explains it."""

from __future__ import annotations

from lsnb.analysis.compare.model import DIFF_COLUMNS, Diff
from lsnb.analysis.compare.run import diff

__all__ = ["DIFF_COLUMNS", "Diff", "diff"]
