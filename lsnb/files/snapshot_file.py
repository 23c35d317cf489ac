"""Snapshots as files: one zip, Parquet inside, with a manifest that has a SHA-256 per part."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lsnb.errors import SnapshotFileError
from lsnb.files import FileTroubleError, load_json, read_bounded, write_atomically
from lsnb.snapshot import Caller, Snapshot, SnapshotMeta
from lsnb.tables import SPECS
from lsnb.tables.spec import build_frame

FORMAT_VERSION = 1
_MANIFEST = "manifest.json"
# A snapshot of 20,000 people with a year of its log has about 200 MB, and 75 million cells.
_MOST_BYTES = 2 << 30
_MOST_CELLS = 400_000_000


def save_snapshot(snapshot: Snapshot, path: str | os.PathLike[str]) -> Path:
    """Write a snapshot to one file; a file that is there already is replaced only when all is written.

    The file is a zip that any tool can open: `manifest.json`, and one Parquet file per table.

    Args:
        snapshot: what to save.
        path: where to, such as `2026-11.lsnb`.

    Returns:
        The path.

    Raises:
        SnapshotFileError: the folder does not exist or cannot be written to.
    """
    target = Path(path)
    parts = {f"{name}.parquet": _to_parquet(snapshot.table(name)) for name in snapshot.table_names}
    since = snapshot.meta.usage_since
    meta = asdict(snapshot.meta) | {
        "read_at": snapshot.meta.read_at.isoformat(),
        "usage_since": None if since is None else since.isoformat(),
    }
    # What was tried to find the caller is of use to the session that tried it.
    del meta["caller"]["tried"]
    manifest = {
        "format": "lsnb snapshot",
        "version": FORMAT_VERSION,
        "meta": meta,
        "parts": {
            name: {"sha256": hashlib.sha256(part).hexdigest(), "rows": rows}
            for (name, part), rows in zip(
                parts.items(), (len(snapshot.table(name)) for name in snapshot.table_names), strict=True
            )
        },
    }
    body = io.BytesIO()
    # Parquet is compressed already.
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry(_MANIFEST), json.dumps(manifest, indent=1, ensure_ascii=False))
        for name, part in parts.items():
            archive.writestr(_entry(name), part)
    write_atomically(target, body.getvalue(), SnapshotFileError)
    return target


def load_snapshot(path: str | os.PathLike[str]) -> Snapshot:
    """Read a snapshot that `save_snapshot` wrote, and check every part against the manifest.

    Raises:
        SnapshotFileError: the file is not there, is no snapshot, was changed or cut short, or is of a newer version.
    """
    source = Path(path)
    try:
        return _load(source)
    except SnapshotFileError:
        raise
    except FileNotFoundError:
        raise SnapshotFileError(f"There is no file {str(source)!r}. Make one with snap.save(...).") from None
    except Exception as error:  # the readers of zip and Parquet promise no kinds of errors for damaged files
        reason = str(error) if isinstance(error, FileTroubleError) else type(error).__name__
        raise SnapshotFileError(
            f"{str(source)!r} is not a whole snapshot file ({reason}). Copy it again from where it came, or read the "
            "organization anew."
        ) from None


def _load(source: Path) -> Snapshot:
    with io.BytesIO(read_bounded(source, most=_MOST_BYTES)) as content, zipfile.ZipFile(content) as archive:
        if sum(part.file_size for part in archive.infolist()) > _MOST_BYTES:
            raise FileTroubleError("it would unpack to more than a snapshot can have")
        manifest = load_json(archive.read(_MANIFEST))
        _check_version(source, manifest)
        meta = _read_meta(manifest.get("meta"))
        sizes = _read_sizes(manifest.get("parts"))
        frames = {name: _read_part(source, name, archive.read(f"{name}.parquet"), *sizes[name]) for name in sizes}
    if "completeness" not in frames:
        raise FileTroubleError("it does not say how completely it was read")
    return Snapshot(meta, frames)


def _read_meta(meta: object) -> SnapshotMeta:
    """Read where a snapshot comes from; every field has to be there, and of its type."""
    caller = meta.get("caller") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(caller, dict):
        raise FileTroubleError("its manifest does not say where it comes from")
    texts = ("organization_id", "organization", "host", "read_at", "version")
    wrong = [name for name in texts if not isinstance(meta.get(name), str)]
    wrong += [f"caller.{name}" for name in ("kind", "identity") if not isinstance(caller.get(name), str)]
    wrong += [f"caller.{name}" for name, value in caller.items() if not isinstance(value, str | bool | None)]
    read_at = None if "read_at" in wrong else pd.Timestamp(meta["read_at"])
    if wrong or read_at is None or pd.isna(read_at) or read_at.tzinfo is None:
        raise FileTroubleError(f"its manifest has no {', '.join(wrong) or 'time of reading'} that can be read")
    fields = {name: meta[name] for name in texts if name != "read_at"}
    since, cells = meta.get("usage_since"), meta.get("unread_cells") or []
    usage_since = pd.Timestamp(since) if isinstance(since, str) else None
    if usage_since is not None and (pd.isna(usage_since) or usage_since.tzinfo is None):
        raise FileTroubleError("its manifest has no time from when on usage was read")
    if not isinstance(cells, list) or not all(isinstance(cell, list) and len(cell) == 3 for cell in cells):
        raise FileTroubleError("its manifest lists no cells that could not be read")
    unread = tuple((str(table), str(column), str(value)) for table, column, value in cells)
    return SnapshotMeta(
        caller=Caller(**caller), read_at=read_at, usage_since=usage_since, unread_cells=unread, **fields
    )


def _read_sizes(parts: object) -> dict[str, tuple[str, int]]:
    """Read which tables there are, with check sum and number of rows."""
    if not isinstance(parts, dict):
        raise FileTroubleError("its manifest does not list the tables")
    sizes = {}
    for name, part in parts.items():
        table = name.removesuffix(".parquet")
        if table not in SPECS or name == table:
            raise SnapshotFileError(f"The file has a table {table[:60]!r}, which this lsnb does not know. Update lsnb.")
        sha, rows = (part.get("sha256"), part.get("rows")) if isinstance(part, dict) else (None, None)
        if not isinstance(sha, str) or not isinstance(rows, int) or isinstance(rows, bool):
            raise FileTroubleError(f"its manifest says nothing of {name}")
        sizes[table] = (sha, rows)
    return sizes


def _read_part(source: Path, table: str, part: bytes, sha: str, rows: int) -> pd.DataFrame:
    found = hashlib.sha256(part).hexdigest()
    if found != sha:
        raise SnapshotFileError(
            f"{table}.parquet in {str(source)!r} is not what was saved: its SHA-256 is {found[:12]}…, and the manifest says "
            f"{sha[:12]}…. The file was changed or damaged; do not rely on it."
        )
    known = pq.read_metadata(io.BytesIO(part))
    if known.num_rows != rows or known.num_rows * known.num_columns > _MOST_CELLS:
        raise FileTroubleError(f"{table}.parquet has {known.num_rows:,} rows, and the manifest says {rows:,}")
    return _from_parquet(table, part)


def _entry(name: str) -> zipfile.ZipInfo:
    """Name a part without the time of day, so that the same snapshot gives the same file."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    return entry


def _to_parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _from_parquet(name: str, part: bytes) -> pd.DataFrame:
    """Read a part with the dtypes of its spec, whatever pandas wrote it."""
    table = pq.read_table(io.BytesIO(part))
    columns: dict[str, Any] = {column: table.column(column) for column in table.column_names}
    return build_frame(SPECS[name], columns, presorted=True)


def _check_version(source: Path, manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != "lsnb snapshot":
        raise SnapshotFileError(f"{str(source)!r} is a zip, but not a snapshot of lsnb.")
    if manifest.get("version") != FORMAT_VERSION:
        raise SnapshotFileError(
            f"{str(source)!r} has the format version {manifest.get('version')}, and this lsnb reads {FORMAT_VERSION}. "
            "Update lsnb, or read the organization anew."
        )
