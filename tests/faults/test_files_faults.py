"""Files: for their owner only whatever the umask says, there whole or not at all, and written in one way."""

from __future__ import annotations

import ast
import json
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

import lsnb
from lsnb.apply.journal import JournalWriter
from lsnb.cli import main
from lsnb.errors import ConfigError, SnapshotFileError
from lsnb.files import make_folder, write_atomically
from lsnb.files.log import LogStore
from lsnb.files.sheets import write_sheet
from lsnb.service.secret_sinks import Secret, SecretFile

PACKAGE = Path(lsnb.__file__).parent
posix = pytest.mark.skipif(os.name == "nt", reason="modes say nothing there")


@pytest.fixture
def keyed(server, monkeypatch, tmp_path):
    """Put an admin's token into the environment, and work in a folder of the test's own."""
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return server


@pytest.fixture
def umask():
    """Set the umask that most systems have."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder):
    """List what lies in a folder with modes that let others in."""
    wrong = {}
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600):
            wrong[str(path.relative_to(folder))] = oct(mode)
    return wrong


@posix
def test_d5_everything_that_the_command_writes_is_for_its_owner_only(keyed, umask, tmp_path):
    """Snapshot, exports of all kinds, sheets, plans, reports, problems, journal, results, notes, policy, log folder."""
    work = tmp_path / "work"
    make_folder(work)
    edit = write_sheet(_sheet("grace.kim@acme.example", "Organization Viewer"), tmp_path / "edit.csv")

    def run(*words):
        return main([str(word) for word in words])

    run("snapshot", "-o", work / "a.lsnb", "--tables", "access", "members", "permissions", "policies")
    for ending in ("csv", "xlsx", "parquet", "json"):
        run("export", "workspaces", "-o", work / f"table.{ending}")
    for ending in ("csv", "xlsx"):
        run("export", "workspaces", "--sheet", "-o", work / f"sheet.{ending}")
    for ending in ("json", "html"):
        assert 2 == run("plan", edit, "-o", work / f"plan.{ending}")
    run("plan", edit, "--problems", work / "problems.csv")
    run(
        "audit", "--snapshot", work / "a.lsnb", "--only", "LS-ADM", "-o", work / "audit.html", "--fixes", work / "fixes"
    )
    for ending in ("md", "xlsx"):
        run("audit", "--snapshot", work / "a.lsnb", "--only", "LS-ADM", "-o", work / f"audit.{ending}")
    run("policy", "init", "-o", work / "policy.toml")
    run("policy", "init", "-o", work / "policy.csv")
    run("log", "sync", work / "deep" / "log")
    for ending in ("html", "json"):
        run("diff", work / "a.lsnb", work / "a.lsnb", "-o", work / f"diff.{ending}")
    plan = json.loads((work / "plan.json").read_text(encoding="utf-8"))
    journal = work / "journals" / "j.jsonl"
    words = ["apply", work / "plan.json", "--confirm", plan["fingerprint"], "--journal", journal]
    assert 0 == run(*words, "-o", work / "results.csv")
    written = {path.name for path in work.rglob("*")}
    assert {
        "a.lsnb",
        "table.parquet",
        "sheet.xlsx",
        "plan.html",
        "problems.csv",
        "audit.xlsx",
        "by-hand.csv",
    } <= written
    assert {"policy.toml", "part-0.parquet", "_state.json", "_lock", "diff.html", "j.jsonl", "results.csv"} <= written
    assert {} == modes(work)
    assert {} == modes(tmp_path / "state")
    assert {0o700} == {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state", work / "journals")}


@posix
@pytest.mark.parametrize("mask", [0o000, 0o277], ids=oct)
def test_d5_an_odd_umask_makes_no_difference(tmp_path, mask):
    """One that lets everybody in, and one so strict that not even the owner could write."""
    before = os.umask(mask)
    try:
        make_folder(tmp_path / "a" / "b")
        write_atomically(tmp_path / "a" / "b" / "x.csv", b"x", ConfigError)
        JournalWriter.create(tmp_path / "a" / "j" / "j.jsonl").close()
        SecretFile(tmp_path / "a" / "secrets.jsonl").put(Secret("text", name="key"))
        with LogStore(tmp_path / "a" / "log").locked():
            LogStore(tmp_path / "a" / "log").write_state({})
    finally:
        os.umask(before)
    assert {} == modes(tmp_path / "a")


@posix
def test_d5_default_journals_and_notebooks_are_in_a_folder_of_the_owner(keyed, tmp_path):
    """The folders that lsnb makes by itself are closed as well."""
    from lsnb.cli.lab import find_notebooks

    with lsnb.connect() as org:
        plan = org.plan(_sheet("grace.kim@acme.example", "Organization Viewer"))
        run = org.apply(plan, confirm=plan.fingerprint)
    assert 0o700 == stat.S_IMODE(run.journal.parent.stat().st_mode)
    package = tmp_path / "installed" / "lsnb"
    (package / "_notebooks").mkdir(parents=True)
    (package / "_notebooks" / "00_start.ipynb").write_text("{}")
    folder = find_notebooks(tmp_path, package=package)
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {} == modes(folder)


@posix
def test_d5_state_and_log_of_the_demo_organization_are_for_their_owner_only(tmp_path):
    """A copy of an organization has real names in its state."""
    from lsnb import sandbox

    before = os.umask(0o022)
    try:
        with sandbox.start(seed="tidy", state_file=tmp_path / "s.json", log_file=tmp_path / "r.jsonl") as server:
            org = lsnb.connect(endpoint=server.url, api_key=server.key)
            org.whoami()
            org.close()
    finally:
        os.umask(before)
    assert {} == modes(tmp_path)
    assert {"s.json", "r.jsonl"} == {path.name for path in tmp_path.iterdir()}


@posix
def test_d5_a_file_that_was_open_to_others_is_closed_when_it_is_replaced(tmp_path):
    """What lies there counts for nothing; the new content is for the owner."""
    path = tmp_path / "plan.md"
    path.write_text("old")
    path.chmod(0o666)
    write_atomically(path, b"new", ConfigError)
    assert (b"new", 0o600) == (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))


@posix
def test_d5_a_link_is_replaced_and_never_written_through(tmp_path):
    """What the link points to keeps its content."""
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("theirs")
    link = tmp_path / "out.csv"
    link.symlink_to(elsewhere)
    write_atomically(link, b"ours", ConfigError)
    assert ("theirs", b"ours", False) == (elsewhere.read_text(), link.read_bytes(), link.is_symlink())


@posix
@pytest.mark.parametrize("name", ["/dev/null", "pipe", "folder", "a\x00b", "no/such/folder/x", "x" * 300])
def test_d5_what_is_no_place_for_a_file_is_refused_in_a_sentence(tmp_path, name):
    """A device, a pipe, a folder and names that no file can have."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    target = Path(name) if name.startswith("/") else tmp_path / name
    with pytest.raises(SnapshotFileError, match="could not be written"):
        write_atomically(target, b"x", SnapshotFileError)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert {"pipe", "folder"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_d5_an_interrupted_writing_leaves_the_old_file(tmp_path, monkeypatch, at):
    """Ctrl-C before the end leaves the file as it was, and no draft beside it."""
    path = tmp_path / "plan.json"
    path.write_text("old")

    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os if at == "fsync" else Path, at, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new", ConfigError)
    assert ["old"] == [file.read_text() for file in tmp_path.iterdir()]


def test_d5_a_name_of_the_longest_length_can_be_written(tmp_path):
    """The draft's name is not longer than a name may be."""
    path = tmp_path / ("日" * 82 + ".csv")
    write_atomically(path, b"x", ConfigError)
    assert b"x" == path.read_bytes()


def test_d5_what_is_no_place_is_said_of_a_sheet_too(tmp_path):
    """The writers of sheets go the same way."""
    (tmp_path / "s.csv").mkdir()
    with pytest.raises(lsnb.LsnbError, match="could not be written"):
        write_sheet(_sheet("a@b.example", "Viewer"), tmp_path / "s.csv")


def _sheet(email, role):
    columns = ["email", "langsmith_role", "workspace_id", "workspace_name", "action"]
    return pd.DataFrame([[email, role, "", "", ""]], columns=columns)


# Who may open a file for writing, and why. Everything else calls `write_atomically`.
WRITERS = {
    "files/atomic.py": "the one way to write a file",
    "files/bounded.py": "opens for reading only, with the flags that keep it from waiting",
    "apply/journal/writer.py": "appends, so that each line is on the disk before a request goes out",
    "service/secret_sinks.py": "appends secrets to a file whose mode and owner it checks first",
    "cli/output.py": "opens the device that takes everything, once nobody reads the output any more",
    "apply/journal/applied_plans.py": "opens the folder that a lock is on",
}
# The demo organization shares no code with the client, and writes with mode 0600 by itself.
OWN_WAY = ("sandbox/",)
ALWAYS = {"write_text", "write_bytes", "mkdir", "makedirs", "copyfile", "copy", "copytree", "mkstemp", "touch"}
INTO_BUFFERS = {"to_csv", "to_parquet", "to_excel", "to_json", "to_html", "to_markdown", "savefig", "write_table"}


def writings(code):
    """Find calls that put something on the disk by themselves."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        words = ast.unparse(node.func)
        name = words.rpartition(".")[2]
        is_method = "." in words
        texts = [
            str(arg.value) for arg in [*node.args, *(k.value for k in node.keywords)] if isinstance(arg, ast.Constant)
        ]
        is_writing = any(text and set(text) <= set("rwaxbt+") and set(text) & set("wax+") for text in texts)
        if (
            words == "os.open"
            or (name in ("open", "fdopen", "NamedTemporaryFile") and is_writing)
            or (name in ALWAYS and is_method and not (name == "copy" and not words.startswith("shutil")))
            or (name in INTO_BUFFERS and is_method and any(_is_path(arg) for arg in _targets(node, name)))
        ):
            found.append(words)
    return found


def _targets(node, name):
    names = ("path", "path_or_buf", "fname", "excel_writer", "buf", "where")
    return node.args[1 if name == "write_table" else 0 :][:1] + [k.value for k in node.keywords if k.arg in names]


def _is_path(arg):
    return not (isinstance(arg, ast.Name) and arg.id in ("buffer", "body"))


def test_d5_nothing_opens_a_file_for_writing_by_itself():
    """A new writer goes through `write_atomically`, or says here why not."""
    found = {
        path.relative_to(PACKAGE).as_posix(): calls
        for path in sorted(PACKAGE.rglob("*.py"))
        if (calls := writings(path.read_text(encoding="utf-8")))
    }
    mine = {name for name in found if not name.startswith(OWN_WAY)}
    assert {} == {name: found[name] for name in mine - set(WRITERS)}
    assert set() == set(WRITERS) - mine, "no longer a writer; take it out of the list"


@pytest.mark.parametrize(
    "code",
    [
        "open('x', 'w')",
        "path.open('ab')",
        "Path('x').write_text('a')",
        "frame.to_csv(path)",
        "frame.to_parquet(path=target)",
        "figure.savefig(target)",
        "folder.mkdir(parents=True)",
        "shutil.copyfile(a, b)",
        "os.open(path, os.O_WRONLY)",
        "zip.open('x', mode='w')",
    ],
)
def test_d5_a_planted_writing_is_found(code):
    """Each way past the one function is seen."""
    assert 1 == len(writings(code))
