"""The audit log kept in a folder: synchronised bit by bit, and open to pandas, DuckDB and Dask as it is."""

from __future__ import annotations

from lsnb.analysis.id_resolution import NAME_COLUMNS, resolve_names
from lsnb.files.log.store import LogStore, read_log
from lsnb.files.log.sync import SyncResult, sync_log

__all__ = ["NAME_COLUMNS", "LogStore", "SyncResult", "read_log", "resolve_names", "sync_log"]
