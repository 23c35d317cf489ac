"""What all forms of a difference say alike: sections, lines in words, and who did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lsnb.analysis.compare.model import Diff
from lsnb.report.words import ARROW, NOTHING, clean, counted

#: The sections of a report: the title, and the areas in it.
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("People", ("people", "invitations", "access", "tokens")),
    ("Roles", ("roles",)),
    ("Workspaces", ("workspaces",)),
    ("Keys and accounts", ("service keys", "service accounts")),
    ("Settings", ("settings",)),
    ("Access policies", ("access policies",)),
    ("Single sign-on and SCIM", ("single sign-on", "SCIM tokens")),
    ("Public links", ("public links",)),
)
SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": "~", "joined": "+"}


@dataclass(frozen=True, slots=True)
class Line:
    """One difference in words.

    Args:
        subject: the person, role, key or setting it is about.
        sign: `+`, `-` or `~`.
        text: what differs.
        cause: when, who and how; or that no event explains it.
        is_attributed: whether an event explains it.
    """

    subject: str
    sign: str
    text: str
    cause: str
    is_attributed: bool


def heading_words(diff: Diff) -> str:
    """Say what was compared."""
    return (
        f"What changed in {clean(diff.before.organization)} at {clean(diff.after.host)} from "
        f"{diff.before.read_at:%Y-%m-%d %H:%M} to {diff.after.read_at:%Y-%m-%d %H:%M} UTC"
    )


def summary_words(diff: Diff) -> str:
    """Sum the differences up in a line."""
    if not len(diff):
        return "No differences" + ("." if not len(diff.not_compared) else " in what could be compared.")
    people = diff.frame.loc[diff.frame["email"].notna(), "email"].nunique()
    n_open = len(diff.unattributed)
    who = f" about {counted(people, 'person', 'people')}" if people else ""
    found = "an event of the audit log explains each of them" if not n_open else f"no event explains {n_open:,} of them"
    return f"{counted(len(diff), 'difference')}{who}; {found}."


def sections_of(diff: Diff, *, limit: int | None = None) -> Iterator[tuple[str, list[Line], int]]:
    """Give each section with its lines, by subject, and how many lines there are in all; empty ones are left out.

    Args:
        diff: the differences.
        limit: how many lines all sections show together; None for all.
    """
    room = limit
    for title, areas in SECTIONS:
        rows = diff.frame[diff.frame["area"].isin(list(areas))]
        if rows.empty:
            continue
        subject = rows["email"].fillna(rows["item"]).fillna(rows["workspace"]).fillna("")
        ordered = rows.assign(subject=subject).sort_values("subject", kind="stable")
        shown = ordered if room is None else ordered.head(room)
        room = None if room is None else room - len(shown)
        yield title, [_line(row) for row in shown.to_dict("records")], len(ordered)


def unattributed_lines(diff: Diff, *, limit: int | None = None) -> list[Line]:
    """List what no event explains."""
    rows = diff.unattributed
    subject = rows["email"].fillna(rows["item"]).fillna(rows["workspace"]).fillna("")
    shown = rows.assign(subject=subject)
    return [_line(row) for row in (shown if limit is None else shown.head(limit)).to_dict("records")]


def gap_lines(diff: Diff) -> list[str]:
    """Say which tables could not be compared, and why."""
    return [
        f"{clean(row.table)} ({clean(row.status)}): {clean(row.reason)}"
        for row in diff.not_compared.itertuples(index=False)
    ]


def _line(row: Mapping[Any, Any]) -> Line:
    return Line(
        subject=clean(row["subject"]),
        sign=SIGNS.get(str(row["change"]), "~"),
        text=clean(_text(row)),
        cause=clean(cause_words(row)),
        is_attributed=bool(row["attributed"]),
    )


def _text(row: Mapping[Any, Any]) -> str:
    area, change, what = str(row["area"]), str(row["change"]), str(row["what"])
    before, after = _shown(row["before"]), _shown(row["after"])
    place = _shown(row["workspace"])
    if area == "access":
        what = f"access to {place}" if what == "access" else f"{what} in {place}"
    elif area in ("tokens", "invitations") and change in ("changed", "renamed"):
        what = f"{what} of the {'token ' + _shown(row['item']) if area == 'tokens' else 'invitation'}"
    elif area == "tokens":
        what = f"token {_shown(row['item'])}"
    elif area == "public links":
        what = f"public link in {place}"
    if change == "added":
        return f"{what} added" + (f": {after}" if after != NOTHING else "")
    if change == "removed" and what == "permission":
        return f"{what} removed: {before}"
    if change == "removed":
        return f"{what} removed" + (f" (was {before})" if before != NOTHING else "")
    if change == "renamed" and what in ("name", "description"):
        return f"renamed: {before} {ARROW} {after}"
    return f"{what} {'joined' if change == 'joined' else change}: {before} {ARROW} {after}"


def _shown(value: object) -> str:
    return NOTHING if value is None or value is pd.NA or (isinstance(value, float) and value != value) else str(value)


def cause_words(row: Mapping[Any, Any]) -> str:
    """Say when, by whom and how a difference came; or that no event explains it."""
    if not row["attributed"]:
        return "no event explains it"
    actor, key = _shown(row["actor"]), _shown(row["key"])
    who = " with ".join([*([actor] if actor != NOTHING else []), *([f"the key {key}"] if key != NOTHING else [])])
    others = int(row["n_other_events"])
    more = f"; {counted(others, 'other event fits', 'other events fit')} too" if others else ""
    return f"{row['when']:%Y-%m-%d %H:%M} UTC by {who or 'somebody unknown'}, {row['operation']}{more}"
