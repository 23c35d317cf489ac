"""Every kind of change has one home: a record that lacks nothing, which every engine asks, and no engine knows a kind by name."""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

import lsnb
from lsnb.apply.calls import check_kinds, steps_of
from lsnb.errors import PlanError
from lsnb.plan import CHANGE_KINDS, changes_to_plan
from lsnb.plan.kind_record import Batch, Fallback, Kind, Need, Reading, Step, Subject
from lsnb.plan.kinds import KINDS, SUBJECTS, UNKNOWN, kind_of
from lsnb.plan.membership_changes import new_change
from lsnb.plan.simulation.structure import TABLES_OF
from lsnb.report.words import facts_of, from_words, sentence_words, summary_words, to_words, who_words
from lsnb.sandbox.rules.operations import WRITES
from lsnb.service.api import Api
from lsnb.tables import SPECS
from tests.plan.company import CREATED_AT
from tests.plan.outfit import snapshot

PACKAGE = Path(lsnb.__file__).parent
RECORDS = (Kind, Subject, Step, Batch, Reading, Need, Fallback)
DOCS = Path(__file__).parents[2] / "docs"
#: Where names of kinds may stand: their records, and the list of them.
HOMES = ("plan/subjects/", "plan/model.py", "sandbox/")
#: What the demo organization carries out and does not log.
NOT_LOGGED = {"SetServiceKeyRole", "RevokeAccessToken", "ReinstateAccessToken"}


def change_of(kind, **more):
    """Make a change of a kind, about something."""
    ids = {name: "id-1" for name in ("identity_id", "workspace_id", "role_id", "key_id", "token_id", "scim_token_id")}
    values = {"workspace": "Labs", "role": "Viewer", "state": "active", "permissions": [], "description": "it"}
    return new_change(
        kind,
        before=None if kind.startswith(("Create", "Invite", "Add")) else values,
        after=None if kind.startswith(("Delete", "Remove", "Cancel", "Unshare")) else values,
        reason="tried here",
        ids={**ids, "setting": "sso_only"},
        email="dana@example.com",
        workspace="Labs",
        **more,
    )


def unknown_change():
    """Make a change of a kind that nobody knows, as a newer lsnb may have one."""
    return replace(change_of("DeleteRole"), kind="FreezeEverything", stage="change", risk="low", reversible=True)


@pytest.mark.parametrize("record", RECORDS)
def test_no_field_of_a_record_has_a_default(record):
    """What decides safety is said, and never assumed."""
    for field in dataclasses.fields(record):
        assert field.default is dataclasses.MISSING, field.name
        assert field.default_factory is dataclasses.MISSING, field.name


@pytest.mark.parametrize("missing", [field.name for field in dataclasses.fields(Kind)])
def test_a_record_that_lacks_a_field_is_not_made(missing):
    """Whoever adds a kind cannot forget one."""
    fields = {field.name: getattr(UNKNOWN, field.name) for field in dataclasses.fields(Kind)}
    assert Kind(**fields) == UNKNOWN
    del fields[missing]
    with pytest.raises(TypeError, match=missing):
        Kind(**fields)


def test_every_kind_has_one_record_in_the_order_of_work():
    """None is forgotten, none is there twice, and the list has the order that plans have."""
    assert set(CHANGE_KINDS) == set(KINDS)
    assert list(CHANGE_KINDS) == [kind.name for kind in sorted(KINDS.values(), key=lambda kind: kind.order)]
    assert len(KINDS) == len({kind.order for kind in KINDS.values()})
    assert len(SUBJECTS) == len({subject.name for subject in SUBJECTS})


@pytest.mark.parametrize("name", CHANGE_KINDS)
def test_every_engine_handles_every_kind(name):
    """Planning, simulation, report, the run, undo, documents and the log of the demo organization: all ask its record."""
    kind, change = KINDS[name], change_of(name)
    assert kind_of(change) is kind
    assert (kind.scope, kind.reversible) == (change.scope, change.reversible)
    assert change.stage == kind.stage(change.before, change.after, change.ids)
    assert change.risk == kind.risk(change.before, change.after, change.ids)
    assert set(kind.tables) <= set(SPECS)
    assert (name in TABLES_OF) is not kind.subject.is_person
    for words in (who_words(change), from_words(change), to_words(change), sentence_words(change)):
        assert words.strip()
    assert kind.one
    assert kind.several
    check_kinds((change,))
    assert len(steps_of(change)) >= 1
    methods = [step.method for step in kind.steps(change)]
    methods += [step.fallback.method for step in kind.steps(change) if step.fallback]
    methods += [kind.batch.method] if kind.batch else []
    methods += [kind.subject.reading.method] if kind.subject.reading else []
    assert [] == [method for method in methods if not callable(getattr(Api, method, None))]
    assert name in (DOCS / "safety.md").read_text("utf-8")
    assert name in (DOCS / "langsmith-coverage.md").read_text("utf-8")
    assert (name in NOT_LOGGED) is not bool(set(kind.log_operations) & set(WRITES.values()))


@pytest.mark.parametrize("name", CHANGE_KINDS)
def test_what_cannot_come_back_says_so_everywhere(name):
    """One fact: a kind that is allowed change by change is high, not reversible, and has a consequence."""
    kind, change = KINDS[name], change_of(name)
    if kind.is_irreversible:
        assert ("high", False) == (change.risk, change.reversible)
        assert change.consequence
        assert kind.unlock(change) is not None


def test_an_unknown_kind_is_high_and_irreversible():
    """Never medium and reversible."""
    kind = kind_of(unknown_change())
    assert kind is UNKNOWN
    assert ("high", False, True) == (kind.risk(None, None, {}), kind.reversible, kind.is_irreversible)


def test_an_unknown_kind_is_refused_by_the_rules_and_by_the_run():
    """Nothing overrides it; and no request is made of it."""
    change = unknown_change()
    plan = changes_to_plan(snapshot(), [change], created_at=CREATED_AT)
    assert "unknown-kind" in {verdict.rule for verdict in plan.refusals}
    with pytest.raises(PlanError, match="cannot be allowed"):
        changes_to_plan(snapshot(), [change], allow={"unknown-kind": "it will be fine"}, created_at=CREATED_AT)
    with pytest.raises(PlanError, match="FreezeEverything"):
        check_kinds((change,))
    assert steps_of(change) == ()


def test_an_unknown_kind_is_shown_as_such():
    """In text, Markdown, HTML, the table and the summary; as something of which nobody knows what it does."""
    plan = changes_to_plan(snapshot(), [unknown_change()], created_at=CREATED_AT)
    assert "does not know" in summary_words(plan)
    for form in (plan.to_text(), plan.to_markdown(), plan.to_html()):
        assert "does not know" in form
        assert "unknown-kind" in form
    assert "FreezeEverything" in plan.to_frame()["kind"].tolist()
    assert 1 == facts_of(plan).n_changes


def named_kinds(code: str) -> set[str]:
    """List the kinds whose names stand in a module as a text of their own."""
    tree = ast.parse(code)
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in CHANGE_KINDS}


def test_no_engine_knows_a_kind_by_name():
    """Names of kinds stand in their records; a new ladder over them is found."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(HOMES) and (kinds := named_kinds(path.read_text("utf-8"))):
            found[place] = kinds
    assert {} == found


@pytest.mark.parametrize("code", ['if change.kind == "DeleteRole":\n    pass', 'RISKS = {"UpdateSettings": "low"}'])
def test_a_planted_name_is_found(code):
    """However it is written."""
    assert 1 == len(named_kinds(code))
