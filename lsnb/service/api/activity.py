"""Endpoints of what happened: the audit log and the usage report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from lsnb.errors import IncompleteListError, InvalidRequestError
from lsnb.service.api.base import Endpoints, Record

_AUDIT_LOG = "/api/v1/audit-logs"

# The largest page that the service allows for the audit log.
_EVENTS_PER_PAGE = 100


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class _ExpiredCursorError(Exception):
    """The service refused a cursor that it had given itself."""

    def __init__(self, refusal: InvalidRequestError) -> None:
        self.refusal = refusal
        super().__init__(str(refusal))


class ActivityReads(Endpoints):
    """Read the audit log and the usage report."""

    def list_audit_log(
        self,
        start: datetime,
        end: datetime,
        *,
        workspace_id: str | None = None,
        operations: Sequence[str] = (),
        on_page: Callable[[int], None] | None = None,
    ) -> list[Record]:
        """Read the events of a window, page after page by the service's cursor. `GET /audit-logs`.

        How long a cursor lives is not documented: where the service refuses one in the middle, the window is read
        once more from its beginning.

        Args:
            start: the beginning, with a time zone.
            end: the end, with a time zone; whether an event at that instant is included is not documented.
            workspace_id: only events of this workspace.
            operations: only these operations.
            on_page: called after each page with the number of events so far.

        Raises:
            IncompleteListError: the service gave the same cursor twice, so where the list ends cannot be told.
        """
        query: dict[str, object] = {
            "start_time": _iso(start),
            "end_time": _iso(end),
            "limit": _EVENTS_PER_PAGE,
            "workspace_id": workspace_id,
            "operations": list(operations),
        }
        try:
            return self._read_events(query, on_page)
        except _ExpiredCursorError:
            try:
                return self._read_events(query, on_page)
            except _ExpiredCursorError as error:
                raise error.refusal from None

    def _read_events(self, query: Mapping[str, object], on_page: Callable[[int], None] | None) -> list[Record]:
        events: list[Record] = []
        cursors: set[str] = set()
        cursor: str | None = None
        while True:
            try:
                page = self._object(_AUDIT_LOG, params={**query, "cursor": cursor})
            except InvalidRequestError as error:
                if cursor is None:
                    raise
                raise _ExpiredCursorError(error) from None
            events += self._checked(_AUDIT_LOG, page.get("items") or [], list)
            if on_page:
                on_page(len(events))
            following = page.get("cursor")
            if not following:
                return events
            cursor = str(following)
            if cursor in cursors:
                raise IncompleteListError(
                    f"The service gave the same cursor of the audit log twice after {len(events)} events: where the "
                    "log ends cannot be told. Read a shorter time.",
                    promised=len(events) + 1,
                    got=len(events),
                )
            cursors.add(cursor)

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
