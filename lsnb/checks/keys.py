"""Checks of service keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lsnb.analysis.effective.principals import role_key
from lsnb.checks.context import Context, is_listed, pick, rows_of, text
from lsnb.checks.secrets import judge_idle, judge_life
from lsnb.checks.spec import Finding, alarm, check, info
from lsnb.tables import builtin_roles


@check(
    "LS-KEY-01",
    "No organization-wide service key with an admin role beyond the list",
    severity="critical",
    why="One leaked string is the whole organization.",
    fix="Make a key of the workspaces and the role that are needed, and delete this one.",
    supports="S CC6.1 · I A.8.2 · N AC-6(5)",
    needs=("service_keys", "roles", "permissions"),
)
def find_powerful(context: Context) -> Iterator[Finding]:
    """Alarm for every live organization-wide key with `organization:manage` that is not an accepted one."""
    keys = context.live_keys()
    if len(keys) and keys["scope"].isna().all():
        yield info(context.organization, "The server does not say how far its service keys reach.")
        return
    roles = context.frame("roles")
    by_id = dict(zip(roles["role_id"], role_key(roles["role_name"], roles["role_id"]), strict=True))
    for row in rows_of(pick(keys, scope="organization")):
        held = context.held.get(by_id.get(row.organization_role_id, ""), frozenset())
        if "organization:manage" in held and not _is_accepted(context, row):
            yield _about(row, f"Organization-wide, as {row.organization_role}.")


@check(
    "LS-KEY-02",
    "Service keys expire",
    severity="high",
    why="Keys never expire by default.",
    fix="Make a key that expires, and delete this one.",
    supports="S CC6.1 · I A.5.17 · N IA-5(f)",
    needs=("service_keys",),
    thresholds=("key_max_days",),
)
def find_endless(context: Context) -> Iterator[Finding]:
    """Alarm for every live key without an end, or with a longer life than `key_max_days`."""
    limit = context.policy.key_max_days
    for row in rows_of(context.live_keys()):
        if reason := judge_life(context, row, limit):
            yield _about(row, reason)


@check(
    "LS-KEY-03",
    "No unused service key",
    severity="medium",
    why="A live secret that nobody misses.",
    fix="Delete the key.",
    supports="S CC6.2 · I A.5.17 · N AC-2(3)",
    needs=("service_keys",),
    thresholds=("key_unused_days", "new_grace_days"),
)
def find_unused(context: Context) -> Iterator[Finding]:
    """Alarm for every live key not used for `key_unused_days`, or never, once it is older than `new_grace_days`.

    Info where the server does not tell when it was used or made.
    """
    for row in rows_of(context.live_keys()):
        if found := judge_idle(context, row, context.policy.key_unused_days, "service_keys"):
            yield replace(_about(row, found[1]), status=found[0])


@check(
    "LS-KEY-04",
    "Service keys are rotated",
    severity="medium",
    why="Age bounds exposure.",
    fix="Make a new key, and delete this one.",
    supports="S CC6.1 · I A.5.17 · N IA-5(f)",
    needs=("service_keys",),
    thresholds=("key_rotation_days",),
)
def find_old(context: Context) -> Iterator[Finding]:
    """Alarm for every live key older than `key_rotation_days`; info where the server gives no date."""
    for row in rows_of(context.live_keys()):
        age = context.days_since(row.created_at)
        if age == float("inf"):
            yield info(
                f"service_key:{text(row.description)}", "When it was made is not known.", evidence=row.service_key_id
            )
        elif age > context.policy.key_rotation_days:
            yield _about(row, f"{age:.0f} days old, the limit is {context.policy.key_rotation_days}.")


@check(
    "LS-KEY-05",
    "Keys have a creator who is still here and a meaningful description",
    severity="medium",
    why="Ownership must survive the leaver.",
    fix="Find the owner and say in a new key's description what it is for, or delete it.",
    supports="S CC6.1 · I A.5.16 · N IA-4",
    needs=("service_keys", "members"),
    absent_from=("members",),
)
def find_orphans(context: Context) -> Iterator[Finding]:
    """Alarm for every live key with a default description, or whose creator is unknown or no enabled member."""
    keys = context.live_keys()
    if len(keys) and keys["created_by"].isna().all():
        yield info(context.organization, "The server does not say who made its service keys.")
        known_creators = False
    else:
        known_creators = True
    here = {text(value).lower() for name in ("email", "identity_id", "ls_user_id") for value in context.members[name]}
    for row in rows_of(keys):
        wrong = []
        described = text(row.description).strip()
        if not described or is_listed(described, context.policy.default_descriptions):
            wrong.append("a description that tells nothing")
        if known_creators and not text(row.created_by):
            wrong.append("no known creator")
        elif known_creators and text(row.created_by).lower() not in here:
            wrong.append(f"a creator who is not an enabled member ({row.created_by})")
        if wrong:
            yield _about(row, f"Has {' and '.join(wrong)}.")


@check(
    "LS-KEY-06",
    "Workspace keys do not default to Workspace Admin",
    severity="high",
    why="The service picks Admin when the role is left out.",
    fix="Give the key the role that it needs.",
    supports="S CC6.3 · I A.8.2 · N AC-6",
    needs=("service_keys", "roles"),
    feature="can_use_rbac",
)
def find_admin_keys(context: Context) -> Iterator[Finding]:
    """Alarm for every live key of workspaces with the role Admin that is not an accepted one."""
    keys = context.live_keys()
    if len(keys) and keys["role_id"].isna().all():
        yield info(context.organization, "The server does not say which roles its service keys have.")
        return
    admin = set(pick(context.frame("roles"), role_name=builtin_roles.WORKSPACE_ADMIN)["role_id"])
    for row in rows_of(keys[(keys["scope"] != "organization").fillna(True).astype(bool)]):
        if row.role_id in admin and not _is_accepted(context, row):
            yield _about(row, f"Admin in {text(row.workspaces) or 'its workspaces'}.")


def _is_accepted(context: Context, row: Any) -> bool:
    accepted = context.policy.accepted_keys
    return is_listed(text(row.description), accepted) or is_listed(row.service_key_id, accepted)


def _about(row: Any, reason: str) -> Finding:
    place = text(row.default_workspace) or None
    evidence = f"{row.service_key_id}, {text(row.short_key)}"
    return alarm(f"service_key:{text(row.description)}", reason, workspace=place, evidence=evidence)
