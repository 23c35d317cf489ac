"""Edit what roles grant: a table of permissions and roles, two roles side by side, a new role from another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.analysis.role_comparison import compare_permissions, role_matrix, similar_roles
from lsnb.plan.references import is_reference, role_reference
from lsnb.sheets.role_matrix import ACTION, DESCRIPTION, MARK, ROLE_ID
from lsnb.tables.spec import DTYPES
from lsnb.widgets import alerts, controls
from lsnb.widgets.grid import Grid
from lsnb.widgets.grid_columns import GridColumn
from lsnb.widgets.sheet_form import SheetForm, known, require

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.snapshot import Snapshot

_NOTHING = "nothing: an empty role"


class RoleEditor(SheetForm):
    """A table of permissions and workspace roles to edit; built-in roles are shown and locked."""

    tables = ("roles", "permissions", "permission_catalogue")

    def __init__(self, org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> None:
        self.grid: Grid | None = None
        self._roles = pd.DataFrame()
        self._labels: dict[str, str] = {}
        self._added: dict[str, tuple[str, str, frozenset[str]]] = {}
        self._deleted: set[str] = set()
        self._start: dict[str, frozenset[str]] = {}
        self._facts = controls.html()
        self._similar = controls.html()
        self._difference = controls.html()
        self.new_name = controls.line_field("Name", hint="Release Auditor")
        self.new_description = controls.line_field("Description", hint="what it is for")
        self.copy_of = controls.choice_field("Starts as a copy of", [(_NOTHING, "")])
        self.first = controls.choice_field("First role", [("", "")])
        self.second = controls.choice_field("Second role", [("", "")])
        self.doomed = controls.choice_field("Role", [("", "")])
        super().__init__("Roles and their permissions", org, kind="roles", fresh=fresh)
        self.add_button = self.on_click(controls.button("Add this role"), self._add_typed)
        self.delete_button = self.on_click(controls.button("Mark for deletion, or keep it"), self._toggle_doomed)
        for field in (self.first, self.second):
            self.on_value(field, lambda _: self._draw_difference())
        self._tools = controls.stack(
            controls.heading("Compare two roles"),
            controls.row(self.first, self.second),
            self._difference,
            controls.heading("Add a role"),
            controls.row(self.new_name, self.new_description, self.copy_of, self.add_button),
            controls.heading("Delete a role"),
            controls.row(self.doomed, self.delete_button),
        )
        self.begin(snapshot)

    # What it holds

    @property
    def role_names(self) -> list[str]:
        """The names of the roles in the table, those that were added last."""
        self.snapshot  # noqa: B018  wait for it
        return list(self._labels.values())

    def permissions_of(self, role: str) -> list[str]:
        """List what a role grants with the edits, sorted.

        Raises:
            LsnbError: there is no such role.
        """
        return sorted(self._held(self._find(role)))

    def compare(self, first: str, second: str) -> pd.DataFrame:
        """Tell what one role grants and the other does not, with the edits; see `lsnb.analysis.role_comparison.compare_roles`.

        Raises:
            LsnbError: there is no such role.
        """
        a, b = self._held(self._find(first)), self._held(self._find(second))
        return compare_permissions(a, b, self.snapshot.permission_catalogue)

    def similar(self) -> pd.DataFrame:
        """List roles that are nearly the same; see `lsnb.analysis.role_comparison.similar_roles`."""
        return similar_roles(self.snapshot)

    def sheet(self) -> dict[str, pd.DataFrame]:
        """Give the sheet of roles, with a column per role that was edited, added or marked for deletion."""
        self.snapshot  # noqa: B018  wait for it
        changed = self._changed()
        touched = {name: self._held(key) ^ self._start.get(key, frozenset()) for key, name in changed.items()}
        names = sorted(set().union(*touched.values(), *(self._held(key) for key in self._added)) if changed else set())
        columns = [[ROLE_ID, DESCRIPTION, ACTION, *names]]
        for key in changed:
            held = self._held(key)
            role_id, text = ("", self._added[key][1]) if key in self._added else (key, "")
            action = "delete" if key in self._deleted else ""
            marks = [MARK if name in held else "" for name in names]
            columns.append([role_id, text, action, *marks])
        frame = pd.concat([pd.Series(column, dtype=DTYPES["text"]) for column in columns], axis=1)
        frame.columns = pd.Index(["permission", *changed.values()], dtype=object)
        return {"roles": frame if changed else frame.iloc[0:0]}

    # What it does

    def set_permission(self, role: str, permission: str, is_granted: bool = True) -> None:
        """Grant a permission to a role, or take it away.

        Args:
            role: the role's name or id.
            permission: the permission, such as `runs:delete`.
            is_granted: whether the role shall have it.

        Raises:
            LsnbError: there is no such role.
            GridError: there is no such permission, or the role is built in.
        """
        key = self._find(role)
        assert self.grid is not None  # noqa: S101  it is there once a role was found
        self.grid.set_value(permission, key, is_granted)

    def add_role(self, name: str, copy_of: str | None = None, description: str = "") -> None:
        """Add a role, empty or with what another one grants; the service gets it when the plan is applied.

        Args:
            name: its name.
            copy_of: the name or id of the role to copy.
            description: what it is for; its name when empty.

        Raises:
            LsnbError: the name is empty or taken, or there is no role to copy.
        """
        name = " ".join(name.split())
        require(bool(name), "The new role has no name. Give it one.")
        taken = {label.casefold() for label in self.role_names}
        require(name.casefold() not in taken, f"There is a role {name!r} already. Choose another name.")
        held = self._held(self._find(copy_of)) if copy_of else frozenset()
        self._added[role_reference(name)] = (name, " ".join(description.split()) or name, held)
        self._keep()
        self.show(self.snapshot)

    def delete_role(self, role: str, is_deleted: bool = True) -> None:
        """Mark a custom role for deletion, or keep it after all; one that was added here goes at once.

        Raises:
            LsnbError: there is no such role, or it is built in.
        """
        key = self._find(role)
        require(key not in self._locked(), f"{self._labels[key]!r} is built in and cannot be deleted.")
        if key in self._added:
            del self._added[key]
            self._deleted.discard(key)
            self._keep(without=key)
            self.show(self.snapshot)
            return
        (self._deleted.add if is_deleted else self._deleted.discard)(key)
        self._keep()
        self._draw()

    def summary(self) -> str:
        """Say in a line what was edited."""
        if self._snapshot is None:
            return "Roles, not read yet."
        n_cells = len(self.grid.edits) if self.grid is not None else 0
        return (
            f"{len(self._labels):,} workspace roles: {n_cells:,} permissions edited, {len(self._added):,} roles added, "
            f"{len(self._deleted):,} to be deleted."
        )

    # Inside

    def build(self, snapshot: Snapshot) -> list[Any]:
        """Make the table for a reading, with what was remembered."""
        matrix = role_matrix(snapshot)
        roles = snapshot.roles
        self._roles = roles[roles["scope"] == "workspace"]
        self._labels = dict(zip(self._roles["role_id"].astype(object), self._roles["role"].astype(object), strict=True))
        taken = {label.casefold() for label in self._labels.values()}
        added = self.memory.get("added", {})
        self._added = {key: role for key, role in added.items() if role[0].casefold() not in taken}
        self._deleted = set(self.memory.get("deleted", ())) & set(self._labels)
        self._start = {key: frozenset(matrix.index[matrix[key].fillna(False).astype(bool)]) for key in matrix.columns}
        meanings = snapshot.permission_catalogue.set_index("permission")["description"]
        frame = matrix.copy()
        for key, (name, _, held) in self._added.items():
            frame[key] = pd.array([permission in held for permission in frame.index], dtype="boolean")
            self._labels[key] = name
        frame.insert(0, "meaning", meanings.reindex(frame.index).to_numpy())
        locked = self._locked()
        columns = [GridColumn("permission", "Permission", pinned=True, width=230)]
        columns += [
            GridColumn(
                key,
                known(label),
                kind="bool",
                editable=key not in locked,
                width=130,
                help="Built in: it cannot be edited." if key in locked else "",
            )
            for key, label in self._labels.items()
        ]
        columns.append(GridColumn("meaning", "What it lets people do", width=320))
        grid = Grid(frame.reset_index(), columns, key="permission", height=440, caption="Permissions and roles")
        grid.static_rows = 0
        for permission, key, value in self.memory.get("edits", ()):
            if permission in matrix.index and key in frame.columns and key not in locked:
                grid.set_value(permission, key, value)
        self.grid = grid
        grid.on_change(lambda _: self._on_edit())
        choices = [(label, key) for key, label in self._labels.items()]
        _set_options(self.copy_of, [(_NOTHING, ""), *choices])
        _set_options(self.first, [("", ""), *choices])
        _set_options(self.second, [("", ""), *choices])
        _set_options(self.doomed, [("", ""), *((label, key) for label, key in choices if key not in locked)])
        pairs = similar_roles(snapshot)
        lines = [
            f"{row.role} and {row.like}: {row.share:.0%} in common, {row.only_role} and {row.only_like} of their own."
            for row in pairs.head(6).itertuples(index=False)
        ]
        hint = "People cannot tell them apart. Keep one, and move its people over."
        self._similar.value = alerts.card("Nearly the same", lines, tone="warn", next_step=hint) if lines else ""
        self._draw()
        return [self._facts, self._similar, grid, self._tools]

    def show(self, snapshot: Snapshot) -> None:
        """Show a reading, with the edits that were remembered."""
        super().show(snapshot)
        self._draw()

    def _on_edit(self) -> None:
        self._keep()
        self._draw()

    def _keep(self, *, without: str = "") -> None:
        edits = self.grid.edits if self.grid is not None else pd.DataFrame(columns=["key", "column", "after"])
        kept = [
            (key, column, bool(value))
            for key, column, value in zip(edits["key"], edits["column"], edits["after"], strict=True)
            if column != without and (value is True or value is False or not pd.isna(value))
        ]
        self.memory.keep(edits=kept, added=dict(self._added), deleted=set(self._deleted))

    def _draw(self) -> None:
        if self.grid is None:
            return
        custom = len(self._labels) - len(self._locked())
        gone = [self._labels[key] for key in self._labels if key in self._deleted]
        facts = alerts.facts(
            [
                (len(self._labels), "workspace roles"),
                (custom, "custom"),
                (len(self.grid.edits), "permissions edited"),
                (len(self._added), "roles added"),
                (len(gone), "to be deleted"),
            ]
        )
        lines = [f"To be deleted: {', '.join(gone)}."] if gone else []
        self._facts.value = facts + (alerts.card(lines[0], tone="warn") if lines else "")
        self._draw_difference()
        self.refresh()

    def _draw_difference(self) -> None:
        first, second = self.first.value, self.second.value
        if not first or not second or self._snapshot is None:
            self._difference.value = alerts.card("Choose two roles to see what only one of them grants.")
            return
        found = self.compare(first, second)
        shown = found[["difference", "permission", "meaning"]]
        a, b = self._labels[first], self._labels[second]
        words = f"+ only {b} grants it, - only {a} does."
        same = f"{a} and {b} grant the same."
        self._difference.value = alerts.quiet(words if len(found) else "") + alerts.table(
            shown, titles=["", "Permission", "What it lets people do"], limit=200, empty=same
        )

    def _held(self, key: str) -> frozenset[str]:
        assert self.grid is not None  # noqa: S101  it is there once a role was found
        edits = self.grid.edits
        start = self._added[key][2] if key in self._added else self._start.get(key, frozenset())
        mine = edits[edits["column"] == key]
        on = {name for name, value in zip(mine["key"], mine["after"], strict=True) if value is True}
        return (start - set(mine["key"])) | on

    def _changed(self) -> dict[str, str]:
        assert self.grid is not None  # noqa: S101  it is there once a reading is
        edited = set(self.grid.edits["column"])
        return {
            key: label
            for key, label in self._labels.items()
            if key in edited or key in self._added or key in self._deleted
        }

    def _locked(self) -> set[str]:
        """Give the ids of the roles that cannot be edited: built in, or nobody knows what they grant."""
        fixed = self._roles["is_system"].astype(bool) | self._roles["n_permissions"].isna()
        return set(self._roles.loc[fixed, "role_id"])

    def _find(self, role: str) -> str:
        self.snapshot  # noqa: B018  wait for it
        if role in self._labels:
            return role
        hits = [key for key, label in self._labels.items() if label == role]
        hits = hits or [key for key, label in self._labels.items() if label.casefold() == role.casefold()]
        require(len(hits) < 2, f"{len(hits)} roles are called {role!r}. Give the id: {', '.join(hits)}.")
        shown = ", ".join(self._labels.values())
        require(bool(hits), f"There is no workspace role {role!r}. The roles are: {shown}.")
        return hits[0]

    def _add_typed(self) -> None:
        self.add_role(self.new_name.value, self.copy_of.value or None, self.new_description.value)
        self.new_name.value = self.new_description.value = ""

    def _toggle_doomed(self) -> None:
        key = self.doomed.value
        require(bool(key), "No role is chosen. Choose the one to delete.")
        self.delete_role(key, is_deleted=is_reference(key) or key not in self._deleted)


def role_editor(org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> RoleEditor:
    """Edit roles: `.set_permission(role, permission)`, `.add_role(name, copy_of)`, `.compare(a, b)`, `.plan()`.

    Args:
        org: the organization.
        snapshot: the reading to edit; made anew when None.
        fresh: begin without what was edited before.
    """
    return RoleEditor(org, snapshot, fresh=fresh)


def _set_options(field: Any, options: list[tuple[str, str]]) -> None:
    """Give a dropdown other options, and keep what was chosen where it is still there."""
    chosen = field.value
    field.options = options
    field.value = chosen if chosen in [value for _, value in options] else options[0][1]
