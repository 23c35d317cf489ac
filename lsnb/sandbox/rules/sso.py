"""Single sign-on (API.md 8.14)."""

from __future__ import annotations

from dataclasses import asdict

from lsnb.sandbox.access import Caller
from lsnb.sandbox.ids import make_id
from lsnb.sandbox.plans import read_settings
from lsnb.sandbox.records import Json, Provider
from lsnb.sandbox.refusals import RefusedError, make_forbidden, make_missing
from lsnb.sandbox.rules.shapes import shape_login_method
from lsnb.sandbox.state import State


def list_providers(caller: Caller) -> list[Json]:
    """Return the SSO providers with their defaults."""
    caller.need("organization:read")
    return [_shape(caller.state, provider) for provider in caller.state.providers.values()]


def create_provider(caller: Caller, fields: Json) -> Json:
    """Add a provider; its metadata comes as an address or as text."""
    _need_manager(caller)
    state = caller.state
    if not (fields.get("metadata_url") or fields.get("metadata_xml")):
        raise RefusedError(400, "Either metadata_url or metadata_xml is required")
    _check_defaults(state, fields)
    provider = Provider(id=state.new_id("sso settings"), provider_id=state.new_id("sso provider"), **fields)
    state.providers[provider.id] = provider
    state.touch()
    caller.touched.append(provider.id)
    return _shape(state, provider)


def update_provider(caller: Caller, settings_id: str, fields: Json) -> Json:
    """Change what is given of a provider."""
    _need_manager(caller)
    provider = _find(caller.state, settings_id)
    given = {name: value for name, value in fields.items() if value is not None}
    _check_defaults(caller.state, given)
    for name, value in given.items():
        setattr(provider, name, value)
    caller.state.touch()
    caller.touched.append(provider.id)
    return _shape(caller.state, provider)


def delete_provider(caller: Caller, settings_id: str) -> Json:
    """Remove a provider."""
    _need_manager(caller)
    provider = _find(caller.state, settings_id)
    del caller.state.providers[provider.id]
    caller.state.touch()
    caller.touched.append(provider.id)
    return _shape(caller.state, provider)


def list_own_methods(caller: Caller) -> list[Json]:
    """Return how the caller signs in; a service key does not."""
    person = caller.person
    return [shape_login_method(person, method) for method in person.login_methods] if person else []


def find_by_slug(state: State, slug: str) -> list[Json]:
    """Return the providers behind a login page's name."""
    if read_settings(state.organization)["sso_login_slug"] != slug:
        raise make_missing("SSO settings")
    return _shape_slim(state)


def find_by_email(state: State, email: str) -> list[Json]:
    """Return the providers for an address: those of the organization if it has members of the same domain."""
    domain = email.strip().lower().partition("@")[2]
    known = {person.email.partition("@")[2] for person in state.people.values()}
    return _shape_slim(state) if domain in known else []


def send_verification(caller: Caller, email: str, provider_id: str) -> Json:
    """Send the mail that confirms an address for SSO."""
    state = caller.state
    if all(provider.provider_id != provider_id for provider in state.providers.values()):
        raise make_missing("SSO provider")
    address = email.strip().lower()
    state.confirmations.setdefault(address, None)
    state.send_email(address, "sso-verification")
    state.touch()
    return {"message": "Verification email sent"}


def read_verification(state: State, email: str) -> Json:
    """Tell when an address was confirmed."""
    return {"email_confirmed_at": state.confirmations.get(email.strip().lower())}


def make_confirmation(email: str) -> str:
    """Return the token that the mail would carry; tests need no mailbox this way."""
    return make_id("confirmation", email.strip().lower())


def confirm(state: State, token: str) -> Json:
    """Confirm the address whose mail carried this token."""
    for email in state.confirmations:
        if make_confirmation(email) == token:
            state.confirmations[email] = state.stamp()
            state.touch()
            return {"email_confirmed_at": state.confirmations[email]}
    raise RefusedError(400, "Invalid or expired token")


def _need_manager(caller: Caller) -> None:
    caller.need("organization:manage")
    if caller.is_operator and not caller.state.behaviours.operator_manages_sso:
        raise make_forbidden()
    caller.need_plan("can_use_saml_sso", "SSO is not enabled for this organization")


def _check_defaults(state: State, fields: Json) -> None:
    role_id = fields.get("default_workspace_role_id")
    if role_id is not None and (role_id not in state.roles or state.roles[role_id].access_scope != "workspace"):
        raise make_missing("Role")
    for workspace_id in fields.get("default_workspace_ids") or []:
        if workspace_id not in state.workspaces or state.workspaces[workspace_id].is_deleted:
            raise make_missing("Workspace")


def _find(state: State, settings_id: str) -> Provider:
    provider = state.providers.get(settings_id)
    if provider is None:
        raise make_missing("SSO settings")
    return provider


def _shape(state: State, provider: Provider) -> Json:
    return asdict(provider) | {"organization_id": state.organization.id, "attribute_mapping_load_error": None}


def _shape_slim(state: State) -> list[Json]:
    organization = state.organization
    return [
        {
            "provider_id": provider.provider_id,
            "organization_id": organization.id,
            "organization_display_name": organization.display_name,
        }
        for provider in state.providers.values()
    ]
