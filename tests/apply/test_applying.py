"""Applying a plan: every kind, in order, in few requests, looked at before and after."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

from lsnb import sandbox
from lsnb.plan import STAGES, Rules, ServerFeatures
from lsnb.service.api.membership import Invitation
from tests.apply.acme import EVERY_KIND, MIXED, Acme, address, difference, invitations_plan


def test_every_kind_is_applied_when_a_plan_is_confirmed(acme):
    """What the plan says is what the server then has, and nothing else changed."""
    before = acme.grants()
    plan = acme.plan(*EVERY_KIND)
    run = acme.apply(plan)
    assert run.is_done
    assert {
        "InviteMember",
        "ReplaceInvite",
        "CancelInvite",
        "SetOrgRole",
        "AddWorkspaceMember",
        "SetWorkspaceRole",
        "RemoveWorkspaceMember",
        "RemoveMember",
    } == set(run.results["kind"])
    gone, come = difference(before, acme.grants())
    assert {
        ("second.hire@acme.example", "", "pending"): "Organization User",
        ("second.hire@acme.example", "Support", "pending"): "Viewer",
        ("diego.alvarez@acme.example", "", "joined"): "Organization Viewer",
        ("grace.kim@acme.example", "Production", "joined"): "Editor",
        ("anton.vogel@acme.example", "Staging", "joined"): "Admin",
        ("hannah.schmidt@acme.example", "", "joined"): "Organization Viewer",
    } == gone
    assert {
        ("new.one@acme.example", "", "pending"): "Organization User",
        ("new.two@acme.example", "", "pending"): "Organization User",
        ("new.two@acme.example", "Production", "pending"): "Viewer",
        ("late.joiner@partner.example", "Research", "pending"): "Editor",
        ("diego.alvarez@acme.example", "", "joined"): "Organization User",
        ("grace.kim@acme.example", "Production", "joined"): "Viewer",
        ("liam.murphy@acme.example", "Production", "joined"): "Editor",
    } == come
    assert {"new.one@acme.example": 1, "new.two@acme.example": 1, "late.joiner@partner.example": 1} == acme.mails()


def test_a_second_plan_is_empty_when_the_first_was_applied(acme):
    """The same sheet asks for nothing more."""
    acme.apply(acme.plan(*MIXED))
    assert [] == list(acme.plan(*MIXED).changes)


def test_pending_people_are_changed_without_a_mail_when_the_server_can(acme):
    """Roles of open invitations are patched, and a workspace is taken out of one."""
    run = acme.apply(
        acme.plan(
            ("new.hire", "Production", "Viewer"),
            ("new.hire", "Staging", "", "remove"),
            ("mixed.case@partner.example", "", "Organization User"),
        )
    )
    assert ["done"] * 3 == list(run.results["outcome"])
    held = acme.grants()
    assert "Viewer" == held["new.hire@acme.example", "Production", "pending"]
    assert ("new.hire@acme.example", "Staging", "pending") not in held
    assert "Organization User" == held["mixed.case@partner.example", "", "pending"]
    assert {} == acme.mails()


def test_results_have_one_row_per_change_when_a_run_ends(acme):
    """The results name who, what, how it ended and when, with fixed columns."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"))
    results = acme.apply(plan).results
    assert [
        "email", "kind", "workspace", "before", "after", "outcome", "reason", "next_step", "n_requests", "started_at",
        "finished_at", "stage", "id",
    ] == list(results.columns)  # fmt: skip
    row = results.iloc[0]
    assert ("grace.kim@acme.example", "SetWorkspaceRole", "Production", "Editor", "Viewer", "done", 1) == tuple(
        row[["email", "kind", "workspace", "before", "after", "outcome", "n_requests"]]
    )
    assert row["started_at"] <= row["finished_at"]
    assert "UTC" == str(results["started_at"].dtype.tz)


def test_an_empty_plan_writes_nothing_when_it_is_applied(acme):
    """There is nothing to do, so there is no journal and no write."""
    plan = acme.plan(("grace.kim", "Production", "Editor"))
    run = acme.apply(plan)
    assert (True, None, 0) == (run.is_done, run.journal, len(run.results))
    assert [] == acme.writes()
    assert "nothing to do" in run.summary()


def test_few_requests_surround_the_writes_of_one_workspace(acme):
    """Who the key is, what the rules judge again, the workspace before and after: what is not needed is not read."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"), ("anton.vogel", "Production", "Viewer"))
    acme.server.instance.log.clear()
    acme.apply(plan)
    n_judged = 4  # settings, roles, workspaces and people
    assert ["GET"] * (2 + n_judged) + ["PATCH", "PATCH", "GET"] == [line["method"] for line in acme.server.requests]


@pytest.mark.parametrize(
    ("row", "query"),
    [
        (("diego.alvarez", "", "Organization User"), "emails=diego.alvarez"),
        (("diego.alvarez", "", "", "remove"), "email_like=diego.alvarez"),
    ],
)
def test_people_are_read_by_address_when_they_are_few(acme, row, query):
    """What the rules are judged on tells of those whom the plan is about, too; one request reads them back."""
    plan = acme.plan(row)
    acme.server.instance.log.clear()
    acme.apply(plan)
    reads = [
        line for line in acme.server.requests if "orgs/current/members" in line["path"] and line["method"] == "GET"
    ]
    assert [False, True] == [query in line["query"] for line in reads]


def test_a_thousand_are_invited_in_two_requests_when_their_roles_are_alike():
    """Invitations of the same roles go out by 500."""
    with sandbox.start(seed="tidy") as server:
        server.state.organization.config["max_identities"] = -1
        acme = Acme(server)
        plan = invitations_plan(acme, [f"person{i:04}" for i in range(1000)])
        server.instance.log.clear()
        run = acme.apply(plan)
        assert run.is_done
        assert [500, 500] == [line["body_items"] for line in acme.writes()]
        assert {1} == set(acme.mails().values())


def test_invitations_of_other_roles_go_in_other_requests(acme):
    """A role that the service refuses takes no invitations of other roles with it."""
    rows = [(f"new{i}", "", "Organization User") for i in range(3)]
    rows += [(f"other{i}", "", "Organization Viewer") for i in range(2)]
    acme.apply(acme.plan(*rows))
    assert [2, 3] == sorted(line["body_items"] for line in acme.writes())


def test_no_request_names_the_deprecated_field_or_leaves_the_role_out(acme):
    """Every invitation and every addition names its role; `read_only` is never sent."""
    acme.apply(acme.plan(*MIXED))
    for line in acme.writes():
        assert "read_only" not in line["body_keys"]
        if line["method"] == "POST":
            assert "role_id" in line["body_keys"]


def test_stages_come_in_order_when_a_mixed_plan_is_applied(acme):
    """Nobody loses a right before others have theirs: each stage ends before the next begins."""
    plan = acme.plan(*MIXED)
    seen = []
    acme.apply(plan, on_event=lambda event: seen.append(event))
    tried = [STAGES.index(event.change.stage) for event in seen if event.kind in ("trying", "outcome")]
    assert sorted(tried) == tried
    assert "finished" == seen[-1].kind
    assert len(plan) == sum(seen[-1].counts.values())


def test_own_change_comes_last_when_it_is_allowed(acme):
    """The caller's own role changes after everything that needs it."""
    plan = acme.plan(
        ("ada.lindqvist", "", "Organization User"), ("hannah.schmidt", "", "", "remove"), allow={"self": "leaving"}
    )
    run = acme.apply(plan)
    assert ["hannah.schmidt@acme.example", "ada.lindqvist@acme.example"] == list(run.results["email"])
    assert "done" == run.results["outcome"].iloc[0]
    assert "Organization User" == acme.grants()["ada.lindqvist@acme.example", "", "joined"]


@pytest.mark.parametrize("order", ["input", "reversed"])
def test_batches_are_matched_by_address_when_the_answer_is_in_another_order(acme, order):
    """The order of the answer means nothing."""
    acme.server.behaviours.batch_order = order
    run = acme.apply(acme.plan(*[(f"new{i}", "", "Organization User") for i in range(5)]))
    assert ["done"] * 5 == list(run.results["outcome"])


@pytest.mark.parametrize("status", [409, 400])
def test_only_the_bad_row_fails_when_a_batch_is_refused(acme, status):
    """A refused batch is split until the row that the service does not want stands alone."""
    acme.server.behaviours.duplicate_status = status
    plan = acme.plan(*[(f"new{i}", "", "Organization User") for i in range(8)])

    def barge_in(event):
        if event.kind == "stage":
            invite_behind_the_back(acme, "new3")

    run = acme.apply(plan, on_event=barge_in)
    outcomes = dict(zip(run.results["email"], run.results["outcome"], strict=True))
    assert "skipped" == outcomes.pop("new3@acme.example")
    assert {"done"} == set(outcomes.values())
    assert {1} == set(acme.mails().values())


def invite_behind_the_back(acme, name, role="Organization Viewer"):
    """Let somebody else invite a person meanwhile."""
    acme.api.invite_member(Invitation(address(name), acme.role_id(role)))


def test_missing_rows_are_looked_up_when_a_batch_is_carried_out_in_part(acme):
    """What the answer does not name is looked up, and asked for alone so that the service says why."""
    acme.server.behaviours.batch_failure = "partial"
    plan = acme.plan(*[(f"new{i}", "", "Organization User") for i in range(4)])

    def barge_in(event):
        if event.kind == "stage":
            invite_behind_the_back(acme, "new2")

    run = acme.apply(plan, on_event=barge_in)
    outcomes = dict(zip(run.results["email"], run.results["outcome"], strict=True))
    assert "done" != outcomes.pop("new2@acme.example")
    assert {"done"} == set(outcomes.values())
    assert {1} == set(acme.mails().values())


def test_memberships_are_read_by_lists_when_the_server_is_older():
    """Without the list that has both, joined and invited people are read apart."""
    with sandbox.start(seed="small", behaviours={"enriched_members": False, "newer_endpoints": False}) as server:
        acme = Acme(server)
        before = acme.grants()
        run = acme.apply(acme.plan(*EVERY_KIND, features=ServerFeatures()))
        assert run.is_done, str(run)
        assert before != acme.grants()


@pytest.mark.parametrize(
    "switches",
    [
        {"pending_user_id": "empty"},
        {"pending_role_field": "org_role_id"},
        {"role_names": "name"},
        {"enriched_implicit_admins": True},
        {"platform_paths": "bare-only"},
    ],
    ids=str,
)
def test_the_outcome_is_the_same_when_the_server_differs_where_nobody_knows(switches):
    """What the documentation leaves open changes nothing for a mixed plan."""
    with sandbox.start(seed="small", behaviours=switches) as server:
        acme = Acme(server)
        run = acme.apply(acme.plan(*MIXED))
        assert run.is_done, str(run)


def test_people_without_roles_are_added_when_the_plan_of_the_organization_has_none():
    """Where the organization's plan has no roles, none is sent."""
    with sandbox.start(seed="norbac") as server:
        acme = Acme(server)
        snap = acme.snapshot()
        joined = snap.members.loc[snap.members["role_name"] == "ORGANIZATION_USER", "email"].iloc[0]
        there = set(snap.filter_access(email=joined, scope="workspace")["workspace"])
        place = next(name for name in snap.workspaces["workspace"] if name not in there)
        plan = acme.plan(
            (joined, place, "Admin"), ("newcomer@norbac.example", place, "Admin"), allow={"email-domains": "x"}
        )
        run = acme.apply(plan)
        assert run.is_done, str(run)
        assert (joined, place, "joined") in acme.grants()
        posts = [line for line in acme.writes() if line["path"].endswith("workspaces/current/members")]
        assert all("role_id" not in line["body_keys"] for line in posts)


def test_stopping_leaves_the_rest_untried_when_the_event_is_set(acme):
    """Requests under way finish; what has not started stays so, and the run can be continued."""
    plan = acme.plan(*MIXED)
    stop = threading.Event()

    def press(event):
        if event.kind == "outcome" and event.counts["done"] >= 5:
            stop.set()

    run = acme.apply(plan, stop=stop, on_event=press, workers=2)
    counts = run.counts
    assert {"done", "not started"} == set(counts)
    assert "It was stopped." == run.stopped
    assert not run.is_done
    assert run.n_open == counts["not started"]
    again = acme.resume(run.journal)
    assert again.is_done, str(again)


def test_interrupting_lets_requests_finish_when_the_kernel_is_interrupted(acme):
    """Ctrl-C is a stop: nothing is lost, and the run can be continued."""
    plan = acme.plan(*MIXED)
    fired = []

    def interrupt(event):
        if event.kind == "stage" and event.stage == "change" and not fired:
            fired.append(event)
            raise KeyboardInterrupt

    run = acme.apply(plan, on_event=interrupt)
    assert "It was interrupted." == run.stopped
    assert {"done", "not started"} == set(run.counts)
    assert acme.resume(run.journal).is_done


def test_the_watcher_fails_alone_when_it_raises(acme):
    """What a display does wrong stops nothing, and is said afterwards."""
    plan = acme.plan(("grace.kim", "Production", "Viewer"))

    def broken(event):
        raise ValueError("no such widget")

    with pytest.warns(RuntimeWarning, match="no such widget"):
        run = acme.apply(plan, on_event=broken)
    assert run.is_done


def test_a_run_is_shown_without_running_what_names_hold(acme):
    """The page escapes what people call themselves, and lists what needs attention first."""
    acme.server.faults.add(method="PATCH", path="members", kind="status", status=403, body={"detail": "<b>no</b>"})
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer"), ("liam.murphy", "Production", "Editor")))
    page = run._repr_html_()
    assert "<b>no</b>" not in page
    assert page.index("failed") < page.index("liam.murphy")
    assert "failed: SetWorkspaceRole grace.kim@acme.example in Production" in str(run)


def test_a_change_that_is_not_there_afterwards_fails_when_the_service_said_yes(acme):
    """A 200 that changed nothing is found out by reading back."""
    acme.server.faults.add(method="PATCH", path="members", kind="status", status=200, body=None)
    run = acme.apply(acme.plan(("grace.kim", "Production", "Viewer")))
    assert ["failed"] == list(run.results["outcome"])
    assert "the service said yes" in run.results["reason"].iloc[0]


def test_the_results_can_be_exported_when_a_run_ends(acme, tmp_path):
    """Results are a plain table."""
    run = acme.apply(acme.plan(*EVERY_KIND))
    run.results.to_csv(tmp_path / "results.csv", index=False)
    assert len(run.results) == len(pd.read_csv(tmp_path / "results.csv"))


def test_rules_are_those_of_the_caller_when_given(acme):
    """The number of admins that must be left is an argument."""
    plan = acme.plan(("dana.fox@partner.example", "", "Organization User"))
    run = acme.apply(plan, rules=Rules(min_admins=1))
    assert run.is_done
