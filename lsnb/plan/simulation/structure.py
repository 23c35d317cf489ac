"""Which workspaces, roles, keys, tokens and settings there would be once the changes of a plan are carried out."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lsnb.plan.kind_record import Rows
from lsnb.plan.kinds import KINDS
from lsnb.plan.model import Change
from lsnb.plan.subjects.workspace import follow_workspaces
from lsnb.snapshot import Snapshot
from lsnb.tables import SPECS
from lsnb.tables.spec import build_frame

#: Which tables a kind of change shows in, those about people apart.
TABLES_OF: dict[str, tuple[str, ...]] = {
    kind.name: kind.tables for kind in KINDS.values() if not kind.subject.is_person
}


def simulate_structure(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Give the organization as it would be, as far as workspaces, roles, keys, tokens and settings go.

    What a plan would create has its reference for an id, and the time of the reading where a time is needed. A table
    that was not read stays unread; nothing is made up about the rest of its rows.

    Args:
        snapshot: the organization as it was read.
        changes: the changes, in any order; those of people's membership are left aside.
    """
    made = [change for change in changes if change.kind in TABLES_OF]
    touched = {name for change in made for name in TABLES_OF[change.kind] if snapshot.is_readable(name)}
    if not touched:
        return snapshot
    tables = {name: snapshot.table(name) for name in snapshot.table_names}
    for name in touched:
        rows = _rows_of(tables[name])
        for change in made:
            if name in TABLES_OF[change.kind]:
                rows = KINDS[change.kind].effect(name, rows, change, snapshot)
        if name == "service_keys":
            rows = follow_workspaces(rows, made)
        spec = SPECS[name]
        tables[name] = build_frame(spec, {column: [row.get(column) for row in rows] for column in spec.column_names})
    return Snapshot(snapshot.meta, tables)


def _rows_of(table: pd.DataFrame) -> Rows:
    names = list(table.columns)
    plain = table.astype(object).where(table.notna(), None)
    return [dict(zip(names, values, strict=True)) for values in plain.to_numpy().tolist()]
