"""The tables `shared_links`, `usage` and `audit_log`: what people and keys did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.tables.spec import (
    TableSpec,
    blank_to_null,
    build_frame,
    count,
    note_unread,
    only,
    text,
    time,
    to_arrow_records,
    to_time,
)

SHARED_LINKS = TableSpec(
    name="shared_links",
    row="one public link, which anybody who has it can read",
    columns=(
        text("workspace", "the workspace it belongs to", required=True),
        text("kind", "`run` or `dataset`"),
        text("title", "the name of the shared run or data set"),
        text("project", "the tracing project of a shared run"),
        time("created_at", "when it was shared"),
        text("resource_id", "the id of the shared run or data set"),
        text("workspace_id", "the workspace's id", required=True),
    ),
    key=("workspace_id", "kind", "resource_id"),
    sort=("workspace", "created_at", "resource_id"),
    endpoints=("GET /api/v1/workspaces/current/shared",),
    note="The link's own token is left out, since it opens the page. Public prompts are not in this list.",
)

USAGE = TableSpec(
    name="usage",
    row="the traces of one person or one key in one stretch of time",
    columns=(
        text("grouped_by", "`user` or `api_key`: what the row counts", required=True),
        text("email", "the person, in rows grouped by user"),
        text("short_key", "the part of the key that may be shown, in rows grouped by key"),
        time("starts_at", "when the stretch begins", required=True),
        count("n_traces", "how many traces", unit="traces"),
        text("ls_user_id", "the person's id as the service's usage report has it"),
    ),
    key=("grouped_by", "email", "short_key", "starts_at"),
    sort=("grouped_by", "email", "short_key", "starts_at"),
    endpoints=("GET /api/v1/orgs/current/billing/granular-usage",),
    note="Workspaces that the key may not read are left out by the service without a word. Data begins on 2026-01-05.",
)

AUDIT_LOG = TableSpec(
    name="audit_log",
    row="one call to the service that it wrote down",
    columns=(
        time("at", "when it happened"),
        text("operation", "what was done, such as `update_org_member`; unknown ones are kept as they are"),
        text("activity", "`Create`, `Read`, `Update`, `Delete`, or another word of the service"),
        text("outcome", "`Success`, `Failure` or `Unknown`"),
        text("actor_id", "the id of who did it"),
        text("credential_id", "the id of the key that was used; unknown for a browser session"),
        text("resource_ids", "the ids of what it was done to, joined by `, `"),
        text("workspace_id", "the workspace it was done in"),
        text("method", "the HTTP method"),
        text("path", "the path of the call"),
        count("http_status", "the status that was answered"),
        text("ip", "the address it came from"),
        count("port", "the port it came from"),
        text("proxies", "the addresses that it went through, joined by `, `"),
        text("ls_user_id", "the actor's id over all organizations"),
        text("event_id", "the event's id", required=True),
    ),
    key=("event_id",),
    sort=("at", "event_id"),
    endpoints=("GET /api/v1/audit-logs",),
    note="The log says who and when, not the values before and after. The service keeps 400 days.",
)


def build_shared_links(records: Sequence[tuple[str, Mapping[str, Any]]], workspaces: pd.DataFrame) -> pd.DataFrame:
    """Build `shared_links`.

    Args:
        records: each link with the id of its workspace.
        workspaces: `workspaces`, to name them.
    """
    names = dict(zip(workspaces["workspace_id"], workspaces["workspace"], strict=True))
    links = [link for _, link in records]
    return build_frame(
        SHARED_LINKS,
        {
            "workspace": [names.get(workspace_id, workspace_id) for workspace_id, _ in records],
            "kind": [link.get("type") for link in links],
            "title": [link.get("run_name") or link.get("dataset_name") for link in links],
            "project": [link.get("session_name") for link in links],
            "created_at": [link.get("created_at") for link in links],
            "resource_id": [link.get("run_id") or link.get("dataset_id") for link in links],
            "workspace_id": [workspace_id for workspace_id, _ in records],
        },
    )


def build_usage(reports: Mapping[str, Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    """Build `usage`.

    Args:
        reports: the service's rows by what they were grouped by, `user` and `api_key`.
    """
    rows = [
        (group, row, only(dict, row.get("dimensions"), "email"))
        for group, report in reports.items()
        for row in (only(dict, given, "n_traces") for given in report)
    ]
    return build_frame(
        USAGE,
        {
            "grouped_by": [group for group, _, _ in rows],
            "email": [_lower(sizes.get("user_email")) for _, _, sizes in rows],
            "short_key": [sizes.get("api_key_short_key") or sizes.get("short_key") for _, _, sizes in rows],
            "starts_at": [row.get("time_bucket") for _, row, _ in rows],
            "n_traces": [row.get("traces") for _, row, _ in rows],
            "ls_user_id": [sizes.get("user_id") for _, _, sizes in rows],
        },
    )


def _lower(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        note_unread("email", value)
    return value.strip().lower() if isinstance(value, str) and value else None


_RAW = ("id", "operation_name", "request_time", "api_key_id", "user_id", "ls_user_id", "workspace_id")
_EVENT: dict[str, pa.DataType] = {
    "time": pa.int64(),
    "status": pa.string(),
    "activity_name": pa.string(),
    "metadata": pa.struct([("uid", pa.string())]),
    "api": pa.struct([("operation", pa.string())]),
    "actor": pa.struct([("user", pa.struct([("uid", pa.string()), ("credential_uid", pa.string())]))]),
    "http_request": pa.struct([("http_method", pa.string()), ("url", pa.struct([("path", pa.string())]))]),
    "http_response": pa.struct([("code", pa.int64())]),
    "src_endpoint": pa.struct([("ip", pa.string()), ("port", pa.int64()), ("intermediate_ips", pa.list_(pa.string()))]),
    "resources": pa.list_(pa.struct([("uid", pa.string())])),
    "unmapped": pa.struct([("original_audit_log", pa.struct([(name, pa.string()) for name in _RAW]))]),
}
# The unit of `time` is milliseconds in the standard the log follows. A value this small can only be seconds.
_SECONDS_BELOW = 100_000_000_000
# The last millisecond of the year 2261: tables hold no later time.
_LAST_MILLIS = 9_214_646_399_999
# The raw row says the same time more finely, unless it is another time altogether.
_SAME_TIME = pd.Timedelta(seconds=1)


def build_audit_log(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Build `audit_log` from the service's events (OCSF API Activity), the same event once."""
    columns = to_arrow_records(records, _EVENT)

    def dig(name: str, *path: str) -> pa.Array:
        return blank_to_null(pc.struct_field(columns[name], list(path)))

    raw = {name: dig("unmapped", "original_audit_log", name) for name in _RAW}
    frame = build_frame(
        AUDIT_LOG,
        {
            "at": _times(columns["time"], raw["request_time"]),
            "operation": pc.coalesce(dig("api", "operation"), raw["operation_name"]),
            "activity": blank_to_null(columns["activity_name"]),
            "outcome": columns["status"],
            "actor_id": pc.coalesce(dig("actor", "user", "uid"), raw["user_id"]),
            "credential_id": pc.coalesce(dig("actor", "user", "credential_uid"), raw["api_key_id"]),
            "resource_ids": _joined(columns["resources"], "uid"),
            "workspace_id": raw["workspace_id"],
            "method": dig("http_request", "http_method"),
            "path": dig("http_request", "url", "path"),
            "http_status": pc.struct_field(columns["http_response"], "code"),
            "ip": dig("src_endpoint", "ip"),
            "port": pc.struct_field(columns["src_endpoint"], "port"),
            "proxies": _joined(pc.struct_field(columns["src_endpoint"], "intermediate_ips")),
            "ls_user_id": raw["ls_user_id"],
            "event_id": _event_ids(records, pc.coalesce(dig("metadata", "uid"), raw["id"])),
        },
    )
    return frame.drop_duplicates("event_id", ignore_index=True)


def _times(numbers: pa.Array, texts: pa.Array) -> pa.Array:
    """Read when events happened, to the microsecond where the raw row agrees with the number."""
    millis = pc.if_else(pc.less(numbers, _SECONDS_BELOW), pc.multiply(numbers, 1000), numbers)
    is_time = pc.and_(pc.greater_equal(millis, 0), pc.less_equal(millis, _LAST_MILLIS))
    for value in millis.filter(pc.fill_null(pc.invert(is_time), False)).to_pylist():
        note_unread("at", value)
    millis = pc.if_else(pc.fill_null(is_time, False), millis, pa.scalar(None, pa.int64()))
    coarse = pd.Series(millis.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("ns", "UTC")).to_pandas())
    fine = pd.Series(to_time(texts).to_pandas())
    agrees = ((fine - coarse).abs() < _SAME_TIME) | coarse.isna()
    return pa.array(fine.where(agrees, coarse), type=pa.timestamp("ns", "UTC"), from_pandas=True)


def _event_ids(records: Sequence[Mapping[str, Any]], ids: pa.Array) -> pa.Array:
    """Complete the ids of events: one that comes without gets an id made from its content, the same every time."""
    if ids.null_count == 0:
        return ids
    made = [
        found if found is not None else "made:" + hashlib.sha256(_canonical(record)).hexdigest()[:32]
        for found, record in zip(ids.to_pylist(), records, strict=True)
    ]
    return pa.array(made, pa.string())


def _canonical(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, default=str).encode()


def _joined(lists: pa.Array, field: str | None = None) -> pa.Array:
    """Join the texts of every list, or one field of its items; what is unknown is left out, and none is unknown."""
    items = pc.list_flatten(lists)
    texts = pc.struct_field(items, field) if field else items
    known = pc.fill_null(pc.not_equal(texts, ""), False)
    owners = pc.list_parent_indices(lists).filter(known).to_numpy()
    counts = np.bincount(owners, minlength=len(lists))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    return blank_to_null(pc.binary_join(pa.ListArray.from_arrays(offsets, texts.filter(known)), ", "))
