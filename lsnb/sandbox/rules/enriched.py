"""List active and pending people together with their workspaces (API.md 8.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lsnb.sandbox.access import Caller
from lsnb.sandbox.records import Invitation, Json, Person
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.rules.shapes import name_role
from lsnb.sandbox.state import State

Record = Person | Invitation


@dataclass(frozen=True, slots=True)
class EnrichedQuery:
    """The query parameters of the enriched list; globs are any-match."""

    limit: int = 50
    offset: int = 0
    active_is: bool | None = None
    pending_is: bool | None = None
    name_like: tuple[str, ...] = field(default=())
    email_like: tuple[str, ...] = field(default=())
    workspace_name_like: tuple[str, ...] = field(default=())
    organization_role_like: tuple[str, ...] = field(default=())
    workspace_role_like: tuple[str, ...] = field(default=())


class EnrichedPage(NamedTuple):
    """One page, with what its headers say."""

    rows: list[Json]
    total: int
    lists_all_workspaces: bool


def list_enriched(caller: Caller, query: EnrichedQuery) -> EnrichedPage:
    """Return one page; callers without `organization:manage` see only the workspaces they are in."""
    if not 1 <= query.limit <= 500:
        raise RefusedError(400, "limit must be between 1 and 500")
    if query.offset < 0:
        raise RefusedError(400, "offset must not be negative")
    state = caller.state
    sees_all = caller.may("organization:manage")
    visible = None if sees_all else frozenset(w.id for w in caller.visible_workspaces())
    people = state.remember(("enriched", query_filters(query), visible), lambda: _find(state, query, visible))
    page = people[query.offset : query.offset + query.limit]
    return EnrichedPage(_Shaper(state, visible).shape(page), len(people), sees_all)


def query_filters(query: EnrichedQuery) -> tuple[object, ...]:
    """Return the part of a query that decides who is listed, without the paging."""
    return (
        query.active_is,
        query.pending_is,
        query.name_like,
        query.email_like,
        query.workspace_name_like,
        query.organization_role_like,
        query.workspace_role_like,
    )


class _Shaper:
    """Turns records into rows, looking the names of roles and workspaces up once for a whole page."""

    def __init__(self, state: State, visible: frozenset[str] | None) -> None:
        self.state = state
        self.visible = visible
        self.roles = {role_id: name_role(state, role_id) or "" for role_id in state.roles}
        self.workspaces = {workspace.id: workspace.display_name for workspace in state.workspaces.values()}

    def shape(self, records: Sequence[Record]) -> list[Json]:
        """Return one row per record. The Go service writes absent texts as empty ones."""
        return [
            self._shape_pending(record) if isinstance(record, Invitation) else self._shape_active(record)
            for record in records
        ]

    def _shape_active(self, person: Person) -> Json:
        return {
            "id": person.id,
            "email": person.email,
            "display_name": person.full_name,
            "avatar_url": person.avatar_url or "",
            "created_at": person.created_at,
            "is_pending": False,
            "is_disabled": person.is_disabled,
            "ls_user_id": person.ls_user_id,
            "role_id": person.role_id,
            "role_name": self.roles.get(person.role_id, ""),
            "linked_login_methods": [
                {"provider": method["provider"], "provisioning": method.get("provisioning_method") or ""}
                for method in person.login_methods
            ],
            "scim_groups": person.scim_groups,
            "workspace_memberships": self._shape_places(person),
        }

    def _shape_pending(self, invitation: Invitation) -> Json:
        return {
            "id": invitation.id,
            "email": invitation.email,
            "display_name": invitation.full_name or "",
            "avatar_url": "",
            "created_at": invitation.created_at,
            "is_pending": True,
            "is_disabled": False,
            "ls_user_id": "",
            "role_id": invitation.role_id,
            "role_name": self.roles.get(invitation.role_id, ""),
            "linked_login_methods": [],
            "scim_groups": [],
            "workspace_memberships": self._shape_places(invitation),
        }

    def _shape_places(self, record: Record) -> list[Json]:
        return [
            {
                "workspace_id": workspace_id,
                "workspace_name": self.workspaces[workspace_id],
                "role_id": role_id or "",
                "role_name": self.roles.get(role_id or "", ""),
            }
            for workspace_id, role_id in _places(self.state, record)
            if self.visible is None or workspace_id in self.visible
        ]


def _places(state: State, record: Record) -> Iterable[tuple[str, str | None]]:
    """Give the workspaces of a person with the role there, in a fixed order."""
    if isinstance(record, Invitation):
        return [(workspace_id, place["role_id"]) for workspace_id, place in record.places.items()]
    if state.behaviours.enriched_implicit_admins and state.is_admin(record):
        admin = state.find_role("WORKSPACE_ADMIN").id
        return [(workspace.id, admin) for workspace in state.live_workspaces()]
    return [(membership.workspace_id, membership.role_id) for membership in state.places[record.id].values()]


def _find(state: State, query: EnrichedQuery, visible: frozenset[str] | None) -> list[Record]:
    people: list[Record] = []
    if query.active_is is not False and query.pending_is is not True:
        people += state.people.values()
    if query.pending_is is not False and query.active_is is not True:
        people += state.open_invitations()
    people.sort(key=lambda record: (record.created_at, record.id))
    globs = _Globs(state, query, visible)
    return [record for record in people if globs.match(record)] if globs.any else people


class _Globs:
    """The glob filters of one query, compiled once."""

    def __init__(self, state: State, query: EnrichedQuery, visible: frozenset[str] | None) -> None:
        self.state = state
        self.visible = visible
        self.name = _compile(query.name_like)
        self.email = _compile(query.email_like)
        self.workspace = _compile(query.workspace_name_like)
        self.org_role = _compile(query.organization_role_like)
        self.role = _compile(query.workspace_role_like)
        self.any = any((self.name, self.email, self.workspace, self.org_role, self.role))

    def match(self, record: Record) -> bool:
        """Tell whether a person passes every filter; the two about workspaces must hold for one and the same."""
        plain = (
            (self.name, record.full_name or ""),
            (self.email, record.email),
            (self.org_role, name_role(self.state, record.role_id) or ""),
        )
        if not all(pattern is None or pattern.fullmatch(text) for pattern, text in plain):
            return False
        if self.workspace is None and self.role is None:
            return True
        places = (p for p in _places(self.state, record) if self.visible is None or p[0] in self.visible)
        return any(self._match_place(workspace_id, role_id) for workspace_id, role_id in places)

    def _match_place(self, workspace_id: str, role_id: str | None) -> bool:
        name = self.state.workspaces[workspace_id].display_name
        if self.workspace and not (self.workspace.fullmatch(name) or self.workspace.fullmatch(workspace_id)):
            return False
        return self.role is None or self.role.fullmatch(name_role(self.state, role_id) or "") is not None


def _compile(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return one pattern for all globs: `*` stands for any text, case does not matter."""
    if not globs:
        return None
    alternatives = ("".join(".*" if char == "*" else re.escape(char) for char in glob) for glob in globs)
    return re.compile("|".join(f"(?:{text})" for text in alternatives), re.IGNORECASE | re.DOTALL)
