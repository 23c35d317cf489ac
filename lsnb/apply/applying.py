"""Apply a plan, and go on with one that was stopped."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import lsnb
from lsnb.apply.checks import (
    check_consistency,
    check_place,
    check_plan,
    check_refusals,
    check_version,
    rules_in_force,
)
from lsnb.apply.journal import JournalRecord, JournalWriter, Result, new_journal, read_journal
from lsnb.apply.journal.applied_plans import forget, note_progress, refuse_older
from lsnb.apply.journal.model import NOT_STARTED
from lsnb.apply.journal.run_lock import turn_of
from lsnb.apply.recorder import OnEvent, Recorder
from lsnb.apply.run import Run, make_run, run_of_record
from lsnb.apply.secret_delivery import SecretDelivery
from lsnb.apply.stages import Gate, Stages
from lsnb.apply.worker import Halt
from lsnb.errors import LsnbError
from lsnb.plan.admins import may_take_admin
from lsnb.plan.model import Change, Plan
from lsnb.plan.rules import Rules
from lsnb.service.progress import Display, Progress
from lsnb.service.secret_sinks import SecretSink
from lsnb.snapshot import Caller

if TYPE_CHECKING:
    from lsnb.service.api import Api

Clock = Callable[[], datetime]

#: Seconds before looking a second time: lists of a large service may lag behind its writes.
LOOK_AGAIN_S = 3.0


def utc_now() -> datetime:
    """Tell the time, UTC."""
    return datetime.now(UTC)


def apply_plan(
    api: Api,
    plan: Plan,
    *,
    confirm: str | None,
    workers: int = 8,
    journal: str | os.PathLike[str] | None = None,
    display: Display | None = None,
    stop: threading.Event | None = None,
    on_event: OnEvent | None = None,
    rules: Rules | None = None,
    secrets: SecretSink | None = None,
    gate: Gate | None = None,
    clock: Clock = utc_now,
    sleep: Callable[[float], object] = time.sleep,
) -> Run:
    """Carry out a plan that was reviewed; once.

    Before anything is written, what the plan was made from is read again: changes whose `before` no longer holds are
    skipped as stale, and the rest goes on. Setting `stop`, or interrupting, lets the requests under way finish and
    leaves the rest for `resume_run`; a wait that the service asked for is sat out first.

    Args:
        api: the service.
        plan: the plan.
        confirm: the fingerprint of the plan that was reviewed.
        workers: how many changes may be under way at once.
        journal: where to write what is tried and what comes of it; a new file in `lsnb-journals` when None.
        display: where the progress is shown; picked by surroundings when None.
        stop: ends the work early when it is set.
        on_event: told what happens, one event at a time.
        rules: how many Organization Admins must be left at least, and whom no plan may touch, besides what the plan was
            judged by.
        secrets: where the secrets of created keys go; a plan that creates keys needs it.
        gate: gives what a policy refuses of the changes that still hold; None where there is no policy.
        clock: the time, UTC.
        sleep: waits that many seconds, before looking a second time at what was not there.

    Returns:
        What became of each change; also where some failed, or the work was stopped.

    Raises:
        UnconfirmedPlanError: the fingerprint is missing or another plan's.
        UnsafePlanError: a rule refuses the plan, or does so by now.
        SpentPlanError: the plan was applied already.
        BusyOrganizationError: another run is changing the organization on this machine.
        PlanError: it is for another organization, host or key, has changes of other kinds, or creates keys and no place
            for their secrets is named.
        ConfigError: that place does not take secrets.
        JournalError: the journal cannot be written; what was not tried before was not done.
        ApiError: what the plan was made from could not be read again; nothing was changed, and the plan is not spent.
        TransportError: likewise.
    """
    check_plan(plan, confirm)
    held_to = rules_in_force(plan, rules)
    caller = check_place(api, plan, held_to)
    if plan.is_empty:
        return make_run(plan, {}, None)
    header = {"lsnb": lsnb.__version__, "started_at": _stamp(clock()), "workers": workers}
    with SecretDelivery(secrets) as handover:
        handover.prepare(plan.changes)
        writer, note = new_journal(plan, journal, now=clock(), header=header)
        with writer, ExitStack() as stack:
            try:
                remark = stack.enter_context(_turn(plan, writer.path, clock, sleep))
                progress = stack.enter_context(Progress(_title(plan), display=display))
                results = {change.id: Result() for change in plan.changes}
                progress.expect(len(plan))
                recorder = Recorder(plan, writer, results, progress=progress, clock=clock, on_event=on_event)
                halt = Halt(stop)
                wait = _waiting(sleep)
                stages = Stages(
                    api, recorder, halt, workers=workers, rules=held_to, caller=caller, wait=wait, handover=handover
                )
                stages.look(may_refuse=True, gate=gate)
            except (LsnbError, KeyboardInterrupt):
                # Nothing was tried, so the plan can still be applied.
                forget(writer, note)
                raise
            return _work(api, stages, recorder, halt, writer, handover, remark=remark)


def resume_run(
    api: Api,
    journal: str | os.PathLike[str],
    *,
    workers: int = 8,
    retry_failed: bool = False,
    display: Display | None = None,
    stop: threading.Event | None = None,
    on_event: OnEvent | None = None,
    rules: Rules | None = None,
    secrets: SecretSink | None = None,
    clock: Clock = utc_now,
    sleep: Callable[[float], object] = time.sleep,
) -> Run:
    """Go on with a run that was stopped or killed, or that left something unknown; in the same journal.

    What is unknown is looked up first; what is done is not done again. An invitation whose answer was lost is sent
    again when it is not there in two looks.

    Args:
        api: the service.
        journal: the journal.
        workers: how many changes may be under way at once.
        retry_failed: try what failed again too.
        display: as in `apply_plan`, and so are the others.
        stop: see there.
        on_event: see there.
        rules: see there.
        secrets: see there.
        clock: see there.
        sleep: see there.

    Returns:
        What became of each change of the plan, in the earlier run and in this one. Where nothing was open, nothing was
        done, and the notes say so.

    Raises:
        JournalError: the journal is damaged, or another process is writing it.
        BusyOrganizationError: another run is changing the organization on this machine.
        UnsafePlanError: a rule refuses the plan, which no run of it would have begun with.
        PlanError: it is for another organization, host or key.
        ApiError: what is there now could not be read; nothing was changed.
        TransportError: likewise.
    """
    record = read_journal(journal)
    check_version(record.plan)
    check_refusals(record.plan, record.plan.refusals)
    check_consistency(record.plan)
    held_to = rules_in_force(record.plan, rules)
    caller = check_place(api, record.plan, held_to)
    with SecretDelivery(secrets) as handover:
        handover.prepare(
            change for change in record.plan.changes if _is_open(record.results[change.id], retry_failed=retry_failed)
        )
        return _go_on(
            api,
            record.path,
            handover,
            workers=workers,
            retry_failed=retry_failed,
            display=display,
            stop=stop,
            on_event=on_event,
            rules=held_to,
            caller=caller,
            clock=clock,
            sleep=sleep,
        )


def _go_on(
    api: Api,
    path: Path,
    handover: SecretDelivery,
    *,
    workers: int,
    retry_failed: bool,
    display: Display | None,
    stop: threading.Event | None,
    on_event: OnEvent | None,
    rules: Rules,
    caller: Caller,
    clock: Clock,
    sleep: Callable[[float], object],
) -> Run:
    writer, record = JournalWriter.reopen(path)
    with (
        writer,
        _turn(record.plan, writer.path, clock, sleep) as remark,
        Progress(_title(record.plan), display=display) as progress,
    ):
        refuse_older(record.plan, writer.path)
        results = dict(record.results)
        recorder = Recorder(record.plan, writer, results, progress=progress, clock=clock, on_event=on_event)
        todo, lost = _take_up(recorder, retry_failed=retry_failed)
        if record.is_finished and not todo:
            run = run_of_record(record)
            return make_run(run.plan, results, run.journal, notes=("The run had come to its end; nothing was done.",))
        progress.expect(len(todo))
        recorder.mark("resumed", lsnb=lsnb.__version__, workers=workers)
        halt = Halt(stop)
        wait = _waiting(sleep)
        stages = Stages(
            api,
            recorder,
            halt,
            workers=workers,
            rules=rules,
            caller=caller,
            wait=wait,
            handover=handover,
            lost=lost,
            uncounted=_uncounted(record),
        )
        stages.look(may_refuse=False)
        return _work(api, stages, recorder, halt, writer, handover, remark=remark)


def load_run(journal: str | os.PathLike[str]) -> Run:
    """Read what became of a run from its journal, for looking or for undoing it."""
    return run_of_record(read_journal(journal))


def _take_up(recorder: Recorder, *, retry_failed: bool) -> tuple[list[Change], list[tuple[Change, str]]]:
    """Open again what is to be done: what was not started, what is unknown, and what failed where that is wanted.

    Returns:
        The changes; and those of them that nobody knows the outcome of, with the request that was being tried.
    """
    todo: list[Change] = []
    lost: list[tuple[Change, str]] = []
    for change in recorder.plan.changes:
        result = recorder[change]
        step = result.trying
        if not _is_open(result, retry_failed=retry_failed):
            continue
        todo.append(change)
        if result.is_unknown and step is not None:
            lost.append((change, step))
        if result.outcome is not None:
            recorder.reopen(change)
    return todo, lost


def _uncounted(record: JournalRecord) -> list[Change]:
    """Find what took Organization Admins and is done, where the run ended before it had counted those who are left.

    The last one is enough: before each of them all were counted.
    """
    counted = {id_ for _, line in record.raw if line["event"] == "counted" for id_ in line.get("ids", ())}
    taking = [
        change
        for change in record.plan.changes
        if may_take_admin(change)
        and (result := record.results[change.id]).outcome == "done"
        and not result.is_verified
        and change.id not in counted
    ]
    return sorted(taking, key=lambda change: record.results[change.id].finished_at or "")[-1:]


def _is_open(result: Result, *, retry_failed: bool) -> bool:
    """Tell whether going on looks at a change or tries it again."""
    return result.is_open or result.is_unknown or (retry_failed and result.outcome == "failed")


def _turn(plan: Plan, journal: Path, clock: Clock, sleep: Callable[[float], object]) -> AbstractContextManager[str]:
    """Keep other runs of the organization out meanwhile."""
    return turn_of(
        plan.organization_id,
        plan.host,
        organization=plan.organization,
        journal=journal,
        started_at=_stamp(clock()),
        sleep=sleep,
    )


def _waiting(sleep: Callable[[float], object]) -> Callable[[], object]:
    return lambda: sleep(LOOK_AGAIN_S)


def _work(
    api: Api,
    stages: Stages,
    recorder: Recorder,
    halt: Halt,
    writer: JournalWriter,
    handover: SecretDelivery,
    *,
    remark: str,
) -> Run:
    """Carry the plan out and read it back, and sum it up."""
    notes: tuple[str, ...] = (remark,) if remark else ()
    pace = api.transport.pace
    heard, pace.on_wait = pace.on_wait, recorder.waiting
    try:
        stages.carry_out()
        stages.give_up_lost()
        note = "" if halt.is_set() else stages.read_back()
        notes += (note,) if note else ()
    except KeyboardInterrupt:
        halt.reason = "It was interrupted."
        stages.give_up_lost()
    finally:
        pace.on_wait = heard
    # Pressing stop when all is done stops nothing.
    counts = recorder.counts()
    stopped = halt.reason if counts["unknown"] or counts[NOT_STARTED] or halt.is_grave else ""
    recorder.mark("stopped" if stopped else "finished", reason=stopped)
    recorder.finished()
    note_progress(recorder.plan, writer.path)
    return make_run(recorder.plan, recorder.results, writer.path, stopped=stopped, notes=notes, secrets=handover.kept)


def _title(plan: Plan) -> str:
    return f"Applying {len(plan):,} change{'' if len(plan) == 1 else 's'}"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
