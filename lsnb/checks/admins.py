"""Checks of Organization Admins and Operators."""

from __future__ import annotations

from collections.abc import Iterator

from lsnb.checks.context import Context, day, domain_of, is_listed, pick, rows_of, text
from lsnb.checks.spec import Finding, alarm, check, info, person, skip
from lsnb.checks.use import judge_person, read_use
from lsnb.tables import builtin_roles

_SSO_METHODS = frozenset({"supabase:sso", "oidc", "custom-oidc"})


@check(
    "LS-ADM-01",
    "At least two active Organization Admins",
    severity="high",
    why="With one person away, nobody can repair access.",
    fix="Make a second person Organization Admin.",
    supports="S CC6.1 · I A.8.2 · N AC-2",
    needs=("members",),
    absent_from=("members",),
    thresholds=("min_admins",),
)
def find_too_few_admins(context: Context) -> Iterator[Finding]:
    """Alarm where fewer than `min_admins` members are enabled Organization Admins; open invitations do not count."""
    n = len(context.admin_emails)
    if n < context.policy.min_admins:
        reason = f"{n} active Organization Admins, at least {context.policy.min_admins} needed."
        yield alarm(context.organization, reason, extent=context.policy.min_admins - n)


@check(
    "LS-ADM-02",
    "No more Organization Admins than the limit",
    severity="high",
    why="Each Organization Admin owns every workspace, key and setting.",
    fix="Demote those who do not need it to Organization User.",
    supports="S CC6.3 · I A.8.2 · N AC-6(5)",
    needs=("members",),
    absent_from=("members",),
    thresholds=("max_admins", "max_admins_share"),
)
def find_too_many_admins(context: Context) -> Iterator[Finding]:
    """Alarm where there are more enabled Organization Admins than `max_admins` and than the share of members."""
    members, admins = len(context.frame("members")), sorted(context.admin_emails)
    limit = max(context.policy.max_admins, context.policy.max_admins_share * members)
    if len(admins) > limit:
        reason = f"{len(admins)} Organization Admins of {members} members, the limit is {int(limit)}."
        yield alarm(context.organization, reason, evidence=", ".join(admins), extent=len(admins))


@check(
    "LS-ADM-03",
    "Organization Operators counted and justified",
    severity="medium",
    why="An Operator holds organization:manage, and the documentation disagrees on its limits.",
    fix="Make the person Organization User, or put them on the accepted list.",
    supports="S CC6.3 · I A.8.2 · N AC-6(5)",
    needs=("members",),
    thresholds=("max_operators",),
)
def find_operators(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled Operator not on `accepted_operators`; without such a list, for more than the limit."""
    operators = [str(e) for e in pick(context.members, role_name=builtin_roles.ORGANIZATION_OPERATOR)["email"]]
    policy = context.policy
    if policy.accepted_operators:
        for email in operators:
            if not is_listed(email, policy.accepted_operators):
                yield person(email, "Organization Operator, and not on the accepted list.")
    elif len(operators) > policy.max_operators:
        reason = (
            f"{len(operators)} Organization Operators, the limit is {policy.max_operators}, and no list accepts them."
        )
        yield alarm(context.organization, reason, evidence=", ".join(operators), extent=len(operators))


@check(
    "LS-ADM-04",
    "No admin outside the allowed domains",
    severity="critical",
    why="Personal or contractor mail escapes the identity provider's leaver process.",
    fix="Give the role to an account of the organization's own domain, and demote this one.",
    supports="S CC6.2 · I A.5.16 · N AC-2",
    needs=("members",),
    thresholds=("allowed_domains",),
)
def find_foreign_admins(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled Organization Admin whose address is not of an allowed domain; info without a list."""
    if not context.policy.allowed_domains:
        yield info(context.organization, "The policy names no allowed domains.")
        return
    for email in sorted(context.admin_emails):
        if not is_listed(domain_of(email), context.policy.allowed_domains):
            yield person(email, f"Organization Admin with an address of {domain_of(email)}, which is not allowed.")


@check(
    "LS-ADM-05",
    "Admins sign in through SSO",
    severity="high",
    why="A password or social login bypasses multi-factor sign-in and offboarding.",
    fix="Remove the other login method, and switch on sign-in through SSO only.",
    supports="S CC6.1 · I A.8.5 · N IA-2",
    needs=("members", "sso"),
    feature="can_use_saml_sso",
)
def find_admins_with_passwords(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled Organization Admin with a login method that is not SSO, while there is a provider."""
    if context.frame("sso").empty:
        yield skip(context.organization, "No single sign-on is set up.")
        return
    for row in rows_of(context.admins):
        methods = text(row.login_methods).split(", ") if text(row.login_methods) else []
        others = [method for method in methods if method not in _SSO_METHODS]
        if not methods:
            yield person(row.email, "How this admin signs in is not known.", status="info")
        elif others:
            yield person(row.email, f"Organization Admin who can sign in without SSO: {', '.join(others)}.")


@check(
    "LS-ADM-06",
    "No dormant admin",
    severity="high",
    why="Unused power is pure risk.",
    fix="Demote the person to Organization User, or remove the account.",
    supports="S CC6.3 · I A.5.18 · N AC-2(3)",
    needs=("members",),
    looks_at=("access_tokens", "audit_log", "usage"),
    thresholds=("admin_dormant_days",),
)
def find_dormant_admins(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled Organization Admin without a trace of use for `admin_dormant_days`, break-glass apart.

    Info where a source that could show use was not read for the person: the audit log, the usage report and everybody's
    tokens, over the whole time.
    """
    for row in rows_of(context.admins):
        if is_listed(row.email, context.policy.break_glass):
            continue
        if (found := judge_person(context, row, context.policy.admin_dormant_days)) is not None:
            status, at, grounds = found
            yield person(row.email, f"Organization Admin, last trace of use {day(at)} ({grounds}).", status=status)


@check(
    "LS-ADM-07",
    "Break-glass accounts present, admin, unused",
    severity="medium",
    why="Emergency access must exist and be quiet.",
    fix="Restore the account, or find out who used it and change its credentials.",
    supports="S CC6.1 · I A.8.2 · N AC-2",
    needs=("members",),
    looks_at=("access_tokens", "audit_log", "usage"),
    absent_from=("members",),
    thresholds=("break_glass", "break_glass_quiet_days"),
)
def find_loud_break_glass(context: Context) -> Iterator[Finding]:
    """Alarm for every break-glass account that is missing, disabled, not admin, or used in the period."""
    policy = context.policy
    if not policy.break_glass:
        yield info(context.organization, "The policy names no break-glass accounts.")
        return
    use = read_use(context)
    known = set(context.frame("members")["email"])
    for email in (name.strip().lower() for name in policy.break_glass):
        at = use.last.get(email)
        status, grounds = use.judge(policy.break_glass_quiet_days, email)
        if email not in known:
            yield person(email, "The break-glass account is not a member.")
        elif email not in context.admin_emails:
            yield person(email, "The break-glass account is not an enabled Organization Admin.")
        elif context.days_since(at) <= policy.break_glass_quiet_days:
            yield person(email, f"The break-glass account was used on {day(at)}.")
        elif status == "info":
            yield person(email, f"No use was seen, but that is not certain ({grounds}).", status="info")


@check(
    "LS-ADM-08",
    "No new admin since the last review without an approval",
    severity="high",
    why="Silent promotion is the classic finding.",
    fix="Have the promotion approved, or take it back.",
    supports="S CC6.3 · I A.5.18 · N AC-6(7)",
    needs=("members",),
)
def find_new_admins(context: Context) -> Iterator[Finding]:
    """Alarm for every enabled Organization Admin who was none in the earlier snapshot and is not an accepted one."""
    if context.earlier is None or context.earlier.status("members")[0] != "complete":
        yield info(context.organization, "There is no earlier snapshot with all members to compare with.")
        return
    then = pick(context.earlier.members, role_name=builtin_roles.ORGANIZATION_ADMIN, is_disabled=False)
    before = {str(email) for email in context.earlier.members["email"]}
    for email in sorted(context.admin_emails - set(then["email"])):
        if not is_listed(email, context.policy.accepted_admins):
            was = "not an admin" if email in before else "not a member"
            yield person(email, f"Organization Admin now, {was} on {day(context.earlier.meta.read_at)}, not approved.")


@check(
    "LS-ADM-09",
    "Nobody manages members by another name",
    severity="high",
    why="A custom role that manages members makes an admin whom nobody counts.",
    fix="Take workspaces:manage-members out of the role, or make the person Workspace Admin on purpose.",
    supports="S CC6.3 · I A.8.2 · N AC-6",
    needs=("access", "roles", "permissions", "members"),
    feature="can_use_rbac",
)
def find_hidden_admins(context: Context) -> Iterator[Finding]:
    """Alarm for everybody who manages members of a workspace through a custom role, Organization Admins apart."""
    permission = "workspaces:manage-members"
    accepted = context.policy.permission_holders.get(permission, ())
    for row in rows_of(context.custom_grants):
        if permission not in context.held.get(row.key, ()) or row.email in context.admin_emails:
            continue
        if not is_listed(row.email, accepted):
            by = " given by a group" if row.source == "group" else ""
            reason = f"Manages members of {row.workspace} through the custom role {row.role}{by}."
            yield person(row.email, reason, workspace=row.workspace, evidence=row.key)
