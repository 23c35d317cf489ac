"""What LangSmith documents about its built-in roles: their names, ranks and permissions.

The service's own answer always wins; this is for servers that list built-in roles without their permissions, and for
keys that may not read the catalogue. The list of permissions grows every few weeks, so nothing is ever refused because
it is missing here. Source: https://docs.langchain.com/langsmith/organization-workspace-operations
"""

from __future__ import annotations

ORGANIZATION_ADMIN = "ORGANIZATION_ADMIN"
ORGANIZATION_OPERATOR = "ORGANIZATION_OPERATOR"
ORGANIZATION_USER = "ORGANIZATION_USER"
ORGANIZATION_VIEWER = "ORGANIZATION_VIEWER"
WORKSPACE_ADMIN = "WORKSPACE_ADMIN"
WORKSPACE_USER = "WORKSPACE_USER"
WORKSPACE_VIEWER = "WORKSPACE_VIEWER"
CUSTOM = "CUSTOM"

#: System roles by name: the name that people see, and the scope.
SYSTEM_ROLES: dict[str, tuple[str, str]] = {
    ORGANIZATION_ADMIN: ("Organization Admin", "organization"),
    ORGANIZATION_OPERATOR: ("Organization Operator", "organization"),
    ORGANIZATION_USER: ("Organization User", "organization"),
    ORGANIZATION_VIEWER: ("Organization Viewer", "organization"),
    WORKSPACE_ADMIN: ("Admin", "workspace"),
    WORKSPACE_USER: ("Editor", "workspace"),
    WORKSPACE_VIEWER: ("Viewer", "workspace"),
}

_ALL_WORKSPACE_ROLES = (WORKSPACE_ADMIN, WORKSPACE_USER, WORKSPACE_VIEWER)
_EDITOR_UP = (WORKSPACE_ADMIN, WORKSPACE_USER)
_ADMIN_ONLY = (WORKSPACE_ADMIN,)


def _expand(prefix: str, actions: str) -> tuple[str, ...]:
    return tuple(f"{prefix}:{action}" for action in actions.split())


#: Workspace permissions whose holders are documented.
_DOCUMENTED: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (_expand("projects", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("projects", "update increase-trace-tier decrease-trace-tier"), _EDITOR_UP),
    (_expand("projects", "create delete"), _ADMIN_ONLY),
    (_expand("runs", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("runs", "create share"), _EDITOR_UP),
    (_expand("runs", "delete"), _ADMIN_ONLY),
    (_expand("rules", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("rules", "create update delete"), _EDITOR_UP),
    (_expand("datasets", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("datasets", "create update"), _EDITOR_UP),
    (_expand("datasets", "delete share"), _ADMIN_ONLY),
    (_expand("feedback", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("feedback", "create update delete"), _EDITOR_UP),
    (_expand("annotation-queues", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("annotation-queues", "create update"), _EDITOR_UP),
    (_expand("annotation-queues", "delete"), _ADMIN_ONLY),
    (_expand("prompts", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("prompts", "create update delete"), _EDITOR_UP),
    (_expand("charts", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("charts", "create update delete"), _EDITOR_UP),
    (_expand("deployments", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("deployments", "create update"), _EDITOR_UP),
    (_expand("deployments", "delete"), _ADMIN_ONLY),
    (_expand("workspaces", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("workspaces", "manage manage-members"), _ADMIN_ONLY),
    (_expand("bulk-exports", "read"), _ALL_WORKSPACE_ROLES),
    (_expand("bulk-exports", "manage"), _ADMIN_ONLY),
    (_expand("fleet", "read-admin-config write-admin-config"), _ADMIN_ONLY),
)

#: Workspace permissions that exist, but whose holders are not documented; the Admin presumably has them.
_UNDOCUMENTED: tuple[str, ...] = (
    *_expand("alerts", "read create update delete"),
    *_expand("experiments", "run"),
    *_expand("prompts", "share"),
    *_expand("workspaces", "manage-secrets manage-model-configs"),
    *_expand("mcp-servers", "read create update delete invoke"),
    *_expand("sandboxes", "read create update delete exec"),
    *_expand("issues", "read create update delete"),
    *_expand("gateway", "invoke"),
)

_ORGANIZATION_PERMISSIONS: dict[str, tuple[str, ...]] = {
    "organization:manage": (ORGANIZATION_ADMIN, ORGANIZATION_OPERATOR),
    "organization:read": (ORGANIZATION_ADMIN, ORGANIZATION_OPERATOR, ORGANIZATION_USER, ORGANIZATION_VIEWER),
    "organization:pats:create": (ORGANIZATION_ADMIN, ORGANIZATION_OPERATOR, ORGANIZATION_USER),
}

#: Every documented permission with its scope.
PERMISSION_SCOPES: dict[str, str] = {
    **dict.fromkeys(_ORGANIZATION_PERMISSIONS, "organization"),
    **{permission: "workspace" for permissions, _ in _DOCUMENTED for permission in permissions},
    **dict.fromkeys(_UNDOCUMENTED, "workspace"),
}


def documented_permissions(role_name: str) -> tuple[str, ...]:
    """List the permissions that the documentation gives a system role, sorted; none for other roles.

    Args:
        role_name: the system name, such as `WORKSPACE_USER`.
    """
    granted = [permission for permission, holders in _ORGANIZATION_PERMISSIONS.items() if role_name in holders]
    granted += [p for permissions, holders in _DOCUMENTED if role_name in holders for p in permissions]
    if role_name == WORKSPACE_ADMIN:
        granted += _UNDOCUMENTED
    return tuple(sorted(granted))
