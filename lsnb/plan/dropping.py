"""Take single changes out of a plan, and judge the rest again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from lsnb.errors import PlanError
from lsnb.plan.build import changes_to_plan
from lsnb.plan.fingerprint import seal
from lsnb.plan.model import Plan, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.references import reference_made_by, references_of
from lsnb.plan.rules import DEFAULT_RULES, JUDGED_RULES, Rules, with_protected
from lsnb.plan.subjects.invitation import invites_newcomer
from lsnb.snapshot import Snapshot


def drop_changes(plan: Plan, snapshot: Snapshot, ids: Collection[str], *, rules: Rules | None = None) -> Plan:
    """Take single changes out of a plan and judge the rest again.

    What uses a workspace or a role that is no longer created is left out with it, and the plan says so.

    Args:
        plan: the plan.
        snapshot: what it was made from.
        ids: the ids of the changes to leave out.
        rules: the thresholds to judge by; those that the plan was made by when None.

    Returns:
        Another plan, with another fingerprint.

    Raises:
        PlanError: the plan has no change with one of the ids.
    """
    rules = with_protected(rules or plan.rules or DEFAULT_RULES, plan.protected)
    dropped = set(ids)
    unknown = dropped - {change.id for change in plan.changes}
    if unknown:
        raise PlanError(f"The plan has no change with the id {', '.join(sorted(unknown))}.")
    gone = {reference_made_by(change) for change in plan.changes if change.id in dropped} - {None}
    orphans = [c for c in plan.changes if gone and c.id not in dropped and gone & references_of(c)]
    dropped |= {change.id for change in orphans}
    kept = [change for change in plan.changes if change.id not in dropped]
    uninvited = {change.email for change in plan.changes if change.id in dropped and invites_newcomer(change)}
    remarks = [warning for warning in plan.warnings if warning.rule not in JUDGED_RULES]
    if orphans:
        what = listed(sorted({f"{change.kind} of {change.email or change.workspace or 'a key'}" for change in orphans}))
        said = f"Left out too, since what they need is no longer created: {what}."
        remarks.append(RuleResult("dropped-too", said))
    judged = changes_to_plan(
        snapshot,
        kept,
        mode=plan.mode,
        scope=plan.scope,
        rules=rules,
        allow=plan.allowed,
        created_at=plan.created_at,
        nonce=plan.nonce,
        waiting=[waiting for waiting in plan.waiting if waiting.email not in uninvited],
        warnings=_without_dropped(remarks, dropped),
    )
    judged = seal(replace(judged, policy=plan.policy, policy_digest=plan.policy_digest))
    held = _without_dropped([verdict for verdict in plan.refusals if _is_policy(verdict)], dropped)
    if not held or not kept:
        return judged
    # The policy needs more than a plan is made from, so what it refused stays refused until it is allowed by name.
    lifted = {verdict.rule for verdict in held} & plan.allowed.keys() if "policy" not in plan.allowed else None
    refusals = [verdict for verdict in held if lifted is not None and verdict.rule not in lifted]
    warnings = [verdict for verdict in held if verdict not in refusals]
    return seal(replace(judged, refusals=judged.refusals + tuple(refusals), warnings=judged.warnings + tuple(warnings)))


def _is_policy(verdict: RuleResult) -> bool:
    return verdict.rule.partition(":")[0] == "policy"


def _without_dropped(warnings: Iterable[RuleResult], dropped: set[str]) -> list[RuleResult]:
    """Leave out what was said about dropped changes only."""
    kept = []
    for warning in warnings:
        ids = tuple(id_ for id_ in warning.change_ids if id_ not in dropped)
        if ids or not warning.change_ids:
            kept.append(replace(warning, change_ids=ids))
    return kept
