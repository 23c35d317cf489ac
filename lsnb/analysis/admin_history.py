"""How power over an organization changed from snapshot to snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from lsnb.errors import DiffError
from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

COLUMNS = ("label", "read_at", "admins", "operators", "workspace_admins", "members", "came", "went")
_COUNTS = ("admins", "operators", "workspace_admins", "members")


def admins_over_time(snapshots: Iterable[Snapshot] | Mapping[str, Snapshot]) -> pd.DataFrame:
    """Count who holds power in each of several snapshots, and name who came and went in between.

    Args:
        snapshots: one reading, or several of one organization, in any order; or by label, in the order in which they are to be shown.

    Returns:
        One row per snapshot: `label` (the day of the reading, where none is given), `read_at` (UTC); the enabled people
        who are Organization Admin (`admins`), Organization Operator (`operators`), Admin of a workspace by a role of
        their own (`workspace_admins`; unknown where access was not wholly read) and all of them (`members`); and the
        addresses of Organization Admins who `came` and `went` since the row before, joined by `, `. Where not all
        members were read, all of that is unknown but `workspace_admins`, and so is who came and went beside it.

    Raises:
        UnreadableTableError: the members of a snapshot were not read.
        DiffError: the snapshots are of different organizations.
    """
    if isinstance(snapshots, Snapshot):
        snapshots = [snapshots]
    if isinstance(snapshots, Mapping):
        labelled = list(snapshots.items())
    else:
        ordered = sorted(snapshots, key=lambda snapshot: snapshot.meta.read_at)
        labelled = [(f"{snapshot.meta.read_at:%Y-%m-%d}", snapshot) for snapshot in ordered]
    _need_one_organization([snapshot for _, snapshot in labelled])
    rows: list[tuple[object, ...]] = []
    before: set[str] | None = None
    for label, snapshot in labelled:
        members = snapshot.members
        enabled = members[~members["is_disabled"].fillna(False).astype(bool)]
        admins = _with_role(enabled, builtin_roles.ORGANIZATION_ADMIN)
        if snapshot.status("members")[0] != "complete":
            rows.append((label, snapshot.meta.read_at, None, None, _workspace_admins(snapshot), None, None, None))
            before = None
            continue
        rows.append(
            (
                label,
                snapshot.meta.read_at,
                len(admins),
                len(_with_role(enabled, builtin_roles.ORGANIZATION_OPERATOR)),
                _workspace_admins(snapshot),
                len(enabled),
                ", ".join(sorted(admins - before)) if before is not None else None if rows else "",
                ", ".join(sorted(before - admins)) if before is not None else None if rows else "",
            )
        )
        before = admins
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = {name: "count" if name in _COUNTS else "time" if name == "read_at" else "text" for name in COLUMNS}
    return frame.astype({name: DTYPES[kind] for name, kind in kinds.items()})  # type: ignore[index]


def _with_role(members: pd.DataFrame, role: str) -> set[str]:
    return set(members.loc[(members["role_name"] == role).fillna(False).astype(bool), "email"])


def _need_one_organization(snapshots: list[Snapshot]) -> None:
    """Refuse readings of several organizations: everybody would seem to come and go."""
    known = {snapshot.meta.organization_id: snapshot.meta.organization for snapshot in snapshots}
    if len(known) > 1:
        named = ", ".join(f"{name} ({id_})" for id_, name in known.items())
        raise DiffError(f"The snapshots are of different organizations: {named}. Give those of one.")


def _workspace_admins(snapshot: Snapshot) -> int | None:
    if snapshot.status("access")[0] != "complete":
        return None
    access = snapshot.table("access", columns=["email", "scope", "role_name", "source", "state"])
    own = access[(access["scope"] == "workspace") & (access["source"] != "org-admin") & (access["state"] == "active")]
    return int(
        own.loc[(own["role_name"] == builtin_roles.WORKSPACE_ADMIN).fillna(False).astype(bool), "email"].nunique()
    )
