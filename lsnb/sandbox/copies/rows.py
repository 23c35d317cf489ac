"""Read the tables of a snapshot as plain rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pyarrow as pa

from lsnb.sandbox.records import Json


class Snapshot(Protocol):
    """What is asked of a snapshot."""

    @property
    def meta(self) -> Any:
        """Tell where, when and by whom it was read."""

    def is_readable(self, name: str) -> bool:
        """Tell whether a table was read."""

    def table(self, name: str) -> Any:
        """Give a table as a data frame."""


def read(snapshot: Snapshot, name: str) -> list[Json]:
    """Return the rows of a table, unknown values as None; no rows where the table was not read."""
    if not snapshot.is_readable(name):
        return []
    frame = snapshot.table(name)
    columns = [_to_list(frame[column]) for column in frame.columns]
    return [dict(zip(frame.columns, values, strict=True)) for values in zip(*columns, strict=True)]


def _to_list(column: Any) -> list[Any]:
    """Return the values of a column. Text goes by way of Arrow, since pandas takes each value out singly."""
    if str(column.dtype).startswith("string"):
        found: list[Any] = pa.array(column.array).to_pylist()
        return found
    return column.to_numpy(dtype=object, na_value=None).tolist()  # type: ignore[no-any-return]


def gather_texts(snapshot: Snapshot) -> set[str]:
    """Return the real names, addresses and ids of people and of the organization, which no invention may repeat."""
    meta = snapshot.meta
    found = {meta.organization_id, meta.organization, str(meta.read_at)}
    for name in ("access", "members", "invites", "workspaces"):
        if snapshot.is_readable(name):
            frame = snapshot.table(name)
            for column in ("email", "name", "identity_id", "workspace_id"):
                if column in frame.columns:
                    found.update(frame[column].dropna().unique().tolist())
    return found


def split_names(text: str | None, known: Mapping[str, str]) -> list[str]:
    """Return the ids behind names that are joined by `, `; a name may have a comma of its own."""
    pieces = text.split(", ") if text else []
    found: list[str] = []
    while pieces:
        for length in range(len(pieces), 0, -1):
            name = ", ".join(pieces[:length])
            if name in known:
                found.append(known[name])
                break
        else:
            length = 1  # a workspace that the snapshot does not list
        del pieces[:length]
    return found


def split_ids(text: str | None) -> list[str]:
    """Return ids that are joined by `, `."""
    return text.split(", ") if text else []


def group_by(rows: Iterable[Json], column: str) -> dict[str, list[Json]]:
    """Return the rows by the value of a column, in their order."""
    groups: dict[str, list[Json]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups
