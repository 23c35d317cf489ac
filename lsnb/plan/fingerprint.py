"""The fingerprint of a plan: what a person reviewed is what is applied, to the letter."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from typing import Any

from lsnb.plan.model import Change, Deferred, Plan, RuleResult
from lsnb.plan.rules import Rules


def change_id(kind: str, email: str | None, scope: str, place: str | None = None) -> str:
    """Give a change its short name: the same change of the same person in the same place has it in every plan.

    Args:
        kind: the kind of change.
        email: whom it concerns.
        scope: "organization" or "workspace".
        place: the workspace's id, or the id of whatever else it is about.
    """
    text = "\x1f".join((kind, email or "", scope, place or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def change_to_data(change: Change) -> dict[str, Any]:
    """Give a change as JSON-able data."""
    return {
        "id": change.id,
        "kind": change.kind,
        "stage": change.stage,
        "email": change.email,
        "scope": change.scope,
        "workspace": change.workspace,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
        "reason": change.reason,
        "risk": change.risk,
        "reversible": change.reversible,
        "consequence": change.consequence,
        "ids": dict(change.ids),
    }


def verdict_to_data(verdict: RuleResult) -> dict[str, Any]:
    """Give a verdict as JSON-able data."""
    return {"rule": verdict.rule, "message": verdict.message, "change_ids": list(verdict.change_ids)}


def waiting_to_data(waiting: Deferred) -> dict[str, Any]:
    """Give what waits as JSON-able data."""
    return {
        "email": waiting.email,
        "workspace": waiting.workspace,
        "role": waiting.role,
        "reason": waiting.reason,
    }


def rules_to_data(rules: Rules | None) -> dict[str, Any] | None:
    """Give thresholds as JSON-able data."""
    if rules is None:
        return None
    data = {field.name: getattr(rules, field.name) for field in fields(rules)}
    data["protected"] = list(rules.protected)
    data["email_domains"] = None if rules.email_domains is None else list(rules.email_domains)
    data["email_exceptions"] = [[name, end.isoformat()] for name, end in rules.email_exceptions]
    return data


def plan_to_data(plan: Plan) -> dict[str, Any]:
    """Give everything that the fingerprint covers.

    That is all that the decision rests on. The time it was made is part of it where a nonce names this making; the
    same content without one has the same fingerprint whenever it is made.
    """
    # Named only where there is one, so that plans and journals of earlier versions keep their fingerprints.
    held_to = {"policy": plan.policy, "policy_digest": plan.policy_digest}
    return {
        **{name: value for name, value in held_to.items() if value},
        "organization_id": plan.organization_id,
        "organization": plan.organization,
        "host": plan.host,
        "key": plan.key,
        "mode": plan.mode,
        "scope": list(plan.scope),
        "changes": [change_to_data(change) for change in plan.changes],
        "waiting": [waiting_to_data(waiting) for waiting in plan.waiting],
        "refusals": [verdict_to_data(verdict) for verdict in plan.refusals],
        "warnings": [verdict_to_data(verdict) for verdict in plan.warnings],
        "allowed": dict(plan.allowed),
        "rules": rules_to_data(plan.rules),
        "basis": dict(plan.basis),
        "nonce": plan.nonce,
        **({"created_at": plan.created_at} if plan.nonce else {}),
    }


def fingerprint_of(plan: Plan) -> str:
    """Compute the fingerprint: SHA-256 over the plan as canonical JSON.

    Where rows stand in the sheet shows only in the reasons, which name row numbers: the same rows in another order
    are the same changes in the same order with other reasons, and so another fingerprint.
    """
    text = json.dumps(plan_to_data(plan), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def seal(plan: Plan) -> Plan:
    """Give the plan its fingerprint."""
    return replace(plan, fingerprint=fingerprint_of(plan))
