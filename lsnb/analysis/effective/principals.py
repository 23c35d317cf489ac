"""What acts beside people: service keys with roles of their own, and tokens with the rights of their owners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lsnb.snapshot import Snapshot
from lsnb.tables import builtin_roles
from lsnb.tables.spec import DTYPES

#: A role that the snapshot does not name.
UNKNOWN = "?"
GRANT_COLUMNS = (
    *("email", "name", "scope", "workspace", "workspace_id", "role", "source", "state", "key"),
    *("principal_kind", "principal_id"),
)
PERSON, SERVICE_KEY, TOKEN = "person", "service key", "token"
#: What a service key cannot do whatever its role grants.
NOT_FOR_SERVICE_KEYS = frozenset({"organization:pats:create"})
_ADMIN = builtin_roles.SYSTEM_ROLES[builtin_roles.WORKSPACE_ADMIN][0]


def role_key(role_name: pd.Series, role_id: pd.Series) -> pd.Series:
    """Give the key of each row's role: the system name of a built-in role, the id of a custom one."""
    names, ids = role_name.astype(object), role_id.astype(object)
    return names.where(names.isin(list(builtin_roles.SYSTEM_ROLES)), ids).fillna(UNKNOWN)


def key_grants(snapshot: Snapshot, people: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """List the grants of service keys and tokens that still work, and what is not known about them.

    Args:
        snapshot: the reading; a key that had expired when it was made grants nothing.
        people: the grants of people, for their tokens.

    Returns:
        Rows with `GRANT_COLUMNS`, and sentences.
    """
    keys, key_gaps = _service_keys(snapshot)
    tokens, token_gaps = _tokens(snapshot, people)
    gaps = (*key_gaps, *token_gaps)
    if snapshot.is_readable("service_accounts") and len(snapshot.table("service_accounts")):
        gaps += ("Service accounts are not listed: the service does not say what they may do.",)
    parts = [part for part in (keys, tokens) if len(part)]
    return (pd.concat(parts, ignore_index=True) if parts else people.iloc[:0]), gaps


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(GRANT_COLUMNS))
    kinds = {name: DTYPES["text"] for name in GRANT_COLUMNS if name != "key"}
    return frame.astype(kinds)


def _gap(snapshot: Snapshot, table: str, what: str) -> tuple[str, ...]:
    """Say that a list of keys was not read, or not wholly."""
    status, reason = snapshot.status(table)
    if status == "complete":
        return ()
    if not snapshot.is_readable(table):
        return (f"{what} were not looked at, and may hold more: {reason}",)
    return (f"Not all {what[0].lower()}{what[1:]} are known, and others may hold more: {reason}",)


def _service_keys(snapshot: Snapshot) -> tuple[pd.DataFrame, tuple[str, ...]]:
    gaps = _gap(snapshot, "service_keys", "Service keys")
    if not snapshot.is_readable("service_keys"):
        return _frame([]), gaps
    keys = snapshot.table("service_keys")
    keys = keys[~(keys["expires_at"] <= snapshot.meta.read_at).fillna(False).astype(bool)].astype(object)
    roles = _roles_by_id(snapshot)
    places = _live_places(snapshot)
    names = pd.Series([name for name, _ in places], dtype=object)
    shared = set(names[names.duplicated(keep=False)])
    has_rbac = not snapshot.is_readable("settings") or snapshot.has_rbac
    rows: list[tuple[Any, ...]] = []
    unclear: list[str] = []
    homeless: list[str] = []
    gone = _gone_places(snapshot)
    for key in keys.where(keys.notna(), None).itertuples(index=False):
        label = label_of(key.description, key.short_key)
        n_before = len(rows)
        for scope, place, role, role_code, source in _grants_of(key, roles, places, has_rbac=has_rbac):
            if place and place[0] in shared and key.scope != "organization":
                role_code = UNKNOWN  # the service tells the workspaces of a key by their names only
                unclear.append(f"{label!r} in {place[0]}")
            where = place or (None, None)
            rows.append(
                (None, label, scope, *where, role, source, "active", role_code, SERVICE_KEY, key.service_key_id)
            )
        named = str(key.workspaces or key.default_workspace or "").split(", ")
        if len(rows) == n_before and not gone.issuperset(named):
            homeless.append(repr(label))
    if homeless:
        gaps += (f"Of which workspaces these keys are is not known, so they are not listed: {', '.join(homeless)}.",)
    if unclear:
        gaps += (f"Several workspaces share a name, so it is not known which ones a key is of: {'; '.join(unclear)}.",)
    return _frame(rows), gaps


def _grants_of(
    key: Any, roles: Mapping[str, tuple[str, str]], places: list[tuple[str, str]], *, has_rbac: bool
) -> Iterator[tuple[str, tuple[str, str] | None, str | None, str, str]]:
    """Give the grants of one service key as (scope, workspace, role, the role's key, source)."""
    reach = key.scope or ("organization" if key.organization_role_id else "workspace" if key.workspaces else None)
    if reach != "workspace":
        role, code = roles.get(
            str(key.organization_role_id), (key.organization_role, key.organization_role_id or UNKNOWN)
        )
        yield "organization", None, role, code, "service-key"
        if code == builtin_roles.ORGANIZATION_ADMIN:
            for place in places:
                yield "workspace", place, _ADMIN, builtin_roles.WORKSPACE_ADMIN, "org-admin"
    named = f", {key.workspaces or key.default_workspace or ''}, "
    role, code = roles.get(str(key.role_id), (key.role, key.role_id or UNKNOWN))
    source = "service-key"
    if not has_rbac:
        role, code, source = _ADMIN, builtin_roles.WORKSPACE_ADMIN, "no-rbac"
    for place in places:
        if reach == "organization" or (reach is None and named == ", , ") or f", {place[0]}, " in named:
            yield "workspace", place, role, code, source


def _tokens(snapshot: Snapshot, people: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    gaps = _gap(snapshot, "access_tokens", "Personal access tokens")
    if not snapshot.is_readable("access_tokens"):
        return _frame([]), gaps
    tokens = snapshot.table("access_tokens")
    ended = tokens["is_revoked"].fillna(False).astype(bool)
    ended |= (tokens["expires_at"] <= snapshot.meta.read_at).fillna(False).astype(bool)
    tokens = tokens[~ended]
    n_orphans = int(tokens["email"].isna().sum())
    if n_orphans:
        gaps += (f"{n_orphans} personal access tokens have no known owner, and are not listed.",)
    labels = [label_of(*texts) for texts in zip(tokens["description"], tokens["short_key"], strict=True)]
    held = pd.DataFrame(
        {
            "email": tokens["email"].astype(DTYPES["text"]),
            "principal_id": tokens["access_token_id"],
            "label": pd.Series(labels, index=tokens.index, dtype=DTYPES["text"]),
            "limit": tokens["workspaces"],
        }
    ).dropna(subset=["email"])
    found = people.drop(columns=["name", "principal_kind", "principal_id"]).merge(held, on="email", how="inner")
    if found.empty:
        return _frame([]), gaps
    limited = found["limit"].notna() & (found["scope"] == "workspace").fillna(False)
    limits = (", " + found["limit"] + ", ").fillna("")
    named = (", " + found["workspace"] + ", ").fillna("?")
    inside = pd.Series([name in limit for name, limit in zip(named, limits, strict=True)], index=found.index)
    found = found[~limited.astype(bool) | inside]
    kind = pd.Series(TOKEN, index=found.index, dtype=DTYPES["text"])
    return found.assign(name=found["label"], principal_kind=kind)[list(GRANT_COLUMNS)], gaps


def label_of(description: object, short_key: object) -> str:
    """Name a key by what its maker wrote about it and by the part of it that may be shown."""
    texts = [text for text in (description, short_key) if isinstance(text, str) and text.strip()]
    return f"{texts[0]} ({texts[1]})" if len(texts) == 2 else "".join(texts) or "a key without a description"


def _roles_by_id(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Give roles by their ids, as (name, key)."""
    if not snapshot.is_readable("roles"):
        return {}
    roles = snapshot.table("roles", columns=["role", "role_name", "role_id"])
    keys = role_key(roles["role_name"], roles["role_id"])
    return {
        str(id_): (str(role), str(key)) for id_, role, key in zip(roles["role_id"], roles["role"], keys, strict=True)
    }


def _gone_places(snapshot: Snapshot) -> frozenset[str]:
    """Give the names of the workspaces that have been deleted."""
    if not snapshot.is_readable("workspaces"):
        return frozenset()
    places = snapshot.table("workspaces", columns=["workspace", "is_deleted"])
    return frozenset(places.loc[places["is_deleted"].fillna(False).astype(bool), "workspace"].astype(str))


def _live_places(snapshot: Snapshot) -> list[tuple[str, str]]:
    """List the workspaces that have not been deleted, as (name, id)."""
    if not snapshot.is_readable("workspaces"):
        return []
    places = snapshot.table("workspaces", columns=["workspace", "workspace_id", "is_deleted"])
    places = places[~places["is_deleted"].fillna(False).astype(bool)]
    return list(zip(places["workspace"].astype(str), places["workspace_id"].astype(str), strict=True))
