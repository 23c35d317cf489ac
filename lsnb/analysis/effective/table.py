"""Who has one permission, and the table of everything, computed piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from lsnb.analysis.effective.abac import RuleResult, match_groups
from lsnb.analysis.effective.lookup import find_permission, find_person, find_workspace, hint_of_key, refuse
from lsnb.analysis.effective.principals import NOT_FOR_SERVICE_KEYS, PERSON, SERVICE_KEY
from lsnb.analysis.effective.questions import check_resource
from lsnb.analysis.effective.rights import Rights, read_rights, scope_of
from lsnb.errors import UnknownNameError
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

COLUMNS = (
    *("email", "name", "workspace", "permission", "decision", "role", "source", "policies", "workspace_id"),
    *("principal_kind", "principal_id"),
)
_LEVEL: dict[RuleResult, int] = {"no": 0, "maybe": 1, "yes": 2}


def who_can(
    snapshot: Snapshot,
    permission: str,
    workspace: str | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    resource_type: str | None = None,
    rights: Rights | None = None,
) -> pd.DataFrame:
    """List who has a permission: the inverse of `explain`, for everybody at once, and for keys and tokens.

    Args:
        snapshot: the reading.
        permission: such as `runs:delete`.
        workspace: the workspace's name or id; every workspace when None.
        tags: the tags of the resource in question; without them, policies that match by tag leave it open.
        resource_type: the kind of resource, where the permission leaves it open.
        rights: `read_rights(snapshot)`, for many questions to one snapshot.

    Returns:
        One row per principal and workspace that is not denied, with the `decision` (`allowed`, `depends` on tags or
        `unknown`), the role and source that count, and the policies that speak of it. `principal_kind` is `person`,
        `service key` (`email` is missing, `name` is its description, `source` is `service-key` where the role is the
        key's own) or `token` (`email` is the owner's, whose rights it has). Only enabled people who have joined, and
        keys that have not ended, are in it. What could not be evaluated, such as keys that could not be read, is in
        `.attrs["unevaluated"]`.

    Raises:
        UnknownNameError: there is no such permission, workspace, tag or kind of resource.
        UnreadableTableError: access or the permissions of roles could not be read.
    """
    rights = rights or read_rights(snapshot)
    permission = find_permission(snapshot, permission, rights.permissions)
    place = None if workspace is None else find_workspace(snapshot, workspace)[1]
    check_resource(snapshot, rights, tags, resource_type)
    return _ask(snapshot, permission, place, rights, rights.everybody, tags=tags, resource_type=resource_type)


def _ask(
    snapshot: Snapshot,
    permission: str,
    place: str | None,
    rights: Rights,
    rows: pd.DataFrame,
    *,
    tags: Mapping[str, str] | None = None,
    resource_type: str | None = None,
) -> pd.DataFrame:
    """Answer `who_can` for some grants, about a permission and a workspace that are known to be there."""
    scope = scope_of(snapshot, permission)
    keep = _equal(rows["scope"], scope) & _equal(rows["state"], "active")
    if scope == "workspace" and place is not None:
        keep &= _equal(rows["workspace_id"], place)
    if permission in NOT_FOR_SERVICE_KEYS:
        keep &= ~_equal(rows["principal_kind"], SERVICE_KEY)
    rows = rows[keep]
    verdicts = _judge_roles(rows, rights, permission, tags, resource_type, is_workspace=scope == "workspace")
    # A role that neither grants, nor has a policy, nor is unknown, can change nothing: leave its rows out early.
    matters = verdicts.index[verdicts[["permits", "allow", "deny", "is_unknown"]].any(axis=1)]
    return _combine(rows[rows["key"].isin(matters)], verdicts, permission, rights)


def _equal(column: pd.Series, value: str) -> pd.Series:
    """Compare a text column with a value; what is unknown is not equal."""
    return (column == value).fillna(False).astype(bool)


def _judge_roles(
    rows: pd.DataFrame,
    rights: Rights,
    permission: str,
    tags: Mapping[str, str] | None,
    resource_type: str | None,
    *,
    is_workspace: bool,
) -> pd.DataFrame:
    """Say for every role what it permits and which policies on it match: a few rows, whatever the number of people."""
    keys = [str(key) for key in rows["key"].unique()]
    judged = pd.DataFrame(
        {
            "permits": [permission in rights.held.get(key, ()) for key in keys],
            "allow": 0,
            "deny": 0,
            "is_unknown": [key not in rights.held for key in keys],
            "policies": "",
        },
        index=pd.Index(keys, dtype=object),
    )
    for rule, attached in rights.rules if is_workspace else ():
        groups = rule.about(permission, resource_type)
        level = _LEVEL[match_groups(groups, tags)] if groups else 0
        if level == 0 or rule.effect not in ("allow", "deny"):
            continue
        on = judged.index.isin(list(attached))
        judged.loc[on, rule.effect] = np.maximum(judged.loc[on, rule.effect], level)
        named = judged.loc[on, "policies"].astype(str)
        judged.loc[on, "policies"] = named + named.map(lambda before: ", " if before else "") + rule.policy
    return judged


def _combine(rows: pd.DataFrame, verdicts: pd.DataFrame, permission: str, rights: Rights) -> pd.DataFrame:
    """Put the roles that one person has in one place together, and keep who is not denied."""
    judged = rows.join(verdicts, on="key")
    # Of several roles in one place the one that grants is shown, and of two that do, Admin by being Organization Admin.
    judged["rank"] = 2 * judged["permits"].astype(int) + (judged["source"] == "org-admin").astype(int)
    judged = judged.sort_values("rank", ascending=False, kind="stable")
    place = judged["workspace_id"].astype(object).fillna("")
    # Two accounts of one address are one person; a key is itself.
    is_person = _equal(judged["principal_kind"], PERSON)
    principal = judged["email"].where(is_person, judged["principal_kind"] + ":" + judged["principal_id"])
    number = pd.Series(
        pd.factorize(principal)[0].astype(np.int64) * (len(judged) + 1) + pd.factorize(place)[0],
        index=judged.index,
    )
    levels = judged[["permits", "allow", "deny", "is_unknown"]].astype(int).groupby(number).max()
    first = judged.loc[~number.duplicated()]
    levels = levels.reindex(number.loc[first.index])
    policies = first["policies"].astype(object)
    twice = judged[number.duplicated(keep=False) & (judged["policies"] != "")]
    for place_number, named in twice.groupby(number.loc[twice.index])["policies"]:
        names = dict.fromkeys(name for text in named for name in str(text).split(", "))
        policies[number.loc[first.index] == place_number] = ", ".join(names)
    permits, allow, deny, is_unknown = (levels[name].to_numpy() for name in ("permits", "allow", "deny", "is_unknown"))
    granted = (permits == 1) | (allow == 2)
    decision = np.select(
        [deny == 2, granted & (deny == 1), granted, allow == 1, is_unknown == 1],
        ["denied", "depends", "allowed", "depends", "unknown"],
        "denied",
    )
    found = pd.DataFrame(
        {
            **{name: first[name] for name in COLUMNS if name in first.columns and name != "policies"},
            "permission": pd.Series(permission, index=first.index, dtype=DTYPES["text"]),
            "decision": pd.Series(decision, index=first.index, dtype=DTYPES["text"]),
            "policies": policies.astype(DTYPES["text"]).replace("", None),
        }
    )[list(COLUMNS)]
    found = found[~_equal(found["decision"], "denied")]
    found = found.sort_values(
        ["workspace", "workspace_id", "email", "principal_kind", "principal_id"], ignore_index=True
    )
    found.attrs["unevaluated"] = [*rights.gaps, *rights.key_gaps]
    return found


class Effective:
    """The table of principal, workspace and permission, computed piece by piece.

    A large organization has tens of millions of such rows, so only what is asked for is made.

    Args:
        snapshot: the reading.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.rights = read_rights(snapshot)

    @property
    def permissions(self) -> list[str]:
        """The permissions of the table, sorted."""
        return self.rights.permissions

    @property
    def unevaluated(self) -> tuple[str, ...]:
        """What could not be evaluated, as sentences."""
        return (*self.rights.gaps, *self.rights.key_gaps)

    def by_permission(self, permission: str) -> pd.DataFrame:
        """Give the rows of one permission, as `who_can` does.

        Raises:
            UnknownNameError: there is no such permission.
        """
        return who_can(self._snapshot, permission, rights=self.rights)

    def by_workspace(self, workspace: str) -> pd.DataFrame:
        """Give the rows of one workspace, over all its permissions.

        Raises:
            UnknownNameError: there is no such workspace, or several have that name.
        """
        place = find_workspace(self._snapshot, workspace)[1]
        grants = self.rights.everybody
        return self._over_permissions(grants[_equal(grants["workspace_id"], place)])

    def by_person(self, person: str) -> pd.DataFrame:
        """Give the rows of one person and of their tokens, over all workspaces and the organization.

        Raises:
            UnknownNameError: nobody has that address.
        """
        people = self.rights.grants[["email", "name"]].drop_duplicates()
        names = {email: name for email, name in people.astype(object).itertuples(index=False) if isinstance(name, str)}
        email = find_person(people["email"].astype(object), person, names, hint=hint_of_key(self._snapshot, person))
        grants = self.rights.everybody
        return self._over_permissions(grants[_equal(grants["email"], email)])

    def by_key(self, key: str) -> pd.DataFrame:
        """Give the rows of one service key or token, over all workspaces and the organization.

        Args:
            key: its id, its description, or the part of it that may be shown.

        Raises:
            UnknownNameError: no key that still works is called so, or several are.
        """
        grants = self.rights.keys
        labels = grants[["principal_id", "name"]].drop_duplicates().astype(str)
        wanted = str(key).strip()
        found = [
            (id_, label)
            for id_, label in labels.itertuples(index=False, name=None)
            if wanted in (id_, label) or label in (f"{wanted} ({label.rpartition(' (')[2]}",) or f"({wanted})" in label
        ]
        if not found:
            refuse(
                "key or token that still works",
                str(key),
                labels["name"].map(lambda label: str(label).rpartition(" (")[0] or label),
            )
        if len(found) > 1:
            ids = [id_ for id_, _ in found]
            raise UnknownNameError(
                f"{len(found)} keys are called {key!r}; name one by its id: {', '.join(ids)}.", name=key, nearest=ids
            )
        return self._over_permissions(grants[_equal(grants["principal_id"], found[0][0])])

    def _over_permissions(self, grants: pd.DataFrame) -> pd.DataFrame:
        rights = self.rights
        asked = [p for p in self.permissions if any(p in rights.held.get(key, ()) for key in grants["key"].unique())]
        if any(rights.rules) or not rights.held.keys() >= set(grants["key"]):
            asked = self.permissions  # a policy may give what no role does, and an unknown role may give anything
        parts = [_ask(self._snapshot, p, None, rights, grants) for p in asked or self.permissions[:1]]
        found = [part for part in parts if not part.empty] or parts[:1]
        whole = pd.concat(found, ignore_index=True).sort_values(
            ["email", "workspace", "workspace_id", "permission", "principal_kind", "principal_id"], ignore_index=True
        )
        whole.attrs["unevaluated"] = list(self.unevaluated)
        return whole

    def __iter__(self) -> Iterator[pd.DataFrame]:
        rows = self.rights.everybody
        return (_ask(self._snapshot, permission, None, self.rights, rows) for permission in self.permissions)

    def to_frame(self) -> pd.DataFrame:
        """Make the whole table at once: for small organizations."""
        return pd.concat(list(self), ignore_index=True)

    def __repr__(self) -> str:
        people, keys = self.rights.grants["email"].nunique(), self.rights.keys["principal_id"].nunique()
        return (
            f"<Effective access of {people:,} people, {keys:,} keys and tokens, {len(self.permissions)} permissions: "
            "ask by_permission(), by_workspace(), by_person() or by_key()>"
        )


def effective(snapshot: Snapshot) -> Effective:
    """Give the table of person or key, workspace and permission, computed piece by piece.

    Raises:
        UnreadableTableError: access or the permissions of roles could not be read.
    """
    return Effective(snapshot)
