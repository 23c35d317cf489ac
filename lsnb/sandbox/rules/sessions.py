"""Browser sessions, as a password or SSO would open them (API.md 2)."""

from __future__ import annotations

import base64
import secrets

from lsnb.sandbox.ids import make_hash
from lsnb.sandbox.records import Json
from lsnb.sandbox.refusals import RefusedError, make_forbidden
from lsnb.sandbox.state import State


def open_session(state: State, email: str) -> str:
    """Return the token of a new session; the state keeps its hash."""
    token = f"session_{secrets.token_hex(20)}"
    state.sessions[make_hash(token)] = email.strip().lower()
    state.touch()
    return token


def log_in(state: State, authorization: str) -> Json:
    """Sign in with HTTP Basic credentials, in basic-auth mode (API.md 8.1)."""
    if not state.behaviours.basic_auth:
        raise make_forbidden("Basic auth is not enabled")
    scheme, _, encoded = authorization.partition(" ")
    try:
        email, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        email = password = ""
    person = state.find_person(email)
    if scheme.lower() != "basic" or person is None or not password or person.password_hash != make_hash(password):
        raise RefusedError(401, "Incorrect email or password")
    return {"access_token": open_session(state, person.email)}
