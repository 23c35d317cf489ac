"""Endpoints of the organization's members."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lsnb.service.api.base import Endpoints, Record
from lsnb.service.transport import paging
from lsnb.tables.people import to_people

_PAGE = 500
OnPage = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class MemberList:
    """The members of an organization, as one reading gave them.

    Args:
        people: one structure per person, joined and invited, as `lsnb.tables.people.to_people` makes them.
        promised: how many the service announced; None where it announces none.
        lists_all_workspaces: whether memberships in all workspaces are listed, or only in those that the key sees.
    """

    people: pa.StructArray
    promised: int | None
    lists_all_workspaces: bool


class MemberReads(Endpoints):
    """Read the organization's members."""

    def list_members(self, *, on_page: OnPage | None = None) -> MemberList:
        """Read everybody, joined and invited, with the workspaces and roles of each.

        `GET /v1/platform/orgs/current/members`: one request per 500 people, the ones after the first in parallel.

        Raises:
            NotFoundError: an older server, which has only `list_active_members` and `list_pending_members`.
            IncompleteListError: fewer people came than were announced, in two readings.
        """
        path = "/v1/platform/orgs/current/members"
        seen: list[tuple[int | None, bool]] = []
        pages = _Pages()

        def get_page(offset: int, limit: int) -> paging.Page:
            answer = self.transport.request("GET", path, params={"limit": limit, "offset": offset})
            lists_all = str(answer.headers.get("X-Members-List-All-Workspaces", "")).lower() == "true"
            total = answer.headers.get("X-Pagination-Total")
            seen.append((int(total) if total and str(total).isdigit() else None, lists_all))
            return pages.add(self._checked(path, answer.data, list)), answer.headers

        def pack(so_far: int, total: int | None) -> None:
            pages.pack()
            if on_page:
                on_page(so_far, total)

        rows = paging.read_counted(
            get_page, limit=_PAGE, map=self.transport.map, workers=self.transport.workers, on_page=pack
        )
        return MemberList(pages.people(rows), seen[-1][0], all(lists_all for _, lists_all in seen))

    def list_active_members(self, *, emails: list[str] | None = None, on_page: OnPage | None = None) -> list[Record]:
        """Read the people who have joined. `GET /orgs/current/members/active`."""
        return self._people("active", emails, on_page)

    def list_pending_members(self, *, emails: list[str] | None = None, on_page: OnPage | None = None) -> list[Record]:
        """Read the people who have been invited. `GET /orgs/current/members/pending`."""
        return self._people("pending", emails, on_page)

    def _people(self, state: str, emails: list[str] | None, on_page: OnPage | None) -> list[Record]:
        # Sorted by something that does not change while it is read.
        params: dict[str, Any] = {"emails": emails, "sort_by": "email", "sort_by_desc": "false"}
        return self.transport.read_all(
            f"/api/v1/orgs/current/members/{state}", params=params, scope="organization", on_page=on_page
        )


class _Pages:
    """The pages of a list of people, packed as they come, while others are still on their way.

    The service's records of 20,000 people with 100,000 memberships would take 130 MB until the last page is there. They
    are packed in one thread, since the memory that many threads pack with is not given back.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._waiting: queue.SimpleQueue[tuple[int, list[Record]]] = queue.SimpleQueue()
        self._packed: dict[int, pa.StructArray] = {}

    def add(self, records: list[Record]) -> list[Record]:
        """Take a page from any thread, and give a short row for each person in it."""
        number = next(self._numbers)
        self._waiting.put((number, records))
        return [{"id": person.get("id"), "page": number, "row": row} for row, person in enumerate(records)]

    def pack(self) -> None:
        """Pack what has come since the last time."""
        while not self._waiting.empty():
            number, records = self._waiting.get()
            self._packed[number] = to_people(records)

    def people(self, rows: list[Record]) -> pa.StructArray:
        """Put the people of the given rows into one array, in their order."""
        self.pack()
        used = list(dict.fromkeys(row["page"] for row in rows))
        if not used:
            return to_people([])
        starts = dict(
            zip(used, itertools.accumulate((len(self._packed[page]) for page in used), initial=0), strict=False)
        )
        whole = pa.concat_arrays([self._packed[page] for page in used])
        if len(whole) == len(rows):
            return whole
        return whole.take(pa.array([starts[row["page"]] + row["row"] for row in rows]))
