"""Steer the sandbox itself. None of this exists at LangSmith."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from lsnb.sandbox.faults import FaultKind
from lsnb.sandbox.refusals import RefusedError, make_missing
from lsnb.sandbox.routes.context import AnyExchange, answer
from lsnb.sandbox.rules.sessions import open_session
from lsnb.sandbox.rules.shapes import shape_member


def require_token(request: Request, exchange: AnyExchange) -> None:
    """Refuse whoever does not know the token, where the organization is a copy of a real one."""
    instance = exchange.instance
    given = request.headers.get("x-sandbox-token", "")
    if instance.wants_token and not hmac.compare_digest(given.encode(), instance.control_token.encode()):
        raise RefusedError(
            403,
            "This is a copy of a real organization, so its controls want the token: send it as X-Sandbox-Token. It is "
            "server.control_token in Python.",
        )


router = APIRouter(prefix="/_sandbox", tags=["sandbox"], dependencies=[Depends(require_token)])


class FaultBody(BaseModel):
    """A fault to wait for its requests."""

    method: str = "GET"
    path: str = ""
    times: int | None = 1
    kind: FaultKind = "status"
    status: int | None = None
    headers: dict[str, str] | None = None
    delay_ms: float = 0
    body: Any = None
    skip: int = 0


class Email(BaseModel):
    """Whoever is meant."""

    email: str


@router.get("/requests")
async def list_requests(exchange: AnyExchange) -> Response:
    """Return every request so far."""
    return answer(exchange.instance.log.lines)


@router.post("/faults")
async def add_fault(exchange: AnyExchange, body: FaultBody) -> Response:
    """Ask for a fault."""
    exchange.instance.faults.add(**body.model_dump())
    return answer(exchange.instance.faults.as_list())


@router.get("/faults")
async def list_faults(exchange: AnyExchange) -> Response:
    """Return the faults with their hits."""
    return answer(exchange.instance.faults.as_list())


@router.delete("/faults")
async def clear_faults(exchange: AnyExchange) -> Response:
    """Forget every fault."""
    exchange.instance.faults.clear()
    return answer([])


@router.get("/state")
async def read_state(exchange: AnyExchange) -> Response:
    """Return the whole state; secrets are in it only as hashes."""
    return answer(exchange.instance.state.dump())


@router.post("/reset")
async def reset(exchange: AnyExchange) -> Response:
    """Go back to the seed."""
    exchange.instance.reset()
    return answer({"seed": exchange.instance.seed})


@router.get("/behaviours")
async def read_behaviours(exchange: AnyExchange) -> Response:
    """Return every switch."""
    return answer(exchange.instance.behaviours.as_dict())


@router.patch("/behaviours")
async def update_behaviours(exchange: AnyExchange, body: dict[str, Any]) -> Response:
    """Set some switches."""
    try:
        exchange.instance.behaviours.update(body)
    except ValueError as error:
        raise RefusedError(400, str(error)) from error
    return answer(exchange.instance.behaviours.as_dict())


@router.post("/accept")
async def accept(exchange: AnyExchange, body: Email) -> Response:
    """Let a pending person accept the invitation."""
    state = exchange.instance.state
    if state.find_invitation(body.email) is None:
        raise make_missing("Pending identity")
    person = state.accept_invite(body.email)
    exchange.instance.save_if_changed()
    return answer(shape_member(state, person))


@router.post("/session")
async def sign_in(exchange: AnyExchange, body: Email) -> Response:
    """Sign an active or a pending person in as a browser would, for the endpoints that take no key."""
    state = exchange.instance.state
    if state.find_person(body.email) is None and state.find_invitation(body.email) is None:
        raise make_missing("Identity")
    return answer({"access_token": open_session(state, body.email)})
