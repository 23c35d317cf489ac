"""How long a difference takes: two snapshots of 20,000 people with 100,000 memberships, with a log of 50,000 events.

The bound is 2 s.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import pandas as pd

from benchmarks.plan import PER_PERSON, make_snapshot
from lsnb.analysis.compare import diff
from lsnb.snapshot import Snapshot
from lsnb.tables.activity import build_audit_log

LATER = pd.Timedelta(days=30)


def change(snapshot: Snapshot, *, every: int) -> Snapshot:
    """Give the same organization later: every so many-th membership has another role, and some people have left."""
    frames = {name: snapshot.table(name) for name in snapshot.table_names}
    access, members = frames["access"], frames["members"]
    given = (access["scope"] == "workspace") & (access["source"] == "direct")
    hit = given & (pd.Series(range(len(access)), index=access.index) % every == 0)
    access.loc[hit, ["role", "role_id", "role_name"]] = ["Viewer", "r-WORKSPACE_VIEWER", "WORKSPACE_VIEWER"]
    left = members["email"].iloc[100 :: every * 5]
    frames["members"] = members[~members["email"].isin(left)].reset_index(drop=True)
    frames["access"] = access[~access["email"].isin(left)].reset_index(drop=True)
    frames["completeness"]["read_at"] = snapshot.meta.read_at + LATER
    return Snapshot(replace(snapshot.meta, read_at=snapshot.meta.read_at + LATER), frames)


def make_log(snapshot: Snapshot, n_events: int) -> pd.DataFrame:
    """Make a log of changes between the two readings."""
    start = int(snapshot.meta.read_at.timestamp() * 1000)
    step = int(LATER.total_seconds() * 1000) // (n_events + 1)
    return build_audit_log(
        [
            {
                "time": start + step * (i + 1),
                "metadata": {"uid": f"e{i}"},
                "status": "Success",
                "api": {"operation": "update_workspace_member" if i % 4 else "delete_org_member"},
                "http_request": {"http_method": "PATCH" if i % 4 else "DELETE", "url": {"path": "/x"}},
                "resources": [{"uid": f"m{i}" if i % 4 else f"i{i % 20_000:06}"}],
                "unmapped": {"original_audit_log": {"workspace_id": f"w{i % 200:04}", "ls_user_id": f"u{i % 10:06}"}},
            }
            for i in range(n_events)
        ]
    )


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    n_people = parser.parse_known_args()[0].people
    before = make_snapshot(n_people)
    log = make_log(before, 50_000)
    print(f"{n_people:,} people, {n_people * PER_PERSON:,} memberships, {len(log):,} events")
    for every in (1000, 100, 2):
        after = change(before, every=every)
        times = []
        for _ in range(3):
            start, worked = time.perf_counter(), time.process_time()
            found = diff(before, after, log)
            times.append((time.perf_counter() - start, time.process_time() - worked))
        # On a machine with other work the time on the processor is the one to look at.
        took, worked = sorted(times)[1]
        print(f"one in {every:>5,} changed: {took:5.2f} s ({worked:.2f} s of work) for {len(found):,} differences")


if __name__ == "__main__":
    main()
