"""Say what each plan offers, and what a setting is when nobody has set it (API.md 5, 8.4)."""

from __future__ import annotations

from lsnb.sandbox.records import Json, Organization

CONFIG_DEFAULTS: Json = {
    "plan_tier": None,
    "engine_default_enabled": False,
    "max_identities": 5,
    "max_workspaces": 1,
    "can_use_rbac": False,
    "can_use_abac": False,
    "can_use_audit_logs": False,
    "can_add_seats": True,
    "startup_plan_approval_date": None,
    "partner_plan_approval_date": None,
    "premier_plan_approval_date": None,
    "can_disable_public_sharing": False,
    "can_use_langgraph_cloud": False,
    "max_langgraph_cloud_deployments": 3,
    "max_free_langgraph_cloud_deployments": 0,
    "sandbox_enabled": False,
    "max_sandboxes": 10,
    "max_sandbox_cpu": "200",
    "max_sandbox_memory": "400Gi",
    "can_use_saml_sso": False,
    "can_use_bulk_export": False,
    "show_updated_sidenav": False,
    "show_updated_resource_tags": False,
    "kv_dataset_message_support": True,
    "show_playground_prompt_canvas": False,
    "allow_custom_iframes": False,
    "byoc_enabled": False,
    "enable_langgraph_pricing": False,
    "enable_thread_view_playground": False,
    "enable_org_usage_charts": False,
    "use_exact_search_for_prompts": False,
    "langgraph_deploy_own_cloud_enabled": False,
    "prompt_optimization_jobs_enabled": False,
    "demo_lgp_new_graph_enabled": False,
    "datadog_rum_session_sample_rate": 20,
    "langgraph_remote_reconciler_enabled": False,
    "langgraph_enterprise_enabled": False,
    "langsmith_alerts_poc_enabled": True,
    "tenant_skip_topk_facets": False,
    "lgp_templates_enabled": False,
    "enable_align_evaluators": False,
    "enable_run_tree_streaming": False,
    "enable_querying_v2_endpoints": False,
    "enable_threads_improvements": False,
    "max_prompt_webhooks": 1,
    "playground_evaluator_strategy": "sync",
    "can_set_api_key_max_expiry": False,
    "can_use_llm_auth_proxy": False,
    "can_restrict_browser_secrets": False,
    "enable_monthly_usage_charts": False,
    "new_rule_evaluator_creation_version": 3,
    "enable_lgp_listeners_page": False,
    "clio_enabled": False,
    "enable_markdown_in_tracing": False,
    "enable_pricing_redesign": False,
    "arbitrary_cost_tracking_enabled": False,
    "langsmith_deployment_distributed_runtime_enabled": False,
    "agent_builder_enabled": True,
    "max_agent_builder_assistants": 1000,
    "enable_granular_usage_reporting": False,
    "enable_burndown_vs_commit_view": False,
    "max_agent_builder_runs": -1,
    "langsmith_deployment_dr_enabled_dev": False,
    "ip_allowlist_enabled": False,
    "llm_gateway_enabled": False,
    "managed_deep_agents_enabled": False,
}

ENTERPRISE: Json = {
    "plan_tier": "enterprise",
    "max_identities": 30000,
    "max_workspaces": -1,
    "can_use_rbac": True,
    "can_use_abac": True,
    "can_use_audit_logs": True,
    "can_use_saml_sso": True,
    "can_use_bulk_export": True,
    "can_use_langgraph_cloud": True,
    "can_disable_public_sharing": True,
    "can_set_api_key_max_expiry": True,
    "can_restrict_browser_secrets": True,
    "can_use_llm_auth_proxy": True,
    "show_updated_resource_tags": True,
    "enable_granular_usage_reporting": True,
    "ip_allowlist_enabled": True,
}
PLUS: Json = {
    "plan_tier": "plus_01_2026",
    "max_identities": 100,
    "max_workspaces": 3,
    "can_use_langgraph_cloud": True,
    "enable_granular_usage_reporting": True,
}
DEVELOPER: Json = {"plan_tier": "developer_01_2026", "max_identities": 1, "max_workspaces": 1, "can_add_seats": False}

SETTING_DEFAULTS: Json = {
    "engine_enabled": None,
    "disabled": False,
    "member_disabled": False,
    "sso_only": False,
    "jit_provisioning_enabled": True,
    "invites_enabled": True,
    "sso_login_slug": None,
    "public_sharing_disabled": False,
    "pat_creation_disabled": False,
    "workspace_admin_can_invite_to_org": False,
    "marketplace_payouts_enabled": False,
    "default_sso_provision": False,
    "max_api_key_expiry_days": None,
    "security_contact": None,
    "max_pat_expiry_days": None,
    "max_service_key_expiry_days": None,
    "scim_group_name_separator": ":",
    "can_export_usage_backfill": False,
    "llm_auth_proxy_enabled": None,
    "llm_auth_proxy_jwt_audience": None,
    "ip_allowlist": [],
    "restrict_browser_secrets": None,
    "llm_auth_proxy_allowed_urls": None,
}


def read_config(organization: Organization) -> Json:
    """Return every plan flag with its effective value."""
    return CONFIG_DEFAULTS | organization.config


def read_settings(organization: Organization) -> Json:
    """Return every setting with its effective value."""
    return SETTING_DEFAULTS | organization.settings
