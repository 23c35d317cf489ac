"""Go through a plan stage by stage: look, carry out, settle, and look again whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from lsnb.apply import calls
from lsnb.apply.admins import AdminGuard
from lsnb.apply.batch_add import find_together
from lsnb.apply.batches import Unit, to_units, to_waves
from lsnb.apply.fresh import ReadOnce, read_fresh
from lsnb.apply.ground import AGAIN, Ground
from lsnb.apply.matching import found_words, holds, is_reached, is_shown
from lsnb.apply.present import Present, take_in
from lsnb.apply.reconcile import Settler
from lsnb.apply.recorder import RESUME, Recorder
from lsnb.apply.refresh import read_present
from lsnb.apply.secret_delivery import SecretDelivery
from lsnb.apply.skip_stale import end_stale
from lsnb.apply.worker import Halt, Open, Worker
from lsnb.errors import (
    ApiError,
    IncompleteListError,
    PlanError,
    TransportError,
    UnreadableTableError,
    UnsafePlanError,
)
from lsnb.plan.admins import may_take_admin
from lsnb.plan.current_state import CurrentState
from lsnb.plan.kinds import is_half_done
from lsnb.plan.model import STAGES, Change, RuleResult
from lsnb.plan.references import reference_made_by, references_of, resolve
from lsnb.plan.rules import Rules
from lsnb.plan.safety import judge
from lsnb.plan.subjects.workspace import deletions
from lsnb.snapshot import Caller, Snapshot

if TYPE_CHECKING:
    from lsnb.service.api import Api

_LOOK_FAILED = (ApiError, TransportError, IncompleteListError)


#: What a policy refuses of changes, on what is there now.
Gate = Callable[[Sequence[Change]], Iterable[RuleResult]]


class Stages:
    """The work of one run.

    Args:
        api: the service.
        recorder: where outcomes go; what it knows already is not done again.
        halt: says when to stop.
        workers: how many requests may be under way at once.
        rules: what the run is held to.
        caller: who applies the plan.
        wait: waits before looking a second time.
        handover: where the secrets of created keys go.
        lost: changes of an earlier run that nobody knows the outcome of, with the request that was being tried.
        uncounted: changes of an earlier run that took Organization Admins, and after which it did not come to count them.
    """

    def __init__(
        self,
        api: Api,
        recorder: Recorder,
        halt: Halt,
        *,
        workers: int,
        rules: Rules,
        caller: Caller,
        wait: Callable[[], object],
        handover: SecretDelivery,
        lost: Iterable[tuple[Change, str]] = (),
        uncounted: Iterable[Change] = (),
    ) -> None:
        self._api = api
        self._recorder = recorder
        self._halt = halt
        self._workers = max(1, workers)
        self._wait = wait
        self._lost = list(lost)
        self._uncounted = list(uncounted)
        self._rules = rules
        self._caller = caller
        self._present = Present()
        self._ground = Ground(api, recorder.plan)
        self._worker = Worker(api, recorder, self._present, halt, handover, self._ground)
        self._settler = Settler(
            api,
            recorder,
            self._present,
            self._worker,
            halt,
            self._ground,
            # Going on is somebody's decision, and time has passed.
            may_send_again=[change.id for change, step in self._lost if calls.is_once_only(change, step)],
            wait=wait,
        )
        self._guard = AdminGuard(api, recorder, rules, wait)
        self._opens: list[Open] = []
        # What a rule refuses by now, of a run that is gone on with: why, by the id of the change.
        self._refused: dict[str, str] = {}
        self._makers = {
            reference: change
            for change in recorder.plan.changes
            if (reference := reference_made_by(change)) is not None
        }

    def look(self, *, may_refuse: bool, gate: Gate | None = None) -> None:
        """Read what the plan was made from again; what no longer holds is skipped as stale.

        Args:
            may_refuse: whether the whole plan may still be refused, since nothing was written yet.
            gate: gives what a policy refuses of the changes that still hold; None where there is no policy.

        Raises:
            UnsafePlanError: a rule or the policy refuses by now what is left of the plan.
            PlanError: what is there cannot be read well enough to judge it.
        """
        changes = self._todo()
        lost = {change.id for change, _ in self._lost}
        self._recorder.reading("reading what the plan was made from again")
        api = ReadOnce(self._api)
        snapshot = read_fresh(api, changes, self._caller)
        self._ground.learn(snapshot)
        fresh = [change for change in changes if change.id in lost or not self._is_groundless(change)]
        counts = any(map(may_take_admin, [*fresh, *self._uncounted]))
        found = read_present(api, fresh, everybody=counts, from_list=True)
        take_in(self._present, found, fresh)
        self._present.everybody = found.everybody
        if may_refuse:
            self._present.resources.earlier_keys = frozenset(found.resources.all("keys"))
        valid = [change for change in fresh if change.id in lost or self._holds(change)]
        if found.everybody is not None:
            self._guard.take(found.everybody)
            takers = [change for change in valid if may_take_admin(change)]
            refusal = self._guard.refusal(takers, promised=valid) if may_refuse and takers else ""
            if refusal:
                raise _unsafe([refusal])
        self._judge(snapshot, valid, may_refuse=may_refuse)
        if gate is not None and valid and (refusals := list(gate(valid))):
            raise _unsafe([f"{refusal.rule}: {refusal.message}" for refusal in refusals])
        known = {change.id for change in valid}
        for change in fresh:
            if change.id not in known:
                end_stale(self._recorder, change, self._present)
        self._recorder.sync()

    def _is_groundless(self, change: Change) -> bool:
        """Skip a change where what it rests on is not so any more, and say what that is."""
        trouble = self._ground.trouble(change, created=self._recorder.created())
        if trouble:
            self._recorder.end(change, "skipped", f"stale: {trouble}.", AGAIN)
        return bool(trouble)

    def _judge(self, snapshot: Snapshot, changes: Sequence[Change], *, may_refuse: bool) -> None:
        """Judge by all rules, on what is there now; a run that was begun goes on with what no rule refuses."""
        plan = self._recorder.plan
        try:
            verdict = judge(
                snapshot,
                CurrentState(snapshot),
                tuple(changes),
                scope=plan.scope,
                mode=plan.mode,
                rules=self._rules,
                allow=plan.allowed,
            )
        except UnreadableTableError as error:
            raise PlanError(
                f"The plan cannot be judged on what is there now, so nothing was changed. {error}"
            ) from error
        if may_refuse and verdict.refusals:
            raise _unsafe([f"{refusal.rule}: {refusal.message}" for refusal in verdict.refusals])
        for refusal in verdict.refusals:
            # Who is counted just before, and by the end that was reviewed, is not counted here.
            if refusal.rule != "min-admins":
                about = refusal.change_ids or [change.id for change in changes]
                self._refused |= dict.fromkeys(about, f"{refusal.rule}: {refusal.message}")

    def carry_out(self) -> None:
        """Carry out what has not ended, stage by stage, each only when the one before is settled."""
        self._settle_lost()
        for change in self._uncounted:
            if not self._halt.is_set():
                self._check_after(change)
        for stage in STAGES:
            changes = [c for c in self._todo() if c.stage == stage and not self._is_refused(c)]
            if not changes or self._halt.is_set():
                continue
            self._recorder.stage(stage)
            for wave in to_waves(self._named(changes)):
                if may_take_admin(wave[0]):
                    self._one_by_one(wave)
                else:
                    self._rounds(to_units(wave, together=find_together(self._api, wave)))
        self._recorder.sync()

    def _is_refused(self, change: Change) -> bool:
        reason = self._refused.get(change.id)
        if reason is None:
            return False
        self._recorder.end(change, "skipped", f"not tried: by now a rule refuses it: {reason}", RESUME, is_open=True)
        return True

    def read_back(self) -> str:
        """Read the rows that were changed again, and compare them with what the service said.

        Returns:
            Why they could not be read; empty where they were.
        """
        changes = [
            self._resolved(change)
            for change in self._recorder.plan.changes
            if self._recorder[change].outcome == "done" and not self._recorder[change].is_verified
        ]
        if not changes:
            return ""
        self._recorder.reading("reading back what was changed")
        # What happened in a workspace that was deleted afterwards cannot be read, and what was to go is gone with it.
        deleted = {change.ids["workspace_id"]: change for change in deletions(changes)}
        buried = [
            c for c in changes if (end := deleted.get(c.ids.get("workspace_id", ""))) is not None and end.id != c.id
        ]
        ids = {change.id for change in buried}
        missing = [change for change in changes if change.id not in ids]
        unseen = [change for change in buried if change.after is not None]
        try:
            for is_last in (False, True):
                found = read_present(self._api, missing)
                take_in(self._present, found, missing)
                # By this reading alone: what an earlier one showed is from before the change.
                missing, unseen = _parted(missing, found, unseen)
                there = [change for change in missing if is_reached(change, self._present)]
                self._recorder.verified(there)
                known = {change.id for change in there}
                missing = [change for change in missing if change.id not in known]
                if not missing or is_last:
                    break
                self._wait()  # a list may lag behind
        except _LOOK_FAILED as error:
            return f"What was changed could not be read back: {error}"
        self._recorder.verified(
            [c for c in buried if c.after is None and self._recorder[deleted[c.ids["workspace_id"]]].is_verified]
        )
        for change in missing:
            self._recorder.end(
                change,
                "failed",
                f"the service said yes, but afterwards {found_words(change, self._present)}.",
                "Look at it in LangSmith, then make a new plan if it is still wanted.",
            )
        self._recorder.sync()
        if not unseen:
            return ""
        return (
            f"{len(unseen):,} of the changes could not be read back, since the service does not show what they lead to: "
            f"{', '.join(sorted({change.kind for change in unseen}))}."
        )

    def give_up_lost(self) -> None:
        """Call unknown what was sent and has no answer, as the run ends here."""
        for change in self._recorder.plan.changes:
            result = self._recorder[change]
            if result.outcome is None and result.trying is not None:
                reason = "the run was stopped before it was known whether this was carried out."
                self._recorder.end(change, "unknown", reason, RESUME, is_open=True)

    def _todo(self) -> list[Change]:
        return [
            self._resolved(change) for change in self._recorder.plan.changes if self._recorder[change].outcome is None
        ]

    def _resolved(self, change: Change) -> Change:
        """Put the ids of what this run has created where a change refers to it."""
        if not self._makers:
            return change
        known = {
            reference: result.created_id
            for reference, maker in self._makers.items()
            if (result := self._recorder[maker]).created_id and result.outcome == "done"
        }
        return resolve(change, known)

    def _named(self, changes: Iterable[Change]) -> list[Change]:
        """Leave out what refers to something that was not created."""
        ready = []
        for change in changes:
            missing = sorted(references_of(change))
            if not missing:
                ready.append(change)
                continue
            self._recorder.end(change, "skipped", f"not tried: {self._why_missing(missing[0])}", RESUME, is_open=True)
        return ready

    def _why_missing(self, reference: str) -> str:
        kind, name = reference.split(":", 2)[1:]
        maker = self._makers.get(reference)
        if maker is None:
            return f"the plan does not create the {kind} {name!r} that it needs."
        result = self._recorder[maker]
        if result.is_there:
            return f"the {kind} {name!r} is there, and not by this plan; a new plan can use it."
        how = {"failed": "failed", "unknown": "nobody knows whether that was done"}.get(
            result.outcome or "", "was not made"
        )
        return f"creating the {kind} {name!r} comes first, and {how}."

    def _holds(self, change: Change) -> bool:
        if is_half_done(change, self._recorder[change].steps):
            # Half of it was done by an earlier run: the old invitation is gone, and the new one is still to be sent.
            return not self._present.people.get(change.email or "")
        return holds(change, self._present)

    def _settle_lost(self) -> None:
        """Settle what an earlier run left unknown, before anything else happens to those people."""
        opens = [
            Open(change, "unknown", step, "the earlier run ended before the answer came.", Unit((change,)))
            for change, step in ((self._resolved(change), step) for change, step in self._lost)
        ]
        self._worker.lost.update(change.id for change, _ in self._lost)
        # Of people with several, all must be known first; what is to be done again waits for its stage.
        if opens and not self._halt.is_set():
            self._settler.settle(opens)
            self._recorder.sync()
            for change, _ in self._lost:
                if may_take_admin(change) and not self._halt.is_set():
                    self._check_after(change)

    def _one_by_one(self, changes: Sequence[Change]) -> None:
        """Carry out what takes Organization Admins away: each after a fresh count, and with another one behind it.

        What the plan still takes in later stages is counted with it: the end that was reviewed must hold, or nothing of
        it is begun.
        """
        for position, change in enumerate(changes):
            if self._halt.is_set():
                return
            refusal = self._guard.refusal_now([c for c in self._todo() if may_take_admin(c)])
            if refusal:
                for left in changes[position:]:
                    self._recorder.end(left, "skipped", f"not tried: {refusal}", RESUME, is_open=True)
                return
            self._rounds([Unit((change,))])
            self._check_after(change)

    def _check_after(self, change: Change) -> None:
        wrong = self._guard.check_after(change)
        if wrong:
            self._halt.end(wrong)
        self._recorder.sync()

    def _rounds(self, units: list[Unit]) -> None:
        """Carry out units, settle what is open, and go on with what that leaves, until nothing is left."""
        while units and not self._halt.is_set():
            self._opens = []
            self._api.transport.map(self._carry_out, units, workers=self._workers)
            self._recorder.sync()
            units = self._settler.settle(self._opens)

    def _carry_out(self, unit: Unit) -> None:
        opens = self._worker.carry_out(unit)
        self._opens.extend(opens)


def _unsafe(reasons: Sequence[str]) -> UnsafePlanError:
    return UnsafePlanError(
        "The organization has changed since the plan was made, so the plan is refused, and nothing was changed: "
        f"{' '.join(reasons)} Make a new plan.",
        reasons=reasons,
    )


def _parted(changes: Sequence[Change], present: Present, unseen: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Part changes into those whose end the service shows, and those whose end it does not."""
    shown = [change for change in changes if is_shown(change, present)]
    known = {change.id for change in shown}
    return shown, [*unseen, *(change for change in changes if change.id not in known)]
