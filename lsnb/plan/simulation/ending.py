"""What would be left once a plan is carried out, as far as safety asks: who is Admin, where, and how many people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lsnb import catalogue
from lsnb.plan.admins import admins_who_can_sign_in, is_organization_admin, sso_only_after
from lsnb.plan.model import Change
from lsnb.plan.standing import Standing, values_of


@dataclass(frozen=True, slots=True)
class Ending:
    """An organization before and after a plan.

    Args:
        admins_before: the ids of the Organization Admins who can sign in now, with their addresses.
        admins_after: the same, afterwards; open invitations do not count.
        admins_unable: active Organization Admins who could not sign in afterwards, since no login that is still open is
            known of them.
        lost_workspaces: workspaces that have an active Admin of their own now and none afterwards, by name.
        n_people_before: how many people there are now, with those invited.
        n_people_after: how many there would be.
    """

    admins_before: dict[str, str]
    admins_after: dict[str, str]
    admins_unable: dict[str, str]
    lost_workspaces: tuple[str, ...]
    n_people_before: int
    n_people_after: int


def simulate_ending(standing: Standing, changes: Iterable[Change]) -> Ending:
    """Work out what the changes would leave."""
    made = list(changes)
    before = _active_admins(standing)
    after, unable = _able(_admins_after(before, made), standing, sso_only_after(made, standing.sso_only))
    n_before = len(standing.organization)
    joins = sum(change.kind == "InviteMember" for change in made)
    leaves = sum(change.kind in ("RemoveMember", "CancelInvite") for change in made)
    return Ending(
        admins_before=_able(before, standing, standing.sso_only)[0],
        admins_after=after,
        admins_unable=unable,
        lost_workspaces=_lost_workspaces(standing, made),
        n_people_before=n_before,
        n_people_after=n_before + joins - leaves,
    )


def organization_admins(standing: Standing) -> dict[str, str]:
    """Find the Organization Admins who can sign in: identity to address."""
    return _able(_active_admins(standing), standing, standing.sso_only)[0]


def _active_admins(standing: Standing) -> dict[str, str]:
    rows = standing.organization
    admins = rows.filter(
        pc.and_(pc.equal(rows["role_name"], catalogue.ORGANIZATION_ADMIN), pc.equal(rows["state"], "active"))
    )
    return dict(values_of(admins, ("identity_id", "email")))


def _able(
    admins: Mapping[str, str], standing: Standing, sso_only: bool | None
) -> tuple[dict[str, str], dict[str, str]]:
    known = standing.login_methods
    return admins_who_can_sign_in(
        [(identity, email, known.get(identity)) for identity, email in admins.items()], sso_only=sso_only
    )


def _admins_after(before: dict[str, str], changes: list[Change]) -> dict[str, str]:
    after = dict(before)
    for change in changes:
        identity = change.ids.get("identity_id", "")
        if change.kind == "RemoveMember":
            after.pop(identity, None)
        elif change.kind == "SetOrgRole" and (change.before or {}).get("state") == "active":
            after.pop(identity, None)
            if is_organization_admin(change.after):
                after[identity] = change.email or ""
    return after


def _lost_workspaces(standing: Standing, changes: list[Change]) -> tuple[str, ...]:
    """Name the workspaces whose last Admin by a role of their own goes."""
    lost: Counter[str] = Counter()
    names: dict[str, str] = {}
    for change in changes:
        if (change.before or change.after or {}).get("state") != "active":
            continue
        for place, name, delta in _admin_deltas(change):
            lost[place] += delta
            names[place] = name
    losing = sorted(place for place, delta in lost.items() if delta < 0)
    if not losing:
        return ()
    held = standing.held
    rows = held.filter(
        pc.and_(
            pc.is_in(held["workspace_id"], value_set=pa.array(losing, pa.string())),
            pc.and_(pc.equal(held["role_name"], catalogue.WORKSPACE_ADMIN), pc.equal(held["state"], "active")),
        )
    )
    now = Counter(rows["workspace_id"].to_pylist())
    return tuple(sorted(names[place] for place in losing if now[place] > 0 and now[place] + lost[place] <= 0))


def _admin_deltas(change: Change) -> list[tuple[str, str, int]]:
    """Tell where a change makes or unmakes an Admin of a workspace, as (id, name, +1 or -1)."""
    if change.kind == "RemoveMember":
        places = (change.before or {}).get("workspaces", ())
        return [
            (str(place["workspace_id"]), str(place["workspace"]), -1)
            for place in places
            if place["role_name"] == catalogue.WORKSPACE_ADMIN
        ]
    if change.scope != "workspace":
        return []
    was = (change.before or {}).get("role_name") == catalogue.WORKSPACE_ADMIN
    will = (change.after or {}).get("role_name") == catalogue.WORKSPACE_ADMIN
    if was == will:
        return []
    return [(change.ids.get("workspace_id", ""), change.workspace or "", int(will) - int(was))]
