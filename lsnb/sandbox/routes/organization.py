"""The organization and its settings (API.md 8.3, 8.4)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import OrgCaller, UserCaller, answer
from lsnb.sandbox.rules import invitees
from lsnb.sandbox.rules import organization as rules

router = APIRouter()


@router.get("/api/v1/orgs")
async def list_organizations(
    caller: UserCaller, skip_create: bool = False, include_tier: Annotated[bool, Query()] = False
) -> Response:
    """List the signed-in person's organizations (API.md 8.3); nothing is created on the way here."""
    return answer(rules.list_organizations(caller))


@router.post("/api/v1/orgs")
async def create_organization(caller: UserCaller, body: bodies.OrganizationCreate) -> Response:
    """Create an organization (API.md 8.3)."""
    return answer(
        rules.create_organization(
            caller, body.display_name, is_personal=body.is_personal, contact=body.security_contact
        )
    )


@router.get("/api/v1/orgs/current")
async def read_organization(caller: OrgCaller) -> Response:
    """Return the organization; the cheap probe of a key (API.md 8.3)."""
    return answer(rules.read_organization(caller))


@router.get("/api/v1/orgs/current/info")
async def read_info(caller: OrgCaller) -> Response:
    """Return the organization with every security setting (API.md 8.3)."""
    return answer(rules.read_info(caller))


@router.get("/v1/platform/orgs/current/info")
async def read_info_go(caller: OrgCaller) -> Response:
    """Return the same from the Go service (API.md 8.3)."""
    return answer(rules.read_info_go(caller))


@router.patch("/api/v1/orgs/current/info")
async def update_info(caller: OrgCaller, body: bodies.OrganizationUpdate) -> Response:
    """Change settings (API.md 8.4)."""
    return answer(rules.update_info(caller, body.model_dump(exclude_unset=True)))


@router.patch("/api/v1/orgs/current/login-methods")
async def update_login_methods(caller: OrgCaller, body: bodies.LoginMethods) -> Response:
    """Require SSO, or stop requiring it (API.md 8.14)."""
    return answer(rules.set_sso_only(caller, body.sso_only))


@router.post("/api/v1/orgs/current/set-default-sso-provision")
async def set_default_sso_provision(caller: OrgCaller) -> Response:
    """Let this organization receive new SSO users (API.md 8.14)."""
    return answer(rules.set_default_provision(caller))


@router.get("/api/v1/orgs/pending")
async def list_pending(caller: UserCaller) -> Response:
    """List the organizations the signed-in person is invited to (API.md 8.3)."""
    return answer(invitees.list_organizations(caller))


@router.delete("/api/v1/orgs/pending/{organization_id}")
async def decline(caller: UserCaller, organization_id: UUID) -> Response:
    """Decline an invitation (API.md 8.3)."""
    invitees.decline(caller, str(organization_id))
    return answer()


@router.post("/api/v1/orgs/pending/{organization_id}/claim")
async def claim(caller: UserCaller, organization_id: UUID) -> Response:
    """Accept an invitation (API.md 8.3)."""
    return answer(invitees.claim(caller, str(organization_id)))
