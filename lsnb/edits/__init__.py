"""Edits: from an edited sheet to rows that are understood, and a list of what is wrong with it."""

from __future__ import annotations

from lsnb.edits.addresses import invitations, parse_addresses
from lsnb.edits.columns import SHEET_COLUMNS, SHEET_MEANINGS
from lsnb.edits.emails import similar_members
from lsnb.edits.export import sheet_choices, sheet_from_access
from lsnb.edits.model import EDIT_COLUMNS, PROBLEM_COLUMNS, Edits
from lsnb.edits.parse import parse_sheet
from lsnb.edits.problems import problem_lines

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
