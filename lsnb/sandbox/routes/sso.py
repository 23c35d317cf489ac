"""Single sign-on (API.md 8.14)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from lsnb.sandbox.routes import bodies
from lsnb.sandbox.routes.context import AnyState, OrgCaller, UserCaller, answer
from lsnb.sandbox.rules import sso as rules

router = APIRouter(prefix="/api/v1")
_SETTINGS = "/orgs/current/sso-settings"


@router.get(_SETTINGS)
async def list_providers(caller: OrgCaller) -> Response:
    """List SSO providers (API.md 8.14)."""
    return answer(rules.list_providers(caller))


@router.post(_SETTINGS)
async def create_provider(caller: OrgCaller, body: bodies.ProviderCreate) -> Response:
    """Add an SSO provider (API.md 8.14)."""
    return answer(rules.create_provider(caller, body.model_dump(mode="json")), 201)


@router.patch(_SETTINGS + "/{id}")
async def update_provider(caller: OrgCaller, id: UUID, body: bodies.ProviderPatch) -> Response:  # noqa: A002  its official name
    """Change an SSO provider (API.md 8.14)."""
    return answer(rules.update_provider(caller, str(id), body.model_dump(mode="json", exclude_unset=True)))


@router.delete(_SETTINGS + "/{id}")
async def delete_provider(caller: OrgCaller, id: UUID) -> Response:  # noqa: A002  its official name
    """Remove an SSO provider (API.md 8.14)."""
    return answer(rules.delete_provider(caller, str(id)))


@router.get("/orgs/current/user/login-methods")
async def list_login_methods(caller: OrgCaller) -> Response:
    """List how the caller signs in (API.md 8.14)."""
    return answer(rules.list_own_methods(caller))


@router.get("/sso/settings/{sso_login_slug}")
async def find_by_slug(state: AnyState, sso_login_slug: str) -> Response:
    """Return the providers of a login page (API.md 8.14)."""
    return answer(rules.find_by_slug(state, sso_login_slug))


@router.post("/sso/email-lookup")
async def find_by_email(state: AnyState, body: bodies.EmailOnly) -> Response:
    """Return the providers for an address (API.md 8.14)."""
    return answer(rules.find_by_email(state, body.email))


@router.post("/sso/email-verification/send")
async def send_verification(caller: UserCaller, body: bodies.EmailForProvider) -> Response:
    """Send the mail that confirms an address (API.md 8.14)."""
    return answer(rules.send_verification(caller, body.email, str(body.saml_provider_id)), 202)


@router.post("/sso/email-verification/status")
async def read_verification(state: AnyState, body: bodies.EmailForProvider) -> Response:
    """Tell whether an address is confirmed (API.md 8.14)."""
    return answer(rules.read_verification(state, body.email))


@router.post("/sso/email-verification/confirm")
async def confirm(state: AnyState, body: bodies.Confirmation) -> Response:
    """Confirm an address (API.md 8.14)."""
    return answer(rules.confirm(state, body.token))
