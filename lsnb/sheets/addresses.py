"""Addresses pasted from anywhere, and the access sheet that invites them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import pandas as pd

from lsnb.sheets.columns import SHEET_COLUMNS
from lsnb.sheets.emails import clean_address, fault_of, mended
from lsnb.sheets.problems import CellProblem, Problems
from lsnb.sheets.text_normalize import did_you_mean, fold_loosely, tidy
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

_BULLET = re.compile(r"^\s*(?:[-*\u2022\u2023\u25e6\u00b7\u2013\u2014]|\d{1,4}[.)])\s+")
_HEADERS = {
    "email", "e mail", "email address", "e mail address", "mail", "address", "name", "full name", "first name",
    "last name", "display name", "role", "team", "department", "title", "workspace", "note", "notes", "user email",
    *(fold_loosely(name) for name in SHEET_COLUMNS),
}  # fmt: skip
#: Why a word beside an address is listed though nothing is wrong with it.
NOT_USED = "A role or workspace beside an address is not used."
_MAILTO = re.compile(r"mailto:([^\s<>\"]+)", re.IGNORECASE)
#: A row of a sheet that takes something away invites nobody.
_TAKES_AWAY = {"remove", "delete", "revoke"}
#: Roles as people write them, in comparable form.
_ROLE_WORDS = {
    "admin", "viewer", "editor", "user", "operator", "member", "organization admin", "organization operator",
    "organization user", "organization viewer", "workspace admin", "workspace editor", "workspace user",
    "workspace viewer", "org admin", "org user", "org viewer", "owner", "read only",
} | {fold_loosely(name) for name in (*builtin_roles.SYSTEM_ROLES, "WORKSPACE_EDITOR")}  # fmt: skip
_OUTSIDE_QUOTES = r"(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)(?![^<]*>)"
_ENTRIES = re.compile(r"[;\n]" + _OUTSIDE_QUOTES)
_PARTS = re.compile(r"[,\t]" + _OUTSIDE_QUOTES)


def parse_addresses(text: str, *, unused: Iterable[str] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read addresses out of pasted text: lines, commas, semicolons, cells of a spreadsheet, a mail's list of recipients.

    Args:
        text: the text. Names are kept where they stand beside an address: `Dana Lee <dana@example.com>`,
            `"Lee, Dana" <dana@example.com>`, or in the cell beside it. Whom a `mailto:` link copies counts too.
        unused: names of roles and workspaces beside the usual ones, which may stand beside an address and are not used.

    Returns:
        The addresses, one row each with `row` (the line that it was first on), `email` and `name` (unknown where there
        was none), each address once; and what could not be read or is not used, with `PROBLEM_COLUMNS`, where `row` is the
        line.
    """
    problems = _Lines({*_ROLE_WORDS, *(fold_loosely(name) for name in unused)})
    found: dict[str, tuple[int, str]] = {}
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        for entry in _ENTRIES.split(_BULLET.sub("", line)):
            for email, name in _read_entry(_with_copied(entry), number, problems):
                row, known_name = found.get(email, (number, ""))
                found[email] = (row, known_name or name)
    problems.say_unused()
    names = [name or None for _, name in found.values()]
    addresses = pd.DataFrame(
        {
            "row": pd.Series([row for row, _ in found.values()], dtype=DTYPES["count"]),
            "email": pd.Series(list(found), dtype=DTYPES["text"]),
            "name": pd.Series(names, dtype=DTYPES["text"]),
        }
    )
    return addresses, problems.to_frame()


class _Lines(Problems):
    """The problems of pasted lines, and the words that are no names."""

    def __init__(self, unused: set[str]) -> None:
        super().__init__(["email"])
        self._unused = unused
        self._met: dict[str, list[int]] = {}

    def names_among(self, words: list[str], line: int) -> list[str]:
        """Leave out words that are roles or workspaces, and say that they are not used."""
        names = []
        for word in words:
            if fold_loosely(word.strip("\"' ")) in self._unused:
                self._met.setdefault(word.strip("\"' "), []).append(line)
            else:
                names.append(word)
        return names

    def say_unused(self) -> None:
        """Say once of each role and workspace that it is not used."""
        for word, lines in self._met.items():
            where = f"line {lines[0]}" if len(lines) == 1 else f"{len(lines):,} lines, the first of them {lines[0]}"
            hint = f"It is in {where}. Everybody gets what is chosen for all; give others by an access sheet."
            self.add(lines[0], word, CellProblem("email", NOT_USED, hint))


def _with_copied(entry: str) -> str:
    """Write out a `mailto:` link as all the addresses that it goes to."""

    def write(match: re.Match[str]) -> str:
        address, _, query = match[1].partition("?")
        fields = (field.partition("=") for field in query.split("&"))
        more = [value for name, _, value in fields if name.lower() in ("to", "cc", "bcc")]
        return ", ".join(unquote(text) for text in (address, *more) if text)

    return _MAILTO.sub(write, entry)


def invitations(
    addresses: pd.DataFrame | Iterable[str],
    *,
    role: str = "Organization User",
    workspaces: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Write the access sheet that gives everybody the same roles; people who are new are invited by it.

    Args:
        addresses: a frame with a column `email`, as `parse_addresses` gives it, or the addresses themselves.
        role: the organization role.
        workspaces: the role in each workspace, by the workspace's name or id, such as `{"Production": "Viewer"}`.

    Returns:
        A new frame with the columns of the access sheet.
    """
    emails = list(addresses["email"] if isinstance(addresses, pd.DataFrame) else addresses)
    places = {"": role, **(workspaces or {})}
    rows = [(email, label, "", place, "", "") for email in emails for place, label in places.items()]
    return pd.DataFrame(
        {
            name: pd.Series([row[index] for row in rows], dtype=DTYPES["text"])
            for index, name in enumerate(SHEET_COLUMNS)
        }
    )


def _read_entry(entry: str, line: int, problems: _Lines) -> list[tuple[str, str]]:
    """Read what stands between two semicolons or line ends: one person with a name, or several addresses."""
    parts = [part for part in (tidy(part) for part in _PARTS.split(entry)) if part.strip("\"' ,;")]
    if not any("@" in part for part in parts):
        is_header = bool(parts) and all(fold_loosely(part) in _HEADERS for part in parts)
        # A word alone was meant as an address; several without any are prose, and one problem.
        if parts and not (is_header and line == 1):
            _report(", ".join(parts), line, problems)
        return []
    groups = [index for index, part in enumerate(parts) if "@" in part]
    if len(groups) == 1:
        at = groups[0]
        if any(fold_loosely(part) in _TAKES_AWAY for part in parts):
            reason = "The row takes something away, and here everybody is invited."
            problems.add(line, ", ".join(parts), CellProblem("email", reason, "Bring it as an access sheet."))
            return []
        beside = problems.names_among(parts[:at] + parts[at + 1 :], line)
        beside = [part for part in parts[:at] if part in beside] or [
            part for part in parts[at + 1 :] if part in beside
        ][:1]
        return _read_one(parts[at], line, problems, name=_join_name(beside, parts[at]))
    found = []
    before: list[str] = []
    for part in parts:
        if "@" in part:
            # "Lee, Dana <dana@example.com>" was cut at its comma.
            is_surname = len(before) == 1 and "<" in part and not part.startswith("<")
            for word in problems.names_among(before[:-1] if is_surname else before, line):
                _report(word, line, problems)
            found += _read_one(part, line, problems, name=_join_name(before, part) if is_surname else "")
            before = []
        else:
            before.append(part)
    for word in problems.names_among(before, line):
        _report(word, line, problems)
    return found


def _read_one(part: str, line: int, problems: Problems, *, name: str) -> list[tuple[str, str]]:
    """Read a part that has an address in it; several without commas are separated by blanks."""
    if part.count("@") > 1 and "<" not in part and " " in part:
        return [pair for word in part.split() for pair in _read_one(word, line, problems, name="")]
    email, own_name = clean_address(part)
    if " " in email and "<" not in part:
        words = email.split()
        if "@" in words[-1] and len(words[-1]) > 3 and not fault_of(words[-1]):
            own_name, email = part[: -len(words[-1])].strip(" :,"), words[-1]
    if fault_of(email):
        _report(part, line, problems)
        return []
    return [(email, name or own_name)]


def _join_name(beside: list[str], part: str) -> str:
    """Put a name together from the cells beside an address; cells that are no name are left out."""
    own = clean_address(part)[1]
    words = [word.strip("\"' ") for word in beside if not any(mark.isdigit() for mark in word)]
    if "<" in part and own:
        return ", ".join([*words[-1:], own])
    return " ".join(words[:2])


def _report(text: str, line: int, problems: Problems) -> None:
    email, _ = clean_address(text)
    reason = fault_of(email) or "This is no address."
    problems.add(line, text, CellProblem("email", reason, did_you_mean(mended(email))))
