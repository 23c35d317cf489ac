"""What is wrong with a sheet: gathered by column, listed by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.errors.safe_text import holds_key as holds_key  # what somebody pasted into a sheet gets into no plan
from lsnb.errors.safe_text import without_keys
from lsnb.sheets.model import PROBLEM_COLUMNS
from lsnb.sheets.text_normalize import Codes
from lsnb.tables.spec import DTYPES

HEADER_ROW = 1
#: What is wrong with a cell that holds a key, and what to do.
HOLDS_KEY = ("This holds a key, which everybody could read.", "Write something else, and revoke the key.")


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Why one cell is not understood.

    Args:
        column: the column that it is in.
        reason: what is wrong, as a sentence.
        hint: what to do, with the nearest valid value; empty where there is nothing to say.
    """

    column: str
    reason: str
    hint: str = ""


class Problems:
    """Gathers problems in any order, and lists them by row and column.

    Args:
        columns: the columns, in the order in which the problems of one row are listed.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._rank = {column: index for index, column in enumerate(columns)}
        self._found: list[tuple[int, int, str, str, str, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, row: int, value: str, misfit: CellProblem) -> None:
        """Note one problem.

        Args:
            row: the row's number in the sheet.
            value: what the cell holds.
            misfit: what is wrong with it.
        """
        rank = self._rank.get(misfit.column, len(self._rank))
        texts = (without_keys(value), without_keys(misfit.reason), without_keys(misfit.hint))
        self._found.append((row, rank, without_keys(misfit.column), *texts))

    def add_all(self, rows: Codes, codes: Codes, values: Sequence[str], misfits: dict[int, CellProblem]) -> None:
        """Note the same problem for every row that has the same bad value.

        Args:
            rows: the row numbers.
            codes: per row, the place of its value.
            values: the distinct values.
            misfits: what is wrong, by the place of the value.
        """
        if not misfits:
            return
        is_bad = np.zeros(len(values), dtype=bool)
        is_bad[list(misfits)] = True
        for row, code in zip(rows[is_bad[codes]].tolist(), codes[is_bad[codes]].tolist(), strict=True):
            self.add(row, values[code], misfits[code])

    def to_frame(self) -> pd.DataFrame:
        """List the problems: one row per bad cell, by row and column."""
        # A stable order: of two problems with one cell, the one that was found first comes first.
        found = sorted(self._found, key=lambda problem: problem[:2])
        columns = [[problem[index] for problem in found] for index in (0, 2, 3, 4, 5)]
        return pd.DataFrame(
            {
                name: pd.Series(values, dtype=DTYPES["count" if name == "row" else "text"])
                for name, values in zip(PROBLEM_COLUMNS, columns, strict=True)
            }
        )


def problem_lines(problems: pd.DataFrame, *, limit: int = 20) -> list[str]:
    """Write problems as plain lines, such as `row 7, langsmith_role 'Edtor': What is wrong. What to do.`, one each.

    Args:
        problems: problems with `PROBLEM_COLUMNS`.
        limit: how many to write out; the others are counted in a last line.
    """
    shown = problems[list(PROBLEM_COLUMNS)].head(limit).astype(object).to_numpy().tolist()
    lines = [
        f"row {row}, {column}" + (f" {value!r}" if value else "") + f": {reason}" + (f" {hint}" if hint else "")
        for row, column, value, reason, hint in shown
    ]
    if len(problems) > limit:
        lines.append(f"… and {len(problems) - limit:,} more")
    return lines


def problems_error(problems: pd.DataFrame, source: str) -> TableError:
    """Make the error of a sheet with problems: the first 20 in its message, all of them in `.problems`.

    Args:
        problems: problems with `PROBLEM_COLUMNS`, at least one.
        source: what to call the sheet in a sentence.
    """
    n = len(problems)
    head = f"{source} has {n:,} problem{'s' if n > 1 else ''}, and nothing was planned:"
    return TableError("\n  ".join([head, *problem_lines(problems)]), problems=problems)
