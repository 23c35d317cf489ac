"""What must be right before a plan is applied at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsnb.apply.calls import check_kinds
from lsnb.errors import PermissionDeniedError, UnconfirmedPlanError, UnsafePlanError
from lsnb.identity import anonymous, identify
from lsnb.plan import check_binding, fingerprint_of
from lsnb.plan.model import Plan

if TYPE_CHECKING:
    from lsnb.api import Api


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
    if plan.refusals:
        reasons = [f"{verdict.rule}: {verdict.message}" for verdict in plan.refusals]
        raise UnsafePlanError(
            "\n".join(["The plan is refused, and nothing was changed:", *(f"- {reason}" for reason in reasons)]),
            reasons=reasons,
        )
    check_kinds(plan.changes)


def check_place(api: Api, plan: Plan) -> None:
    """Make sure that the plan is for this organization, host and key.

    Raises:
        PlanError: it is for another one; says which.
    """
    check_binding(
        plan,
        organization_id=_organization_id(api),
        host=api.transport.settings.host,
        key=_identity(api, plan),
    )


def _organization_id(api: Api) -> str:
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


def _identity(api: Api, plan: Plan) -> str:
    """Tell who the key acts for, in the way in which the plan names it."""
    key = api.transport.settings.key
    by_itself = anonymous(key).identity
    if plan.key == by_itself:
        return by_itself
    place = next((change.ids["workspace_id"] for change in plan.changes if "workspace_id" in change.ids), None)
    return identify(api, key, workspace_id=place).identity
