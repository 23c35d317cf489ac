"""Check and carry out invitations to the organization (API.md 8.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Invitation, Json, Role
from lsnb.sandbox.refusals import InvalidError, RefusedError, make_forbidden, make_missing, make_problem
from lsnb.sandbox.state import State

BATCH_LIMIT = 500


@dataclass(slots=True)
class Invite:
    """One item of an invitation request. `role_id` is the organization role."""

    email: str
    role_id: str | None = None
    workspace_ids: list[str] = field(default_factory=list)
    workspace_role_id: str | None = None
    full_name: str | None = None
    role_name: str | None = None
    workspace_role_name: str | None = None


def invite(caller: Caller, item: Invite) -> Invitation:
    """Invite one person who is not in the organization yet; this sends an e-mail."""
    return invite_batch(caller, [item])[0]


def invite_batch(caller: Caller, items: Sequence[Invite]) -> list[Invitation]:
    """Invite up to 500 people; one bad item fails the whole batch unless the behaviour is `partial`."""
    check_batch_size(items)
    caller.need("organization:manage")
    check_may_invite(caller)
    partial = caller.state.behaviours.batch_failure == "partial"
    made: list[Invitation] = []
    seen: set[str] = set()
    for item in items:
        try:
            made.append(_prepare(caller, item, seen))
        except RefusedError:
            if not partial:
                raise
    _check_seats(caller, len(made))
    for invitation in made:
        _keep(caller, invitation)
    return made[::-1] if caller.state.behaviours.batch_order == "reversed" else made


def check_batch_size(items: Sequence[object]) -> None:
    """Refuse a batch of more than 500 with a 422, as the schema's `maxItems` does."""
    if len(items) > BATCH_LIMIT:
        message = f"List should have at most {BATCH_LIMIT} items after validation, not {len(items)}"
        raise InvalidError(make_problem(["body"], message, "too_long"))


def check_may_invite(caller: Caller) -> None:
    """Refuse where the organization cannot invite at all (API.md 5, 8.4)."""
    if caller.state.organization.is_personal:
        raise make_forbidden("Personal organizations cannot invite members")
    if not caller.settings["invites_enabled"]:
        raise make_forbidden("Invites are disabled for this organization")
    caller.need_plan("can_add_seats", "The plan of this organization does not allow to add members")


def _check_seats(caller: Caller, wanted: int) -> None:
    state = caller.state
    limit = caller.config["max_identities"]
    taken = len(state.people) + len(state.open_invitations())
    if limit >= 0 and taken + wanted > limit:
        raise make_forbidden(f"This would exceed the plan's limit of {limit} members")


def _prepare(caller: Caller, item: Invite, seen: set[str]) -> Invitation:
    """Return the invitation an item asks for, or say why not; nothing is changed yet."""
    state = caller.state
    email = clean_email(item.email)
    if email in seen or state.find_invitation(email):
        raise RefusedError(state.behaviours.duplicate_status, f"User {email} has already been invited")
    if state.find_person(email):
        raise RefusedError(state.behaviours.duplicate_status, f"User {email} is already a member of the organization")
    seen.add(email)
    role = choose_org_role(caller, item.role_id, item.role_name)
    check_rank(caller, role)
    for workspace_id in item.workspace_ids:
        if workspace_id not in state.workspaces or state.workspaces[workspace_id].is_deleted:
            raise make_missing("Workspace")
    wanted = choose_workspace_role(caller, item.workspace_role_id, item.workspace_role_name)
    if wanted is not None:
        for workspace_id in item.workspace_ids:
            check_restriction(caller, wanted, workspace_id)
    return make_invitation(caller, email, role, wanted, item.workspace_ids, item.full_name)


def make_invitation(
    caller: Caller, email: str, role: Role, wanted: Role | None, workspace_ids: Sequence[str], full_name: str | None
) -> Invitation:
    """Return a pending person with one pending workspace identity per workspace; it is not kept yet."""
    state = caller.state
    now = state.stamp()
    place_role = fill_workspace_role(caller, wanted)
    return Invitation(
        id=state.new_id("invitation"),
        email=email,
        role_id=role.id,
        created_at=now,
        workspace_role_id=wanted.id if wanted else None,
        full_name=full_name,
        places={w: make_place(state, place_role) for w in workspace_ids},
        invited_by=caller.person.id if caller.person else None,
    )


def make_place(state: State, role_id: str | None) -> Json:
    """Return a pending workspace identity."""
    return {"id": state.new_id("place"), "role_id": role_id, "created_at": state.stamp()}


def _keep(caller: Caller, invitation: Invitation) -> None:
    state = caller.state
    state.invitations[invitation.id] = invitation
    state.touch()
    state.send_email(invitation.email, "organization-invite")
    caller.touched.append(invitation.id)


def clean_email(email: str) -> str:
    """Return an address as the server keeps it: trimmed and in lower case."""
    cleaned = email.strip().lower()
    name, at, domain = cleaned.partition("@")
    if not (name and at and domain) or " " in cleaned or "@" in domain:
        raise InvalidError(make_problem(["body", "email"], "value is not a valid email address"))
    return cleaned


def choose_org_role(caller: Caller, role_id: str | None, role_name: str | None = None) -> Role:
    """Return the organization role a request means; without one, the default, which is not documented."""
    return _choose(caller.state, role_id, role_name, "organization") or caller.state.find_role(
        caller.state.behaviours.default_organization_role
    )


def choose_workspace_role(caller: Caller, role_id: str | None, role_name: str | None = None) -> Role | None:
    """Return the workspace role a request means, None if it names none or the plan has no such roles.

    Raises:
        RefusedError: the organization has no RBAC; what then happens is not public (unknown 5).

    """
    if role_id is None and role_name is None:
        return None
    if not caller.config["can_use_rbac"]:
        if caller.state.behaviours.rbac_off == "ignore":
            return None
        raise make_forbidden("RBAC is not enabled for this organization")
    return _choose(caller.state, role_id, role_name, "workspace")


def fill_workspace_role(caller: Caller, wanted: Role | None) -> str | None:
    """Return the id of a membership's role: the wanted one, the default, or None without RBAC."""
    if wanted is not None:
        return wanted.id
    if not caller.config["can_use_rbac"]:
        return None
    return caller.state.find_role(caller.state.behaviours.default_workspace_role).id


def _choose(state: State, role_id: str | None, role_name: str | None, scope: str) -> Role | None:
    if role_id is not None:
        role = state.roles.get(role_id)
        if role is None:
            raise make_missing("Role")
        if role.access_scope != scope:
            raise RefusedError(400, f"Role {role_id} is not {scope}-scoped")
        return role
    if role_name is None:
        return None
    for role in state.roles.values():
        if role.access_scope == scope and role_name in (role.name, role.display_name):
            return role
    raise make_missing("Role")


def check_rank(caller: Caller, role: Role) -> None:
    """Refuse an Operator who reaches for anyone but Users and Viewers (API.md 6.2)."""
    if caller.is_operator and role.name not in ("ORGANIZATION_USER", "ORGANIZATION_VIEWER"):
        raise make_forbidden("Organization Operators can only manage Organization Users and Viewers")


def check_restriction(caller: Caller, role: Role, workspace_id: str) -> None:
    """Refuse to give a restricted role in a workspace to those who do not manage it (API.md 9; unknown 21)."""
    if not role.is_restricted:
        return
    mine = caller.workspace_role(workspace_id)
    if caller.state.behaviours.restricted_role_needs == "admin":
        allowed = mine is not None and mine.name == "WORKSPACE_ADMIN"
    else:
        allowed = mine is not None and "workspaces:manage" in mine.permissions
    if not allowed:
        raise make_forbidden("This role is restricted in the workspace")
