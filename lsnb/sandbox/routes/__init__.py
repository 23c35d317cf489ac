"""Map methods and paths to the rules: one small function per endpoint, nothing decided here."""

from __future__ import annotations

from lsnb.sandbox.routes import (
    accounts,
    control,
    identity,
    keys,
    members,
    organization,
    platform,
    roles,
    sso,
    tags,
    usage,
    workspace_members,
    workspaces,
)

# Order matters in one place: `/workspaces/current/...` must be known before `/workspaces/{workspace_id}`.
ALL = (
    control.router,
    identity.router,
    organization.router,
    roles.router,
    members.router,
    tags.router,
    workspace_members.router,
    workspaces.router,
    keys.router,
    accounts.router,
    platform.router,
    sso.router,
    usage.router,
)
