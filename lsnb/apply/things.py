"""What is there of workspaces, roles, keys, tokens, settings and public links, as far as a plan is about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lsnb.apply.patience import patiently
from lsnb.errors import NotFoundError, PermissionDeniedError
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference
from lsnb.plan.structure import THINGS

if TYPE_CHECKING:
    from lsnb.api import Api

Record = Mapping[str, Any]

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


@dataclass(slots=True)
class Things:
    """What a reading found; None is what was not read.

    Args:
        workspaces: those that are there, by id.
        roles: the roles, by id.
        keys: the service keys, by id.
        tokens: the tokens that the service lists, by id, which may be the caller's own only.
        settings: the organization's info.
        links: how many public links a workspace has, by its id.
        earlier_keys: the ids of the keys that were there before anything was created.
    """

    workspaces: dict[str, Record] | None = None
    roles: dict[str, Record] | None = None
    keys: dict[str, Record] | None = None
    tokens: dict[str, Record] | None = None
    settings: Record | None = None
    links: dict[str, int] = field(default_factory=dict)
    earlier_keys: frozenset[str] = frozenset()

    def add(self, other: Things) -> None:
        """Take in what a later reading found."""
        for name in ("workspaces", "roles", "keys", "tokens", "settings"):
            found = getattr(other, name)
            if found is not None:
                setattr(self, name, found)
        self.links |= other.links


def is_thing(change: Change) -> bool:
    """Tell whether a change is about a workspace, role, key, token or setting, and not about a membership."""
    return change.kind in THINGS


def subject_of(change: Change) -> str:
    """Name what a change is about: the person, or the thing. Changes of one subject wait for each other."""
    if is_thing(change):
        return f"{THINGS[change.kind]}={change.ids[THINGS[change.kind]]}"
    return change.email or ""


def read_things(api: Api, changes: Iterable[Change]) -> Things:
    """Read what some changes are about: each list once, and one list of links per workspace.

    Raises:
        ApiError: the service said no.
        TransportError: no answer came.
    """
    made = [change for change in changes if is_thing(change)]
    things = Things()
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
    for (area, place), found in zip(calls, results, strict=True):
        if area == "links":
            things.links[place] = found
        else:
            setattr(things, area, found)
    return things


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
