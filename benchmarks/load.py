"""Loading who has what: 20,000 people, 200 workspaces, about 100,000 memberships.

Three ways in one run: the way of LangSmith's page (one list per workspace, one after the other), the fastest that could
be written by hand for this one purpose, and lsnb, which also checks counts, fills in implicit access and builds tables.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from benchmarks.served import served

_RUNS = 5


def pages_own_way(url: str, key: str) -> int:
    """Read as the page shows it: the members, then each workspace's members, serially, 100 at a time."""
    session = requests.Session()
    session.trust_env = False  # no proxy for this machine
    session.headers["X-API-Key"] = key

    def read(path: str, workspace: str | None = None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        headers = {"X-Tenant-Id": workspace} if workspace else {}
        while True:
            params = {"limit": 100, "offset": len(rows)}
            page = session.get(url + path, params=params, headers=headers, timeout=60).json()
            rows += page
            if len(page) < 100:
                return rows

    session.get(f"{url}/api/v1/orgs/current/roles", timeout=60).json()
    places = session.get(f"{url}/api/v1/workspaces", timeout=60).json()
    return sum(len(read("/api/v1/workspaces/current/members/active", place["id"])) for place in places)


def by_hand(url: str, key: str) -> int:
    """Read the enriched list with 40 threads and build columns with the collector off: no checks, no implicit access."""
    import orjson
    import pandas as pd

    session = requests.Session()
    session.trust_env = False  # no proxy for this machine
    session.headers["X-API-Key"] = key
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=40))

    def page(offset: int) -> Any:
        params = {"limit": 500, "offset": offset}
        answer = session.get(f"{url}/v1/platform/orgs/current/members", params=params, timeout=60)
        return orjson.loads(answer.content), int(answer.headers["X-Pagination-Total"])

    gc.disable()
    try:
        with ThreadPoolExecutor(40) as threads:
            small = [
                threads.submit(session.get, f"{url}/api/v1/{p}", timeout=60)
                for p in ("orgs/current/roles", "workspaces")
            ]
            first, total = page(0)
            pages = [first, *(rows for rows, _ in threads.map(page, range(500, total, 500)))]
            for future in small:
                orjson.loads(future.result().content)
        emails, places, roles = [], [], []
        for rows in pages:
            for person in rows:
                for grant in person["workspace_memberships"]:
                    emails.append(person["email"])
                    places.append(grant["workspace_name"])
                    roles.append(grant["role_name"])
        frame = pd.DataFrame({"email": emails, "workspace": pd.Categorical(places), "role": pd.Categorical(roles)})
    finally:
        gc.enable()
    return len(frame)


def with_lsnb(url: str, key: str) -> int:
    """Read with a new connection each time, as the others do."""
    import lsnb

    with lsnb.connect(endpoint=url, api_key=key) as org:
        return len(org.snapshot(tables=["access"]).access)


def _median_s(read: Callable[[str, str], int], url: str, key: str, runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        read(url, key)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


# The highest mark of this very process: what getrusage gives starts at the size of the process that started it.
_MEMORY = """
import sys
import pandas
peak = lambda: int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
base = peak()
import lsnb
org = lsnb.connect(endpoint=sys.argv[1], api_key=sys.stdin.read())
snap = org.snapshot(tables=["access"])
loaded = peak()
snap.matrix()
print((loaded - base) // 1024, (peak() - base) // 1024, org.api.transport.n_requests)
"""


def main() -> None:
    """Print seconds, ratios, requests and memory."""
    write = sys.stdout.write
    for latency_ms in (0, 20, 80):
        with served("large", latency_ms=latency_ms) as described:
            url, key = described["url"], described["keys"]["admin_pat"]
            by_hand(url, key)
            with_lsnb(url, key)
            slow = _median_s(pages_own_way, url, key, 1)
            hand, ours = _median_s(by_hand, url, key, _RUNS), _median_s(with_lsnb, url, key, _RUNS)
            write(
                f"{latency_ms:>3} ms: page's own way {slow:6.2f} s, by hand {hand:5.2f} s, lsnb {ours:5.2f} s: "
                f"{slow / ours:5.1f} x faster than the page, {ours / hand:4.2f} x the time by hand\n"
            )
            if latency_ms == 80:
                run = subprocess.run(
                    [sys.executable, "-c", _MEMORY, url], input=key, capture_output=True, text=True, check=True
                )
                loaded, with_matrix, n_requests = run.stdout.split()
                write(
                    f"memory over `import pandas`: {loaded} MB, {with_matrix} MB with the matrix; "
                    f"requests: {n_requests}\n"
                )
    imports = {
        name: statistics.median(_import_s(name) for _ in range(_RUNS)) for name in ("pandas", "lsnb", "pandas, lsnb")
    }
    write(
        f"import lsnb {imports['lsnb']:.3f} s, import pandas {imports['pandas']:.3f} s, both "
        f"{imports['pandas, lsnb']:.3f} s: {imports['pandas, lsnb'] / imports['pandas']:.2f} x\n"
    )


def _import_s(names: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {names}"], check=True)
    return time.perf_counter() - start
