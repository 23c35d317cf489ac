"""Traces by time, project, user and key (API.md 8.15)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from lsnb.sandbox.access import Caller
from lsnb.sandbox.ids import make_stamp, parse_stamp, to_utc
from lsnb.sandbox.records import Json, Usage
from lsnb.sandbox.refusals import RefusedError
from lsnb.sandbox.state import State

GroupBy = Literal["workspace", "project", "user", "api_key"]
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_COLUMNS = ("Time Bucket Start", "Time Bucket End", "Workspace ID", "Workspace Name", "Project ID", "Project Name",
            "User ID", "User Email", "API Key Short Key", "Traces")  # fmt: skip


def choose_stride(start: datetime, end: datetime) -> timedelta:
    """Return the length of one bucket for a period."""
    days = (end - start) / timedelta(days=1)
    if days < 1:
        return timedelta(hours=1)
    for limit, stride in ((32, 1), (94, 7), (367, 30)):
        if days < limit:
            return timedelta(days=stride)
    return timedelta(days=365)


def read_granular(
    caller: Caller, start: datetime, end: datetime, workspace_ids: Sequence[str], group_by: GroupBy = "workspace"
) -> Json:
    """Return traces per bucket and group; workspaces the caller cannot read are left out silently."""
    start, end = to_utc(start), to_utc(end)
    stride = choose_stride(start, end)
    rows = _count(caller, start, end, workspace_ids, group_by, stride)
    return {
        "stride": {"days": stride.days, "hours": stride.seconds // 3600},
        "usage": [
            {"time_bucket": make_stamp(bucket), "dimensions": dimensions, "traces": traces}
            for bucket, dimensions, traces in rows
        ],
    }


def export_granular(
    caller: Caller, start: datetime, end: datetime, workspace_ids: Sequence[str], group_by: GroupBy = "workspace"
) -> str:
    """Return the same as CSV, although the official document says JSON."""
    start, end = to_utc(start), to_utc(end)
    stride = choose_stride(start, end)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for bucket, dims, traces in _count(caller, start, end, workspace_ids, group_by, stride):
        names = ("workspace_id", "workspace_name", "project_id", "project_name", "user_id", "user_email",
                 "api_key_short_key")  # fmt: skip
        writer.writerow(
            [bucket.isoformat(), (bucket + stride).isoformat(), *(dims.get(n) or "" for n in names), traces]
        )
    return out.getvalue()


def _count(
    caller: Caller, start: datetime, end: datetime, workspace_ids: Sequence[str], group_by: GroupBy, stride: timedelta
) -> list[tuple[datetime, Json, int]]:
    caller.need("organization:read")
    caller.need_plan("enable_granular_usage_reporting", "Granular usage is not enabled for this organization")
    if end <= start:
        raise RefusedError(400, "end_time must be after start_time")
    state = caller.state
    readable = {w for w in workspace_ids if caller.workspace_role(w) is not None}
    first, last = make_stamp(max(start, FIRST_DAY)), make_stamp(end)
    totals: Counter[tuple[datetime, str, str]] = Counter()
    for usage in state.usage.values():
        if usage.workspace_id not in readable or not first <= usage.time < last:
            continue
        group = _group(usage, group_by)
        if group is None:
            continue
        bucket = start + (parse_stamp(usage.time) - start) // stride * stride
        totals[bucket, usage.workspace_id if group_by in ("workspace", "project") else "", group] += usage.traces
    return [
        (bucket, _shape_dimensions(state, group_by, group), traces)
        for (bucket, _, group), traces in sorted(totals.items())
    ]


def _group(usage: Usage, group_by: GroupBy) -> str | None:
    match group_by:
        case "workspace":
            return usage.workspace_id
        case "project":
            return usage.project_id
        case "user":
            return usage.person_id
        case "api_key":
            return usage.key_id


def _shape_dimensions(state: State, group_by: GroupBy, group: str) -> Json:
    dims: Json = dict.fromkeys(("user_id", "user_email", "api_key_id", "api_key_short_key", "project_id",
                                "project_name", "workspace_id", "workspace_name"))  # fmt: skip
    match group_by:
        case "user":
            person = state.people.get(group)
            return dims | ({"user_id": person.user_id, "user_email": person.email} if person else {})
        case "api_key":
            key = state.keys.get(group)
            return dims | {"api_key_id": group, "api_key_short_key": key.short_key if key else None}
        case "project":
            project = state.resources.get(group)
            place = project.workspace_id if project else ""
            dims |= {"project_id": group, "project_name": project.name if project else None}
        case _:
            place = group
    workspace = state.workspaces.get(place)
    return dims | {"workspace_id": place or None, "workspace_name": workspace.display_name if workspace else None}


def read_billed(caller: Caller, start: datetime, end: datetime) -> list[Json]:
    """Return the billed traces per day, grouped by workspace."""
    caller.need("organization:read")
    state = caller.state
    first, last = make_stamp(start), make_stamp(end)
    days: dict[str, Counter[str]] = {}
    for usage in state.usage.values():
        if first <= usage.time < last:
            days.setdefault(usage.time[:10], Counter())[usage.workspace_id] += usage.traces
    rows = []
    for day, groups in sorted(days.items()):
        begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
        rows.append(
            {
                "customer_id": state.organization.id,
                "billable_metric_id": "traces",
                "billable_metric_name": "LangSmith Traces (Base Charge)",
                "start_timestamp": begin.isoformat(),
                "end_timestamp": (begin + timedelta(days=1)).isoformat(),
                "value": float(groups.total()),
                "groups": {workspace_id: float(traces) for workspace_id, traces in groups.items()},
            }
        )
    return rows
