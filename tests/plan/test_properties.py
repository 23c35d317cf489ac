"""What holds for every small organization, every sheet and every mode."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsnb.plan import Rules, ServerFeatures, plan_from_json, plan_to_json
from lsnb.snapshot import Caller
from tests.plan.company import ROLES, Company, address, plan_of, sheet

PLACES = ("Production", "Staging", "Research")
NAMES = ("ada", "ben", "cleo", "dana", "eve", "finn", "new1", "new2")
ORGANIZATION_ROLES = [role for role, (_, scope) in ROLES.items() if scope == "organization"]
WORKSPACE_ROLES = [role for role, (_, scope) in ROLES.items() if scope == "workspace"]

memberships = st.dictionaries(st.sampled_from(PLACES), st.sampled_from(WORKSPACE_ROLES), max_size=3)
members = st.tuples(
    st.sampled_from(["Organization Admin", "Organization Admin", *ORGANIZATION_ROLES]),
    memberships,
    st.sampled_from(["active", "active", "active", "pending", "disabled"]),
)
one_role = st.one_of(st.just(""), st.sampled_from(WORKSPACE_ROLES))
organization_cells = st.tuples(
    st.one_of(st.just(""), st.sampled_from(ORGANIZATION_ROLES)), st.sampled_from(["", "", "", "remove"])
)
workspace_cells = st.tuples(one_role, st.sampled_from(["", "", "", "remove"]))


@st.composite
def companies(draw):
    """Draw an organization of up to six people, one of whom may be the caller, sometimes without roles."""
    company = Company(PLACES, has_rbac=draw(st.sampled_from([True, True, True, False])))
    for name in draw(st.sets(st.sampled_from(NAMES[:6]), min_size=1)):
        role, places, state = draw(members)
        if state == "pending" and draw(st.booleans()):
            shared = draw(st.sampled_from(WORKSPACE_ROLES))
            places = dict.fromkeys(places, shared)
        if not company.has_rbac:
            # Without roles in the plan everybody is Admin; a role of somebody's own would be made up.
            places = dict.fromkeys(places, "Admin")
        company.add(name, role, places, state=state)
    if draw(st.booleans()):
        email = address("ada")
        company.caller = Caller("pat", f"user:user-{email}", email, "ada", f"user-{email}", "Organization Admin")
    return company


@st.composite
def sheets(draw):
    """Draw a sheet with at most one row per person and place."""
    places = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(("", *PLACES))), unique=True, max_size=14))
    rows = []
    for name, place in places:
        role, action = draw(workspace_cells if place else organization_cells)
        rows.append((name, place, "" if action else role, action))
    return rows


MODES = st.sampled_from(
    [
        {},
        {"mode": "remove"},
        {"mode": "sync", "scope": "organization"},
        {"mode": "sync", "scope": ["Production"]},
        {"mode": "sync", "scope": ["Staging", "Research"]},
    ]
)
SERVERS = st.sampled_from([ServerFeatures(), ServerFeatures(can_patch_pending=True)])
# Small on purpose: the whole suite must stay quick. Raise it when something here changes.
fast = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@fast
@given(companies(), sheets(), MODES, SERVERS)
def test_a_second_plan_is_empty_when_the_first_was_carried_out(company, rows, mode, server):
    """Planning the same sheet after applying it finds nothing more to do, also where something waits."""
    plan = plan_of(company, sheet(*rows), server=server, **mode)
    after = company.apply(plan)
    assert [] == list(plan_of(after, sheet(*rows), server=server, **mode).changes)


@fast
@given(companies(), sheets(), MODES, SERVERS)
def test_the_rules_hold_when_a_plan_is_accepted(company, rows, mode, server):
    """An accepted plan leaves admins, the caller's own rights and protected accounts as the rules say."""
    rules = Rules(protected=("finn@*",))
    plan = plan_of(company, sheet(*rows), server=server, rules=rules, **mode)
    before, after = admins(company), admins(company.apply(plan))
    if plan.is_safe:
        assert len(after) >= min(len(before), 2)
        assert not any(change.email == address("finn") for change in plan.changes)
        if company.caller.email:
            caller = {key: value for key, value in company.grants().items() if key[0] == address("ada")}
            assert set(caller) <= set(company.apply(plan).grants())
    if before and not after:
        allowed = dict.fromkeys(("min-admins", "self", "protected", "max-removals", "max-promotions"), "sure")
        assert not plan_of(company, sheet(*rows), server=server, rules=rules, allow=allowed, **mode).is_safe


def admins(company):
    """List the active Organization Admins."""
    return {
        person["email"]
        for person in company.people
        if person["role_name"] == "ORGANIZATION_ADMIN" and not person["is_pending"] and not person["is_disabled"]
    }


@fast
@given(companies(), sheets(), SERVERS)
def test_sync_touches_nothing_out_of_scope_when_workspaces_are_named(company, rows, server):
    """Outside the named workspaces nothing changes for anybody, but that new people come into the organization."""
    plan = plan_of(company, sheet(*rows), mode="sync", scope=["Production"], server=server)
    before, after = company.grants(), company.apply(plan).grants()
    known = {email for email, _ in before}
    outside = {key: role for key, role in before.items() if key[1] != "Production"}
    assert outside == {key: role for key, role in after.items() if key[1] != "Production" and key[0] in known}
    assert {place for email, place in after if email not in known} <= {"", "Production"}


@fast
@given(companies(), sheets(), SERVERS)
def test_sync_leaves_only_what_the_sheet_names_when_it_is_carried_out(company, rows, server):
    """Whoever is in a workspace in scope afterwards has a row there."""
    plan = plan_of(company, sheet(*rows), mode="sync", scope=["Production"], server=server)
    named = {address(name) for name, place, *_ in rows if place == "Production"}
    assert {email for email, place in company.apply(plan).grants() if place == "Production"} <= named


@fast
@given(companies(), sheets(), SERVERS)
def test_nobody_loses_anything_when_no_row_says_remove(company, rows, server):
    """Under update nobody is removed, and no role of the organization changes, without a row that says so."""
    kept = [row for row in rows if row[3] != "remove"]
    plan = plan_of(company, sheet(*kept), server=server)
    after = company.apply(plan).grants()
    asked = {(address(name), place) for name, place, *_ in kept}
    for key, role in company.grants().items():
        if key not in asked:
            assert role == after[key]
    assert {email for email, _ in company.grants()} <= {email for email, _ in after}


@fast
@given(companies(), sheets(), MODES, SERVERS)
def test_a_plan_reads_back_the_same_when_it_was_saved(company, rows, mode, server):
    """A saved plan is the plan, with its fingerprint."""
    plan = plan_of(company, sheet(*rows), server=server, **mode)
    assert plan == plan_from_json(plan_to_json(plan))


@fast
@given(companies(), sheets(), MODES, st.randoms(use_true_random=False))
def test_a_plan_is_the_same_when_columns_and_people_come_in_another_order(company, rows, mode, random):
    """Neither the order of the sheet's columns nor that of the service's list changes the fingerprint."""
    edits = sheet(*rows)
    plan = plan_of(company, edits, **mode)
    columns = list(edits.rows.columns)
    random.shuffle(columns)
    random.shuffle(company.people)
    shuffled = type(edits)(edits.rows[columns], edits.problems, edits.source)
    assert plan.fingerprint == plan_of(company, shuffled, **mode).fingerprint


@fast
@given(companies(), sheets(), MODES, st.randoms(use_true_random=False))
def test_the_changes_are_the_same_when_rows_come_in_another_order(company, rows, mode, random):
    """The order of rows shows only in the reasons, which name row numbers."""
    plan = plan_of(company, sheet(*rows), **mode)
    random.shuffle(rows)
    other = plan_of(company, sheet(*rows), **mode)
    assert [(c.id, c.stage, c.after) for c in plan.changes] == [(c.id, c.stage, c.after) for c in other.changes]
    assert [v.rule for v in plan.refusals] == [v.rule for v in other.refusals]
