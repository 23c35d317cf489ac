"""Endpoints that change who is a member of what, and the readings that such changes need.

Roles are always named, since the service's defaults are generous and not documented. An argument that is None is not
sent: organizations without roles in their plan refuse workspace roles. `read_only` is deprecated and never sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lsnb.plan.payloads import Invitation
from lsnb.service.api.base import Endpoints, Record

__all__ = ["BATCH_LIMIT", "Invitation", "MembershipWrites"]

#: The most invitations that one request may carry.
BATCH_LIMIT = 500

_MEMBERS = "/api/v1/orgs/current/members"
_WORKSPACE_MEMBERS = "/api/v1/workspaces/current/members"
_ENRICHED = "/v1/platform/orgs/current/members"


class MembershipWrites(Endpoints):
    """Invite, add, change and remove people; one request per call."""

    def find_members(self, emails: Sequence[str]) -> tuple[list[Record], bool]:
        """Read the people with these addresses, joined and invited, with their workspaces and roles.

        `GET /v1/platform/orgs/current/members?email_like=...`

        Returns:
            The records; and whether they list all workspaces, not only those that the key sees.

        Raises:
            NotFoundError: an older server, which has only `list_active_members` and `list_pending_members`.
        """
        whole: list[bool] = []
        found: list[Record] = []
        while True:
            params = {"email_like": list(emails), "limit": BATCH_LIMIT, "offset": len(found)}
            answer = self.transport.request("GET", _ENRICHED, params=params)
            page: list[Record] = self._checked(_ENRICHED, answer.data, list)
            whole.append(str(answer.headers.get("X-Members-List-All-Workspaces", "")).lower() == "true")
            found += page
            if len(page) < BATCH_LIMIT:
                return found, all(whole)

    def invite_members(self, invitations: Iterable[Invitation]) -> list[Record]:
        """Invite up to 500 people in one request, each with their own roles. `POST /orgs/current/members/batch`.

        Returns:
            The pending people, in any order.
        """
        return self._rows("POST", f"{_MEMBERS}/batch", [invitation.to_body() for invitation in invitations])

    def invite_member(self, invitation: Invitation) -> Record:
        """Invite one person. `POST /orgs/current/members`."""
        answer = self.transport.request("POST", _MEMBERS, body=invitation.to_body())
        return answer.data if isinstance(answer.data, dict) else {}

    def set_organization_role(self, identity_id: str, role_id: str) -> None:
        """Give a member another organization role. `PATCH /orgs/current/members/{identity_id}`."""
        self.transport.request("PATCH", f"{_MEMBERS}/{identity_id}", body={"role_id": role_id})

    def remove_member(self, identity_id: str) -> None:
        """Remove a member from the organization and all its workspaces. `DELETE /orgs/current/members/{identity_id}`."""
        self.transport.request("DELETE", f"{_MEMBERS}/{identity_id}")

    def cancel_invitation(self, identity_id: str) -> None:
        """Take an invitation back. `DELETE /orgs/current/members/{identity_id}/pending`."""
        self.transport.request("DELETE", f"{_MEMBERS}/{identity_id}/pending")

    def set_pending_organization_role(self, identity_id: str, role_id: str) -> None:
        """Change the organization role of an open invitation, on newer servers.

        `PATCH /orgs/current/members/{identity_id}/pending`
        """
        self.transport.request("PATCH", f"{_MEMBERS}/{identity_id}/pending", body={"role_id": role_id})

    def add_workspace_member(self, workspace_id: str, *, org_identity_id: str, role_id: str | None) -> Record:
        """Add a member of the organization to a workspace. `POST /workspaces/current/members`.

        Args:
            workspace_id: the workspace.
            org_identity_id: the person's id in the organization.
            role_id: the workspace role; None only where the organization's plan has no roles.
        """
        body = _without_none(org_identity_id=org_identity_id, role_id=role_id)
        answer = self._in_workspace("POST", "", workspace_id, body)
        return answer if isinstance(answer, dict) else {}

    def add_workspace_members(self, workspace_id: str, invitations: Iterable[Invitation]) -> list[Record]:
        """Invite up to 500 people to a workspace; newer servers add those who are in the organization at once.

        `POST /workspaces/current/members/batch`
        """
        # The one operation for which the service wants both the workspace and the organization named.
        bodies = [invitation.to_body() for invitation in invitations]
        return self._rows("POST", f"{_WORKSPACE_MEMBERS}/batch", bodies, workspace_id=workspace_id)

    def set_workspace_role(self, workspace_id: str, identity_id: str, role_id: str) -> None:
        """Give somebody another role in a workspace. `PATCH /workspaces/current/members/{identity_id}`.

        Args:
            workspace_id: the workspace.
            identity_id: the person's id in that workspace, which is not the one in the organization.
            role_id: the workspace role.
        """
        self._in_workspace("PATCH", f"/{identity_id}", workspace_id, {"role_id": role_id})

    def remove_workspace_member(self, workspace_id: str, identity_id: str) -> None:
        """Remove somebody from a workspace; they stay in the organization.

        `DELETE /workspaces/current/members/{identity_id}`, with the person's id in that workspace.
        """
        self._in_workspace("DELETE", f"/{identity_id}", workspace_id)

    def set_pending_workspace_role(self, workspace_id: str, identity_id: str, role_id: str) -> None:
        """Change the workspace role of an open invitation, on newer servers.

        `PATCH /workspaces/current/members/{identity_id}/pending`, with the pending id in that workspace.
        """
        self._in_workspace("PATCH", f"/{identity_id}/pending", workspace_id, {"role_id": role_id})

    def remove_pending_workspace_member(self, workspace_id: str, identity_id: str) -> None:
        """Take a workspace out of an open invitation; the invitation stays.

        `DELETE /workspaces/current/members/{identity_id}/pending`, with the pending id in that workspace.
        """
        self._in_workspace("DELETE", f"/{identity_id}/pending", workspace_id)

    def _in_workspace(self, method: str, path: str, workspace_id: str, body: Record | None = None) -> Any:
        answer = self.transport.request(
            method, f"{_WORKSPACE_MEMBERS}{path}", body=body, scope="workspace", workspace_id=workspace_id
        )
        return answer.data

    def _rows(self, method: str, path: str, bodies: list[Record], *, workspace_id: str | None = None) -> list[Record]:
        """Send a batch; what comes back other than a list is no error here, as the caller looks who is there."""
        answer = self.transport.request(
            method, path, body=bodies, scope="workspace" if workspace_id else "organization", workspace_id=workspace_id
        )
        return [row for row in answer.data if isinstance(row, dict)] if isinstance(answer.data, list) else []


def _without_none(**values: Any) -> Record:
    return {name: value for name, value in values.items() if value is not None}
