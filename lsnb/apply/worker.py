"""Carry out one unit of work in one thread, and say what is still open about it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from lsnb.apply import calls
from lsnb.apply.batches import Unit
from lsnb.apply.ground import AGAIN, Ground
from lsnb.apply.matching import holds
from lsnb.apply.present import Present, clean_email
from lsnb.apply.recorder import RESUME, Recorder
from lsnb.apply.refresh import read_present
from lsnb.apply.resource_state import subject_of
from lsnb.apply.retry_rate_limited import patiently
from lsnb.apply.secret_delivery import SecretDelivery
from lsnb.apply.skip_stale import end_stale
from lsnb.errors import (
    ApiError,
    AuthError,
    ConflictError,
    GatewayError,
    IncompleteListError,
    InvalidRequestError,
    JournalError,
    LsnbError,
    NotFoundError,
    PermissionDeniedError,
    PlanError,
    RateLimitedError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from lsnb.plan.kind_record import Batch
from lsnb.plan.kinds import is_half_done, kind_of
from lsnb.plan.model import STAGES, Change
from lsnb.plan.subjects.service_key import is_deletion
from lsnb.service.capabilities import is_missing_endpoint
from lsnb.service.secret_sinks import Secret

if TYPE_CHECKING:
    from lsnb.service.api import Api

T = TypeVar("T")

#: Why a change is open: "unknown" (the answer was lost), "refused" (the service said no, and a look may say why),
#: "missing" (a batch was answered without it), "deferred" (something about the person must be settled first).
How = Literal["unknown", "refused", "missing", "deferred"]

_GIVING = frozenset({"invite", "add", "promote"})
_TAKING = frozenset({"demote", "remove", "self"})
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
        #: Whether the run was ended for a reason that must be told, also where nothing is left to do.
        self.is_grave = False

    def end(self, reason: str) -> None:
        """Start nothing more, for a reason that must be told in any case."""
        self.reason, self.is_grave = reason, True

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
        handover: where the secrets of created keys go.
        ground: what the plan rests on.
    """

    def __init__(
        self, api: Api, recorder: Recorder, present: Present, halt: Halt, handover: SecretDelivery, ground: Ground
    ) -> None:
        self._api = api
        self._recorder = recorder
        self._present = present
        self._halt = halt
        self._handover = handover
        self._ground = ground
        #: Changes that a request went out for without a clear answer, until they are settled.
        self.lost: set[str] = set()
        # Keys that were made, and whose secret is in memory only.
        self._unhanded: set[str] = set()
        self._by_subject: dict[str, list[Change]] = defaultdict(list)
        for change in recorder.plan.changes:
            self._by_subject[subject_of(change)].append(change)
        self._new_keys = {
            (change.after or {}).get("description"): change
            for change in recorder.plan.changes
            if kind_of(change).makes == "secret"
        }

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
        batch = kind_of(ready[0]).batch if len(ready) > 1 else None
        if batch is not None:
            return opens + self._batch(unit, ready, batch)
        return opens + [item for change in ready for item in self._single(unit, change)]

    def _trouble(self, change: Change) -> str | None:
        """Say why a change must not be made now: a reason to skip it, None to wait, empty to go on."""
        for other in self._by_subject[subject_of(change)]:
            if other.id == change.id:
                continue
            result = self._recorder[other]
            if other.id in self.lost:
                return None
            if result.outcome == "unknown":
                return f"not tried: it is not known whether {_named(other)} was carried out"
            if result.outcome == "done" or result.is_there or _ORDER[other.stage] >= _ORDER[change.stage]:
                continue
            if kind_of(other).gives == "invitation" or (other.stage in _GIVING and change.stage in _TAKING):
                how = "failed" if result.outcome == "failed" else "was not made"
                return f"not tried: {_named(other)} comes first and {how}"
        return self._trouble_of_rotation(change)

    def _trouble_of_rotation(self, change: Change) -> str:
        """Keep an old key while the new one of the same description is not there, or nobody has its secret yet."""
        successor = self._new_keys.get((change.before or {}).get("description"))
        if successor is None or not is_deletion(change):
            return ""
        if self._recorder[successor].outcome != "done":
            return "not tried: the new key of the same description comes first and was not made"
        if successor.id in self._unhanded:
            return "not tried: the secret of the new key of the same description has not been handed over"
        return ""

    def _trouble_just_before(self, change: Change) -> bool:
        """Look at a change once more; end it and say so where it must not be made."""
        kind = kind_of(change)
        if kind.makes == "secret":
            trouble = self._handover.trouble()
            if trouble:
                self._fail([change], f"no key was made: {trouble}", RESUME, is_open=True)
            return bool(trouble)
        if not kind.is_looked_at_last:
            return False
        try:
            found = read_present(self._api, [change])
        except (ApiError, TransportError, IncompleteListError) as error:
            reason = f"it was not made, as it could not be looked at just before: {error}"
            self._fail([change], reason, RESUME, is_open=True)
            return True
        if holds(change, found):
            return False
        end_stale(self._recorder, change, found)
        return True

    def _single(self, unit: Unit, change: Change) -> list[Open]:
        sent = calls.Sent()
        if self._trouble_just_before(change):
            return []
        for step in calls.steps_of(change):
            if step in self._recorder[change].steps:
                continue

            def send(step: str = step) -> calls.Sent:
                return calls.send(self._api, self._recorder.plan, change, step, self._present)

            answer = self._tried(unit, [change], step, send)
            if isinstance(answer, list):
                return answer
            sent = answer
            if step != calls.steps_of(change)[-1]:
                self._recorder.stepped(change, step)
        makes = kind_of(change).makes
        if makes == "secret":
            if sent.secret is None:
                # Nobody has its secret, so another one may be made only when this one is deleted.
                reason = "the service accepted it, and its answer had no secret, which is shown only then."
                return self._opened([Open(change, "unknown", calls.steps_of(change)[-1], reason, unit)])
            self._end_key(change, sent.secret, sent.created_id)
        elif makes == "id" and sent.created_id is None:
            reason = "the service accepted it, and did not say which id it got."
            return self._opened([Open(change, "unknown", calls.steps_of(change)[-1], reason, unit)])
        else:
            self._recorder.end(change, "done", created_id=sent.created_id)
        return []

    def _end_key(self, change: Change, secret: Secret, created_id: str | None) -> None:
        """Hand the secret over, and only then write down that the key is there."""
        why = self._handover.put(secret)
        if not why:
            self._recorder.end(change, "done", created_id=created_id)
            return
        self._unhanded.add(change.id)
        self._recorder.end(
            change,
            "done",
            f"the key was made, and its secret is in memory only, as it could not be handed over. {why}",
            "Take it out now with run.secrets.reveal_once(...). Where this process has ended: Delete the key, then make "
            "another with a new plan.",
            created_id=created_id,
        )

    def _batch(self, unit: Unit, changes: Sequence[Change], batch: Batch) -> list[Open]:
        """Send one request for several changes; some answers name the people whom it did."""
        answer = self._tried(
            unit, changes, batch.name, lambda: (getattr(self._api, batch.method)(**batch.arguments(changes)),)
        )
        if isinstance(answer, list):
            return answer
        # By address: the service does not promise the order, and may leave some out.
        done = {clean_email(row.get("email")) for row in answer[0]} if batch.names_people else None
        opens = []
        for change in changes:
            if done is None or change.email in done:
                self._recorder.end(change, "done")
            else:
                reason = "the service accepted the batch, and its answer does not name this person"
                opens.append(Open(change, "missing", batch.name, reason, unit))
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
        if is_unsent or isinstance(error, AuthError | GatewayError):
            # The next request would fare no better.
            self._halt.reason = self._halt.reason or words
            if self._is_halfway(changes[0]):
                self._fail(changes, words, RESUME, is_open=True)
            else:
                self._recorder.not_sent(changes, words)
            return []
        if isinstance(error, RateLimitedError):
            self._fail(changes, words, RESUME, is_open=True)
            return []
        missing = calls.not_offered(changes[0], step) if is_missing_endpoint(error) else None
        if missing is not None:
            self._fail(changes, *missing)
            return []
        how: How
        # One setting that the plan does not include takes the others with it, so they are tried one by one.
        batch = kind_of(changes[0]).batch
        is_shared = unit.is_batch and batch is not None and batch.is_refused_whole and step == batch.name
        if _may_have_happened(error):
            how = "unknown"
        elif isinstance(error, ConflictError | NotFoundError | InvalidRequestError) or (
            is_shared and isinstance(error, PermissionDeniedError)
        ):
            how = "refused"
        else:
            # What is said of something that is gone is said of the rights of the key, too.
            for change in changes:
                trouble = self._ground.trouble_after_refusal(change, created=self._recorder.created())
                if trouble:
                    self._recorder.end(change, "skipped", f"stale: {trouble}. {words}", AGAIN)
                else:
                    self._fail([change], words, "Mend what the message says, then make a new plan.")
            return []
        return self._opened([Open(change, how, step, words, unit) for change in changes])

    def _opened(self, opens: list[Open]) -> list[Open]:
        self.lost.update(item.change.id for item in opens)
        return opens

    def _fail(self, changes: Sequence[Change], reason: str, next_step: str, *, is_open: bool = False) -> None:
        for change in changes:
            why, advice = reason, next_step
            if self._is_halfway(change):
                why = f"the old invitation is cancelled, and the new one was not sent: {reason}"
                advice = (
                    next_step if is_open else f"Mend what the message says, then invite {change.email} with a new plan."
                )
            self._recorder.end(change, "failed", why, advice, is_open=is_open)

    def _is_halfway(self, change: Change) -> bool:
        """Tell whether an invitation that is to be replaced is cancelled, and the new one is still to be sent."""
        return is_half_done(change, self._recorder[change].steps)


def _may_have_happened(error: Exception) -> bool:
    """Tell whether a write may have been carried out although it came back with this error."""
    if isinstance(error, ServerError | UnexpectedAnswerError | TransportError):
        return True
    # Whatever is no answer of the service says nothing either.
    return error.status == 408 if isinstance(error, ApiError) else True


def _named(change: Change) -> str:
    where = f" in {change.workspace}" if change.workspace and change.email else ""
    return f"{change.kind}{where}"
