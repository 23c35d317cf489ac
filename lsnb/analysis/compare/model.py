"""What a comparison of two snapshots gives: one row per difference, and what could not be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from lsnb.errors.safe_text import visible_line
from lsnb.snapshot import SnapshotMeta

#: The columns of `Diff.frame`, one row per difference.
DIFF_COLUMNS = (
    "area",
    "change",
    "what",
    "item",
    "email",
    "workspace",
    "before",
    "after",
    "when",
    "actor",
    "key",
    "operation",
    "attributed",
    "matched_by",
    "n_other_events",
    "event_id",
    "item_id",
)


@dataclass(frozen=True, slots=True)
class Diff:
    """The differences between two snapshots of one organization.

    Args:
        frame: one row per difference, with `DIFF_COLUMNS`: the `area` (`people`, `invitations`, `access`, `roles`,
            `workspaces`, `service keys`, `tokens`, `settings`, ...), the `change` (`added`, `removed`, `changed`,
            `renamed`, `joined`), `what` of the `item` it is about, the person and the workspace where there is one, the
            value `before` and `after`; then the event of the audit log that explains it: `when` (UTC), `actor`, `key`,
            `operation`, whether it is `attributed` to one at all, what the event was `matched_by` (`id`, `workspace`,
            `operation`, `actor` or `person`), and how many other events fit (`n_other_events`; the last one is taken).
        not_compared: one row per table that could not be compared, or only in part: `table`, `status`, `reason`.
        before: where and when the first snapshot was read.
        after: the same of the second one.
        n_events: how many events of the log lie between the two; None where there was no log.
        notes: what else a reader must know, one sentence each.
    """

    frame: pd.DataFrame
    not_compared: pd.DataFrame
    before: SnapshotMeta
    after: SnapshotMeta
    n_events: int | None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return len(self.frame) > 0

    @property
    def unattributed(self) -> pd.DataFrame:
        """The rows that no event explains."""
        return self.frame[~self.frame["attributed"].astype(bool)].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """Count the differences.

        Returns:
            One row per area and kind of change: `area`, `change`, `what`, `n`, `n_unattributed`.
        """
        marked = self.frame.assign(open=~self.frame["attributed"].astype(bool))
        counts = marked.groupby(["area", "change", "what"], sort=False, as_index=False).agg(
            n=("open", "size"), n_unattributed=("open", "sum")
        )
        return counts.astype({"n": "Int64", "n_unattributed": "Int64"})

    def to_text(self, *, limit: int | None = 200) -> str:
        """Write it for a terminal; `limit` differences are listed, None for all."""
        from lsnb.report.diff_text import diff_to_text

        return diff_to_text(self, limit=limit)

    def to_markdown(self, *, limit: int | None = 200) -> str:
        """Write it for a ticket or a pull request; `limit` differences are listed, None for all."""
        from lsnb.report.diff_markdown import diff_to_markdown

        return diff_to_markdown(self, limit=limit)

    def to_html(self, *, page: bool = False, limit: int | None = 2000) -> str:
        """Write it as HTML: a part of a page, or a page of its own."""
        from lsnb.report.diff_html import diff_to_html

        return diff_to_html(self, page=page, limit=limit)

    def to_csv(self) -> str:
        """Write the rows as CSV; cells that a spreadsheet would run as a formula are neutralised."""
        from lsnb.report.diff_frames import diff_to_csv

        return diff_to_csv(self)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        from lsnb.report.diff_frames import diff_to_json

        return diff_to_json(self)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        n_open = len(self.unattributed)
        name = visible_line(self.before.organization)
        return f"<Diff of {name}: {len(self):,} differences, {n_open:,} that no event explains>"

    def _repr_html_(self) -> str:
        return self.to_html()
