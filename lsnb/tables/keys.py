"""The tables `service_keys`, `access_tokens`, `service_accounts` and `scim_tokens`: credentials, never their secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.tables.people import RoleNames
from lsnb.tables.spec import (
    Column,
    TableSpec,
    blank_to_null,
    build_frame,
    flag,
    text,
    text_array,
    time,
    to_arrow_records,
    to_time,
)

_USE: tuple[Column, ...] = (
    time("created_at", "when it was made"),
    time("last_used_at", "when it was last used; unknown when never, or where the service does not say"),
    time("expires_at", "when it stops working; unknown when never"),
)

SERVICE_KEYS = TableSpec(
    name="service_keys",
    row="one service key, which belongs to the organization and not to a person",
    columns=(
        text("description", "what its maker wrote about it"),
        text("short_key", "the part of the key that may be shown"),
        text("scope", "`organization` (every workspace) or `workspace`; unknown on servers that do not say"),
        text("role", "the workspace role it acts with; unknown on servers that do not say"),
        text("organization_role", "the organization role it acts with, for organization-wide keys"),
        text("workspaces", "the names of its workspaces, joined by `, `; the service gives no ids"),
        text("default_workspace", "the workspace it was made in"),
        text("created_by", "who made it; unknown on servers that do not say"),
        *_USE,
        text("role_id", "the id of the workspace role"),
        text("organization_role_id", "the id of the organization role"),
        text("service_key_id", "the key's id", required=True),
    ),
    key=("service_key_id",),
    sort=("description", "service_key_id"),
    endpoints=("GET /api/v1/orgs/current/service-keys", "GET /api/v1/api-key"),
    note="The second endpoint is for keys of single workspaces, which see the keys of theirs only.",
)

ACCESS_TOKENS = TableSpec(
    name="access_tokens",
    row="one personal access token",
    columns=(
        text("email", "whose token it is"),
        text("description", "what its owner wrote about it"),
        text("short_key", "the part of the token that may be shown"),
        text("workspaces", "the names of the workspaces it is limited to, joined by `, `"),
        text("default_workspace", "the workspace it acts in when none is named"),
        flag("is_revoked", "whether it has been switched off; unknown on servers that do not say"),
        *_USE,
        text("ls_user_id", "the owner's id over all organizations"),
        text("access_token_id", "the token's id", required=True),
    ),
    key=("access_token_id",),
    sort=("email", "description", "access_token_id"),
    endpoints=("GET /api/v1/orgs/current/personal-access-tokens",),
    note=(
        "The service lists the caller's own tokens; other people's only where it says whose each one is. "
        "`completeness` tells which of the two was read."
    ),
)

SERVICE_ACCOUNTS = TableSpec(
    name="service_accounts",
    row="one service account",
    columns=(
        text("service_account", "its name", required=True),
        text("default_workspace", "the workspace it acts in when none is named"),
        time("created_at", "when it was made"),
        time("updated_at", "when it was last changed"),
        text("default_workspace_id", "the id of that workspace"),
        text("service_account_id", "the account's id", required=True),
    ),
    key=("service_account_id",),
    sort=("service_account", "service_account_id"),
    endpoints=("GET /api/v1/service-accounts",),
)

SCIM_TOKENS = TableSpec(
    name="scim_tokens",
    row="one token that an identity provider uses to write people and groups",
    columns=(
        text("description", "what its maker wrote about it"),
        text("short_token", "the part of the token that may be shown"),
        time("created_at", "when it was made"),
        time("updated_at", "when its description was last changed"),
        time("last_used_at", "when it was last used; unknown when never"),
        text("scim_token_id", "the token's id", required=True),
    ),
    key=("scim_token_id",),
    sort=("description", "scim_token_id"),
    endpoints=("GET /v1/platform/orgs/current/scim/tokens",),
)

_KEY_FIELDS: dict[str, pa.DataType] = {
    **dict.fromkeys(
        [
            "id",
            "short_key",
            "description",
            "created_at",
            "last_used_at",
            "expires_at",
            "default_workspace_name",
            "role_id",
            "org_role_id",
            "access_scope",
            "created_by",
            "creator_email",
            "created_by_email",
            "ls_user_id",
            "user_email",
            "email",
            "owner_email",
        ],
        pa.string(),
    ),
    "workspace_names": pa.list_(pa.string()),
    "is_revoked": pa.bool_(),
    "revoked_at": pa.string(),
}


def _key_columns(records: Sequence[Mapping[str, Any]]) -> dict[str, pa.Array]:
    columns = to_arrow_records(records, _KEY_FIELDS)
    return {
        **columns,
        "workspaces": blank_to_null(pc.binary_join(columns["workspace_names"], ", ")),
        "role_id": blank_to_null(columns["role_id"]),
        "org_role_id": blank_to_null(columns["org_role_id"]),
        "creator": pc.coalesce(columns["creator_email"], columns["created_by_email"], columns["created_by"]),
        "owner": pc.utf8_lower(pc.coalesce(columns["user_email"], columns["owner_email"], columns["email"])),
    }


def names_owners(records: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a list of tokens says whose each one is, which only a list of everybody's does."""
    names = ("user_email", "owner_email", "email")
    return any(record.get(name) for record in records if isinstance(record, Mapping) for name in names)


def build_service_keys(records: Sequence[Mapping[str, Any]], roles: pd.DataFrame) -> pd.DataFrame:
    """Build `service_keys` from the service's list.

    Args:
        records: the keys.
        roles: `roles`, to name the keys' roles.
    """
    columns = _key_columns(records)
    names = RoleNames(roles)
    unknown = pa.nulls(len(records), pa.string())
    return build_frame(
        SERVICE_KEYS,
        {
            "description": columns["description"],
            "short_key": columns["short_key"],
            "scope": columns["access_scope"],
            "role": names.display(columns["role_id"], unknown),
            "organization_role": names.display(columns["org_role_id"], unknown),
            "workspaces": columns["workspaces"],
            "default_workspace": columns["default_workspace_name"],
            "created_by": columns["creator"],
            "created_at": columns["created_at"],
            "last_used_at": columns["last_used_at"],
            "expires_at": columns["expires_at"],
            "role_id": columns["role_id"],
            "organization_role_id": columns["org_role_id"],
            "service_key_id": columns["id"],
        },
    )


def build_access_tokens(
    records: Sequence[Mapping[str, Any]], *, caller_email: str | None = None, caller_id: str | None = None
) -> pd.DataFrame:
    """Build `access_tokens` from the service's list.

    Args:
        records: the tokens.
        caller_email: whose tokens they are where the list does not say, which is when it is the caller's own.
        caller_id: the same person's id over all organizations.
    """
    columns = _key_columns(records)
    # The year 1, as some servers write "never", is no time at which a token was revoked.
    revoked = pc.coalesce(columns["is_revoked"], pc.if_else(pc.is_valid(to_time(columns["revoked_at"])), True, None))
    return build_frame(
        ACCESS_TOKENS,
        {
            "email": pc.coalesce(columns["owner"], pa.scalar(caller_email, pa.string())),
            "description": columns["description"],
            "short_key": columns["short_key"],
            "workspaces": columns["workspaces"],
            "default_workspace": columns["default_workspace_name"],
            "is_revoked": revoked,
            "created_at": columns["created_at"],
            "last_used_at": columns["last_used_at"],
            "expires_at": columns["expires_at"],
            "ls_user_id": pc.coalesce(columns["ls_user_id"], pa.scalar(caller_id, pa.string())),
            "access_token_id": columns["id"],
        },
    )


def build_service_accounts(records: Sequence[Mapping[str, Any]], workspaces: pd.DataFrame) -> pd.DataFrame:
    """Build `service_accounts` from the service's list.

    Args:
        records: the accounts.
        workspaces: `workspaces`, to name the default workspace.
    """
    fields = ("id", "name", "default_workspace_id", "created_at", "updated_at")
    columns = to_arrow_records(records, dict.fromkeys(fields, pa.string()))
    index = pc.index_in(
        columns["default_workspace_id"], value_set=text_array(workspaces["workspace_id"]), skip_nulls=True
    )
    return build_frame(
        SERVICE_ACCOUNTS,
        {
            "service_account": columns["name"],
            "default_workspace": text_array(workspaces["workspace"]).take(index),
            "created_at": columns["created_at"],
            "updated_at": columns["updated_at"],
            "default_workspace_id": columns["default_workspace_id"],
            "service_account_id": columns["id"],
        },
    )


def build_scim_tokens(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Build `scim_tokens` from the service's list."""
    fields = ("id", "description", "short_token", "created_at", "updated_at", "last_used_at")
    columns = to_arrow_records(records, dict.fromkeys(fields, pa.string()))
    return build_frame(SCIM_TOKENS, {**columns, "scim_token_id": columns["id"]})
