"""Endpoints of keys and accounts that are not people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lsnb.plan.payloads import NewKey
from lsnb.service.api.base import Endpoints, Record
from lsnb.service.secret_sinks import Secret

__all__ = ["CreatedKey", "KeyReads", "KeyWrites", "NewKey"]

_SERVICE_KEYS = "/api/v1/orgs/current/service-keys"
_SCIM_TOKENS = "/v1/platform/orgs/current/scim/tokens"
_TOKENS = "/api/v1/orgs/current/personal-access-tokens"


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A key that was made.

    Args:
        record: what the service says about it, without the secret.
        secret: the secret; None where the answer had none.
    """

    record: Record
    secret: Secret | None


class KeyReads(Endpoints):
    """Read keys, tokens and service accounts; the service never gives their secrets again."""

    def list_service_keys(self) -> list[Record]:
        """Read every service key of the organization. `GET /orgs/current/service-keys`."""
        return self._list(_SERVICE_KEYS)

    def list_workspace_keys(self, workspace_id: str | None = None) -> list[Record]:
        """Read the service keys of one workspace. `GET /api-key`.

        Args:
            workspace_id: the workspace; the key's own when None.
        """
        return self._list("/api/v1/api-key", scope="workspace", workspace_id=workspace_id)

    def list_access_tokens(self) -> list[Record]:
        """Read the caller's own tokens. `GET /orgs/current/personal-access-tokens`."""
        return self._list(_TOKENS)

    def list_all_access_tokens(self) -> list[Record]:
        """Read everybody's tokens, each with who made it, where the server has that list and the key may.

        `GET /orgs/current/members/personal-access-tokens`
        """
        return self._list("/api/v1/orgs/current/members/personal-access-tokens")

    def list_service_accounts(self) -> list[Record]:
        """Read the service accounts. `GET /service-accounts`."""
        return self._list("/api/v1/service-accounts")


class KeyWrites(Endpoints):
    """Make and delete service keys, change their roles, and switch tokens off and on."""

    def create_service_key(self, key: NewKey) -> CreatedKey:
        """Make a service key. `POST /orgs/current/service-keys`."""
        return _created(self.transport.request("POST", _SERVICE_KEYS, body=key.to_body()).data, key)

    def create_workspace_key(self, workspace_id: str, key: NewKey) -> CreatedKey:
        """Make a service key of one workspace, as keys that see only that workspace may. `POST /api-key`."""
        answer = self.transport.request(
            "POST", "/api/v1/api-key", body=key.to_body(), scope="workspace", workspace_id=workspace_id
        )
        return _created(answer.data, key)

    def set_service_key_role(self, key_id: str, *, role_id: str | None, org_role_id: str | None = None) -> Record:
        """Change the roles of a key in all its workspaces, on newer servers; None leaves one as it is.

        `PATCH /orgs/current/service-keys/{api_key_id}`
        """
        roles = {"role_id": role_id, "org_role_id": org_role_id}
        body = {name: value for name, value in roles.items() if value is not None}
        return self._written("PATCH", f"{_SERVICE_KEYS}/{key_id}", body)

    def delete_service_key(self, key_id: str) -> None:
        """Delete a service key. `DELETE /orgs/current/service-keys/{api_key_id}`."""
        self.transport.request("DELETE", f"{_SERVICE_KEYS}/{key_id}")

    def delete_workspace_key(self, workspace_id: str, key_id: str) -> None:
        """Delete a service key of one workspace, as keys that see only that workspace may. `DELETE /api-key/{id}`."""
        self.transport.request("DELETE", f"/api/v1/api-key/{key_id}", scope="workspace", workspace_id=workspace_id)

    def revoke_access_token(self, token_id: str) -> None:
        """Switch a token off, on newer servers. `POST /orgs/current/personal-access-tokens/{pat_id}/revocation`."""
        self.transport.request("POST", f"{_TOKENS}/{token_id}/revocation")

    def delete_scim_token(self, token_id: str) -> None:
        """Delete a token of an identity provider. `DELETE /v1/platform/orgs/current/scim/tokens/{scim_token_id}`."""
        self.transport.request("DELETE", f"{_SCIM_TOKENS}/{token_id}")

    def reinstate_access_token(self, token_id: str) -> None:
        """Switch a token on again, on newer servers. `DELETE .../personal-access-tokens/{pat_id}/revocation`."""
        self.transport.request("DELETE", f"{_TOKENS}/{token_id}/revocation")


def _created(data: Any, key: NewKey) -> CreatedKey:
    """Take the secret out of an answer at once, so that nothing else of it holds one."""
    if not isinstance(data, dict):
        return CreatedKey({}, None)
    has_secret = isinstance(data.get("key"), str) and bool(data["key"])
    made = (
        Secret(
            data.pop("key"), name=key.description, id=str(data.get("id") or ""), short=str(data.get("short_key") or "")
        )
        if has_secret
        else None
    )
    return CreatedKey(data, made)
