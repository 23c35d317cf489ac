"""Sheets as files: CSV and Excel in, CSV and Excel out, with every text as it was.

read_sheet            a file, its bytes or a frame -> a frame of text, whose index is the row number in the sheet
write_sheet           a frame of text -> a file, with dropdowns and explanations in Excel
write_access_sheet    a snapshot -> the access sheet, ready to be edited
write_sheets          a snapshot -> the sheets of workspaces, roles, keys, tokens and settings likewise
gather_sheets         files, frames and workbooks with tabs -> sheets by what they are about
write_problems        the sheet that somebody brought -> the same sheet with a column that says what is wrong
"""

from __future__ import annotations

from lsnb.files.sheets.collect import SheetSources, gather_sheets
from lsnb.files.sheets.reading import read_sheet
from lsnb.files.sheets.writing import write_access_sheet, write_problems, write_sheet, write_sheets

__all__ = [
    "SheetSources",
    "gather_sheets",
    "read_sheet",
    "write_access_sheet",
    "write_problems",
    "write_sheet",
    "write_sheets",
]
