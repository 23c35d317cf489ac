"""Edits: from an edited sheet to rows that are understood, and a list of what is wrong with it."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from lsnb.sheets.addresses import invitations, parse_addresses
from lsnb.sheets.columns import SHEET_COLUMNS, SHEET_MEANINGS
from lsnb.sheets.emails import similar_members
from lsnb.sheets.export import sheet_choices, sheet_from_access
from lsnb.sheets.model import EDIT_COLUMNS, PROBLEM_COLUMNS, Edits
from lsnb.sheets.parse import parse_sheet
from lsnb.sheets.problems import problem_lines

__all__ = [
    "EDIT_COLUMNS",
    "PROBLEM_COLUMNS",
    "SHEET_COLUMNS",
    "SHEET_MEANINGS",
    "Edits",
    "invitations",
    "parse_addresses",
    "parse_sheet",
    "problem_lines",
    "sheet_choices",
    "sheet_from_access",
    "similar_members",
]

#: What was here before files of sheets moved into a room of their own; for one release.
_IN_FILES = frozenset(
    {"gather_sheets", "read_sheet", "write_access_sheet", "write_problems", "write_sheet", "write_sheets"}
)


def __getattr__(name: str) -> Any:
    if name not in _IN_FILES:
        raise AttributeError(f"lsnb.sheets has no {name!r}")
    warnings.warn(
        f"{name} is in lsnb.files.sheets now; here it goes with the next release.", FutureWarning, stacklevel=2
    )
    return getattr(import_module("lsnb.files.sheets"), name)
