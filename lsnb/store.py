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
from lsnb.files import write_atomically
from lsnb.snapshot import Caller, Snapshot, SnapshotMeta
from lsnb.tables import SPECS
from lsnb.tables.spec import build_frame

FORMAT_VERSION = 1
_MANIFEST = "manifest.json"


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
    meta = asdict(snapshot.meta) | {"read_at": snapshot.meta.read_at.isoformat()}
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
        with zipfile.ZipFile(source) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            _check_version(source, manifest)
            parts = {name: archive.read(name) for name in manifest["parts"]}
    except FileNotFoundError:
        raise SnapshotFileError(f"There is no file {str(source)!r}. Make one with snap.save(...).") from None
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError) as error:
        raise SnapshotFileError(
            f"{str(source)!r} is not a whole snapshot file ({error}). Copy it again from where it came, or read the "
            "organization anew."
        ) from None
    frames: dict[str, pd.DataFrame] = {}
    for name, part in parts.items():
        found = hashlib.sha256(part).hexdigest()
        if found != manifest["parts"][name]["sha256"]:
            raise SnapshotFileError(
                f"{name} in {str(source)!r} is not what was saved: its SHA-256 is {found[:12]}…, and the manifest says "
                f"{manifest['parts'][name]['sha256'][:12]}…. The file was changed or damaged; do not rely on it."
            )
        table = name.removesuffix(".parquet")
        frames[table] = _from_parquet(table, part)
    meta = dict(manifest["meta"])
    meta["caller"] = Caller(**meta["caller"])
    meta["read_at"] = pd.Timestamp(meta["read_at"])
    return Snapshot(SnapshotMeta(**meta), frames)


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
    if name not in SPECS:
        raise SnapshotFileError(f"The file has a table {name!r}, which this lsnb does not know. Update lsnb.")
    table = pq.read_table(io.BytesIO(part))
    columns: dict[str, Any] = {column: table.column(column) for column in table.column_names}
    return build_frame(SPECS[name], columns, presorted=True)


def _check_version(source: Path, manifest: dict[str, Any]) -> None:
    if manifest.get("format") != "lsnb snapshot":
        raise SnapshotFileError(f"{str(source)!r} is a zip, but not a snapshot of lsnb.")
    if manifest.get("version") != FORMAT_VERSION:
        raise SnapshotFileError(
            f"{str(source)!r} has the format version {manifest.get('version')}, and this lsnb reads {FORMAT_VERSION}. "
            "Update lsnb, or read the organization anew."
        )
