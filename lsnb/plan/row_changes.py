"""Which rows of a sheet ask for something that is not so yet; found by column, since most rows ask for nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.errors.safe_text import without_keys
from lsnb.plan.current_state import CurrentState, Grant, grants_of, place_keys, to_text
from lsnb.plan.roles import Role
from lsnb.sheets.model import Edits
from lsnb.tables import builtin_roles

_NOTE_LENGTH = 200


class RowIntent(NamedTuple):
    """What a row of the sheet asks for; or, under sync, what it asks for by not being there.

    Args:
        row: the row's number in the sheet; None where no row says it.
        email: whom it concerns.
        workspace: the workspace's name; None for the organization.
        workspace_id: the workspace's id; None for the organization.
        role: the role wanted; None where the cell was empty, or to remove.
        is_removal: whether it asks to take the role away.
        note: what the sheet notes beside it.
        held: the role held there, for workspaces.
    """

    row: int | None
    email: str
    workspace: str | None
    workspace_id: str | None
    role: Role | None
    is_removal: bool
    note: str
    held: Grant | None


class Sheet:
    """A sheet compared with what people hold.

    Args:
        edits: the sheet.
        standing: what people hold.
        has_rbac: whether the organization's plan has roles; without, being in a workspace is all there is.

    Attributes:
        keys: the place of every row, as in `Standing.keys`.
        emails: everybody whom the sheet names.
        kept_rows: the rows without `action=remove`.
        has_removals: whether a row says `action=remove`.
    """

    def __init__(self, edits: Edits, standing: CurrentState, *, has_rbac: bool) -> None:
        frame = edits.rows
        columns = {
            name: to_text(frame[name])
            for name in (
                "email",
                "workspace",
                "workspace_id",
                "role",
                "role_id",
                "role_name",
                "action",
                "note",
                "scope",
            )
        }
        columns["email"] = pc.utf8_lower(pc.utf8_trim_whitespace(columns["email"]))
        self._columns = columns
        self._rows = pa.array(pd.to_numeric(frame["row"]), from_pandas=True).cast(pa.int64())
        self.keys = place_keys(columns["email"], columns["workspace_id"])
        self.emails: pa.Array = pc.unique(columns["email"])
        removals = pc.fill_null(pc.equal(columns["action"], "remove"), False)
        self._is_removal = removals
        self.has_removals = bool(pc.any(removals).as_py())
        self.kept_rows: list[int] = self._rows.filter(pc.invert(removals)).to_pylist()
        self._hits = pc.index_in(self.keys, value_set=standing.keys)
        self._held = standing.held
        self._has_rbac = has_rbac

    def open_wishes(self) -> dict[str, list[RowIntent]]:
        """List what is asked for and not so yet, by address, in an order that does not depend on the sheet's."""
        columns = self._columns
        given = pc.or_(pc.is_valid(columns["role"]), pc.is_valid(columns["role_id"]))
        is_held = pc.is_valid(self._hits)
        settled = pc.and_(is_held, pc.or_(pc.invert(given), self._has_wanted_role()))
        open_rows = pc.indices_nonzero(pc.or_(self._is_removal, pc.invert(settled)))
        rows = pa.table({**columns, "row": self._rows, "given": given, "is_removal": self._is_removal}).take(open_rows)
        wishes: dict[str, list[RowIntent]] = defaultdict(list)
        held = self._held_grants(open_rows)
        fields = ("row", "email", "workspace", "workspace_id", "role", "role_id", "role_name", "is_removal", "note")
        lists = [rows[field].to_pylist() for field in (*fields, "given")]
        for i, (row, email, name, id_, role, role_id, role_name, is_removal, note, has_role) in enumerate(
            zip(*lists, strict=True)
        ):
            wanted = Role(role, role_id, role_name) if has_role and not is_removal else None
            wishes[email].append(RowIntent(row, email, name, id_, wanted, is_removal, note or "", held.get(i)))
        for found in wishes.values():
            found.sort(key=lambda wish: (wish.workspace or "", wish.workspace_id or ""))
        return wishes

    def _has_wanted_role(self) -> pa.Array:
        """Tell which rows name the role that is held already: by id, else by system name, else by the name shown."""
        wanted, held = (
            self._columns,
            {name: _flat(self._held[name].take(self._hits)) for name in ("role_id", "role_name", "role")},
        )
        same_id = pc.equal(wanted["role_id"], held["role_id"])
        is_built_in = pc.not_equal(wanted["role_name"], builtin_roles.CUSTOM)
        names = pc.if_else(is_built_in, wanted["role_name"], pa.scalar(None, pa.string()))
        same_name = pc.equal(names, held["role_name"])
        same_label = pc.equal(pc.utf8_lower(wanted["role"]), pc.utf8_lower(held["role"]))
        same = pc.fill_null(pc.coalesce(same_id, same_name, same_label), False)
        if self._has_rbac:
            return same
        return pc.or_(same, pc.equal(self._columns["scope"], "workspace"))

    def _held_grants(self, open_rows: pa.Array) -> dict[int, Grant]:
        """Find what is held where a row about a workspace is open, by the row's place among the open ones."""
        hits = self._hits.take(open_rows)
        is_workspace = pc.equal(self._columns["scope"], "workspace").take(open_rows)
        found = pc.indices_nonzero(pc.and_(pc.is_valid(hits), is_workspace))
        rows = self._held.take(hits.take(found))
        return dict(zip(found.to_pylist(), grants_of(rows), strict=True))


def omitted_places(
    sheet: Sheet, standing: CurrentState, places: Iterable[str], *, mentioned_only: bool
) -> list[RowIntent]:
    """List the roles in workspaces that a sheet which is the whole truth leaves out.

    Args:
        sheet: the sheet.
        standing: what people hold.
        places: the ids of the workspaces in scope.
        mentioned_only: only of people whom the sheet names; the others leave the organization as a whole.
    """
    held = standing.held
    missing = pc.and_(
        pc.is_in(held["workspace_id"], value_set=pa.array(sorted(places), pa.string())),
        pc.invert(pc.is_in(standing.keys, value_set=sheet.keys)),
    )
    if mentioned_only:
        missing = pc.and_(missing, pc.is_in(held["email"], value_set=sheet.emails))
    rows = held.filter(missing)
    return [
        RowIntent(None, email, grant.workspace, grant.workspace_id, None, True, "", grant)
        for email, grant in zip(rows["email"].to_pylist(), grants_of(rows), strict=True)
    ]


def omitted_people(sheet: Sheet, standing: CurrentState) -> list[RowIntent]:
    """List the people whom a sheet that is the whole truth for the organization leaves out."""
    held = standing.held
    missing = pc.and_(
        pc.equal(held["scope"], "organization"), pc.invert(pc.is_in(held["email"], value_set=sheet.emails))
    )
    return [
        RowIntent(None, email, None, None, None, True, "", None) for email in held.filter(missing)["email"].to_pylist()
    ]


def note_words(wishes: Iterable[RowIntent]) -> str:
    """Give what the sheet notes beside rows, for a reason; keys are taken out, and it is cut short."""
    notes = dict.fromkeys(wish.note.strip() for wish in wishes if wish.note)
    if not notes:
        return ""
    text = without_keys("; ".join(notes))
    return text if len(text) <= _NOTE_LENGTH else f"{text[: _NOTE_LENGTH - 1]}…"


def _flat(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
