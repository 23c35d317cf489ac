"""Endpoints of what happened: the audit log and the usage report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from lsnb.api.base import Endpoints, Record

# The largest page that the service allows for the audit log.
_EVENTS_PER_PAGE = 100


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class ActivityReads(Endpoints):
    """Read the audit log and the usage report."""

    def list_audit_log(
        self, start: datetime, end: datetime, *, on_page: Callable[[int], None] | None = None
    ) -> list[Record]:
        """Read the events of a window, page after page by the service's cursor. `GET /audit-logs`.

        Args:
            start: the beginning, with a time zone.
            end: the end, with a time zone; whether an event at that instant is included is not documented.
            on_page: called after each page with the number of events so far.
        """
        path = "/api/v1/audit-logs"
        params: dict[str, object] = {"start_time": _iso(start), "end_time": _iso(end), "limit": _EVENTS_PER_PAGE}
        events: list[Record] = []
        cursor: str | None = None
        while True:
            page = self._object(path, params={**params, "cursor": cursor})
            events += page.get("items") or []
            if on_page:
                on_page(len(events))
            following = page.get("cursor")
            # A cursor that does not move would be read for ever.
            if not following or following == cursor:
                return events
            cursor = str(following)

    def get_usage(
        self,
        start: datetime,
        end: datetime,
        *,
        workspace_ids: Sequence[str],
        group_by: Literal["workspace", "project", "user", "api_key"],
    ) -> list[Record]:
        """Read how many traces came from whom. `GET /orgs/current/billing/granular-usage`.

        Workspaces that the key may not read are left out by the service without a word.
        """
        report = self._object(
            "/api/v1/orgs/current/billing/granular-usage",
            params={
                "start_time": _iso(start),
                "end_time": _iso(end),
                "workspace_ids": list(workspace_ids),
                "group_by": group_by,
            },
        )
        return list(report.get("usage") or [])
