"""Who makes a plan, and whom no plan may hit: faults that were found, and others of their kind."""

from __future__ import annotations

import threading
from dataclasses import replace

import pandas as pd
import pytest

import lsnb
from lsnb.apply.checks import check_place
from lsnb.cli import main
from lsnb.errors import PlanError, ServerError, TableError, TransportError, UnsafePlanError
from lsnb.organization import Organization
from lsnb.plan import Rules, drop_changes
from lsnb.service.config import load_settings
from lsnb.service.transport import Transport
from lsnb.snapshot import Caller, Snapshot
from lsnb.widgets.planning import plan_view
from lsnb.widgets.settings import settings_form
from tests.apply.acme import no_sleep
from tests.plan import outfit as tiny

COLUMNS = ["email", "langsmith_role", "workspace_id", "workspace_name", "action"]
ADA, JONAS, LIAM = "ada.lindqvist@acme.example", "jonas.weber@acme.example", "liam.murphy@acme.example"
MEI = "mei.tanaka@acme.example"
GLASS, DANA = "break.glass@acme.example", "dana.fox@partner.example"
TOKENS = "/orgs/current/personal-access-tokens"
ALL_TOKENS = "/orgs/current/members/personal-access-tokens"


def sheet(*rows):
    """Make a sheet of people."""
    return pd.DataFrame([(*row, *[""] * (5 - len(row))) for row in rows], columns=COLUMNS, dtype="str")


def removal(email, workspace=""):
    """Make a sheet that removes somebody."""
    return sheet((email, "", "", workspace, "remove"))


def rules_of(verdicts):
    """Name the rules, each once."""
    return list(dict.fromkeys(verdict.rule for verdict in verdicts))


def messages(plan, rule):
    """Give what a rule says about a plan."""
    return " ".join(verdict.message for verdict in plan.refusals if verdict.rule == rule)


def connect(server, key="admin_pat", **how):
    """Connect with one of the keys, without waiting between attempts."""
    settings = load_settings(endpoint=server.url, api_key=server.keys[key], environ={})
    return Organization(Transport(settings, sleep=no_sleep, jitter=lambda: 0.0, **how))


def short_key(server, key="admin_pat"):
    """Give the part of a token that lists show."""
    return f"lsv2_pt_...{server.keys[key][-4:]}"


def person(server, email):
    """Find a person in the server."""
    return next(p for p in server.state.people.values() if p.email == email)


# A3: the service does not tell whose token it is


@pytest.mark.parametrize("status", [404, 403, 405, 400])
def test_a3_owner_removed_when_auth_public_refuses(server, status):
    """While nothing tells whose token it is, nobody is removed with it: it may be its owner."""
    server.faults.add(path="auth/public", status=status, times=None)
    plan = connect(server).plan(removal(ADA))
    assert "self" in rules_of(plan.refusals)
    assert str(status) in messages(plan, "self")


@pytest.mark.parametrize("kind", ["html", "truncate"])
def test_a3_owner_removed_when_auth_public_answers_something_else(server, kind):
    """A proxy's page with 200, or half an answer, tells nothing either."""
    server.faults.add(path="auth/public", kind=kind, times=None)
    org = connect(server)
    try:
        plan = org.plan(removal(ADA))
    except TransportError:
        return
    assert "self" in rules_of(plan.refusals)


@pytest.mark.parametrize("body", [[], {}, {"user_email": ""}, {"user_email": None, "ls_user_id": "", "user_id": ""}])
def test_a3_owner_removed_when_auth_public_names_nobody(server, body):
    """An answer without a name is no name."""
    server.faults.add(path="auth/public", status=200, body=body, times=None)
    assert "self" in rules_of(connect(server).plan(removal(ADA)).refusals)


def test_a3_nothing_is_planned_while_the_answer_does_not_come(server):
    """No answer at all, or an error of the service, is an error: it passes, and a later try asks again."""
    server.faults.add(path="auth/public", kind="drop-before", times=None)
    with pytest.raises(TransportError):
        connect(server).plan(removal(ADA))
    server.faults.clear()
    server.faults.add(path="auth/public", status=503, times=None)
    with pytest.raises(ServerError):
        connect(server).plan(removal(ADA))


@pytest.mark.parametrize(
    ("rows", "is_refused"),
    [
        ([("grace.kim@acme.example", "", "", "", "remove")], True),
        ([("grace.kim@acme.example", "Organization Viewer")], True),
        ([("grace.kim@acme.example", "", "", "Production", "remove")], True),
        ([("new.person@acme.example", "Organization User")], False),
        ([("grace.kim@acme.example", "Organization Operator")], False),
    ],
)
def test_a3_only_what_takes_something_is_refused(server, rows, is_refused):
    """Anybody may be the owner, so nobody may lose anything; what only gives goes on."""
    server.faults.add(path="auth/public", status=404, times=None)
    plan = connect(server).plan(sheet(*rows))
    assert is_refused is ("self" in rules_of(plan.refusals))


def test_a3_invitations_can_be_taken_back_by_nobody_knows_whom(server):
    """Whoever has a token has joined, so an open invitation is never theirs."""
    server.faults.add(path="auth/public", status=404, times=None)
    org = connect(server)
    invited = org.read_access().invites["email"].iloc[0]
    assert "self" not in rules_of(org.plan(removal(invited)).refusals)


def test_a3_roles_workspaces_and_tokens_count_too(server):
    """A role that loses permissions, a deleted workspace and a revoked token may all be the owner's."""
    server.faults.add(path="auth/public", status=404, times=None)
    org = connect(server)
    for plan in (delete_workspace(org, "Research"), edit_role(org, "Power User", "runs:read")):
        assert "self" in rules_of(plan.refusals)


def test_a3_is_overridden_by_name_and_with_a_reason(server):
    """The reason is kept, and apply goes by it."""
    server.faults.add(path="auth/public", status=404, times=None)
    org = connect(server)
    plan = org.plan(removal("grace.kim@acme.example", "Production"), allow={"self": "I am Ada, ticket 1"})
    assert plan.is_safe
    assert org.apply(plan, confirm=plan.fingerprint).is_done


def test_a3_apply_refuses_too(server):
    """A plan that is not refused in the file is, where it is applied."""
    org = connect(server)
    server.faults.add(path="auth/public", status=404, times=None)
    plan = org.plan(removal(ADA), allow={"self": "not me"})
    with pytest.raises(UnsafePlanError, match="self"):
        check_place(org.api, lsnb.plan.seal(_without_reason(plan)), Rules())


def test_a3_a_plan_made_by_its_owner_is_not_applied_by_nobody(server):
    """Where the owner was known and is not any more, the plan is refused."""
    org = connect(server)
    plan = org.plan(removal("grace.kim@acme.example", "Production"))
    server.faults.add(path="auth/public", status=404, times=None)
    with pytest.raises(PlanError, match=r"not known whose key this is.*404"):
        connect(server).apply(plan, confirm=plan.fingerprint)


def test_a3_a_plan_made_while_unknown_is_judged_by_the_person_later(server):
    """The same key applies it, and its person is found by then."""
    server.faults.add(path="auth/public", status=404, times=None)
    plan = connect(server).plan(removal(ADA), allow={"self": "not me"})
    server.faults.clear()
    with pytest.raises(UnsafePlanError, match=f"self.*{ADA}"):
        check_place(connect(server).api, lsnb.plan.seal(_without_reason(plan)), Rules())


def _without_reason(plan):
    return replace(plan, allowed={}, refusals=())


# A4: found by every way there is


@pytest.mark.parametrize("key", ["admin_pat", "operator_pat", "user_pat", "viewer_pat"])
def test_a4_everybody_is_spared_by_their_own_plan(server, key):
    """Planning knows whoever whoami knows, also the Operator whose token has no default workspace."""
    org = connect(server, key)
    known = org.whoami().caller
    again = connect(server, key)
    assert (known.email, known.identity) == (again.caller.email, again.caller.identity)
    assert known.email
    if key in ("user_pat", "viewer_pat"):
        # Such a key sees a part of the people only, and no plan of it may remove anybody at all.
        with pytest.raises(PlanError, match="not known to be whole"):
            again.plan(removal(known.email))
        return
    assert "self" in rules_of(again.plan(removal(known.email)).refusals)


@pytest.mark.parametrize("key", ["admin_service_key", "workspace_key"])
def test_a4_service_keys_are_no_person(server, key):
    """A service key is known by itself, so that nobody is taken for it."""
    org = connect(server, key)
    assert org.caller.is_known
    assert not any("not known whose" in note for note in org.whoami().notes)
    if key == "admin_service_key":
        assert "self" not in rules_of(org.plan(removal("grace.kim@acme.example", "Production")).refusals)


def test_a4_owner_is_found_in_the_list_of_tokens(server):
    """The token's own entry names the owner, where the service hides it elsewhere."""
    server.faults.add(path="auth/public", status=404, times=None)
    server.state.behaviours.pats_listed = "all"
    org = connect(server)
    assert (ADA, person(server, ADA).ls_user_id) == (org.caller.email, org.caller.ls_user_id)
    assert f"user:{person(server, ADA).ls_user_id}" == org.caller.identity


@pytest.mark.parametrize("field", ["email", "ls_user_id", "id"])
def test_a4_owner_is_found_in_the_list_of_all_tokens(server, field):
    """Whoever made a token owns it, whatever the service calls them by."""
    maker = getattr(person(server, ADA), field)
    server.faults.add(path="auth/public", status=404, times=None)
    rows = [
        {"id": "other", "short_key": "lsv2_pt_...0000", "created_by": GLASS},
        {"id": "mine", "short_key": short_key(server), "created_by": maker},
    ]
    server.faults.add(path=ALL_TOKENS, status=200, body=rows, times=None)
    server.faults.add(path=TOKENS, status=403, times=None)
    org = connect(server)
    assert (ADA, person(server, ADA).ls_user_id) == (org.caller.email, org.caller.ls_user_id)
    assert "self" in rules_of(org.plan(removal(ADA)).refusals)


def test_a4_two_tokens_that_end_alike_tell_nothing(server):
    """A guess would spare the wrong person."""
    server.faults.add(path="auth/public", status=404, times=None)
    rows = [{"id": str(n), "short_key": short_key(server), "created_by": maker} for n, maker in enumerate((ADA, GLASS))]
    server.faults.add(path=ALL_TOKENS, status=200, body=rows, times=None)
    server.faults.add(path=TOKENS, status=403, times=None)
    org = connect(server)
    assert not org.caller.is_known
    assert "self" in rules_of(org.plan(removal(LIAM)).refusals)


@pytest.mark.parametrize("field", ["user_email", "ls_user_id", "user_id"])
def test_a4_half_an_answer_is_completed_from_the_members(server, field):
    """An address alone, or an id alone, is enough to find the person."""
    public = {"user_email": ADA, "ls_user_id": person(server, ADA).ls_user_id, "user_id": person(server, ADA).user_id}
    server.faults.add(path="auth/public", status=200, body={field: public[field]}, times=None)
    org = connect(server)
    assert (ADA, public["ls_user_id"]) == (org.caller.email, org.caller.ls_user_id)
    assert "self" in rules_of(org.plan(removal(ADA)).refusals)


def test_a4_asking_costs_one_request_where_it_works(server):
    """The other ways are for when it does not."""
    org = connect(server)
    org.caller  # noqa: B018  asks
    assert 1 == len(server.requests)
    org = connect(server, "operator_pat")
    server.instance.log.clear()
    org.caller  # noqa: B018  asks
    assert 3 == len(server.requests)


def test_a4_every_door_agrees(server):
    """The plan, whoami, the snapshot and apply name the same person, and undo is judged by it too."""
    org = connect(server, "operator_pat")
    plan = org.plan(sheet(("grace.kim@acme.example", "Organization Viewer")))
    assert {plan.key} == {org.whoami().caller.identity, org.snapshot(tables=["access"]).meta.caller.identity}
    run = org.apply(plan, confirm=plan.fingerprint)
    assert run.is_done
    assert plan.key == org.undo(run).key


def test_a4_whoami_says_that_nobody_knows(server):
    """And what was tried."""
    server.faults.add(path="auth/public", status=403, times=None)
    found = connect(server).whoami()
    assert any("It is not known whose key" in note and "403" in note for note in found.notes)


# A6: single sign-on only


def settings(**values):
    """Make a sheet of settings."""
    return {"settings": pd.DataFrame({"setting": list(values), "value": list(values.values())}, dtype="str")}


def test_a6_sso_only_names_the_four_it_shuts_out(server):
    """Two of them are Admins, and one is the account for emergencies."""
    plan = connect(server).plan(settings(sso_only="true"))
    said = messages(plan, "lock-out")
    for email in (GLASS, DANA, "kim.doyle@freelance.example", "team@acme.example"):
        assert email in said
    assert "4 of the 42 people" in said
    assert 2 == said.count("(Organization Admin)")
    assert ADA not in said.split("would be shut out")[1].split(".example.")[0]


def test_a6_sso_only_is_refused_for_a_protected_account(server):
    """By its own rule, which allowing the other does not lift."""
    org = connect(server)
    plan = org.plan(settings(sso_only="true"), rules=Rules(protected=(GLASS,)), allow={"lock-out": "known"})
    assert ["protected"] == rules_of(plan.refusals)
    assert GLASS in messages(plan, "protected")


def test_a6_nobody_is_shut_out_where_they_go_in_the_same_plan(server):
    """It is judged on what the plan leaves."""
    org = connect(server)
    snap = org.snapshot(audit_days=0)
    methods = snap.members.set_index("email")["login_methods"]
    others = [email for email, method in methods.items() if not method.startswith("supabase:sso")]
    brought = settings(sso_only="true") | {"access": sheet(*[(email, "", "", "", "remove") for email in others])}
    plan = org.plan(brought)
    assert "lock-out" not in rules_of(plan.refusals)


@pytest.mark.parametrize("known", [[], [{"provider": "email"}], None])
def test_a6_unknown_ways_to_log_in_are_named_and_do_not_count(server, known):
    """Somebody of whom the service tells no login is shut out, or may be; either is said."""
    for email in (GLASS, DANA, "kim.doyle@freelance.example", "team@acme.example"):
        person(server, email).login_methods = [{"provider": "supabase:sso", "provisioning": "saml:jit"}]
    assert connect(server).plan(settings(sso_only="true")).is_safe
    person(server, MEI).login_methods = known or []
    server.state.touch()
    org = connect(server)
    if known is None:
        snap = org.snapshot(audit_days=0)
        members = snap.members
        members.loc[members["email"] == MEI, "login_methods"] = pd.NA
        snap = lsnb.snapshot.Snapshot(
            snap.meta, {name: snap.table(name) for name in snap.table_names} | {"members": members}
        )
        plan = org.plan(settings(sso_only="true"), snapshot=snap)
        assert "not known how they log in" in messages(plan, "lock-out")
    else:
        plan = org.plan(settings(sso_only="true"))
    assert MEI in messages(plan, "lock-out")


# A7: judged by what it does


def edit_role(org, role, *lost, **how):
    """Plan that a role loses permissions."""
    held = org.snapshot(tables=["permissions", "roles"]).permissions
    names = set(held.loc[held["role"] == role, "permission"]) - set(lost)
    everything = sorted(set(held["permission"]))
    frame = pd.DataFrame({"permission": everything, role: ["x" if name in names else "" for name in everything]})
    return org.plan({"roles": frame}, **how)


def delete_workspace(org, name, **how):
    """Plan that a workspace is deleted, by the name of the change."""
    frame = pd.DataFrame([{"workspace_name": name, "action": "delete"}])
    plan = org.plan({"workspaces": frame}, **how)
    allow = {f"irreversible:{change.id}": "it is empty" for change in plan.changes}
    return org.plan({"workspaces": frame}, allow=allow, **how)


def test_a7_a_role_that_only_a_protected_account_holds(server):
    """It may lose nothing."""
    org = connect(server)
    plan = edit_role(org, "Power User", "runs:delete", "runs:read", rules=Rules(protected=(LIAM,)))
    assert ["protected"] == rules_of(plan.refusals)
    assert LIAM in messages(plan, "protected")
    assert "runs:delete" in messages(plan, "protected")
    assert edit_role(org, "Power User", "runs:delete", rules=Rules(protected=(JONAS,))).is_safe


def test_a7_a_workspace_where_a_protected_account_has_a_role(server):
    """It may not be deleted."""
    org = connect(server)
    access = org.read_access().access
    place = access.loc[(access["email"] == LIAM) & (access["scope"] == "workspace"), "workspace"].iloc[0]
    assert "protected" in rules_of(delete_workspace(org, place, rules=Rules(protected=(LIAM,))).refusals)
    assert "protected" not in rules_of(delete_workspace(org, place, rules=Rules(protected=(GLASS,))).refusals)


def test_a7_a_role_that_only_a_protected_account_holds_is_deleted(server):
    """Its rights would go with the role."""
    org = connect(server)
    frame = pd.DataFrame([{"permission": "action", "Power User": "delete"}])
    plan = org.plan({"roles": frame}, rules=Rules(protected=(LIAM,)))
    assert {"protected", "role-in-use"} <= set(rules_of(plan.refusals))


def test_a7_a_workspace_that_waits_for_a_protected_account(server):
    """An invitation that names the workspace would lose it."""
    org = connect(server)
    invites = org.read_access().invites
    waiting = invites[invites["workspaces"].fillna("") != ""].iloc[0]
    place = waiting["workspaces"].split(", ")[0]
    plan = delete_workspace(org, place, rules=Rules(protected=(waiting["email"],)))
    assert "protected" in rules_of(plan.refusals)
    assert waiting["email"] in messages(plan, "protected")


def test_a7_an_admin_of_everything_loses_nothing_with_a_workspace(server):
    """Whoever is Admin everywhere by being Organization Admin holds no role in the workspace, and neither does the caller."""
    org = connect(server)
    access = org.read_access().access
    own = access[(access["source"] != "org-admin") & (access["scope"] == "workspace")]
    place = next(
        name
        for name in access["workspace"].dropna().unique()
        if GLASS not in set(own.loc[own["workspace"] == name, "email"])
    )
    plan = delete_workspace(org, place, rules=Rules(protected=(GLASS,), max_removals_share=1.0))
    assert not {"self", "protected"} & set(rules_of(plan.refusals))


def test_a7_keys_that_a_protected_account_made(server):
    """Neither deleted nor changed; one that somebody else made may be."""
    org = connect(server)
    keys = org.snapshot(tables=["service_keys"]).service_keys
    key = keys[keys["created_by"] == ADA].iloc[-1]
    frame = pd.DataFrame(
        [{"service_key_id": key["service_key_id"], "description": key["description"], "action": "delete"}]
    )
    plan = org.plan({"keys": frame}, rules=Rules(protected=(ADA,)))
    assert "protected" in rules_of(plan.refusals)
    assert "protected" not in rules_of(org.plan({"keys": frame}, rules=Rules(protected=(GLASS,))).refusals)


def test_a7_whose_address_a_list_of_addresses_shuts_out_is_said_to_be_unknown(server):
    """The caller's is known; a protected account's is not, which is a warning."""
    rules = Rules(protected=(GLASS,), caller_address="203.0.113.7")
    plan = connect(server).plan(settings(ip_allowlist="203.0.113.0/24"), rules=rules)
    assert plan.is_safe
    assert "protected-unknown" in rules_of(plan.warnings)


# A5: the policy is found by itself

POLICY = f'[lists]\nbreak_glass = ["{GLASS}"]\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder of its own, with a configuration of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def put_policy(place, here, server, monkeypatch):
    """Write the policy where it is to be found; give what it is called."""
    if place == "working folder":
        path = here / "lsnb-policy.toml"
    elif place == "environment":
        path = here.parent / "ours.toml"
        monkeypatch.setenv("LSNB_POLICY", str(path))
    else:
        path = here.parent / "config" / "lsnb" / "policies" / f"{server.organization_id}.toml"
        path.parent.mkdir(parents=True)
    path.write_text(POLICY)
    return path.name


@pytest.mark.parametrize("place", ["working folder", "environment", "configuration"])
def test_a5_break_glass_is_protected_without_naming_the_policy(server, here, monkeypatch, place):
    """The plan is refused and says by which policy; so is what whoami and the organization show."""
    name = put_policy(place, here, server, monkeypatch)
    org = connect(server)
    plan = org.plan(removal(GLASS))
    assert "protected" in rules_of(plan.refusals)
    assert (name, (GLASS,)) == (plan.policy, plan.protected)
    for shown in (plan.to_text(), plan.to_markdown().replace("\\", ""), plan.to_html()):
        assert f"policy: {name}" in shown
    assert name in repr(org)
    assert name in org.whoami().policy
    assert plan == lsnb.plan.plan_from_json(plan.to_json())


def test_a5_the_order_in_which_a_policy_is_found(server, here, monkeypatch):
    """What is asked for this once, what connect was given, the environment, the working folder."""
    put_policy("working folder", here, server, monkeypatch)
    assert "lsnb-policy.toml" == connect(server).policy_in_force().name
    put_policy("environment", here, server, monkeypatch)
    assert "ours.toml" == connect(server).policy_in_force().name
    (here / "given.toml").write_text(POLICY)
    settings_ = load_settings(endpoint=server.url, api_key=server.key, environ={})
    org = Organization(Transport(settings_), policy=here / "given.toml")
    assert "given.toml" == org.policy_in_force().name
    assert "a policy given in code" == org.policy_in_force(lsnb.Policy()).name


@pytest.mark.parametrize(
    "content", ["[lists]\nbreak_glas = []\n", "[lists\n", '[lists]\nbreak_glass = ["nobody"]\n', None]
)
def test_a5_a_policy_that_cannot_be_used_is_an_error(server, here, content):
    """It is there, so somebody relies on it: nothing is planned, applied or taken back without it."""
    path = here / "lsnb-policy.toml"
    if content is None:
        path.symlink_to(here / "gone.toml")
    else:
        path.write_text(content)
    org = connect(server)
    with pytest.raises(TableError):
        org.plan(removal(LIAM))
    assert "cannot be used" in org.whoami().policy


def test_a5_switching_it_off_is_by_name_and_is_said(server, here, monkeypatch):
    """Leaving the argument out is no such thing."""
    put_policy("working folder", here, server, monkeypatch)
    org = connect(server)
    assert "protected" in rules_of(org.plan(removal(GLASS), policy=None).refusals)
    plan = org.plan(removal(GLASS), policy="none")
    assert plan.is_safe
    assert "policy-off" in rules_of(plan.warnings)
    with pytest.raises(UnsafePlanError, match="protected"):
        org.apply(plan, confirm=plan.fingerprint)


def test_a5_apply_and_resume_know_it_too(server, here, monkeypatch):
    """A plan that was made elsewhere, without the policy, is refused here; so is going on with it."""
    org = connect(server)
    plan = org.plan(removal(GLASS))
    assert plan.is_safe
    stop = threading.Event()
    stop.set()
    run = org.apply(plan, confirm=plan.fingerprint, stop=stop)
    assert not run.is_done
    put_policy("working folder", here, server, monkeypatch)
    with pytest.raises(UnsafePlanError, match="protected"):
        org.apply(plan, confirm=plan.fingerprint)
    with pytest.raises(UnsafePlanError, match="protected"):
        org.resume(run.journal)
    assert person(server, GLASS)


def test_a5_a_plan_carries_whom_it_must_not_touch(server, here, monkeypatch):
    """Where it is applied without the policy's file, the accounts that were protected still are."""
    name = put_policy("working folder", here, server, monkeypatch)
    org = connect(server)
    plan = org.plan(removal(GLASS), allow={"protected": "a test", "policy": "a test"})
    (here / name).unlink()
    forged = lsnb.plan.seal(replace(plan, allowed={"policy": "a test"}, refusals=()))
    with pytest.raises(UnsafePlanError, match="protected"):
        org.apply(forged, confirm=forged.fingerprint)
    forged = lsnb.plan.seal(replace(plan, rules=Rules(), refusals=()))
    assert forged.fingerprint != plan.fingerprint


def test_a5_undo_is_held_to_it(server, here, monkeypatch):
    """Taking a promotion of the account for emergencies back would demote it."""
    org = connect(server)
    org.apply(plan := org.plan(sheet((GLASS, "Organization User"))), confirm=plan.fingerprint)
    run = org.apply(plan := org.plan(sheet((GLASS, "Organization Admin"))), confirm=plan.fingerprint)
    assert org.undo(run).is_safe
    put_policy("environment", here, server, monkeypatch)
    back = org.undo(run)
    assert {"protected", "policy:LS-ADM-07"} <= set(rules_of(back.refusals))
    assert "ours.toml" == back.policy


def test_a5_dropping_a_change_keeps_who_is_protected(server, here, monkeypatch):
    """Also where the view that drops it knows nothing of the policy."""
    put_policy("working folder", here, server, monkeypatch)
    org = connect(server)
    plan = org.plan(sheet((GLASS, "", "", "", "remove"), (LIAM, "", "", "", "remove")))
    first = next(change.id for change in plan.changes if change.email == LIAM)
    left = drop_changes(plan, org.read_access(), [first])
    assert "protected" in rules_of(left.refusals)
    assert (plan.policy, plan.policy_digest, plan.protected) == (left.policy, left.policy_digest, left.protected)


@pytest.mark.parametrize("place", ["working folder", "environment"])
def test_a5_the_command_knows_it_everywhere(server, here, monkeypatch, capsys, place):
    """Planning, applying, going on and taking back; and switching it off by name."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    removal(GLASS).to_csv("s.csv", index=False)
    assert 2 == main(["plan", "s.csv", "-o", "p.json"])
    capsys.readouterr()
    name = put_policy(place, here, server, monkeypatch)
    plan = lsnb.load_plan("p.json")
    assert 3 == main(["apply", "p.json", "--confirm", plan.fingerprint])
    assert "protected" in capsys.readouterr().err
    assert 3 == main(["plan", "s.csv"])
    out = capsys.readouterr().out
    assert f"policy: {name}" in out
    assert "protected" in out
    assert 2 == main(["plan", "s.csv", "--policy", "none"])


def test_a5_the_forms_know_it(server, here, monkeypatch):
    """The form of people plans under it, and shows which one it is."""
    put_policy("working folder", here, server, monkeypatch)
    org = connect(server)
    view = plan_view(org.plan(removal(GLASS)), org)
    assert "protected" in rules_of(view.plan.refusals)
    assert "policy: lsnb-policy.toml" in view._facts.value
    assert not view.can_apply
    view.close()


def test_ip_allowlist_is_judged_by_the_address_in_the_form(server):
    """The form asks for the address that the requests come from, as the command does."""
    form = settings_form(connect(server), fresh=True)
    form.set("ip_allowlist", ["203.0.113.0/24"])
    assert "lock-out" in rules_of(form.plan().refusals)
    form.address_field.value = "203.0.113.7"
    assert form.plan().is_safe
    form.address_field.value = "198.51.100.1"
    assert "is in none of" in messages(form.plan(), "lock-out")
    view = form.show_plan()
    assert "198.51.100.1" == view.rules.caller_address
    form.close()


def test_a5_dropping_a_change_keeps_the_ceilings_of_the_policy(server, here):
    """The view judges again by what the plan was made by, not by the defaults."""
    (here / "lsnb-policy.toml").write_text("[thresholds]\nmin_admins = 6\n")
    org = connect(server)
    plan = org.plan(sheet((DANA, "Organization User"), ("grace.kim@acme.example", "Organization Viewer")))
    assert "min-admins" in rules_of(plan.refusals)
    view = plan_view(plan, org, fresh=True)
    other = next(change.id for change in plan.changes if change.email != DANA)
    assert "min-admins" in rules_of(view.drop([other]).refusals)
    view.close()


def test_a5_the_audit_goes_by_it_too(server, here, monkeypatch, capsys):
    """And says by which one."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    (here / "lsnb-policy.toml").write_text('[lists]\nbreak_glass = ["gone@acme.example"]\n')
    assert 2 == main(["audit", "--only", "LS-ADM-07"])
    shown = capsys.readouterr()
    assert "gone@acme.example" in shown.out
    assert "lsnb-policy.toml" in shown.err


# The caller, by what is done to roles, workspaces, keys and names


def workspaces(*items):
    """Make a sheet of workspaces."""
    return pd.DataFrame(list(items)).fillna("")


def test_self_keeps_the_only_workspace_of_the_caller():
    """Deleting the last place where somebody is takes all they have; one of several, or as an Admin of all, does not."""
    people = tiny.company().add("cleo", places={"Research": "Admin"})
    people.add("finn", places={"Research": "Admin", "Staging": "Viewer"})
    gone = workspaces({"workspace_name": "Research", "action": "delete"})

    def refusals(name, role="Organization User"):
        caller = Caller("pat", f"user:{name}", f"{name}@example.com", name, f"user-{name}@example.com", role)
        return rules_of(tiny.planned(tiny.snapshot(people=people, caller=caller), workspaces=gone).refusals)

    assert "self" in refusals("cleo")
    assert "self" not in refusals("finn")
    assert "self" not in refusals("ada", "Organization Admin")


def test_self_keeps_the_workspaces_of_the_key_in_use():
    """A key ends with the last of its workspaces, and the key that makes the plan must not."""
    key = Caller("service", "key:2", name="service key lsv2_sk_…2222", hint="lsv2_sk_…2222")
    snap = tiny.snapshot(caller=key)
    both = workspaces(
        {"workspace_name": "Production", "action": "delete"}, {"workspace_name": "Staging", "action": "delete"}
    )
    assert "self" in rules_of(tiny.planned(snap, workspaces=both).refusals)
    assert "self" not in rules_of(tiny.planned(snap, workspaces=both[:1]).refusals)


def test_protected_keeps_tokens_of_nobody_knows_whom():
    """A token without an owner may be a protected account's; a key without a maker is a warning."""
    rules = Rules(protected=("ben@example.com",))
    snap = tiny.snapshot()
    tokens = snap.access_tokens
    tokens.loc[tokens["access_token_id"] == "token-dana", ["email", "ls_user_id"]] = pd.NA
    tables = {name: snap.table(name) for name in (*snap.table_names, "completeness")}
    snap = Snapshot(snap.meta, tables | {"access_tokens": tokens})
    revoked = tiny.rows({"access_token_id": "token-dana", "short_key": "lsv2_pt_...dddd", "action": "revoke"})
    assert "protected" in rules_of(tiny.planned(snap, rules=rules, tokens=revoked).refusals)
    assert "protected" not in rules_of(tiny.planned(snap, tokens=revoked).refusals)
    deleted = tiny.rows({"service_key_id": "key-night", "description": "night job", "action": "delete"})
    assert "protected-unknown" in rules_of(tiny.planned(snap, rules=rules, keys=deleted).warnings)
    assert "protected-unknown" not in rules_of(tiny.planned(snap, keys=deleted).warnings)


def test_protected_keeps_the_names_that_groups_go_by():
    """A workspace that changes its name takes away what the identity provider's groups give by that name."""
    people = tiny.company().add("gus", places={"Research": "Viewer"}, scim_groups=[{"name": "x:Research:Viewer"}])
    rules = Rules(protected=("gus@example.com",))
    snap = tiny.snapshot(people=people, info={"scim_group_name_separator": ":"})
    assert "group" in set(snap.access.loc[snap.access["email"] == "gus@example.com", "source"])
    renamed = workspaces({"workspace_name": "Research", "new_name": "Lab"})
    assert "protected" in rules_of(tiny.planned(snap, rules=rules, workspaces=renamed).refusals)
    other = workspaces({"workspace_name": "Staging", "new_name": "Lab"})
    assert "protected" not in rules_of(tiny.planned(snap, rules=rules, workspaces=other).refusals)
    separator = tiny.rows({"setting": "scim_group_name_separator", "value": "-"})
    assert "protected" in rules_of(tiny.planned(snap, rules=rules, settings=separator).refusals)


@pytest.mark.parametrize("pattern", ["LIAM.murphy@acme.example", "liam.*", " *@ACME.example "])
def test_protected_patterns_hold_for_roles_too(server, pattern):
    """However they are written."""
    plan = edit_role(connect(server), "Power User", "runs:delete", rules=Rules(protected=(pattern,)))
    assert "protected" in rules_of(plan.refusals)
