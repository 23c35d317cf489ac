"""Every kind of change, by name; and what is assumed of a kind that nobody knows."""

from __future__ import annotations

from collections.abc import Collection
from types import ModuleType

from lsnb.plan.kind_record import FINAL, Kind, Subject, always
from lsnb.plan.model import Change
from lsnb.plan.subjects import (
    access_token,
    invitation,
    membership,
    role,
    scim_token,
    service_key,
    setting,
    shared_links,
    workspace,
)

_MODULES: tuple[ModuleType, ...] = (
    membership,
    invitation,
    workspace,
    role,
    service_key,
    access_token,
    scim_token,
    setting,
    shared_links,
)

#: The kinds by name, in the order of their subjects.
KINDS: dict[str, Kind] = {kind.name: kind for module in _MODULES for kind in module.KINDS}
#: What changes can be about.
SUBJECTS: tuple[Subject, ...] = tuple({kind.subject.name: kind.subject for kind in KINDS.values()}.values())

_NOBODY_KNOWS = Subject(
    name="unknown",
    is_person=False,
    id_name="",
    is_ground=True,
    name_field="",
    sheet="access",
    reading=None,
    undo_table=None,
    who=lambda change: change.email or change.workspace or change.id,
    request=None,
    draft=None,
    remarks=lambda snapshot, changes: [],
    warn=lambda snapshot, changes: [],
)
#: What is assumed of a kind that nobody knows: it takes everything from everybody, does not come back, and is refused.
UNKNOWN = Kind(
    name="unknown",
    subject=_NOBODY_KNOWS,
    scope="organization",
    order=1_000,
    one="change of a kind that this lsnb does not know",
    several="changes of a kind that this lsnb does not know",
    tables=(),
    stage=always("self"),
    wave=0,
    last_wave=0,
    risk=always("high"),
    reversible=False,
    is_irreversible=True,
    consequence=always("This lsnb does not know what it does, and does not carry it out."),
    needs=None,
    mails=1,
    gives="nothing",
    removes=always(True),
    demotes=always(True),
    promotes=always(True),
    losing_people=lambda snapshot, change: [change.email or change.id],
    losing_keys=lambda snapshot, change: [],
    is_callers_own=always(True),
    may_hit_caller=always(True),
    moves_rights=always(False),
    shows_in_access=always(False),
    allowed_to="admins",
    unlock=always(FINAL),
    unlock_self=FINAL,
    steps=always(()),
    batch=None,
    makes="nothing",
    is_looked_at_last=True,
    holds=always(False),
    reached=always(False),
    is_shown=always(False),
    created_id=always(None),
    found_words=always("nobody knows what to look for"),
    before_words=always("not known"),
    after_words=always("not known"),
    sentence=lambda change: f"{change.kind}, which this lsnb does not know",
    effect=lambda table, rows, change, snapshot: rows,
    effect_on_people=always(None),
    inverse=lambda undo, change: f"{change.kind} cannot be taken back.",
    log_operations=(),
)


def kind_named(name: str) -> Kind:
    """Give what is known about a kind."""
    return KINDS.get(name, UNKNOWN)


def kind_of(change: Change) -> Kind:
    """Give what is known about the kind of a change."""
    return kind_named(change.kind)


def is_half_done(change: Change, done: Collection[str]) -> bool:
    """Tell whether some requests of a change have been carried out and its last has not.

    Args:
        change: the change.
        done: the names of its requests that were.
    """
    names = [step.name for step in kind_of(change).steps(change)]
    return any(name in done for name in names[:-1]) and names[-1] not in done
