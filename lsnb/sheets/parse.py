"""From an access sheet to edits: each distinct value is looked up once, each row is only a set of small numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.sheets.columns import COLUMN_ALIASES, SHEET_COLUMNS, Header, read_header, row_numbers
from lsnb.sheets.conflicts import NO_ROLE, ORGANIZATION, REMOVE, SET, RowIntents, settle
from lsnb.sheets.emails import Addresses, known_addresses, read_addresses
from lsnb.sheets.leftovers import asks_for_nothing, left_columns, no_rows
from lsnb.sheets.model import EDIT_COLUMNS, Edits
from lsnb.sheets.near import NearAddresses
from lsnb.sheets.origin import judge_origin, missing_rows, names_read_as_missing, origin_of
from lsnb.sheets.problems import CellProblem, Problems
from lsnb.sheets.roles import Role, RoleIndex
from lsnb.sheets.text_normalize import (
    Coded,
    Codes,
    did_you_mean,
    encode,
    fold,
    fold_loosely,
    quoted,
    take_texts,
    text_column,
    tidy,
)
from lsnb.sheets.workspace_index import Place, WorkspaceIndex
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

_NOT_FOUND = -2
_EVERYWHERE_NOTE = "Organization Admin in the row of a workspace counts for the whole organization"


def parse_sheet(
    frame: pd.DataFrame, snapshot: Snapshot, *, source: str = "sheet", renamed: Mapping[str, str] | None = None
) -> Edits:
    """Check an edited access sheet against an organization, and read what it asks for.

    Args:
        frame: the sheet, with the columns that `SHEET_MEANINGS` explains, under any of their usual names. Its rows are
            numbered by its index when that is named `row`, as `read_sheet` gives it; otherwise from 2 on.
        snapshot: the organization.
        source: what to call the sheet in a sentence.
        renamed: by the id of a workspace, the name that the same plan gives it; it goes by both.

    Returns:
        The rows that are understood and every cell that is not. Nothing is guessed: an ambiguous name, two roles for
        one person in one place, or an id and a name of different workspaces are problems.

    Raises:
        UnreadableTableError: the roles or the workspaces could not be read.
    """
    problems = Problems(SHEET_COLUMNS)
    header = read_header(frame, problems)
    numbers = row_numbers(frame)
    read = {place: name for name, place in header.places.items()}
    judged = judge_origin(frame, numbers.tolist(), read, problems)
    known = {fold_loosely(name): name for name in SHEET_COLUMNS} | COLUMN_ALIASES
    remarks = [
        *judged.remarks,
        *left_columns(frame, header.unknown, known, numbers.tolist(), problems),
        *no_rows(frame),
    ]
    if "email" not in header.places:
        return Edits(_to_rows({}), problems.to_frame(), source, tuple(remarks))
    parser = _Parser(frame, header, snapshot, problems, renamed or {})
    edits = parser.to_edits(source)
    if len(frame) and not len(problems):
        texts = (parser.columns[name].values for name in ("langsmith_role", "action"))
        remarks += asks_for_nothing("langsmith_role" in header.places, texts)
    hidden = frozenset(origin_of(frame).hidden_rows)
    return replace(edits, remarks=(*remarks, *parser.remarks), hidden_rows=hidden, file_rows=judged.rows)


def role_book(snapshot: Snapshot) -> RoleIndex:
    """File the roles of an organization under all their names."""
    return RoleIndex(snapshot.roles, has_rbac=snapshot.has_rbac if snapshot.is_readable("settings") else True)


class _Parser:
    """One reading of one sheet; each step adds a column of codes and the problems that it met."""

    def __init__(
        self, frame: pd.DataFrame, header: Header, snapshot: Snapshot, problems: Problems, renamed: Mapping[str, str]
    ) -> None:
        columns = {name: encode(header.column(frame, name)) for name in SHEET_COLUMNS}
        filled = np.zeros(len(frame), dtype=bool)
        for column in columns.values():
            filled |= np.array([bool(tidy(value)) for value in column.values], dtype=bool)[column.codes]
        self.columns = {name: Coded(column.codes[filled], column.values) for name, column in columns.items()}
        self.numbers = row_numbers(frame)[filled]
        self.problems = problems
        self.snapshot = snapshot
        self.renamed = renamed
        self.remarks: list[tuple[str, str]] = []
        self.has_places = bool({"workspace_id", "workspace_name"} & set(header.places))
        self.unread = [(name, np.asarray(text_column(frame.iloc[:, i]))[filled]) for i, name in header.unknown]
        self.missing = {
            name: missing_rows(frame, place)[filled]
            for name, place in header.places.items()
            if name in ("workspace_id", "workspace_name", "langsmith_role")
        }
        source, role_ids = (encode(header.column(frame, name)) for name in ("source", "role_id"))
        self.is_implicit = np.array([value == "org-admin" for value in source.values])[source.codes][filled]
        self.role_ids = Coded(role_ids.codes[filled], role_ids.values)

    def to_edits(self, source: str) -> Edits:
        """Read the sheet column by column."""
        emails = read_addresses(self.columns["email"], known_addresses(self.snapshot))
        self._add(self.columns["email"], emails.misfits)
        actions = self._read_actions()
        self._report_strangers(emails, actions)
        places, known_places = self._read_places()
        actions = self._keep_those_without_place(places, actions)
        self._judge_unread_places(places, actions)
        roles, known_roles = self._read_roles(places, actions)
        self._note_missing_roles(places, actions)
        is_admin = np.array(
            [role.system_name == builtin_roles.ORGANIZATION_ADMIN for role in known_roles] + [False, False]
        )
        is_everywhere = is_admin[roles] & (places >= 0)
        places = np.where(is_everywhere, ORGANIZATION, places)
        good = np.flatnonzero(
            (emails.codes >= 0) & (actions != _NOT_FOUND) & (places != _NOT_FOUND) & (roles != _NOT_FOUND)
        ).astype(np.int64)
        wishes = RowIntents(
            rows=self.numbers[good],
            emails=emails.codes[good],
            places=places[good],
            roles=roles[good],
            actions=actions[good],
            role_texts=self.columns["langsmith_role"].take(good),
            email_names=emails.values,
            place_names=[place.name for place in known_places],
        )
        kept = settle(wishes, self.problems)
        rows = good[kept]
        role = wishes.roles[kept]
        place = wishes.places[kept]
        frame = _to_rows(
            {
                "row": pd.Series(wishes.rows[kept], dtype=DTYPES["count"]),
                "email": take_texts(emails.values, wishes.emails[kept]),
                "scope": take_texts(["organization", "workspace"], (place >= 0).astype(np.int64)),
                "workspace": take_texts(wishes.place_names, place),
                "workspace_id": take_texts([p.workspace_id for p in known_places], place),
                "role": take_texts([r.name for r in known_roles], role),
                "role_id": take_texts([r.role_id for r in known_roles], role),
                "role_name": take_texts([r.system_name for r in known_roles], role),
                "action": take_texts(["set", "remove"], wishes.actions[kept]),
                "note": self._notes(rows, is_everywhere[rows]),
            }
        )
        return Edits(frame, self.problems.to_frame(), source)

    def _add(self, column: Coded, misfits: dict[int, CellProblem]) -> None:
        self.problems.add_all(self.numbers, column.codes, column.values, misfits)

    def _read_actions(self) -> Codes:
        column = self.columns["action"]
        meanings = {"": SET, "set": SET, "remove": REMOVE}
        codes = np.array([meanings.get(fold(value), _NOT_FOUND) for value in column.values], dtype=np.int64)
        hint = "Write 'remove' to take the role away, or leave the cell empty to set it."
        used = set(column.codes.tolist()) & set(np.flatnonzero(codes == _NOT_FOUND).tolist())
        self._add(column, {code: CellProblem("action", "There is no such action.", hint) for code in used})
        return codes[column.codes]

    def _read_places(self) -> tuple[Codes, list[Place]]:
        book = WorkspaceIndex(self.snapshot.workspaces, self.renamed)
        place_of = {place: index for index, place in enumerate(book.places)}
        ids, names = self.columns["workspace_id"], self.columns["workspace_name"]
        # Each pair of cells is looked up once.
        pairs, codes = np.unique(ids.codes * len(names.values) + names.codes, return_inverse=True)
        found: list[int] = []
        misfits: dict[str, dict[int, CellProblem]] = {"workspace_id": {}, "workspace_name": {}}
        texts = [(ids.values[pair // len(names.values)], names.values[pair % len(names.values)]) for pair in pairs]
        for index, (id_text, name_text) in enumerate(texts):
            place = book.find(id_text, name_text)
            if isinstance(place, CellProblem):
                misfits[place.column][index] = place
            found.append(ORGANIZATION if place is None else place_of[place] if isinstance(place, Place) else _NOT_FOUND)
        for side, column in enumerate(("workspace_id", "workspace_name")):
            self._add(Coded(codes, [pair[side] for pair in texts]), misfits[column])
        return np.array(found, dtype=np.int64)[codes], book.places

    def _report_strangers(self, emails: Addresses, actions: Codes) -> None:
        """Report removals of people whom nobody here knows, where somebody else may be meant; others may be gone already."""
        known = known_addresses(self.snapshot)
        is_strange = np.asarray(pc.invert(pc.is_in(pa.array(emails.values, pa.string()), value_set=known)))
        rows = np.flatnonzero((actions == REMOVE) & (emails.codes >= 0) & np.append(is_strange, False)[emails.codes])
        if not len(rows):
            return
        nearest = NearAddresses(known.to_pylist())
        for code in dict.fromkeys(emails.codes[rows].tolist()):
            own = rows[emails.codes[rows] == code]
            slips = nearest.slips(emails.values[code])
            if slips:
                misfit = CellProblem(
                    "email", "Nobody here has this address, so there is nobody to remove.", did_you_mean(slips)
                )
                for index in own.tolist():
                    self.problems.add(int(self.numbers[index]), emails.values[code], misfit)
                continue
            near = nearest.near(emails.values[code])
            if near:
                said = f"{_rows_words(self.numbers[own])} {emails.values[code]}, whom nobody here knows. {did_you_mean(near)}"
                self.remarks.append(("nobody", said))

    def _keep_those_without_place(self, places: Codes, actions: Codes) -> Codes:
        """Let rows remove nobody from the organization whose missing workspace may be one that pandas cannot read."""
        names = names_read_as_missing(place.name for place in WorkspaceIndex(self.snapshot.workspaces).live)
        if not names or "workspace_name" not in self.missing:
            return actions
        is_open = (places == ORGANIZATION) & self.missing["workspace_name"]
        rows = self.numbers[is_open & (actions == REMOVE)]
        if len(rows):
            self.remarks.append(
                (
                    "missing-cells",
                    f"{_rows_words(rows)} no workspace, and there is one called {quoted(names)}, which pandas reads as "
                    "missing. Nobody is removed by "
                    f"{'it' if len(rows) == 1 else 'them'}: bring the file by its path, or read it with keep_default_na=False.",
                )
            )
        return np.where(is_open & (actions == REMOVE), SET, actions)

    def _judge_unread_places(self, places: Codes, actions: Codes) -> None:
        """Look at removals without a workspace beside which a column that is not read names one.

        Where the sheet has no column of workspaces, and this one holds nothing else, it is meant for it: a problem. Else
        it may be a team's name, which is said.
        """
        rows = np.flatnonzero((places == ORGANIZATION) & (actions == REMOVE))
        if not len(rows) or not self.unread:
            return
        live = WorkspaceIndex(self.snapshot.workspaces, self.renamed).live
        known = {fold(text) for place in live for text in (place.name, place.workspace_id)}
        for name, texts in self.unread:
            own = [index for index in rows.tolist() if fold(tidy(str(texts[index]))) in known]
            if not own:
                continue
            if not self.has_places and all(fold(tidy(str(text))) in known | {""} for text in texts):
                reason = (
                    "The column is not read and names workspaces, so that the row would remove from the organization."
                )
                misfit = CellProblem(name, reason, "Call the column 'workspace_name', or take it away.")
                for index in own:
                    self.problems.add(int(self.numbers[index]), str(texts[index]), misfit)
                continue
            said = (
                f"{_rows_words(self.numbers[own])} no workspace, and so {'removes' if len(own) == 1 else 'remove'} from the "
                f"organization, while {quoted([name])}, which is not read, names one there."
            )
            self.remarks.append(("removal-without-workspace", said))

    def _note_missing_roles(self, places: Codes, actions: Codes) -> None:
        names = names_read_as_missing(role.name for role in role_book(self.snapshot).roles)
        if not names or "langsmith_role" not in self.missing:
            return
        rows = self.numbers[self.missing["langsmith_role"] & (actions == SET) & (places >= 0)]
        if len(rows):
            said = (
                f"{_rows_words(rows)} no role, and there is one called {quoted(names)}, which pandas reads as missing. "
                "The role stays as it is: bring the file by its path, or read it with keep_default_na=False."
            )
            self.remarks.append(("missing-cells", said))

    def _read_roles(self, places: Codes, actions: Codes) -> tuple[Codes, list[Role]]:
        book = role_book(self.snapshot)
        role_of = {role: index for index, role in enumerate(book.roles)}
        column = _with_ids(self.columns["langsmith_role"], self.role_ids, book)
        is_in_workspace = places != ORGANIZATION
        pairs, codes = np.unique(column.codes * 2 + is_in_workspace, return_inverse=True)
        texts = [column.values[pair // 2] for pair in pairs.tolist()]
        # The role of a row that removes says nothing; it may be the old one, or nonsense.
        used = set(codes[(actions != REMOVE)].tolist())
        found = np.full(len(texts), NO_ROLE, dtype=np.int64)
        misfits: dict[int, CellProblem] = {}
        for index, (pair, text) in enumerate(zip(pairs.tolist(), texts, strict=True)):
            if index not in used or not tidy(text):
                continue
            role = book.find(text, "workspace" if pair % 2 else "organization")
            if isinstance(role, CellProblem):
                misfits[index], found[index] = role, _NOT_FOUND
            else:
                found[index] = role_of[role]
        is_set = actions != REMOVE
        self.problems.add_all(self.numbers[is_set], codes[is_set], texts, misfits)
        roles = np.where(is_set, found[codes], NO_ROLE)
        # A row of `access` that is there because of the organization role says nothing new, until its role is changed.
        is_admin = np.array([role.system_name == builtin_roles.WORKSPACE_ADMIN for role in book.roles] + [False, False])
        return np.where(self.is_implicit & is_admin[roles], NO_ROLE, roles), book.roles

    def _notes(self, rows: Codes, is_everywhere: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pd.Series:
        column = self.columns["note"]
        own = [value.strip() for value in column.values]
        more = ["; ".join(filter(None, [note, _EVERYWHERE_NOTE])) for note in own]
        texts: Sequence[str | None] = [*(note or None for note in own), *more]
        return take_texts(texts, column.codes[rows] + np.where(is_everywhere, len(own), 0))


def _rows_words(rows: Codes) -> str:
    """Say which rows name something."""
    shown = [str(row) for row in rows[:8].tolist()]
    more = f" and {len(rows) - 8:,} more" if len(rows) > 8 else ""
    return f"row {shown[0]} names" if len(rows) == 1 else f"rows {', '.join(shown)}{more} name"


def _with_ids(names: Coded, ids: Coded, book: RoleIndex) -> Coded:
    """Put the id in the place of a role's name where a row of `access` has both, since two roles may share a name."""
    roles = [book.by_id(tidy(text)) for text in ids.values]
    if not any(roles):
        return names
    pairs, codes = np.unique(names.codes * len(roles) + ids.codes, return_inverse=True)
    texts = []
    for pair in pairs.tolist():
        text, role = names.values[pair // len(roles)], roles[pair % len(roles)]
        # A name that was changed counts, and not the id that was left beside it.
        texts.append(role.role_id or text if role and fold(role.name) == fold(text) else text)
    return Coded(codes.astype(np.int64), texts)


def _to_rows(columns: dict[str, pd.Series]) -> pd.DataFrame:
    """Put the columns of `EDIT_COLUMNS` together; a missing one is empty."""
    return pd.DataFrame(
        {
            name: columns.get(name, pd.Series([], dtype=DTYPES["count" if name == "row" else "text"]))
            for name in EDIT_COLUMNS
        }
    )
