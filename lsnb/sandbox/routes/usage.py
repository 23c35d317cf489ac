"""Usage and billing (API.md 8.15), retention and limits (8.16)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from lsnb.sandbox.records import Json
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import OrgCaller, WorkspaceCaller, answer
from lsnb.sandbox.routes.platform import read_object
from lsnb.sandbox.rules import retention
from lsnb.sandbox.rules import usage as rules
from lsnb.sandbox.rules.organization import read_billing

router = APIRouter()
_BILLING = "/api/v1/orgs/current/billing"
_GO_TTL = "/workspaces/current/ttl-settings"

WorkspaceIds = Annotated[list[UUID], Query()]
GroupBy = Literal["workspace", "project", "user", "api_key"]


@router.get(_BILLING)
async def read_billing_info(caller: OrgCaller) -> Response:
    """Return the plan (API.md 8.15)."""
    return answer(read_billing(caller))


@router.get(_BILLING + "/usage")
async def read_usage(
    caller: OrgCaller, starting_on: datetime, ending_before: datetime, on_current_plan: bool = True
) -> Response:
    """Return the billed traces (API.md 8.15)."""
    return answer(rules.read_billed(caller, starting_on, ending_before))


@router.get(_BILLING + "/granular-usage")
async def read_granular(
    caller: OrgCaller,
    start_time: datetime,
    end_time: datetime,
    workspace_ids: WorkspaceIds,
    group_by: GroupBy = "workspace",
) -> Response:
    """Return traces per bucket and group (API.md 8.15)."""
    return answer(rules.read_granular(caller, start_time, end_time, bodies.texts(workspace_ids), group_by))


@router.get(_BILLING + "/granular-usage/export")
async def export_granular(
    caller: OrgCaller,
    start_time: datetime,
    end_time: datetime,
    workspace_ids: WorkspaceIds,
    group_by: GroupBy = "workspace",
) -> Response:
    """Return the same as CSV (API.md 8.15)."""
    text = rules.export_granular(caller, start_time, end_time, bodies.texts(workspace_ids), group_by)
    headers = {"Content-Disposition": 'attachment; filename="granular_usage.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


@router.get("/api/v1/orgs/ttl-settings")
async def list_org_ttl(caller: OrgCaller) -> Response:
    """List retention settings of the organization (API.md 8.16)."""
    return answer(retention.list_for_organization(caller))


@router.put("/api/v1/orgs/ttl-settings")
async def set_org_ttl(caller: OrgCaller, body: bodies.TtlUpsert) -> Response:
    """Set retention for the organization or a workspace (API.md 8.16)."""
    return answer(
        retention.set_for_organization(
            caller, bodies.text(body.tenant_id), body.default_trace_tier, apply_to_all=body.apply_to_all_projects
        )
    )


@router.get("/api/v1/ttl-settings")
async def list_ttl(caller: WorkspaceCaller) -> Response:
    """List retention settings of the workspace (API.md 8.16)."""
    return answer(retention.list_for_workspace(caller))


@router.put("/api/v1/ttl-settings")
async def set_ttl(caller: WorkspaceCaller, body: bodies.TtlUpsert) -> Response:
    """Set retention for the workspace (API.md 8.16)."""
    return answer(
        retention.set_for_workspace(
            caller, bodies.text(body.tenant_id), body.default_trace_tier, apply_to_all=body.apply_to_all_projects
        )
    )


@router.get(_GO_TTL)
async def read_days(caller: WorkspaceCaller) -> Response:
    """Return the days of extended retention (API.md 8.16)."""
    return answer(retention.read_days(caller))


@router.put(_GO_TTL)
async def set_days(caller: WorkspaceCaller, body: Annotated[Json, Depends(read_object)]) -> Response:
    """Set the days of extended retention (API.md 8.16)."""
    days = body.get("longlived_ttl_days")
    if days is not None and (not isinstance(days, int) or isinstance(days, bool)):
        raise RefusedError(400, "longlived_ttl_days must be an integer")
    return answer(retention.set_days(caller, days))


@router.get("/api/v1/usage-limits")
async def list_limits(caller: WorkspaceCaller) -> Response:
    """List the workspace's limits (API.md 8.16)."""
    return answer(retention.list_limits(caller))


@router.put("/api/v1/usage-limits")
async def set_limit(caller: WorkspaceCaller, body: bodies.LimitUpsert) -> Response:
    """Set a limit of the workspace (API.md 8.16)."""
    return answer(retention.set_limit(caller, body.limit_type, body.limit_value, bodies.text(body.id)))


@router.get("/api/v1/usage-limits/org")
async def list_all_limits(caller: OrgCaller) -> Response:
    """List the limits of every workspace (API.md 8.16)."""
    return answer(retention.list_all_limits(caller))


@router.delete("/api/v1/usage-limits/{usage_limit_id}")
async def delete_limit(caller: WorkspaceCaller, usage_limit_id: UUID) -> Response:
    """Delete a limit of the workspace (API.md 8.16)."""
    retention.delete_limit(caller, str(usage_limit_id))
    return answer()
