"""Endpoints of keys and accounts that are not people."""

from __future__ import annotations

from lsnb.api.base import Endpoints, Record


class KeyReads(Endpoints):
    """Read keys, tokens and service accounts; the service never gives their secrets again."""

    def list_service_keys(self) -> list[Record]:
        """Read every service key of the organization. `GET /orgs/current/service-keys`."""
        return self._list("/api/v1/orgs/current/service-keys")

    def list_workspace_keys(self, workspace_id: str | None = None) -> list[Record]:
        """Read the service keys of one workspace. `GET /api-key`.

        Args:
            workspace_id: the workspace; the key's own when None.
        """
        return self._list("/api/v1/api-key", scope="workspace", workspace_id=workspace_id)

    def list_access_tokens(self) -> list[Record]:
        """Read the caller's own tokens. `GET /orgs/current/personal-access-tokens`."""
        return self._list("/api/v1/orgs/current/personal-access-tokens")

    def list_service_accounts(self) -> list[Record]:
        """Read the service accounts. `GET /service-accounts`."""
        return self._list("/api/v1/service-accounts")
