"""The policy as a value: thresholds, accepted exceptions, and waivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import pandas as pd

SENSITIVE_PERMISSIONS = (
    "workspaces:manage-members",
    "workspaces:manage-secrets",
    "runs:delete",
    "runs:share",
    "datasets:share",
    "prompts:share",
    "bulk-exports:manage",
    "deployments:read",
    "sandboxes:exec",
    "fleet:write-admin-config",
)
GENERIC_MAILBOXES = (
    *("admin", "administrator", "all", "billing", "ci", "contact", "dev", "devs", "engineering", "finance", "group"),
    *("hello", "help", "hr", "info", "it", "langsmith", "mail", "marketing", "noreply", "office", "ops", "postmaster"),
    *("root", "sales", "security", "service", "shared", "support", "sysadmin", "system", "team", "test", "tester"),
    *("user", "webmaster"),
)


def last_day(ends_at: pd.Timestamp) -> str:
    """Write an end as the last day that still counts: what ends with a day ends at the next one's beginning."""
    return f"{ends_at - pd.Timedelta(1, 'ns'):%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that somebody has accepted for a while.

    Args:
        check: the check's id.
        resource: the finding's resource, or `*` for every one.
        owner: who accepted it.
        reason: why.
        ends_at: when the acceptance ends, UTC; a finding alarms again after that.
        until: the end as the policy's author wrote it; empty where it was not read from a file.
    """

    check: str
    resource: str
    owner: str
    reason: str
    ends_at: pd.Timestamp
    until: str = field(default="", compare=False)

    @property
    def last_day(self) -> str:
        """The end as it was written: the last day, where it is the end of a day."""
        return self.until or last_day(self.ends_at)


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds and accepted exceptions that the checks go by.

    Numbers of days are whole days before the snapshot was read. People are named by address, keys by description or
    id, workspaces and roles by name. An empty list means that nobody has decided yet, and checks that need it say so.

    Args:
        min_admins: the fewest active Organization Admins.
        max_admins: the most, or `max_admins_share` of the members where that is more.
        max_admins_share: see `max_admins`; between 0 and 1.
        max_operators: the most Organization Operators, where `accepted_operators` is empty.
        admin_dormant_days: an admin without use for so long is dormant.
        member_dormant_days: likewise a member.
        break_glass_quiet_days: break-glass accounts must not have been used for so long.
        new_grace_days: what is younger is not called unused yet.
        invite_days: an invitation that waits longer is stale.
        max_workspace_admins: the most Admins of one workspace, or `max_workspace_admins_share` of its members.
        max_workspace_admins_share: see `max_workspace_admins`; between 0 and 1.
        many_workspaces: nobody in so few workspaces is called out of line with their peers.
        many_workspaces_quantile: who is in more workspaces than this share of people is.
        sensitive_together: so many sensitive permissions make a custom role an admin's.
        role_similarity: custom roles that share so much (Jaccard) are near-duplicates.
        key_max_days: the longest life of a service key.
        key_unused_days: a service key not used for so long is unused.
        key_rotation_days: an older service key needs to be replaced.
        token_max_days: the longest life of a personal access token, where the organization sets no maximum.
        token_unused_days: a token not used for so long is unused.
        automation_traces_per_day: so many traces a day are an application and not a person.
        max_scim_tokens: the most tokens of identity providers.
        scim_unused_days: such a token not used for so long is unused.
        scim_max_age_days: an older one needs to be replaced.
        link_days: an older public link is forgotten.
        burst_failures: so many refused calls by one actor within `burst_minutes` are a burst.
        burst_minutes: see `burst_failures`.
        export_minutes: an export so soon after a key was made is suspicious.
        work_hours: from and to, hours of a working day in UTC.
        log_days: how far back the audit log should reach.
        log_gap_days: how much may be missing at either end of it.
        review_days: the last access review must not be longer ago.
        max_removals_share: the share of the people in scope that one plan may remove, demote or revoke.
        max_removals_small: how many instead, where fewer than 20 people are in scope.
        max_removals_absolute: never more than so many, however large the organization is.
        max_promotions: how many people and keys one plan may make Organization Admin or Operator.
        max_workspace_promotions: how many people and keys one plan may make Admin of workspaces, or
            `max_workspace_promotions_share` of the people where that is more.
        max_workspace_promotions_share: see `max_workspace_promotions`; between 0 and 1.
        max_workspace_promotions_absolute: never more than so many, unless `max_workspace_promotions` itself is.
        max_widening: how many people and keys may gain sensitive permissions by roles that one plan edits or makes, or
            `max_widening_share` of the people where that is more.
        max_widening_share: see `max_widening`; between 0 and 1.
        max_widening_absolute: never more than so many, unless `max_widening` itself is.
        max_widened_roles: how many roles one plan may give sensitive permissions.
        max_widened_permissions: how many permissions one plan may add to roles, all roles together.
        allowed_domains: the domains of members' addresses, and of those who may be invited; a subdomain has to be
            named too.
        domain_exceptions: addresses or domains allowed until a time.
        accepted_admins: people approved as Organization Admins.
        accepted_operators: people approved as Organization Operators.
        accepted_accounts: accounts that need not be on the roster, nor be made by the identity provider.
        accepted_keys: service keys that may be powerful.
        break_glass: accounts for emergencies.
        restricted_workspaces: who may be in a workspace; everybody else may not.
        sensitive_permissions: permissions that are held on purpose only.
        permission_holders: who may hold a sensitive permission.
        duty_pairs: permissions that one person must not hold together.
        approved_roles: custom roles whose changes have been approved.
        generic_mailboxes: local parts of addresses that stand for no person.
        default_descriptions: descriptions of keys that tell nothing; an empty one never does.
        waivers: findings accepted for a while.
    """

    min_admins: int = 2
    max_admins: int = 4
    max_admins_share: float = 0.1
    max_operators: int = 1
    admin_dormant_days: int = 45
    member_dormant_days: int = 90
    break_glass_quiet_days: int = 90
    new_grace_days: int = 14
    invite_days: int = 14
    max_workspace_admins: int = 3
    max_workspace_admins_share: float = 0.2
    many_workspaces: int = 5
    many_workspaces_quantile: float = 0.95
    sensitive_together: int = 2
    role_similarity: float = 0.9
    key_max_days: int = 180
    key_unused_days: int = 90
    key_rotation_days: int = 180
    token_max_days: int = 180
    token_unused_days: int = 60
    automation_traces_per_day: int = 100
    max_scim_tokens: int = 2
    scim_unused_days: int = 30
    scim_max_age_days: int = 365
    link_days: int = 30
    burst_failures: int = 5
    burst_minutes: int = 10
    export_minutes: int = 60
    work_hours: tuple[int, int] = (6, 20)
    log_days: int = 400
    log_gap_days: int = 1
    review_days: int = 92
    max_removals_share: float = 0.25
    max_removals_small: int = 5
    max_removals_absolute: int = 100
    max_promotions: int = 3
    max_workspace_promotions: int = 5
    max_workspace_promotions_share: float = 0.1
    max_workspace_promotions_absolute: int = 20
    max_widening: int = 10
    max_widening_share: float = 0.1
    max_widening_absolute: int = 50
    max_widened_roles: int = 5
    max_widened_permissions: int = 40
    allowed_domains: tuple[str, ...] = ()
    domain_exceptions: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    accepted_admins: tuple[str, ...] = ()
    accepted_operators: tuple[str, ...] = ()
    accepted_accounts: tuple[str, ...] = ()
    accepted_keys: tuple[str, ...] = ()
    break_glass: tuple[str, ...] = ()
    restricted_workspaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sensitive_permissions: tuple[str, ...] = SENSITIVE_PERMISSIONS
    permission_holders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duty_pairs: tuple[tuple[str, str], ...] = (
        ("workspaces:manage-members", "runs:delete"),
        ("deployments:create", "workspaces:manage-secrets"),
    )
    approved_roles: tuple[str, ...] = ()
    generic_mailboxes: tuple[str, ...] = GENERIC_MAILBOXES
    default_descriptions: tuple[str, ...] = ("api key", "default", "default api key", "key", "my key", "test")
    waivers: tuple[Waiver, ...] = ()


def _names(*, of: type) -> tuple[str, ...]:
    return tuple(found.name for found in fields(Policy) if isinstance(found.default, of))


#: The fields that are one number each, and `work_hours`.
THRESHOLDS = (*_names(of=int), *_names(of=float), "work_hours")
#: The fields that are kept by name, and lists of texts below each.
DICTIONARIES = ("domain_exceptions", "restricted_workspaces", "permission_holders")
#: The fields that are lists.
LISTS = tuple(name for name in _names(of=tuple) if name not in ("work_hours", "waivers"))


def meanings() -> dict[str, str]:
    """Give what each field of the policy means, as the policy's own description says it."""
    text = (Policy.__doc__ or "").partition("Args:\n")[2]
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        head, colon, rest = line.strip().partition(": ")
        if colon and line.startswith("        ") and not line.startswith("         "):
            name, found[head] = head, rest
        elif name and line.strip():
            found[name] += " " + line.strip()
    return found
