"""The grid as a plain HTML table, for where no script runs: GitHub, nbconvert, a notebook without its kernel."""

from __future__ import annotations

from html import escape

from lsnb.report.words import clean
from lsnb.widgets.grid_cells import GridCells, RowId

#: So many rows stand in a saved notebook.
STATIC_ROWS = 100

_STYLE = """<style>
.lsnb-static{font-size:13px;overflow-x:auto} .lsnb-static table{border-collapse:collapse}
.lsnb-static th,.lsnb-static td{text-align:left;padding:3px 10px 3px 0;border-bottom:1px solid #8886;white-space:nowrap}
.lsnb-static tr.removed td{text-decoration:line-through;opacity:.75} .lsnb-static p{margin:4px 0}
</style>"""


def static_table(cells: GridCells, *, caption: str, n_rows: int = STATIC_ROWS) -> str:
    """Write the first rows as HTML, as they are now; every text from outside is escaped.

    Args:
        cells: the grid's cells.
        caption: what stands above the table.
        n_rows: how many rows at most; the count of all is told.
    """
    ids: list[RowId] = [*cells.added, *range(len(cells.frame))]
    first = ids[:n_rows]
    head = "".join(f'<th scope="col">{_text(spec.heading)}</th>' for spec in cells.columns.values())
    body = "".join(_row(cells, row_id) for row_id in first)
    shown = f"the first {len(first):,} of {len(ids):,} rows" if len(first) < len(ids) else f"{len(ids):,} rows"
    title = f"<p><b>{_text(caption)}</b></p>" if caption else ""
    return (
        f'{_STYLE}<div class="lsnb-static">{title}<table><thead><tr><th scope="col"></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table><p>{shown}, as they were when this was shown. "
        f"To edit them, run the cell in JupyterLab: that needs a kernel.</p></div>"
    )


def _row(cells: GridCells, row_id: RowId) -> str:
    state = "added" if isinstance(row_id, str) else "removed" if row_id in cells.removed else ""
    data = []
    for name in cells.columns:
        value, reason = cells.value(row_id, name), cells.reason((row_id, name))
        words = (
            {None: "", True: "yes", False: "no"}.get(value)
            if value is None or value is True or value is False
            else None
        )
        data.append(
            f"<td>{_text(value if words is None else words)}{f' <i>({_text(reason)})</i>' if reason else ''}</td>"
        )
    return f'<tr class="{state}"><td>{state}</td>{"".join(data)}</tr>'


def _text(value: object) -> str:
    return escape(clean(value), quote=True)
