"""From a snapshot and an edited sheet to a plan: decided person by person, judged as a whole, sealed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lsnb.errors import PlanError, UnreadableTableError
from lsnb.plan.basis import basis_of
from lsnb.plan.current_state import CurrentState
from lsnb.plan.fingerprint import seal
from lsnb.plan.invitations import plan_new, plan_pending
from lsnb.plan.members import plan_member
from lsnb.plan.model import Change, Deferred, Mode, Plan, RuleResult
from lsnb.plan.notes import Notes, listed, row_words
from lsnb.plan.omissions import note_bare_removals, note_invited_to_places, note_open_invitations, note_unnamed_places
from lsnb.plan.order import in_order
from lsnb.plan.plan_builder import PlanBuilder
from lsnb.plan.risks import rank_risks
from lsnb.plan.roles import default_role
from lsnb.plan.row_changes import RowIntent, Sheet, omitted_people, omitted_places
from lsnb.plan.rules import DEFAULT_RULES, OLDER_SERVER, Rules, ServerFeatures
from lsnb.plan.safety import check_allowed, judge
from lsnb.plan.scope import SyncScope, check_whole, find_scope
from lsnb.plan.settings import setting
from lsnb.plan.subjects.invitation import cancels_invitation, invites_newcomer
from lsnb.plan.subjects.membership import removes_member
from lsnb.sheets import Edits, similar_members
from lsnb.sheets.leftovers import ASKS_FOR_NOTHING
from lsnb.snapshot import Snapshot

_MODES = ("update", "remove", "sync")


def make_plan(
    snapshot: Snapshot,
    edits: Edits,
    *,
    mode: Mode = "update",
    scope: str | Sequence[str] = (),
    rules: Rules = DEFAULT_RULES,
    allow: Mapping[str, str] | None = None,
    created_at: str,
    nonce: str = "",
    server: ServerFeatures = OLDER_SERVER,
    beside: Iterable[Change] = (),
    origin: Snapshot | None = None,
    remarks: Iterable[RuleResult] = (),
) -> Plan:
    """Make a plan of what an edited access sheet asks for.

    Args:
        snapshot: the organization as it was read; with the workspaces and roles that the same plan creates.
        edits: the sheet, without problems.
        mode: "update" adds and changes, and removes only what rows say; "remove" only removes; under "sync" the sheet
            is the whole truth within the scope.
        scope: for sync, names or ids of workspaces, or "organization".
        rules: the thresholds to judge by.
        allow: rules to override by name, each with the reason.
        created_at: the time to put on it, ISO 8601, UTC.
        nonce: names this making of it, drawn by whoever asks; without one, plans of the same content are the same.
        server: what the server offers beyond what every server does.
        beside: changes of other sheets, which the same plan makes.
        origin: the organization as it was read, without what the plan creates; the snapshot itself when None.
        remarks: what came up in other sheets.

    Returns:
        The plan, also where it is refused or there is nothing to do.

    Raises:
        TableError: the sheet has problems.
        PlanError: a plan cannot be made: no or an unknown scope, an unknown rule in `allow`, or a list of people that
            is not known to be whole where the plan takes something away.
    """
    if mode not in _MODES:
        raise PlanError(f"There is no mode {mode!r}; the modes are {', '.join(_MODES)}.")
    edits.require_clean()
    check_allowed(allow or {})
    within = find_scope(snapshot, scope, mode=mode)
    try:
        standing = CurrentState(snapshot)
    except UnreadableTableError as error:
        raise PlanError(f"Without knowing who has what now, nothing can be planned. {error}") from error
    notes = Notes(rules.max_listed)
    for rule, sentence in edits.remarks:
        if mode == "sync":
            sentence = sentence.replace(ASKS_FOR_NOTHING, "and under sync what the sheet does not name is taken away")
        notes.add(rule, f"{edits.source}: {sentence}")
    has_rbac = bool(setting(snapshot, "can_use_rbac", True))
    sheet = Sheet(edits, standing, has_rbac=has_rbac)
    check_whole(snapshot, takes_away=mode != "update" or sheet.has_removals, notes=notes)
    wishes = _gather(sheet, standing, mode=mode, within=within)
    ledger = PlanBuilder(
        source=edits.source,
        scope_words=within.words,
        caller=snapshot.meta.caller,
        server=server,
        notes=notes,
        has_rbac=has_rbac,
        may_touch_organization=within.is_organization,
        new_role=default_role(snapshot),
    )
    if mode == "remove":
        _note_kept_rows(sheet, edits.source, notes)
    if mode == "sync" and within.is_organization:
        _note_left_alone(standing, within, notes)
    _decide(ledger, standing, wishes, within)
    note_bare_removals(edits, standing, ledger.changes, notes)
    if mode == "sync":
        _note_invited(sheet, ledger, standing, within, rules.max_listed)
        note_unnamed_places(edits, ledger.changes, notes, places=within.places, limit=rules.max_listed)
    _note_similar(ledger, snapshot, edits)
    _note_hidden(ledger, edits)
    return changes_to_plan(
        origin or snapshot,
        [*beside, *ledger.changes],
        mode=mode,
        scope=within.names,
        rules=rules,
        allow=allow,
        created_at=created_at,
        nonce=nonce,
        waiting=ledger.waiting,
        warnings=(*remarks, *notes.verdicts()),
        standing=standing,
    )


def changes_to_plan(
    snapshot: Snapshot,
    changes: Iterable[Change],
    *,
    mode: Mode = "update",
    scope: Sequence[str] = (),
    rules: Rules = DEFAULT_RULES,
    allow: Mapping[str, str] | None = None,
    created_at: str,
    nonce: str = "",
    waiting: Iterable[Deferred] = (),
    warnings: Iterable[RuleResult] = (),
    standing: CurrentState | None = None,
) -> Plan:
    """Put changes into order, judge them on what they would leave, and seal them as a plan.

    Args:
        snapshot: the organization as it was read.
        changes: the changes, in any order.
        mode: the plan's mode.
        scope: the plan's scope, as names.
        rules: the thresholds to judge by.
        allow: rules to override by name, each with the reason.
        created_at: the time to put on it, ISO 8601, UTC.
        nonce: names this making of it, drawn by whoever asks; without one, plans of the same content are the same.
        waiting: what cannot be done yet.
        warnings: what came up while the changes were decided on; the judgement adds its own.
        standing: what people hold, where it has been worked out already.

    Raises:
        PlanError: `allow` names an unknown rule or gives no reason.
    """
    allowed = dict(allow or {})
    check_allowed(allowed)
    known = standing or CurrentState(snapshot)
    ordered = rank_risks(snapshot, known, in_order(changes), rules)
    verdict = judge(snapshot, known, ordered, scope=scope, mode=mode, rules=rules, allow=allowed)
    meta = snapshot.meta
    return seal(
        Plan(
            organization_id=meta.organization_id,
            organization=meta.organization,
            host=meta.host,
            key=meta.caller.identity,
            mode=mode,
            scope=tuple(scope),
            created_at=created_at,
            changes=ordered,
            waiting=tuple(sorted(waiting, key=lambda w: (w.email, w.workspace or "", w.role or ""))),
            refusals=verdict.refusals,
            warnings=verdict.warnings + tuple(warnings),
            allowed=allowed,
            rules=rules,
            basis=basis_of(snapshot, ordered),
            nonce=nonce,
        )
    )


def _gather(sheet: Sheet, standing: CurrentState, *, mode: Mode, within: SyncScope) -> dict[str, list[RowIntent]]:
    """List what is wanted, by address; under sync also what the sheet asks for by leaving it out."""
    wishes = sheet.open_wishes()
    if mode == "remove":
        removals = {email: [wish for wish in found if wish.is_removal] for email, found in wishes.items()}
        return {email: found for email, found in removals.items() if found}
    if mode == "sync":
        omitted = omitted_places(sheet, standing, within.places, mentioned_only=within.is_organization)
        if within.is_organization:
            omitted += omitted_people(sheet, standing)
        for wish in omitted:
            wishes.setdefault(wish.email, []).append(wish)
    return wishes


def _decide(ledger: PlanBuilder, standing: CurrentState, wishes: dict[str, list[RowIntent]], within: SyncScope) -> None:
    """Decide person by person, in the order of their addresses."""
    people = standing.people(wishes)
    whole = [
        email
        for email, found in wishes.items()
        if email in people
        and (people[email].state == "pending" or any(w.is_removal and w.workspace_id is None for w in found))
    ]
    held = standing.places(whole)
    for email in sorted(wishes):
        if email in standing.ambiguous:
            ledger.notes.add(
                "ambiguous-person",
                f"{ledger.reason(wishes[email])}: more than one person of the organization has the address {email}, so "
                "nothing is done about them. Change them on the page of the organization's members.",
            )
            continue
        person = people.get(email)
        organization, places = _within_scope(ledger, wishes[email], within, is_new=person is None)
        if organization is None and not places:
            continue
        if person is None:
            plan_new(ledger, email, organization, places)
        elif person.state == "pending":
            plan_pending(ledger, person, organization, places, held.get(email, []))
        else:
            n_before = len(ledger.changes)
            plan_member(ledger, person, organization, places, held.get(email, []))
            is_removed = any(removes_member(change) for change in ledger.changes[n_before:])
            if is_removed and email in standing.invited_again:
                # With it they could come back at once.
                invitation, named = standing.invited_again[email]
                plan_pending(ledger, invitation, organization, [], named)


def _within_scope(
    ledger: PlanBuilder, wishes: list[RowIntent], within: SyncScope, *, is_new: bool
) -> tuple[RowIntent | None, list[RowIntent]]:
    """Split what is wanted into organization and workspaces, and set aside what is out of scope."""
    organization = next((wish for wish in wishes if wish.workspace_id is None), None)
    places = [wish for wish in wishes if wish.workspace_id is not None]
    if within.is_everything:
        return organization, places
    outside = [wish for wish in places if wish.workspace_id not in within.places]
    places = [wish for wish in places if wish.workspace_id in within.places]
    # Somebody new needs a role in the organization to be invited at all.
    if organization and not within.is_organization and not (is_new and any(wish.role for wish in places)):
        outside.append(organization)
        organization = None
    for wish in outside:
        place = wish.workspace or "the organization"
        ledger.notes.add(
            "out-of-scope",
            f"{ledger.reason([wish])}: {wish.email} in {place} is out of the scope ({ledger.scope_words}); the row is "
            "not acted on.",
        )
    return organization, places


def _note_kept_rows(sheet: Sheet, source: str, notes: Notes) -> None:
    if sheet.kept_rows:
        n = len(sheet.kept_rows)
        notes.add(
            "not-acted-on",
            f"{n:,} {'row is' if n == 1 else 'rows are'} not acted on, since the mode is 'remove' and only rows with "
            f"action=remove count: {row_words(sheet.kept_rows, source)}.",
        )


def _note_left_alone(standing: CurrentState, within: SyncScope, notes: Notes) -> None:
    """Say what a sync of the organization leaves as it is, since no row could have named it."""
    if standing.n_nameless:
        notes.add(
            "left-alone", f"{standing.n_nameless:,} without an address cannot be named by a row, and are left alone."
        )
    if standing.ambiguous:
        people = listed(sorted(standing.ambiguous))
        notes.add(
            "left-alone", f"More than one person has the address {people}; where no row names it, they are left alone."
        )
    unseen = standing.places_besides(within.places)
    if unseen:
        notes.add(
            "left-alone", f"Roles in workspaces that are deleted or not visible are left alone: {listed(unseen)}."
        )


def _note_invited(sheet: Sheet, ledger: PlanBuilder, standing: CurrentState, within: SyncScope, limit: int) -> None:
    """Say which open invitations a sync would end, since the sheet does not name them."""
    about: dict[str, Any] = {"source": ledger.source, "limit": limit}
    if within.is_organization:
        note_open_invitations(sheet.emails.to_pylist(), standing, ledger.changes, ledger.notes, **about)
    else:
        note_invited_to_places(sheet.keys, standing, within.places, ledger.changes, ledger.notes, **about)


def _note_similar(ledger: PlanBuilder, snapshot: Snapshot, edits: Edits) -> None:
    """Warn of invitations to an address that looks like a slip of one that is there already, or like another one."""
    invited = {change.email: change.id for change in ledger.changes if invites_newcomer(change)}
    if not invited:
        return
    for change in ledger.changes:
        odd = next((mark for mark in change.email or "" if not mark.isascii()), "")
        if odd and invites_newcomer(change):
            what = unicodedata.name(odd, f"U+{ord(odd):04X}").lower()
            ledger.notes.add(
                "similar-address",
                f"{change.email} has the letter {odd!r} ({what}), which can look like another one; the invitation goes "
                "to exactly this address.",
                change.id,
            )
    similar = similar_members(edits.rows[edits.rows["email"].isin(list(invited))], snapshot)
    removed = {
        change.email: change.id for change in ledger.changes if removes_member(change) or cancels_invitation(change)
    }
    for row, email, other, message in zip(
        *(similar[name] for name in ("row", "email", "similar", "message")), strict=True
    ):
        gone = removed.get(other)
        more = f", and whom the plan removes. If both are one person, write {other}" if gone else ""
        ids = (invited[email], gone) if gone else (invited[email],)
        ledger.notes.add("similar-address", f"{row_words([row], edits.source)}: {message}{more}.", *ids)


def _note_hidden(ledger: PlanBuilder, edits: Edits) -> None:
    """Say which changes come of rows that the file does not show."""
    changes = {change.id: change for change in ledger.changes}
    for id_, rows in ledger.rows_of.items():
        unseen = [row for row in rows if row in edits.hidden_rows]
        if unseen:
            change = changes[id_]
            where = f" in {change.workspace}" if change.workspace else ""
            what = f"{change.kind} of {change.email}{where}"
            ledger.notes.add("hidden-rows", f"{what} comes of {row_words(unseen, edits.source)}, which is hidden.", id_)
