"""Reports: plans and audits as text for a terminal, Markdown for a pull request, HTML for a notebook, and tables."""

from lsnb.report.frames import PLAN_COLUMNS, plan_to_csv, plan_to_frame
from lsnb.report.html import plan_to_html
from lsnb.report.markdown import plan_to_markdown
from lsnb.report.text import plan_to_text

__all__ = [
    "PLAN_COLUMNS",
    "plan_to_csv",
    "plan_to_frame",
    "plan_to_html",
    "plan_to_markdown",
    "plan_to_text",
]
