"""From what was read to tables: which sources each table needs, and how complete that makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from lsnb.errors import LsnbError
from lsnb.loader.fetch import SourceData
from lsnb.loader.sources import ENDPOINTS
from lsnb.snapshot import Caller
from lsnb.tables import SPECS, access, activity, keys, people, settings, structure, tags
from lsnb.tables.completeness import Reading, build_completeness
from lsnb.tables.spec import noting_unread

#: So many cells are said one by one.
_MOST_SAID = 5


class Parts:
    """The sources of one reading, and the tables that several others are built from, each built once."""

    def __init__(self, data: Mapping[str, SourceData], caller: Caller) -> None:
        self._data = data
        self.caller = caller
        self._roles: pd.DataFrame | None = None
        self._workspaces: pd.DataFrame | None = None
        self._people: people.People | None = None

    def of(self, source: str) -> Any:
        """Give what a source gave; None where it was not read."""
        return self._data[source].data if source in self._data else None

    @property
    def roles(self) -> pd.DataFrame:
        """The roles; none where they could not be read, so that names fall back to what came along."""
        if self._roles is None:
            self._roles = structure.build_roles(self.of("roles") or [])
        return self._roles

    @property
    def workspaces(self) -> pd.DataFrame:
        """The workspaces; none where they could not be read."""
        if self._workspaces is None:
            self._workspaces = structure.build_workspaces(self.of("workspaces") or [])
        return self._workspaces

    @property
    def people(self) -> people.People:
        """The people by column."""
        if self._people is None:
            self._people = people.People(self.of("people"), self.roles)
        return self._people

    def build_access(self) -> pd.DataFrame:
        """Build `access` by the organization's plan and its separator for groups."""
        info = self.of("info") or {}
        return access.build_access(
            self.people,
            self.workspaces,
            has_rbac=bool((info.get("config") or {}).get("can_use_rbac", True)),
            group_separator=info.get("scim_group_name_separator") or ":",
        )


@dataclass(frozen=True, slots=True)
class Builder:
    """How a table is built.

    Args:
        build: makes the frame.
        needs: sources without which there is no table.
        helps: sources without which the table is poorer, and is called partial.
    """

    build: Callable[[Parts], pd.DataFrame]
    needs: tuple[str, ...]
    helps: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that the table is read from."""
        return self.needs + self.helps


BUILDERS: dict[str, Builder] = {
    "members": Builder(lambda p: people.build_members(p.people), ("people",), ("roles",)),
    "invites": Builder(lambda p: people.build_invites(p.people), ("people",), ("roles",)),
    "access": Builder(lambda p: p.build_access(), ("people", "workspaces"), ("roles", "info")),
    "workspaces": Builder(lambda p: p.workspaces.copy(), ("workspaces",)),
    "roles": Builder(lambda p: p.roles.copy(), ("roles",)),
    "permissions": Builder(lambda p: structure.build_permissions(p.of("roles")), ("roles",)),
    "permission_catalogue": Builder(
        lambda p: structure.build_permission_catalogue(p.of("catalogue"), p.of("roles")), ("roles",), ("catalogue",)
    ),
    "service_keys": Builder(
        lambda p: keys.build_service_keys(p.of("service_keys"), p.roles), ("service_keys",), ("roles", "workspaces")
    ),
    "access_tokens": Builder(
        lambda p: keys.build_access_tokens(
            p.of("access_tokens"), caller_email=p.caller.email, caller_id=p.caller.ls_user_id
        ),
        ("access_tokens",),
    ),
    "service_accounts": Builder(
        lambda p: keys.build_service_accounts(p.of("service_accounts"), p.workspaces),
        ("service_accounts",),
        ("workspaces",),
    ),
    "settings": Builder(lambda p: settings.build_settings(p.of("info")), ("info",)),
    "sso": Builder(lambda p: settings.build_sso(p.of("sso"), p.roles, p.workspaces), ("sso",), ("roles", "workspaces")),
    "scim_tokens": Builder(lambda p: keys.build_scim_tokens(p.of("scim_tokens")), ("scim_tokens",)),
    "policies": Builder(lambda p: settings.build_policies(p.of("policies"), p.roles), ("policies",), ("roles",)),
    "tags": Builder(lambda p: tags.build_tags(p.of("tags"), p.workspaces), ("tags",), ("policies", "workspaces")),
    "shared_links": Builder(
        lambda p: activity.build_shared_links(p.of("shared_links"), p.workspaces), ("shared_links",), ("workspaces",)
    ),
    "usage": Builder(lambda p: activity.build_usage(p.of("usage")), ("usage",), ("workspaces",)),
    "audit_log": Builder(lambda p: activity.build_audit_log(p.of("audit_log")), ("audit_log",)),
}


def build_tables(
    wanted: set[str],
    data: Mapping[str, SourceData],
    *,
    caller: Caller,
    unread: list[tuple[str, str, str]] | None = None,
) -> dict[str, pd.DataFrame]:
    """Build the wanted tables from what was read, and `completeness` over all tables.

    A table whose sources could not be read is left out, so that nobody takes it for empty. So is one whose source holds
    what is no list of records at all. A single value that is not understood is unknown, and is said in `completeness`.

    Args:
        wanted: the tables.
        data: what was read.
        caller: who the key acts for.
        unread: where the cells are noted that hold nothing that is understood, as (table, column, what stood there).
    """
    parts = Parts(data, caller)
    frames: dict[str, pd.DataFrame] = {}
    readings: list[Reading] = []
    for name, builder in BUILDERS.items():
        if name not in wanted:
            reason = "it was not asked for."
            readings.append(Reading(name, SPECS[name].endpoints[0], "not-loaded", reason=reason))
            continue
        told = [_reading(name, source, data, needed=source in builder.needs) for source in builder.sources]
        if all(data[source].is_there for source in builder.needs):
            with noting_unread() as noted:
                try:
                    frames[name] = builder.build(parts)
                except LsnbError:
                    raise
                except Exception as error:  # one answer that is not as promised must not cost the other tables
                    reason = (
                        f"the answer is not what was promised, so nothing is known ({type(error).__name__}: {error})."
                    )
                    told = [replace(reading, status="unreadable", reason=reason[:300]) for reading in told]
            if noted and name in frames:
                told = [replace(told[0], reason=_said(told[0].reason, noted)), *told[1:]]
            if unread is not None:
                unread += [(name, column, value) for column, value in noted]
        readings += told
    frames["completeness"] = build_completeness(readings)
    return {name: frames[name] for name in SPECS if name in frames}


def _reading(table: str, source: str, data: Mapping[str, SourceData], *, needed: bool) -> Reading:
    found = data[source]
    status = found.status
    if not needed and not found.is_there:
        # The table is there without it, with less in it.
        status = "partial"
    endpoint = found.endpoint or ENDPOINTS[source]
    return Reading(table, endpoint, status, found.promised, found.got, found.read_at, found.reason)


def _said(reason: str | None, noted: list[tuple[str, str]]) -> str:
    """Say which cells hold nothing that is understood."""
    cells = "; ".join(f"{column or 'a record'}: {value}" for column, value in noted[:_MOST_SAID])
    more = f" and {len(noted) - _MOST_SAID} more" if len(noted) > _MOST_SAID else ""
    said = f"unknown for what is there is not understood: {cells}{more}."
    return f"{reason} Also {said}" if reason else f"Read whole, but these cells are {said}"
