"""The fault matrix: which faults, against which kinds of changes, and when a cell is lost. Nothing here talks to anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lsnb.plan.model import CHANGE_KINDS

LATE_MS, LIMIT_S = 900, 0.6

Reach = Literal["once", "storm", "on"]


@dataclass(frozen=True)
class Fault:
    """One way in which an answer goes wrong.

    Args:
        name: what the table calls it.
        words: what happens, for somebody who reads the table.
        asked: what the demo organization is asked for.
        reach: how many of the requests that it is aimed at it hits: the first, twelve in a row, or all from then on. Reads
            are repeated by themselves, so a fault of reads always hits all of them.
        is_everywhere: whether every other request fares likewise from then on.
        hits_reads: whether it makes sense for a request that only reads.
        is_done: whether the request was carried out.
    """

    name: str
    words: str
    asked: Mapping[str, Any]
    reach: Reach = "once"
    is_everywhere: bool = False
    hits_reads: bool = True
    is_done: bool = False


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("500 before", "a 500, and nothing was done", {"kind": "status", "status": 500}),
        Fault("500 after", "a 500, though it was done", {"kind": "after", "status": 500}, is_done=True),
        Fault("502 page", "a gateway's page with a 502", {"kind": "html", "status": 502}),
        Fault(
            "503 wait", "a 503 with `Retry-After`", {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}}
        ),
        Fault("429 wait", "a 429 with `Retry-After`", {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}),
        Fault("429 storm", "twelve 429 in a row without `Retry-After`", {"kind": "status", "status": 429}, reach="storm"),
        Fault("reset before", "the connection breaks before it was done", {"kind": "drop-before"}),
        Fault("reset after", "it was done, and the connection breaks", {"kind": "drop-after"}, is_done=True),
        Fault("cut", "it was done, and half of the answer comes", {"kind": "truncate"}, is_done=True),
        Fault("timeout", "it was done, and no answer comes in time", {"kind": "hang", "delay_ms": LATE_MS}, is_done=True),
        Fault("empty", "it was done, and a 200 without a body comes", {"kind": "after", "status": 200, "body": ""}, is_done=True),
        Fault("wrong JSON", "it was done, and a 200 with other JSON comes", {"kind": "after", "status": 200, "body": {"unexpected": [1]}}, is_done=True),
        Fault("200 page", "a proxy's page with a 200, and nothing was done", {"kind": "html"}),
        Fault("401", "the key is refused, from then on", {"kind": "status", "status": 401}, reach="on", is_everywhere=True),
        Fault("403", "the service forbids it, from then on", {"kind": "status", "status": 403}, reach="on"),
        Fault("409", "the service sees a conflict", {"kind": "status", "status": 409}),
        Fault("422", "the service does not take the values", {"kind": "status", "status": 422}),
        Fault("lists lag", "it was done, and lists show it only after a while", {"kind": "lag"}, hits_reads=False, is_done=True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """When a fault hits.

    Args:
        what: "read" (all reads of a part of the run) or "write" (one request that changes something).
        number: which part, or which write, from 0.
        method: of the write.
        path: of the write.
    """

    what: Literal["read", "write"]
    number: int
    method: str = "GET"
    path: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.number + 1}"


@dataclass(frozen=True)
class Seen:
    """What is there, as the demo organization itself has it.

    Args:
        facts: everything that can be changed, each with how often it is there.
        mails: invitations that went out, by address.
    """

    facts: Counter[tuple[Any, ...]]
    mails: Counter[str]


@dataclass
class Tried:
    """What came of one cell, for `judge`.

    Args:
        fault: the fault.
        before: what was there before.
        after: what an undisturbed run leaves.
        half: what is there between the requests of a change that takes two.
        hits: how many requests the fault hit.
        outcome: what the run said of the change; empty where it raised.
        reason: why, as the run said.
        then: what was there when the run had ended.
        n_carried_out: how often the service carried out each request that changes something.
        is_told: whether what is called done was read back, or it was said that it was not.
        error: what the run raised; and whether that was an error of ours.
        is_our_error: see there.
        end: what the run said once the fault was over and somebody had gone on; and what was there.
        last: see there.
        secrets: for a key that is called done, whether its secret was handed over and opens it.
    """

    fault: Fault
    before: Seen
    after: Seen
    half: tuple[Seen, ...] = ()
    hits: int = 0
    outcome: str = ""
    reason: str = ""
    then: Seen = field(default_factory=lambda: Seen(Counter(), Counter()))
    n_carried_out: Mapping[str, int] = field(default_factory=dict)
    is_told: bool = True
    error: str = ""
    is_our_error: bool = True
    end: str = ""
    last: Seen = field(default_factory=lambda: Seen(Counter(), Counter()))
    secrets: bool = True


def judge(tried: Tried) -> list[str]:
    """Say what is lost in a cell; an empty list is a cell that held.

    Lost is: a run that says something untrue of the organization, a change that happened twice, a second mail, something
    done and called not done or the other way round, an error that is not ours, and a cell that nobody could bring to its
    end after the fault was over.
    """
    lost = []
    if not tried.hits:
        lost.append("the fault hit nothing")
    if tried.error and not tried.is_our_error:
        lost.append(f"an error that is not ours: {tried.error}")
    if tried.error and tried.then != tried.before:
        lost.append(f"raised, and something had been changed: {tried.error}")
    is_there, is_untouched = tried.then.facts == tried.after.facts, tried.then.facts == tried.before.facts
    if tried.outcome == "done" and not is_there:
        lost.append("called done, and it is not there")
    if tried.outcome in ("failed", "skipped", "not started") and is_there:
        lost.append(f"done, and called {tried.outcome}: {tried.reason}")
    if tried.outcome in ("skipped", "not started") and not is_untouched and not is_there:
        lost.append(f"called {tried.outcome}, and half of it was done: {tried.reason}")
    if tried.outcome == "done" and not tried.is_told:
        lost.append("not read back, and nobody is told")
    if not tried.secrets:
        lost.append("a key without its secret is called done")
    lost += [f"done {n} times: {what}" for what, n in tried.n_carried_out.items() if n > 1]
    is_half = any(tried.then.facts == half.facts for half in tried.half)
    if is_half and tried.outcome != "unknown" and "cancelled" not in tried.reason:
        lost.append(f"half of it was done, and nobody is told: {tried.reason}")
    for seen, when in ((tried.then, "at once"), (tried.last, "at last")):
        lost += [f"{n} mails to {who} {when}" for who, n in seen.mails.items() if n > max(1, tried.before.mails[who])]
        odd = set(seen.facts) - set(tried.before.facts) - set(tried.after.facts)
        missing = (set(tried.before.facts) & set(tried.after.facts)) - set(seen.facts)
        if when == "at once" and is_half:
            missing.clear()
        lost += [f"something else {when}: {fact}" for fact in sorted(odd | missing, key=str)]
        lost += [f"{n} of {fact} {when}" for fact, n in seen.facts.items() if n > max(tried.before.facts[fact], tried.after.facts[fact])]  # fmt: skip
    if tried.end != "done" or tried.last.facts != tried.after.facts:
        lost.append(f"cannot be brought to its end: {tried.end}")
    if tried.last.mails != tried.after.mails:
        lost.append("not the mails of an undisturbed run")
    return lost


@dataclass(frozen=True)
class Cell:
    """One fault against one change, at one moment."""

    kind: str
    fault: str
    moment: str
    lost: tuple[str, ...] = ()


def faults_of(moment: Moment) -> Iterator[Fault]:
    """Give the faults that make sense at a moment."""
    return (fault for fault in FAULTS.values() if moment.what == "write" or fault.hits_reads)


def ordinary() -> list[tuple[str, str]]:
    """Give one fault per kind for the ordinary run, so that each fault occurs."""
    names = list(FAULTS)
    return [(kind, names[n % len(names)]) for n, kind in enumerate(CHANGE_KINDS)]


def to_text(cells: Iterable[Cell]) -> str:
    """Give what held and what was lost, for a terminal."""
    found = list(cells)
    counts = _count(found)
    wide = max(map(len, CHANGE_KINDS))
    names = list(FAULTS)
    lines = ["held / lost of each kind of change (rows) under each fault (columns)", ""]
    lines += [f"  {n:>2}  {name:<14}{FAULTS[name].words}" for n, name in enumerate(names, 1)]
    lines += ["", " " * wide + "".join(f"{n:>6}" for n in range(1, len(names) + 1)) + "   total"]
    for kind in CHANGE_KINDS:
        row = [counts[kind, name] for name in names]
        total = tuple(map(sum, zip(*row, strict=True)))
        lines.append(f"{kind:<{wide}}" + "".join(f"{h:>4}/{n}" for h, n in row) + f"{total[0]:>6}/{total[1]}")
    held, lost = _totals(found)
    lines += ["", f"{held + lost:,} cells tried: {held:,} held, {lost:,} lost"]
    lines += [f"LOST  {c.kind}, {c.fault}, {c.moment}: {'; '.join(c.lost)}" for c in found if c.lost]
    return "\n".join(lines)


def to_markdown(cells: Iterable[Cell]) -> str:
    """Give the table for the docs: the same text whenever the same cells held."""
    found = list(cells)
    counts = _count(found)
    held, lost = _totals(found)
    names = list(FAULTS)
    lines = [
        f"{len(CHANGE_KINDS)} kinds of changes, {len(names)} faults, {held + lost:,} cells tried: {held:,} held, {lost:,} lost.",
        "",
        "| change | " + " | ".join(str(n) for n in range(1, len(names) + 1)) + " | held | lost |",
        "|---|" + "---|" * (len(names) + 2),
    ]
    for kind in CHANGE_KINDS:
        row = [counts[kind, name] for name in names]
        cells_of = [f"{h}" if not n else f"{h}, **{n} lost**" for h, n in row]
        lines.append(f"| {kind} | {' | '.join(cells_of)} | {sum(h for h, _ in row)} | {sum(n for _, n in row)} |")
    legend = "; ".join(f"{n}: {FAULTS[name].words}" for n, name in enumerate(names, 1))
    return "\n".join([*lines, "", f"Each number is how many moments held. Faults: {legend}."])


def _count(cells: Iterable[Cell]) -> dict[tuple[str, str], tuple[int, int]]:
    counts = dict.fromkeys(((kind, fault) for kind in CHANGE_KINDS for fault in FAULTS), (0, 0))
    for cell in cells:
        held, lost = counts[cell.kind, cell.fault]
        counts[cell.kind, cell.fault] = (held + (not cell.lost), lost + bool(cell.lost))
    return counts


def _totals(cells: Iterable[Cell]) -> tuple[int, int]:
    lost = sum(bool(cell.lost) for cell in cells)
    return sum(1 for _ in cells) - lost, lost
