"""What is taken back of workspaces, roles, keys, tokens and settings, where each is still as the run left it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lsnb.apply.undo.record import Record
from lsnb.plan.kind_record import LeftAloneError, Undo
from lsnb.plan.kinds import kind_of
from lsnb.plan.membership_changes import new_change_of
from lsnb.plan.model import Change
from lsnb.plan.notes import Notes
from lsnb.snapshot import Snapshot


def take_things_back(snapshot: Snapshot, made: Iterable[Change], record: Record, notes: Notes) -> list[Change]:
    """List what takes back what a run did to workspaces, roles, keys, tokens and settings.

    Args:
        snapshot: the organization as it is now.
        made: the changes that were carried out.
        record: what the run did, for the ids of what it created.
        notes: where to say what cannot come back, and what is left alone.
    """
    found = []
    for change in made:
        undo = Undo(snapshot, record.results[change.id].created_id)
        try:
            inverse = kind_of(change).inverse(undo, change)
        except LeftAloneError as error:
            notes.add("not-undone", f"{change.kind} of {_name(change)} is not taken back: {error}.")
            continue
        if isinstance(inverse, str):
            notes.add("cannot-come-back", inverse)
            continue
        draft = replace(inverse.draft, email=change.email)
        back = new_change_of(draft, f"takes back {change.kind}: {change.reason}")
        found.append(back)
        if inverse.rule:
            notes.add(inverse.rule, inverse.note, back.id)
    return found


def _name(change: Change) -> str:
    values = change.before or change.after or {}
    name = values.get("role") if "permissions" in values else values.get("description") or values.get("short_key")
    return change.workspace or str(name or "") or change.ids.get("setting", "")
