"""SCIM tokens (API.md 8.13). The SCIM service itself is not part of the sandbox."""

from __future__ import annotations

import secrets

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Json, ScimToken
from lsnb.sandbox.refusals import make_missing


def list_tokens(caller: Caller) -> list[Json]:
    """Return every SCIM token without its text."""
    _need(caller, "organization:read")
    return [_shape(token) for token in caller.state.scim_tokens.values()]


def read_token(caller: Caller, token_id: str) -> Json:
    """Return one SCIM token without its text."""
    _need(caller, "organization:read")
    return _shape(_find(caller, token_id))


def create_token(caller: Caller, description: str) -> Json:
    """Create a token; its text is shown this once."""
    _need(caller, "organization:manage")
    state = caller.state
    secret = f"lsv2_scim_{secrets.token_hex(20)}"
    now = state.stamp()
    token = ScimToken(state.new_id("scim token"), description, f"{secret[:10]}...{secret[-4:]}", now, now)
    state.scim_tokens[token.id] = token
    state.touch()
    caller.touched.append(token.id)
    return _shape(token) | {"token": secret}


def update_token(caller: Caller, token_id: str, description: str | None) -> Json:
    """Change a token's description."""
    _need(caller, "organization:manage")
    token = _find(caller, token_id)
    if description is not None:
        token.description = description
        token.updated_at = caller.state.stamp()
        caller.state.touch()
    caller.touched.append(token.id)
    return _shape(token)


def delete_token(caller: Caller, token_id: str) -> None:
    """Delete a token."""
    _need(caller, "organization:manage")
    del caller.state.scim_tokens[_find(caller, token_id).id]
    caller.state.touch()
    caller.touched.append(token_id)


def _need(caller: Caller, permission: str) -> None:
    caller.need_plan("can_use_saml_sso", "SCIM is not enabled for this organization")
    caller.need(permission)


def _find(caller: Caller, token_id: str) -> ScimToken:
    token = caller.state.scim_tokens.get(token_id)
    if token is None:
        raise make_missing("SCIM token")
    return token


def _shape(token: ScimToken) -> Json:
    """Return a token as the Go service does: a time that is not there is left out."""
    data = {
        "id": token.id,
        "description": token.description,
        "short_token": token.short_token,
        "created_at": token.created_at,
        "updated_at": token.updated_at,
    }
    return data | ({"last_used_at": token.last_used_at} if token.last_used_at else {})
