"""Which requests a change takes, and how each is sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lsnb.apply.present import Present
from lsnb.errors import PermissionDeniedError, PlanError
from lsnb.plan.kind_record import Kind, Step
from lsnb.plan.kinds import UNKNOWN, kind_of
from lsnb.plan.model import Change, Plan
from lsnb.service.capabilities import noting_offer
from lsnb.service.secret_sinks import Secret

if TYPE_CHECKING:
    from lsnb.service.api import Api


def not_offered(change: Change, step: str) -> tuple[str, str] | None:
    """Say what is not offered, and what to do instead, where a server may lack the endpoint of a step."""
    need = next((found.need for found in kind_of(change).steps(change) if found.name == step), None)
    return None if need is None else (need.missing, need.instead)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a request that was carried out.

    Args:
        created_id: the id of what it created.
        secret: the secret of a key that it created.
    """

    created_id: str | None = None
    secret: Secret | None = None


def check_kinds(changes: tuple[Change, ...]) -> None:
    """Make sure that every change is of a kind that can be carried out.

    Raises:
        PlanError: one is not; names the kinds.
    """
    unknown = sorted({change.kind for change in changes if kind_of(change) is UNKNOWN})
    if unknown:
        raise PlanError(f"This version does not carry out {', '.join(unknown)}, which the plan has. Use a newer lsnb.")


def steps_of(change: Change) -> tuple[str, ...]:
    """Name the requests that a change takes, in order."""
    return tuple(step.name for step in kind_of(change).steps(change))


def is_once_only(change: Change, step: str) -> bool:
    """Tell whether a request must never go out twice: it makes the service send an e-mail, or creates something."""
    kind = kind_of(change)
    is_batch = kind.batch is not None and kind.batch.name == step
    return any(found.is_once_only for found in kind.steps(change) if is_batch or found.name == step)


def send(api: Api, plan: Plan, change: Change, step: str, present: Present) -> Sent:
    """Send one request of a change.

    Args:
        api: the service.
        plan: the plan, from which the id of a new workspace is made.
        change: the change, without references.
        step: which of its requests.
        present: what was read just before, for the ids of people in workspaces.
    """
    kind = kind_of(change)
    found = next(found for found in kind.steps(change) if found.name == step)
    return _made(kind, _answer(api, plan, change, found, present))


def _answer(api: Api, plan: Plan, change: Change, step: Step, present: Present) -> Any:
    """Send a request; what is refused to a key of single workspaces goes by the endpoint that such a key has."""
    send = partial(getattr(api, step.method), **step.arguments(plan, change, present))
    try:
        if step.need is None or step.need.offer is None:
            return send()
        return noting_offer(api, step.need.offer, send)
    except PermissionDeniedError:
        settings = api.transport.settings
        if step.fallback is None or settings.key.kind != "service":
            raise
        arguments = step.fallback.arguments(plan, change, settings.workspace_id)
        if arguments is None:
            raise
        return getattr(api, step.fallback.method)(**arguments)


def _made(kind: Kind, answer: Any) -> Sent:
    """Take from an answer what was created."""
    if kind.makes == "nothing":
        return Sent()
    record = answer.record if kind.makes == "secret" else answer
    secret = answer.secret if kind.makes == "secret" else None
    return Sent(str(record["id"]) if record.get("id") else None, secret)
