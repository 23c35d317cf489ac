"""Remarks that come up while planning, gathered so that a thousand alike do not bury the one that matters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsnb.plan.model import RuleResult


class Notes:
    """Gathers warnings by rule.

    Args:
        limit: how many of one rule are kept as they are; the rest is counted.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found: dict[str, list[RuleResult]] = {}

    def add(self, rule: str, message: str, *change_ids: str) -> None:
        """Note something."""
        self._found.setdefault(rule, []).append(RuleResult(rule, message, change_ids))

    def verdicts(self) -> tuple[RuleResult, ...]:
        """Give what was noted, by rule, in the order in which it came up."""
        given: list[RuleResult] = []
        for rule in sorted(self._found):
            found = self._found[rule]
            given += found[: self._limit]
            rest = found[self._limit :]
            if rest:
                ids = tuple(dict.fromkeys(id_ for verdict in rest for id_ in verdict.change_ids))
                given.append(RuleResult(rule, f"And {len(rest):,} more like these.", ids))
        return tuple(given)


def listed(names: Iterable[str], limit: int = 20) -> str:
    """Name things in a sentence: `a, b and c`, and from the limit on only their number."""
    items = list(names)
    if len(items) > limit:
        return f"{', '.join(items[:limit])} and {len(items) - limit:,} more"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def row_words(rows: Sequence[int], source: str = "", limit: int = 8) -> str:
    """Say which rows of which sheet: `rows 3, 4 and 9 of changes.csv`."""
    numbers = sorted(set(rows))
    words = f"row {numbers[0]}" if len(numbers) == 1 else f"rows {listed([str(row) for row in numbers], limit)}"
    return f"{words} of {source}" if source else words
