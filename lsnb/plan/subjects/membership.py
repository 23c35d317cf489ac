"""Memberships: the organization role of people, and their roles in workspaces, until they are removed.

Values: `role`, `role_id`, `role_name`, and `state`, which is active, disabled or pending; of somebody who is removed also
`workspaces`, what they hold there. Ids: `identity_id`, `ls_user_id` where it is known, `pending` where the person has not
joined, `workspace_id` in a workspace, and `role_id`, the role wanted.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from lsnb.errors import PlanError
from lsnb.plan.kind_record import (
    MYSELF,
    Batch,
    Ids,
    Kind,
    Need,
    Step,
    Subject,
    UnlockPart,
    Values,
    always,
    step,
)
from lsnb.plan.live import Present
from lsnb.plan.membership_effects import MembershipEffects, is_pending, person_key, place_key
from lsnb.plan.model import Change, ChangeKind, Plan
from lsnb.plan.payloads import Invitation
from lsnb.plan.subjects.people import (
    ORGANIZATION_ROLES,
    WORKSPACE_ROLES,
    after_words,
    before_words,
    demotes,
    is_member_as_before,
    is_member_as_wanted,
    is_nobody_left,
    is_person_as,
    is_person_in_places,
    member_found,
    member_values,
    no_rows,
    person_found,
    person_itself,
    promotes,
    risk_of_role,
    same_role,
    sentence_with,
    stage_of_role,
    unlock_role,
    values_words,
    who_words,
    with_the_person,
)
from lsnb.snapshot import Caller, Snapshot
from lsnb.tables import builtin_roles

SET_ORGANIZATION_ROLE: ChangeKind = "SetOrgRole"
ADD_TO_WORKSPACE: ChangeKind = "AddWorkspaceMember"
SET_WORKSPACE_ROLE: ChangeKind = "SetWorkspaceRole"
REMOVE_FROM_WORKSPACE: ChangeKind = "RemoveWorkspaceMember"
REMOVE: ChangeKind = "RemoveMember"

#: What only newer servers can do with an open invitation.
CHANGES_INVITATIONS = Need(
    feature=None,
    offer="pending_patch",
    missing="not offered by this server: the role of an open invitation cannot be changed, and nothing was sent.",
    instead=(
        "A new plan in this session cancels the invitation and sends another, which it names. Or cancel it with the action "
        "remove, and invite again."
    ),
)


def removes_member(change: Change) -> bool:
    """Tell whether a change removes a member from the organization."""
    return change.kind == REMOVE


def removes_from_workspace(change: Change) -> bool:
    """Tell whether a change takes a member, or an open invitation, out of a workspace."""
    return change.kind == REMOVE_FROM_WORKSPACE


def sets_organization_role(change: Change) -> bool:
    """Tell whether a change gives a member another organization role."""
    return change.kind == SET_ORGANIZATION_ROLE


def gives_workspace_role(change: Change) -> bool:
    """Tell whether a change gives a member a role in a workspace."""
    return change.kind in (ADD_TO_WORKSPACE, SET_WORKSPACE_ROLE)


def _loser_of_demotion(snapshot: Snapshot, change: Change) -> list[str]:
    return person_itself(snapshot, change) if demotes(change) else []


def _hits_who_has_joined(change: Change, caller: Caller) -> bool:
    return member_values(change.before).get("state") != "pending"


def _demotes_who_has_joined(change: Change, caller: Caller) -> bool:
    return _hits_who_has_joined(change, caller) and demotes(change)


def _end_of_admin(before: Values | None, after: Values | None, ids: Ids) -> str:
    if (
        member_values(before).get("role_name")
        == builtin_roles.ORGANIZATION_ADMIN
        != member_values(after).get("role_name")
    ):
        return "Being Admin in every workspace ends with it; only roles given in single workspaces stay."
    return ""


def _end_of_place(before: Values | None, after: Values | None, ids: Ids) -> str:
    if member_values(before).get("state") == "pending":
        return "Putting the workspace back into the invitation needs a new invitation, which sends another e-mail."
    return ""


def _role_step(change: Change) -> tuple[Step, ...]:
    is_invited = is_pending(change)
    return (
        Step(
            name="set-organization-role",
            method="set_pending_organization_role" if is_invited else "set_organization_role",
            arguments=lambda plan, change, present: {
                "identity_id": change.ids["identity_id"],
                "role_id": change.ids["role_id"],
            },
            is_once_only=False,
            need=CHANGES_INVITATIONS if is_invited else None,
            fallback=None,
        ),
    )


def _workspace_role_step(change: Change) -> tuple[Step, ...]:
    is_invited = is_pending(change)
    return (
        Step(
            name="set-workspace-role",
            method="set_pending_workspace_role" if is_invited else "set_workspace_role",
            arguments=lambda plan, change, present: {
                **_in_workspace(plan, change, present),
                "role_id": change.ids["role_id"],
            },
            is_once_only=False,
            need=CHANGES_INVITATIONS if is_invited else None,
            fallback=None,
        ),
    )


def _removal_step(change: Change) -> tuple[Step, ...]:
    method = "remove_pending_workspace_member" if is_pending(change) else "remove_workspace_member"
    return step("remove-from-workspace", method, _in_workspace)(change)


def _in_workspace(plan: Plan, change: Change, present: Present) -> dict[str, Any]:
    """Give the workspace, and the person's id there, which only a reading of the workspace tells."""
    member = present.member(change)
    if member is None:
        raise PlanError(f"The id of {change.email} in {change.workspace} is not known.")
    return {"workspace_id": change.ids["workspace_id"], "identity_id": member.identity_id}


def _addition(change: Change) -> Invitation:
    """Give the item of a workspace's batch that adds somebody who is in the organization."""
    return Invitation(
        email=change.email or "",
        role_id=None,
        workspace_ids=(change.ids["workspace_id"],),
        workspace_role_id=change.ids.get("role_id"),
    )


def _has_role(change: Change, present: Present) -> bool:
    # Who was invited and has joined meanwhile has another id.
    person = present.person(change) or present.joined(change)
    return person is not None and same_role(change.after or {}, person.role_id)


def _give_role(effects: MembershipEffects, change: Change) -> None:
    effects.roles[person_key(change, is_pending=is_pending(change))] = change


def _give_place(effects: MembershipEffects, change: Change) -> None:
    effects.given[_place(change)] = change


def _end_place(effects: MembershipEffects, change: Change) -> None:
    effects.ended.add(_place(change))


def _place(change: Change) -> str:
    return place_key(person_key(change, is_pending=is_pending(change)), change.ids.get("workspace_id", ""))


def _leave(effects: MembershipEffects, change: Change) -> None:
    effects.gone.add(person_key(change, is_pending=is_pending(change)))


_MEMBERSHIP = Subject(
    name="membership",
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

#: What all kinds of changes of memberships have in common.
_of_members = partial(
    Kind,
    subject=_MEMBERSHIP,
    tables=(),
    wave=0,
    last_wave=0,
    is_irreversible=False,
    needs=None,
    mails=0,
    losing_keys=lambda snapshot, change: [],
    is_callers_own=always(False),
    moves_rights=always(False),
    shows_in_access=always(True),
    unlock_self=MYSELF,
    makes="nothing",
    is_looked_at_last=False,
    is_shown=always(True),
    created_id=always(None),
    effect=no_rows,
    inverse=with_the_person,
)
_of_places = partial(
    _of_members,
    scope="workspace",
    promotes=always(False),
    allowed_to="workspace-admins",
    holds=is_member_as_before,
    reached=is_member_as_wanted,
    found_words=member_found,
)

KINDS = (
    _of_places(
        name=ADD_TO_WORKSPACE,
        order=50,
        one="person added to a workspace",
        several="people added to workspaces",
        stage=always("add"),
        risk=partial(risk_of_role, WORKSPACE_ROLES),
        reversible=True,
        consequence=always(""),
        gives="role",
        removes=always(False),
        demotes=always(False),
        losing_people=lambda snapshot, change: [],
        may_hit_caller=always(False),
        unlock=unlock_role,
        steps=step(
            "add-to-workspace",
            "add_workspace_member",
            lambda plan, change, present: {
                "workspace_id": change.ids["workspace_id"],
                "org_identity_id": change.ids["identity_id"],
                "role_id": change.ids.get("role_id"),
            },
        ),
        batch=Batch(
            name="add-to-workspace-batch",
            method="add_workspace_members",
            group=lambda change: (change.kind, change.ids["workspace_id"], change.ids.get("role_id", "")),
            arguments=lambda changes: {
                "workspace_id": changes[0].ids["workspace_id"],
                "invitations": [_addition(change) for change in changes],
            },
            names_people=True,
            asks_first=True,
            is_refused_whole=False,
        ),
        before_words=lambda change: values_words(change.before, nothing="no access of their own"),
        after_words=after_words,
        sentence=sentence_with(
            lambda change: values_words(change.before, nothing="no access of their own"), after_words
        ),
        effect_on_people=_give_place,
        log_operations=("add_member_to_workspace", "add_members_to_workspace_batch"),
    ),
    _of_members(
        name=SET_ORGANIZATION_ROLE,
        scope="organization",
        order=60,
        one="organization role changed",
        several="organization roles changed",
        stage=stage_of_role,
        risk=partial(risk_of_role, ORGANIZATION_ROLES),
        reversible=True,
        consequence=_end_of_admin,
        gives="role",
        removes=always(False),
        demotes=demotes,
        promotes=promotes,
        losing_people=_loser_of_demotion,
        may_hit_caller=_demotes_who_has_joined,
        allowed_to="operators",
        unlock=unlock_role,
        steps=_role_step,
        batch=None,
        holds=lambda change, present: is_person_as(change.before, change, present),
        reached=_has_role,
        found_words=lambda change, present: person_found(change, present, with_places=False),
        before_words=before_words,
        after_words=after_words,
        sentence=sentence_with(before_words, after_words),
        effect_on_people=_give_role,
        log_operations=("update_org_member",),
    ),
    _of_places(
        name=SET_WORKSPACE_ROLE,
        order=70,
        one="workspace role changed",
        several="workspace roles changed",
        stage=stage_of_role,
        risk=partial(risk_of_role, WORKSPACE_ROLES),
        reversible=True,
        consequence=always(""),
        gives="role",
        removes=always(False),
        demotes=demotes,
        losing_people=_loser_of_demotion,
        may_hit_caller=_demotes_who_has_joined,
        unlock=unlock_role,
        steps=_workspace_role_step,
        batch=None,
        before_words=before_words,
        after_words=after_words,
        sentence=sentence_with(before_words, after_words),
        effect_on_people=_give_place,
        log_operations=("update_workspace_member",),
    ),
    _of_places(
        name=REMOVE_FROM_WORKSPACE,
        order=140,
        one="removal from a workspace",
        several="removals from workspaces",
        stage=always("remove"),
        risk=always("medium"),
        reversible=True,
        consequence=_end_of_place,
        gives="nothing",
        removes=always(True),
        demotes=always(False),
        losing_people=person_itself,
        may_hit_caller=_hits_who_has_joined,
        unlock=always(UnlockPart(10, "remove", " from workspaces", " from workspaces")),
        steps=_removal_step,
        batch=None,
        before_words=before_words,
        after_words=always("removed from the workspace"),
        sentence=sentence_with(before_words, always("removed from the workspace")),
        effect_on_people=_end_place,
        log_operations=("delete_workspace_member", "delete_workspace_pending_member"),
    ),
    _of_members(
        name=REMOVE,
        scope="organization",
        order=160,
        one="removal from the organization",
        several="removals from the organization",
        stage=always("remove"),
        risk=always("high"),
        reversible=False,
        consequence=always(
            "Personal access tokens stop working and do not come back; to return, the person must accept a new invitation."
        ),
        gives="nothing",
        removes=always(True),
        demotes=always(False),
        promotes=always(False),
        losing_people=person_itself,
        may_hit_caller=_hits_who_has_joined,
        allowed_to="operators",
        unlock=always(UnlockPart(20, "remove", " from the organization", " from the organization")),
        steps=step("remove", "remove_member", lambda plan, change, present: {"identity_id": change.ids["identity_id"]}),
        batch=None,
        holds=is_person_in_places,
        reached=is_nobody_left,
        found_words=lambda change, present: person_found(change, present, with_places=True),
        before_words=before_words,
        after_words=always("removed from the organization"),
        sentence=sentence_with(before_words, always("removed from the organization")),
        effect_on_people=_leave,
        log_operations=("delete_org_member",),
    ),
)
