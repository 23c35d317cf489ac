"""Endpoints of the organization: its info, roles, permissions, single sign-on, policies and identity provider."""

from __future__ import annotations

from lsnb.service.api.base import Endpoints, Record


class OrganizationReads(Endpoints):
    """Read the organization and its rules."""

    def get_server_info(self, *, retry: bool | None = None) -> Record:
        """Read the server's version; needs no key. `GET /info`.

        Args:
            retry: False to ask once in any case.
        """
        return self._object("/api/v1/info", scope="none", retry=retry)

    def get_public_identity(self, *, workspace_id: str | None = None) -> Record:
        """Read who a person's token belongs to. `GET /auth/public`. From then on its organization is named."""
        found = self._object("/auth/public", scope="workspace", workspace_id=workspace_id, is_gateway_final=True)
        self._learn_organization(found.get("organization_id"))
        return found

    def get_organization_info(self, *, retry: bool | None = None) -> Record:
        """Read the organization with every security setting. `GET /orgs/current/info`. From then on it is named.

        Args:
            retry: False to ask once in any case.
        """
        found = self._object("/api/v1/orgs/current/info", needs="id", retry=retry, is_gateway_final=True)
        self._learn_organization(found.get("id"))
        return found

    def _learn_organization(self, organization_id: object) -> None:
        """Name the organization in every request from now on, as soon as an answer tells which it is."""
        if organization_id:
            self.transport.learn_organization(str(organization_id))

    def list_roles(self) -> list[Record]:
        """Read all roles, built in and custom, of the organization and of workspaces. `GET /orgs/current/roles`."""
        return self._list("/api/v1/orgs/current/roles")

    def list_permissions(self) -> list[Record]:
        """Read the catalogue of permissions; some servers keep it from keys. `GET /orgs/permissions`."""
        return self._list("/api/v1/orgs/permissions")

    def list_sso_settings(self) -> list[Record]:
        """Read the single sign-on providers. `GET /orgs/current/sso-settings`."""
        return self._list("/api/v1/orgs/current/sso-settings")

    def list_scim_tokens(self) -> list[Record]:
        """Read the identity provider's tokens, without secrets. `GET /v1/platform/orgs/current/scim/tokens`."""
        return self._list("/v1/platform/orgs/current/scim/tokens")

    def list_access_policies(self) -> list[Record]:
        """Read the attribute-based access policies. `GET /v1/platform/orgs/current/access-policies`."""
        path = "/v1/platform/orgs/current/access-policies"
        return list(self._checked(path, self._object(path, needs="access_policies").get("access_policies") or [], list))
