"""Hold the whole organization as plain records, with the indexes that lists need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from lsnb.sandbox.ids import make_id, make_stamp, parse_stamp
from lsnb.sandbox.records import (
    AccessPolicy,
    Invitation,
    Json,
    Key,
    Membership,
    Organization,
    Person,
    Provider,
    Resource,
    Role,
    ScimToken,
    ServiceAccount,
    ShareLink,
    Tagging,
    TagKey,
    TagValue,
    TraceTtl,
    Usage,
    UsageLimit,
    Workspace,
)
from lsnb.sandbox.switches import Behaviours

T = TypeVar("T")

TABLES: dict[str, type] = {
    "roles": Role,
    "workspaces": Workspace,
    "people": Person,
    "memberships": Membership,
    "invitations": Invitation,
    "keys": Key,
    "service_accounts": ServiceAccount,
    "providers": Provider,
    "scim_tokens": ScimToken,
    "policies": AccessPolicy,
    "tag_keys": TagKey,
    "tag_values": TagValue,
    "taggings": Tagging,
    "resources": Resource,
    "share_links": ShareLink,
    "trace_ttls": TraceTtl,
    "usage_limits": UsageLimit,
    "usage": Usage,
}
_PLAIN = ("secrets", "sessions", "emails_sent", "confirmations", "audit", "other_organizations", "last_number")


class State:
    """The organization. Tables are dicts from id to record; change them through the rules, or call `touch()` after."""

    def __init__(self, organization: Organization, reference: datetime, behaviours: Behaviours | None = None) -> None:
        self.organization = organization
        self.reference = reference
        self.behaviours = behaviours or Behaviours()
        self.roles: dict[str, Role] = {}
        self.workspaces: dict[str, Workspace] = {}
        self.people: dict[str, Person] = {}
        self.memberships: dict[str, Membership] = {}
        self.invitations: dict[str, Invitation] = {}
        self.keys: dict[str, Key] = {}
        self.service_accounts: dict[str, ServiceAccount] = {}
        self.providers: dict[str, Provider] = {}
        self.scim_tokens: dict[str, ScimToken] = {}
        self.policies: dict[str, AccessPolicy] = {}
        self.tag_keys: dict[str, TagKey] = {}
        self.tag_values: dict[str, TagValue] = {}
        self.taggings: dict[str, Tagging] = {}
        self.resources: dict[str, Resource] = {}
        self.share_links: dict[str, ShareLink] = {}
        self.trace_ttls: dict[str, TraceTtl] = {}
        self.usage_limits: dict[str, UsageLimit] = {}
        self.usage: dict[str, Usage] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        """Workspace id to the names of its secrets, each with a hash."""
        self.sessions: dict[str, str] = {}
        """Hash of a browser session's token to the address of whoever signed in."""
        self.emails_sent: list[Json] = []
        """Every e-mail the server would have sent: email, kind, time."""
        self.confirmations: dict[str, str | None] = {}
        """Address to the time it was confirmed for SSO, None while that is open."""
        self.audit: list[Json] = []
        """The audit log's raw rows, oldest first."""
        self.other_organizations: list[Json] = []
        self.last_number = 0
        self.revision = 0
        self.places: dict[str, dict[str, Membership]] = {}
        """Person id to workspace id to membership."""
        self.rosters: dict[str, dict[str, Membership]] = {}
        """Workspace id to person id to membership."""
        self.key_by_hash: dict[str, Key] = {}
        self._memo: dict[Any, Any] = {}

    # Time, ids and change

    def now(self) -> datetime:
        """Return the server's time in UTC."""
        return self.reference if self.behaviours.clock == "fixed" else datetime.now(UTC)

    def stamp(self, days: float = 0) -> str:
        """Return the server's time as text, shifted by some days."""
        return make_stamp(self.now() + timedelta(days=days))

    def new_id(self, kind: str) -> str:
        """Return the next id; the same calls in the same order give the same ids."""
        self.last_number += 1
        return make_id("new", kind, self.last_number)

    def touch(self) -> None:
        """Note that something changed, so that nothing remembered is served again."""
        self.revision += 1
        self._memo.clear()

    def remember(self, key: Any, build: Callable[[], T]) -> T:
        """Return what was built under this key since the last change, building it when there is nothing."""
        full = (key, self.behaviours.as_key())
        if full not in self._memo:
            self._memo[full] = build()
        found: T = self._memo[full]
        return found

    # Indexed tables

    def add_person(self, person: Person) -> Person:
        """Keep an active member."""
        self.people[person.id] = person
        self.places.setdefault(person.id, {})
        self.touch()
        return person

    def drop_person(self, person: Person) -> None:
        """Forget a member together with every membership."""
        for membership in list(self.places.pop(person.id, {}).values()):
            self.drop_membership(membership)
        del self.people[person.id]
        self.touch()

    def add_membership(self, membership: Membership) -> Membership:
        """Keep a membership, replacing none: a person has one per workspace."""
        self.memberships[membership.id] = membership
        self.places.setdefault(membership.person_id, {})[membership.workspace_id] = membership
        self.rosters.setdefault(membership.workspace_id, {})[membership.person_id] = membership
        self.touch()
        return membership

    def drop_membership(self, membership: Membership) -> None:
        """Forget a membership."""
        del self.memberships[membership.id]
        self.places.get(membership.person_id, {}).pop(membership.workspace_id, None)
        self.rosters[membership.workspace_id].pop(membership.person_id, None)
        self.touch()

    def add_key(self, key: Key) -> Key:
        """Keep a key."""
        self.keys[key.id] = key
        self.key_by_hash[key.secret_hash] = key
        self.touch()
        return key

    def drop_key(self, key: Key) -> None:
        """Forget a key."""
        del self.keys[key.id]
        self.key_by_hash.pop(key.secret_hash, None)
        self.touch()

    # Looking up

    def find_role(self, name: str) -> Role:
        """Return a built-in role by its API name."""
        return next(role for role in self.roles.values() if role.name == name)

    def find_person(self, email: str) -> Person | None:
        """Return the active member with this address, whatever its case."""
        index: dict[str, Person] = self.remember(
            "people by e-mail", lambda: {p.email.lower(): p for p in self.people.values()}
        )
        return index.get(email.strip().lower())

    def find_invitation(self, email: str) -> Invitation | None:
        """Return the pending person with this address, whatever its case."""
        index: dict[str, Invitation] = self.remember(
            "invitations by e-mail", lambda: {i.email.lower(): i for i in self.open_invitations()}
        )
        return index.get(email.strip().lower())

    def open_invitations(self) -> list[Invitation]:
        """Return the invitations that have not expired (they never do unless a behaviour says so)."""
        days = self.behaviours.invitation_days
        if days is None:
            return list(self.invitations.values())
        oldest = self.stamp(days=-days)
        return [invitation for invitation in self.invitations.values() if invitation.created_at >= oldest]

    def live_workspaces(self) -> list[Workspace]:
        """Return the workspaces that have not been deleted, oldest first."""
        return [workspace for workspace in self.workspaces.values() if not workspace.is_deleted]

    def is_admin(self, person: Person) -> bool:
        """Tell whether a member is an Organization Admin."""
        return self.roles[person.role_id].name == "ORGANIZATION_ADMIN"

    def send_email(self, email: str, kind: str) -> None:
        """Note an e-mail that the service would have sent."""
        self.emails_sent.append({"email": email, "kind": kind, "time": self.stamp()})

    # For tests and demos

    def accept_invite(self, email: str) -> Person:
        """Let a pending person accept; the organization then has one more active member.

        Raises:
            KeyError: nobody with this address is pending.

        """
        from lsnb.sandbox.rules.people import accept

        invitation = self.find_invitation(email)
        if invitation is None:
            raise KeyError(f"nobody with the address {email} is pending")
        return accept(self, invitation)

    # Plain data

    def dump(self) -> Json:
        """Return the whole state as JSON values; secrets are in it only as hashes."""
        data: Json = {"organization": asdict(self.organization), "reference": make_stamp(self.reference)}
        for table, record in TABLES.items():
            names = [field.name for field in fields(record)]
            rows = getattr(self, table).values()
            data[table] = [{name: getattr(row, name) for name in names} for row in rows]
        for name in _PLAIN:
            data[name] = getattr(self, name)
        return data

    @classmethod
    def load(cls, data: Json, behaviours: Behaviours | None = None) -> State:
        """Return the state that `dump()` described."""
        state = cls(Organization(**data["organization"]), parse_stamp(data["reference"]), behaviours)
        adders: dict[str, Callable[[Any], object]] = {
            "people": state.add_person, "memberships": state.add_membership, "keys": state.add_key,
        }  # fmt: skip
        for table, record in TABLES.items():
            keep = getattr(state, table)
            for row in data[table]:
                made = record(**row)
                keep[made.id] = made
                if table in adders:
                    adders[table](made)
        for name in _PLAIN:
            setattr(state, name, data[name])
        return state
