"""Headers of sheets of any kind: which of a row's cells are names of columns, and where a header stands below a title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsnb.sheets.columns import COLUMN_ALIASES, SHEET_COLUMNS
from lsnb.sheets.role_matrix import LAYOUT as ROLES
from lsnb.sheets.service_keys import LAYOUT as KEYS
from lsnb.sheets.setting_values import LAYOUT as SETTINGS
from lsnb.sheets.table import Layout
from lsnb.sheets.text_normalize import fold_loosely, tidy
from lsnb.sheets.tokens import LAYOUT as TOKENS
from lsnb.sheets.workspaces import LAYOUT as WORKSPACES

_LAYOUTS: tuple[Layout, ...] = (WORKSPACES, ROLES, KEYS, TOKENS, SETTINGS)


def _names() -> dict[str, str]:
    """List the names of columns of all kinds, by their comparable form, with what they are called."""
    found = {fold_loosely(name): name for name in SHEET_COLUMNS} | dict(COLUMN_ALIASES)
    for layout in _LAYOUTS:
        for name in layout.columns:
            found.setdefault(fold_loosely(name), name)
        for alias, name in layout.aliases.items():
            found.setdefault(alias, name)
    return found


_KNOWN = _names()


def known_columns(cells: Iterable[str]) -> list[str]:
    """List the columns that cells name."""
    found = (_KNOWN.get(fold_loosely(cell)) for cell in cells)
    return list(dict.fromkeys(name for name in found if name))


def columns_in(rows: Iterable[Sequence[str]]) -> list[str]:
    """List the columns that the header among rows names; none where no row looks like one."""
    found: list[str] = []
    for row in rows:
        if _looks_like_header(row) and len(known_columns(row)) > len(found):
            found = known_columns(row)
    return found


def header_below(rows: Sequence[Sequence[str]]) -> int | None:
    """Find the header below a title: the place of the row that looks like one, where the first does not; else None."""
    if not rows or known_columns(rows[0]):
        return None
    return next((place for place, row in enumerate(rows) if place and _looks_like_header(row)), None)


def _looks_like_header(row: Sequence[str]) -> bool:
    filled = [cell for cell in row if tidy(cell)]
    n_known = len(known_columns(filled))
    return n_known >= 2 or (n_known == 1 and len(filled) == 1)
