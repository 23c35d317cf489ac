"""Filter, sort and cut lists of people (API.md 8.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class PeopleQuery:
    """The query parameters that all lists of people share."""

    limit: int = 50
    offset: int = 0
    emails: list[str] = field(default_factory=list)
    q: str | None = None
    sort_by: str = "created_at"
    sort_by_desc: bool = True
    ls_user_ids: list[str] = field(default_factory=list)
    user_ids: list[str] = field(default_factory=list)
    is_disabled: bool | None = None


def select(
    rows: Sequence[T],
    query: PeopleQuery,
    *,
    person: Callable[[T], Any],
    sort_key: Callable[[T], tuple[str, str]],
) -> list[T]:
    """Return the page of rows a query asks for; `person` gives a row's e-mail, name and user ids."""
    return cut(sorted(rows, key=sort_key, reverse=query.sort_by_desc), query, person=person)


def cut(rows: Sequence[T], query: PeopleQuery, *, person: Callable[[T], Any]) -> list[T]:
    """Return the page of rows that are in order already."""
    found = rows
    if _filters(query):
        emails = {email.strip().lower() for email in query.emails}
        found = [row for row in rows if _matches(person(row), query, emails)]
    return list(found[query.offset : query.offset + query.limit])


def _filters(query: PeopleQuery) -> bool:
    return bool(query.emails or query.q or query.ls_user_ids or query.user_ids or query.is_disabled is not None)


def _matches(person: Any, query: PeopleQuery, emails: set[str]) -> bool:
    if emails and person.email.lower() not in emails:
        return False
    if query.q:
        text = query.q.lower()
        if text not in person.email.lower() and text not in (person.full_name or "").lower():
            return False
    if query.ls_user_ids and getattr(person, "ls_user_id", None) not in query.ls_user_ids:
        return False
    if query.user_ids and getattr(person, "user_id", None) not in query.user_ids:
        return False
    return query.is_disabled is None or getattr(person, "is_disabled", False) == query.is_disabled
