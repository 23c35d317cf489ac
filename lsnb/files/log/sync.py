"""Bringing a kept audit log up to date: only what is new, day by day, so that a kill loses nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import pandas as pd

from lsnb.errors import LogStoreError
from lsnb.errors.safe_text import visible_line
from lsnb.files.log.store import LogStore, Moment, to_moment
from lsnb.loader.fetch import without_collector
from lsnb.loader.sources import utc_now
from lsnb.service.progress import Display, Progress
from lsnb.tables.activity import build_audit_log

if TYPE_CHECKING:
    from lsnb.service.api import Api

#: How long the service keeps events.
RETENTION = pd.Timedelta(days=400)
#: How long an event may take to show up in the log; so much is read again by the next sync.
OVERLAP = pd.Timedelta(hours=6)
_DAY = pd.Timedelta(days=1)
# So many days are read side by side, and so many are read again after a kill.
_WAVE = 8


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did.

    Args:
        directory: the folder.
        organization: the organization's name.
        since: the beginning of what is kept, UTC.
        until: the end of what is kept, UTC.
        read_since: where this sync began to read, UTC; equal to `until` where there was nothing to read.
        n_read: how many events were read.
        n_new: how many of them were not kept yet.
        n_days: how many days have events.
        gaps: the times that are missing and why, one sentence each.
    """

    directory: Path
    organization: str
    since: pd.Timestamp
    until: pd.Timestamp
    read_since: pd.Timestamp
    n_read: int
    n_new: int
    n_days: int
    gaps: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        return {
            "directory": str(self.directory),
            "organization": self.organization,
            "since": _iso(self.since),
            "until": _iso(self.until),
            "read_since": _iso(self.read_since),
            "n_read": self.n_read,
            "n_new": self.n_new,
            "n_days": self.n_days,
            "gaps": list(self.gaps),
        }

    def __str__(self) -> str:
        head = (
            f"{self.n_new:,} new events of {self.n_read:,} read; {self.directory} keeps {self.organization} from "
            f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC, {self.n_days:,} days with events."
        )
        return "\n".join(map(visible_line, [head, *(f"Gap: {gap}" for gap in self.gaps)]))


class HasApi(Protocol):
    """Something that speaks to one organization, such as what `lsnb.connect` gives."""

    api: Api


def sync_log(
    organization: HasApi | Api,
    directory: str | os.PathLike[str],
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    overlap: pd.Timedelta = OVERLAP,
    display: Display | None = None,
    clock: Callable[[], pd.Timestamp] = utc_now,
) -> SyncResult:
    """Bring a kept audit log up to date.

    The first sync reads all that the service keeps, or from `since`; later ones go on where the last one ended, and
    read the last hours once more for events that showed up late. What is kept never has holes of its own making: an
    earlier `since` reads what is before, and a later one does not skip. Days whose file is gone or damaged are read
    anew.

    Args:
        organization: what `lsnb.connect` gave.
        directory: the folder, new or of an earlier sync of the same organization.
        since: how far back the log is to reach, UTC; as far as the service keeps it when None.
        until: how far it is to be read, UTC; now when None.
        overlap: how long events may take to show up.
        display: where the progress is shown; picked by surroundings when None.
        clock: the time now, UTC.

    Raises:
        LogStoreError: the folder holds another organization's log or other files, is being synchronised, or cannot
            be written to.
        PermissionDeniedError: the key may not read the log, or the plan has none.
        ApiError: the service failed.
        TransportError: no answer came. What was read until then is kept, and the next sync goes on.
    """
    api = cast("Api", getattr(organization, "api", None) or organization)
    store = LogStore(directory)
    with store.locked():
        store.clean()
        state = store.read_state()
        info = api.get_organization_info()
        _check_organization(store, state, info)
        now = clock()
        end = now if until is None else min(to_moment(until), now)
        begin = None if since is None else to_moment(since)
        if begin is not None and begin >= end:
            raise LogStoreError(f"since ({begin:%Y-%m-%d %H:%M} UTC) is not before until ({end:%Y-%m-%d %H:%M} UTC).")
        sync = _Sync(api, store, state, now=now, overlap=overlap)
        sync.state |= {
            "organization_id": str(info.get("id")),
            "organization": str(info.get("display_name") or info.get("id")),
            "host": api.transport.settings.host,
        }
        sync.state.setdefault("days", {})
        sync.state.setdefault("gaps", [])
        windows = sync.plan(begin, end)
        with Progress("Reading the audit log", display=display) as progress, without_collector():
            for window in windows:
                sync.read(*window, progress)
        sync.settle(end)
    return sync.result(windows)


class _Sync:
    """One sync on its way."""

    def __init__(
        self, api: Api, store: LogStore, state: dict[str, Any], *, now: pd.Timestamp, overlap: pd.Timedelta
    ) -> None:
        self.api = api
        self.store = store
        self.state = state
        self.now = now
        self.overlap = overlap
        self.oldest = now - RETENTION
        self.n_read = 0
        self.n_new = 0

    def plan(self, begin: pd.Timestamp | None, end: pd.Timestamp) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
        """Decide which times to read, oldest first; gaps that cannot be read any more are noted."""
        if "until" not in self.state:
            start = max(begin or self.oldest, self.oldest)
            if begin is not None and begin < self.oldest:
                self._note_gap(begin, self.oldest, "before that the service keeps nothing")
            # Nothing is covered yet: the end of what is kept is its beginning.
            self.state |= {"since": _iso(start), "until": _iso(start), "settled_until": _iso(start)}
            return [(start, end)] if start < end else []
        windows = []
        covered, settled = to_moment(self.state["since"]), to_moment(self.state["settled_until"])
        if begin is not None and begin < covered:
            if begin < self.oldest:
                self._note_gap(begin, min(covered, self.oldest), "the service keeps it no longer")
            if max(begin, self.oldest) < covered:
                windows.append((max(begin, self.oldest), covered))
        windows += self._damaged(settled)
        if settled < self.oldest:
            last = to_moment(self.state["until"])
            if last < self.oldest:
                self._note_gap(last, self.oldest, "no sync ran while the service still had it")
            settled = self.oldest
        if settled < end:
            windows.append((settled, end))
        return windows

    def _damaged(self, settled: pd.Timestamp) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
        """Find the days whose file does not hold what was written, and note what cannot be read again."""
        windows = []
        for day, rows in sorted(self.state["days"].items()):
            found = self.store.count_rows(day)
            if found is not None and found >= rows:
                continue
            # The first day is kept from the hour on at which the log begins, and no more of it is read again.
            start, end = max(to_moment(day), to_moment(self.state["since"])), to_moment(day) + _DAY
            if start < self.oldest:
                self._note_gap(start, min(end, self.oldest), "its file was lost after the service had let it go")
                self.state["days"][day] = found or 0
            if max(start, self.oldest) < min(end, settled):
                windows.append((max(start, self.oldest), min(end, settled)))
        return windows

    def read(self, start: pd.Timestamp, end: pd.Timestamp, progress: Progress) -> None:
        """Read a time day by day, the newest of a wave last, and keep every wave before the next one."""
        days = _cut(start, end)
        progress.expect(len(days))
        if to_moment(self.state["since"]) > start:
            # What lies before is read backwards, so that what is kept stays in one piece.
            days = days[::-1]
        # The first day alone: where the key may not read the log, one refusal tells.
        waves = [days[:1], *(days[at : at + _WAVE] for at in range(1, len(days), _WAVE))]
        for wave in waves:
            frames = self.api.transport.map(
                lambda day: build_audit_log(self.api.list_audit_log(*day)),
                wave,
                on_result=lambda frame: progress.step(f"{self.n_read + len(frame):,} events"),
            )
            self.n_read += sum(map(len, frames))
            counts, n_new = self.store.add(pd.concat(frames, ignore_index=True))
            self.n_new += n_new
            self.state["days"] |= counts
            self._cover(min(day[0] for day in wave), max(day[1] for day in wave))

    def _cover(self, start: pd.Timestamp, end: pd.Timestamp) -> None:
        """Remember that a time is kept, up to where late events may still come."""
        since, until = to_moment(self.state["since"]), to_moment(self.state["until"])
        self.state["since"] = _iso(min(since, start))
        self.state["until"] = _iso(max(until, end))
        if end > until or end > to_moment(self.state["settled_until"]):
            self.state["settled_until"] = _iso(min(end, max(self.now - self.overlap, since)))
        self.store.write_state(self.state)

    def settle(self, end: pd.Timestamp) -> None:
        """Write down that the sync is done, also where there was nothing to read."""
        self.state["synced_at"] = _iso(self.now)
        self.store.write_state(self.state)

    def _note_gap(self, start: pd.Timestamp, end: pd.Timestamp, why: str) -> None:
        gap = {"from": _iso(start), "to": _iso(end), "why": why}
        known = [(other["from"], other["why"]) for other in self.state["gaps"]]
        if (gap["from"], why) not in known:
            self.state["gaps"].append(gap)

    def result(self, windows: list[tuple[pd.Timestamp, pd.Timestamp]]) -> SyncResult:
        """Sum the sync up."""
        until = to_moment(self.state["until"])
        gaps = tuple(f"{gap['from'][:16]} to {gap['to'][:16]} UTC: {gap['why']}." for gap in self.state["gaps"])
        return SyncResult(
            directory=self.store.directory,
            organization=self.state["organization"],
            since=to_moment(self.state["since"]),
            until=until,
            read_since=min((start for start, _ in windows), default=until),
            n_read=self.n_read,
            n_new=self.n_new,
            n_days=len(self.store.days()),
            gaps=gaps,
        )


def _check_organization(store: LogStore, state: dict[str, Any], info: dict[str, Any]) -> None:
    known = state.get("organization_id")
    if known and known != str(info.get("id")):
        raise LogStoreError(
            f"{str(store.directory)!r} keeps the log of {state.get('organization')} ({known}), and this key is of "
            f"{info.get('display_name')} ({info.get('id')}). Name another folder; nothing was changed."
        )


def _cut(start: pd.Timestamp, end: pd.Timestamp) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Cut a time at midnights, UTC."""
    edges = [start, *pd.date_range(start.floor("D") + _DAY, end, freq="D", inclusive="left"), end]
    return [(a, b) for a, b in pairwise(edges) if a < b]


def _iso(moment: pd.Timestamp) -> str:
    return moment.tz_convert("UTC").isoformat().replace("+00:00", "Z")
