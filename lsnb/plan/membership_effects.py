"""What the changes of a plan do to members and invitations, collected by column.

The kinds of changes tell it one by one (`add_effect` of a subject); the tables and the numbers of the end are then worked
out from it for everybody at once, so that 20,000 people take no longer than a few columns do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lsnb.plan.model import Change
from lsnb.tables import builtin_roles

#: Stands between the parts of a key.
SEPARATOR = "\x1f"

Values = Mapping[str, Any]


class RoleValues(NamedTuple):
    """A role as the values of a change have it: its id, its system name, and what people call it."""

    role_id: str | None
    role_name: str | None
    label: str | None

    @property
    def listed_name(self) -> str | None:
        """The name that the service's lists give it: the system name, or a custom role's own."""
        return self.label if self.role_name == builtin_roles.CUSTOM else self.role_name


@dataclass(slots=True)
class MembershipEffects:
    """What the changes of a plan do to people, sorted by what they touch.

    Args:
        gone: the keys of members who leave, and of invitations that end.
        roles: the changes that give another organization role, by the person's key.
        invited: the changes that invite somebody.
        given: the changes that give a role in a workspace to somebody who is there, by `place_key`.
        ended: the `place_key` of every role in a workspace that ends.
        closed: the ids of workspaces that are deleted.
    """

    gone: set[str] = field(default_factory=set)
    roles: dict[str, Change] = field(default_factory=dict)
    invited: list[Change] = field(default_factory=list)
    given: dict[str, Change] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)


def role_values(values: Values | None, prefix: str = "") -> RoleValues:
    """Give the role that the values of a change name.

    Args:
        values: the values.
        prefix: `workspace_` for the workspace role of an invitation.
    """
    known = values or {}
    return RoleValues(known.get(f"{prefix}role_id"), known.get(f"{prefix}role_name"), known.get(f"{prefix}role"))


def person_key(change: Change, *, is_pending: bool) -> str:
    """Give what tells the person of a change apart: the id; for keys of workspaces, which see none, state and address."""
    return change.ids.get("identity_id") or f"{'invited' if is_pending else 'joined'} {change.email}"


def invitation_key(change: Change) -> str:
    """Give what stands for the id of an invitation that would be sent, which only the service can give."""
    return f"new:invite:{change.email}"


def place_key(person: str, workspace_id: str) -> str:
    """Give what tells a person's role in one workspace apart."""
    return f"{person}{SEPARATOR}{workspace_id}"


def is_pending(change: Change) -> bool:
    """Tell whether the person of a change is invited and has not joined."""
    return change.ids.get("pending") == "true"
