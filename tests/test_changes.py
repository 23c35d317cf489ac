"""Changing an organization from a notebook and from a shell: sheet, plan, apply, resume, undo."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.cli import main
from lsnb.errors import SpentPlanError, TableError, UnconfirmedPlanError, UnsafePlanError
from lsnb.sheets import sheet_from_access

ADA = "ada.lindqvist@acme.example"


@pytest.fixture
def keyed(server, monkeypatch, tmp_path):
    """Put an admin's token of a demo organization into the environment, and work in an empty folder."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return server


def sheet(*rows):
    """Make an access sheet of rows (email, role, workspace, action)."""
    frame = pd.DataFrame(rows, columns=["email", "langsmith_role", "workspace_name", "action"], dtype="string")
    frame.insert(2, "workspace_id", "")
    return frame


def grants(server):
    """Give who holds what, as the service lists it."""
    org = lsnb.connect(endpoint=server.url, api_key=server.key)
    access = org.snapshot(tables=["access"]).access
    return access[["email", "scope", "workspace", "role", "source", "state", "identity_id"]]


def planned(path):
    """Read the fingerprint and the kinds of a saved plan."""
    data = json.loads(path.read_text())
    return data["fingerprint"], sorted(change["kind"] for change in data["changes"])


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_exported_sheet_plans_to_nothing(keyed, tmp_path, ending):
    """The access sheet, unchanged, gives nothing to do, and exit code 0."""
    path = str(tmp_path / f"s.{ending}")
    assert 0 == main(["export", "access", "--sheet", "-o", path])
    assert 0 == main(["plan", path])
    assert 0 == main(["plan", path, "--mode", "sync", "--scope", "organization"])


def test_exported_sheet_of_the_large_organization_plans_to_nothing(tmp_path, monkeypatch):
    """The same with 20,000 people."""
    with sandbox.start(seed="large") as server:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
        path = str(tmp_path / "s.csv")
        assert 0 == main(["export", "access", "--sheet", "-o", path])
        assert 0 == main(["plan", path])


def test_twelve_mistakes_are_listed_at_once(keyed, tmp_path, capsys):
    """Every mistake comes with its row, column and hint; the exit code is 1 and nothing is changed."""
    before = grants(keyed)
    rows = [
        ("not-an-address", "Viewer", "Production", ""),
        ("a@acme.example", "Edtor", "Production", ""),
        ("b@acme.example", "Viewer", "Prodution", ""),
        ("c@acme.example", "Viewer", "", ""),
        ("d@acme.example", "Organization User", "Production", ""),
        ("e@acme.example", "Viewer", "Staging", "delete"),
        ("", "Viewer", "Staging", ""),
        ("f@acme.example", "Viewer", "Support", ""),
        ("f@acme.example", "Editor", "Support", ""),
        ("g@acme", "Viewer", "Support", ""),
        ("h@acme.example", "Organisation Admin", "", ""),
        ("i@acme.example", "Viewer", "No Such Place", ""),
    ]
    sheet(*rows).to_csv(tmp_path / "bad.csv", index=False)
    assert 1 == main(["plan", "bad.csv", "--json", "--problems", "back.csv"])
    captured = capsys.readouterr()
    problems = pd.DataFrame(json.loads(captured.out)["problems"])
    assert set(range(2, 14)) == set(problems["row"].astype(int))
    assert problems["hint"].str.len().gt(0).all()
    assert problems["column"].isin(["email", "langsmith_role", "workspace_name", "action"]).all()
    assert "row 3, langsmith_role 'Edtor'" in captured.err
    assert "problem" in pd.read_csv(tmp_path / "back.csv").columns
    pd.testing.assert_frame_equal(before, grants(keyed))


def test_admin_named_on_a_workspace_row_only_stays_admin(keyed, tmp_path):
    """The first accident: nobody is demoted by being named in a workspace only."""
    sheet(("priya.raman@acme.example", "Viewer", "Production", "")).to_csv(tmp_path / "s.csv", index=False)
    main(["plan", "s.csv", "-o", "plan.json"])
    fingerprint, kinds = planned(tmp_path / "plan.json")
    assert "SetOrgRole" not in kinds
    main(["apply", "plan.json", "--confirm", fingerprint])
    after = grants(keyed)
    roles = after[(after["email"] == "priya.raman@acme.example") & (after["scope"] == "organization")]["role"]
    assert ["Organization Admin"] == roles.tolist()


def test_sync_without_the_admins_is_refused_by_name(keyed, tmp_path, capsys):
    """The second accident: a sheet that leaves the admins out does not lock everybody out."""
    org = lsnb.connect()
    snap = org.snapshot(tables=["access"])
    admins = snap.filter_access(role="Organization Admin")["email"]
    whole = sheet_from_access(snap)
    whole[~whole["email"].isin(admins)].to_csv(tmp_path / "s.csv", index=False)
    before = grants(keyed)
    assert 3 == main(["plan", "s.csv", "--mode", "sync", "--scope", "organization", "-o", "plan.json"])
    out = capsys.readouterr().out
    assert "min-admins" in out
    assert "self" in out
    fingerprint, _ = planned(tmp_path / "plan.json")
    assert 3 == main(["apply", "plan.json", "--confirm", fingerprint])
    pd.testing.assert_frame_equal(before, grants(keyed))


def test_lost_answer_does_not_invite_twice(keyed, tmp_path):
    """The third accident: the answer of an invitation is lost after it was carried out."""
    org = lsnb.connect()
    plan = org.plan(sheet(("new.person@acme.example", "Organization User", "", "")))
    keyed.faults.add(method="POST", path="/orgs/current/members", times=1, kind="drop-after")
    run = org.apply(plan, confirm=plan.fingerprint)
    assert run.is_done
    assert ["new.person@acme.example"] == [mail["email"] for mail in keyed.state.emails_sent]


def test_snapshot_that_did_not_ask_who_the_caller_is_still_protects_them(keyed):
    """Planning from a reading of the access alone refuses to demote the caller."""
    org = lsnb.connect()
    snap = org.snapshot(tables=["access"])
    plan = org.plan(sheet((ADA, "Organization User", "", "")), snapshot=snap)
    assert "self" in [refusal.rule for refusal in plan.refusals]
    assert "caller-unknown" not in [warning.rule for warning in plan.warnings]


def test_protected_account_is_refused(keyed, tmp_path, capsys):
    """A break-glass account is not touched, whoever asks."""
    sheet(("tomas.okafor@acme.example", "Organization User", "", "")).to_csv(tmp_path / "s.csv", index=False)
    assert 3 == main(["plan", "s.csv", "--protect", "tomas.*"])
    assert "protected" in capsys.readouterr().out


def test_override_needs_a_name_and_a_reason(keyed, tmp_path, capsys):
    """One rule is overridden by name, and the plan keeps the reason."""
    sheet(("new@elsewhere.example", "Organization User", "", "")).to_csv(tmp_path / "s.csv", index=False)
    assert 3 == main(["plan", "s.csv"])
    assert 1 == main(["plan", "s.csv", "--allow", "email-domains"])
    assert "gives no reason" in capsys.readouterr().err
    assert 1 == main(["plan", "s.csv", "--allow", "everything=please"])
    assert 2 == main(["plan", "s.csv", "--allow", "email-domains=new partner, ticket 7", "-o", "p.json"])
    assert {"email-domains": "new partner, ticket 7"} == json.loads((tmp_path / "p.json").read_text())["allowed"]


def test_a_plan_goes_through_the_shell_and_back(keyed, tmp_path, capsys):
    """Plan, apply, apply again, resume and undo, each with its exit code; in the end all is as it was."""
    before = grants(keyed)
    sheet(
        ("anton.vogel@acme.example", "Viewer", "Production", ""),
        ("new.one@acme.example", "Organization User", "", ""),
        ("new.one@acme.example", "Editor", "Staging", ""),
        ("kofi.mensah@acme.example", "", "Support", "remove"),
    ).to_csv(tmp_path / "s.csv", index=False)
    assert 2 == main(["plan", "s.csv", "-o", "plan.json"])
    fingerprint, kinds = planned(tmp_path / "plan.json")
    assert ["InviteMember", "RemoveWorkspaceMember", "SetWorkspaceRole"] == kinds
    assert 3 == main(["apply", "plan.json"])
    assert 3 == main(["apply", "plan.json", "--confirm", "0" * 64])
    pd.testing.assert_frame_equal(before, grants(keyed))
    assert 0 == main(["apply", "plan.json", "--confirm", fingerprint, "--journal", "j.jsonl", "-o", "results.csv"])
    assert {"done"} == set(pd.read_csv(tmp_path / "results.csv")["outcome"])
    assert 3 == main(["apply", "plan.json", "--confirm", fingerprint])
    assert 0 == main(["plan", "s.csv"])
    assert 0 == main(["resume", "j.jsonl"])
    assert 2 == main(["undo", "j.jsonl", "-o", "undo.json"])
    assert 0 == main(["apply", "undo.json", "--confirm", planned(tmp_path / "undo.json")[0]])
    after = grants(keyed)
    pd.testing.assert_frame_equal(before, after)
    assert 1 == len(keyed.state.emails_sent)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    shown = capsys.readouterr()
    assert keyed.key.encode() not in written
    assert keyed.key not in shown.out + shown.err


@pytest.mark.parametrize("ending", ["md", "html", "csv", "txt"])
def test_plan_is_written_for_reading(keyed, tmp_path, ending):
    """Every form names the person, and hostile names are text in all of them."""
    sheet(("pen.tester@acme.example", "Editor", "Marketing", "")).to_csv(tmp_path / "s.csv", index=False)
    assert 2 == main(["plan", "s.csv", "-o", f"plan.{ending}"])
    content = (tmp_path / f"plan.{ending}").read_text(encoding="utf-8-sig")
    assert "pen.tester@acme.example" in content.replace("\\", "")
    assert "<img" not in content


def test_plan_is_used_once_and_where_it_was_made(keyed, tmp_path):
    """A second use, another fingerprint and another organization are refused."""
    org = lsnb.connect()
    plan = org.plan(sheet(("anton.vogel@acme.example", "Viewer", "Production", "")))
    with pytest.raises(UnconfirmedPlanError):
        org.apply(plan, confirm="")
    lsnb.save_plan(plan, tmp_path / "p.json")
    assert plan == lsnb.load_plan(tmp_path / "p.json")
    with sandbox.start(seed="norbac") as other, pytest.raises(lsnb.LsnbError, match="organization"):
        lsnb.connect(endpoint=other.url, api_key=other.key).apply(plan, confirm=plan.fingerprint)
    org.apply(plan, confirm=plan.fingerprint)
    with pytest.raises(SpentPlanError):
        org.apply(plan, confirm=plan.fingerprint)


def test_unsafe_plan_cannot_be_applied(keyed):
    """A refused plan writes nothing, also with its fingerprint."""
    org = lsnb.connect()
    plan = org.plan(sheet((ADA, "", "", "remove")))
    n = len(keyed.requests)
    with pytest.raises(UnsafePlanError, match="self"):
        org.apply(plan, confirm=plan.fingerprint)
    assert not [line for line in keyed.requests[n:] if line["method"] != "GET"]


def test_sheet_with_problems_gives_no_plan(keyed):
    """In a notebook the error carries the table of problems."""
    with pytest.raises(TableError) as caught:
        lsnb.connect().plan(sheet((ADA, "Edtor", "Production", "")))
    assert caught.value.problems is not None
    assert ["langsmith_role"] == caught.value.problems["column"].tolist()


def test_changed_plan_file_is_refused(keyed, tmp_path, capsys):
    """Who edits a saved plan must make it anew."""
    org = lsnb.connect()
    plan = org.plan(sheet(("anton.vogel@acme.example", "Viewer", "Production", "")))
    path = lsnb.save_plan(plan, tmp_path / "p.json")
    path.write_text(path.read_text().replace("anton.vogel", "diego.alvarez"))
    assert 1 == main(["apply", "p.json", "--confirm", plan.fingerprint])
    assert "changed" in capsys.readouterr().err
    for content in ("", "[]", "{}", '{"version": 99}'):
        path.write_text(content)
        assert 1 == main(["apply", "p.json", "--confirm", plan.fingerprint])


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by signals")
def test_killed_run_is_resumed_and_undone(tmp_path, child_environment):
    """After kill -9 half-way, resume, undo: the members are those of before, and nobody was invited twice."""
    with sandbox.start(seed="small", latency_ms=60) as server:
        before = grants(server)
        people = [f"new.person{number}@acme.example" for number in range(4)]
        access = before[(before["role"] == "Editor") & (before["source"] == "direct")]
        rows = [(row.email, "Viewer", row.workspace, "") for row in access.head(9).itertuples()]
        rows += [(email, "Organization User", "", "") for email in people]
        sheet(*rows).to_csv(tmp_path / "s.csv", index=False)
        environment = child_environment | {
            "LANGSMITH_ENDPOINT": server.url,
            "LANGSMITH_API_KEY": server.key,
            "XDG_STATE_HOME": str(tmp_path / "state"),
        }

        def lsnb_(*words, **options):
            command = [sys.executable, "-m", "lsnb", *words]
            return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, **options)

        assert 2 == lsnb_("plan", "s.csv", "-o", "plan.json", "--allow", "max-removals=a drill").wait(60)
        fingerprint, _ = planned(tmp_path / "plan.json")
        running = lsnb_("apply", "plan.json", "--confirm", fingerprint, "--workers", "1", "--journal", "j.jsonl")
        deadline = time.monotonic() + 30
        while not re.search(
            r'"outcome": ?"done"', (tmp_path / "j.jsonl").read_text() if (tmp_path / "j.jsonl").exists() else ""
        ):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        assert -signal.SIGKILL == running.wait(20)
        half = grants(server)
        assert 0 == lsnb_("resume", "j.jsonl").wait(60)
        assert not half.equals(grants(server))
        assert 2 == lsnb_("undo", "j.jsonl", "-o", "undo.json").wait(60)
        assert 0 == lsnb_("apply", "undo.json", "--confirm", planned(tmp_path / "undo.json")[0]).wait(60)
        pd.testing.assert_frame_equal(before, grants(server))
        assert sorted(people) == sorted(mail["email"] for mail in server.state.emails_sent)


def test_an_option_that_is_given_twice_counts_twice():
    """Rules that are allowed, accounts that are protected and the like add up, however they are written."""
    from lsnb.cli import build_parser

    words = [
        "plan",
        "x.csv",
        "--allow",
        "self=a",
        "--allow",
        "lock-out=b",
        "--protect",
        "a@x",
        "--protect",
        "b@x",
        "c@x",
    ]
    options = build_parser().parse_args(words)
    assert ["self=a", "lock-out=b"] == options.allow
    assert ["a@x", "b@x", "c@x"] == options.protect
