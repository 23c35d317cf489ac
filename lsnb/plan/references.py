"""What a plan creates has no id yet: the text that stands where the id will be, and how it is replaced.

A reference is written `new:workspace:NAME`, `new:role:NAME` or `new:key:DESCRIPTION`. It stands wherever an id stands:
in the ids of a change, under the names that end in `_id` in its values, and in its lists of workspaces. The change that
creates the thing carries it as its own id; others wait for that change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.plan.reference_names import is_reference, key_reference, role_reference, workspace_reference

__all__ = [
    "exchange",
    "is_reference",
    "key_reference",
    "reference_made_by",
    "references_of",
    "resolve",
    "role_reference",
    "workspace_reference",
]


def reference_made_by(change: Change) -> str | None:
    """Give the reference to what a change creates; None where it creates nothing that others refer to."""
    kind = kind_of(change)
    own = change.ids.get(kind.subject.id_name) if kind.makes != "nothing" else None
    return own if is_reference(own) else None


def references_of(change: Change) -> frozenset[str]:
    """List the references that must be known before a change can be carried out.

    The reference to what the change itself creates is not among them: `reference_made_by` gives that.
    """
    return frozenset(_found(change)) - {reference_made_by(change)}


def resolve(change: Change, known: Mapping[str, str]) -> Change:
    """Put ids in the place of references.

    Args:
        change: the change.
        known: the id of each reference, as far as it is known.

    Returns:
        The change with the same `id`; references that are not known stay, so that `references_of` still lists them.
    """
    if not any(reference in known for reference in _found(change)):
        return change
    return exchange(change, {name: id_ for name, id_ in known.items() if is_reference(name)})


def exchange(change: Change, ids: Mapping[str, str]) -> Change:
    """Put other ids in the place of ids, wherever ids stand in a change.

    Args:
        change: the change.
        ids: the id to write for each that is replaced.
    """
    return replace(
        change,
        ids={name: ids.get(value, value) for name, value in change.ids.items()},
        before=None if change.before is None else _exchanged(change.before, ids),
        after=None if change.after is None else _exchanged(change.after, ids),
    )


def _found(change: Change) -> Iterator[str]:
    yield from (value for value in change.ids.values() if is_reference(value))
    for values in (change.before, change.after):
        if values is not None:
            yield from _in_values(values)


def _in_values(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if name.endswith("_id"):
            if is_reference(value):
                yield value
        elif isinstance(value, list | tuple):
            for item in value:
                if isinstance(item, Mapping):
                    yield from _in_values(item)


def _exchanged(values: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name.endswith("_id"):
            made[name] = ids.get(value, value) if isinstance(value, str) else value
        elif isinstance(value, list | tuple):
            made[name] = [_exchanged(item, ids) if isinstance(item, Mapping) else item for item in value]
        else:
            made[name] = value
    return made
