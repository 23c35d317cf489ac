"""Define what the state is made of: plain records whose fields are JSON values, times as UTC text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
KeyKind = Literal["pat", "service"]


@dataclass(slots=True)
class Organization:
    """The organization, its plan and its settings."""

    id: str
    display_name: str
    created_at: str
    is_personal: bool = False
    tier: str = "enterprise"
    config: Json = field(default_factory=dict)
    """What the plan offers; fields left out have the documented default."""
    settings: Json = field(default_factory=dict)
    """Security settings as in `GET /orgs/current/info`; fields left out have the documented default."""
    payment: Json | None = None


@dataclass(slots=True)
class Role:
    """An organization role or a workspace role."""

    id: str
    name: str
    display_name: str
    description: str
    permissions: list[str]
    access_scope: str
    organization_id: str | None = None
    is_restricted: bool = False


@dataclass(slots=True)
class Workspace:
    """A workspace; deleting it leaves the row."""

    id: str
    display_name: str
    created_at: str
    tenant_handle: str | None = None
    is_personal: bool = False
    is_deleted: bool = False


@dataclass(slots=True)
class Person:
    """An active member of the organization; `id` is the organization identity id."""

    id: str
    email: str
    full_name: str
    user_id: str
    ls_user_id: str
    role_id: str
    created_at: str
    is_disabled: bool = False
    avatar_url: str | None = None
    login_methods: list[Json] = field(default_factory=list)
    scim_groups: list[Json] = field(default_factory=list)
    password_hash: str | None = None


@dataclass(slots=True)
class Membership:
    """A person's place in one workspace; `id` is the workspace identity id. `role_id` is None without RBAC."""

    id: str
    person_id: str
    workspace_id: str
    role_id: str | None
    created_at: str


@dataclass(slots=True)
class Invitation:
    """A pending person. `places` maps a workspace to the pending workspace identity there: id, role_id, created_at."""

    id: str
    email: str
    role_id: str
    created_at: str
    workspace_role_id: str | None = None
    full_name: str | None = None
    places: dict[str, Json] = field(default_factory=dict)
    invited_by: str | None = None


@dataclass(slots=True)
class Key:
    """A personal access token or a service key. Of the secret only a hash is kept."""

    id: str
    kind: KeyKind
    secret_hash: str
    short_key: str
    description: str
    created_at: str
    name: str = ""
    """What the request log calls the key."""
    person_id: str | None = None
    """The owner of a token, the creator of a service key; stays after that person has left."""
    workspace_ids: list[str] | None = None
    """None: the whole organization (service keys) or wherever the owner may go (tokens)."""
    role_id: str | None = None
    org_role_id: str | None = None
    default_workspace_id: str | None = None
    expires_at: str | None = None
    last_used_at: str | None = None
    is_revoked: bool = False


@dataclass(slots=True)
class ServiceAccount:
    """A service account; how it relates to service keys is not documented."""

    id: str
    name: str
    created_at: str
    updated_at: str
    organization_identity_id: str
    default_workspace_id: str | None = None
    places: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Provider:
    """An SSO provider with its defaults."""

    id: str
    provider_id: str
    default_workspace_role_id: str
    default_workspace_ids: list[str]
    metadata_url: str | None = None
    metadata_xml: str | None = None
    attribute_mapping: Json | None = None
    sso_groups_enabled: bool = False
    sso_groups_claim_field: str = "groups"
    sso_groups_required: bool = False
    sso_groups_role_sync_enabled: bool = True


@dataclass(slots=True)
class ScimToken:
    """A SCIM token without its text."""

    id: str
    description: str
    short_token: str
    created_at: str
    updated_at: str
    last_used_at: str | None = None


@dataclass(slots=True)
class AccessPolicy:
    """An attribute-based access policy."""

    id: str
    name: str
    description: str
    effect: str
    condition_groups: list[Json]
    role_ids: list[str]
    created_at: str
    updated_at: str


@dataclass(slots=True)
class TagKey:
    """A tag key of a workspace."""

    id: str
    workspace_id: str
    key: str
    description: str | None
    created_at: str
    updated_at: str


@dataclass(slots=True)
class TagValue:
    """A value of a tag key."""

    id: str
    tag_key_id: str
    value: str
    description: str | None
    created_at: str
    updated_at: str


@dataclass(slots=True)
class Tagging:
    """A tag value on a resource."""

    id: str
    tag_value_id: str
    resource_type: str
    resource_id: str
    created_at: str


@dataclass(slots=True)
class Resource:
    """Something in a workspace that can carry tags, traces or a public link."""

    id: str
    workspace_id: str
    kind: str
    name: str


@dataclass(slots=True)
class ShareLink:
    """A public link to a run or a dataset."""

    id: str
    workspace_id: str
    kind: str
    created_at: str
    target_id: str
    target_name: str | None = None
    run_type: str | None = None
    session_id: str | None = None
    session_name: str | None = None


@dataclass(slots=True)
class TraceTtl:
    """The retention of traces; without a workspace it is the organization's default."""

    id: str
    tenant_id: str | None
    default_trace_tier: str
    configured_by: str
    created_at: str
    updated_at: str
    apply_to_all_projects: bool = False
    longlived_ttl_days: int | None = None


@dataclass(slots=True)
class UsageLimit:
    """A monthly limit of a workspace."""

    id: str
    tenant_id: str
    limit_type: str
    limit_value: int
    created_at: str
    updated_at: str


@dataclass(slots=True)
class Usage:
    """Traces of one hour in one project, by one user or key."""

    id: str
    time: str
    workspace_id: str
    project_id: str
    traces: int
    person_id: str | None = None
    key_id: str | None = None
