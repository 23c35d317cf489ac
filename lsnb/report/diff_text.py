"""A difference as text for a terminal."""

from __future__ import annotations

from lsnb.analysis.compare.model import Diff
from lsnb.report.diff_words import gap_lines, heading_words, sections_of, summary_words, unattributed_lines


def diff_to_text(diff: Diff, *, limit: int | None = 200) -> str:
    """Write a difference as text: by section and subject, then what no event explains and what was not compared.

    Args:
        diff: the differences.
        limit: how many of them are listed; None for all.
    """
    blocks = [f"{heading_words(diff)}\n{summary_words(diff)}"]
    for title, lines, total in sections_of(diff, limit=limit):
        out = [f"{title.upper()} ({total:,})"]
        subject = None
        for line in lines:
            if line.subject != subject:
                subject = line.subject
                out.append(f"  {subject}")
            out.append(f"    {line.sign} {line.text}")
            out.append(f"        {line.cause}")
        if total > len(lines):
            out.append(f"  … and {total - len(lines):,} more; diff.frame has them all.")
        blocks.append("\n".join(out))
    n_open = len(diff.unattributed)
    if n_open:
        open_lines = unattributed_lines(diff, limit=limit)
        out = [f"UNATTRIBUTED ({n_open:,}): no event of the audit log explains these"]
        out += [f"  {line.sign} {line.subject}: {line.text}" for line in open_lines]
        if n_open > len(open_lines):
            out.append(f"  … and {n_open - len(open_lines):,} more; diff.unattributed has them all.")
        blocks.append("\n".join(out))
    if len(diff.not_compared):
        blocks.append("\n".join(["COULD NOT COMPARE", *(f"  {line}" for line in gap_lines(diff))]))
    if diff.notes:
        blocks.append("\n".join(["NOTES", *(f"  {note}" for note in diff.notes)]))
    return "\n\n".join(blocks) + "\n"
