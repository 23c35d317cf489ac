"""Keys and tokens as people name them: by id, by the part that may be shown, or by a description that is the only one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lsnb.sheets.problems import CellProblem
from lsnb.sheets.table import Line
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold

Row = dict[str, Any]


def known(row: Mapping[str, Any], name: str) -> str:
    """Give a cell of a table as text; the empty text where it is unknown."""
    value = row.get(name)
    return "" if value is None or pd.isna(value) else str(value)


def records_of(table: pd.DataFrame) -> list[Row]:
    """Give a small table row by row."""
    return [dict(zip(table.columns, values, strict=True)) for values in table.astype(object).to_numpy().tolist()]


class CredentialIndex:
    """The rows of a table of keys or tokens under their names.

    Args:
        table: the table.
        id_column: the table's column of ids.
        word: what one row is called in a sentence.
        sheet_id: the sheet's column of ids.
        sheet_short: the column of the part that may be shown, in the sheet and in the table.
    """

    def __init__(
        self, table: pd.DataFrame, id_column: str, word: str, sheet_id: str, *, sheet_short: str = "short_key"
    ) -> None:
        self.rows = records_of(table)
        self.word = word
        self._sheet_id = sheet_id
        self._sheet_short = sheet_short
        self.by_id = {known(row, id_column).casefold(): row for row in self.rows}
        self._by_short: dict[str, list[Row]] = defaultdict(list)
        self._by_description: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            self._by_short[known(row, sheet_short).casefold()].append(row)
            self._by_description[fold(known(row, "description"))].append(row)
        self._nearest = Nearest(known(row, "description") for row in self.rows)

    def described(self, description: str) -> list[Row]:
        """List the rows with a description, whatever its case."""
        return self._by_description.get(fold(description), [])

    def find(self, line: Line) -> Row | CellProblem:
        """Find what a row of a sheet is about, or say why nothing is."""
        for column, index in (
            (self._sheet_id, {name: [row] for name, row in self.by_id.items()}),
            (self._sheet_short, self._by_short),
        ):
            if line[column]:
                found = index.get(line[column].casefold(), [])
                return self._only(found, column, line)
        if line["description"]:
            return self._only(self.described(line["description"]), "description", line)
        return CellProblem(
            self._sheet_id, f"The row names no {self.word}.", f"Fill in {self._sheet_id} or {self._sheet_short}."
        )

    def _only(self, found: list[Row], column: str, line: Line) -> Row | CellProblem:
        if len(found) == 1:
            return found[0]
        if found:
            return CellProblem(column, f"{len(found)} {self.word}s have this {column}.", f"Write the {self._sheet_id}.")
        near = self._nearest.find(line["description"]) if line["description"] else []
        return CellProblem(column, f"No {self.word} that can be seen has this {column}.", did_you_mean(near))
