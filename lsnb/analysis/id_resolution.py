"""Names for the ids of the audit log: who did it, with which key, to what; also people and things that are gone."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES, text_array

#: What `resolve_names` adds, in order.
NAME_COLUMNS = (
    "actor_kind",
    "actor_email",
    "actor_name",
    "actor_from",
    "key_name",
    "key_from",
    "workspace",
    "resource_names",
    "resource_kinds",
    "resource_from",
)
# Table, kind, column of the id, column of the name.
_SOURCES = (
    ("members", "person", "ls_user_id", "name"),
    ("members", "person", "identity_id", "name"),
    ("invites", "invitation", "identity_id", "email"),
    ("workspaces", "workspace", "workspace_id", "workspace"),
    ("roles", "role", "role_id", "role"),
    ("service_keys", "service key", "service_key_id", "description"),
    ("access_tokens", "token", "access_token_id", "description"),
    ("service_accounts", "service account", "service_account_id", "service_account"),
    ("scim_tokens", "scim token", "scim_token_id", "description"),
    ("sso", "sso provider", "sso_id", "provider_id"),
    ("policies", "policy", "policy_id", "policy"),
)
_WITH_EMAIL = ("members", "invites", "access_tokens")


def directory_of(snapshots: Snapshot | Iterable[Snapshot]) -> pd.DataFrame:
    """List every id that snapshots know, each once, as the newest of them knows it.

    Returns:
        One row per id: `id`, `kind` (`person`, `invitation`, `workspace`, `role`, `service key`, `token`, ...), `name`,
        `email` and `known_from` (the table and the time of the snapshot, UTC).
    """
    readings = [snapshots] if isinstance(snapshots, Snapshot) else list(snapshots)
    parts = [_part(snap, *source) for snap in _newest_first(readings) for source in _SOURCES if _has(snap, source[0])]
    parts += [_organization(snap) for snap in _newest_first(readings) if snap.meta.organization_id]
    columns = ["id", "kind", "name", "email", "known_from"]
    if not parts:
        return pd.DataFrame({name: pd.Series([], dtype=DTYPES["text"]) for name in columns})
    # One type before they meet: pandas 2 would else guess it from the parts that are not empty.
    known = pd.concat([part[columns].astype(DTYPES["text"]) for part in parts], ignore_index=True)
    return known[known["id"].notna()].drop_duplicates("id", ignore_index=True)


def resolve_names(log: pd.DataFrame, snapshots: Snapshot | Iterable[Snapshot]) -> pd.DataFrame:
    """Add names to the audit log.

    People and things that have been removed since are named from earlier snapshots, when those are given too.

    Args:
        log: `audit_log`, or what `read_log` gave.
        snapshots: one or several; the newest one that knows an id names it.

    Returns:
        A new frame with the columns of the log and `NAME_COLUMNS`: `actor_kind` is `session` (a person in the
        browser), `token` (a person's token), `service key`, `key` (one that no snapshot knows, and no person) or
        `unknown`; `actor_email`, `actor_name` and `key_name` are unknown where no snapshot knows the id;
        `resource_names` has a name or else the id for each of `resource_ids`, joined by `, ` in their order;
        every `_from` column says which table of which snapshot knew it.
    """
    known = directory_of(snapshots)
    look = _Directory(known)
    credential = text_array(log["credential_id"])
    key_kind = look.give("kind", credential)
    is_key = pc.fill_null(pc.is_in(key_kind, value_set=pa.array(["service key", "token"])), False)
    key_name = _where(is_key, look.give("name", credential))
    key_from = _where(is_key, look.give("known_from", credential))
    by_user, by_actor = text_array(log["ls_user_id"]), text_array(log["actor_id"])
    # A token tells its owner where the log's own ids are nobody's.
    owner = _where(pc.fill_null(pc.equal(key_kind, "token"), False), look.give("email", credential))
    email = pc.coalesce(look.give("email", by_user), look.give("email", by_actor), owner)
    name = pc.coalesce(look.give("name", by_user), look.give("name", by_actor))
    actor_from = pc.coalesce(
        look.give("known_from", by_user),
        look.give("known_from", by_actor),
        _where(pc.is_valid(owner), look.give("known_from", credential)),
    )
    has_person = pc.or_(pc.is_valid(by_user), pc.is_valid(by_actor))
    kind = pc.case_when(
        pc.make_struct(
            pc.fill_null(pc.equal(key_kind, "service key"), False),
            pc.fill_null(pc.equal(key_kind, "token"), False),
            pc.and_(pc.is_valid(credential), has_person),
            pc.is_valid(credential),
            has_person,
        ),
        *(pa.scalar(word) for word in ("service key", "token", "token", "key", "session", "unknown")),
    )
    resources = _resources(text_array(log["resource_ids"]), look)
    added = {
        "actor_kind": kind,
        "actor_email": email,
        "actor_name": name,
        "actor_from": actor_from,
        "key_name": key_name,
        "key_from": key_from,
        "workspace": look.give("name", text_array(log["workspace_id"])),
        **resources,
    }
    named = log.drop(columns=[column for column in NAME_COLUMNS if column in log.columns])
    return named.assign(**{column: _series(added[column], log.index) for column in NAME_COLUMNS})


class _Directory:
    """Looks ids up, column by column."""

    def __init__(self, known: pd.DataFrame) -> None:
        self._ids = text_array(known["id"])
        self._columns = {name: text_array(known[name]) for name in ("kind", "name", "email", "known_from")}

    def give(self, column: str, ids: pa.Array) -> pa.Array:
        """Give one column for ids, missing where an id is not known."""
        return self._columns[column].take(pc.index_in(ids, value_set=self._ids, skip_nulls=True))


def _newest_first(snapshots: list[Snapshot]) -> list[Snapshot]:
    return sorted(snapshots, key=lambda snap: snap.meta.read_at, reverse=True)


def _has(snapshot: Snapshot, table: str) -> bool:
    return snapshot.is_readable(table)


def _part(snapshot: Snapshot, table: str, kind: str, id_column: str, name_column: str) -> pd.DataFrame:
    has_email = table in _WITH_EMAIL
    frame = snapshot.table(table, columns=list(dict.fromkeys([id_column, name_column, *["email"] * has_email])))
    email = frame["email"] if has_email else pd.Series(pd.NA, index=frame.index, dtype=DTYPES["text"])
    name = frame[name_column].fillna(email) if has_email else frame[name_column]
    return pd.DataFrame(
        {"id": frame[id_column], "kind": kind, "name": name, "email": email, "known_from": _origin(snapshot, table)}
    )


def _organization(snapshot: Snapshot) -> pd.DataFrame:
    meta = snapshot.meta
    row = (meta.organization_id, "organization", meta.organization, None, _origin(snapshot, "settings"))
    return pd.DataFrame([row], columns=["id", "kind", "name", "email", "known_from"])


def _origin(snapshot: Snapshot, table: str) -> str:
    return f"{table} of {snapshot.meta.read_at:%Y-%m-%d %H:%M} UTC"


def _where(condition: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(condition, values, pa.scalar(None, pa.string()))


def _resources(joined: pa.Array, look: _Directory) -> dict[str, pa.Array]:
    """Name every id of joined lists, and join the names again."""
    lists = pc.split_pattern(joined, ", ")
    ids = pc.list_flatten(lists)
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])

    def join(texts: pa.Array) -> pa.Array:
        whole = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ", ")
        return _where(pc.is_valid(joined), whole)

    return {
        "resource_names": join(pc.coalesce(look.give("name", ids), look.give("email", ids), ids)),
        "resource_kinds": join(pc.fill_null(look.give("kind", ids), "unknown")),
        "resource_from": join(pc.fill_null(look.give("known_from", ids), "unknown")),
    }


def _series(texts: pa.Array, index: pd.Index) -> pd.Series:
    return pd.Series(DTYPES["text"].__from_arrow__(pa.chunked_array([texts])), index=index)
