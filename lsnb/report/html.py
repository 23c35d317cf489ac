"""A plan as HTML: for the notebook, and as a page of its own. No script; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from lsnb.plan.model import Change, Plan, Verdict
from lsnb.plan.risks import by_risk
from lsnb.report.unlock import unlock_phrase
from lsnb.report.words import (
    ARROW,
    clean,
    facts_of,
    from_words,
    heading_words,
    nothing_words,
    policy_words,
    to_words,
    verdict_words,
    where_words,
    who_words,
)

#: Above so many rows the table is folded away.
FOLD_ABOVE = 200
#: More rows than this make a notebook slow; the table as a frame or a file has them all.
MOST_ROWS = 2000

# JupyterLab's own colours, which follow its theme; elsewhere those of the page, light or dark.
_STYLE = """<style>
.lsnb-plan{--lsnb-line:var(--jp-border-color2,#8888884d);--lsnb-soft:var(--jp-layout-color2,#8888881a);
--lsnb-bad:var(--jp-error-color1,light-dark(#b71c1c,#ff8a80));
--lsnb-warn:var(--jp-warn-color1,light-dark(#8a5300,#ffb74d));
--lsnb-good:var(--jp-success-color1,light-dark(#2e7d32,#81c784));color:var(--jp-ui-font-color1,inherit);container-type:inline-size;
font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px);line-height:1.4}
.lsnb-plan h3{margin:0 0 6px;font-size:1.1em}
.lsnb-plan .numbers{display:flex;flex-wrap:wrap;gap:6px 22px;margin:6px 0;padding:0}
.lsnb-plan .numbers div{min-width:4em}
.lsnb-plan .numbers b{display:block;font-size:1.5em;font-weight:600}
.lsnb-plan .box{border-left:4px solid var(--lsnb-line);background:var(--lsnb-soft);margin:8px 0;padding:6px 10px}
.lsnb-plan .refused{border-color:var(--lsnb-bad)} .lsnb-plan .refused>b{color:var(--lsnb-bad)}
.lsnb-plan .warned{border-color:var(--lsnb-warn)} .lsnb-plan .warned>b{color:var(--lsnb-warn)}
.lsnb-plan .fine{border-color:var(--lsnb-good)}
.lsnb-plan ul{margin:4px 0 0;padding-left:20px} .lsnb-plan summary{cursor:pointer;padding:4px 0}
.lsnb-plan .wide{overflow-x:auto}
.lsnb-plan table{border-collapse:collapse;width:100%;margin:4px 0}
.lsnb-plan th,.lsnb-plan td{text-align:left!important;vertical-align:top;padding:4px 10px 4px 0;white-space:normal;
overflow-wrap:break-word;border-bottom:1px solid var(--lsnb-line)}
.lsnb-plan td.who{min-width:12em}
.lsnb-plan small{display:block;opacity:.8} .lsnb-plan code{overflow-wrap:anywhere}
.lsnb-plan .high{color:var(--lsnb-bad);font-weight:600} .lsnb-plan .medium{color:var(--lsnb-warn);font-weight:600}
@container (max-width:560px){.lsnb-plan thead{display:none} .lsnb-plan tr{display:block;padding:6px 0;
border-bottom:1px solid var(--lsnb-line)} .lsnb-plan td{display:block;border:0;padding:1px 0}
.lsnb-plan td::before{content:attr(data-label) ": ";opacity:.7}}
</style>"""


def plan_to_html(plan: Plan, *, page: bool = False) -> str:
    """Write a plan as HTML.

    Args:
        plan: the plan.
        page: whether to give a page of its own rather than a part of one.
    """
    parts = [
        _STYLE,
        f"<h3>{_text(heading_words(plan))}</h3>",
        f"<p>{_text(policy_words(plan))}</p>" if plan.policy else "",
        _numbers(plan),
        _verdicts("refused", verdict_words(plan) if plan.refusals else "", plan.refusals),
        _verdicts("warned", f"Warnings ({len(plan.warnings):,})", plan.warnings),
        _changes(by_risk(plan.changes)),
        _waiting(plan),
        f"<p>Fingerprint <code>{_text(plan.fingerprint)}</code></p>" if plan.changes else "",
    ]
    body = f'<div class="lsnb-plan">{"".join(parts)}</div>'
    return _page(plan, body) if page else body


def _text(text: object) -> str:
    return escape(clean(text), quote=True)


def _page(plan: Plan, body: str) -> str:
    # The policy keeps the page from loading or running anything, whatever it is made to contain.
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{_text(heading_words(plan))}</title></head><body>{body}</body></html>"
    )


def _numbers(plan: Plan) -> str:
    if plan.is_empty:
        return f'<div class="box fine">{_text(nothing_words(plan))}</div>'
    facts = facts_of(plan)
    numbers = [
        (facts.n_changes, "change" if facts.n_changes == 1 else "changes"),
        (facts.n_people, "person" if facts.n_people == 1 else "people"),
        (facts.n_emails, "e-mail will be sent" if facts.n_emails == 1 else "e-mails will be sent"),
        (facts.risks.get("high", 0), "of high risk"),
        (facts.n_irreversible, "cannot be undone entirely"),
        (facts.n_waiting, "waiting for people to join"),
    ]
    kept = [pair for i, pair in enumerate(numbers) if i < 3 or pair[0]]
    cells = "".join(f"<div><b>{n:,}</b>{_text(what)}</div>" for n, what in kept)
    phrase = unlock_phrase(plan)
    power = f"<div>takes or gives: {_text(phrase)}</div>" if phrase else ""
    return f'<div class="numbers">{cells}</div><div>{_text(", ".join(facts.kinds))}</div>{power}'


def _verdicts(kind: str, title: str, verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    items = "".join(f"<li><code>{_text(v.rule)}</code> {_text(v.message)}</li>" for v in verdicts)
    return f'<div class="box {kind}"><b>{_text(title)}</b><ul>{items}</ul></div>'


def _changes(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    shown = changes[:MOST_ROWS]
    table = _table(("Who", "Where", f"From {ARROW} to", "Why", "Risk"), (_row(change) for change in shown))
    if len(changes) > len(shown):
        table += f"<p>The first {len(shown):,} of {len(changes):,}; <code>plan.to_frame()</code> has them all.</p>"
    if len(changes) <= FOLD_ABOVE:
        return table
    return f"<details><summary>All {len(changes):,} changes</summary>{table}</details>"


def _row(change: Change) -> list[str]:
    extra = f"<small>{_text(change.consequence)}</small>" if change.consequence else ""
    return [
        f'<td class="who" data-label="Who">{_text(who_words(change))}</td>',
        f'<td data-label="Where">{_text(where_words(change))}</td>',
        f'<td data-label="Change">{_text(from_words(change))} <b>{ARROW}</b> {_text(to_words(change))}</td>',
        f'<td data-label="Why">{_text(change.reason)}{extra}</td>',
        f'<td class="risk" data-label="Risk"><span class="{_text(change.risk)}">{_text(change.risk)}</span></td>',
    ]


def _waiting(plan: Plan) -> str:
    if not plan.waiting:
        return ""
    rows = (
        [
            f'<td class="who" data-label="Who">{_text(w.email)}</td>',
            f'<td data-label="Where">{_text(w.workspace or "organization")}</td>',
            f'<td data-label="Role">{_text(w.role or "")}</td>',
            f'<td data-label="For what">{_text(w.reason)}</td>',
        ]
        for w in plan.waiting[:MOST_ROWS]
    )
    table = _table(("Who", "Where", "Role", "For what"), rows)
    is_open = "" if len(plan.waiting) > FOLD_ABOVE else " open"
    return f"<details{is_open}><summary>Waiting ({len(plan.waiting):,})</summary>{table}</details>"


def _table(header: Iterable[str], rows: Iterable[list[str]]) -> str:
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
