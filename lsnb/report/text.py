"""A plan as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from lsnb.plan.model import Change, Plan, Verdict
from lsnb.plan.risks import by_risk
from lsnb.report.words import (
    ARROW,
    clean,
    from_words,
    heading_words,
    policy_words,
    summary_words,
    to_words,
    verdict_words,
    where_words,
    who_words,
    why_words,
)

_HEADER = ("who", "where", f"from {ARROW} to", "risk", "why")
_LIMIT = 200
_GAP = "  "
#: The narrowest that a column of text gets before the table becomes a list.
_NARROWEST = 12


def plan_to_text(plan: Plan, *, width: int = 100, limit: int | None = _LIMIT) -> str:
    """Write a plan as text.

    Args:
        plan: the plan.
        width: how many characters a line may have.
        limit: how many changes are listed; None for all.
    """
    lines = [heading_words(plan), policy_words(plan), summary_words(plan), verdict_words(plan)]
    blocks = ["\n".join(_wrapped(filter(None, lines), width))]
    blocks += _verdict_block("REFUSED", plan.refusals, width)
    blocks += _verdict_block("WARNINGS", plan.warnings, width)
    shown = by_risk(plan.changes)[:limit]
    if shown:
        rest = len(plan.changes) - len(shown)
        table = _table([_cells(change) for change in shown], width)
        more = [f"… and {rest:,} more changes; plan.to_frame() has them all."] if rest else []
        blocks.append("\n".join(["CHANGES", *table, *more]))
    if plan.waiting:
        lines = [
            f"- {clean(w.email)}, {clean(w.role or 'role')} in {clean(w.workspace or 'the organization')}: {clean(w.reason)}"
            for w in plan.waiting[:limit]
        ]
        rest = len(plan.waiting) - len(lines)
        lines += [f"… and {rest:,} more."] if rest else []
        blocks.append("\n".join(["WAITING", *_wrapped(lines, width)]))
    if plan.changes:
        blocks.append(f"Fingerprint: {plan.fingerprint}")
    return "\n\n".join(blocks) + "\n"


def _verdict_block(title: str, verdicts: Iterable[Verdict], width: int) -> list[str]:
    lines = [f"- {clean(verdict.rule)}: {clean(verdict.message)}" for verdict in verdicts]
    return ["\n".join([title, *_wrapped(lines, width)])] if lines else []


def _wrapped(lines: Iterable[str], width: int) -> list[str]:
    wrapped: list[str] = []
    for line in lines:
        indent = "  " if line.startswith("- ") else ""
        wrapped += textwrap.wrap(line, max(width, 20), subsequent_indent=indent, break_on_hyphens=False) or [""]
    return wrapped


def _cells(change: Change) -> tuple[str, ...]:
    step = f"{from_words(change)} {ARROW} {to_words(change)}"
    cells = (who_words(change) or NO_PERSON, where_words(change), step, change.risk, why_words(change))
    return tuple(clean(cell) for cell in cells)


NO_PERSON = "(nobody)"


def _table(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Lay rows out in columns that fit the width, long cells over several lines; as a list where it is too narrow."""
    natural = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    widths = _fit(natural, width - len(_GAP) * (len(natural) - 1))
    if widths is None:
        return [line for row in rows for line in _item(row, width)]
    lines = _row(_HEADER, widths) + _row(tuple("-" * w for w in widths), widths)
    for row in rows:
        lines += _row(row, widths)
    return lines


def _fit(natural: list[int], room: int) -> list[int] | None:
    """Share the room out: columns keep what they need, and the widest give way first; None where it does not do."""
    widths = list(natural)
    while sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            return None
        widths[widest] -= 1
    return widths


def _row(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    columns = [textwrap.wrap(cell, w, break_on_hyphens=False) or [""] for cell, w in zip(cells, widths, strict=True)]
    height = max(map(len, columns))
    padded = [column + [""] * (height - len(column)) for column in columns]
    return [
        _GAP.join(f"{line:<{w}}" for line, w in zip(parts, widths, strict=True)).rstrip()
        for parts in zip(*padded, strict=True)
    ]


def _item(row: tuple[str, ...], width: int) -> list[str]:
    who, where, step, risk, why = row
    return _wrapped([f"- {who}, {where}: {step} (risk {risk}; {why})"], width)
