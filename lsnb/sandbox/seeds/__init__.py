"""Build the fixed organizations: the same people and ids on every run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from lsnb.sandbox.ids import parse_stamp, to_utc
from lsnb.sandbox.seeds import company, flawed, large, other_plans
from lsnb.sandbox.seeds.builder import Builder
from lsnb.sandbox.starting import StartError
from lsnb.sandbox.state import State
from lsnb.sandbox.switches import Behaviours

SEED_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""The reference date of a pinned seed, for tests that compare times."""

SEEDS: dict[str, Callable[[Builder], None]] = {
    "small": flawed.fill,
    "tidy": company.fill,
    "large": large.fill,
    "personal": other_plans.fill_personal,
    "norbac": other_plans.fill_norbac,
    "empty": other_plans.fill_empty,
}


def build(name: str, *, now: str | datetime | None = None, behaviours: Behaviours | None = None) -> State:
    """Return a fresh organization.

    Args:
        name: one of `SEEDS`.
        now: the reference date to which all times of the seed are relative; left out, the last noon in UTC, so that
            what is fresh or stale today is so tomorrow.
        behaviours: the switches the state obeys.

    """
    if name not in SEEDS:
        raise StartError(f"no such seed: {name}; known are {', '.join(SEEDS)}")
    builder = Builder(_choose_reference(now), behaviours)
    SEEDS[name](builder)
    return builder.finish()


def _choose_reference(now: str | datetime | None) -> datetime:
    if isinstance(now, datetime):
        return to_utc(now)
    if now is not None:
        return parse_stamp(now)
    today = datetime.now(UTC)
    noon = today.replace(hour=12, minute=0, second=0, microsecond=0)
    return noon if noon <= today else noon - timedelta(days=1)
