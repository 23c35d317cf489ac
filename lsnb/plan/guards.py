"""The safety rules about workspaces, roles, keys, tokens and settings; `lsnb.plan.safety` judges them with the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from lsnb import catalogue
from lsnb.errors import UnreadableTableError
from lsnb.plan.caller import is_caller, is_own_key
from lsnb.plan.model import Change, Verdict
from lsnb.plan.notes import listed
from lsnb.plan.present import holders_of_role, keys_with_role
from lsnb.plan.simulation import simulate
from lsnb.plan.sso_defaults import warn_of_sso_defaults
from lsnb.plan.structure import is_key_demotion, permission_steps, sensitive_gains
from lsnb.snapshot import Caller, Snapshot

_KEY_KINDS = frozenset({"SetServiceKeyRole", "DeleteServiceKey"})


def own_key_changes(changes: Iterable[Change], caller: Caller) -> list[Change]:
    """Find changes that would end or change the very key that makes the plan."""
    return [
        change
        for change in changes
        if change.kind in (*_KEY_KINDS, "RevokeAccessToken")
        and is_own_key(caller, (change.before or {}).get("short_key"))
        and _may_be_own(caller, change)
    ]


def _may_be_own(caller: Caller, change: Change) -> bool:
    """Tell whether the kind fits: a token is no service key, and other people's tokens are not the caller's."""
    if change.kind == "RevokeAccessToken":
        is_foreign = bool(change.email and caller.email) and not is_caller(caller, change.email, None)
        return caller.kind != "service" and not is_foreign
    return caller.kind != "pat"


def losing_people(snapshot: Snapshot, change: Change) -> list[str]:
    """List the people from whom a change of a thing takes something: addresses, or ids where there is none.

    Those are the holders of a role that loses a permission, and whoever is in a workspace that is deleted. Keys are
    counted by `losing_keys`.
    """
    if change.kind == "UpdateRole" and permission_steps(change)[1]:
        return holders_of_role(snapshot, change.ids["role_id"])
    if change.kind == "DeleteWorkspace":
        access = snapshot.access
        here = access[(access["workspace_id"] == change.ids.get("workspace_id", "")).fillna(False).astype(bool)]
        return sorted(set(here.loc[here["source"] != "org-admin", "email"].dropna().astype(object)))
    if change.kind == "RevokeAccessToken":
        return [change.email or change.id]
    return []


def losing_keys(snapshot: Snapshot, change: Change) -> list[str]:
    """List the service keys from which a change takes something, by what they are called."""
    if change.kind == "DeleteServiceKey" or is_key_demotion(change):
        values = change.before or {}
        return [str(values.get("description") or values.get("short_key") or change.id)]
    if change.kind == "UpdateRole" and permission_steps(change)[1]:
        return keys_with_role(snapshot, change.ids["role_id"])
    return []


def roles_in_use(snapshot: Snapshot, changes: Sequence[Change]) -> list[Verdict]:
    """Refuse to delete roles that somebody, or a key, would still hold once all else is done."""
    deleted = [change for change in changes if change.kind == "DeleteRole"]
    if not deleted:
        return []
    try:
        # The roles stay in it, so that whoever still holds them is found by them.
        after = simulate(snapshot, [change for change in changes if change.kind != "DeleteRole"])
    except UnreadableTableError as error:
        names = listed([str((change.before or {}).get("role")) for change in deleted])
        message = f"Whether anybody still holds {names} is not known. {error}"
        return [Verdict("role-in-use", message, tuple(change.id for change in deleted))]
    found = []
    for change in deleted:
        role_id, name = change.ids["role_id"], str((change.before or {}).get("role"))
        uses = _uses(after, role_id)
        if uses:
            message = (
                f"The role {name} is still held by {uses}; the service refuses to delete it. Give them another role in the "
                "same plan, or drop the change."
            )
            found.append(Verdict("role-in-use", message, (change.id,)))
    return found


def _uses(after: Snapshot, role_id: str) -> str:
    people, keys = holders_of_role(after, role_id), keys_with_role(after, role_id)
    parts = [listed(people, 8)] if people else []
    if keys:
        parts.append(f"{len(keys)} service key{'' if len(keys) == 1 else 's'}")
    if after.is_readable("sso") and (after.sso["default_role_id"] == role_id).fillna(False).any():
        parts.append("the single sign-on settings, for new people")
    return "; and by ".join(parts)


def warn_of_roles(snapshot: Snapshot, changes: Sequence[Change]) -> list[Verdict]:
    """Warn of roles that gain sensitive permissions, and of what may hold a deleted role without being seen."""
    found = []
    for change in changes:
        gained = sensitive_gains(change)
        name = (change.after or change.before or {}).get("role")
        if gained and change.kind == "UpdateRole":
            n = len(holders_of_role(snapshot, change.ids["role_id"]))
            who = "nobody holds it yet" if not n else f"{n:,} {'person holds' if n == 1 else 'people hold'} it"
            message = f"The role {name} would gain {listed(gained)}, which are sensitive; {who}."
            found.append(Verdict("sensitive-permissions", message, (change.id,)))
        elif gained:
            message = f"The new role {name} would have {listed(gained)}, which are sensitive."
            found.append(Verdict("sensitive-permissions", message, (change.id,)))
        if change.kind == "DeleteRole":
            found += _unseen_holders(snapshot, change)
    return found


def _unseen_holders(snapshot: Snapshot, change: Change) -> list[Verdict]:
    name = (change.before or {}).get("role")
    unseen = [
        word
        for table, word in (("service_keys", "service keys"), ("sso", "the single sign-on settings"))
        if not snapshot.is_readable(table)
    ]
    found = []
    if unseen:
        message = f"Whether {listed(unseen)} use the role {name} could not be read; the service refuses where they do."
        found.append(Verdict("role-use-unknown", message, (change.id,)))
    if snapshot.is_readable("policies"):
        policies = snapshot.policies
        attached = policies["role_ids"].fillna("").str.contains(change.ids["role_id"], regex=False)
        names = sorted(set(policies.loc[attached.astype(bool), "policy"].astype(object)))
        if names:
            message = f"Access policies are attached to the role {name} and lose it: {listed(names)}."
            found.append(Verdict("role-policies", message, (change.id,)))
    return found


def warn_of_workspaces(snapshot: Snapshot, changes: Sequence[Change]) -> list[Verdict]:
    """Warn of what else a deleted workspace is used by: single sign-on, and keys that act nowhere else."""
    deleted = [change for change in changes if change.kind == "DeleteWorkspace"]
    if not deleted:
        return []
    return [*warn_of_sso_defaults(snapshot, deleted), *_keys_that_end(snapshot, deleted)]


def _keys_that_end(snapshot: Snapshot, deleted: Sequence[Change]) -> list[Verdict]:
    """Name the keys whose workspaces would all be gone; the service tells those of a key by their names only."""
    if not snapshot.is_readable("service_keys"):
        return []
    gone = {change.workspace for change in deleted}
    keys = snapshot.service_keys
    ending = [
        str(description)
        for description, places in zip(
            keys["description"].astype(object), keys["workspaces"].fillna("").astype(object), strict=True
        )
        if places and set(places.split(", ")) <= gone
    ]
    if not ending:
        return []
    message = (
        f"Keys that act nowhere else end with their workspace, and do not come back: {listed(sorted(ending))}. Whatever "
        "uses them stops working."
    )
    return [Verdict("workspace-keys", message, tuple(change.id for change in deleted))]


def warn_of_settings(snapshot: Snapshot, changes: Sequence[Change]) -> list[Verdict]:
    """Warn of what settings break for others."""
    asked = {c.ids["setting"]: c for c in changes if c.kind == "UpdateSettings"}
    found = []
    tokens = asked.get("pat_creation_disabled")
    if tokens and (tokens.after or {}).get("pat_creation_disabled"):
        message = (
            "Once nobody can make personal access tokens, scripts that use one end with their token, and people need "
            "service keys, which only Organization Admins can make for the whole organization."
        )
        found.append(Verdict("tokens-off", message, (tokens.id,)))
    invites = {name: _after(snapshot, asked, name) for name in ("invites_enabled", "jit_provisioning_enabled")}
    closing = [asked[name].id for name in invites if name in asked]
    if closing and all(value is False for value in invites.values()):
        message = "Neither invitations nor single sign-on would bring anybody new into the organization."
        found.append(Verdict("closed-door", message, tuple(closing)))
    return found


def _after(snapshot: Snapshot, asked: Mapping[str, Change], name: str) -> Any:
    if name in asked:
        return (asked[name].after or {}).get(name)
    return snapshot.setting(name, default=None) if snapshot.is_readable("settings") else None


def own_roles_losing(snapshot: Snapshot, changes: Iterable[Change]) -> list[Change]:
    """Find roles that would lose a permission while the caller holds them, and is not Admin everywhere anyway."""
    losing = [c for c in changes if c.kind == "UpdateRole" and permission_steps(c)[1]]
    held = _own_roles(snapshot) if losing else set()
    return [change for change in losing if change.ids["role_id"] in held]


def _own_roles(snapshot: Snapshot) -> set[str]:
    """List the ids of the roles that the caller holds; none of somebody who is Admin everywhere anyway."""
    caller = snapshot.meta.caller
    if caller.kind == "service":
        # Whether Organization Admin makes a key Admin everywhere, as it does people, is not known; so its own role counts.
        if not snapshot.is_readable("service_keys"):
            return set()
        keys = snapshot.service_keys
        mine = keys[[is_own_key(caller, None if pd.isna(k) else str(k)) for k in keys["short_key"].astype(object)]]
        return set(mine["role_id"].dropna().astype(object))
    if not (caller.email or caller.ls_user_id):
        return set()
    access = snapshot.access
    mine = access[
        (
            (access["email"] == (caller.email or "").strip().lower())
            | (access["ls_user_id"] == (caller.ls_user_id or ""))
        )
        .fillna(False)
        .astype(bool)
    ]
    if (mine["role_name"] == catalogue.ORGANIZATION_ADMIN).any():
        return set()
    return set(mine["role_id"].dropna().astype(object))
