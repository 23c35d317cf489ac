"""Read a roster of employees: whom it names, who is still there, and every row that cannot be understood."""

from __future__ import annotations

import pandas as pd

from lsnb.analysis.effective.lookup import compose
from lsnb.errors import TableError
from lsnb.sheets.columns import row_numbers
from lsnb.sheets.emails import clean_address, fault_of
from lsnb.sheets.problems import CellProblem, Problems, problem_lines
from lsnb.sheets.text_normalize import Nearest, did_you_mean, fold_loosely, quoted, text_column, tidy

COLUMNS = ("email", "status")
#: The words for people who are still there.
ACTIVE_WORDS = (
    *("active", "employed", "employee", "current", "working", "hired", "enabled"),
    *("leave", "on leave", "parental leave", "sick leave", "sabbatical", "notice period"),
)
#: The words for people who have left.
ENDED_WORDS = (
    *("ended", "left", "leaver", "terminated", "inactive", "former", "offboarded", "deprovisioned"),
    *("resigned", "retired", "dismissed", "deceased", "former employee"),
)
_HEADERS = {
    "email": ("email", "e mail", "mail", "email address", "e mail address", "work email", "address"),
    "status": ("status", "employment status", "employee status", "state"),
}
_SHOWN = 8


def read_roster(roster: pd.DataFrame) -> pd.DataFrame:
    """Clean a roster, as sheets are cleaned.

    Args:
        roster: one row per employee, with columns for the address and the status, in whatever case they are written.

    Returns:
        One row per address: `email` in one form, and `status`, which is `active` or `ended`.

    Raises:
        TableError: a column is missing, or there is a row with an unknown or blank status, a wrong address, or another
            status than an earlier row gives the same address; `.problems` lists them all. An unknown word never counts
            as active, so the roster is not used at all.
    """
    found = _columns(roster)
    frame = roster.reset_index(drop=True) if roster.index.name != "row" else roster
    numbers = [int(number) for number in row_numbers(frame)]
    emails = text_column(frame.iloc[:, found["email"]]).tolist()
    statuses = text_column(frame.iloc[:, found["status"]]).tolist()
    problems = Problems(list(COLUMNS))
    nearest = Nearest([*ACTIVE_WORDS, *ENDED_WORDS])
    first: dict[str, tuple[int, str]] = {}
    for number, given, word in zip(numbers, emails, statuses, strict=True):
        if not tidy(given) and not tidy(word):
            continue
        address = clean_address(given)[0]
        reason = fault_of(address) if "@" not in address or "." not in address else ""
        if reason or len([part for part in address.split() if part]) > 1:
            problems.add(
                number, given, CellProblem("email", reason or "There is more than one address in the cell.", "")
            )
            continue
        status = _status(word)
        if status is None:
            problems.add(number, word, _misfit(word, nearest))
            continue
        email = compose(address)
        row, before = first.setdefault(email, (number, status))
        if before != status:
            reason = f"Row {row} says that {address} is {before}, and this one says {status}."
            problems.add(number, word, CellProblem("status", reason, "Keep the row that is right."))
    listed = problems.to_frame()
    if len(listed):
        lines = [f"  {line}" for line in problem_lines(listed.head(_SHOWN))]
        more = f"\n  and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        n = f"{len(listed):,} {'problem' if len(listed) == 1 else 'problems'}"
        raise TableError(
            "\n".join([f"The roster has {n}, and is not used, since nobody may count as active by a slip:", *lines])
            + more,
            problems=listed,
        )
    return pd.DataFrame({"email": list(first), "status": [status for _, status in first.values()]}, dtype=object)


def _columns(roster: pd.DataFrame) -> dict[str, int]:
    """Find the columns by their titles, in any case and with blanks or underscores."""
    titles = [fold_loosely(str(name)) for name in roster.columns]
    found: dict[str, int] = {}
    for name in COLUMNS:
        exact = [place for place, title in enumerate(titles) if title == name]
        hits = exact or [place for place, title in enumerate(titles) if title in _HEADERS[name]]
        if len(hits) > 1:
            named = ", ".join(repr(str(roster.columns[place])) for place in hits)
            raise TableError(f"The roster has {len(hits)} columns for {name}: {named}. Leave one.")
        if hits:
            found[name] = hits[0]
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        there = ", ".join(repr(str(name)) for name in roster.columns) or "none"
        raise TableError(
            f"The roster needs the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}. It has: {there}."
        )
    return found


def _status(word: str) -> str | None:
    folded = fold_loosely(word).strip(" .!")
    return "active" if folded in ACTIVE_WORDS else "ended" if folded in ENDED_WORDS else None


def _misfit(word: str, nearest: Nearest) -> CellProblem:
    if not tidy(word):
        return CellProblem(
            "status", "The status is empty, which says neither that the person is here nor that they left.", ""
        )
    known = f"Write {quoted(ACTIVE_WORDS[:3])} for who is here, {quoted(ENDED_WORDS[:4])} for who has left."
    return CellProblem(
        "status", f"{tidy(word)!r} is no status that is known.", did_you_mean(nearest.find(word)) or known
    )
