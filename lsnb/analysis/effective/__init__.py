"""Who can do what, where, and why: roles, access that nobody wrote down, and attribute-based policies together.

`explain` answers for one person, `who_can` for one permission, `effective` for everything.
"""

from __future__ import annotations

from lsnb.analysis.effective.explain import Explanation, Reason, explain
from lsnb.analysis.effective.table import Effective, effective, who_can

__all__ = ["Effective", "Explanation", "Reason", "effective", "explain", "who_can"]
