"""Endpoints that change roles."""

from __future__ import annotations

from collections.abc import Iterable

from lsnb.service.api.base import Endpoints, Record

_ROLES = "/api/v1/orgs/current/roles"


class RoleWrites(Endpoints):
    """Make, change and delete custom roles; the service refuses changes of built-in ones."""

    def create_role(self, name: str, description: str, permissions: Iterable[str]) -> Record:
        """Make a custom workspace role. `POST /orgs/current/roles`."""
        return self._written("POST", _ROLES, _body(name, description, permissions))

    def update_role(self, role_id: str, name: str, description: str, permissions: Iterable[str]) -> Record:
        """Replace a custom role's name, description and whole list of permissions. `PATCH /orgs/current/roles/{role_id}`.

        Read the role just before: what is not in the list is taken away.
        """
        return self._written("PATCH", f"{_ROLES}/{role_id}", _body(name, description, permissions))

    def delete_role(self, role_id: str) -> None:
        """Delete a custom role; refused while it is used. `DELETE /orgs/current/roles/{role_id}`."""
        self.transport.request("DELETE", f"{_ROLES}/{role_id}")

    def restrict_role(self, role_id: str, *, is_restricted: bool) -> Record:
        """Let only those who manage a workspace give a role there, on newer servers.

        `PUT /orgs/current/roles/{role_id}/restriction`
        """
        return self._written("PUT", f"{_ROLES}/{role_id}/restriction", {"is_restricted": is_restricted})


def _body(name: str, description: str, permissions: Iterable[str]) -> Record:
    return {"display_name": name, "description": description, "permissions": list(permissions)}
