"""How long a plan takes: 20,000 edited rows against 20,000 people with 100,000 memberships, and half of them.

The bound is 2 s, and twice the rows may take at most about twice the time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import pandas as pd

from lsnb.plan import Mode, Plan, Rules, make_plan
from lsnb.sheets.model import EDIT_COLUMNS, PROBLEM_COLUMNS, Edits
from lsnb.snapshot import Caller, Snapshot, SnapshotMeta
from lsnb.tables.access import build_access
from lsnb.tables.completeness import Reading, build_completeness
from lsnb.tables.people import People, build_invites, build_members
from lsnb.tables.settings import build_settings
from lsnb.tables.structure import build_roles, build_workspaces

N_WORKSPACES = 200
PER_PERSON = 5
ROLES = (
    ("ORGANIZATION_ADMIN", "Organization Admin", "organization"),
    ("ORGANIZATION_USER", "Organization User", "organization"),
    ("WORKSPACE_ADMIN", "Admin", "workspace"),
    ("WORKSPACE_USER", "Editor", "workspace"),
    ("WORKSPACE_VIEWER", "Viewer", "workspace"),
)


def make_snapshot(n_people: int) -> Snapshot:
    """Make an organization; the first ten people are its admins."""
    roles = build_roles([{"id": f"r-{n}", "name": n, "display_name": d, "access_scope": s} for n, d, s in ROLES])
    workspaces = build_workspaces([{"id": f"w{i:04}", "display_name": f"Team {i:04}"} for i in range(N_WORKSPACES)])
    records = [
        {
            "id": f"i{i:06}",
            "email": f"person{i:06}@example.com",
            "display_name": f"Person {i}",
            "is_pending": False,
            "ls_user_id": f"u{i:06}",
            "role_id": "r-ORGANIZATION_ADMIN" if i < 10 else "r-ORGANIZATION_USER",
            "role_name": "ORGANIZATION_ADMIN" if i < 10 else "ORGANIZATION_USER",
            "workspace_memberships": [
                {
                    "workspace_id": f"w{(i + k) % N_WORKSPACES:04}",
                    "workspace_name": f"Team {(i + k) % N_WORKSPACES:04}",
                    "role_id": "r-WORKSPACE_USER",
                    "role_name": "WORKSPACE_USER",
                }
                for k in range(PER_PERSON)
            ],
        }
        for i in range(n_people)
    ]
    people = People(records, roles)
    read_at = pd.Timestamp("2026-11-02T09:00:00Z")
    tables = ("access", "members", "invites", "workspaces", "roles", "settings")
    return Snapshot(
        SnapshotMeta("org-1", "Large", "api.example.com", read_at, Caller("service", "key-1"), "0"),
        {
            "members": build_members(people),
            "invites": build_invites(people),
            "access": build_access(people, workspaces, has_rbac=True),
            "workspaces": workspaces,
            "roles": roles,
            "settings": build_settings({"config": {"can_use_rbac": True}}),
            "completeness": build_completeness([Reading(t, "GET", "complete", read_at=read_at) for t in tables]),
        },
    )


def make_sheet(n_rows: int, *, what: str) -> Edits:
    """Make a sheet: "change" asks for another role in each row, "same" for nothing, "invite" for new people."""
    role = {"change": "Viewer", "same": "Editor", "invite": "Viewer"}[what]
    name = {"change": "WORKSPACE_VIEWER", "same": "WORKSPACE_USER", "invite": "WORKSPACE_VIEWER"}[what]
    who = "newcomer" if what == "invite" else "person"
    frame = pd.DataFrame(
        {
            "row": range(2, n_rows + 2),
            "email": [f"{who}{i:06}@example.com" for i in range(n_rows)],
            "scope": "workspace",
            "workspace": [f"Team {i % N_WORKSPACES:04}" for i in range(n_rows)],
            "workspace_id": [f"w{i % N_WORKSPACES:04}" for i in range(n_rows)],
            "role": role,
            "role_id": f"r-{name}",
            "role_name": name,
            "action": "set",
            "note": None,
        },
        columns=list(EDIT_COLUMNS),
    )
    return Edits(frame, pd.DataFrame(columns=list(PROBLEM_COLUMNS)), "sheet.csv")


def timed(make: Callable[[], Plan]) -> tuple[float, Plan]:
    """Run it three times, and give the median in seconds."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        plan = make()
        times.append(time.perf_counter() - start)
    return sorted(times)[1], plan


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    n_people = parser.parse_known_args()[0].people
    snapshot = make_snapshot(n_people)
    print(f"{n_people:,} people, {N_WORKSPACES} workspaces, {n_people * PER_PERSON:,} memberships")
    cases: list[tuple[str, Mode]] = [("same", "update"), ("change", "update"), ("invite", "update"), ("change", "sync")]
    for what, mode in cases:
        scope = ("organization",) if mode == "sync" else ()
        took = {}
        for n_rows in (n_people // 2, n_people):
            edits = make_sheet(n_rows, what=what)
            took[n_rows], plan = timed(
                lambda edits=edits, mode=mode, scope=scope: make_plan(
                    snapshot, edits, mode=mode, scope=scope, rules=Rules(), created_at="2026-11-02T09:00:00Z"
                )
            )
        ratio = took[n_people] / took[n_people // 2]
        print(
            f"{what:>7} {mode:>6}: {took[n_people]:5.2f} s for {len(plan):,} changes, {ratio:.2f} times half the rows"
        )


if __name__ == "__main__":
    main()
