"""Tell who a plan makes Admin of workspaces, by the built-in role or by a custom one that comes to the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lsnb.plan.current_values import keys_with_role
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference
from lsnb.plan.subjects.invitation import sends_invitation
from lsnb.plan.subjects.membership import gives_workspace_role
from lsnb.plan.subjects.role import permissions_after
from lsnb.policy import SENSITIVE_PERMISSIONS, Policy
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

#: Who has it can give everybody, also themselves, every role of the workspace.
_GIVES_EVERYTHING = "workspaces:manage-members"
_ORDINARY = frozenset({builtin_roles.WORKSPACE_USER, builtin_roles.WORKSPACE_VIEWER})
_EVERYWHERE = "*"


class Gain(NamedTuple):
    """Somebody who becomes Admin of a workspace.

    Args:
        who: the address, or what a service key is called.
        place: the workspace's id; "*" for all of them.
        change_id: the change that does it.
    """

    who: str
    place: str
    change_id: str


class Powers:
    """Which roles of workspaces come to the same as Admin, before a plan and after it.

    Args:
        snapshot: the organization as it was read.
        changes: the changes of the plan, of which those of roles count.
    """

    def __init__(self, snapshot: Snapshot, changes: Iterable[Change]) -> None:
        self._snapshot = snapshot
        self._edited = permissions_after(changes)
        self._held: dict[str, frozenset[str]] | None = None

    def is_admin(self, role_id: str | None, role_name: str | None, *, after: bool) -> bool:
        """Tell whether a role comes to the same as Admin.

        Args:
            role_id: the role's id, or the reference to one that the plan creates.
            role_name: the system name.
            after: whether as the plan would leave the role, and not as it is now.
        """
        if role_name in _ORDINARY:
            return False
        if role_name == builtin_roles.WORKSPACE_ADMIN:
            return True
        edited = self._edited.get(role_id or "") if after else None
        held = edited if edited is not None else self._permissions().get(role_id or "")
        # What is not known counts as a gain: as nothing before, and as Admin afterwards.
        return after if held is None else equals_admin(held)

    def is_known(self, role_id: str | None) -> bool:
        """Tell whether it is known what a role permits once the plan is carried out."""
        return role_id in self._edited or role_id in self._permissions()

    def permissions(self, role_id: str | None) -> frozenset[str]:
        """Give what a role permits now; nothing where that is not known, so that what it is changed to counts as a gain."""
        return self._permissions().get(role_id or "", frozenset())

    def _permissions(self) -> Mapping[str, frozenset[str]]:
        """Give the permissions of the roles that are there; a role that is there and has none has none."""
        if self._held is None:
            self._held = {}
            if self._snapshot.is_readable("permissions") and self._snapshot.is_readable("roles"):
                self._held = {str(id_): frozenset() for id_ in self._snapshot.roles["role_id"].dropna().astype(object)}
                grants = self._snapshot.permissions
                for id_, found in grants.groupby("role_id")["permission"]:
                    self._held[str(id_)] = frozenset(found.astype(object))
        return self._held


def equals_admin(permissions: Iterable[str]) -> bool:
    """Tell whether a custom role comes to the same as Admin.

    It does where it may give roles to others, or has several sensitive permissions that an Editor has not.
    """
    held = frozenset(permissions)
    beyond = held & frozenset(SENSITIVE_PERMISSIONS) - frozenset(
        builtin_roles.documented_permissions(builtin_roles.WORKSPACE_USER)
    )
    return _GIVES_EVERYTHING in held or len(beyond) >= Policy().sensitive_together


def new_workspace_admins(snapshot: Snapshot, changes: Iterable[Change]) -> list[Gain]:
    """List who becomes Admin of which workspace, people who are invited and service keys too."""
    made = list(changes)
    powers = Powers(snapshot, made)
    gains: list[Gain] = []
    for change in made:
        if gives_workspace_role(change):
            if _is_gain(powers, change):
                gains.append(Gain(change.email or change.id, change.ids.get("workspace_id", ""), change.id))
        elif sends_invitation(change):
            gains += _by_invitation(powers, change)
        elif kind_of(change).gives == "key-role":
            gains += _by_key(powers, change)
        elif kind_of(change).gives == "permissions":
            gains += _by_edit(snapshot, powers, change)
    return gains


def _is_gain(powers: Powers, change: Change) -> bool:
    was, will = change.before or {}, change.after or {}
    names = ("role_id", "role_name")
    held, wanted = (tuple(values.get(name) for name in names) for values in (was, will))
    if (was and held == wanted) or (was and powers.is_admin(*held, after=False)):
        return False
    return powers.is_admin(wanted[0] or change.ids.get("role_id"), wanted[1], after=True)


def _by_invitation(powers: Powers, change: Change) -> list[Gain]:
    will = change.after or {}
    places = will.get("workspaces") or ()
    if not places or not powers.is_admin(will.get("workspace_role_id"), will.get("workspace_role_name"), after=True):
        return []
    was = (change.before or {}).get("workspaces") or ()
    had = {
        place.get("workspace_id")
        for place in was
        if powers.is_admin(place.get("role_id"), place.get("role_name"), after=False)
    }
    ids: list[Any] = [place.get("workspace_id") for place in places]
    return [Gain(change.email or change.id, str(id_), change.id) for id_ in ids if id_ not in had]


def _by_key(powers: Powers, change: Change) -> list[Gain]:
    if not _is_gain(powers, change):
        return []
    values = change.after or {}
    who = f"the key {values.get('description') or values.get('short_key') or change.id}"
    places = [str(place.get("workspace_id")) for place in values.get("workspaces") or ()]
    return [Gain(who, place, change.id) for place in places or [_EVERYWHERE]]


def _by_edit(snapshot: Snapshot, powers: Powers, change: Change) -> list[Gain]:
    """List who holds a role that only now comes to the same as Admin."""
    role_id = change.ids["role_id"]
    if powers.is_admin(role_id, builtin_roles.CUSTOM, after=False):
        return []
    if not powers.is_admin(role_id, builtin_roles.CUSTOM, after=True):
        return []
    access = snapshot.access
    rows = access[(access["role_id"] == role_id).fillna(False).astype(bool) & (access["source"] != "org-admin")]
    names = rows["email"].where((rows["email"] != "").fillna(False).astype(bool), rows["identity_id"])
    gains = [Gain(str(who), str(place), change.id) for who, place in zip(names, rows["workspace_id"], strict=True)]
    return gains + [Gain(f"the key {key}", _EVERYWHERE, change.id) for key in keys_with_role(snapshot, role_id)]


def receivers(
    snapshot: Snapshot, changes: Iterable[Change], gained: Mapping[str, frozenset[str]]
) -> dict[str, set[str]]:
    """List whom a plan gives roles that the plan itself makes or edits, by what those have gained.

    Args:
        snapshot: the organization as it was read.
        changes: the changes of the plan.
        gained: the permissions that count, by the id of the role or the reference to it.

    Returns:
        By the id of the change, who gets a permission that the role held before does not have.
    """
    made = list(changes)
    powers = Powers(snapshot, made)
    found: dict[str, set[str]] = {}
    for change in made:
        for who, role_id, held in _given(change):
            if role_id != held and gained.get(role_id, frozenset()) - powers.permissions(held):
                found.setdefault(change.id, set()).add(who)
    return found


def _given(change: Change) -> Iterable[tuple[str, str, str | None]]:
    """List who gets which role of a workspace by a change, and which role that person has there now."""
    was, will = change.before or {}, change.after or {}
    if gives_workspace_role(change):
        yield change.email or change.id, str(will.get("role_id") or ""), was.get("role_id")
    elif sends_invitation(change):
        held = {place.get("workspace_id"): place.get("role_id") for place in was.get("workspaces") or ()}
        for place in will.get("workspaces") or ():
            yield (
                change.email or change.id,
                str(will.get("workspace_role_id") or ""),
                held.get(place.get("workspace_id")),
            )
    elif kind_of(change).gives == "key-role":
        yield f"the key {will.get('description') or change.id}", str(will.get("role_id") or ""), was.get("role_id")


def is_new_place(place: str) -> bool:
    """Tell whether a workspace is created by the plan itself."""
    return is_reference(place)
