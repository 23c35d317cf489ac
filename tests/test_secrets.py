"""Secrets of created keys: handed over once, to the chosen place, and nowhere else."""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from lsnb.apply.journal import read_journal
from lsnb.errors import ConfigError, MissingExtraError, PlanError
from lsnb.files.plan_file import save_plan
from lsnb.organization import Organization
from lsnb.service.config import load_settings
from lsnb.service.progress import Silent
from lsnb.service.secret_sinks import Secret, SecretBox, SecretFile, SecretKeyring, SecretSink
from lsnb.service.transport import Transport
from tests.apply import things as t
from tests.apply.acme import Acme
from tests.test_credentials import FakeKeyring

TEXT = "lsv2_sk_0123456789abcdef0123456789abcdef_a1b2c33f9a"
FIVE = ("Dashboards", "Nightly copy", "Alerts", "Evaluation", "Cost report")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Let journals and the notes of spent plans go into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def acme(server):
    """Give the small demo organization."""
    return Acme(server)


def secret(name="Dashboards", text=TEXT):
    """Make a secret as the client does."""
    return Secret(text, name=name, id="1", short="lsv2_sk_...3f9a")


def five_keys(acme):
    """Plan five keys."""
    return t.plan_of(acme, *[t.create_key(acme, name, "Viewer", "Production") for name in FIVE])


class FullDisk:
    """A place that takes secrets until it is asked to."""

    words = "a full disk"

    def check(self):
        """Promise to take one."""

    def put(self, secret):
        """Break the promise, with the secret in a local variable."""
        text = secret.reveal()
        raise OSError(28, f"No space left for {text}")

    def close(self):
        """Do nothing."""


def test_a_secret_never_shows_itself():
    """Whatever prints or pickles it finds its name and its short form."""
    hidden = secret()
    assert "<secret of 'Dashboards' lsv2_sk_...3f9a>" == repr(hidden) == str(hidden)
    with pytest.raises(TypeError):
        pickle.dumps(hidden)
    assert TEXT == hidden.reveal()
    assert all(isinstance(sink, SecretSink) for sink in (SecretBox(), SecretFile("x"), FullDisk()))


def test_a_box_gives_each_secret_once():
    """After that it is forgotten, and the box only ever shows names."""
    box = SecretBox()
    box.put(secret())
    box.put(secret(text="lsv2_sk_another"))
    assert ("Dashboards", "Dashboards (lsv2_sk_...3f9a)") == box.names
    assert TEXT not in repr(box)
    assert TEXT == box.reveal_once("Dashboards")
    assert 1 == len(box)
    with pytest.raises(ConfigError, match="given once"):
        box.reveal_once("Dashboards")
    with pytest.raises(TypeError):
        pickle.dumps(box)


@pytest.mark.skipif(os.name == "nt", reason="modes of files say nothing there")
def test_a_file_is_for_its_owner_only(tmp_path):
    """It is made with mode 0600 whatever the umask, added to later, and taken away where it stayed empty."""
    path = tmp_path / "keys.jsonl"
    sink = SecretFile(path)
    sink.check()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    sink.put(secret())
    SecretFile(path).put(secret("Alerts"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert ["Dashboards", "Alerts"] == [line["description"] for line in lines]
    assert {TEXT} == {line["key"] for line in lines}
    sink.close()
    assert path.exists()
    empty = SecretFile(tmp_path / "empty.jsonl")
    empty.check()
    empty.close()
    assert not empty.path.exists()


@pytest.mark.skipif(os.name == "nt", reason="modes of files say nothing there")
def test_a_file_that_others_may_read_is_refused(tmp_path):
    """So are links, folders, and files in folders that are not there; the message says what to do."""
    shared = tmp_path / "shared.jsonl"
    shared.touch(0o600)
    shared.chmod(0o640)
    link = tmp_path / "link.jsonl"
    link.symlink_to(tmp_path / "elsewhere")
    for path, words in ((shared, "chmod 600"), (link, "Name another file"), (tmp_path, "Name another")):
        with pytest.raises(ConfigError, match=words):
            SecretFile(path).check()
    with pytest.raises(ConfigError, match="cannot be written"):
        SecretFile(tmp_path / "no folder" / "keys").check()
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_a_repository_is_refused_unless_git_ignores_it(tmp_path):
    """What lies in a repository is committed sooner or later."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "sub").mkdir()
    sink = SecretFile(tmp_path / "sub" / "keys.jsonl")
    with pytest.raises(ConfigError, match="git repository"):
        sink.check()
    assert not sink.path.exists()
    (tmp_path / ".gitignore").write_text("*.jsonl\n")
    sink.check()
    assert sink.path.exists()


def test_the_keyring_is_tried_and_never_overwritten(monkeypatch):
    """A key gets its description as its name, and its short form where that name is taken."""
    keyring = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    sink = SecretKeyring("made here")
    sink.check()
    assert {} == keyring.passwords
    sink.put(secret())
    sink.put(secret(text="lsv2_sk_another"))
    assert {
        ("made here", "Dashboards"): TEXT,
        ("made here", "Dashboards (lsv2_sk_...3f9a)"): "lsv2_sk_another",
    } == keyring.passwords
    keyring.error = RuntimeError(f"locked, not taking {TEXT}")
    for ask in (sink.check, lambda: sink.put(secret())):
        with pytest.raises(ConfigError) as caught:
            ask()
        assert TEXT not in str(caught.value)


def test_a_missing_keyring_names_the_extra(monkeypatch):
    """Who has not installed it learns how."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtraError, match=r"lsnb\[keyring\]"):
        SecretKeyring()


def test_a_plan_with_keys_is_refused_without_a_place(acme):
    """Nothing is written, not even the journal, and the plan can still be applied; likewise where the place is no good."""
    plan = five_keys(acme)
    with pytest.raises(PlanError, match="creates 5 service keys"):
        acme.apply(plan)
    with pytest.raises(ConfigError, match="cannot be written"):
        acme.apply(plan, secrets=SecretFile("no folder/keys.jsonl"))
    assert [] == acme.writes()
    assert [] == list(Path().rglob("*.jsonl"))
    assert acme.apply(plan, secrets=SecretBox()).is_done


def test_going_on_needs_a_place_too(acme):
    """A run that was stopped before its keys were made asks for it again."""
    acme.server.faults.add(method="POST", path="service-keys$", times=None, kind="status", status=403)
    run = acme.apply(five_keys(acme), secrets=SecretBox())
    acme.server.faults.clear()
    content = run.journal.read_bytes()
    with pytest.raises(PlanError, match="creates 5 service keys"):
        acme.resume(run.journal, retry_failed=True)
    assert content == run.journal.read_bytes()
    box = SecretBox()
    assert acme.resume(run.journal, retry_failed=True, secrets=box).is_done
    assert set(FIVE) == set(box.names)


def test_a_secret_is_not_lost_when_the_place_fails_after_all(acme, recwarn):
    """It stays in memory on the run, masked, and the result says so; no message holds it."""
    run = acme.apply(t.plan_of(acme, t.create_key(acme, "Dashboards", "Viewer", "Production")), secrets=FullDisk())
    row = run.results.iloc[0]
    assert "done" == row["outcome"]
    assert "in memory only" in row["reason"]
    assert "run.secrets.reveal_once" in row["next_step"]
    assert "'Dashboards'" in run.summary()
    text = run.secrets.reveal_once("Dashboards")
    assert text.startswith("lsv2_sk_")
    shown = f"{run} {run!r} {run._repr_html_()} {row.to_dict()} {run.journal.read_text()} {list(recwarn)}"
    assert text not in shown


def test_no_key_is_made_when_the_place_has_gone(acme):
    """The place is tried again before each key."""

    class Gone(SecretBox):
        n_checks = 0

        def check(self):
            self.n_checks += 1
            if self.n_checks > 1:
                raise ConfigError("The folder is gone.")

    run = acme.apply(t.plan_of(acme, t.create_key(acme, "Dashboards", "Viewer", "Production")), secrets=Gone())
    assert ["failed"] == list(run.results["outcome"])
    assert "no key was made: The folder is gone." == run.results["reason"].iloc[0]
    assert [] == acme.writes()
    assert acme.resume(run.journal, secrets=SecretBox()).is_done


def test_no_traceback_shows_a_secret_when_something_breaks_after_a_key_was_made(acme):
    """Also with the local variables of every frame, the secret is behind its mask."""
    box = SecretBox()

    def break_down(event):
        if event.kind == "outcome":
            raise SystemExit

    with pytest.raises(SystemExit) as caught:
        acme.apply(
            t.plan_of(acme, t.create_key(acme, "Dashboards", "Viewer", "Production")),
            secrets=box,
            on_event=break_down,
        )
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    text = box.reveal_once("Dashboards")
    assert "Worker" in shown
    assert text not in shown


def everything_written(folder):
    """Read every file below a folder, whatever it is."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_five_secrets_are_in_the_chosen_file_and_nowhere_else(acme, tmp_path, capfd, caplog):
    """Journal, plan, results, request log, output and logging of a run have none of them."""
    caplog.set_level(logging.DEBUG)
    handler = logging.StreamHandler(log := io.StringIO())
    logging.getLogger().addHandler(handler)
    org = Organization(Transport(load_settings(endpoint=acme.server.url, api_key=acme.server.key, environ={})))
    plan = five_keys(acme)
    save_plan(plan, "plan.json")
    sink = tmp_path / "private" / "keys.jsonl"
    sink.parent.mkdir()
    try:
        run = org.apply(plan, confirm=plan.fingerprint, secrets=SecretFile(sink), display=Silent())
    finally:
        logging.getLogger().removeHandler(handler)
    assert run.is_done, str(run)
    assert run.secrets is None
    run.results.to_csv("results.csv")
    read_journal(run.journal).entries_frame().to_csv("entries.csv")
    Path("run.html").write_text(run._repr_html_())
    Path("run.txt").write_text(f"{run}\n{run!r}\n{plan}\n{plan.to_html()}\n{org!r}\n{vars(run)}")
    Path("requests.json").write_text(json.dumps(acme.server.requests))
    texts = [json.loads(line)["key"] for line in sink.read_text().splitlines()]
    assert (5, set(FIVE)) == (
        len(set(texts)),
        {json.loads(line)["description"] for line in sink.read_text().splitlines()},
    )
    written = everything_written(tmp_path)
    assert len(written) >= 8
    shown = capfd.readouterr()
    elsewhere = [path for path, content in written.items() if path != sink and _has_any(content, texts)]
    assert [] == elsewhere
    assert not _has_any(f"{shown.out}{shown.err}{caplog.text}{log.getvalue()}".encode(), texts)
    assert "POST /api/v1/orgs/current/service-keys" in log.getvalue()


def _has_any(content, texts):
    """Tell whether a secret is in some bytes, whole or without its prefix."""
    return any(text.encode() in content or text.removeprefix("lsv2_sk_").encode() in content for text in texts)


def test_the_command_puts_five_secrets_into_its_file_and_shows_none(acme, tmp_path, child_environment):
    """Neither its output nor anything it writes has one; without the file it changes nothing."""
    plan = five_keys(acme)
    save_plan(plan, "plan.json")
    environment = child_environment | {
        "LANGSMITH_API_KEY": acme.server.key,
        "LANGSMITH_ENDPOINT": acme.server.url,
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    command = [sys.executable, "-m", "lsnb", "apply", "plan.json", "--confirm", plan.fingerprint, "-o", "results.csv"]

    def run(*more):
        return subprocess.run(
            [*command, *more], capture_output=True, text=True, env=environment, check=False, timeout=60
        )

    refused = run()
    assert "--secrets-to FILE" in refused.stderr
    assert (True, []) == (refused.returncode != 0, acme.writes())
    done = run("--json", "--secrets-to", "keys.jsonl")
    assert 0 == done.returncode, done.stderr
    texts = [json.loads(line)["key"] for line in Path("keys.jsonl").read_text().splitlines()]
    assert 5 == len(set(texts))
    assert [] == [
        p for p, content in everything_written(tmp_path).items() if p.name != "keys.jsonl" and _has_any(content, texts)
    ]
    assert not _has_any(f"{done.stdout}{done.stderr}{acme.server.requests}".encode(), texts)
    assert {"done"} == {row["outcome"] for row in json.loads(done.stdout)["results"]}
