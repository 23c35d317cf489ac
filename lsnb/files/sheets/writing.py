"""A frame of text becomes a file: CSV that no spreadsheet runs, or Excel that helps to fill it in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from lsnb.errors import TableError
from lsnb.errors.safe_text import without_keys
from lsnb.files import write_output
from lsnb.files.sheets import delimited, workbook
from lsnb.files.sheets.reading import read_sheet
from lsnb.sheets import SHEET_MEANINGS, Edits, sheet_choices, sheet_from_access
from lsnb.sheets.cells import neutralise, neutralise_text
from lsnb.sheets.kinds import FORMS
from lsnb.sheets.problems import HEADER_ROW
from lsnb.sheets.requests import Requests, SheetKind
from lsnb.sheets.text_normalize import fold, text_column
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

SUFFIXES = (".csv", ".tsv", ".xlsx")
PROBLEM = "problem"

Dropdowns = Mapping[str, Sequence[str]]


def write_sheet(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    dropdowns: Dropdowns | None = None,
    explain: Mapping[str, str] | None = None,
    title: str = workbook.PREFERRED_SHEET,
    inputs: Iterable[object] = (),
    overwrite: bool = False,
) -> Path:
    """Write a sheet so that `read_sheet` gives every text back as it was.

    In CSV, a text that a spreadsheet would run as a formula gets an apostrophe, which is taken away on reading. In
    Excel, text is stored as text and needs none. An API key that somebody pasted into a cell is not written: sheets are
    passed on. `(key removed)` stands in its place.

    Args:
        frame: the sheet; what is missing is written as an empty cell, the index is not written.
        path: the file, ending in .csv, .tsv or .xlsx.
        dropdowns: the choices to offer in Excel, by column.
        explain: what each column is for, for a second sheet in Excel.
        title: the name of the sheet in Excel.
        inputs: what the sheet was made from, which must not be written over.
        overwrite: replace a file that was edited; one that is as lsnb wrote it last is replaced anyway.

    Returns:
        The path.

    Raises:
        TableError: another ending, the file cannot be written or was edited, or Excel cannot hold it.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in SUFFIXES:
        raise TableError(f"{target.name!r} ends in {ending!r}. Name a file that ends in {', '.join(SUFFIXES)}.")
    if not frame.shape[1]:
        raise TableError("The sheet has no columns, so there is nothing to write.")
    texts = pd.DataFrame({i: _without_keys(text_column(frame.iloc[:, i])) for i in range(frame.shape[1])})
    texts.columns = pd.Index([without_keys(str(name)) for name in frame.columns], dtype=object)
    if ending == ".xlsx":
        content = workbook.to_workbook([workbook.Tab(title, texts, dropdowns or {}, explain or {})])
    else:
        content = _to_delimited(texts, "," if ending == ".csv" else "\t")
    if not target.parent.is_dir():
        raise TableError(f"{str(target)!r} could not be written: there is no folder {str(target.parent)!r}.")
    write_output(target, content, TableError, inputs=inputs, overwrite=overwrite)
    return target


def write_access_sheet(
    snapshot: Snapshot,
    path: str | os.PathLike[str],
    *,
    workspaces: Iterable[str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the access sheet of an organization for editing; planning it unchanged gives nothing to do.

    Args:
        snapshot: the organization.
        path: the file, ending in .csv, .tsv or .xlsx; Excel has dropdowns for roles, workspaces and actions.
        workspaces: only the rows of these workspaces, by name or id.
        overwrite: replace a file that was edited; one that is as lsnb wrote it last is replaced anyway.

    Raises:
        TableError: there is no such workspace, or the file cannot be written or was edited.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    sheet = sheet_from_access(snapshot, workspaces=workspaces)
    choices = sheet_choices(snapshot)
    return write_sheet(sheet, path, dropdowns=choices, explain=SHEET_MEANINGS, overwrite=overwrite)


def write_sheets(
    snapshot: Snapshot, path: str | os.PathLike[str], kinds: Sequence[SheetKind], *, overwrite: bool = False
) -> Path:
    """Write the sheets of several kinds for editing; planning them unchanged gives nothing to do.

    Args:
        snapshot: the organization, with the tables that the sheets are about.
        path: the file: ending in .xlsx with a tab per kind; one kind alone also in .csv or .tsv.
        kinds: the kinds, such as `["workspaces", "roles"]`.
        overwrite: replace a file that was edited; one that is as lsnb wrote it last is replaced anyway.

    Raises:
        TableError: several kinds for one CSV file, or the file cannot be written or was edited.
        UnreadableTableError: a table could not be read.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    target = Path(path)
    forms = [FORMS[kind] for kind in kinds]
    if len(forms) == 1:
        form = forms[0]
        return write_sheet(
            form.export(snapshot),
            target,
            dropdowns=form.choices(snapshot),
            explain=form.columns,
            title=form.title,
            overwrite=overwrite,
        )
    if target.suffix.lower() != ".xlsx":
        raise TableError(f"{target.name!r} holds one sheet; name a file that ends in .xlsx for {len(forms)} of them.")
    tabs = [workbook.Tab(form.title, form.export(snapshot), form.choices(snapshot), form.columns) for form in forms]
    if not target.parent.is_dir():
        raise TableError(f"{str(target)!r} could not be written: there is no folder {str(target.parent)!r}.")
    write_output(target, workbook.to_workbook(tabs), TableError, overwrite=overwrite)
    return target


def write_problems(
    original: str | os.PathLike[str] | bytes | pd.DataFrame,
    edits: Edits | Requests,
    path: str | os.PathLike[str],
    *,
    dropdowns: Dropdowns | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a sheet back with a column `problem` that says what is wrong in each row.

    Columns, rows and their numbers are those of the original, so that what is said about row 7 is found in row 7. A
    column `problem` that is there already is replaced; reading the file again leaves it aside.

    Args:
        original: the sheet that the edits came from.
        edits: what became of it.
        path: the file, ending in .csv, .tsv or .xlsx.
        dropdowns: the choices to offer in Excel, by column, such as `sheet_choices(snapshot)`.
        overwrite: replace a file that was edited, and the original too.

    Raises:
        TableError: the original cannot be read, or the file cannot be written, was edited or is the original.
        MissingExtraError: Excel needs `pip install 'lsnb[excel]'`.
    """
    sheet = read_sheet(original)
    keep = [index for index, name in enumerate(sheet.columns) if fold(name) != PROBLEM]
    sheet = _with_blank_rows(sheet.iloc[:, keep])
    texts = _problems_by_row(edits.problems, first_row=int(sheet.index[0]))
    column = pd.Series([texts.get(row, "") for row in sheet.index], index=sheet.index, dtype=DTYPES["text"])
    names = [*sheet.columns, PROBLEM]
    sheet = pd.concat([sheet, column], axis=1)
    sheet.columns = pd.Index(names, dtype=object)
    return write_sheet(sheet, path, dropdowns=dropdowns, inputs=[original], overwrite=overwrite)


def _without_keys(texts: pd.Series) -> pd.Series:
    """Take API keys out of a column of text."""
    suspects = texts[texts.str.contains("[_\uff3f\ufe33]", regex=True)]
    if not len(suspects):
        return texts
    cleaned = texts.astype(object)
    cleaned[suspects.index] = [without_keys(text) for text in suspects]
    return cleaned.astype(texts.dtype)


def _to_delimited(texts: pd.DataFrame, separator: str) -> bytes:
    header = [neutralise_text(name) for name in texts.columns]
    columns = [neutralise(texts.iloc[:, index]).tolist() for index in range(texts.shape[1])]
    # The mark at the start tells Excel that this is UTF-8; the official tool skips it.
    return b"\xef\xbb\xbf" + delimited.to_text([header, *zip(*columns, strict=True)], separator).encode()


def _with_blank_rows(sheet: pd.DataFrame) -> pd.DataFrame:
    """Put the blank rows back that reading left out, at least one row below the header."""
    last = int(sheet.index.max()) if len(sheet) else HEADER_ROW + 1
    if sheet.index.has_duplicates or last > 2 * len(sheet) + 1_000:
        return sheet
    return sheet.reindex(pd.RangeIndex(HEADER_ROW + 1, last + 1), fill_value="")


def _problems_by_row(problems: pd.DataFrame, *, first_row: int) -> dict[int, str]:
    """Join the problems of each row; those of the header go to the first row below it."""
    joined: dict[int, list[str]] = {}
    for row, column, _, reason, hint in problems.astype(object).to_numpy().tolist():
        text = f"{column}: {reason}" + (f" {hint}" if hint else "")
        joined.setdefault(first_row if row <= HEADER_ROW else row, []).append(text)
    return {row: " | ".join(texts) for row, texts in joined.items()}
