"""What holds for every sheet that can be applied, tried on random ones."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.apply.acme import ORGANIZATION, WIDE, Acme

PEOPLE = (
    "grace.kim",
    "emma.larsen",
    "samuel.adeyemi",
    "diego.alvarez",
    "dana.fox@partner.example",
    "tomas.okafor",
    "new.hire",
    "future.boss",
    "mixed.case@partner.example",
    "brand.new",
    "brand.newer",
)
ANYWHERE = {"email-domains": "whoever is removed may be the last of a domain"}
PLACES = ("Production", "Staging", "Sales-Demos")
ORGANIZATION_ROLES = ("Organization Admin", "Organization Operator", "Organization User", "Organization Viewer")
WORKSPACE_ROLES = ("Admin", "Editor", "Viewer", "Report Reader")

organization_rows = st.tuples(
    st.sampled_from(PEOPLE),
    st.just(ORGANIZATION),
    st.sampled_from([("", "remove"), *((role, "") for role in ORGANIZATION_ROLES)]),
)
workspace_rows = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(PLACES),
    st.sampled_from([("", "remove"), *((role, "") for role in WORKSPACE_ROLES)]),
)


def without_contradictions(rows):
    """Leave out what else a sheet gives those whom it removes from the organization, which is a problem of its own."""
    removed = {name for name, place, _, action in rows if (place, action) == (ORGANIZATION, "remove")}
    return [row for row in rows if row[0] not in removed or row[1] == ORGANIZATION]


sheets = st.lists(
    st.one_of(organization_rows, workspace_rows), unique_by=lambda row: row[:2], min_size=1, max_size=10
).map(lambda rows: without_contradictions([(name, place, *what) for name, place, what in rows]))
few = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a failure would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@few
@given(sheets)
def test_applied_plans_leave_nothing_to_do_and_can_be_undone(server, rows):
    """A second plan of the sheet is empty; undoing brings every grant back but those it says cannot come back."""
    server.reset()
    acme = Acme(server)
    before = acme.grants()
    plan = acme.plan(*rows, rules=WIDE, allow=ANYWHERE)
    if not plan.is_safe or plan.is_empty:
        return
    run = acme.apply(plan)
    assert run.is_done, str(run)
    assert [] == list(acme.plan(*rows).changes)
    assert 2 <= len(joined_admins(acme))
    back = acme.undo(run, allow=ANYWHERE)
    assert back.is_safe, [verdict.message for verdict in back.refusals]
    second = acme.apply(back)
    assert second.is_done, str(second)
    said = " ".join(verdict.message for verdict in back.warnings)
    waits = {(waiting.email, waiting.workspace) for waiting in back.waiting}
    after = acme.grants()
    for (email, place, state), role in before.items():
        if role == after.get((email, place, state)):
            continue
        assert email in said
        assert role == after.get((email, place, "pending")) or (email, place) in waits or "only one role" in said
    assert {email for email, _, _ in after} == {email for email, _, _ in before}


def joined_admins(acme):
    """List who has joined and is Organization Admin."""
    held = acme.grants()
    return [key for key, role in held.items() if key[1:] == (ORGANIZATION, "joined") and role == ORGANIZATION_ROLES[0]]
