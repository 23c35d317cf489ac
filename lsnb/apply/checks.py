"""What must be right before a plan is applied at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from lsnb.apply.calls import check_kinds
from lsnb.errors import PermissionDeniedError, PlanError, UnconfirmedPlanError, UnsafePlanError
from lsnb.plan import check_binding, fingerprint_of
from lsnb.plan.consistency import contradictions
from lsnb.plan.model import Plan, RuleResult
from lsnb.plan.protection import judge_people
from lsnb.plan.rules import DEFAULT_RULES, Rules, with_protected
from lsnb.service.identity import anonymous, identify

if TYPE_CHECKING:
    from lsnb.service.api import Api
    from lsnb.snapshot import Caller

#: So many contradictions are named, before the rest is only counted.
_MOST_SHOWN = 20


def check_plan(plan: Plan, confirm: str | None) -> None:
    """Make sure that the plan is the one that was reviewed, that it is safe, and that it can be carried out.

    Raises:
        UnconfirmedPlanError: the fingerprint was not handed back, is another plan's, or does not fit what the plan says.
        UnsafePlanError: a safety rule refuses it.
        PlanError: it has changes of kinds that cannot be carried out.
    """
    if plan.fingerprint != fingerprint_of(plan):
        raise UnconfirmedPlanError(
            "The plan was changed after it got its fingerprint, so it is not what was reviewed. Make it again."
        )
    if not confirm:
        raise UnconfirmedPlanError(
            f"Nothing was changed: hand back the fingerprint of the plan that was reviewed, confirm={plan.fingerprint!r}."
        )
    if confirm != plan.fingerprint:
        raise UnconfirmedPlanError(
            f"Nothing was changed: the fingerprint {str(confirm)[:12]}… is not that of this plan, which is "
            f"{plan.fingerprint[:12]}…. Review this plan, or apply the one that was reviewed."
        )
    check_refusals(plan, plan.refusals)
    check_kinds(plan.changes)
    check_consistency(plan)


def check_consistency(plan: Plan) -> None:
    """Make sure that what the changes of a plan show is what they would do.

    Raises:
        PlanError: it is not; says of which.
    """
    found = contradictions(plan.changes)
    if found:
        raise PlanError(
            "\n".join(
                [
                    "The plan shows something else than it would do, as no plan that lsnb made does, so nothing was changed. Make "
                    "it again from the sheets:",
                    *(f"- {reason}" for reason in found[:_MOST_SHOWN]),
                    *([f"- and {len(found) - _MOST_SHOWN:,} more"] if len(found) > _MOST_SHOWN else []),
                ]
            )
        )


def check_refusals(plan: Plan, refusals: Iterable[RuleResult]) -> None:
    """Make sure that nothing refuses a plan.

    Raises:
        UnsafePlanError: something does; names all of it.
    """
    reasons = [f"{verdict.rule}: {verdict.message}" for verdict in refusals]
    if reasons:
        raise UnsafePlanError(
            "\n".join(["The plan is refused, and nothing was changed:", *(f"- {reason}" for reason in reasons)]),
            reasons=reasons,
        )


def check_place(api: Api, plan: Plan, rules: Rules) -> Caller:
    """Make sure that the plan is for this organization, host and key, and touches nobody whom it must not touch.

    Args:
        api: the service.
        plan: the plan.
        rules: whom no plan may touch.

    Returns:
        Who applies it.

    Raises:
        PlanError: it is for another one; says which.
        UnsafePlanError: it takes something from whoever applies it, or touches a protected account. A plan that was
            saved says so itself, but a file can be edited, and the rules may be others by now.
    """
    caller = _caller(api, plan)
    if not caller.is_known and plan.key.startswith("user:"):
        tried = "; ".join(caller.tried) or "nothing"
        raise PlanError(
            "The plan is for the person who made it, and it is not known whose key this is, so nothing was changed. Tried: "
            f"{tried}. Name a workspace that the token may use (LANGSMITH_WORKSPACE_ID), or try again later."
        )
    check_binding(plan, organization_id=organization_id_of(api), host=api.transport.settings.host, key=caller.identity)
    check_refusals(plan, judge_people(plan.changes, caller, rules=rules, allow=plan.allowed))
    return caller


def rules_in_force(plan: Plan, rules: Rules | None) -> Rules:
    """Give the rules that a run is held to: those that its plan was judged by, tightened by what is asked for now.

    Args:
        plan: the plan.
        rules: how many Organization Admins must be left at least, and whom no plan may touch besides; None for nothing
            more than the plan says.
    """
    # The accounts that were protected when it was made still are, also where the policy that says so is not at hand.
    base = with_protected(plan.rules or DEFAULT_RULES, plan.protected)
    if rules is None:
        return base
    return with_protected(replace(base, min_admins=max(base.min_admins, rules.min_admins)), rules.protected)


def check_version(plan: Plan) -> None:
    """Make sure that the plan of a journal says what a run is held to.

    Raises:
        PlanError: it is of an older version, which did not.
    """
    if plan.rules is None:
        raise PlanError(
            "The run was begun by an older lsnb, whose plans do not say by which rules they were judged, so it is not gone "
            "on with. Make a new plan from the same sheets: it asks only for what is missing by now."
        )


def organization_id_of(api: Api) -> str:
    """Give the organization's id, asked once; empty for keys of single workspaces."""
    known = api.transport.organization_id
    if known:
        return known
    try:
        found = str(api.get_organization_info().get("id") or "")
    except PermissionDeniedError:
        # A key of single workspaces; its plans do not name the organization either.
        return ""
    if found:
        api.transport.learn_organization(found)
    return found


def _caller(api: Api, plan: Plan) -> Caller:
    """Tell who the key acts for, in the way in which the plan names it: by its person, or by the key itself."""
    key = api.transport.settings.key
    caller = identify(api, key)
    # Made while nothing told whose key it is: it is the same key all the same, and its person is judged if known by now.
    by_itself = anonymous(key).identity
    return replace(caller, identity=by_itself) if plan.key == by_itself else caller
