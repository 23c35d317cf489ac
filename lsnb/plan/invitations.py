"""What a sheet means for people who have not joined: new ones, and those whose invitation is open.

One invitation carries one workspace role for all its workspaces, and servers without the newer routes can neither
change an invitation nor put an invited person into another workspace. What an invitation cannot carry waits until the
person has accepted; the same sheet then brings it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lsnb.errors import PlanError
from lsnb.plan.current_state import Grant, Person
from lsnb.plan.members import note_admin_already, note_no_role, note_nobody, note_nothing_there
from lsnb.plan.missing_capabilities import PENDING_NOTE
from lsnb.plan.plan_builder import PlanBuilder, invitation_data, memberships_data
from lsnb.plan.roles import Role, power_order
from lsnb.plan.row_changes import RowIntent
from lsnb.plan.subjects import invitation, membership


def plan_new(ledger: PlanBuilder, email: str, organization: RowIntent | None, places: list[RowIntent]) -> None:
    """Decide about somebody who is neither a member nor invited: all their rows make one invitation."""
    rows = [organization, *places] if organization else places
    wanted = [wish for wish in places if wish.role]
    if organization and organization.is_removal and ledger.contradicts(email, organization, wanted):
        return
    for wish in rows:
        if wish.is_removal:
            note_nobody(ledger, wish)
    role = organization.role if organization else None
    if not wanted and not role:
        for wish in rows:
            if not wish.is_removal:
                note_no_role(ledger, wish)
        return
    if not wanted and not ledger.may_touch_organization:
        ledger.notes.add(
            "out-of-scope",
            f"{ledger.reason(rows)}: {email} is new and is named for no workspace of {ledger.scope_words}; nobody is "
            "invited.",
        )
        return
    _invite(ledger, email, role, organization, wanted)


def _invite(
    ledger: PlanBuilder, email: str, role: Role | None, organization: RowIntent | None, wanted: list[RowIntent]
) -> None:
    chosen = role or ledger.new_role
    if chosen is None:
        raise PlanError(
            f"{email} is new and named only on workspace rows, and the role to invite them with (Organization User) is "
            "not among the roles that could be read. Give each new person a row of the organization with a role."
        )
    if chosen.is_organization_admin:
        for wish in wanted:
            note_admin_already(ledger, wish)
        carried: list[RowIntent] = []
    else:
        carried = _largest_group(ledger, wanted)
    shared = _shared_role(ledger, [wish.role for wish in carried if wish.role])
    asked = ([organization] if organization and role else []) + carried
    ledger.add(
        invitation.INVITE,
        email,
        asked,
        before=None,
        after=invitation_data(chosen, carried, shared),
        ids={"role_id": chosen.role_id, "workspace_role_id": shared.role_id if shared else None},
        why="" if role else f"no organization role given, so {chosen.label}",
    )
    if not chosen.is_organization_admin:
        _wait_for_acceptance(ledger, [wish for wish in wanted if wish not in carried], shared)


def plan_pending(
    ledger: PlanBuilder, person: Person, organization: RowIntent | None, places: list[RowIntent], held: list[Grant]
) -> None:
    """Decide about somebody whose invitation is open.

    Args:
        ledger: where decisions go.
        person: the person.
        organization: what is wanted in the organization, where that is within the scope.
        places: what is wanted in workspaces.
        held: the workspaces that the invitation names.
    """
    if organization and organization.is_removal:
        if not ledger.contradicts(person.email, organization, [wish for wish in places if wish.role]):
            before = {**_as_invitation(person, held), "state": "pending"}
            ledger.add(invitation.CANCEL, person.email, [organization], before=before, after=None, ids=_ids(person))
        return
    _Invitation(ledger, person, organization, places, held).plan()


class _Invitation:
    """An open invitation, what is wanted of it, and the ways to get there."""

    def __init__(
        self,
        ledger: PlanBuilder,
        person: Person,
        organization: RowIntent | None,
        places: list[RowIntent],
        held: list[Grant],
    ) -> None:
        self.ledger = ledger
        self.person = person
        self.organization = organization if organization and organization.role else None
        self.role = (self.organization.role if self.organization else None) or person.role
        self.held = held
        self.removed: list[RowIntent] = []
        self.changed: list[RowIntent] = []
        self.added: list[RowIntent] = []
        for wish in places:
            self._sort(wish)
        touched = {wish.workspace_id for wish in (*self.removed, *self.changed)}
        self.kept = [grant for grant in held if grant.workspace_id not in touched]

    def _sort(self, wish: RowIntent) -> None:
        if wish.is_removal:
            if wish.held:
                self.removed.append(wish)
            else:
                note_nothing_there(self.ledger, wish)
        elif wish.role is None:
            if not self.role.is_organization_admin:
                note_no_role(self.ledger, wish)
        elif wish.held:
            self.changed.append(wish)
        elif self.role.is_organization_admin:
            note_admin_already(self.ledger, wish)
        else:
            self.added.append(wish)

    def plan(self) -> None:
        """Change what can be changed in place, send another invitation where that is the only way, let the rest wait."""
        in_place = self.ledger.server.patches_pending
        settled = self._roles(self.kept, self.changed)
        can_grow = len(settled) <= 1
        joining = [wish for wish in self.added if self._key(wish.role) in settled] if settled else self.added
        must_replace = bool(joining and can_grow) or (not in_place and bool(self.organization or self.changed))
        kept_roles = self._roles(self.kept, [])
        if must_replace and len(kept_roles) <= 1:
            self._replace(settled if len(settled) == 1 else kept_roles)
            return
        for wish in self.removed:
            self._remove(wish)
        if in_place and (self.organization or self.changed):
            self._patch()
            if self.ledger.server.can_patch_pending is None:
                self.ledger.notes.add("found-at-apply", f"{self.person.email}: {PENDING_NOTE}")
        else:
            self._wait_for_change()
        _wait_for_acceptance(self.ledger, self.added, self._carried_role())

    def _key(self, role: Role | None) -> str:
        return _role_key(self.ledger, role)

    def _roles(self, kept: list[Grant], wishes: list[RowIntent]) -> set[str]:
        return {self._key(grant.role) for grant in kept} | {self._key(wish.role) for wish in wishes}

    def _carried_role(self) -> Role | None:
        roles = {self._key(grant.role): grant.role for grant in self.held}
        return next(iter(roles.values())) if len(roles) == 1 else None

    def _replace(self, roles: set[str]) -> None:
        """Send another invitation; one that loses nothing of the old one that the sheet does not ask to change.

        Args:
            roles: the one workspace role that it must carry; empty where it is free.
        """
        wanted = [*self.changed, *self.added]
        carried = [w for w in wanted if self._key(w.role) in roles] if roles else _largest_group(self.ledger, wanted)
        places: list[Grant | RowIntent] = [*self.kept, *carried]
        shared = _shared_role(self.ledger, [place.role for place in places if place.role])
        asked = [*([self.organization] if self.organization else []), *carried, *self.changed, *self.removed]
        self.ledger.add(
            invitation.REPLACE,
            self.person.email,
            asked,
            before={**_as_invitation(self.person, self.held), "state": "pending"},
            after={**invitation_data(self.role, places, shared), "state": "pending"},
            ids={
                **_ids(self.person),
                "role_id": self.role.role_id,
                "workspace_role_id": shared.role_id if shared else None,
            },
        )
        _wait_for_acceptance(self.ledger, [wish for wish in wanted if wish not in carried], shared)

    def _patch(self) -> None:
        before, after = {**self.person.role.to_data(), "state": "pending"}, {**self.role.to_data(), "state": "pending"}
        if self.organization:
            self.ledger.add(
                membership.SET_ORGANIZATION_ROLE,
                self.person.email,
                [self.organization],
                before=before,
                after=after,
                ids={**_ids(self.person), "role_id": self.role.role_id},
            )
        for wish in self.changed:
            if wish.role and wish.held:
                self.ledger.add(
                    membership.SET_WORKSPACE_ROLE,
                    self.person.email,
                    [wish],
                    workspace=wish.workspace,
                    before={**wish.held.role.to_data(), "state": "pending"},
                    after={**wish.role.to_data(), "state": "pending"},
                    ids={**_ids(self.person), "workspace_id": wish.workspace_id, "role_id": wish.role.role_id},
                )

    def _remove(self, wish: RowIntent) -> None:
        if wish.held:
            self.ledger.add(
                membership.REMOVE_FROM_WORKSPACE,
                self.person.email,
                [wish],
                workspace=wish.workspace,
                before={**wish.held.role.to_data(), "state": "pending"},
                after=None,
                ids={**_ids(self.person), "workspace_id": wish.workspace_id},
            )

    def _wait_for_change(self) -> None:
        """Let changes wait that would need another invitation, which could not carry what the open one does."""
        for wish in ([self.organization] if self.organization else []) + self.changed:
            self.ledger.wait(
                wish,
                f"{self.person.email} must accept the invitation first; it carries different workspace roles, and "
                "another invitation could carry only one",
            )


def _ids(person: Person) -> dict[str, str | None]:
    return {"identity_id": person.identity_id, "pending": "true"}


def _as_invitation(person: Person, held: list[Grant]) -> dict[str, object]:
    """Give an open invitation as data: in the form of a new one, and per workspace the role that waits there."""
    roles = {grant.role.key: grant.role for grant in held}
    shared = next(iter(roles.values())) if len(roles) == 1 else None
    return {**invitation_data(person.role, held, shared), "workspaces": memberships_data(held)}


def _role_key(ledger: PlanBuilder, role: Role | None) -> str:
    return role.key if role and ledger.has_rbac else ""


def _largest_group(ledger: PlanBuilder, wishes: Iterable[RowIntent]) -> list[RowIntent]:
    """Pick the wishes that one invitation can carry: the most of one role, and of two alike the lesser role."""
    groups: dict[str, list[RowIntent]] = defaultdict(list)
    for wish in wishes:
        groups[_role_key(ledger, wish.role)].append(wish)
    if not groups:
        return []

    def preference(group: list[RowIntent]) -> tuple[int, tuple[int, int, str, str]]:
        role = group[0].role
        return -len(group), power_order(role) if role else (0, 0, "", "")

    return min(groups.values(), key=preference)


def _shared_role(ledger: PlanBuilder, roles: list[Role]) -> Role | None:
    """Give the one workspace role of an invitation; none where it names no workspace or no roles exist."""
    return roles[0] if roles and ledger.has_rbac else None


def _wait_for_acceptance(ledger: PlanBuilder, wishes: Iterable[RowIntent], shared: Role | None) -> None:
    carries = f"the invitation carries one workspace role, {shared.label}" if shared else "the invitation is open"
    for wish in wishes:
        ledger.wait(wish, f"{wish.email} must accept the invitation first; {carries}")
