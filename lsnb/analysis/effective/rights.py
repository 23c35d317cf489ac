"""What a snapshot says about rights, in the form that questions are answered from."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

import pandas as pd

from lsnb.analysis.effective.abac import Rule, read_rules
from lsnb.analysis.effective.principals import GRANT_COLUMNS, PERSON, key_grants, role_key
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights in a snapshot.

    Args:
        grants: rows of `access` with `key`, the role's key.
        held: permissions by the role's key: a built-in role's system name, a custom role's id.
        rules: the access policies; none where they do not apply.
        gaps: what could not be evaluated, as sentences.
        keys: the grants of service keys and tokens likewise; their owners' for tokens.
        key_gaps: what is not known about those.
    """

    grants: pd.DataFrame
    held: dict[str, frozenset[str]]
    rules: tuple[tuple[Rule, frozenset[str]], ...]
    gaps: tuple[str, ...]
    keys: pd.DataFrame
    key_gaps: tuple[str, ...] = ()

    @property
    def everybody(self) -> pd.DataFrame:
        """The grants of people, and behind them those of service keys and tokens."""
        return pd.concat([self.grants, self.keys], ignore_index=True) if len(self.keys) else self.grants

    @property
    def permissions(self) -> list[str]:
        """Every permission that a role or a policy speaks of, sorted."""
        named = {group.permission for rule, _ in self.rules for group in rule.groups}
        return sorted(set().union(*self.held.values(), named))


def held_permissions(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """Give the permissions of every role by its key.

    Raises:
        UnreadableTableError: the permissions of roles could not be read.
    """
    permissions = snapshot.table("permissions", columns=["permission", "role_name", "role_id"])
    keys = role_key(permissions["role_name"], permissions["role_id"])
    held = {str(key): frozenset(rows) for key, rows in permissions["permission"].astype(object).groupby(keys)}
    if any("*" in permission for granted in held.values() for permission in granted):
        named = frozenset(builtin_roles.PERMISSION_SCOPES).union(*held.values())
        held = {key: _spell_out(granted, named) for key, granted in held.items()}
    for name in builtin_roles.SYSTEM_ROLES:
        held.setdefault(name, frozenset(builtin_roles.documented_permissions(name)))
    if snapshot.is_readable("roles"):
        roles = snapshot.table("roles", columns=["role_name", "role_id", "n_permissions"])
        roles = roles[roles["n_permissions"].notna()]
        for key in role_key(roles["role_name"], roles["role_id"]):
            # A role that is listed with an empty list grants nothing; one without a list is unknown.
            held.setdefault(str(key), frozenset())
    return held


def _spell_out(granted: frozenset[str], named: frozenset[str]) -> frozenset[str]:
    """Add the permissions that a granted pattern such as `runs:*` stands for."""
    patterns = [permission for permission in granted if "*" in permission]
    return granted | {name for name in named if any(fnmatchcase(name, pattern) for pattern in patterns)}


def read_rights(snapshot: Snapshot) -> Rights:
    """Read the rights out of a snapshot.

    Raises:
        UnreadableTableError: `access` or `permissions` could not be read.
    """
    grants = snapshot.table("access")
    grants["key"] = role_key(grants["role_name"], grants["role_id"])
    grants["principal_kind"] = pd.Series(PERSON, index=grants.index, dtype=DTYPES["text"])
    grants["principal_id"] = grants["identity_id"]
    grants = grants[list(GRANT_COLUMNS)]
    rules, gaps = _read_policies(snapshot)
    status, reason = snapshot.status("access")
    if status == "partial":
        gaps += (f"Not all access was read: {reason}",)
    status, reason = snapshot.status("permissions")
    if status == "partial":
        gaps += (f"Not all that roles grant was read, so they may grant more: {reason}",)
    return Rights(grants, held_permissions(snapshot), rules, gaps, *key_grants(snapshot, grants))


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
    gaps: tuple[str, ...] = ()
    if status == "partial":
        gaps += (f"Not all access policies are known, and others may allow or deny more: {reason}",)
    if any(table == "policies" for table, _, _ in snapshot.meta.unread_cells):
        gaps += ("Parts of access policies are not understood, and may allow or deny more; see snap.completeness.",)
    return tuple((rule, frozenset(str(keys.get(i, i)) for i in rule.role_ids)) for rule in rules), gaps


def scope_of(snapshot: Snapshot, permission: str) -> str:
    """Tell whether a permission is one of the organization or of workspaces."""
    if snapshot.is_readable("permission_catalogue"):
        listed = snapshot.table("permission_catalogue", columns=["permission", "scope"])
        found = listed.loc[listed["permission"] == permission, "scope"]
        if not found.empty:
            return str(found.iloc[0])
    default = "organization" if permission.startswith("organization:") else "workspace"
    return builtin_roles.PERMISSION_SCOPES.get(permission, default)
