"""What the grid tells the browser: the whole table once, as one compressed message, and small ones after that.

Nothing of this is a synced trait, because those are saved with the notebook.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import pandas as pd

from lsnb.widgets.grid_cells import GridCells, RowId
from lsnb.widgets.grid_columns import GridColumn, Value

# A server drops what a kernel sends beyond a megabyte a second; packed, 20,000 rows are a third of one.
_LEVEL = 1


def pack_table(cells: GridCells, *, caption: str, can_select: bool = True) -> bytes:
    """Pack everything that a view needs: columns, rows, edits, problems."""
    table = {
        "caption": caption,
        "can_add": cells.can_add,
        "can_remove": cells.can_remove,
        "can_select": can_select,
        "new_row": {name: spec.read(cells.new_row.get(name)) for name, spec in cells.columns.items()},
        "columns": [_column(spec, is_key=name in cells.key_columns) for name, spec in cells.columns.items()],
        "n_rows": len(cells.frame),
        "values": [_pack_values(values) for values in cells.shown.values()],
        "changed": [
            {"op": "set", "column": name, "ids": list(values), "values": list(values.values())}
            for name, values in cells.changed.items()
            if values
        ],
        "added": {"op": "add", "ids": list(cells.added), "rows": list(cells.added.values())},
        "removed": list(cells.removed),
        "problems": all_problems(cells),
    }
    return gzip.compress(json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode(), _LEVEL, mtime=0)


def all_problems(cells: GridCells) -> list[tuple[RowId, str, str | None]]:
    """List every cell with what is wrong with it."""
    return [(*cell, cells.reason(cell)) for cell in dict.fromkeys([*cells.problems, *cells.marks])]


def marks_from(problems: pd.DataFrame, cells: GridCells) -> dict[tuple[RowId, str], str]:
    """Find the cells that a table of problems speaks of; what concerns no column shown stands at the first one."""
    first = next(iter(cells.columns), "")
    marks: dict[tuple[RowId, str], str] = {}
    for key, column, reason in problems[["key", "column", "reason"]].itertuples(index=False):
        cell = (cells.id_of(key), column if isinstance(column, str) and column in cells.columns else first)
        marks[cell] = f"{marks[cell]}; {reason}" if cell in marks else str(reason)
    return marks


def _column(spec: GridColumn, *, is_key: bool) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": spec.heading,
        "kind": spec.kind,
        "editable": spec.editable,
        "is_key": is_key,
        "choices": list(spec.choices),
        "strict": spec.strict,
        "width": spec.width,
        "pinned": spec.pinned,
        "help": spec.help,
    }


def _pack_values(values: list[Value]) -> list[Value] | dict[str, list[Any]]:
    """Name repeated texts once: a role stands in thousands of rows."""
    levels = dict.fromkeys(values[:2000])
    if len(levels) > 500 or any(isinstance(value, int | float) for value in levels):
        return values
    place: dict[Value, int] = {}
    codes = [place.setdefault(value, len(place)) for value in values]
    if any(isinstance(value, int | float) for value in place):  # 1 and True would be one level
        return values
    return {"levels": list(place), "codes": codes}
