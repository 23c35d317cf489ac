"""What is there of workspaces, roles, keys, tokens, settings and public links, as far as a plan is about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lsnb.apply.patience import patiently
from lsnb.errors import NotFoundError, PermissionDeniedError
from lsnb.plan.live import Record, Resources
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference
from lsnb.plan.structure import THINGS

if TYPE_CHECKING:
    from lsnb.api import Api

#: Which list tells about a kind of change.
_AREAS = {
    "CreateWorkspace": "workspaces",
    "RenameWorkspace": "workspaces",
    "DeleteWorkspace": "workspaces",
    "CreateRole": "roles",
    "UpdateRole": "roles",
    "DeleteRole": "roles",
    "CreateServiceKey": "keys",
    "SetServiceKeyRole": "keys",
    "DeleteServiceKey": "keys",
    "RevokeAccessToken": "tokens",
    "ReinstateAccessToken": "tokens",
    "UpdateSettings": "settings",
    "UnshareAll": "links",
}


def is_thing(change: Change) -> bool:
    """Tell whether a change is about a workspace, role, key, token or setting, and not about a membership."""
    return change.kind in THINGS


def subject_of(change: Change) -> str:
    """Name what a change is about: the person, or the thing. Changes of one subject wait for each other."""
    if is_thing(change):
        return f"{THINGS[change.kind]}={change.ids[THINGS[change.kind]]}"
    return change.email or ""


def read_things(api: Api, changes: Iterable[Change]) -> Resources:
    """Read what some changes are about: each list once, and one list of links per workspace.

    Raises:
        ApiError: the service said no.
        TransportError: no answer came.
    """
    made = [change for change in changes if is_thing(change)]
    resources = Resources()
    areas = {_AREAS[change.kind] for change in made}
    readers: dict[str, Callable[[], Any]] = {
        "workspaces": lambda: _by_id(place for place in api.list_workspaces() if not place.get("is_deleted")),
        "roles": lambda: _by_id(api.list_roles()),
        "keys": lambda: _read_keys(api, made),
        "tokens": lambda: _read_tokens(api),
        "settings": api.get_organization_info,
    }
    calls: list[tuple[str, str]] = [(area, "") for area in readers if area in areas]
    calls += [("links", place) for place in _places(change for change in made if change.kind == "UnshareAll")]

    def read(call: tuple[str, str]) -> Any:
        area, place = call
        if area == "links":
            return patiently(lambda: len(api.list_shared_links(place)))
        return patiently(readers[area])

    results: list[Any] = api.transport.map(read, calls)
    for (area, place), answer in zip(calls, results, strict=True):
        if area == "links":
            resources.links[place] = answer
        elif answer is not None:
            resources.lists[area] = answer
    return resources


def workspace_of_key(change: Change) -> str | None:
    """Give the one workspace of a key that is to be made; None where there are several, or where it is for all."""
    places: Sequence[Record] = (change.after or {}).get("workspaces") or ()
    return str(places[0]["workspace_id"]) if len(places) == 1 else None


def _by_id(records: Iterable[Record]) -> dict[str, Record]:
    return {str(record.get("id")): record for record in records}


def _places(changes: Iterable[Change]) -> Sequence[str]:
    return sorted({place for change in changes if not is_reference(place := change.ids.get("workspace_id", ""))})


def _read_keys(api: Api, changes: Iterable[Change]) -> dict[str, Record]:
    """Read the organization's keys; a key of single workspaces may read only those of its own."""
    try:
        return _by_id(api.list_service_keys())
    except PermissionDeniedError:
        places = {place for change in changes if (place := workspace_of_key(change)) and not is_reference(place)}
        if not places and api.transport.settings.workspace_id is None:
            raise
        found: dict[str, Record] = {}
        # The key's own workspace where no other is named.
        chosen: list[str | None] = [*sorted(places)] or [None]
        for place in chosen:
            found |= _by_id(api.list_workspace_keys(place))
        return found


def _read_tokens(api: Api) -> dict[str, Record] | None:
    """Read the tokens that the service lists; a service key has none of its own, and may still revoke others."""
    try:
        return _by_id(api.list_access_tokens())
    except (PermissionDeniedError, NotFoundError):
        return None
