"""An audit as one page of HTML that needs nothing else: no script, no network; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import pandas as pd

from lsnb.checks.spec import SEVERITIES
from lsnb.report.audit_words import DISCLAIMER, Audit, Group, audit_of
from lsnb.report.words import clean
from lsnb.snapshot import Snapshot

#: More rows of one check than this make a page that nobody reads; CSV, Excel and JSON have them all.
MOST_ROWS = 200

_STYLE = """<style>
.lsnb-audit{--line:light-dark(#d5d8dd,#4a4f57);--soft:light-dark(#f4f5f7,#24272c);
--critical:light-dark(#8e0000,#ff8a80);--high:light-dark(#c43e00,#ffab40);--medium:light-dark(#7a5b00,#ffd54f);
--low:light-dark(#2f5d8a,#90caf9);color:var(--jp-ui-font-color1,light-dark(#1b1d21,#e8eaed));
font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:14px;line-height:1.45;max-width:72rem}
body{margin:2rem auto;padding:0 1rem;max-width:74rem;background:light-dark(#fff,#17191c)}
.lsnb-audit h1{font-size:1.6em;margin:0 0 .3em} .lsnb-audit h2{font-size:1.25em;margin:1.6em 0 .4em}
.lsnb-audit h3{font-size:1.05em;margin:0} .lsnb-audit p{margin:.3em 0}
.lsnb-audit dl{display:flex;flex-wrap:wrap;gap:.2em 2em;margin:.4em 0} .lsnb-audit dt{font-weight:600;display:inline}
.lsnb-audit dd{display:inline;margin:0 0 0 .4em}
.lsnb-audit section.check{border-left:4px solid var(--line);padding:.5em 0 .5em 1em;margin:1em 0}
.lsnb-audit .critical{border-color:var(--critical)!important} .lsnb-audit .high{border-color:var(--high)!important}
.lsnb-audit .medium{border-color:var(--medium)!important} .lsnb-audit .low{border-color:var(--low)!important}
.lsnb-audit .tag{font-weight:700;text-transform:uppercase;font-size:.75em;letter-spacing:.04em}
.lsnb-audit .tag.critical{color:var(--critical)} .lsnb-audit .tag.high{color:var(--high)}
.lsnb-audit .tag.medium{color:var(--medium)} .lsnb-audit .tag.low{color:var(--low)}
.lsnb-audit table{border-collapse:collapse;width:100%;margin:.5em 0}
.lsnb-audit th,.lsnb-audit td{text-align:left!important;vertical-align:top;padding:.3em .8em .3em 0;
border-bottom:1px solid var(--line);overflow-wrap:anywhere;white-space:normal}
.lsnb-audit th{white-space:nowrap} .lsnb-audit td.evidence{font-size:.85em;opacity:.8;width:24%}
.lsnb-audit td.resource{width:26%} .lsnb-audit td.workspace{width:12%}
.lsnb-audit small{opacity:.8} .lsnb-audit .wide{overflow-x:auto}
.lsnb-audit svg text{fill:currentColor;font-size:13px}
@media print{body{margin:0;max-width:none;color-scheme:light} .lsnb-audit{font-size:10pt}
.lsnb-audit tr,.lsnb-audit h2,.lsnb-audit h3{break-inside:avoid} .lsnb-audit h2,.lsnb-audit h3{break-after:avoid}
.lsnb-audit thead{display:table-header-group}}
</style>"""


def audit_to_html(findings: pd.DataFrame, snapshot: Snapshot | None = None, *, page: bool = True) -> str:
    """Write an audit as HTML.

    Args:
        findings: what `lsnb.audit` gave.
        snapshot: what was audited, for the heading.
        page: whether to give a page of its own rather than a part of one.
    """
    audit = audit_of(findings, snapshot)
    parts = [f"<h1>{_text(audit.heading)}</h1>", _facts(audit), f"<p>{_text(audit.summary)}</p>", _chart(audit)]
    for severity in SEVERITIES:
        groups = [group for group in audit.groups["alarm"] if group.severity == severity]
        if groups:
            parts.append(f"<h2>{severity.capitalize()}</h2>{''.join(map(_alarm, groups))}")
    if not any(audit.alarms.values()):
        parts.append("<p><strong>No check alarms.</strong></p>")
    parts += [
        _others("What could not be checked", audit.groups["error"]),
        _others("Accepted, or not decided by the data", audit.groups["info"]),
        _others("What does not apply", audit.groups["skip"]),
        _fine(audit.groups["ok"]),
        f"<p><small>{_text(DISCLAIMER)}</small></p>",
    ]
    body = f'{_STYLE}<main class="lsnb-audit">{"".join(parts)}</main>'
    return _page(audit, body) if page else body


def _page(audit: Audit, body: str) -> str:
    # The policy keeps the page from loading or running anything, whatever it is made to contain.
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{_text(audit.heading)}</title></head><body>{body}</body></html>\n"
    )


def _text(text: object) -> str:
    return escape(clean(text), quote=True)


def _facts(audit: Audit) -> str:
    return f"<dl>{''.join(f'<div><dt>{_text(k)}</dt><dd>{_text(v)}</dd></div>' for k, v in audit.facts)}</dl>"


def _chart(audit: Audit) -> str:
    """Draw how many alarms there are of each severity, as bars that a reader of screens is told in words."""
    most = max(audit.alarms.values(), default=0)
    if not most:
        return ""
    bars = []
    for row, (severity, n) in enumerate(audit.alarms.items()):
        y, width = 4 + 26 * row, round(320 * n / most)
        bars.append(
            f'<text x="0" y="{y + 14}">{severity}</text>'
            f'<rect x="70" y="{y}" width="{max(width, 1 if n else 0)}" height="18" fill="var(--{severity})"/>'
            f'<text x="{78 + width}" y="{y + 14}">{n:,}</text>'
        )
    height = 8 + 26 * len(audit.alarms)
    label = ", ".join(f"{n} {severity}" for severity, n in audit.alarms.items())
    return (
        f'<svg role="img" aria-label="Alarms by severity: {label}" viewBox="0 0 460 {height}" width="460" '
        f'height="{height}">{"".join(bars)}</svg>'
    )


def _alarm(group: Group) -> str:
    about = f"<p>{_text(group.why)} <strong>What to do:</strong> {_text(group.fix)}</p>"
    supports = f"<p><small>Supports {_text(group.supports)}</small></p>" if group.supports else ""
    return (
        f'<section class="check {_text(group.severity)}"><span class="tag {_text(group.severity)}">'
        f"{_text(group.severity)}</span> <small>{_text(group.id)}</small><h3>{_text(group.title)}</h3>{about}"
        f"{_rows(group)}{supports}</section>"
    )


def _rows(group: Group) -> str:
    names = {"resource": "What", "workspace": "Workspace", "reason": "Finding", "evidence": "Evidence"}
    # What is empty in every row only takes room from what is not.
    shown = {name: title for name, title in names.items() if any(getattr(row, name) for row in group.rows)}
    body = "".join(
        f"<tr>{''.join(f'<td class={name}>{_text(getattr(row, name))}</td>' for name in shown)}</tr>"
        for row in group.rows[:MOST_ROWS]
    )
    rest = len(group.rows) - MOST_ROWS
    more = f"<p>… and {rest:,} more; the CSV, Excel and JSON forms have them all.</p>" if rest > 0 else ""
    head = "".join(f'<th scope="col">{title}</th>' for title in shown.values())
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}'


def _others(title: str, groups: Iterable[Group]) -> str:
    rows = [
        f"<tr><td>{_text(group.id)}</td><td>{_text(group.title)}</td><td>{_text(row.resource)}</td>"
        f"<td>{_text(row.reason)}</td></tr>"
        for group in groups
        for row in group.rows[:MOST_ROWS]
    ]
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Check", "How it should be", "What", "Why"))
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    return f"<h2>{title}</h2>{table}"


def _fine(groups: Iterable[Group]) -> str:
    items = "".join(f"<li><small>{_text(group.id)}</small> {_text(group.title)}</li>" for group in groups)
    return f"<h2>What is fine</h2><ul>{items}</ul>" if items else ""
