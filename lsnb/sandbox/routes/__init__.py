"""Map methods and paths to the rules: one small function per endpoint, nothing decided here."""

from __future__ import annotations

from . import control, identity, members, organization, roles, workspace_members, workspaces

ALL = (
    control.router,
    identity.router,
    organization.router,
    roles.router,
    members.router,
    workspaces.router,
    workspace_members.router,
)
