"""List the permissions and who is granted them by a built-in role (API.md 6.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

Scope = Literal["organization", "workspace"]


class Permission(NamedTuple):
    """One permission; `grants` are the letters of the built-in roles that hold it."""

    name: str
    description: str
    scope: Scope
    grants: str


# A = Organization Admin, O = Operator, U = User, V = Viewer.
_ORGANIZATION = (
    ("organization:manage", "AO", "Manage the organization: people, roles, keys and settings"),
    ("organization:read", "AOUV", "View the organization, its people and its usage"),
    ("organization:pats:create", "AOU", "Create personal access tokens"),
    ("organization:read-metadata", "AOUV", "View the organization's name and plan"),
    ("organization:manage-model-configs", "A", "Manage the organization's model settings"),
    ("organization:manage-model-secrets", "A", "Manage the organization's model secrets"),
)

# A = Admin, E = Editor, V = Viewer of a workspace. Where the documentation gives no grant, Admin holds it.
_WORKSPACE = """
annotation-queues create:AE delete:A read:AEV update:AE
charts create:AE delete:AE read:AEV update:AE
datasets create:AE delete:A read:AEV share:A update:AE download:AEV clone:AE tag-on-create:AE
deployments create:AE delete:A read:AEV update:AE
feedback create:AE delete:AE read:AEV update:AE
feedback-configs create:AE delete:A update:AE
experiments run:A
issues create:A delete:A read:A update:A
projects create:A delete:A read:AEV update:AE increase-trace-tier:AE decrease-trace-tier:AE tag-on-create:A
prompts create:AE delete:AE read:AEV update:AE share:A tag:AE tag-on-create:AE
rules create:AE delete:AE read:AEV update:AE configure-retention:A
runs create:AE read:AEV share:AE delete:A read-stats:AEV
sandboxes create:A delete:A read:A update:A exec:A tag-on-create:A
workspaces manage-members:A manage-secrets:A manage:A manage-model-configs:A read:AEV manage-keys:A
alerts create:A update:A delete:A read:A
bulk-exports read:AEV manage:A
mcp-servers create:A delete:A invoke:A read:A update:A
gateway invoke:A
fleet read-admin-config:A write-admin-config:A
agent-auth-connections read:A create:A update:A delete:A revoke:A
model-price-map read:AEV create:A update:A delete:A
snapshots create:A delete:A update:A
custom-apps read:A create:A update:A delete:A
"""


def _read_workspace() -> Iterable[Permission]:
    for line in _WORKSPACE.split("\n"):
        area, *entries = line.split() or [""]
        for entry in entries:
            verb, grants = entry.split(":")
            words = f"{verb.replace('-', ' ').capitalize()} {area.replace('-', ' ')}"
            yield Permission(f"{area}:{verb}", words, "workspace", grants)


CATALOGUE: tuple[Permission, ...] = (
    *(Permission(name, words, "organization", grants) for name, grants, words in _ORGANIZATION),
    *_read_workspace(),
)
BY_NAME = {permission.name: permission for permission in CATALOGUE}

_SYSTEM_ROLES: tuple[tuple[str, str, Scope, str, str], ...] = (
    ("ORGANIZATION_ADMIN", "Organization Admin", "organization", "A", "Manages everything in the organization"),
    ("ORGANIZATION_OPERATOR", "Organization Operator", "organization", "O", "Administers, but not the Admins"),
    ("ORGANIZATION_USER", "Organization User", "organization", "U", "Reads the organization, may create tokens"),
    ("ORGANIZATION_VIEWER", "Organization Viewer", "organization", "V", "Reads the organization"),
    ("WORKSPACE_ADMIN", "Admin", "workspace", "A", "Manages everything in the workspace"),
    ("WORKSPACE_USER", "Editor", "workspace", "E", "Works in the workspace, without its management"),
    ("WORKSPACE_VIEWER", "Viewer", "workspace", "V", "Reads the workspace"),
)


def make_system_roles() -> list[dict[str, Any]]:
    """Return the seven built-in roles with the permissions the catalogue grants them."""
    return [
        {
            "name": name,
            "display_name": display_name,
            "description": description,
            "access_scope": scope,
            "permissions": [p.name for p in CATALOGUE if p.scope == scope and letter in p.grants],
        }
        for name, display_name, scope, letter, description in _SYSTEM_ROLES
    ]
