"""Make one change: from what is there and what is wanted follow its stage, its risk and what it brings with it.

The ids that a change carries for whoever carries it out, as far as they apply:

- `identity_id`: the person's id in the organization; of the pending invitation where `pending` is "true". The ids of
  the person within a workspace are not known to a snapshot and are looked up when the change is made.
- `pending`: "true" where the person has not joined, so that the routes for pending people are to be used.
- `workspace_id`: for changes in one workspace.
- `role_id`: the role wanted: of the organization for organization changes and invitations, of the workspace for
  workspace changes. Absent where the organization's plan has no roles: then no role may be sent.
- `workspace_role_id`: for invitations, the one role for all of `after["workspaces"]`.
- `ls_user_id`: the person's id over all organizations, where it is known.

`lsnb.plan.subjects` tells the same of changes that are of nobody's membership.
"""

from __future__ import annotations

from collections.abc import Mapping

from lsnb import catalogue
from lsnb.plan.fingerprint import change_id
from lsnb.plan.kind_record import Draft, Values
from lsnb.plan.kinds import KINDS
from lsnb.plan.model import Change, ChangeKind, Risk, Stage
from lsnb.plan.roles import ORGANIZATION_POWERS, rank

_INVITATIONS = frozenset({"InviteMember", "ReplaceInvite"})
_REMOVALS = frozenset({"RemoveMember", "RemoveWorkspaceMember", "CancelInvite"})
_RISK_OF_REMOVAL: dict[str, Risk] = {"RemoveMember": "high", "RemoveWorkspaceMember": "medium", "CancelInvite": "low"}
_GIVING = _INVITATIONS | {"SetOrgRole", "AddWorkspaceMember", "SetWorkspaceRole"}
_ORGANIZATION_ROLES = frozenset(name for name, (_, scope) in catalogue.SYSTEM_ROLES.items() if scope == "organization")
_WORKSPACE_ROLES = frozenset(catalogue.SYSTEM_ROLES) - _ORGANIZATION_ROLES | {catalogue.CUSTOM}
_WORKSPACE_KINDS = frozenset({"AddWorkspaceMember", "SetWorkspaceRole", "RemoveWorkspaceMember"})


def new_change(
    kind: ChangeKind,
    *,
    before: Values | None,
    after: Values | None,
    reason: str,
    ids: Mapping[str, str | None],
    email: str | None = None,
    workspace: str | None = None,
    is_self: bool = False,
) -> Change:
    """Make a change of somebody's membership, or of a workspace, a role, a key, a token or a setting.

    Args:
        kind: what is done.
        before: the values now.
        after: the values wanted.
        reason: why the plan has it.
        ids: the ids that the calls need; unknown ones are left out.
        email: whom it concerns; of a token its owner where that is known, and nobody otherwise.
        workspace: the workspace's name, where the change is about one.
        is_self: whether it concerns the identity that makes the plan.
    """
    known = {name: value for name, value in ids.items() if value}
    record = KINDS.get(kind)
    if record is not None:
        place = known[record.subject.id_name]
        return Change(
            # The owner of a token is no part of it: a key that may not see owners makes the same change.
            id=change_id(kind, email if record.subject.is_person else None, record.scope, place),
            kind=kind,
            stage="self" if is_self else record.stage(before, after, known),
            email=email,
            scope=record.scope,
            workspace=workspace,
            before=before,
            after=after,
            reason=reason,
            risk=record.risk(before, after, known),
            reversible=record.reversible,
            consequence=record.consequence(before, after, known),
            ids=known,
        )
    scope = "workspace" if kind in _WORKSPACE_KINDS else "organization"
    return Change(
        id=change_id(kind, email, scope, known.get("workspace_id")),
        kind=kind,
        stage="self" if is_self else stage_of(kind, before, after),
        email=email,
        scope="workspace" if kind in _WORKSPACE_KINDS else "organization",
        workspace=workspace,
        before=before,
        after=after,
        reason=reason,
        risk=risk_of(kind, before, after),
        reversible=kind != "RemoveMember",
        consequence=consequence_of(kind, before, after),
        ids=known,
    )


def new_change_of(draft: Draft, reason: str) -> Change:
    """Make a change of a draft.

    Args:
        draft: what is done to what.
        reason: why the plan has it.
    """
    return new_change(
        draft.kind,
        before=draft.before,
        after=draft.after,
        reason=reason,
        ids=draft.ids,
        email=draft.email,
        workspace=draft.workspace,
        is_self=draft.is_self,
    )


def _name(values: Values | None, field: str = "role_name") -> str | None:
    return None if values is None else values.get(field)


def _powers(values: Values | None) -> int:
    """Rank a role by the power it gives over the organization or over a workspace; 0 for the others."""
    name = _name(values)
    if name in ORGANIZATION_POWERS:
        return rank(name)
    return 1 if name == catalogue.WORKSPACE_ADMIN else 0


def is_promotion(change: Change) -> bool:
    """Tell whether a change makes somebody, or a service key, Organization Admin or Operator who was less before."""
    record = KINDS.get(change.kind)
    if record is not None:
        return record.promotes(change)
    name = _name(change.after)
    if change.scope != "organization" or name not in ORGANIZATION_POWERS:
        return False
    before = _name(change.before)
    return before not in ORGANIZATION_POWERS or rank(before) < rank(name)


def is_demotion(change: Change) -> bool:
    """Tell whether a change gives somebody, or a service key, a lesser role of the same scope."""
    record = KINDS.get(change.kind)
    if record is not None:
        return record.demotes(change)
    if change.kind not in ("SetOrgRole", "SetWorkspaceRole"):
        return False
    return rank(_name(change.after)) < rank(_name(change.before))


def is_removal(change: Change) -> bool:
    """Tell whether a change takes somebody out of a workspace or of the organization, or an invitation back."""
    record = KINDS.get(change.kind)
    return change.kind in _REMOVALS if record is None else record.removes(change)


def stage_of(kind: str, before: Values | None, after: Values | None) -> Stage:
    """Tell when a change is made, unless it concerns the caller."""
    if kind in _INVITATIONS:
        return "invite"
    if kind == "AddWorkspaceMember":
        return "add"
    if kind in _REMOVALS:
        return "remove"
    gained = _powers(after) - _powers(before)
    return "promote" if gained > 0 else "demote" if gained < 0 else "change"


def risk_of(kind: str, before: Values | None, after: Values | None) -> Risk:
    """Tell how much power a change gives or takes; a kind or a role that is not known is high.

    What is known around a change can raise it: see `lsnb.plan.risks`.
    """
    if kind in _REMOVALS:
        return _RISK_OF_REMOVAL[kind]
    if kind not in _GIVING:
        return "high"
    old, new = _name(before), _name(after)
    if old != new and (new in ORGANIZATION_POWERS or old in ORGANIZATION_POWERS):
        return "high"
    is_invitation = kind in _INVITATIONS
    if ({new} | (set() if before is None or is_invitation else {old})) - _known_roles(kind):
        return "high"
    shared = _name(after, "workspace_role_name")
    if is_invitation and shared is not None and shared not in _WORKSPACE_ROLES:
        return "high"
    if kind == "ReplaceInvite":
        return "medium"
    return "medium" if catalogue.WORKSPACE_ADMIN in ((shared,) if is_invitation else (old, new)) else "low"


def _known_roles(kind: str) -> frozenset[str]:
    return _WORKSPACE_ROLES if kind in _WORKSPACE_KINDS else _ORGANIZATION_ROLES


def consequence_of(kind: str, before: Values | None, after: Values | None) -> str:
    """Say what cannot come back, or what else happens."""
    if kind == "RemoveMember":
        return (
            "Personal access tokens stop working and do not come back; to return, the person must accept a new "
            "invitation."
        )
    if kind == "CancelInvite":
        return "The link that was sent stops working; inviting again sends another e-mail."
    if kind == "ReplaceInvite":
        return "The invitation is cancelled and made again: a second e-mail goes out."
    if kind == "RemoveWorkspaceMember" and (before or {}).get("state") == "pending":
        return "Putting the workspace back into the invitation needs a new invitation, which sends another e-mail."
    if kind == "SetOrgRole" and _name(before) == catalogue.ORGANIZATION_ADMIN != _name(after):
        return "Being Admin in every workspace ends with it; only roles given in single workspaces stay."
    return ""
