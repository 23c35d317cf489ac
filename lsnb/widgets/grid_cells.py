"""The rows of one grid and what was done to them: pure bookkeeping, without a widget or a browser.

Rows are named by an id: their place in the DataFrame, or the text that whoever added them made up. What is done to rows
is an operation, a small dict that is the same here, on the wire and in the browser:

    {"op": "set", "column": name, "ids": [...], "values": [...]}
    {"op": "add", "ids": [...], "rows": [{name: value, ...}, ...]}
    {"op": "remove", "ids": [...]}       a row of the DataFrame is marked, an added one goes
    {"op": "restore", "ids": [...]}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lsnb.errors import GridError
from lsnb.widgets.grid_columns import GridColumn, Value
from lsnb.widgets.grid_frames import shown_values

RowId = int | str
Op = dict[str, Any]
#: So many steps can be taken back.
MOST_STEPS = 500


@dataclass
class Outcome:
    """What came of operations.

    Attributes:
        done: whether anything changed.
        inverse: the operations that take it back.
        fixes: operations that bring whoever asked to what was really taken: a value that was read as another one, or
            the old value where a column is locked.
        refused: one (id, column, reason) for each cell or row that was not taken.
        touched: the cells that may have another problem now.
    """

    done: bool = False
    inverse: list[Op] = field(default_factory=list)
    fixes: list[Op] = field(default_factory=list)
    refused: list[tuple[RowId, str, str]] = field(default_factory=list)
    touched: dict[tuple[RowId, str], None] = field(default_factory=dict)

    def fix(self, column: str, row_id: RowId, value: Value) -> None:
        """Note what a cell really holds."""
        if not (self.fixes and self.fixes[-1]["op"] == "set" and self.fixes[-1]["column"] == column):
            self.fixes.append({"op": "set", "column": column, "ids": [], "values": []})
        self.fixes[-1]["ids"].append(row_id)
        self.fixes[-1]["values"].append(value)


class GridCells:
    """Hold the cells of a DataFrame as a browser shows them, the edits on top, and the steps to take them back.

    Args:
        frame: the table; it is only read.
        columns: the columns that are shown.
        key: the columns that identify a row; none means the index.
        new_row: values that an added row starts with; they may be of columns that are not shown.
        can_add: whether rows may be added.
        can_remove: whether rows may be marked for removal.

    Raises:
        GridError: a column is not in the table, or two rows have the same key.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        columns: Sequence[GridColumn],
        key: Sequence[str],
        *,
        new_row: Mapping[str, Any],
        can_add: bool,
        can_remove: bool,
    ) -> None:
        _require_columns(frame, [column.name for column in columns], key, new_row)
        self.frame = frame
        self.columns = {column.name: column for column in columns}
        self.key_columns = tuple(key)
        self.new_row = dict(new_row)
        self.can_add = can_add
        self.can_remove = can_remove
        self.keys = frame_keys(frame, self.key_columns)
        self._id_of = {item: place for place, item in enumerate(self.keys)}
        self.shown = {name: shown_values(frame[name], column.kind) for name, column in self.columns.items()}
        self.changed: dict[str, dict[int, Value]] = {name: {} for name in self.columns}
        self.added: dict[str, dict[str, Value]] = {}
        self.removed: dict[int, None] = {}
        self.problems: dict[tuple[RowId, str], str] = {}
        self.marks: dict[tuple[RowId, str], str] = {}
        self._key_of_added: dict[str, str] = {}
        self._hidden_of_added: dict[str, dict[str, Any]] = {}
        self._undo: list[list[Op]] = []
        self._redo: list[list[Op]] = []

    # --- rows and cells

    def key_of(self, row_id: RowId) -> Any:
        """Give the key of a row; that of an added one is "new:1" and so on."""
        return self.keys[row_id] if isinstance(row_id, int) else self._key_of_added[row_id]

    def id_of(self, key: Any) -> RowId:
        """Find a row by its key.

        Raises:
            GridError: there is no such row.
        """
        key = tuple(key) if isinstance(key, list) else key
        for row_id in self.added:
            if self._key_of_added[row_id] == key:
                return row_id
        try:
            return self._id_of[key]
        except (KeyError, TypeError):
            raise GridError(
                f"the grid has no row with the key {key!r}; grid.frame and grid.added have the keys"
            ) from None

    def value(self, row_id: RowId, column: str) -> Value:
        """Give what a cell holds now."""
        if isinstance(row_id, str):
            return self.added[row_id][column]
        return self.changed[column].get(row_id, self.shown[column][row_id])

    def added_values(self, row_id: str) -> dict[str, Any]:
        """Give all values of an added row, those of columns that are not shown too."""
        return self._hidden_of_added.get(row_id, {}) | self.added[row_id]

    def has(self, row_id: object) -> bool:
        """Say whether there is such a row."""
        if isinstance(row_id, int) and not isinstance(row_id, bool):
            return 0 <= row_id < len(self.frame)
        return row_id in self.added

    def locked(self, row_id: RowId, column: str) -> str | None:
        """Say why a cell cannot be edited, or give None."""
        spec = self.columns.get(column)
        if spec is None:
            return f"there is no column {column!r}"
        if spec.editable is True or (isinstance(row_id, str) and (spec.editable or column in self.key_columns)):
            return None
        return f"{spec.heading} cannot be edited"

    # --- doing and taking back

    def do(self, ops: Iterable[Op]) -> Outcome:
        """Carry operations out as one step that can be taken back."""
        outcome = self._run(ops, trusted=False)
        if outcome.done:
            self._undo = [*self._undo, outcome.inverse][-MOST_STEPS:]
            self._redo = []
        return outcome

    def undo(self) -> tuple[list[Op], Outcome]:
        """Take the last step back; give the operations that do so and what came of them."""
        return self._step(self._undo, self._redo)

    def redo(self) -> tuple[list[Op], Outcome]:
        """Do the step again that was taken back last."""
        return self._step(self._redo, self._undo)

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps can be taken back, and done again."""
        return len(self._undo), len(self._redo)

    def _step(self, source: list[list[Op]], target: list[list[Op]]) -> tuple[list[Op], Outcome]:
        if not source:
            return [], Outcome()
        ops = source.pop()
        outcome = self._run(ops, trusted=True)
        target.append(outcome.inverse)
        return ops, outcome

    def _run(self, ops: Iterable[Op], *, trusted: bool) -> Outcome:
        outcome = Outcome()
        for op in ops:
            {"set": self._set, "add": self._add, "remove": self._remove, "restore": self._restore}[op["op"]](
                op, outcome, trusted
            )
        outcome.inverse.reverse()
        return outcome

    def _set(self, op: Op, outcome: Outcome, trusted: bool) -> None:
        column = op["column"]
        spec = self.columns.get(column)
        before: list[tuple[RowId, Value]] = []
        for row_id, raw in zip(op["ids"], op["values"], strict=True):
            if not self.has(row_id):
                outcome.refused.append((row_id, column, "there is no such row"))
                continue
            reason = None if trusted else self.locked(row_id, column)
            if spec is None or reason:
                outcome.refused.append((row_id, column, reason or f"there is no column {column!r}"))
                if spec is not None:
                    outcome.fix(column, row_id, self.value(row_id, column))
                continue
            value, old = spec.read(raw), self.value(row_id, column)
            if same(value, old):
                value = old
            else:
                before.append((row_id, old))
                self._put(row_id, column, value)
                outcome.touched[row_id, column] = None
            if raw is not value and not (type(raw) is type(value) and raw == value):
                outcome.fix(column, row_id, self.value(row_id, column))
        if before:
            outcome.done = True
            outcome.inverse.append(
                {"op": "set", "column": column, "ids": [i for i, _ in before], "values": [v for _, v in before]}
            )

    def _put(self, row_id: RowId, column: str, value: Value) -> None:
        if isinstance(row_id, str):
            self.added[row_id][column] = value
        elif same(value, self.shown[column][row_id]):
            self.changed[column].pop(row_id, None)
        else:
            self.changed[column][row_id] = value

    def _add(self, op: Op, outcome: Outcome, trusted: bool) -> None:
        new = []
        for row_id, values in zip(op["ids"], op["rows"], strict=True):
            if not isinstance(row_id, str) or row_id in self.added or not (self.can_add or trusted):
                outcome.refused.append((row_id, "", "rows cannot be added here"))
                continue
            start = self.new_row | {n: v for n, v in values.items() if n in self.columns or n in self.frame.columns}
            self.added[row_id] = {name: spec.read(start.get(name)) for name, spec in self.columns.items()}
            hidden = {name: value for name, value in start.items() if name not in self.columns}
            self._hidden_of_added.setdefault(row_id, hidden)
            self._key_of_added.setdefault(row_id, f"new:{len(self._key_of_added) + 1}")
            for name in self.columns:
                outcome.touched[row_id, name] = None
                if not same(self.added[row_id][name], values.get(name)):
                    outcome.fix(name, row_id, self.added[row_id][name])
            new.append(row_id)
        if new:
            outcome.done = True
            outcome.inverse.append({"op": "remove", "ids": new})

    def _remove(self, op: Op, outcome: Outcome, trusted: bool) -> None:
        gone: list[tuple[str, dict[str, Value]]] = []
        marked: list[int] = []
        for row_id in op["ids"]:
            if not self.has(row_id) or not (self.can_remove or row_id in self.added or trusted):
                outcome.refused.append((row_id, "", "rows cannot be removed here"))
            elif isinstance(row_id, str):
                gone.append((row_id, self.added.pop(row_id)))
                for name in self.columns:
                    outcome.touched[row_id, name] = None
            elif row_id not in self.removed:
                self.removed[row_id] = None
                marked.append(row_id)
        if gone:
            outcome.inverse.append({"op": "add", "ids": [i for i, _ in gone], "rows": [row for _, row in gone]})
        if marked:
            outcome.inverse.append({"op": "restore", "ids": marked})
        outcome.done = outcome.done or bool(gone or marked)

    def _restore(self, op: Op, outcome: Outcome, trusted: bool) -> None:
        back = [row_id for row_id in op["ids"] if row_id in self.removed]
        for row_id in back:
            del self.removed[row_id]
        if back:
            outcome.done = True
            outcome.inverse.append({"op": "remove", "ids": back})

    # --- what is wrong

    def check(self, cells: Iterable[tuple[RowId, str]]) -> list[tuple[RowId, str, str | None]]:
        """Judge cells anew; give the cells whose reason became another one, None where all is well now."""
        answers: dict[tuple[str, type, Value], str | None] = {}
        news = []
        for cell in cells:
            row_id, column = cell
            before = self.reason(cell)
            self.marks.pop(cell, None)
            self.problems.pop(cell, None)
            if row_id in self.added or (isinstance(row_id, int) and row_id in self.changed[column]):
                value = self.value(row_id, column)
                asked = (column, type(value), value)
                if asked not in answers:
                    answers[asked] = self.columns[column].problem(value)
                reason = answers[asked]
                if reason and self.locked(row_id, column) is None:
                    self.problems[cell] = reason
            if self.reason(cell) != before:
                news.append((*cell, self.reason(cell)))
        return news

    def mark(self, marks: Mapping[tuple[RowId, str], str]) -> list[tuple[RowId, str, str | None]]:
        """Put problems that were found elsewhere at their cells, in place of those put there before."""
        cells = dict.fromkeys([*self.marks, *marks])
        before = {cell: self.reason(cell) for cell in cells}
        self.marks = dict(marks)
        return [(*cell, self.reason(cell)) for cell in cells if self.reason(cell) != before[cell]]

    def reason(self, cell: tuple[RowId, str]) -> str | None:
        """Say what is wrong with a cell, or give None."""
        found = [reasons[cell] for reasons in (self.problems, self.marks) if cell in reasons]
        return "; ".join(found) or None


def same(one: Value, other: Value) -> bool:
    """Say whether two cells hold the same; an empty text and nothing look the same, and count so."""
    if one in (None, "") and other in (None, ""):
        return True
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def frame_keys(frame: pd.DataFrame, key: Sequence[str]) -> list[Any]:
    """List the key of each row: a value, or a tuple where the key has several columns.

    Raises:
        GridError: two rows have the same key.
    """
    if not key:
        keys = frame.index.tolist()
    elif len(key) == 1:
        keys = frame[key[0]].tolist()
    else:
        keys = list(zip(*(frame[name].tolist() for name in key), strict=True))
    index = pd.Index(keys, tupleize_cols=False)
    if not index.is_unique:
        twice = index[index.duplicated()].tolist()
        raise GridError(
            f"{len(twice)} rows have the same key as a row before them, the first is {twice[0]!r}; "
            f"name columns that identify a row with key=[...], or take the doubles out"
        )
    return keys


def _require_columns(frame: pd.DataFrame, names: Sequence[str], key: Sequence[str], new_row: Mapping[str, Any]) -> None:
    missing = [name for name in dict.fromkeys([*names, *key, *new_row]) if name not in frame.columns]
    if missing:
        raise GridError(f"the table has no column {', '.join(map(repr, missing))}; it has {list(frame.columns)}")
    if len(set(names)) < len(names):
        raise GridError(f"a column stands twice in the grid: {list(names)}")
