"""Which requests a change takes, and how each is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from lsnb.api.keys import NewKey
from lsnb.api.membership import Invitation
from lsnb.apply.present import Present
from lsnb.apply.things import workspace_of_key
from lsnb.errors import PermissionDeniedError, PlanError
from lsnb.offers import noting_offer
from lsnb.plan import offered
from lsnb.plan.model import Change, Plan
from lsnb.plan.structure import THINGS
from lsnb.secrets import Secret

if TYPE_CHECKING:
    from lsnb.api import Api

INVITE = "invite"
INVITE_BATCH = "invite-batch"
CANCEL = "cancel"
ADD_BATCH = "add-to-workspace-batch"
UPDATE_SETTINGS = "update-settings"
CREATE_KEY = "create-key"
_CREATING = ("create-workspace", "create-role", CREATE_KEY)

_STEPS: dict[str, tuple[str, ...]] = {
    "InviteMember": (INVITE,),
    "ReplaceInvite": (CANCEL, INVITE),
    "CancelInvite": (CANCEL,),
    "SetOrgRole": ("set-organization-role",),
    "RemoveMember": ("remove",),
    "AddWorkspaceMember": ("add-to-workspace",),
    "SetWorkspaceRole": ("set-workspace-role",),
    "RemoveWorkspaceMember": ("remove-from-workspace",),
    "CreateWorkspace": ("create-workspace",),
    "RenameWorkspace": ("rename-workspace",),
    "DeleteWorkspace": ("delete-workspace",),
    "CreateRole": ("create-role",),
    "UpdateRole": ("update-role",),
    "DeleteRole": ("delete-role",),
    "CreateServiceKey": (CREATE_KEY,),
    "SetServiceKeyRole": ("set-key-role",),
    "DeleteServiceKey": ("delete-key",),
    "RevokeAccessToken": ("revoke-token",),
    "ReinstateAccessToken": ("reinstate-token",),
    "UpdateSettings": (UPDATE_SETTINGS,),
    "UnshareAll": ("unshare-all",),
}

_NOT_OFFERED = {
    "set-key-role": offered.NOT_OFFERED["SetServiceKeyRole"],
    "revoke-token": offered.NOT_OFFERED["RevokeAccessToken"],
    "reinstate-token": offered.NOT_OFFERED["ReinstateAccessToken"],
}
_IN_PLACE = ("set-organization-role", "set-workspace-role")


def not_offered(change: Change, step: str) -> tuple[str, str] | None:
    """Say what is not offered, and what to do instead, where a server may lack the endpoint of a step."""
    if step in _IN_PLACE and change.ids.get("pending") == "true":
        return offered.PENDING_NOT_OFFERED
    return _NOT_OFFERED.get(step)


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
    unknown = sorted({change.kind for change in changes if change.kind not in _STEPS})
    if unknown:
        raise PlanError(f"This version does not carry out {', '.join(unknown)}, which the plan has. Use a newer lsnb.")


def steps_of(change: Change) -> tuple[str, ...]:
    """Name the requests that a change takes, in order."""
    return _STEPS[change.kind]


def is_once_only(step: str) -> bool:
    """Tell whether a request must never go out twice: it makes the service send an e-mail, or creates something."""
    return step in (INVITE, INVITE_BATCH, *_CREATING)


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


def settings_of(changes: Sequence[Change]) -> dict[str, Any]:
    """Give the settings that changes set, in one body."""
    return {change.ids["setting"]: (change.after or {}).get(change.ids["setting"]) for change in changes}


def is_login_setting(change: Change) -> bool:
    """Tell whether a change is of the one setting that has an endpoint of its own."""
    return change.ids.get("setting") == "sso_only"


def send(api: Api, plan: Plan, change: Change, step: str, present: Present) -> Sent:
    """Send one request of a change.

    Args:
        api: the service.
        plan: the plan, from which the id of a new workspace is made.
        change: the change, without references.
        step: which of its requests.
        present: what was read just before, for the ids of people in workspaces.
    """
    if change.kind in THINGS:
        return _SENDERS[step](api, plan, change)
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


def _after(change: Change) -> dict[str, Any]:
    if change.after is None:
        raise PlanError(f"{change.kind} has no values to set.")
    return dict(change.after)


def _create_workspace(api: Api, plan: Plan, change: Change) -> Sent:
    # The same change of the same plan always asks for the same id, so that the service itself refuses a second one.
    id_ = str(uuid5(NAMESPACE_URL, f"lsnb:{plan.fingerprint}:{plan.created_at}:{change.id}"))
    return _made(api.create_workspace(str(_after(change)["workspace"]), workspace_id=id_))


def _rename_workspace(api: Api, plan: Plan, change: Change) -> Sent:
    api.rename_workspace(change.ids["workspace_id"], str(_after(change)["workspace"]))
    return Sent()


def _delete_workspace(api: Api, plan: Plan, change: Change) -> Sent:
    api.delete_workspace(change.ids["workspace_id"])
    return Sent()


def _create_role(api: Api, plan: Plan, change: Change) -> Sent:
    after = _after(change)
    return _made(api.create_role(after["role"], after["description"] or "", after["permissions"]))


def _update_role(api: Api, plan: Plan, change: Change) -> Sent:
    after = _after(change)
    api.update_role(change.ids["role_id"], after["role"], after["description"] or "", after["permissions"])
    return Sent()


def _delete_role(api: Api, plan: Plan, change: Change) -> Sent:
    api.delete_role(change.ids["role_id"])
    return Sent()


def _create_key(api: Api, plan: Plan, change: Change) -> Sent:
    after = _after(change)
    key = NewKey(
        description=after["description"],
        role_id=after.get("role_id"),
        org_role_id=after.get("org_role_id"),
        workspace_ids=tuple(str(place["workspace_id"]) for place in after.get("workspaces") or ()),
        expires_at=after.get("expires_at"),
    )
    try:
        made = api.create_service_key(key)
    except PermissionDeniedError:
        place = workspace_of_key(change)
        if place is None or not _may_be_of_workspaces(api):
            raise
        made = api.create_workspace_key(place, key)
    return Sent(str(made.record["id"]) if made.record.get("id") else None, made.secret)


def _set_key_role(api: Api, plan: Plan, change: Change) -> Sent:
    before, after = change.before or {}, _after(change)
    wanted = {
        name: after.get(name) if after.get(name) != before.get(name) else None for name in ("role_id", "org_role_id")
    }
    noting_offer(api, "service_key_patch", partial(api.set_service_key_role, change.ids["key_id"], **wanted))
    return Sent()


def _delete_key(api: Api, plan: Plan, change: Change) -> Sent:
    try:
        api.delete_service_key(change.ids["key_id"])
    except PermissionDeniedError:
        place = api.transport.settings.workspace_id
        if place is None or not _may_be_of_workspaces(api):
            raise
        api.delete_workspace_key(place, change.ids["key_id"])
    return Sent()


def _revoke(api: Api, plan: Plan, change: Change) -> Sent:
    api.revoke_access_token(change.ids["token_id"])
    return Sent()


def _reinstate(api: Api, plan: Plan, change: Change) -> Sent:
    api.reinstate_access_token(change.ids["token_id"])
    return Sent()


def _update_setting(api: Api, plan: Plan, change: Change) -> Sent:
    if is_login_setting(change):
        api.set_sso_only(sso_only=bool(settings_of([change])["sso_only"]))
    else:
        api.update_settings(settings_of([change]))
    return Sent()


def _unshare_all(api: Api, plan: Plan, change: Change) -> Sent:
    api.unshare_all(change.ids["workspace_id"])
    return Sent()


def _made(record: dict[str, Any]) -> Sent:
    return Sent(str(record["id"]) if record.get("id") else None)


def _may_be_of_workspaces(api: Api) -> bool:
    """Tell whether what was refused is a service key, which may be one of single workspaces; it has routes of its own."""
    return api.transport.settings.key.kind == "service"


_SENDERS: dict[str, Callable[[Api, Plan, Change], Sent]] = {
    "create-workspace": _create_workspace,
    "rename-workspace": _rename_workspace,
    "delete-workspace": _delete_workspace,
    "create-role": _create_role,
    "update-role": _update_role,
    "delete-role": _delete_role,
    CREATE_KEY: _create_key,
    "set-key-role": _set_key_role,
    "delete-key": _delete_key,
    "revoke-token": _revoke,
    "reinstate-token": _reinstate,
    UPDATE_SETTINGS: _update_setting,
    "unshare-all": _unshare_all,
}
