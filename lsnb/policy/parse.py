"""From the statements of a policy's file to the policy, with everything that is wrong with them at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pandas as pd

from lsnb.policy.items import COLUMNS, SECTIONS, Item
from lsnb.policy.model import DICTIONARIES, LISTS, THRESHOLDS, Policy, Waiver
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

PROBLEM_COLUMNS = ("place", "value", "reason", "hint")

_DEFAULTS = Policy()
_OF_PEOPLE = frozenset({"accepted_admins", "accepted_operators", "accepted_accounts", "break_glass"})
_OF_PERMISSIONS = frozenset({"sensitive_permissions", "duty_pairs"})
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# No `*`: a domain stands for itself only, and one that would match nothing must not look like a decision.
_DOMAIN = re.compile(r"(?:[^@\s./*]+\.)+[^@\s./*]+")
_PERMISSION = re.compile(r"[a-z0-9-]+:[a-z0-9-]+")


def parse_policy(items: Iterable[Item], *, checks: Collection[str] = ()) -> tuple[Policy, pd.DataFrame]:
    """Make a policy of the statements of its file.

    Args:
        items: the statements; what none speaks of keeps its default, and a list that is spoken of is whole.
        checks: the ids of the checks, to find slips in waivers; any id is taken where there are none.

    Returns:
        The policy of everything that is understood, and the problems: one row each with `place`, `value`, `reason`
        and `hint`. With problems, the policy is not what its author meant, and must not be used.
    """
    reading = _Reading(frozenset(checks))
    for item in items:
        reading.take(item)
    rows = [tuple(None if cell is None else str(cell) for cell in row) for row in reading.problems]
    problems = pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS)).astype(DTYPES["text"])
    return Policy(**reading.values), problems


class _Reading:
    """What has been understood so far, and what has not."""

    def __init__(self, checks: frozenset[str]) -> None:
        self._checks = checks
        self.values: dict[str, Any] = {}
        self.problems: list[tuple[Any, ...]] = []

    def take(self, item: Item) -> None:
        """Understand one statement."""
        if not item.is_known:
            self._unknown(item)
        elif item.kind == "work_hours":
            self._hours(item)
        elif item.kind in THRESHOLDS:
            self._number(item)
        elif item.kind == "waivers":
            self._waiver(item)
        elif item.kind == "domain_exceptions":
            self._exception(item)
        elif item.kind in DICTIONARIES:
            self._entry(item)
        else:
            self._list_item(item)

    def _problem(self, place: str, value: Any, reason: str, hint: str | None = None) -> None:
        self.problems.append((place, value, reason, hint))

    def _unknown(self, item: Item) -> None:
        if item.kind in SECTIONS and item.name is None:
            self._problem(item.place, item.value, "must be a section of its own, not a value", "see the template")
            return
        word = item.name if item.kind == "waivers" and item.name else item.kind
        where = item.place.partition(".")[0]
        known = {"thresholds": THRESHOLDS, "lists": LISTS}.get(where)
        if item.kind == "waivers":
            known = ("check", "resource", "owner", "reason", "until")
        elif item.place.startswith("row"):
            known = (*THRESHOLDS, *LISTS, *DICTIONARIES, "waivers")
        found = known or SECTIONS
        elsewhere = _home(word)
        hint = (
            f"it belongs into [{elsewhere}]"
            if elsewhere and elsewhere != where and not known
            else _nearest(word, found)
        )
        if known and word not in known and elsewhere and not item.place.startswith("row"):
            hint = f"it belongs into [{elsewhere}]"
        self._problem(item.place, word, "there is no such entry", hint)

    def _number(self, item: Item) -> None:
        default = getattr(_DEFAULTS, item.kind)
        value = _to_number(item.value)
        if item.kind in self.values:
            self._problem(item.place, item.value, f"{item.kind} is set a second time", "keep one of the two")
        elif value is None:
            self._problem(item.place, item.value, "must be a number", f"the default is {default}")
        elif isinstance(default, float) and not 0 <= value <= 1:
            self._problem(item.place, item.value, "must be a share between 0 and 1", f"the default is {default}")
        elif isinstance(default, int) and (value != int(value) or value < 0):
            self._problem(item.place, item.value, "must be a whole number, 0 or more", f"the default is {default}")
        else:
            self.values[item.kind] = float(value) if isinstance(default, float) else int(value)

    def _hours(self, item: Item) -> None:
        given = item.value.split("-") if isinstance(item.value, str) else item.value
        hours = [_to_number(part) for part in given] if isinstance(given, list) else []
        whole = [int(hour) for hour in hours if hour is not None and hour == int(hour)]
        if len(hours) != 2 or len(whole) != 2 or not 0 <= whole[0] < whole[1] <= 24:
            self._problem(item.place, item.value, "must be two hours of a day in UTC, from and to", "such as 6 and 20")
        else:
            self.values[item.kind] = (whole[0], whole[1])

    def _list_item(self, item: Item) -> None:
        kept = self.values.setdefault(item.kind, ())
        if item.value is None and item.name is None:
            return
        if item.name is not None:
            self._problem(item.place, item.name, f"{item.kind} takes a value and no name", "move it to `value`")
        elif item.kind == "duty_pairs":
            pair = item.value if isinstance(item.value, list) else []
            if len(pair) != 2 or not all(isinstance(part, str) and part.strip() for part in pair):
                self._problem(item.place, item.value, "must be two permissions", 'such as "runs:delete", "runs:share"')
            elif all([self._is_right(item, part, item.kind) for part in pair]):
                self.values[item.kind] = (*kept, (pair[0].strip(), pair[1].strip()))
        elif self._is_right(item, item.value, item.kind):
            text = item.value.strip()
            is_name = item.kind == "approved_roles" or item.kind == "accepted_keys"
            self.values[item.kind] = (*kept, text if is_name else text.lower())

    def _is_right(self, item: Item, value: Any, kind: str) -> bool:
        """Tell whether one entry of a list is what the list is of, and say so where it is not."""
        reason = hint = None
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            reason = "must be a text"
        elif kind in _OF_PEOPLE and not _ADDRESS.fullmatch(text):
            reason, hint = "must be an address", "such as ada@example.com"
        elif kind == "allowed_domains" and not _DOMAIN.fullmatch(text):
            hint = "name each subdomain itself" if "*" in text else text.rpartition("@")[2] or "such as example.com"
            reason = "must be a domain"
        elif kind in _OF_PERMISSIONS or kind == "permission":
            near = _nearest(text, builtin_roles.PERMISSION_SCOPES)
            if not _PERMISSION.fullmatch(text):
                reason, hint = "must be a permission", near or "such as runs:delete"
            elif text not in builtin_roles.PERMISSION_SCOPES and near:
                reason, hint = "there is no such permission", near
        if reason:
            self._problem(item.place, value, reason, hint)
        return reason is None

    def _entry(self, item: Item) -> None:
        """Understand who may be in a workspace, or hold a permission."""
        what = "workspace" if item.kind == "restricted_workspaces" else "permission"
        if not item.name:
            self._problem(item.place, item.name, f"names no {what}", "put it into `name`")
            return
        if what == "permission" and item.name not in self.values.get(item.kind, {}):
            place = re.sub(r"\[\d+\]$", "", item.place)
            if any(place == known[0] for known in self.problems):
                return  # the name has been found wrong already, beside another person
            if not self._is_right(replace(item, place=place), item.name, "permission"):
                return
        kept = self.values.setdefault(item.kind, {})
        people = kept.setdefault(item.name, ())
        if item.value is not None and self._is_right(item, item.value, "break_glass"):
            kept[item.name] = (*people, item.value.strip().lower())

    def _exception(self, item: Item) -> None:
        name = (item.name or "").strip().lower()
        if not (_DOMAIN.fullmatch(name) or _ADDRESS.fullmatch(name)):
            self._problem(item.place, item.name, "must be a domain or an address", "such as partner.example.com")
        end = self._end(item, "an exception")
        if end is not None:
            self.values.setdefault(item.kind, {})[name] = end

    def _waiver(self, item: Item) -> None:
        before = len(self.problems)
        check = item.name if isinstance(item.name, str) else None
        if not check:
            self._problem(f"{item.place}.check", item.name, "a waiver must name its check", "such as LS-INV-01")
        elif self._checks and check not in self._checks:
            self._problem(f"{item.place}.check", check, "there is no such check", _nearest(check.upper(), self._checks))
        texts = {"resource": item.value, "owner": item.owner, "reason": item.reason}
        hints = {
            "resource": "the resource of the finding, or * for every one",
            "owner": "the person who accepts it",
            "reason": "why it is accepted",
        }
        for name, value in texts.items():
            if not isinstance(value, str) or not value.strip():
                self._problem(
                    f"{item.place}.{name}",
                    value,
                    f"a waiver must have {'an' if name == 'owner' else 'a'} {name}",
                    hints[name],
                )
        end = self._end(item, "a waiver")
        if len(self.problems) == before and check and end is not None:
            resource, owner, reason = (str(value).strip() for value in texts.values())
            waiver = Waiver(check, resource, owner, reason, end, str(item.until).strip())
            self.values["waivers"] = (*self.values.get("waivers", ()), waiver)

    def _end(self, item: Item, what: str) -> pd.Timestamp | None:
        """Read until when something holds; a day counts to its end."""
        place = f"{item.place}.until" if item.kind == "waivers" else item.place
        if item.until is None:
            self._problem(place, None, f"{what} must have an end", "a date such as 2026-12-31")
            return None
        end = _to_end(item.until)
        if end is None:
            self._problem(place, item.until, "must be a date", "such as 2026-12-31")
        return end


#: No count, and no number of days, is larger; what is no number at all (nan, inf) is not smaller either.
_MOST = 1_000_000


def _to_number(value: Any) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if abs(value) <= _MOST else None
    text = value.strip().replace(",", ".") if isinstance(value, str) else ""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) <= _MOST else None


def _to_end(value: Any) -> pd.Timestamp | None:
    try:
        if isinstance(value, datetime):
            at = pd.Timestamp(value)
        elif isinstance(value, date):
            at = pd.Timestamp(value) + pd.Timedelta(days=1)
        elif isinstance(value, str):
            return _to_end(_read_moment(value.strip()))
        else:
            return None
        return (at.tz_localize("UTC") if at.tz is None else at.tz_convert("UTC")).as_unit("ns")
    except (ValueError, OverflowError):
        return None


def _read_moment(text: str) -> date | datetime:
    """Read a day, or a time of a day; a day in whatever form ISO 8601 has for it is a day.

    Raises:
        ValueError: it is neither.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)


def _nearest(word: str, known: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else None


def _home(word: str) -> str | None:
    """Tell in which section a word of the policy belongs."""
    if word in THRESHOLDS:
        return "thresholds"
    if word in LISTS:
        return "lists"
    return None


def wrong_header(columns: Iterable[str]) -> list[str]:
    """List the columns that a policy written as a table lacks."""
    given = {column.strip().lower() for column in columns}
    return [name for name in COLUMNS if name not in given]
