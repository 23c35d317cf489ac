"""From a snapshot to the access sheet that people edit; unchanged, it asks for nothing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.sheets.columns import SHEET_COLUMNS
from lsnb.sheets.parse import role_book
from lsnb.sheets.roles import RoleIndex
from lsnb.sheets.text_normalize import take_texts
from lsnb.sheets.workspace_index import Place, WorkspaceIndex
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

_STATES = ("active", "disabled", "pending")


def sheet_from_access(
    snapshot: Snapshot, *, workspaces: Iterable[str] | None = None, include_implicit: bool = False
) -> pd.DataFrame:
    """Write the access sheet of an organization: one row per person, and one per workspace that they were put into.

    People who have not joined are in it too. Access that nobody wrote down, which Organization Admins have everywhere,
    is left out: as rows it would be given to them by hand. Roles that the key may not see are left empty, which leaves
    them alone; so are people without an address, and memberships in workspaces that the key cannot see.

    Args:
        snapshot: the organization.
        workspaces: only the rows of these workspaces, by name or id; the rows of the organization are left out then.
        include_implicit: also a row for every workspace that somebody is Admin of as Organization Admin. Such a row
            says `Organization Admin`, which counts for the organization, and so changes nothing either.

    Returns:
        A new frame of text with the columns email, langsmith_role, workspace_id, workspace_name, action, note.

    Raises:
        TableError: there is no such workspace.
        UnreadableTableError: the access, the roles or the workspaces could not be read.
    """
    access = snapshot.access
    places = WorkspaceIndex(snapshot.workspaces)
    chosen = {place.workspace_id for place in places.live} if workspaces is None else _chosen(places, workspaces)
    is_shown = access["workspace_id"].isin(chosen)
    if workspaces is None:
        is_shown |= access["scope"] == "organization"
    if not include_implicit:
        is_shown &= access["source"] != "org-admin"
    rows = _one_per_place(access[is_shown.astype(bool) & (access["email"] != "").astype(bool)])
    n = len(rows)
    empty = pd.Series([""] * n, dtype=DTYPES["text"])
    columns = {
        "email": rows["email"],
        "langsmith_role": _labels(rows, role_book(snapshot)),
        "workspace_id": rows["workspace_id"].fillna(""),
        "workspace_name": rows["workspace"].fillna(""),
        "action": empty,
        "note": empty,
    }
    return pd.DataFrame({name: columns[name] for name in SHEET_COLUMNS})


def sheet_choices(snapshot: Snapshot) -> dict[str, list[str]]:
    """List what can be chosen in the columns of the access sheet: the roles, the workspaces by name, the actions.

    Workspaces that share a name with another are left out; they are told by their ids.
    """
    roles = role_book(snapshot)
    return {
        "langsmith_role": [*roles.labels("organization"), *roles.labels("workspace")],
        "workspace_name": WorkspaceIndex(snapshot.workspaces).unique_names(),
        "action": ["remove"],
    }


def _chosen(places: WorkspaceIndex, wanted: Iterable[str]) -> set[str]:
    found = {text: places.find("", text) for text in wanted}
    wrong = {text: place for text, place in found.items() if not isinstance(place, Place)}
    if wrong:
        lines = [f"{text!r}: " + (f"{m.reason} {m.hint}".strip() if m else "It is empty.") for text, m in wrong.items()]
        raise TableError("There are no such workspaces:\n  " + "\n  ".join(lines))
    return {place.workspace_id for place in found.values() if isinstance(place, Place)}


def _one_per_place(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one row per address and place: a sheet goes by addresses, and two accounts may share one."""
    if not rows.duplicated(["email", "workspace_id"]).any():
        return rows.reset_index(drop=True)
    rank = rows["state"].map({state: index for index, state in enumerate(_STATES)}).astype("int64")
    first = rows.assign(_rank=rank, _at=np.arange(len(rows))).sort_values("_rank", kind="stable")
    first = first.drop_duplicates(["email", "workspace_id"]).sort_values("_at")
    return first.drop(columns=["_rank", "_at"]).reset_index(drop=True)


def _labels(rows: pd.DataFrame, roles: RoleIndex) -> pd.Series:
    """Write the role of each row so that it is read back as the same role; each distinct role once."""
    kinds = rows[["scope", "source", "role_id", "role_name"]].fillna("")
    codes, distinct = pd.factorize(pd.MultiIndex.from_frame(kinds.astype(object)))
    labels = [_label(str(scope), str(source), str(id_), str(name), roles) for scope, source, id_, name in distinct]
    return take_texts(labels, codes.astype(np.int64))


def _label(scope: str, source: str, role_id: str, role_name: str, roles: RoleIndex) -> str:
    if source == "org-admin":
        admin = roles.by_system_name(builtin_roles.ORGANIZATION_ADMIN)
        return roles.label(admin) if admin and roles.label(admin) != admin.role_id else ""
    role = roles.by_id(role_id) or (roles.by_system_name(role_name) if role_name != builtin_roles.CUSTOM else None)
    if scope == "workspace" and not roles.has_rbac:
        role = roles.by_system_name(builtin_roles.WORKSPACE_ADMIN)  # whatever an invitation says
    return roles.label(role) if role is not None and role.scope == scope else ""
