"""How long applying takes: 1,000 changes of roles with 8 workers at 50 ms, and 1,000 invitations.

The bound is ⌈n / workers⌉ * latency: at most 1.15 times for the writing, and 15 % more for the journal, reading again
and reading back. The demo organization runs in a process of its own, so that it does not take the client's time. What
it and the machine take beside the latency is shown by the same requests sent by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from lsnb.apply import Run
from lsnb.loader import load_snapshot_of
from lsnb.organization import Organization
from lsnb.plan import Change, Plan, Rules, changes_to_plan, new_change
from lsnb.service.connection import connect
from lsnb.service.progress import Silent
from lsnb.snapshot import Snapshot

WIDE = Rules(max_removals_share=1.0, max_promotions=10_000)
ROLES = {"organization": ("Organization User", "Organization Viewer"), "workspace": ("Editor", "Viewer")}


def roles_by_name(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """Give the roles as plans have them, by name."""
    rows = snapshot.roles[["role", "role_id", "role_name"]].astype(object).to_dict("records")
    return {str(row["role"]): {str(name): str(value) for name, value in row.items()} for row in rows}


def role_changes(snapshot: Snapshot, n: int, *, scope: str) -> Plan:
    """Plan another role for n people who have one of the usual two, in the organization or in one workspace each."""
    known = roles_by_name(snapshot)
    access = snapshot.filter_access(scope=scope, state="active", source="direct", role=list(ROLES[scope]))
    rows = access.drop_duplicates("email").head(n).astype(object).to_dict("records")
    assert len(rows) == n
    changes: list[Change] = []
    for row in rows:
        before = known[row["role"]]
        after = known[next(role for role in ROLES[scope] if role != row["role"])]
        in_place = scope == "workspace"
        changes.append(
            new_change(
                "SetWorkspaceRole" if in_place else "SetOrgRole",
                email=row["email"],
                before=before | {"state": "active"},
                after=after | {"state": "active"},
                reason="benchmark",
                ids={
                    "identity_id": row["identity_id"],
                    "role_id": after["role_id"],
                    "workspace_id": row["workspace_id"] if in_place else None,
                },
                workspace=row["workspace"] if in_place else None,
            )
        )
    return changes_to_plan(snapshot, changes, rules=WIDE, created_at=str(time.time()), allow={"max-removals": "test"})


def invitations(snapshot: Snapshot, n: int) -> Plan:
    """Plan n invitations with the same roles."""
    role = roles_by_name(snapshot)["Organization User"]
    places: dict[str, Any] = {"workspaces": [], "workspace_role": None, "workspace_role_id": None}
    changes = [
        new_change(
            "InviteMember",
            email=f"invited{i:05}@example.com",
            before=None,
            after=role | places,
            reason="benchmark",
            ids={"role_id": role["role_id"]},
        )
        for i in range(n)
    ]
    return changes_to_plan(snapshot, changes, rules=WIDE, created_at=str(time.time()), allow={"email-domains": "test"})


class Timer:
    """Notes when the writing begins and ends."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.last = 0.0

    def __call__(self, event: Any) -> None:
        """Take an event of the run."""
        if event.kind == "trying" and self.first is None:
            self.first = time.perf_counter()
        elif event.kind == "outcome":
            self.last = time.perf_counter()


def requests_of(url: str) -> list[dict[str, Any]]:
    """Read what the demo organization was asked so far."""
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for this machine
    with directly.open(f"{url}/_sandbox/requests") as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


def apply(org: Organization, plan: Plan, workers: int) -> tuple[Run, float, float]:
    """Apply a plan, and give the run with the seconds of all of it and of the writing."""
    timer = Timer()
    start = time.perf_counter()
    run = org.apply(plan, confirm=plan.fingerprint, workers=workers, display=Silent(), on_event=timer)
    took = time.perf_counter() - start
    return run, took, timer.last - (timer.first or 0)


def by_hand(org: Organization, snapshot: Snapshot, options: argparse.Namespace) -> float:
    """Give the seconds that the same requests take alone: no journal, nothing read; what machine and server cost."""
    changes = role_changes(snapshot, options.changes, scope="organization").changes
    start = time.perf_counter()
    org.api.transport.map(
        # The role that they have: nothing changes, at the same cost.
        lambda change: org.api.set_organization_role(change.ids["identity_id"], (change.before or {})["role_id"]),
        changes,
        workers=options.workers,
    )
    return time.perf_counter() - start


def main() -> None:
    """Print the times, as ratios to what the latency alone takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--seed", default="large")
    options = parser.parse_known_args()[0]
    os.chdir(tempfile.mkdtemp())
    os.environ["XDG_STATE_HOME"] = str(Path.cwd() / "state")
    command = [sys.executable, "-m", "lsnb", "sandbox", "--port", "0", "--seed", options.seed]
    command += ["--latency-ms", str(options.latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        try:
            measure(told, options)
        finally:
            server.terminate()


def measure(told: dict[str, Any], options: argparse.Namespace) -> None:
    """Measure against a demo organization that is running."""
    org = connect(endpoint=told["url"], api_key=told["keys"]["admin_pat"])
    org.whoami()
    snapshot = load_snapshot_of(org.api, tables=["access"], caller=org.whoami().caller, display=Silent())
    bound = -(-options.changes // options.workers) * options.latency_ms / 1000
    print(f"{len(snapshot.members):,} people; {options.changes:,} changes, {options.workers} workers: {bound:.2f} s")
    print(f"      by hand, without any care: {by_hand(org, snapshot, options) / bound:.2f} x")
    for scope in ("organization", "workspace"):
        plan = role_changes(snapshot, options.changes, scope=scope)
        run, took, writing = apply(org, plan, options.workers)
        assert run.is_done, run.summary()
        print(
            f"{scope:>13} roles: {took:5.2f} s in all ({took / bound:.2f} x), {writing:5.2f} s writing "
            f"({writing / bound:.2f} x)"
        )
    before = len(requests_of(told["url"]))
    run, took, _ = apply(org, invitations(snapshot, 1000), options.workers)
    assert run.is_done, run.summary()
    methods = Counter(line["method"] for line in requests_of(told["url"])[before:])
    print(f"1,000 invitations: {took:.2f} s, {methods['POST']} requests that invite, {methods['GET']} that read")


if __name__ == "__main__":
    main()
