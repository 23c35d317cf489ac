"""The invited person's own side of an invitation (API.md 8.2, 8.3)."""

from __future__ import annotations

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Invitation, Json
from lsnb.sandbox.refusals import make_missing
from lsnb.sandbox.rules.organization import read_slim
from lsnb.sandbox.rules.people import accept
from lsnb.sandbox.rules.shapes import shape_identity, shape_workspace


def _find(caller: Caller) -> Invitation | None:
    return caller.state.find_invitation(caller.email or "")


def list_organizations(caller: Caller) -> list[Json]:
    """Return the organization if the signed-in person is invited to it."""
    return [read_slim(caller.state)] if _find(caller) else []


def decline(caller: Caller, organization_id: str) -> None:
    """Decline the invitation."""
    del caller.state.invitations[_need(caller, organization_id).id]
    caller.state.touch()


def claim(caller: Caller, organization_id: str) -> Json:
    """Accept the invitation."""
    return shape_identity(caller.state, accept(caller.state, _need(caller, organization_id)))


def list_workspaces(caller: Caller) -> list[Json]:
    """Return the workspaces the signed-in person is invited to."""
    invitation = _find(caller)
    places = invitation.places if invitation else {}
    return [shape_workspace(caller.state, caller.state.workspaces[workspace_id]) for workspace_id in places]


def decline_workspace(caller: Caller, workspace_id: str) -> None:
    """Decline one workspace of the invitation."""
    del _need_place(caller, workspace_id).places[workspace_id]
    caller.state.touch()


def claim_workspace(caller: Caller, workspace_id: str) -> None:
    """Accept; the invitation is one, so all its workspaces are joined."""
    accept(caller.state, _need_place(caller, workspace_id))


def _need(caller: Caller, organization_id: str) -> Invitation:
    invitation = _find(caller)
    if invitation is None or organization_id != caller.state.organization.id:
        raise make_missing("Invitation")
    return invitation


def _need_place(caller: Caller, workspace_id: str) -> Invitation:
    invitation = _find(caller)
    if invitation is None or workspace_id not in invitation.places:
        raise make_missing("Invitation")
    return invitation
