"""Reading the people: with one list where the server has it, workspace by workspace where it has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lsnb.errors import KeyScopeError, NotFoundError, PermissionDeniedError
from lsnb.loader.fetch import Fetcher, SourceData

if TYPE_CHECKING:
    from lsnb.service.api import Api
    from lsnb.service.progress import Progress

PEOPLE_ENDPOINT = "GET /v1/platform/orgs/current/members"
_LISTS_ENDPOINT = "GET /api/v1/orgs/current/members/active"
_WORKSPACE_ENDPOINT = "GET /api/v1/workspaces/current/members/active"
Record = dict[str, Any]


def read_people(api: Api, desk: Fetcher, progress: Progress) -> SourceData:
    """Read everybody with their workspaces and roles, in the cheapest way that the server and the key allow."""
    try:
        return _read_enriched(api, desk, progress)
    except NotFoundError:
        return _read_by_lists(api, desk, progress)
    except KeyScopeError as error:
        return _read_own_workspaces(api, desk, error)


def _read_enriched(api: Api, desk: Fetcher, progress: Progress) -> SourceData:
    counted = [1]

    def on_page(so_far: int, total: int | None) -> None:
        pages = -(-total // 500) if total else counted[0]
        progress.expect(max(0, pages - counted[0]))
        counted[0] = max(pages, counted[0])
        if so_far != total:
            progress.step(f"people {so_far:,}" + (f" of {total:,}" if total else ""))

    found = api.list_members(on_page=on_page)
    if found.lists_all_workspaces:
        status, reason = "complete", None
    else:
        status, reason = (
            "partial",
            (
                "this key may not manage the organization, so the service lists only the memberships in workspaces that "
                "the key sees itself. Use the key of an Organization Admin to see all."
            ),
        )
    return SourceData(
        PEOPLE_ENDPOINT,
        status,  # type: ignore[arg-type]
        found.people,
        reason,
        promised=found.promised,
        got=len(found.people),
        read_at=desk.clock(),
    )


def _read_by_lists(api: Api, desk: Fetcher, progress: Progress) -> SourceData:
    """Read people and workspaces apart, for servers without the list that has both."""
    active, pending = api.list_active_members(), api.list_pending_members()
    places = [place for place in desk.records("workspaces") if not place.get("is_deleted")]
    progress.expect(2 * len(places))
    calls = [(place, is_pending) for place in places for is_pending in (False, True)]
    lists = api.transport.map(
        lambda call: api.list_workspace_members(call[0]["id"], pending=call[1]),
        calls,
        on_result=lambda _: progress.step("people by workspace"),
    )
    people = [_person(record, is_pending=False) for record in active]
    people += [_person(record, is_pending=True) for record in pending]
    _add_memberships(people, calls, lists)
    return SourceData(
        _LISTS_ENDPOINT,
        "complete",
        people,
        "read workspace by workspace, since this server has no list of members with their workspaces.",
        got=len(people),
        read_at=desk.clock(),
    )


def _read_own_workspaces(api: Api, desk: Fetcher, error: KeyScopeError) -> SourceData:
    """Read the people of the key's own workspaces, since it may not read the organization's."""
    places = desk.records("workspaces")
    calls = [(place, is_pending) for place in places for is_pending in (False, True)]
    try:
        lists = api.transport.map(lambda call: api.list_workspace_members(call[0]["id"], pending=call[1]), calls)
    except PermissionDeniedError:
        raise error from None
    if not lists:
        raise error
    people: dict[tuple[str, bool], Record] = {}
    for (_, is_pending), listed in zip(calls, lists, strict=True):
        for record in listed:
            person = _person(record, is_pending=is_pending)
            # What such a list calls id is the person's id in that workspace. Used for the organization it would be
            # somebody else's, or nobody's.
            person |= {
                "id": None,
                "role_id": record.get("org_role_id"),
                "role_name": record.get("org_role_name"),
            }
            people.setdefault((str(record.get("email")).strip().lower(), is_pending), person)
    found = list(people.values())
    _add_memberships(found, calls, lists)
    names = ", ".join(str(place["display_name"]) for place in places)
    reason = f"a key of single workspaces sees the people of its own workspaces only: {names}."
    return SourceData(_WORKSPACE_ENDPOINT, "partial", found, reason, got=len(found), read_at=desk.clock())


def _person(record: Mapping[str, Any], *, is_pending: bool) -> Record:
    """Give a record of the older lists the shape of the newer one."""
    return {
        **record,
        "is_pending": is_pending,
        "display_name": record.get("display_name") or record.get("full_name"),
        "role_id": record.get("role_id") or record.get("org_role_id"),
        "role_name": record.get("role_name") or record.get("org_role_name"),
        "workspace_memberships": [],
    }


def _add_memberships(
    people: Sequence[Record],
    calls: Sequence[tuple[Mapping[str, Any], bool]],
    lists: Sequence[Sequence[Mapping[str, Any]]],
) -> None:
    """Write the memberships of the workspaces' lists into the people, who are known by address and state."""
    index = {(str(person.get("email")).strip().lower(), bool(person["is_pending"])): person for person in people}
    for (place, is_pending), listed in zip(calls, lists, strict=True):
        for record in listed:
            person = index.get((str(record.get("email")).strip().lower(), is_pending))
            if person is None:
                continue
            # A workspace's list of invitations may carry the role under the name that invitations use.
            role_id = record.get("workspace_role_id") if is_pending else None
            person["workspace_memberships"].append(
                {
                    "workspace_id": place["id"],
                    "workspace_name": place["display_name"],
                    "role_id": role_id or record.get("role_id"),
                    "role_name": None if role_id else record.get("role_name"),
                }
            )
