"""What an edited access sheet comes down to: rows that are understood, and problems that are not."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: The columns of `Edits.rows`. `row` is the row's number in the sheet as people count (the header is row 1).
#: `scope` is "organization" or "workspace"; `action` is "set" or "remove"; a role is unknown where the cell was empty
#: (leave alone) or the action is remove.
EDIT_COLUMNS = (
    "row",
    "email",
    "scope",
    "workspace",
    "workspace_id",
    "role",
    "role_id",
    "role_name",
    "action",
    "note",
)

#: The columns of `Edits.problems`.
PROBLEM_COLUMNS = ("row", "column", "value", "reason", "hint")


@dataclass(frozen=True, slots=True)
class Edits:
    """An edited access sheet, checked against a snapshot.

    Args:
        rows: one row per wish that is understood, with `EDIT_COLUMNS`: at most one per e-mail, scope and workspace.
        problems: one row per cell that is not, with `PROBLEM_COLUMNS`; empty when all is understood.
        source: what to call the sheet in a sentence, such as "changes.csv".
        remarks: what a reader should know, such as what was left aside, as (rule, sentence).
        hidden_rows: the rows that the file does not show.
        file_rows: the rows whose problems lie in the file and not in a text, so that they can be mended only there.
    """

    rows: pd.DataFrame
    problems: pd.DataFrame
    source: str
    remarks: tuple[tuple[str, str], ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    file_rows: frozenset[int] = frozenset()

    @property
    def is_clean(self) -> bool:
        """Whether every cell was understood."""
        return self.problems.empty

    def require_clean(self) -> Edits:
        """Return the edits themselves when every cell was understood.

        Raises:
            TableError: a cell was not; the message lists the first 20 problems, and `.problems` has all.
        """
        if self.is_clean:
            return self
        from lsnb.sheets.problems import problems_error  # which needs the columns above

        raise problems_error(self.problems, self.source)
