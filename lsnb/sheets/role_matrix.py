"""The sheet of roles: a matrix with a row per permission and a column per role.

Three rows may stand among the permissions, told by what their cell `permission` says: `role_id` has the ids, so that
roles of one name can be told apart; `role_description` the descriptions; `action` may say `delete` under a role. A
permission that the sheet does not name stays as it is, whether lsnb has heard of it or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from lsnb.sheets.cells import neutralise_text
from lsnb.sheets.parse import role_book
from lsnb.sheets.problems import HEADER_ROW, HOLDS_KEY, CellProblem, Problems, holds_key
from lsnb.sheets.requests import Requests, RoleRequest
from lsnb.sheets.roles import OFFICIAL_LABELS, Role
from lsnb.sheets.table import Layout, Line, read_table
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold, fold_loosely, same_looks, text_column, tidy
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

ROLE_COLUMNS: dict[str, str] = {
    "permission": (
        "The permission, one per row. A permission without a row stays as it is in every role. Rows called `role_id`, "
        "`role_description` and `action` say more about the roles; `delete` in the row `action` deletes the role."
    ),
    "description": "What the permission lets its holder do. It cannot be changed.",
    "(a role)": (
        "One column per role: `x` where it grants the permission, empty where not. Built-in roles are shown and cannot "
        "be edited. A column with a new name creates a role with what is marked in it."
    ),
}
LAYOUT = Layout(
    {name: meaning for name, meaning in ROLE_COLUMNS.items() if not name.startswith("(")}, required=("permission",)
)
MARK = "x"
ROLE_ID, DESCRIPTION, ACTION = "role_id", "role_description", "action"
_HEAD_ROWS = {fold_loosely(name): name for name in (ROLE_ID, DESCRIPTION, ACTION)}
_YES = frozenset({"x", "yes", "y", "true", "1", "✓", "✔", "☑", "☒"})
_NO = frozenset({"", "no", "n", "false", "0", "-", "\u2013", "\u2014", "☐"})


@dataclass(slots=True)
class _Column:
    """One role's column of the matrix."""

    title: str
    cells: dict[int, str]
    head: dict[str, tuple[int, str]] = field(default_factory=dict)
    on: dict[str, int] = field(default_factory=dict)
    off: dict[str, int] = field(default_factory=dict)


def parse_roles(frame: pd.DataFrame, snapshot: Snapshot, *, source: str = "sheet") -> Requests:
    """Read what a matrix asks of roles, and every cell that is not understood.

    Raises:
        UnreadableTableError: the roles or their permissions could not be read.
    """
    problems = Problems(["permission", "description"])
    table = read_table(frame, LAYOUT, problems, has_more=True)
    parser = _Parser(snapshot, problems)
    if "permission" in table.found:
        parser.read(frame, table.lines, table.others)
    return Requests("roles", tuple(parser.requests), problems.to_frame(), source, (*table.remarks, *parser.remarks))


class _Parser:
    def __init__(self, snapshot: Snapshot, problems: Problems) -> None:
        self.book = role_book(snapshot)
        self.problems = problems
        self.requests: list[RoleRequest] = []
        self.remarks: list[tuple[str, str]] = []
        roles, grants = snapshot.roles, snapshot.permissions
        self.descriptions = dict(zip(roles["role_id"].astype(object), roles["description"].astype(object), strict=True))
        self.live: dict[str, set[str]] = {str(role_id): set() for role_id in roles["role_id"]}
        for role_id, held in grants.groupby("role_id", observed=True)["permission"]:
            self.live[str(role_id)] = set(held.astype(object))
        self.scopes: dict[str, str] = {}
        self.is_whole = False
        if snapshot.is_readable("permission_catalogue"):
            catalogue = snapshot.permission_catalogue
            names = catalogue["permission"].astype(object)
            self.scopes = dict(zip(names, catalogue["scope"].astype(object), strict=True))
            self.is_whole = bool((catalogue["known_from"] == "service").any())
        self.known = set(self.scopes).union(*self.live.values()) if self.live else set(self.scopes)
        self._by_fold = {fold(name): name for name in self.known}
        self._nearest = Nearest(self.known)

    def _bad(self, row: int, value: str, column: str, reason: str, hint: str = "") -> None:
        self.problems.add(row, value, CellProblem(column, reason, hint))

    def read(self, frame: pd.DataFrame, lines: Iterable[Line], others: Iterable[tuple[int, str]]) -> None:
        """Read the matrix column by column, once its rows are known."""
        rows = list(lines)
        numbers = {line.row for line in rows}
        numbered = frame.index.tolist() if frame.index.name == "row" else list(range(2, len(frame) + 2))
        columns = []
        for place, title in others:
            texts = [tidy(text) for text in text_column(frame.iloc[:, place]).tolist()]
            cells = {int(row): text for row, text in zip(numbered, texts, strict=True)}
            columns.append(_Column(tidy(title), cells))
            for row, text in cells.items():
                if text and row not in numbers:
                    self._bad(row, text, tidy(title), "The row names no permission.")
        permissions = self._permissions(rows, columns)
        taken: dict[str, str] = {}
        for column in columns:
            for row, name in permissions.items():
                self._mark(column, row, name)
            self._decide(column, taken)

    def _permissions(self, rows: list[Line], columns: list[_Column]) -> dict[int, str]:
        """Tell which permission each row is about; rows about the roles themselves go into the columns."""
        found: dict[int, str] = {}
        for line in rows:
            text = line["permission"]
            head = _HEAD_ROWS.get(fold_loosely(text).strip("()"))
            if head:
                for column in columns:
                    column.head[head] = (line.row, column.cells[line.row])
            elif not text:
                self._bad(line.row, "", "permission", "The row names no permission.")
            else:
                name = self._permission(line.row, text, is_used=any(column.cells[line.row] for column in columns))
                if name:
                    found[line.row] = name
        return found

    def _permission(self, row: int, text: str, *, is_used: bool) -> str | None:
        name = self._by_fold.get(fold(text))
        if name:
            return name
        hint = did_you_mean(self._nearest.find(text))
        if ":" not in text or " " in text:
            self._bad(row, text, "permission", "This is no permission, which is written as in runs:read.", hint)
            return None
        if self.is_whole and is_used:
            self._bad(row, text, "permission", "The service knows no such permission.", hint)
            return None
        if is_used:
            self.remarks.append(
                (
                    "unknown-permission",
                    f"Row {row}: '{text}' is not among the permissions that are known; {hint or 'it is sent as it is.'}",
                )
            )
        return text

    def _mark(self, column: _Column, row: int, name: str) -> None:
        text = fold(column.cells[row])
        if text not in _YES and text not in _NO:
            self._bad(row, column.cells[row], column.title, "This is neither a mark nor empty.", "Write x, or nothing.")
            return
        mine, other = (column.on, column.off) if text in _YES else (column.off, column.on)
        if name in other:
            self._bad(
                row,
                column.cells[row],
                column.title,
                f"Row {other[name]} says otherwise of {name}.",
                "Keep one of both.",
            )
        mine.setdefault(name, row)

    def _decide(self, column: _Column, taken: dict[str, str]) -> None:
        role = self._role(column)
        if isinstance(role, CellProblem):
            self.problems.add(column.head.get(ROLE_ID, (HEADER_ROW, ""))[0], column.title, role)
            return
        key = role.role_id or role.name if role else f"new:{fold(column.title)}"
        if key in taken:
            self._bad(HEADER_ROW, column.title, column.title, "Two columns are about this role.", "Keep one of them.")
            return
        taken[key] = column.title
        row, action = column.head.get(ACTION, (HEADER_ROW, ""))
        if fold(action) not in ("", "delete", "create"):
            self._bad(row, action, column.title, "There is no such action.", "Write 'delete', or leave it empty.")
        elif role is None:
            self._create(column, is_deleted=fold(action) == "delete")
        elif role.is_built_in or role.scope != "workspace":
            self._check_untouched(column, role, row if action else None)
        elif fold(action) == "delete":
            self.requests.append(
                RoleRequest(
                    row, "delete", role.name, role.role_id, self._description(role), tuple(sorted(self._held(role)))
                )
            )
        else:
            self._update(column, role)

    def _role(self, column: _Column) -> Role | CellProblem | None:
        """Find the role of a column: by the id below it, else by its title; None for a new one."""
        id_text = column.head.get(ROLE_ID, (0, ""))[1]
        if id_text:
            role = self.book.by_id(id_text)
            if role is None:
                return CellProblem(
                    column.title, f"No role has the id '{id_text}'.", "Empty the cell to go by the name."
                )
            if fold(role.name) != fold(column.title) and fold(self.book.label(role)) != fold(column.title):
                return CellProblem(
                    column.title,
                    f"The id is that of the role '{role.name}', and roles are not renamed here.",
                    f"Write '{role.name}', or empty the id to create another role.",
                )
            return role
        same = [role for role in self.book.roles if fold(column.title) in {fold(name) for name in _titles(role)}]
        if len(same) > 1:
            custom = [role for role in same if tidy(role.name) == column.title]
            same = custom if len(custom) == 1 else same
        if len(same) > 1:
            listed = ", ".join(role.describe() for role in same)
            return CellProblem(column.title, f"{len(same)} roles have this name: {listed}.", "Add a row role_id.")
        return same[0] if same else None

    def _held(self, role: Role) -> set[str]:
        return self.live.get(role.role_id or "", set())

    def _description(self, role: Role) -> str:
        text = self.descriptions.get(role.role_id or "")
        return "" if text is None or pd.isna(text) else str(text)

    def _check_untouched(self, column: _Column, role: Role, action_row: int | None) -> None:
        what = "a role of the organization" if role.scope == "organization" else "built in"
        reason = f"'{role.name}' is {what} and cannot be edited."
        hint = "Copy its marks into a column with a new name, and give that role instead."
        held = self._held(role)
        if action_row:
            self._bad(action_row, column.head[ACTION][1], column.title, reason, hint)
        row, description = column.head.get(DESCRIPTION, (HEADER_ROW, ""))
        if description and not _is_as_there(description, self._description(role)):
            self._bad(row, description, column.title, reason, hint)
        for name, at in sorted({**column.on, **column.off}.items(), key=lambda item: item[1]):
            if (name in column.on) != (name in held):
                self._bad(at, column.cells[at], column.title, reason, hint)

    def _create(self, column: _Column, *, is_deleted: bool) -> None:
        if is_deleted:
            self._bad(HEADER_ROW, column.title, column.title, "There is no such role to delete.")
            return
        if not column.on:
            reason = "A new role needs at least one permission."
            self._bad(HEADER_ROW, column.title, column.title, reason, "Mark what it grants, or take the column away.")
            return
        names = [role.name for role in self.book.roles if role.scope == "workspace"]
        alike = same_looks(column.title, names)
        if alike:
            reason = "There is a role whose name looks the same, and is written in other letters."
            self._bad(HEADER_ROW, column.title, column.title, reason, did_you_mean(alike))
            return
        near = Nearest(names).find(column.title, n=1)
        if near:
            self.remarks.append(
                ("similar-role", f"'{column.title}' is a new role, and its name is much like that of '{near[0]}'.")
            )
        row, description = column.head.get(DESCRIPTION, (HEADER_ROW, ""))
        if holds_key(column.title) or holds_key(description):
            self._bad(row, description or column.title, column.title, *HOLDS_KEY)
            return
        if not description:
            self.remarks.append(
                (
                    "no-description",
                    f"The service wants a description of the new role '{column.title}'; its name is sent.",
                )
            )
        if self._refuse_organization(column, set()):
            self.requests.append(
                RoleRequest(
                    min(column.on.values()),
                    "create",
                    column.title,
                    description=description or column.title,
                    permissions=tuple(sorted(column.on)),
                )
            )

    def _update(self, column: _Column, role: Role) -> None:
        held = self._held(role)
        wanted = (held - set(column.off)) | set(column.on)
        row, description = column.head.get(DESCRIPTION, (HEADER_ROW, ""))
        before = self._description(role)
        after = description if description and not _is_as_there(description, before) else before
        if not self._refuse_organization(column, held) or (wanted == held and after == before):
            return
        if after != before and holds_key(after):
            self._bad(row, after, column.title, *HOLDS_KEY)
            return
        if not wanted:
            self._bad(
                HEADER_ROW,
                column.title,
                column.title,
                "The role would be left without any permission.",
                "Leave one, or write 'delete' in a row called action.",
            )
            return
        changed = [at for name, at in {**column.on, **column.off}.items() if (name in held) != (name in column.on)]
        self.requests.append(
            RoleRequest(min(changed, default=row), "update", role.name, role.role_id, after, tuple(sorted(wanted)))
        )

    def _refuse_organization(self, column: _Column, held: set[str]) -> bool:
        """Report permissions of the organization in a custom role, and tell whether there are none."""
        wrong = [name for name in column.on if name not in held and self._scope(name) == "organization"]
        for name in wrong:
            reason = f"{name} is a permission of the organization, which no custom role can have."
            self._bad(column.on[name], column.cells[column.on[name]], column.title, reason, "Take the mark away.")
        return not wrong

    def _scope(self, name: str) -> str:
        return self.scopes.get(name, "organization" if name.startswith("organization:") else "workspace")


def _titles(role: Role) -> tuple[str, ...]:
    return (role.name, OFFICIAL_LABELS[role.system_name]) if role.is_built_in else (role.name,)


def _is_as_there(text: str, before: str) -> bool:
    """Tell whether a description is the one that is there, also as a CSV file of ours has it."""
    return text in (tidy(before), tidy(neutralise_text(before)))


def roles_sheet(snapshot: Snapshot) -> pd.DataFrame:
    """Write the matrix of workspace roles and permissions; unchanged, it asks for nothing.

    The first rows are `role_id`, `role_description` and `action`; then comes one row per permission.
    """
    roles, grants = snapshot.roles, snapshot.permissions
    roles = roles[roles["scope"] == "workspace"].sort_values(["is_system", "role", "role_id"], kind="stable")
    meanings: dict[str, str] = {}
    if snapshot.is_readable("permission_catalogue"):
        catalogue = snapshot.permission_catalogue
        catalogue = catalogue[catalogue["scope"] == "workspace"]
        texts = catalogue["description"].astype(object)
        names = catalogue["permission"].astype(object)
        meanings = {n: "" if pd.isna(t) else str(t) for n, t in zip(names, texts, strict=True)}
    held = {str(role_id): set(rows.astype(object)) for role_id, rows in grants.groupby("role_id")["permission"]}
    ids = [str(role_id) for role_id in roles["role_id"]]
    listed = sorted(set(meanings).union(*(held.get(role_id, set()) for role_id in ids)))
    descriptions = ["" if pd.isna(text) else str(text) for text in roles["description"].astype(object)]
    columns = [
        [ROLE_ID, DESCRIPTION, ACTION, *listed],
        ["", "", "", *(meanings.get(name, "") for name in listed)],
    ]
    for role_id, text in zip(ids, descriptions, strict=True):
        columns.append([role_id, tidy(text), "", *(MARK if name in held.get(role_id, ()) else "" for name in listed)])
    frame = pd.DataFrame({place: pd.Series(column, dtype=DTYPES["text"]) for place, column in enumerate(columns)})
    frame.columns = pd.Index(["permission", "description", *roles["role"].astype(object)], dtype=object)
    return frame


def role_choices(snapshot: Snapshot) -> dict[str, list[str]]:
    """List what can be chosen in the columns of the matrix: a mark, under each custom role."""
    roles = snapshot.roles
    mine = roles[(roles["scope"] == "workspace") & ~roles["is_system"].astype(bool)]
    return {str(name): [MARK, "delete"] for name in mine["role"]}
