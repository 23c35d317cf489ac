"""Whatever somebody brings, as sheets by kind: a file, a frame, several of them, or a workbook with tabs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from lsnb.errors import TableError
from lsnb.files import FileTroubleError, read_bounded
from lsnb.files.sheets.frames import as_frame, is_column, refuse_no_sheet
from lsnb.files.sheets.reading import read_sheet, read_tab
from lsnb.files.sheets.workbook import ABOUT, LISTS, tab_titles
from lsnb.plan.sheets import NamedSheet
from lsnb.sheets import Edits
from lsnb.sheets.kinds import FORMS, SHEET_KINDS, kind_of_title, recognise
from lsnb.sheets.origin import origin_of
from lsnb.sheets.requests import SheetKind

SheetSource = str | os.PathLike[str] | pd.DataFrame | Edits
SheetSources = SheetSource | Mapping[str, SheetSource] | Iterable[SheetSource]
Sheets = dict[SheetKind, NamedSheet | Edits]


def gather_sheets(brought: SheetSources) -> Sheets:
    """Sort what was brought into sheets by kind.

    Args:
        brought: a CSV or Excel file, a DataFrame or `Edits`; a mapping from kinds ("access", "workspaces", "roles",
            "keys", "tokens", "scim_tokens", "settings") to such; or several of them, whose kinds are told by their columns. A workbook
            with tabs that are called after kinds brings all of those.

    Raises:
        TableError: a file cannot be read, there is no such kind, or one kind was brought twice.
    """
    gathered: Sheets = {}
    whole = as_frame(brought)
    if whole is not None:
        brought = whole
    if isinstance(brought, Mapping):
        if brought and not any(_is_source(sheet) for sheet in brought.values()):
            raise refuse_no_sheet(brought)
        # A whole workbook read by pandas brings the sheets that explain it and hold its choices, too.
        named = {_kind(str(name)): sheet for name, sheet in brought.items() if name not in (ABOUT, LISTS)}
        for kind, sheet in named.items():
            beside = _titles_beside(kind, sheet, named)
            _put(gathered, kind, sheet if isinstance(sheet, Edits) else _read(sheet, kind, f"the {kind} sheet", beside))
    elif isinstance(brought, str | os.PathLike | pd.DataFrame | Edits):
        _add(gathered, brought)
    elif isinstance(brought, pd.Series | bytes) or is_column(brought) or not isinstance(brought, Iterable):
        raise refuse_no_sheet(brought)
    else:
        for sheet in brought:
            _add(gathered, sheet)
    if not gathered:
        raise TableError(f"No sheet was given. Give a file, a DataFrame, or a mapping from {', '.join(SHEET_KINDS)}.")
    return gathered


def _is_source(sheet: object) -> bool:
    return isinstance(sheet, str | os.PathLike | Edits) or as_frame(sheet) is not None


def _kind(name: str) -> SheetKind:
    kind = kind_of_title(name)
    if kind is None:
        raise TableError(f"There is no kind of sheet {name!r}; there are {', '.join(SHEET_KINDS)}.")
    return kind


def _add(gathered: Sheets, sheet: SheetSource) -> None:
    """Add one file or frame under the kind that its columns, or its tabs, tell."""
    if isinstance(sheet, Edits):
        _put(gathered, "access", sheet)
        return
    frame = as_frame(sheet)
    if frame is not None:
        frame = read_sheet(frame)
        _put(gathered, recognise(frame), NamedSheet(frame, "the table"))
        return
    if not isinstance(sheet, str | os.PathLike):
        raise refuse_no_sheet(sheet)
    path = Path(sheet)
    tabs = _known_tabs(path)
    if len(tabs) < 2 and set(tabs) <= {"access"}:
        frame = read_sheet(path)
        _put(gathered, recognise(frame), NamedSheet(frame, path.name))
        return
    beside: set[str] = set(tabs.values())
    for kind, title in tabs.items():
        frame = read_tab(path, title, beside=beside)
        beside |= {other.title for other in origin_of(frame).others}  # what is left aside is said once
        _put(gathered, kind, NamedSheet(frame, f"{path.name}, {title}"))


def _titles_beside(kind: SheetKind, sheet: SheetSource, named: Mapping[SheetKind, SheetSource]) -> set[str]:
    """List the tabs of a workbook that are brought as sheets of other kinds."""
    if not isinstance(sheet, str | os.PathLike):
        return set()
    tabs = _known_tabs(Path(sheet))
    same = {
        other
        for other, source in named.items()
        if isinstance(source, str | os.PathLike) and Path(source).absolute() == Path(sheet).absolute()
    }
    return {title for other, title in tabs.items() if other in same and other != kind}


def _known_tabs(path: Path) -> dict[SheetKind, str]:
    """Find the tabs of a workbook that are called after kinds; none where it is no workbook."""
    try:
        content = read_bounded(path)
    except (FileNotFoundError, FileTroubleError):
        return {}
    if not content.startswith(b"PK\x03\x04") or b"xl/workbook.xml" not in content:
        return {}
    found: dict[SheetKind, str] = {}
    for title in tab_titles(content, repr(path.name)):
        kind = kind_of_title(title)
        if kind in found:
            raise TableError(f"{path.name!r} has two tabs for {kind}: {found[kind]!r} and {title!r}. Keep one of them.")
        if kind:
            found[kind] = title
    return found


def _read(
    sheet: str | os.PathLike[str] | pd.DataFrame, kind: SheetKind, name: str, beside: Collection[str]
) -> NamedSheet:
    frame = as_frame(sheet)
    if frame is not None:
        return NamedSheet(read_sheet(frame), name)
    if not isinstance(sheet, str | os.PathLike):
        raise refuse_no_sheet(sheet)
    path = Path(sheet)
    title = _known_tabs(path).get(kind)
    return NamedSheet(read_tab(path, title, beside=beside) if title else read_sheet(path), path.name)


def _put(gathered: Sheets, kind: SheetKind, sheet: NamedSheet | Edits) -> None:
    first = gathered.setdefault(kind, sheet)
    if first is not sheet:
        raise TableError(
            f"Two sheets of {FORMS[kind].title.lower()} were brought, {first.source} and {sheet.source}. Put them together "
            'into one, or say which is which: plan({"roles": ..., "access": ...}).'
        )
