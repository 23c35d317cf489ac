"""Plans as JSON: what one person saves and another reviews and applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast, get_args

import pandas as pd

from lsnb.errors import PlanError
from lsnb.plan.fingerprint import fingerprint_of, plan_to_data
from lsnb.plan.model import (
    CHANGE_KINDS,
    PLAN_VERSION,
    STAGES,
    Change,
    ChangeKind,
    Deferred,
    Mode,
    Plan,
    Risk,
    RuleResult,
    Scope,
    Stage,
)
from lsnb.plan.rules import DEFAULT_RULES, Rules

_AGAIN = "Make the plan again, or ask for the file as it was saved."


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Give a plan as the document that is saved."""
    return {
        "version": PLAN_VERSION,
        "fingerprint": plan.fingerprint or fingerprint_of(plan),
        "created_at": plan.created_at,
        **plan_to_data(plan),
    }


def plan_from_json(data: Mapping[str, Any], *, is_history: bool = False) -> Plan:
    """Read a saved plan back.

    Args:
        data: the document.
        is_history: whether it is only looked at, or taken back, and never applied: then one of an older version will do.

    Raises:
        PlanError: it is no plan, has an older version or one that this lsnb does not know, or such a kind of change, or
            was changed after it was saved.
    """
    version = data.get("version") if isinstance(data, Mapping) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise PlanError(f"This is not a saved plan: it has no version. {_AGAIN}")
    if version > PLAN_VERSION:
        raise PlanError(
            f"The plan has version {version}, and this lsnb reads versions up to {PLAN_VERSION}. Use a newer lsnb."
        )
    if version < PLAN_VERSION:
        if is_history:
            return _read_older(data)
        raise PlanError(
            f"The plan was saved by an older lsnb (version {version}), whose plans do not say all that they rest on: what "
            "the roles allowed, and by which rules it was judged. Make it again from the same sheets."
        )
    try:
        plan = _read(data)
        fingerprint = fingerprint_of(plan)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise PlanError(f"The saved plan is damaged ({reason}). {_AGAIN}") from None
    if plan.fingerprint != fingerprint:
        raise PlanError(
            f"The saved plan was changed after it was made: its fingerprint {plan.fingerprint[:12]}… does not fit "
            f"what it says. {_AGAIN}"
        )
    return plan


def check_binding(plan: Plan, *, organization_id: str, host: str, key: str) -> None:
    """Make sure that a plan is used only where it was made for.

    Args:
        plan: the plan.
        organization_id: the organization it would be applied to.
        host: the host and sub-path it would be sent to.
        key: the identity that would apply it (`Caller.identity`).

    Raises:
        PlanError: it was made for another organization, host or identity; names which.
    """
    pairs = (
        ("organization", plan.organization_id, organization_id),
        ("host", plan.host, host),
        ("key", plan.key, key),
    )
    wrong = [f"the {what} is {here}, and the plan is for {there}" for what, there, here in pairs if there != here]
    if wrong:
        raise PlanError(
            f"This plan is for somewhere else: {'; '.join(wrong)}. Apply it with the settings it was made with, or "
            "make it again here."
        )


def _read(data: Mapping[str, Any]) -> Plan:
    mode = _one_of(data["mode"], get_args(Mode), "mode")
    return Plan(
        organization_id=_text(data["organization_id"]),
        organization=_text(data["organization"]),
        host=_text(data["host"]),
        key=_text(data["key"]),
        mode=cast("Mode", mode),
        scope=tuple(_text(name) for name in data["scope"]),
        created_at=_text(data["created_at"]),
        changes=tuple(_read_change(item) for item in data["changes"]),
        waiting=tuple(_read_waiting(item) for item in data["waiting"]),
        refusals=tuple(_read_verdict(item) for item in data["refusals"]),
        warnings=tuple(_read_verdict(item) for item in data["warnings"]),
        allowed={_text(rule): _text(reason) for rule, reason in data["allowed"].items()},
        rules=_read_rules(data["rules"]),
        basis=_read_basis(data["basis"]),
        nonce=_text(data["nonce"]),
        policy=_text(data.get("policy", "")),
        policy_digest=_text(data.get("policy_digest", "")),
        fingerprint=_text(data["fingerprint"]),
    )


def _read_older(data: Mapping[str, Any]) -> Plan:
    """Read a plan of an older journal, whose fingerprint covers less; the journal is what was done by it."""
    try:
        return _read({**data, "rules": None, "basis": {}, "nonce": ""})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanError(f"The saved plan is damaged ({type(error).__name__}: {error}). {_AGAIN}") from error


def _read_rules(data: Mapping[str, Any] | None) -> Rules | None:
    if data is None:
        return None
    unknown = sorted(set(data) - {field.name for field in fields(Rules)})
    if unknown:
        raise PlanError(
            f"The plan was judged by {', '.join(unknown)}, which this lsnb does not know. Use a newer lsnb."
        )
    values = dict(data)
    for name, value in values.items():
        if isinstance(getattr(DEFAULT_RULES, name), int | float) and (
            isinstance(value, bool) or not isinstance(value, int | float)
        ):
            raise TypeError(f"{name} is {value!r}")
    values["protected"] = tuple(_text(name) for name in data["protected"])
    domains = data["email_domains"]
    values["email_domains"] = None if domains is None else tuple(_text(name) for name in domains)
    values["email_exceptions"] = tuple(
        (_text(name), pd.Timestamp(_text(end))) for name, end in data["email_exceptions"]
    )
    values["caller_address"] = _optional(data["caller_address"])
    return Rules(**values)


def _read_basis(data: Mapping[str, Any]) -> dict[str, Any]:
    if not data:
        return {}
    roles = {
        _text(id_): {
            "name": _text(role["name"]),
            "permissions": None if role["permissions"] is None else [_text(name) for name in role["permissions"]],
        }
        for id_, role in data["roles"].items()
    }
    return {"roles": roles, "workspaces": {_text(id_): _text(name) for id_, name in data["workspaces"].items()}}


def _read_change(item: Mapping[str, Any]) -> Change:
    reversible = item["reversible"]
    if not isinstance(reversible, bool):
        raise TypeError(f"reversible is {reversible!r}")
    return Change(
        id=_text(item["id"]),
        kind=cast("ChangeKind", _one_of(item["kind"], CHANGE_KINDS, "kind of change")),
        stage=cast("Stage", _one_of(item["stage"], STAGES, "stage")),
        email=_optional(item["email"]),
        scope=cast("Scope", _one_of(item["scope"], get_args(Scope), "scope")),
        workspace=_optional(item["workspace"]),
        before=None if item["before"] is None else dict(item["before"]),
        after=None if item["after"] is None else dict(item["after"]),
        reason=_text(item["reason"]),
        risk=cast("Risk", _one_of(item["risk"], get_args(Risk), "risk")),
        reversible=reversible,
        consequence=_text(item["consequence"]),
        ids={_text(name): _text(value) for name, value in item["ids"].items()},
    )


def _read_waiting(item: Mapping[str, Any]) -> Deferred:
    return Deferred(
        email=_text(item["email"]),
        workspace=_optional(item["workspace"]),
        role=_optional(item["role"]),
        reason=_text(item["reason"]),
    )


def _read_verdict(item: Mapping[str, Any]) -> RuleResult:
    return RuleResult(_text(item["rule"]), _text(item["message"]), tuple(_text(id_) for id_ in item["change_ids"]))


def _one_of(value: object, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise PlanError(
            f"The plan has the {what} {value!r}, which this lsnb does not know; it knows {', '.join(known)}. "
            "Use the lsnb that made it."
        )
    return str(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)
