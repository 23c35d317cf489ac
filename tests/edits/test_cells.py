from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.sheets.cells import is_dangerous, neutralise, neutralise_text, restore, restore_text

# Letters that matter to the rule, often; any other letter, sometimes.
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("''=+-@\t\r\n \u00a0\ufeff\uff1d\uff0b\uff0d\uff20a1"),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)


def column(texts):
    """Make a text column."""
    return pd.Series(texts, dtype=pd.StringDtype("pyarrow"))


@given(st.lists(HOSTILE, max_size=8))
def test_every_text_comes_back_when_neutralised_and_restored(texts):
    """Restoring undoes neutralising for every text, also for those that begin with apostrophes."""
    assert texts == restore(neutralise(column(texts))).tolist()


@given(HOSTILE)
def test_one_text_is_treated_like_a_column_of_it(text):
    """The functions for one text and for a column do the same."""
    assert neutralise(column([text])).tolist() == [neutralise_text(text)]
    assert restore(column([text])).tolist() == [restore_text(text)]


@given(HOSTILE)
def test_nothing_dangerous_stands_first_when_neutralised(text):
    """What is written begins with an apostrophe or with something that no spreadsheet runs."""
    written = neutralise_text(text)
    assert written.startswith("'") or not is_dangerous(written)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+4930123", "'+4930123"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\uff1dcmd", "'\uff1dcmd"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("'tis", "'tis"),
        ("'", "'"),
        ("", ""),
        ("a=1", "a=1"),
        ("dana@example.com", "dana@example.com"),
    ],
)
def test_a_text_is_neutralised_only_when_a_spreadsheet_would_run_it(text, written):
    """An apostrophe is put before what is dangerous, and before nothing else."""
    assert written == neutralise_text(text)
    assert text == restore_text(written)


def test_unknown_stays_unknown_and_the_index_stays():
    """A missing text is not the empty text, and rows keep their labels and the column its name."""
    before = pd.Series([None, "=1"], dtype=pd.StringDtype("pyarrow"), index=[4, 9], name="note")
    after = neutralise(before)
    assert [True, False] == after.isna().tolist()
    assert [4, 9] == after.index.tolist()
    assert after.name == "note"
    assert before.equals(restore(after))
