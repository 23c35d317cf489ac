"""The table `completeness`: what was read, what was not, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from lsnb.tables.spec import TableSpec, build_frame, count, text, time

Status = Literal["complete", "partial", "unreadable", "unavailable", "not-loaded"]

COMPLETENESS = TableSpec(
    name="completeness",
    row="one table and one endpoint that it was read from",
    columns=(
        text("table", "the table", required=True),
        text("endpoint", "the endpoint, as method and path", required=True),
        text(
            "status",
            "`complete`, `partial` (what is there is right, but not everything is there), `unreadable` (the key may "
            "not), `unavailable` (the plan or the server does not offer it) or `not-loaded` (was not asked for)",
            required=True,
        ),
        count("rows_promised", "how many rows the service announced; unknown where it announces none", unit="rows"),
        count("rows_got", "how many rows came; unknown where it was not read", unit="rows"),
        time("read_at", "when the reading ended"),
        text("reason", "why it is not complete, and what to do about it"),
    ),
    key=("table", "endpoint"),
    sort=("table", "endpoint"),
    endpoints=(),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one endpoint for one table; the row of `completeness`."""

    table: str
    endpoint: str
    status: Status
    rows_promised: int | None = None
    rows_got: int | None = None
    read_at: pd.Timestamp | None = None
    reason: str | None = None


def build_completeness(readings: Sequence[Reading]) -> pd.DataFrame:
    """Build `completeness` from the readings."""
    return build_frame(
        COMPLETENESS, {name: [getattr(reading, name) for reading in readings] for name in COMPLETENESS.column_names}
    )
