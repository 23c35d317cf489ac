"""Keep enough Organization Admins who can sign in, counted on what is there now and on nothing else.

A run's own record of a promotion counts for nothing: somebody may have taken it back, or the service may have said yes
and done nothing. What the run itself has taken away is never counted again, since a list may lag behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from lsnb.apply.present import Person
from lsnb.apply.recorder import RESUME, Recorder
from lsnb.apply.refresh import read_present
from lsnb.apply.retry_rate_limited import patiently
from lsnb.errors import ApiError, IncompleteListError, LsnbError, NotFoundError, PermissionDeniedError, TransportError
from lsnb.plan.admins import (
    admins_who_can_sign_in,
    closes_logins,
    gives_admin,
    sso_only_after,
    takes_admin,
    unable_words,
)
from lsnb.plan.model import Change
from lsnb.plan.rules import Rules
from lsnb.plan.subjects.membership import sets_organization_role
from lsnb.plan.subjects.setting import SSO_ONLY

if TYPE_CHECKING:
    from lsnb.service.api import Api

#: What is written down before a change is taken back.
TAKE_BACK = "take-back"
_LOOK_FAILED = (ApiError, TransportError, IncompleteListError)


class AdminGuard:
    """Counts the Organization Admins around the changes that take some away.

    Args:
        api: the service.
        recorder: where outcomes are, and go.
        rules: how many must be left.
        wait: waits before looking a second time, as a list may lag behind the run's own promotions.
    """

    def __init__(self, api: Api, recorder: Recorder, rules: Rules, wait: Callable[[], object]) -> None:
        self._api = api
        self._recorder = recorder
        self._wait = wait
        self._rules = rules
        plan = recorder.plan
        self._is_allowed = "min-admins" in plan.allowed
        # There were too few when the plan was made, and it said so.
        self._were_few = any(warning.rule == "min-admins" for warning in plan.warnings)
        self._role_ids = {
            str(values["role_id"])
            for change in plan.changes
            for values, is_admin in ((change.before, takes_admin(change)), (change.after, gives_admin(change)))
            if is_admin and values and values.get("role_id")
        }
        self._to_promote = {change.ids.get("identity_id") for change in plan.changes if gives_admin(change)}
        self._admins: list[tuple[str, str, str | None]] = []
        self._promotable: list[tuple[str, str, str | None]] = []
        self._sso_only: bool | None = None
        self._n_before = 0
        self._is_fresh = False
        #: From whom this run has taken the role; a list may lag behind that.
        self._taken: set[str] = set()

    def take(self, everybody: Iterable[Person]) -> None:
        """Begin with who is there as the run begins, or goes on."""
        self._learn(everybody)
        plan, result = self._recorder.plan, self._recorder
        given = {c.ids.get("identity_id") for c in plan.changes if gives_admin(c) and result[c].outcome == "done"}
        taken = {c.ids.get("identity_id") for c in plan.changes if takes_admin(c) and result[c].outcome == "done"}
        self._n_before = len(({identity for identity, *_ in self._admins} - given) | taken)

    def refusal(self, changes: Sequence[Change], *, promised: Iterable[Change] = ()) -> str:
        """Say why some changes cannot be made, by the last count; empty where they leave enough.

        Args:
            changes: the changes that take something away.
            promised: promotions that are yet to be tried, while nothing has been written.
        """
        sso_only = sso_only_after(changes, self._sso_only)
        there, coming = self._there(), {change.ids.get("identity_id") for change in promised if gives_admin(change)}
        now, _ = admins_who_can_sign_in(there, sso_only=self._sso_only)
        able, unable = admins_who_can_sign_in(
            {*there, *(who for who in self._promotable if who[0] in coming)}, sso_only=sso_only
        )
        leaving = {change.ids.get("identity_id", "") for change in changes if takes_admin(change)}
        left = len(able.keys() - leaving)
        if left >= self._least:
            return ""
        unable = {identity: email for identity, email in unable.items() if identity not in leaving}
        return (
            f"min-admins: {_admins(len(now))} who can sign in {'is' if len(now) == 1 else 'are'} there now, {left:,} would "
            f"be left, and at least {self._least:,} must be.{unable_words(unable)}{self._vanished_words()}"
        )

    def refusal_now(self, changes: Sequence[Change]) -> str:
        """Count anew, and say why some changes cannot be made; empty where they leave enough."""
        failure = "" if self._is_fresh else self._count()
        if failure:
            return f"min-admins: the Organization Admins could not be counted: {failure}"
        refusal = self.refusal(changes)
        if refusal and self._vanished():
            self._wait()
            refusal = self._count() or self.refusal(changes)
        # What is sent next makes it old.
        self._is_fresh = False
        return refusal

    def check_after(self, change: Change) -> str:
        """Count once more after a change; where too few are left, take it back and say why the run must stop."""
        if self._recorder[change].outcome not in ("done", "unknown"):
            return ""
        if takes_admin(change):
            self._taken.add(change.ids.get("identity_id", ""))
        failure = self._count()
        if failure:
            return f"min-admins: after {change.kind} of {_whom(change)} the Organization Admins could not be counted: {failure}"
        self._is_fresh = True
        able, unable = admins_who_can_sign_in(self._there(), sso_only=self._sso_only)
        if len(able) >= self._least:
            self._recorder.counted(change)
            return ""
        words = (
            f"min-admins: after {change.kind} of {_whom(change)} only {_admins(len(able))} who can sign in "
            f"{'was' if len(able) == 1 else 'were'} left, and at least {self._least:,} must be: others were taken away at "
            f"the same time, and not by this run.{unable_words(unable)}"
        )
        return f"{words} {self._take_back(change, words)}"

    @property
    def _least(self) -> int:
        """How many must be left: somebody in any case."""
        wanted = 1 if self._is_allowed else self._rules.min_admins
        return max(1, min(wanted, self._n_before) if self._were_few else wanted)

    def _there(self) -> list[tuple[str, str, str | None]]:
        return [admin for admin in self._admins if admin[0] not in self._taken]

    def _count(self) -> str:
        """Read who is there; say why that was not possible."""
        self._recorder.reading("counting the Organization Admins")
        try:
            self._learn(read_present(self._api, (), everybody=True).everybody or ())
        except _LOOK_FAILED as error:
            return str(error)
        return ""

    def _learn(self, everybody: Iterable[Person]) -> None:
        self._sso_only = _read_sso_only(self._api)
        active = [person for person in everybody if person.state == "active"]
        self._admins = [
            (person.identity_id, person.email, person.login_methods)
            for person in active
            if person.role_id in self._role_ids or person.is_organization_admin
        ]
        self._promotable = [
            (person.identity_id, person.email, person.login_methods)
            for person in active
            if person.identity_id in self._to_promote
        ]

    def _vanished(self) -> list[Change]:
        """Find promotions that the journal calls done and that are not there."""
        there = {identity for identity, *_ in self._admins}
        return [
            change
            for change in self._recorder.plan.changes
            if gives_admin(change)
            and self._recorder[change].outcome == "done"
            and change.ids.get("identity_id") not in there
        ]

    def _vanished_words(self) -> str:
        gone = self._vanished()
        if not gone:
            return ""
        names = ", ".join(sorted(_whom(change) for change in gone))
        return (
            f" {names} {'was' if len(gone) == 1 else 'were'} made Organization Admin by this plan, and "
            f"{'is' if len(gone) == 1 else 'are'} it no more."
        )

    def _take_back(self, change: Change, words: str) -> str:
        """Undo a change at once, where one request can; say what came of it."""
        who = _whom(change)
        role_id = (change.before or {}).get("role_id")
        if sets_organization_role(change) and role_id:
            said = f"{who} is Organization Admin again."
        elif closes_logins(change):
            said = "Other logins are open again."
        else:
            said = f"{who} cannot be put back by a request of ours: invite that person again as Organization Admin at once."
            self._recorder.end(change, "done", f"{words} {said}")
            return said
        self._recorder.trying([change], TAKE_BACK)
        try:
            patiently(lambda: self._send_back(change, str(role_id)))
        except LsnbError as error:
            said = f"Taking it back failed too: {error} Make {who} Organization Admin again at once, in LangSmith."
            self._recorder.end(change, "unknown", f"{words} {said}", said, is_open=True)
            return said
        self._taken.discard(change.ids.get("identity_id", ""))
        self._is_fresh = False
        self._recorder.end(change, "skipped", f"taken back: {words} {said}", RESUME, is_open=True)
        return f"So it was taken back: {said}"

    def _send_back(self, change: Change, role_id: str) -> None:
        if sets_organization_role(change):
            self._api.set_organization_role(change.ids["identity_id"], role_id)
        else:
            self._api.set_sso_only(sso_only=False)


def _read_sso_only(api: Api) -> bool | None:
    """Ask whether single sign-on is the only way in; None where the key may not know."""
    try:
        return bool(patiently(api.get_organization_info).get(SSO_ONLY))
    except (PermissionDeniedError, NotFoundError):
        return None


def _admins(n: int) -> str:
    return f"{n:,} active Organization Admin{'' if n == 1 else 's'}"


def _whom(change: Change) -> str:
    return change.email or "a setting"
