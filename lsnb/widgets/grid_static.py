"""The grid as a plain HTML table, for where no script runs: GitHub, nbconvert, a notebook without its kernel."""

from __future__ import annotations

from lsnb.report.page_shell import render_report
from lsnb.widgets.grid_cells import GridCells, RowId

#: So many rows stand in a saved notebook.
STATIC_ROWS = 100


def static_table(cells: GridCells, *, caption: str, n_rows: int = STATIC_ROWS) -> str:
    """Write the first rows as HTML, as they are now; every text from outside is escaped.

    Args:
        cells: the grid's cells.
        caption: what stands above the table.
        n_rows: how many rows at most; the count of all is told.
    """
    ids: list[RowId] = [*cells.added, *range(len(cells.frame))]
    first = ids[:n_rows]
    return render_report(
        "grid",
        caption=caption,
        header=[spec.heading for spec in cells.columns.values()],
        rows=[_row(cells, row_id) for row_id in first],
        shown=f"the first {len(first):,} of {len(ids):,} rows" if len(first) < len(ids) else f"{len(ids):,} rows",
    )


def _row(cells: GridCells, row_id: RowId) -> tuple[str, list[tuple[object, str]]]:
    state = "added" if isinstance(row_id, str) else "removed" if row_id in cells.removed else ""
    return state, [_cell(cells, row_id, name) for name in cells.columns]


def _cell(cells: GridCells, row_id: RowId, name: str) -> tuple[object, str]:
    value = cells.value(row_id, name)
    words = ("yes" if value else "no") if isinstance(value, bool) else value
    return words, cells.reason((row_id, name)) or ""
