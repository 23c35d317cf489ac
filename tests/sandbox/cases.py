"""One plausible request, or several, for every operation of the official document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lsnb.sandbox.ids import make_hash
from lsnb.sandbox.rules.sso import make_confirmation
from lsnb.sandbox.seeds.company import ADMIN

from .conftest import acme

ADA = ADMIN
HIRE = "new.hire@acme.example"
PROD = acme("workspace", "prod")
MARKETING = acme("workspace", "mktg")
GRACE = acme("identity", "grace.kim@acme.example")
PROMPT_ROLE = acme("role", "prompt")
PERIOD = {"start_time": "2026-11-01T00:00:00Z", "end_time": "2026-11-24T12:00:00Z"}
PASSWORD = "correct horse"


def _role(name: str) -> str:
    from lsnb.sandbox.ids import make_id

    return make_id("system role", name)


@dataclass
class Case:
    """One request and the status it should get."""

    operation: str
    status: int = 200
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    key: str | None = "admin_pat"
    workspace: str | None = None
    behaviours: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Any], object] | None = None
    auth: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"


def _set_password(state: Any) -> None:
    state.find_person(ADA).password_hash = make_hash(PASSWORD)


_ORG = "/api/v1/orgs/current"
_WS = "/api/v1/workspaces/current"
_GO = "/v1/platform/orgs/current"
_KEY = _WS + "/tag-keys/{tag_key_id}"
_VALUE = _KEY + "/tag-values/{tag_value_id}"
_TAG = {"tag_key_id": acme("tag key", "prod", "Environment")}
_TAG_VALUE = _TAG | {"tag_value_id": acme("tag value", "prod", "Environment", "production")}
_GROUP = {
    "permission": "projects:read",
    "resource_type": "project",
    "conditions": [
        {
            "attribute_name": "resource_tag_key",
            "attribute_key": "Environment",
            "operator": "equals",
            "attribute_value": "production",
        }
    ],
}
_POLICY = {
    "name": "new",
    "description": "d",
    "effect": "allow",
    "condition_groups": [_GROUP],
    "role_ids": [PROMPT_ROLE],
}
_ROLE = {"display_name": "Tester", "description": "Tests", "permissions": ["runs:read"]}
_SSO = {"default_workspace_role_id": _role("WORKSPACE_VIEWER"), "default_workspace_ids": [PROD]}
_RESOURCE = {"resource_type": "project", "resource_id": acme("resource", "prod", "project", "default")}
_FREE_RESOURCE = {"resource_type": "dataset", "resource_id": acme("resource", "prod", "dataset", "golden-answers")}
_MINE = acme("key", "admin_pat")
_PROVIDER = {"id": acme("sso settings")}
_EMAIL = {"email": ADA, "saml_provider_id": acme("sso provider")}
_PLACE = {"identity_id": acme("membership", "grace.kim@acme.example", "prod")}

CASES = [
    # 8.1
    Case("GET /api/v1/info", key=None),
    Case("GET /api/v1/info/health", key=None),
    Case("GET /auth/public"),
    Case("GET /api/v1/me/ls_user_id", key=ADA),
    Case("GET /api/v1/me/ls_user_id", 403),
    Case("POST /api/v1/login", key=None, behaviours={"basic_auth": True}, prepare=_set_password, auth=(ADA, PASSWORD)),
    Case("POST /api/v1/login", 401, key=None, behaviours={"basic_auth": True}, auth=(ADA, "wrong")),
    Case("GET /api/v1/settings"),
    Case("POST /api/v1/settings/handle", body={"tenant_handle": "acme-2"}),
    # 8.2
    Case("GET /api/v1/workspaces", query={"include_deleted": True}),
    Case("POST /api/v1/workspaces", body={"display_name": "New (one)"}),
    Case("POST /api/v1/workspaces", 422, body={"display_name": "Bad/Name"}),
    Case("PATCH /api/v1/workspaces/{workspace_id}", path={"workspace_id": PROD}, body={"display_name": "P"}),
    Case("DELETE /api/v1/workspaces/{workspace_id}", path={"workspace_id": MARKETING}, workspace="mktg"),
    Case(f"GET {_WS}/stats", query={"tag_value_id": _TAG_VALUE["tag_value_id"]}),
    Case(f"GET {_WS}/usage_limits"),
    Case(f"GET {_WS}/shared", query={"limit": 100}, workspace="supp"),
    Case(f"GET {_WS}/shared", 422, query={"limit": 101}),
    Case(f"DELETE {_WS}/shared", body={"unshare_all": True}, workspace="supp"),
    Case(f"GET {_WS}/secrets"),
    Case(f"POST {_WS}/secrets", body=[{"key": "NEW", "value": "x"}, {"key": "SEARCH_TOKEN", "value": None}]),
    Case("GET /api/v1/workspaces/pending", key=HIRE),
    Case("DELETE /api/v1/workspaces/pending/{id}", path={"id": PROD}, key=HIRE),
    Case("POST /api/v1/workspaces/pending/{workspace_id}/claim", path={"workspace_id": PROD}, key=HIRE),
    Case("GET /api/v1/tenants", key=ADA),
    Case("POST /api/v1/tenants", key=ADA, body={"display_name": "Old way"}),
    # 8.3, 8.4
    Case("GET /api/v1/orgs", key=ADA, query={"skip_create": True}),
    Case("GET /api/v1/orgs", 403),
    Case("POST /api/v1/orgs", key=ADA, body={"display_name": "Other", "is_personal": False}),
    Case(f"GET {_ORG}"),
    Case(f"GET {_ORG}", 403, key="workspace_key"),
    Case(f"GET {_ORG}/info"),
    Case(f"GET {_GO}/info"),
    Case(f"PATCH {_ORG}/info", body={"invites_enabled": False, "disable_public_sharing": True}),
    Case(f"PATCH {_ORG}/info", 422, body={"scim_group_name_separator": "+"}),
    Case("GET /api/v1/orgs/pending", key=HIRE),
    Case("DELETE /api/v1/orgs/pending/{organization_id}", path={"organization_id": acme("organization")}, key=HIRE),
    Case("POST /api/v1/orgs/pending/{organization_id}/claim", path={"organization_id": acme("organization")}, key=HIRE),
    # 8.5
    Case(f"GET {_ORG}/roles"),
    Case(f"POST {_ORG}/roles", body=_ROLE),
    Case(f"POST {_ORG}/roles", 403, body=_ROLE, key="user_pat"),
    Case(f"PATCH {_ORG}/roles/{{role_id}}", path={"role_id": PROMPT_ROLE}, body=_ROLE),
    Case(f"PATCH {_ORG}/roles/{{role_id}}", 422, path={"role_id": PROMPT_ROLE}, body={"display_name": "only"}),
    Case(f"DELETE {_ORG}/roles/{{role_id}}", path={"role_id": acme("role", "legacy")}),
    Case(f"DELETE {_ORG}/roles/{{role_id}}", 409, path={"role_id": PROMPT_ROLE}),
    Case("GET /api/v1/orgs/permissions"),
    # 8.6, 8.7
    Case(f"GET {_ORG}/members"),
    Case(f"GET {_ORG}/members/active", query={"limit": 500, "q": "kim", "sort_by": "role"}),
    Case(f"GET {_ORG}/members/active", 422, query={"limit": 501}),
    Case(f"GET {_ORG}/members/pending"),
    Case(f"GET {_GO}/members", query={"limit": 500}),
    Case(f"GET {_GO}/members", 400, query={"limit": 501}),
    Case(f"POST {_ORG}/members", body={"email": "Some.One@Acme.example", "workspace_ids": [PROD]}),
    Case(f"POST {_ORG}/members", 409, body={"email": HIRE}),
    Case(f"POST {_ORG}/members/batch", body=[{"email": "one@acme.example"}, {"email": "two@acme.example"}]),
    Case(f"POST {_ORG}/members/batch", 422, body=[{"email": f"n{i}@acme.example"} for i in range(501)]),
    Case(f"POST {_ORG}/members/basic/batch", body=[{"email": "b@acme.example"}], behaviours={"basic_auth": True}),
    Case(f"POST {_ORG}/members/basic/batch", 403, body=[{"email": "b@acme.example"}]),
    Case(f"PATCH {_ORG}/members/{{identity_id}}", path={"identity_id": GRACE},
         body={"role_id": _role("ORGANIZATION_VIEWER")}),
    Case(f"PATCH {_ORG}/members/{{identity_id}}", 404, path=_PLACE, body={"role_id": _role("ORGANIZATION_VIEWER")}),
    Case(f"DELETE {_ORG}/members/{{identity_id}}", path={"identity_id": GRACE}),
    Case(f"DELETE {_ORG}/members/{{identity_id}}/pending", path={"identity_id": acme("invitation", HIRE)}),
    Case("PATCH /api/v1/orgs/members/basic", body={"full_name": "Ada L"}, behaviours={"basic_auth": True}),
    # 8.8
    Case(f"GET {_WS}/members"),
    Case(f"GET {_WS}/members/active", query={"sort_by": "name"}),
    Case(f"GET {_WS}/members/pending"),
    Case(f"POST {_WS}/members", body={"org_identity_id": GRACE, "role_id": PROMPT_ROLE}, workspace="mktg"),
    Case(f"POST {_WS}/members", 409, body={"org_identity_id": GRACE}),
    Case(f"POST {_WS}/members/batch", body=[{"email": "x@acme.example"}, {"email": "grace.kim@acme.example"}],
         workspace="mktg"),
    Case(f"PATCH {_WS}/members/{{identity_id}}", path=_PLACE, body={"role_id": PROMPT_ROLE}),
    Case(f"PATCH {_WS}/members/{{identity_id}}", 404, path={"identity_id": GRACE}, body={"role_id": PROMPT_ROLE}),
    Case(f"DELETE {_WS}/members/{{identity_id}}", path=_PLACE),
    Case(f"DELETE {_WS}/members/{{identity_id}}/pending", path={"identity_id": acme("pending place", HIRE, "prod")}),
    # 8.9
    Case("GET /api/v1/api-key"),
    Case("POST /api/v1/api-key"),
    Case("DELETE /api/v1/api-key/{api_key_id}", path={"api_key_id": acme("key", "ingest-prod")}),
    Case("GET /api/v1/api-key/current", key=ADA),
    Case("POST /api/v1/api-key/current", key=ADA, body={"description": "mine"}),
    Case("DELETE /api/v1/api-key/current/{pat_id}", path={"pat_id": _MINE}, key=ADA),
    Case(f"GET {_ORG}/service-keys"),
    Case(f"POST {_ORG}/service-keys", body={"workspaces": [PROD], "role_id": _role("WORKSPACE_VIEWER")}),
    Case(f"POST {_ORG}/service-keys", 403, body={}, key="operator_pat"),
    Case(f"DELETE {_ORG}/service-keys/{{api_key_id}}", path={"api_key_id": acme("key", "ingest-prod")}),
    Case(f"GET {_ORG}/personal-access-tokens"),
    Case(f"GET {_ORG}/personal-access-tokens", 403, key="admin_service_key"),
    Case(f"POST {_ORG}/personal-access-tokens", body={"description": "mine"}),
    Case(f"DELETE {_ORG}/personal-access-tokens/{{pat_id}}", path={"pat_id": acme("key", "expired_pat")}),
    # 8.10, 8.11
    Case("GET /api/v1/service-accounts"),
    Case("POST /api/v1/service-accounts", body={"name": "bot", "workspaces": [{"workspace_id": PROD}]}),
    Case("DELETE /api/v1/service-accounts/{service_account_id}",
         path={"service_account_id": acme("service account", "nightly-export")}),
    Case("GET /api/v1/audit-logs", query=PERIOD | {"limit": 100}),
    Case("GET /api/v1/audit-logs", 422),
    # 8.12, 8.13
    Case(f"GET {_GO}/access-policies"),
    Case(f"POST {_GO}/access-policies", 201, body=_POLICY),
    Case(f"POST {_GO}/access-policies", 400, body={"name": "x"}),
    Case(f"POST {_GO}/access-policies", 404, body=_POLICY | {"role_ids": [PROD]}),
    Case(f"GET {_GO}/access-policies", 403, prepare=lambda state: state.organization.config.update(can_use_abac=False)),
    Case(f"POST {_GO}/access-policies/roles/{{role_id}}/access-policies", 204, path={"role_id": PROMPT_ROLE},
         body={"access_policy_ids": [acme("policy", "orphan")]}),
    Case(f"GET {_GO}/access-policies/{{access_policy_id}}", path={"access_policy_id": acme("policy", "orphan")}),
    Case(f"GET {_GO}/access-policies/{{access_policy_id}}", 404, path={"access_policy_id": PROD}),
    Case(f"DELETE {_GO}/access-policies/{{access_policy_id}}", 204, path={"access_policy_id": acme("policy", "orphan")}),
    Case(f"GET {_GO}/scim/tokens"),
    Case(f"POST {_GO}/scim/tokens", 201, body={"description": "new"}),
    Case(f"POST {_GO}/scim/tokens", 403, body={"description": "new"}, key="user_pat"),
    Case(f"GET {_GO}/scim/tokens/{{scim_token_id}}", path={"scim_token_id": acme("scim token", 0)}),
    Case(f"GET {_GO}/scim/tokens/{{scim_token_id}}", 404, path={"scim_token_id": PROD}),
    Case(f"PATCH {_GO}/scim/tokens/{{scim_token_id}}", path={"scim_token_id": acme("scim token", 0)},
         body={"description": "changed"}),
    Case(f"DELETE {_GO}/scim/tokens/{{scim_token_id}}", 204, path={"scim_token_id": acme("scim token", 0)}),
    # 8.14
    Case(f"GET {_ORG}/sso-settings"),
    Case(f"POST {_ORG}/sso-settings", 201, body=_SSO | {"metadata_url": "https://idp.example/metadata"}),
    Case(f"PATCH {_ORG}/sso-settings/{{id}}", path=_PROVIDER, body={"sso_groups_required": True}),
    Case(f"DELETE {_ORG}/sso-settings/{{id}}", path=_PROVIDER),
    Case(f"PATCH {_ORG}/login-methods", body={"sso_only": True}),
    Case(f"GET {_ORG}/user/login-methods"),
    Case(f"POST {_ORG}/set-default-sso-provision"),
    Case("GET /api/v1/sso/settings/{sso_login_slug}", path={"sso_login_slug": "acme"}, key=None),
    Case("POST /api/v1/sso/email-lookup", body={"email": "anybody@acme.example"}, key=None),
    Case("POST /api/v1/sso/email-verification/send", 202, body=_EMAIL, key=ADA),
    Case("POST /api/v1/sso/email-verification/status", body=_EMAIL, key=None),
    Case("POST /api/v1/sso/email-verification/confirm", body={"token": make_confirmation(ADA)}, key=None,
         prepare=lambda state: state.confirmations.update({ADA: None})),
    # 8.15
    Case(f"GET {_ORG}/billing"),
    Case(f"GET {_ORG}/billing/usage",
         query={"starting_on": PERIOD["start_time"], "ending_before": PERIOD["end_time"]}),
    *(Case(f"GET {_ORG}/billing/granular-usage", query=PERIOD | {"workspace_ids": PROD, "group_by": group})
      for group in ("workspace", "project", "user", "api_key")),
    Case(f"GET {_ORG}/billing/granular-usage", 422, query=PERIOD),
    Case(f"GET {_ORG}/billing/granular-usage/export", query=PERIOD | {"workspace_ids": PROD}),
    # 8.16
    Case("GET /api/v1/orgs/ttl-settings"),
    Case("PUT /api/v1/orgs/ttl-settings", body={"default_trace_tier": "longlived"}),
    Case("GET /api/v1/ttl-settings"),
    Case("PUT /api/v1/ttl-settings", body={"default_trace_tier": "shortlived"}),
    Case("GET /workspaces/current/ttl-settings"),
    Case("PUT /workspaces/current/ttl-settings", body={"longlived_ttl_days": 90}),
    Case("PUT /workspaces/current/ttl-settings", 400, body={"longlived_ttl_days": 0}),
    Case("GET /api/v1/usage-limits"),
    Case("PUT /api/v1/usage-limits", body={"limit_type": "monthly_traces", "limit_value": 10}),
    Case("GET /api/v1/usage-limits/org"),
    Case("DELETE /api/v1/usage-limits/{usage_limit_id}", path={"usage_limit_id": acme("limit", "prod")}),
    # 8.17
    Case(f"GET {_WS}/tag-keys"),
    Case(f"POST {_WS}/tag-keys", body={"key": "Team"}),
    Case(f"POST {_WS}/tag-keys", 422, body={"key": ""}),
    Case(f"GET {_KEY}", path=_TAG),
    Case(f"PATCH {_KEY}", path=_TAG, body={"description": "where it runs"}),
    Case(f"DELETE {_KEY}", path=_TAG),
    Case(f"GET {_KEY}/tag-values", path=_TAG),
    Case(f"POST {_KEY}/tag-values", path=_TAG, body={"value": "canary"}),
    Case(f"GET {_VALUE}", path=_TAG_VALUE),
    Case(f"PATCH {_VALUE}", path=_TAG_VALUE, body={"value": "live"}),
    Case(f"DELETE {_VALUE}", path=_TAG_VALUE),
    Case(f"GET {_WS}/tags"),
    Case(f"GET {_WS}/tags/resource", query=_RESOURCE),
    Case(f"POST {_WS}/tags/resources", body=[_RESOURCE, _FREE_RESOURCE]),
    Case(f"GET {_WS}/taggings", query={"tag_value_id": _TAG_VALUE["tag_value_id"]}),
    Case(f"POST {_WS}/taggings", body=_FREE_RESOURCE | {"tag_value_id": _TAG_VALUE["tag_value_id"]}),
    Case(f"DELETE {_WS}/taggings/{{tagging_id}}", path={"tagging_id": acme("tagging", "prod", "Environment")}),
]  # fmt: skip
