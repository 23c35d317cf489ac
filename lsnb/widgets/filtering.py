"""Filter a table by words, fast enough to do it while somebody types."""

from __future__ import annotations

import difflib
import re

import numpy as np
import pandas as pd

from lsnb.errors import UnknownNameError
from lsnb.sheets.roles import role_words
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold_loosely
from lsnb.tables import builtin_roles

#: Words, of which a part in quotation marks may have blanks in it.
_WORDS = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
#: The columns that hold names of roles, and those that hold the system names beside them.
_ROLE_COLUMNS = {"role": "role_name", "workspace_role": "", "organization_role": "", "my_role": "", "default_role": ""}


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
            text: the words. `role:viewer` looks in the column `role` only, `role:"power user"` for two words together,
                and `-word` keeps the rows without it. A role is found by all its names. What stands before a colon and
                is no column is text like any other, as in `runs:delete`.

        Raises:
            UnknownNameError: a word names a column that the table does not have, or a value that its column never has.
        """
        names = [str(name) for name in self._frame.columns]
        kept = np.ones(len(self._frame), dtype=bool)
        for word in _WORDS.findall(text):
            is_without = word.startswith("-") and len(word) > 1
            wanted = word[1:] if is_without else word
            column, colon, value = wanted.partition(":")
            is_column = bool(colon) and column in names
            wanted = (value if is_column else wanted).replace('"', "").casefold()
            if not wanted:
                continue
            hits = self._hits([column] if is_column else names, wanted)
            if is_column and column in _ROLE_COLUMNS:
                hits |= self._role_hits(column, wanted)
            is_address = value.startswith("//")  # as in https://…, which no column is called
            if colon and value and not is_address and not hits.any() and len(self._frame):
                self._refuse(column, wanted, names, is_column=is_column)
            kept &= ~hits if is_without else hits
        return self._frame[kept]

    def _role_hits(self, column: str, wanted: str) -> np.ndarray:
        """Tell which rows hold a role of which another word is wanted, such as `workspace user` for Editor."""
        system = _ROLE_COLUMNS[column]
        codes, texts = self._column(column)
        hits = self._hits([system], wanted) if system in self._frame.columns else np.zeros(len(codes), dtype=bool)
        words = {shown.casefold(): role_words(shown, name) for name, (shown, _) in builtin_roles.SYSTEM_ROLES.items()}
        folded = fold_loosely(wanted)
        alike = [any(folded in fold_loosely(word) for word in words.get(text, ())) for text in texts]
        named: np.ndarray = np.append(np.array(alike, dtype=bool), False)[codes]
        named |= hits
        return named

    def _refuse(self, column: str, wanted: str, names: list[str], *, is_column: bool) -> None:
        """Say that a column is not there, or never holds what is looked for; an empty table would read as "nobody"."""
        if is_column:
            values = self._column(column)[1]
            near = Nearest(values).find(wanted)
            hint = f" {did_you_mean(near)}" if near else ""
            raise UnknownNameError(f"No row has {wanted!r} in {column}.{hint}", name=wanted, nearest=near)
        near = difflib.get_close_matches(column, names, n=1, cutoff=0.6)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(
            f"The table has no column {column!r}, and no cell holds {wanted!r}.{hint} It has: {', '.join(names)}.",
            name=column,
            nearest=near,
        )

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
