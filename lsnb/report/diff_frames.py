"""A difference as CSV and as plain data."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lsnb.analysis.compare.model import Diff
from lsnb.snapshot import SnapshotMeta


def diff_to_csv(diff: Diff) -> str:
    """Write the rows as CSV; cells that a spreadsheet would run as a formula are neutralised."""
    from lsnb.sheets.cells import neutralise

    frame = _with_times_as_texts(diff.frame)
    for name in frame.columns:
        if pd.api.types.is_string_dtype(frame[name].dtype):
            frame[name] = neutralise(frame[name])
    return frame.to_csv(index=False, lineterminator="\n")


def diff_to_json(diff: Diff) -> dict[str, Any]:
    """Give a difference as plain data: what was compared, the differences, and what was not compared."""
    return {
        "before": _meta(diff.before),
        "after": _meta(diff.after),
        "n_differences": len(diff),
        "n_unattributed": len(diff.unattributed),
        "n_events": diff.n_events,
        "summary": _records(diff.summary()),
        "differences": _records(_with_times_as_texts(diff.frame)),
        "not_compared": _records(diff.not_compared),
        "notes": list(diff.notes),
    }


def _meta(meta: SnapshotMeta) -> dict[str, Any]:
    return {
        "organization": meta.organization,
        "organization_id": meta.organization_id,
        "host": meta.host,
        "read_at": meta.read_at.isoformat(),
        "read_by": meta.caller.name,
    }


def _with_times_as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    when = frame["when"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype(frame["what"].dtype)
    return frame.assign(when=when)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object)
    plain = plain.where(plain.notna(), None)
    return [dict(zip(map(str, plain.columns), row, strict=True)) for row in plain.itertuples(index=False, name=None)]
