"""The organization itself and its settings (API.md 8.3, 8.4)."""

from __future__ import annotations

from typing import Any

from lsnb.sandbox.access import Caller
from lsnb.sandbox.plans import SETTING_DEFAULTS, read_config, read_settings
from lsnb.sandbox.records import Json
from lsnb.sandbox.refusals import InvalidError, RefusedError, make_forbidden, make_problem
from lsnb.sandbox.rules.workspaces import is_full
from lsnb.sandbox.state import State

_PATCHABLE = (
    "public_sharing_disabled", "pat_creation_disabled", "jit_provisioning_enabled",
    "workspace_admin_can_invite_to_org", "invites_enabled", "max_api_key_expiry_days", "security_contact",
    "max_pat_expiry_days", "max_service_key_expiry_days", "scim_group_name_separator", "llm_auth_proxy_enabled",
    "llm_auth_proxy_jwt_audience", "ip_allowlist", "restrict_browser_secrets", "llm_auth_proxy_allowed_urls",
    "engine_enabled",
)  # fmt: skip
_GATES = {
    "public_sharing_disabled": "can_disable_public_sharing",
    "max_api_key_expiry_days": "can_set_api_key_max_expiry",
    "max_pat_expiry_days": "can_set_api_key_max_expiry",
    "max_service_key_expiry_days": "can_set_api_key_max_expiry",
    "ip_allowlist": "ip_allowlist_enabled",
    "restrict_browser_secrets": "can_restrict_browser_secrets",
    "llm_auth_proxy_enabled": "can_use_llm_auth_proxy",
}
# Fields for which null is a value ("none") and not "leave it".
_NULLABLE = (
    "max_api_key_expiry_days",
    "max_pat_expiry_days",
    "max_service_key_expiry_days",
    "security_contact",
    "ip_allowlist",
)


def read_organization(caller: Caller) -> Json:
    """Return the organization with plan, payment and the caller's permissions."""
    caller.need("organization:read")
    state = caller.state
    organization = state.organization
    settings = read_settings(organization)
    return {
        "id": organization.id,
        "display_name": organization.display_name,
        "config": read_config(organization),
        "connected_to_stripe": organization.payment is not None,
        "connected_to_metronome": True,
        "is_personal": organization.is_personal,
        "tier": organization.tier,
        "payment_method": organization.payment,
        "has_cancelled": False,
        "end_of_billing_period": None,
        "current_plan": {"tier": organization.tier, "started_on": organization.created_at, "ends_on": None},
        "upcoming_plan": None,
        "reached_max_workspaces": is_full(state),
        "permissions": caller.org_permissions,
        "marketplace_payouts_enabled": settings["marketplace_payouts_enabled"],
        "default_sso_provision": settings["default_sso_provision"],
        "security_contact": settings["security_contact"],
        "scim_group_name_separator": settings["scim_group_name_separator"],
    }


def read_info(caller: Caller) -> Json:
    """Return the lighter form with every security setting."""
    caller.need("organization:read")
    state = caller.state
    organization = state.organization
    config = read_config(organization)
    head = {
        "id": organization.id,
        "display_name": organization.display_name,
        "config": config,
        "is_personal": organization.is_personal,
        "tier": organization.tier,
        "reached_max_workspaces": is_full(state),
        "permissions": caller.org_permissions,
        "ip_allowlist_enabled": config["ip_allowlist_enabled"],
    }
    return head | read_settings(organization)


def read_info_go(caller: Caller) -> Json:
    """Return the same from the Go service, which leaves absent values out and knows fewer flags."""
    info = read_info(caller)
    info["config"] = {name: value for name, value in info["config"].items() if value is not None}
    return {name: value for name, value in info.items() if value is not None}


def update_info(caller: Caller, changes: Json) -> Json:
    """Change settings; only the given fields, and every gate is checked before anything changes."""
    caller.need("organization:manage")
    for name in changes:
        gate = _GATES.get(name)
        if gate is not None and changes[name] not in (None, False, []) and not caller.config[gate]:
            raise make_forbidden(f"{name} is not available on this organization's plan")
    _check_values(changes)
    organization = caller.state.organization
    if changes.get("display_name"):
        organization.display_name = changes["display_name"]
    for name in _PATCHABLE:
        if name in changes and (changes[name] is not None or name in _NULLABLE):
            organization.settings[name] = changes[name]
    if changes.get("unshare_all"):
        _unshare_all(caller)
    caller.state.touch()
    caller.touched.append(organization.id)
    return read_info(caller)


def _check_values(changes: Json) -> None:
    problems = []
    if changes.get("scim_group_name_separator", ":") not in list(":-_ &"):
        message = "Separator must be one of ':', '-', '_', ' ' or '&'"
        problems.append(make_problem(["body", "scim_group_name_separator"], message))
    for name in _NULLABLE[:3]:
        value: Any = changes.get(name)
        if value is not None and value < 1:
            problems.append(make_problem(["body", name], "Input should be greater than or equal to 1"))
    if problems:
        raise InvalidError(*problems)


def _unshare_all(caller: Caller) -> None:
    """Remove public links: of the whole organization, or of the named workspace (unknown 11)."""
    state = caller.state
    if state.behaviours.unshare_all_reach == "organization":
        state.share_links.clear()
        return
    place = caller.workspace
    for link in [link for link in state.share_links.values() if place and link.workspace_id == place.id]:
        del state.share_links[link.id]


def read_slim(state: State) -> Json:
    """Return the short form of the organization."""
    organization = state.organization
    names = [name for name in SETTING_DEFAULTS if name not in ("member_disabled", "can_export_usage_backfill")]
    settings = read_settings(organization)
    return {
        "id": organization.id,
        "display_name": organization.display_name,
        "tier": organization.tier,
        "created_at": organization.created_at,
        "created_by_user_id": None,
        "created_by_ls_user_id": None,
        "modified_at": None,
        "is_personal": organization.is_personal,
    } | {name: settings[name] for name in names}


def list_organizations(caller: Caller) -> list[Json]:
    """Return the organizations of a signed-in person: this one and those made through this server."""
    return [read_slim(caller.state), *caller.state.other_organizations]


def create_organization(caller: Caller, display_name: str, *, is_personal: bool, contact: str | None) -> Json:
    """Create an organization. It is listed, but nothing else of it is served here."""
    state = caller.state
    row = read_slim(state) | SETTING_DEFAULTS
    row |= {
        "id": state.new_id("organization"),
        "display_name": display_name,
        "tier": "developer_01_2026",
        "created_at": state.stamp(),
        "is_personal": is_personal,
        "security_contact": contact,
        "disabled": False,
    }
    state.other_organizations.append(row)
    state.touch()
    return row


def read_billing(caller: Caller) -> Json:
    """Return the plan as the billing page shows it."""
    data = read_organization(caller)
    names = ("id", "display_name", "config", "connected_to_stripe", "connected_to_metronome", "is_personal", "tier",
             "payment_method", "end_of_billing_period", "current_plan", "upcoming_plan", "reached_max_workspaces",
             "default_sso_provision")  # fmt: skip
    return {name: data[name] for name in names} | {"disabled": False, "plus_plan_transition": None}


def set_sso_only(caller: Caller, sso_only: bool | None) -> Json:
    """Allow SSO as the only way in; whoever asks must have come in that way (API.md 8.14)."""
    caller.need("organization:manage")
    if caller.is_operator and not caller.state.behaviours.operator_manages_sso:
        raise make_forbidden()
    caller.need_plan("can_use_saml_sso", "SSO is not enabled for this organization")
    if sso_only and not _came_through_sso(caller):
        raise RefusedError(400, "You must be logged in through SAML SSO to require it")
    if sso_only is not None:
        caller.state.organization.settings["sso_only"] = sso_only
        caller.state.touch()
    return {"sso_only": caller.settings["sso_only"]}


def _came_through_sso(caller: Caller) -> bool:
    return caller.person is not None and any(m["provider"] == "supabase:sso" for m in caller.person.login_methods)


def set_default_provision(caller: Caller) -> Json:
    """Let this organization receive new SSO users (self-hosted)."""
    caller.need("organization:manage")
    caller.state.organization.settings["default_sso_provision"] = True
    caller.state.touch()
    return {"default_sso_provision": True}
