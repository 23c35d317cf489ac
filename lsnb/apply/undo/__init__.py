"""Take a run back: an ordinary plan whose rows carry their old values.

Only what the run did is taken back, and only where it is still as the run left it; everything else is said in the
plan's warnings, and so is what cannot come back. The safety rules judge the plan like any other: to take a thousand
invitations back is to cancel a thousand, and to take a new workspace back is to delete it with all that is in it by now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from lsnb.apply.undo.record import Ended, Record
from lsnb.apply.undo.undo_membership import PersonUndo
from lsnb.apply.undo.undo_resources import take_things_back
from lsnb.errors import PlanError
from lsnb.plan.build import changes_to_plan
from lsnb.plan.current_state import CurrentState
from lsnb.plan.kinds import is_half_done, kind_of
from lsnb.plan.model import Change, Plan
from lsnb.plan.notes import Notes
from lsnb.plan.references import exchange, reference_made_by, resolve
from lsnb.plan.rules import DEFAULT_RULES, Rules
from lsnb.plan.subjects.role import made_again
from lsnb.snapshot import Snapshot

__all__ = ["Ended", "Record", "make_undo", "tables_to_undo"]


def tables_to_undo(changes: Iterable[Change]) -> tuple[str, ...]:
    """List the tables that `make_undo` needs for a plan with these changes."""
    needed = {kind_of(change).subject.undo_table for change in changes}
    return ("access", *sorted(filter(None, needed)))


def make_undo(
    snapshot: Snapshot,
    record: Record,
    *,
    rules: Rules = DEFAULT_RULES,
    allow: Mapping[str, str] | None = None,
    created_at: str,
    nonce: str = "",
) -> Plan:
    """Make a plan that takes a run back.

    Args:
        snapshot: the organization as it is now.
        record: what the run did.
        rules: the thresholds to judge by.
        allow: safety rules to override by name, each with the reason.
        created_at: the time to put on the plan, ISO 8601, UTC.
        nonce: names this making of it, as in `lsnb.plan.make_plan`.

    Returns:
        The plan. Its warnings say what cannot come back, and what is left alone since it has changed since the run.

    Raises:
        PlanError: the run was in another organization.
    """
    plan, meta = record.plan, snapshot.meta
    if (plan.organization_id, plan.host) != (meta.organization_id, meta.host):
        raise PlanError(
            f"The run was in the organization {plan.organization_id} at {plan.host}, and this is {meta.organization_id} "
            f"at {meta.host}. Undo it there."
        )
    made: dict[str, list[Change]] = defaultdict(list)
    things: list[Change] = []
    notes = Notes(rules.max_listed)
    created = _created_ids(record)
    for change in plan.changes:
        result = record.results.get(change.id)
        if result is None:
            continue
        if result.is_unknown:
            about = change.email or change.workspace or "it"
            notes.add(
                "not-settled",
                f"It is not known whether {change.kind} of {about} was carried out; it is not taken back. Resume the run "
                "first.",
            )
        elif result.outcome == "done" and not kind_of(change).subject.is_person:
            things.append(resolve(change, created))
        elif result.outcome == "done" or is_half_done(change, set(result.steps)):
            made[change.email or ""].append(resolve(change, created))
    made_things = take_things_back(snapshot, things, record, notes)
    standing = CurrentState(snapshot)
    people, places = standing.people(made), standing.places(made)
    workspaces = snapshot.workspaces
    is_there = ~workspaces["is_deleted"].fillna(False).astype(bool)
    there = frozenset(workspaces.loc[is_there, "workspace_id"].astype(object))
    undoing = [
        PersonUndo(snapshot, notes, email, people.get(email), places.get(email, []), record, there)
        for email in sorted(made)
        if not _is_ambiguous(standing, email, notes)
    ]
    for one in undoing:
        one.take_back(made[one.email])
    # Who held a role that is made again gets the new one, which has another id.
    again = made_again(things, made_things)
    return changes_to_plan(
        snapshot,
        [exchange(change, again) for change in [*made_things, *(c for one in undoing for c in one.changes)]],
        rules=rules,
        allow=allow,
        created_at=created_at,
        nonce=nonce,
        waiting=[waiting for one in undoing for waiting in one.waiting],
        warnings=notes.verdicts(),
        standing=standing,
    )


def _created_ids(record: Record) -> dict[str, str]:
    """Give the id of everything that the run created, by the reference to it that other changes of the plan have."""
    found = {}
    for change in record.plan.changes:
        reference, result = reference_made_by(change), record.results.get(change.id)
        if reference is not None and result is not None and result.created_id:
            found[reference] = result.created_id
    return found


def _is_ambiguous(standing: CurrentState, email: str, notes: Notes) -> bool:
    if email in standing.ambiguous:
        notes.add("ambiguous-person", f"More than one person has the address {email}; nothing is taken back for them.")
        return True
    return False
