"""What is there of workspaces, roles, keys, tokens, settings and public links, as far as a plan is about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lsnb.apply.retry_rate_limited import patiently
from lsnb.errors import NotFoundError, PermissionDeniedError
from lsnb.plan.kind_record import Reading, only_workspace
from lsnb.plan.kinds import SUBJECTS, kind_of
from lsnb.plan.live import Record, Resources
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference

if TYPE_CHECKING:
    from lsnb.service.api import Api


def is_resource(change: Change) -> bool:
    """Tell whether a change is about a workspace, role, key, token or setting, and not about a membership."""
    return not kind_of(change).subject.is_person


def subject_of(change: Change) -> str:
    """Name what a change is about: the person, or the thing. Changes of one subject wait for each other."""
    if is_resource(change):
        id_name = kind_of(change).subject.id_name
        return f"{id_name}={change.ids[id_name]}"
    return change.email or ""


def read_resources(api: Api, changes: Iterable[Change]) -> Resources:
    """Read what some changes are about: each list once, and one list of links per workspace.

    Raises:
        ApiError: the service said no.
        TransportError: no answer came.
    """
    made: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if is_resource(change):
            made[kind_of(change).subject.name].append(change)
    resources = Resources()
    calls: list[tuple[Reading, str]] = []
    for subject in SUBJECTS:
        if subject.reading is None or not made[subject.name]:
            continue
        is_by_place = subject.reading.by == "workspace"
        calls += [(subject.reading, place) for place in (_places(made[subject.name]) if is_by_place else [""])]

    def read(call: tuple[Reading, str]) -> Any:
        reading, place = call
        if place:
            return patiently(lambda: len(getattr(api, reading.method)(place)))
        about = [change for subject in SUBJECTS if subject.reading is reading for change in made[subject.name]]
        return patiently(lambda: _read(api, reading, about))

    results: list[Any] = api.transport.map(read, calls)
    for (reading, place), answer in zip(calls, results, strict=True):
        if place:
            resources.links[place] = answer
        elif answer is not None:
            resources.lists[reading.name] = answer
    return resources


def _read(api: Api, reading: Reading, changes: Iterable[Change]) -> Mapping[str, Any] | None:
    """Read a list; None where it is hidden from the key."""
    try:
        found: Any = getattr(api, reading.method)()
    except (PermissionDeniedError, NotFoundError) as error:
        if reading.may_be_hidden:
            return None
        if reading.in_workspace is None or not isinstance(error, PermissionDeniedError):
            raise
        found = _in_workspaces(api, reading.in_workspace, changes)
        if found is None:
            raise
    if reading.by == "name":
        fields: Mapping[str, Any] = found
        return fields
    return {str(record.get("id")): record for record in found if reading.keeps(record)}


def _in_workspaces(api: Api, method: str, changes: Iterable[Change]) -> list[Record] | None:
    """Read the lists of single workspaces, which a key of such may read; None where it is not known which."""
    places = {place for change in changes if (place := only_workspace(change)) and not is_reference(place)}
    if not places and api.transport.settings.workspace_id is None:
        return None
    # The key's own workspace where no other is named.
    chosen: list[str | None] = [*sorted(places)] or [None]
    return [record for place in chosen for record in getattr(api, method)(place)]


def _places(changes: Iterable[Change]) -> Sequence[str]:
    return sorted({place for change in changes if not is_reference(place := change.ids.get("workspace_id", ""))})
