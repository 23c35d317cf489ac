"""Carry out one unit of work in one thread, and say what is still open about it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from lsnb.apply import calls
from lsnb.apply.batches import Unit
from lsnb.apply.patience import patiently
from lsnb.apply.present import Present, clean_email
from lsnb.apply.recorder import RESUME, Recorder
from lsnb.errors import (
    ApiError,
    AuthError,
    ConflictError,
    InvalidRequestError,
    JournalError,
    LsnbError,
    NotFoundError,
    PlanError,
    RateLimitedError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from lsnb.plan.model import STAGES, Change

if TYPE_CHECKING:
    from lsnb.api import Api

T = TypeVar("T")

#: Why a change is open: "unknown" (the answer was lost), "refused" (the service said no, and a look may say why),
#: "missing" (a batch was answered without it), "deferred" (something about the person must be settled first).
How = Literal["unknown", "refused", "missing", "deferred"]

_GIVING = frozenset({"invite", "add", "promote"})
_TAKING = frozenset({"demote", "remove", "self"})
_INVITATIONS = frozenset({"InviteMember", "ReplaceInvite"})
# What the messages of errors advise, and is done here at once.
_FOLLOWED = (
    " The change may have been carried out: look before trying again.",
    " It may have been carried out: look before trying again.",
)
_ORDER = {stage: position for position, stage in enumerate(STAGES)}


@dataclass(frozen=True, slots=True)
class Open:
    """A change that a request was sent for, or was to be, and that has not ended.

    Args:
        change: the change.
        how: what is open about it.
        step: the request.
        reason: what came back.
        unit: what it was sent with.
    """

    change: Change
    how: How
    step: str
    reason: str
    unit: Unit


class Halt:
    """Says when nothing more is to be started.

    Args:
        event: set by whoever presses the stop button.
    """

    def __init__(self, event: threading.Event | None) -> None:
        self._event = event
        self.reason = ""

    def is_set(self) -> bool:
        """Tell whether nothing more is to be started."""
        if self._event is not None and self._event.is_set():
            self.reason = self.reason or "It was stopped."
        return bool(self.reason)


class Worker:
    """Carries out units; used by all threads of a run.

    Args:
        api: the service.
        recorder: where outcomes go.
        present: what was read just before.
        halt: says when to stop.
    """

    def __init__(self, api: Api, recorder: Recorder, present: Present, halt: Halt) -> None:
        self._api = api
        self._recorder = recorder
        self._present = present
        self._halt = halt
        #: Changes that a request went out for without a clear answer, until they are settled.
        self.lost: set[str] = set()
        self._by_person: dict[str, list[Change]] = defaultdict(list)
        for change in recorder.plan.changes:
            self._by_person[change.email or ""].append(change)

    def carry_out(self, unit: Unit) -> list[Open]:
        """Carry out a unit, unless the run is to stop; what ended is recorded, what has not is returned."""
        opens: list[Open] = []
        ready: list[Change] = []
        for change in unit.changes:
            if self._halt.is_set():
                return opens
            trouble = self._trouble(change)
            if trouble == "":
                ready.append(change)
            elif trouble is None:
                opens.append(Open(change, "deferred", "", "", unit))
            else:
                self._recorder.end(change, "skipped", trouble, RESUME, is_open=True)
        if len(ready) > 1:
            return opens + self._batch(unit, ready)
        return opens + [item for change in ready for item in self._single(unit, change)]

    def _trouble(self, change: Change) -> str | None:
        """Say why a change must not be made now: a reason to skip it, None to wait, empty to go on."""
        for other in self._by_person[change.email or ""]:
            if other is change:
                continue
            result = self._recorder[other]
            if other.id in self.lost:
                return None
            if result.outcome == "unknown":
                return f"not tried: it is not known whether {_named(other)} was carried out"
            if result.outcome == "done" or result.is_there or _ORDER[other.stage] >= _ORDER[change.stage]:
                continue
            if other.kind in _INVITATIONS or (other.stage in _GIVING and change.stage in _TAKING):
                how = "failed" if result.outcome == "failed" else "was not made"
                return f"not tried: {_named(other)} comes first and {how}"
        return ""

    def _single(self, unit: Unit, change: Change) -> list[Open]:
        for step in calls.steps_of(change):
            if step in self._recorder[change].steps:
                continue

            def send(step: str = step) -> bool:
                calls.send(self._api, change, step, self._present)
                return True

            answer = self._tried(unit, [change], step, send)
            if isinstance(answer, list):
                return answer
            if step != calls.steps_of(change)[-1]:
                self._recorder.stepped(change, step)
        self._recorder.end(change, "done")
        return []

    def _batch(self, unit: Unit, changes: Sequence[Change]) -> list[Open]:
        invitations = [calls.invitation_of(change) for change in changes]
        answer = self._tried(unit, changes, calls.INVITE_BATCH, lambda: (self._api.invite_members(invitations),))
        if isinstance(answer, list):
            return answer
        # By address: the service does not promise the order, and may leave some out.
        invited = {clean_email(row.get("email")) for row in answer[0]}
        opens = []
        for change in changes:
            if change.email in invited:
                self._recorder.end(change, "done")
            else:
                reason = "the service accepted the batch, and its answer does not name this person"
                opens.append(Open(change, "missing", calls.INVITE_BATCH, reason, unit))
        return self._opened(opens)

    def _tried(self, unit: Unit, changes: Sequence[Change], step: str, send: Callable[[], T]) -> T | list[Open]:
        """Send one request, and return its answer; or what is open about the changes, where that is not clear."""
        self._recorder.trying(changes, step)
        try:
            return patiently(send, is_over=self._halt.is_set)
        except JournalError:
            raise
        except (KeyError, PlanError) as error:
            # Found before anything was sent.
            self._fail(changes, f"the plan lacks what the request needs: {error}", "Make the plan again.")
            return []
        except Exception as error:
            return self._failed(unit, changes, step, error)

    def _failed(self, unit: Unit, changes: Sequence[Change], step: str, error: Exception) -> list[Open]:
        """Tell what an error says about the changes; a doubtful one never says that nothing happened."""
        words = str(error) if isinstance(error, LsnbError) else f"an unexpected {type(error).__name__} came up."
        for advice in _FOLLOWED:
            words = words.replace(advice, "")
        is_unsent = isinstance(error, TransportError) and error.outcome == "not-sent"
        if is_unsent or isinstance(error, AuthError):
            # The next request would fare no better.
            self._halt.reason = self._halt.reason or words
            self._recorder.not_sent(changes, words)
            return []
        if isinstance(error, RateLimitedError):
            self._fail(changes, words, RESUME, is_open=True)
            return []
        how: How
        if _may_have_happened(error):
            how = "unknown"
        elif isinstance(error, ConflictError | NotFoundError | InvalidRequestError):
            how = "refused"
        else:
            self._fail(changes, words, "Mend what the message says, then make a new plan.")
            return []
        return self._opened([Open(change, how, step, words, unit) for change in changes])

    def _opened(self, opens: list[Open]) -> list[Open]:
        self.lost.update(item.change.id for item in opens)
        return opens

    def _fail(self, changes: Sequence[Change], reason: str, next_step: str, *, is_open: bool = False) -> None:
        for change in changes:
            self._recorder.end(change, "failed", reason, next_step, is_open=is_open)


def _may_have_happened(error: Exception) -> bool:
    """Tell whether a write may have been carried out although it came back with this error."""
    if isinstance(error, ServerError | UnexpectedAnswerError | TransportError):
        return True
    # Whatever is no answer of the service says nothing either.
    return error.status == 408 if isinstance(error, ApiError) else True


def _named(change: Change) -> str:
    where = f" in {change.workspace}" if change.workspace else ""
    return f"{change.kind}{where}"
