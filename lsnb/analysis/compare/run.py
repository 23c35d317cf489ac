"""Comparing two snapshots: all areas, then the events that explain what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from lsnb.analysis.compare.events import Windows, attribute, events_of
from lsnb.analysis.compare.model import DIFF_COLUMNS, Diff
from lsnb.analysis.compare.people import compare_access, compare_invites, compare_members, match_people
from lsnb.analysis.compare.rows import join_rows
from lsnb.analysis.compare.tables import AREAS, compare_permissions, compare_table
from lsnb.errors import DiffError
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

_TABLES = ("members", "invites", "access", "permissions", *(area.table for area in AREAS))
#: Which table stands behind the rows of an area.
TABLE_OF = {"people": "members", "invitations": "invites", "access": "access"} | {a.area: a.table for a in AREAS}


def diff(
    before: Snapshot, after: Snapshot, log: pd.DataFrame | None = None, *, snapshots: Iterable[Snapshot] = ()
) -> Diff:
    """Compare two snapshots of one organization, person by person, role by role, setting by setting.

    People and things are the same when their ids are: another name is a rename, and an invitation that was accepted
    is `joined`. A table that one of the two could not read is not compared, and said so; where it was read in part, what
    is on one side only is neither called added nor removed.

    Each difference is joined to the event of the audit log that caused it: one between the two readings, that succeeded,
    of an operation that can cause it, about the same id; else in the same workspace; else of that operation and about
    nothing else that is known. Where several fit, the last one is taken and the others are counted.

    Args:
        before: the earlier snapshot.
        after: the later snapshot.
        log: the audit log, such as `read_log` gives; the logs in the two snapshots are used as well.
        snapshots: further snapshots that know names of people and keys that are in neither of the two.

    Raises:
        DiffError: the snapshots are of different organizations.
    """
    if before.meta.organization_id != after.meta.organization_id:
        raise DiffError(
            f"The snapshots are of different organizations: {before.meta.organization} "
            f"({before.meta.organization_id}) and {after.meta.organization} ({after.meta.organization_id}). "
            "Compare two of the same one."
        )
    whole = {table: _is_whole(before, after, table) for table in _TABLES}
    gaps = [_gap(before, after, table) for table, is_whole in whole.items() if not is_whole]
    found = join_rows(_differences(before, after, whole))
    windows = Windows(before, after)
    events = events_of([log, _log_of(before), _log_of(after)], windows)
    frame = attribute(found, events, windows, TABLE_OF, [after, before, *snapshots])
    not_compared = pd.DataFrame(gaps, columns=["table", "status", "reason"])
    return Diff(
        frame=frame[list(DIFF_COLUMNS)],
        not_compared=not_compared.astype(DTYPES["text"]),
        before=before.meta,
        after=after.meta,
        n_events=None if events is None else len(events),
        notes=tuple(_notes(before, after, frame, log)),
    )


def _log_of(snapshot: Snapshot) -> pd.DataFrame | None:
    return snapshot.table("audit_log") if snapshot.is_readable("audit_log") else None


def _differences(a: Snapshot, b: Snapshot, whole: Mapping[str, bool]) -> list[pd.DataFrame]:
    parts: list[pd.DataFrame] = []
    new_names = {
        "workspaces": _new_names(a, b, "workspaces", "workspace_id", "workspace"),
        "roles": _new_names(a, b, "roles", "role_id", "role"),
    }
    if _both(a, b, "members"):
        members = a.table("members"), b.table("members")
        invites = a.table("invites") if a.is_readable("invites") else None
        people = match_people(*members, invites)
        parts.append(compare_members(*members, people, invites, knows_presence=whole["members"]))
        if _both(a, b, "access"):
            access = a.table("access"), b.table("access")
            parts.append(compare_access(*access, members, people, knows_presence=whole["access"]))
    if _both(a, b, "invites"):
        later = b.table("members") if b.is_readable("members") else None
        invites_of = a.table("invites"), b.table("invites")
        parts.append(compare_invites(*invites_of, later, knows_presence=whole["invites"], new_names=new_names))
    if _both(a, b, "roles") and _both(a, b, "permissions"):
        shared = set(a.table("roles", columns=["role_id"])["role_id"]) & set(
            b.table("roles", columns=["role_id"])["role_id"]
        )
        grants = (snap.table("permissions") for snap in (a, b))
        parts.append(compare_permissions(*(frame[frame["role_id"].isin(list(shared))] for frame in grants)))
    for area in AREAS:
        if _both(a, b, area.table):
            frames = [_with_permissions(snap, area.table) for snap in (a, b)]
            is_whole = whole[area.table]
            parts.append(compare_table(area, *frames, knows_presence=is_whole, new_names=new_names["workspaces"]))
    return parts


def _new_names(a: Snapshot, b: Snapshot, table: str, key: str, name: str) -> dict[str, str]:
    """Give the present names of what was renamed by the earlier ones; a name that two things had is left aside."""
    if not _both(a, b, table):
        return {}
    old, new = (snap.table(table, columns=[key, name]) for snap in (a, b))
    met = old.drop_duplicates(name, keep=False).merge(new, on=key, suffixes=("", "_now"))
    renamed = met[(met[name] != met[f"{name}_now"]).fillna(False).astype(bool)]
    return dict(zip(renamed[name].astype(str), renamed[f"{name}_now"].astype(str), strict=True))


def _with_permissions(snapshot: Snapshot, table: str) -> pd.DataFrame:
    """Give a table; roles with what they grant, for those that came or went."""
    frame = snapshot.table(table)
    if table != "roles" or not snapshot.is_readable("permissions"):
        return frame
    grants = snapshot.table("permissions", columns=["role_id", "permission"]).sort_values("permission")
    joined = grants.groupby("role_id")["permission"].agg(", ".join)
    return frame.assign(permissions=frame["role_id"].map(joined).astype(DTYPES["text"]))


def _both(a: Snapshot, b: Snapshot, table: str) -> bool:
    return a.is_readable(table) and b.is_readable(table)


def _is_whole(a: Snapshot, b: Snapshot, table: str) -> bool:
    """Tell whether a row that is on one side only came or went.

    What was read in part tells so only when the same caller read the same part.
    """
    if not _both(a, b, table):
        return False
    one, other = a.status(table), b.status(table)
    if one[0] == other[0] == "complete":
        return True
    return one == other and a.meta.caller.identity == b.meta.caller.identity


def _gap(a: Snapshot, b: Snapshot, table: str) -> tuple[str, str, str]:
    """Say why a table could not be compared, or only in part."""
    for snap in (a, b):
        if not snap.is_readable(table):
            status, reason = snap.status(table)
            which = "first" if snap is a else "second"
            return table, status, f"in the {which} snapshot: {reason}"
    which, (status, reason) = (
        ("first", a.status(table)) if a.status(table)[0] != "complete" else ("second", b.status(table))
    )
    words = f"what is on one side only was left out, since the {which} snapshot has it in part: {reason}"
    return table, status, words


def _notes(a: Snapshot, b: Snapshot, frame: pd.DataFrame, log: pd.DataFrame | None) -> list[str]:
    notes = []
    if a.meta.read_at > b.meta.read_at:
        notes.append(
            "The first snapshot is the newer one: the differences are shown backwards, and none is attributed."
        )
    if a.meta.host != b.meta.host:
        notes.append(f"The snapshots come from different hosts, {a.meta.host} and {b.meta.host}.")
    if frame["attributed"].all():
        return notes
    logs = [each for each in (log, _log_of(a), _log_of(b)) if each is not None]
    if not logs:
        notes.append("There was no audit log to look into, so nothing is attributed.")
    else:
        first = min((each["at"].min() for each in logs if len(each)), default=None)
        if first is not None and first > a.meta.read_at + pd.Timedelta(days=1):
            notes.append(
                f"The log that was given begins at {first:%Y-%m-%d %H:%M} UTC, after the first snapshot was read."
            )
    return notes
