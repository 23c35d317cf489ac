"""Turn what an organization has decided into the rules that its plans are judged by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lsnb.plan.rules import CEILINGS, DEFAULT_RULES, Rules
from lsnb.policy import Policy


def rules_under(policy: Policy | None, rules: Rules = DEFAULT_RULES) -> Rules:
    """Tighten rules by a policy.

    Where only one of the two says something other than the default, that one holds; where both do, the stricter one.
    Accounts for emergencies are protected besides those that are protected already. Where both list domains, an
    invitation needs a domain that is on both lists.

    Args:
        policy: what the organization has decided; None where it has decided nothing.
        rules: the rules that were asked for.
    """
    if policy is None:
        return rules
    decided: dict[str, Any] = {name: _decided(name, getattr(policy, name), getattr(rules, name)) for name in CEILINGS}
    protected = dict.fromkeys([*rules.protected, *policy.break_glass])
    exceptions = dict(rules.email_exceptions) | {
        name.strip().lower().lstrip("@"): end for name, end in policy.domain_exceptions.items()
    }
    return replace(
        rules,
        **decided,
        protected=tuple(protected),
        email_domains=_domains(policy.allowed_domains, rules.email_domains),
        email_exceptions=tuple(sorted(exceptions.items())),
    )


def rules_asked_for(policy: Policy | None, rules: Rules | None) -> Rules | None:
    """Give what a run is held to besides the rules that its plan was judged by; None where nobody asks for more."""
    return None if policy is None and rules is None else rules_under(policy, rules or DEFAULT_RULES)


def _decided(name: str, by_policy: float, by_rules: float) -> float:
    default = getattr(DEFAULT_RULES, name)
    if by_policy == default:
        return by_rules
    if by_rules == default:
        return by_policy
    # More Admins that must stay are stricter; of everything else it is fewer.
    return max(by_policy, by_rules) if name == "min_admins" else min(by_policy, by_rules)


def _domains(by_policy: tuple[str, ...], by_rules: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Give the domains that both allow; a policy without domains has decided nothing about them."""
    if not by_policy:
        return by_rules
    allowed = tuple(dict.fromkeys(tidy_domain(domain) for domain in by_policy))
    if by_rules is None:
        return allowed
    also = {tidy_domain(domain) for domain in by_rules}
    return tuple(domain for domain in allowed if domain in also)


def tidy_domain(domain: str) -> str:
    """Write a domain as addresses are compared: in lower case, without an @ before it."""
    return domain.strip().lower().lstrip("@")
