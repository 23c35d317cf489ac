"""The differences between people: who came, joined, left, or has another role, in the organization and in workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lsnb.analysis.compare.rows import Positions, are_different, join_rows, make_rows, match, rest, take, to_words
from lsnb.analysis.compare.tables import with_new_names
from lsnb.tables.spec import DTYPES

# Shown, what it is called, what decides.
_FIELDS = (
    ("role", "organization role", "role_id"),
    ("email", "address", ""),
    ("name", "name", ""),
    ("is_disabled", "account", ""),
    ("login_methods", "login methods", ""),
    ("scim_groups", "identity provider's groups", ""),
)
_INVITE_FIELDS = (
    ("role", "organization role", "role_id"),
    ("workspaces", "workspaces", "workspaces_now"),
    ("workspace_role", "workspace role", "workspace_role_now"),
)


@dataclass(frozen=True, slots=True)
class PeopleMatch:
    """Who is who in two snapshots.

    Args:
        left: positions in the earlier `members`.
        right: positions of the same people in the later `members`.
        joined: positions in the later `members` of people whom the earlier snapshot knows as invited.
    """

    left: Positions
    right: Positions
    joined: Positions


def match_people(a: pd.DataFrame, b: pd.DataFrame, invites: pd.DataFrame | None) -> PeopleMatch:
    """Find the same people by their ids; by their address only where one side has no ids.

    Args:
        a: the earlier `members`.
        b: the later `members`.
        invites: the earlier `invites`; None where they could not be read.
    """
    left, right = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    for name in ("ls_user_id", "identity_id", "email"):
        open_a, open_b = rest(len(a), left), rest(len(b), right)
        ids_a, ids_b = a[name].take(open_a), b[name].take(open_b)
        if name == "email":
            no_ids = [
                frame["ls_user_id"].isna().take(positions) & frame["identity_id"].isna().take(positions)
                for frame, positions in ((a, open_a), (b, open_b))
            ]
            ids_a, ids_b = (ids_a, ids_b) if any(no_id.any() for no_id in no_ids) else (ids_a.iloc[:0], ids_b.iloc[:0])
            open_a, open_b = open_a[: len(ids_a)], open_b[: len(ids_b)]
        found_a, found_b = match(ids_a, ids_b)
        left, right = np.concatenate([left, open_a[found_a]]), np.concatenate([right, open_b[found_b]])
    come = rest(len(b), right)
    joined = come[:0]
    if invites is not None:
        joined = come[b["email"].take(come).isin(invites["email"]).to_numpy(dtype=bool)]
    return PeopleMatch(left, right, joined)


def compare_members(
    a: pd.DataFrame, b: pd.DataFrame, people: PeopleMatch, invites: pd.DataFrame | None, *, knows_presence: bool
) -> pd.DataFrame:
    """Compare the people who have joined."""
    old, new = take(a, people.left), take(b, people.right)
    parts = [_changed("people", old, new, field) for field in _FIELDS]
    again = are_different(old["identity_id"], new["identity_id"], only_known=True)
    parts.append(
        _person_rows(
            new[again],
            "changed",
            "membership",
            before=old["identity_id"][again],
            after=new["identity_id"][again] + " (was removed and added again)",
        )
    )
    if not knows_presence:
        return join_rows(parts)
    gone = take(a, rest(len(a), people.left))
    parts.append(_person_rows(gone, "removed", "person", before=gone["role"]))
    come = np.setdiff1d(rest(len(b), people.right), people.joined)
    new_people = take(b, come)
    parts.append(_person_rows(new_people, "added", "person", after=new_people["role"]))
    if invites is not None and len(people.joined):
        joined = take(b, people.joined)
        waited = joined["email"].map(invites.drop_duplicates("email").set_index("email")["role"])
        words = "invited as " + waited.astype(DTYPES["text"]).fillna("a member")
        parts.append(_person_rows(joined, "joined", "person", before=words, after=joined["role"]))
    return join_rows(parts)


def _changed(area: str, old: pd.DataFrame, new: pd.DataFrame, field: tuple[str, str, str]) -> pd.DataFrame:
    column, what, by = field
    differ = are_different(old[column], new[column])
    if by:
        # A role that was renamed is the same role: its id decides, where both sides say it.
        known = (old[by].notna() & new[by].notna()).to_numpy(dtype=bool)
        differ = np.where(known, are_different(old[by], new[by]), differ)
    was, now = to_words(old[column][differ]), to_words(new[column][differ])
    if column == "is_disabled":
        was, now = (words.replace({"yes": "disabled", "no": "enabled"}) for words in (was, now))
    change = "renamed" if column in ("name", "email") else "changed"
    return _person_rows(new[differ], change, what, before=was, after=now, area=area)


def _person_rows(
    people: pd.DataFrame,
    change: str,
    what: str,
    *,
    area: str = "people",
    before: pd.Series | None = None,
    after: pd.Series | None = None,
) -> pd.DataFrame:
    has_user = "ls_user_id" in people.columns
    return make_rows(
        people.index,
        area=area,
        change=change,
        what=what,
        email=people["email"],
        before=before,
        after=after,
        item_id=people["identity_id"],
        other_id=people["ls_user_id"] if has_user else None,
        self_id=people["ls_user_id"] if has_user and change == "joined" else None,
    )


def compare_invites(
    a: pd.DataFrame,
    b: pd.DataFrame,
    members_after: pd.DataFrame | None,
    *,
    knows_presence: bool,
    new_names: Mapping[str, Mapping[str, str]],
) -> pd.DataFrame:
    """Compare the invitations that are open; one whose person has joined by now is told with the people.

    Args:
        a: the earlier `invites`.
        b: the later `invites`.
        members_after: the later `members`; None where they could not be read.
        knows_presence: see `compare_table`.
        new_names: the present names of `workspaces` and `roles` by their earlier ones.
    """
    a, b = (
        frame.assign(
            workspaces_now=with_new_names(frame["workspaces"], names.get("workspaces", {})),
            workspace_role_now=with_new_names(frame["workspace_role"], names.get("roles", {})),
        )
        for frame, names in ((a, new_names), (b, {}))
    )
    left, right = match(a["identity_id"], b["identity_id"])
    open_a, open_b = rest(len(a), left), rest(len(b), right)
    more_a, more_b = match(a["email"].take(open_a), b["email"].take(open_b))
    left, right = np.concatenate([left, open_a[more_a]]), np.concatenate([right, open_b[more_b]])
    old, new = take(a, left), take(b, right)
    parts = [_changed("invitations", old, new, field) for field in _INVITE_FIELDS]
    if not knows_presence:
        return join_rows(parts)
    gone, come = take(a, rest(len(a), left)), take(b, rest(len(b), right))
    if members_after is not None:
        gone = gone[~gone["email"].isin(members_after["email"])].reset_index(drop=True)
    parts.append(_person_rows(gone, "removed", "invitation", area="invitations", before=_waiting(gone)))
    parts.append(_person_rows(come, "added", "invitation", area="invitations", after=_waiting(come)))
    return join_rows(parts)


def _waiting(invites: pd.DataFrame) -> pd.Series:
    """Say what waits: the organization role, and the workspaces with the role there."""
    places = invites["workspace_role"].fillna("a role").str.cat(invites["workspaces"].fillna(""), sep=" in ")
    has_places = invites["workspaces"].notna()
    return invites["role"].fillna("member") + ("; " + places).where(has_places, "")


def compare_access(
    a: pd.DataFrame,
    b: pd.DataFrame,
    members: tuple[pd.DataFrame, pd.DataFrame],
    people: PeopleMatch,
    *,
    knows_presence: bool,
) -> pd.DataFrame:
    """Compare the roles that people hold in workspaces.

    The access that Organization Admins have everywhere follows from their organization role and is not listed again.

    Args:
        a: the earlier `access`.
        b: the later `access`.
        members: the earlier and the later `members`.
        people: who is who in them.
        knows_presence: see `compare_table`.
    """
    earlier, later = members
    joined = pd.Series(_person_key(take(later, people.joined)).to_numpy(), index=later["email"].take(people.joined))
    before, after = _grants(a, set(joined.index)), _grants(b, set())
    same = pd.Series(
        _person_key(take(later, people.right)).to_numpy(), index=_person_key(take(earlier, people.left)).to_numpy()
    )
    same = same[same.index.to_numpy() != same.to_numpy()]
    key = _person_key(before)
    if len(same):
        key = key.map(same).astype(DTYPES["text"]).fillna(key)
    waits = (before["state"] == "pending").to_numpy(dtype=bool)
    if waits.any():
        key = key.where(~waits, before["email"].map(joined).astype(DTYPES["text"]))
    left, right = match(key + "\x1f" + before["workspace_id"], _person_key(after) + "\x1f" + after["workspace_id"])
    old, new = take(before, left), take(after, right)
    accepted = (old["state"] == "pending").to_numpy(dtype=bool)
    known = (old["role_id"].notna() & new["role_id"].notna()).to_numpy(dtype=bool)
    other_role = np.where(
        known, are_different(old["role_id"], new["role_id"]), are_different(old["role"], new["role"])
    ).astype(bool)
    other_source = are_different(old["source"], new["source"])
    parts = []
    for change, what, column, hit in (
        ("changed", "role", "role", other_role & ~accepted),
        ("changed", "source", "source", other_source & ~accepted),
        ("joined", "access", "role", accepted),
    ):
        was = old[column][hit] + (" (invited)" if change == "joined" else "")
        parts.append(_access_rows(new[hit], change, what, before=was, after=new[column][hit]))
    if knows_presence:
        gone, come = take(before, rest(len(before), left)), take(after, rest(len(after), right))
        gone = gone[gone["state"] != "pending"]
        parts.append(_access_rows(gone, "removed", "access", before=gone["role"]))
        parts.append(_access_rows(come, "added", "access", after=come["role"]))
    return join_rows(parts)


def _grants(access: pd.DataFrame, joined: set[str]) -> pd.DataFrame:
    """Give the rows of workspaces that somebody was given, and those that waited for people who have joined by now."""
    keep = (access["scope"] == "workspace") & (access["source"] != "org-admin")
    pending = access["state"] == "pending"
    keep &= ~pending | access["email"].isin(list(joined))
    return access[keep.fillna(False).astype(bool)].reset_index(drop=True)


def _person_key(people: pd.DataFrame) -> pd.Series:
    return people["ls_user_id"].fillna(people["identity_id"]).fillna(people["email"])


def _access_rows(
    rows: pd.DataFrame, change: str, what: str, *, before: pd.Series | None = None, after: pd.Series | None = None
) -> pd.DataFrame:
    return make_rows(
        rows.index,
        area="access",
        change=change,
        what=what,
        email=rows["email"],
        workspace=rows["workspace"],
        before=before,
        after=after,
        item_id=rows["identity_id"],
        other_id=rows["ls_user_id"],
        workspace_id=rows["workspace_id"],
    )
