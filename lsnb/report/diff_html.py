"""A difference as HTML: for the notebook, and as a page of its own. No script; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from lsnb.analysis.compare.model import Diff
from lsnb.report.diff_words import Line, gap_lines, heading_words, sections_of, summary_words, unattributed_lines
from lsnb.report.page_shell import render_page, render_report

#: Above so many rows a table is folded away.
FOLD_ABOVE = 200

_KINDS = {"+": "plus", "-": "minus"}


def diff_to_html(diff: Diff, *, page: bool = False, limit: int | None = 2000) -> str:
    """Write a difference as HTML.

    Args:
        diff: the differences.
        page: whether to give a page of its own rather than a part of one.
        limit: how many differences are listed; None for all.
    """
    n_open = len(diff.unattributed)
    lines = unattributed_lines(diff, limit=limit) if n_open else []
    unattributed = [f"{line.sign} {line.subject}: {line.text}" for line in lines]
    if n_open > len(lines):
        unattributed.append(f"… and {n_open - len(lines):,} more")
    report = render_report(
        "diff",
        heading=heading_words(diff),
        summary=summary_words(diff),
        sections=[(title, _rows(lines), total) for title, lines, total in sections_of(diff, limit=limit)],
        fold_above=FOLD_ABOVE,
        n_open=n_open,
        unattributed=unattributed,
        gaps=list(gap_lines(diff)) if len(diff.not_compared) else [],
        notes=diff.notes,
    )
    return render_page(heading_words(diff), report) if page else report


def _rows(lines: Sequence[Line]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    subject = None
    for line in lines:
        # A person is named once; the rows below are about the same one.
        who = line.subject if line.subject != subject else ""
        subject = line.subject
        row = {"who": who, "sign": line.sign, "kind": _KINDS.get(line.sign, ""), "text": line.text}
        rows.append({**row, "cause": line.cause, "is_attributed": line.is_attributed})
    return rows
