"""docs/safety.md says what tests hold: each test that it names is there, and its table is that of the matrix, without a loss."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lsnb.plan.model import CHANGE_KINDS
from lsnb.plan.rules import REFUSING_RULES
from tests.faults.__main__ import BEGIN, END, write_table
from tests.faults.matrix import FAULTS, Cell, to_markdown

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "safety.md").read_text("utf-8")
TABLE = PAGE.split(BEGIN)[1].split(END)[0]


def named_tests():
    """Give the tests that the page names, each with the file named after it."""
    for cell in re.findall(r"\| ((?:`test_\w+`[^|\n]*)+) \|", PAGE):
        for names, path in re.findall(r"((?:`test_\w+`(?:, )?)+) in (tests/[\w/]+\.py)", cell):
            for name in re.findall(r"test_\w+", names):
                yield name, path


def test_every_test_that_the_page_names_is_there():
    """A promise without a test, or with one that was renamed, is no promise."""
    named = list(named_tests())
    assert len(named) >= 20
    assert len(named) == len(set(re.findall(r"`(test_\w+)`", PAGE)))
    missing = [(name, path) for name, path in named if f"def {name}(" not in (ROOT / path).read_text("utf-8")]
    assert [] == missing


def test_no_cell_is_lost():
    """The table says so by its numbers, kind by kind."""
    tried, held, lost = (
        int(number.replace(",", ""))
        for number in re.search(r"([\d,]+) cells tried: ([\d,]+) held, ([\d,]+) lost\.", TABLE).groups()
    )
    rows = re.findall(r"^\| [A-Z]\w+ \| (.*) \| (\d+) \| (\d+) \|$", TABLE, re.MULTILINE)
    assert (tried, 0) == (held, lost)
    assert held == sum(int(total) for _, total, _ in rows) == sum(sum(map(int, row.split("|"))) for row, _, _ in rows)
    assert {"0"} == {gone for _, _, gone in rows}


def test_the_table_fits_the_kinds_and_the_faults():
    """A new kind of change or a new fault makes the table old."""
    assert list(CHANGE_KINDS) == re.findall(r"^\| ([A-Z]\w+) \|", TABLE, re.MULTILINE)
    rows = re.findall(r"^\| [A-Z]\w+ \| (.*) \| \d+ \| \d+ \|$", TABLE, re.MULTILINE)
    assert {len(FAULTS)} == {len(row.split("|")) for row in rows}
    assert all(int(cell) > 0 for row in rows for cell in row.split("|"))
    assert f"{len(CHANGE_KINDS)} kinds of changes, {len(FAULTS)} faults" in TABLE
    assert all(fault.words in TABLE for fault in FAULTS.values())


@pytest.mark.parametrize("rule", REFUSING_RULES)
def test_every_rule_that_refuses_is_on_the_page(rule):
    """Whoever meets a rule finds it."""
    assert f"| `{rule}` |" in PAGE


def test_the_table_is_written_between_its_marks_only():
    """What people wrote stays as it is."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    new = to_markdown([Cell("RemoveMember", "cut", "write 1")])
    assert f"before\n{BEGIN}\n{new}\n{END}\nafter\n" == write_table(page, new)
