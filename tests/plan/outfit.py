"""A tiny organization with everything that sheets besides the one of people are about."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lsnb.files.sheets import read_sheet
from lsnb.plan import Plan, Rules
from lsnb.plan.sheets import NamedSheet, SheetSet, plan_set, read_set
from lsnb.snapshot import Caller, Snapshot, SnapshotMeta
from lsnb.tables.access import build_access
from lsnb.tables.completeness import Reading, build_completeness
from lsnb.tables.keys import build_access_tokens, build_scim_tokens, build_service_keys
from lsnb.tables.people import People, build_invites, build_members
from lsnb.tables.settings import build_policies, build_settings, build_sso
from lsnb.tables.structure import build_permission_catalogue, build_permissions, build_roles, build_workspaces
from tests.plan.company import CREATED_AT, READ_AT, ROLES, Company, role_id, workspace_id

UNKNOWN = "quantum-boxes:open"
ANNOTATOR = ["annotation-queues:read", "datasets:read", "runs:read", UNKNOWN]
AUDITOR = ["projects:read", "runs:read"]
WIDE = Rules(max_removals_share=1.0, max_removals_small=100)

INFO: dict[str, Any] = {
    "display_name": "Acme",
    "public_sharing_disabled": False,
    "pat_creation_disabled": False,
    "jit_provisioning_enabled": True,
    "invites_enabled": True,
    "workspace_admin_can_invite_to_org": False,
    "max_api_key_expiry_days": None,
    "max_pat_expiry_days": None,
    "max_service_key_expiry_days": 365,
    "security_contact": None,
    "scim_group_name_separator": " ",
    "ip_allowlist": None,
    "sso_only": False,
    "restrict_browser_secrets": False,
    "llm_auth_proxy_allowed_urls": ["https://a.example.com", "https://b.example.com"],
    "tier": "enterprise",
    "config": {
        "can_use_rbac": True,
        "can_disable_public_sharing": True,
        "can_set_api_key_max_expiry": True,
        "ip_allowlist_enabled": True,
        "can_restrict_browser_secrets": False,
        "max_workspaces": 4,
    },
}
KEYS: list[dict[str, Any]] = [
    {
        "id": "key-night",
        "short_key": "lsv2_sk_...1111",
        "description": "night job",
        "access_scope": "organization",
        "role_id": role_id("Viewer"),
        "org_role_id": role_id("Organization User"),
        "expires_at": "2027-03-01T12:30:00+00:00",
    },
    {
        "id": "key-ci",
        "short_key": "lsv2_sk_...2222",
        "description": "ci",
        "access_scope": "workspace",
        "role_id": role_id("Annotator"),
        "workspace_names": ["Production", "Staging"],
    },
    {"id": "key-twin-1", "short_key": "lsv2_sk_...3333", "description": "twin", "access_scope": "organization"},
    {"id": "key-twin-2", "short_key": "lsv2_sk_...4444", "description": "twin", "access_scope": "organization"},
]
TOKENS: list[dict[str, Any]] = [
    {"id": "token-ada", "short_key": "lsv2_pt_...aaaa", "description": "laptop", "user_email": "ada@example.com",
     "is_revoked": False, "expires_at": "2026-11-20T00:00:00Z"},
    {"id": "token-dana", "short_key": "lsv2_pt_...dddd", "description": "old", "user_email": "dana@example.com",
     "is_revoked": False},
    {"id": "token-eve", "short_key": "lsv2_pt_...eeee", "description": "lost", "user_email": "eve@example.com",
     "is_revoked": True},
]  # fmt: skip
SCIM_TOKENS: list[dict[str, Any]] = [
    {"id": "scim-okta", "short_token": "lsv2_scim_...0001", "description": "Okta"},
    {"id": "scim-old", "short_token": "lsv2_scim_...0002", "description": "Okta of last year"},
]
ADA = Caller(
    "pat", "user:ada", "ada@example.com", "ada", "user-ada@example.com", "Organization Admin", hint="lsv2_pt_…aaaa"
)


def company() -> Company:
    """Make the people: two admins, a member who holds the custom role, an invited one."""
    made = Company(caller=ADA).add("ada", "Organization Admin", login_methods=[]).add("ben", "Organization Admin")
    made.add("dana", places={"Production": "Annotator", "Staging": "Viewer"})
    return made.add("eve", places={"Staging": "Annotator"}, state="pending")


def role_records() -> list[dict[str, Any]]:
    """Give the roles as the service lists them: the built-in ones, and two custom ones."""
    made = []
    for role, (name, scope) in ROLES.items():
        grants = ANNOTATOR if role == "Annotator" else []
        made.append(
            {
                "id": role_id(role),
                "name": name,
                "display_name": role,
                "access_scope": scope,
                "permissions": grants,
                "description": f"what {role} is for",
            }
        )
    auditor = {
        "id": "role-auditor",
        "name": "CUSTOM",
        "display_name": "Auditor",
        "access_scope": "workspace",
        "permissions": AUDITOR,
        "description": "reads",
    }
    return [*made, auditor]


def snapshot(
    *,
    people: Company | None = None,
    info: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
    listed: bool = False,
    caller: Caller | None = None,
    sso: list[dict[str, Any]] | None = None,
    policies: list[dict[str, Any]] | None = None,
) -> Snapshot:
    """Read the organization.

    Args:
        people: who is in it.
        info: settings that are otherwise.
        without: tables that could not be read.
        listed: whether the service lists the permissions that there are.
        caller: whose key it is.
        sso: the single sign-on providers.
        policies: the access policies.
    """
    who = people or company()
    records = role_records()
    roles = build_roles(records)
    workspaces = build_workspaces([{"id": workspace_id(w), "display_name": w} for w in who.workspaces])
    found = People(who.people, roles)
    settings = {**INFO, **(info or {})}
    settings["config"] = {**INFO["config"], **(info or {}).get("config", {})}
    known = sorted({p for record in records for p in record["permissions"]} | {"runs:share", "runs:delete"})
    catalogue = [{"name": name, "access_scope": "workspace", "description": f"may {name}"} for name in known]
    catalogue.append({"name": "organization:manage", "access_scope": "organization", "description": "all"})
    tables = {
        "members": build_members(found),
        "invites": build_invites(found),
        "access": build_access(found, workspaces, has_rbac=True),
        "workspaces": workspaces,
        "roles": roles,
        "permissions": build_permissions(records),
        "permission_catalogue": build_permission_catalogue(catalogue if listed else None, records),
        "service_keys": build_service_keys(KEYS, roles),
        "access_tokens": build_access_tokens(TOKENS),
        "scim_tokens": build_scim_tokens(SCIM_TOKENS),
        "settings": build_settings(settings),
        "sso": build_sso(sso or [], roles, workspaces),
        "policies": build_policies(policies or [], roles),
    }
    readings = [
        Reading(name, "GET", "unreadable" if name in without else "complete", read_at=READ_AT,
                reason="403" if name in without else None)
        for name in tables
    ]  # fmt: skip
    kept = {name: table for name, table in tables.items() if name not in without}
    meta = SnapshotMeta("org-1", "Acme", "api.example.com", READ_AT, caller or who.caller, "0")
    return Snapshot(meta, {**kept, "completeness": build_completeness(readings)})


def rows(*items: dict[str, str]) -> pd.DataFrame:
    """Make a sheet of rows; what a row does not name is empty."""
    return pd.DataFrame(list(items)).fillna("").astype(object)


def checked(snap: Snapshot, **sheets: Any) -> SheetSet:
    """Check sheets given by kind."""
    named = {kind: NamedSheet(read_sheet(frame), f"{kind}.csv") for kind, frame in sheets.items()}
    return read_set(snap, named)  # type: ignore[arg-type]


def planned(snap: Snapshot, *, rules: Rules | None = None, allow: Any = None, **sheets: Any) -> Plan:
    """Plan sheets given by kind."""
    return plan_set(checked(snap, **sheets), rules=rules or Rules(), allow=allow, created_at=CREATED_AT)


def wrong(snap: Snapshot, **sheets: Any) -> list[tuple[int, str, str]]:
    """Give the problems of sheets as (row, column, reason with hint)."""
    problems = checked(snap, **sheets).problems
    return [
        (int(row), str(column), f"{reason} {hint}".strip())
        for row, column, reason, hint in zip(
            problems["row"], problems["column"], problems["reason"], problems["hint"], strict=True
        )
    ]


def kinds(plan: Plan) -> list[str]:
    """Give the kinds of a plan's changes in the order of work."""
    return [change.kind for change in plan.changes]
