"""Service accounts (API.md 8.10)."""

from __future__ import annotations

from collections.abc import Sequence

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Json, ServiceAccount
from lsnb.sandbox.refusals import RefusedError, make_missing


def list_accounts(caller: Caller) -> list[Json]:
    """Return every service account, unpaged."""
    caller.need("organization:read")
    return [_shape(caller, account) for account in caller.state.service_accounts.values()]


def create_account(caller: Caller, name: str, places: Sequence[tuple[str, str | None]]) -> Json:
    """Create a service account with roles in workspaces."""
    caller.need("organization:manage")
    state = caller.state
    for workspace_id, role_id in places:
        if workspace_id not in state.workspaces or state.workspaces[workspace_id].is_deleted:
            raise make_missing("Workspace")
        if role_id is not None and role_id not in state.roles:
            raise make_missing("Role")
        if role_id is not None and state.roles[role_id].access_scope != "workspace":
            raise RefusedError(400, f"Role {role_id} is not workspace-scoped")
    now = state.stamp()
    account = ServiceAccount(
        id=state.new_id("service account"),
        name=name,
        created_at=now,
        updated_at=now,
        organization_identity_id=state.new_id("service identity"),
        default_workspace_id=places[0][0] if places else None,
        places=[{"workspace_id": workspace_id, "role_id": role_id} for workspace_id, role_id in places],
    )
    state.service_accounts[account.id] = account
    state.touch()
    caller.touched.append(account.id)
    return _shape(caller, account) | {"organization_identity_id": account.organization_identity_id}


def delete_account(caller: Caller, account_id: str) -> Json:
    """Delete a service account."""
    caller.need("organization:manage")
    account = caller.state.service_accounts.pop(account_id, None)
    if account is None:
        raise make_missing("Service account")
    caller.state.touch()
    caller.touched.append(account.id)
    return _shape(caller, account)


def _shape(caller: Caller, account: ServiceAccount) -> Json:
    return {
        "id": account.id,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
        "name": account.name,
        "organization_id": caller.state.organization.id,
        "default_workspace_id": account.default_workspace_id,
    }
