"""The table `access`: who holds which role where, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lsnb.tables import builtin_roles
from lsnb.tables.people import MEMBERS_ENDPOINT, People
from lsnb.tables.spec import DTYPES, TableSpec, build_frame, text, text_array

ACCESS = TableSpec(
    name="access",
    row="one role that one person holds, in the organization or in one workspace",
    columns=(
        text("email", "the person's address, in lower case", required=True),
        text("name", "the person's name; unknown for people who have not joined"),
        text("scope", "`organization` or `workspace`: where the role applies", required=True),
        text("workspace", "the workspace's name; unknown for roles of the organization"),
        text("role", "the role's name as people see it"),
        text(
            "source",
            "why the person holds it: `direct` (given to them), `org-admin` (Organization Admins are Admin in every "
            "workspace), `no-rbac` (without roles in the plan, every member of a workspace is its Admin), `group` (an "
            "identity provider's group gives it) or `invite` (waits for the person to join)",
            required=True,
        ),
        text(
            "state", "`active`, `pending` (has not joined) or `disabled` (the account is switched off)", required=True
        ),
        text("workspace_id", "the workspace's id; unknown for roles of the organization"),
        text("role_id", "the role's id; unknown where the plan has no roles"),
        text("role_name", "the role's system name; every custom role has `CUSTOM`"),
        text(
            "identity_id",
            "the person's id in the organization, or of the pending invitation; unknown to keys of workspaces",
        ),
        text("ls_user_id", "the person's id over all organizations; unknown for people who have not joined"),
    ),
    key=("identity_id", "scope", "workspace_id", "source"),
    sort=("email", "identity_id", "scope", "workspace", "source"),
    endpoints=(
        MEMBERS_ENDPOINT,
        "GET /api/v1/orgs/current/roles",
        "GET /api/v1/workspaces",
        "GET /api/v1/orgs/current/info",
    ),
    note=(
        "Every person has one row with scope `organization`. An Organization Admin has a row for every workspace with "
        "source `org-admin`, and beside it a `direct` one where they were also added by hand. Servers without the list "
        "of members with their workspaces are read workspace by workspace."
    ),
)

Rows = npt.NDArray[np.int64]


def build_access(
    people: People, workspaces: pd.DataFrame, *, has_rbac: bool, group_separator: str = ":"
) -> pd.DataFrame:
    """Build `access` from the people, with the access that nobody wrote down.

    Args:
        people: the people as the list of members gave them.
        workspaces: `workspaces`.
        has_rbac: whether the organization's plan has roles; without, every member of a workspace is its Admin.
        group_separator: what stands between the parts of an identity provider's group names.
    """
    places = workspaces[~workspaces["is_deleted"].fillna(False).astype(bool)]
    parts = [
        _organization_rows(people, group_separator),
        _membership_rows(people, workspaces, has_rbac=has_rbac, group_separator=group_separator),
        _implicit_rows(people, places),
    ]
    merged = {name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]}
    order = _order(people, merged)
    person = merged.pop("person").take(order)
    columns = {name: column.take(order) for name, column in merged.items()}
    is_pending = people.columns["is_pending"]
    state = pc.if_else(is_pending, "pending", pc.if_else(people.columns["is_disabled"], "disabled", "active"))
    return build_frame(
        ACCESS,
        {
            "email": pc.fill_null(people.take("email", person), ""),
            "name": pc.if_else(is_pending, pa.scalar(None, pa.string()), people.columns["name"]).take(person),
            "state": state.take(person),
            "identity_id": people.take("id", person),
            "ls_user_id": people.take("ls_user_id", person),
            **columns,
        },
        presorted=True,
    )


def _constant(value: str | None, length: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), length)


def _organization_rows(people: People, separator: str) -> dict[str, pa.Array]:
    n = len(people)
    ids, names = people.columns["role_id"], people.columns["role_name"]
    role = people.roles.display(ids, names)
    by_group = _given_by_group(people, separator, np.arange(n), None, role)
    return {
        "person": pa.array(np.arange(n)),
        "scope": _constant("organization", n),
        "workspace": pa.nulls(n, pa.string()),
        "workspace_id": pa.nulls(n, pa.string()),
        "role": role,
        "role_id": ids,
        "role_name": people.roles.system(ids, names),
        "source": pc.if_else(people.columns["is_pending"], "invite", pc.if_else(by_group, "group", "direct")),
    }


def _membership_rows(
    people: People, workspaces: pd.DataFrame, *, has_rbac: bool, group_separator: str
) -> dict[str, pa.Array]:
    rows = people.memberships
    n = len(rows["person"])
    known = pc.index_in(rows["workspace_id"], value_set=text_array(workspaces["workspace_id"]))
    workspace = pc.coalesce(
        text_array(workspaces["workspace"]).take(known), rows["workspace_name"], rows["workspace_id"]
    )
    role = people.roles.display(rows["role_id"], rows["role_name"])
    role_name = people.roles.system(rows["role_id"], rows["role_name"])
    pending = people.columns["is_pending"].take(rows["person"])
    if has_rbac:
        by_group = _given_by_group(people, group_separator, rows["person"].to_numpy(), workspace, role)
        granted = pc.if_else(by_group, "group", "direct")
    else:
        granted = _constant("no-rbac", n)
        role = _constant(builtin_roles.SYSTEM_ROLES[builtin_roles.WORKSPACE_ADMIN][0], n)
        role_name = _constant(builtin_roles.WORKSPACE_ADMIN, n)
    return {
        "person": rows["person"].cast(pa.int64()),
        "scope": _constant("workspace", n),
        "workspace": workspace,
        "workspace_id": rows["workspace_id"],
        "role": role,
        "role_id": rows["role_id"],
        "role_name": role_name,
        "source": pc.if_else(pending, "invite", granted),
    }


def _implicit_rows(people: People, places: pd.DataFrame) -> dict[str, pa.Array]:
    """Give every Organization Admin who has joined the role Admin in every workspace."""
    system = people.roles.system(people.columns["role_id"], people.columns["role_name"])
    joined = pc.invert(people.columns["is_pending"])
    is_admin = pc.fill_null(pc.equal(system, builtin_roles.ORGANIZATION_ADMIN), False)
    admins = pc.indices_nonzero(pc.and_(is_admin, joined)).to_numpy()
    n = len(admins) * len(places)
    place = pa.array(np.tile(np.arange(len(places)), len(admins)))
    return {
        "person": pa.array(np.repeat(admins, len(places)).astype(np.int64)),
        "scope": _constant("workspace", n),
        "workspace": text_array(places["workspace"]).take(place),
        "workspace_id": text_array(places["workspace_id"]).take(place),
        "role": _constant(builtin_roles.SYSTEM_ROLES[builtin_roles.WORKSPACE_ADMIN][0], n),
        "role_id": _constant(people.roles.id_of(builtin_roles.WORKSPACE_ADMIN), n),
        "role_name": _constant(builtin_roles.WORKSPACE_ADMIN, n),
        "source": _constant("org-admin", n),
    }


def _given_by_group(people: People, separator: str, person: Rows, workspace: Any, role: Any) -> pa.Array:
    """Tell which grants an identity provider's group gives, by the group's name.

    A group is named `<prefix><organization role>`, or
    `<prefix><organization role><separator><workspace><separator><workspace role>`.
    """
    lists = people.columns["scim_groups"]
    owners = pc.list_parent_indices(lists).to_numpy()
    if len(owners) == 0:
        return pa.repeat(pa.scalar(False), len(person))
    names = pc.struct_field(pc.list_flatten(lists), "name").to_pandas().fillna("").astype(str)
    split = names.str.rsplit(separator, n=2, expand=True).reindex(columns=[0, 1, 2])
    parts = {"head": split[0], "workspace": split[1], "role": split[2]}
    groups = pd.DataFrame({"person": owners, **{name: part.astype(DTYPES["text"]) for name, part in parts.items()}})
    grants = pd.DataFrame({"person": person, "role": role.to_pandas().astype(DTYPES["text"])})
    grants["row"] = np.arange(len(grants))
    if workspace is None:
        candidates = grants.merge(groups[["person", "head"]], on="person")
        head = candidates["head"].str.lower().str.rstrip("s")
        wanted = candidates["role"].fillna("?").str.lower().str.rstrip("s")
        hits = [name.endswith(role) for name, role in zip(head, wanted, strict=True)]
        found = candidates.loc[hits, "row"]
    else:
        grants["workspace"] = workspace.to_pandas().astype(DTYPES["text"])
        keys = ["person", "workspace", "role"]
        for frame in (grants, groups):
            frame[keys[1:]] = frame[keys[1:]].apply(lambda texts: texts.str.casefold())
        found = grants.merge(groups.dropna()[keys].drop_duplicates(), on=keys)["row"]
    marks = np.zeros(len(person), dtype=bool)
    marks[found.to_numpy(dtype=np.int64)] = True
    return pa.array(marks)


def _order(people: People, rows: dict[str, pa.Array]) -> pa.Array:
    """Sort by e-mail, organization before workspaces, workspace, source; on small integers, since texts are slow."""
    by_email = pc.sort_indices(
        pa.table({"email": people.columns["email"], "id": people.columns["id"]}),
        sort_keys=[("email", "ascending"), ("id", "ascending")],
    ).to_numpy()
    rank = np.empty(len(people), dtype=np.int64)
    rank[by_email] = np.arange(len(people))
    keys = [rank[rows["person"].to_numpy()]]
    for name in ("scope", "workspace", "workspace_id", "source"):
        encoded = pc.fill_null(rows[name], "").dictionary_encode()
        dictionary = pc.rank(encoded.dictionary, sort_keys="ascending").to_numpy()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        keys.append(dictionary[codes] if len(dictionary) else codes)
    return pa.array(np.lexsort(keys[::-1]))
