"""Addresses that are nearly those of members: slips of the finger, and what may be meant by a wrong one."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator

_LEAST_DOMAIN, _LEAST_LOCAL = 0.75, 0.75


class NearAddresses:
    """Finds members' addresses near a wrong one.

    Args:
        known: the members' addresses.
        budget: how many slow searches to make; a sheet where hundreds are wrong is the wrong sheet.
    """

    def __init__(self, known: Iterable[str], *, budget: int = 20) -> None:
        self._domains: dict[str, list[str]] = defaultdict(list)
        self._locals: dict[str, list[str]] = defaultdict(list)
        for address in known:
            local, _, domain = address.rpartition("@")
            self._domains[domain].append(local)
            self._locals[local].append(domain)
        self._shortened: dict[str, dict[str, list[str]]] = {}
        self._budget = budget

    def slips(self, address: str) -> list[str]:
        """List members one slip away: before the @ of the same domain, or the same person at nearly the same domain."""
        local, _, domain = address.rpartition("@")
        if domain not in self._shortened:
            self._shortened[domain] = shortened_forms(self._domains.get(domain, ()))
        forms = self._shortened[domain]
        hits = {hit for form in shortened(local) for hit in forms.get(form, ())} if len(local) > 3 else set()
        found = [f"{hit}@{domain}" for hit in sorted(hits) if is_one_slip(local, hit)]
        near = [
            other for other in self._locals.get(local, ()) if other != domain and _ratio(domain, other) >= _LEAST_DOMAIN
        ]
        return found + [f"{local}@{other}" for other in sorted(near)]

    def near(self, address: str) -> list[str]:
        """List members who may be meant, the nearest first: by slips, by the name alone, by a name much like it."""
        found = self.slips(address)
        local, at, domain = address.rpartition("@")
        if not at:
            local, domain = address, ""
        local = local.strip("\"' ").replace(" ", ".")
        found += [f"{local}@{other}" for other in self._locals.get(local, ()) if other != domain]
        if not found and len(local) > 3 and self._budget > 0:
            self._budget -= 1
            places = (
                [other for other in self._domains if _ratio(domain, other) >= _LEAST_DOMAIN]
                if domain
                else [*self._domains]
            )
            names = {name: place for place in places for name in self._domains[place]}
            close = difflib.get_close_matches(local, names, n=1, cutoff=_LEAST_LOCAL)
            turned = ".".join(reversed(local.split(".")))
            close = [turned] if turned != local and turned in names else close
            found += [f"{name}@{names[name]}" for name in close]
        return list(dict.fromkeys(found))[:3]


def shortened_forms(names: Iterable[str]) -> dict[str, list[str]]:
    """File what stands before the @ under itself and under itself without each of its letters."""
    index: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if len(name) > 3:
            for form in shortened(name):
                index[form].append(name)
    return index


def shortened(text: str) -> Iterator[str]:
    """Yield a text, and it without each of its letters: two texts one slip apart have one of these in common."""
    yield text
    for index in range(len(text)):
        yield text[:index] + text[index + 1 :]


def is_one_slip(left: str, right: str) -> bool:
    """Tell whether one letter is too many, missing or another, or two neighbours are changed round."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def _ratio(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left, right).ratio()
