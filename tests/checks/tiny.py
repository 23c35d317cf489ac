"""A tiny organization, kept as the records that the service sends: what a check or a question is asked of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from lsnb.snapshot import Caller, Snapshot, SnapshotMeta
from lsnb.tables import SPECS
from lsnb.tables.access import build_access
from lsnb.tables.activity import build_audit_log, build_shared_links, build_usage
from lsnb.tables.completeness import Reading, build_completeness
from lsnb.tables.keys import build_access_tokens, build_scim_tokens, build_service_accounts, build_service_keys
from lsnb.tables.people import People, build_invites, build_members
from lsnb.tables.settings import build_policies, build_settings, build_sso
from lsnb.tables.structure import build_permission_catalogue, build_permissions, build_roles, build_workspaces
from lsnb.tables.tags import build_tags

READ_AT = pd.Timestamp("2026-11-02T09:00:00Z")
OFFERED = {
    "can_use_rbac": True,
    "can_use_abac": True,
    "can_use_audit_logs": True,
    "can_use_saml_sso": True,
    "can_disable_public_sharing": True,
    "can_set_api_key_max_expiry": True,
    "ip_allowlist_enabled": True,
    "enable_granular_usage_reporting": True,
}
BUILT_IN = {
    "Organization Admin": ("ORGANIZATION_ADMIN", "organization"),
    "Organization Operator": ("ORGANIZATION_OPERATOR", "organization"),
    "Organization User": ("ORGANIZATION_USER", "organization"),
    "Organization Viewer": ("ORGANIZATION_VIEWER", "organization"),
    "Admin": ("WORKSPACE_ADMIN", "workspace"),
    "Editor": ("WORKSPACE_USER", "workspace"),
    "Viewer": ("WORKSPACE_VIEWER", "workspace"),
}


def ago(days: float, *, hours: float = 0) -> str:
    """Give the time so many days before the reading."""
    return (READ_AT - pd.Timedelta(days=days, hours=hours)).isoformat()


def role_id(role: str) -> str:
    """Give the id of a role."""
    return f"role {role}"


def place_id(workspace: str) -> str:
    """Give the id of a workspace."""
    return f"ws {workspace}"


def address(name: str) -> str:
    """Complete a bare name to an address of the company."""
    return name if "@" in name else f"{name}@acme.example"


class Tiny:
    """An organization as plain records; every `add_` method gives the organization back.

    Args:
        workspaces: the names of the workspaces.
        settings: what differs in the organization's info.
        offered: what differs in the plan's features.
    """

    def __init__(
        self, *workspaces: str, settings: Mapping[str, Any] | None = None, offered: Mapping[str, Any] | None = None
    ) -> None:
        self.workspaces = list(workspaces) or ["Production"]
        self.info: dict[str, Any] = {**(settings or {}), "config": {**OFFERED, **(offered or {})}}
        self.roles: list[dict[str, Any]] = [
            {"id": role_id(shown), "name": name, "display_name": shown, "access_scope": scope, "permissions": []}
            for shown, (name, scope) in BUILT_IN.items()
        ]
        self.people: list[dict[str, Any]] = []
        self.records: dict[str, list[Any]] = {
            name: []
            for name in (
                "service_keys",
                "access_tokens",
                "sso",
                "scim_tokens",
                "policies",
                "tags",
                "shared_links",
                "audit_log",
            )
        }
        self.usage: dict[str, list[Any]] = {"user": [], "api_key": []}
        self.unread: dict[str, tuple[str, str]] = {}

    def add_role(self, role: str, *permissions: str) -> Tiny:
        """Add a custom role of workspaces."""
        record = {"id": role_id(role), "name": "CUSTOM", "display_name": role, "access_scope": "workspace"}
        self.roles.append({**record, "permissions": list(permissions)})
        return self

    def add(
        self,
        name: str,
        role: str = "Organization User",
        places: Mapping[str, str] | None = None,
        *,
        state: str = "active",
        days: float = 300,
        logins: str = "supabase:sso",
        by: str | None = "scim",
        **more: Any,
    ) -> Tiny:
        """Add a person who has joined, is invited ("pending") or is disabled."""
        email = address(name)
        pending = state == "pending"
        methods = [{"provider": login, "provisioning": by} for login in logins.split()]
        self.people.append(
            {
                "id": f"{state} {email}",
                "email": email,
                "display_name": None if pending else name.title(),
                "created_at": ago(days),
                "is_pending": pending,
                "is_disabled": state == "disabled",
                "ls_user_id": None if pending else f"user {email}",
                "role_id": role_id(role),
                "role_name": BUILT_IN[role][0],
                "linked_login_methods": [] if pending else methods,
                "workspace_memberships": [
                    {"workspace_id": place_id(w), "workspace_name": w, "role_id": role_id(r), "role_name": r}
                    for w, r in (places or {}).items()
                ],
                **more,
            }
        )
        return self

    def add_key(self, description: str, *, role: str = "Editor", days: float = 20, **more: Any) -> Tiny:
        """Add a service key that is as it should be, but for what is said."""
        record = {
            "id": f"key {description}",
            "short_key": f"lsv2_sk_...{len(self.records['service_keys'])}",
            "description": description,
            "created_at": ago(days),
            "last_used_at": ago(1),
            "expires_at": ago(-60),
            "role_id": role_id(role),
            "access_scope": "workspace",
            "created_by_email": address("ada"),
            "workspace_names": self.workspaces[:1],
        }
        self.records["service_keys"].append(record | more)
        return self

    def add_token(self, description: str, owner: str, *, days: float = 20, **more: Any) -> Tiny:
        """Add a personal access token that is as it should be, but for what is said."""
        record = {
            "id": f"token {description}",
            "short_key": f"lsv2_pt_...{len(self.records['access_tokens'])}",
            "description": description,
            "created_at": ago(days),
            "last_used_at": ago(1),
            "expires_at": ago(-30),
            "user_email": address(owner),
            "ls_user_id": f"user {address(owner)}",
        }
        self.records["access_tokens"].append(record | more)
        return self

    def add_scim_token(self, description: str = "Okta", *, days: float = 100, used: float | None = 1) -> Tiny:
        """Add a token of the identity provider."""
        number = len(self.records["scim_tokens"])
        record = {"id": f"scim {number}", "short_token": f"scim_...{number}", "created_at": ago(days)}
        used_at = None if used is None else ago(used)
        self.records["scim_tokens"].append({**record, "description": description, "last_used_at": used_at})
        return self

    def add_sso(self, role: str = "Viewer") -> Tiny:
        """Add a single sign-on provider."""
        record = {"id": "sso 1", "provider_id": "idp", "default_workspace_role_id": role_id(role)}
        self.records["sso"].append({**record, "default_workspace_ids": [place_id(self.workspaces[0])]})
        return self

    def add_policy(
        self,
        name: str,
        effect: str,
        permission: str,
        *conditions: tuple[str, str, str],
        on: tuple[str, ...] = (),
        more: tuple[dict[str, Any], ...] = (),
    ) -> Tiny:
        """Add an access policy with one group of conditions (key, operator, value), and more groups as they are."""
        group = policy_group(permission, *conditions)
        self.records["policies"].append(
            {
                "id": f"policy {name}",
                "name": name,
                "effect": effect,
                "role_ids": [role_id(role) for role in on],
                "condition_groups": [group, *more],
            }
        )
        return self

    def add_tag(self, key: str, *values: str, workspace: str | None = None) -> Tiny:
        """Add a tag key with its values to a workspace."""
        found = [{"id": f"value {key} {value}", "value": value} for value in values]
        record = {"id": f"key {key}", "key": key, "values": found}
        self.records["tags"].append((place_id(workspace or self.workspaces[0]), record))
        return self

    def add_link(self, title: str, *, days: float = 3, workspace: str | None = None) -> Tiny:
        """Add a public link to a run."""
        link = {"type": "run", "run_id": f"run {title}", "run_name": title, "created_at": ago(days)}
        self.records["shared_links"].append((place_id(workspace or self.workspaces[0]), link))
        return self

    def add_event(
        self,
        operation: str,
        actor: str | None,
        *,
        days: float = 5,
        hours: float = 0,
        outcome: str = "Success",
        key: str | None = None,
        resources: tuple[str, ...] = (),
    ) -> Tiny:
        """Add an event of the audit log."""
        at = READ_AT - pd.Timedelta(days=days, hours=hours)
        user = f"user {address(actor)}" if actor else None
        self.records["audit_log"].append(
            {
                "time": int(at.timestamp() * 1000),
                "status": outcome,
                "metadata": {"uid": f"event {len(self.records['audit_log'])}"},
                "api": {"operation": operation},
                "actor": {"user": {"uid": user, "credential_uid": key}},
                "resources": [{"uid": uid} for uid in resources],
                "unmapped": {"original_audit_log": {"ls_user_id": user}},
            }
        )
        return self

    def add_log(self, *names: str) -> Tiny:
        """Add a log of 400 days in which the named people appear now and then, in working hours of working days."""
        for days in (399.5, 40, 4, 0.02):
            for name in names or ("ada",):
                self.add_event("login", name, days=days)
        return self

    def add_usage(self, *, person: str | None = None, short_key: str | None = None, days: float, traces: int) -> Tiny:
        """Add the traces of one person or key in one day."""
        sizes = {"user_email": address(person)} if person else {"api_key_short_key": short_key}
        row = {"time_bucket": ago(days), "dimensions": sizes, "traces": traces}
        self.usage["user" if person else "api_key"].append(row)
        return self

    def lose(self, table: str, status: str = "unreadable", reason: str = "403: not for this key.") -> Tiny:
        """Make a table one that could not be read, or not wholly ("partial")."""
        self.unread[table] = (status, reason)
        return self

    def snapshot(self) -> Snapshot:
        """Read the organization."""
        roles = build_roles(self.roles)
        workspaces = build_workspaces([{"id": place_id(w), "display_name": w} for w in self.workspaces])
        people = People(self.people, roles)
        config, separator = self.info["config"], self.info.get("scim_group_name_separator")
        records = self.records
        builders: dict[str, Callable[[], pd.DataFrame]] = {
            "members": partial(build_members, people),
            "invites": partial(build_invites, people),
            "access": partial(
                build_access, people, workspaces, has_rbac=config["can_use_rbac"], group_separator=separator or ":"
            ),
            "workspaces": lambda: workspaces,
            "roles": lambda: roles,
            "permissions": partial(build_permissions, self.roles),
            "permission_catalogue": partial(build_permission_catalogue, None, self.roles),
            "service_keys": partial(build_service_keys, records["service_keys"], roles),
            "access_tokens": partial(build_access_tokens, records["access_tokens"]),
            "service_accounts": partial(build_service_accounts, [], workspaces),
            "settings": partial(build_settings, self.info),
            "sso": partial(build_sso, records["sso"], roles, workspaces),
            "scim_tokens": partial(build_scim_tokens, records["scim_tokens"]),
            "policies": partial(build_policies, records["policies"], roles),
            "tags": partial(build_tags, records["tags"], workspaces),
            "shared_links": partial(build_shared_links, records["shared_links"], workspaces),
            "usage": partial(build_usage, self.usage),
            "audit_log": partial(build_audit_log, records["audit_log"]),
        }
        tables, readings = {}, []
        for name, build in builders.items():
            # Tags are read where there are policies to compare with them; here, where a test adds some.
            usual = (
                ("not-loaded", "it was not asked for.")
                if name == "tags" and not records["tags"]
                else ("complete", None)
            )
            status, reason = self.unread.get(name, usual)
            readings.append(Reading(name, "GET", status, read_at=READ_AT, reason=reason))  # type: ignore[arg-type]
            if status in ("complete", "partial"):
                tables[name] = build()
        assert builders.keys() == SPECS.keys() - {"completeness"}
        tables["completeness"] = build_completeness(readings)
        caller = Caller(kind="service", identity="key 1", name="night job")
        since = READ_AT - pd.Timedelta(days=400)
        return Snapshot(SnapshotMeta("org 1", "Acme", "api.example.com", READ_AT, caller, "0", since), tables)


def policy_group(permission: str, *conditions: tuple[str, str, str]) -> dict[str, Any]:
    """Make a group of conditions on tags."""
    kind = permission.partition(":")[0].rstrip("s")
    return {
        "permission": permission,
        "resource_type": {"run": "project"}.get(kind, kind),
        "conditions": [
            {
                "attribute_name": "resource_tag_key",
                "attribute_key": key,
                "operator": operator,
                "attribute_value": value,
            }
            for key, operator, value in conditions
        ],
    }
