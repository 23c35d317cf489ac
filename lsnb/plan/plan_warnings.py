"""What a reader of a plan should know about its changes, without stopping it."""

from __future__ import annotations

import pyarrow.compute as pc

from lsnb.plan.admins import has_sso, takes_admin
from lsnb.plan.caller import is_caller
from lsnb.plan.current_state import CurrentState
from lsnb.plan.kinds import kind_of
from lsnb.plan.membership_changes import is_demotion, is_removal
from lsnb.plan.model import Change, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.roles import ORGANIZATION_POWERS
from lsnb.plan.rules import Rules
from lsnb.plan.settings import setting
from lsnb.plan.simulation import Ending, organization_admins
from lsnb.plan.subjects.invitation import sends_invitation
from lsnb.snapshot import Caller, Snapshot
from lsnb.tables import builtin_roles


def warn(
    snapshot: Snapshot, standing: CurrentState, changes: tuple[Change, ...], ending: Ending, rules: Rules
) -> list[RuleResult]:
    """List what is worth knowing about the changes.

    Args:
        snapshot: the organization as it was read.
        standing: what people hold.
        changes: the changes.
        ending: what they would leave.
        rules: how many people a message names.
    """
    inviting = [change for change in changes if sends_invitation(change)]
    return [
        *_workspaces_without_admin(ending),
        *_scim_managed(snapshot, standing, changes, rules.max_listed),
        *_unknown_caller(snapshot.meta.caller, changes),
        *_unknown_logins(standing, changes),
        *_callers_limits(snapshot, changes, rules.max_listed),
        *(_inviting(snapshot, inviting, ending) if inviting else ()),
    ]


def _workspaces_without_admin(ending: Ending) -> list[RuleResult]:
    if not ending.lost_workspaces:
        return []
    names = listed(ending.lost_workspaces)
    return [
        RuleResult(
            "workspace-admin",
            f"Nobody would be Admin by a role of their own any more in {names}; only Organization Admins could manage it.",
        )
    ]


def _scim_managed(
    snapshot: Snapshot, standing: CurrentState, changes: tuple[Change, ...], limit: int
) -> list[RuleResult]:
    managed = managed_identities(snapshot, standing)
    about = [change for change in changes if change.ids.get("identity_id") in managed]
    if not about:
        return []
    people = sorted({change.email or "" for change in about})
    return [
        RuleResult(
            "scim-managed",
            f"An identity provider manages {listed(people, limit)}; its next synchronization may undo the change. Change "
            "the groups there instead.",
            tuple(change.id for change in about),
        )
    ]


def managed_identities(snapshot: Snapshot, standing: CurrentState) -> set[str]:
    """Find the people whom an identity provider manages: by how they came, by their groups, or by a role it gave."""
    by_group = standing.held.filter(pc.equal(standing.held["source"], "group"))
    found = set(by_group["identity_id"].to_pylist())
    if snapshot.is_readable("members"):
        members = snapshot.members
        is_managed = members["provisioned_by"].str.contains("scim", case=False, regex=False).fillna(False).astype(bool)
        is_managed |= members["scim_groups"].notna()
        found |= set(members.loc[is_managed, "identity_id"])
    return found


def _unknown_caller(caller: Caller, changes: tuple[Change, ...]) -> list[RuleResult]:
    """Say that the rule `self` has nobody to protect where it is not known whose token it is."""
    about = [change.id for change in changes if is_removal(change) or is_demotion(change)]
    if caller.kind == "service" or caller.email or caller.ls_user_id or not about:
        return []
    message = (
        "It is not known whose key makes this plan, so nothing keeps it from taking away that person's own rights."
    )
    return [RuleResult("caller-unknown", message, tuple(about))]


def _unknown_logins(standing: CurrentState, changes: tuple[Change, ...]) -> list[RuleResult]:
    """Say that Organization Admins are counted without knowing which logins are open."""
    about = [change for change in changes if takes_admin(change)]
    if standing.sso_only is not None or not about:
        return []
    without = sum(not has_sso(standing.login_methods.get(identity)) for identity in organization_admins(standing))
    if not without:
        return []
    message = (
        "Whether people can log in through single sign-on only could not be read, so every active Organization Admin is "
        f"counted as able to sign in; of {without:,} of them no login through single sign-on is known."
    )
    return [RuleResult("sign-in-unknown", message, tuple(change.id for change in about))]


def _callers_limits(snapshot: Snapshot, changes: tuple[Change, ...], limit: int) -> list[RuleResult]:
    """Say what the server will refuse to this caller; only where the caller's role is known."""
    caller = snapshot.meta.caller
    role = _system_name(caller)
    if role in (None, builtin_roles.ORGANIZATION_ADMIN):
        return []
    mine: set[str] = set()
    if snapshot.is_readable("workspaces"):
        workspaces = snapshot.workspaces
        admin = builtin_roles.SYSTEM_ROLES[builtin_roles.WORKSPACE_ADMIN][0]
        mine = set(workspaces.loc[(workspaces["my_role"] == admin).fillna(False).astype(bool), "workspace_id"])
    about = [
        change for change in changes if not _may(role, change, mine, own_token=is_caller(caller, change.email, None))
    ]
    if not about:
        return []
    people = sorted({change.email or change.workspace or change.kind for change in about})
    what = builtin_roles.SYSTEM_ROLES.get(role or "", (caller.role, ""))[0]
    return [
        RuleResult(
            "caller-rights",
            f"The server will probably refuse {len(about):,} of the {len(changes):,} changes, since the caller is "
            f"{what}: those about {listed(people, limit)}. An Organization Operator may only give, change and remove User "
            "and Viewer; roles in a workspace are for its Admins.",
            tuple(change.id for change in about),
        )
    ]


def _system_name(caller: Caller) -> str | None:
    names = {display: name for name, (display, _) in builtin_roles.SYSTEM_ROLES.items()}
    return names.get(caller.role or "", caller.role)


def _may(role: str | None, change: Change, own_workspaces: set[str], *, own_token: bool = False) -> bool:
    """Tell whether a caller who is not Organization Admin may make a change."""
    if change.scope == "workspace":
        return change.ids.get("workspace_id") in own_workspaces
    allowed_to = kind_of(change).allowed_to
    if allowed_to == "operators-and-workspace-admins" and change.ids.get("workspace_id") in own_workspaces:
        return True
    if allowed_to == "admins":
        return False
    if allowed_to == "operators-and-owner" and own_token:
        return True
    names = ("role_name", "org_role_name")
    touched = {values.get(name) for values in (change.before or {}, change.after or {}) for name in names}
    return role == builtin_roles.ORGANIZATION_OPERATOR and not touched & ORGANIZATION_POWERS


def _inviting(snapshot: Snapshot, inviting: list[Change], ending: Ending) -> list[RuleResult]:
    """Say where invitations cannot work, or do not fit."""
    ids = tuple(change.id for change in inviting)
    n = f"{len(inviting):,} invitation{'' if len(inviting) == 1 else 's'}"
    found: list[RuleResult] = []
    if setting(snapshot, "invites_enabled", True) is False:
        message = f"Invitations are switched off for this organization; the server will refuse {n}."
        found.append(RuleResult("invitations-off", message, ids))
    if setting(snapshot, "is_personal", False) is True:
        message = f"This is a personal organization, which cannot invite; the server will refuse {n}."
        found.append(RuleResult("personal-organization", message, ids))
    if setting(snapshot, "sso_only", False) is True:
        message = (
            f"People can log in only through single sign-on here, which needs no invitation; {n} may lead nowhere."
        )
        found.append(RuleResult("sso-only", message, ids))
    seats = setting(snapshot, "max_identities", 0)
    if isinstance(seats, int) and 0 < seats < ending.n_people_after:
        message = (
            f"There are {seats:,} seats; {ending.n_people_before:,} are taken, and the plan would need "
            f"{ending.n_people_after:,}. The server may refuse {n}."
        )
        found.append(RuleResult("seats", message, ids))
    return found
