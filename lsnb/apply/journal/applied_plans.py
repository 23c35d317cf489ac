"""A plan is used once: where journals go, and how it is known that a plan was applied already.

What is spent is one making of a plan, which its nonce names: the same plan from the same file, from the same cell, in
another process, or with rows left out or edited by hand is the same making. A plan that is made anew, even of the same
content because the organization went back to where it was, is another one. Where a plan has no nonce, since only the
functions of the core made it, its fingerprint together with the time stands for it.

Two things remember it: the journal itself, in its folder, and a note in the folder of the person who ran it
(`spent`, see `lsnb.files.folders`), for plans that are applied from another folder. A home that
cannot be written does without the note.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from lsnb.apply.journal.model import JOURNAL_VERSION
from lsnb.apply.journal.reader import read_header, read_journal
from lsnb.apply.journal.writer import JournalWriter
from lsnb.errors import JournalError, SpentPlanError
from lsnb.files import create_once, make_folder, state_folder, write_atomically
from lsnb.files.locks import try_lock
from lsnb.plan.model import Plan
from lsnb.plan.serialise import plan_to_json

#: Where journals go when no file is named, below the working folder.
DEFAULT_FOLDER = "lsnb-journals"

# Two threads of one process, such as a double click in a notebook.
_here = threading.Lock()

# Starting a journal takes milliseconds, so whoever has the folder for longer than this is stuck.
_LOCK_ATTEMPTS, _LOCK_EVERY_S = 100, 0.02


def new_journal(
    plan: Plan, path: str | os.PathLike[str] | None, *, now: datetime, header: Mapping[str, Any]
) -> tuple[JournalWriter, Path | None]:
    """Start the journal of a plan, and by that spend the plan.

    Args:
        plan: the plan.
        path: the file to write; one in `DEFAULT_FOLDER` when None.
        now: the time, UTC.
        header: what else the first line is to say.

    Returns:
        The open journal, and the note that the plan is spent, where one could be made.

    Raises:
        SpentPlanError: the plan was applied already, or is being applied.
        JournalError: the journal cannot be written, or there is a file already.
    """
    with _here:
        target = Path(path).absolute() if path is not None else _default_path(plan, now)
        with _locked_folder(target.parent):
            _refuse_spent(plan, target.parent)
            target = target if path is not None else _free(target)
            try:
                writer = JournalWriter.create(target)
            except FileExistsError:
                raise JournalError(
                    f"There is a file {target} already, and it is not the journal of this plan. Name another file."
                ) from None
            try:
                writer.write(
                    {
                        "event": "header",
                        "version": JOURNAL_VERSION,
                        **header,
                        "fingerprint": plan.fingerprint,
                        "created_at": plan.created_at,
                        "nonce": plan.nonce,
                        "organization_id": plan.organization_id,
                        "host": plan.host,
                        "key": plan.key,
                        "allowed": dict(plan.allowed),
                    },
                    {"event": "plan", "plan": plan_to_json(plan)},
                )
                return writer, _note(plan, target)
            except BaseException:
                writer.close()
                raise


def forget(writer: JournalWriter, note: Path | None) -> None:
    """Take back that a plan is spent: it was refused before anything was tried."""
    writer.close()
    for path in (writer.path, note):
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink()
    if writer.path.parent.name == DEFAULT_FOLDER:
        with contextlib.suppress(OSError):
            writer.path.parent.rmdir()  # only where it is empty


def _default_path(plan: Plan, now: datetime) -> Path:
    return Path.cwd() / DEFAULT_FOLDER / f"{now:%Y%m%dT%H%M%S}Z-{plan.fingerprint[:8]}.jsonl"


def _free(path: Path) -> Path:
    """Give a name that is not taken: plans of the same content may be applied within one second."""
    names = (path.with_stem(f"{path.stem}-{n}") for n in count(2))
    return next(name for name in chain([path], names) if not name.exists())


def _making(plan: Plan) -> str:
    """Name one making of a plan: by its nonce, which an edited copy has too, or by content and time where it has none."""
    text = f"nonce\n{plan.nonce}" if plan.nonce else f"{plan.fingerprint}\n{plan.created_at}"
    return hashlib.sha256(text.encode()).hexdigest()


def _note_path(plan: Plan) -> Path | None:
    folder = state_folder()
    return None if folder is None else folder / "spent" / _making(plan)


def _refuse_spent(plan: Plan, folder: Path) -> None:
    """Make sure that no journal of this plan is known.

    Raises:
        SpentPlanError: there is one; says which, and whether it can be continued.
    """
    journal = _noted(plan) or _found(plan, folder)
    if journal is None:
        return
    raise SpentPlanError(
        f"This plan was applied already, and a plan is used once. {_what_became_of(journal)} To change something else, "
        "make a new plan from a new snapshot."
    )


def _what_became_of(journal: Path) -> str:
    try:
        record = read_journal(journal)
    except JournalError:
        return f"Its journal was {journal}, which cannot be read any more."
    if record.is_finished and not record.n_open:
        return f"Its journal is {journal}; the run came to its end."
    if record.is_finished:
        return (
            f"Its journal is {journal}; the run came to its end with {record.n_open:,} changes open. Go on with it: lsnb "
            f"resume {journal}, or org.resume(...) in a notebook."
        )
    return (
        f"Its journal is {journal}, and the run did not come to its end. Go on with it: lsnb resume {journal}, or "
        "org.resume(...) in a notebook."
    )


def refuse_older(plan: Plan, journal: Path) -> None:
    """Make sure that a journal which is to be gone on with is not behind what is known of its run.

    What an older copy does not know of would be done again: people be invited who were invited and said no.

    Raises:
        JournalError: it is; names the journal that went on, where it is there still.
    """
    note = _read_note(plan)
    if note is None:
        return
    other, most = Path(note["journal"]), note.get("n_bytes", 0)
    is_other = other != journal.absolute() and _is_of(plan, other) and not _is_same(other, journal)
    with contextlib.suppress(OSError):
        most = other.stat().st_size if is_other else most
        if not isinstance(most, int) or journal.stat().st_size >= most:
            return
        advice = (
            f"Go on with {other}, which is the journal of this run." if is_other else "Make a new plan from the sheets."
        )
        raise JournalError(
            f"The journal {journal} is an older copy: the run has gone on since it was made, and what it does not know of "
            f"would be done again, so nothing was changed. {advice}"
        )


def note_progress(plan: Plan, journal: Path) -> None:
    """Write down how far the journal of a run has come, so that an older copy of it is known as one."""
    note = _note_path(plan)
    if note is None:
        return
    with contextlib.suppress(OSError, JournalError):
        known = {"journal": str(journal.absolute()), "fingerprint": plan.fingerprint, "n_bytes": journal.stat().st_size}
        make_folder(note.parent)
        write_atomically(note, json.dumps(known).encode(), JournalError)


def _is_of(plan: Plan, journal: Path) -> bool:
    """Tell whether a file is a journal of this making of a plan."""
    names = ("nonce",) if plan.nonce else ("fingerprint", "created_at")
    header = read_header(journal)
    return header is not None and all(header.get(name) == getattr(plan, name) for name in names)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _read_note(plan: Plan) -> dict[str, Any] | None:
    """Read the note of a plan, as far as it makes sense."""
    note = _note_path(plan)
    try:
        data = json.loads(note.read_text(encoding="utf-8")) if note else None
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and isinstance(data.get("journal"), str) else None


def _noted(plan: Plan) -> Path | None:
    """Find the journal of a plan by the note."""
    note = _read_note(plan)
    return None if note is None else Path(note["journal"])


def _found(plan: Plan, folder: Path) -> Path | None:
    """Find the journal of a plan in a folder."""
    found = sorted(folder.glob("*.jsonl")) if folder.is_dir() else ()
    return next((path for path in found if _is_of(plan, path)), None)


def _note(plan: Plan, journal: Path) -> Path | None:
    """Write down where the journal of a plan is; None where there is no place for that."""
    note = _note_path(plan)
    if note is None:
        return None
    text = json.dumps({"journal": str(journal.absolute()), "fingerprint": plan.fingerprint})
    try:
        make_folder(note.parent)
        create_once(note, text.encode())
    except FileExistsError:
        # Another process was faster, with a journal in another folder.
        _forget_journal(journal)
        raise SpentPlanError(
            f"This plan is being applied by another process right now; {note} says with which journal."
        ) from None
    except OSError:
        return None
    return note


def _forget_journal(journal: Path) -> None:
    with contextlib.suppress(OSError):
        journal.unlink()


@contextlib.contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Keep other processes from starting a journal in the same folder meanwhile, where the system can."""
    try:
        make_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        # Not every system opens folders; writing the journal itself will say what is wrong.
        yield
        return
    try:
        for _ in range(_LOCK_ATTEMPTS):
            if try_lock(descriptor):
                break
            time.sleep(_LOCK_EVERY_S)
        yield
    finally:
        os.close(descriptor)
