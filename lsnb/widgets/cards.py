"""Short cards of HTML: what is wrong and what to do next. Every text is escaped here, and nowhere else.

HTML from data must never get into a page: a member may be called `<img src=x onerror=...>`.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal

import pandas as pd

from lsnb import errors
from lsnb.edits.problems import problem_lines
from lsnb.report.words import clean
from lsnb.safe_text import visible, without_keys

Tone = Literal["plain", "good", "warn", "bad"]

#: How an error is called in a card, the most exact first.
_TITLES: tuple[tuple[type[BaseException], str], ...] = (
    (errors.MissingExtraError, "Something must be installed first"),
    (errors.ConfigError, "The settings cannot be used"),
    (errors.AuthError, "The key was not accepted"),
    (errors.WrongRegionError, "This key belongs to another host"),
    (errors.PlanGateError, "The organization's plan does not include this"),
    (errors.PermissionDeniedError, "The key may not do this"),
    (errors.RateLimitedError, "The service asks to slow down"),
    (errors.ServerError, "The service failed"),
    (errors.ApiError, "The service did not accept this"),
    (errors.TransportError, "No answer came"),
    (errors.IncompleteListError, "A list came back incomplete"),
    (errors.UserOnlyError, "Only a person can do this"),
    (errors.UnreadableTableError, "This could not be read"),
    (errors.TableError, "The table has problems"),
    (errors.UnsafePlanError, "A safety rule refuses this plan"),
    (errors.SpentPlanError, "This plan was applied already"),
    (errors.BusyOrganizationError, "Another run is changing this organization right now"),
    (errors.UnconfirmedPlanError, "This is not the plan that was reviewed"),
    (errors.StalePlanError, "The organization has changed since"),
    (errors.PlanError, "The plan cannot be used"),
    (errors.JournalError, "The journal cannot be used"),
    (errors.LsnbError, "That did not work"),
)
_UNEXPECTED = "Something went wrong that lsnb did not expect"
_UNEXPECTED_STEP = "Nothing more was done. Try again; if it comes back, report it with the trace below."


def text(value: object) -> str:
    """Make a text from outside fit for HTML: escaped, without control characters, without keys."""
    return escape(without_keys(clean(value)), quote=True)


def card(
    title: str,
    lines: Sequence[str] = (),
    *,
    tone: Tone = "plain",
    next_step: str = "",
    details: str = "",
    details_title: str = "Details",
) -> str:
    """Write a card as HTML; all arguments are plain text.

    Args:
        title: what is the matter, in a few words.
        lines: more, a line each.
        tone: plain, good, warn or bad.
        next_step: what to do, in a sentence.
        details: text that is folded away, with its line breaks.
        details_title: what the fold is called.
    """
    role = ' role="alert"' if tone == "bad" else ""
    parts = [f'<div class="lsnb-card {tone}"{role}><b>{text(title)}</b>']
    parts += [f"<div>{text(line)}</div>" for line in lines if line]
    parts += [f'<div class="next">{text(next_step)}</div>'] if next_step else []
    if details:
        folded = escape(visible(without_keys(details)), quote=True)
        parts.append(f"<details><summary>{text(details_title)}</summary><pre>{folded}</pre></details>")
    return "".join([*parts, "</div>"])


def error_card(error: BaseException, *, secrets: Iterable[str] = ()) -> str:
    """Write an error as a card: what happened, what to do next, and the trace folded away.

    Args:
        error: the error.
        secrets: texts that must not be shown, whatever they look like.
    """
    title = next((words for kind, words in _TITLES if isinstance(error, kind)), _UNEXPECTED)
    is_ours = isinstance(error, errors.LsnbError)
    message = _without(str(error) or type(error).__name__, secrets)
    # Without local variables, which hold whatever the code worked with.
    trace = _without("".join(traceback.format_exception(error)), secrets)
    first, *rest = message.splitlines() or [""]
    return card(
        title,
        [first, *rest] if is_ours else [f"{type(error).__name__}: {first}"],
        tone="warn" if isinstance(error, errors.SpentPlanError | errors.BusyOrganizationError) else "bad",
        next_step="" if is_ours else _UNEXPECTED_STEP,
        details=trace,
        details_title="Trace, for a report",
    )


def problems_card(problems: pd.DataFrame, *, title: str, limit: int = 8) -> str:
    """Write the problems of a sheet as a card; nothing where there are none."""
    if not len(problems):
        return ""
    return card(title, problem_lines(problems, limit=limit), tone="bad")


def facts(pairs: Iterable[tuple[object, str]]) -> str:
    """Write numbers with what they count, side by side."""
    cells = "".join(f"<div><b>{text(_number(value))}</b>{text(words)}</div>" for value, words in pairs)
    return f'<div class="lsnb-facts">{cells}</div>' if cells else ""


def table(frame: pd.DataFrame, *, titles: Sequence[str] = (), limit: int = 50, empty: str = "Nothing to show.") -> str:
    """Write the first rows of a table; for long tables take the grid.

    Args:
        frame: the table.
        titles: what the columns are called; their names with blanks when left out.
        limit: how many rows are written.
        empty: what to say instead of a table without rows.
    """
    if not len(frame):
        return f'<div class="lsnb-quiet">{text(empty)}</div>'
    names = titles or [str(name).replace("_", " ") for name in frame.columns]
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in names)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>"
        for row in frame.head(limit).itertuples(index=False, name=None)
    )
    more = f'<div class="lsnb-quiet">The first {limit:,} of {len(frame):,} rows.</div>' if len(frame) > limit else ""
    return f'<div class="lsnb-wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}'


def _cell(value: object) -> str:
    return "" if value is None or value is pd.NA or value is pd.NaT or value != value else text(value)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _without(words: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if secret:
            words = words.replace(secret, "(key removed)")
    return words
