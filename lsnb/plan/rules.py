"""The thresholds that plans are judged by, and what a server offers: the two things an organization may vary."""

from __future__ import annotations

from dataclasses import dataclass

#: The rules that can refuse a plan; `allow` overrides one of them by its name, with a reason.
REFUSING_RULES = (
    "min-admins",
    "self",
    "protected",
    "max-removals",
    "max-promotions",
    "email-domains",
    "irreversible",
    "role-in-use",
    "lock-out",
    "policy",
)

#: Rules that nothing overrides: the service would refuse anyway. Only dropping the change helps.
FIRM_RULES = frozenset({"role-in-use"})

#: What else is judged on the changes and their end state, and only warns.
WARNING_RULES = (
    "workspace-admin",
    "scim-managed",
    "caller-rights",
    "caller-unknown",
    "seats",
    "invitations-off",
    "personal-organization",
    "sso-only",
    "sensitive-permissions",
    "role-use-unknown",
    "sso-default",
    "workspace-keys",
    "role-policies",
    "tokens-off",
    "closed-door",
)

#: Every rule that is judged again when a change is dropped from a plan.
JUDGED_RULES = frozenset(REFUSING_RULES + WARNING_RULES)


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of the safety rules.

    Args:
        min_admins: how many active, enabled Organization Admins must be left.
        max_removals_share: which share of the people in scope one plan may remove, demote or revoke.
        max_removals_small: how many people instead, where the scope is small.
        small_below: with fewer people than this, a scope is small.
        max_promotions: how many people one plan may make Organization Admin or Organization Operator.
        protected: addresses that no plan may touch; `*` stands for anything, as in `breakglass-*@example.com`.
        email_domains: the domains that may be invited; None for those of the people who have joined already.
        caller_address: the address that the caller's requests come from, to judge a list of allowed addresses; None where
            it is not known.
        max_listed: how many people or rows a message names before it only counts the rest.
    """

    min_admins: int = 2
    max_removals_share: float = 0.25
    max_removals_small: int = 5
    small_below: int = 20
    max_promotions: int = 3
    protected: tuple[str, ...] = ()
    email_domains: tuple[str, ...] | None = None
    caller_address: str | None = None
    max_listed: int = 20

    def most_removals(self, n_people: int) -> int:
        """Tell how many of so many people one plan may remove, demote or revoke."""
        if n_people < self.small_below:
            return self.max_removals_small
        # The small addition keeps 25 % of 40 at 10, whatever the share is in binary.
        return int(n_people * self.max_removals_share + 1e-9)


@dataclass(frozen=True, slots=True)
class ServerFeatures:
    """What the server offers; what is not known is planned the older way, which every server has.

    Args:
        can_patch_pending: whether the roles of people who have not joined can be changed in place.
        can_patch_keys: whether the roles of a service key can be changed.
        can_revoke_tokens: whether personal access tokens can be revoked and reinstated.
    """

    can_patch_pending: bool | None = None
    can_patch_keys: bool | None = None
    can_revoke_tokens: bool | None = None


DEFAULT_RULES = Rules()
OLDER_SERVER = ServerFeatures()
