"""Tables for a terminal: their columns line up whatever the letters are."""

from __future__ import annotations

import pandas as pd
import pytest
import wcwidth

from lsnb.report.text_table import frame_to_text, pad, table_lines, width_of, wrap
from lsnb.service.progress import TerminalBar

NAMES = [
    "Ada",
    "日本 太郎",
    "김철수",
    "👩‍👩‍👧‍👦 family",
    "Zoe\u0301",
    "🇩🇪 Jörg",
    "\uff46\uff55\uff4c\uff4c",
    "سارا",
    "❤️",
]


def starts(line, text):
    """Give the place on the screen at which a text begins."""
    return wcwidth.wcswidth(line[: line.index(text)])


@pytest.mark.parametrize("name", NAMES)
def test_the_next_column_begins_at_one_place(name):
    """A name of any letters leaves the column after it where it is."""
    frame = pd.DataFrame({"name": ["plain", name], "role": ["Viewer", "Viewer"]})
    header, rule, *rows = frame_to_text(frame).splitlines()
    assert {starts(header, "role")} == {starts(row, "Viewer") for row in rows} == {rule.index("  ") + 2}


def test_numbers_end_in_one_line():
    """Digits of the same worth stand below each other, also after wide names."""
    lines = frame_to_text(pd.DataFrame({"name": ["a", "日本"], "n": [1, 1000]})).splitlines()
    assert {wcwidth.wcswidth(line) for line in lines} == {10}
    assert lines[2].endswith("   1")


def test_unknown_cells_are_empty_and_cells_keep_to_their_line():
    """A line break in a name makes no row, and what is not known is not called NaN."""
    frame = pd.DataFrame({"a": ["x\ny", None], "b": pd.Series([None, 1], dtype="Int64")})
    lines = frame_to_text(frame).splitlines()
    assert len(lines) == 4
    assert lines[2:] == ["x\\ny", "      1"]


def test_nothing_steers_the_terminal_or_holds_a_key():
    """Escapes are written out, and a key in a cell is not printed."""
    key = "lsv2_pt_" + "0123456789abcdef" * 2 + "_0123456789"
    text = frame_to_text(pd.DataFrame({"a": ["\x1b[2J\u202e", key]}))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert key not in text


def test_long_cells_are_broken_by_what_they_take():
    """Wide letters fill a line with half as many of them, and no letter is lost."""
    lines = wrap("日本語のとても長いなまえ", 10)
    assert max(map(width_of, lines)) <= 10
    assert "".join(lines) == "日本語のとても長いなまえ"
    table = table_lines(["who", "why"], [["日本語のとても長いなまえ", "because " * 10]], width=40)
    assert max(map(width_of, table)) <= 40
    assert table_lines(["who", "why"], [["日本" * 20, "because " * 10]], width=20) is None


def test_a_text_that_fits_gets_blanks_only():
    """Filling up counts places, on either side."""
    assert (pad("日本", 6), pad("日本", 6, is_right=True), pad("abc", 2)) == ("日本  ", "  日本", "abc")


def test_the_progress_line_is_no_wider_than_a_screen(capsys):
    """A title of wide letters is cut at the same place as one of narrow ones, and is wiped whole."""
    import sys

    bar = TerminalBar(sys.stderr)
    bar.draw("日本" * 60, 1, 2, "")
    bar.end()
    drawn, wiped = capsys.readouterr().err.split("\r")[1:3]
    assert width_of(drawn) == 118 == len(wiped)
