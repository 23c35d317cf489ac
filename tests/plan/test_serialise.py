"""Saved plans: the same when read back, and worthless when changed or carried elsewhere."""

from __future__ import annotations

import json

import pytest

from lsnb.errors import PlanError
from lsnb.plan import CHANGE_KINDS, check_binding, fingerprint_of, make_plan, plan_from_json
from tests.plan.company import Company, plan_of, sheet

# fmt: off
PLAN_KEYS = {
    "version", "fingerprint", "organization_id", "organization", "host", "key", "mode", "scope", "created_at", "changes",
    "waiting", "refusals", "warnings", "allowed", "rules", "basis", "nonce",
}
CHANGE_KEYS = {
    "id", "kind", "email", "scope", "workspace", "before", "after", "reason", "risk", "reversible", "stage",
    "consequence", "ids",
}
# fmt: on


@pytest.fixture
def plan():
    """Make a plan with changes, warnings, refusals, something that waits and an override."""
    company = Company().add("ada", "Organization Admin").add("ben", "Organization Admin", {"Production": "Viewer"})
    company.add("dana", places={"Production": "Editor"})
    rows = [
        ("ada", "", "Organization User"),
        ("ben", "Staging", "Viewer"),
        ("dana", "", "", "remove"),
        ("new", "Production", "Viewer"),
        ("new", "Staging", "Editor"),
    ]
    return plan_of(company, sheet(*rows), allow={"max-promotions": "just in case"})


def through_json(plan):
    """Send a plan through a file."""
    return json.loads(json.dumps(plan.to_json()))


def test_a_plan_is_the_same_when_it_comes_back_from_a_file(plan):
    """Nothing is lost on the way."""
    assert plan == plan_from_json(through_json(plan))
    assert all((plan.changes, plan.waiting, plan.refusals, plan.warnings, plan.allowed))


def test_the_saved_form_has_the_documented_keys_when_a_plan_is_saved(plan):
    """The form is public: other programs read it."""
    data = through_json(plan)
    assert PLAN_KEYS == set(data)
    assert CHANGE_KEYS == set(data["changes"][0])
    assert 2 == data["version"]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda data: data["changes"][0]["ids"].update(role_id="role-organization-admin"),
        lambda data: data["changes"].pop(),
        lambda data: data.update(refusals=[]),
        lambda data: data["allowed"].update({"min-admins": "sure"}),
        lambda data: data.update(organization_id="org-2"),
        lambda data: data.update(fingerprint="0" * 64),
    ],
)
def test_a_plan_is_refused_when_the_file_was_changed(plan, tamper):
    """What was reviewed is what is applied, to the letter."""
    data = through_json(plan)
    tamper(data)
    with pytest.raises(PlanError, match="was changed after it was made"):
        plan_from_json(data)


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda data: data.update(version=3), "Use a newer lsnb"),
        (lambda data: data.update(version=1), "Make it again"),
        (lambda data: data.pop("version"), "not a saved plan"),
        (lambda data: data.update(version=True), "not a saved plan"),
        (lambda data: data.pop("changes"), "damaged"),
        (lambda data: data.update(changes=7), "damaged"),
        (lambda data: data["changes"][0].update(kind="DropEverything"), "kind of change 'DropEverything'"),
        (lambda data: data["changes"][0].update(stage="whenever"), "stage 'whenever'"),
        (lambda data: data["changes"][0].update(ids={"role_id": 7}), "damaged"),
        (lambda data: data.update(mode="force"), "mode 'force'"),
    ],
)
def test_a_plan_is_refused_when_the_file_makes_no_sense(plan, tamper, words):
    """The message says what is wrong; nothing of it is used."""
    data = through_json(plan)
    tamper(data)
    with pytest.raises(PlanError, match=words):
        plan_from_json(data)


@pytest.mark.parametrize("data", [[], None, "plan", {}])
def test_a_plan_is_refused_when_the_file_is_something_else(data):
    """Any JSON can be handed in."""
    with pytest.raises(PlanError, match="not a saved plan"):
        plan_from_json(data)


@pytest.mark.parametrize(
    ("field", "value"), [("organization_id", "org-2"), ("host", "eu.example.com"), ("key", "user:2")]
)
def test_a_plan_is_refused_when_it_is_for_somewhere_else(plan, field, value):
    """The message names which of organization, host and key differs."""
    here = {"organization_id": "org-1", "host": "api.example.com", "key": "key-1"}
    check_binding(plan, **here)
    with pytest.raises(PlanError, match=f"the {field.split('_')[0]} is {value}"):
        check_binding(plan, **(here | {field: value}))


def test_the_fingerprint_leaves_the_time_out_when_the_rest_is_the_same():
    """The same plan made again a minute later can be confirmed with the same fingerprint."""
    company = Company().add("ada", "Organization Admin").add("dana")
    edits = sheet(("dana", "Production", "Viewer"))
    first = make_plan(company.snapshot(), edits, created_at="2026-11-02T09:00:00Z")
    second = make_plan(company.snapshot(), edits, created_at="2026-11-02T09:01:00Z")
    assert first.fingerprint == second.fingerprint == fingerprint_of(second)


def test_a_change_keeps_its_id_when_the_rest_of_the_plan_is_another(plan):
    """A person can speak of one change across plans."""
    company = Company().add("ada", "Organization Admin").add("ben", "Organization Admin").add("dana")
    alone = plan_of(company, sheet(("dana", "", "", "remove")))
    assert alone.changes[0].id in {change.id for change in plan.changes}
    assert all(12 == len(change.id) for change in plan.changes)
    assert {change.kind for change in plan.changes} <= set(CHANGE_KINDS)
