"""Which requests a change takes, and how each is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsnb.api.membership import Invitation
from lsnb.apply.present import Present
from lsnb.errors import PlanError
from lsnb.plan.model import Change

if TYPE_CHECKING:
    from lsnb.api import Api

INVITE = "invite"
INVITE_BATCH = "invite-batch"
CANCEL = "cancel"

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


def check_kinds(changes: tuple[Change, ...]) -> None:
    """Make sure that every change is of a kind that can be carried out.

    Raises:
        PlanError: one is not; names the kinds.
    """
    unknown = sorted({change.kind for change in changes if change.kind not in _STEPS})
    if unknown:
        raise PlanError(f"This version carries out changes of memberships, and the plan has {', '.join(unknown)} too.")


def steps_of(change: Change) -> tuple[str, ...]:
    """Name the requests that a change takes, in order."""
    return _STEPS[change.kind]


def sends_mail(step: str) -> bool:
    """Tell whether a request makes the service send an e-mail, so that it must never go out twice."""
    return step in (INVITE, INVITE_BATCH)


def invitation_of(change: Change) -> Invitation:
    """Give the invitation that a change sends."""
    after = change.after or {}
    return Invitation(
        email=change.email or "",
        role_id=change.ids.get("role_id"),
        workspace_ids=tuple(str(place["workspace_id"]) for place in after.get("workspaces") or ()),
        workspace_role_id=change.ids.get("workspace_role_id"),
    )


def send(api: Api, change: Change, step: str, present: Present) -> None:
    """Send one request of a change.

    Args:
        api: the service.
        change: the change.
        step: which of its requests.
        present: what was read just before, for the ids of people in workspaces.
    """
    ids = change.ids
    is_pending = ids.get("pending") == "true"
    if step == INVITE:
        api.invite_member(invitation_of(change))
    elif step == CANCEL:
        api.cancel_invitation(ids["identity_id"])
    elif step == "set-organization-role":
        set_role = api.set_pending_organization_role if is_pending else api.set_organization_role
        set_role(ids["identity_id"], ids["role_id"])
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
        set_role = api.set_pending_workspace_role if is_pending else api.set_workspace_role
        set_role(place, member_id, change.ids["role_id"])
    else:
        remove = api.remove_pending_workspace_member if is_pending else api.remove_workspace_member
        remove(place, member_id)
