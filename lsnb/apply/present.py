"""What is there now, as far as a plan is about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lsnb.apply.resource_state import is_resource
from lsnb.plan.live import Member, Person, Present
from lsnb.plan.model import Change

__all__ = ["Member", "Person", "Present", "clean_email", "take_in", "to_member", "to_person"]


def take_in(present: Present, later: Present, changes: Iterable[Change]) -> None:
    """Take in what a later reading found for some changes; what it did not find is gone.

    Args:
        present: what was found before; it is changed.
        later: what was found now.
        changes: what was read for.
    """
    present.resources.add(later.resources)
    present.gone |= later.gone
    for change in changes:
        if is_resource(change):
            continue
        email = change.email or ""
        if change.scope == "organization":
            present.people[email] = later.people.get(email, [])
        else:
            place = (change.ids.get("workspace_id", ""), email)
            present.members[place] = later.members.get(place, [])


def to_person(record: Mapping[str, Any], *, is_pending: bool | None = None, lists_places: bool = True) -> Person:
    """Make a person of a record of the service's lists.

    Args:
        record: a record of the list with workspaces, or of the lists of joined or of invited people.
        is_pending: which of the latter it is; else the record says so.
        lists_places: whether it names every workspace.
    """
    pending = bool(record.get("is_pending")) if is_pending is None else is_pending
    places: dict[str, str | None] | None = None
    if lists_places and record.get("workspace_memberships") is not None:
        places = {
            str(place.get("workspace_id") or place.get("tenant_id")): place.get("role_id") or None
            for place in record["workspace_memberships"]
        }
    return Person(
        identity_id=str(record.get("id") or ""),
        email=clean_email(record.get("email")),
        state="pending" if pending else "disabled" if record.get("is_disabled") else "active",
        role_id=record.get("role_id") or record.get("org_role_id") or None,
        role_name=record.get("role_name") or record.get("org_role_name") or None,
        ls_user_id=record.get("ls_user_id") or None,
        places=places,
        login_methods=_providers(record.get("linked_login_methods")),
    )


def _providers(methods: object) -> str | None:
    """Join the names of login providers; None where there are none, or none are told."""
    if not isinstance(methods, list):
        return None
    names = [str(method.get("provider") or "") for method in methods if isinstance(method, Mapping)]
    return ", ".join(sorted(filter(None, names))) or None


def to_member(record: Mapping[str, Any], *, is_pending: bool) -> Member:
    """Make a member of a record of a workspace's lists."""
    return Member(
        identity_id=str(record.get("id") or ""),
        state="pending" if is_pending else "disabled" if record.get("is_disabled") else "active",
        role_id=record.get("role_id") or None,
        role_name=record.get("role_name") or None,
        ls_user_id=record.get("ls_user_id") or None,
    )


def clean_email(email: object) -> str:
    """Give an address as plans have it."""
    return str(email or "").strip().lower()
