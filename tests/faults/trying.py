"""Try cells of the fault matrix against the demo organization."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsnb.apply.journal import read_journal
from lsnb.errors import LsnbError
from lsnb.plan.model import Plan
from lsnb.sandbox.ids import make_hash
from lsnb.service.secret_sinks import SecretBox
from lsnb.service.transport import Transport
from tests.apply import things as t
from tests.apply.acme import Acme, grants_of
from tests.faults.matrix import LIMIT_S, Cell, Fault, Moment, Seen, Tried, faults_of, judge

#: What each kind of change is tried on.
MAKE: dict[str, Callable[[Acme], Plan]] = {
    "CreateWorkspace": lambda acme: t.plan_of(acme, t.create_workspace("Robotics")),
    "CreateRole": lambda acme: t.plan_of(acme, t.create_role("Field Engineer")),
    "InviteMember": lambda acme: acme.plan(("new.one", "Production", "Viewer")),
    "ReplaceInvite": lambda acme: acme.plan(("late.joiner@partner.example", "Research", "Editor")),
    "AddWorkspaceMember": lambda acme: t.plan_of(acme, t.add_member(acme, "grace.kim", "Security Review")),
    # An Admin becomes a User, so that Admins are counted too.
    "SetOrgRole": lambda acme: acme.plan(("tomas.okafor", "", "Organization User")),
    "SetWorkspaceRole": lambda acme: acme.plan(("grace.kim", "Production", "Viewer")),
    "UpdateRole": lambda acme: t.plan_of(acme, t.update_role(acme, "Annotator", add=["prompts:read"])),
    "RenameWorkspace": lambda acme: t.plan_of(acme, t.rename_workspace(acme, "Marketing", "Growth")),
    "UpdateSettings": lambda acme: t.plan_of(acme, t.setting("public_sharing_disabled", False, True)),
    "CreateServiceKey": lambda acme: t.plan_of(acme, t.create_key(acme, "Dashboards", "Viewer", "Production")),
    "SetServiceKeyRole": lambda acme: t.plan_of(acme, t.set_key_role(acme, "Nightly load of Research", "Viewer")),
    "ReinstateAccessToken": lambda acme: t.plan_of(acme, t.reinstate(acme, "Old laptop")),
    "RemoveWorkspaceMember": lambda acme: acme.plan(("anton.vogel", "Staging", "", "remove")),
    "CancelInvite": lambda acme: acme.plan(("second.hire", "", "", "remove")),
    "RemoveMember": lambda acme: acme.plan(("hannah.schmidt", "", "", "remove")),
    "RevokeAccessToken": lambda acme: t.plan_of(acme, t.revoke(acme, "Production sync")),
    "DeleteServiceKey": lambda acme: t.plan_of(acme, t.delete_key(acme, "Default API key")),
    "DeleteScimToken": lambda acme: t.plan_of(acme, t.delete_scim_token(acme, "Okta provisioning")),
    "DeleteRole": lambda acme: t.plan_of(acme, t.delete_role(acme, "Dataset Curator")),
    "DeleteWorkspace": lambda acme: t.plan_of(acme, t.delete_workspace(acme, "Sales-Demos")),
    "UnshareAll": lambda acme: t.plan_of(acme, t.unshare(acme, "Support", 2)),
}
_ROUNDS = 5


class _Patient(Transport):
    """A transport that gives a busy machine its time: only where an answer is to come too late it waits for less."""

    limit_s = 20.0

    def __init__(self, settings: Any, **how: Any) -> None:
        super().__init__(settings, **(how | {"timeout_s": (20.0, self.limit_s)}))


class _Hurried(_Patient):
    """A transport that does not wait long for an answer."""

    limit_s = LIMIT_S


@dataclass
class Quiet:
    """An undisturbed run of one kind: its plan, what is there before, after and between, and when it can be hit."""

    kind: str
    plan: Plan
    before: Seen
    after: Seen
    half: tuple[Seen, ...]
    moments: list[Moment]


def see(acme: Acme) -> Seen:
    """Look into the demo organization for everything that a plan can change."""
    state = acme.server.state
    facts: Counter[tuple[Any, ...]] = Counter((*who, role) for who, role in grants_of(state).items())
    facts.update((what, value) for what, value in t.things_of(state).items())
    # By name above, so that the undisturbed run is told from others; each by itself here, so that a twin is seen.
    facts.update(("workspaces", place.display_name) for place in state.workspaces.values() if not place.is_deleted)
    facts.update(("roles", role.display_name) for role in state.roles.values())
    facts.update(("keys", key.kind, key.description) for key in state.keys.values())
    facts.update(("invitations", invitation.email) for invitation in state.open_invitations())
    return Seen(facts, acme.mails())


@contextlib.contextmanager
def fresh(server: Any, transport: type[Transport] = _Patient) -> Iterator[tuple[Acme, Path]]:
    """Give the organization as its seed has it, and an empty folder for journals and notes."""
    server.reset()
    kept = os.environ.get("XDG_STATE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        acme = Acme(server, transport=transport)
        try:
            t.prepare(acme)
            yield acme, Path(folder)
        finally:
            server.faults.clear()
            acme.transport.close()
            os.environ.pop("XDG_STATE_HOME")
            if kept is not None:
                os.environ["XDG_STATE_HOME"] = kept


def run_quietly(server: Any, kind: str) -> Quiet:
    """Carry a change out without a fault, and find out which requests it takes, part by part."""
    with fresh(server) as (acme, folder):
        plan = MAKE[kind](acme)
        assert [kind] == [change.kind for change in plan.changes]
        before = see(acme)
        starts, half = [len(server.requests)], []

        def note(event: Any) -> None:
            if event.kind in ("reading", "stage"):
                starts.append(len(server.requests))
            if event.kind == "trying":
                half.append(see(acme))

        run = acme.apply(plan, journal=folder / "run.jsonl", on_event=note, secrets=SecretBox())
        assert run.is_done, str(run)
        lines = server.requests
        parts = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
        reads = [n for n, part in enumerate(parts) if any(line["method"] == "GET" for line in part)]
        moments = [Moment("read", n) for n in reads]
        writes = [line for line in lines[starts[0] :] if line["method"] != "GET"]
        moments += [Moment("write", n, line["method"], line["path"]) for n, line in enumerate(writes)]
        return Quiet(kind, plan, before, see(acme), tuple(half[1:]), moments)


def try_cell(server: Any, quiet: Quiet, fault: Fault, moment: Moment) -> Tried:
    """Let one fault hit one moment of a run; then let somebody go on once it is over."""
    with fresh(server, _Hurried if fault.name == "timeout" else _Patient) as (acme, folder):
        box = SecretBox()
        hit = _Hit(server, fault, moment)
        how = {"secrets": box, "sleep": lambda seconds: server.faults.catch_up()}
        tried = Tried(fault, quiet.before, quiet.after, quiet.half)
        run = None
        try:
            run = acme.apply(quiet.plan, journal=folder / "run.jsonl", on_event=hit, **how)
        except LsnbError as error:
            tried.error = f"{type(error).__name__}: {error}"
        except Exception as error:
            tried.error, tried.is_our_error = f"{type(error).__name__}: {error}", False
        server.faults.clear()
        tried.hits, tried.then = hit.hits, see(acme)
        tried.n_carried_out = _carried_out(server)
        if run is not None:
            _note(tried, run, acme, box)
        tried.end = _bring_to_its_end(acme, quiet, run, folder, box)
        tried.last = see(acme)
        return tried


class _Hit:
    """Plants a fault at its moment."""

    def __init__(self, server: Any, fault: Fault, moment: Moment) -> None:
        self._server, self._fault, self._moment = server, fault, moment
        self._part = 0
        self._planted = []
        if moment.what == "write":
            times = {"once": 1, "storm": 12, "on": None}[fault.reach]
            path = re.escape(moment.path) + "$"
            self._planted.append(server.faults.add(method=moment.method, path=path, times=times, **fault.asked))
        elif moment.number == 0:
            self._hit_reads()

    @property
    def hits(self) -> int:
        return sum(planted.hits for planted in self._planted)

    def __call__(self, event: Any) -> None:
        """Follow the run from part to part."""
        if event.kind in ("reading", "stage"):
            self._part += 1
            is_over = self._moment.what == "read" and self._part > self._moment.number
            if is_over and not self._fault.is_everywhere:
                self._server.faults.clear()
            if self._moment.what == "read" and self._part == self._moment.number:
                self._hit_reads()
        if self._fault.is_everywhere and self.hits and len(self._planted) == 1:
            self._planted.append(self._server.faults.add(method="*", times=None, **self._fault.asked))

    def _hit_reads(self) -> None:
        times = 12 if self._fault.reach == "storm" else None
        self._planted.append(self._server.faults.add(method="GET", times=times, **self._fault.asked))


def _note(tried: Tried, run: Any, acme: Acme, box: SecretBox) -> None:
    row = run.results.iloc[0]
    tried.outcome, tried.reason = str(row["outcome"]), f"{row['reason']} {row['next_step']}"
    result = next(iter(read_journal(run.journal).results.values()))
    tried.is_told = result.is_verified or bool(run.notes or run.stopped)
    if row["kind"] == "CreateServiceKey" and tried.outcome == "done":
        tried.secrets = _opens(acme, box)


def _opens(acme: Acme, box: SecretBox) -> bool:
    """Tell whether the secret of the new key was handed over, and is that of the key that is there."""
    key = t.key_of(acme, "Dashboards")
    secrets = [box.reveal_once(name) for name in box.names]
    return [key.secret_hash] == [make_hash(secret) for secret in secrets]


def _carried_out(server: Any) -> dict[str, int]:
    """Count how often the service did what each request asks for."""
    undone = ("status", "html", "drop-before")
    done = [
        f"{line['method']} {line['path']}"
        for line in server.requests
        if line["method"] != "GET" and line["fault"] not in undone and line["status"] and line["status"] < 400
    ]
    return dict(Counter(done))


def _bring_to_its_end(acme: Acme, quiet: Quiet, run: Any, folder: Path, box: SecretBox) -> str:
    """Go on as a user would, now that the fault is over: apply again what was not begun, resume what was, or plan anew."""
    how = {"secrets": box}
    try:
        if run is None:
            run = acme.apply(quiet.plan, journal=folder / "again.jsonl", **how)
        for n in range(_ROUNDS):
            if run.is_done:
                return "done"
            reason = run.results["reason"].iloc[0]
            if quiet.kind == "CreateServiceKey" and "its secret is lost" in reason:
                acme.api.delete_service_key(t.key_of(acme, "Dashboards").id)
            if "new plan" in run.results["next_step"].iloc[0] and n == _ROUNDS - 2:
                again = MAKE[quiet.kind](acme)
                run = acme.apply(again, journal=folder / "anew.jsonl", **how)
            else:
                run = acme.resume(run.journal, retry_failed=True, **how)
    except LsnbError as error:
        return f"{type(error).__name__}: {error}"
    return "done" if run.is_done else str(run)


def try_kind(server: Any, kind: str) -> list[Cell]:
    """Try all faults on one kind, at all moments."""
    quiet = run_quietly(server, kind)
    cells = []
    for moment in quiet.moments:
        for fault in faults_of(moment):
            lost = judge(try_cell(server, quiet, fault, moment))
            cells.append(Cell(kind, fault.name, str(moment), tuple(lost)))
    return cells
