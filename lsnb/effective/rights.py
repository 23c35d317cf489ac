"""What a snapshot says about rights, in the form that questions are answered from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lsnb import catalogue
from lsnb.effective.abac import Rule, read_rules
from lsnb.errors import TableError
from lsnb.snapshot import Snapshot

#: A role that the snapshot does not name.
UNKNOWN = "?"
GRANT_COLUMNS = ["email", "name", "scope", "workspace", "workspace_id", "role", "source", "state", "key"]


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights in a snapshot.

    Args:
        grants: rows of `access` with `key`, the role's key.
        held: permissions by the role's key: a built-in role's system name, a custom role's id.
        rules: the access policies; none where they do not apply.
        gaps: what could not be evaluated, as sentences.
    """

    grants: pd.DataFrame
    held: dict[str, frozenset[str]]
    rules: tuple[tuple[Rule, frozenset[str]], ...]
    gaps: tuple[str, ...]

    @property
    def permissions(self) -> list[str]:
        """Every permission that a role or a policy speaks of, sorted."""
        named = {group.permission for rule, _ in self.rules for group in rule.groups}
        return sorted(set().union(*self.held.values(), named))


def role_key(role_name: pd.Series, role_id: pd.Series) -> pd.Series:
    """Give the key of each row's role: the system name of a built-in role, the id of a custom one."""
    names, ids = role_name.astype(object), role_id.astype(object)
    return names.where(names.isin(list(catalogue.SYSTEM_ROLES)), ids).fillna(UNKNOWN)


def held_permissions(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """Give the permissions of every role by its key.

    Raises:
        UnreadableTableError: the permissions of roles could not be read.
    """
    permissions = snapshot.table("permissions", columns=["permission", "role_name", "role_id"])
    keys = role_key(permissions["role_name"], permissions["role_id"])
    held = {str(key): frozenset(rows) for key, rows in permissions["permission"].astype(object).groupby(keys)}
    for name in catalogue.SYSTEM_ROLES:
        held.setdefault(name, frozenset(catalogue.documented_permissions(name)))
    if snapshot.is_readable("roles"):
        roles = snapshot.table("roles", columns=["role_name", "role_id"])
        for key in role_key(roles["role_name"], roles["role_id"]):
            # A role that is listed and grants nothing is known to grant nothing.
            held.setdefault(str(key), frozenset())
    return held


def read_rights(snapshot: Snapshot) -> Rights:
    """Read the rights out of a snapshot.

    Raises:
        UnreadableTableError: `access` or `permissions` could not be read.
    """
    grants = snapshot.table("access")
    grants["key"] = role_key(grants["role_name"], grants["role_id"])
    rules, gaps = _read_policies(snapshot)
    status, reason = snapshot.status("access")
    if status == "partial":
        gaps += (f"Not all access was read: {reason}",)
    return Rights(grants[GRANT_COLUMNS], held_permissions(snapshot), rules, gaps)


def _read_policies(snapshot: Snapshot) -> tuple[tuple[tuple[Rule, frozenset[str]], ...], tuple[str, ...]]:
    """Read the access policies with the keys of their roles, and what is not known about them."""
    has_settings = snapshot.is_readable("settings")
    if has_settings and (snapshot.setting("can_use_abac", default=True) is False or not snapshot.has_rbac):
        return (), ()
    status, reason = snapshot.status("policies")
    if status == "unavailable":
        return (), ()
    if not snapshot.is_readable("policies"):
        return (), (f"Access policies were not looked at, and may allow or deny more: {reason}",)
    keys = {}
    if snapshot.is_readable("roles"):
        roles = snapshot.table("roles", columns=["role_name", "role_id"])
        keys = dict(zip(roles["role_id"], role_key(roles["role_name"], roles["role_id"]), strict=True))
    rules = read_rules(snapshot.table("policies"))
    return tuple((rule, frozenset(str(keys.get(i, i)) for i in rule.role_ids)) for rule in rules), ()


def scope_of(snapshot: Snapshot, permission: str) -> str:
    """Tell whether a permission is one of the organization or of workspaces."""
    if snapshot.is_readable("permission_catalogue"):
        listed = snapshot.table("permission_catalogue", columns=["permission", "scope"])
        found = listed.loc[listed["permission"] == permission, "scope"]
        if not found.empty:
            return str(found.iloc[0])
    default = "organization" if permission.startswith("organization:") else "workspace"
    return catalogue.PERMISSION_SCOPES.get(permission, default)


def find_workspace(snapshot: Snapshot, workspace: str) -> tuple[str, str]:
    """Find a workspace by name or id, as (name, id).

    Raises:
        TableError: there is none, or several have that name.
    """
    places = snapshot.table("workspaces", columns=["workspace", "workspace_id"])
    wanted = workspace.strip().casefold()
    by_id = places[places["workspace_id"].str.lower() == wanted]
    found = by_id if not by_id.empty else places[places["workspace"].str.casefold() == wanted]
    if len(found) == 1:
        return str(found["workspace"].iloc[0]), str(found["workspace_id"].iloc[0])
    if found.empty:
        raise TableError(f"There is no workspace {workspace!r}. There are: {', '.join(places['workspace'])}.")
    raise TableError(
        f"{len(found)} workspaces are called {workspace!r}; name one by its id: {', '.join(found['workspace_id'])}."
    )
