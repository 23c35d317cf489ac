"""Say what a sheet does by what it leaves out: a removal without a workspace, and invitations that it does not name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lsnb.plan.current_state import CurrentState, values_of
from lsnb.plan.model import Change
from lsnb.plan.notes import Notes, listed, row_words
from lsnb.plan.subjects.invitation import cancels_invitation
from lsnb.plan.subjects.membership import removes_member
from lsnb.sheets import Edits


def note_bare_removals(edits: Edits, standing: CurrentState, changes: Sequence[Change], notes: Notes) -> None:
    """Warn of removals from the organization where most name a workspace: one cell may have been left empty.

    Somebody all of whose workspaces are named by other removals is meant to leave, as in a sheet that was exported.

    Args:
        edits: the sheet.
        standing: what people hold.
        changes: the changes that were made of it.
        notes: where to say it.
    """
    removals = edits.rows[(edits.rows["action"] == "remove").fillna(False).astype(bool)]
    emails = removals["email"].astype(object).str.strip().str.lower()
    is_bare = removals["workspace_id"].isna()
    bare = dict(zip(emails[is_bare], removals.loc[is_bare, "row"], strict=True))
    if not bare or is_bare.all():
        return
    named: dict[str, set[str]] = defaultdict(set)
    for email, place in zip(emails[~is_bare], removals.loc[~is_bare, "workspace_id"], strict=True):
        named[email].add(str(place))
    held = standing.places(bare)
    leaving = {
        email for email in bare if named[email] and {g.workspace_id for g in held.get(email, [])} <= named[email]
    }
    n_others = sum(len(places) for email, places in named.items() if email not in leaving)
    ids = {change.email: change.id for change in changes if removes_member(change) or cancels_invitation(change)}
    doubtful = {email: row for email, row in bare.items() if email in ids and email not in leaving}
    if not doubtful or n_others <= len(doubtful):
        return
    others = f"{n_others:,} other removal{'' if n_others == 1 else 's'} of the sheet name{'s' if n_others == 1 else ''}"
    for email, row in doubtful.items():
        notes.add(
            "removal-without-workspace",
            f"{row_words([int(row)], edits.source)} names no workspace, and so removes {email} from the organization, while "
            f"{others} one. If a workspace was meant, write it into the row.",
            ids[email],
        )


def note_unnamed_places(
    edits: Edits, changes: Sequence[Change], notes: Notes, *, places: Iterable[str], limit: int
) -> None:
    """Warn where a sheet that is the whole truth has no row at all of a workspace: a column or a part of it may be missing.

    Args:
        edits: the sheet.
        changes: the changes that were made of it.
        notes: where to say it.
        places: the ids of the workspaces that the sheet is about.
        limit: how many workspaces a message names.
    """
    unnamed = set(places) - set(edits.rows["workspace_id"].dropna().astype(str))
    gone = [change for change in changes if change.ids.get("workspace_id") in unnamed and not change.after]
    if gone:
        names = sorted({str(change.workspace) for change in gone})
        people = len({change.email for change in gone})
        notes.add(
            "unnamed-workspaces",
            f"{edits.source} has no row of {listed(names, limit)}, and so the plan takes away all roles there, of "
            f"{people:,} {'person' if people == 1 else 'people'}. If rows or the column of workspaces are missing, put them in; an "
            "export has them all.",
            *(change.id for change in gone),
        )


def note_open_invitations(
    named: Iterable[str], standing: CurrentState, changes: Sequence[Change], notes: Notes, *, source: str, limit: int
) -> None:
    """Warn of open invitations that a sheet which is the whole truth for the organization does not name.

    Args:
        named: the addresses that the sheet names.
        standing: what people hold.
        changes: the changes that were made of the sheet.
        notes: where to say it.
        source: what to call the sheet.
        limit: how many people a message names.
    """
    held = standing.held
    is_open = pc.and_(pc.equal(held["scope"], "organization"), pc.equal(held["state"], "pending"))
    pending = sorted(set(held["email"].filter(is_open).to_pylist()))
    known = set(named)
    missing = [email for email in pending if email not in known]
    ids = [change.id for change in changes if cancels_invitation(change) and change.email in missing]
    if not ids:
        return
    them = "it" if len(missing) == 1 else "them"
    notes.add(
        "open-invitations",
        f"{_how_many(source, len(pending), len(missing))}, and so the plan cancels {them}: {listed(missing, limit)}. To keep "
        f"{them}, put {them} into the sheet; an export has every open invitation.",
        *ids,
    )


def note_invited_to_places(
    keys: pa.Array, standing: CurrentState, places: Iterable[str], changes: Sequence[Change], notes: Notes, *, source: str,
    limit: int,
) -> None:  # fmt: skip
    """Warn of invited people whom a sheet that is the whole truth for workspaces does not name there.

    Args:
        keys: the place of every row of the sheet, as in `Standing.keys`.
        standing: what people hold.
        places: the ids of the workspaces.
        changes: the changes that were made of the sheet.
        notes: where to say it.
        source: what to call the sheet.
        limit: how many people a message names.
    """
    held = standing.held
    is_open = pc.and_(
        pc.is_in(held["workspace_id"], value_set=pa.array(sorted(places), pa.string())),
        pc.equal(held["state"], "pending"),
    )
    # In chunks as the mask is: PyArrow 16 takes no mask in chunks for an array of one piece.
    is_named = pa.chunked_array([pc.is_in(standing.keys, value_set=keys)]).filter(is_open)
    rows = held.filter(is_open)
    missing: dict[str, list[str]] = defaultdict(list)
    n_open: dict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    values = values_of(rows, ("email", "workspace_id", "workspace"))
    for (email, place, name), is_there in zip(values, is_named.to_pylist(), strict=True):
        n_open[place] += 1
        names[place] = str(name or place)
        if not is_there:
            missing[place].append(email)
    for place in sorted(missing, key=lambda place: names[place]):
        people = sorted(missing[place])
        ids = [c.id for c in changes if c.ids.get("workspace_id") == place and c.email in people]
        if ids:
            notes.add(
                "open-invitations",
                f"{_how_many(source, n_open[place], len(people))} to {names[place]}, and so the plan takes the workspace out of "
                f"them: {listed(people, limit)}.",
                *ids,
            )


def _how_many(source: str, n_open: int, n_missing: int) -> str:
    """Say how many of the open invitations a sheet names."""
    what = "the one open invitation" if n_open == 1 else f"the {n_open:,} open invitations"
    if n_missing == n_open:
        return f"{source} does not name {what}" if n_open == 1 else f"{source} names none of {what}"
    return f"{source} names {n_open - n_missing:,} of {what}"
