"""A plan as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsnb.plan.model import Change, Plan, RuleResult
from lsnb.plan.risks import by_risk
from lsnb.report.text_table import table_lines, wrap
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


def _verdict_block(title: str, verdicts: Iterable[RuleResult], width: int) -> list[str]:
    lines = [f"- {clean(verdict.rule)}: {clean(verdict.message)}" for verdict in verdicts]
    return ["\n".join([title, *_wrapped(lines, width)])] if lines else []


def _wrapped(lines: Iterable[str], width: int) -> list[str]:
    wrapped: list[str] = []
    for line in lines:
        indent = "  " if line.startswith("- ") else ""
        wrapped += wrap(line, max(width, 20), indent=indent) or [""]
    return wrapped


def _cells(change: Change) -> tuple[str, ...]:
    step = f"{from_words(change)} {ARROW} {to_words(change)}"
    cells = (who_words(change) or NO_PERSON, where_words(change), step, change.risk, why_words(change))
    return tuple(clean(cell) for cell in cells)


NO_PERSON = "(nobody)"


def _table(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Lay rows out in columns that fit the width; as a list where it is too narrow."""
    lines = table_lines(_HEADER, rows, width=width)
    return [line for row in rows for line in _item(row, width)] if lines is None else lines


def _item(row: tuple[str, ...], width: int) -> list[str]:
    who, where, step, risk, why = row
    return _wrapped([f"- {who}, {where}: {step} (risk {risk}; {why})"], width)
