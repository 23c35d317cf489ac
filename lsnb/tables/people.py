"""The tables `members` and `invites`: one row per person, read from the list of members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.tables import builtin_roles
from lsnb.tables.spec import (
    DTYPES,
    TableSpec,
    blank_to_null,
    build_frame,
    count,
    flag,
    split_rows,
    text,
    text_array,
    time,
    to_arrow_rows,
)

MEMBERS_ENDPOINT = "GET /v1/platform/orgs/current/members"

MEMBERS = TableSpec(
    name="members",
    row="one person who has joined the organization, also when disabled",
    columns=(
        text("email", "the address, in lower case", required=True),
        text("name", "the name that the person gave"),
        text("role", "the organization role"),
        flag("is_disabled", "whether the account is switched off, as an identity provider does to leavers"),
        count("n_workspaces", "in how many workspaces the person has a role of their own, implicit ones apart"),
        text("login_methods", "how the person may log in, as provider names joined by `, `"),
        text("provisioned_by", "what created the login, such as `scim`, joined by `, `"),
        text("scim_groups", "the identity provider's groups that the person is in, joined by ` | `"),
        time("created_at", "when the person joined"),
        text("role_name", "the system name of the organization role"),
        text("role_id", "the id of the organization role"),
        text("identity_id", "the person's id in the organization, for changes to it; unknown to keys of workspaces"),
        text("ls_user_id", "the person's id over all organizations"),
    ),
    key=("identity_id",),
    sort=("email", "identity_id"),
    endpoints=(MEMBERS_ENDPOINT, "GET /api/v1/orgs/current/members/active"),
    note="The second endpoint is for servers without the first.",
)

INVITES = TableSpec(
    name="invites",
    row="one person who has been invited and has not joined yet",
    columns=(
        text("email", "the address, in lower case", required=True),
        text("role", "the organization role that waits"),
        count("n_workspaces", "to how many workspaces"),
        text("workspaces", "the names of those workspaces, joined by `, `"),
        text("workspace_role", "the role that waits in those workspaces, where it is one for all"),
        time("created_at", "when the invitation was made"),
        text("role_name", "the system name of the organization role"),
        text("role_id", "the id of the organization role"),
        text("identity_id", "the id of the pending invitation, for changes to it; unknown to keys of workspaces"),
    ),
    key=("identity_id",),
    sort=("email", "identity_id"),
    endpoints=(MEMBERS_ENDPOINT, "GET /api/v1/orgs/current/members/pending"),
    note="The second endpoint is for servers without the first.",
)

_MEMBERSHIP = pa.struct(
    [(name, pa.string()) for name in ("workspace_id", "workspace_name", "role_id", "role_name", "tenant_id")]
)
_FIELDS: dict[str, pa.DataType] = {
    "id": pa.string(),
    "email": pa.string(),
    "display_name": pa.string(),
    "full_name": pa.string(),
    "created_at": pa.string(),
    "is_pending": pa.bool_(),
    "is_disabled": pa.bool_(),
    "ls_user_id": pa.string(),
    "role_id": pa.string(),
    "role_name": pa.string(),
    "linked_login_methods": pa.list_(
        pa.struct([(name, pa.string()) for name in ("provider", "provisioning", "provisioning_method")])
    ),
    "scim_groups": pa.list_(pa.struct([("name", pa.string())])),
    "workspace_memberships": pa.list_(_MEMBERSHIP),
}


_SYSTEM_NAMES = pa.array(builtin_roles.SYSTEM_ROLES, pa.string())
_DISPLAY_NAMES = pa.array([display for display, _ in builtin_roles.SYSTEM_ROLES.values()], pa.string())


class People:
    """The people of an organization by column, as one reading of the list of members gave them.

    Args:
        records: one mapping per person, with the fields of the service's list of members; or what `to_people` made
            of such mappings.
        roles: `roles`, to name the roles by their ids.

    Attributes:
        columns: Arrow arrays of equal length, one per field.
        memberships: Arrow arrays, one row per person and workspace: `person` (index into the columns),
            `workspace_id`, `workspace_name`, `role_id`, `role_name`.
    """

    def __init__(self, records: Sequence[Mapping[str, Any]] | pa.StructArray, roles: pd.DataFrame) -> None:
        columns = split_rows(records if isinstance(records, pa.Array) else to_people(records))
        for name in ("id", "email", "display_name", "full_name", "ls_user_id", "role_id", "role_name"):
            columns[name] = blank_to_null(columns[name])
        columns["email"] = pc.utf8_lower(pc.utf8_trim_whitespace(columns["email"]))
        columns["name"] = pc.coalesce(columns["display_name"], columns["full_name"])
        columns["is_pending"] = pc.fill_null(columns["is_pending"], False)
        columns["is_disabled"] = pc.fill_null(columns["is_disabled"], False)
        self.columns = columns
        self.roles = RoleNames(roles)
        self.memberships = _flatten_memberships(columns["workspace_memberships"])
        self.n_workspaces = pc.fill_null(pc.list_value_length(columns["workspace_memberships"]), 0)

    def __len__(self) -> int:
        return len(self.columns["id"])

    def take(self, name: str, rows: Any) -> pa.Array:
        """Pick the values of one field at the given row numbers."""
        return self.columns[name].take(rows)


def to_people(records: Sequence[Mapping[str, Any]]) -> pa.StructArray:
    """Keep of each person what the tables need, in a tenth of the memory that the service's records take."""
    return to_arrow_rows(records, _FIELDS)


class RoleNames:
    """Names roles by their ids, with the name that came along as a fallback."""

    def __init__(self, roles: pd.DataFrame) -> None:
        self._ids = text_array(roles["role_id"])
        self._display = text_array(roles["role"])
        self._system = text_array(roles["role_name"])

    def display(self, ids: pa.Array, names: pa.Array) -> pa.Array:
        """Give the names that people see; a system name that came along is translated."""
        known = pc.index_in(names, value_set=_SYSTEM_NAMES, skip_nulls=True)
        return pc.coalesce(self._display.take(self._index(ids)), _DISPLAY_NAMES.take(known), names)

    def system(self, ids: pa.Array, names: pa.Array) -> pa.Array:
        """Give the system names."""
        return pc.coalesce(self._system.take(self._index(ids)), names)

    def id_of(self, system_name: str) -> str | None:
        """Find the id of a system role; None where the service does not list it."""
        found = self._ids.filter(pc.equal(self._system, system_name)).to_pylist()
        return str(found[0]) if found else None

    def _index(self, ids: pa.Array) -> pa.Array:
        return pc.index_in(ids, value_set=self._ids, skip_nulls=True)


def _flatten_memberships(lists: pa.Array) -> dict[str, pa.Array]:
    rows = pc.list_flatten(lists)
    # Some servers say tenant_id where others say workspace_id.
    ids = pc.coalesce(pc.struct_field(rows, "workspace_id"), pc.struct_field(rows, "tenant_id"))
    return {
        "person": pc.list_parent_indices(lists),
        "workspace_id": ids,
        "workspace_name": pc.struct_field(rows, "workspace_name"),
        "role_id": blank_to_null(pc.struct_field(rows, "role_id")),
        "role_name": blank_to_null(pc.struct_field(rows, "role_name")),
    }


def _joined(lists: pa.Array, field: str, separator: str) -> pa.Array:
    """Join one field of a list of structures into a text per row, each value once; none becomes unknown."""
    values = pc.struct_field(pc.list_flatten(lists), field)
    kept = pc.is_valid(values)
    found = pd.DataFrame(
        {
            "row": pc.list_parent_indices(lists).filter(kept).to_numpy(),
            "value": pd.Series(values.filter(kept).to_pandas(), dtype=DTYPES["text"]),
        }
    ).drop_duplicates()
    ends = np.bincount(found["row"], minlength=len(lists)).cumsum()
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return blank_to_null(pc.binary_join(pa.ListArray.from_arrays(offsets, text_array(found["value"])), separator))


def build_members(people: People) -> pd.DataFrame:
    """Build `members` from everybody who has joined."""
    columns = people.columns
    rows = pc.indices_nonzero(pc.invert(columns["is_pending"]))
    logins = columns["linked_login_methods"]
    provisioning = pc.coalesce(_joined(logins, "provisioning", ", "), _joined(logins, "provisioning_method", ", "))
    role_ids, role_names = people.take("role_id", rows), people.take("role_name", rows)
    return build_frame(
        MEMBERS,
        {
            "email": pc.fill_null(people.take("email", rows), ""),
            "name": people.take("name", rows),
            "role": people.roles.display(role_ids, role_names),
            "is_disabled": people.take("is_disabled", rows),
            "n_workspaces": people.n_workspaces.take(rows),
            "login_methods": _joined(logins, "provider", ", ").take(rows),
            "provisioned_by": provisioning.take(rows),
            "scim_groups": _joined(columns["scim_groups"], "name", " | ").take(rows),
            "created_at": people.take("created_at", rows),
            "role_name": people.roles.system(role_ids, role_names),
            "role_id": role_ids,
            "identity_id": people.take("id", rows),
            "ls_user_id": people.take("ls_user_id", rows),
        },
    )


def build_invites(people: People) -> pd.DataFrame:
    """Build `invites` from everybody who has been invited and has not joined."""
    columns = people.columns
    rows = pc.indices_nonzero(columns["is_pending"])
    waiting = pd.DataFrame(
        {
            "person": people.memberships["person"].to_numpy(),
            "role": people.roles.display(people.memberships["role_id"], people.memberships["role_name"]).to_pandas(),
        }
    )
    per_person = waiting.groupby("person")["role"].agg(["first", "nunique"])
    one_role = per_person["first"].where(per_person["nunique"] == 1).reindex(rows.to_numpy())
    role_ids, role_names = people.take("role_id", rows), people.take("role_name", rows)
    return build_frame(
        INVITES,
        {
            "email": pc.fill_null(people.take("email", rows), ""),
            "role": people.roles.display(role_ids, role_names),
            "n_workspaces": people.n_workspaces.take(rows),
            "workspaces": _joined(columns["workspace_memberships"], "workspace_name", ", ").take(rows),
            "workspace_role": pa.array(one_role, type=pa.string(), from_pandas=True),
            "created_at": people.take("created_at", rows),
            "role_name": people.roles.system(role_ids, role_names),
            "role_id": role_ids,
            "identity_id": people.take("id", rows),
        },
    )
