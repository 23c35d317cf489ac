"""What changes of roles, workspaces, keys and settings take from single people, worked out on the tables.

Such changes name nobody, so they are carried out on a copy of the tables, and the rights of the people in question are
compared before and after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from lsnb.analysis.effective.principals import role_key
from lsnb.analysis.effective.rights import held_permissions
from lsnb.errors import UnreadableTableError
from lsnb.plan.caller import is_own_key
from lsnb.plan.current_values import keys_with_role, row_of
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change
from lsnb.plan.notes import listed
from lsnb.plan.simulation import simulate
from lsnb.plan.subjects import role, service_key, workspace
from lsnb.snapshot import Snapshot

_OF_PEOPLE = ("members", "invites", "access")
_ALSO = ("workspaces", "roles", "permissions", "settings", "completeness")


@dataclass(frozen=True, slots=True)
class Loss:
    """What one person would lose.

    Args:
        email: whose loss it is; what to call a key, for a key.
        text: what is lost, in words.
        change_ids: the changes that take it.
        is_end: whether a role ends, with its workspace.
        is_own: whether it is held by a row of the person's own, and not by being Organization Admin.
        is_last: whether nothing is left to the person in any workspace.
        is_by_name: whether it is a name that the identity provider's groups go by.
    """

    email: str
    text: str
    change_ids: tuple[str, ...]
    is_end: bool = False
    is_own: bool = True
    is_last: bool = False
    is_by_name: bool = False


@dataclass(frozen=True, slots=True)
class _Held:
    """What one person holds in one place."""

    workspace: str
    roles: tuple[str, ...]
    role_ids: frozenset[str]
    permissions: frozenset[str]
    is_own: bool
    by_group: bool


def losses(snapshot: Snapshot, changes: Iterable[Change], emails: Collection[str]) -> list[Loss]:
    """List what changes that name nobody would take from people.

    Args:
        snapshot: the organization as it was read.
        changes: the changes of a plan; those that name the person they are about are left aside.
        emails: the people in question, in lower case; invited and disabled ones too.

    Returns:
        The losses; where they cannot be worked out, one for each person who may have one.
    """
    made = [change for change in changes if kind_of(change).moves_rights(change)]
    if not made or not emails:
        return []
    small = _only(snapshot, emails)
    try:
        before, after = _held(small), _held(simulate(small, made))
    except UnreadableTableError as error:
        ids = tuple(change.id for change in made)
        return [Loss(email, f"what {email} would keep is not known: {error}", ids) for email in sorted(emails)]
    deletions = workspace.deletions(made)
    deleted = {change.ids["workspace_id"] for change in deletions}
    left = {email for email, place in after if place}
    found = []
    for (email, place), held in before.items():
        now = after.get((email, place))
        if place in deleted:
            ids = tuple(c.id for c in deletions if c.ids["workspace_id"] == place)
            what = f"{email} has {' and '.join(held.roles)} in {held.workspace}, which is deleted"
            found.append(Loss(email, what, ids, is_end=True, is_own=held.is_own, is_last=email not in left))
            continue
        lost = held.permissions - (now.permissions if now else frozenset())
        if lost or now is None:
            ids = tuple(c.id for c in made if c.ids.get("role_id") in held.role_ids)
            what = f"{email} loses {listed(sorted(lost), 8) or ' and '.join(held.roles)} in {held.workspace}"
            found.append(Loss(email, what, ids or tuple(c.id for c in made)))
        elif held.by_group and not now.by_group:
            what = (
                f"{email} has {' and '.join(held.roles)} in {held.workspace} by a group of the identity provider, whose "
                "name would not fit any more"
            )
            ids = tuple(c.id for c in made if c.id not in {change.id for change in deletions})
            found.append(Loss(email, what, ids, is_by_name=True))
    return found


def key_losses(
    snapshot: Snapshot, changes: Sequence[Change], *, makers: Collection[str] = (), is_own: bool = False
) -> list[Loss]:
    """List what a plan would take from service keys: those that some people made, or the very key that makes the plan.

    Args:
        snapshot: the organization as it was read.
        changes: the changes of the plan.
        makers: the people whose keys are meant, by address.
        is_own: the caller's key is meant, and only that it would end with its workspaces: `own_key_changes` finds the
            changes of the key itself.
    """
    caller = snapshot.meta.caller
    if is_own and caller.kind == "pat":
        return []
    deleted = workspace.deletions(changes)
    if is_own and deleted and not caller.is_organization_wide and _sees_only(snapshot, deleted):
        text = "the workspaces that the key may use would all be deleted, and the key with them"
        return [Loss(caller.name, text, tuple(change.id for change in deleted), is_end=True, is_last=True)]
    if not snapshot.is_readable("service_keys"):
        return []
    aliases = _aliases(snapshot, makers)
    gone = {change.workspace for change in deleted}
    found = []
    keys = snapshot.service_keys.astype(object)
    for row in keys.where(keys.notna(), None).to_dict("records"):
        maker = str(row["created_by"] or "").strip().lower()
        if not (is_own_key(caller, row["short_key"]) if is_own else maker in aliases):
            continue
        name = f"the service key {row['description'] or row['short_key'] or row['service_key_id']}"
        said = name if is_own else f"{name}, made by {aliases[maker]},"
        places = set(str(row["workspaces"] or "").split(", ")) - {""}
        if places and places <= gone:
            ids = tuple(change.id for change in deleted if change.workspace in places)
            found.append(Loss(aliases.get(maker, name), f"{said} would end with its workspace", ids, is_end=True))
        if is_own:
            continue
        touched = [c for c in changes if service_key.is_of_existing_key(c) and c.ids["key_id"] == row["service_key_id"]]
        touched += [c for c in changes if _takes_from_key(snapshot, c, str(row["service_key_id"]))]
        if touched:
            verb = "would be deleted" if any(map(service_key.is_deletion, touched)) else "would act with another role"
            found.append(Loss(aliases[maker], f"{said} {verb}", tuple(change.id for change in touched)))
    return found


def unmade_keys(snapshot: Snapshot, changes: Iterable[Change]) -> list[Change]:
    """List the changes of service keys of which nobody knows who made them."""
    about = [change for change in changes if service_key.is_of_existing_key(change)]
    if not about or not snapshot.is_readable("service_keys"):
        return about
    rows = [(change, row_of(snapshot.service_keys, "service_key_id", change.ids["key_id"])) for change in about]
    return [change for change, row in rows if not (row or {}).get("created_by")]


def _takes_from_key(snapshot: Snapshot, change: Change, key_id: str) -> bool:
    return role.takes_permissions(change) and key_id in keys_with_role(snapshot, change.ids["role_id"])


def _sees_only(snapshot: Snapshot, deleted: Iterable[Change]) -> bool:
    places = snapshot.workspaces
    there = places.loc[~places["is_deleted"].fillna(False).astype(bool), "workspace_id"].astype(object)
    return set(there) <= {change.ids["workspace_id"] for change in deleted}


def _only(snapshot: Snapshot, emails: Collection[str]) -> Snapshot:
    """Give the organization with these people alone, so that a large one costs no more than a small one."""
    tables = {name: snapshot.table(name) for name in _ALSO if snapshot.is_readable(name)}
    for name in _OF_PEOPLE:
        if snapshot.is_readable(name):
            frame = snapshot.table(name)
            tables[name] = frame[frame["email"].isin(list(emails)).astype(bool)].reset_index(drop=True)
    return Snapshot(snapshot.meta, tables)


def _held(snapshot: Snapshot) -> dict[tuple[str, str], _Held]:
    """Give what each person holds in each place; the organization's place is empty."""
    known = held_permissions(snapshot)
    grants = snapshot.table("access")
    grants["key"] = role_key(grants["role_name"], grants["role_id"])
    grants["place"] = grants["workspace_id"].astype(object).where(grants["workspace_id"].notna(), "")
    found = {}
    for (email, place), rows in grants.astype(object).groupby(["email", "place"], sort=True):
        own = rows[rows["source"] != "org-admin"]
        shown = own if len(own) else rows
        workspace = rows["workspace"].iloc[0]
        found[str(email), str(place)] = _Held(
            workspace="the organization" if pd.isna(workspace) else str(workspace),
            roles=tuple(sorted({"a role" if pd.isna(role) else str(role) for role in shown["role"]})),
            role_ids=frozenset(str(id_) for id_ in rows["role_id"] if not pd.isna(id_)),
            permissions=frozenset().union(*(known.get(str(key), frozenset()) for key in rows["key"])),
            is_own=bool(len(own)),
            # Who is Admin everywhere loses nothing where a group's name does not fit any more.
            by_group=bool((rows["source"] == "group").any()) and len(own) == len(rows),
        )
    return found


def _aliases(snapshot: Snapshot, emails: Collection[str]) -> dict[str, str]:
    """Give the address of people by all that a service calls the maker of a key by."""
    found = {email: email for email in emails}
    if emails and snapshot.is_readable("members"):
        members = snapshot.members
        mine = members[members["email"].isin(list(emails)).astype(bool)].astype(object)
        for email, *ids in mine[["email", "identity_id", "ls_user_id"]].itertuples(index=False, name=None):
            found |= {str(id_).lower(): str(email) for id_ in ids if not pd.isna(id_)}
    return found
