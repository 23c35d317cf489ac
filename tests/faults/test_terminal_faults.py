"""Terminals: nothing from outside steers one, none is too simple for a name, and every error has its code and its JSON."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pandas as pd
import pytest

import lsnb
from lsnb.cli import main
from lsnb.errors import ApiError, ConfigError, LsnbError, StalePlanError, TableError, UnsafePlanError
from lsnb.errors.safe_text import one_line, visible, visible_line
from lsnb.files.sheets import write_sheet
from lsnb.service.progress import TerminalBar
from lsnb.service.transport.responses import Call, read_answer

COLUMNS = ["email", "langsmith_role", "workspace_id", "workspace_name", "action"]
STEERING = "\x1b[31m\x1b]0;title\x07\x08\x9b2J\x7f\r\u202eevil\u2066\u200b\u2028\u2029\x85\ufeff\U000e0041\x00"
HARMLESS = ["inês", "日本語", "مرحبا", "שלום", "ไทย", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "می‌خواهم", "क्‍ष", "e\u0301"]


def is_calm(text, *, lines=True):
    """Tell whether a text would do nothing to a terminal."""
    return visible(text) == text and (lines or visible_line(text) == text)


@pytest.fixture
def keyed(server, monkeypatch, tmp_path):
    """Put an admin's token into the environment, and work in a folder of the test's own."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return server


@pytest.fixture
def named(keyed):
    """Give organization and workspaces names in many letters, some of them hostile."""
    names = ["日本 🚀", "inês", f"a{STEERING}b", "Line\nbreak"]
    keyed.state.organization.display_name = f"Añme {STEERING} 日本"
    for workspace, name in zip(keyed.state.workspaces.values(), names, strict=False):
        workspace.display_name = name
    return keyed


class Terminal(io.TextIOWrapper):
    """A terminal of an encoding, whose bytes can be looked at."""

    def __init__(self, encoding):
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, encoding=encoding, errors="strict", write_through=True)

    @property
    def bytes(self):
        """Give what was written."""
        self.flush()
        return self.raw_bytes.getvalue()


@pytest.fixture
def terminal(monkeypatch):
    """Make standard output and error terminals of an encoding."""

    def made(encoding):
        out, err = Terminal(encoding), Terminal(encoding)
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        return out, err

    return made


@pytest.mark.parametrize("text", HARMLESS)
def test_d3_text_of_any_script_stays_as_it_is(text):
    """Arabic, Hebrew, emoji of several parts, flags, joined letters and combining marks are no danger."""
    assert text == visible(text) == visible_line(text) == one_line(text)


@pytest.mark.parametrize("mark", sorted(set(STEERING) - set("[31m]0;title2Jevil")), ids=ascii)
def test_d3_every_steering_mark_is_written_out(mark):
    """Each control character and each hidden mark becomes an escape that can be read."""
    shown = visible(f"a{mark}b")
    assert mark not in shown
    assert shown.startswith("a\\")
    assert is_calm(shown)


def test_d3_no_error_of_ours_steers_a_terminal():
    """Message, repr and the lists that errors carry are calm; lines of our own messages stay."""
    errors: list[Any] = [
        ConfigError(f"one\n  two {STEERING}"),
        ApiError(f"no {STEERING}", status=500, method="GET", path="/x", detail=STEERING),
        UnsafePlanError(STEERING, reasons=[STEERING]),
        StalePlanError(STEERING, differences=[STEERING]),
        TableError(STEERING),
    ]
    for error in errors:
        assert is_calm(str(error))
        assert is_calm(repr(error))
    assert str(errors[0]).startswith("one\n  two \\x1b[31m")
    assert is_calm("".join([errors[1].detail, *errors[2].reasons, *errors[3].differences]))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"detail": f"no {STEERING}\nGET /x answered 200"}).encode(),
        json.dumps({"detail": [{"loc": [STEERING], "msg": STEERING}]}).encode(),
        f"<html><title>Bad gateway {STEERING}</title></html>".encode(),
        f"plain {STEERING}".encode(),
    ],
    ids=["detail", "422", "title", "plain"],
)
@pytest.mark.parametrize("status", [200, 403, 422, 502])
def test_d3_what_a_server_says_is_shown_in_one_harmless_line(body, status):
    """A detail, the title of a gateway's page and plain text, whatever the status."""
    headers = {"x-request-id": "1\x1b[2J", "content-type": "text/html\x1b"}
    error = read_answer(Call("GET", "/x", "host"), status, headers, body).error
    if error is not None:
        assert is_calm(f"{error}{error.detail}{error.request_id}", lines=False)


def test_d3_reprs_and_summaries_are_harmless(named):
    """What a notebook or a terminal shows of an organization with hostile names."""
    with lsnb.connect() as org:
        who = org.whoami()
        snap = org.snapshot(tables=["access", "permissions", "policies"], audit_days=0)
        place = next(iter(named.state.workspaces))
        rows = [["grace.kim@acme.example", "Organization Viewer", "", "", ""]]
        rows += [["yuki.sato@acme.example", "Editor", place, "", ""]]
        sheet = pd.DataFrame(rows, columns=COLUMNS)
        plan = org.plan(sheet)
        run = org.apply(plan, confirm=plan.fingerprint)
    found = lsnb.diff(snap, snap)
    texts = [repr(snap), repr(who), str(who), repr(plan), str(plan), plan.to_markdown(), repr(run), str(run)]
    texts += [repr(found), str(found), str(snap.explain("grace.kim@acme.example", "runs:delete", place)), repr(org)]
    texts += [snap._repr_html_(), who._repr_html_(), plan._repr_html_(), run._repr_html_(), found._repr_html_()]
    for text in texts:
        assert not set("\x1b\x07\x9b\x08\r\u202e\u2066\u200b\x85\ufeff") & set(text), text
    assert "\n" not in repr(snap)


def test_d3_the_progress_line_stays_one_line():
    """A name in the title or the note cannot move the cursor."""
    stream = io.StringIO()
    TerminalBar(stream).draw(f"Reading {STEERING}\n", 1, 2, "x\x1b[1A\r")
    assert not set("\x1b\x07\n\u202e") & set(stream.getvalue())
    assert 1 == stream.getvalue().count("\r")


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "latin-1", "ascii"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["whoami"], 0),
        (["who-can", "runs:delete", "日本 🚀"], 0),
        (["explain", "inês.duarte@acme.example", "runs:delete"], None),
        (["export", "workspaces", "-o", "日本.csv"], 0),
        (["plan", "s.csv", "-o", "p.json"], 2),
        (["plan", "bad.csv"], 1),
        (["policy", "init"], 0),
        (["plan", "日本 🚀.csv"], 1),
        (["plan", "--mode", "日本"], 64),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_d6_a_simple_terminal_shows_names_and_every_command_ends_as_documented(named, terminal, encoding, words, code):
    """Letters that the terminal does not have become escapes; nothing raises."""
    _write_sheets(named)
    out, err = terminal(encoding)
    got = main(words)
    assert got in (0, 1, 2, 3, 64)
    assert code is None or code == got, err.bytes
    assert b"Traceback" not in err.bytes
    assert b"did not expect" not in err.bytes
    assert is_calm((out.bytes + err.bytes).decode(encoding))
    assert ("strict", "strict") == (out.errors, err.errors)  # given back as they were


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16"])
@pytest.mark.parametrize(
    "words",
    [["whoami"], ["who-can", "runs:delete", "日本 🚀"], ["plan", "s.csv"], ["plan", "bad.csv"], ["plan", "日本.csv"]],
    ids=" ".join,
)
def test_d6_json_is_utf8_everywhere(named, terminal, encoding, words):
    """Also where the terminal is not; also what went wrong."""
    _write_sheets(named)
    out, _ = terminal(encoding)
    main([*words, "--json"])
    text = out.bytes.decode("utf-8")
    json.loads(text)
    assert "日本" in text or words[0] == "plan"


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["cp1252", "C"],
)
def test_d6_in_a_process_of_its_own(named, child_environment, tmp_path, environment):
    """The interpreter's own streams, arguments and file names, as a schedule on an old machine has them."""
    _write_sheets(named)
    keys = {"LANGSMITH_ENDPOINT": named.url, "LANGSMITH_API_KEY": named.key}
    words = [sys.executable, "-m", "lsnb", "who-can", "runs:delete", "日本 🚀"]
    done = subprocess.run(words, env=child_environment | keys | environment, capture_output=True, check=False)
    assert (0, False) == (done.returncode, b"Traceback" in done.stderr)
    assert b"\\u65e5\\u672c" in done.stdout


def test_d6_a_reader_that_goes_away_changes_no_exit_code(child_environment, tmp_path):
    """As with `| head -1`: the command ends as it would have, without a word."""
    command = f"{sys.executable} -m lsnb policy init | (exec 0<&-; true); exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=child_environment, capture_output=True, check=False)
    assert (0, b"") == (done.returncode, done.stderr)


def test_d6_closed_and_full_outputs_end_without_a_traceback(child_environment):
    """What is closed on purpose is fine; a full disk is an error with a sentence."""
    command = (
        f"{sys.executable} -m lsnb policy init >&-; echo $?; {sys.executable} -m lsnb policy init >/dev/full; echo $?"
    )
    done = subprocess.run(["bash", "-c", command], env=child_environment, capture_output=True, check=False, text=True)
    assert ["0", "1"] == done.stdout.split()
    assert "lsnb policy: the result could not be printed: No space left on device.\n" == done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "--nosuch"],
        [],
        ["nosuch"],
        ["export"],
        ["plan", "s.csv", "--mode", "sideways"],
        ["log"],
        ["log", "sync", "d", "--overlap-hours", "many"],
        ["audit", "--fail-on", "everything"],
        ["lab", "--port", "x"],
        ["policy", "init", "--nosuch"],
    ],
    ids=" ".join,
)
def test_d10_wrong_words_have_a_code_of_their_own(capsys, words):
    """Not that of alarms, and in JSON where that was asked for."""
    assert 64 == main(words)
    plain = capsys.readouterr()
    assert ("", True) == (plain.out, "error: " in plain.err)
    assert 64 == main([*words, "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert ("UsageError", 64) == (error["kind"], error["exit_code"])
    assert error["message"]


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "no.csv"],
        ["plan", "no.csv", "--policy", "no.toml"],
        ["apply", "no.json", "--confirm", "x"],
        ["apply", "no.json"],
        ["resume", "no.jsonl"],
        ["undo", "no.jsonl"],
        ["audit", "--snapshot", "no.lsnb"],
        ["audit", "--roster", "no.csv", "--snapshot", "no.lsnb"],
        ["diff", "no.lsnb"],
        ["policy", "check", "no.toml"],
        ["who-can", "runs:delete", "--snapshot", "no.lsnb"],
        ["explain", "a@b.example", "runs:delete", "--snapshot", "no.lsnb"],
        ["export", "nothing", "-o", "x.csv"],
        ["snapshot", "-o", "no/x.lsnb"],
        ["whoami", "--organization-id", "x"],
        ["log", "sync", "file.txt/log"],
    ],
    ids=" ".join,
)
def test_d10_every_error_is_json_where_json_was_asked_for(keyed, capsys, tmp_path, words):
    """A missing file, in every command that takes one, and what else fails first."""
    (tmp_path / "file.txt").write_text("x")
    assert 1 == main([*words, "--json"])
    captured = capsys.readouterr()
    error = json.loads(captured.out)["error"]
    assert 1 == error["exit_code"]
    assert error["message"] in captured.err


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (KeyboardInterrupt(), 130, "KeyboardInterrupt"),
        (
            RuntimeError("a fault of ours \x1b[31m lsv2_pt_0123456789abcdef0123456789abcdef_0123456789"),
            1,
            "RuntimeError",
        ),
        (RecursionError(), 1, "RecursionError"),
        (MemoryError(), 1, "MemoryError"),
        (UnsafePlanError("no", reasons=["min-admins: no"]), 3, "UnsafePlanError"),
        (LsnbError("no"), 1, "LsnbError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_d10_what_nobody_expected_is_a_sentence_and_json_too(monkeypatch, capsys, error, code, kind):
    """No traceback, no key, nothing that steers the terminal."""

    def fails(*_args, **_options):
        raise error

    monkeypatch.setattr("lsnb.cli.auditing.check_policy", fails)
    assert code == main(["policy", "check", "x.toml", "--json"])
    captured = capsys.readouterr()
    found = json.loads(captured.out)["error"]
    assert (kind, code) == (found["kind"], found["exit_code"])
    assert "Traceback" not in captured.err
    assert "\x1b" not in captured.out + captured.err
    assert "0123456789abcdef" not in captured.out + captured.err


def test_d10_a_plan_with_problems_and_one_that_is_not_confirmed_are_one_document(keyed, capsys):
    """The problems stand beside the error; the plan beside the advice."""
    _write_sheets(keyed)
    assert 1 == main(["plan", "bad.csv", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert {"error", "problems"} == data.keys()
    assert 2 == main(["plan", "s.csv", "-o", "p.json", "--json"])
    assert "changes" in json.loads(capsys.readouterr().out)
    assert 3 == main(["apply", "p.json", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert ("UnconfirmedPlanError", 3) == (data["error"]["kind"], data["error"]["exit_code"])
    assert 3 == main(["apply", "p.json", "--confirm", "0" * 64, "--json"])
    assert "UnconfirmedPlanError" == json.loads(capsys.readouterr().out)["error"]["kind"]


def test_d10_a_key_among_the_words_is_not_said_again(capsys):
    """Somebody who tries to give the key as an option finds it in no message."""
    key = "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789"
    assert 64 == main(["whoami", "--api-key", key, "--json"])
    captured = capsys.readouterr()
    assert key not in captured.out + captured.err


def _write_sheets(server):
    place = next(iter(server.state.workspaces))
    good = pd.DataFrame([["grace.kim@acme.example", "Organization Viewer", "", "", ""]], columns=COLUMNS)
    bad = pd.DataFrame([["grace.kim@acme.example", "日本", place, "", ""]], columns=COLUMNS)
    write_sheet(good, "s.csv")
    write_sheet(bad, "bad.csv")
