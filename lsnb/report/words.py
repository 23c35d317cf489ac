"""What all forms of a plan say alike: the numbers, and each change from → to in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lsnb.errors.safe_text import one_line, without_keys
from lsnb.plan.kinds import KINDS, UNKNOWN, kind_of
from lsnb.plan.model import Change, Plan
from lsnb.report.unlock import unlock_phrase

ARROW = "→"
NOTHING = "—"

#: What each kind is called when it is counted: one, and several.
KIND_WORDS: dict[str, tuple[str, str]] = {
    **{kind.name: (kind.one, kind.several) for kind in KINDS.values()},
}


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers of a plan.

    Args:
        n_changes: how many changes.
        n_people: how many people they concern.
        n_emails: how many invitations the service would mail.
        n_irreversible: how many changes undo cannot bring back entirely.
        n_waiting: how much waits.
        kinds: how many changes of each kind, in words, in the order of work.
        risks: how many changes of each risk, the highest first.
    """

    n_changes: int
    n_people: int
    n_emails: int
    n_irreversible: int
    n_waiting: int
    kinds: tuple[str, ...]
    risks: dict[str, int]


def facts_of(plan: Plan) -> Facts:
    """Count what a plan would do."""
    kinds = Counter(change.kind for change in plan.changes)
    risks = Counter(change.risk for change in plan.changes)
    return Facts(
        n_changes=len(plan.changes),
        n_people=len({change.email for change in plan.changes if change.email and kind_of(change).subject.is_person}),
        n_emails=sum(kind_of(change).mails for change in plan.changes),
        n_irreversible=sum(not change.reversible for change in plan.changes),
        n_waiting=len(plan.waiting),
        kinds=tuple(_kind_words(kind, n) for kind, n in kinds.items()),
        risks={risk: risks[risk] for risk in ("high", "medium", "low") if risks[risk]},
    )


def _kind_words(kind: str, n: int) -> str:
    one, several = KIND_WORDS.get(kind, (UNKNOWN.one, UNKNOWN.several))
    return f"{n:,} {one if n == 1 else several}"


def counted(n: int, one: str, several: str | None = None) -> str:
    """Say how many: `1 change`, `1,200 changes`."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def emails_words(n: int) -> str:
    """Say how many e-mails go out."""
    return "no e-mail will be sent" if n == 0 else f"{counted(n, 'e-mail')} will be sent"


def summary_words(plan: Plan) -> str:
    """Sum a plan up in a line."""
    facts = facts_of(plan)
    if plan.is_empty:
        return nothing_words(plan)
    people = f" for {counted(facts.n_people, 'person', 'people')}" if facts.n_people else ""
    parts = [
        f"{counted(facts.n_changes, 'change')}{people}: {', '.join(facts.kinds)}",
        emails_words(facts.n_emails),
        "risk: " + ", ".join(f"{n:,} {risk}" for risk, n in facts.risks.items()),
    ]
    if unlock_phrase(plan):
        parts.append(f"takes or gives: {unlock_phrase(plan)}")
    if facts.n_irreversible:
        parts.append(f"{facts.n_irreversible:,} cannot be undone entirely")
    if facts.n_waiting:
        parts.append(f"{facts.n_waiting:,} waiting for people to join")
    return "; ".join(parts) + "."


def nothing_words(plan: Plan) -> str:
    """Say why a plan has nothing to do."""
    if plan.waiting:
        return f"Nothing to do: {counted(len(plan.waiting), 'wish', 'wishes')} must wait until people have joined."
    if plan.warnings:
        return "Nothing to do: see the warnings for the rows that change nothing."
    return "Nothing to do: everybody has what the sheet asks for already."


def made_at(plan: Plan) -> str:
    """Say when a plan was made, to the minute: the rest of the time only tells two plans apart."""
    return f"{clean(plan.created_at)[:16].replace('T', ' ')} UTC"


def heading_words(plan: Plan) -> str:
    """Say what a plan is for."""
    mode = f"{plan.mode} of {', '.join(plan.scope)}" if plan.scope else plan.mode
    return f"Plan for {clean(plan.organization)} at {clean(plan.host)}, mode {clean(mode)}, made {made_at(plan)}"


def policy_words(plan: Plan) -> str:
    """Name the policy that a plan was held to; empty where there was none."""
    return f"policy: {clean(plan.policy)}" if plan.policy else ""


def verdict_words(plan: Plan) -> str:
    """Say whether a plan can be applied."""
    if plan.refusals:
        rules = ", ".join(dict.fromkeys(verdict.rule for verdict in plan.refusals))
        return f"Refused by {rules}: it cannot be applied as it is."
    return "" if plan.is_empty else "No safety rule refuses it."


def where_words(change: Change) -> str:
    """Say where a change is."""
    # What is about a workspace says so where others say whom they are about.
    return change.workspace or "organization" if change.scope == "workspace" else "organization"


def who_words(change: Change) -> str:
    """Say whom or what a change is about: an address, or `role Auditor`, `setting sso_only`."""
    return kind_of(change).subject.who(change)


def sentence_words(change: Change) -> str:
    """Say what a change does in a sentence: `create role Auditor with 12 permissions`."""
    return kind_of(change).sentence(change)


def from_words(change: Change) -> str:
    """Say what is there before a change."""
    return kind_of(change).before_words(change)


def to_words(change: Change) -> str:
    """Say what is there after a change."""
    return kind_of(change).after_words(change)


def why_words(change: Change) -> str:
    """Say why a change is in the plan, and what else it brings."""
    return ". ".join(filter(None, (change.reason, change.consequence)))


def clean(text: object) -> str:
    """Make a text from outside harmless in one line: no control characters, no hidden marks, no line breaks, no key."""
    return one_line(without_keys(str(text)))
