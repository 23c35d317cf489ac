"""Service accounts (API.md 8.10) and the audit log (8.11)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import OrgCaller, answer
from lsnb.sandbox.rules import accounts as rules
from lsnb.sandbox.rules.audit import list_log

router = APIRouter(prefix="/api/v1")


@router.get("/service-accounts")
async def list_accounts(caller: OrgCaller) -> Response:
    """List service accounts (API.md 8.10)."""
    return answer(rules.list_accounts(caller))


@router.post("/service-accounts")
async def create_account(caller: OrgCaller, body: bodies.AccountCreate) -> Response:
    """Create a service account (API.md 8.10)."""
    places = [(str(place.workspace_id), bodies.text(place.role_id)) for place in body.workspaces]
    return answer(rules.create_account(caller, body.name, places))


@router.delete("/service-accounts/{service_account_id}")
async def delete_account(caller: OrgCaller, service_account_id: UUID) -> Response:
    """Delete a service account (API.md 8.10)."""
    return answer(rules.delete_account(caller, str(service_account_id)))


@router.get("/audit-logs")
async def read_log(
    caller: OrgCaller,
    start_time: datetime,
    end_time: datetime,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    cursor: str | None = None,
    workspace_id: UUID | None = None,
    operations: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Read the audit log, newest first (API.md 8.11)."""
    page = list_log(
        caller,
        start_time,
        end_time,
        limit=limit,
        cursor=cursor,
        workspace_id=bodies.text(workspace_id),
        operations=operations or (),
    )
    return answer(page)
