"""The ceilings for power besides the organization roles: Admins of workspaces, and what roles permit.

A share alone is wrong in small and in large organizations, so every ceiling has a floor and an absolute end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lsnb.plan.current_state import CurrentState, values_of
from lsnb.plan.current_values import holders_of_role, keys_with_role
from lsnb.plan.model import Change, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.powers import Gain, is_new_place, new_workspace_admins, receivers
from lsnb.plan.rules import Rules
from lsnb.plan.settings import setting
from lsnb.plan.simulation import Ending
from lsnb.plan.subjects import role, workspace
from lsnb.plan.subjects.membership import removes_member
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

#: How many of the first Admins of a workspace that the plan creates do not count: somebody has to begin there.
_FIRST_ADMINS = 2
#: In how many workspaces each of those who may become Admin may do so, on the average.
_PLACES_EACH = 3
#: How many workspaces may lose the only Admin they have: where the person stays in the organization, and all together.
_MOST_LOSING_ONE_WHO_STAYS, _MOST_LOSING_ONE = 1, 3


def check_ceilings(
    snapshot: Snapshot, standing: CurrentState, changes: Sequence[Change], ending: Ending, rules: Rules
) -> list[RuleResult]:
    """Refuse what gives, or takes, more power over workspaces than one plan may.

    Args:
        snapshot: the organization as it was read.
        standing: what people hold.
        changes: the changes.
        ending: what they would leave.
        rules: the ceilings.
    """
    return [
        *_new_admins(snapshot, standing, changes, rules),
        *_last_admins(standing, changes, ending, rules),
        *_widened_roles(snapshot, standing, changes, ending, rules),
    ]


def _new_admins(
    snapshot: Snapshot, standing: CurrentState, changes: Sequence[Change], rules: Rules
) -> list[RuleResult]:
    """Count who becomes Admin of workspaces; without roles everybody in a workspace is its Admin anyway."""
    if setting(snapshot, "can_use_rbac", True) is False:
        return []
    gains = _counting(new_workspace_admins(snapshot, changes))
    people = sorted({gain.who for gain in gains})
    most = rules.most_workspace_promotions(len(standing.organization))
    n_places = len({(gain.who, gain.place) for gain in gains})
    if len(people) <= most and n_places <= most * _PLACES_EACH:
        return []
    keys = " and keys" if any(who.startswith("the key ") for who in people) else ""
    what = (
        f"{len(people):,} people{keys} would become Admin of workspaces"
        if len(people) > most
        else f"{len(people):,} people{keys} would become Admin in {n_places:,} places"
    )
    message = (
        f"{what}, and at most {most:,}, in {most * _PLACES_EACH:,} places together, may in one plan: "
        f"{listed(people, rules.max_listed)}. A custom role counts that may give roles to others, has several sensitive "
        "permissions, or cannot be read."
    )
    return [RuleResult("max-workspace-promotions", message, tuple(dict.fromkeys(gain.change_id for gain in gains)))]


def _counting(gains: Sequence[Gain]) -> list[Gain]:
    """Leave out the first Admins of each workspace that the plan creates."""
    found: list[Gain] = []
    n_first: dict[str, int] = defaultdict(int)
    for gain in sorted(gains):
        if is_new_place(gain.place) and n_first[gain.place] < _FIRST_ADMINS:
            n_first[gain.place] += 1
        else:
            found.append(gain)
    return found


def _last_admins(standing: CurrentState, changes: Sequence[Change], ending: Ending, rules: Rules) -> list[RuleResult]:
    """Refuse where every own Admin of a workspace goes.

    A workspace may lose the only Admin that it has, as when that person leaves: the plan warns. Where that befalls
    several workspaces at once, it is refused too.
    """
    going, coming = _steps(changes, ending)
    deleted = {change.ids.get("workspace_id") for change in workspace.deletions(changes)}
    before = _admins_in(standing, set(going) - deleted)
    refused: dict[str, str] = {}
    alone: dict[str, str] = {}
    ids: dict[str, list[str]] = {}
    n_staying = 0
    for place, admins in before.items():
        gone = {identity: change for identity, change in going[place].items() if identity in admins}
        if len(gone) < len(admins) or coming.get(place):
            continue
        names = listed(sorted(change.email or "somebody" for change in gone.values()), rules.max_listed)
        name = _place_name(place, gone.values())
        (refused if len(gone) > 1 else alone)[place] = f"{name} ({names})"
        n_staying += len(gone) == 1 and all(not removes_member(change) for change in gone.values())
        ids[place] = [change.id for change in gone.values()]
    if n_staying > _MOST_LOSING_ONE_WHO_STAYS or len(alone) > _MOST_LOSING_ONE:
        refused |= alone
    if not refused:
        return []
    message = (
        f"Every Admin by a role of their own would go in {listed(sorted(refused.values()), rules.max_listed)}; only "
        "Organization Admins could manage "
        f"{'it' if len(refused) == 1 else 'them'}. Make somebody else Admin there in the same plan, or allow this rule."
    )
    about = dict.fromkeys(id_ for place in refused for id_ in ids[place])
    return [RuleResult("last-workspace-admins", message, tuple(about))]


def _place_name(place: str, changes: Iterable[Change]) -> str:
    for change in changes:
        if not removes_member(change):
            return str(change.workspace or place)
        for held in (change.before or {}).get("workspaces", ()):
            if held.get("workspace_id") == place:
                return str(held.get("workspace") or place)
    return place


def _steps(changes: Sequence[Change], ending: Ending) -> tuple[dict[str, dict[str, Change]], dict[str, int]]:
    """Tell by workspace who stops being its Admin, by identity, and how many become it."""
    # Whom the plan makes Organization Admin stays Admin of every workspace.
    promoted = set(ending.admins_after) - set(ending.admins_before)
    going: dict[str, dict[str, Change]] = defaultdict(dict)
    coming: dict[str, int] = defaultdict(int)
    for change in changes:
        identity = change.ids.get("identity_id", "")
        if removes_member(change):
            for place in (change.before or {}).get("workspaces", ()):
                if place.get("role_name") == builtin_roles.WORKSPACE_ADMIN:
                    going[str(place["workspace_id"])][identity] = change
        elif change.scope == "workspace" and (change.before or change.after or {}).get("state") == "active":
            was = (change.before or {}).get("role_name") == builtin_roles.WORKSPACE_ADMIN
            will = (change.after or {}).get("role_name") == builtin_roles.WORKSPACE_ADMIN
            if was and not will and identity not in promoted:
                going[change.ids.get("workspace_id", "")][identity] = change
            elif will and not was:
                coming[change.ids.get("workspace_id", "")] += 1
    return going, coming


def _admins_in(standing: CurrentState, places: set[str]) -> dict[str, set[str]]:
    """Give the ids of the active Admins by a role of their own, by workspace."""
    if not places:
        return {}
    held = standing.held
    rows = held.filter(
        pc.and_(
            pc.is_in(held["workspace_id"], value_set=pa.array(sorted(places), pa.string())),
            pc.and_(pc.equal(held["role_name"], builtin_roles.WORKSPACE_ADMIN), pc.equal(held["state"], "active")),
        )
    )
    found: dict[str, set[str]] = defaultdict(set)
    for place, identity in values_of(rows, ("workspace_id", "identity_id")):
        found[place].add(identity)
    return found


def _widened_roles(
    snapshot: Snapshot, standing: CurrentState, changes: Sequence[Change], ending: Ending, rules: Rules
) -> list[RuleResult]:
    """Count who gains what by edits of roles that somebody holds; where keys could not be read, one may hold any role.

    Who gets an edited or a new role by the same plan gains as much as who holds it already.
    """
    knows_keys = snapshot.is_readable("service_keys")
    people: set[str] = set()
    about: list[Change] = []
    n_sensitive = n_permissions = 0
    sensitive = {c.ids["role_id"]: frozenset(gains) for c in changes if (gains := role.sensitive_gains(c))}
    getting = receivers(snapshot, changes, sensitive) if sensitive else {}
    # Organization Admins have all of it already.
    admins = set(ending.admins_before.values())
    getting = {id_: names - admins for id_, names in getting.items() if names - admins}
    people.update(*getting.values())
    for change in role.updates(changes):
        gained = role.permission_steps(change)[0]
        if not gained:
            continue
        role_id = change.ids["role_id"]
        holders = [
            *holders_of_role(snapshot, role_id),
            *(f"the key {id_}" for id_ in keys_with_role(snapshot, role_id)),
        ]
        if not holders and knows_keys:
            continue
        about.append(change)
        n_permissions += len(gained)
        if role.sensitive_gains(change):
            n_sensitive += 1
            people.update(holders)
    most = rules.most_widening(len(standing.organization))
    found = []
    if len(people) > most:
        found.append(
            f"{len(people):,} people and keys would gain sensitive permissions by roles that the plan edits or makes, and at "
            f"most {most:,} may in one plan: {listed(sorted(people), rules.max_listed)}."
        )
    if n_sensitive > rules.max_widened_roles:
        found.append(
            f"{n_sensitive:,} roles that are in use would gain sensitive permissions, and at most "
            f"{rules.max_widened_roles:,} may in one plan."
        )
    if n_permissions > rules.max_widened_permissions:
        found.append(
            f"Roles that are in use would gain {n_permissions:,} permissions together, and at most "
            f"{rules.max_widened_permissions:,} may be given in one plan."
        )
    if not found:
        return []
    about += [change for change in role.creations(changes) if change.ids["role_id"] in sensitive]
    names = listed(sorted({str((change.after or {}).get("role")) for change in about}), rules.max_listed)
    message = " ".join([*found, f"Roles: {names}."])
    ids = dict.fromkeys([*(change.id for change in about), *getting])
    return [RuleResult("max-widening", message, tuple(ids))]
