"""The runs that a folder has journals of."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.apply.journal.applied_plans import DEFAULT_FOLDER
from lsnb.apply.journal.model import NOT_STARTED
from lsnb.apply.journal.reader import read_journal
from lsnb.errors import JournalError
from lsnb.report.words import facts_of
from lsnb.tables.spec import DTYPES

_KINDS: dict[str, Any] = {
    "started_at": DTYPES["time"],
    "organization": DTYPES["text"],
    "n_changes": DTYPES["count"],
    "done": DTYPES["count"],
    "failed": DTYPES["count"],
    "skipped": DTYPES["count"],
    "unknown": DTYPES["count"],
    "not_started": DTYPES["count"],
    "is_finished": DTYPES["flag"],
    "what": DTYPES["text"],
    "trouble": DTYPES["text"],
    "journal": DTYPES["text"],
    "organization_id": DTYPES["text"],
    "host": DTYPES["text"],
}


def list_runs(
    folder: str | os.PathLike[str] = DEFAULT_FOLDER, *, organization_id: str | None = None, host: str | None = None
) -> pd.DataFrame:
    """List the runs that a folder has journals of, the newest first.

    Args:
        folder: the folder; one that is not there has no runs.
        organization_id: only the runs of this organization.
        host: only the runs at this host.

    Returns:
        One row per journal: `started_at` (UTC), `organization`, `n_changes`, how many of them ended `done`, `failed`,
        `skipped` or `unknown` and how many were `not_started`, `is_finished` (whether the run came to its end),
        `what` (the kinds of change, in words), `trouble` (why the journal cannot be read; the rest is unknown then),
        `journal` (the file), `organization_id`, `host`.
    """
    rows = []
    for path in sorted(Path(folder).glob("*.jsonl")):
        row = _row(path)
        is_other = (organization_id and row.get("organization_id", organization_id) != organization_id) or (
            host and row.get("host", host) != host
        )
        if not is_other:
            rows.append(row)
    made = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=kind) for name, kind in _KINDS.items()})
    return made.sort_values(["started_at", "journal"], ascending=False, kind="stable").reset_index(drop=True)


def _row(path: Path) -> dict[str, Any]:
    try:
        record = read_journal(path)
    except JournalError as error:
        return {"journal": str(path), "trouble": str(error)}
    if "started_at" not in record.header:
        return {"journal": str(path), "trouble": f"The header of the journal {path} does not say when the run began."}
    outcomes = Counter(
        result.outcome or ("unknown" if result.trying else NOT_STARTED) for result in record.results.values()
    )
    return {
        "started_at": pd.Timestamp(str(record.header["started_at"])),
        "organization": record.plan.organization,
        "n_changes": len(record.plan),
        **{name: outcomes[name] for name in ("done", "failed", "skipped", "unknown")},
        "not_started": outcomes[NOT_STARTED],
        "is_finished": record.is_finished,
        "what": ", ".join(facts_of(record.plan).kinds),
        "journal": str(path),
        "organization_id": record.plan.organization_id,
        "host": record.plan.host,
    }
