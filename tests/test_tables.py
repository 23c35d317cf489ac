"""The tables: specs that hold, and builders that give exactly what the specs say."""

from __future__ import annotations

import pandas as pd
import pytest

from lsnb.tables import SPECS, access, activity, empty_frame, keys, people, settings, structure
from lsnb.tables.completeness import Reading, build_completeness

ROLES = [
    {"id": "r-oa", "name": "ORGANIZATION_ADMIN", "display_name": "Organization Admin", "permissions": []},
    {"id": "r-ou", "name": "ORGANIZATION_USER", "display_name": "Organization User", "permissions": []},
    {"id": "r-wa", "name": "WORKSPACE_ADMIN", "display_name": "Admin", "permissions": []},
    {"id": "r-wv", "name": "WORKSPACE_VIEWER", "display_name": "Viewer", "permissions": []},
    {
        "id": "r-c1",
        "name": "CUSTOM",
        "display_name": "Auditor",
        "access_scope": "workspace",
        "permissions": ["runs:read", "brand:new"],
    },
]
WORKSPACES = [
    {"id": "w-1", "display_name": "Production", "is_deleted": False, "created_at": "2026-01-02T03:04:05Z"},
    {"id": "w-2", "display_name": "Alpha", "is_deleted": False},
    {"id": "w-3", "display_name": "Gone", "is_deleted": True},
]


def person(email, role_id="r-ou", *, memberships=(), **fields):
    """Make one record of the list of members."""
    return {
        "id": f"i-{email}",
        "email": email,
        "display_name": email.split("@")[0].title(),
        "role_id": role_id,
        "workspace_memberships": [
            {"workspace_id": place, "workspace_name": f"name of {place}", "role_id": role}
            for place, role in memberships
        ],
        **fields,
    }


def build(records, *, has_rbac=True, separator=":"):
    """Build `access` from records of members."""
    roles = structure.build_roles(ROLES)
    places = structure.build_workspaces(WORKSPACES)
    found = access.build_access(people.People(records, roles), places, has_rbac=has_rbac, group_separator=separator)
    return found[["email", "scope", "workspace", "role", "source", "state"]].astype(object).where(found.notna(), None)


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_spec_is_consistent(spec):
    """Keys and sort orders name columns that exist, names follow the house's endings, and all is explained."""
    names = spec.column_names
    assert len(names) == len(set(names))
    assert set(spec.key) | set(spec.sort) <= set(names)
    for column in spec.columns:
        assert column.meaning
        assert column.name.endswith(("_at", "at")) == (column.kind == "time") or column.kind != "time"
        assert column.name.startswith(("is_", "has_")) == (column.kind == "flag")


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_empty_table_has_the_columns_and_dtypes_of_its_spec(spec):
    """A table without rows has every column, in order, with its dtype."""
    frame = empty_frame(spec)
    assert spec.column_names == list(frame.columns)
    assert [column.dtype for column in spec.columns] == list(frame.dtypes)
    assert len(frame) == 0


def test_organization_admin_is_admin_in_every_workspace_that_is_not_deleted():
    """The implicit access of Organization Admins is filled in, beside a role of their own."""
    found = build([person("ada@x.example", "r-oa", memberships=[("w-1", "r-wv")])])
    assert [
        ["ada@x.example", "organization", None, "Organization Admin", "direct", "active"],
        ["ada@x.example", "workspace", "Alpha", "Admin", "org-admin", "active"],
        ["ada@x.example", "workspace", "Production", "Viewer", "direct", "active"],
        ["ada@x.example", "workspace", "Production", "Admin", "org-admin", "active"],
    ] == found.to_numpy().tolist()


def test_invited_organization_admin_has_no_access_yet():
    """Who has not joined is Admin nowhere; what waits is told as an invitation."""
    found = build([person("New@X.example ", "r-oa", is_pending=True, memberships=[("w-1", "r-wv")])])
    assert [
        ["new@x.example", "organization", None, "Organization Admin", "invite", "pending"],
        ["new@x.example", "workspace", "Production", "Viewer", "invite", "pending"],
    ] == found.to_numpy().tolist()


def test_without_roles_in_the_plan_every_member_of_a_workspace_is_admin():
    """Without RBAC the service gives no role ids, and everybody is Admin where they are."""
    found = build([person("a@x.example", memberships=[("w-2", None)])], has_rbac=False)
    assert ["a@x.example", "workspace", "Alpha", "Admin", "no-rbac", "active"] == found.iloc[1].tolist()


def test_disabled_people_keep_their_rows():
    """A leaver whose account is off still holds grants that could come back."""
    found = build([person("a@x.example", is_disabled=True, memberships=[("w-2", "r-wv")])])
    assert ["disabled", "disabled"] == found["state"].tolist()


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("LS-Organization User:Production:Viewer", ["group", "group"]),
        ("LS-Organization User:production:VIEWER", ["group", "group"]),
        ("LS-Organization User:Production:Admin", ["group", "direct"]),
        ("LS-Organization Users", ["group", "direct"]),
        ("something else", ["direct", "direct"]),
    ],
)
def test_grant_of_an_identity_provider_is_told_by_its_group(group, expected):
    """A grant that a group's name spells out has the source `group`."""
    found = build([person("a@x.example", memberships=[("w-1", "r-wv")], scim_groups=[{"name": group}])])
    assert expected == found["source"].tolist()


def test_unknown_role_and_workspace_keep_what_came_along():
    """A role or workspace that the lists do not have is shown by the name that came with it."""
    record = person("a@x.example", "r-new", role_name="Helper", memberships=[("w-9", "r-new2")])
    found = build([record])
    assert ["Helper", None] == found["role"].tolist()
    assert [None, "name of w-9"] == found["workspace"].tolist()


def test_nobody_gives_empty_tables_with_columns():
    """No people is a possible organization, not an error."""
    roles = structure.build_roles(ROLES)
    crowd = people.People([], roles)
    places = structure.build_workspaces(WORKSPACES)
    assert access.ACCESS.column_names == list(access.build_access(crowd, places, has_rbac=True).columns)
    assert 0 == len(people.build_members(crowd)) == len(people.build_invites(crowd))


def test_values_of_another_type_than_promised_do_not_break_a_table():
    """A number where text should be, and fields that nobody knows, are survived."""
    record = person("a@x.example", id=12345, is_disabled="yes", created_at=17, brand_new={"a": [1]})
    members = people.build_members(people.People([record], structure.build_roles(ROLES)))
    assert ["12345"] == members["identity_id"].tolist()
    assert members["is_disabled"].tolist() == [False]
    assert members["created_at"].isna().all()


def test_empty_texts_of_pending_people_are_unknown():
    """The service sends empty ids for people who have not joined."""
    records = [person("a@x.example", ls_user_id="", is_pending=True)]
    found = access.build_access(
        people.People(records, structure.build_roles(ROLES)), structure.build_workspaces(WORKSPACES), has_rbac=True
    )
    assert found["ls_user_id"].isna().all()


def test_login_methods_are_joined_once_each():
    """Two logins of one provider are one method; both field names of the provisioning are read."""
    record = person(
        "a@x.example",
        linked_login_methods=[
            {"provider": "email", "provisioning": "scim"},
            {"provider": "email", "provisioning": "scim"},
            {"provider": "oidc"},
        ],
    )
    members = people.build_members(people.People([record, person("b@x.example")], structure.build_roles(ROLES)))
    assert ["email, oidc", None] == members["login_methods"].astype(object).where(
        members["login_methods"].notna(), None
    ).tolist()
    assert "scim" == members["provisioned_by"].iloc[0]


def test_invitation_with_one_role_for_all_workspaces_says_it():
    """One role for all is told, different ones are not, and the workspaces are named."""
    records = [
        person("one@x.example", is_pending=True, memberships=[("w-1", "r-wv"), ("w-2", "r-wv")]),
        person("two@x.example", is_pending=True, memberships=[("w-1", "r-wv"), ("w-2", "r-wa")]),
        person("none@x.example", is_pending=True),
    ]
    invites = people.build_invites(people.People(records, structure.build_roles(ROLES)))
    shown = invites[["email", "n_workspaces", "workspace_role"]].astype(object).where(invites.notna(), None)
    assert [
        ["none@x.example", 0, None],
        ["one@x.example", 2, "Viewer"],
        ["two@x.example", 2, None],
    ] == shown.to_numpy().tolist()


def test_built_in_role_with_an_empty_list_is_not_a_role_without_rights():
    """Where the service keeps the grants of built-in roles to itself, the documented ones stand in and say so."""
    granted = structure.build_permissions(ROLES)
    viewer = granted[granted["role"] == "Viewer"]
    assert {"documentation"} == set(viewer["known_from"])
    assert "runs:read" in set(viewer["permission"])
    assert "runs:delete" not in set(viewer["permission"])
    auditor = granted[granted["role"] == "Auditor"]
    assert [("brand:new", "service"), ("runs:read", "service")] == list(
        zip(auditor["permission"], auditor["known_from"], strict=True)
    )


def test_custom_role_with_an_empty_list_has_no_rights():
    """A custom role that grants nothing grants nothing."""
    empty = {"id": "r", "name": "CUSTOM", "display_name": "Nothing", "permissions": [], "description": ""}
    assert 0 == len(structure.build_permissions([empty]))
    assert [0] == structure.build_roles([empty])["n_permissions"].tolist()


def test_permission_that_only_a_role_knows_is_in_the_catalogue():
    """Permissions newer than any list are kept, with where they were seen."""
    for listed, origin in ((None, "documentation"), ([{"name": "runs:read", "access_scope": "workspace"}], "service")):
        catalogue = structure.build_permission_catalogue(listed, ROLES).set_index("permission")
        assert "role" == catalogue.loc["brand:new", "known_from"]
        assert origin == catalogue.loc["runs:read", "known_from"]


def test_settings_are_json_and_say_whether_the_plan_offers_them():
    """Values keep their type, features of the plan are rows too, and unknown settings are shown."""
    info = {
        "id": "o",
        "display_name": 'Ac"me',
        "public_sharing_disabled": True,
        "max_pat_expiry_days": None,
        "brand_new": [1],
        "config": {"can_disable_public_sharing": False, "max_identities": 5},
        "permissions": ["organization:read"],
    }
    table = settings.build_settings(info).set_index("setting")
    assert '"Ac\\"me"' == table.loc["display_name", "value"]
    assert "null" == table.loc["max_pat_expiry_days", "value"]
    assert not table.loc["public_sharing_disabled", "is_offered"]
    assert "[1]" == table.loc["brand_new", "value"]
    assert "plan" == table.loc["max_identities", "area"]
    assert {"id", "permissions", "config"}.isdisjoint(table.index)


def test_policy_has_a_row_per_condition_and_one_without():
    """Groups and conditions are numbered; a policy without conditions is not lost."""
    records = [
        {
            "id": "p1",
            "name": "Deny",
            "effect": "deny",
            "role_ids": ["r-wv", "gone"],
            "condition_groups": [
                {
                    "permission": "runs:read",
                    "resource_type": "project",
                    "conditions": [{"attribute_key": "env", "operator": "equals", "attribute_value": "prod"}] * 2,
                },
                {"permission": "projects:read", "resource_type": "project", "conditions": []},
            ],
        },
        {"id": "p2", "name": "Bare", "effect": "allow"},
    ]
    table = settings.build_policies(records, structure.build_roles(ROLES))
    assert ["Bare", "Deny", "Deny", "Deny"] == table["policy"].tolist()
    assert [pd.NA, 0, 0, 1] == [*table["group"]] or table["group"].isna().tolist() == [True, False, False, False]
    assert "Viewer, gone" == table["roles"].iloc[1]


def test_audit_log_reads_seconds_and_milliseconds_and_keeps_each_event_once():
    """The unit of `time` is not certain, and windows may share an event."""
    moment = pd.Timestamp("2026-05-06T07:08:09Z")

    def event(uid, time):
        return {
            "time": time,
            "status": "Success",
            "metadata": {"uid": uid},
            "api": {"operation": "brand_new_operation"},
            "actor": {"user": {"uid": "u", "credential_uid": None}},
            "resources": [{"uid": "a"}, {"uid": "b"}],
            "unmapped": {"original_audit_log": {"workspace_id": "w-1", "request_time": "x"}},
        }

    seconds = int(moment.timestamp())
    table = activity.build_audit_log([event("1", seconds), event("2", seconds * 1000), event("2", seconds * 1000)])
    assert ["1", "2"] == table["event_id"].tolist()
    assert [moment, moment] == table["at"].tolist()
    assert ["a, b"] * 2 == table["resource_ids"].tolist()
    assert table["credential_id"].isna().all()
    assert ["brand_new_operation"] * 2 == table["operation"].tolist()


def test_tokens_without_an_owner_are_the_callers():
    """The service lists the caller's own tokens and does not say whose they are; a list of all does."""
    own = [{"id": "t1", "short_key": "lsv2_pt_...abcd", "description": "laptop", "workspace_names": ["A", "B"]}]
    table = keys.build_access_tokens(own, caller_email="a@x.example", caller_id="u1")
    assert ["a@x.example"] == table["email"].tolist()
    assert ["A, B"] == table["workspaces"].tolist()
    assert not keys.names_owners(own)
    everybody = [*own, {"id": "t2", "short_key": "x", "description": "", "user_email": "B@x.example"}]
    assert keys.names_owners(everybody)
    assert {"b@x.example"} <= set(keys.build_access_tokens(everybody)["email"].dropna())


def test_a_link_does_not_carry_its_token():
    """What opens a public page stays out of tables and reports."""
    link = {"type": "run", "run_id": "x", "run_name": "n", "share_token": "open-sesame", "created_at": None}
    table = activity.build_shared_links([("w-1", link)], structure.build_workspaces(WORKSPACES))
    assert "open-sesame" not in table.to_csv()
    assert ["Production"] == table["workspace"].tolist()


def test_completeness_keeps_the_reading():
    """A reading is a row as it is."""
    reading = Reading("members", "GET /x", "partial", 5, 4, pd.Timestamp("2026-01-01", tz="UTC"), "why")
    assert ["members", "GET /x", "partial", 5, 4, pd.Timestamp("2026-01-01", tz="UTC"), "why"] == (
        build_completeness([reading]).iloc[0].tolist()
    )


def test_a_time_that_tables_cannot_hold_is_the_nearest_that_they_can():
    """A key that ends in the year 9999 spoils no reading, and is not taken for one without an end."""
    table = keys.build_service_keys(
        [
            {"id": "a", "description": "far", "expires_at": "9999-12-31T00:00:00+00:00"},
            {"id": "b", "description": "near", "expires_at": "2027-01-01T00:00:00Z"},
            {"id": "c", "description": "never", "expires_at": None},
        ],
        structure.build_roles([]),
    )
    ends = dict(zip(table["description"], table["expires_at"], strict=True))
    assert pd.Timestamp("2261-12-31T23:59:59Z") == ends["far"]
    assert pd.Timestamp("2027-01-01T00:00:00Z") == ends["near"]
    assert pd.isna(ends["never"])
