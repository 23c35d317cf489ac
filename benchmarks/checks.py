"""All checks on the large demo organization: 20,000 people, 200 workspaces, 100,000 memberships.

A log of 100,000 events and a usage report are made up for it, since the demo organization has none of that size.

The bounds are 10 s for the checks, and 20 s and 1.5 GB for an audit of a snapshot from a file, imports included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.served import served

# In a process of its own, so that the memory is that of the audit alone.
_AUDIT = """
import sys, time
start = time.perf_counter()
import pandas as pd
import lsnb
from lsnb.checks import CHECKS
from lsnb.checks.context import Context
from lsnb.checks.run import run_check

peak = lambda: int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
snap = lsnb.load_snapshot(sys.argv[1])
loaded, before = time.perf_counter() - start, peak()
from lsnb.snapshot import Snapshot
from lsnb.tables.activity import build_audit_log, build_usage
operations = ["login", "login", "update_org_member", "create_service_key", "create_bulk_export", "update_role"]
people, places = snap.members["ls_user_id"].tolist(), snap.workspaces["workspace_id"].tolist()
at = int(snap.meta.read_at.timestamp() * 1000)
events = [
    {
        "time": at - number * 345_600,
        "status": "Failure" if number % 50 == 0 else "Success",
        "metadata": {"uid": f"event {number}"},
        "api": {"operation": operations[number % 6]},
        "actor": {"user": {"uid": people[number * 7 % len(people)]}},
        "resources": [{"uid": places[number % len(places)]}],
        "unmapped": {"original_audit_log": {
            "ls_user_id": people[number * 7 % len(people)], "workspace_id": places[number % len(places)]}},
    }
    for number in range(100_000)
]
days = [(snap.meta.read_at - pd.Timedelta(days=day)).isoformat() for day in range(0, 90, 7)]
used = [
    {"time_bucket": day, "dimensions": {"user_email": email}, "traces": 5}
    for email in snap.members["email"].iloc[::4] for day in days
]
tables = {name: snap.table(name) for name in snap.table_names}
tables |= {"audit_log": build_audit_log(events), "usage": build_usage({"user": used, "api_key": []})}
snap = Snapshot(snap.meta, tables)
roster = pd.DataFrame({"email": snap.members["email"], "status": "active"})
policy = lsnb.Policy(
    allowed_domains=tuple(snap.members["email"].str.rpartition("@")[2].unique()),
    break_glass=(snap.members["email"].iloc[0],),
    restricted_workspaces={str(name): () for name in snap.workspaces["workspace"].head(5)},
    permission_holders={"runs:delete": ()},
)
tags = {"Environment": ["production"]}
start = time.perf_counter()
findings = lsnb.audit(snap, policy=policy, roster=roster, earlier=snap, tags=tags)
seconds = time.perf_counter() - start
alarms = (findings["status"] == "alarm").sum()
print(f"{len(CHECKS)} checks: {seconds:.1f} s, {len(findings):,} findings, {alarms:,} alarms")
print(f"from a file, imports included: {loaded + seconds:.1f} s, peak memory {peak():,.0f} MB ({before:,.0f} MB before)")
context = Context(snap, policy, roster=roster, earlier=snap, tags={"Environment": frozenset({"production"})})
times = {}
for name, check in CHECKS.items():
    start = time.perf_counter()
    run_check(check, context)
    times[name] = time.perf_counter() - start
slowest = sorted(times.items(), key=lambda pair: -pair[1])[:6]
print("slowest: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in slowest))
"""


def main() -> None:
    """Read the organization once, and audit it from a file."""
    import lsnb

    with tempfile.TemporaryDirectory() as folder, served("large") as server:
        path = Path(folder) / "large.lsnb"
        start = time.perf_counter()
        with lsnb.connect(endpoint=server["url"], api_key=next(iter(server["keys"].values()))) as org:
            snap = org.snapshot(audit_days=400, usage_days=90)
        facts = snap.facts()
        sizes = ", ".join(f"{facts[name]:,} {name.replace('_', ' ')}" for name in ("members", "workspaces", "access"))
        sys.stdout.write(f"read in {time.perf_counter() - start:.1f} s: {sizes}\n")
        snap.save(path)
        found = subprocess.run([sys.executable, "-c", _AUDIT, str(path)], check=True, capture_output=True, text=True)
        sys.stdout.write(found.stdout)
