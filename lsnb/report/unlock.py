"""Say in few words what a plan takes and gives: what must be typed, and read, before it can be applied."""

from __future__ import annotations

from collections import Counter

from lsnb import catalogue
from lsnb.plan.changes import is_promotion
from lsnb.plan.model import Change, Plan
from lsnb.plan.structure import permission_steps, sensitive_gains

#: What each part is called: its verb, and what follows the number of one and of several.
_WORDS: dict[str, tuple[str, str, str]] = {
    "remove-workspace": ("remove", " from workspaces", " from workspaces"),
    "remove-organization": ("remove", " from the organization", " from the organization"),
    "cancel": ("cancel", " invitation", " invitations"),
    "delete-workspace": ("delete", " workspace", " workspaces"),
    "delete-role": ("delete", " role", " roles"),
    "delete-key": ("delete", " key", " keys"),
    "revoke": ("revoke", " token", " tokens"),
    "unshare": ("unshare", " workspace", " workspaces"),
    "demote-workspace": ("demote", " in workspaces", " in workspaces"),
    "demote-organization": ("demote", " in the organization", " in the organization"),
    "demote-key": ("demote", " key", " keys"),
    "narrow": ("narrow", " role", " roles"),
    "promote": ("promote", "", ""),
    "promote-workspace": ("promote", " in workspaces", " in workspaces"),
    "widen": ("widen", " role", " roles"),
    "myself": ("change myself", "", ""),
    "settings": ("settings", "", ""),
    "final": ("final", "", ""),
}
_TAKING = {
    "RemoveWorkspaceMember": "remove-workspace",
    "RemoveMember": "remove-organization",
    "CancelInvite": "cancel",
    "DeleteWorkspace": "delete-workspace",
    "DeleteRole": "delete-role",
    "DeleteServiceKey": "delete-key",
    "RevokeAccessToken": "revoke",
    "UnshareAll": "unshare",
}


def unlock_phrase(plan: Plan) -> str:
    """Say what a plan takes and gives, each kind by itself; empty where it does neither.

    `remove 2 from workspaces, 1 from the organization, promote 1`: who takes somebody out of a workspace does not mean
    the organization.
    """
    counts = Counter(part for part in map(_part_of, plan.changes) if part)
    words: list[str] = []
    last_verb = ""
    for part, (verb, one, several) in _WORDS.items():
        n = counts[part]
        if n:
            said = f"{n}{one if n == 1 else several}"
            words.append(said if verb == last_verb else f"{verb} {said}")
            last_verb = verb
    return ", ".join(words)


def _part_of(change: Change) -> str:
    if change.stage == "self":
        return "settings" if change.kind == "UpdateSettings" else "myself"
    if change.kind in _TAKING:
        return _TAKING[change.kind]
    if change.stage == "demote":
        return _demotion(change)
    if is_promotion(change):
        return "promote"
    if change.stage == "promote" or _makes_workspace_admin(change):
        return "promote-workspace"
    if sensitive_gains(change) and change.kind == "UpdateRole":
        return "widen"
    return "" if change.reversible else "final"


def _demotion(change: Change) -> str:
    if change.kind == "UpdateRole" and permission_steps(change)[1]:
        return "narrow"
    if change.kind == "SetServiceKeyRole":
        return "demote-key"
    return "demote-workspace" if change.scope == "workspace" else "demote-organization"


def _makes_workspace_admin(change: Change) -> bool:
    names = ("workspace_role_name", "role_name")
    was, will = ({(values or {}).get(name) for name in names} for values in (change.before, change.after))
    return catalogue.WORKSPACE_ADMIN in will - was
