"""Edit who has which role where, in a table, and make a plan of it."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import GridError, TableError
from lsnb.files.sheets import read_sheet, write_access_sheet
from lsnb.report.words import counted
from lsnb.sheets import SHEET_COLUMNS, Edits, problem_lines
from lsnb.sheets.columns import read_header
from lsnb.sheets.origin import Origin, set_origin
from lsnb.sheets.problems import Problems
from lsnb.widgets import alerts, controls
from lsnb.widgets.access_table import ORGANIZATION, AccessTable, Edit, Key, plain
from lsnb.widgets.base import Form
from lsnb.widgets.download import Download
from lsnb.widgets.grid import Grid
from lsnb.widgets.grid_columns import GridColumn
from lsnb.widgets.plan_place import put_plan
from lsnb.widgets.planning import PlanView
from lsnb.widgets.unsaved import Unsaved
from lsnb.widgets.upload import Upload
from lsnb.widgets.work import Painter

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.plan import Plan
    from lsnb.snapshot import Snapshot

#: Where the sheet's problems are shown in the table.
_CELLS = {"langsmith_role": "role", "workspace_id": "workspace", "workspace_name": "workspace"}
#: How a remark begins about a row that the table does not have.
_LEFT_OUT = "left out:"
#: So many changes are checked while somebody types; more are checked when the plan is made.
_MOST_CHECKED = 5000


class AccessEditor(Form):
    """The access table to edit, and the way from there to a plan.

    Args:
        org: the organization.
        snapshot: what to edit; read when None.
        fresh: begin without the edits of an earlier form.
    """

    def __init__(self, org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> None:
        super().__init__("Who has which role", org=org, kind="access", fresh=fresh)
        self._organization = org
        self.snapshot = snapshot or org.read_access()
        #: The view of the plan that was made last.
        self.plan_view: PlanView | None = None
        self._sheet_problems = _no_problems()
        self.table = AccessTable(self.snapshot)
        self._is_replaying = False
        #: The rows of the last sheet that could not be brought into the table: its problems.
        self.left_out = _no_problems()
        self.grid = self._make_grid()
        self._checker = Painter(self._check_some, every_s=0.4)
        self._facts = controls.html()
        self._problems = Unsaved()
        #: What was left aside of sheets that were brought, such as hidden rows; it goes into the plan.
        self.remarks: list[str] = []
        self._said = Unsaved()
        self._below = controls.stack()
        self.upload = Upload("Bring a sheet", lambda name, content: self.attempt(lambda: self._bring(name, content)))
        self.download = Download("Download as sheet", self._sheet_file, on_error=self.show_error)
        self.reset_button = self.on_click(controls.button("Start over"), self.reset, when=lambda: self.n_edits > 0)
        self.reload_button = self.on_click_work(controls.button("Read again"), "Reading the organization", self.reload)
        self.plan_button = self.on_click_work(
            controls.button("Make the plan", kind="primary"), "Planning", self.show_plan, when=lambda: self.n_edits > 0
        )
        self.control(self.upload)
        self.body.children = [
            controls.quiet(
                "Change a role in its cell, add people at the end, mark rows to remove them. Nothing is changed in "
                "LangSmith before the plan below is applied."
            ),
            self.grid,
            self._facts,
            self._problems,
            self._said,
            controls.row(self.plan_button, self.reset_button, self.upload, self.download, self.reload_button),
            self._below,
        ]
        self.grid.on_change(lambda _: self._changed())
        self.attempt(self._recall)

    # What was edited

    @property
    def n_edits(self) -> int:
        """How many rows are changed, added or to be removed."""
        edits = self.grid.edits
        return len(set(edits["key"])) + len(self.grid.added) + len(self.grid.removed)

    @property
    def problems(self) -> pd.DataFrame:
        """One row per cell that cannot be planned as it is: key, column, value, reason."""
        own, found = self.grid.problems, self._sheet_problems
        if not len(found):
            return own
        both = pd.concat([own.astype(object), found.astype(object)], ignore_index=True)
        return both.drop_duplicates(["key", "column"]).reset_index(drop=True)

    def sheet(self) -> pd.DataFrame:
        """Give the edited rows as an access sheet, as `org.plan` takes it; rows that were not touched are not in it."""
        return self._sheet_and_keys()[0]

    def summary(self) -> str:
        """Say in a line what was edited."""
        edits = self.grid.edits
        parts_ = [
            counted(len(set(edits["key"])), "row changed", "rows changed"),
            f"{len(self.grid.added):,} added",
            f"{len(self.grid.removed):,} to be removed",
        ]
        return f"{len(self.grid.frame):,} roles in {self.snapshot.meta.organization}: {', '.join(parts_)}."

    # Editing from code

    def set_role(self, email: str | Iterable[str], role: str, workspace: str | None = None) -> None:
        """Give people who are there another role.

        Args:
            email: whom; one address or several.
            role: the role's name, such as "Editor".
            workspace: the workspace, by name or id; the organization when None.

        Raises:
            TableError: somebody has no role there that could be changed; `add` gives them one.
        """
        keys = [self.table.key(one, workspace) for one in ([email] if isinstance(email, str) else email)]
        missing = [key[0] for key in keys if key not in self.table.roles]
        if missing:
            place = workspace or "the organization"
            raise TableError(f"{', '.join(missing)}: no role of their own in {place} yet. Use add(...) to give one.")
        self.grid.set_values(keys, "role", self.table.role(role, workspace))

    def add(self, email: str, role: str, workspace: str | None = None) -> None:
        """Give somebody a role in a place where they have none, which invites who is new; see `set_role`."""
        key = self.table.key(email, workspace)
        if key in self.table.roles:
            self.set_role(email, role, workspace)
            return
        self.grid.add_row({"email": key[0], "workspace": key[1], "role": self.table.role(role, workspace)})

    def remove(self, email: str | Iterable[str], workspace: str | None = None) -> None:
        """Mark people for removal from a workspace, or, without one, from the organization.

        Raises:
            TableError: somebody is not there.
        """
        keys = [self.table.key(one, workspace) for one in ([email] if isinstance(email, str) else email)]
        missing = [key[0] for key in keys if key not in self.table.roles]
        if missing:
            raise TableError(f"{', '.join(missing)}: not in {workspace or 'the organization'}, so nothing to remove.")
        self.grid.remove_rows(keys)

    def load(self, sheet: str | os.PathLike[str] | bytes | pd.DataFrame, *, name: str = "") -> int:
        """Bring an edited access sheet into the table; what cannot be understood is marked at its cells.

        What was left aside, such as another sheet of the workbook, is said below the table and in the plan.

        Args:
            sheet: a CSV or Excel file, its content, or a DataFrame.
            name: what to call it in a sentence; by its file name when empty.

        Returns:
            How many rows of the table it changed.

        Raises:
            TableError: the file cannot be read as a sheet, or names no people.
        """
        frame = read_sheet(sheet)
        edits = self._organization.edits(frame, snapshot=self.snapshot)
        # What lies in the file, such as merged cells, would be gone in the table, and with it what was meant.
        wrong = frame[frame.index.isin(edits.problems["row"])]
        cells = self._cells_of(wrong)
        is_lost = (edits.problems["row"] < 2) | edits.problems["row"].isin(edits.file_rows)
        lost = edits.problems[is_lost | self._is_beyond(edits.problems, cells)]
        if len(lost):
            raise TableError("The sheet cannot be used:\n" + "\n".join(problem_lines(lost)), problems=lost)
        before = self.n_edits
        wrong_rows = self._wrong_rows(cells, edits.problems)
        self._keep_remarks(edits, name or (Path(sheet).name if isinstance(sheet, str | os.PathLike) else "the sheet"))
        self._replay([*self.table.edits_of(edits.rows), *wrong_rows])
        self.check()
        return self.n_edits - before

    def _cells_of(self, rows: pd.DataFrame) -> dict[int, dict[str, str]]:
        """Give the cells of rows that are not understood, by the rows' numbers."""
        header = read_header(rows, Problems([]))
        columns = {name: header.column(rows, name).tolist() for name in SHEET_COLUMNS}
        return {
            int(number): {name: plain(texts[place]).strip() for name, texts in columns.items()}
            for place, number in enumerate(rows.index)
        }

    def _is_beyond(self, problems: pd.DataFrame, cells: dict[int, dict[str, str]]) -> pd.Series:
        """Tell which problems the table cannot show, since it has no cell for them or one row for what contradicts itself."""
        keys = {row: self._key_of(own) for row, own in cells.items()}
        times = Counter(keys.values())
        is_beyond = [
            column not in (*_CELLS, "email", "action")
            or (column == "action" and not cells.get(row, {}).get("action"))
            or times[keys.get(row, ("", ""))] > 1
            for row, column in zip(problems["row"], problems["column"], strict=True)
        ]
        return pd.Series(is_beyond, index=problems.index, dtype=bool)

    def _key_of(self, cells: dict[str, str]) -> Key:
        return self.table.key(cells["email"], cells["workspace_name"] or cells["workspace_id"])

    def _wrong_rows(self, rows: dict[int, dict[str, str]], problems: pd.DataFrame) -> list[Edit]:
        """Bring rows that are not understood into the table as they are, to be mended there."""
        edits: list[Edit] = []
        left_out = []
        for number, cells in rows.items():
            if cells["action"]:
                # In the table it would ask for a role, and it was meant to take one away.
                left_out.append(number)
                continue
            key = self._key_of(cells)
            values = {"role": cells["langsmith_role"], "note": cells["note"]}
            if key in self.table.roles:
                edits.append(("set", key, {name: text for name, text in values.items() if text}))
            else:
                edits.append(("add", None, {"email": cells["email"], "workspace": key[1], **values}))
        self.left_out = problems[problems["row"].isin(left_out)].reset_index(drop=True)
        return edits

    def reset(self) -> None:
        """Forget all edits."""
        self.grid.reset()
        self.remarks = []
        self.memory.keep(edits=[], remarks=[])
        self._changed()

    def reload(self) -> None:
        """Read the organization again, and do the edits again on what is there now."""
        edits = self._rows_to_remember()
        self.snapshot = self._organization.read_access()
        self.table = AccessTable(self.snapshot)
        self.grid.reset(self.table.frame)
        self._replay(edits)

    # From the table to a plan

    def check(self) -> pd.DataFrame:
        """Check the edits against the organization, mark what is wrong at its cells, and give it; see `problems`."""
        sheet, keys = self._sheet_and_keys()
        edits = self._organization.edits(sheet, snapshot=self.snapshot)
        found = edits.problems
        rows = [
            (keys[row - 2], _CELLS.get(column, column), value, f"{reason} {hint}".strip())
            for row, column, value, reason, hint in found.itertuples(index=False, name=None)
            if 0 <= row - 2 < len(keys)
        ]
        self._sheet_problems = _problems(rows)
        self.grid.mark(self._sheet_problems[["key", "column", "reason"]])
        self._draw()
        return self.problems

    def plan(self, **options: Any) -> Plan:
        """Make a plan of the edits; nothing is changed.

        Args:
            options: `rules` and `allow`, as in `org.plan`.

        Raises:
            TableError: a cell cannot be planned; they are marked in the table, and `.problems` lists them.
        """
        problems = self.check()
        if len(problems):
            lines = self._problem_lines(problems.head(8))
            n = counted(len(problems), "cell needs", "cells need")
            raise TableError("\n".join([f"{n} another look before this can be planned.", *lines]), problems=problems)
        said = tuple(("left-aside", sentence) for sentence in self.remarks)
        sheet = set_origin(self.sheet(), Origin(remarks=said))
        return self._organization.plan(sheet, snapshot=self.snapshot, **options)

    def show_plan(self, **options: Any) -> PlanView:
        """Make a plan and show it below, to be applied there; see `plan`."""
        plan = self.plan(**options)
        view = PlanView(plan, self._organization, snapshot=self.snapshot)
        self.plan_view = put_plan(self, view, self._below, old=self.plan_view, then=self.reload)
        return self.plan_view

    def on_close(self) -> None:
        """Stop checking, and close the plan."""
        self._checker.close()
        if self.plan_view is not None:
            self.plan_view.close()

    # Inside

    def _make_grid(self) -> Grid:
        columns = [
            GridColumn("email", "E-mail", editable="added", width=260, pinned=True),
            GridColumn("name", "Name", width=170),
            GridColumn("workspace", "Where", editable="added", choices=self.table.places, strict=False, width=190),
            # What is not offered is a problem of the sheet, which says it with the nearest name.
            GridColumn(
                "role",
                "Role",
                editable=True,
                choices=self.table.role_choices,
                strict=False,
                width=200,
                help="The role there.",
            ),
            GridColumn("state", "Account", width=100),
            GridColumn("note", "Note", editable=True, width=200, help="Your own words; they are kept in the plan."),
        ]
        grid = Grid(
            self.table.frame,
            columns,
            key=["email", "workspace"],
            can_add=True,
            can_remove=True,
            new_row={"workspace": ORGANIZATION},
            height=440,
            caption="Access",
        )
        grid.static_rows = 0
        return grid

    def _sheet_and_keys(self) -> tuple[pd.DataFrame, list[Any]]:
        """Write the edited rows as a sheet, with the key in the table of each of its rows."""
        changed = self.grid.edits
        by_key: dict[Any, dict[str, str]] = {}
        for key, column, _, after in changed.itertuples(index=False, name=None):
            by_key.setdefault(key, {})[str(column)] = plain(after)
        rows: list[tuple[Key, str, str, str]] = [
            (key, cells.get("role", self.table.roles.get(key, "")), "", cells.get("note", ""))
            for key, cells in by_key.items()
        ]
        keys: list[Any] = list(by_key)
        for key in self.grid.removed:
            rows.append((key, "", "remove", ""))
            keys.append(key)
        for row in self.grid.added.to_dict("records"):
            place = self.table.place(plain(row["workspace"]).removeprefix(ORGANIZATION))
            rows.append(((plain(row["email"]), place), plain(row["role"]), "", plain(row["note"])))
            keys.append(row["key"])
        return self.table.sheet(rows), keys

    def _changed(self) -> None:
        """Take in what was edited: remember it, check it soon, and show the counts."""
        if self.is_closed or self._is_replaying:
            return
        self.memory.keep(edits=self._rows_to_remember())
        self._checker.ask()
        self._draw()

    def _check_some(self) -> None:
        try:
            if 0 < self.n_edits <= _MOST_CHECKED:
                self.check()
            elif not self.n_edits:
                self._sheet_problems = _no_problems()
                self._draw()
        except GridError:
            # A row went while it was being checked; what made it go asks for another check.
            return
        except Exception as error:
            self.show_error(error)

    def _rows_to_remember(self) -> list[Edit]:
        edits = self.grid.edits
        changed: dict[Any, dict[str, str]] = {}
        for key, column, _, after in edits.itertuples(index=False, name=None):
            changed.setdefault(key, {})[str(column)] = plain(after)
        rows: list[Edit] = [("set", key, cells) for key, cells in changed.items()]
        rows += [("remove", key, {}) for key in self.grid.removed]
        added = self.grid.added.drop(columns="key").to_dict("records")
        return rows + [("add", None, {str(k): plain(v) for k, v in row.items() if plain(v)}) for row in added]

    def _keep_remarks(self, edits: Edits, name: str) -> None:
        """Keep what was left aside of a sheet for the plan, since its edits are kept too."""
        said = [sentence for _, sentence in edits.remarks]
        said += [f"{_LEFT_OUT} {line}" for line in problem_lines(self.left_out)]
        said += self.table.idle_rows(edits.rows)
        # What was left out of the same sheet before may have been mended in it.
        old = [line for line in self.remarks if not line.startswith(f"{name}: {_LEFT_OUT}")]
        self.remarks = list(dict.fromkeys([*old, *(f"{name}: {sentence}" for sentence in said)]))
        self.memory.keep(remarks=self.remarks)

    def _recall(self) -> None:
        self.remarks = list(self.memory.get("remarks", []))
        self._replay(self.memory.get("edits", []))

    def _replay(self, rows: Iterable[Edit]) -> None:
        """Do edits again, as far as their rows are still there."""
        self._is_replaying = True
        try:
            self._do_again(rows)
        finally:
            self._is_replaying = False
        self._changed()

    def _do_again(self, rows: Iterable[Edit]) -> None:
        columns: dict[tuple[str, str], list[Key]] = {}
        removed = []
        for action, key, cells in rows:
            if action == "add":
                there = (cells.get("email", ""), cells.get("workspace", ORGANIZATION))
                # Who was added meanwhile is there now, and may have another role.
                if there not in self.table.roles:
                    self.grid.add_row(cells)
                elif "role" in cells:
                    columns.setdefault(("role", cells["role"]), []).append(there)
            elif key in self.table.roles and action == "remove":
                removed.append(key)
            elif key in self.table.roles:
                for column, value in cells.items():
                    columns.setdefault((column, value), []).append(key)
        for (column, value), keys in columns.items():
            self.grid.set_values(keys, column, value)
        if removed:
            self.grid.remove_rows(removed)

    def _draw(self) -> None:
        edits = self.grid.edits
        pairs = [
            (len(set(edits["key"])), "changed"),
            (len(self.grid.added), "added"),
            (len(self.grid.removed), "to be removed"),
        ]
        problems = self.problems
        if len(problems):
            pairs.append((len(problems), "with a problem"))
        self._facts.value = alerts.facts(pairs) if any(n for n, _ in pairs) else ""
        lines = self._problem_lines(problems.head(6))
        self._problems.value = alerts.card("Problems, marked in the table", lines, tone="bad") if lines else ""
        said = self.remarks[:12]
        self._said.value = alerts.card("Of the sheets that were brought", said, tone="warn") if said else ""
        self.refresh()

    def _problem_lines(self, problems: pd.DataFrame) -> list[str]:
        added = self.grid.added
        emails = dict(zip(added["key"], added["email"], strict=True))
        return [
            f"{key[0] if isinstance(key, tuple) else plain(emails.get(key)) or 'A new row'}: {reason}"
            for key, _, _, reason in problems.itertuples(index=False, name=None)
        ]

    def _bring(self, name: str, content: bytes) -> None:
        n = self.load(content, name=name)
        self.say(f"{name}: {counted(n, 'row')} of the table changed.")
        if len(self.left_out):
            title = "Rows that take something away were not understood, and were left out"
            self.show_card(alerts.problems_card(self.left_out, title=title))

    def _sheet_file(self) -> tuple[str, bytes]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "access.xlsx"
            write_access_sheet(self.snapshot, path)
            return path.name, path.read_bytes()


def access_editor(org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> AccessEditor:
    """Edit who has which role where: `.set_role`, `.add`, `.remove`, `.load`, `.sheet()`, `.problems`, `.plan()`.

    Args:
        org: the organization.
        snapshot: what to edit; read when None.
        fresh: begin without the edits of an earlier form.

    Raises:
        ApiError: the organization could not be read.
        TransportError: no answer came.
    """
    return AccessEditor(org, snapshot, fresh=fresh)


def _problems(rows: list[tuple[Any, str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([row[place] for row in rows], dtype=object)
            for place, name in enumerate(("key", "column", "value", "reason"))
        }
    )


def _no_problems() -> pd.DataFrame:
    return _problems([])
