"""The kept audit log: incremental, without holes or doubles, and open to other readers as it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from lsnb import sandbox
from lsnb.errors import LogStoreError, PermissionDeniedError, PlanGateError, ServerError
from lsnb.files.log import LogStore, read_log, sync_log
from lsnb.files.log.store import SCHEMA
from lsnb.service.api import Api
from lsnb.service.config import load_settings
from lsnb.service.progress import Silent
from lsnb.service.transport import Transport
from lsnb.tables.activity import AUDIT_LOG, build_audit_log

DAY = pd.Timedelta(days=1)
SINCE = pd.Timedelta(days=60)


def api_of(server, key="admin_pat"):
    """Connect, with retries that come at once."""
    settings = load_settings(endpoint=server.url, api_key=server.keys[key], environ={})
    return Api(Transport(settings, sleep=lambda seconds: None))


def sync(server, directory, **how):
    """Bring a folder up to date."""
    how = {"since": pd.Timestamp.now("UTC") - SINCE, "display": Silent()} | how
    return sync_log(api_of(server), directory, **how)


def expected(server, since):
    """Give the ids of the server's events from a time on."""
    return {row["id"] for row in server.state.audit if pd.Timestamp(row["request_time"]) >= since}


def log_calls(server):
    """Count the requests for the log."""
    return sum("audit-logs" in line["path"] for line in server.requests)


def act(server):
    """Do something that the log records."""
    transport = api_of(server).transport
    body = {
        "name": "",
        "display_name": f"Role {len(server.state.audit)}",
        "description": "x",
        "permissions": ["runs:read"],
    }
    transport.request("POST", "/api/v1/orgs/current/roles", body=body)


def test_everything_of_the_window_is_kept_once(server, tmp_path):
    """What the service has since then is in the folder, under the day it happened on."""
    since = pd.Timestamp.now("UTC") - SINCE
    result = sync(server, tmp_path / "log", since=since)
    log = read_log(tmp_path / "log")
    assert expected(server, since) == set(log["event_id"])
    assert log["event_id"].is_unique
    assert len(log) == result.n_new == result.n_read
    assert log["at"].is_monotonic_increasing
    assert {column.name: column.dtype for column in AUDIT_LOG.columns} == dict(log.dtypes)
    for path in (tmp_path / "log").glob("date=*/*.parquet"):
        table = pq.ParquetFile(path).read()
        assert SCHEMA == table.schema
        assert {path.parent.name.removeprefix("date=")} == {f"{at:%Y-%m-%d}" for at in table.column("at").to_pylist()}


def test_without_a_beginning_all_that_the_service_keeps_is_read(server, tmp_path):
    """The first sync reaches back over the whole retention."""
    now = pd.Timestamp.now("UTC")
    sync(server, tmp_path / "log", since=None, clock=lambda: now)
    assert expected(server, now - pd.Timedelta(days=400)) == set(read_log(tmp_path / "log")["event_id"])


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # Dask 2026.8 on pandas 3.1
def test_pandas_duckdb_and_dask_open_the_folder_as_it_is(server, tmp_path):
    """Three readers give the same counts by operation and by day."""
    import dask.dataframe as dd

    folder = tmp_path / "log"
    sync(server, folder)
    log = read_log(folder)
    by_operation = log["operation"].value_counts().to_dict()
    by_day = log["at"].dt.strftime("%Y-%m-%d").value_counts().to_dict()

    whole = pd.read_parquet(folder)
    assert by_operation == whole["operation"].value_counts().to_dict()
    assert by_day == {str(day): n for day, n in whole["date"].value_counts().items()}
    assert all(pd.api.types.is_string_dtype(whole[name].dtype) for name in ("operation", "proxies", "credential_id"))
    assert "UTC" == str(whole["at"].dt.tz)

    lazy = dd.read_parquet(folder)
    assert by_operation == lazy["operation"].value_counts().compute(scheduler="synchronous").to_dict()
    dask_days = lazy.compute(scheduler="synchronous")["date"].value_counts()
    assert by_day == {str(day): n for day, n in dask_days.items()}

    with duckdb.connect() as db:
        source = f"read_parquet('{folder}/*/*.parquet')"
        rows = db.execute("SELECT operation, count(*) FROM " + source + " GROUP BY ALL").fetchall()  # noqa: S608
        days = db.execute("SELECT date, count(*) FROM " + source + " GROUP BY ALL").fetchall()  # noqa: S608
        types = {row[0]: row[1] for row in db.execute("DESCRIBE FROM " + source).fetchall()}
    assert by_operation == dict(rows)
    assert by_day == {str(day): n for day, n in days}
    assert ("TIMESTAMP WITH TIME ZONE", "VARCHAR", "BIGINT") == (types["at"], types["proxies"], types["port"])


def test_a_second_sync_reads_only_what_is_new(server, tmp_path):
    """One request, and the new events; earlier days are not touched."""
    folder = tmp_path / "log"
    sync(server, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("date=*/*.parquet")}
    calls = log_calls(server)
    act(server)
    result = sync(server, folder)
    assert 1 == result.n_new
    assert log_calls(server) - calls <= 2  # six hours back may lie on the day before
    today = f"date={pd.Timestamp.now('UTC'):%Y-%m-%d}"
    after = {path: path.stat().st_mtime_ns for path in folder.glob("date=*/*.parquet") if path.parent.name != today}
    assert after == {path: at for path, at in before.items() if path.parent.name != today}
    assert "create_role" == read_log(folder)["operation"].iloc[-1]


def test_events_that_show_up_late_are_not_missed(server, tmp_path):
    """What the service shows only after the sync is read by the next one."""
    folder = tmp_path / "log"
    act(server)
    server.behaviours.audit_delay_s = 3600
    assert "create_role" not in set(sync(server, folder) and read_log(folder)["operation"].tail(1))
    server.behaviours.audit_delay_s = 0
    result = sync(server, folder)
    assert 1 == result.n_new
    assert "create_role" == read_log(folder)["operation"].iloc[-1]


def test_an_earlier_beginning_reads_what_is_before_and_a_later_one_skips_nothing(server, tmp_path):
    """What is kept stays in one piece."""
    folder, now = tmp_path / "log", pd.Timestamp.now("UTC")
    sync(server, folder, since=now - 10 * DAY, until=now - 5 * DAY)
    sync(server, folder, since=now - DAY)
    assert expected(server, now - 10 * DAY) == set(read_log(folder)["event_id"])
    calls = log_calls(server)
    result = sync(server, folder, since=now - SINCE)
    assert expected(server, now - SINCE) == set(read_log(folder)["event_id"])
    assert log_calls(server) - calls >= 50
    assert now - SINCE == result.since


def test_reading_a_part_of_it(server, tmp_path):
    """The beginning is included, the end is not; days are UTC."""
    folder = tmp_path / "log"
    sync(server, folder)
    log = read_log(folder)
    middle = log["at"].iloc[len(log) // 2]
    assert log[log["at"] >= middle].reset_index(drop=True).equals(read_log(folder, since=middle))
    assert log[log["at"] < middle].reset_index(drop=True).equals(read_log(folder, until=middle))
    day = middle.floor("D")
    part = read_log(folder, since=f"{day:%Y-%m-%d}", until=(day + DAY).to_pydatetime())
    assert {f"{day:%Y-%m-%d}"} == set(part["at"].dt.strftime("%Y-%m-%d"))
    assert 0 == len(read_log(folder, since="2100-01-01"))
    with pytest.raises(LogStoreError, match="no time"):
        read_log(folder, since="soon")


def test_gaps_are_said(server, tmp_path):
    """When no sync ran for longer than the service keeps events, the hole has its dates and its reason."""
    folder, now = tmp_path / "log", pd.Timestamp.now("UTC")
    first = sync(server, folder, since=now - 500 * DAY, until=now - 390 * DAY)
    assert 1 == len(first.gaps)
    assert "before that the service keeps nothing" in first.gaps[0]
    later = sync(server, folder, since=None, clock=lambda: now + 30 * DAY, until=now)
    assert f"{now - 390 * DAY:%Y-%m-%d}" in later.gaps[-1]
    assert f"{now - 370 * DAY:%Y-%m-%d}" in later.gaps[-1]
    assert later.gaps == sync(server, folder, since=None, clock=lambda: now + 30 * DAY).gaps
    assert "Gap:" in str(later)


def test_a_lost_or_damaged_day_is_read_anew(server, tmp_path):
    """A file that is gone and one that is cut short are mended by the next sync."""
    folder = tmp_path / "log"
    sync(server, folder)
    before = read_log(folder)
    settled = [day for day in LogStore(folder).days() if day < f"{pd.Timestamp.now('UTC') - 2 * DAY:%Y-%m-%d}"]
    (folder / f"date={settled[0]}" / "part-0.parquet").unlink()
    damaged = folder / f"date={settled[1]}" / "part-0.parquet"
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(LogStoreError, match="damaged"):
        read_log(folder)
    sync(server, folder)
    assert before.equals(read_log(folder))


def test_the_first_day_is_mended_from_its_own_hour_on(server, tmp_path):
    """A log that begins in the middle of a day gets no more of that day when its file is read anew."""
    times = pd.Series(sorted(pd.Timestamp(row["request_time"]) for row in server.state.audit))
    times = times[times > pd.Timestamp.now("UTC") - SINCE]
    since = times[times.dt.floor("D").duplicated()].iloc[0]
    folder = tmp_path / "log"
    sync(server, folder, since=since)
    before = read_log(folder)
    (folder / f"date={since:%Y-%m-%d}" / "part-0.parquet").unlink()
    sync(server, folder, since=since)
    assert before.equals(read_log(folder))


def test_two_syncs_at_once_are_refused(server, tmp_path):
    """The second one changes nothing; afterwards it may."""
    folder = tmp_path / "log"
    with LogStore(folder).locked(), pytest.raises(LogStoreError, match="Another sync"):
        sync(server, folder)
    assert sync(server, folder).n_new > 0


def test_another_organization_is_refused(server, tmp_path):
    """A folder is of one organization."""
    folder = tmp_path / "log"
    sync(server, folder)
    state = json.loads((folder / "_state.json").read_text())
    (folder / "_state.json").write_text(json.dumps(state | {"organization_id": "another", "organization": "Other"}))
    with pytest.raises(LogStoreError, match="keeps the log of Other"):
        sync(server, folder)


def test_folders_that_are_no_log_are_refused(server, tmp_path):
    """A folder with other files, no folder at all, and a newer version each get their own sentence."""
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(LogStoreError, match=r"notes\.txt"):
        sync(server, tmp_path)
    with pytest.raises(LogStoreError, match="no kept audit log"):
        read_log(tmp_path / "nowhere")
    with pytest.raises(LogStoreError, match="cannot be used"):
        sync(server, tmp_path / "notes.txt")
    folder = tmp_path / "log"
    sync(server, folder)
    (folder / "_state.json").write_text('{"version": 99}')
    with pytest.raises(LogStoreError, match="version 99"):
        sync(server, folder)
    (folder / "_state.json").write_text("{")
    with pytest.raises(LogStoreError, match="damaged"):
        read_log(folder)
    with pytest.raises(LogStoreError, match="not before"):
        sync(server, tmp_path / "other", since="2026-01-02", until="2026-01-01")


def test_what_the_key_may_not_read_makes_no_log(server, tmp_path):
    """Neither a viewer's key nor a plan without a log gives an empty folder that looks like a quiet year."""
    with pytest.raises(PermissionDeniedError):
        sync_log(api_of(server, "viewer_pat"), tmp_path / "a", display=Silent())
    server.state.organization.config["can_use_audit_logs"] = False
    with pytest.raises(PlanGateError):
        sync(server, tmp_path / "b")
    for name in "ab":
        with pytest.raises(LogStoreError, match="no kept audit log"):
            read_log(tmp_path / name)


def test_a_sync_that_fails_half_way_goes_on(server, tmp_path):
    """What was read is kept, the rest comes with the next sync, and only the rest is asked for."""
    folder, since = tmp_path / "log", pd.Timestamp.now("UTC") - SINCE
    server.faults.add(path="audit-logs", status=500, skip=30, times=None)
    with pytest.raises(ServerError):
        sync(server, folder, since=since)
    kept = len(read_log(folder))
    server.faults.clear()
    calls = log_calls(server)
    sync(server, folder, since=since)
    assert 0 < kept < len(read_log(folder))
    assert log_calls(server) - calls < 45
    assert expected(server, since) == set(read_log(folder)["event_id"])


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_sync_that_is_killed_loses_nothing(tmp_path, child_environment):
    """Killed without warning in the middle, the folder opens as it is, and the next sync completes it."""
    folder, since = tmp_path / "log", pd.Timestamp.now("UTC") - SINCE
    with sandbox.start(seed="small", latency_ms=60) as server:
        words = [sys.executable, "-m", "lsnb", "log", "sync", str(folder), "--since", since.isoformat()]
        environment = child_environment | {"LANGSMITH_ENDPOINT": server.url, "LANGSMITH_API_KEY": server.key}
        for n_days in (3, 9):
            process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            give_up = time.monotonic() + 60
            while len(list(folder.glob("date=*/*.parquet"))) < n_days and time.monotonic() < give_up:
                assert process.poll() is None
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert len(pd.read_parquet(folder)) == len(read_log(folder)) > 0
        (folder / "date=2026-01-01").mkdir(exist_ok=True)
        leftover = folder / "date=2026-01-01" / ".part-0.parquet.x1"
        leftover.write_bytes(b"half")
        sync(server, folder, since=since)
        assert expected(server, since) == set(read_log(folder)["event_id"])
        assert not leftover.exists()
        assert len(pd.read_parquet(folder)) == len(read_log(folder))


def test_unknown_operations_and_events_without_a_time_do_not_stop_it(tmp_path):
    """An operation nobody knows is kept as it is; an event that says no time has no day and is left out."""
    store = LogStore(tmp_path)
    events = [
        {"time": 1_700_000_000_000, "metadata": {"uid": "1"}, "api": {"operation": "teleport_workspace"}},
        {"time": None, "metadata": {"uid": "2"}, "api": {"operation": "x"}},
    ]
    with store.locked():
        assert ({"2023-11-14": 1}, 1) == store.add(build_audit_log(events))
        assert ({"2023-11-14": 1}, 0) == store.add(build_audit_log(events))
    assert ["teleport_workspace"] == read_log(tmp_path)["operation"].tolist()


def test_the_progress_is_shown_by_day(server, tmp_path):
    """The bar counts days, and says how many events have come."""
    drawn = []

    class Bar(Silent):
        def draw(self, title, done, total, note):
            drawn.append((title, done, total, note))

    now = pd.Timestamp.now("UTC")
    result = sync(server, tmp_path / "log", since=now - 20 * DAY, display=Bar())
    assert ("Reading the audit log", 21, 21) == drawn[-1][:3]
    assert drawn[-1][3].endswith(" events")
    assert 0 < result.n_new
