"""Rank changes by what is known around them: whom they are about, and what a custom role permits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lsnb.plan.current_state import CurrentState, joined_domains
from lsnb.plan.kinds import kind_of
from lsnb.plan.model import Change, Risk
from lsnb.plan.plan_warnings import managed_identities
from lsnb.plan.policy_rules import tidy_domain
from lsnb.plan.powers import Powers
from lsnb.plan.rules import Rules
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

_RANK: dict[Risk, int] = {"low": 0, "medium": 1, "high": 2}


def rank_risks(
    snapshot: Snapshot, standing: CurrentState, changes: Sequence[Change], rules: Rules
) -> tuple[Change, ...]:
    """Raise the risk of changes where what surrounds them says so; no risk is ever lowered.

    At least medium is what gives something to an outsider, what touches somebody whom an identity provider manages, and
    a custom role that comes to the same as Admin. A custom role of which the permissions are not known is high.

    Args:
        snapshot: the organization as it was read.
        standing: what people hold.
        changes: the changes.
        rules: which domains are the organization's own.
    """
    if not changes:
        return ()
    managed = managed_identities(snapshot, standing)
    fixed = rules.email_domains
    own = joined_domains(standing) if fixed is None else {tidy_domain(domain) for domain in fixed}
    powers = Powers(snapshot, changes)
    return tuple(_raised(change, [_by_role(powers, change), _by_person(change, own, managed)]) for change in changes)


def by_risk(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Put changes in the order in which people read them: the highest risk first, and otherwise in the order of work."""
    return tuple(sorted(changes, key=lambda change: -_RANK.get(change.risk, len(_RANK))))


def _raised(change: Change, found: Iterable[Risk]) -> Change:
    risk = max([change.risk, *found], key=_RANK.__getitem__)
    return change if risk == change.risk else replace(change, risk=risk)


def _by_person(change: Change, own: set[str], managed: set[str]) -> Risk:
    domain = (change.email or "").rpartition("@")[2].lower()
    gives_somebody = kind_of(change).gives in ("role", "invitation", "token")
    is_outsider = gives_somebody and bool(change.email) and domain not in own
    return "medium" if is_outsider or change.ids.get("identity_id") in managed else "low"


def _by_role(powers: Powers, change: Change) -> Risk:
    """Tell what a custom role of a workspace means that a change gives."""
    values = change.after or {}
    prefix = "workspace_" if kind_of(change).gives == "invitation" else ""
    if not prefix and change.scope != "workspace" and kind_of(change).gives != "key-role":
        return "low"
    if values.get(f"{prefix}role_name") != builtin_roles.CUSTOM:
        return "low"
    role_id = values.get(f"{prefix}role_id") or change.ids.get(f"{prefix}role_id")
    if not powers.is_known(role_id):
        return "high"
    return "medium" if powers.is_admin(role_id, builtin_roles.CUSTOM, after=True) else "low"
