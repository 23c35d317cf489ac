"""What is there now, as far as a plan is about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lsnb import catalogue
from lsnb.apply.things import Things, is_thing
from lsnb.plan.model import Change

_ADMIN_NAMES = (catalogue.ORGANIZATION_ADMIN, catalogue.SYSTEM_ROLES[catalogue.ORGANIZATION_ADMIN][0])


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
class Present:
    """What a reading found.

    Args:
        people: by address; nobody has an address that was asked for and is not here.
        members: by workspace id and address, likewise.
        everybody: all people of the organization, where all were read.
        things: workspaces, roles, keys, tokens, settings and public links.
        gone: the ids of workspaces that were asked for and are not there any more.
    """

    people: dict[str, list[Person]] = field(default_factory=dict)
    members: dict[tuple[str, str], list[Member]] = field(default_factory=dict)
    everybody: list[Person] | None = None
    things: Things = field(default_factory=Things)
    gone: frozenset[str] = frozenset()

    def add(self, other: Present, changes: Iterable[Change]) -> None:
        """Take in what a later reading found for some changes; what it did not find is gone."""
        self.things.add(other.things)
        self.gone |= other.gone
        for change in changes:
            if is_thing(change):
                continue
            email = change.email or ""
            if change.scope == "organization":
                self.people[email] = other.people.get(email, [])
            else:
                place = (change.ids.get("workspace_id", ""), email)
                self.members[place] = other.members.get(place, [])

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


def to_person(record: Mapping[str, Any], *, is_pending: bool | None = None, lists_places: bool = True) -> Person:
    """Make a person of a record of the service's lists.

    Args:
        record: a record of the list with workspaces, or of the lists of joined or of invited people.
        is_pending: which of the latter it is; else the record says so.
        lists_places: whether it names every workspace.
    """
    pending = bool(record.get("is_pending")) if is_pending is None else is_pending
    places: dict[str, str | None] | None = None
    if lists_places and record.get("workspace_memberships") is not None:
        places = {
            str(place.get("workspace_id") or place.get("tenant_id")): place.get("role_id") or None
            for place in record["workspace_memberships"]
        }
    return Person(
        identity_id=str(record.get("id") or ""),
        email=clean_email(record.get("email")),
        state="pending" if pending else "disabled" if record.get("is_disabled") else "active",
        role_id=record.get("role_id") or record.get("org_role_id") or None,
        role_name=record.get("role_name") or record.get("org_role_name") or None,
        ls_user_id=record.get("ls_user_id") or None,
        places=places,
        login_methods=_providers(record.get("linked_login_methods")),
    )


def _providers(methods: object) -> str | None:
    """Join the names of login providers; None where there are none, or none are told."""
    if not isinstance(methods, list):
        return None
    names = [str(method.get("provider") or "") for method in methods if isinstance(method, Mapping)]
    return ", ".join(sorted(filter(None, names))) or None


def to_member(record: Mapping[str, Any], *, is_pending: bool) -> Member:
    """Make a member of a record of a workspace's lists."""
    return Member(
        identity_id=str(record.get("id") or ""),
        state="pending" if is_pending else "disabled" if record.get("is_disabled") else "active",
        role_id=record.get("role_id") or None,
        role_name=record.get("role_name") or None,
        ls_user_id=record.get("ls_user_id") or None,
    )


def clean_email(email: object) -> str:
    """Give an address as plans have it."""
    return str(email or "").strip().lower()
