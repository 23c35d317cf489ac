"""The ordinary run leaves out what it says, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiers

SUITE = """
import pytest

@pytest.mark.each_once
@pytest.mark.parametrize("fault", ["a", "b", "c"])
@pytest.mark.parametrize("kind", ["x", "y"])
def test_product(kind, fault): pass

@pytest.mark.thorough
def test_long(): pass

def test_short(): pass
"""


@pytest.fixture
def suite(tmp_path):
    """Give a folder with a few tests of each sort, and a way to run them."""
    (tmp_path / "test_few.py").write_text(SUITE, encoding="utf-8")

    def run(*arguments: str) -> str:
        found = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "tests.tiers",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:randomly",
                "-v",
                *arguments,
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""},
        )
        return found.stdout + found.stderr

    return run


def test_the_ordinary_run_has_each_value_once_and_says_what_it_leaves_out(suite):
    """Three of six combinations reach every value; the long test is left out, and both are counted."""
    said = suite()
    assert "4 passed, 4 deselected" in said
    assert "Left out of the ordinary run: 4 tests, most of them in test_few.py (4). make test-all runs them." in said
    assert "the bound of 6 holds" in said
    assert all(f"[{kind}" in said for kind in "xy")
    assert all(f"-{fault}]" in said for fault in "abc")


def test_the_rest_is_exactly_what_was_left_out(suite):
    """Both together are the whole run."""
    names = [
        {line.split()[0] for line in suite("--tier", tier).splitlines() if " PASSED" in line} for tier in tiers.TIERS
    ]
    ordinary, rest, whole = names
    assert ordinary & rest == set()
    assert ordinary | rest == whole
    assert len(whole) == 8


def test_what_is_named_by_itself_is_run(suite):
    """Somebody who asks for one test gets it."""
    assert "1 passed" in suite("test_few.py::test_long")


def test_workers_say_what_they_left_out(suite):
    """The sentence at the end is the same where the tests are spread over processes."""
    assert "Left out of the ordinary run: 4 tests" in suite("-n", "2")


def test_a_cover_has_every_value_and_is_small():
    """Of 5 times 4 combinations five are enough, and they are always the same ones."""
    rows = [[("a", n), ("b", m)] for n in range(5) for m in range(4)]
    chosen = tiers.cover(rows)
    assert len(chosen) == 5
    assert {value for number in chosen for value in rows[number]} == {value for row in rows for value in row}
    assert chosen == tiers.cover(rows)


def test_a_run_beyond_the_bound_fails(suite, monkeypatch):
    """The bound is a check that can fail."""
    monkeypatch.setattr(tiers, "cpu_minutes", lambda: 6.1)
    monkeypatch.setenv("LSNB_BOUND_TESTS", "1")

    class Config:
        def getoption(self, name):
            return "ordinary"

    class Session:
        config = Config()
        exitstatus = 0

    session = Session()
    tiers.pytest_sessionfinish(session, 0)
    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
