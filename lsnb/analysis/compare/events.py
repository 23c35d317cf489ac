"""Which event of the audit log explains a difference.

The log says who and when, not what: so events are found by operation, id, workspace and time. What names something else
that is known is never taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from lsnb.analysis.id_resolution import directory_of, resolve_names
from lsnb.snapshot import Snapshot
from lsnb.tables.spec import DTYPES, text_array

_INVITE = ("invite_user_to_org", "invite_users_to_org_batch", "add_members_to_workspace_batch")
_ADD = ("add_member_to_workspace", "add_members_to_workspace_batch")
_MEMBER = ("update_org_member", "update_basic_auth_user")

#: Which operations can cause a difference, by area and change; what stands behind `/` narrows it to one `what`.
OPERATIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("people", "added"): (*_INVITE, "add_basic_auth_users_to_org"),
    ("people", "removed"): ("delete_org_member",),
    ("people", "changed"): _MEMBER,
    ("people", "renamed"): _MEMBER,
    ("invitations", "added"): _INVITE,
    ("invitations", "removed"): ("delete_org_pending_member",),
    ("invitations", "changed"): (
        *_MEMBER,
        *_ADD,
        "update_workspace_member",
        "delete_workspace_pending_member",
        *_INVITE,
    ),
    ("access", "added"): (*_ADD, "create_workspace"),
    ("access", "removed"): ("delete_workspace_member", "delete_org_member", "delete_workspace"),
    ("access", "changed"): ("update_workspace_member",),
    ("workspaces", "added"): ("create_workspace",),
    ("workspaces", "removed"): ("delete_workspace",),
    ("workspaces", "changed"): ("update_workspace", "set_tenant_handle", "delete_workspace"),
    ("workspaces", "renamed"): ("update_workspace",),
    ("roles", "added/role"): ("create_role",),
    ("roles", "removed/role"): ("delete_role",),
    ("roles", "added/permission"): ("update_role",),
    ("roles", "removed/permission"): ("update_role",),
    ("roles", "changed"): ("update_role",),
    ("roles", "renamed"): ("update_role",),
    ("service keys", "added"): ("create_service_key", "create_api_key"),
    ("service keys", "removed"): ("delete_service_key", "delete_api_key"),
    ("service keys", "changed"): ("update_service_key",),
    ("service keys", "renamed"): ("update_service_key",),
    ("tokens", "added"): ("create_personal_access_token", "create_api_key"),
    ("tokens", "removed"): ("delete_personal_access_token", "delete_api_key"),
    ("tokens", "changed"): ("update_personal_access_token", "revoke_personal_access_token"),
    ("tokens", "renamed"): ("update_personal_access_token",),
    ("service accounts", "added"): ("create_service_account",),
    ("service accounts", "removed"): ("delete_service_account",),
    ("settings", "changed"): ("update_organization_info",),
    ("single sign-on", "added"): ("create_sso_settings",),
    ("single sign-on", "removed"): ("delete_sso_settings",),
    ("single sign-on", "changed"): ("update_sso_settings",),
    ("single sign-on", "renamed"): ("update_sso_settings",),
    ("SCIM tokens", "added"): ("create_scim_token",),
    ("SCIM tokens", "removed"): ("delete_scim_token",),
    ("SCIM tokens", "renamed"): ("update_scim_token",),
    ("access policies", "added"): ("create_access_policy",),
    ("access policies", "removed"): ("delete_access_policy",),
    ("access policies", "changed"): ("update_access_policy", "attach_access_policies", "detach_access_policies"),
    ("access policies", "renamed"): ("update_access_policy",),
    ("public links", "removed"): ("unshare_entities",),
}
_LOGIN_ONLY = {"sso_only": "update_login_methods", "default_sso_provision": "update_default_sso_provision_organization"}
KNOWN_OPERATIONS = frozenset(
    (*(operation for operations in OPERATIONS.values() for operation in operations), *_LOGIN_ONLY.values())
)
# Operations about a workspace as a whole: they explain its rows by the workspace's id.
_OF_WORKSPACES = ("create_workspace", "delete_workspace")
# What an operation that nobody knows does, by its first word.
_VERBS = {
    "added": ("create", "add", "invite", "share", "provision"),
    "removed": ("delete", "remove", "revoke", "unshare", "deprovision"),
    "changed": ("update", "set", "patch", "attach", "detach", "revoke", "reinstate", "rotate", "restrict"),
    "renamed": ("update", "set", "patch", "rename"),
    "joined": ("claim", "accept", "join"),
}
_READ_WORDS = ("list", "get", "read", "export", "query", "search")
_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_MATCH_TYPES = {"row": "int64", "event": "int64", "n": "int64", "matched_by": "object"}
_MATCH_COLUMNS = list(_MATCH_TYPES)


class Windows:
    """The time in which each table changed: from when the one snapshot had read it until the other one had.

    Args:
        before: the earlier snapshot.
        after: the later one.
    """

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self._first = _read_times(before, "min"), before.meta.read_at
        self._last = _read_times(after, "max"), after.meta.read_at
        self.start = min([self._first[1], *self._first[0].values()])
        self.end = self._last[1]

    def of(self, table: str) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Give the time of a table: after the first, until and with the second."""
        start = self._first[0].get(table, self._first[1])
        return min(start, self._first[1]), min(self._last[0].get(table, self._last[1]), self._last[1])


def _read_times(snapshot: Snapshot, which: str) -> dict[str, pd.Timestamp]:
    readings = snapshot.completeness.dropna(subset=["read_at"])
    return {str(table): at for table, at in readings.groupby("table")["read_at"].agg(which).items()}


def events_of(logs: Iterable[pd.DataFrame | None], windows: Windows) -> pd.DataFrame | None:
    """Give the events between two readings that may have changed something, each once; None where there is no log."""
    parts = []
    for log in logs:
        if log is not None:
            inside = (log["at"] > windows.start) & (log["at"] <= windows.end)
            parts.append(log[inside.fillna(False).astype(bool)])
    if not parts:
        return None
    events = _stack(parts)
    events = events.drop_duplicates("event_id")
    is_read_word = np.isin(_first_words(events["operation"]).astype(str), _READ_WORDS)
    is_read = events["method"].isin(["GET", "HEAD"]).astype(bool) | pd.Series(is_read_word, index=events.index)
    failed = events["outcome"] == "Failure"
    keep = ~is_read & ~failed.fillna(False).astype(bool) & events["operation"].notna()
    return events[keep].sort_values(["at", "event_id"], ignore_index=True)


def attribute(
    rows: pd.DataFrame,
    events: pd.DataFrame | None,
    windows: Windows,
    table_of: Mapping[str, str],
    snapshots: list[Snapshot],
) -> pd.DataFrame:
    """Join every difference to the event that explains it.

    Args:
        rows: the differences.
        events: what `events_of` gave.
        windows: when each table changed.
        table_of: the table behind each area.
        snapshots: who knows the names of actors and keys.

    Returns:
        The rows with the columns of an event, in their order.
    """
    matches = _no_matches()
    if events is not None and len(events) and len(rows):
        finder = _Finder(rows, events, snapshots)
        parts = [
            finder.find(np.flatnonzero((rows["area"] == area).to_numpy(dtype=bool)), windows.of(table_of[str(area)]))
            for area in rows["area"].unique()
        ]
        matches = finder.inherit(_stack(parts))
    return _with_events(rows, events, matches, snapshots)


class _Finder:
    """Looks for the events of differences, the surest way first."""

    def __init__(self, rows: pd.DataFrame, events: pd.DataFrame, snapshots: list[Snapshot]) -> None:
        self.rows = rows
        self.events = events
        self.ids = _ids_of(events)
        directory = directory_of(snapshots)
        broad = directory["kind"].isin(["workspace", "organization"])
        named = self.ids[self.ids["id"].isin(directory.loc[~broad, "id"])]["event"].unique()
        self.names_something = np.zeros(len(events), dtype=bool)
        self.names_something[named] = True
        self.verb = _first_words(events["operation"])
        self.is_known = events["operation"].isin(list(KNOWN_OPERATIONS)).to_numpy(dtype=bool)

    def find(self, positions: np.ndarray, window: tuple[pd.Timestamp, pd.Timestamp]) -> pd.DataFrame:
        """Find the events of the rows of one area."""
        at = self.events["at"]
        inside = ((at > window[0]) & (at <= window[1])).to_numpy(dtype=bool)
        wanted = self._wanted(positions)
        found: list[pd.DataFrame] = []
        for how in (self._by_id, self._by_unknown, self._by_workspace, self._by_operation):
            done = {row for part in found for row in part["row"]}
            found.append(how(wanted[~wanted["row"].isin(done)], inside))
        return _stack(found)

    def _wanted(self, positions: np.ndarray) -> pd.DataFrame:
        """List for each row the operations that can have caused it."""
        rows = self.rows.take(positions)
        pieces = []
        for (area, change, what, item), group in rows.assign(
            setting=rows["item"].where(rows["item"].isin(list(_LOGIN_ONLY)) & (rows["area"] == "settings"), "")
        ).groupby(["area", "change", "what", "setting"], dropna=False):
            usual = OPERATIONS.get((str(area), str(change)), ())
            operations = OPERATIONS.get((str(area), f"{change}/{what}"), usual)
            operations = (_LOGIN_ONLY[str(item)],) if item in _LOGIN_ONLY else operations
            # A row without a known operation still has a verb.
            for operation in operations or ("",):
                piece = group[["item_id", "other_id", "workspace_id", "self_id", "change"]].copy()
                pieces.append(piece.assign(row=group.index, operation=operation))
        return _stack(pieces)

    def _by_id(self, wanted: pd.DataFrame, inside: np.ndarray) -> pd.DataFrame:
        """Find events of a known operation that name the same thing."""
        of_place = wanted["operation"].isin(list(_OF_WORKSPACES))
        parts = [
            wanted.loc[~of_place, ["row", "operation", "item_id"]].rename(columns={"item_id": "id"}),
            wanted.loc[~of_place, ["row", "operation", "other_id"]].rename(columns={"other_id": "id"}),
            wanted.loc[of_place, ["row", "operation", "workspace_id"]].rename(columns={"workspace_id": "id"}),
        ]
        keys = _stack(parts).dropna()
        ids = self.ids[inside[self.ids["event"].to_numpy()]]
        ids = ids.assign(operation=self.events["operation"].take(ids["event"]).to_numpy())
        return _last(keys, ids, ["operation", "id"], "id")

    def _by_unknown(self, wanted: pd.DataFrame, inside: np.ndarray) -> pd.DataFrame:
        """Find events of operations that nobody knows, which name the same thing and whose verb fits."""
        single = wanted.drop_duplicates("row")
        keys = single.melt(id_vars=["row", "change"], value_vars=["item_id", "other_id"], value_name="id").dropna()
        verbs = pd.DataFrame(
            [(change, verb) for change, words in _VERBS.items() for verb in words], columns=["change", "verb"]
        )
        keys = keys.merge(verbs, on="change")[["row", "verb", "id"]]
        usable = inside & ~self.is_known
        ids = self.ids[usable[self.ids["event"].to_numpy()]]
        ids = ids.assign(verb=self.verb[ids["event"].to_numpy()])
        by_id = _last(keys, ids, ["verb", "id"], "id")
        # Who joins does it alone: the event is theirs.
        joined = single[(single["change"] == "joined") & single["self_id"].notna() & ~single["row"].isin(by_id["row"])]
        events = np.flatnonzero(usable & np.isin(self.verb.astype(str), _VERBS["joined"]))
        own = pd.DataFrame({"event": events, "self_id": self.events["ls_user_id"].take(events).to_numpy()})
        return _stack([by_id, _last(joined[["row", "self_id"]], own, ["self_id"], "actor")])

    def _by_workspace(self, wanted: pd.DataFrame, inside: np.ndarray) -> pd.DataFrame:
        """Find events of a known operation in the same workspace, about somebody whose id nobody knows."""
        keys = wanted.loc[wanted["workspace_id"].notna(), ["row", "operation", "workspace_id"]]
        keys = keys[~keys["operation"].isin(["delete_org_member", *_OF_WORKSPACES])]
        events = np.flatnonzero(inside & ~self.names_something)
        places = self.events["workspace_id"].take(events).to_numpy()
        operations = self.events["operation"].take(events).to_numpy()
        free = pd.DataFrame({"event": events, "operation": operations, "workspace_id": places})
        return _last(keys, free, ["operation", "workspace_id"], "workspace")

    def _by_operation(self, wanted: pd.DataFrame, inside: np.ndarray) -> pd.DataFrame:
        """Find events of a known operation that name nothing that is known."""
        keys = wanted[(wanted["operation"] != "") & wanted["workspace_id"].isna()]
        events = np.flatnonzero(inside & ~self.names_something)
        operations = self.events["operation"].take(events).to_numpy()
        actors = self.events["ls_user_id"].take(events).to_numpy()
        free = pd.DataFrame({"event": events, "operation": operations, "self_id": actors})
        own = keys["self_id"].notna()
        return _stack(
            [
                _last(keys.loc[own, ["row", "operation", "self_id"]], free, ["operation", "self_id"], "actor"),
                _last(keys.loc[~own, ["row", "operation"]], free, ["operation"], "operation"),
            ]
        )

    def inherit(self, matches: pd.DataFrame) -> pd.DataFrame:
        """Give the access of people who came, joined or left the event that explains these people."""
        rows = self.rows
        moved = (rows["area"] == "people") & rows["change"].isin(["added", "joined", "removed"])
        people = rows[moved.astype(bool)]
        causes = matches.merge(
            pd.DataFrame({"row": people.index, "email": people["email"], "change": people["change"]}), on="row"
        ).drop_duplicates(["email", "change"])
        open_rows = rows[(rows["area"] == "access").to_numpy(dtype=bool) & ~rows.index.isin(matches["row"])]
        mine = pd.DataFrame({"row": open_rows.index, "email": open_rows["email"], "change": open_rows["change"]})
        given = mine.merge(causes.drop(columns="row"), on=["email", "change"]).assign(matched_by="person")
        return _stack([matches, given[_MATCH_COLUMNS]])


def _last(keys: pd.DataFrame, events: pd.DataFrame, on: list[str], how: str) -> pd.DataFrame:
    """Take for every row the last of the events with its key, and count them all.

    Events are numbered by time, so the last one has the highest number. They are counted by key before they meet the
    rows, so that many rows and many events of one key do not multiply.
    """
    if keys.empty or events.empty:
        return _no_matches()
    events = events[["event", *on]].dropna().drop_duplicates()
    by_key = events.groupby([events[name].astype(object) for name in on])["event"].agg(["max", "size"]).reset_index()
    plain = keys.assign(**{name: keys[name].astype(object) for name in on})
    met = plain.merge(by_key, on=on)
    best = met.groupby("row").agg(event=("max", "max"), n=("size", "sum")).reset_index()
    return best.assign(matched_by=how)[_MATCH_COLUMNS]


def _no_matches() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=_MATCH_TYPES[name]) for name in _MATCH_COLUMNS})


def _stack(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put frames under each other; empty ones are left out, as their types would count otherwise."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0].reset_index(drop=True)


def _ids_of(events: pd.DataFrame) -> pd.DataFrame:
    """List the ids that events name, as their resources or in the path of the call: event, id."""
    lists = pc.split_pattern(text_array(events["resource_ids"]), ", ")
    listed = pd.DataFrame(
        {"event": pc.list_parent_indices(lists).to_numpy(), "id": pc.list_flatten(lists).to_numpy(zero_copy_only=False)}
    )
    has_id = pc.fill_null(pc.match_substring_regex(text_array(events["path"]), _UUID), False).to_numpy(
        zero_copy_only=False
    )
    in_path = events["path"][has_id].astype(object).str.findall(_UUID).explode()
    paths = pd.DataFrame({"event": in_path.index.to_numpy(dtype=np.int64), "id": in_path.to_numpy(dtype=object)})
    return _stack([listed, paths]).dropna().drop_duplicates(ignore_index=True)


def _first_words(operations: pd.Series) -> np.ndarray:
    """Give the verbs of operations such as `update_role`; unknown becomes empty."""
    verbs = pc.replace_substring_regex(text_array(operations), "_.*$", "")
    found: np.ndarray = pc.fill_null(verbs, "").to_numpy(zero_copy_only=False)
    return found.astype(object)


def _with_events(
    rows: pd.DataFrame, events: pd.DataFrame | None, matches: pd.DataFrame, snapshots: list[Snapshot]
) -> pd.DataFrame:
    n = len(rows)
    event = np.full(n, -1, dtype=np.int64)
    others = np.zeros(n, dtype=np.int64)
    how = np.full(n, None, dtype=object)
    at = matches["row"].to_numpy(dtype=np.int64)
    event[at] = matches["event"].to_numpy(dtype=np.int64)
    others[at] = matches["n"].to_numpy(dtype=np.int64) - 1
    how[at] = matches["matched_by"].to_numpy(dtype=object)
    attributed = event >= 0
    result = rows.assign(
        attributed=pd.Series(attributed, dtype=DTYPES["flag"]),
        matched_by=pd.Series(how, dtype=DTYPES["text"]),
        n_other_events=pd.Series(others, dtype=DTYPES["count"]),
    )
    if events is None or not attributed.any():
        empty = pd.Series([None] * n, dtype=DTYPES["text"])
        when = pd.Series([None] * n, dtype=DTYPES["time"])
        return result.assign(when=when, actor=empty, key=empty, operation=empty, event_id=empty)
    used = np.unique(event[attributed])
    named = resolve_names(events.take(used), snapshots).set_index(pd.Index(used))
    actor = named["actor_email"].fillna(named["actor_name"]).fillna(named["ls_user_id"]).fillna(named["actor_id"])
    key = named["key_name"].fillna(named["credential_id"])
    columns = {
        "when": named["at"],
        "actor": actor,
        "key": key,
        "operation": named["operation"],
        "event_id": named["event_id"],
    }
    return result.assign(**{name: values.reindex(event).reset_index(drop=True) for name, values in columns.items()})
