"""Whether what a change starts from still holds, and whether what it leads to is there."""

from __future__ import annotations

from lsnb.apply.present import Present
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change


def holds(change: Change, present: Present) -> bool:
    """Tell whether what a change starts from is still there."""
    return kind_of(change).holds(change, present)


def is_reached(change: Change, present: Present) -> bool:
    """Tell whether what a change leads to is there."""
    return kind_of(change).reached(change, present)


def is_shown(change: Change, present: Present) -> bool:
    """Tell whether the service shows what a change leads to, so that it can be read back."""
    return kind_of(change).is_shown(change, present)


def is_otherwise(change: Change, present: Present) -> bool:
    """Tell whether something else is there now, of what a change was to create or whom it was to invite."""
    kind = kind_of(change)
    if kind.subject.is_person:
        return bool(present.people.get(change.email or ""))
    return not kind.holds(change, present)


def found_words(change: Change, present: Present) -> str:
    """Say what is there now, for somebody who wonders why a change was not made."""
    return kind_of(change).found_words(change, present)
