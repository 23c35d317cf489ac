"""A plan as a table."""

from __future__ import annotations

import pandas as pd

from lsnb.plan.model import Plan
from lsnb.report.words import from_words, to_words, who_words
from lsnb.tables.spec import DTYPES

#: The columns of a plan as a table, one row per change in the order of work. `about` is whom or what it concerns.
PLAN_COLUMNS = (
    "stage",
    "kind",
    "about",
    "email",
    "scope",
    "workspace",
    "from",
    "to",
    "reason",
    "risk",
    "reversible",
    "consequence",
    "id",
)


def plan_to_frame(plan: Plan) -> pd.DataFrame:
    """Give a plan as a table: one row per change, with `PLAN_COLUMNS`."""
    rows = [
        (
            change.stage,
            change.kind,
            who_words(change),
            change.email,
            change.scope,
            change.workspace,
            from_words(change),
            to_words(change),
            change.reason,
            change.risk,
            change.reversible,
            change.consequence,
            change.id,
        )
        for change in plan.changes
    ]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(PLAN_COLUMNS)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=DTYPES["flag" if name == "reversible" else "text"])
            for name, values in zip(PLAN_COLUMNS, columns, strict=True)
        }
    )


def plan_to_csv(plan: Plan) -> str:
    """Write a plan as CSV; cells that a spreadsheet would run as a formula are neutralised."""
    from lsnb.sheets.cells import neutralise

    frame = plan_to_frame(plan)
    for name in PLAN_COLUMNS:
        if name != "reversible":
            frame[name] = neutralise(frame[name])
    return frame.to_csv(index=False, lineterminator="\n")
