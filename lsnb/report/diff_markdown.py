"""A difference as Markdown, for a ticket or a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsnb.analysis.compare.model import Diff
from lsnb.report.diff_words import Line, gap_lines, heading_words, sections_of, summary_words, unattributed_lines
from lsnb.report.markdown import escape_markdown


def diff_to_markdown(diff: Diff, *, limit: int | None = 200) -> str:
    """Write a difference as Markdown.

    Args:
        diff: the differences.
        limit: how many of them are listed; None for all.
    """
    blocks = [f"## {escape_markdown(heading_words(diff))}", escape_markdown(summary_words(diff))]
    for title, lines, total in sections_of(diff, limit=limit):
        blocks.append(f"### {title} ({total:,})")
        if lines:
            blocks.append(_table(("Who or what", "", "Difference", "Cause"), map(_cells, lines)))
        if total > len(lines):
            blocks.append(f"… and {total - len(lines):,} more.")
    n_open = len(diff.unattributed)
    if n_open:
        lines = unattributed_lines(diff, limit=limit)
        blocks.append(f"### Unattributed ({n_open:,})")
        blocks.append("No event of the audit log explains these.")
        blocks.append(_table(("Who or what", "", "Difference"), (_cells(line)[:3] for line in lines)))
        if n_open > len(lines):
            blocks.append(f"… and {n_open - len(lines):,} more.")
    if len(diff.not_compared):
        blocks += ["### Could not compare", "\n".join(f"- {escape_markdown(line)}" for line in gap_lines(diff))]
    if diff.notes:
        blocks += ["### Notes", "\n".join(f"- {escape_markdown(note)}" for note in diff.notes)]
    return "\n\n".join(blocks) + "\n"


def _cells(line: Line) -> tuple[str, str, str, str]:
    return line.subject, line.sign, line.text, line.cause


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
