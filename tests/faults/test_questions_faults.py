"""Questions are answered, or it is said why not: inputs that got "nobody", "denied" or a wrong alarm once, and others."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.analysis.effective import effective, explain, who_can
from lsnb.cli import main
from lsnb.errors import TableError, UnknownNameError
from lsnb.files.sheets import read_sheet
from lsnb.plan.resource_changes import LOCKING_SETTINGS, risk_of_resource
from lsnb.policy import Waiver
from lsnb.report.audit_html import audit_to_html
from lsnb.report.audit_text import audit_to_text
from lsnb.sandbox.rules.organization import _PATCHABLE
from lsnb.sheets.setting_values import SETTING_KINDS, settings_sheet
from lsnb.snapshot import Caller, Snapshot
from lsnb.tables.settings import KNOWN_SETTINGS
from lsnb.tables.spec import noting_unread
from lsnb.widgets.settings import settings_form
from tests.checks.tiny import READ_AT, Tiny, ago, role_id

ADA, GRACE = "ada.lindqvist@acme.example", "grace.kim@acme.example"
ADMIN_KEY = "Access review automation"


@pytest.fixture(scope="module")
def snap() -> Snapshot:
    """Read the demo organization, once for all questions."""
    with sandbox.start(seed="small") as server:
        return lsnb.connect(endpoint=server.url, api_key=server.key).snapshot()


@pytest.fixture(scope="module")
def kept(snap, tmp_path_factory) -> str:
    """Keep the reading in a file, for the command."""
    path = tmp_path_factory.mktemp("questions") / "small.lsnb"
    snap.save(path)
    return str(path)


# C1: what is not there has no answer


@pytest.mark.parametrize(
    ("permission", "nearest"),
    [
        ("runs:reed", "runs:read"),
        ("runs:delet", "runs:delete"),
        ("organization:mange", "organization:manage"),
        ("workspace:manage-members", "workspaces:manage-members"),
    ],
)
def test_c1_a_mistyped_permission_is_an_error_with_the_nearest(snap, permission, nearest):
    """Neither "nobody" nor "denied": both questions and the table of everything refuse."""
    for ask in (
        lambda: who_can(snap, permission),
        lambda: snap.who_can(permission, "Production"),
        lambda: snap.explain(ADA, permission, "Production"),
        lambda: effective(snap).by_permission(permission),
    ):
        with pytest.raises(UnknownNameError) as caught:
            ask()
        assert nearest == caught.value.nearest[0]
        assert nearest in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ["who-can", "runs:reed", "Production"],
        ["who-can", "runs:read", "Prodution"],
        ["explain", ADA, "runs:delet", "Production"],
        ["explain", "ada.lindqvst@acme.example", "runs:delete", "Production"],
        ["explain", ADA, "runs:delete", "Prodction"],
        ["audit", "--only", "LS-AMD-01"],
    ],
)
def test_c1_the_command_fails_on_a_typo(kept, capsys, words):
    """No rows and exit 0 would read as an answer."""
    assert main([*words, "--snapshot", kept]) not in (0, 2)
    said = capsys.readouterr()
    assert not said.out
    assert "Did you mean" in said.err


def test_c1_a_pattern_is_not_one_permission(snap):
    """What it stands for is listed instead of "no rows"."""
    with pytest.raises(UnknownNameError, match="one at a time") as caught:
        who_can(snap, "runs:*")
    assert "runs:delete" in caught.value.nearest


def test_c1_a_permission_of_tomorrow_is_known_once_a_role_holds_it():
    """The bundled catalogue grows slower than the service."""
    tiny = Tiny().add_role("Pilot", "rockets:launch", "probes:*").add("eva", places={"Production": "Pilot"})
    snapshot = tiny.snapshot()
    assert ["eva@acme.example"] == who_can(snapshot, "rockets:launch", "Production")["email"].tolist()
    assert ["eva@acme.example"] == who_can(snapshot, "Rockets:Launch", "production")["email"].tolist()
    with pytest.raises(UnknownNameError, match="rockets:launch"):
        who_can(snapshot, "rockets:lunch")


def test_c1_a_pattern_that_a_role_holds_grants_what_it_stands_for():
    """A role with `runs:*` may delete runs."""
    snapshot = Tiny().add_role("Runner", "runs:*").add("eva", places={"Production": "Runner"}).snapshot()
    assert explain(snapshot, "eva@acme.example", "runs:delete", "Production").is_allowed
    assert not explain(snapshot, "eva@acme.example", "datasets:delete", "Production").is_allowed


@pytest.mark.parametrize("name", ["ada.lindqvst@acme.example", "Ada Lindqvist", "ada.lindqvist@acme.exampl"])
def test_c1_a_mistyped_person_is_an_error_with_the_nearest(snap, name):
    """Also for a name instead of the address."""
    for ask in (
        lambda: snap.explain(name, "runs:delete", "Production"),
        lambda: snap.effective().by_person(name),
        lambda: snap.filter_access(email=name),
    ):
        with pytest.raises(UnknownNameError, match="Nobody with the address") as caught:
            ask()
        assert (ADA,) == caught.value.nearest


def test_c1_an_address_is_taken_as_it_stands_in_a_mail(snap):
    """The brackets and the case of a pasted address change nothing."""
    plain = snap.explain(GRACE, "runs:read", "Production")
    assert plain == snap.explain("Grace Kim <Grace.Kim@Acme.Example>", "runs:read", "Production")
    assert len(snap.filter_access(email=GRACE)) == len(snap.filter_access(email=f"mailto:{GRACE}")) > 0


def test_c1_a_workspace_of_a_name_that_two_have_is_told_by_its_id():
    """In every question, and where the names differ by case only the one that is written so is meant."""
    tiny = Tiny("Production", "production", "Twin").add("eva", places={"Production": "Viewer"})
    snapshot = tiny.snapshot()
    assert 1 == len(who_can(snapshot, "runs:read", "Production"))
    assert 0 == len(who_can(snapshot, "runs:read", "production"))
    with pytest.raises(UnknownNameError, match="ws Production, ws production"):
        snapshot.filter_access(workspace="PRODUCTION")
    with pytest.raises(UnknownNameError, match="ws Production, ws production"):
        who_can(snapshot, "runs:read", "PRODUCTION")


def test_c1_a_workspace_is_looked_for_also_where_the_permission_needs_none(snap):
    """A typo in what is not used is a typo."""
    with pytest.raises(UnknownNameError, match="Production"):
        who_can(snap, "organization:manage", "Prodution")
    with pytest.raises(UnknownNameError, match="Production"):
        snap.explain(ADA, "organization:manage", "Prodution")


@pytest.mark.parametrize("question", [{"tags": {"Secrt": "yes"}}, {"resource_type": "porject"}])
def test_c1_a_mistyped_tag_or_kind_of_resource_does_not_open_what_a_policy_denies(question):
    """The deny would match nothing, and the answer be "allowed"."""
    tiny = Tiny().add("ada", places={"Production": "Editor"}).add_tag("Secret", "yes").add_tag("Other", "x")
    tiny.add_policy("secret", "deny", "runs:read", ("Secret", "equals", "yes"), on=("Editor",))
    snapshot = tiny.snapshot()
    assert "denied" == explain(snapshot, "ada@acme.example", "runs:read", "Production", tags={"Secret": "yes"}).decision
    with pytest.raises(UnknownNameError):
        explain(snapshot, "ada@acme.example", "runs:read", "Production", **question)
    with pytest.raises(UnknownNameError):
        who_can(snapshot, "runs:read", "Production", **question)


@pytest.mark.parametrize(
    ("name", "nearest"), [("sso_olny", "sso_only"), ("can_use_rbca", "can_use_rbac"), ("ip_alowlist", "ip_allowlist")]
)
def test_c1_a_mistyped_setting_is_an_error(snap, name, nearest):
    """None would read as "not set"; a default says that the server may not know it."""
    with pytest.raises(UnknownNameError, match=nearest):
        snap.setting(name)
    assert snap.setting(name, default=7) == 7


def test_c1_a_mistyped_check_is_an_error_and_case_does_not_matter(snap):
    """An audit of nothing would be a clean one."""
    with pytest.raises(UnknownNameError, match="LS-ADM-01"):
        lsnb.audit(snap, only=["LS-AMD-01"])
    with pytest.raises(UnknownNameError):
        lsnb.audit(snap, only=[""])
    assert {"LS-ADM-01"} == set(lsnb.audit(snap, only=["ls-adm-01"])["id"])


# C2: both words for a role, and filters that find nothing


@pytest.mark.parametrize(
    "words",
    [
        ("Editor", "Workspace User", "WORKSPACE_USER", "workspace user", "Workspace Editor"),
        ("Admin", "Workspace Admin", "WORKSPACE_ADMIN"),
        ("Viewer", "Workspace Viewer", "workspace_viewer"),
        ("Organization Admin", "ORGANIZATION_ADMIN", "organization-admin"),
    ],
)
def test_c2_every_word_for_a_role_gives_the_same_rows(snap, words):
    """People say Editor, the tools say Workspace User, the service says WORKSPACE_USER."""
    first, *others = (snap.filter_access(role=word) for word in words)
    assert len(first)
    for other in others:
        pd.testing.assert_frame_equal(first, other)


@pytest.mark.parametrize(
    ("question", "nearest"),
    [
        ({"role": "Edtor"}, "Editor"),
        ({"role": "Workspace Usr"}, "Workspace User"),
        ({"workspace": "Prodution"}, "Production"),
        ({"workspace": ["Staging", "Prodution"]}, "Production"),
        ({"scope": "workspaces"}, "workspace"),
        ({"state": "actve"}, "active"),
        ({"source": "direkt"}, "direct"),
        ({"email": "grace.kmi@acme.example"}, GRACE),
        ({"email": ["grace.kmi@acme.example"]}, GRACE),
        ({"email": "*@acme.exmaple"}, "acme.example"),
    ],
)
def test_c2_a_filter_by_what_is_not_there_is_an_error(snap, question, nearest):
    """No rows would read as "nobody"."""
    with pytest.raises(UnknownNameError) as caught:
        snap.filter_access(**question)
    assert nearest in caught.value.nearest
    assert nearest in str(caught.value)


def test_c2_a_known_role_that_nobody_holds_is_an_empty_answer():
    """That is the truth, and no error; so are addresses of a list that nobody has."""
    snapshot = Tiny().add("eva", places={"Production": "Viewer"}).snapshot()
    assert snapshot.filter_access(role="Workspace User").empty
    assert snapshot.filter_access(email=["someone.else@partner.example"]).empty
    with pytest.raises(UnknownNameError):
        snapshot.filter_access(email="someone.else@partner.example")


def test_c2_two_roles_are_compared_by_any_of_their_words(snap):
    """The words of the sheet are the words of the question."""
    expected = lsnb.compare_roles(snap, "Editor", "Viewer")
    pd.testing.assert_frame_equal(expected, lsnb.compare_roles(snap, "Workspace User", "WORKSPACE_VIEWER"))
    with pytest.raises(UnknownNameError, match="Editor"):
        lsnb.compare_roles(snap, "Edtor", "Viewer")


def test_c2_people_of_a_misspelt_state_make_no_matrix(snap):
    """An empty matrix would read as an empty organization."""
    with pytest.raises(UnknownNameError, match="pending"):
        snap.matrix(state="pendign")


def test_c2_the_explorer_finds_roles_by_all_words_and_says_what_is_not_there(snap):
    """The filter of the form is a question as well."""
    from lsnb.widgets.filtering import RowFilter

    rows = RowFilter(snap.access).rows
    expected = rows("role:editor")
    assert len(expected)
    for word in ('role:"workspace user"', "role:WORKSPACE_USER", "role:workspace-user"):
        pd.testing.assert_frame_equal(expected, rows(word))
    for word in ("role:edtor", "workspace:prodution", "-role:edtor", "deparment:sales", "email:grace.kmi"):
        with pytest.raises(UnknownNameError):
            rows(word)
    assert rows("https://nowhere").empty


# C3: keys and tokens act, too


def test_c3_an_organization_wide_admin_key_is_among_those_who_manage_the_organization(snap):
    """It can do what its role says, in the organization and in every workspace."""
    found = snap.who_can("organization:manage")
    keys = found[found["principal_kind"] == "service key"]
    assert [True] == keys["name"].str.startswith(ADMIN_KEY).tolist()
    assert {"allowed"} == set(keys["decision"])
    everywhere = snap.who_can("workspaces:manage-members")
    mine = everywhere[everywhere["name"].str.startswith(ADMIN_KEY)]
    assert set(snap.workspaces["workspace"]) == set(mine["workspace"])


def test_c3_a_key_of_workspaces_is_in_those_only(snap):
    """By the role that it has; people stay as they were."""
    found = snap.who_can("runs:create")
    keys = found[found["name"].fillna("").str.startswith("Nightly load of Research")]
    assert {"Research", "Data Science"} == set(keys["workspace"])
    assert set(found[found["principal_kind"] == "person"]["email"]) >= {ADA}


@pytest.mark.parametrize("change", [{"expires_at": ago(1)}, {"expires_at": ago(0)}])
def test_c3_a_key_that_has_ended_can_do_nothing(change):
    """Its time is over."""
    tiny = Tiny().add("ada", "Organization Admin").add_key("Old", access_scope="organization", **change)
    tiny.records["service_keys"][0]["org_role_id"] = role_id("Organization Admin")
    assert {"person"} == set(who_can(tiny.snapshot(), "organization:manage")["principal_kind"])


@pytest.mark.parametrize("change", [{"is_revoked": True}, {"expires_at": ago(1)}, {"revoked_at": ago(1)}])
def test_c3_a_token_acts_with_its_owners_rights_until_it_ends(change):
    """A second principal with the same rights, and none once it is revoked or over, or its owner is disabled."""
    tiny = Tiny().add("ada", "Organization Admin").add("off", places={"Production": "Admin"}, state="disabled")
    tiny.add_token("laptop", "ada").add_token("gone", "ada", **change).add_token("idle", "off")
    found = who_can(tiny.snapshot(), "runs:delete", "Production")
    tokens = found[found["principal_kind"] == "token"]
    assert [("ada@acme.example", "laptop (lsv2_pt_...0)")] == list(zip(tokens["email"], tokens["name"], strict=True))


def test_c3_a_key_whose_role_is_not_told_is_unknown_and_not_a_no():
    """Servers that do not say what a key may do."""
    tiny = Tiny().add("ada", "Organization Admin").add_key("Mystery", access_scope=None, role_id=None)
    found = who_can(tiny.snapshot(), "runs:delete", "Production")
    assert ["unknown"] == found.loc[found["principal_kind"] == "service key", "decision"].tolist()


@pytest.mark.parametrize(
    ("table", "status", "words"),
    [
        ("service_keys", "unreadable", "Service keys were not looked at"),
        ("service_keys", "partial", "Not all service keys"),
        ("access_tokens", "unavailable", "Personal access tokens were not looked at"),
    ],
)
def test_c3_keys_that_could_not_be_read_are_said(table, status, words):
    """Silence would read as "people only"."""
    snapshot = Tiny().add("ada", "Organization Admin").lose(table, status=status).snapshot()
    assert words in " ".join(who_can(snapshot, "runs:delete").attrs["unevaluated"])
    assert words in " ".join(effective(snapshot).unevaluated)
    assert words in " ".join(effective(snapshot).by_person("ada@acme.example").attrs["unevaluated"])


def test_c3_the_command_lists_keys_and_says_what_it_did_not_see(server, monkeypatch, capsys):
    """It reads the keys for it, and today's tokens are the caller's own only."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    assert 0 == main(["who-can", "organization:manage", "--json"])
    said = capsys.readouterr()
    rows = json.loads(said.out)
    assert {"person", "service key", "token"} == {row["principal_kind"] for row in rows}
    assert "Not all personal access tokens are known" in said.err


def test_c3_a_key_is_asked_for_by_its_name(snap):
    """And a name that no key has is an error."""
    table = effective(snap)
    assert {"service key"} == set(table.by_key(ADMIN_KEY)["principal_kind"])
    assert {"token"} == set(table.by_key(f"Notebook of {ADA}")["principal_kind"])
    with pytest.raises(TableError, match=ADMIN_KEY):
        table.by_key("Access reviw automation")


# C8: what can be changed is said in one place


@pytest.mark.parametrize(
    "name",
    ["sso_only", "disabled_model_providers", "engine_lcu_spend_limit_monthly", "byoc_create_saas_workspace_enabled"],
)
def test_c8_the_table_calls_changeable_what_the_sheet_changes(name):
    """One truth: the snapshot, the sheet and the form's fields."""
    told = {"sso_only": False, "disabled_model_providers": [], "engine_lcu_spend_limit_monthly": None}
    snapshot = Tiny(settings={**told, "byoc_create_saas_workspace_enabled": False}).snapshot()
    row = snapshot.settings.set_index("setting").loc[name]
    assert row["is_changeable"]
    assert row["meaning"]
    assert name in set(settings_sheet(snapshot)["setting"])


def test_c8_table_sheet_plan_and_demo_organization_agree_on_every_setting(snap):
    """What the table says can be changed can be read by the sheet, has a risk, and the service takes it."""
    changeable = {name for name, known in KNOWN_SETTINGS.items() if known.is_changeable}
    assert changeable == set(SETTING_KINDS)
    table = snap.settings
    shown = set(table.loc[table["is_changeable"] & (table["area"] != "plan"), "setting"])
    assert shown == set(settings_sheet(snap)["setting"])
    assert shown == {name for name in table["setting"] if name in changeable}
    assert shown - {"sso_only", "display_name"} <= set(_PATCHABLE)  # those two have ways of their own
    assert {"sso_only", "ip_allowlist", "pat_creation_disabled"} == LOCKING_SETTINGS
    for name in changeable:
        assert KNOWN_SETTINGS[name].title
        assert KNOWN_SETTINGS[name].risk == risk_of_resource("UpdateSettings", None, None, name)


def test_c8_a_setting_that_nobody_described_is_of_high_risk_and_not_changed():
    """Unknown is never harmless."""
    snapshot = Tiny(settings={"tomorrow": True}).snapshot()
    assert not snapshot.settings.set_index("setting").loc["tomorrow", "is_changeable"]
    assert "tomorrow" not in set(settings_sheet(snapshot)["setting"])
    assert "high" == risk_of_resource("UpdateSettings", None, None, "tomorrow")


def test_c8_the_form_has_a_field_for_each(server):
    """A field per setting that the table calls changeable, and no other."""
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    form = settings_form(org, org.snapshot(tables=["settings"]), fresh=True)
    table = org.snapshot(tables=["settings"]).settings
    assert set(table.loc[table["is_changeable"], "setting"]) == set(form.fields)
    assert "sso_only" in form.fields


# C4: what was not read never counts as unused


def quiet() -> Tiny:
    """Make an organization in which two people have left no trace, with all sources there."""
    tiny = Tiny().add("ada", "Organization Admin").add("bob", "Organization Admin").add("cleo", "Organization Admin")
    tiny.add("idle", places={"Production": "Viewer"}).add("boss", "Organization Admin").add_token("laptop", "ada")
    return tiny.add_log("ada", "bob", "cleo")


def judged(snapshot: Snapshot) -> dict[str, str]:
    """Give the statuses of the two by the checks of dormancy."""
    found = lsnb.audit(snapshot, only=["LS-MEM-03", "LS-ADM-06"])
    rows = found[found["email"].isin(["idle@acme.example", "boss@acme.example"])]
    return dict(zip(rows["email"], rows["status"], strict=True))


def test_c4_with_every_source_read_who_left_no_trace_is_an_alarm():
    """The proof is there, so it is used."""
    snapshot = quiet().snapshot()
    assert {"idle@acme.example": "alarm", "boss@acme.example": "alarm"} == judged(snapshot)
    sheets = lsnb.fixes(lsnb.audit(snapshot, only=["LS-MEM-03", "LS-ADM-06"]), snapshot)
    assert {"idle@acme.example", "boss@acme.example"} == set(sheets["access"]["email"])


@pytest.mark.parametrize(
    ("table", "status", "word"),
    [
        ("access_tokens", "partial", "this person's tokens"),
        ("access_tokens", "unreadable", "tokens"),
        ("usage", "unavailable", "usage"),
        ("usage", "partial", "usage of workspaces"),
        ("audit_log", "partial", "audit log"),
        ("audit_log", "unreadable", "audit log"),
    ],
)
def test_c4_a_source_that_was_not_read_makes_it_info_and_no_repair(table, status, word):
    """The reason names what is missing, and nobody is in the sheets."""
    snapshot = quiet().lose(table, status=status).snapshot()
    assert {"idle@acme.example": "info", "boss@acme.example": "info"} == judged(snapshot)
    found = lsnb.audit(snapshot, only=["LS-MEM-03", "LS-ADM-06"])
    assert found.loc[found["email"] == "idle@acme.example", "reason"].str.contains(word).all()
    assert "access" not in lsnb.fixes(found, snapshot)
    # Also not for somebody who calls the findings alarms by hand.
    assert "access" not in lsnb.fixes(found.assign(status="alarm"), snapshot)


@pytest.mark.parametrize("days", [30, 60, 89.5])
def test_c4_usage_of_fewer_days_than_the_question_is_no_proof(days):
    """Somebody may have worked on the day before the report begins."""
    snapshot = quiet().snapshot()
    snapshot = Snapshot(replace(snapshot.meta, usage_since=READ_AT - pd.Timedelta(days=days)), snapshot._tables)
    status = "alarm" if days > 89 else "info"
    assert status == judged(snapshot)["idle@acme.example"]


def test_c4_a_key_that_does_not_see_every_workspace_sees_not_all_use():
    """The service leaves out the usage of other workspaces without a word."""
    snapshot = quiet().snapshot()
    for caller in (
        Caller("pat", "user x", email="x@acme.example", role="Organization User"),
        Caller("service", "key x", is_organization_wide=False),
        Caller("unknown", "x"),
    ):
        seen = Snapshot(replace(snapshot.meta, caller=caller), snapshot._tables)
        assert {"info"} == set(judged(seen).values())


@pytest.mark.parametrize("change", [{"ls_user_id": None, "id": None}, {"created_at": None}, {"created_at": "x"}])
def test_c4_a_person_whom_the_sources_cannot_name_is_not_called_dormant(change):
    """Without an id no event is theirs; without a beginning they may have come yesterday."""
    tiny = quiet()
    next(person for person in tiny.people if person["email"].startswith("idle")).update(change)
    assert "alarm" != judged(tiny.snapshot()).get("idle@acme.example")


def test_c4_todays_tokens_prove_nothing_about_other_people(server):
    """A token lists its owner's own only, so the demo organization calls nobody dormant, and repairs none of it."""
    snapshot = lsnb.connect(endpoint=server.url, api_key=server.key).snapshot(audit_days=400, usage_days=90)
    found = lsnb.audit(snapshot, only=["LS-MEM-03", "LS-ADM-06"])
    assert "alarm" not in set(found["status"])
    assert "info" in set(found["status"])
    assert 0 == len(lsnb.fixes(found, snapshot))


@pytest.mark.parametrize("kind", ["key", "token"])
@pytest.mark.parametrize("change", [{"last_used_at": "soon"}, {"created_at": None, "last_used_at": None}])
def test_c4_a_key_of_which_use_or_age_is_not_known_is_not_called_unused(kind, change):
    """What cannot be read is not never."""
    tiny = Tiny().add("ada", "Organization Admin")
    for name, more in (("Busy", {}), ("Odd", change)):
        tiny.add_key(name, **more) if kind == "key" else tiny.add_token(name, "ada", **more)
    with noting_unread() as noted:
        snapshot = tiny.snapshot()
    table = {"key": "service_keys", "token": "access_tokens"}[kind]
    cells = tuple((table, column, value) for column, value in noted)
    snapshot = Snapshot(replace(snapshot.meta, unread_cells=cells), snapshot._tables)
    found = lsnb.audit(snapshot, only=["LS-KEY-03", "LS-PAT-02"])
    assert "alarm" not in set(found["status"])
    assert 0 == len(lsnb.fixes(found, snapshot))


# C6: the roster


@pytest.mark.parametrize(
    "line",
    [
        "Grace Kim <grace.kim@acme.example>,ended",
        "mailto:Grace.Kim@Acme.Example,Left",
        '"grace.kim@acme.example ",TERMINATED',
        "'grace.kim@acme.example',Former employee",
    ],
)
def test_c6_a_leaver_is_found_however_the_address_is_written(snap, tmp_path, line):
    """As it stands in mails and exports."""
    path = tmp_path / "roster.csv"
    path.write_text(f"Email,Status\n{line}\n", encoding="utf-8-sig")
    found = lsnb.audit(snap, roster=read_sheet(path), only=["LS-MEM-02"])
    assert [GRACE] == found.loc[found["status"] == "alarm", "email"].tolist()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(GRACE, "Suspended")], "'Suspended'"),
        ([(GRACE, "")], "empty"),
        ([(GRACE, None)], "empty"),
        ([(GRACE, "endd")], "Did you mean 'ended'"),
        ([(GRACE, "active"), (f"Grace <{GRACE.upper()}>", "left")], "Row 2 says"),
        ([("grace.kim", "active")], "email"),
    ],
)
def test_c6_a_row_that_is_not_understood_is_a_problem(snap, rows, words):
    """It never counts as active, and the roster is not used; all rows are told at once."""
    roster = pd.DataFrame([(ADA, "active"), *rows][1:], columns=["email", "status"])
    with pytest.raises(TableError, match=words) as caught:
        lsnb.audit(snap, roster=roster)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "header", ["Email,Status", "E-MAIL , STATUS", "email_address,employment_status", "EMail;status"]
)
def test_c6_the_header_is_read_in_any_case(snap, tmp_path, header):
    """With blanks, underscores and semicolons, too."""
    path = tmp_path / "roster.csv"
    separator = ";" if ";" in header else ","
    path.write_text(f"{header}\n{ADA}{separator}active\n{GRACE}{separator}ended\n", encoding="utf-8")
    found = lsnb.audit(snap, roster=read_sheet(path), only=["LS-MEM-02"])
    assert [GRACE] == found.loc[found["status"] == "alarm", "email"].tolist()


def test_c6_without_its_columns_the_roster_says_what_it_has(kept, tmp_path, capsys):
    """In the command as well."""
    path = tmp_path / "roster.csv"
    path.write_text("Person,Status\nx,active\n", encoding="utf-8")
    assert main(["audit", "--snapshot", kept, "--roster", str(path)]) not in (0, 2)
    assert "missing: email" in (said := capsys.readouterr().err)
    assert "'Person'" in said
    path.write_text("Email,Status\ngrace.kim@acme.example,Suspended\n", encoding="utf-8")
    assert main(["audit", "--snapshot", kept, "--roster", str(path)]) not in (0, 2)
    assert "Suspended" in capsys.readouterr().err


# C7: waivers


def waived(tmp_path, snapshot: Snapshot, *, check="LS-INV-01", resource="*", until="2027-01-31") -> pd.DataFrame:
    """Audit with one waiver, read from a file."""
    path = tmp_path / "policy.toml"
    texts = f'[[waivers]]\ncheck = "{check}"\nresource = "{resource}"\nowner = "ada@acme.example"\nreason = "Trip."\n'
    path.write_text(f"{texts}until = {until}\n")
    return lsnb.audit(snapshot, policy=lsnb.load_policy(path), only=["LS-INV-01"])


@pytest.mark.parametrize("until", ["2027-01-31", "2027-12-31", "2028-02-29"])
def test_c7_a_date_is_printed_as_it_was_written(tmp_path, until):
    """The last day that still counts, and not the one after it; also quoted, and once it has ended."""
    snapshot = Tiny().add("ada", "Organization Admin").add("late", state="pending", days=40).snapshot()
    found = waived(tmp_path, snapshot, until=until)
    assert f"until {until}:" in found["reason"].iloc[0]
    found = waived(tmp_path, snapshot, until=f'"{until}"')
    assert f"until {until}:" in found["reason"].iloc[0]
    ended = waived(tmp_path, snapshot, until="2026-10-31")
    assert "ended on 2026-10-31 " in ended.loc[ended["resource"] == "waiver:*", "reason"].iloc[0]


@pytest.mark.parametrize("resource", ["invitation:lat@acme.example", "member:late@acme.example", "service_key:x"])
def test_c7_a_waiver_that_matches_nothing_is_reported(tmp_path, resource):
    """In the table, the text, the page and the data."""
    snapshot = Tiny().add("ada", "Organization Admin").add("late", state="pending", days=40).snapshot()
    found = waived(tmp_path, snapshot, resource=resource)
    row = found[found["resource"] == f"waiver:{resource}"].iloc[0]
    assert "info" == row["status"]
    assert "matches nothing" in row["reason"]
    assert "WAIVERS THAT MATCH NOTHING" in audit_to_text(found, snapshot)
    assert f"waiver:{resource}" in audit_to_text(found, snapshot)
    assert "matches nothing" in audit_to_html(found, snapshot)
    assert "alarm" in set(found["status"])


def test_c7_a_waiver_of_a_check_that_is_not_there_is_an_error(snap, tmp_path):
    """In a file and in Python."""
    with pytest.raises(TableError, match="LS-INV-01"):
        waived(tmp_path, snap, check="LS-INV-1")
    end = pd.Timestamp("2027-01-31", tz="UTC")
    policy = lsnb.Policy(waivers=(Waiver("ls-inv-1", "*", "ada", "Trip.", end),))
    with pytest.raises(UnknownNameError, match="LS-INV-01"):
        lsnb.audit(snap, policy=policy)
