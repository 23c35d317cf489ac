"""Audits as files: a page for people, Markdown for a pull request, tables for other programs."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from lsnb.checks import CHECKS
from lsnb.errors import ConfigError
from lsnb.files import write_atomically
from lsnb.files.table_file import FORMATS, export_tables
from lsnb.report.audit_html import audit_to_html
from lsnb.report.audit_markdown import audit_to_markdown
from lsnb.snapshot import Snapshot

#: The endings of an audit's file.
ENDINGS = (".html", ".md", *FORMATS)


def save_audit(findings: pd.DataFrame, path: str | os.PathLike[str], *, snapshot: Snapshot | None = None) -> Path:
    """Write findings to a file; the ending of the name decides the form.

    Args:
        findings: what `lsnb.audit` gave.
        path: the file: `.html` is one page that needs nothing else, `.md` is for a pull request, `.xlsx` has a second
            sheet that explains the checks; `.csv`, `.json` and `.parquet` are the rows.
        snapshot: what was audited, for the heading of a page.

    Returns:
        The path.

    Raises:
        ConfigError: another ending, or the file cannot be written.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"{target.name!r} must end in {', '.join(ENDINGS)}.")
    if ending in (".html", ".md"):
        write = audit_to_html if ending == ".html" else audit_to_markdown
        write_atomically(target, write(findings, snapshot).encode(), ConfigError)
        return target
    frames = {"findings": findings}
    if ending == ".xlsx":
        frames["checks"] = _catalogue()
    return export_tables(frames, target)


def _catalogue() -> pd.DataFrame:
    rows = [
        (check.id, check.severity, check.title, check.condition, check.why, check.fix, "; ".join(check.frameworks))
        for check in CHECKS.values()
    ]
    return pd.DataFrame(rows, columns=["id", "severity", "title", "condition", "why", "fix", "supports"])
