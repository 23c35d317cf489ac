"""Service keys and personal access tokens: what is old, unused or endless, and what to do with each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.checks import run_checks
from lsnb.errors import UnreadableTableError
from lsnb.sheets.service_keys import EVERYWHERE, KEY_COLUMNS, NEVER, key_choices, keys_sheet
from lsnb.sheets.tokens import tokens_sheet
from lsnb.tables.spec import DTYPES
from lsnb.widgets import alerts, controls
from lsnb.widgets.grid import Grid
from lsnb.widgets.grid_columns import GridColumn
from lsnb.widgets.sheet_form import SheetForm, known, require

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.snapshot import Snapshot

_WIDE = "the whole organization"
_SINGLE = "single workspaces"
_LIVES: list[tuple[str, str]] = [
    ("choose when it ends", ""),
    ("in 30 days", "30"),
    ("in 90 days", "90"),
    ("in 180 days", "180"),
    ("in a year", "365"),
    ("on the day written beside", "day"),
    ("never: it works until somebody deletes it", NEVER),
]
_TIMES = (
    GridColumn("created_at", "Made", width=150),
    GridColumn("last_used_at", "Last used", width=150),
    GridColumn("expires_at", "Ends", width=150),
)


class KeysForm(SheetForm):
    """Two tables, of service keys and of personal access tokens, with an action for each, and new keys."""

    tables = ("service_keys", "access_tokens", "roles", "permissions", "workspaces", "settings")

    def __init__(self, org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> None:
        self.keys: Grid | None = None
        self.tokens: Grid | None = None
        self._sheets: dict[str, pd.DataFrame] = {}
        self._created: list[dict[str, str]] = []
        self._facts = controls.html()
        self._new = controls.html()
        self.description = controls.line_field("What it is for", hint="Nightly export of Research")
        self.reach = controls.choice_field("It reaches", [_SINGLE, _WIDE])
        self.workspaces = controls.several_field("Workspaces", [])
        self.role = controls.choice_field("Role in the workspaces", [""])
        self.org_role = controls.choice_field("Role in the organization", [""])
        self.life = controls.choice_field("It ends", _LIVES)
        self.day = controls.line_field("Day", hint="2027-01-31")
        super().__init__("Service keys and access tokens", org, kind="keys", fresh=fresh)
        self.add_button = self.on_click(
            controls.button("Add this key"), self._create_typed, when=lambda: self._snapshot is not None
        )
        self.drop_button = self.on_click(
            controls.button("Take the last one away"), self.drop_created, when=lambda: bool(self._created)
        )
        self.on_value(self.reach, lambda _: self._draw_fields())
        self.on_value(self.life, lambda _: self._draw_fields())
        fields = (self.description, self.reach, self.workspaces, self.role, self.org_role, self.life, self.day)
        self._new_key = controls.stack(
            controls.row(*fields), controls.row(self.add_button, self.drop_button), self._new
        )
        self._draw_fields()
        self.begin(snapshot)

    # What it holds

    @property
    def created(self) -> pd.DataFrame:
        """The keys that are to be created, as rows of the sheet of keys."""
        return _as_sheet(self._created, KEY_COLUMNS)

    def sheet(self) -> dict[str, pd.DataFrame]:
        """Give the sheets of keys and of tokens, with the rows that were edited or added only."""
        sheets = {"keys": pd.concat([self._touched("keys"), self.created], ignore_index=True)}
        if self.tokens is not None:
            sheets["tokens"] = self._touched("tokens")
        return {name: frame for name, frame in sheets.items() if len(frame)}

    def flags(self) -> dict[str, str]:
        """Say what the checks note about each key and token, by its id."""
        return flags_of(self.snapshot)

    # What it does

    def set_role(self, key: str, role: str | None = None, org_role: str | None = None) -> None:
        """Give a service key another role.

        Args:
            key: its id, short form or description.
            role: the role in its workspaces; left as it is when None.
            org_role: the role in the organization; left as it is when None.

        Raises:
            LsnbError: there is no such key, or several.
        """
        key_id = self._find("keys", key)
        for column, value in (("role", role), ("org_role", org_role)):
            if value is not None:
                self._grid("keys").set_value(key_id, column, value)

    def delete_key(self, key: str) -> None:
        """Mark a service key for deletion, which stops whatever uses it and cannot be undone.

        Raises:
            LsnbError: there is no such key, or several.
        """
        self._grid("keys").set_value(self._find("keys", key), "action", "delete")

    def revoke(self, token: str) -> None:
        """Switch a personal access token off; `reinstate` switches it on again.

        Raises:
            LsnbError: there is no such token, or several.
        """
        self._grid("tokens").set_value(self._find("tokens", token), "action", "revoke")

    def reinstate(self, token: str) -> None:
        """Switch a personal access token on again.

        Raises:
            LsnbError: there is no such token, or several.
        """
        self._grid("tokens").set_value(self._find("tokens", token), "action", "reinstate")

    def create_key(
        self,
        description: str,
        role: str,
        *,
        expires_at: str | int,
        workspaces: Iterable[str] | str = (),
        org_role: str = "",
    ) -> None:
        """Add a service key; its secret is shown once, after the plan was applied.

        Args:
            description: what it is for.
            role: its role in the workspaces, such as "Workspace Viewer".
            expires_at: the day when it ends, as "2027-01-31", in so many days from now, or "never".
            workspaces: its workspaces by name or id, or "*" for the whole organization.
            org_role: its role in the organization, where it reaches all of it.

        Raises:
            LsnbError: something is missing.
        """
        snapshot = self.snapshot
        description = " ".join(description.split())
        places = workspaces if isinstance(workspaces, str) else ", ".join(workspaces)
        require(bool(description), "The new key has no description. Say what it is for.")
        require(bool(places), "The new key has no workspace. Choose some, or the whole organization.")
        require(bool(role), "The new key has no role. Choose the least that it needs.")
        require(bool(str(expires_at)), "Say when the new key ends. If it shall never end, choose that.")
        same = {row["description"].casefold() for row in self._created}
        require(description.casefold() not in same, f"There is a new key {description!r} already.")
        if isinstance(expires_at, int):
            expires_at = str((snapshot.meta.read_at + pd.Timedelta(days=expires_at)).date())
        self._created.append(
            {
                "description": description,
                "role": role,
                "org_role": org_role if places == EVERYWHERE else "",
                "workspaces": places,
                "expires_at": expires_at,
                "action": "create",
            }
        )
        self._changed()

    def drop_created(self) -> None:
        """Take the key away that was added last."""
        require(bool(self._created), "No key was added.")
        self._created.pop()
        self._changed()

    def summary(self) -> str:
        """Say in a line what was edited."""
        if self._snapshot is None:
            return "Service keys and access tokens, not read yet."
        n = sum(len(frame) for frame in self.sheet().values())
        n_keys = len(self._sheets.get("keys", ()))
        return (
            f"{n_keys:,} service keys, {len(self._sheets.get('tokens', ())):,} tokens that can be seen; {n:,} edited."
        )

    # Inside

    def build(self, snapshot: Snapshot) -> list[Any]:
        """Make the tables for a reading, with what was remembered."""
        notes = flags_of(snapshot)
        choices = key_choices(snapshot)
        sheet = keys_sheet(snapshot)
        self._sheets = {"keys": sheet}
        taken = {text.casefold() for text in sheet["description"]}
        self._created = [row for row in self.memory.get("created", ()) if row["description"].casefold() not in taken]
        columns = (
            GridColumn("description", "Key", pinned=True, width=220),
            GridColumn("action", "Action", editable=True, choices=("", "delete"), width=100),
            GridColumn("short_key", "Shown part", width=130),
            GridColumn("noted", "Noted", width=260, help="What the checks note; see the tab Audit."),
            GridColumn("reach", "Reaches", width=170),
            GridColumn("role", "Role in workspaces", editable=True, choices=("", *choices["role"]), width=170),
            GridColumn(
                "org_role", "Role in the organization", editable=True, choices=("", *choices["org_role"]), width=180
            ),
            *_TIMES,
            GridColumn("created_by", "Made by", width=200),
        )
        frame = _with_times(sheet, snapshot.service_keys, notes, "key_id")
        frame["reach"] = [_WIDE if text == EVERYWHERE else text for text in sheet["workspaces"]]
        frame["created_by"] = snapshot.service_keys["created_by"].to_numpy()
        self.keys = self._make("keys", frame, columns, "key_id", "Service keys")
        children: list[Any] = [self._facts, self.keys, controls.heading("New service key")]
        self.workspaces.rows = min(6, max(len(snapshot.workspaces), 2))
        self.workspaces.options = list(snapshot.workspaces["workspace"].astype(object))
        self.role.options, self.org_role.options = ["", *choices["role"]], ["", *choices["org_role"]]
        children += [self._new_key]
        children += self._build_tokens(snapshot, notes)
        self._draw()
        return children

    def _build_tokens(self, snapshot: Snapshot, notes: dict[str, str]) -> list[Any]:
        try:
            sheet = tokens_sheet(snapshot)
        except UnreadableTableError as error:
            self.tokens = None
            return [controls.html(alerts.error_card(error))]
        self._sheets["tokens"] = sheet
        columns = (
            GridColumn("description", "Token", pinned=True, width=220),
            GridColumn("owner", "Whose", width=220),
            GridColumn("state", "State", width=90),
            GridColumn("action", "Action", editable=True, choices=("", "revoke", "reinstate"), width=110),
            GridColumn("short_key", "Shown part", width=130),
            GridColumn("noted", "Noted", width=260),
            *_TIMES,
        )
        frame = _with_times(sheet, snapshot.access_tokens, notes, "token_id")
        self.tokens = self._make("tokens", frame, columns, "token_id", "Personal access tokens")
        status, reason = snapshot.status("access_tokens")
        said = [controls.quiet(f"Not all of them can be seen: {reason}")] if status == "partial" else []
        return [self.tokens, *said]

    def _make(self, name: str, frame: pd.DataFrame, columns: tuple[GridColumn, ...], key: str, caption: str) -> Grid:
        grid = Grid(frame, columns, key=key, height=min(420, 130 + 34 * max(len(frame), 2)), caption=caption)
        grid.static_rows = 0
        states = dict(zip(frame[key], frame["state"] if "state" in frame else [""] * len(frame), strict=True))
        for row, column, value in self.memory.get(name, ()):
            is_there = (value, states.get(row)) in (("revoke", "revoked"), ("reinstate", "active"))
            if row in states and not is_there:
                grid.set_value(row, column, value)
        grid.on_change(lambda _: self._changed())
        return grid

    def _grid(self, name: str) -> Grid:
        self.snapshot  # noqa: B018  wait for it
        grid = self.keys if name == "keys" else self.tokens
        require(grid is not None, "The access tokens could not be read, so that none can be changed.")
        assert grid is not None  # noqa: S101  said above
        return grid

    def _find(self, name: str, text: str) -> str:
        self._grid(name)
        sheet, word = self._sheets[name], "key" if name == "keys" else "token"
        for column in (f"{word}_id", "short_key", "description"):
            hits = sheet[sheet[column] == text]
            require(len(hits) < 2, f"{len(hits)} {word}s have the {column} {text!r}. Give the id.")
            if len(hits):
                return str(hits[f"{word}_id"].iloc[0])
        require(False, f"There is no {word} {text!r}. Give its id, its shown part or its description.")
        return ""

    def _touched(self, name: str) -> pd.DataFrame:
        grid = self._grid(name)
        sheet = self._sheets[name]
        key = "key_id" if name == "keys" else "token_id"
        edited = grid.edited()
        mine = sheet[sheet[key].isin(set(grid.edits["key"]))].copy()
        rows = edited.set_index(key).loc[list(mine[key])]
        for column in ("role", "org_role", "action"):
            if column in mine.columns:
                mine[column] = pd.array([known(value) for value in rows[column]], dtype=DTYPES["text"])
        return mine

    def _changed(self) -> None:
        kept = {}
        for name, grid in (("keys", self.keys), ("tokens", self.tokens)):
            if grid is not None:
                edits = grid.edits
                kept[name] = [
                    (key, column, known(value))
                    for key, column, value in zip(edits["key"], edits["column"], edits["after"], strict=True)
                ]
        self.memory.keep(created=list(self._created), **kept)
        self._draw()

    def _draw(self) -> None:
        noted = [
            pd.Series(grid.frame["noted"]).astype(bool).sum() if grid is not None else 0
            for grid in (self.keys, self.tokens)
        ]
        self._facts.value = alerts.facts(
            [
                (len(self._sheets.get("keys", ())), "service keys"),
                (int(noted[0]), "of them with something noted"),
                (len(self._sheets.get("tokens", ())), "tokens that can be seen"),
                (int(noted[1]), "of them with something noted"),
                (len(self._created), "to be created"),
            ]
        )
        names = ["description", "workspaces", "role", "org_role", "expires_at"]
        titles = ["What it is for", "Workspaces", "Role", "Role in the organization", "Ends"]
        self._new.value = alerts.table(self.created[names], titles=titles) if self._created else ""
        self.refresh()

    def _draw_fields(self) -> None:
        controls.show(self.workspaces, self.reach.value == _SINGLE)
        controls.show(self.org_role, self.reach.value == _WIDE)
        controls.show(self.day, self.life.value == "day")

    def _create_typed(self) -> None:
        life = self.life.value
        require(bool(life), "Say when the new key ends. If it shall never end, choose that.")
        require(life != "day" or bool(self.day.value.strip()), "Write the day when the new key ends, as 2027-01-31.")
        self.create_key(
            self.description.value,
            self.role.value,
            expires_at=self.day.value.strip() if life == "day" else NEVER if life == NEVER else int(life),
            workspaces=EVERYWHERE if self.reach.value == _WIDE else list(self.workspaces.value),
            org_role=self.org_role.value,
        )
        self.description.value = ""


def keys_form(org: Organization, snapshot: Snapshot | None = None, *, fresh: bool = False) -> KeysForm:
    """Look after keys: `.create_key(...)`, `.set_role(key, role)`, `.delete_key(key)`, `.revoke(token)`, `.plan()`.

    Args:
        org: the organization.
        snapshot: the reading to edit; made anew when None.
        fresh: begin without what was edited before.
    """
    return KeysForm(org, snapshot, fresh=fresh)


def flags_of(snapshot: Snapshot) -> dict[str, str]:
    """Say what the checks of keys and tokens note about each, by its id; what they cannot tell is left out."""
    found = run_checks(snapshot, only=("LS-KEY", "LS-PAT"))
    found = found[(found["status"] == "alarm") & found["evidence"].notna()]
    notes: dict[str, list[str]] = {}
    for evidence, reason in zip(found["evidence"], found["reason"], strict=True):
        notes.setdefault(str(evidence).split(",")[0].split(" ")[0], []).append(str(reason))
    return {thing: " ".join(dict.fromkeys(reasons)) for thing, reasons in notes.items()}


def _with_times(sheet: pd.DataFrame, table: pd.DataFrame, notes: dict[str, str], key: str) -> pd.DataFrame:
    frame = sheet.drop(columns=["note", "expires_at"], errors="ignore").copy()
    for column in ("created_at", "last_used_at", "expires_at"):
        frame[column] = table[column].array
    frame["noted"] = pd.array([notes.get(str(thing), "") for thing in sheet[key]], dtype=DTYPES["text"])
    return frame


def _as_sheet(rows: list[dict[str, str]], columns: Iterable[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([row.get(name, "") for row in rows], dtype=DTYPES["text"]) for name in columns}
    )
