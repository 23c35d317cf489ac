"""A difference as HTML: for the notebook, and as a page of its own. No script; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from lsnb.compare.model import Diff
from lsnb.report.diff_words import Line, gap_lines, heading_words, sections_of, summary_words, unattributed_lines
from lsnb.report.words import clean

#: Above so many rows a table is folded away.
FOLD_ABOVE = 200

# JupyterLab's own colours, which follow its theme; elsewhere those of the page, light or dark.
_STYLE = """<style>
.lsnb-diff{--lsnb-line:var(--jp-border-color2,#8888884d);--lsnb-soft:var(--jp-layout-color2,#8888881a);
--lsnb-bad:var(--jp-error-color1,light-dark(#b71c1c,#ff8a80));--lsnb-warn:var(--jp-warn-color1,light-dark(#8a5300,#ffb74d));
--lsnb-good:var(--jp-success-color1,light-dark(#2e7d32,#81c784));color:var(--jp-ui-font-color1,inherit);container-type:inline-size;
font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px);line-height:1.4}
.lsnb-diff h3{margin:0 0 6px;font-size:1.1em} .lsnb-diff h4{margin:12px 0 2px;font-size:1em}
.lsnb-diff .box{border-left:4px solid var(--lsnb-warn);background:var(--lsnb-soft);margin:8px 0;padding:6px 10px}
.lsnb-diff ul{margin:4px 0 0;padding-left:20px} .lsnb-diff summary{cursor:pointer;padding:4px 0}
.lsnb-diff .wide{overflow-x:auto} .lsnb-diff table{border-collapse:collapse;width:100%;margin:4px 0;table-layout:fixed}
.lsnb-diff th,.lsnb-diff td{text-align:left!important;vertical-align:top;padding:4px 10px 4px 0;white-space:normal;
overflow-wrap:break-word;border-bottom:1px solid var(--lsnb-line)}
.lsnb-diff th:nth-child(1){width:24%} .lsnb-diff th:nth-child(2){width:1em} .lsnb-diff th:nth-child(3){width:34%}
.lsnb-diff td.sign{font-weight:700}
.lsnb-diff .plus{color:var(--lsnb-good)} .lsnb-diff .minus{color:var(--lsnb-bad)} .lsnb-diff .open{color:var(--lsnb-warn);font-weight:600}
@container (max-width:560px){.lsnb-diff thead{display:none} .lsnb-diff tr,.lsnb-diff td{display:block}
.lsnb-diff td{border:0;padding:1px 0} .lsnb-diff td.sign,.lsnb-diff td.sign+td{display:inline} .lsnb-diff tr{padding:6px 0;border-bottom:1px solid var(--lsnb-line)}}
</style>"""
_CLASSES = {"+": "plus", "-": "minus"}


def diff_to_html(diff: Diff, *, page: bool = False, limit: int | None = 2000) -> str:
    """Write a difference as HTML.

    Args:
        diff: the differences.
        page: whether to give a page of its own rather than a part of one.
        limit: how many differences are listed; None for all.
    """
    parts = [_STYLE, f"<h3>{_text(heading_words(diff))}</h3>", f"<div>{_text(summary_words(diff))}</div>"]
    for title, lines, total in sections_of(diff, limit=limit):
        parts.append(f"<h4>{_text(title)} ({total:,})</h4>{_lines(lines)}")
        if total > len(lines):
            parts.append(f"<p>The first {len(lines):,} of {total:,}; <code>diff.frame</code> has them all.</p>")
    n_open = len(diff.unattributed)
    if n_open:
        lines = unattributed_lines(diff, limit=limit)
        items = (f"{line.sign} {line.subject}: {line.text}" for line in lines)
        more = [f"… and {n_open - len(lines):,} more"] if n_open > len(lines) else []
        title = f"Unattributed ({n_open:,}): no event of the audit log explains these"
        parts.append(f'<details class="box"><summary><b>{_text(title)}</b></summary>{_list([*items, *more])}</details>')
    if len(diff.not_compared):
        parts.append(f'<div class="box"><b>Could not compare</b>{_list(gap_lines(diff))}</div>')
    if diff.notes:
        parts.append(f'<div class="box"><b>Notes</b>{_list(diff.notes)}</div>')
    body = f'<div class="lsnb-diff">{"".join(parts)}</div>'
    return _page(diff, body) if page else body


def _text(text: object) -> str:
    return escape(clean(text), quote=True)


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>"


def _lines(lines: Sequence[Line]) -> str:
    rows = []
    subject = None
    for line in lines:
        # A person is named once; the rows below are about the same one.
        who = _text(line.subject) if line.subject != subject else ""
        subject = line.subject
        cause = _text(line.cause) if line.is_attributed else f'<span class="open">{_text(line.cause)}</span>'
        rows.append(
            f'<tr><td class="who">{who}</td><td class="sign {_CLASSES.get(line.sign, "")}">{_text(line.sign)}</td>'
            f"<td>{_text(line.text)}</td><td>{cause}</td></tr>"
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Who or what", "", "Difference", "Cause"))
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    if len(lines) <= FOLD_ABOVE:
        return table
    return f"<details><summary>{len(lines):,} rows</summary>{table}</details>"


def _page(diff: Diff, body: str) -> str:
    # The policy keeps the page from loading or running anything, whatever it is made to contain.
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{_text(heading_words(diff))}</title></head><body>{body}</body></html>"
    )
