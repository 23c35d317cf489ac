"""The audit log kept in a folder: synchronised bit by bit, and open to pandas, DuckDB and Dask as it is."""

from __future__ import annotations

from lsnb.log.store import LogStore, read_log
from lsnb.log.sync import SyncResult, sync_log
from lsnb.names import NAME_COLUMNS, resolve_names

__all__ = ["NAME_COLUMNS", "LogStore", "SyncResult", "read_log", "resolve_names", "sync_log"]
