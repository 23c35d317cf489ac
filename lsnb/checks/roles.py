"""Checks of roles: what custom ones hold, who holds them, and whether they changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from lsnb.analysis.effective.rights import held_permissions
from lsnb.checks.context import Context, day, is_listed, pick, rows_of, text
from lsnb.checks.spec import Finding, alarm, check, info, person


@check(
    "LS-ROL-01",
    "RBAC is on where the plan offers it",
    severity="high",
    why="Without roles, everybody is Admin in every workspace they join.",
    fix="Move to a plan with roles, or keep the number of people and workspaces small.",
    supports="S CC6.3 · I A.5.15 · N AC-6",
    needs=("settings", "members"),
)
def find_no_rbac(context: Context) -> Iterator[Finding]:
    """Alarm where `can_use_rbac` is false and the organization has more than one enabled member."""
    people = len(context.members)
    if not context.has_setting("can_use_rbac"):
        yield info("setting:can_use_rbac", "The server does not say whether the plan has roles.")
    elif context.setting("can_use_rbac") is False and people > 1:
        yield alarm(
            "setting:can_use_rbac", f"The plan has no roles: {people} people are Admin wherever they are members."
        )


@check(
    "LS-ROL-02",
    "Custom roles are not admin in disguise",
    severity="high",
    why="Who counts Admins by name misses these.",
    fix="Take out of the role what its people do not need.",
    supports="S CC6.3 · I A.8.2 · N AC-6",
    needs=("roles", "permissions"),
    feature="can_use_rbac",
    thresholds=("sensitive_together",),
)
def find_disguised(context: Context) -> Iterator[Finding]:
    """Alarm for every custom role with all that the built-in Admin holds, or with several sensitive permissions."""
    for row in rows_of(context.custom_roles):
        held = context.held.get(row.role_id, frozenset())
        sensitive = sorted(held & set(context.policy.sensitive_permissions))
        if context.admin_permissions <= held:
            yield alarm(
                f"role:{row.role}",
                "Holds every permission of the built-in Admin.",
                evidence=row.role_id,
                extent=len(held),
            )
        elif len(sensitive) >= context.policy.sensitive_together:
            reason = f"Holds {len(sensitive)} sensitive permissions: {', '.join(sensitive)}."
            yield alarm(f"role:{row.role}", reason, evidence=row.role_id, extent=len(sensitive))


@check(
    "LS-ROL-03",
    "Sensitive permissions are held on purpose",
    severity="medium",
    why="Sharing, deleting, exporting and reading secrets are what incidents are made of.",
    fix="Take the permission out of the role, or name the holder in the policy.",
    supports="S CC6.3 · I A.8.3 · N AC-6(10)",
    needs=("access", "roles", "permissions", "members"),
    feature="can_use_rbac",
)
def find_holders(context: Context) -> Iterator[Finding]:
    """Alarm for everybody who holds a sensitive permission and is not on its list, Organization Admins apart.

    A permission without a list in the policy is looked at in custom roles only: what built-in roles hold is known.
    """
    policy = context.policy
    custom, listed = set(context.custom_roles["role_id"]), policy.permission_holders
    sensitive = set(policy.sensitive_permissions) | set(listed)
    by_role = {key: sorted(held & (sensitive if key in custom else set(listed))) for key, held in context.held.items()}
    concerned = [key for key, permissions in by_role.items() if permissions]
    for row in rows_of(context.grants[context.grants["key"].isin(concerned)]):
        if row.email in context.admin_emails:
            continue
        found = [name for name in by_role[row.key] if not is_listed(row.email, listed.get(name, ()))]
        if found:
            reason = f"Holds {', '.join(found)} in {row.workspace} through the role {row.role}."
            yield person(row.email, reason, workspace=row.workspace, evidence=row.key, extent=len(found))


@check(
    "LS-ROL-04",
    "No unused custom role",
    severity="low",
    why="Leftovers get reused by mistake.",
    fix="Delete the role.",
    supports="S CC6.3 · I A.5.15 · N AC-6",
    needs=("roles", "access", "service_keys"),
    also=("policies", "sso", "members"),
    feature="can_use_rbac",
)
def find_unused(context: Context) -> Iterator[Finding]:
    """Alarm for every custom role that no person, invitation, service key, provider, group or policy uses.

    Info where one of these could not be read, since it may be what uses the role.
    """
    needed = ("access", "service_keys", "policies", "sso", "members")
    unread = [name for name in needed if context.snapshot.status(name)[0] not in ("complete", "unavailable")]
    used = set(context.frame("access")["role_id"]) | set(context.frame("service_keys")["role_id"])
    if context.is_readable("sso"):
        used |= set(context.frame("sso")["default_role_id"])
    if context.is_readable("policies"):
        used |= {role_id for ids in context.frame("policies")["role_ids"].dropna() for role_id in ids.split(", ")}
    groups: list[str] = []
    if context.is_readable("members"):
        groups = [text(name).casefold() for name in context.frame("members")["scim_groups"].dropna().unique()]
    for row in rows_of(context.custom_roles):
        if row.role_id not in used and not any(row.role.casefold() in group for group in groups):
            if unread:
                reason = f"Nothing that was read uses it; not wholly read: {', '.join(unread)}."
                yield info(f"role:{row.role}", reason, evidence=row.role_id)
            else:
                yield alarm(f"role:{row.role}", "Nobody and nothing uses it.", evidence=row.role_id)


@check(
    "LS-ROL-05",
    "No near-duplicate custom roles",
    severity="low",
    why="Reviewers cannot tell them apart.",
    fix="Keep one of the two, and move its people over.",
    supports="S CC6.3 · I A.5.15 · N AC-6",
    needs=("roles", "permissions"),
    feature="can_use_rbac",
    thresholds=("role_similarity",),
)
def find_doubles(context: Context) -> Iterator[Finding]:
    """Alarm for every custom role that shares its name apart from case, or most permissions, with one before it."""
    told = set()
    for first, second in combinations(rows_of(context.custom_roles), 2):
        a, b = (context.held.get(row.role_id, frozenset()) for row in (first, second))
        shared = len(a & b) / len(a | b) if a | b else 1.0
        same_name = first.role.casefold() == second.role.casefold()
        if second.role_id in told or not (same_name or shared >= context.policy.role_similarity):
            continue
        told.add(second.role_id)
        what = "the same name apart from case, and " if same_name else ""
        reason = f"Has {what}{shared:.0%} of its permissions in common with {first.role}."
        yield alarm(f"role:{second.role}", reason, evidence=f"{first.role_id}, {second.role_id}")


@check(
    "LS-ROL-06",
    "Separation of duties holds",
    severity="medium",
    why="Who can do both can do harm and hide it.",
    fix="Split the role, or give one half to somebody else.",
    supports="S CC6.3 · I A.5.3 · N AC-5",
    needs=("access", "permissions", "members"),
    feature="can_use_rbac",
    thresholds=("duty_pairs",),
)
def find_joined_duties(context: Context) -> Iterator[Finding]:
    """Alarm for everybody who holds a pair of the policy in one workspace.

    Admins hold every pair by their nature: they, and roles that hold as much, are left to LS-WSP-02 and LS-ROL-02.
    """
    admin_like = {key for key, held in context.held.items() if context.admin_permissions <= held}
    pairs_of = {
        key: pairs
        for key, held in context.held.items()
        if key not in admin_like and (pairs := [pair for pair in context.policy.duty_pairs if set(pair) <= held])
    }
    for row in rows_of(context.grants[context.grants["key"].isin(list(pairs_of))]):
        if row.email not in context.admin_emails:
            both = "; ".join(" and ".join(pair) for pair in pairs_of[row.key])
            reason = f"Holds {both} in {row.workspace} through the role {row.role}."
            n_pairs = len(pairs_of[row.key])
            yield person(row.email, reason, workspace=row.workspace, evidence=row.key, extent=n_pairs)


@check(
    "LS-ROL-07",
    "Role definitions unchanged since the last review",
    severity="high",
    why="An edit of a role changes everybody who holds it, silently.",
    fix="Have the change approved, or take it back.",
    supports="S CC8.1 · I A.5.18 · N AC-6(7)",
    needs=("roles", "permissions"),
    feature="can_use_rbac",
)
def find_changed(context: Context) -> Iterator[Finding]:
    """Alarm for every custom role whose permissions differ from the earlier snapshot and that is not approved.

    Changes of built-in roles are the service's own, and info.
    """
    earlier = context.earlier
    if earlier is None or not earlier.is_readable("permissions") or not earlier.is_readable("roles"):
        yield info(context.organization, "There is no earlier snapshot with roles to compare with.")
        return
    then = held_permissions(earlier)
    known = set(earlier.roles["role_id"])
    for row in rows_of(context.frame("roles")):
        key = row.role_id if not row.is_system else row.role_name
        before, now = then.get(key, frozenset()), context.held.get(key, frozenset())
        if row.role_id not in known or before == now or is_listed(row.role, context.policy.approved_roles):
            continue
        changes = [f"+{name}" for name in sorted(now - before)] + [f"-{name}" for name in sorted(before - now)]
        n_people = pick(context.grants, key=key)["email"].nunique() if context.is_readable("access") else None
        held_by = "" if n_people is None else f", held by {n_people} people"
        reason = f"Changed since {day(earlier.meta.read_at)}: {', '.join(changes)}{held_by}."
        make = info if row.is_system else alarm
        yield make(f"role:{row.role}", reason, evidence=row.role_id)
