"""The folder of a kept audit log: one Parquet file per day under `date=YYYY-MM-DD`, and what is known about them.

Every file has the same schema and is replaced whole, so a reader sees a day as it was or as it is. What is not data
has a name that begins with `_` or `.`, which readers of such folders leave aside.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lsnb.errors import LogStoreError
from lsnb.files import load_json, make_folder, read_bounded, write_atomically
from lsnb.files.atomic import open_private
from lsnb.files.locks import try_lock
from lsnb.tables.activity import AUDIT_LOG
from lsnb.tables.spec import build_frame

FORMAT_VERSION = 1
_STATE = "_state.json"
_LOCK = "_lock"
_PART = "part-0.parquet"
_MOST_OF_A_STATE = 64 << 20
_MOST_CELLS = 400_000_000
# Microseconds, since not every reader of Parquet knows nanoseconds; the service gives no more.
_TYPES = {"text": pa.string(), "count": pa.int64(), "time": pa.timestamp("us", "UTC")}
SCHEMA = pa.schema([(column.name, _TYPES[column.kind]) for column in AUDIT_LOG.columns])

Moment = str | date | datetime | pd.Timestamp


def to_moment(value: Moment) -> pd.Timestamp:
    """Read a time; one without a zone is UTC, and a day is its beginning.

    Raises:
        LogStoreError: it is no time.
    """
    try:
        moment = pd.Timestamp(value)
        if pd.isna(moment):
            raise ValueError
    except (ValueError, TypeError):
        raise LogStoreError(f"{value!r} is no time. Write it as 2026-11-02 or 2026-11-02T09:00:00Z (UTC).") from None
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")


class LogStore:
    """A folder that keeps the audit log of one organization.

    Args:
        directory: the folder; it is made by the first sync.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)

    def __repr__(self) -> str:
        return f"<LogStore in {self.directory}>"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other sync out, in this process and others, until the end or the process's death.

        Raises:
            LogStoreError: another sync is at work there, or the folder cannot be used.
        """
        try:
            make_folder(self.directory)
            self._refuse_foreign()
            descriptor = _open_lock(self.directory / _LOCK)
        except OSError as error:
            raise LogStoreError(f"{str(self.directory)!r} cannot be used for the log: {error.strerror}.") from None
        try:
            if not try_lock(descriptor):
                raise LogStoreError(
                    f"Another sync is at work in {str(self.directory)!r}. Wait for it to end; nothing was changed."
                )
            yield
        finally:
            os.close(descriptor)

    def _refuse_foreign(self) -> None:
        """Keep out of a folder that holds something else: a stray file would break every reader of the log."""
        if (self.directory / _STATE).exists():
            return
        strays = [path.name for path in self.directory.iterdir() if not path.name.startswith(("_", ".", "date="))]
        if strays:
            raise LogStoreError(
                f"{str(self.directory)!r} holds other files already ({', '.join(sorted(strays)[:3])}), and no log of "
                "lsnb. Name a new or an empty folder."
            )

    def read_state(self) -> dict[str, Any]:
        """Give what is known about the log: organization, `since`, `until`, `settled_until`, `days`, `gaps`.

        Raises:
            LogStoreError: it is damaged or of a newer version.
        """
        path = self.directory / _STATE
        try:
            state = load_json(read_bounded(path, most=_MOST_OF_A_STATE))
            version = state["version"]
            if isinstance(version, bool):
                raise TypeError("no version")
            if version == FORMAT_VERSION:
                _check_state(state)
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError):
            raise LogStoreError(
                f"{str(path)!r} is damaged. Take it away and sync again: the days that are there are kept, and what "
                "the service still has is read anew."
            ) from None
        if version != FORMAT_VERSION:
            raise LogStoreError(f"{str(path)!r} has the version {version}, and this lsnb reads {FORMAT_VERSION}.")
        return dict(state)

    def write_state(self, state: dict[str, Any]) -> None:
        """Keep what is known about the log."""
        text = json.dumps({"version": FORMAT_VERSION, **state}, indent=1, sort_keys=True, ensure_ascii=False)
        write_atomically(self.directory / _STATE, text.encode(), LogStoreError)

    def days(self) -> list[str]:
        """List the days that have a file, as `YYYY-MM-DD`."""
        return sorted(path.parent.name.removeprefix("date=") for path in self.directory.glob(f"date=*/{_PART}"))

    def count_rows(self, day: str) -> int | None:
        """Count the events in the file of a day; None where there is none, or none that can be read."""
        try:
            rows: int = pq.read_metadata(self._path(day)).num_rows
        except (OSError, pa.ArrowException, ValueError):
            return None
        return rows

    def add(self, events: pd.DataFrame) -> tuple[dict[str, int], int]:
        """Put events into the files of their days, each event once.

        Returns:
            How many events each day that was touched has now, and how many of the given events were new.
        """
        counts: dict[str, int] = {}
        n_new = 0
        dated = events[events["at"].notna()]
        for day, rows in dated.groupby(dated["at"].dt.strftime("%Y-%m-%d").astype(object)):
            kept = self._read_day(str(day))
            fresh = rows[~rows["event_id"].isin(kept["event_id"])]
            counts[str(day)] = len(kept) + len(fresh)
            n_new += len(fresh)
            if len(fresh):
                self._write_day(str(day), pd.concat([kept, fresh], ignore_index=True))
        return counts, n_new

    def clean(self) -> None:
        """Take away what a sync that was killed had half written."""
        for leftover in [*self.directory.glob(".*"), *self.directory.glob("date=*/.*")]:
            if leftover.is_file() and leftover.name.startswith((f".{_PART}.", f".{_STATE}.")):
                leftover.unlink(missing_ok=True)

    def read(self, since: pd.Timestamp | None = None, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """Read the events of a time; see `read_log`."""
        first = f"{since:%Y-%m-%d}" if since is not None else ""
        last = f"{until:%Y-%m-%d}" if until is not None else "9999"
        tables = []
        for day in self.days():
            if first <= day <= last:
                tables.append(self._read_table(day))
        whole = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
        frame = build_frame(AUDIT_LOG, {name: whole.column(name) for name in whole.column_names}, presorted=True)
        keep = pd.Series(True, index=frame.index)
        if since is not None:
            keep &= frame["at"] >= since
        if until is not None:
            keep &= frame["at"] < until
        return frame[keep].drop_duplicates("event_id", ignore_index=True)

    def _path(self, day: str) -> Path:
        return self.directory / f"date={day}" / _PART

    def _read_day(self, day: str) -> pd.DataFrame:
        """Read a day; none where there is no file, or one that cannot be read and is then replaced."""
        if self.count_rows(day) is None:
            return build_frame(AUDIT_LOG, {})
        table = self._read_table(day)
        return build_frame(AUDIT_LOG, {name: table.column(name) for name in table.column_names}, presorted=True)

    def _read_table(self, day: str) -> pa.Table:
        path = self._path(day)
        try:
            # One file, not a folder: the day is in the rows' own times.
            file = pq.ParquetFile(path)
            if file.metadata.num_rows * file.metadata.num_columns > _MOST_CELLS:
                raise OSError("more rows than a day can have")
            table = file.read()
            return _fitted(table)
        except (OSError, pa.ArrowException, ValueError, TypeError) as error:
            raise LogStoreError(
                f"{str(path)!r} is damaged ({type(error).__name__}). Sync again: the day is read anew while the service "
                "still has it."
            ) from None

    def _write_day(self, day: str, frame: pd.DataFrame) -> None:
        ordered = frame.sort_values(["at", "event_id"], ignore_index=True)
        table = pa.table(
            {
                field.name: pa.array(ordered[field.name], from_pandas=True).cast(field.type, safe=False)
                for field in SCHEMA
            },
            schema=SCHEMA,
        )
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="snappy")
        path = self._path(day)
        make_folder(path.parent)
        write_atomically(path, buffer.getvalue(), LogStoreError)


def _fitted(table: pa.Table) -> pa.Table:
    """Give a day the columns of the schema; what a later version adds is unknown in what an earlier one wrote."""
    columns = {
        field.name: table.column(field.name) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in SCHEMA
    }
    return pa.table(columns).cast(SCHEMA)


def _check_state(state: Mapping[str, Any]) -> None:
    """Make sure that everything is of its kind.

    Raises:
        TypeError: something is not.
        LogStoreError: something is no time.
    """
    texts = ("organization_id", "organization", "host", "since", "until", "settled_until", "synced_at")
    days, gaps = state.get("days", {}), state.get("gaps", [])
    good = all(isinstance(state.get(name), str | None) for name in texts) and isinstance(days, dict)
    good = good and all(isinstance(rows, int) and not isinstance(rows, bool) for rows in days.values())
    good = good and isinstance(gaps, list) and all(isinstance(gap, dict) for gap in gaps)
    good = good and all(isinstance(gap.get(name), str) for gap in gaps for name in ("from", "to", "why"))
    if not good or ("until" in state and not {"since", "settled_until"} <= state.keys()):
        raise TypeError("a value of another kind")
    for text in (state.get("since"), state.get("until"), state.get("settled_until"), *days):
        if text is not None:
            to_moment(text)


def _open_lock(path: Path) -> int:
    try:
        return open_private(path, os.O_RDWR | os.O_EXCL)
    except FileExistsError:
        return open_private(path, os.O_RDWR)


def read_log(
    directory: str | os.PathLike[str], *, since: Moment | None = None, until: Moment | None = None
) -> pd.DataFrame:
    """Read a kept audit log, also while a sync is at work.

    Args:
        directory: the folder that `lsnb log sync` keeps.
        since: the first moment, included; a time without a zone is UTC, a day is its beginning.
        until: the end, not included.

    Returns:
        The events with the columns of the table `audit_log`, oldest first, each once.

    Raises:
        LogStoreError: there is no kept log, a file of it is damaged, or `since` is not before `until`.
    """
    store = LogStore(directory)
    if not store.read_state() and not store.days():
        raise LogStoreError(f"There is no kept audit log in {str(directory)!r}. Make one with:  lsnb log sync DIR")
    first, end = (None if moment is None else to_moment(moment) for moment in (since, until))
    if first is not None and end is not None and first >= end:
        raise LogStoreError(
            f"since ({first:%Y-%m-%d %H:%M} UTC) is not before until ({end:%Y-%m-%d %H:%M} UTC), which is not included: "
            "no event can lie between them."
        )
    return store.read(first, end)
