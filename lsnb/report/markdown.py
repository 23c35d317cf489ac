"""A plan as Markdown, for a pull request or a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lsnb.plan.model import Change, Plan, RuleResult
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

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
# A name such as `@team` would call people to the pull request; inside an address it does not.
_MENTION = re.compile(r"(?<![\w.+-])@(?=\w)")
_LIMIT = 200


def escape_markdown(text: object) -> str:
    """Make a text from outside harmless in Markdown, also in a cell of a table."""
    safe = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        _MENTION.sub("@\u200b", _SPECIAL.sub(r"\\\1", safe)).replace("://", ":&#47;&#47;").replace("www.", "www&#46;")
    )


def plan_to_markdown(plan: Plan, *, limit: int | None = _LIMIT) -> str:
    """Write a plan as Markdown.

    Args:
        plan: the plan.
        limit: how many changes are listed; None for all.
    """
    blocks = [f"## {escape_markdown(heading_words(plan))}", escape_markdown(summary_words(plan))]
    if policy_words(plan):
        blocks.append(escape_markdown(policy_words(plan)))
    if verdict_words(plan):
        blocks.append(f"**{escape_markdown(verdict_words(plan))}**")
    blocks += _verdict_block("Refused", plan.refusals)
    blocks += _verdict_block("Warnings", plan.warnings)
    shown = by_risk(plan.changes)[:limit]
    if shown:
        blocks.append("### Changes")
        blocks.append(_table(("Who", "Where", "From", "To", "Why", "Risk"), [_cells(change) for change in shown]))
        rest = len(plan.changes) - len(shown)
        if rest:
            blocks.append(f"… and {rest:,} more changes.")
    if plan.waiting:
        rows = [(w.email, w.workspace or "organization", w.role or "", w.reason) for w in plan.waiting[:limit]]
        blocks += ["### Waiting", _table(("Who", "Where", "Role", "For what"), rows)]
        rest = len(plan.waiting) - len(rows)
        if rest:
            blocks.append(f"… and {rest:,} more.")
    if plan.changes:
        blocks.append(f"Fingerprint: `{plan.fingerprint}`")
    return "\n\n".join(blocks) + "\n"


def _verdict_block(title: str, verdicts: Iterable[RuleResult]) -> list[str]:
    lines = [f"- **{escape_markdown(v.rule)}**: {escape_markdown(v.message)}" for v in verdicts]
    return [f"### {title}", "\n".join(lines)] if lines else []


def _cells(change: Change) -> tuple[str, ...]:
    return (
        who_words(change),
        where_words(change),
        from_words(change),
        f"{ARROW} {to_words(change)}",
        why_words(change),
        change.risk,
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
