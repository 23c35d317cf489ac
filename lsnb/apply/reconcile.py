"""Settle what is open: look what is there, before anything else happens to the same people.

An invitation sends an e-mail, so it is never sent again on a guess; nor is a workspace, a role or a key made twice. After
a lost answer it is looked for twice, some seconds apart. If it is not there, it stays unknown in this run; going on with the journal, which is somebody's decision
and a while later, looks twice again and only then sends it. Anything else is tried once more when the look shows that nothing
happened. A key whose answer was lost has lost its secret: it is found, and stays unknown until somebody deletes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from lsnb.apply import calls
from lsnb.apply.batches import Unit, halves, to_units
from lsnb.apply.ground import AGAIN, Ground
from lsnb.apply.matching import found_words, holds, is_otherwise, is_reached
from lsnb.apply.present import Present, take_in
from lsnb.apply.recorder import RESUME, Recorder
from lsnb.apply.refresh import read_present
from lsnb.apply.resource_state import is_resource
from lsnb.apply.worker import Halt, Open, Worker
from lsnb.errors import ApiError, IncompleteListError, TransportError
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.plan.subjects.service_key import lost_key

if TYPE_CHECKING:
    from lsnb.service.api import Api

_LOOK_FAILED = (ApiError, TransportError, IncompleteListError)
_MEND = "Mend what the message says, then make a new plan."
_ABSENT_MAIL = "No invitation was there in two looks; it is not sent again by itself, so that nobody gets it twice."
_ABSENT_THING = "It was not there in two looks; it is not made again by itself, so that it is not there twice."
_PLAN_AGAIN = "Make a new plan if it is still wanted."


class Settler:
    """Settles open changes, one round after the other.

    Args:
        api: the service.
        recorder: where outcomes go.
        present: what was read before; kept up to date.
        worker: what carries out; it holds back changes of people who are not settled.
        halt: says when to stop.
        ground: what the plan rests on.
        may_send_again: the ids of what must happen once only, and may be sent again when it is not there.
        wait: waits before looking a second time.
    """

    def __init__(
        self,
        api: Api,
        recorder: Recorder,
        present: Present,
        worker: Worker,
        halt: Halt,
        ground: Ground,
        *,
        may_send_again: Iterable[str] = (),
        wait: Callable[[], object],
    ) -> None:
        self._api = api
        self._recorder = recorder
        self._present = present
        self._worker = worker
        self._halt = halt
        self._ground = ground
        self._may_send_again = set(may_send_again)
        self._wait = wait
        self._tried_again: set[str] = set()
        plan = recorder.plan.changes
        self._known_keys = {change.ids["key_id"] for change in plan if "key_id" in change.ids}

    def settle(self, opens: Sequence[Open]) -> list[Unit]:
        """Look what became of open changes; what has not ended is to be carried out next.

        Returns:
            The units to carry out.
        """
        again = [Unit((item.change,)) for item in opens if item.how == "deferred"]
        looked = [item for item in opens if item.how != "deferred" and not self._is_groundless(item)]
        if not looked:
            return again
        self._recorder.reading("looking what became of requests without a clear answer")
        if self._look(looked):
            absent = [item for item in looked if not self._is_settled(item, again)]
            again += self._after_second_look(absent)
        self._worker.lost.difference_update(item.change.id for item in looked)
        return again

    def _is_groundless(self, item: Open) -> bool:
        """Tell whether the service refused a change because what it rests on is gone; that ends it."""
        if item.how != "refused":
            return False
        trouble = self._ground.trouble_after_refusal(item.change, created=self._recorder.created())
        if not trouble:
            return False
        self._recorder.end(item.change, "skipped", f"stale: {trouble}. {item.reason}", AGAIN)
        self._worker.lost.discard(item.change.id)
        return True

    def _look(self, opens: Sequence[Open]) -> bool:
        """Read what is there; where that is impossible, everything stays unknown."""
        changes = [item.change for item in opens]
        failure = self._halt.reason if self._halt.is_set() else ""
        if not failure:
            try:
                take_in(self._present, read_present(self._api, changes), changes)
            except _LOOK_FAILED as error:
                failure = f"looking failed: {error}"
        if failure:
            for item in opens:
                self._stay_unknown(item, f"{item.reason} It was not looked up: {failure}")
        return not failure

    def _is_settled(self, item: Open, again: list[Unit]) -> bool:
        """Settle one change by what was found; say no where it must be looked at again."""
        change = item.change
        if is_reached(change, self._present):
            self._settle_reached(item)
            return True
        if calls.is_once_only(change, item.step):
            if self._is_lost_key(item):
                return True
            if is_otherwise(change, self._present):
                self._differs(item)
                return True
            return False
        if item.how == "refused" and item.unit.is_batch:
            return False
        if self._is_half_done(item):
            self._recorder.stepped(change, item.step)
            again.append(Unit((change,)))
        elif not holds(change, self._present):
            self._differs(item)
        elif item.how == "refused":
            self._recorder.end(change, "failed", item.reason, _MEND)
        elif change.id in self._tried_again:
            self._stay_unknown(item, f"{item.reason} Nothing had changed when it was looked up, twice.")
        else:
            self._tried_again.add(change.id)
            again.append(Unit((change,)))
        return True

    def _is_lost_key(self, item: Open) -> bool:
        """Tell whether a key was made whose secret nobody has; it stays unknown until it is deleted."""
        change = item.change
        if kind_of(change).makes != "secret" or item.how != "unknown":
            return False
        since = self._recorder[change].started_at
        others = self._known_keys | {
            made.created_id
            for other in self._recorder.plan.changes
            if (made := self._recorder[other]).created_id and other.id != change.id
        }
        key = lost_key(change, self._present.resources, since=since, others=others)
        if key is None:
            return False
        short = key.get("short_key") or key.get("id")
        self._recorder.end(
            change,
            "unknown",
            f"the key {short} was made, and its secret is lost with the answer: {_lower(item.reason)}",
            f"Unless its secret has arrived, delete the key {short} and make another: delete it in LangSmith, then go on "
            "with the journal (lsnb resume).",
            is_open=True,
            created_id=str(key.get("id")),
        )
        return True

    def _is_half_done(self, item: Open) -> bool:
        """Tell whether an invitation that is to be replaced is gone, and the new one is still to be sent."""
        return (
            item.step in calls.steps_of(item.change)[:-1]
            and item.how == "unknown"
            and not self._present.people.get(item.change.email or "")
        )

    def _settle_reached(self, item: Open) -> None:
        change = item.change
        is_ours = item.how != "refused" or item.unit.is_batch or self._recorder[change].n_requests > 1
        if is_ours:
            reason = f"looked up: it was carried out, although {_lower(item.reason)}"
            self._recorder.end(change, "done", reason, created_id=kind_of(change).created_id(change, self._present))
        else:
            found = found_words(change, self._present)
            reason = f"it is so already, and not by this run: {found}. {item.reason}"
            self._recorder.end(change, "skipped", reason, is_there=True)

    def _differs(self, item: Open) -> None:
        """Record that there is neither what was before nor what was wanted."""
        found = found_words(item.change, self._present)
        if item.how == "refused":
            self._recorder.end(item.change, "skipped", f"stale: {found} now. {item.reason}", _PLAN_AGAIN)
        else:
            self._recorder.end(item.change, "failed", f"looked up: {found} now. {item.reason}", _PLAN_AGAIN)

    def _after_second_look(self, absent: Sequence[Open]) -> list[Unit]:
        """Decide about invitations that were not there at the first look."""
        refused = [item for item in absent if item.how == "refused"]
        doubtful = [item for item in absent if item.how != "refused"]
        again = self._after_refusal(refused)
        if not doubtful:
            return again
        self._wait()
        if not self._look(doubtful):
            return again
        ready: list[Change] = []
        for item in doubtful:
            if is_reached(item.change, self._present):
                self._settle_reached(item)
            elif self._is_lost_key(item):
                continue
            elif is_otherwise(item.change, self._present):
                self._differs(item)
            elif item.how == "missing":
                # That answer was clear: the service has not done it, so it may say why when asked alone.
                again.append(Unit((item.change,)))
            elif item.change.id in self._may_send_again:
                self._may_send_again.discard(item.change.id)
                ready.append(item.change)
            else:
                self._stay_unknown(item, f"{item.reason} {_ABSENT_THING if is_resource(item.change) else _ABSENT_MAIL}")
        return again + to_units(ready)

    def _after_refusal(self, refused: Sequence[Open]) -> list[Unit]:
        """Split batches that were refused, down to the rows that the service does not want."""
        by_unit: dict[int, list[Open]] = {}
        for item in refused:
            by_unit.setdefault(id(item.unit), []).append(item)
        again: list[Unit] = []
        for items in by_unit.values():
            if items[0].unit.is_batch:
                again += halves(tuple(item.change for item in items))
                continue
            for item in items:
                next_step = _MEND
                if len(calls.steps_of(item.change)) > 1:
                    next_step = f"The old invitation is cancelled already: invite {item.change.email} with a new plan."
                self._recorder.end(item.change, "failed", item.reason, next_step)
        return again

    def _stay_unknown(self, item: Open, reason: str) -> None:
        self._recorder.end(item.change, "unknown", reason, RESUME, is_open=True)


def _lower(text: str) -> str:
    """Put a sentence into another one."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
