"""The rule `lock-out`: settings that would, or may, shut out whoever makes the plan, and under `sso_only` anybody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lsnb.errors import PlanError
from lsnb.plan.admins import has_sso
from lsnb.plan.caller import is_own_key
from lsnb.plan.model import Change, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.protection import is_protected, protected_emails
from lsnb.plan.rules import Rules
from lsnb.plan.subjects.membership import removes_member, sets_organization_role
from lsnb.plan.subjects.setting import setting_of, value_after
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

#: A token that ends within so many days leaves no time to find another way in.
_SOON_DAYS = 30
#: So many people are named whom a setting shuts out, before the rest is only counted.
_MOST_NAMED = 200


def lock_outs(snapshot: Snapshot, changes: Sequence[Change], rules: Rules) -> list[RuleResult]:
    """Refuse settings that would, or may, shut out whoever makes the plan; and single sign-on only, where it shuts out anybody."""
    found = []
    for change in changes:
        name, value = setting_of(change), value_after(change)
        reasons: list[str] = []
        if name == "sso_only" and value:
            has_provider = not (snapshot.is_readable("sso") and snapshot.sso.empty)
            people = _Arrivals(snapshot, changes) if has_provider else None
            reasons = [_sso_reason(snapshot), people.reason() if people else ""]
            found += _shut_out_protected(snapshot, change, people, rules)
        elif name == "ip_allowlist" and value:
            reasons = [_address_reason(value, rules.caller_address)]
        elif name == "pat_creation_disabled" and value:
            reasons = [_token_reason(snapshot)]
        reason = " ".join(filter(None, reasons))
        if reason:
            found.append(RuleResult("lock-out", f"{name}: {reason}", (change.id,)))
    return found


class _Arrivals:
    """Who could still log in through single sign-on, of the people who are there once a plan is carried out.

    Args:
        snapshot: the organization as it was read.
        changes: the changes of the plan.
    """

    def __init__(self, snapshot: Snapshot, changes: Sequence[Change]) -> None:
        self.without: list[str] = []
        self.unknown: list[str] = []
        self.admins: set[str] = set()
        self.n_people = 0
        if not snapshot.is_readable("members"):
            return
        leaving = {change.ids.get("identity_id") for change in changes if removes_member(change)}
        roles = {
            change.ids.get("identity_id"): (change.after or {}).get("role_name")
            for change in changes
            if sets_organization_role(change)
        }
        members = snapshot.members.astype(object)
        self.n_people = len(members) - int(members["identity_id"].isin(list(leaving)).sum())
        members = members[members["is_disabled"].ne(True) & ~members["identity_id"].isin(list(leaving))]
        columns = ["email", "identity_id", "role_name", "login_methods"]
        for email, identity, role, methods in members[columns].itertuples(index=False, name=None):
            if roles.get(identity, role) == builtin_roles.ORGANIZATION_ADMIN:
                self.admins.add(str(email))
            if pd.isna(methods):
                self.unknown.append(str(email))
            elif not has_sso(str(methods)):
                self.without.append(str(email))

    def reason(self) -> str:
        """Say who would be shut out, and of whom it is not known; empty where everybody is known to come in."""
        if not self.without and not self.unknown:
            return ""
        parts = []
        if self.without:
            n = len(self.without)
            parts.append(
                f"{n:,} of the {self.n_people:,} people {'has' if n == 1 else 'have'} no login through single sign-on and "
                f"would be shut out: {self._named(self.without)}."
            )
        if self.unknown:
            parts.append(f"Of {len(self.unknown):,} it is not known how they log in: {self._named(self.unknown)}.")
        staying = sorted(self.admins - set(self.without) - set(self.unknown))
        n = len(staying)
        parts.append(
            f"{n:,} of the {len(self.admins):,} Organization Admins {'is' if n == 1 else 'are'} known to come in that way"
            f"{': ' + listed(staying) if staying else ''}. Let the others log in through single sign-on once, or allow this "
            "rule with the reason."
        )
        return " ".join(parts)

    def _named(self, emails: Sequence[str]) -> str:
        marked = [f"{email} (Organization Admin)" if email in self.admins else email for email in sorted(emails)]
        return listed(marked, _MOST_NAMED)


def _shut_out_protected(snapshot: Snapshot, change: Change, people: _Arrivals | None, rules: Rules) -> list[RuleResult]:
    """Refuse to shut out protected accounts; of one that has not joined nobody knows how it would log in."""
    about = protected_emails(snapshot, rules)
    if people is not None:
        waiting = set(snapshot.invites["email"].dropna().astype(object)) if snapshot.is_readable("invites") else set()
        about &= {*people.without, *people.unknown, *waiting}
    if not about:
        return []
    names = listed(sorted(email for email in about if is_protected(email, rules)), rules.max_listed)
    message = f"sso_only: {names} must never be touched, and could not, or could perhaps not, log in any more."
    return [RuleResult("protected", message, (change.id,))]


def _sso_reason(snapshot: Snapshot) -> str:
    if snapshot.is_readable("sso") and snapshot.sso.empty:
        return "no single sign-on provider is set up, so nobody could log in any more."
    caller = snapshot.meta.caller
    if caller.kind != "pat" or not caller.email or not snapshot.is_readable("members"):
        return (
            "the service wants this from somebody who has come in through single sign-on, and it is not known that the "
            "caller can."
        )
    members = snapshot.members
    mine = members[(members["email"] == caller.email.strip().lower()).fillna(False).astype(bool)]
    methods = ", ".join(mine["login_methods"].dropna().astype(object))
    if not has_sso(methods):
        return (
            f"{caller.email} has no login through single sign-on ({methods or 'none is known'}), and would be shut out."
        )
    return ""


def _address_reason(value: Any, address: str | None) -> str:
    networks = [ipaddress.ip_network(item, strict=False) for item in value]
    if address is None:
        return (
            "it is not known from which address the caller comes, so the list may shut it out. Say it, as in "
            "Rules(caller_address='203.0.113.7') or --caller-address, or allow this rule."
        )
    own = _own_address(address)
    if not any(own.version == network.version and own in network for network in networks):
        return f"the caller's own address {address} is in none of {listed([str(network) for network in networks])}."
    return ""


def _own_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        raise PlanError(f"The caller's address {text!r} is no address. Write it as 203.0.113.7.") from None
    # An IPv4 address that came in over IPv6 is the same one.
    return getattr(address, "ipv4_mapped", None) or address


def _token_reason(snapshot: Snapshot) -> str:
    """Say why the caller's own token is no way in for long; a service key is none of these tokens."""
    caller = snapshot.meta.caller
    if caller.kind == "service":
        return ""
    if caller.kind != "pat" or not snapshot.is_readable("access_tokens"):
        return "it is not known when the token that makes the plan ends, and nobody could make another one."
    tokens = snapshot.access_tokens
    own = tokens[[is_own_key(caller, None if pd.isna(key) else str(key)) for key in tokens["short_key"].astype(object)]]
    if own.empty:
        return "the token that makes the plan is not among those that can be seen, so it is not known when it ends."
    ends = own["expires_at"].dropna()
    if ends.empty:
        return ""
    left = (ends.min() - snapshot.meta.read_at).days
    if left <= _SOON_DAYS:
        return f"the token that makes the plan ends in {max(left, 0)} days, and nobody could make another one."
    return ""
