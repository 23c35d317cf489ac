"""The tables `settings`, `sso` and `policies`: the rules that the organization set for itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from lsnb.tables.spec import TableSpec, build_frame, count, flag, only, text, time

SETTINGS = TableSpec(
    name="settings",
    row="one setting of the organization, or one feature of its plan",
    columns=(
        text("setting", "the service's name for it", required=True),
        text("value", 'the value as JSON text: `true`, `30`, `null`, `"ops@example.com"`', required=True),
        text("area", "`security`, `organization`, `product` (other product areas) or `plan` (what the plan offers)"),
        flag(
            "is_changeable",
            "whether an admin may change it through the API, as the sheet of settings does",
            required=True,
        ),
        flag("is_offered", "whether the plan offers it; unknown where nothing gates it"),
        text("meaning", "what it does"),
    ),
    key=("area", "setting"),
    sort=("area", "setting"),
    endpoints=("GET /api/v1/orgs/current/info",),
    note="`Snapshot.setting(name)` gives the value as a Python object.",
)

SSO = TableSpec(
    name="sso",
    row="one single sign-on provider",
    columns=(
        text("provider_id", "the provider's id at the login service", required=True),
        text("default_role", "the workspace role that new people get"),
        text("default_workspaces", "the workspaces that new people are put into, joined by `, `"),
        text("metadata_url", "where the provider's metadata is read from"),
        flag("has_groups", "whether groups of the provider are used"),
        flag("is_group_required", "whether people without a group are turned away"),
        flag("has_group_role_sync", "whether groups decide the roles"),
        text("group_claim", "the claim that carries the groups"),
        text("default_role_id", "the id of that workspace role"),
        text("default_workspace_ids", "the ids of those workspaces, joined by `, `"),
        text("sso_id", "the id of this configuration", required=True),
    ),
    key=("sso_id",),
    sort=("provider_id", "sso_id"),
    endpoints=("GET /api/v1/orgs/current/sso-settings",),
)

POLICIES = TableSpec(
    name="policies",
    row="one condition of one group of one access policy (attribute-based access)",
    columns=(
        text("policy", "the policy's name", required=True),
        text("effect", "`allow` or `deny`; deny wins"),
        text("roles", "the workspace roles it is attached to, joined by `, `"),
        count("group", "the group's number from 0; groups are alternatives"),
        text("permission", "the permission that the group is about"),
        text("resource_type", "the kind of resource that the group is about"),
        count("condition", "the condition's number from 0 in its group; all of them must hold"),
        text("attribute_name", "what is looked at, such as `resource_tag_key`"),
        text("attribute_key", "the tag's key"),
        text("operator", "how it is compared, such as `equals` or `not_matches_if_exists`"),
        text("attribute_value", "what it is compared with"),
        text("description", "what its author wrote about it"),
        time("created_at", "when it was made"),
        time("updated_at", "when it was last changed"),
        text("role_ids", "the ids of those roles, joined by `, `"),
        text("policy_id", "the policy's id", required=True),
    ),
    key=("policy_id", "group", "condition"),
    sort=("policy", "policy_id", "group", "condition"),
    endpoints=("GET /v1/platform/orgs/current/access-policies",),
    note="A policy without conditions has one row with the group and condition unknown.",
)


#: What the value of a setting that can be changed is, as sheets and forms read it.
ValueKind = Literal["bool", "days", "number", "text", "email", "list", "addresses", "separator", "name"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one setting: the one record that table, sheet, form and plan go by.

    Args:
        area: "security", "organization" or "product".
        meaning: what it does.
        gate: the feature of the plan that it needs.
        kind: what its value is; None where no admin may change it through the API.
        title: what forms call it.
        risk: how much a change of it moves: "high" can lock people out, "medium" loosens or tightens who gets in and
            what gets out.
    """

    area: str
    meaning: str
    gate: str = ""
    kind: ValueKind | None = None
    title: str = ""
    risk: Literal["low", "medium", "high"] = "high"

    @property
    def is_changeable(self) -> bool:
        """Whether an admin may change it through the API."""
        return self.kind is not None


def _own(
    kind: ValueKind,
    title: str,
    meaning: str,
    *,
    risk: Literal["low", "medium", "high"],
    gate: str = "",
    area: str = "security",
) -> Setting:
    """Describe a setting that can be changed."""
    return Setting(area, meaning, gate, kind, title, risk)


_MAX_EXPIRY, _PROXY = "can_set_api_key_max_expiry", "can_use_llm_auth_proxy"
#: The settings that are known; others are shown without a meaning, and are not changed.
KNOWN_SETTINGS: dict[str, Setting] = {
    "display_name": _own(
        "name", "Name of the organization", "the organization's name", risk="low", area="organization"
    ),
    "public_sharing_disabled": _own(
        "bool", "No new public links", "no new public links", risk="medium", gate="can_disable_public_sharing"
    ),
    "pat_creation_disabled": _own(
        "bool", "No new personal access tokens", "nobody can make personal access tokens", risk="high"
    ),
    "jit_provisioning_enabled": _own(
        "bool",
        "Accounts at the first single sign-on",
        "people who come through single sign-on get an account at once",
        risk="medium",
    ),
    "invites_enabled": _own("bool", "Invitations by e-mail", "people can be invited by e-mail", risk="medium"),
    "workspace_admin_can_invite_to_org": _own(
        "bool", "Workspace admins may invite outsiders", "workspace admins can invite outsiders", risk="medium"
    ),
    "max_api_key_expiry_days": _own(
        "days",
        "Longest life of new keys, in days",
        "longest life of new keys, in days",
        risk="medium",
        gate=_MAX_EXPIRY,
    ),
    "max_pat_expiry_days": _own(
        "days",
        "Longest life of new tokens, in days",
        "longest life of new tokens, in days",
        risk="medium",
        gate=_MAX_EXPIRY,
    ),
    "max_service_key_expiry_days": _own(
        "days",
        "Longest life of new service keys, in days",
        "longest life of new service keys, in days",
        risk="medium",
        gate=_MAX_EXPIRY,
    ),
    "security_contact": _own("email", "Contact for security", "whom LangSmith writes to about security", risk="low"),
    "scim_group_name_separator": _own(
        "separator",
        "Separator in the names of groups",
        "what stands between the parts of an identity provider's groups",
        risk="medium",
    ),
    "ip_allowlist": _own(
        "addresses",
        "Only these addresses may connect",
        "the only addresses that may connect; can lock you out",
        risk="high",
        gate="ip_allowlist_enabled",
    ),
    "sso_only": _own(
        "bool",
        "Single sign-on only",
        "people can log in through single sign-on only",
        risk="high",
        gate="can_use_saml_sso",
    ),
    "restrict_browser_secrets": _own(
        "bool",
        "Secrets stay out of the browser",
        "secrets stay out of the browser",
        risk="medium",
        gate="can_restrict_browser_secrets",
        area="product",
    ),
    "llm_auth_proxy_enabled": _own("bool", "LLM auth proxy", "", risk="low", gate=_PROXY, area="product"),
    "llm_auth_proxy_jwt_audience": _own(
        "text", "Audience of the LLM auth proxy's tokens", "", risk="low", gate=_PROXY, area="product"
    ),
    "llm_auth_proxy_allowed_urls": _own(
        "list", "Addresses that the LLM auth proxy may call", "", risk="low", gate=_PROXY, area="product"
    ),
    "engine_enabled": _own("bool", "Engine", "", risk="low", area="product"),
    "engine_lcu_spend_limit_monthly": _own(
        "number",
        "Most that the engine may spend in a month",
        "the most that the engine may spend in a month; none is no limit",
        risk="low",
        area="product",
    ),
    "disabled_model_providers": _own(
        "list",
        "Model providers that are switched off",
        "the model providers that nobody may use",
        risk="low",
        area="product",
    ),
    "byoc_create_saas_workspace_enabled": _own(
        "bool",
        "Workspaces in LangSmith's cloud beside the own one",
        "workspaces can be made in LangSmith's cloud, where the organization brings a cloud of its own",
        risk="low",
        area="product",
    ),
    "sso_login_slug": Setting("security", "the short name in the single sign-on address", "can_use_saml_sso"),
    "default_sso_provision": Setting("security", "this organization receives new single sign-on people"),
    "disabled": Setting("organization", "the organization is switched off"),
    "member_disabled": Setting("organization", "the caller's membership is switched off"),
    "is_personal": Setting("organization", "a personal organization: one workspace, no invitations"),
    "tier": Setting("organization", "the plan's name; features are listed one by one in the area `plan`"),
    "reached_max_workspaces": Setting("organization", "no more workspaces can be made"),
    "can_export_usage_backfill": Setting("product", ""),
    "marketplace_payouts_enabled": Setting("product", ""),
}
#: What stands for a setting that nobody has described: not changed, and a change of it is a great one.
UNKNOWN_SETTING = Setting("product", "")


def known_setting(name: str | None) -> Setting:
    """Describe a setting; one that nobody has described is not changeable, and of high risk."""
    return KNOWN_SETTINGS.get(name or "", UNKNOWN_SETTING)


_NOT_SETTINGS = frozenset({"id", "config", "permissions"})


def build_settings(info: Mapping[str, Any]) -> pd.DataFrame:
    """Build `settings` from the organization's info.

    Args:
        info: the answer of `GET /orgs/current/info`; its `config` becomes the rows of the area `plan`.
    """
    config: Mapping[str, Any] = info.get("config") or {}
    rows: list[tuple[str, str, str, bool, bool | None, str | None]] = []
    for name, value in info.items():
        if name in _NOT_SETTINGS:
            continue
        known = known_setting(name)
        offered = bool(config[known.gate]) if known.gate in config else None
        rows.append((name, _to_json(value), known.area, known.is_changeable, offered, known.meaning or None))
    for name, value in config.items():
        offered = value if isinstance(value, bool) else None
        rows.append((name, _to_json(value), "plan", False, offered, None))
    names = ("setting", "value", "area", "is_changeable", "is_offered", "meaning")
    return build_frame(SETTINGS, {name: [row[index] for row in rows] for index, name in enumerate(names)})


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def build_sso(records: Sequence[Mapping[str, Any]], roles: pd.DataFrame, workspaces: pd.DataFrame) -> pd.DataFrame:
    """Build `sso` from the service's list.

    Args:
        records: the providers.
        roles: `roles`, to name the default role.
        workspaces: `workspaces`, to name the default workspaces.
    """
    role_names = dict(zip(roles["role_id"], roles["role"], strict=True))
    workspace_names = dict(zip(workspaces["workspace_id"], workspaces["workspace"], strict=True))
    places = [[str(place) for place in record.get("default_workspace_ids") or ()] for record in records]
    role_ids = [record.get("default_workspace_role_id") for record in records]
    return build_frame(
        SSO,
        {
            "provider_id": [record["provider_id"] for record in records],
            "default_role": [role_names.get(role_id, role_id) for role_id in role_ids],
            "default_workspaces": [", ".join(workspace_names.get(p, p) for p in ids) or None for ids in places],
            "metadata_url": [record.get("metadata_url") for record in records],
            "has_groups": [record.get("sso_groups_enabled") for record in records],
            "is_group_required": [record.get("sso_groups_required") for record in records],
            "has_group_role_sync": [record.get("sso_groups_role_sync_enabled") for record in records],
            "group_claim": [record.get("sso_groups_claim_field") for record in records],
            "default_role_id": role_ids,
            "default_workspace_ids": [", ".join(ids) or None for ids in places],
            "sso_id": [record["id"] for record in records],
        },
    )


def build_policies(records: Sequence[Mapping[str, Any]], roles: pd.DataFrame) -> pd.DataFrame:
    """Build `policies` from the service's list, one row per condition.

    Args:
        records: the access policies.
        roles: `roles`, to name the roles that a policy is attached to.
    """
    role_names = dict(zip(roles["role_id"], roles["role"], strict=True))
    rows: list[dict[str, Any]] = []
    for record in records:
        role_ids = [str(role_id) for role_id in only(list, record.get("role_ids"), "role_ids")]
        policy = {
            "policy": record.get("name") or record["id"],
            "effect": record.get("effect"),
            "roles": ", ".join(role_names.get(role_id, role_id) for role_id in role_ids) or None,
            "description": record.get("description") or None,
            "created_at": record.get("created_at"),
            "updated_at": record.get("updated_at"),
            "role_ids": ", ".join(role_ids) or None,
            "policy_id": record["id"],
        }
        rows += [{**policy, **condition} for condition in _conditions(record)] or [policy]
    return build_frame(POLICIES, {name: [row.get(name) for row in rows] for name in POLICIES.column_names})


def _conditions(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, given in enumerate(only(list, record.get("condition_groups"), "group")):
        group = only(dict, given, "group")
        about = {"group": number, "permission": group.get("permission"), "resource_type": group.get("resource_type")}
        conditions = [only(dict, item, "condition") for item in only(list, group.get("conditions"), "condition")]
        found += [{**about, "condition": place, **condition} for place, condition in enumerate(conditions)] or [about]
    return found
