"""A policy's file taken apart: one item per statement, whether it was written as TOML or as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsnb.policy.model import DICTIONARIES, LISTS, THRESHOLDS

#: The columns of a policy written as a table.
COLUMNS = ("kind", "name", "value", "owner", "reason", "until")
#: The sections of a policy written as TOML.
SECTIONS = ("thresholds", "lists", *DICTIONARIES, "waivers")


@dataclass(frozen=True, slots=True)
class Item:
    """One statement of a policy.

    Args:
        place: where it stands, for people: `waivers[2]` or `row 5`.
        kind: what it is about, a field of the policy.
        name: for what is kept by name: the workspace, permission, domain or check.
        value: what is stated; None for "nothing", such as an empty list.
        owner: who accepted it, of waivers.
        reason: why, of waivers.
        until: until when, of waivers and exceptions.
        is_known: whether the place is one where such a thing may stand.
    """

    place: str
    kind: str
    name: str | None = None
    value: Any = None
    owner: Any = None
    reason: Any = None
    until: Any = None
    is_known: bool = True


def items_from_document(document: Mapping[str, Any]) -> list[Item]:
    """Take a policy apart that was read from TOML."""
    return [item for section, found in document.items() for item in _section(section, found)]


def _section(section: str, found: Any) -> Iterator[Item]:
    if section == "waivers":
        yield from _waivers(found)
    elif section in ("thresholds", "lists") or section in DICTIONARIES:
        if not isinstance(found, Mapping):
            yield Item(section, section, value=found, is_known=False)
            return
        for name, value in found.items():
            place = f"{section}.{name}"
            if section == "thresholds":
                yield Item(place, name, value=value, is_known=name in THRESHOLDS)
            elif section == "lists":
                yield from _each(Item(place, name, is_known=name in LISTS), value)
            elif section == "domain_exceptions":
                yield Item(place, section, name=name, until=value)
            else:
                yield from _each(Item(place, section, name=name), value)
    else:
        yield Item(section, section, value=found, is_known=False)


def _each(about: Item, values: Any) -> Iterator[Item]:
    """Give one item per entry of a list; a list of nothing is a statement too."""
    if not isinstance(values, list):
        yield Item(about.place, about.kind, about.name, values, is_known=about.is_known)
        return
    if not values:
        yield about
    for number, value in enumerate(values, start=1):
        yield Item(f"{about.place}[{number}]", about.kind, about.name, value, is_known=about.is_known)


def _waivers(found: Any) -> Iterator[Item]:
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        yield Item("waivers", "waivers", value=found, is_known=False)
        return
    known = ("check", "resource", "owner", "reason", "until")
    for number, entry in enumerate(found, start=1):
        place = f"waivers[{number}]"
        for name in entry:
            if name not in known:
                yield Item(f"{place}.{name}", "waivers", name=name, value=entry[name], is_known=False)
        check, resource, owner, reason, until = (entry.get(name) for name in known)
        yield Item(place, "waivers", check, resource, owner, reason, until)


def items_from_rows(rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    """Take a policy apart that was read from a table with `COLUMNS`; its first row is row 2, below the header."""
    items = []
    for number, row in enumerate(rows, start=2):
        cells: dict[str, Any] = {name: _cell(row.get(name)) for name in COLUMNS}
        if not any(cells.values()):
            continue
        kind = str(cells.pop("kind") or "")
        known = kind in THRESHOLDS or kind in LISTS or kind in DICTIONARIES or kind == "waivers"
        if kind == "duty_pairs":
            cells["value"], cells["name"] = [cells["name"], cells["value"]], None
        items.append(Item(f"row {number}", kind, is_known=known, **cells))
    return items


def _cell(value: Any) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text or None
