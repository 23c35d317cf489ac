"""What changed between two snapshots, and which event of the audit log explains it."""

from __future__ import annotations

from lsnb.compare.model import DIFF_COLUMNS, Diff
from lsnb.compare.run import diff

__all__ = ["DIFF_COLUMNS", "Diff", "diff"]
