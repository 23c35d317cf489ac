"""An editable table for notebooks, that never changes the DataFrame it shows and hands back what was edited."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets as t

from lsnb.errors import GridError
from lsnb.tables.spec import DTYPES
from lsnb.widgets.grid_cells import GridCells, Op, Outcome, RowId
from lsnb.widgets.grid_columns import GridColumn, guess_column
from lsnb.widgets.grid_frames import added_frame, edited_frame, edits_frame
from lsnb.widgets.grid_messages import all_problems, marks_from, pack_table
from lsnb.widgets.grid_static import STATIC_ROWS, static_table

_STATIC = Path(__file__).parent / "static"


class Grid(anywidget.AnyWidget):
    """Show a DataFrame as a table to edit, and give the edits back.

    In the table: type or double-click to edit, paste and copy blocks, fill down (Ctrl+D), filter, sort, tick rows and
    set a value for all of them, mark rows for removal (Delete), add rows, undo (Ctrl+Z) and redo (Ctrl+Y).
    Python checks every edit. A value that fails is kept and marked; a locked column refuses.

    Args:
        frame: the table. It is never changed.
        columns: what is shown, as `GridColumn` or plain names (locked); every column, locked, when left out.
        key: the column or columns that identify a row; the index, when left out.
        can_add: whether rows can be added.
        can_remove: whether rows can be marked for removal.
        can_select: whether rows can be ticked, for `selected` or to set a value for all of them.
        new_row: values that an added row starts with.
        height: the most pixels that the table takes; one of few rows is as high as they are.
        caption: what stands above the table.

    Raises:
        GridError: a column is not in the table, or two rows have the same key.
    """

    _esm = _STATIC / "grid.js"
    _css = _STATIC / "grid.css"

    height = t.Int(420, help="Most pixels of height.").tag(sync=True)
    #: Goes up with every change of the edits; observe it by name.
    revision = t.Int(0)

    #: So many rows stand as a plain table in a saved notebook; 0 keeps all of them out of the file.
    static_rows: int = STATIC_ROWS

    def __init__(
        self,
        frame: pd.DataFrame,
        columns: Sequence[GridColumn | str] | None = None,
        *,
        key: str | Sequence[str] | None = None,
        can_add: bool = False,
        can_remove: bool = False,
        can_select: bool = True,
        new_row: Mapping[str, Any] | None = None,
        height: int = 420,
        caption: str = "",
    ) -> None:
        # JupyterLab may hand messages over on another thread while a cell runs.
        self._lock = threading.RLock()
        self._columns = columns
        self._key = () if key is None else (key,) if isinstance(key, str) else tuple(key)
        self._new_row = dict(new_row or {})
        self._can_add, self._can_remove, self._can_select = can_add, can_remove, can_select
        self._caption = caption
        self._callbacks: list[Callable[[Grid], object]] = []
        self._selected: list[RowId] = []
        self._seen: dict[str, int] = {}  # the number of the last message of each page
        self._revisions = count(1)
        self._own_ids = count(1)
        self._generation = 1  # rows are named by their place, which means another row once the table was replaced
        self._cells = self._make_cells(frame)
        super().__init__(height=height)
        self.on_msg(self._hear)

    # --- what was edited

    @property
    def frame(self) -> pd.DataFrame:
        """The table as it was given."""
        return self._cells.frame

    @property
    def edits(self) -> pd.DataFrame:
        """One row per edited cell: key, column, before, after. Rows to be removed and added ones are not among them."""
        with self._lock:
            return edits_frame(self._cells)

    @property
    def added(self) -> pd.DataFrame:
        """One row per added row, with its key ("new:1" and so on) and the table's columns."""
        with self._lock:
            return added_frame(self._cells)

    @property
    def removed(self) -> list[Any]:
        """The keys of rows that are marked for removal."""
        with self._lock:
            return [self._cells.key_of(row_id) for row_id in self._cells.removed]

    @property
    def problems(self) -> pd.DataFrame:
        """One row per cell with something wrong: key, column, value, reason."""
        with self._lock:
            cells = self._cells
            rows = [(cells.key_of(i), name, cells.value(i, name), reason) for i, name, reason in all_problems(cells)]
        problems = pd.DataFrame(rows, columns=["key", "column", "value", "reason"], dtype=object)
        return problems.astype({"column": DTYPES["text"], "reason": DTYPES["text"]})

    @property
    def selected(self) -> list[Any]:
        """The keys of the rows that are ticked, in the table's order."""
        with self._lock:
            there = [row_id for row_id in self._selected if self._cells.has(row_id)]
            return [self._cells.key_of(row_id) for row_id in there]

    def edited(self) -> pd.DataFrame:
        """Give the table with all edits: rows marked for removal are gone, added ones stand at the end."""
        with self._lock:
            return edited_frame(self._cells)

    # --- editing from Python; open views follow

    def set_value(self, key: Any, column: str, value: Any) -> None:
        """Set one cell.

        Raises:
            GridError: there is no such row or column, or it is locked.
        """
        self.set_values([key], column, value)

    def set_values(self, keys: Iterable[Any], column: str, value: Any) -> None:
        """Set one column of several rows to the same value, as one step.

        Raises:
            GridError: there is no such row or column, or it is locked; then nothing is set.
        """
        with self._changing():
            ids = [self._cells.id_of(key) for key in keys]
            for reason in filter(None, (self._cells.locked(row_id, column) for row_id in ids)):
                raise GridError(f"{column!r} was not set: {reason}")
            self._do([{"op": "set", "column": column, "ids": ids, "values": [value] * len(ids)}])

    def add_row(self, values: Mapping[str, Any] | None = None) -> Any:
        """Add a row and give its key.

        Raises:
            GridError: rows cannot be added here, or a value is of a column that the table does not have.
        """
        wrong = [name for name in values or {} if name not in self.frame.columns]
        if wrong:
            raise GridError(f"the row was not added: the table has no column {', '.join(map(repr, wrong))}")
        with self._changing():
            row_id = f"python-{next(self._own_ids)}"
            self._do([{"op": "add", "ids": [row_id], "rows": [dict(values or {})]}])
            return self._cells.key_of(row_id)

    def remove_rows(self, keys: Iterable[Any]) -> None:
        """Mark rows for removal; an added one goes at once.

        Raises:
            GridError: there is no such row, or rows cannot be removed here.
        """
        with self._changing():
            self._do([{"op": "remove", "ids": [self._cells.id_of(key) for key in keys]}])

    def restore_rows(self, keys: Iterable[Any]) -> None:
        """Take the mark for removal off rows again.

        Raises:
            GridError: there is no such row.
        """
        with self._changing():
            self._do([{"op": "restore", "ids": [self._cells.id_of(key) for key in keys]}])

    def undo(self) -> bool:
        """Take the last step back, wherever it was made; say whether there was one."""
        with self._changing():
            return self._step(*self._cells.undo())

    def redo(self) -> bool:
        """Do the step again that was taken back last; say whether there was one."""
        with self._changing():
            return self._step(*self._cells.redo())

    def reset(self, frame: pd.DataFrame | None = None) -> None:
        """Forget all edits, marks and steps, and show the same table or another one.

        Raises:
            GridError: the other table lacks a column, or two of its rows have the same key.
        """
        with self._changing():
            self._cells = self._make_cells(self.frame if frame is None else frame)
            self._generation += 1
            self._selected = []
            self._send_table()
            self._told = True

    def mark(self, problems: pd.DataFrame) -> None:
        """Show problems that were found elsewhere at their cells, in place of those marked before.

        A mark goes when its cell is edited.

        Args:
            problems: key, column, reason. What names no column of the grid stands at the row's first cell.

        Raises:
            GridError: there is no such row.
        """
        with self._lock:
            news = self._cells.mark(marks_from(problems, self._cells))
            self.send({"type": "ops", "ops": [], "problems": news, "steps": self._cells.steps})

    def on_change(self, callback: Callable[[Grid], object]) -> Callable[[], None]:
        """Call a function with the grid after every change of the edits; the result ends that.

        It may be called on another thread.
        """
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    # --- inside

    def _make_cells(self, frame: pd.DataFrame) -> GridCells:
        if self._can_add and "key" in frame.columns:
            raise GridError("a table with a column called 'key' cannot be added to: grid.added names its rows so")
        columns = [
            column if isinstance(column, GridColumn) else guess_column(frame, column)
            for column in (frame.columns if self._columns is None else self._columns)
            if isinstance(column, GridColumn) or column in frame.columns or self._refuse(column, frame)
        ]
        return GridCells(
            frame, columns, self._key, new_row=self._new_row, can_add=self._can_add, can_remove=self._can_remove
        )

    @staticmethod
    def _refuse(column: str, frame: pd.DataFrame) -> bool:
        raise GridError(f"the table has no column {column!r}; it has {list(frame.columns)}")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock while the edits change, and tell who listens once it is free."""
        with self._lock:
            self._told = False
            yield
            changed, revision = self._told, next(self._revisions)
        if changed:
            self.revision = max(self.revision, revision)
            for callback in list(self._callbacks):
                callback(self)

    def _do(self, ops: list[Op]) -> None:
        """Carry out what Python asks for, and show it."""
        outcome = self._cells.do(ops)
        if outcome.refused:
            raise GridError(f"the grid did not take this: {outcome.refused[0][2]}")
        self._step(ops, outcome)

    def _step(self, ops: list[Op], outcome: Outcome) -> bool:
        problems = self._cells.check(outcome.touched)
        if outcome.done:
            self._told = True
            self.send({"type": "ops", "ops": [*ops, *outcome.fixes], "problems": problems, "steps": self._cells.steps})
        return outcome.done

    def _hear(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        """Answer the browser."""
        kind, client, number = message.get("type"), str(message.get("client", "")), int(message.get("seq", 0))
        if kind == "ready":
            with self._lock:
                self._send_table(client)
        elif kind == "selected":
            with self._lock:
                self._selected = list(message["ids"]) if self._is_current(message) else []
        elif kind in ("edit", "undo", "redo"):
            try:
                with self._changing():
                    self._take(kind, client, number, message)
            except Exception as error:  # what a callback raises would vanish: nobody sees the kernel's log
                self.send({"type": "failed", "text": f"{type(error).__name__}: {error}"})
                raise

    def _take(self, kind: str, client: str, number: int, message: dict[str, Any]) -> None:
        if number <= self._seen.get(client, 0):
            return self._answer(client, Outcome(), [])  # sent twice, because the answer was late
        self._seen[client] = number
        ops: list[Op] = []
        if not self._is_current(message):
            outcome = Outcome(refused=[("", "", "the table was replaced meanwhile")])
        elif kind == "edit":
            outcome = self._cells.do(message["ops"])
        else:
            ops, outcome = self._cells.undo() if kind == "undo" else self._cells.redo()
        self._told = outcome.done
        return self._answer(client, outcome, ops)

    def _is_current(self, message: Mapping[str, Any]) -> bool:
        return bool(message.get("generation", self._generation) == self._generation)

    def _answer(self, client: str, outcome: Outcome, ops: list[Op]) -> None:
        problems = self._cells.check(outcome.touched)
        refused = [reason for _, _, reason in outcome.refused]
        self.send(
            {
                "type": "taken",
                "client": client,
                "seq": self._seen.get(client, 0),
                "ops": [*ops, *outcome.fixes],
                "problems": problems,
                "refused": [len(refused), refused[0] if refused else ""],
                "steps": self._cells.steps,
            }
        )

    def _send_table(self, client: str = "") -> None:
        head = {
            "type": "table",
            "client": client,
            "seq": self._seen.get(client, 0),
            "steps": self._cells.steps,
            "generation": self._generation,
        }
        self.send(head, [pack_table(self._cells, caption=self._caption, can_select=self._can_select)])

    def __repr__(self) -> str:
        cells = self._cells
        n_edits = sum(map(len, cells.changed.values()))
        return (
            f"<Grid: {len(cells.frame):,} rows, {n_edits:,} cells edited, {len(cells.added):,} rows added, "
            f"{len(cells.removed):,} to be removed>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Give the widget, and a plain table for where no script runs."""
        made = super()._repr_mimebundle_(**kwargs)
        data, metadata = made if isinstance(made, tuple) else (made or {}, {})
        with self._lock:
            table = static_table(self._cells, caption=self._caption, n_rows=self.static_rows)
        return {**data, "text/html": table, "text/plain": repr(self)}, metadata
