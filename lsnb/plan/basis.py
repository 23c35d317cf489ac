"""What a plan rests on besides its rows: what the roles that it gives allow, and what things were called in the review."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.plan.references import is_reference
from lsnb.plan.subjects import role, workspace
from lsnb.policy import SENSITIVE_PERMISSIONS
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

_ROLE_FIELDS = ("role_id", "workspace_role_id", "org_role_id")


def roles_given(change: Change) -> frozenset[str]:
    """List the ids of the roles that a change gives to somebody, or to a key; those that a plan creates are left out."""
    if change.after is None:
        return frozenset()
    places = change.after.get("workspaces") or ()
    values = [change.ids, change.after, *(place for place in places if isinstance(place, Mapping))]
    found = {value.get(name) for value in values for name in _ROLE_FIELDS} - {_itself(change)}
    return frozenset(str(id_) for id_ in found if id_ and not is_reference(id_))


def workspaces_meant(change: Change) -> frozenset[str]:
    """List the ids of the workspaces that a change happens in, or gives access to; those that a plan creates are left out."""
    places = (change.after or {}).get("workspaces") or ()
    found = {change.ids.get("workspace_id")} | {
        place.get("workspace_id") for place in places if isinstance(place, Mapping)
    }
    found -= {_itself(change)}
    return frozenset(str(id_) for id_ in found if id_ and not is_reference(id_))


def _itself(change: Change) -> str | None:
    """Give the id of what a change is about, where that is no ground for it."""
    subject = kind_of(change).subject
    return None if subject.is_ground or subject.is_person else change.ids.get(subject.id_name)


def basis_of(snapshot: Snapshot, changes: Iterable[Change]) -> dict[str, Any]:
    """Write down what changes rest on, as JSON-able data.

    Returns:
        `roles`: of each role that is given its `name` and its `permissions`, None where they are not known;
        `workspaces`: of each workspace that is meant its name. Both by id.
    """
    made = list(changes)
    roles = {id_ for change in made for id_ in roles_given(change)}
    places = {id_ for change in made for id_ in workspaces_meant(change)}
    return {"roles": _roles(snapshot, roles), "workspaces": _workspaces(snapshot, places)}


def everything(snapshot: Snapshot) -> dict[str, Any]:
    """Write down the same of all roles and workspaces that are there; `roles` is None where they could not be read."""
    roles = None
    if snapshot.is_readable("roles"):
        roles = _roles(snapshot, snapshot.table("roles", columns=["role_id"])["role_id"].dropna().astype(object))
    places: dict[str, str] = {}
    if snapshot.is_readable("workspaces"):
        table = snapshot.table("workspaces", columns=["workspace_id", "is_deleted"])
        there = table.loc[~table["is_deleted"].fillna(False).astype(bool), "workspace_id"]
        places = _workspaces(snapshot, there.astype(object))
    return {"roles": roles, "workspaces": places}


def _roles(snapshot: Snapshot, wanted: Iterable[str]) -> dict[str, Any]:
    ids = sorted(wanted)
    if not ids or not snapshot.is_readable("roles"):
        return {}
    roles = snapshot.table("roles", columns=["role_id", "role"])
    roles = roles[roles["role_id"].isin(ids)]
    held: dict[str, list[str]] | None = None
    if snapshot.is_readable("permissions"):
        rows = snapshot.table("permissions", columns=["role_id", "permission"])
        rows = rows[rows["role_id"].isin(ids)]
        held = {str(id_): sorted(map(str, found)) for id_, found in rows.groupby("role_id")["permission"]}
    return {
        str(id_): {"name": str(name), "permissions": None if held is None else held.get(str(id_), [])}
        for id_, name in zip(roles["role_id"].astype(object), roles["role"].astype(object), strict=True)
    }


def _workspaces(snapshot: Snapshot, wanted: Iterable[str]) -> dict[str, str]:
    ids = sorted(wanted)
    if not ids or not snapshot.is_readable("workspaces"):
        return {}
    places = snapshot.table("workspaces", columns=["workspace_id", "workspace"])
    places = places[places["workspace_id"].isin(ids)]
    pairs = zip(places["workspace_id"].astype(object), places["workspace"].astype(object), strict=True)
    return {str(id_): str(name) for id_, name in pairs}


def differences(
    change: Change,
    basis: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    own: Iterable[Change],
    is_whole: bool,
    created: Collection[str] = (),
) -> list[str]:
    """Say what a change rests on and is not so any more; empty where all holds.

    Args:
        change: the change.
        basis: what the plan rests on.
        now: the same as it is now, by `everything`; what is not in it is gone.
        own: the changes of the plan, which may give things other names and roles other permissions.
        is_whole: whether all workspaces can be seen, so that one that is not seen is gone.
        created: the ids of what the plan itself has created.
    """
    made = list(own)
    updates = {c.ids.get("role_id"): c.after or {} for c in role.updates(made)}
    renames = {c.ids.get("workspace_id"): (c.after or {}).get("workspace") for c in workspace.renames(made)}
    found = []
    for id_ in sorted(workspaces_meant(change) - set(created)):
        known = basis.get("workspaces", {}).get(id_) or change.workspace or "that it is about"
        name = now["workspaces"].get(id_)
        if name is None:
            found += [f"the workspace {known} is not there any more"] if is_whole else []
        elif name not in (known, renames.get(id_)) and id_ in basis.get("workspaces", {}):
            found.append(f"the workspace {known} is called {name} now")
        else:
            named = {name, renames.get(id_), basis.get("workspaces", {}).get(id_)}
            found += [
                f"the workspace that it shows as {shown} is called {name}"
                for shown in sorted(_shown_as(change, id_) - named)
            ]
    for id_ in sorted(roles_given(change) - set(created)) if now["roles"] is not None else ():
        found += _of_role(basis.get("roles", {}).get(id_), now["roles"].get(id_), updates.get(id_, {}), change)
    return found


def _shown_as(change: Change, workspace_id: str) -> set[str]:
    """Give the names that a change shows for the workspace with an id."""
    places = [place for place in (change.after or {}).get("workspaces") or () if isinstance(place, Mapping)]
    found = {place.get("workspace") for place in places if place.get("workspace_id") == workspace_id}
    if change.ids.get("workspace_id") == workspace_id:
        found.add(change.workspace)
    return {str(name) for name in found if name}


def _of_role(
    known: Mapping[str, Any] | None, now: Mapping[str, Any] | None, update: Mapping[str, Any], change: Change
) -> list[str]:
    after = change.after or {}
    name = (known or {}).get("name") or after.get("role") or after.get("workspace_role") or "that it gives"
    if now is None:
        return [f"the role {name} is not there any more"]
    if known is None:
        return []
    found = []
    if now["name"] not in (name, update.get("role")):
        found.append(f"the role {name} is called {now['name']} now")
    if known.get("permissions") is not None and now.get("permissions") is not None:
        gained = set(now["permissions"]) - set(known["permissions"]) - set(update.get("permissions") or ())
        # A permission that this lsnb does not know may be anything.
        grave = sorted(
            name for name in gained if name in SENSITIVE_PERMISSIONS or name not in builtin_roles.PERMISSION_SCOPES
        )
        if grave:
            found.append(f"the role {name} has gained {', '.join(grave)} since the plan was made")
    return found
