"""What is taken back for one person: the old values, where everything is still as the run left it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from lsnb.apply.undo.record import Record
from lsnb.plan.caller import is_caller
from lsnb.plan.current_state import Grant, Person
from lsnb.plan.kinds import kind_named
from lsnb.plan.membership_changes import new_change
from lsnb.plan.model import Change, ChangeKind, Deferred
from lsnb.plan.notes import Notes
from lsnb.plan.plan_builder import invitation_data, memberships_data
from lsnb.plan.roles import Role, power_order
from lsnb.plan.subjects.invitation import (
    CANCEL,
    INVITE,
    REPLACE,
    cancels_invitation,
    replaces_invitation,
    sends_invitation,
)
from lsnb.plan.subjects.membership import (
    ADD_TO_WORKSPACE,
    REMOVE,
    REMOVE_FROM_WORKSPACE,
    SET_ORGANIZATION_ROLE,
    SET_WORKSPACE_ROLE,
    gives_workspace_role,
    removes_from_workspace,
    removes_member,
    sets_organization_role,
)
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

Values = Mapping[str, Any]


class PersonUndo:
    """What is taken back for one person.

    Args:
        snapshot: the organization as it is now.
        notes: where to say what cannot come back, and what is left alone.
        email: the person's address.
        person: the person, where they are in the organization.
        held: what they hold in workspaces.
        record: what the run did.
        places: the ids of the workspaces that are there.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        notes: Notes,
        email: str,
        person: Person | None,
        held: list[Grant],
        record: Record,
        places: Collection[str],
    ) -> None:
        self.email = email
        self.changes: list[Change] = []
        self.waiting: list[Deferred] = []
        self._snapshot = snapshot
        self._notes = notes
        self._person = person
        self._held = {grant.workspace_id: grant for grant in held}
        self._record = record
        self._places = places

    def take_back(self, made: Sequence[Change]) -> None:
        """Decide about everything that the run did for the person."""
        person = self._person
        if person is not None:
            made = [change for change in made if self._is_same_person(change, person)]
        narrowed = [change for change in made if removes_from_workspace(change) and not self._grant(change)]
        if person and person.state == "pending" and narrowed:
            self._invite_anew(person, made, narrowed)
            return
        was_member = any(removes_member(change) for change in made)
        for change in made:
            if cancels_invitation(change) and was_member:
                self._leave(change, "was a member too, and comes back as that")
            elif sends_invitation(change):
                self._take_invitation_back(change)
            elif cancels_invitation(change) or removes_member(change):
                self._bring_back(change)
            elif person is None:
                self._leave(change, "is not in the organization any more")
            elif sets_organization_role(change):
                self._set_organization_role(change, person)
            else:
                self._take_back_in_place(change, person)

    def _grant(self, change: Change) -> Grant | None:
        return self._held.get(change.ids.get("workspace_id", ""))

    def _is_same_person(self, change: Change, person: Person) -> bool:
        """Leave somebody alone who left and came back; accepting an invitation gives another id too."""
        is_other = change.ids.get("identity_id", person.identity_id) != person.identity_id
        if sends_invitation(change) or (change.after is None and change.scope == "organization"):
            return True  # these look for themselves who is there
        if not is_other or (change.ids.get("pending") == "true" and person.state != "pending"):
            return True
        self._leave(change, "is in the organization under another identity by now")
        return False

    def _take_invitation_back(self, change: Change) -> None:
        person = self._person
        if replaces_invitation(change) and self._record.results[change.id].outcome != "done":
            # Its first half was carried out: the old invitation is gone, and there is no new one.
            self._bring_back(change)
        elif person is None:
            self._leave(change, "is not invited any more")
        elif not _is_as_invited(change.after or {}, person, self._held):
            self._leave(change, "has another role or other workspaces by now")
        elif replaces_invitation(change):
            if person.state == "pending":
                grants = self._there(_grants(change.before or {}))
                self._replace(change, person, _role(change.before or {}), grants)
            else:
                self._leave(change, "has accepted the invitation")
        elif person.state == "pending":
            self._add(CANCEL, change, before=self._as_invitation(person), after=None, ids=_pending_ids(person))
        else:
            held = memberships_data(self._held.values())
            before = {**person.role.to_data(), "state": person.state, "workspaces": held}
            self._add(REMOVE, change, before=before, after=None, ids=_ids(person))
            self._notes.add(
                "accepted-meanwhile",
                f"{self.email} has accepted the invitation, so taking it back removes them from the organization.",
                self.changes[-1].id,
            )

    def _bring_back(self, change: Change) -> None:
        """Invite somebody again who was removed, or whose invitation was cancelled."""
        if self._person is not None:
            self._leave(change, "is in the organization again, or invited")
            return
        before = change.before or {}
        role = _role(before)
        grants = self._there(_grants(before))
        carried = _largest_group(grants)
        shared = carried[0].role if carried and self._snapshot_has_rbac() else None
        self._add(
            INVITE,
            change,
            before=None,
            after=invitation_data(role, carried, shared),
            ids={"role_id": role.role_id, "workspace_role_id": shared.role_id if shared else None},
        )
        self._wait(change, [grant for grant in grants if grant not in carried])
        if removes_member(change):
            said = (
                "was removed: a new invitation is sent, personal access tokens are lost, and it counts once accepted."
            )
        else:
            said = "had an invitation that was cancelled: another one is sent, which is another e-mail."
        self._notes.add("cannot-come-back", f"{self.email} {said}", self.changes[-1].id)

    def _set_organization_role(self, change: Change, person: Person) -> None:
        if not _is_same(change.after or {}, person.role):
            self._leave(change, f"is {person.role.label} by now")
            return
        old = _role(change.before or {})
        self._add(
            SET_ORGANIZATION_ROLE,
            change,
            before={**person.role.to_data(), "state": person.state},
            after={**old.to_data(), "state": person.state},
            ids={**self._ids_now(person), "role_id": old.role_id},
        )

    def _take_back_in_place(self, change: Change, person: Person) -> None:
        grant = self._grant(change)
        ids = {**self._ids_now(person), "workspace_id": change.ids.get("workspace_id")}
        state = {"state": person.state}
        old = _role(change.before) if change.before is not None else None
        if (grant is None) != (change.after is None):
            self._leave(change, f"{'is not in' if grant is None else 'is again in'} {change.workspace} by now")
        elif grant is None:
            if old is not None and self._there([Grant(change.workspace, str(ids["workspace_id"]), old, "direct")]):
                ids["role_id"] = old.role_id
                self._add(ADD_TO_WORKSPACE, change, before=None, after={**old.to_data(), **state}, ids=ids)
        elif not _is_same(change.after or {}, grant.role):
            self._leave(change, f"is {grant.role.label} in {change.workspace} by now")
        elif old is None:
            before = {**grant.role.to_data(), **state}
            self._add(REMOVE_FROM_WORKSPACE, change, before=before, after=None, ids=ids)
        else:
            ids["role_id"] = old.role_id
            before, after = {**grant.role.to_data(), **state}, {**old.to_data(), **state}
            self._add(SET_WORKSPACE_ROLE, change, before=before, after=after, ids=ids)

    def _invite_anew(self, person: Person, made: Sequence[Change], narrowed: Sequence[Change]) -> None:
        """Put workspaces back into an open invitation, which takes another invitation, with all old values at once."""
        role, places = person.role, dict(self._held)
        for change in made:
            grant = self._grant(change)
            if sets_organization_role(change) and _is_same(change.after or {}, person.role):
                role = _role(change.before or {})
            elif (
                gives_workspace_role(change)
                and change.before is not None
                and grant
                and _is_same(change.after or {}, grant.role)
            ):
                places[grant.workspace_id] = grant._replace(role=_role(change.before or {}))
        for change in narrowed:
            place = change.ids.get("workspace_id", "")
            former = Grant(change.workspace, place, _role(change.before or {}), "invite")
            places |= {grant.workspace_id: grant for grant in self._there([former])}
        if set(places) == set(self._held):
            rest = [change for change in made if change not in narrowed]
            if rest:
                self.take_back(rest)
            return
        if not self._replace(narrowed[0], person, role, list(places.values())):
            rest = [change for change in made if change not in narrowed]
            if rest:
                self.take_back(rest)

    def _replace(self, change: Change, person: Person, role: Role, grants: list[Grant]) -> bool:
        """Replace the open invitation by one with the old values; say no where one invitation cannot carry them."""
        if len({grant.role.key for grant in grants}) > 1 and self._snapshot_has_rbac():
            self._leave(change, "had different roles in different workspaces, and one invitation carries only one role")
            return False
        shared = grants[0].role if grants and self._snapshot_has_rbac() else None
        self._add(
            REPLACE,
            change,
            before=self._as_invitation(person),
            after={**invitation_data(role, grants, shared), "state": "pending"},
            ids={
                **_pending_ids(person),
                "role_id": role.role_id,
                "workspace_role_id": shared.role_id if shared else None,
            },
        )
        return True

    def _as_invitation(self, person: Person) -> dict[str, object]:
        held = list(self._held.values())
        roles = {grant.role.key: grant.role for grant in held}
        shared = next(iter(roles.values())) if len(roles) == 1 else None
        data = invitation_data(person.role, held, shared)
        return {**data, "workspaces": memberships_data(held), "state": "pending"}

    def _snapshot_has_rbac(self) -> bool:
        return self._snapshot.has_rbac if self._snapshot.is_readable("settings") else True

    def _ids_now(self, person: Person) -> dict[str, str | None]:
        return _pending_ids(person) if person.state == "pending" else _ids(person)

    def _add(
        self,
        kind: ChangeKind,
        change: Change,
        *,
        before: Values | None,
        after: Values | None,
        ids: Mapping[str, str | None],
    ) -> None:
        self.changes.append(
            new_change(
                kind,
                email=self.email,
                before=before,
                after=after,
                reason=f"takes back {change.kind}: {change.reason}",
                ids=ids,
                workspace=change.workspace if kind_named(kind).scope == "workspace" else None,
                is_self=is_caller(self._snapshot.meta.caller, self.email, ids.get("ls_user_id")),
            )
        )

    def _there(self, grants: Iterable[Grant]) -> list[Grant]:
        """Leave out workspaces that are not there any more, and say so."""
        found = []
        for grant in grants:
            if grant.workspace_id in self._places:
                found.append(grant)
            else:
                self._notes.add(
                    "not-undone",
                    f"{self.email} does not come back into {grant.workspace}: the workspace is not there any more.",
                )
        return found

    def _wait(self, change: Change, grants: Iterable[Grant]) -> None:
        for grant in grants:
            self.waiting.append(
                Deferred(
                    self.email,
                    grant.workspace,
                    grant.role.label,
                    f"takes back {change.kind}: {self.email} must accept the invitation first; it carries one workspace "
                    "role",
                )
            )

    def _leave(self, change: Change, why: str) -> None:
        where = f" in {change.workspace}" if change.workspace else ""
        self._notes.add("not-undone", f"{change.kind}{where} is not taken back: {self.email} {why}.")


def _role(values: Values) -> Role:
    return Role(values.get("role"), values.get("role_id"), values.get("role_name"))


def _grants(values: Values) -> list[Grant]:
    """Give the workspaces of somebody who was removed, or of an invitation, with the role in each."""
    shared = Role(values.get("workspace_role"), values.get("workspace_role_id"), values.get("workspace_role_name"))
    return [
        Grant(place.get("workspace"), str(place["workspace_id"]), _role(place) if "role" in place else shared, "direct")
        for place in values.get("workspaces") or ()
    ]


def _largest_group(grants: Sequence[Grant]) -> list[Grant]:
    """Pick what one invitation can carry: the most workspaces of one role, and of two alike the lesser role."""
    groups: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        groups[grant.role.key].append(grant)
    return min(groups.values(), key=lambda group: (-len(group), power_order(group[0].role))) if groups else []


def _is_same(values: Values, role: Role) -> bool:
    wanted = values.get("role_id")
    return not wanted or not role.role_id or wanted == role.role_id


def _is_as_invited(after: Values, person: Person, held: Mapping[str, Grant]) -> bool:
    if not _is_same(after, person.role):
        return False
    if after.get("role_name") == builtin_roles.ORGANIZATION_ADMIN:
        return True
    wanted = {grant.workspace_id: grant for grant in _grants(after)}
    return set(wanted) == set(held) and all(
        _is_same(grant.role.to_data(), held[place].role) for place, grant in wanted.items()
    )


def _ids(person: Person) -> dict[str, str | None]:
    return {"identity_id": person.identity_id, "ls_user_id": person.ls_user_id}


def _pending_ids(person: Person) -> dict[str, str | None]:
    return {"identity_id": person.identity_id, "pending": "true"}
