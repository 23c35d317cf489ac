"""Which requests a change takes, and how each is sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lsnb.api.membership import Invitation
from lsnb.apply.present import Present
from lsnb.errors import PermissionDeniedError, PlanError
from lsnb.offers import noting_offer
from lsnb.plan import offered
from lsnb.plan.kind_record import Kind, Step
from lsnb.plan.kinds import UNKNOWN, kind_of
from lsnb.plan.model import Change, Plan
from lsnb.secrets import Secret

if TYPE_CHECKING:
    from lsnb.api import Api

INVITE = "invite"
INVITE_BATCH = "invite-batch"
CANCEL = "cancel"
ADD_BATCH = "add-to-workspace-batch"

_STEPS: dict[str, tuple[str, ...]] = {
    "InviteMember": (INVITE,),
    "ReplaceInvite": (CANCEL, INVITE),
    "CancelInvite": (CANCEL,),
    "SetOrgRole": ("set-organization-role",),
    "RemoveMember": ("remove",),
    "AddWorkspaceMember": ("add-to-workspace",),
    "SetWorkspaceRole": ("set-workspace-role",),
    "RemoveWorkspaceMember": ("remove-from-workspace",),
}

_IN_PLACE = ("set-organization-role", "set-workspace-role")


def not_offered(change: Change, step: str) -> tuple[str, str] | None:
    """Say what is not offered, and what to do instead, where a server may lack the endpoint of a step."""
    if step in _IN_PLACE and change.ids.get("pending") == "true":
        return offered.PENDING_NOT_OFFERED
    need = next((found.need for found in kind_of(change).steps(change) if found.name == step), None)
    return None if need is None else (need.missing, need.instead)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a request that was carried out.

    Args:
        created_id: the id of what it created.
        secret: the secret of a key that it created.
    """

    created_id: str | None = None
    secret: Secret | None = None


def check_kinds(changes: tuple[Change, ...]) -> None:
    """Make sure that every change is of a kind that can be carried out.

    Raises:
        PlanError: one is not; names the kinds.
    """
    unknown = sorted({change.kind for change in changes if kind_of(change) is UNKNOWN})
    if unknown:
        raise PlanError(f"This version does not carry out {', '.join(unknown)}, which the plan has. Use a newer lsnb.")


def steps_of(change: Change) -> tuple[str, ...]:
    """Name the requests that a change takes, in order."""
    kind = kind_of(change)
    return _STEPS[change.kind] if kind.subject.is_person else tuple(step.name for step in kind.steps(change))


def is_once_only(change: Change, step: str) -> bool:
    """Tell whether a request must never go out twice: it makes the service send an e-mail, or creates something."""
    if step in (INVITE, INVITE_BATCH):
        return True
    return any(found.is_once_only for found in kind_of(change).steps(change) if found.name == step)


def invitation_of(change: Change) -> Invitation:
    """Give the invitation that a change sends."""
    after = change.after or {}
    return Invitation(
        email=change.email or "",
        role_id=change.ids.get("role_id"),
        workspace_ids=tuple(str(place["workspace_id"]) for place in after.get("workspaces") or ()),
        workspace_role_id=change.ids.get("workspace_role_id"),
    )


def addition_of(change: Change) -> Invitation:
    """Give the item of a workspace's batch that adds somebody who is in the organization."""
    return Invitation(
        email=change.email or "",
        role_id=None,
        workspace_ids=(change.ids["workspace_id"],),
        workspace_role_id=change.ids.get("role_id"),
    )


def send(api: Api, plan: Plan, change: Change, step: str, present: Present) -> Sent:
    """Send one request of a change.

    Args:
        api: the service.
        plan: the plan, from which the id of a new workspace is made.
        change: the change, without references.
        step: which of its requests.
        present: what was read just before, for the ids of people in workspaces.
    """
    kind = kind_of(change)
    if not kind.subject.is_person:
        found = next(found for found in kind.steps(change) if found.name == step)
        return _made(kind, _answer(api, plan, change, found, present))
    _send_membership(api, change, step, present)
    return Sent()


def _send_membership(api: Api, change: Change, step: str, present: Present) -> None:
    ids = change.ids
    is_pending = ids.get("pending") == "true"
    if step == INVITE:
        api.invite_member(invitation_of(change))
    elif step == CANCEL:
        api.cancel_invitation(ids["identity_id"])
    elif step == "set-organization-role":
        if is_pending:
            patch = partial(api.set_pending_organization_role, ids["identity_id"], ids["role_id"])
            noting_offer(api, "pending_patch", patch)
        else:
            api.set_organization_role(ids["identity_id"], ids["role_id"])
    elif step == "remove":
        api.remove_member(ids["identity_id"])
    elif step == "add-to-workspace":
        api.add_workspace_member(ids["workspace_id"], org_identity_id=ids["identity_id"], role_id=ids.get("role_id"))
    else:
        member = present.member(change)
        if member is None:
            raise PlanError(f"The id of {change.email} in {change.workspace} is not known.")
        _send_in_workspace(api, change, step, member.identity_id, is_pending=is_pending)


def _send_in_workspace(api: Api, change: Change, step: str, member_id: str, *, is_pending: bool) -> None:
    place = change.ids["workspace_id"]
    if step == "set-workspace-role":
        role_id = change.ids["role_id"]
        if is_pending:
            noting_offer(api, "pending_patch", partial(api.set_pending_workspace_role, place, member_id, role_id))
        else:
            api.set_workspace_role(place, member_id, role_id)
    else:
        remove = api.remove_pending_workspace_member if is_pending else api.remove_workspace_member
        remove(place, member_id)


def _answer(api: Api, plan: Plan, change: Change, step: Step, present: Present) -> Any:
    """Send a request; what is refused to a key of single workspaces goes by the endpoint that such a key has."""
    send = partial(getattr(api, step.method), **step.arguments(plan, change, present))
    try:
        if step.need is None or step.need.offer is None:
            return send()
        return noting_offer(api, step.need.offer, send)
    except PermissionDeniedError:
        settings = api.transport.settings
        if step.fallback is None or settings.key.kind != "service":
            raise
        arguments = step.fallback.arguments(plan, change, settings.workspace_id)
        if arguments is None:
            raise
        return getattr(api, step.fallback.method)(**arguments)


def _made(kind: Kind, answer: Any) -> Sent:
    """Take from an answer what was created."""
    if kind.makes == "nothing":
        return Sent()
    record = answer.record if kind.makes == "secret" else answer
    secret = answer.secret if kind.makes == "secret" else None
    return Sent(str(record["id"]) if record.get("id") else None, secret)
