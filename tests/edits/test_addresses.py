from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.sheets import SHEET_COLUMNS, invitations, parse_addresses, parse_sheet
from lsnb.sheets.emails import fault_of
from tests.edits.company import make_snapshot

TWO = [("dana@example.com", "Dana Lee"), ("kim@example.com", "")]


def read(text):
    """List addresses and names, with the empty text for a name that is not there."""
    addresses, problems = parse_addresses(text)
    pairs = list(zip(addresses["email"], addresses["name"].fillna(""), strict=True))
    return pairs, problems["value"].tolist()


@pytest.mark.parametrize(
    "text",
    [
        "Dana Lee <dana@example.com>\nkim@example.com",
        "Dana Lee <Dana@Example.com>, kim@example.com",
        "Dana Lee <dana@example.com>; <kim@example.com>;",
        '"Dana Lee" <dana@example.com>;kim@example.com\r\n\r\n',
        "Dana Lee\tdana@example.com\n\tkim@example.com",
        "dana@example.com\tDana Lee\nkim@example.com\t",
        "Name\tEmail\nDana Lee\tdana@example.com\n\tkim@example.com\n",
        "Dana\tLee\tdana@example.com\nkim@example.com",
        "Dana Lee, dana@example.com\nkim@example.com",
        "- Dana Lee dana@example.com\n- kim@example.com",
        "1. dana@example.com\n2. kim@example.com\n3. Dana Lee <DANA@example.com>",
        "'Dana Lee' <mailto:dana@example.com>\u2028; mailto:kim@example.com",
    ],
)
def test_addresses_are_found_in_any_shape(text):
    """Lines, commas, semicolons, cells of a spreadsheet and lists of recipients all give the same people."""
    assert (TWO, []) == read(text)


def test_addresses_between_blanks_are_found():
    """A list with blanks only has no names."""
    assert [("a@example.com", ""), ("b@example.com", "")] == read("a@example.com b@example.com")[0]


@pytest.mark.parametrize(
    "text",
    [
        "Lee, Dana <dana@example.com>; Poe, Bo <bo@example.com>",
        "Lee, Dana <dana@example.com>, Poe, Bo <bo@example.com>",
    ],
)
def test_surnames_before_a_comma_stay_with_their_person(text):
    """The way Outlook writes names is understood between semicolons and between commas."""
    assert [("dana@example.com", "Lee, Dana"), ("bo@example.com", "Poe, Bo")] == read(text)[0]


def test_what_is_no_address_is_a_problem_with_its_line_and_a_guess():
    """All of them are listed, and the others are read."""
    addresses, problems = parse_addresses("dana@example.com\nhello\nkim@@example.com\nbo at example.com\n")
    assert ["dana@example.com"] == addresses["email"].tolist()
    assert [2, 3, 4] == problems["row"].tolist()
    assert ["", "Did you mean 'kim@example.com'?", "Did you mean 'bo@example.com'?"] == problems["hint"].tolist()


def test_an_address_is_listed_once_with_the_first_name_that_is_known():
    """Pasting a list twice invites nobody twice."""
    assert [("dana@example.com", "Dana")] == read("dana@example.com\nDana <Dana@example.com>\nD <dana@example.com>")[0]


@given(st.text(st.sampled_from("ab@.,;<>\"'\t\n \u00e4:-"), max_size=40))
def test_only_addresses_come_out_whatever_is_pasted(text):
    """No text breaks it, and what comes out is an address, once."""
    emails = [email for email, _ in read(text)[0]]
    assert all(fault_of(email) == "" for email in emails)
    assert len(set(emails)) == len(emails)


def test_invitations_are_an_access_sheet():
    """Everybody gets a row for the organization and one per workspace, and the sheet is read without problems."""
    people, _ = parse_addresses("zoe@example.com, max@example.com")
    sheet = invitations(people, workspaces={"Production": "Viewer", "Staging (EU)": "Annotator"})
    assert list(SHEET_COLUMNS) == sheet.columns.tolist()
    edits = parse_sheet(sheet, make_snapshot())
    assert edits.is_clean
    assert ["Organization User", "Viewer", "Annotator"] * 2 == edits.rows["role"].tolist()


def test_invitations_take_plain_addresses():
    """A list or a column of addresses is enough, without workspaces too."""
    expected = [("zoe@example.com", "Organization Viewer", "", "", "", "")]
    sheet = invitations(["zoe@example.com"], role="Organization Viewer")
    assert expected == [tuple(row) for row in sheet.to_numpy().tolist()]
    assert sheet.equals(invitations(pd.Series(["zoe@example.com"]), role="Organization Viewer"))
