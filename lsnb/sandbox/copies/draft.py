"""Hold a copy in the making, and what real ids and names lead to in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from lsnb.sandbox.copies.names import Names
from lsnb.sandbox.copies.rows import Snapshot, read
from lsnb.sandbox.ids import make_id, make_stamp, to_utc
from lsnb.sandbox.permissions import make_system_roles
from lsnb.sandbox.records import Json, Organization, Person, Role, Workspace
from lsnb.sandbox.state import State


class Draft:
    """A copy in the making. Whatever is looked up here is real; whatever comes out belongs to the copy."""

    def __init__(self, snapshot: Snapshot, names: Names, reference: datetime, *, shift: timedelta) -> None:
        self.snapshot = snapshot
        self.names = names
        self.shift = shift
        self.notes: list[str] = []
        self._rows: dict[str, list[Json]] = {}
        meta = snapshot.meta
        organization_id = names.id(meta.organization_id) if meta.organization_id else names.make("organization")
        organization = Organization(organization_id, names.organization(meta.organization), make_stamp(reference))
        self.state = State(organization, reference)
        self.now = make_stamp(reference)
        self.workspaces: dict[str, Workspace] = {}
        """Real id to workspace."""
        self.workspace_ids: dict[str, str] = {}
        """Real name to the id in the copy; of two with one name, the one that is not deleted."""
        self.people: dict[str, Person] = {}
        """Real address, identity id or id over all organizations to the member."""
        self.system_roles = {fields["name"]: fields for fields in make_system_roles()}

    def read(self, name: str) -> list[Json]:
        """Return the rows of a table; none where it was not read. They are kept, as several parts look at `access`."""
        if name not in self._rows:
            self._rows[name] = read(self.snapshot, name)
        return self._rows[name]

    def numbered(self, kind: str, number: int, real: str) -> str:
        """Return what a workspace or a custom role is called."""
        name = self.names.numbered(kind, number, real)
        separator = self.state.organization.settings.get("scim_group_name_separator")
        # A blank in an invented name would end a part of a group's name where blanks separate them.
        return name.replace(" ", "-") if self.names.has_pseudonyms and separator == " " else name

    def stamp(self, moment: Any, default: str | None = None) -> str | None:
        """Return a time of the snapshot as text."""
        return default if moment is None else make_stamp(to_utc(moment) + self.shift)

    def since(self, moment: Any) -> str:
        """Return a time of the snapshot as text, or that of the reading where it is not known."""
        return self.stamp(moment) or self.now

    def role_id(self, real_id: str | None, system_name: str | None = None) -> str | None:
        """Return a role of the copy by its real id, or by its system name where that is all that is known."""
        if real_id is not None:
            found = self.names.id(real_id)
            if found in self.state.roles:
                return found
        return self.system_role_id(system_name) if system_name and system_name in self.system_roles else None

    def system_role_id(self, name: str) -> str:
        """Return a built-in role of the copy."""
        return self.state.find_role(name).id

    def add_role(self, real_id: str | None, name: str, display_name: str, scope: str, **fields: Any) -> Role:
        """Add a role; a built-in one has the documented permissions unless others are given."""
        known = self.system_roles.get(name)
        # The demo organizations' own ids for roles that the snapshot does not list.
        missing = self.names.id(make_id("system role", name))
        role = Role(
            id=self.names.id(real_id) if real_id is not None else missing,
            name=name,
            display_name=known["display_name"] if known else display_name,
            description=fields.get("description") or "",
            permissions=fields.get("permissions") or (list(known["permissions"]) if known else []),
            access_scope=known["access_scope"] if known else scope,
            organization_id=None if known else self.state.organization.id,
            is_restricted=bool(fields.get("is_restricted")),
        )
        self.state.roles[role.id] = role
        return role

    def find_person(self, real: str | None) -> Person | None:
        """Return a member by anything that the tables call people."""
        return self.people.get(real.strip().lower()) if real else None
