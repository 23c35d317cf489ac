"""The matrix of people and workspaces, from rows of `access`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lsnb.tables import builtin_roles


def access_matrix(access: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Put people down, workspaces across, and the role that counts into the cell.

    Args:
        access: rows of `access`, with email, scope, workspace_id, role, role_name and source.
        places: the workspaces to show, with workspace and workspace_id.

    Returns:
        One row per person (index `email`), one categorical column per workspace; a cell without access is missing.
    """
    people = access["email"].drop_duplicates()
    cells = access[access["scope"] == "workspace"]
    # Who is Admin by being Organization Admin is that, whatever else was given to them there.
    cells = cells.sort_values("source", key=lambda source: source != "org-admin", kind="stable")
    cells = cells.drop_duplicates(["email", "workspace_id"])
    # Small integers in one array: a pivot of texts takes thirty times the memory.
    kinds = pd.CategoricalDtype(ranked_roles(cells))
    codes = np.full((len(people), len(places)), -1, dtype=np.int16)
    row = pd.Index(people).get_indexer(pd.Index(cells["email"]))
    column = pd.Index(places["workspace_id"]).get_indexer(pd.Index(cells["workspace_id"]))
    listed = column >= 0
    codes[row[listed], column[listed]] = cells["role"].astype(kinds).cat.codes.to_numpy()[listed]
    matrix = pd.DataFrame(
        {label: pd.Categorical.from_codes(codes[:, i], dtype=kinds) for i, label in enumerate(_labels(places))},
        index=pd.Index(people, name="email"),
    )
    matrix.columns.name = "workspace"
    return matrix


def count_roles(matrix: pd.DataFrame) -> pd.DataFrame:
    """Count the people of a matrix by workspace and role.

    Returns:
        One row per workspace, one column per role from most to least.
    """
    roles = [str(role) for role in matrix.dtypes.iloc[0].categories] if len(matrix.columns) else []
    counts = pd.DataFrame({name: column.value_counts() for name, column in matrix.items()}).T
    counts = counts.reindex(columns=[role for role in roles if role in counts.columns]).fillna(0).astype("int64")
    counts.index.name, counts.columns.name = "workspace", "role"
    return counts


def ranked_roles(access: pd.DataFrame) -> list[str]:
    """Order role names from most to least: Admin, custom roles, Editor, Viewer."""
    ranks = {builtin_roles.WORKSPACE_ADMIN: 0, builtin_roles.CUSTOM: 1, builtin_roles.WORKSPACE_USER: 2}
    ranks[builtin_roles.WORKSPACE_VIEWER] = 3
    rows = access.loc[access["scope"] == "workspace", ["role", "role_name"]].dropna(subset=["role"]).drop_duplicates()
    ranked = sorted(
        zip(rows["role"], rows["role_name"], strict=True), key=lambda pair: (ranks.get(pair[1], 4), str(pair[0]))
    )
    return list(dict.fromkeys(str(role) for role, _ in ranked))


def _labels(places: pd.DataFrame) -> list[str]:
    """Label the workspaces by their names, and where two share one, with the start of the id."""
    twice = places["workspace"].duplicated(keep=False)
    return [
        f"{name} ({str(place)[:8]})" if shared else str(name)
        for name, place, shared in zip(places["workspace"], places["workspace_id"], twice, strict=True)
    ]
