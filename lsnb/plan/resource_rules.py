"""The safety rules about workspaces, roles, keys, tokens and settings; `lsnb.plan.safety` judges them with the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from lsnb.errors import UnreadableTableError
from lsnb.plan.caller import is_own_key
from lsnb.plan.current_values import holders_of_role, keys_with_role
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.simulation import simulate
from lsnb.plan.subjects import role
from lsnb.snapshot import Caller, Snapshot
from lsnb.tables import builtin_roles


def own_key_changes(changes: Iterable[Change], caller: Caller) -> list[Change]:
    """Find changes that would end or change the very key that makes the plan."""
    return [change for change in changes if kind_of(change).is_callers_own(change, caller)]


def roles_in_use(snapshot: Snapshot, changes: Sequence[Change]) -> list[RuleResult]:
    """Refuse to delete roles that somebody, or a key, would still hold once all else is done."""
    deleted = role.deletions(changes)
    ids = {change.id for change in deleted}
    if not deleted:
        return []
    try:
        # The roles stay in it, so that whoever still holds them is found by them.
        after = simulate(snapshot, [change for change in changes if change.id not in ids])
    except UnreadableTableError as error:
        names = listed([str((change.before or {}).get("role")) for change in deleted])
        message = f"Whether anybody still holds {names} is not known. {error}"
        return [RuleResult("role-in-use", message, tuple(change.id for change in deleted))]
    found = []
    for change in deleted:
        role_id, name = change.ids["role_id"], str((change.before or {}).get("role"))
        uses = _uses(after, role_id)
        if uses:
            message = (
                f"The role {name} is still held by {uses}; the service refuses to delete it. Give them another role in the "
                "same plan, or drop the change."
            )
            found.append(RuleResult("role-in-use", message, (change.id,)))
    return found


def _uses(after: Snapshot, role_id: str) -> str:
    people, keys = holders_of_role(after, role_id), keys_with_role(after, role_id)
    parts = [listed(people, 8)] if people else []
    if keys:
        parts.append(f"{len(keys)} service key{'' if len(keys) == 1 else 's'}")
    if after.is_readable("sso") and (after.sso["default_role_id"] == role_id).fillna(False).any():
        parts.append("the single sign-on settings, for new people")
    return "; and by ".join(parts)


def own_roles_losing(snapshot: Snapshot, changes: Iterable[Change]) -> list[Change]:
    """Find roles that would lose a permission while the caller holds them, and is not Admin everywhere anyway."""
    losing = [change for change in changes if role.takes_permissions(change)]
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
    if (mine["role_name"] == builtin_roles.ORGANIZATION_ADMIN).any():
        return set()
    return set(mine["role_id"].dropna().astype(object))
