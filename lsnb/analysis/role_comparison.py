"""Roles side by side: which one grants what, how two of them differ, and which are nearly the same."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from lsnb.analysis.effective.lookup import RoleFinder, refuse
from lsnb.errors import TableError, UnknownNameError
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES

COMPARED = ("permission", "difference", "first", "second", "meaning")
SIMILAR = ("role", "like", "share", "n_shared", "only_role", "only_like", "role_id", "like_id")


def role_matrix(snapshot: Snapshot, *, scope: str = "workspace") -> pd.DataFrame:
    """Show which role grants what: permissions down, roles across, true where the role has it.

    Args:
        snapshot: where roles and permissions are read from.
        scope: "workspace" or "organization": the roles of which.

    Returns:
        One row per permission, in the index; one column per role, named by its id, custom ones first. A role whose
        permissions the service does not tell has missing values.

    Raises:
        UnknownNameError: there is no such scope.
        UnreadableTableError: the roles could not be read.
    """
    if scope not in ("organization", "workspace"):
        refuse("scope of roles", scope, ("organization", "workspace"))
    roles, grants = snapshot.roles, snapshot.permissions
    roles = roles[roles["scope"] == scope]
    catalogue = snapshot.permission_catalogue
    in_scope = catalogue.loc[catalogue["scope"] == scope, "permission"]
    grants = grants[grants["role_id"].isin(roles["role_id"])]
    names = sorted({*in_scope.astype(object), *grants["permission"].astype(object)})
    made = pd.DataFrame(False, index=pd.Index(names, name="permission"), columns=list(roles["role_id"].astype(object)))
    for role_id, held in grants.groupby("role_id", observed=True)["permission"]:
        made.loc[list(held), role_id] = True
    made = made.astype("boolean")
    for role_id in roles.loc[roles["n_permissions"].isna(), "role_id"]:
        made[role_id] = pd.NA
    return made


def compare_roles(snapshot: Snapshot, first: str, second: str) -> pd.DataFrame:
    """Tell what one role grants and the other does not.

    Args:
        snapshot: where roles and permissions are read from.
        first: a role by its id or any of its names, such as `Editor` or `Workspace User`.
        second: another's.

    Returns:
        One row per permission that only one of them has: `permission`, `difference` ("+" where the second has it and
        the first has not, "-" the other way round), `first` and `second` (who has it), `meaning`.

    Raises:
        UnknownNameError: there is no such role, or several have that name.
        TableError: the service does not tell what one of them grants.
        UnreadableTableError: the roles could not be read.
    """
    grants, roles = snapshot.permissions, snapshot.roles
    ids = [find_role(snapshot, name) for name in (first, second)]
    unknown = roles.loc[roles["role_id"].isin(ids) & roles["n_permissions"].isna(), "role"]
    if len(unknown):
        raise TableError(
            f"The service does not tell what {' and '.join(map(repr, unknown))} grants, so there is nothing to compare."
        )
    a, b = (frozenset(grants.loc[grants["role_id"] == id_, "permission"].astype(object)) for id_ in ids)
    return compare_permissions(a, b, snapshot.permission_catalogue)


def compare_permissions(a: frozenset[str], b: frozenset[str], catalogue: pd.DataFrame) -> pd.DataFrame:
    """Tell two sets of permissions apart; see `compare_roles`.

    Args:
        a: the first set.
        b: the second.
        catalogue: `permission_catalogue`, for what they mean.
    """
    meanings = dict(zip(catalogue["permission"].astype(object), catalogue["description"].astype(object), strict=True))
    names = sorted(a ^ b)
    made = pd.DataFrame(
        {
            "permission": pd.array(names, dtype=DTYPES["text"]),
            "difference": pd.array(["+" if name in b else "-" for name in names], dtype=DTYPES["text"]),
            "first": pd.array([name in a for name in names], dtype="boolean"),
            "second": pd.array([name in b for name in names], dtype="boolean"),
            "meaning": pd.array([_known(meanings.get(name)) for name in names], dtype=DTYPES["text"]),
        }
    )
    return made[list(COMPARED)]


def similar_roles(snapshot: Snapshot, *, share: float = 0.9) -> pd.DataFrame:
    """Find roles that are nearly the same, custom ones among themselves and with the built-in ones.

    Args:
        snapshot: where roles and permissions are read from.
        share: how much two roles must have in common: permissions of both, of those of either.

    Returns:
        One row per pair, the most alike first: `role` (a custom one), `like`, `share` (from 0 to 1), `n_shared`,
        `only_role` and `only_like` (how many permissions only that one has), `role_id`, `like_id`. Two names that
        differ in case or spaces only make a pair, too.

    Raises:
        TableError: the share is no number between 0 and 1.
        UnreadableTableError: the roles could not be read.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise TableError(f"The share of permissions in common is a number between 0 and 1, such as 0.9, not {share!r}.")
    roles = snapshot.roles
    roles = roles[(roles["scope"] == "workspace") & roles["n_permissions"].notna()]
    matrix = role_matrix(snapshot)
    held = {
        role_id: frozenset(matrix.index[matrix[role_id].fillna(False).astype(bool)]) for role_id in roles["role_id"]
    }
    rows = []
    for one, other in combinations(roles.itertuples(index=False), 2):
        if one.is_system and other.is_system:
            continue
        first, second = (one, other) if not one.is_system else (other, one)
        a, b = held[first.role_id], held[second.role_id]
        alike = len(a & b) / len(a | b) if a | b else 1.0
        if alike >= share or _fold(first.role) == _fold(second.role):
            rows.append(
                (first.role, second.role, alike, len(a & b), len(a - b), len(b - a), first.role_id, second.role_id)
            )
    made = pd.DataFrame(rows, columns=list(SIMILAR))
    kinds = {"share": DTYPES["number"]} | dict.fromkeys(("n_shared", "only_role", "only_like"), DTYPES["count"])
    made = made.astype({name: kinds.get(name, DTYPES["text"]) for name in SIMILAR})
    return made.sort_values(["share", "role"], ascending=[False, True], kind="stable").reset_index(drop=True)


def find_role(snapshot: Snapshot, name: str) -> str:
    """Give the id of a role that is told by its id or by any of its names, in whatever case: Editor, Workspace User.

    Raises:
        UnknownNameError: there is no such role, or several have that name.
    """
    found = RoleFinder(snapshot.roles).find(str(name))
    if len(found) > 1:
        raise UnknownNameError(
            f"{name!r} stands for {len(found)} roles: {', '.join(shown for shown, _, _ in found)}. Name one.",
            name=name,
            nearest=[id_ for _, _, id_ in found],
        )
    return found[0][2]


def _fold(name: object) -> str:
    return " ".join(str(name).split()).casefold()


def _known(value: object) -> object:
    return None if value is None or value is pd.NA else value
