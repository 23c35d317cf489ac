"""What stands around in Acme's workspaces: resources, tags, policies, accounts, retention, limits and links."""

from __future__ import annotations

from lsnb.sandbox.ids import make_hash
from lsnb.sandbox.records import (
    AccessPolicy,
    Json,
    ScimToken,
    ServiceAccount,
    ShareLink,
    Tagging,
    TagKey,
    TagValue,
    TraceTtl,
    UsageLimit,
)
from lsnb.sandbox.seeds.builder import Builder

_RESOURCES = (
    ("project", "default"),
    ("project", "playground"),
    ("dataset", "golden-answers"),
    ("prompt", "greeting"),
    ("queue", "to-review"),
    ("dashboard", "overview"),
)
_ENVIRONMENTS = {"prod": "production", "stag": "staging"}


def add_resources(builder: Builder) -> None:
    """Add the same few resources to every workspace."""
    for short in builder.workspaces:
        for kind, name in _RESOURCES:
            builder.resource(short, kind, name)
    for short in ("prod", "stag"):
        place = builder.workspaces[short]
        builder.state.secrets[place] = {
            name: make_hash(f"{short} {name}") for name in ("MODEL_API_KEY", "SEARCH_TOKEN")
        }


def add_tags(builder: Builder) -> None:
    """Add the two usual tag keys to every workspace, and tag its default project."""
    for short in builder.workspaces:
        values = {"Environment": _ENVIRONMENTS.get(short, "internal"), "Application": builder.slug}
        for key, value in values.items():
            _add_tag(builder, short, key, value)


def _add_tag(builder: Builder, short: str, key: str, value: str) -> None:
    state, at = builder.state, builder.ago(390)
    tag_key = TagKey(builder.id("tag key", short, key), builder.workspaces[short], key, None, at, at)
    tag_value = TagValue(builder.id("tag value", short, key, value), tag_key.id, value, None, at, at)
    project = builder.id("resource", short, "project", "default")
    tagging = Tagging(builder.id("tagging", short, key), tag_value.id, "project", project, at)
    state.tag_keys[tag_key.id] = tag_key
    state.tag_values[tag_value.id] = tag_value
    state.taggings[tagging.id] = tagging


def make_group(permission: str, resource_type: str, key: str, operator: str, value: str) -> Json:
    """Return a condition group with one condition."""
    condition = {
        "attribute_name": "resource_tag_key",
        "attribute_key": key,
        "operator": operator,
        "attribute_value": value,
    }
    return {"permission": permission, "resource_type": resource_type, "conditions": [condition]}


def add_policy(
    builder: Builder, name: str, effect: str, group: Json, roles: tuple[str, ...], description: str, *, days: float = 90
) -> AccessPolicy:
    """Add an access policy on some workspace roles."""
    at = builder.ago(days)
    role_ids = [builder.roles[short] for short in roles]
    policy = AccessPolicy(builder.id("policy", name), name, description, effect, [group], role_ids, at, at)
    builder.state.policies[policy.id] = policy
    return policy


def add_policies(builder: Builder) -> None:
    """Add two policies that do what they say."""
    production = make_group("projects:read", "project", "Environment", "equals", "production")
    add_policy(
        builder, "production-for-prompt-engineers", "allow", production, ("prompt",), "Prompt engineers read production"
    )
    internal = make_group("datasets:update", "dataset", "Environment", "equals", "production")
    add_policy(builder, "production-datasets-stay", "deny", internal, ("curator",), "Nobody edits production datasets")


def add_limits(builder: Builder) -> None:
    """Add service accounts, retention and monthly limits."""
    state, at = builder.state, builder.ago(200)
    for name, short, role in (("ci-evaluations", "data", "E"), ("nightly-export", "prod", "V")):
        account = ServiceAccount(
            id=builder.id("service account", name),
            name=name,
            created_at=at,
            updated_at=at,
            organization_identity_id=builder.id("service identity", name),
            default_workspace_id=builder.workspaces[short],
            places=[{"workspace_id": builder.workspaces[short], "role_id": builder.roles[role]}],
        )
        state.service_accounts[account.id] = account
    default = TraceTtl(builder.id("ttl"), None, "shortlived", "system", at, at)
    production = TraceTtl(
        builder.id("ttl", "prod"), builder.workspaces["prod"], "longlived", "user", at, at, longlived_ttl_days=365
    )
    state.trace_ttls = {default.id: default, production.id: production}
    for short, value in (("prod", 5_000_000), ("rsch", 250_000)):
        place = builder.workspaces[short]
        limit = UsageLimit(builder.id("limit", short), place, "monthly_traces", value, at, at)
        state.usage_limits[limit.id] = limit


def add_scim_token(builder: Builder, description: str, *, days: float, used: float | None) -> ScimToken:
    """Add a SCIM token."""
    at = builder.ago(days)
    number = len(builder.state.scim_tokens)
    token = ScimToken(
        id=builder.id("scim token", number),
        description=description,
        short_token=f"lsv2_scim_...{builder.number('scim', number) % 0xFFFF:04x}",
        created_at=at,
        updated_at=at,
        last_used_at=builder.ago(used) if used is not None else None,
    )
    builder.state.scim_tokens[token.id] = token
    return token


def add_link(builder: Builder, workspace: str, name: str, *, days: float, kind: str = "run") -> ShareLink:
    """Add a public link to a run of the default project, or to a dataset."""
    is_run = kind == "run"
    link = ShareLink(
        id=builder.id("share token", workspace, name),
        workspace_id=builder.workspaces[workspace],
        kind=kind,
        created_at=builder.ago(days),
        target_id=builder.id("run" if is_run else "resource", workspace, name),
        target_name=name,
        run_type="chain" if is_run else None,
        session_id=builder.id("resource", workspace, "project", "default") if is_run else None,
        session_name="default" if is_run else None,
    )
    builder.state.share_links[link.id] = link
    return link
