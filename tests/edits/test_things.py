"""The sheets of workspaces, roles, keys, tokens and settings: what is understood, and every problem at once."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.errors import TableError
from lsnb.sheets.kinds import FORMS, SHEET_KINDS, kind_of_title, recognise
from lsnb.sheets.role_matrix import roles_sheet
from lsnb.sheets.setting_values import SETTING_KINDS, read_value, value_text
from tests.plan.outfit import ANNOTATOR, KEYS, UNKNOWN, checked, planned, rows, snapshot, wrong


@pytest.fixture(scope="module")
def snap():
    """Read the organization once."""
    return snapshot()


@pytest.mark.parametrize("kind", SHEET_KINDS)
def test_an_export_is_recognised_and_asks_for_nothing(snap, kind):
    """What is written out and read back unchanged changes nothing, in CSV and with Excel's habits too."""
    sheet = FORMS[kind].export(snap)
    assert kind == recognise(sheet)
    assert kind == kind_of_title(FORMS[kind].title)
    assert planned(snap, **{kind: sheet}).is_empty
    shouting = sheet.rename(columns={name: f" {name.upper().replace('_', ' ')} " for name in FORMS[kind].columns})
    assert planned(snap, **{kind: shouting}).is_empty


@pytest.mark.parametrize("kind", SHEET_KINDS)
def test_every_column_is_explained_and_choices_are_of_columns(snap, kind):
    """Who fills the sheet in is told what each column is for."""
    sheet, form = FORMS[kind].export(snap), FORMS[kind]
    extra = set(sheet.columns) - set(form.columns) - {"meaning"}
    assert (set() if kind != "roles" else set(sheet.columns[2:])) == extra
    assert set(form.choices(snap)) <= set(sheet.columns)
    assert all(meaning.strip().endswith((".", ")")) for meaning in form.columns.values())


WORKSPACE_CASES = [
    ({"workspace_name": "Labs"}, ["workspace_name"], "write 'create' in action"),
    ({"workspace_name": "Productoin"}, ["workspace_name"], "Did you mean 'Production'?"),
    ({"workspace_name": "Labs", "action": "make"}, ["action"], "There is no such action."),
    ({"workspace_name": "Café", "action": "create"}, ["workspace_name"], "Take 'é' out."),
    ({"action": "create"}, ["workspace_name"], "needs a name"),
    ({"workspace_id": "ws-x", "workspace_name": "Labs", "action": "create"}, ["workspace_id"], "has no id yet"),
    ({"workspace_name": "Production", "new_name": "staging"}, ["new_name"], "would be called 'staging'"),
    ({"workspace_name": "Production", "new_name": "A/B"}, ["new_name"], "Take '/' out."),
    ({"workspace_name": "Production", "new_name": "Prod", "action": "delete"}, ["new_name"], "Keep one of both."),
    ({"workspace_id": "ws-production", "workspace_name": "Prod"}, ["workspace_name"], "write the new name in new_name"),
    ({"note": "nothing but words"}, ["workspace_name"], "names no workspace"),
]


@pytest.mark.parametrize(("row", "columns", "said"), WORKSPACE_CASES)
def test_what_is_wrong_with_a_workspace_is_said(snap, row, columns, said):
    """The cell, the reason and what to do."""
    found = wrong(snap, workspaces=rows({"workspace_name": "", **row}))
    assert columns == [column for _, column, _ in found]
    assert said in found[0][2]


def test_rows_of_one_workspace_agree_or_are_a_problem(snap):
    """The same twice is once; two different wishes are a problem."""
    same = [{"workspace_name": "Research", "new_name": "R"}, {"workspace_id": "ws-research", "new_name": "R"}]
    assert ["RenameWorkspace"] == [c.kind for c in planned(snap, workspaces=rows(*same)).changes]
    other = [*same, {"workspace_name": "Research", "action": "delete"}]
    assert [(4, "action")] == [found[:2] for found in wrong(snap, workspaces=rows(*other))]


def test_workspaces_may_swap_their_names(snap):
    """Names must be unique once all is done, not in between."""
    swap = [
        {"workspace_name": "Production", "new_name": "Staging"},
        {"workspace_name": "Staging", "new_name": "Production"},
    ]
    assert 2 == len(planned(snap, workspaces=rows(*swap)))


def matrix(**columns: dict[str, str]) -> pd.DataFrame:
    """Make a matrix from columns of marks by row name."""
    names = sorted({name for marks in columns.values() for name in marks})
    return pd.DataFrame({"permission": names, **{c: [m.get(n, "") for n in names] for c, m in columns.items()}})


ROLE_CASES = [
    ({"Annotator": {"runs:read": "maybe"}}, "neither a mark nor empty"),
    ({"Viewer": {"runs:delete": "x"}}, "built in and cannot be edited"),
    ({"Viewer": {"action": "delete"}}, "built in and cannot be edited"),
    ({"Organization User": {"runs:read": "x"}}, "a role of the organization and cannot be edited"),
    ({"Annotator": {"organization:manage": "x"}}, "which no custom role can have"),
    ({"New": {"runs:read": ""}}, "needs at least one permission"),
    ({"New": {"action": "delete"}}, "no such role to delete"),
    ({"Annotator": {"action": "drop"}}, "There is no such action."),
    ({"Annotator": dict.fromkeys(ANNOTATOR, "")}, "without any permission"),
    ({"Annotator": {"read runs": "x"}}, "This is no permission"),
    ({"Annotator": {"role_id": "role-nobody"}}, "No role has the id"),
    ({"Renamed": {"role_id": "role-annotator", "runs:read": "x"}}, "roles are not renamed here"),
]


@pytest.mark.parametrize(("columns", "said"), ROLE_CASES)
def test_what_is_wrong_with_a_role_is_said(snap, columns, said):
    """In the words of the person who marks cells."""
    found = wrong(snap, roles=matrix(**columns))
    assert said in " ".join(text for _, _, text in found)


def test_a_permission_that_the_service_does_not_list_is_a_problem_only_where_it_lists_them():
    """Without the service's own list nobody can say that a newer permission does not exist."""
    sheet = matrix(Annotator={"runs:raed": "x", **dict.fromkeys(ANNOTATOR, "x")})
    assert ["permission"] == [column for _, column, _ in wrong(snapshot(listed=True), roles=sheet)]
    plan = planned(snapshot(), roles=sheet)
    assert ["UpdateRole"] == [change.kind for change in plan.changes]
    assert "unknown-permission" in [warning.rule for warning in plan.warnings]


@given(marks=st.dictionaries(st.sampled_from([*ANNOTATOR, "runs:share", "runs:delete", "charts:read"]), st.booleans()))
def test_permissions_that_the_sheet_does_not_name_stay(marks):
    """Whatever is marked or not, the others are as they were, and so is one that nobody has heard of."""
    held = set(ANNOTATOR)
    wanted = (held - {n for n, is_on in marks.items() if not is_on}) | {n for n, is_on in marks.items() if is_on}
    sheet = matrix(Annotator={"runs:read": "x", **{n: "x" if is_on else "" for n, is_on in marks.items()}})
    wanted |= {"runs:read"} if "runs:read" not in marks else set()
    found = checked(SNAP, roles=sheet)
    if not wanted:
        assert not found.problems.empty
        return
    assert found.problems.empty
    after = [set((change.after or {})["permissions"]) for change in found.changes]
    assert ([wanted] if wanted != held else []) == after
    assert UNKNOWN in marks or UNKNOWN in wanted


SNAP = snapshot()


def test_two_roles_of_one_name_are_told_by_their_ids(snap):
    """The exported sheet has the ids, so names may repeat."""
    sheet = roles_sheet(snap)
    sheet.columns = pd.Index(["Annotator" if name == "Auditor" else name for name in sheet.columns])
    found = wrong(snap, roles=sheet)
    assert ["The id is that of the role 'Auditor'"] == [text.split(",")[0] for _, _, text in found]


KEY_CASES = [
    ({"description": "new", "role": "Viewer", "workspaces": "Production", "action": "create"}, "expires_at", "needs an end"),
    ({"description": "new", "workspaces": "Production", "expires_at": "2027-01-31"}, "role", "needs a role"),
    ({"description": "new", "role": "Viewer", "expires_at": "2027-01-31"}, "workspaces", "needs its workspaces"),
    ({"description": "new", "role": "Viewer", "workspaces": "*", "expires_at": "2027-01-31"}, "org_role", "needs an org"),
    ({"role": "Viewer", "workspaces": "Production", "expires_at": "2027-01-31"}, "description", "needs a description"),
    ({"description": "CI", "role": "Viewer", "workspaces": "Staging", "expires_at": "2027-01-31"}, "description", "already"),
    ({"description": "new", "role": "Viewer", "workspaces": "Staging", "expires_at": "2020-01-31"}, "expires_at", "past"),
    ({"description": "new", "role": "Viewer", "workspaces": "Staging", "expires_at": "soon"}, "expires_at", "neither a time"),
    ({"description": "lsv2_sk_0123456789abcdef0123456789abcdef_0123456789", "role": "Viewer", "workspaces": "Staging",
      "expires_at": "2027-01-31"}, "description", "This holds a key"),
    ({"description": "new", "role": "Viewer", "workspaces": "Staging", "expires_at": "9999-12-31T23:00-05:00"}, "expires_at",
     "neither a time"),
    ({"description": "new", "role": "Viewer", "workspaces": "Staging", "expires_at": "2029-01-01"}, "expires_at", "365 days"),
    ({"description": "new", "role": "Viewer", "workspaces": "Staging", "expires_at": "never"}, "expires_at", "365 days"),
    ({"description": "new", "role": "Viewer", "workspaces": "Stagin", "expires_at": "2027-01-31"}, "workspaces", "Staging"),
    ({"description": "new", "role": "Veiwer", "workspaces": "Staging", "expires_at": "2027-01-31"}, "role", "Did you mean"),
    (
        {"description": "new", "role": "Viewer", "org_role": "Organization User", "workspaces": "Staging",
         "expires_at": "2027-01-31"},
        "org_role", "single workspaces",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "column", "said"), KEY_CASES)
def test_a_new_key_says_everything_itself(snap, row, column, said):
    """Nothing is left to the service's own choice, which would be powerful and for ever."""
    found = wrong(snap, keys=rows({"description": "", "action": "create", **row}))
    assert [(2, column)] == [(number, name) for number, name, _ in found]
    assert said in found[0][2]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"description": "twin", "role": "Viewer"}, "description", "2 keys have this description"),
        ({"key_id": "nothing", "role": "Viewer"}, "key_id", "write 'create' in action"),
        ({"description": "nightly job"}, "description", "Did you mean 'night job'?"),
        ({"key_id": "key-ci", "description": "other"}, "description", "cannot be changed; it is 'ci'"),
        ({"key_id": "key-ci", "workspaces": "*"}, "workspaces", "cannot be changed"),
        ({"key_id": "key-night", "expires_at": "never"}, "expires_at", "cannot be changed"),
        ({"key_id": "key-ci", "org_role": "Organization User"}, "org_role", "no organization role"),
        ({"key_id": "key-ci", "role": "Organization Admin"}, "role", "role of the organization"),
        ({"role": "Viewer"}, "key_id", "names no key"),
        ({"key_id": "key-ci", "action": "revoke"}, "action", "There is no such action."),
    ],
)
def test_what_is_wrong_with_a_key_is_said(snap, row, column, said):
    """Also what a key cannot change."""
    found = wrong(snap, keys=rows({"description": "", "key_id": "", **row}))
    assert [column] == [name for _, name, _ in found]
    assert said in found[0][2]


def test_a_key_is_named_by_id_by_its_end_or_by_the_only_description(snap):
    """And Excel may have written its day without the time."""
    for name in ({"key_id": "KEY-NIGHT"}, {"short_key": "lsv2_sk_...1111"}, {"description": "Night Job"}):
        sheet = rows({"description": "", "role": "Editor", "expires_at": "2027-03-01", **name})
        assert [("SetServiceKeyRole", "key-night")] == [
            (c.kind, c.ids["key_id"]) for c in planned(snap, keys=sheet).changes
        ]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"token_id": "nothing", "action": "revoke"}, "token_id", "No token"),
        ({"token_id": "token-dana", "action": "delete"}, "action", "Write 'revoke' or 'reinstate'"),
        ({"token_id": "token-dana", "state": "revoked"}, "state", "The token is active."),
        ({"action": "revoke"}, "token_id", "names no token"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(snap, row, column, said):
    """Nothing happens by a word in the wrong column."""
    found = wrong(snap, tokens=rows({"token_id": "", "action": "", **row}))
    assert [column] == [name for _, name, _ in found]
    assert said in found[0][2]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("public_sharing_disabled", "perhaps", "neither true nor false"),
        ("max_pat_expiry_days", "soon", "no whole number"),
        ("max_pat_expiry_days", "0", "The least is 1."),
        ("security_contact", "nobody", "no e-mail address"),
        ("scim_group_name_separator", "#", "The separator is one of"),
        ("ip_allowlist", "203.0.113.300", "is no address"),
        ("display_name", "Acmé", "letters without accents"),
        ("restrict_browser_secrets", "true", "plan does not offer this"),
        ("tier", "free", "cannot be changed through the API"),
        ("can_use_rbac", "false", "plan offers, which nobody changes"),
        ("unshare_all", "true", "sheet of workspaces"),
        ("invite_enabled", "true", "Did you mean 'invites_enabled'"),
        ("engine_enabled", "true", "This server does not tell of this setting"),
    ],
)
def test_what_is_wrong_with_a_setting_is_said(snap, setting, value, said):
    """Types, bounds, what the plan offers, and what is no setting."""
    found = wrong(snap, settings=rows({"setting": setting, "value": value}))
    assert 1 == len(found)
    assert said in found[0][2]


def test_the_documents_wrong_name_is_understood_and_corrected(snap):
    """The service would ignore it without a word."""
    plan = planned(snap, settings=rows({"setting": "disable_public_sharing", "value": "TRUE"}))
    assert [{"public_sharing_disabled": True}] == [dict(change.after) for change in plan.changes]
    assert ["wrong-name"] == [warning.rule for warning in plan.warnings]


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("max_pat_expiry_days", "90.0", 90),
        ("max_service_key_expiry_days", "None", None),
        ("security_contact", "sec@example.com", "sec@example.com"),
        ("scim_group_name_separator", "-", "-"),
        ("ip_allowlist", "203.0.113.0/24; 2001:db8::/32", ["203.0.113.0/24", "2001:db8::/32"]),
        ("llm_auth_proxy_allowed_urls", "https://c.example.com", ["https://c.example.com"]),
        ("invites_enabled", "Off", False),
    ],
)
def test_values_are_read_as_people_write_them(snap, setting, value, expected):
    """Numbers of spreadsheets, lists with any separator, words for none."""
    found = checked(snap, settings=rows({"setting": setting, "value": value}))
    assert [{setting: expected}] == [dict(change.after) for change in found.changes]


VALUES = {
    "bool": st.booleans(),
    "days": st.none() | st.integers(1, 10_000),
    "number": st.none() | st.integers(0, 10_000),
    "text": st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    "list": st.none() | st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])), max_size=4),
    "addresses": st.none() | st.lists(st.ip_addresses().map(str), min_size=1, max_size=4),
    "separator": st.sampled_from([":", "-", "_", " ", "&"]),
}


@given(data=st.data(), name=st.sampled_from(sorted(n for n, kind in SETTING_KINDS.items() if kind in VALUES)))
def test_a_value_that_is_written_out_is_read_as_the_same(data, name):
    """For every setting and every value that it can have."""
    import json

    kind = SETTING_KINDS[name]
    value = data.draw(VALUES[kind])
    text = value_text(json.dumps(value, ensure_ascii=False))
    assert value == read_value(text, kind, name)


def test_all_problems_of_all_sheets_come_at_once(snap):
    """With the sheet that each is in, and none of them planned."""
    found = checked(
        snap,
        settings=rows({"setting": "nothing", "value": "1"}),
        tokens=rows({"token_id": "nothing", "action": "revoke"}),
        access=rows({"email": "no address", "langsmith_role": "Organization User"}),
    )
    assert {"settings.csv", "tokens.csv", "access.csv"} == set(found.problems["sheet"])
    with pytest.raises(TableError, match=r"3 problems in the sheets(?s:.*)tokens\.csv") as caught:
        found.require_clean()
    assert caught.value.problems is not None
    assert 3 == len(caught.value.problems)


@pytest.mark.parametrize("kind", ["workspaces", "keys", "tokens", "settings", "roles"])
def test_a_sheet_without_its_columns_says_which_is_missing(snap, kind):
    """And names those that are there."""
    found = wrong(snap, **{kind: rows({"colour": "red"})})
    assert all(row == 1 and "There is no column" in text and "'colour'" in text for row, _, text in found)
    assert found


def test_a_misspelt_column_is_not_left_aside(snap):
    """It was meant to say something."""
    found = wrong(snap, keys=rows({"description": "ci", "acton": "delete"}))
    assert ["Did you mean 'action'?"] == [text.split(". ")[1].split(" Rename")[0] for _, _, text in found]


@pytest.mark.parametrize(
    ("kind", "frame"),
    [
        ("workspaces", lambda key: rows({"workspace_name": "Staging", "new_name": key})),
        ("workspaces", lambda key: rows({"workspace_name": key, "action": "create"})),
        ("roles", lambda key: rows({"permission": "runs:read", "Annotator": "x"}, {"permission": "role_description", "Annotator": key})),
        ("roles", lambda key: rows({"permission": "runs:read", "New": "x"}, {"permission": "role_description", "New": key})),
        ("roles", lambda key: rows({"permission": "runs:read", key: "x"})),
        ("settings", lambda key: rows({"setting": "display_name", "value": key})),
    ],
)  # fmt: skip
def test_a_key_that_was_pasted_anywhere_gets_into_no_plan(snap, kind, frame):
    """Plans are saved and passed on, so such a cell is a problem, which does not repeat the key."""
    secret = "lsv2_sk_0123456789abcdef0123456789abcdef_0123456789"
    found = checked(snap, **{kind: frame(secret)})
    assert "holds a key" in found.problems.to_csv()
    assert secret not in found.problems.to_csv()


def test_a_key_that_was_pasted_is_in_no_problem(snap):
    """Problems are passed on."""
    secret = "lsv2_sk_0123456789abcdef0123456789abcdef_0123456789"
    found = checked(snap, keys=rows({"description": secret, "action": "delete"}))
    assert secret not in found.problems.to_csv()
    assert KEYS
