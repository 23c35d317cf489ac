"""Read a journal back: what was done, what failed, and what nobody knows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from lsnb.apply.journal.model import JOURNAL_VERSION, OUTCOMES, JournalRecord, Result
from lsnb.errors import JournalError, PlanError
from lsnb.files import FileTroubleError, load_json, read_bounded
from lsnb.plan.model import Outcome, Plan
from lsnb.plan.serialise import plan_from_json

_KNOWN = ("trying", "not-sent", "reopened", "step", "outcome", "verified", "counted", "resumed", "stopped", "finished")
_TEXTS = ("at", "id", "step", "outcome", "reason", "next_step", "trying", "created_id")
_MOST_OF_A_HEADER = 1 << 16
# A run over 20,000 people has about 60 MB.
_MOST_OF_A_JOURNAL = 1 << 30


def read_journal(path: str | os.PathLike[str]) -> JournalRecord:
    """Read a journal.

    A last line that was cut off by a kill is left out: what it would have said counts as unknown. Lines of kinds that
    this lsnb does not know are kept and not understood.

    Raises:
        JournalError: it cannot be read, has a version that this lsnb does not know, or is damaged; names the line.
    """
    path = Path(path)
    try:
        data = read_bounded(path, most=_MOST_OF_A_JOURNAL)
    except FileNotFoundError:
        raise JournalError(f"The journal {path} cannot be read: there is no such file.") from None
    except FileTroubleError as error:
        raise JournalError(f"The journal {path} cannot be read: {error}.") from None
    n_bytes = data.rfind(b"\n") + 1
    lines = list(_parsed(path, data[:n_bytes]))
    if not lines:
        raise JournalError(
            f"The journal {path} ends before its first line does: the run was stopped before anything was changed. "
            "Delete the file and apply the plan again."
        )
    header = _checked_header(path, lines[0][1])
    if len(lines) < 2:
        raise JournalError(
            f"The journal {path} ends before the plan is in it: the run was stopped before anything was changed. Delete "
            "the file and apply the plan again."
        )
    plan = _read_plan(path, lines[1][1])
    _check_beginning(path, header)
    results = {change.id: Result() for change in plan.changes}
    is_finished = False
    for number, line in lines[2:]:
        try:
            _check_types(line)
            _take(line, results)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise JournalError(
                f"Line {number} of the journal {path} makes no sense ({type(error).__name__}: {error})."
            ) from None
        if line["event"] in ("finished", "stopped", "resumed"):
            is_finished = line["event"] == "finished"
    return JournalRecord(path, header, plan, tuple(lines[2:]), results, is_finished, n_bytes)


def read_header(path: Path) -> dict[str, Any] | None:
    """Read only the first line; None where that is not the header of a journal that holds a plan."""
    try:
        with path.open("rb") as file:
            first, second = file.readline(_MOST_OF_A_HEADER), file.read(1)
        header = load_json(first) if first.endswith(b"\n") and second else None
    except (OSError, ValueError):
        return None
    return header if isinstance(header, dict) and header.get("event") == "header" else None


def _parsed(path: Path, data: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, text in enumerate(data.splitlines(), start=1):
        try:
            line = load_json(text)
        except FileTroubleError:
            line = None
        if not isinstance(line, dict) or not isinstance(line.get("event"), str):
            raise JournalError(
                f"Line {number} of the journal {path} is damaged, so it is not known what was done. Go on from a copy "
                "that is whole; or compare the plan with a new snapshot, which needs no journal."
            )
        yield number, line


def _checked_header(path: Path, header: Mapping[str, Any]) -> Mapping[str, Any]:
    version = header.get("version")
    if header["event"] != "header" or not isinstance(version, int) or isinstance(version, bool):
        raise JournalError(f"{path} is not a journal of lsnb: its first line is no header.")
    if version > JOURNAL_VERSION:
        raise JournalError(
            f"The journal {path} has version {version}, and this lsnb reads versions up to {JOURNAL_VERSION}. Use a "
            "newer lsnb."
        )
    return header


def _check_beginning(path: Path, header: Mapping[str, Any]) -> None:
    """Make sure that the time at which the run began, where the header has one, is a time."""
    try:
        if "started_at" in header:
            _check_time(header["started_at"])
    except (TypeError, ValueError):
        raise JournalError(f"The header of the journal {path} does not say when the run began.") from None


def _read_plan(path: Path, line: Mapping[str, Any]) -> Plan:
    try:
        return plan_from_json(line["plan"], is_history=True)
    except KeyError:
        raise JournalError(f"Line 2 of the journal {path} does not hold the plan.") from None
    except PlanError as error:
        raise JournalError(f"Line 2 of the journal {path} does not hold the plan: {error}") from None


def _check_types(line: Mapping[str, Any]) -> None:
    """Make sure that what a line says is of the kind that everybody who reads it counts on.

    Of an event that this lsnb does not know, only who it is about and when have to be so.
    """
    for name in _TEXTS if line["event"] in _KNOWN else ("at", "id"):
        if not isinstance(line.get(name), str | None):
            raise TypeError(f"{name} is no text")
    ids = line.get("ids", [])
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise TypeError("ids is no list of texts")
    if line.get("at") is not None:
        _check_time(line["at"])


def _check_time(text: str) -> None:
    if datetime.fromisoformat(text).tzinfo is None or not "1970" <= text[:4] < "2262":
        raise ValueError(f"{text[:40]!r} is no time with its zone")


def _take(line: Mapping[str, Any], results: Mapping[str, Result]) -> None:
    """Let a line change what is known."""
    event = line["event"]
    if event == "trying":
        for id_ in line["ids"]:
            result = results[id_]
            result.trying = line["step"]
            result.n_requests += 1
            result.started_at = result.started_at or line["at"]
    elif event == "not-sent":
        for id_ in line["ids"]:
            results[id_].trying = None
            results[id_].reason = line["reason"]
    elif event == "reopened":
        result = results[line["id"]]
        result.outcome, result.trying, result.is_open, result.is_verified = None, line.get("trying"), True, False
        result.reason = result.next_step = ""
    elif event == "step":
        result = results[line["id"]]
        result.steps.add(line["step"])
        result.trying = None
    elif event == "outcome":
        result = results[line["id"]]
        if line["outcome"] not in OUTCOMES:
            raise ValueError(f"there is no outcome {line['outcome']!r}")
        result.outcome = cast("Outcome", line["outcome"])
        result.reason, result.next_step = line["reason"], line["next_step"]
        result.finished_at = line["at"]
        result.is_open, result.is_there = bool(line.get("is_open")), bool(line.get("is_there"))
        result.is_verified = False
        result.trying = line.get("trying") if result.outcome == "unknown" else None
        result.created_id = line.get("created_id") or result.created_id
    elif event == "verified":
        for id_ in line["ids"]:
            results[id_].is_verified = True
