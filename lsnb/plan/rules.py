"""The thresholds that plans are judged by, and what a server offers: the two things an organization may vary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from lsnb.policy import Policy

#: The rules that can refuse a plan; `allow` overrides one of them by its name, with a reason.
REFUSING_RULES = (
    "min-admins",
    "self",
    "protected",
    "max-removals",
    "max-promotions",
    "max-workspace-promotions",
    "last-workspace-admins",
    "max-widening",
    "email-domains",
    "unknown-kind",
    "irreversible",
    "role-in-use",
    "sso-default",
    "lock-out",
    "policy",
)

#: Rules that nothing overrides: the service would refuse anyway. Only dropping the change helps.
FIRM_RULES = frozenset({"unknown-kind", "role-in-use", "sso-default"})

#: What else is judged on the changes and their end state, and only warns.
WARNING_RULES = (
    "workspace-admin",
    "scim-managed",
    "caller-rights",
    "caller-unknown",
    "sign-in-unknown",
    "protected-unknown",
    "seats",
    "invitations-off",
    "personal-organization",
    "sso-only",
    "sensitive-permissions",
    "role-use-unknown",
    "workspace-keys",
    "role-policies",
    "tokens-off",
    "closed-door",
)

#: Every rule that is judged again when a change is dropped from a plan.
JUDGED_RULES = frozenset(REFUSING_RULES + WARNING_RULES)

#: The numbers that the rules and the policy share; what the policy has by default, the rules have too.
CEILINGS = (
    "min_admins",
    "max_removals_share",
    "max_removals_small",
    "max_removals_absolute",
    "max_promotions",
    "max_workspace_promotions",
    "max_workspace_promotions_share",
    "max_workspace_promotions_absolute",
    "max_widening",
    "max_widening_share",
    "max_widening_absolute",
    "max_widened_roles",
    "max_widened_permissions",
)
_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of the safety rules.

    Those that grow with the organization have three numbers: a floor that holds in a small one, a share, and a ceiling
    that holds in a large one.

    Args:
        min_admins: how many Organization Admins who can sign in must be left.
        max_removals_share: which share of the people in scope one plan may remove, demote or revoke.
        max_removals_small: how many people instead, where the scope is small.
        max_removals_absolute: never more than so many, however large the scope is.
        small_below: with fewer people than this, a scope is small.
        max_promotions: how many people one plan may make Organization Admin or Organization Operator.
        max_workspace_promotions: how many people and keys one plan may make Admin of workspaces, whatever the share is.
        max_workspace_promotions_share: which share of the organization's people instead, where that is more.
        max_workspace_promotions_absolute: never more than so many.
        max_widening: how many people and keys may gain sensitive permissions by roles that one plan edits or makes.
        max_widening_share: which share of the organization's people instead, where that is more.
        max_widening_absolute: never more than so many.
        max_widened_roles: how many roles may gain sensitive permissions in one plan.
        max_widened_permissions: how many permissions all roles together may gain in one plan.
        protected: addresses that no plan may touch; `*` stands for anything, as in `breakglass-*@example.com`.
        email_domains: the domains that may be invited; None for those of the people who have joined already. A domain
            stands for itself only: a subdomain has to be named too.
        email_exceptions: domains and addresses that may be invited besides, each until when it may.
        caller_address: the address that the caller's requests come from, to judge a list of allowed addresses; None where
            it is not known.
        max_listed: how many people or rows a message names before it only counts the rest.
    """

    min_admins: int = _POLICY.min_admins
    max_removals_share: float = _POLICY.max_removals_share
    max_removals_small: int = _POLICY.max_removals_small
    max_removals_absolute: int = _POLICY.max_removals_absolute
    small_below: int = 20
    max_promotions: int = _POLICY.max_promotions
    max_workspace_promotions: int = _POLICY.max_workspace_promotions
    max_workspace_promotions_share: float = _POLICY.max_workspace_promotions_share
    max_workspace_promotions_absolute: int = _POLICY.max_workspace_promotions_absolute
    max_widening: int = _POLICY.max_widening
    max_widening_share: float = _POLICY.max_widening_share
    max_widening_absolute: int = _POLICY.max_widening_absolute
    max_widened_roles: int = _POLICY.max_widened_roles
    max_widened_permissions: int = _POLICY.max_widened_permissions
    protected: tuple[str, ...] = ()
    email_domains: tuple[str, ...] | None = None
    email_exceptions: tuple[tuple[str, pd.Timestamp], ...] = ()
    caller_address: str | None = None
    max_listed: int = 20

    def most_removals(self, n_people: int) -> int:
        """Tell how many of so many people one plan may remove, demote or revoke."""
        if n_people < self.small_below:
            return self.max_removals_small
        return min(_share_of(n_people, self.max_removals_share), self.max_removals_absolute)

    def most_workspace_promotions(self, n_people: int) -> int:
        """Tell how many people and keys one plan may make Admin of workspaces, in an organization of so many people."""
        share = _share_of(n_people, self.max_workspace_promotions_share)
        return max(self.max_workspace_promotions, min(share, self.max_workspace_promotions_absolute))

    def most_widening(self, n_people: int) -> int:
        """Tell how many may gain sensitive permissions by edits of roles, in an organization of so many people."""
        share = _share_of(n_people, self.max_widening_share)
        return max(self.max_widening, min(share, self.max_widening_absolute))


def _share_of(n_people: int, share: float) -> int:
    # The small addition keeps 25 % of 40 at 10, whatever the share is in binary.
    return int(n_people * share + 1e-9)


def with_protected(rules: Rules, protected: Iterable[str]) -> Rules:
    """Protect some accounts besides those that are protected already."""
    return replace(rules, protected=tuple(dict.fromkeys([*rules.protected, *protected])))


@dataclass(frozen=True, slots=True)
class ServerFeatures:
    """What the server offers; what is not known is found out when the plan is carried out.

    Args:
        can_patch_pending: whether the roles of people who have not joined can be changed in place.
        can_patch_keys: whether the roles of a service key can be changed.
        can_revoke_tokens: whether personal access tokens can be revoked and reinstated.
        seems_newer: whether its answers have what came with these changes, such as `is_restricted` of roles.
    """

    can_patch_pending: bool | None = None
    can_patch_keys: bool | None = None
    can_revoke_tokens: bool | None = None
    seems_newer: bool = False

    @property
    def patches_pending(self) -> bool:
        """Whether to plan changes of open invitations in place: known, or likely and without harm where it is not so.

        In place nobody gets an e-mail, whatever the server says; the older way, which every server has, sends another.
        """
        return self.seems_newer if self.can_patch_pending is None else self.can_patch_pending


DEFAULT_RULES = Rules()
OLDER_SERVER = ServerFeatures()
