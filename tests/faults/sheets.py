"""What the tests of faulty sheets have in common."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from lsnb.errors import TableError

SHORT = ["email", "langsmith_role", "workspace_name", "action"]
GRACE, YUKI = "grace.kim@acme.example", "yuki.sato@acme.example"


def book(*rows, title="Access"):
    """Make a workbook of one sheet."""
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(list(row))
    return made


def saved(made, path: Path) -> Path:
    """Save a workbook, and give its path."""
    made.save(path)
    return path


def said(plan) -> str:
    """Give all warnings of a plan as one text."""
    return "\n".join(f"{warning.rule}: {warning.message}" for warning in plan.warnings)


def problems(org, source) -> str:
    """Give the problems of a sheet as text; whether they stop the reading or the check makes no difference."""
    try:
        found = org.check_sheets(source).problems
    except TableError as error:
        return str(error)
    return "\n".join(found.astype(str).agg(" ".join, axis=1)) if len(found) else ""
