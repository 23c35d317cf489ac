"""Reading an organization once, in the fewest calls, into a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import ConfigError
from lsnb.loader.fetch import Fetcher, SourceData, check_names, without_collector
from lsnb.loader.frames import BUILDERS, build_tables
from lsnb.loader.sources import ENDPOINTS, Sources, utc_now
from lsnb.service.identity import anonymous, identify_if_possible
from lsnb.service.progress import Display, Progress
from lsnb.snapshot import Caller, Snapshot, SnapshotMeta

if TYPE_CHECKING:
    from lsnb.service.api import Api

__all__ = ["DEFAULT_TABLES", "load_snapshot_of"]

#: What is read when nothing is asked for by name: everything.
DEFAULT_TABLES: tuple[str, ...] = tuple(BUILDERS)

#: As far back as anything can be asked for: a thousand years.
_MOST_DAYS = 365_000
#: So many cells that are not understood are kept with a snapshot, and of each column at least one.
_MOST_KEPT = 1000


def load_snapshot_of(
    api: Api,
    *,
    tables: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    usage_days: float = 30,
    audit_days: float = 7,
    caller: Caller | None = None,
    version: str = "",
    display: Display | None = None,
    clock: Callable[[], pd.Timestamp] = utc_now,
) -> Snapshot:
    """Read an organization into a snapshot.

    The tables about people and their access take 3 + ⌈N/500⌉ requests for N people.

    Args:
        api: the service.
        tables: the tables to read; all when None. Tables that the same answers give come along.
        exclude: tables to leave out.
        usage_days: how far back `usage` goes, in days; 0 leaves it out.
        audit_days: how far back `audit_log` goes, in days; 0 leaves it out.
        caller: who the key acts for, where that is known already.
        version: the version of lsnb, for the record.
        display: where the progress is shown; picked by surroundings when None.
        clock: the time now, UTC.

    Raises:
        ConfigError: a table of that name does not exist, or a number of days is none.
        ApiError: the service failed, or does not know the key. What the key merely may not read is no error; it is
            recorded in `completeness`.
        TransportError: no answer came.
        IncompleteListError: a list came back shorter than the service said.
    """
    for what, days in (("usage_days", usage_days), ("audit_days", audit_days)):
        if not 0 <= days <= _MOST_DAYS:
            raise ConfigError(f"{what} is a number of days from 0 to {_MOST_DAYS:,}, not {days!r}.")
    left_out = set(exclude) | (set() if audit_days > 0 else {"audit_log"}) | (set() if usage_days > 0 else {"usage"})
    wanted = set(DEFAULT_TABLES if tables is None else tables)
    check_names(wanted | left_out, BUILDERS, "table")
    wanted -= left_out
    if not wanted:
        raise ConfigError(f"No table is left to read. There are: {', '.join(BUILDERS)}.")
    needed = {source for table in wanted for source in BUILDERS[table].sources} | {"info"}
    # What the same answers give anyway comes along: the matrix of `access` needs `workspaces`.
    wanted |= {name for name, builder in BUILDERS.items() if needed.issuperset(builder.sources)} - left_out
    key = api.transport.settings.key
    with without_collector(), Progress("Reading the organization", display=display) as progress:
        progress.expect(len(needed))
        sources = Sources(api, progress, usage_days=usage_days, audit_days=audit_days)
        desk = Fetcher(
            sources.readers(),
            endpoints=ENDPOINTS,
            clock=clock,
            on_done=lambda name: progress.step(name.replace("_", " ")),
        )
        # A key that is not known to belong to one organization asks which it is first: all that follows names it.
        first = set() if api.transport.organization_id else {"info"}
        data = desk.read(needed, first=first)
        if caller is None:
            # One request more, which the tables about people alone do not need.
            is_small = needed <= {"people", "workspaces", "roles", "info"}
            caller = anonymous(key) if is_small else _ask_for_caller(api, data)
    unread: list[tuple[str, str, str]] = []
    with without_collector():
        frames = build_tables(wanted, data, caller=caller, unread=unread)
    info = data["info"].data or {}
    meta = SnapshotMeta(
        organization_id=str(info.get("id") or api.transport.organization_id or ""),
        organization=str(info.get("display_name") or "the organization"),
        host=api.transport.settings.host,
        read_at=clock(),
        caller=replace(caller, is_organization_wide=data["info"].is_there),
        version=version,
        usage_since=clock() - pd.Timedelta(days=usage_days) if "usage" in frames else None,
        unread_cells=_kept(unread),
    )
    return Snapshot(meta, frames).read_by(caller)


def _kept(unread: list[tuple[str, str, str]]) -> tuple[tuple[str, str, str], ...]:
    """Keep some of the cells that are not understood; that a column has any is never lost, since checks ask for it."""
    first = {(table, column): (table, column, value) for table, column, value in reversed(unread)}
    return tuple([*unread[:_MOST_KEPT], *(cell for cell in first.values() if cell not in unread[:_MOST_KEPT])])


def _ask_for_caller(api: Api, data: dict[str, SourceData]) -> Caller:
    workspaces: list[dict[str, Any]] = (data["workspaces"].data or []) if "workspaces" in data else []
    seen = [str(place["id"]) for place in workspaces]
    key = api.transport.settings.key
    return identify_if_possible(api, key, workspace_id=seen[0] if seen else None, workspace_ids=seen or None)
