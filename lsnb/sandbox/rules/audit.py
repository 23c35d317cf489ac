"""The audit log (API.md 8.11)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from lsnb.sandbox.access import Caller
from lsnb.sandbox.ids import is_id, make_id, make_stamp, parse_stamp, to_utc
from lsnb.sandbox.records import Json
from lsnb.sandbox.refusals import InvalidError, RefusedError, make_problem
from lsnb.sandbox.rules.operations import READS, WRITES
from lsnb.sandbox.state import State

_ACTIVITIES = {"create": (1, "Create"), "read": (2, "Read"), "update": (3, "Update"), "delete": (4, "Delete")}
_WORDS = {
    "create": "create", "invite": "create", "add": "create", "claim": "create",
    "update": "update", "set": "update", "attach": "update",
    "delete": "delete", "unshare": "delete",
    "list": "read", "get": "read", "read": "read", "export": "read",
}  # fmt: skip
RETENTION_DAYS = 400


def record_call(
    state: State,
    caller: Caller | None,
    *,
    method: str,
    path: str,
    route: str | None,
    path_params: Mapping[str, Any],
    status: int,
    client: Sequence[Any] | None,
) -> None:
    """Append a write, done or refused, to the log; reads only where the behaviour says so."""
    operation = WRITES.get((method, route or ""))
    if operation is None and state.behaviours.log_reads:
        operation = READS.get((method, route or ""))
    if operation is None or caller is None:
        return
    host, port = (str(client[0]), int(client[1])) if client else (None, None)
    ids = [*(str(v) for v in path_params.values() if is_id(str(v))), *caller.touched]
    state.audit.append(
        make_row(
            state,
            operation,
            number=len(state.audit),
            time=state.stamp(),
            key_id=caller.key.id if caller.key else None,
            person_id=caller.person.id if caller.person else None,
            workspace_id=caller.workspace.id if caller.workspace else None,
            method=method,
            path=path,
            status=status,
            host=host,
            port=port,
            resource_ids=list(dict.fromkeys(ids)),
        )
    )


def make_row(
    state: State,
    operation: str,
    *,
    number: int,
    time: str,
    key_id: str | None,
    person_id: str | None,
    workspace_id: str | None,
    method: str,
    path: str,
    status: int,
    host: str | None,
    port: int | None = None,
    resource_ids: list[str] | None = None,
) -> Json:
    """Return a raw row of the log. It tells who and when, never what changed."""
    person = state.people.get(person_id or "")
    return {
        "id": make_id("audit", number),
        "operation_name": operation,
        "operation_succeeded": status < 400,
        "request_time": time,
        "api_key_id": key_id,
        "user_id": person.user_id if person else None,
        "ls_user_id": person.ls_user_id if person else None,
        "organization_id": state.organization.id,
        "workspace_id": workspace_id,
        "enrichments": {
            "request_method": method,
            "request_path": path,
            "client_host": host,
            "client_port": port,
            "x_forwarded_for": None,
            "response_status_code": status,
            "resource_ids": resource_ids or [],
        },
    }


def list_log(
    caller: Caller,
    start: datetime,
    end: datetime,
    *,
    limit: int = 10,
    cursor: str | None = None,
    workspace_id: str | None = None,
    operations: Sequence[str] = (),
) -> Json:
    """Return one page of the log, newest first, with the cursor of the next one."""
    caller.need_plan("can_use_audit_logs", "Audit logs are not enabled for this organization")
    caller.need("organization:manage")
    state = caller.state
    start, end = to_utc(start), to_utc(end)
    if end < start:
        raise RefusedError(400, "end_time must not be before start_time")
    oldest = make_stamp(max(start, state.now() - timedelta(days=RETENTION_DAYS)))
    newest = make_stamp(end)
    visible = make_stamp(state.now() - timedelta(seconds=state.behaviours.audit_delay_s))
    before = _read_cursor(cursor)
    open_end = state.behaviours.audit_end == "exclusive"
    found: list[Json] = []
    for row in reversed(state.audit):
        time = row["request_time"]
        if time < oldest:
            break
        if time > newest or time > visible or (open_end and time == newest):
            continue
        if (before and (time, row["id"]) >= before) or (workspace_id and row["workspace_id"] != workspace_id):
            continue
        if operations and row["operation_name"] not in operations:
            continue
        found.append(row)
    found.sort(key=lambda row: (row["request_time"], row["id"]), reverse=True)
    page = found[:limit]
    more = len(found) > limit
    return {"cursor": _make_cursor(page[-1]) if more else None, "items": [shape_ocsf(state, row) for row in page]}


def _make_cursor(row: Json) -> str:
    text = json.dumps({"request_time": row["request_time"], "id": row["id"]})
    return base64.b64encode(text.encode()).decode()


def _read_cursor(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    try:
        data = json.loads(base64.b64decode(cursor, validate=True))
        return str(data["request_time"]), str(data["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidError(make_problem(["query", "cursor"], "Invalid cursor")) from error


def shape_ocsf(state: State, row: Json) -> Json:
    """Return a row as OCSF 1.7.0 API Activity."""
    extra = row["enrichments"]
    activity, name = _ACTIVITIES.get(_WORDS.get(row["operation_name"].split("_")[0], ""), (99, "Other"))
    succeeded = row["operation_succeeded"]
    status = {True: (1, "Success"), False: (2, "Failure")}.get(succeeded, (0, "Unknown"))
    seconds = parse_stamp(row["request_time"]).timestamp()
    return {
        "class_uid": 6003,
        "class_name": "API Activity",
        "category_uid": 6,
        "category_name": "Application Activity",
        "severity_id": 99,
        "type_uid": 600300 + activity,
        "activity_id": activity,
        "activity_name": name,
        "status_id": status[0],
        "status": status[1],
        "time": int(seconds * 1000) if state.behaviours.audit_time_unit == "ms" else int(seconds),
        "metadata": {"uid": row["id"], "product": {"name": "LangSmith", "vendor_name": "LangChain"}},
        "api": {"operation": row["operation_name"]},
        "http_request": {"http_method": extra["request_method"], "url": {"path": extra["request_path"]}},
        "http_response": {"code": extra["response_status_code"]},
        "actor": {"user": {"uid": row["user_id"], "credential_uid": row["api_key_id"]}},
        "src_endpoint": {"ip": extra["client_host"], "port": extra["client_port"], "intermediate_ips": []},
        "resources": [{"uid": uid} for uid in extra["resource_ids"]],
        "unmapped": {"original_audit_log": row},
    }
