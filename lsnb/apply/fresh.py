"""One reading before a run: what the rules judge and what the rows are compared with come from the same answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import lsnb
from lsnb.apply.retry_rate_limited import patiently
from lsnb.loader import load_snapshot_of
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.service.api import Api
from lsnb.service.progress import Silent
from lsnb.sheets.kinds import FORMS
from lsnb.snapshot import Caller, Snapshot

if TYPE_CHECKING:
    from lsnb.service.api.base import Record
    from lsnb.service.api.members import MemberList, OnPage

T = TypeVar("T")

#: Needed to write and check a sheet, and by no rule.
_FOR_SHEETS_ONLY = frozenset({"permission_catalogue"})


class ReadOnce(Api):
    """The service, of which each whole list is read once; for one look only, as it never sees what happens later.

    Args:
        api: the service.
    """

    def __init__(self, api: Api) -> None:
        super().__init__(api.transport)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._answers: dict[str, Any] = {}

    def _once(self, name: str, read: Callable[[], T]) -> T:
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._answers:
                self._answers[name] = patiently(read)
            return cast("T", self._answers[name])

    def get_organization_info(self, *, retry: bool | None = None) -> Record:
        """Read the organization's info."""
        return self._once("info", lambda: super(ReadOnce, self).get_organization_info(retry=retry))

    def list_roles(self) -> list[Record]:
        """Read the roles."""
        return self._once("roles", super().list_roles)

    def list_workspaces(self, *, include_deleted: bool = False) -> list[Record]:
        """Read the workspaces."""
        return self._once(
            f"workspaces {include_deleted}",
            lambda: super(ReadOnce, self).list_workspaces(include_deleted=include_deleted),
        )

    def list_members(self, *, on_page: OnPage | None = None) -> MemberList:
        """Read everybody, joined and invited."""
        return self._once("members", lambda: super(ReadOnce, self).list_members(on_page=on_page))

    def list_active_members(self, *, emails: list[str] | None = None, on_page: OnPage | None = None) -> list[Record]:
        """Read the people who have joined."""
        if emails is not None:
            return super().list_active_members(emails=emails, on_page=on_page)
        return self._once("active", super().list_active_members)

    def list_pending_members(self, *, emails: list[str] | None = None, on_page: OnPage | None = None) -> list[Record]:
        """Read the people who have been invited."""
        if emails is not None:
            return super().list_pending_members(emails=emails, on_page=on_page)
        return self._once("pending", super().list_pending_members)

    def list_service_keys(self) -> list[Record]:
        """Read the service keys."""
        return self._once("service keys", super().list_service_keys)

    def list_access_tokens(self) -> list[Record]:
        """Read the tokens that the service lists."""
        return self._once("access tokens", super().list_access_tokens)


def tables_to_judge(changes: Iterable[Change]) -> tuple[str, ...]:
    """List the tables that the rules need for changes: those that a plan of such changes is made from."""
    forms = {kind_of(change).subject.sheet for change in changes}
    needed = {table for form in forms for table in FORMS[form].tables} - _FOR_SHEETS_ONLY
    return ("access", *sorted(needed))


def read_fresh(api: ReadOnce, changes: Iterable[Change], caller: Caller) -> Snapshot:
    """Read what the rules need to judge changes by what is there now.

    Raises:
        ApiError: the service said no.
        TransportError: no answer came.
        IncompleteListError: a list came back shorter than the service said.
    """
    return load_snapshot_of(
        api, tables=tables_to_judge(changes), caller=caller, version=lsnb.__version__, display=Silent()
    )
