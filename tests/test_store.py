"""Snapshot files: what is read back is what was saved, or an error."""

from __future__ import annotations

import json
import zipfile

import pandas as pd
import pytest

import lsnb
from lsnb.errors import SnapshotFileError


@pytest.fixture(scope="module")
def snap(running_server):
    """Read the small demo organization once for this file."""
    running_server.reset()
    return lsnb.connect(endpoint=running_server.url, api_key=running_server.key).snapshot()


def test_saved_snapshot_reads_back_exactly(snap, tmp_path):
    """Every table, dtype, value and fact comes back."""
    snap.save(tmp_path / "x.lsnb")
    again = lsnb.load_snapshot(tmp_path / "x.lsnb")
    assert snap.meta == again.meta
    assert snap.table_names == again.table_names
    for name in snap.table_names:
        pd.testing.assert_frame_equal(snap.table(name), again.table(name))


def test_same_snapshot_gives_the_same_file(snap, tmp_path):
    """No time of day and no chance goes into the file."""
    snap.save(tmp_path / "a.lsnb")
    snap.save(tmp_path / "b.lsnb")
    assert (tmp_path / "a.lsnb").read_bytes() == (tmp_path / "b.lsnb").read_bytes()


def test_partial_snapshot_stays_partial(running_server, tmp_path):
    """What was not read is still unreadable after saving, and not empty."""
    org = lsnb.connect(endpoint=running_server.url, api_key=running_server.keys["workspace_key"])
    org.snapshot().save(tmp_path / "x.lsnb")
    with pytest.raises(lsnb.LsnbError, match="not the same as empty"):
        _ = lsnb.load_snapshot(tmp_path / "x.lsnb").settings


def test_file_holds_no_key(snap, tmp_path, running_server):
    """No secret is in any part of the file."""
    snap.save(tmp_path / "x.lsnb")
    with zipfile.ZipFile(tmp_path / "x.lsnb") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for secret in running_server.keys.values():
        assert secret.encode() not in content


def test_any_tool_can_open_a_part(snap, tmp_path):
    """The parts are plain Parquet, and the manifest counts their rows."""
    snap.save(tmp_path / "x.lsnb")
    with zipfile.ZipFile(tmp_path / "x.lsnb") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        archive.extract("members.parquet", tmp_path)
    assert len(snap.members) == manifest["parts"]["members.parquet"]["rows"]
    assert len(snap.members) == len(pd.read_parquet(tmp_path / "members.parquet"))


def test_changed_part_is_found(snap, tmp_path):
    """A part whose SHA-256 is another one is refused by name."""
    snap.save(tmp_path / "x.lsnb")
    with zipfile.ZipFile(tmp_path / "x.lsnb") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["members.parquet"] = parts["roles.parquet"]
    with zipfile.ZipFile(tmp_path / "y.lsnb", "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    with pytest.raises(SnapshotFileError, match=r"members\.parquet.*not what was saved"):
        lsnb.load_snapshot(tmp_path / "y.lsnb")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_file_that_is_no_snapshot_is_refused(content, tmp_path):
    """Anything else gives a sentence, not a trace of zip errors."""
    (tmp_path / "x.lsnb").write_bytes(content)
    with pytest.raises(SnapshotFileError, match="not a whole snapshot"):
        lsnb.load_snapshot(tmp_path / "x.lsnb")


def test_truncated_file_is_refused(snap, tmp_path):
    """A copy that broke off is found."""
    snap.save(tmp_path / "x.lsnb")
    whole = (tmp_path / "x.lsnb").read_bytes()
    (tmp_path / "x.lsnb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SnapshotFileError):
        lsnb.load_snapshot(tmp_path / "x.lsnb")


def test_newer_version_is_refused(tmp_path):
    """A file of a later lsnb asks for an update."""
    with zipfile.ZipFile(tmp_path / "x.lsnb", "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": "lsnb snapshot", "version": 99, "parts": {}}))
    with pytest.raises(SnapshotFileError, match=r"99.*Update lsnb"):
        lsnb.load_snapshot(tmp_path / "x.lsnb")


def test_missing_file_and_missing_folder_are_named(snap, tmp_path):
    """The message names the path, and nothing is left behind."""
    with pytest.raises(SnapshotFileError, match="There is no file"):
        lsnb.load_snapshot(tmp_path / "none.lsnb")
    with pytest.raises(SnapshotFileError, match="could not be written"):
        snap.save(tmp_path / "no" / "x.lsnb")


def test_failed_writing_leaves_the_old_file(snap, tmp_path, monkeypatch):
    """A file that is there is replaced only when the new one is whole."""
    target = tmp_path / "x.lsnb"
    target.write_bytes(b"old")

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(SnapshotFileError, match="No space left"):
        snap.save(target)
    assert b"old" == target.read_bytes()
    assert ["x.lsnb"] == [path.name for path in tmp_path.iterdir()]
