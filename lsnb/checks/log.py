"""Checks of the audit log: what a reviewer of access changes should look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lsnb.checks.context import Context, is_listed, pick, rows_of, text
from lsnb.checks.spec import Finding, Status, check, info

_SUPPORTS = "S CC7.2 · I A.8.15, A.8.16 · N AU-6, AC-2(4)"
_NEEDS = ("audit_log",)
_FEATURE = "can_use_audit_logs"
_KEY_CREATION = ("create_api_key", "create_service_key", "create_personal_access_token", "create_scim_token")
#: Operations that change who may do what, or credentials.
ACCESS_CHANGES = frozenset(
    (
        *("create_role", "update_role", "delete_role"),
        *("invite_user_to_org", "invite_users_to_org_batch", "add_basic_auth_users_to_org", "update_basic_auth_user"),
        *("update_org_member", "delete_org_member", "delete_org_pending_member"),
        *("add_member_to_workspace", "add_members_to_workspace_batch", "update_workspace_member"),
        *("delete_workspace_member", "delete_workspace_pending_member", "create_workspace", "delete_workspace"),
        *("create_api_key", "delete_api_key", "create_service_key", "update_service_key", "delete_service_key"),
        *("create_service_account", "delete_service_account", "update_organization_info", "update_login_methods"),
        *("create_sso_settings", "update_sso_settings", "delete_sso_settings"),
        *("create_scim_token", "update_scim_token", "delete_scim_token"),
        *("create_access_policy", "update_access_policy", "delete_access_policy"),
        *("attach_access_policies", "detach_access_policies"),
    )
)


def _actor(context: Context, row: Any) -> str | None:
    """Name who did it: the address, or the id where it is nobody known."""
    names = context.names_of_actors()
    ids = [text(row.ls_user_id), text(row.actor_id)]
    return next((names[i] for i in ids if i in names), next(filter(None, ids), None))


def _place(context: Context, row: Any) -> str | None:
    names: dict[str, str] = context.keep("names of places", lambda: _names_of_places(context))
    place = text(row.workspace_id)
    return names.get(place, place) or None


def _names_of_places(context: Context) -> dict[str, str]:
    if not context.is_readable("workspaces"):
        return {}
    places = context.frame("workspaces")
    return {str(row.workspace_id): str(row.workspace) for row in rows_of(places)}


def _about(context: Context, row: Any, reason: str, *, status: Status = "alarm") -> Finding:
    evidence = ", ".join(filter(None, [text(row.event_id), text(row.resource_ids), text(row.credential_id)]))
    resource = f"audit_log:{row.operation}"
    return Finding(status, resource, reason, _actor(context, row), _place(context, row), evidence)


@check(
    "LS-LOG-01a",
    "No bursts of refused calls",
    severity="medium",
    why="Somebody, or a stolen key, is trying doors.",
    fix="Ask the person; revoke the key if it was not them.",
    supports=_SUPPORTS,
    needs=_NEEDS,
    feature=_FEATURE,
    thresholds=("burst_failures", "burst_minutes"),
)
def find_bursts(context: Context) -> Iterator[Finding]:
    """Alarm for every run of `burst_failures` or more failed calls of one actor, each `burst_minutes` of the first."""
    failures = pick(context.frame("audit_log"), outcome="Failure").sort_values("at", kind="stable")
    actor = failures["ls_user_id"].fillna(failures["actor_id"]).fillna(failures["credential_id"]).fillna("nobody")
    window = pd.Timedelta(minutes=context.policy.burst_minutes)
    for _, rows in failures.groupby(actor.astype(object)):
        events = list(rows_of(rows))
        start = 0
        while start < len(events):
            end = start
            while end + 1 < len(events) and events[end + 1].at - events[start].at <= window:
                end += 1
            n = end - start + 1
            if n >= context.policy.burst_failures:
                first, last = events[start].at, events[end].at
                reason = f"{n} failed calls from {first:%Y-%m-%d %H:%M} to {last:%H:%M} UTC."
                yield _about(context, events[start], reason)
                start = end
            start += 1


@check(
    "LS-LOG-01b",
    "No export right after a key was made",
    severity="medium",
    why="That is how data leaves.",
    fix="Ask the person what was exported and why; delete the key.",
    supports=_SUPPORTS,
    needs=_NEEDS,
    feature=_FEATURE,
    thresholds=("export_minutes",),
)
def find_exports(context: Context) -> Iterator[Finding]:
    """Alarm for every bulk export within `export_minutes` after the same actor made a key or token."""
    log = context.frame("audit_log")
    log = log[log["operation"].isin([*_KEY_CREATION, "create_bulk_export"]).fillna(False).astype(bool)]
    window = pd.Timedelta(minutes=context.policy.export_minutes)
    made: dict[str, Any] = {}
    for row in rows_of(log.sort_values("at", kind="stable")):
        who = text(row.ls_user_id) or text(row.actor_id)
        if row.operation in _KEY_CREATION:
            made[who] = row
        elif who in made and row.at - made[who].at <= window:
            minutes = (row.at - made[who].at).total_seconds() / 60
            reason = f"{minutes:.0f} minutes after {made[who].operation}, at {row.at:%Y-%m-%d %H:%M} UTC."
            yield _about(context, row, reason)


@check(
    "LS-LOG-01c",
    "Access is changed in working hours",
    severity="medium",
    why="Nobody is watching at night, and those who want that know it.",
    fix="Ask the person; take the change back if it was not them.",
    supports=_SUPPORTS,
    needs=_NEEDS,
    feature=_FEATURE,
    thresholds=("work_hours",),
)
def find_night_work(context: Context) -> Iterator[Finding]:
    """Alarm for every change of access by a person on a weekend, or outside `work_hours` (UTC)."""
    start, end = context.policy.work_hours
    changes = _changes(context)
    at = changes["at"].dt
    is_work = (at.day_of_week < 5) & (at.hour >= start) & (at.hour < end)
    is_somebody = (changes["ls_user_id"].notna() | changes["actor_id"].notna()).to_numpy(dtype=bool)
    for row in rows_of(changes[~is_work.to_numpy(dtype=bool) & is_somebody]):
        yield _about(context, row, f"Done on {row.at:%A %Y-%m-%d at %H:%M} UTC.")


@check(
    "LS-LOG-01d",
    "Access is changed by people",
    severity="medium",
    why="A key tells nothing about who held it.",
    fix="Find out what used the key; put it on the accepted list, or delete it.",
    supports=_SUPPORTS,
    needs=(*_NEEDS, "service_keys"),
    feature=_FEATURE,
)
def find_changes_by_keys(context: Context) -> Iterator[Finding]:
    """Alarm for every change of access by a service key that is not an accepted one, or by a key and no person."""
    keys = context.frame("service_keys")
    names = {row.service_key_id: text(row.description) for row in rows_of(keys)}
    accepted = context.policy.accepted_keys
    for row in rows_of(_changes(context)):
        key = text(row.credential_id)
        by_nobody = key and not text(row.ls_user_id) and not text(row.actor_id)
        if (
            (key in names or by_nobody)
            and not is_listed(key, accepted)
            and not is_listed(names.get(key, key), accepted)
        ):
            yield _about(context, row, f"Done by the key {names.get(key, key)!r} on {row.at:%Y-%m-%d %H:%M} UTC.")


@check(
    "LS-LOG-01e",
    "Nobody touches other people's tokens",
    severity="medium",
    why="A token is its owner's; what others do to it is an attempt, or an incident.",
    fix="Ask both people; revoke the token.",
    supports=_SUPPORTS,
    needs=(*_NEEDS, "access_tokens"),
    feature=_FEATURE,
)
def find_foreign_tokens(context: Context) -> Iterator[Finding]:
    """Alarm for every operation on a personal access token by somebody who is not its owner.

    Info where it failed and the owner is not known: people may touch their own tokens only.
    """
    owners = {row.access_token_id: row for row in rows_of(context.frame("access_tokens"))}
    log = context.frame("audit_log")
    about_tokens = log["operation"].str.contains("personal_access_token").fillna(False).astype(bool)
    for row in rows_of(log[about_tokens & (log["operation"] != "create_personal_access_token")]):
        token = next((owners[i] for i in text(row.resource_ids).split(", ") if i in owners), None)
        if token is not None and text(token.ls_user_id):
            if text(row.ls_user_id) and token.ls_user_id != row.ls_user_id:
                yield _about(context, row, f"On the token {text(token.description)!r} of {text(token.email)}.")
        elif text(row.outcome) == "Failure":
            yield _about(context, row, "Failed, on a token whose owner is not known.", status="info")


@check(
    "LS-LOG-01f",
    "The record has no gap at its ends",
    severity="low",
    why="What was not recorded, or not read, was not reviewed.",
    fix="Read the log for its whole time, or keep your own copy of it.",
    supports=_SUPPORTS,
    needs=_NEEDS,
    feature=_FEATURE,
    thresholds=("log_days", "log_gap_days"),
)
def find_gaps(context: Context) -> Iterator[Finding]:
    """Info where more than `log_gap_days` is missing at either end of the last `log_days`."""
    log, policy = context.frame("audit_log"), context.policy
    if log.empty:
        yield info(context.organization, "The log that was read is empty.")
        return
    first, last = context.days_since(log["at"].min()), context.days_since(log["at"].max())
    if policy.log_days - first > policy.log_gap_days or last > policy.log_gap_days:
        reason = f"The log that was read goes from {first:.0f} to {last:.0f} days ago, of {policy.log_days} days."
        yield info(context.organization, reason)


def _changes(context: Context) -> pd.DataFrame:
    """Give the changes of access that were carried out."""
    return context.keep("changes of access", lambda: _find_changes(context.frame("audit_log")))


def _find_changes(log: pd.DataFrame) -> pd.DataFrame:
    is_change = log["operation"].isin(list(ACCESS_CHANGES)).fillna(False).astype(bool)
    return log[is_change & (log["outcome"] != "Failure").fillna(True).astype(bool)]
