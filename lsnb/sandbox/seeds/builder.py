"""Put an organization together from names and days; ids are made from names, times from the reference date."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from lsnb.sandbox.ids import make_demo_secret, make_hash, make_id, make_short_key, make_stamp
from lsnb.sandbox.permissions import make_system_roles
from lsnb.sandbox.plans import ENTERPRISE
from lsnb.sandbox.records import (
    Invitation,
    Json,
    Key,
    KeyKind,
    Membership,
    Organization,
    Person,
    Resource,
    Role,
    Workspace,
)
from lsnb.sandbox.rules.audit import make_row
from lsnb.sandbox.state import State
from lsnb.sandbox.switches import Behaviours

ORG_ROLES = {
    "A": "ORGANIZATION_ADMIN",
    "O": "ORGANIZATION_OPERATOR",
    "U": "ORGANIZATION_USER",
    "V": "ORGANIZATION_VIEWER",
}
PLACE_ROLES = {"A": "WORKSPACE_ADMIN", "E": "WORKSPACE_USER", "V": "WORKSPACE_VIEWER"}


class Builder:
    """An organization in the making."""

    def __init__(self, reference: datetime, behaviours: Behaviours | None) -> None:
        self.reference = reference
        self._behaviours = behaviours
        self._state: State | None = None
        self.slug = ""
        self.workspaces: dict[str, str] = {}
        """Short name to id."""
        self.roles: dict[str, str] = {}
        """Letter or short name to the id of a workspace role."""
        self.org_roles: dict[str, str] = {}
        """Letter to the id of an organization role."""

    @property
    def state(self) -> State:
        """Return the state so far."""
        if self._state is None:
            raise RuntimeError("begin() comes first")
        return self._state

    def id(self, *parts: object) -> str:
        """Return the id of something with a name."""
        return make_id(self.slug, *parts)

    def ago(self, days: float) -> str:
        """Return the time so many days before the reference date."""
        return make_stamp(self.reference - timedelta(days=days))

    def work_time(self, days: float, salt: object = "") -> str:
        """Return a moment in working hours at or before so many days ago: never at night or on a weekend."""
        day = self.reference - timedelta(days=days)
        while day.weekday() >= 5:
            day -= timedelta(days=1)
        minutes = self.number(salt, days) % (7 * 60)
        moment = day.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)
        return make_stamp(moment - timedelta(days=1) if moment > self.reference else moment)

    @staticmethod
    def number(*parts: object) -> int:
        """Return a number that looks random and is always the same for the same parts."""
        digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
        return int.from_bytes(digest[:6], "big")

    def begin(self, slug: str, display_name: str, **fields: Any) -> Organization:
        """Start an organization with the built-in roles."""
        self.slug = slug
        defaults: dict[str, Any] = {"config": dict(ENTERPRISE), "created_at": self.ago(520)}
        organization = Organization(id=self.id("organization"), display_name=display_name, **(defaults | fields))
        self._state = State(organization, self.reference, self._behaviours)
        for fields_ in make_system_roles():
            # One id for each built-in role whatever the organization, as they belong to none.
            role = Role(id=make_id("system role", fields_["name"]), **fields_)
            self.state.roles[role.id] = role
        by_name = {role.name: role.id for role in self.state.roles.values()}
        self.org_roles = {letter: by_name[name] for letter, name in ORG_ROLES.items()}
        self.roles = {letter: by_name[name] for letter, name in PLACE_ROLES.items()}
        return organization

    def custom_role(self, short: str, display_name: str, description: str, permissions: Sequence[str]) -> Role:
        """Add a custom workspace role."""
        role = Role(
            self.id("role", short), "CUSTOM", display_name, description, list(permissions), "workspace",
            self.state.organization.id,
        )  # fmt: skip
        self.state.roles[role.id] = role
        self.roles[short] = role.id
        return role

    def workspace(self, short: str, display_name: str, *, days: float = 500, handle: str | None = None) -> Workspace:
        """Add a workspace."""
        workspace = Workspace(self.id("workspace", short), display_name, self.ago(days), handle)
        self.state.workspaces[workspace.id] = workspace
        self.workspaces[short] = workspace.id
        return workspace

    def person(
        self, email: str, full_name: str, role: str, places: str = "", *, days: float = 300,
        logins: Sequence[tuple[str, str | None]] = (("supabase:sso", "scim"),), groups: Sequence[str] = (),
        disabled: bool = False,
    ) -> Person:  # fmt: skip
        """Add an active member; `places` is a text such as `prod:A rsch:E`."""
        at = self.ago(days)
        providers = list(self.state.providers.values())
        person = Person(
            id=self.id("identity", email),
            email=email,
            full_name=full_name,
            user_id=self.id("user", email),
            ls_user_id=self.id("ls user", email),
            role_id=self.org_roles[role],
            created_at=at,
            is_disabled=disabled,
            login_methods=[
                {
                    "id": self.id("login", email, provider),
                    "provider": provider,
                    "provisioning_method": how,
                    "saml_provider_id": providers[0].provider_id if provider == "supabase:sso" and providers else None,
                    "created_at": at,
                }
                for provider, how in logins
            ],
            scim_groups=[{"name": name, "created_at": at} for name in groups],
        )
        self.state.add_person(person)
        for place in places.split():
            self.place(email, *place.split(":"), days=days)
        return person

    def place(self, email: str, workspace: str, role: str, *, days: float = 300) -> Membership:
        """Put a member into a workspace."""
        return self.state.add_membership(
            Membership(
                self.id("membership", email, workspace),
                self.id("identity", email),
                self.workspaces[workspace],
                self.roles[role] if role else None,
                self.ago(days),
            )
        )

    def invite(
        self, email: str, role: str, places: Iterable[str] = (), *, days: float, place_role: str = "E",
        full_name: str | None = None, by: str | None = None,
    ) -> Invitation:  # fmt: skip
        """Add a pending person."""
        at = self.ago(days)
        invitation = Invitation(
            id=self.id("invitation", email),
            email=email,
            role_id=self.org_roles[role],
            created_at=at,
            workspace_role_id=self.roles[place_role] if places else None,
            full_name=full_name,
            places={
                self.workspaces[short]: {
                    "id": self.id("pending place", email, short),
                    "role_id": self.roles[place_role],
                    "created_at": at,
                }
                for short in places
            },
            invited_by=self.id("identity", by) if by else None,
        )
        self.state.invitations[invitation.id] = invitation
        return invitation

    def key(
        self, name: str, kind: KeyKind, owner: str | None, description: str, *, days: float, used: float | None,
        expires: float | None = None, workspaces: Sequence[str] | None = None, role: str | None = None,
        org_role: str | None = None, default: str | None = None, is_demo: bool = False,
    ) -> Key:  # fmt: skip
        """Add a key; `expires` counts days from now on, negative is the past. A demo key is handed to the user."""
        secret = make_demo_secret("lsv2_pt_" if kind == "pat" else "lsv2_sk_", self.state.organization.id, name)
        places = [self.workspaces[short] for short in workspaces] if workspaces is not None else None
        return self.state.add_key(
            Key(
                id=self.id("key", name),
                kind=kind,
                secret_hash=make_hash(secret),
                short_key=make_short_key(secret),
                description=description,
                created_at=self.ago(days),
                name=name if is_demo else "",
                person_id=self.id("identity", owner) if owner else None,
                workspace_ids=places,
                role_id=self.roles[role] if role else None,
                org_role_id=self.org_roles[org_role] if org_role else None,
                default_workspace_id=self.workspaces[default] if default else next(iter(places or []), None),
                expires_at=self.ago(-expires) if expires is not None else None,
                last_used_at=self.ago(used) if used is not None else None,
            )
        )

    def resource(self, workspace: str, kind: str, name: str) -> Resource:
        """Add something that can carry tags, traces or a link."""
        place = self.workspaces[workspace]
        resource = Resource(self.id("resource", workspace, kind, name), place, kind, name)
        self.state.resources[resource.id] = resource
        return resource

    def log(
        self, time: str, operation: str, email: str | None, *, method: str = "POST", path: str = "/", status: int = 200,
        workspace: str | None = None, key: str | None = None, resources: Sequence[str] = (), host: str = "198.51.100.7",
    ) -> Json:  # fmt: skip
        """Add a row to the audit log; `finish` puts the rows in order."""
        row = make_row(
            self.state,
            operation,
            number=len(self.state.audit),
            time=time,
            key_id=self.id("key", key) if key else None,
            person_id=self.id("identity", email) if email else None,
            workspace_id=self.workspaces[workspace] if workspace else None,
            method=method,
            path=path,
            status=status,
            host=host,
            port=443,
            resource_ids=list(resources),
        )
        self.state.audit.append(row)
        return row

    def finish(self) -> State:
        """Return the state, with the log in order."""
        self.state.audit.sort(key=lambda row: (row["request_time"], row["id"]))
        self.state.touch()
        return self.state
