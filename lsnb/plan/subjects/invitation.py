"""Invitations: they are sent, sent again with other roles or workspaces, and cancelled.

One invitation carries one workspace role for all its workspaces. Values: as those of a membership, with `workspaces` and
the one `workspace_role`, `workspace_role_id` and `workspace_role_name`; `state` where it is there. Ids: `role_id`,
`workspace_role_id`, and of one that is there `identity_id` and `pending`.
"""

from __future__ import annotations

from functools import partial
from typing import TypedDict, cast

from lsnb.plan.kind_record import MYSELF, Batch, Ids, Kind, Step, Subject, UnlockPart, Values, always
from lsnb.plan.live import Person, Present
from lsnb.plan.membership_effects import MembershipEffects, person_key
from lsnb.plan.model import Change, ChangeKind, Risk
from lsnb.plan.payloads import Invitation
from lsnb.plan.roles import ORGANIZATION_POWERS, RoleData
from lsnb.plan.subjects.people import (
    ORGANIZATION_ROLES,
    WORKSPACE_ROLES,
    before_words,
    is_nobody_left,
    is_person_in_places,
    no_rows,
    person_found,
    person_itself,
    promotes,
    same_role,
    sentence_with,
    unlock_role,
    values_words,
    who_words,
    with_the_person,
)
from lsnb.tables import builtin_roles

INVITE: ChangeKind = "InviteMember"
REPLACE: ChangeKind = "ReplaceInvite"
CANCEL: ChangeKind = "CancelInvite"


class InvitedPlace(TypedDict):
    """A workspace that an invitation names."""

    workspace: str | None
    workspace_id: str | None


class InvitationValues(RoleData, total=False):
    """What an invitation carries: the organization role, and workspaces with the one role for all of them."""

    state: str
    workspaces: list[InvitedPlace]
    workspace_role: str | None
    workspace_role_id: str | None
    workspace_role_name: str | None


def invitation_values(values: Values | None) -> InvitationValues:
    """Read the values of a change of an invitation; none where nothing is there."""
    return cast("InvitationValues", values or {})


def sends_invitation(change: Change) -> bool:
    """Tell whether a change invites somebody, for the first time or again."""
    return change.kind in (INVITE, REPLACE)


def invites_newcomer(change: Change) -> bool:
    """Tell whether a change invites somebody who has no invitation yet."""
    return change.kind == INVITE


def cancels_invitation(change: Change) -> bool:
    """Tell whether a change cancels an invitation, and sends no other."""
    return change.kind == CANCEL


def replaces_invitation(change: Change) -> bool:
    """Tell whether a change cancels an invitation and sends another."""
    return change.kind == REPLACE


def _risk(is_again: bool, before: Values | None, after: Values | None, ids: Ids) -> Risk:
    """Tell the risk of an invitation; one that is sent again is never low, since it is a second e-mail."""
    wanted = invitation_values(after)
    old, new = invitation_values(before).get("role_name"), wanted.get("role_name")
    shared = wanted.get("workspace_role_name")
    if old != new and {old, new} & ORGANIZATION_POWERS:
        return "high"
    if new not in ORGANIZATION_ROLES or (shared is not None and shared not in WORKSPACE_ROLES):
        return "high"
    return "medium" if is_again or shared == builtin_roles.WORKSPACE_ADMIN else "low"


def _invitation(change: Change) -> Invitation:
    return Invitation(
        email=change.email or "",
        role_id=change.ids.get("role_id"),
        workspace_ids=tuple(
            str(place["workspace_id"]) for place in invitation_values(change.after).get("workspaces") or ()
        ),
        workspace_role_id=change.ids.get("workspace_role_id"),
    )


_SENDING = Step(
    name="invite",
    method="invite_member",
    arguments=lambda plan, change, present: {"invitation": _invitation(change)},
    is_once_only=True,
    need=None,
    fallback=None,
)
_CANCELLING = Step(
    name="cancel",
    method="cancel_invitation",
    arguments=lambda plan, change, present: {"identity_id": change.ids["identity_id"]},
    is_once_only=False,
    need=None,
    fallback=None,
)


def _is_nobody_there(change: Change, present: Present) -> bool:
    return not present.people.get(change.email or "")


def _is_invited(change: Change, present: Present) -> bool:
    found = present.people.get(change.email or "", [])
    return any(_is_as_invited(change, person) for person in found)


def _is_invited_anew(change: Change, present: Present) -> bool:
    found = present.people.get(change.email or "", [])
    return any(
        person.identity_id != change.ids.get("identity_id") and _is_as_invited(change, person) for person in found
    )


def _is_as_invited(change: Change, person: Person) -> bool:
    """Tell whether somebody is invited as a change wants it, or has joined with that already."""
    after = invitation_values(change.after)
    if not same_role(change.after or {}, person.role_id):
        return False
    if person.places is None or after.get("role_name") == builtin_roles.ORGANIZATION_ADMIN:
        return True
    wanted = {str(place["workspace_id"]) for place in after.get("workspaces") or ()}
    there = set(person.places)
    if wanted != there and not (person.has_joined and wanted <= there):
        return False
    shared = {"role_id": after.get("workspace_role_id")}
    return all(same_role(shared, person.places[id_]) for id_ in wanted)


def _before_words(change: Change) -> str:
    return values_words(change.before, nothing="not in the organization")


def _after_words(change: Change) -> str:
    return values_words(change.after, nothing="removed", is_invitation=True)


def _invite(effects: MembershipEffects, change: Change) -> None:
    effects.invited.append(change)


def _cancel(effects: MembershipEffects, change: Change) -> None:
    effects.gone.add(person_key(change, is_pending=True))


def _replace(effects: MembershipEffects, change: Change) -> None:
    _cancel(effects, change)
    _invite(effects, change)


_INVITATION = Subject(
    name="invitation",
    is_person=True,
    id_name="workspace_id",
    is_ground=True,
    name_field="",
    sheet="access",
    reading=None,
    undo_table=None,
    who=who_words,
    request=None,
    draft=None,
    remarks=lambda snapshot, changes: [],
    warn=lambda snapshot, changes: [],
)

#: What all kinds of changes of invitations have in common.
_of_invitations = partial(
    Kind,
    subject=_INVITATION,
    scope="organization",
    tables=(),
    wave=0,
    last_wave=0,
    reversible=True,
    is_irreversible=False,
    needs=None,
    demotes=always(False),
    losing_keys=lambda snapshot, change: [],
    is_callers_own=always(False),
    may_hit_caller=always(False),
    moves_rights=always(False),
    shows_in_access=always(True),
    allowed_to="operators",
    unlock_self=MYSELF,
    makes="nothing",
    is_looked_at_last=False,
    is_shown=always(True),
    created_id=always(None),
    found_words=lambda change, present: person_found(change, present, with_places=True),
    effect=no_rows,
    inverse=with_the_person,
)

KINDS = (
    _of_invitations(
        name=INVITE,
        order=30,
        one="invitation",
        several="invitations",
        stage=always("invite"),
        risk=partial(_risk, False),
        consequence=always(""),
        mails=1,
        gives="invitation",
        removes=always(False),
        promotes=promotes,
        losing_people=lambda snapshot, change: [],
        unlock=unlock_role,
        steps=always((_SENDING,)),
        batch=Batch(
            name="invite-batch",
            method="invite_members",
            group=lambda change: (change.kind, change.ids.get("role_id", ""), change.ids.get("workspace_role_id", "")),
            arguments=lambda changes: {"invitations": [_invitation(change) for change in changes]},
            names_people=True,
            asks_first=False,
            is_refused_whole=False,
        ),
        holds=_is_nobody_there,
        reached=_is_invited,
        before_words=_before_words,
        after_words=_after_words,
        sentence=sentence_with(_before_words, _after_words),
        effect_on_people=_invite,
        log_operations=("invite_user_to_org", "invite_users_to_org_batch"),
    ),
    _of_invitations(
        name=REPLACE,
        order=40,
        one="invitation sent again",
        several="invitations sent again",
        stage=always("invite"),
        risk=partial(_risk, True),
        consequence=always("The invitation is cancelled and made again: a second e-mail goes out."),
        mails=1,
        gives="invitation",
        removes=always(False),
        promotes=promotes,
        losing_people=lambda snapshot, change: [],
        unlock=unlock_role,
        steps=always((_CANCELLING, _SENDING)),
        batch=None,
        holds=is_person_in_places,
        reached=_is_invited_anew,
        before_words=before_words,
        after_words=_after_words,
        sentence=sentence_with(before_words, _after_words),
        effect_on_people=_replace,
        log_operations=("delete_org_pending_member", "invite_user_to_org"),
    ),
    _of_invitations(
        name=CANCEL,
        order=150,
        one="invitation cancelled",
        several="invitations cancelled",
        stage=always("remove"),
        risk=always("low"),
        consequence=always("The link that was sent stops working; inviting again sends another e-mail."),
        mails=0,
        gives="nothing",
        removes=always(True),
        promotes=always(False),
        losing_people=person_itself,
        unlock=always(UnlockPart(30, "cancel", " invitation", " invitations")),
        steps=always((_CANCELLING,)),
        batch=None,
        holds=is_person_in_places,
        reached=is_nobody_left,
        before_words=before_words,
        after_words=always("invitation cancelled"),
        sentence=sentence_with(before_words, always("invitation cancelled")),
        effect_on_people=_cancel,
        log_operations=("delete_org_pending_member",),
    ),
)
