"""What is there just before and just after a change is carried out, as far as a plan is about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lsnb.plan.model import Change
from lsnb.tables import builtin_roles

_ADMIN_NAMES = (builtin_roles.ORGANIZATION_ADMIN, builtin_roles.SYSTEM_ROLES[builtin_roles.ORGANIZATION_ADMIN][0])

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the organization, joined or invited.

    Args:
        identity_id: the id in the organization, or of the pending invitation.
        email: the address, in lower case.
        state: "active", "pending" or "disabled".
        role_id: the organization role.
        role_name: its name, as the service gives it.
        ls_user_id: the id over all organizations.
        places: the workspaces with the role in each; None where they are not known.
        login_methods: the names of the login providers, joined by commas; None where they are not known.
    """

    identity_id: str
    email: str
    state: str
    role_id: str | None
    role_name: str | None
    ls_user_id: str | None
    places: Mapping[str, str | None] | None
    login_methods: str | None = None

    @property
    def has_joined(self) -> bool:
        """Whether the person has accepted."""
        return self.state != "pending"

    @property
    def is_organization_admin(self) -> bool:
        """Whether the role is Organization Admin, by either of its names."""
        return self.role_name in _ADMIN_NAMES


@dataclass(frozen=True, slots=True)
class Member:
    """A person of one workspace.

    Args:
        identity_id: the id in that workspace, which changes there need.
        state: "active", "pending" or "disabled".
        role_id: the workspace role.
        role_name: its name, as the service gives it.
        ls_user_id: the id over all organizations.
    """

    identity_id: str
    state: str
    role_id: str | None
    role_name: str | None
    ls_user_id: str | None


@dataclass(slots=True)
class Resources:
    """What a reading found of workspaces, roles, keys, tokens, settings and public links.

    Args:
        lists: the records of each list that was read whole, by id; of the settings their values, by name. A list that was
            not read, or is hidden from the key, is missing.
        links: how many public links a workspace has, by its id.
        earlier_keys: the ids of the service keys that were there before anything was created.
    """

    lists: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)
    earlier_keys: frozenset[str] = frozenset()

    def add(self, other: Resources) -> None:
        """Take in what a later reading found."""
        self.lists |= other.lists
        self.links |= other.links

    def all(self, name: str) -> Mapping[str, Any]:
        """Give the records of a list by id; none where it was not read."""
        return self.lists.get(name, {})

    def find(self, name: str, id_: str) -> Record | None:
        """Give the record with an id; None where the list has none, or was not read."""
        found: Record | None = self.all(name).get(id_)
        return found

    def named(self, name: str, field_name: str, value: object) -> Record | None:
        """Give the first record of a list whose field has a value."""
        records: Iterable[Record] = self.all(name).values()
        return next((record for record in records if record.get(field_name) == value), None)


@dataclass(slots=True)
class Present:
    """What a reading found.

    Args:
        people: by address; nobody has an address that was asked for and is not here.
        members: by workspace id and address, likewise.
        everybody: all people of the organization, where all were read.
        resources: workspaces, roles, keys, tokens, settings and public links.
        gone: the ids of workspaces that were asked for and are not there any more.
    """

    people: dict[str, list[Person]] = field(default_factory=dict)
    members: dict[tuple[str, str], list[Member]] = field(default_factory=dict)
    everybody: list[Person] | None = None
    resources: Resources = field(default_factory=Resources)
    gone: frozenset[str] = frozenset()

    def person(self, change: Change) -> Person | None:
        """Find the person whom a change of the organization is about, by the id."""
        found = self.people.get(change.email or "", [])
        return next((person for person in found if person.identity_id == change.ids.get("identity_id")), None)

    def joined(self, change: Change) -> Person | None:
        """Find who has joined with the address of a change."""
        return next((person for person in self.people.get(change.email or "", []) if person.has_joined), None)

    def member(self, change: Change) -> Member | None:
        """Find whom a change in a workspace is about."""
        found = self.members.get((change.ids.get("workspace_id", ""), change.email or ""), [])
        is_pending = change.ids.get("pending") == "true"
        # Somebody who has joined and has an old invitation beside it is the one who joined.
        ranked = sorted(found, key=lambda member: (member.state == "pending") != is_pending)
        return ranked[0] if ranked else None
