"""Filter a table by words, fast enough to do it while somebody types."""

from __future__ import annotations

import difflib

import numpy as np
import pandas as pd

from lsnb.errors import TableError


class RowFilter:
    """Finds the rows of one table by words; what a column says is taken apart once.

    Args:
        frame: the table.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._columns: dict[str, tuple[np.ndarray, list[str]]] = {}

    def rows(self, text: str) -> pd.DataFrame:
        """Keep the rows in which every word is found, in any column and any case.

        Args:
            text: the words. `role:viewer` looks in the column `role` only, and `-word` keeps the rows without it. What
                stands before a colon and is no column is text like any other, as in `runs:delete`.

        Raises:
            TableError: a word nearly names a column that the table has.
        """
        names = [str(name) for name in self._frame.columns]
        kept = np.ones(len(self._frame), dtype=bool)
        for word in text.split():
            is_without = word.startswith("-") and len(word) > 1
            wanted = word[1:] if is_without else word
            column, colon, value = wanted.partition(":")
            places = names
            if colon and column in names:
                places, wanted = [column], value
            elif colon and difflib.get_close_matches(column, names, n=1, cutoff=0.7):
                raise TableError(f"The table has no column {column!r}. It has: {', '.join(names)}.")
            if wanted:
                hits = self._hits(places, wanted.casefold())
                kept &= ~hits if is_without else hits
        return self._frame[kept]

    def _hits(self, names: list[str], wanted: str) -> np.ndarray:
        hits = np.zeros(len(self._frame), dtype=bool)
        for name in names:
            codes, texts = self._column(name)
            # Each distinct value is looked at once; the last place is that of the empty cells.
            found = np.fromiter((wanted in text for text in texts), dtype=bool, count=len(texts))
            hits |= np.append(found, False)[codes]
        return hits

    def _column(self, name: str) -> tuple[np.ndarray, list[str]]:
        if name not in self._columns:
            column = self._frame[name]
            try:
                codes, values = pd.factorize(column)
            except TypeError:  # cells that are lists
                codes, values = pd.factorize(column.map(str))
            self._columns[name] = codes, [str(value).casefold() for value in values]
        return self._columns[name]
