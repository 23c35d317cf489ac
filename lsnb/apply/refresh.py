"""Read what a plan is about, as it is now, in the fewest requests.

People are read by their addresses, a hundred in a request, and all of them where that takes fewer; for changes in
workspaces one list per workspace, which also gives the ids that those changes need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lsnb.apply.present import Member, Person, Present, clean_email, to_member, to_person
from lsnb.apply.resource_state import is_resource, read_resources
from lsnb.apply.retry_rate_limited import patiently
from lsnb.errors import NotFoundError, PermissionDeniedError
from lsnb.plan.membership_effects import is_pending
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference
from lsnb.plan.subjects.membership import sets_organization_role

if TYPE_CHECKING:
    from lsnb.service.api import Api

# Addresses in one query: some 4,000 characters, which every proxy lets through. A hundred rows would look like a page
# that a server has cut to its own limit, and cost one request more.
_PER_REQUEST = 90
# Above this many addresses the whole list is read, which is then as cheap.
_MOST_BY_ADDRESS = 450

Read = Callable[[], list[tuple[tuple[str, str], Member]]]


def read_present(api: Api, changes: Iterable[Change], *, everybody: bool = False, from_list: bool = False) -> Present:
    """Read what is there now for some changes.

    Args:
        api: the service.
        changes: the changes.
        everybody: read all people of the organization, as counting its admins needs.
        from_list: take people from the whole list, since it is read anyway; a server may keep an address in other letters,
            too.

    Raises:
        ApiError: the service said no.
        TransportError: no answer came.
        IncompleteListError: a list came back shorter than the service said.
    """
    made = list(changes)
    present = Present()
    people = [change for change in made if change.scope == "organization" and not is_resource(change)]
    emails = sorted({change.email or "" for change in people})
    if everybody:
        found = present.everybody = _everybody(api, emails, whole=True)
    elif from_list:
        found = _everybody(api, emails, whole=False) if people else []
    elif all(sets_organization_role(change) and not is_pending(change) for change in people):
        # Only the role of people who have joined is asked for, which a smaller list has.
        found = _joined(api, emails)
    elif len(emails) > _MOST_BY_ADDRESS:
        found = _everybody(api, emails, whole=False)
    else:
        found = _by_address(api, emails)
    for person in found:
        present.people.setdefault(person.email, []).append(person)
    members, present.gone = _members(api, [change for change in made if change.scope == "workspace"])
    for place, member in members:
        present.members.setdefault(place, []).append(member)
    present.resources = read_resources(api, made)
    return present


def find_by_address(api: Api, emails: Sequence[str]) -> list[Person]:
    """Read the people who have one of the addresses.

    Raises:
        ApiError: the service said no.
        TransportError: no answer came.
    """
    return _by_address(api, emails)


def _chunks(emails: Sequence[str], size: int = _PER_REQUEST) -> list[list[str]]:
    return [list(emails[start : start + size]) for start in range(0, len(emails), size)]


def _by_address(api: Api, emails: Sequence[str]) -> list[Person]:
    def read(chunk: list[str]) -> list[Person]:
        try:
            records, lists_all = patiently(lambda: api.find_members(chunk))
        except NotFoundError:
            return _from_lists(api, chunk)
        return [to_person(record, lists_places=lists_all) for record in records]

    wanted = set(emails)
    lists = api.transport.map(read, _chunks(emails))
    return [person for found in lists for person in found if person.email in wanted]


def _joined(api: Api, emails: Sequence[str]) -> list[Person]:
    def read(chunk: list[str]) -> list[Person]:
        records = patiently(lambda: api.list_active_members(emails=chunk))
        return [to_person(record, is_pending=False) for record in records]

    wanted = set(emails)
    return [person for found in api.transport.map(read, _chunks(emails)) for person in found if person.email in wanted]


def _from_lists(api: Api, emails: list[str] | None) -> list[Person]:
    """Read joined and invited people apart, from servers without the list that has both; workspaces stay unknown."""
    joined = [
        to_person(record, is_pending=False) for record in patiently(lambda: api.list_active_members(emails=emails))
    ]
    return joined + [
        to_person(record, is_pending=True) for record in patiently(lambda: api.list_pending_members(emails=emails))
    ]


def _everybody(api: Api, emails: Sequence[str], *, whole: bool) -> list[Person]:
    """Read the whole list; without `whole` give only those with one of the addresses."""
    try:
        listed = patiently(api.list_members)
    except NotFoundError:
        wanted = set(emails)
        return [person for person in _from_lists(api, None) if whole or person.email in wanted]
    people: Any = listed.people
    if not whole:
        # Making Python objects of 20,000 people takes longer than reading them.
        address = pc.utf8_lower(pc.utf8_trim_whitespace(pc.struct_field(people, "email")))
        people = people.filter(pc.is_in(address, value_set=pa.array(emails, pa.string())))
    return [to_person(record, lists_places=listed.lists_all_workspaces) for record in people.to_pylist()]


def _members(api: Api, changes: Sequence[Change]) -> tuple[list[tuple[tuple[str, str], Member]], frozenset[str]]:
    """Read the lists of the workspaces that changes are about; of those who are invited only where one is about them.

    Returns:
        The members, with workspace and address; and the workspaces that are not there any more.
    """
    emails: dict[str, set[str]] = defaultdict(set)
    invited: set[str] = set()
    for change in changes:
        place = change.ids.get("workspace_id", "")
        if is_reference(place):
            continue  # nobody is in a workspace that is yet to be made
        emails[place].add(change.email or "")
        if change.ids.get("pending") == "true":
            invited.add(place)
    calls = [(place, False) for place in emails] + [(place, True) for place in invited]

    def read(call: tuple[str, bool]) -> list[tuple[tuple[str, str], Member]]:
        place, is_pending = call
        wanted = emails[place]
        # A list that is filtered by many addresses takes as long as the whole one.
        asked = sorted(wanted) if len(wanted) <= _PER_REQUEST else None
        try:
            records = patiently(lambda: api.list_workspace_members(place, pending=is_pending, emails=asked))
        except (PermissionDeniedError, NotFoundError):
            if not _is_gone(api, place):
                raise
            gone.add(place)
            return []
        return [
            ((place, email), to_member(record, is_pending=is_pending))
            for record in records
            if (email := clean_email(record.get("email"))) in wanted
        ]

    gone: set[str] = set()
    found = [item for listed in api.transport.map(read, calls) for item in listed]
    return found, frozenset(gone)


def _is_gone(api: Api, workspace_id: str) -> bool:
    """Tell whether a workspace is surely not there any more; a key that may not list them all cannot tell."""
    try:
        places = patiently(api.list_workspaces)
    except (PermissionDeniedError, NotFoundError):
        return False
    return workspace_id not in {str(place.get("id")) for place in places if not place.get("is_deleted")}
