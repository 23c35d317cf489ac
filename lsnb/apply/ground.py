"""What a plan rests on, as it is now: which workspaces and roles are there, what they are called, and what roles allow."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lsnb.apply.retry_rate_limited import patiently
from lsnb.errors import ApiError, TransportError
from lsnb.plan.basis import differences, everything, roles_given, workspaces_meant
from lsnb.plan.consistency import untruths
from lsnb.plan.model import Change, Plan
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

if TYPE_CHECKING:
    from lsnb.service.api import Api

AGAIN = "Make a new plan if it is still wanted."


class Ground:
    """Tells what of a plan's basis is not so any more; used by all threads of a run.

    Args:
        api: the service.
        plan: the plan.
    """

    def __init__(self, api: Api, plan: Plan) -> None:
        self._api = api
        self._plan = plan
        self._now: Mapping[str, Any] = {"roles": None, "workspaces": {}}
        self._is_whole = False
        # What changes show and is not under the ids that would be sent, by the id of the change.
        self._untrue: Mapping[str, str] = {}
        self._lock = threading.Lock()
        # The ids of what was looked at because of a refusal.
        self._looked_at: set[str] = set()

    def learn(self, snapshot: Snapshot) -> None:
        """Take in what a reading found."""
        self._now = everything(snapshot)
        self._is_whole = snapshot.status("workspaces")[0] == "complete"
        self._untrue = untruths(snapshot, self._plan.changes)

    def trouble(self, change: Change, *, created: Iterable[str] = ()) -> str:
        """Say what a change rests on and is not so any more; empty where all holds.

        Args:
            change: the change.
            created: the ids of what the run has created, which a list may not show yet.
        """
        untrue = self._untrue.get(change.id)
        found = [untrue] if untrue else []
        found += differences(
            change,
            self._plan.basis,
            self._now,
            own=self._plan.changes,
            is_whole=self._is_whole,
            created=frozenset(created),
        )
        return "; ".join(found)

    def trouble_after_refusal(self, change: Change, *, created: Iterable[str] = ()) -> str:
        """Look again after the service refused a change, and say what is not there any more.

        Args:
            change: the change.
            created: the ids of what the run has created.
        """
        about = roles_given(change) | workspaces_meant(change)
        with self._lock:
            # A role or workspace is asked after once: a thousand rows that are refused are no thousand readings.
            if not about <= self._looked_at:
                if not self._read_again():
                    return ""  # what the service said about the change itself stands
                self._looked_at |= about
        return self.trouble(change, created=created) if about else ""

    def _read_again(self) -> bool:
        try:
            roles = patiently(self._api.list_roles)
            workspaces = patiently(self._api.list_workspaces)
        except (ApiError, TransportError):
            return False
        before = self._now["roles"] or {}
        self._now = {
            # Built-in roles are called and described by the tables, and nobody edits them.
            "roles": {
                str(role.get("id")): before[str(role.get("id"))]
                if role.get("name") != builtin_roles.CUSTOM and str(role.get("id")) in before
                else {
                    "name": str(role.get("display_name") or role.get("name") or ""),
                    "permissions": sorted(map(str, role["permissions"])) if role.get("permissions") else None,
                }
                for role in roles
            },
            "workspaces": {
                str(place.get("id")): str(place.get("display_name") or "")
                for place in workspaces
                if not place.get("is_deleted")
            },
        }
        self._is_whole = True
        return True
