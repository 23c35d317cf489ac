"""The differences of tables whose rows have an id of their own: workspaces, roles, keys, tokens, settings, policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from lsnb.analysis.compare.rows import are_different, join_rows, make_rows, match, rest, take, to_words
from lsnb.tables.spec import DTYPES


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is compared.

    Args:
        column: what is shown.
        what: what it is called.
        by: the column that decides, such as the id behind a name.
        only_known: where one side does not say, nothing differs.
        is_name: another value is another name of the same thing.
    """

    column: str
    what: str
    by: str = ""
    only_known: bool = False
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """How a table is compared.

    Args:
        area: what its rows are called in a difference.
        table: the table.
        noun: what one row is.
        key: the columns that identify a row.
        item: the column that names it.
        fields: the columns that are compared.
        shown: the columns that describe a row that came or went.
        email: the column with the person it belongs to.
        workspace: the column with its workspace.
        self_id: the column with the id of the only person who may change it.
    """

    area: str
    table: str
    noun: str
    key: tuple[str, ...]
    item: str
    fields: tuple[Field, ...]
    shown: tuple[str, ...] = ()
    email: str = ""
    workspace: str = ""
    self_id: str = ""


AREAS: tuple[Area, ...] = (
    Area(
        "workspaces",
        "workspaces",
        "workspace",
        ("workspace_id",),
        "workspace",
        (
            Field("workspace", "name", is_name=True),
            Field("is_deleted", "deleted", only_known=True),
            Field("handle", "handle"),
            Field("data_plane_url", "data plane"),
        ),
        workspace="workspace",
    ),
    Area(
        "roles",
        "roles",
        "role",
        ("role_id",),
        "role",
        (
            Field("role", "name", is_name=True),
            Field("description", "description"),
            Field("is_restricted", "restricted", only_known=True),
        ),
        shown=("scope", "permissions"),
    ),
    Area(
        "service keys",
        "service_keys",
        "service key",
        ("service_key_id",),
        "description",
        (
            Field("description", "description", is_name=True),
            Field("scope", "scope", only_known=True),
            Field("role", "role", by="role_id", only_known=True),
            Field("organization_role", "organization role", by="organization_role_id", only_known=True),
            Field("workspaces", "workspaces", by="workspaces_now"),
            Field("expires_at", "expiry"),
        ),
        shown=("short_key", "role", "organization_role", "workspaces", "expires_at"),
    ),
    Area(
        "tokens",
        "access_tokens",
        "token",
        ("access_token_id",),
        "description",
        (
            Field("description", "description", is_name=True),
            Field("is_revoked", "revoked", only_known=True),
            Field("workspaces", "workspaces", by="workspaces_now"),
            Field("expires_at", "expiry"),
        ),
        shown=("short_key", "workspaces", "expires_at"),
        email="email",
        self_id="ls_user_id",
    ),
    Area(
        "service accounts",
        "service_accounts",
        "service account",
        ("service_account_id",),
        "service_account",
        (
            Field("service_account", "name", is_name=True),
            Field("default_workspace", "default workspace", by="default_workspace_id"),
        ),
        shown=("default_workspace",),
    ),
    Area("settings", "settings", "setting", ("area", "setting"), "setting", (Field("value", "value"),), ("value",)),
    Area(
        "single sign-on",
        "sso",
        "provider",
        ("sso_id",),
        "provider_id",
        (
            Field("provider_id", "provider id", is_name=True),
            Field("default_role", "default role", by="default_role_id"),
            Field("default_workspaces", "default workspaces", by="default_workspace_ids"),
            Field("metadata_url", "metadata address"),
            Field("has_groups", "groups used"),
            Field("is_group_required", "group required"),
            Field("has_group_role_sync", "groups decide roles"),
            Field("group_claim", "group claim"),
        ),
        shown=("default_role", "default_workspaces"),
    ),
    Area(
        "SCIM tokens",
        "scim_tokens",
        "SCIM token",
        ("scim_token_id",),
        "description",
        (Field("description", "description", is_name=True),),
        shown=("short_token",),
    ),
    Area(
        "access policies",
        "policies",
        "policy",
        ("policy_id",),
        "policy",
        (
            Field("policy", "name", is_name=True),
            Field("effect", "effect"),
            Field("roles", "roles", by="role_ids"),
            Field("conditions", "conditions"),
            Field("description", "description"),
        ),
        shown=("effect", "roles", "conditions"),
    ),
    Area(
        "public links",
        "shared_links",
        "public link",
        ("workspace_id", "kind", "resource_id"),
        "title",
        (),
        shown=("kind", "project"),
        workspace="workspace",
    ),
)
_CONDITION = ("permission", "resource_type", "attribute_key", "operator", "attribute_value")
# It is about whose key read the snapshot, not about the organization.
_ABOUT_THE_READER = frozenset({"member_disabled"})


def compare_table(
    area: Area,
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    knows_presence: bool,
    new_names: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Compare a table of two snapshots.

    Args:
        area: how.
        a: the table of the earlier one.
        b: the table of the later one.
        knows_presence: whether a row that is on one side only came or went; where a side was read in part, nobody
            knows.
        new_names: the present names of workspaces by their earlier ones, so that a rename does not show up wherever
            the name is used.
    """
    a, b = _prepare(area, a, new_names), _prepare(area, b, {})
    left, right = match(_key(area, a), _key(area, b))
    old, new = take(a, left), take(b, right)
    parts = []
    for field in area.fields:
        deciding = field.by or field.column
        differ = are_different(old[deciding], new[deciding], only_known=field.only_known)
        if field.by:
            # Where an id is missing on either side, the name decides.
            unknown = (old[deciding].isna() | new[deciding].isna()).to_numpy(dtype=bool)
            names = are_different(old[field.column], new[field.column], only_known=field.only_known)
            differ = (differ & ~unknown) | (unknown & names)
        if differ.any():
            was, now = old[differ], new[differ]
            parts.append(
                _rows(
                    area,
                    now,
                    change="renamed" if field.is_name else "changed",
                    what=field.what,
                    before=to_words(was[field.column]),
                    after=to_words(now[field.column]),
                )
            )
    if knows_presence:
        gone, come = take(a, rest(len(a), left)), take(b, rest(len(b), right))
        parts.append(_rows(area, gone, change="removed", what=area.noun, before=_describe(area, gone)))
        parts.append(_rows(area, come, change="added", what=area.noun, after=_describe(area, come)))
    return join_rows(parts)


def compare_permissions(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """Compare what the roles grant that both snapshots know from the service.

    Args:
        a: `permissions` of the earlier snapshot, of roles that both have.
        b: the same of the later one.
    """
    key = ["role_id", "permission"]
    documented = set(a.loc[a["known_from"] == "documentation", "role_id"])
    documented |= set(b.loc[b["known_from"] == "documentation", "role_id"])
    a, b = (frame[~frame["role_id"].isin(list(documented))].reset_index(drop=True) for frame in (a, b))
    marks = [frame[key[0]] + "\x1f" + frame[key[1]] for frame in (a, b)]
    left, right = match(marks[0], marks[1])
    gone, come = take(a, rest(len(a), left)), take(b, rest(len(b), right))
    shared = {"area": "roles", "what": "permission"}
    return join_rows(
        [
            make_rows(
                gone.index,
                **shared,
                change="removed",
                item=gone["role"],
                before=gone["permission"],
                item_id=gone["role_id"],
            ),
            make_rows(
                come.index,
                **shared,
                change="added",
                item=come["role"],
                after=come["permission"],
                item_id=come["role_id"],
            ),
        ]
    )


def _prepare(area: Area, frame: pd.DataFrame, new_names: Mapping[str, str]) -> pd.DataFrame:
    if area.table == "policies":
        return _policies(frame)
    if area.table == "settings":
        return frame[~frame["setting"].isin(list(_ABOUT_THE_READER))].reset_index(drop=True)
    if area.table in ("service_keys", "access_tokens"):
        return frame.assign(workspaces_now=with_new_names(frame["workspaces"], new_names)).reset_index(drop=True)
    return frame.reset_index(drop=True)


def with_new_names(joined: pd.Series, new_names: Mapping[str, str]) -> pd.Series:
    """Bring joined names to their present form and to one order, so that only another set of things differs."""
    known: dict[object, str] = {
        text: ", ".join(sorted(new_names.get(name, name) for name in str(text).split(", ")))
        for text in joined.dropna().unique()
    }
    texts: pd.Series = joined.astype(object).map(known, na_action="ignore").astype(DTYPES["text"])
    return texts


def _policies(frame: pd.DataFrame) -> pd.DataFrame:
    """Give one row per policy, with its conditions as one text that does not depend on their order."""
    words = {name: frame[name].astype(object).where(frame[name].notna(), "") for name in _CONDITION}
    texts = pd.DataFrame(
        {
            "policy_id": frame["policy_id"].astype(object),
            "group": frame["group"].fillna(-1).astype("int64"),
            "about": [f"{p} of {r}" for p, r in zip(words["permission"], words["resource_type"], strict=True)],
            "tag": [" ".join(map(str, tag)) for tag in zip(*(words[name] for name in _CONDITION[2:]), strict=True)],
        }
    )
    rules: dict[str, list[str]] = {}
    for (policy, _, about), group in texts.groupby(["policy_id", "group", "about"]):
        tags = " and ".join(sorted(tag for tag in group["tag"] if tag.strip()))
        rules.setdefault(str(policy), []).append(f"{about} if {tags}" if tags else str(about))
    joined = {policy: "; ".join(sorted(rule for rule in listed if rule != " of ")) for policy, listed in rules.items()}
    single = frame.drop_duplicates("policy_id", ignore_index=True)
    conditions = single["policy_id"].astype(object).map(joined).astype(DTYPES["text"]).replace("", pd.NA)
    return single.assign(conditions=conditions, role_ids=with_new_names(single["role_ids"], {}))


def _key(area: Area, frame: pd.DataFrame) -> pd.Series:
    key: pd.Series = frame[area.key[0]].astype(DTYPES["text"])
    for name in area.key[1:]:
        key = key + "\x1f" + frame[name].fillna("")
    return key


def _rows(area: Area, frame: pd.DataFrame, **columns: object) -> pd.DataFrame:
    id_column = "setting" if area.table == "settings" else area.key[-1]
    return make_rows(
        frame.index,
        area=area.area,
        item=frame[area.item],
        email=frame[area.email] if area.email else None,
        workspace=frame[area.workspace] if area.workspace else None,
        item_id=frame[id_column],
        workspace_id=frame["workspace_id"] if area.workspace else None,
        self_id=frame[area.self_id] if area.self_id else None,
        **columns,
    )


def _describe(area: Area, frame: pd.DataFrame) -> pd.Series:
    """Describe rows that came or went: what is known of them, in one text."""
    parts = [to_words(frame[name]).fillna("") for name in area.shown if name in frame.columns]
    nothing: pd.Series = pd.Series(pd.NA, index=frame.index, dtype=DTYPES["text"])
    if not parts:
        return nothing
    whole: pd.Series = parts[0]
    for part in parts[1:]:
        glue = pd.Series("; ", index=frame.index, dtype=DTYPES["text"]).where((whole != "") & (part != ""), "")
        whole = whole + glue + part
    described: pd.Series = whole.replace("", pd.NA)
    return described
