"""Who would be in the organization, and with which roles, once the changes of a plan are carried out.

The tables about people are taken back to what they were built from, changed there, and built again. What nobody
writes down then follows by itself: the access of Organization Admins to every workspace, what groups give, the counts.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.plan.kinds import kind_of
from lsnb.plan.membership_effects import (
    SEPARATOR,
    MembershipEffects,
    RoleValues,
    invitation_key,
    role_values,
)
from lsnb.plan.model import Change
from lsnb.snapshot import Snapshot
from lsnb.tables import SPECS
from lsnb.tables.access import build_access
from lsnb.tables.people import People, build_invites, build_members
from lsnb.tables.spec import DTYPES, empty_frame, text_array

_GROUP_SEPARATOR = " | "


def simulate_membership(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Give the organization as it would be, as far as people and their access go.

    An invitation that the plan would send has the id `new:invite:ADDRESS` and the time of the reading. The tokens of
    people who would be removed are gone, as they are at the service.

    Args:
        snapshot: the organization; where a plan changes workspaces or roles, with those as they would be.
        changes: the changes, in any order; those of other kinds count only where they show in the access of people.

    Returns:
        A new snapshot with `members`, `invites`, `access` and `access_tokens` as they would be.

    Raises:
        UnreadableTableError: one of the tables about people was not read.
    """
    made = list(changes)
    if not any(kind_of(change).shows_in_access(change) for change in made):
        return snapshot
    effects = effects_of(made)
    people = _people_of(snapshot)
    places = _places_of(snapshot)
    leaving = people[people["key"].isin(effects.gone) & ~people["is_pending"]]
    tables = {name: snapshot.table(name) for name in snapshot.table_names}
    tables |= _build(snapshot, _change_people(people, effects), _change_places(places, effects))
    if "access_tokens" in tables and len(leaving):
        tables["access_tokens"] = _without_owners(tables["access_tokens"], leaving)
    return Snapshot(snapshot.meta, {name: tables[name] for name in SPECS if name in tables})


def effects_of(changes: Iterable[Change]) -> MembershipEffects:
    """Collect what changes do to members and invitations."""
    effects = MembershipEffects()
    for change in changes:
        kind_of(change).effect_on_people(effects, change)
    return effects


def _change_people(people: pd.DataFrame, effects: MembershipEffects) -> pd.DataFrame:
    """Give the people as they would be; those who are invited come last."""
    kept = people[~people["key"].isin(effects.gone)].copy()
    if effects.roles:
        touched = kept["key"].isin(effects.roles)
        _set_roles(kept, touched, [role_values(effects.roles[key].after) for key in kept.loc[touched, "key"]])
    if not effects.invited:
        return kept
    rows = []
    for change in effects.invited:
        key, role = invitation_key(change), role_values(change.after)
        rows.append((key, key, change.email, role.role_id, role.listed_name))
    new = pd.DataFrame(rows, columns=["key", "id", "email", "role_id", "role_name"]).astype(DTYPES["text"])
    new = new.assign(is_pending=True, is_disabled=False, created_at=people.attrs["read_at"])
    new["created_at"] = new["created_at"].astype(DTYPES["time"])
    return pd.concat([kept, new.reindex(columns=[c for c in kept.columns if c in new])], ignore_index=True)


def _set_roles(rows: pd.DataFrame, touched: pd.Series, roles: list[RoleValues]) -> None:
    rows.loc[touched, "role_id"] = pd.array([role.role_id for role in roles], dtype=DTYPES["text"])
    rows.loc[touched, "role_name"] = pd.array([role.listed_name for role in roles], dtype=DTYPES["text"])


def _change_places(places: pd.DataFrame, effects: MembershipEffects) -> pd.DataFrame:
    """Give the roles in workspaces as they would be; a role that changes stays where it stands."""
    places = places[~(places["key"].isin(effects.gone) | places["workspace_id"].isin(effects.closed))]
    at = places["key"] + SEPARATOR + places["workspace_id"].fillna("")
    kept = places[~at.isin(effects.ended)].copy()
    at = at[kept.index]
    known = at.isin(effects.given)
    if known.any():
        _set_roles(kept, known, [role_values(effects.given[place].after) for place in at[known]])
    there = set(at[known])
    rows = []
    for place, change in effects.given.items():
        if place not in there:
            role = role_values(change.after)
            rows.append((*place.split(SEPARATOR), change.workspace, role.role_id, role.listed_name))
    for change in effects.invited:
        key, role = invitation_key(change), role_values(change.after, "workspace_")
        rows += [
            (key, place["workspace_id"], place["workspace"], role.role_id, role.listed_name)
            for place in (change.after or {}).get("workspaces") or ()
        ]
    if not rows:
        return kept
    names = ("key", "workspace_id", "workspace", "role_id", "role_name")
    new = pd.DataFrame(rows, columns=list(names)).astype(DTYPES["text"])
    return pd.concat([kept, new[~new["workspace_id"].isin(effects.closed)]], ignore_index=True)


def _keys(identity_id: pd.Series, email: pd.Series, is_pending: pd.Series) -> pd.Series:
    """Give what tells people apart: the id, or state and address for keys of workspaces, which see no ids."""
    words = pd.Series(np.where(is_pending, "invited ", "joined "), index=email.index, dtype=DTYPES["text"])
    return identity_id.fillna(words + email)


def _people_of(snapshot: Snapshot) -> pd.DataFrame:
    members = snapshot.members.assign(is_pending=False)
    invites = snapshot.invites.assign(is_pending=True, is_disabled=pd.array([False] * len(snapshot.invites), "boolean"))
    columns = ["identity_id", "email", "is_pending", "is_disabled", "created_at", "role_id", "role_name"]
    more = ["name", "ls_user_id", "scim_groups", "login_methods", "provisioned_by"]
    missing = pd.DataFrame({name: pd.array([None] * len(invites), dtype=DTYPES["text"]) for name in more})
    invites = pd.concat([invites[columns], missing], axis=1)
    people = pd.concat([members[columns + more], invites], ignore_index=True).rename(columns={"identity_id": "id"})
    people["key"] = _keys(people["id"], people["email"], people["is_pending"])
    people.attrs["read_at"] = snapshot.meta.read_at
    return people


def _places_of(snapshot: Snapshot) -> pd.DataFrame:
    """Give the roles in workspaces that people hold themselves, with the name that came along."""
    names = ["email", "scope", "source", "state", "identity_id", "workspace", "workspace_id", "role_id", "role_name"]
    access = snapshot.table("access", columns=names)
    own = access[(access["scope"] == "workspace") & (access["source"] != "org-admin")]
    key = _keys(own["identity_id"], own["email"], own["state"] == "pending")
    is_given = own["source"] != "no-rbac"  # there, everybody is shown as Admin whatever the service says
    places = own[["workspace", "workspace_id", "role_id"]].assign(key=key, role_name=own["role_name"].where(is_given))
    return places.reset_index(drop=True)


def _build(snapshot: Snapshot, people: pd.DataFrame, places: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Build the tables about people as the loader does."""
    workspaces = snapshot.workspaces
    roles = snapshot.roles if snapshot.is_readable("roles") else empty_frame(SPECS["roles"])
    has_settings = snapshot.is_readable("settings")
    separator = snapshot.setting("scim_group_name_separator") if has_settings else None
    built = People(_to_people(people, places, workspaces), roles)
    logins = people.drop_duplicates("key").set_index("key")[["login_methods", "provisioned_by"]]
    members = build_members(built)
    keys = _keys(members["identity_id"], members["email"], pd.Series(False, index=members.index))
    for name in logins.columns:
        # How somebody logs in is kept as a text, and no plan changes it.
        members[name] = pd.Series(logins[name].reindex(keys).array, index=members.index)
    return {
        "members": members,
        "invites": build_invites(built),
        "access": build_access(
            built, workspaces, has_rbac=snapshot.has_rbac if has_settings else True, group_separator=separator or ":"
        ),
    }


def _to_people(people: pd.DataFrame, places: pd.DataFrame, workspaces: pd.DataFrame) -> pa.StructArray:
    """Give people and their places as the records that the service lists, by column."""
    people = people.reset_index(drop=True)
    number = pd.Series(people.index, index=people["key"])
    places = places[places["key"].isin(number.index)]
    owner = number[~number.index.duplicated()].reindex(places["key"]).to_numpy(dtype=np.int64)
    order = np.argsort(owner, kind="stable")
    places, owner = places.iloc[order], owner[order]
    current = workspaces.set_index("workspace_id")["workspace"].reindex(places["workspace_id"]).array
    named = places["workspace"].where(pd.isna(current), pd.Series(current, index=places.index))
    memberships = pa.StructArray.from_arrays(
        [
            *map(text_array, (places["workspace_id"], named, places["role_id"], places["role_name"])),
            pa.nulls(len(places), pa.string()),
        ],
        ["workspace_id", "workspace_name", "role_id", "role_name", "tenant_id"],
    )
    ends = np.concatenate([[0], np.bincount(owner, minlength=len(people)).cumsum()]).astype(np.int32)
    groups = pc.split_pattern(text_array(people["scim_groups"]), _GROUP_SEPARATOR)
    columns: dict[str, pa.Array] = {
        **{name: text_array(people[name]) for name in ("id", "email", "ls_user_id", "role_id", "role_name")},
        "display_name": text_array(people["name"]),
        "full_name": pa.nulls(len(people), pa.string()),
        "created_at": pa.array(people["created_at"].astype(DTYPES["time"])).cast(pa.string()),
        "is_pending": pa.array(people["is_pending"].astype(bool)),
        "is_disabled": pa.array(people["is_disabled"].fillna(False).astype(bool)),
        "linked_login_methods": pa.nulls(len(people), _LOGINS),
        "scim_groups": pa.ListArray.from_arrays(
            groups.offsets, pa.StructArray.from_arrays([groups.values], ["name"]), mask=pc.is_null(groups)
        ),
        "workspace_memberships": pa.ListArray.from_arrays(pa.array(ends), memberships),
    }
    return pa.StructArray.from_arrays(list(columns.values()), list(columns))


_LOGINS = pa.list_(pa.struct([(name, pa.string()) for name in ("provider", "provisioning", "provisioning_method")]))


def _without_owners(tokens: pd.DataFrame, owners: pd.DataFrame) -> pd.DataFrame:
    """Leave out the tokens of these people."""
    by_id = tokens["ls_user_id"].isin(owners["ls_user_id"].dropna()).astype(bool)
    by_address = tokens["email"].isin(owners["email"].dropna()).astype(bool)
    return tokens[~(by_id | by_address)].reset_index(drop=True)
