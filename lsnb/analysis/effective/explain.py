"""Why one person may do one thing in one place, or may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from lsnb.analysis.effective.abac import Decision, Group, Rule, RuleResult, decide, match_groups
from lsnb.analysis.effective.lookup import find_permission, find_person, find_workspace, hint_of_key
from lsnb.analysis.effective.questions import check_resource
from lsnb.analysis.effective.rights import Rights, read_rights, scope_of
from lsnb.errors import TableError
from lsnb.errors.safe_text import visible_line
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles

_IMPLICIT = (
    "Whether a policy on the role Admin binds people who are Admin only by being Organization Admin is not documented; "
    "here it does."
)
_LEVELS: tuple[RuleResult, ...] = ("no", "maybe", "yes")


@dataclass(frozen=True, slots=True)
class Reason:
    """One link of the chain.

    Args:
        kind: `account`, `organization-role`, `org-admin`, `workspace-role`, `no-rbac`, `group`, `abac-allow`,
            `abac-deny` or `no-access`.
        effect: `allows`, `denies`, `nothing` (neither) or `open` (cannot be told from here).
        text: the reason in a sentence.
    """

    kind: str
    effect: Literal["allows", "denies", "nothing", "open"]
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to "may this person do that there", with the chain of reasons.

    Args:
        person: the address.
        permission: the permission.
        workspace: the workspace's name; None for permissions of the organization.
        decision: `allowed`, `denied`, `depends` (on the resource's tags) or `unknown` (a role that nobody described).
        reasons: the chain, from the account to the policies.
        unevaluated: what could not be evaluated, as sentences.
    """

    person: str
    permission: str
    workspace: str | None
    decision: Decision
    reasons: tuple[Reason, ...]
    unevaluated: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether it is allowed whatever the resource's tags are."""
        return self.decision == "allowed"

    def to_frame(self) -> pd.DataFrame:
        """Give the chain as a table, one row per reason, with what could not be evaluated at the end."""
        rows = [(reason.kind, reason.effect, reason.text) for reason in self.reasons]
        rows += [("unevaluated", "open", text) for text in self.unevaluated]
        return pd.DataFrame(rows, columns=["kind", "effect", "text"])

    def __str__(self) -> str:
        place = f" in {self.workspace}" if self.workspace else ""
        lines = [f"{self.person} · {self.permission}{place}: {self.decision}"]
        lines += [f"  {reason.effect:<8} {reason.text}" for reason in self.reasons]
        lines += [f"  not evaluated: {text}" for text in self.unevaluated]
        return "\n".join(map(visible_line, lines))


def explain(
    snapshot: Snapshot,
    person: str,
    permission: str,
    workspace: str | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    resource_type: str | None = None,
    rights: Rights | None = None,
) -> Explanation:
    """Tell whether a person has a permission, and why.

    Args:
        snapshot: the reading.
        person: the address, as it stands in a mail or sheet; case does not matter.
        permission: such as `runs:delete`.
        workspace: the workspace's name or id; needed for permissions of workspaces.
        tags: the tags of the resource in question; without them, policies that match by tag leave it open.
        resource_type: the kind of resource, where the permission leaves it open.
        rights: `read_rights(snapshot)`, for many questions to one snapshot.

    Raises:
        UnknownNameError: there is no such person, permission, workspace, tag or kind of resource.
        TableError: a workspace is needed.
        UnreadableTableError: access or the permissions of roles could not be read.
    """
    rights = rights or read_rights(snapshot)
    email = _person(snapshot, rights, str(person))
    permission = find_permission(snapshot, permission, rights.permissions)
    named = None if workspace is None else find_workspace(snapshot, workspace)
    check_resource(snapshot, rights, tags, resource_type)
    of_person = rights.grants[rights.grants["email"] == email]
    place: tuple[str, str] | None = None
    if scope_of(snapshot, permission) == "organization":
        rows = of_person[of_person["scope"] == "organization"]
    elif named is None:
        raise TableError(f"{permission!r} is a permission of workspaces: say in which workspace.")
    else:
        place = named
        rows = of_person[(of_person["scope"] == "workspace") & (of_person["workspace_id"] == place[1])]
    reasons = _account(of_person)
    active = rows[rows["state"] == "active"]
    row: Any
    for row in active.itertuples(index=False):
        reasons.append(_role_reason(snapshot, row, permission, rights.held.get(row.key)))
    if active.empty:
        reasons.append(Reason("no-access", "nothing", _no_access(rows, place)))
    keys = set(active["key"])
    own_keys = set(active.loc[active["source"] != "org-admin", "key"])
    gaps = rights.gaps
    verdicts: dict[str, RuleResult] = {"allow": "no", "deny": "no"}
    for rule, attached in rights.rules if place is not None else ():
        groups = rule.about(permission, resource_type)
        if not groups or not attached & keys or rule.effect not in verdicts:
            continue
        verdict = match_groups(groups, tags)
        verdicts[rule.effect] = max(verdicts[rule.effect], verdict, key=_LEVELS.index)
        reasons.append(_policy_reason(rule, groups, verdict))
        if not attached & own_keys and _IMPLICIT not in gaps:
            gaps += (_IMPLICIT,)
    decision = decide(
        permits=any(permission in rights.held.get(key, ()) for key in keys),
        allow=verdicts["allow"],
        deny=verdicts["deny"],
    )
    if decision == "denied" and verdicts["deny"] != "yes" and not keys <= rights.held.keys():
        decision = "unknown"
    return Explanation(email, permission, place and place[0], decision, tuple(reasons), gaps)


def _person(snapshot: Snapshot, rights: Rights, person: str) -> str:
    """Find the address of the person that a question is about."""
    people = rights.grants[["email", "name"]]
    hit = people["email"] == person.strip().lower()
    if hit.any():
        return person.strip().lower()
    rows = people.drop_duplicates().astype(object).itertuples(index=False)
    names = {email: name if isinstance(name, str) else "" for email, name in rows}
    return find_person(names, person, names, hint=hint_of_key(snapshot, person))


def _account(rows: pd.DataFrame) -> list[Reason]:
    """Say what the account's state and organization role mean."""
    reasons = []
    for row in rows[rows["scope"] == "organization"].itertuples(index=False):
        if row.state == "active":
            continue
        text = "The account is disabled." if row.state == "disabled" else "The invitation has not been accepted."
        reasons.append(Reason("account", "denies", text))
    return reasons


def _role_reason(snapshot: Snapshot, row: Any, permission: str, held: frozenset[str] | None) -> Reason:
    place = f" in {row.workspace}" if row.scope == "workspace" else ""
    role = row.role if isinstance(row.role, str) else "a role without a name"
    if row.source == "org-admin":
        kind, text = "org-admin", f"As Organization Admin, the person is Admin{place} without being a member of it"
    elif row.source == "no-rbac":
        kind, text = "no-rbac", f"The plan has no roles, so every member{place} is its Admin"
    elif row.source == "group":
        kind, text = "group", f"{_group_name(snapshot, row)} gives the role {role}{place}"
    elif row.scope == "organization":
        kind, text = "organization-role", f"The organization role is {role}"
    else:
        kind, text = "workspace-role", f"The role{place} is {role}, given directly"
    if held is None:
        return Reason(kind, "open", f"{text}; what that role grants is not known.")
    if permission in held:
        return Reason(kind, "allows", f"{text}, which grants {permission}.")
    return Reason(kind, "nothing", f"{text}, which does not grant {permission}.")


def _group_name(snapshot: Snapshot, row: Any) -> str:
    """Name the identity provider's groups that the person is in, where the server has them."""
    if not snapshot.is_readable("members"):
        return "A group of the identity provider"
    members = snapshot.table("members", columns=["email", "scim_groups"])
    found = members.loc[members["email"] == row.email, "scim_groups"].dropna()
    return f"A group of the identity provider ({found.iloc[0]})" if len(found) else "A group of the identity provider"


def _no_access(rows: pd.DataFrame, place: tuple[str, str] | None) -> str:
    where = place[0] if place else "the organization"
    if rows.empty:
        return f"No role in {where}, and not an {builtin_roles.SYSTEM_ROLES[builtin_roles.ORGANIZATION_ADMIN][0]}."
    roles = ", ".join(sorted({str(role) for role in rows["role"].dropna()}))
    return f"The role in {where} ({roles}) does not count while the account is not active."


def _policy_reason(rule: Rule, groups: list[Group], verdict: RuleResult) -> Reason:
    when = " or ".join(map(str, groups))
    kind = f"abac-{rule.effect}"
    head = f"The policy {rule.policy!r} {rule.effect}s it where {when}"
    if verdict == "maybe":
        return Reason(kind, "open", f"{head}: whether that is so depends on the resource's tags.")
    if verdict == "no":
        return Reason(kind, "nothing", f"{head}, which does not match.")
    return Reason(kind, "allows" if rule.effect == "allow" else "denies", f"{head}, which matches.")
