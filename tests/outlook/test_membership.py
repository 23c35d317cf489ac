from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from lsnb.errors import UnreadableTableError
from lsnb.loader import load_snapshot_of
from lsnb.plan import new_change
from lsnb.plan.kinds import kind_of
from lsnb.plan.simulation import simulate as after_changes
from lsnb.plan.simulation.membership import simulate_membership
from lsnb.service.progress import Silent
from tests.apply.acme import EVERY_KIND, MIXED, Acme
from tests.apply.test_properties import sheets
from tests.checks.tiny import Tiny
from tests.plan.company import Company, plan_of, sheet

ABOUT_PEOPLE = ("members", "invites", "access")
#: What only the service can tell: the id and the time of an invitation that it sends.
FROM_THE_SERVICE = ["identity_id", "created_at"]
EVERYTHING = {
    "email-domains": "tried here",
    "max-removals": "tried here",
    "max-promotions": "tried here",
    "min-admins": "tried here",
}


def comparable(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out what the service alone can tell, and sort by the rest."""
    kept = frame.drop(columns=FROM_THE_SERVICE, errors="ignore")
    return kept.sort_values(list(kept.columns), ignore_index=True)


def assert_same(expected, found) -> None:
    """Compare the tables about people."""
    for name in ABOUT_PEOPLE:
        pd.testing.assert_frame_equal(comparable(expected.table(name)), comparable(found.table(name)), obj=name)


def test_nothing_changes_where_nothing_is_asked_for(server):
    """Taken apart and built again, the tables about people are the same to the last cell."""
    snapshot = Acme(server).snapshot()
    found = simulate_membership(snapshot, [rename_of_nothing()])
    assert found is not snapshot
    for name in ABOUT_PEOPLE:
        pd.testing.assert_frame_equal(snapshot.table(name), found.table(name), obj=name)
    assert after_changes(snapshot, []) is snapshot


def rename_of_nothing():
    """Make a change of a workspace that is not there, so that everything is built again."""
    change = new_change("RemoveWorkspaceMember", email="x@y.z", before={}, after=None, reason="", ids={})
    assert kind_of(change).subject.is_person
    return change


@pytest.mark.parametrize("rows", [EVERY_KIND, MIXED], ids=["every kind", "mixed"])
def test_what_is_foretold_is_what_the_service_has_afterwards(server, rows):
    """The same plan, worked out on the snapshot and applied to the demo organization, gives the same tables."""
    acme = Acme(server)
    before = acme.snapshot()
    plan = acme.plan(*rows, snapshot=before, allow=EVERYTHING)
    assert plan.is_safe, [verdict.message for verdict in plan.refusals]
    foretold = after_changes(before, plan.changes)
    assert acme.apply(plan).is_done
    assert_same(acme.snapshot(), foretold)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(sheets)
def test_any_sheet_is_foretold(server, rows):
    """The same holds for random sheets."""
    server.reset()
    acme = Acme(server)
    before = acme.snapshot()
    plan = acme.plan(*rows, snapshot=before, allow=EVERYTHING)
    if not plan.is_safe:
        return
    foretold = after_changes(before, plan.changes)
    assert acme.apply(plan).is_done
    assert_same(acme.snapshot(), foretold)


def test_the_tokens_of_those_who_leave_are_gone(server):
    """Whoever is removed takes their tokens along; everybody else's stay."""
    server.behaviours.update({"pats_listed": "all"})
    acme = Acme(server)
    snapshot = load_snapshot_of(acme.api, tables=["access", "access_tokens"], display=Silent())
    owner = snapshot.access_tokens["email"].dropna().loc[lambda emails: ~emails.str.startswith("ada")].iloc[0]
    plan = acme.plan((owner, "", "", "remove"), snapshot=snapshot.read_by(acme.snapshot().meta.caller))
    found = after_changes(snapshot, plan.changes)
    kept = snapshot.access_tokens[snapshot.access_tokens["email"] != owner]
    assert len(kept) < len(snapshot.access_tokens)
    assert kept["access_token_id"].tolist() == found.access_tokens["access_token_id"].tolist()


def test_becoming_admin_opens_every_workspace_and_ending_it_leaves_roles_of_ones_own():
    """Access that nobody wrote down follows the organization role."""
    company = (
        Company().add("ada", "Organization Admin").add("eva").add("bo", "Organization Admin", {"Staging": "Viewer"})
    )
    edits = sheet(("eva", "", "Organization Admin"), ("bo", "", "Organization User"))
    found = after_changes(company.snapshot(), plan_of(company, edits).changes).access
    places = found[found["scope"] == "workspace"]
    assert [("Production", "org-admin"), ("Research", "org-admin"), ("Staging", "org-admin")] == [
        (row.workspace, row.source) for row in places[places["email"] == "eva@example.com"].itertuples()
    ]
    assert [("Staging", "Viewer", "direct")] == [
        (row.workspace, row.role, row.source) for row in places[places["email"] == "bo@example.com"].itertuples()
    ]


def test_a_role_that_a_group_gives_is_direct_once_another_is_set():
    """The source is judged again: a group stands for the role that it names, and for no other."""
    groups = [{"name": "Organization Users:Production:Viewer"}]
    company = Company().add("eva", places={"Production": "Viewer"}, scim_groups=groups)
    before = company.snapshot()
    assert ["group"] == before.access[before.access["scope"] == "workspace"]["source"].tolist()
    plan = plan_of(company, sheet(("eva", "Production", "Editor")))
    found = after_changes(before, plan.changes).access
    assert ["direct"] == found[found["scope"] == "workspace"]["source"].tolist()


def test_without_roles_in_the_plan_whoever_is_added_is_admin():
    """Being in a workspace is all there is, and it is Admin."""
    company = Company(has_rbac=False).add("ada", "Organization Admin").add("eva")
    plan = plan_of(company, sheet(("eva", "Production", "Viewer")))
    found = after_changes(company.snapshot(), plan.changes)
    row = found.access[found.access["source"] == "no-rbac"].iloc[0]
    assert ("eva@example.com", "Production", "Admin") == (row["email"], row["workspace"], row["role"])
    assert found.members.set_index("email")["n_workspaces"]["eva@example.com"] == 1


def test_an_invitation_to_be_sent_waits_from_the_time_of_the_reading():
    """It has a reference for an id, and is as old as the snapshot."""
    company = Company().add("ada", "Organization Admin")
    snapshot = company.snapshot()
    plan = plan_of(company, sheet(("new", "Research", "Annotator"), ("new", "Staging", "Annotator")))
    row = after_changes(snapshot, plan.changes).invites.iloc[0]
    assert ("new:invite:new@example.com", snapshot.meta.read_at) == (row["identity_id"], row["created_at"])
    assert ("Research, Staging", "Annotator", 2) == (row["workspaces"], row["workspace_role"], row["n_workspaces"])


def test_people_without_ids_are_told_by_their_addresses():
    """A key of workspaces sees no ids of people; what it knows is enough to foretell."""
    tiny = Tiny("Production").add("eva", places={"Production": "Viewer"}, id=None)
    ids = {"workspace_id": "ws Production"}
    change = new_change(
        "RemoveWorkspaceMember",
        email="eva@acme.example",
        before={"role_name": "WORKSPACE_VIEWER", "state": "active"},
        after=None,
        reason="",
        ids=ids,
        workspace="Production",
    )
    found = after_changes(tiny.snapshot(), [change])
    assert ["organization"] == found.access["scope"].tolist()


def test_what_was_not_read_cannot_be_foretold():
    """Nothing is made up about people who were not read."""
    company = Company().add("ada", "Organization Admin").add("eva")
    plan = plan_of(company, sheet(("eva", "Production", "Viewer")))
    with pytest.raises(UnreadableTableError):
        after_changes(Tiny("Production").lose("members").snapshot(), plan.changes)


def test_the_snapshot_stays_as_it_was(server):
    """Foretelling changes nothing."""
    acme = Acme(server)
    snapshot = acme.snapshot()
    before = {name: snapshot.table(name) for name in snapshot.table_names}
    after_changes(snapshot, acme.plan(*MIXED, snapshot=snapshot, allow=EVERYTHING).changes)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, snapshot.table(name), obj=name)
