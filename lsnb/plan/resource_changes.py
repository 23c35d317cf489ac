"""Changes of what people work in and with, and not of their membership: what is asked of their kinds from outside.

`lsnb.plan.subjects` tells everything about them.
"""

from __future__ import annotations

from lsnb.plan.kind_record import Ids, Values
from lsnb.plan.kinds import KINDS, UNKNOWN
from lsnb.plan.model import Risk
from lsnb.plan.subjects.role import permission_steps, permissions_of, sensitive_gains
from lsnb.plan.subjects.setting import LOCKING_SETTINGS

__all__ = [
    "LOCKING_SETTINGS",
    "RESOURCE_IDS",
    "is_reversible_resource",
    "permission_steps",
    "permissions_of",
    "risk_of_resource",
    "sensitive_gains",
]

#: The kinds of change that are about no person, and under which name each has its resource in `ids`.
RESOURCE_IDS: dict[str, str] = {
    kind.name: kind.subject.id_name for kind in KINDS.values() if not kind.subject.is_person
}


def risk_of_resource(kind: str, before: Values | None, after: Values | None, setting: str | None) -> Risk:
    """Tell how much power a change gives or takes, and whether what goes can come back."""
    ids: Ids = {} if setting is None else {"setting": setting}
    return KINDS.get(kind, UNKNOWN).risk(before, after, ids)


def is_reversible_resource(kind: str) -> bool:
    """Tell whether undo brings the old state back entirely."""
    return KINDS.get(kind, UNKNOWN).reversible
