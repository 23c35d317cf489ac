"""Look through any table of a snapshot: filter it, count it, draw it, take it along as a file."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import TableError
from lsnb.files.table_file import export_table
from lsnb.report.page_shell import render_part
from lsnb.report.plots import access_plots
from lsnb.report.words import counted
from lsnb.snapshot import Snapshot
from lsnb.widgets import alerts, controls
from lsnb.widgets.base import Form
from lsnb.widgets.download import Download
from lsnb.widgets.draft_store import Memory
from lsnb.widgets.files import table_file
from lsnb.widgets.filtering import RowFilter
from lsnb.widgets.grid import Grid
from lsnb.widgets.unsaved import Unsaved
from lsnb.widgets.work import Painter

if TYPE_CHECKING:
    from lsnb.organization import Organization

_PICTURES: dict[str, Callable[[Snapshot], Any]] = {
    "People and workspaces, by role": access_plots.plot_access,
    "Roles in each workspace": access_plots.plot_roles_by_workspace,
}
_NO_PICTURE = "none"
#: Columns of few values, by which a table is counted.
_COUNTED = ("role", "state", "source", "status", "is_disabled", "kind", "scope", "workspace")
_MOST_COUNTED = 6


class Explorer(Form):
    """Any table of a snapshot.

    Args:
        source: a snapshot, or an organization, which is read.
        table: the table that is shown first.
        fresh: begin without what an earlier form was told.
    """

    def __init__(self, source: Snapshot | Organization, *, table: str | None = None, fresh: bool = False) -> None:
        is_snapshot = isinstance(source, Snapshot)
        super().__init__("Look around", org=None if is_snapshot else source, fresh=fresh)  # type: ignore[arg-type]
        self.snapshot: Snapshot = source if isinstance(source, Snapshot) else source.snapshot()
        meta = self.snapshot.meta
        self.memory = Memory("explorer", f"{meta.host} {meta.organization_id}", fresh=fresh)
        names = self.snapshot.table_names
        wanted = table or self.memory.get("table", "access")
        if table is not None:
            self.snapshot.table(table)
        counts = {name: len(self.snapshot.table(name)) for name in names}
        options = [(f"{name.replace('_', ' ')} ({n:,})", name) for name, n in counts.items()]
        self.table_field = controls.choice_field("Table", options, wanted)
        self.filter_field = controls.line_field(
            "Filter", self.memory.get("filter", ""), hint="all words count; role:viewer looks in one column", live=True
        )
        self.picture_field = controls.choice_field("Picture", [_NO_PICTURE, *_PICTURES])
        self._frame = self.snapshot.table(str(self.table_field.value))
        self._filter = RowFilter(self._frame)
        self._shown = self._frame
        self._facts = controls.html()
        self._gaps = controls.html(_gaps(self.snapshot))
        self._grid_place = controls.stack()
        self._picture_place = controls.stack()
        self.grid: Grid | None = None
        self._filterer = Painter(self._filter_field, every_s=0.25)
        self.downloads = [self._download(label, ending) for label, ending in
                          (("CSV", ".csv"), ("Excel", ".xlsx"), ("Parquet", ".parquet"))]  # fmt: skip
        self.png_button = Download("Picture as PNG", lambda: self._picture_file("png"), on_error=self.show_error)
        self.svg_button = Download("Picture as SVG", lambda: self._picture_file("svg"), on_error=self.show_error)
        self._picture_row = controls.row(self.png_button, self.svg_button)
        self.on_value(self.table_field, lambda name: self._choose(str(name)))
        self.on_value(self.filter_field, lambda _: self._filterer.ask())
        self.picture_field.observe(
            lambda change: self.work("Drawing", lambda: self._draw_picture(change["new"])), names="value"
        )
        self.control(self.table_field)
        self.control(self.picture_field)
        self.body.children = [
            controls.row(self.table_field, self.filter_field, self.picture_field),
            self._gaps,
            self._facts,
            self._grid_place,
            controls.row(*self.downloads),
            self._picture_place,
            self._picture_row,
        ]
        controls.show(self._picture_row, False)
        self._show_grid()
        self.attempt(lambda: self.filter(str(self.filter_field.value)))

    @property
    def table(self) -> str:
        """The name of the table that is shown; it can be set."""
        return str(self.table_field.value)

    @table.setter
    def table(self, name: str) -> None:
        self.snapshot.table(name)
        self.table_field.value = name

    def shown(self) -> pd.DataFrame:
        """Give the rows that the filter leaves, with all their columns."""
        return self._shown.copy()

    def filter(self, text: str) -> pd.DataFrame:
        """Keep the rows in which every word is found, in any column and any case; none keeps all.

        Args:
            text: the words. `role:viewer` looks in the column `role` only, `role:"power user"` for two words together,
                and `-word` keeps the rows without it. A role is found by all its names. What stands before a colon and
                is no column is text like any other, as in `runs:delete`.

        Raises:
            UnknownNameError: a word names a column that the table does not have, or a value that its column never has.
        """
        shown = self._filter.rows(text)
        is_other = not shown.index.equals(self._shown.index)
        self._shown = shown
        if self.filter_field.value != text:
            self.filter_field.value = text
        self.memory.keep(table=self.table, filter=text)
        if self.grid is not None and is_other:
            self.grid.reset(self._shown.reset_index(drop=True))
        self._draw_facts()
        return self.shown()

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the rows that are shown to a file; the ending decides the format, see `lsnb.export_table`."""
        return export_table(self._shown, path, title=self.table)

    def figure(self, name: str = "People and workspaces, by role") -> Any:
        """Draw one of the pictures, as a matplotlib figure.

        Raises:
            TableError: there is no such picture.
        """
        if name not in _PICTURES:
            raise TableError(f"There is no picture {name!r}. There are: {', '.join(_PICTURES)}.")
        return _PICTURES[name](self.snapshot)

    def summary(self) -> str:
        """Say in a line what is shown."""
        n, total = len(self._shown), len(self._frame)
        part = f"{n:,} of {counted(total, 'row')}" if n != total else counted(total, "row")
        return f"{self.table.replace('_', ' ')} of {self.snapshot.meta.organization}: {part}."

    def on_close(self) -> None:
        """Stop filtering."""
        self._filterer.close()

    def _choose(self, name: str) -> None:
        self._frame = self.snapshot.table(name)
        self._filter = RowFilter(self._frame)
        self._shown = self._frame
        self._show_grid()
        try:
            self.filter(str(self.filter_field.value))
        except TableError:
            # A word for a column of the other table.
            self.filter("")

    def _filter_field(self) -> None:
        self.attempt(lambda: self.filter(str(self.filter_field.value)))

    def _show_grid(self) -> None:
        old = self.grid
        self.grid = Grid(self._shown.reset_index(drop=True), height=420, caption=self.table.replace("_", " "))
        self.grid.static_rows = 0
        self._grid_place.children = [self.grid]
        if old is not None:
            old.close()

    def _draw_facts(self) -> None:
        n, total = len(self._shown), len(self._frame)
        pairs: list[tuple[object, str]] = [(n, "rows" if n == total else f"of {total:,} rows")]
        column = next((name for name in _COUNTED if name in self._shown.columns), None)
        if column is not None and n:
            counts = self._shown[column].astype(object).fillna("unknown").value_counts()
            pairs += [(int(count), f"{column}: {value}") for value, count in counts.head(_MOST_COUNTED).items()]
        self._facts.value = alerts.facts(pairs)

    def _draw_picture(self, name: str) -> None:
        old = list(self._picture_place.children)
        if name == _NO_PICTURE:
            self._picture_place.children = []
        else:
            data = base64.b64encode(_picture_bytes(self.figure(name), "png")).decode()
            # The rows themselves are in the table above, for whoever cannot see the picture.
            image = Unsaved(render_part("picture", f"Picture: {name}", data, "lsnb-picture on-white"))
            self._picture_place.children = [image]
        controls.show(self._picture_row, name != _NO_PICTURE)
        for widget in old:
            controls.close_all(widget)

    def _picture_file(self, ending: str) -> tuple[str, bytes]:
        name = str(self.picture_field.value)
        return f"{name.lower().replace(' ', '-').replace(',', '')}.{ending}", _picture_bytes(self.figure(name), ending)

    def _download(self, label: str, ending: str) -> Download:
        return Download(
            label, lambda: table_file(self._shown, self.table, ending), on_error=self.show_error
        )  # fmt: skip


def explorer(source: Snapshot | Organization, *, table: str | None = None, fresh: bool = False) -> Explorer:
    """Look through any table: `.table`, `.filter(text)`, `.shown()`, `.export(path)`.

    Args:
        source: a snapshot, or an organization, which is read.
        table: the table that is shown first.
        fresh: begin without what an earlier form was told.

    Raises:
        TableError: there is no such table, or it could not be read.
        ApiError: the organization could not be read.
        TransportError: no answer came.
    """
    return Explorer(source, table=table, fresh=fresh)


def _picture_bytes(figure: Any, ending: str) -> bytes:
    buffer = io.BytesIO()
    # Long names and legends reach over the edge of the figure.
    figure.savefig(buffer, format=ending, dpi=140, bbox_inches="tight")
    return buffer.getvalue()


def _gaps(snapshot: Snapshot) -> str:
    gaps = snapshot.gaps()
    gaps = gaps[gaps["status"] != "not-loaded"]
    if not len(gaps):
        return ""
    reasons = gaps["reason"].fillna("").astype(object)
    rows = zip(gaps["table"].astype(object), gaps["status"].astype(object), reasons, strict=True)
    lines = [f"{table} ({status}): {reason}" for table, status, reason in rows]
    return alerts.card(
        "Not everything could be read", tone="warn", details="\n".join(lines), details_title="What, and why"
    )
