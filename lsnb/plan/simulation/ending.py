"""What would be left once a plan is carried out, as far as safety asks: who is Admin, where, and how many people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lsnb.plan.admins import admins_who_can_sign_in, is_organization_admin, sso_only_after
from lsnb.plan.current_state import CurrentState, values_of
from lsnb.plan.membership_effects import SEPARATOR, MembershipEffects
from lsnb.plan.model import Change
from lsnb.plan.simulation.membership import effects_of
from lsnb.tables import builtin_roles


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


def simulate_ending(standing: CurrentState, changes: Iterable[Change]) -> Ending:
    """Work out what the changes would leave, by column and without building tables."""
    made = list(changes)
    effects = effects_of(made)
    before = _active_admins(standing)
    after, unable = _able(_admins_after(standing, before, effects), standing, sso_only_after(made, standing.sso_only))
    n_before = len(standing.organization)
    return Ending(
        admins_before=_able(before, standing, standing.sso_only)[0],
        admins_after=after,
        admins_unable=unable,
        lost_workspaces=_lost_workspaces(standing, effects),
        n_people_before=n_before,
        n_people_after=n_before + len(effects.invited) - len(effects.gone),
    )


def organization_admins(standing: CurrentState) -> dict[str, str]:
    """Find the Organization Admins who can sign in: identity to address."""
    return _able(_active_admins(standing), standing, standing.sso_only)[0]


def _active_admins(standing: CurrentState) -> dict[str, str]:
    rows = standing.organization
    admins = rows.filter(
        pc.and_(pc.equal(rows["role_name"], builtin_roles.ORGANIZATION_ADMIN), pc.equal(rows["state"], "active"))
    )
    return dict(values_of(admins, ("identity_id", "email")))


def _able(
    admins: Mapping[str, str], standing: CurrentState, sso_only: bool | None
) -> tuple[dict[str, str], dict[str, str]]:
    known = standing.login_methods
    return admins_who_can_sign_in(
        [(identity, email, known.get(identity)) for identity, email in admins.items()], sso_only=sso_only
    )


def _admins_after(standing: CurrentState, before: dict[str, str], effects: MembershipEffects) -> dict[str, str]:
    """Find the active Organization Admins afterwards: identity to address."""
    if not (effects.gone or effects.roles):
        return dict(before)
    rows = standing.organization
    active = rows.filter(pc.equal(rows["state"], "active"))
    keys = _person_keys(active)
    is_other = _is_among(keys, effects.gone | effects.roles.keys())
    is_admin = pc.equal(active["role_name"], builtin_roles.ORGANIZATION_ADMIN)
    promoted = {key for key, change in effects.roles.items() if is_organization_admin(change.after)} - effects.gone
    stays = pc.or_(pc.and_not(pc.fill_null(is_admin, False), is_other), _is_among(keys, promoted))
    return dict(values_of(active.filter(stays), ("identity_id", "email")))


def _lost_workspaces(standing: CurrentState, effects: MembershipEffects) -> tuple[str, ...]:
    """Name the workspaces whose last active Admin by a role of their own goes."""
    ending = effects.ended | {key for key, change in effects.given.items() if not _gives_workspace_admin(change)}
    if not (effects.gone or ending):
        return ()
    held = standing.held
    admins = held.filter(
        pc.and_(pc.equal(held["role_name"], builtin_roles.WORKSPACE_ADMIN), pc.equal(held["state"], "active"))
    )
    people = _person_keys(admins)
    places = pc.binary_join_element_wise(people, pc.fill_null(admins["workspace_id"], ""), SEPARATOR)
    goes = pc.or_(_is_among(people, effects.gone), _is_among(places, ending))
    losing = dict(values_of(admins.filter(goes), ("workspace_id", "workspace")))
    if not losing:
        return ()
    keeping = set(admins["workspace_id"].filter(pc.invert(goes)).to_pylist())
    return tuple(sorted(str(losing[place]) for place in losing.keys() - keeping - _places_gained(standing, effects)))


def _gives_workspace_admin(change: Change) -> bool:
    return (change.after or {}).get("role_name") == builtin_roles.WORKSPACE_ADMIN


def _places_gained(standing: CurrentState, effects: MembershipEffects) -> set[str]:
    """Give the ids of workspaces in which somebody who is active becomes Admin."""
    gained = [key.split(SEPARATOR) for key, change in effects.given.items() if _gives_workspace_admin(change)]
    if not gained:
        return set()
    rows = standing.organization
    keys = _person_keys(rows.filter(pc.equal(rows["state"], "active")))
    active = set(keys.filter(_is_among(keys, {person for person, _ in gained} - effects.gone)).to_pylist())
    return {place for person, place in gained if person in active}


def _person_keys(rows: pa.Table) -> pa.ChunkedArray:
    """Give the key of each row's person, as `lsnb.plan.membership_effects.person_key` gives that of a change."""
    words = pc.if_else(pc.equal(rows["state"], "pending"), "invited", "joined")
    return pc.coalesce(rows["identity_id"], pc.binary_join_element_wise(words, rows["email"], " "))


def _is_among(keys: pa.ChunkedArray, known: Collection[str]) -> pa.ChunkedArray:
    return pc.is_in(keys, value_set=pa.array(list(known), pa.string()))
