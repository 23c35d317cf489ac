"""Files that were damaged, or made to do harm: one sentence of ours, soon, and within bounded memory."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import lsnb
from lsnb.apply.journal import read_journal
from lsnb.apply.journal.listing import list_runs
from lsnb.cli import main
from lsnb.errors import JournalError, LogStoreError, LsnbError, PlanError, SnapshotFileError, TableError
from lsnb.files.log import read_log, sync_log
from lsnb.files.log.store import LogStore
from lsnb.files.policy_file import check_policy
from lsnb.files.sheets import read_sheet
from lsnb.plan.fingerprint import fingerprint_of
from lsnb.plan.serialise import _read

# Large files and many of them: the whole run has these.
pytestmark = pytest.mark.thorough

SHEET_PART = "xl/worksheets/sheet1.xml"
CELLS = {"A1": "email", "B1": "langsmith_role", "C1": "action", "A2": "grace.kim@acme.example", "B2": "Viewer"}
#: What a value of JSON is replaced by, one after the other.
STRANGE = (
    None,
    True,
    0,
    -1,
    1e308,
    10**18,
    "",
    "x",
    "\x1b[2J",
    "日" * 50,
    [],
    [[]],
    {},
    {"a": None},
    [1, "a"],
    "0001-01-01",
)


@pytest.fixture(scope="module")
def files(running_server, tmp_path_factory):
    """Make a valid file of every kind."""
    running_server.reset()
    folder = tmp_path_factory.mktemp("valid")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_STATE_HOME", str(folder / "state"))
    columns = ["email", "langsmith_role", "workspace_id", "workspace_name", "action"]
    sheet = pd.DataFrame([["grace.kim@acme.example", "Organization Viewer", "", "", ""]], columns=columns)
    with lsnb.connect(endpoint=running_server.url, api_key=running_server.key) as org:
        org.snapshot(tables=["access", "permissions", "policies"], audit_days=0).save(folder / "a.lsnb")
        plan = org.plan(sheet)
        lsnb.save_plan(plan, folder / "p.json")
        org.apply(plan, confirm=plan.fingerprint, journal=folder / "j.jsonl")
        sync_log(org, folder / "log")
    patch.undo()
    (folder / "s.xlsx").write_bytes(book(CELLS))
    sheet.to_csv(folder / "s.csv", index=False)
    (folder / "policy.toml").write_text(lsnb.policy_template(), encoding="utf-8")
    return folder


def book(cells):
    """Make a workbook."""
    made = openpyxl.Workbook()
    made.active.title = "Access"
    for place, value in cells.items():
        made.active[place] = value
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def with_part(content, name, change):
    """Give a zip in which one part is another."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for part in archive.namelist():
            data = archive.read(part)
            made.writestr(part, change(data) if part == name else data)
    return buffer.getvalue()


def ends_well(action, *, within_s=10.0):
    """Run it: it may succeed, or end in a sentence of ours, within the time, which is ample for a busy machine."""
    started = time.monotonic()
    try:
        action()
        said = ""
    except LsnbError as error:
        said = str(error)
        assert "\x1b" not in said
        assert len(said) < 20_000
    assert time.monotonic() - started < within_s
    return said


HOSTILE_BOOKS = {
    "corner": lambda: book(CELLS | {"XFD1048576": "x"}),
    "wide-header": lambda: book(CELLS | {"XFD1": "x"}),
    "bomb": lambda: with_part(book(CELLS), SHEET_PART, lambda d: d.replace(b"<sheetData>", b"<sheetData>" + b" " * 300_000_000)),
    "bomb-elsewhere": lambda: with_part(book(CELLS), "xl/styles.xml", lambda d: d + b" " * 300_000_000),
    "wide-rows": lambda: with_part(book(CELLS), SHEET_PART, lambda d: d.replace(b"</sheetData>", b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (i, i) for i in range(3, 3000)) + b"</sheetData>")),
    "row-far-away": lambda: with_part(book(CELLS), SHEET_PART, lambda d: d.replace(b'<row r="2"', b'<row r="99999999999"')),
    "entities": lambda: with_part(book(CELLS), SHEET_PART, lambda d: b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + d.split(b"?>", 1)[-1]),
    "external": lambda: with_part(book(CELLS), "xl/workbook.xml", lambda d: b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + d.split(b"?>", 1)[-1]),
    "broken-xml": lambda: with_part(book(CELLS), SHEET_PART, lambda d: d[: len(d) // 2]),
    "no-xml": lambda: with_part(book(CELLS), SHEET_PART, lambda d: b"\x00\x01\x02"),
    "no-book": lambda: with_part(book(CELLS), "xl/workbook.xml", lambda d: b"<workbook/>"),
    "bad-number": lambda: with_part(book(CELLS), SHEET_PART, lambda d: d.replace(b"<v>0</v>", b"<v>1e999999</v>")),
    "bad-place": lambda: with_part(book(CELLS), SHEET_PART, lambda d: d.replace(b'r="A2"', b'r="\xc3\xa92"')),
    "cut": lambda: book(CELLS)[:2000],
    "nested": lambda: with_part(book(CELLS), SHEET_PART, lambda d: book(CELLS)),
    "deep": lambda: with_part(book(CELLS), SHEET_PART, lambda d: d.replace(b"<sheetData>", b"<sheetData>" + b"<a>" * 200_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_BOOKS)
def test_d7_a_hostile_workbook_ends_in_a_sentence(name):
    """Far corners, what unpacks to hundreds of megabytes, declared entities, broken, cut and nested parts."""
    content = HOSTILE_BOOKS[name]()
    said = ends_well(lambda: read_sheet(content))
    assert said or name == "bad-number", "read as if nothing were wrong"
    assert len(said.splitlines()) <= 1


def test_d7_a_stray_cell_far_below_is_read_soon(tmp_path):
    """A blank million of rows between is no harm."""
    content = book(CELLS | {"A1048576": "liam.murphy@acme.example"})
    assert "" == ends_well(lambda: read_sheet(content))
    assert [2, 1_048_576] == read_sheet(content).index.tolist()


@pytest.mark.parametrize(
    "content",
    [
        b"email,langsmith_role\n" + b"a" * 30_000_000,
        b'email,langsmith_role\n"' + b"a,b\n" * 1_000_000,
        b"email,langsmith_role\n\x00\x00\x00,\x00\n" * 1000,
        b"\xff\xfe" + b"a" * 1001,
        b"\x00" * 1_000_000,
        b"email" + b"," * 300_000 + b"\nx\n",
        b"\n" * 300_000,
    ],
    ids=["line", "quote", "nul", "utf16", "zeros", "commas", "blank"],
)
def test_d7_a_hostile_csv_ends_soon(content):
    """Endless lines, a quotation mark that is never closed, zeros, half letters, separators without end."""
    ends_well(lambda: read_sheet(content))


@pytest.mark.parametrize(
    "text",
    [
        "[thresholds]\nmember_dormant_days = nan",
        "[thresholds]\nmember_dormant_days = inf",
        "[thresholds]\nmember_dormant_days = -inf",
        "[thresholds]\nmember_dormant_days = 1e300",
        f"[thresholds]\nmember_dormant_days = {'9' * 5000}",
        f"[thresholds]\nmember_dormant_days = {'9' * 300}",
        "[thresholds]\nmember_dormant_days = 'nan'",
        f"x = {'[' * 100_000}",
        "a = 1\na = 2",
        "[lists]\nbreak_glass = 5",
        "[thresholds]\nwork_hours = [nan, inf]",
        "[[waivers]]\ncheck = 'LS-ADM-01'\nresource = '*'\nowner = 'a'\nreason = 'b'\nuntil = 9999-12-31",
        "[[waivers]]\ncheck = 'LS-ADM-01'\nresource = '*'\nowner = 'a'\nreason = 'b'\nuntil = '0001-01-01'",
        "thresholds = 5\nlists = [1]\nwaivers = {}",
        "\x00\x01",
        "[" + "a." * 50_000 + "b]",
    ],
    ids=lambda text: text[:44],
)
def test_d7_a_hostile_policy_is_a_list_of_problems_or_a_sentence(tmp_path, text, capsys):
    """No number that is none, none that is too large, no nesting without end."""
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    found = []
    said = ends_well(lambda: found.append(check_policy(path)[1]))
    assert said or len(found[0])
    assert 1 == main(["policy", "check", str(path)])
    assert "Traceback" not in capsys.readouterr().err


HOSTILE_JSON = {
    "deep": b"[" * 100_000,
    "deep-closed": b"[" * 100_000 + b"]" * 100_000,
    "deep-objects": b'{"a":' * 100_000,
    "deep-900": b'{"version":1,"a":' + b"[" * 900 + b"]" * 900 + b"}",
    "nan": b'{"version": NaN}',
    "infinity": b'{"version": 1, "a": 1e999}',
    "huge-number": b'{"version": ' + b"9" * 10_000 + b"}",
    "surrogate": b'{"version": 3, "organization": "\\ud800"}',
    "twice": b'{"version": 3, "version": 3}',
    "binary": bytes(range(256)),
    "utf16": '{"version": 3}'.encode("utf-16"),
    "empty": b"",
    "list": b"[]",
    "text": b'"plan"',
    "null": b"null",
    "wrong": b'{"version": true}',
    "future": b'{"version": 999}',
}


@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_d7_hostile_json_ends_in_a_sentence_wherever_it_is_read(tmp_path, name):
    """As a plan, as a line of a journal, as the state of a log, as the manifest of a snapshot."""
    content = HOSTILE_JSON[name]
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(PlanError):
        lsnb.load_plan(tmp_path / "p.json")
    (tmp_path / "j.jsonl").write_bytes(content + b"\n")
    with pytest.raises(JournalError):
        read_journal(tmp_path / "j.jsonl")
    assert list_runs(tmp_path)["trouble"].notna().all()
    (tmp_path / "_state.json").write_bytes(content)
    with pytest.raises(LogStoreError):
        read_log(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.lsnb", "w") as archive:
        archive.writestr("manifest.json", content)
    with pytest.raises(SnapshotFileError):
        lsnb.load_snapshot(tmp_path / "a.lsnb")
    assert "" != ends_well(lambda: lsnb.load_plan(tmp_path / "p.json"))


def rewritten(source, target, change):
    """Write a snapshot whose manifest is another, and whose check sums fit."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    change(manifest, parts)
    for name, part in parts.items():
        if isinstance(manifest.get("parts"), dict) and isinstance(manifest["parts"].get(name), dict):
            manifest["parts"][name]["sha256"] = hashlib.sha256(part).hexdigest()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, part in parts.items():
            archive.writestr(name, part)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest, parts: manifest.pop("meta"),
        lambda manifest, parts: manifest.pop("parts"),
        lambda manifest, parts: manifest["meta"].pop("caller"),
        lambda manifest, parts: manifest["meta"].update(read_at="yesterday"),
        lambda manifest, parts: manifest["meta"].update(read_at=5),
        lambda manifest, parts: manifest["meta"].update(read_at="2026-01-01"),
        lambda manifest, parts: manifest["meta"].update(organization=None),
        lambda manifest, parts: manifest["meta"]["caller"].update(identity=[1]),
        lambda manifest, parts: manifest["meta"]["caller"].update(stray=1),
        lambda manifest, parts: manifest["parts"].update({"../../etc/passwd": {"sha256": "0", "rows": 0}}),
        lambda manifest, parts: manifest["parts"].update({"members.parquet": 5}),
        lambda manifest, parts: manifest["parts"]["access.parquet"].update(rows=10**9),
        lambda manifest, parts: parts.pop("access.parquet"),
        lambda manifest, parts: manifest["parts"].pop("completeness.parquet"),
        lambda manifest, parts: parts.update({"access.parquet": parts["roles.parquet"]}),
        lambda manifest, parts: parts.update({"access.parquet": b"PAR1" + b"\x00" * 100 + b"PAR1"}),
        lambda manifest, parts: parts.update({"access.parquet": parts["access.parquet"][:-20]}),
        lambda manifest, parts: parts.update({"access.parquet": b""}),
    ],
    ids=range(18),
)
def test_d7_a_snapshot_that_is_not_whole_ends_in_a_sentence(files, tmp_path, change):
    """Without `meta`, with values of other kinds, with tables that are missing, damaged or another's."""
    rewritten(files / "a.lsnb", tmp_path / "b.lsnb", change)
    said = ends_well(lambda: lsnb.load_snapshot(tmp_path / "b.lsnb"))
    assert said
    assert [tmp_path / "b.lsnb"] == list(tmp_path.iterdir())


def test_d7_a_snapshot_that_unpacks_without_end_is_not_unpacked(tmp_path):
    """A zip can say more than it holds."""
    with zipfile.ZipFile(tmp_path / "a.lsnb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"[" + b" " * 60_000_000)
    assert ends_well(lambda: lsnb.load_snapshot(tmp_path / "a.lsnb"))


@pytest.mark.parametrize(
    "value", [5, "yesterday", [], {}, True, "2026-01-01", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"]
)
@pytest.mark.parametrize("event", ["trying", "outcome", "finished", "not known"])
def test_d7_a_wrong_time_in_a_journal_is_named_by_its_line(files, tmp_path, value, event):
    """Whatever the event is, and of whatever kind the time."""
    lines = (files / "j.jsonl").read_bytes().splitlines()
    found = next((n for n, line in enumerate(lines) if json.loads(line)["event"] == event), len(lines) - 1)
    line = json.loads(lines[found]) | {"event": event, "at": value}
    lines[found] = json.dumps(line).encode()
    (tmp_path / "j.jsonl").write_bytes(b"\n".join([*lines, b""]))
    said = ends_well(lambda: read_journal(tmp_path / "j.jsonl"))
    assert f"Line {found + 1} " in said
    assert 1 == len(list_runs(tmp_path))


def test_d7_a_journal_that_was_cut_in_its_last_line_is_read(files, tmp_path):
    """That is what a kill leaves."""
    (tmp_path / "j.jsonl").write_bytes((files / "j.jsonl").read_bytes()[:-5])
    assert "" == ends_well(lambda: read_journal(tmp_path / "j.jsonl").entries_frame())


def test_d7_a_pipe_a_folder_and_a_device_are_no_files(tmp_path):
    """Nothing waits for ever for somebody to write into a pipe."""
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes of that kind")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), Path("a\x00b")):
        for reader in (lsnb.load_plan, lsnb.load_snapshot, read_journal, read_sheet):
            assert ends_well(lambda path=path, reader=reader: reader(path))


def test_d7_a_damaged_log_says_so_or_is_read_again(files, tmp_path):
    """The state of another kind, and days that are no Parquet."""
    import shutil

    shutil.copytree(files / "log", tmp_path / "log")
    state = json.loads((tmp_path / "log" / "_state.json").read_text(encoding="utf-8"))
    for name in state:
        for value in STRANGE:
            (tmp_path / "log" / "_state.json").write_text(json.dumps(state | {name: value}), encoding="utf-8")
            ends_well(lambda: LogStore(tmp_path / "log").read_state())
    (tmp_path / "log" / "_state.json").write_text(json.dumps(state), encoding="utf-8")
    day = next((tmp_path / "log").glob("date=*/part-0.parquet"))
    content = day.read_bytes()
    for damaged in (b"", b"PAR1", content[: len(content) // 2], content[:-30] + b"\x00" * 30):
        day.write_bytes(damaged)
        assert "damaged" in ends_well(lambda: read_log(tmp_path / "log"))


READERS = {
    "s.xlsx": read_sheet,
    "s.csv": read_sheet,
    "policy.toml": check_policy,
    "p.json": lsnb.load_plan,
    "j.jsonl": lambda path: (read_journal(path).entries_frame(), read_journal(path).results_frame()),
    "a.lsnb": lambda path: repr(lsnb.load_snapshot(path)),
}


def damaged(content, chance):
    """Flip, insert, take out or cut bytes."""
    content = bytearray(content)
    for _ in range(chance.choice([1, 1, 3, 20])):
        at, n = chance.randrange(len(content)), chance.choice([1, 2, 8, 100])
        match chance.randrange(4):
            case 0:
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                content[at:at] = chance.randbytes(n)
            case 2:
                del content[at : at + n]
            case 3:
                content[at : at + n] = bytes([chance.choice([0, 34, 44, 91, 123, 255])]) * n
        content = content or bytearray(b"x")
    return bytes(content[: chance.randrange(1, len(content) + 1)] if chance.random() < 0.1 else content)


@pytest.mark.parametrize("name", READERS)
def test_d7_damaged_bytes_end_in_a_sentence_or_are_read(files, tmp_path, name):
    """Forty files of each kind with bytes that are others, more or fewer; the same ones every time."""
    content = (files / name).read_bytes()
    for seed in range(40):
        path = tmp_path / name
        path.write_bytes(damaged(content, random.Random(f"{name} {seed}")))
        ends_well(lambda path=path: READERS[name](path))


def spots(data, path=()):
    """List every place in JSON data."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from spots(value, (*path, key))


def replaced(data, path, value):
    """Give JSON data with another value in one place."""
    if not path:
        return value
    copied = dict(data) if isinstance(data, dict) else list(data)
    copied[path[0]] = replaced(data[path[0]], path[1:], value)
    return copied


def test_d7_a_plan_of_other_kinds_of_values_ends_in_a_sentence(files, tmp_path, capsys):
    """Also where its fingerprint fits: what can be loaded can be shown."""
    data = json.loads((files / "p.json").read_text(encoding="utf-8"))
    chance = random.Random(7)
    places = list(spots(data))
    for _ in range(150):
        changed = replaced(data, chance.choice(places), chance.choice(STRANGE))
        try:
            changed = changed | {"fingerprint": fingerprint_of(_read(changed))}
        except Exception:
            changed = changed if isinstance(changed, dict) else {"plan": changed}
        path = tmp_path / "p.json"
        path.write_text(json.dumps(changed), encoding="utf-8")
        ends_well(lambda path=path: lsnb.load_plan(path).to_text())
        assert main(["apply", str(path)]) in (1, 3)
        captured = capsys.readouterr()
        assert "did not expect" not in captured.err, changed
        assert "Traceback" not in captured.err


def test_d7_a_journal_of_other_kinds_of_values_ends_in_a_sentence(files, tmp_path):
    """Line by line, value by value."""
    lines = [json.loads(line) for line in (files / "j.jsonl").read_bytes().splitlines()]
    chance = random.Random(7)
    for _ in range(150):
        n = chance.randrange(len(lines))
        changed = list(lines)
        changed[n] = replaced(lines[n], chance.choice(list(spots(lines[n]))), chance.choice(STRANGE))
        path = tmp_path / "j.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in changed), encoding="utf-8")
        ends_well(lambda path=path: READERS["j.jsonl"](path))
        assert 1 == len(list_runs(tmp_path))


def test_d7_a_snapshot_of_other_kinds_of_values_ends_in_a_sentence(files, tmp_path):
    """Value by value of its manifest."""
    with zipfile.ZipFile(files / "a.lsnb") as archive:
        places = list(spots(json.loads(archive.read("manifest.json"))))
    chance = random.Random(7)
    for _ in range(100):
        place, value = chance.choice(places[1:]), chance.choice(STRANGE)

        def change(manifest, _parts, place=place, value=value):
            found = replaced(manifest, place, value)
            manifest.clear()
            manifest.update(found)

        rewritten(files / "a.lsnb", tmp_path / "b.lsnb", change)
        ends_well(lambda: repr(lsnb.load_snapshot(tmp_path / "b.lsnb")))


def test_d7_a_workbook_of_other_values_ends_in_a_sentence(tmp_path):
    """Attributes and contents of every part, one after the other."""
    content = book(CELLS)
    chance = random.Random(7)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    for _ in range(60):
        name = chance.choice(names)

        def change(data):
            values = list(re.finditer(rb'"[^"]*"|>[^<]+<', data))
            if not values:
                return b""
            match = chance.choice(values)
            new = chance.choice([b"", b"-1", b"99999999999", b"x", b"XFD1048576", b"\xff", b"&amp;", b"nan"])
            return data[: match.start() + 1] + new + data[match.end() - 1 :]

        ends_well(lambda name=name, change=change: read_sheet(with_part(content, name, change)))


def test_d7_the_command_says_what_is_wrong_with_a_file_in_a_sentence(files, tmp_path, capsys):
    """Through the door that schedules use."""
    (tmp_path / "s.xlsx").write_bytes(HOSTILE_BOOKS["broken-xml"]())
    (tmp_path / "x").write_bytes(b"[" * 100_000)
    for words in (
        ["plan", "s.xlsx", "--demo"],
        ["apply", "x"],
        ["undo", "x", "--demo"],
        ["audit", "--snapshot", "x"],
        ["diff", "x", "x"],
        ["audit", "--snapshot", str(files / "a.lsnb"), "--roster", "s.xlsx"],
    ):
        named = [str(tmp_path / word) if word in ("s.xlsx", "x") else word for word in words]
        assert 1 == main(named), words
        said = capsys.readouterr().err
        assert 1 == len(said.strip().splitlines()), said
        assert "did not expect" not in said


def test_d7_errors_of_sheets_are_table_errors():
    """Whoever reads a sheet catches one kind."""
    with pytest.raises(TableError):
        read_sheet(HOSTILE_BOOKS["broken-xml"]())
