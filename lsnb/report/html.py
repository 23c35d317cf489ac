"""A plan as HTML: for the notebook, and as a page of its own. No script; every text from outside is escaped."""

from __future__ import annotations

from lsnb.plan.model import Change, Plan
from lsnb.plan.risks import by_risk
from lsnb.report.page_shell import render_page, render_report
from lsnb.report.unlock import unlock_phrase
from lsnb.report.words import (
    ARROW,
    Facts,
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


def plan_to_html(plan: Plan, *, page: bool = False) -> str:
    """Write a plan as HTML.

    Args:
        plan: the plan.
        page: whether to give a page of its own rather than a part of one.
    """
    facts = facts_of(plan)
    report = render_report(
        "plan",
        heading=heading_words(plan),
        policy=policy_words(plan) if plan.policy else "",
        nothing=nothing_words(plan) if plan.is_empty else "",
        numbers=_numbers(facts),
        kinds=", ".join(facts.kinds),
        phrase=unlock_phrase(plan),
        refused=verdict_words(plan) if plan.refusals else "",
        refusals=plan.refusals,
        warnings=plan.warnings,
        arrow=ARROW,
        changes=[_row(change) for change in by_risk(plan.changes)[:MOST_ROWS]],
        n_changes=len(plan.changes),
        waiting=plan.waiting[:MOST_ROWS],
        n_waiting=len(plan.waiting),
        fold_above=FOLD_ABOVE,
        fingerprint=plan.fingerprint,
    )
    return render_page(heading_words(plan), report) if page else report


def _numbers(facts: Facts) -> list[tuple[int, str]]:
    numbers = [
        (facts.n_changes, "change" if facts.n_changes == 1 else "changes"),
        (facts.n_people, "person" if facts.n_people == 1 else "people"),
        (facts.n_emails, "e-mail will be sent" if facts.n_emails == 1 else "e-mails will be sent"),
        (facts.risks.get("high", 0), "of high risk"),
        (facts.n_irreversible, "cannot be undone entirely"),
        (facts.n_waiting, "waiting for people to join"),
    ]
    return [pair for place, pair in enumerate(numbers) if place < 3 or pair[0]]


def _row(change: Change) -> dict[str, str]:
    return {
        "who": who_words(change),
        "where": where_words(change),
        "before": from_words(change),
        "after": to_words(change),
        "why": change.reason,
        "consequence": change.consequence,
        "risk": change.risk,
    }
