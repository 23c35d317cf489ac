"""Roles as a plan speaks of them: one value with both names and the id, ranked."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

#: Higher means more. A custom role stands beside the Editor: what it grants is the organization's own business.
_RANKS = {
    builtin_roles.ORGANIZATION_VIEWER: 0,
    builtin_roles.ORGANIZATION_USER: 1,
    builtin_roles.ORGANIZATION_OPERATOR: 2,
    builtin_roles.ORGANIZATION_ADMIN: 3,
    builtin_roles.WORKSPACE_VIEWER: 0,
    builtin_roles.WORKSPACE_USER: 1,
    builtin_roles.CUSTOM: 1,
    builtin_roles.WORKSPACE_ADMIN: 2,
}

#: The roles that give power over the organization.
ORGANIZATION_POWERS = frozenset({builtin_roles.ORGANIZATION_ADMIN, builtin_roles.ORGANIZATION_OPERATOR})


class RoleData(TypedDict):
    """A role as JSON-able data."""

    role: str | None
    role_id: str | None
    role_name: str | None


class Role(NamedTuple):
    """A role: the name that people see, the id, and the system name; each may be unknown."""

    role: str | None
    role_id: str | None
    role_name: str | None

    @property
    def key(self) -> str:
        """What tells two roles apart."""
        return self.role_id or self.role_name or self.role or ""

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.role or self.role_name or self.role_id or "no role"

    @property
    def is_organization_admin(self) -> bool:
        """Whether it is Organization Admin, and so Admin in every workspace."""
        return self.role_name == builtin_roles.ORGANIZATION_ADMIN

    def to_data(self) -> RoleData:
        """Give it as JSON-able data."""
        return {"role": self.role, "role_id": self.role_id, "role_name": self.role_name}


#: A workspace role where the plan of the organization has none: everybody is Admin, and no id may be sent.
ADMIN_WITHOUT_ROLES = Role(
    builtin_roles.SYSTEM_ROLES[builtin_roles.WORKSPACE_ADMIN][0], None, builtin_roles.WORKSPACE_ADMIN
)


def rank(role_name: str | None) -> int:
    """Rank a role within its scope by its system name; higher means more."""
    return _RANKS.get(role_name or "", 1)


def power_order(role: Role) -> tuple[int, int, str, str]:
    """Sort roles from least to most powerful, always in the same order."""
    # Of two that rank alike the built-in one comes first: what it grants is known.
    return rank(role.role_name), role.role_name == builtin_roles.CUSTOM, role.label, role.key


def default_role(snapshot: Snapshot) -> Role | None:
    """Find the role that a new person gets where the sheet names none: Organization User; None where not listed."""
    if not snapshot.is_readable("roles"):
        return None
    roles = snapshot.roles
    found = roles[roles["role_name"] == builtin_roles.ORGANIZATION_USER]
    if found.empty:
        return None
    return Role(str(found["role"].iloc[0]), str(found["role_id"].iloc[0]), builtin_roles.ORGANIZATION_USER)
