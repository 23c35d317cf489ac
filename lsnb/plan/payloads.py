"""What requests carry, as values; `lsnb.service.api` sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NewKey:
    """A service key to be made. The service's defaults are powerful, so the roles are always named.

    Args:
        description: what it is for.
        role_id: the workspace role; None only where the organization's plan has no roles.
        org_role_id: the organization role, for keys of the whole organization.
        workspace_ids: its workspaces; none for the whole organization.
        expires_at: when it stops working, ISO 8601; None for never.
    """

    description: str
    role_id: str | None
    org_role_id: str | None = None
    workspace_ids: Sequence[str] = ()
    expires_at: str | None = None

    def to_body(self) -> dict[str, Any]:
        """Give it as the service wants it."""
        body: dict[str, Any] = {
            "description": self.description,
            "role_id": self.role_id,
            "org_role_id": None if self.workspace_ids else self.org_role_id,
            "workspaces": list(self.workspace_ids) or None,
            "expires_at": self.expires_at,
        }
        return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invitation to be sent.

    Args:
        email: whom to invite.
        role_id: the organization role.
        workspace_ids: the workspaces that it is for.
        workspace_role_id: the one role for all of them; None where the organization's plan has no roles.
    """

    email: str
    role_id: str | None
    workspace_ids: tuple[str, ...] = ()
    workspace_role_id: str | None = None

    def to_body(self) -> dict[str, Any]:
        """Give it as the service wants it."""
        body: dict[str, Any] = {
            "email": self.email,
            "role_id": self.role_id,
            "workspace_ids": list(self.workspace_ids) or None,
            "workspace_role_id": self.workspace_role_id if self.workspace_ids else None,
        }
        return {name: value for name, value in body.items() if value is not None}
