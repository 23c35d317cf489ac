from __future__ import annotations

import pytest

from lsnb.analysis.effective import explain, who_can
from lsnb.analysis.effective.abac import Condition, decide, match_condition
from tests.checks.tiny import Tiny, policy_group

PROD = {"Environment": "Production"}


@pytest.mark.parametrize(
    ("permits", "allow", "deny", "decision"),
    [
        (True, "yes", "no", "allowed"),
        (True, "no", "no", "allowed"),
        (True, "yes", "yes", "denied"),
        (True, "no", "yes", "denied"),
        (False, "yes", "no", "allowed"),
        (False, "no", "no", "denied"),
        (False, "yes", "yes", "denied"),
        (False, "no", "yes", "denied"),
        # What the tags would tell, where they are not known.
        (True, "maybe", "no", "allowed"),
        (True, "no", "maybe", "depends"),
        (False, "maybe", "no", "depends"),
        (False, "maybe", "yes", "denied"),
        (False, "yes", "maybe", "depends"),
        (False, "no", "maybe", "denied"),
    ],
)
def test_the_truth_table_of_the_documentation_holds(permits, allow, deny, decision):
    """A deny wins over everything, an allow adds to the role, and where nothing matches the role decides."""
    assert decision == decide(permits=permits, allow=allow, deny=deny)


@pytest.mark.parametrize(
    ("operator", "value", "same", "other", "absent"),
    [
        ("equals", "Production", "yes", "no", "no"),
        ("equals", "production", "no", "no", "no"),
        ("not_equals", "Production", "no", "yes", "no"),
        ("equals_ignore_case", "production", "yes", "no", "no"),
        ("not_equals_ignore_case", "production", "no", "yes", "no"),
        ("matches", "Prod*", "yes", "no", "no"),
        ("matches", "Productio?", "yes", "no", "no"),
        ("matches", "[P]roduction", "no", "no", "no"),
        ("not_matches", "Prod*", "no", "yes", "no"),
    ],
)
def test_every_operator_compares_as_documented_with_and_without_the_suffix(operator, value, same, other, absent):
    """The suffix `_if_exists` makes an absent tag match, and changes nothing where the tag is there."""
    for suffix, missing in (("", absent), ("_if_exists", "yes")):
        condition = Condition("resource_tag_key", "Environment", operator + suffix, value)
        assert same == match_condition(condition, PROD)
        assert other == match_condition(condition, {"Environment": "Staging"})
        assert missing == match_condition(condition, {"Team": "A"})
        assert match_condition(condition, None) == "maybe"


@pytest.mark.parametrize(
    ("attribute", "operator"), [("resource_name", "equals"), ("resource_tag_key", "equals_somehow")]
)
def test_an_attribute_or_operator_of_tomorrow_stays_open(attribute, operator):
    """What this code has never heard of is neither a match nor none."""
    assert match_condition(Condition(attribute, "Environment", operator, "x"), PROD) == "maybe"


@pytest.mark.parametrize(
    ("tags", "decision"),
    [
        ({"Purpose": "Training", "Client": "Acme"}, "allowed"),
        ({"Purpose": "Training"}, "denied"),
        ({"Team": "A"}, "allowed"),
        ({"Team": "A", "Secret": "yes"}, "denied"),
        ({}, "denied"),
        (None, "depends"),
    ],
)
def test_groups_are_alternatives_conditions_add_up_and_deny_wins(tags, decision):
    """Two groups allow, one of two conditions; a policy that denies is stronger than both."""
    team = policy_group("datasets:delete", ("Team", "equals", "A"))
    both = (("Purpose", "equals", "Training"), ("Client", "equals", "Acme"))
    tiny = Tiny().add("ada", places={"Production": "Viewer"})
    tiny.add_policy("training", "allow", "datasets:delete", *both, on=("Viewer",), more=(team,))
    tiny.add_policy("secret", "deny", "datasets:delete", ("Secret", "equals", "yes"), on=("Viewer",))
    snapshot = tiny.snapshot()
    found = explain(snapshot, "ada@acme.example", "datasets:delete", "Production", tags=tags)
    assert decision == found.decision
    listed = who_can(snapshot, "datasets:delete", "Production", tags=tags)
    assert ([] if decision == "denied" else [decision]) == listed["decision"].tolist()


def test_a_policy_on_another_role_or_permission_changes_nothing():
    """Policies count for the roles they are attached to, and for their permission only."""
    tiny = Tiny().add("ada", places={"Production": "Editor"})
    tiny.add_policy("viewers", "deny", "runs:read", on=("Viewer",))
    tiny.add_policy("datasets", "deny", "datasets:read", on=("Editor",))
    tiny.add_policy("orphan", "deny", "runs:read")
    assert explain(tiny.snapshot(), "ada@acme.example", "runs:read", "Production").decision == "allowed"


def test_without_the_feature_no_policy_counts():
    """Where the plan has no attribute-based access, the role alone decides."""
    tiny = Tiny(offered={"can_use_abac": False}).add("ada", places={"Production": "Editor"})
    tiny.add_policy("never", "deny", "runs:read", on=("Editor",))
    assert explain(tiny.snapshot(), "ada@acme.example", "runs:read", "Production").decision == "allowed"


def test_policies_that_could_not_be_read_are_said_to_be_missing():
    """The answer by roles stands, and both forms of it name what was not looked at."""
    snapshot = Tiny().add("ada", places={"Production": "Editor"}).lose("policies").snapshot()
    found = explain(snapshot, "ada@acme.example", "runs:read", "Production")
    assert found.decision == "allowed"
    assert "not for this key" in found.unevaluated[0]
    assert list(found.unevaluated) == who_can(snapshot, "runs:read").attrs["unevaluated"]


def test_a_policy_on_admin_is_said_to_be_uncertain_for_organization_admins():
    """The documentation does not tell whether it binds them; the answer says so, and for other Admins does not."""
    tiny = Tiny().add("ada", "Organization Admin").add("bob", places={"Production": "Admin"})
    snapshot = tiny.add_policy("all", "deny", "runs:read", on=("Admin",)).snapshot()
    implicit, direct = (explain(snapshot, f"{name}@acme.example", "runs:read", "Production") for name in ("ada", "bob"))
    assert ("denied", "denied") == (implicit.decision, direct.decision)
    assert "not documented" in implicit.unevaluated[0]
    assert direct.unevaluated == ()
