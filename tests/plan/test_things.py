"""Plans of workspaces, roles, keys, tokens and settings: their order, their safety, and one plan of several sheets."""

from __future__ import annotations

import itertools
import json

import pytest

from lsnb.errors import PlanError, TableError
from lsnb.plan import CHANGE_KINDS, Rules, changes_to_plan, drop_changes, plan_from_json
from lsnb.plan.sheets import read_set
from lsnb.report.words import from_words, sentence_words, summary_words, to_words, who_words
from lsnb.sheets.service_keys import keys_sheet
from lsnb.snapshot import Caller
from tests.plan.company import CREATED_AT, becomes, rules_of, was
from tests.plan.outfit import ADA, ANNOTATOR, UNKNOWN, WIDE, checked, company, kinds, planned, rows, snapshot, wrong

SERVICE = Caller("service", "key:1", name="service key lsv2_sk_…1111", hint="lsv2_sk_…1111")


def matrix(names, **columns):
    """Make a matrix: the names of rows, and per role the cells."""
    return rows(
        *({"permission": name, **{c: cells[i] for c, cells in columns.items()}} for i, name in enumerate(names))
    )


def everything():
    """Give a sheet of every kind that asks for something of everything."""
    return {
        "workspaces": rows(
            {"workspace_name": "Labs", "action": "create"},
            {"workspace_name": "Production", "new_name": "Prod", "action": ""},
            {"workspace_name": "Research", "action": "delete"},
            {"workspace_name": "Staging", "action": "unshare"},
        ),
        "roles": matrix(
            ["role_description", "action", "runs:read", "runs:share", "datasets:read"],
            Annotator=["", "", "x", "x", ""],
            Auditor=["", "delete", "x", "", ""],
            Tester=["tests", "", "x", "", ""],
        ),
        "keys": rows(
            {"description": "bot", "role": "Tester", "workspaces": "Labs, Prod", "expires_at": "2027-01-31",
             "action": "create"},
            {"description": "night job", "role": "Editor", "action": ""},
            {"description": "ci", "action": "delete"},
        ),
        "tokens": rows({"token_id": "token-dana", "action": "revoke"}, {"token_id": "token-eve", "action": "reinstate"}),
        "scim_tokens": rows({"token_id": "scim-old", "action": "delete"}),
        "settings": rows(
            {"setting": "public_sharing_disabled", "value": "true"},
            {"setting": "pat_creation_disabled", "value": "true"},
        ),
        "access": rows(
            {"email": "new@example.com", "langsmith_role": "Tester", "workspace_name": "Labs"},
            {"email": "dana@example.com", "langsmith_role": "Tester", "workspace_name": "Prod"},
        ),
    }  # fmt: skip


def test_one_plan_of_all_sheets_is_in_the_order_of_work():
    """What is created comes first, what is taken away late, and what may lock out the caller last of all."""
    plan = planned(snapshot(), **everything())
    assert [
        "CreateWorkspace",
        "CreateRole",
        "InviteMember",
        "CreateServiceKey",
        "SetServiceKeyRole",
        "SetWorkspaceRole",
        "RenameWorkspace",
        "UpdateSettings",
        "ReinstateAccessToken",
        "UpdateRole",
        "RevokeAccessToken",
        "DeleteServiceKey",
        "DeleteScimToken",
        "DeleteRole",
        "DeleteWorkspace",
        "UnshareAll",
        "UpdateSettings",
    ] == kinds(plan)
    assert "self" == plan.changes[-1].stage


def test_what_a_plan_creates_is_named_by_its_sheets():
    """Ids of new things are references; a renamed workspace goes by both names, and keeps its own in the plan."""
    made = {change.kind: change for change in planned(snapshot(), **everything()).changes}
    invitation = made["InviteMember"]
    assert "new:role:Tester" == invitation.ids["workspace_role_id"]
    assert [{"workspace": "Labs", "workspace_id": "new:workspace:Labs"}] == becomes(invitation)["workspaces"]
    key = becomes(made["CreateServiceKey"])
    assert "new:role:Tester" == key["role_id"]
    assert [("Labs", "new:workspace:Labs"), ("Production", "ws-production")] == [
        (place["workspace"], place["workspace_id"]) for place in key["workspaces"]
    ]
    assert "2027-01-31T00:00:00+00:00" == key["expires_at"]
    moved = made["SetWorkspaceRole"]
    assert ("Production", "ws-production", "new:role:Tester") == (
        moved.workspace, moved.ids["workspace_id"], moved.ids["role_id"],
    )  # fmt: skip


def test_the_order_of_sheets_and_rows_makes_no_difference():
    """The same changes with the same ids, in the same order."""
    snap, sheets = snapshot(), everything()
    expected = [change.id for change in planned(snap, **sheets).changes]
    for order in itertools.islice(itertools.permutations(sheets), 0, 720, 97):
        turned = {kind: sheets[kind].iloc[::-1] for kind in order}
        assert expected == [change.id for change in planned(snap, **turned).changes]


def test_a_plan_of_things_is_the_same_from_a_file():
    """Every kind can be saved and read."""
    plan = planned(snapshot(), **everything())
    assert plan == plan_from_json(json.loads(json.dumps(plan.to_json())))


def test_a_sheet_of_keys_that_asks_for_nothing_stays_so_when_a_workspace_of_theirs_is_deleted():
    """What becomes of the keys is no wish of the sheet."""
    deleted = rows({"workspace_name": "Staging", "action": "delete"})
    assert ["DeleteWorkspace"] == kinds(planned(snapshot(), workspaces=deleted, keys=keys_sheet(snapshot())))


@pytest.mark.parametrize("name", ["Problem", "Row", "Description", "Permission"])
def test_a_role_may_be_called_like_a_column(name):
    """Its column is the one after ours, and is neither passed over nor taken for it."""
    sheet = rows({"permission": "runs:read", "description": "", "Annotator": "x"}).assign(**{name: "x"})
    created = planned(snapshot(), roles=sheet).changes
    assert [("CreateRole", name)] == [(change.kind, (change.after or {})["role"]) for change in created]


def test_keys_that_act_only_in_deleted_workspaces_are_named():
    """They end with them; a key that acts somewhere else too, or everywhere, goes on."""
    both = rows(*({"workspace_name": name, "action": "delete"} for name in ("Production", "Staging")))
    for sheet, is_said in ((both, True), (both.iloc[:1], False)):
        plan = planned(snapshot(), workspaces=sheet)
        said = [verdict.message for verdict in plan.warnings if verdict.rule == "workspace-keys"]
        assert is_said == bool(said)
        assert not said or (said[0].startswith("Keys that act nowhere else") and ": ci." in said[0])


@pytest.mark.parametrize("new_name", ["Production", "PRODUCTION"])
def test_a_name_that_changes_hands_is_told_by_the_id_only(new_name):
    """While one workspace gives a name up and another gets it, a row that names it could mean either."""
    sheets = {
        "workspaces": rows(
            {"workspace_name": "Production", "new_name": "Retired"}, {"workspace_name": "Staging", "new_name": new_name}
        ),
        "access": rows({"email": "dana@example.com", "langsmith_role": "Editor", "workspace_name": "Production"}),
    }
    assert [
        (2, "workspace_name", "2 workspaces have this name. Write the id: 'ws-production' or 'ws-staging'.")
    ] == wrong(snapshot(), **sheets)
    sheets["access"]["workspace_name"] = "ws-staging"
    invited = next(c for c in planned(snapshot(), **sheets).changes if c.email == "dana@example.com")
    assert "ws-staging" == invited.ids["workspace_id"]


@pytest.mark.parametrize(
    "other", [{"new_name": "Retired"}, {"action": "delete"}], ids=["which is renamed", "which is deleted"]
)
def test_a_name_that_is_set_free_is_not_taken_by_a_new_workspace_of_the_same_plan(other):
    """Creating comes first, so the new workspace would not be made, and its people would land in the old one."""
    sheet = rows({"workspace_name": "production", "action": "create"}, {"workspace_name": "Production"} | other)
    ((row, _, words),) = wrong(snapshot(), workspaces=sheet)
    assert 2 == row
    assert "row 3" in words


def test_a_renamed_workspace_goes_by_its_old_name_too():
    """So that an access sheet that was exported before need not be touched."""
    sheets = {
        "workspaces": rows({"workspace_name": "Production", "new_name": "Prod"}),
        "access": rows(
            {"email": "dana@example.com", "langsmith_role": "Viewer", "workspace_id": "ws-production",
             "workspace_name": "Production"},
        ),
    }  # fmt: skip
    plan = planned(snapshot(), **sheets)
    assert ["SetWorkspaceRole", "RenameWorkspace"] == kinds(plan)


@pytest.mark.parametrize(
    ("kind", "row"),
    [("workspaces", {"workspace_name": "Research", "action": "delete"})],
)
def test_what_is_deleted_cannot_be_given_in_the_same_plan(kind, row):
    """Somebody would be put into a workspace that is about to go."""
    access = rows({"email": "ben@example.com", "langsmith_role": "Viewer", "workspace_name": "Research"})
    with pytest.raises(TableError, match="No workspace that this key can see has this name"):
        planned(snapshot(), **{kind: rows(row)}, access=access)


def test_a_deleted_role_cannot_be_given_in_the_same_plan():
    """Nor a role that is about to go."""
    roles = matrix(["action"], Auditor=["delete"])
    access = rows({"email": "ben@example.com", "langsmith_role": "Auditor", "workspace_name": "Research"})
    with pytest.raises(TableError, match="no such role of workspaces"):
        planned(snapshot(), roles=roles, access=access)


def test_a_role_that_is_still_held_is_not_deleted_until_all_are_moved():
    """Members, invitations and keys hold it; the plan that moves them all may delete it."""
    snap, roles = snapshot(), matrix(["action"], Annotator=["delete"])
    plan = planned(snap, roles=roles)
    assert ["role-in-use"] == rules_of(plan.refusals)
    assert "dana@example.com and eve@example.com; and by 1 service key" in plan.refusals[0].message
    with pytest.raises(PlanError, match="drop the change"):
        planned(snap, roles=roles, allow={"role-in-use": "because"})
    assert drop_changes(plan, snap, [plan.changes[0].id]).is_empty
    moved = planned(
        snap,
        rules=WIDE,
        roles=roles,
        keys=rows({"description": "ci", "role": "Viewer"}),
        access=rows(
            {"email": "dana@example.com", "langsmith_role": "Viewer", "workspace_name": "Production", "action": ""},
            {"email": "eve@example.com", "langsmith_role": "", "workspace_name": "", "action": "remove"},
        ),
    )
    assert [] == rules_of(moved.refusals), moved.to_text()


def test_a_role_is_in_use_where_single_sign_on_gives_it_to_new_people():
    """And what could not be read is said."""
    sso = [{"id": "s", "provider_id": "p", "default_workspace_role_id": "role-auditor", "default_workspace_ids": []}]
    roles = matrix(["action"], Auditor=["delete"])
    assert ["role-in-use"] == rules_of(planned(snapshot(sso=sso), roles=roles).refusals)
    blind = planned(snapshot(without=("sso", "service_keys")), roles=roles)
    assert [] == rules_of(blind.refusals)
    assert "role-use-unknown" in rules_of(blind.warnings)
    policies = [{"id": "p", "name": "tagged", "effect": "allow", "role_ids": ["role-auditor"], "condition_groups": []}]
    assert "role-policies" in rules_of(planned(snapshot(policies=policies), roles=roles).warnings)


def test_what_cannot_come_back_must_be_named_one_by_one():
    """By the id of the change, with a reason."""
    sheets = {
        "workspaces": rows(
            {"workspace_name": "Research", "action": "delete"}, {"workspace_name": "Staging", "action": "unshare"}
        ),
        "keys": rows({"description": "ci", "action": "delete"}),
    }
    plan = planned(snapshot(), **sheets)
    assert ["irreversible"] * 3 == rules_of(plan.refusals)
    named = {f"irreversible:{change.id}": "asked for" for change in plan.changes}
    assert planned(snapshot(), allow=named, **sheets).is_safe
    one = dict(list(named.items())[:1])
    assert ["irreversible"] * 2 == rules_of(planned(snapshot(), allow=one, **sheets).refusals)


def test_taking_a_permission_away_counts_everybody_who_holds_the_role():
    """Like demoting them one by one."""
    many = company()
    for n in range(8):
        many.add(f"p{n}", places={"Production": "Annotator"})
    roles = matrix(["datasets:read"], Annotator=[""])
    plan = planned(snapshot(people=many), roles=roles)
    assert ["max-removals"] == rules_of(plan.refusals)
    assert "10 of the 12 people" in plan.refusals[0].message
    more = planned(snapshot(people=many), roles=matrix(["charts:read"], Annotator=["x"]))
    assert [] == rules_of(more.refusals)


def test_deleting_a_workspace_counts_the_people_in_it():
    """They lose what they have there."""
    many = company()
    for n in range(8):
        many.add(f"p{n}", places={"Research": "Viewer"})
    plan = planned(snapshot(people=many), workspaces=rows({"workspace_name": "Research", "action": "delete"}))
    assert {"max-removals", "irreversible"} == set(rules_of(plan.refusals))
    assert {"workspace": "Research", "members": 8} == dict(plan.changes[0].before)


def test_keys_that_lose_something_are_counted_among_the_keys():
    """By the same shares as people."""
    sheet = rows(*({"key_id": name, "action": "delete"} for name in ("key-night", "key-ci", "key-twin-1")))
    plan = planned(snapshot(), rules=Rules(max_removals_small=2), keys=sheet)
    assert "max-removals" in rules_of(plan.refusals)
    said = next(verdict.message for verdict in plan.refusals if verdict.rule == "max-removals")
    assert "3 of the 4 service keys" in said


def test_keys_made_administrators_count_as_promotions():
    """A key with the organization in its hands is no less than a person."""
    new = {"role": "Viewer", "org_role": "Organization Admin", "workspaces": "*", "expires_at": "2027-01-31"}
    sheet = rows(*({"description": f"bot {n}", "action": "create", **new} for n in range(4)))
    assert ["max-promotions"] == rules_of(planned(snapshot(), keys=sheet).refusals)


@pytest.mark.parametrize(
    ("caller", "sheets"),
    [
        (SERVICE, {"keys": rows({"key_id": "key-night", "role": "Editor", "action": ""})}),
        (SERVICE, {"keys": rows({"key_id": "key-night", "role": "", "action": "delete"})}),
        (ADA, {"tokens": rows({"token_id": "token-ada", "action": "revoke"})}),
    ],
)
def test_the_key_that_makes_the_plan_is_left_alone(caller, sheets):
    """It is found by the end of it that may be shown; others are not taken for it."""
    plan = planned(snapshot(caller=caller), **sheets)
    assert "self" in rules_of(plan.refusals)
    other = Caller(caller.kind, "x", "zed@example.com", "zed", hint="lsv2_xx_…9999")
    assert "self" not in rules_of(planned(snapshot(caller=other), **sheets).refusals)


def test_a_role_that_the_caller_holds_loses_nothing_unless_they_are_admin_anyway():
    """Else the plan would demote whoever makes it."""
    dana = Caller("pat", "user:dana", "dana@example.com", "dana")
    roles = matrix(["datasets:read"], Annotator=[""])
    assert "self" in rules_of(planned(snapshot(caller=dana), roles=roles).refusals)
    assert "self" not in rules_of(planned(snapshot(caller=ADA), roles=roles).refusals)


def test_a_role_that_the_key_in_use_acts_with_loses_nothing():
    """A service key is held to its own role like a person; keys with other roles may take it away."""
    key = Caller("service", "key:2", name="service key lsv2_sk_…2222", hint="lsv2_sk_…2222")
    roles = matrix(["datasets:read"], Annotator=[""])
    assert "self" in rules_of(planned(snapshot(caller=key), roles=roles).refusals)
    assert "self" not in rules_of(planned(snapshot(caller=SERVICE), roles=roles).refusals)


@pytest.mark.parametrize(
    ("setting", "value", "options", "rules", "said"),
    [
        ("sso_only", "true", {}, Rules(), "no single sign-on provider is set up"),
        ("sso_only", "true", {"sso": True}, Rules(), "has no login through single sign-on"),
        ("sso_only", "true", {"sso": True, "caller": SERVICE}, Rules(), "not known that the caller can"),
        ("sso_only", "true", {"sso": True, "logins": ["oidc"]}, Rules(), None),
        ("ip_allowlist", "203.0.113.0/24", {}, Rules(), "not known from which address"),
        ("ip_allowlist", "203.0.113.0/24", {}, Rules(caller_address="198.51.100.1"), "is in none of"),
        ("ip_allowlist", "2001:db8::/32", {}, Rules(caller_address="198.51.100.1"), "is in none of"),
        ("ip_allowlist", "203.0.113.0/24", {}, Rules(caller_address="203.0.113.7"), None),
        ("ip_allowlist", "203.0.113.0/24", {}, Rules(caller_address=" ::ffff:203.0.113.7"), None),
        ("pat_creation_disabled", "true", {}, Rules(), "ends in 17 days"),
        ("pat_creation_disabled", "true", {"caller": SERVICE}, Rules(), None),
        ("pat_creation_disabled", "true", {"without": ("access_tokens",)}, Rules(), "not known when the token"),
        ("public_sharing_disabled", "true", {}, Rules(), None),
    ],
)
def test_settings_that_may_lock_out_the_caller_are_refused(setting, value, options, rules, said):
    """Each is held against the caller's own way in; what is not known does not count as safe."""
    options = dict(options)
    if options.pop("sso", False):
        options["sso"] = [{"id": "s", "provider_id": "p", "default_workspace_ids": []}]
    logins = options.pop("logins", ())
    made = company().add("cleo", "Organization Admin")
    for person in made.people:
        # Everybody but the caller can come in through single sign-on, enough Admins among them.
        names = logins if person["email"] == "ada@example.com" else ["oidc"]
        person["linked_login_methods"] = [{"provider": name} for name in names]
    options["people"] = made
    sheet = rows({"setting": setting, "value": value})
    plan = planned(snapshot(**options), rules=rules, settings=sheet)
    assert ([] if said is None else ["lock-out"]) == rules_of(plan.refusals)
    if said:
        assert said in plan.refusals[0].message
        assert planned(snapshot(**options), rules=rules, allow={"lock-out": "break-glass key"}, settings=sheet).is_safe


def test_an_address_of_the_caller_that_is_none_is_an_error_with_words():
    """Not one from the depths of the standard library."""
    sheet = rows({"setting": "ip_allowlist", "value": "203.0.113.0/24"})
    with pytest.raises(PlanError, match="'home' is no address"):
        planned(snapshot(), rules=Rules(caller_address="home"), settings=sheet)


def test_a_list_that_is_to_be_empty_is_sent_as_one():
    """The service takes null for leaving it as it is; of addresses null lets everybody in."""
    settings = rows(
        {"setting": "llm_auth_proxy_allowed_urls", "value": "none"}, {"setting": "ip_allowlist", "value": "none"}
    )
    plan = planned(snapshot(info={"ip_allowlist": ["203.0.113.0/24"]}), settings=settings)
    assert {"llm_auth_proxy_allowed_urls": [], "ip_allowlist": None} == {
        name: value for change in plan.changes for name, value in change.after.items()
    }


def test_what_settings_break_for_others_is_warned_of():
    """Without stopping the plan."""
    tokens = planned(snapshot(caller=SERVICE), settings=rows({"setting": "pat_creation_disabled", "value": "yes"}))
    assert "tokens-off" in rules_of(tokens.warnings)
    closed = {"jit_provisioning_enabled": False}
    door = planned(snapshot(info=closed), settings=rows({"setting": "invites_enabled", "value": "no"}))
    assert "closed-door" in rules_of(door.warnings)


def test_sensitive_permissions_are_risky_and_warned_of():
    """With how many people get them."""
    plan = planned(snapshot(), roles=matrix(["workspaces:manage-members"], Annotator=["x"]))
    assert "high" == plan.changes[0].risk
    warning = next(verdict for verdict in plan.warnings if verdict.rule == "sensitive-permissions")
    assert "2 people hold it" in warning.message


def test_without_roles_in_the_plan_a_sheet_of_roles_is_refused():
    """With a sentence, and not by the service."""
    snap = snapshot(info={"config": {"can_use_rbac": False}})
    with pytest.raises(PlanError, match="has no roles"):
        planned(snap, roles=matrix(["charts:read"], Annotator=["x"]))


def test_more_workspaces_than_the_plan_allows_are_warned_of():
    """The service says no; who plans should know before."""
    sheet = rows({"workspace_name": "A", "action": "create"}, {"workspace_name": "B", "action": "create"})
    assert ["max-workspaces"] == rules_of(planned(snapshot(), workspaces=sheet).warnings)
    assert [] == rules_of(planned(snapshot(), workspaces=sheet.head(1)).warnings)


def test_creating_what_is_there_creates_nothing():
    """So that a sheet can be planned again after it was carried out."""
    plan = planned(snapshot(), workspaces=rows({"workspace_name": "production", "action": "create"}))
    assert plan.is_empty
    assert ["already-there"] == rules_of(plan.warnings)


def test_a_role_keeps_what_nobody_has_heard_of():
    """The whole list is sent, so the whole list is in the plan."""
    change = planned(snapshot(listed=True), roles=matrix(["charts:read", "runs:read"], Annotator=["", ""])).changes[0]
    assert UNKNOWN in becomes(change)["permissions"]
    assert sorted(set(ANNOTATOR) - {"runs:read"}) == becomes(change)["permissions"]
    assert sorted(ANNOTATOR) == was(change)["permissions"]


def test_a_mode_is_about_people_only():
    """Under sync without people there is nothing to be the whole truth."""
    found = checked(snapshot(), settings=rows({"setting": "invites_enabled", "value": "no"}))
    from lsnb.plan.sheets import plan_set

    with pytest.raises(PlanError, match="about the sheet of people"):
        plan_set(found, mode="sync", scope="organization", created_at=CREATED_AT)
    with pytest.raises(PlanError, match="no kind of sheet 'colours'"):
        read_set(snapshot(), {"colours": None})  # type: ignore[dict-item]


def test_every_kind_has_words():
    """One sentence each; what changes is in it, and no name of a field."""
    plan = planned(snapshot(), **everything())
    said = {change.kind: sentence_words(change) for change in plan.changes}
    assert "create role Tester with 1 permission" == said["CreateRole"]
    assert "change role Annotator: +runs:share, -datasets:read" == said["UpdateRole"]
    assert "rename workspace Production to Prod" == said["RenameWorkspace"]
    assert "create service key bot: Tester in Labs, Production, until 2027-01-31 00:00 UTC" == said["CreateServiceKey"]
    assert (
        "give service key night job (lsv2_sk_...1111): Organization User and Viewer → Organization User and Editor"
        == (said["SetServiceKeyRole"])
    )
    assert "set setting pat_creation_disabled: false → true" == said["UpdateSettings"]
    assert "revoke token old (lsv2_pt_...dddd) of dana@example.com" == said["RevokeAccessToken"]
    assert set(CHANGE_KINDS) - {
        "ReplaceInvite", "AddWorkspaceMember", "SetOrgRole", "RemoveWorkspaceMember", "CancelInvite", "RemoveMember",
    } == set(said)  # fmt: skip
    for change in plan.changes:
        for words in (from_words(change), to_words(change), who_words(change)):
            assert words
            assert "_id" not in words
    for form in (plan.to_text(), plan.to_markdown(), plan.to_html(), plan.to_csv()):
        assert "Tester" in form
        assert "Annotator" in form
    assert "1 role created" in summary_words(plan)


def test_a_plan_of_changes_made_by_hand_is_judged_too():
    """However a plan came about."""
    snap = snapshot()
    made = planned(snap, roles=matrix(["action"], Annotator=["delete"])).changes
    assert ["role-in-use"] == rules_of(changes_to_plan(snap, made, created_at=CREATED_AT).refusals)


def test_what_needs_a_dropped_creation_is_dropped_with_it():
    """A plan without the workspace cannot invite anybody into it."""
    snap = snapshot()
    plan = planned(snap, **everything())
    created = next(change.id for change in plan.changes if change.kind == "CreateRole")
    less = drop_changes(plan, snap, [created])
    assert not {"CreateRole", "InviteMember", "CreateServiceKey", "SetWorkspaceRole"} & set(kinds(less))
    assert "CreateWorkspace" in kinds(less)
    said = next(warning.message for warning in less.warnings if warning.rule == "dropped-too")
    assert "InviteMember of new@example.com" in said


@pytest.mark.parametrize(
    ("places", "said", "is_refused"),
    [(["ws-research"], "the service will refuse", True), (["ws-research", "ws-staging"], "others stay", False)],
)
def test_deleting_where_single_sign_on_puts_new_people_is_said(places, said, is_refused):
    """The service keeps the last such workspace, so the plan is refused; one of several is a warning."""
    sso = [{"id": "s", "provider_id": "p", "default_workspace_ids": places}]
    plan = planned(snapshot(sso=sso), workspaces=rows({"workspace_name": "Research", "action": "delete"}))
    verdict = next(v for v in (plan.refusals if is_refused else plan.warnings) if v.rule == "sso-default")
    assert said in verdict.message
    other = planned(snapshot(sso=sso), workspaces=rows({"workspace_name": "Production", "action": "delete"}))
    assert "sso-default" not in rules_of((*other.warnings, *other.refusals))


def test_what_the_service_will_refuse_to_the_caller_is_warned_of():
    """An Operator gives no key another role, and whoever is neither may end their own token only."""
    operator = Caller("pat", "user:op", "op@example.com", "op", role="Organization Operator")
    plan = planned(snapshot(caller=operator), keys=rows({"description": "night job", "role": "Editor"}))
    assert "caller-rights" in rules_of(plan.warnings)
    plan = planned(snapshot(caller=operator), workspaces=rows({"workspace_name": "Research", "new_name": "R"}))
    assert "caller-rights" not in rules_of(plan.warnings)
    dana = Caller("pat", "user:dana", "dana@example.com", "dana", role="Organization User")
    own = planned(snapshot(caller=dana), tokens=rows({"token_id": "token-dana", "action": "revoke"}))
    assert "caller-rights" not in rules_of(own.warnings)
    other = planned(snapshot(caller=dana), tokens=rows({"token_id": "token-eve", "action": "reinstate"}))
    assert "caller-rights" in rules_of(other.warnings)
