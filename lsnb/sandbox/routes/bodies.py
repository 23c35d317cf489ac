"""Describe request bodies. Unknown fields are ignored silently, as the service does (API.md 10.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

WorkspaceName = Annotated[str, Field(min_length=1, pattern=r"^[a-zA-Z0-9\-_ '@()]+$")]
OrganizationName = Annotated[str, Field(min_length=1, pattern=r"^[a-zA-Z0-9\-_ ]+$")]
TagText = Annotated[str, Field(min_length=1, max_length=255)]
Contact = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
ResourceKind = Literal["dashboard", "dataset", "deployment", "evaluator", "experiment", "fleet_integration",
                       "mcp_server", "project", "prompt", "queue", "sandbox"]  # fmt: skip


class WorkspaceCreate(BaseModel):
    """8.2, POST."""

    id: UUID | None = None
    display_name: WorkspaceName
    tenant_handle: str | None = None


class WorkspacePatch(BaseModel):
    """8.2, PATCH."""

    display_name: WorkspaceName


class HandleSet(BaseModel):
    """8.1, POST `/settings/handle`."""

    tenant_handle: str


class Unshare(BaseModel):
    """8.2, DELETE `/workspaces/current/shared`."""

    share_tokens: list[UUID] = []
    unshare_all: bool = False


class SecretUpsert(BaseModel):
    """8.2, POST `/workspaces/current/secrets`."""

    key: str
    value: str | None


class OrganizationCreate(BaseModel):
    """8.3, POST `/orgs`."""

    display_name: OrganizationName
    is_personal: bool
    security_contact: Contact | None = None


class TenantCreate(BaseModel):
    """8.2, POST `/tenants`."""

    id: UUID | None = None
    organization_id: UUID | None = None
    display_name: Annotated[str, Field(min_length=1, pattern=r"^[a-zA-Z0-9\-_ ']+$")]
    tenant_handle: str | None = None
    is_personal: bool = False


class OrganizationUpdate(BaseModel):
    """8.4."""

    display_name: OrganizationName | None = None
    public_sharing_disabled: bool | None = None
    pat_creation_disabled: bool | None = None
    unshare_all: bool | None = None
    jit_provisioning_enabled: bool | None = None
    workspace_admin_can_invite_to_org: bool | None = None
    invites_enabled: bool | None = None
    max_api_key_expiry_days: int | None = None
    security_contact: Contact | None = None
    max_pat_expiry_days: int | None = None
    max_service_key_expiry_days: int | None = None
    scim_group_name_separator: Annotated[str, Field(min_length=1, max_length=1)] = ":"
    llm_auth_proxy_enabled: bool | None = None
    llm_auth_proxy_jwt_audience: str | None = None
    ip_allowlist: list[str] | None = None
    restrict_browser_secrets: bool | None = None
    llm_auth_proxy_allowed_urls: list[str] | None = None
    engine_enabled: bool | None = None


class RoleWrite(BaseModel):
    """8.5, POST and PATCH: all three are required."""

    display_name: str
    description: str
    permissions: list[str]


class Restriction(BaseModel):
    """9, PUT restriction."""

    is_restricted: bool


class PendingCreate(BaseModel):
    """8.6 and 8.8, an invitation; the names are of section 9."""

    email: str
    read_only: bool = False
    role_id: UUID | None = None
    workspace_ids: list[UUID] | None = None
    workspace_role_id: UUID | None = None
    password: str | None = None
    full_name: str | None = None
    role_name: str | None = None
    workspace_role_name: str | None = None


class BasicCreate(PendingCreate):
    """8.6, basic-auth batch."""

    user_id: UUID | None = None
    ls_user_id: UUID | None = None


class PendingPatch(BaseModel):
    """9, PATCH of a pending person."""

    role_id: UUID | None = None
    role_name: str | None = None


class MemberPatch(BaseModel):
    """8.6, PATCH of a member."""

    role_id: UUID | None = None
    password: str | None = None
    full_name: str | None = None


class BasicPatch(BaseModel):
    """8.6, PATCH `/orgs/members/basic`."""

    password: str | None = None
    full_name: str | None = None


class MembershipCreate(BaseModel):
    """8.8, POST: the role is `role_id` and nothing else."""

    user_id: UUID | None = None
    org_identity_id: UUID | None = None
    ls_user_id: UUID | None = None
    read_only: bool | None = None
    role_id: UUID | None = None


class MembershipPatch(BaseModel):
    """8.8, PATCH."""

    role_id: UUID
    read_only: bool | None = None


class KeyCreate(BaseModel):
    """8.9."""

    description: str = "Default API key"
    read_only: bool = False
    expires_at: datetime | None = None
    workspaces: list[UUID] | None = None
    role_id: UUID | None = None
    org_role_id: UUID | None = None
    default_workspace_id: UUID | None = None


class KeyPatch(BaseModel):
    """9, PATCH of a service key."""

    role_id: UUID | None = None
    org_role_id: UUID | None = None


class AccountPlace(BaseModel):
    """8.10, one workspace of a service account."""

    workspace_id: UUID
    role_id: UUID | None = None


class AccountCreate(BaseModel):
    """8.10, POST."""

    name: str
    workspaces: list[AccountPlace] = []


class ProviderCreate(BaseModel):
    """8.14, POST."""

    default_workspace_role_id: UUID
    default_workspace_ids: list[UUID]
    metadata_xml: str | None = None
    metadata_url: str | None = None
    attribute_mapping: dict[str, Any] | None = None
    sso_groups_enabled: bool = False
    sso_groups_claim_field: str = "groups"
    sso_groups_required: bool = False
    sso_groups_role_sync_enabled: bool = True


class ProviderPatch(BaseModel):
    """8.14, PATCH."""

    default_workspace_role_id: UUID | None = None
    default_workspace_ids: list[UUID] | None = None
    metadata_xml: str | None = None
    metadata_url: str | None = None
    attribute_mapping: dict[str, Any] | None = None
    sso_groups_enabled: bool | None = None
    sso_groups_claim_field: str | None = None
    sso_groups_required: bool | None = None
    sso_groups_role_sync_enabled: bool | None = None


class LoginMethods(BaseModel):
    """8.14, PATCH `login-methods`."""

    sso_only: bool | None = None


class EmailOnly(BaseModel):
    """8.14, e-mail lookup."""

    email: str


class EmailForProvider(BaseModel):
    """8.14, e-mail verification."""

    email: str
    saml_provider_id: UUID


class Confirmation(BaseModel):
    """8.14, confirming an address."""

    token: str


class TtlUpsert(BaseModel):
    """8.16."""

    tenant_id: UUID | None = None
    default_trace_tier: Literal["longlived", "shortlived"]
    apply_to_all_projects: bool = False


class LimitUpsert(BaseModel):
    """8.16."""

    limit_type: Literal["monthly_traces", "monthly_longlived_traces"]
    limit_value: int
    id: UUID | None = None


class TagKeyCreate(BaseModel):
    """8.17."""

    key: TagText
    description: str | None = None


class TagKeyPatch(BaseModel):
    """8.17."""

    key: TagText | None = None
    description: str | None = None


class TagValueCreate(BaseModel):
    """8.17."""

    value: TagText
    description: str | None = None


class TagValuePatch(BaseModel):
    """8.17."""

    value: TagText | None = None
    description: str | None = None


class TaggingCreate(BaseModel):
    """8.17."""

    tag_value_id: UUID
    resource_type: ResourceKind
    resource_id: UUID


class ResourceRef(BaseModel):
    """8.17, POST `/tags/resources`."""

    resource_id: UUID
    resource_type: ResourceKind


def text(value: UUID | None) -> str | None:
    """Return an id as the state writes it."""
    return str(value) if value is not None else None


def texts(values: list[UUID] | None) -> list[str]:
    """Return ids as the state writes them."""
    return [str(value) for value in values or []]
