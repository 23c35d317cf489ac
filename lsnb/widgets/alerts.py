"""Short cards of HTML: what is wrong and what to do next. Their shapes are macros that reports share.

HTML from data must never get into a page: a member may be called `<img src=x onerror=...>`. The macros escape all they get.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from typing import Literal

import pandas as pd

from lsnb import errors
from lsnb.report.page_shell import render_part
from lsnb.sheets.problems import problem_lines

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
    return render_part("card", title, list(lines), tone, next_step, details, details_title)


def quiet(words: str) -> str:
    """Write a line that explains something in passing; nothing when it is empty."""
    return render_part("line", words) if words else ""


def line(words: str, *, kind: str, role: str = "") -> str:
    """Write a line of a kind that the style knows, such as `says` or `risk`; nothing when it is empty."""
    return render_part("line", words, kind, role) if words else ""


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
    return render_part("facts", list(pairs))


def table(frame: pd.DataFrame, *, titles: Sequence[str] = (), limit: int = 50, empty: str = "Nothing to show.") -> str:
    """Write the first rows of a table; for long tables take the grid.

    Args:
        frame: the table.
        titles: what the columns are called; their names with blanks when left out.
        limit: how many rows are written.
        empty: what to say instead of a table without rows.
    """
    names = titles or [str(name).replace("_", " ") for name in frame.columns]
    rows = list(frame.head(limit).itertuples(index=False, name=None))
    return render_part("first_rows", names, rows, len(frame), empty, in_form=True)


def _without(words: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if secret:
            words = words.replace(secret, "(key removed)")
    return words
