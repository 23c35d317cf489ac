"""The machine around lsnb: answers without an end, places that cannot be written, numbers that are none."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import openpyxl
import pandas as pd
import pytest

import lsnb
from lsnb import sandbox
from lsnb.cli import main
from lsnb.errors import TableError, TransportError
from lsnb.files.sheets import read_sheet
from lsnb.service.config import Settings
from lsnb.service.credentials import Key
from lsnb.service.transport import Transport

# Large files and many of them: the whole run has these.
pytestmark = pytest.mark.thorough

COLUMNS = ["email", "langsmith_role", "workspace_id", "workspace_name", "action"]


@pytest.fixture
def keyed(server, monkeypatch, tmp_path):
    """Put an admin's token into the environment, and work in a folder of the test's own."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return server


BOMB = gzip.compress(b" " * (100 << 20), 1)


class _Endless(BaseHTTPRequestHandler):
    """Answers without an end, each of its kind."""

    counts: ClassVar[dict[str, int]] = {}

    def do_GET(self):
        kind = self.path.rpartition("/")[2]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if kind == "bomb":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            if kind == "bomb":
                self.wfile.write(BOMB)
            elif kind == "blanks":
                for _ in range(200):
                    self.wfile.write(b" " * (1 << 20))
            elif kind == "drip":
                for _ in range(600):
                    self.wfile.write(b" ")
                    time.sleep(0.05)
            else:
                self.wfile.write(json.dumps({"text": "a" * (8 << 20)}).encode())
        except OSError:
            return

    do_POST = do_GET  # noqa: N815 -- the name is the library's

    def log_message(self, *words):
        return


@pytest.fixture
def endless():
    """Serve answers without an end; give a transport to it."""
    _Endless.counts = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endless)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    settings = Settings(key=Key("lsv2_pt_" + "0" * 32 + "_1234567890"), base_url=address)
    transport = Transport(settings, timeout_s=(5, 0.7))
    yield transport
    transport.close()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", ["bomb", "blanks", "drip"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_does_not_end_is_left_soon(endless, kind, method):
    """Neither memory nor time is spent on it without a bound, it is asked for once, and a write counts as perhaps done."""
    started = time.monotonic()
    with pytest.raises(TransportError, match="did not end") as caught:
        endless.request(method, f"/{kind}")
    assert time.monotonic() - started < 10
    assert {kind: 1} == _Endless.counts
    assert "unknown" == caught.value.outcome
    assert ("look before trying again" in str(caught.value)) == (method == "POST")


def test_a_large_answer_is_read_whole(endless):
    """Eight megabytes are an ordinary list of a large organization."""
    assert 8 << 20 == len(endless.get("/large")["text"])


def _plan(server):
    sheet = pd.DataFrame([["zz.new@acme.example", "Viewer", "", "Production", ""]], columns=COLUMNS)
    with lsnb.connect(endpoint=server.url, api_key=server.key) as org:
        plan = org.plan(sheet)
    lsnb.save_plan(plan, "p.json")
    return plan


@pytest.mark.parametrize(
    "place", ["r.docx", "folder", "folder.csv", "x" * 300 + ".csv", "no/r.csv", "full.csv", "a\x00.csv", "r"]
)
def test_nothing_is_changed_where_the_result_has_no_place(keyed, tmp_path, capsys, place):
    """It is said before the first request that writes, with the words of the place."""
    plan = _plan(keyed)
    for folder in ("folder", "folder.csv"):
        (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / "full.csv").symlink_to("/dev/full")
    before = len(keyed.requests)
    assert main(["apply", "p.json", "--confirm", plan.fingerprint, "-o", place]) == 1
    said = capsys.readouterr().err
    assert "did not expect" not in said
    assert {"GET"} >= {request["method"] for request in keyed.requests[before:]}
    assert not (tmp_path / "lsnb-journals").exists()
    assert main(["apply", "p.json", "--confirm", plan.fingerprint, "-o", "r.csv"]) == 0


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_what_was_done_is_said_also_when_its_table_cannot_be_written_any_more(keyed, monkeypatch, capsys, words):
    """The disk may fill up meanwhile: the result and the journal are told first, then what failed."""
    plan = _plan(keyed)

    def full(*arguments, **options):
        raise lsnb.errors.ConfigError("'r.csv' could not be written: No space left on device.")

    monkeypatch.setattr("lsnb.cli.changing.export_table", full)
    assert main(["apply", "p.json", "--confirm", plan.fingerprint, "-o", "r.csv", *words]) == 1
    told = capsys.readouterr()
    assert "No space left" in told.err
    assert "lsnb-journals" in told.out
    assert "done" in told.out
    if words:
        assert ["done"] == [row["outcome"] for row in json.loads(told.out)["results"]]


@pytest.mark.parametrize(
    "words",
    [
        ["export", "members", "-o", "full.csv"],
        ["snapshot", "-o", "x" * 300 + ".lsnb"],
        ["audit", "-o", "folder.html"],
        ["plan", "s.csv", "-o", "folder.json"],
        ["policy", "init", "-o", "folder.toml"],
    ],
    ids=" ".join,
)
def test_a_place_that_cannot_be_written_is_said_before_anything_is_read(keyed, tmp_path, capsys, words):
    """Nobody waits for a reading whose result has no place."""
    for ending in ("html", "json", "toml"):
        (tmp_path / f"folder.{ending}").mkdir()
    (tmp_path / "full.csv").symlink_to("/dev/full")
    before = len(keyed.requests)
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "could not be written" in said
    assert before == len(keyed.requests)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]  # no draft is left


def _book(rows="", *, after="", parts=None):
    """Make a workbook of a header and rows written by hand."""
    made = openpyxl.Workbook()
    made.active.append(["email", "action"])
    buffer, changed = io.BytesIO(), io.BytesIO()
    made.save(buffer)
    with zipfile.ZipFile(buffer) as archive, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in archive.namelist():
            text = archive.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                text = text.replace("</sheetData>", f"{rows}</sheetData>{after}")
                text = re.sub("<dimension[^>]*>", "", text)
            for mark, more in (parts or {}).get(name, {}).items():
                text = text.replace(mark, more)
            out.writestr(name, text)
    return changed.getvalue()


def _rows(cells, n):
    return "".join(f'<row r="{i}">{cells.replace("#", str(i))}</row>' for i in range(2, n + 2))


HOSTILE = {
    "a million rows": lambda: (_book(_rows('<c r="A#" t="inlineStr"><is><t>u#@a.example</t></is></c>', 900_000)), "more cells than"),
    "formatted to the last column": lambda: (_book(_rows('<c r="XFD#" s="0"/>', 20_000)), "far to the right"),
    "merges without end": lambda: (_book(_rows('<c r="A#"/>', 2), after="<mergeCells>" + '<mergeCell ref="A2:B1048576"/>' * 50_000 + "</mergeCells>"), "merged cells"),
    "names without end": lambda: (_book(parts={"xl/workbook.xml": {"<calcPr": "<definedNames>" + '<definedName name="n">S!$A$1</definedName>' * 300_000 + "</definedNames><calcPr"}}), "entries"),
    "a cell without end": lambda: (_book(_rows('<c r="A#" t="inlineStr"><is><t>' + "abcdefghij" * 20_000 + "</t></is></c>", 1)), "letters in A2"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_that_would_take_minutes_is_refused_soon(name):
    """Each is within what a zip may hold, and is refused by what reading it would cost."""
    content, words = HOSTILE[name]()
    started = time.process_time()
    with pytest.raises(TableError, match=words):
        read_sheet(content)
    assert time.process_time() - started < 5


def test_a_sheet_that_does_not_say_its_size_is_read_once(tmp_path):
    """As other programs write it: its size is not looked for beforehand, which reads all of it."""
    book = _book(_rows('<c r="A#" t="inlineStr"><is><t>u#@a.example</t></is></c>', 10_000))
    assert 10_000 == len(read_sheet(book))


@pytest.mark.parametrize(
    "words",
    [
        ["snapshot", "-o", "a.lsnb", "--audit-days", "nan"],
        ["snapshot", "-o", "a.lsnb", "--audit-days", "inf"],
        ["export", "usage", "-o", "a.csv", "--usage-days", "1e308"],
        ["audit", "--log-days", "-1"],
        ["audit", "--log-days", "99999999999"],
        ["apply", "p.json", "--workers", "0"],
        ["apply", "p.json", "--workers", "1.5"],
        ["sandbox", "--port", "65536"],
        ["sandbox", "--port", "-1"],
        ["sandbox", "--latency-ms", "-5"],
    ],
    ids=" ".join,
)
def test_a_number_that_makes_no_sense_is_a_wrong_option(keyed, capsys, words):
    """Not a number, endless and absurd ones end as other wrong options do, with the limits."""
    assert main(words) == 64
    said = capsys.readouterr().err
    assert "number from" in said


STATES = {
    "empty": lambda whole: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "list": lambda whole: b"[]",
    "object": lambda whole: b"{}",
    "nested": lambda whole: b"[" * 200_000,
    "letters": lambda whole: b"\xff\xfe\x00",
    "a table missing": lambda whole: whole.replace(b'"keys"', b'"kees"'),
    "a field unknown": lambda whole: whole.replace(b'"full_name"', b'"name"'),
    "another kind": lambda whole: json.dumps(json.loads(whole) | {"seed": 5}).encode(),
    "a table of numbers": lambda whole: json.dumps({"seed": "small", "state": json.loads(whole)["state"] | {"people": 5}}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_a_damaged_state_of_the_demo_organization_is_a_sentence_and_stays(tmp_path, name):
    """Nothing is begun anew over it: somebody may want to mend it."""
    state = tmp_path / "state.json"
    sandbox.start(seed="small", state_file=state).stop()
    content = STATES[name](state.read_bytes())
    state.write_bytes(content)
    with pytest.raises(sandbox.StartError, match="is damaged"):
        sandbox.start(state_file=state).stop()
    assert content == state.read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--state", "bad.json"], "is damaged"),
        (["--state", "."], "no file"),
        (["--state", "no/state.json"], "does not exist"),
        (["--log", "."], "directory"),
        (["--seed", "日本"], "known are small"),
    ],
    ids=["damaged", "folder", "no folder", "log", "seed"],
)
def test_a_demo_organization_that_cannot_be_served_is_a_sentence(tmp_path, monkeypatch, capsys, words, said):
    """Before anything is served."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("{")
    assert main(["sandbox", *words]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert "did not expect" not in told.err
    assert "" == told.out


class _Keyring:
    """A keyring that answers as it is told."""

    def __init__(self, answer):
        self.answer = answer

    def get_password(self, service, host):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("error", [PermissionError("lsv2_pt_secret"), RuntimeError("locked")])
def test_a_keyring_that_fails_is_named_where_no_key_was_found(monkeypatch, capsys, error):
    """Its own words are not repeated: it may quote what it holds."""
    monkeypatch.delenv("LANGSMITH_API_KEY", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", _Keyring(error))
    assert main(["whoami"]) == 1
    said = capsys.readouterr().err
    assert f"keyring could not be asked ({type(error).__name__})" in said
    assert "lsv2" not in said


def test_a_damaged_key_in_the_keyring_is_said(monkeypatch, capsys):
    """It counts as a key that is there: no demo organization is opened in its place."""
    monkeypatch.delenv("LANGSMITH_API_KEY", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", _Keyring("lsv2_pt_a b"))
    assert main(["whoami"]) == 1
    said = capsys.readouterr().err
    assert "from keyring" in said
    assert "lsv2_pt_a b" not in said
    with pytest.raises(lsnb.errors.ConfigError, match="keyring"):
        lsnb.connect()
