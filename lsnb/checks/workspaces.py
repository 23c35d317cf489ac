"""Checks of workspaces: who owns them, and who is in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lsnb.checks.context import Context, is_listed, pick, rows_of
from lsnb.checks.spec import Finding, alarm, check, info, person
from lsnb.tables import builtin_roles


@check(
    "LS-WSP-01",
    "Every workspace has an owner who can manage members",
    severity="medium",
    why="Otherwise requests go to Organization Admins, unreviewed.",
    fix="Make a member of the workspace its Admin.",
    supports="S CC6.3 · I A.5.2 · N AC-2",
    needs=("access", "workspaces", "members"),
    absent_from=("access",),
)
def find_ownerless(context: Context) -> Iterator[Finding]:
    """Alarm for every workspace with no enabled Admin who is not Organization Admin as well."""
    admins = pick(context.grants, role_name=builtin_roles.WORKSPACE_ADMIN)
    owned = set(admins.loc[~admins["email"].isin(list(context.admin_emails)), "workspace_id"])
    for row in rows_of(_places(context)):
        if row.workspace_id not in owned:
            reason = "No Admin apart from Organization Admins."
            yield alarm(f"workspace:{row.workspace}", reason, workspace=row.workspace, evidence=row.workspace_id)


@check(
    "LS-WSP-02",
    "Workspace Admins within the limit",
    severity="medium",
    why="Full power over data, keys and members.",
    fix="Make those Editor who do not manage the workspace.",
    supports="S CC6.3 · I A.8.2 · N AC-6(5)",
    needs=("access",),
    feature="can_use_rbac",
    thresholds=("max_workspace_admins", "max_workspace_admins_share"),
)
def find_too_many_admins(context: Context) -> Iterator[Finding]:
    """Alarm for every workspace with more Admins of its own than the number and the share of its members."""
    policy = context.policy
    for (name, place), rows in context.grants.groupby(["workspace", "workspace_id"]):
        members = rows["email"].nunique()
        admins = sorted(set(pick(rows, role_name=builtin_roles.WORKSPACE_ADMIN)["email"]))
        limit = max(policy.max_workspace_admins, policy.max_workspace_admins_share * members)
        if len(admins) > limit:
            reason = f"{len(admins)} Admins of {members} members, the limit is {int(limit)}: {', '.join(admins)}."
            yield alarm(f"workspace:{name}", reason, workspace=str(name), evidence=str(place), extent=len(admins))


@check(
    "LS-WSP-03",
    "Restricted workspaces contain only named people",
    severity="high",
    why="Production data, client isolation.",
    fix="Remove the person from the workspace, or put them on its list.",
    supports="S CC6.1 · I A.8.3 · N AC-3",
    needs=("access", "workspaces"),
    thresholds=("restricted_workspaces",),
)
def find_outsiders(context: Context) -> Iterator[Finding]:
    """Alarm for everybody with a role of their own in a restricted workspace who is not on its list.

    Organization Admins are in every workspace; how many that is, is told in the reason.
    """
    restricted = context.policy.restricted_workspaces
    if not restricted:
        yield info(context.organization, "The policy names no restricted workspaces.")
        return
    known = {str(name).casefold() for name in context.frame("workspaces")["workspace"]}
    known |= {str(place).casefold() for place in context.frame("workspaces")["workspace_id"]}
    implicit = context.frame("access")
    n_admins = pick(implicit, source="org-admin", state="active")["email"].nunique()
    for name, allowed in restricted.items():
        if name.casefold() not in known:
            yield info(f"workspace:{name}", "The policy restricts this workspace, which is not there.", workspace=name)
            continue
        here = context.grants["workspace"].str.casefold() == name.casefold()
        here |= context.grants["workspace_id"].str.casefold() == name.casefold()
        for row in rows_of(context.grants[here.fillna(False).astype(bool)]):
            if not is_listed(row.email, allowed):
                reason = f"{row.role} in {row.workspace}, and not on its list ({n_admins} Organization Admins apart)."
                yield person(row.email, reason, workspace=row.workspace, evidence=row.workspace_id)


@check(
    "LS-WSP-04",
    "Nobody is in far more workspaces than their peers",
    severity="low",
    why="Access accumulates after moves.",
    fix="Ask the person which workspaces they still need.",
    supports="S CC6.3 · I A.5.18 · N AC-6",
    needs=("access", "members"),
    thresholds=("many_workspaces", "many_workspaces_quantile"),
)
def find_collectors(context: Context) -> Iterator[Finding]:
    """Alarm for everybody in more workspaces than `many_workspaces` and than that share of people.

    Roles of their own count; Organization Admins are left out.
    """
    others = context.grants[~context.grants["email"].isin(list(context.admin_emails))]
    counts = others.groupby("email")["workspace_id"].nunique()
    if counts.empty:
        return
    quantile = context.policy.many_workspaces_quantile
    usual = float(np.quantile(counts.to_numpy(dtype=float), quantile))
    for email, n in counts.items():
        if n > usual and n > context.policy.many_workspaces:
            yield person(str(email), f"In {n} workspaces; {quantile:.0%} of people are in {usual:.0f} or fewer.")


@check(
    "LS-WSP-05",
    "Workspace names do not break SCIM mapping",
    severity="low",
    why="The separator inside a name makes the identity provider's group ambiguous.",
    fix="Rename the workspace, or choose another separator.",
    supports="S CC6.1 · I A.5.16 · N AC-2(1)",
    needs=("workspaces", "settings"),
)
def find_ambiguous_names(context: Context) -> Iterator[Finding]:
    """Alarm for every workspace whose name contains `scim_group_name_separator`, which is `:` where it is not set."""
    separator = context.setting("scim_group_name_separator") or ":"
    for row in rows_of(_places(context)):
        if separator in row.workspace:
            reason = f"The name contains the separator {separator!r} of the identity provider's groups."
            yield alarm(f"workspace:{row.workspace}", reason, workspace=row.workspace, evidence=row.workspace_id)


def _places(context: Context) -> pd.DataFrame:
    """Give the workspaces that are not deleted."""
    places = context.frame("workspaces")
    return places[~places["is_deleted"].fillna(False).astype(bool)]
