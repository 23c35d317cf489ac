"""Whether a plan would make an organization's posture worse: the checks, run on what it would leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from lsnb.checks import FAILED, SEVERITIES, Check, Finding, collect_findings
from lsnb.plan.fingerprint import seal
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change, Plan, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.simulation import simulate
from lsnb.policy import Policy
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

#: The rule's name; `policy:LS-ADM-01` is the part of it that speaks of one check.
RULE = "policy"
STOPPED, BROKEN = "stopped", "broken"
COLUMNS = ("id", "severity", "title", "change", "resource", "email", "workspace", "before", "after", "fix")
#: What can be changed by a plan; the rest need not be read to judge one.
TABLES = (
    *("members", "invites", "access", "workspaces", "roles", "permissions", "service_keys", "access_tokens"),
    *("settings", "sso", "scim_tokens", "policies"),
)

_Key = tuple[str, str, str | None, str | None]


def gate(
    snapshot: Snapshot,
    plan: Plan | Iterable[Change],
    policy: Policy | None = None,
    *,
    roster: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """List the findings that a plan would add or make worse.

    Args:
        snapshot: the organization as the plan was made from it; what was not read is not judged.
        plan: the plan, or changes.
        policy: thresholds and accepted exceptions; the defaults when None.
        roster: one row per employee, with `email` and `status`.

    Returns:
        One row per finding, worst first, with `change` (`new` or `worse`) and the reasons `before` and `after`. A
        finding that stays as it is, gets better, goes away or is accepted by the policy is not in it. The checks that
        stopped at a value that they do not understand, and so judge nothing, are in `.attrs["stopped"]`; those that
        stop only at what the plan would leave are in `.attrs["broken"]`.

    Raises:
        UnreadableTableError: a table that the plan changes was not read.
    """
    changes = list(plan.changes if isinstance(plan, Plan) else plan)
    names = _renamed(changes)
    then, stopped_before = _alarms(snapshot, policy, roster, names)
    now, stopped = _alarms(simulate(snapshot, changes), policy, roster, {})
    rows = []
    for key, (check, finding) in now.items():
        before = then.get(key)
        if before is not None and finding.extent <= before[1].extent:
            continue
        rows.append(
            (
                check.id,
                check.severity,
                check.title,
                "new" if before is None else "worse",
                finding.resource,
                finding.email,
                finding.workspace,
                before[1].reason if before else None,
                finding.reason,
                check.fix,
            )
        )
    rows.sort(key=lambda row: (SEVERITIES.index(row[1]), row[0], row[4], row[6] or ""))
    made = pd.DataFrame(rows, columns=list(COLUMNS)).astype(DTYPES["text"])
    made.attrs[STOPPED] = [check for check in stopped if check in stopped_before]
    made.attrs[BROKEN] = [check for check in stopped if check not in stopped_before]
    return made


def apply_gate(
    plan: Plan, snapshot: Snapshot, policy: Policy | None = None, *, roster: pd.DataFrame | None = None
) -> Plan:
    """Refuse a plan that would make the posture worse; what its `allowed` names is a warning instead.

    The verdicts are part of the plan, and so of its fingerprint.

    Args:
        plan: the plan.
        snapshot: what it was made from.
        policy: thresholds and accepted exceptions.
        roster: one row per employee, with `email` and `status`.

    Returns:
        The plan with one refusal per check, named `policy:ID`.
    """
    found = gate(snapshot, plan, policy, roster=roster) if plan.changes else pd.DataFrame(columns=list(COLUMNS))
    refusals, warnings = list(plan.refusals), list(plan.warnings)
    for verdict in _verdicts(_without_judged(found, plan), plan):
        reason = plan.allowed.get(verdict.rule) or plan.allowed.get(RULE)
        if reason is None:
            refusals.append(verdict)
        else:
            warnings.append(replace(verdict, message=f"{verdict.message} Allowed: {reason}"))
    if stopped := found.attrs.get(STOPPED):
        warnings.append(
            RuleResult(RULE, f"Not judged by {listed(stopped)}, which stopped at a value that they do not understand.")
        )
    for check in found.attrs.get(BROKEN) or ():
        message = (
            f"{check} judges the organization as it is, and stops at a value that it does not understand in what the "
            "plan would leave, so it is not known what the plan would do to it."
        )
        reason = plan.allowed.get(f"{RULE}:{check}") or plan.allowed.get(RULE)
        if reason is None:
            refusals.append(
                RuleResult(f"{RULE}:{check}", f"{message} To do it all the same, allow {RULE}:{check} with a reason.")
            )
        else:
            warnings.append(RuleResult(f"{RULE}:{check}", f"{message} Allowed: {reason}"))
    unread = _unjudged(snapshot)
    if unread and plan.changes:
        warnings.append(RuleResult(RULE, f"Not judged by the policy, for it could not be read: {listed(unread)}."))
    return seal(replace(plan, refusals=tuple(refusals), warnings=tuple(warnings)))


def _alarms(
    snapshot: Snapshot, policy: Policy | None, roster: pd.DataFrame | None, names: Mapping[str, str]
) -> tuple[dict[_Key, tuple[Check, Finding]], list[str]]:
    """Give the alarms by what they are about, and the checks that stopped; names are those that the plan would leave."""
    stopped: list[str] = []
    found: dict[_Key, tuple[Check, Finding]] = {}
    for check, finding in collect_findings(snapshot, policy=policy, roster=roster):
        if finding.status == "error" and finding.resource.startswith(FAILED):
            stopped.append(check.id)
        if finding.status != "alarm":
            continue
        kind, _, name = finding.resource.partition(":")
        resource = f"{kind}:{names.get(f'{kind}:{name}', name)}"
        place = names.get(f"workspace:{finding.workspace}", finding.workspace)
        key = (check.id, resource, finding.email, place)
        if key not in found or found[key][1].extent < finding.extent:
            found[key] = (check, finding)
    return found, stopped


def _renamed(changes: Iterable[Change]) -> dict[str, str]:
    """Give the new names of what a plan renames: a finding about it is the same finding."""
    names: dict[str, str] = {}
    for change in changes:
        subject = kind_of(change).subject
        field = subject.name_field
        before, after = ((values or {}).get(field) for values in (change.before, change.after))
        if field and before and after and before != after:
            names[f"{subject.name}:{before}"] = str(after)
    return names


def _without_judged(found: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Leave out invitations of foreign domains that a rule of the plan has spoken of already: one name lifts both."""
    ids = {
        id_
        for verdict in (*plan.refusals, *plan.warnings)
        if verdict.rule == "email-domains"
        for id_ in verdict.change_ids
    }
    judged = {f"invitation:{change.email}" for change in plan.changes if change.id in ids}
    return found[~((found["id"] == "LS-MEM-07") & found["resource"].isin(list(judged)))]


def _verdicts(found: pd.DataFrame, plan: Plan) -> list[RuleResult]:
    verdicts = []
    for check, rows in found.groupby("id", sort=False):
        what = [f"{row.resource}: {row.after}" for row in rows.itertuples()]
        emails, places = set(rows["email"].dropna()), set(rows["workspace"].dropna())
        named = {resource.partition(":")[2] for resource in rows["resource"]}
        ids = tuple(
            change.id
            for change in plan.changes
            if (change.email in emails if change.email and emails else change.workspace in places | named)
        )
        n = "one finding" if len(rows) == 1 else f"{len(rows):,} findings"
        message = (
            f"{rows['title'].iloc[0]} ({check}, {rows['severity'].iloc[0]}): the plan would add or worsen {n}. "
            f"{listed(what)} To do it all the same, allow {RULE}:{check} with a reason."
        )
        verdicts.append(RuleResult(f"{RULE}:{check}", message, ids))
    return verdicts


def _unjudged(snapshot: Snapshot) -> list[str]:
    """Name the tables that a plan can change and that were not read though they are there."""
    return [name for name in TABLES if snapshot.status(name)[0] in ("unreadable", "not-loaded")]
