from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsnb.sheets import parse_sheet, similar_members
from lsnb.sheets.emails import clean_address, fault_of, mended, read_addresses
from lsnb.sheets.text_normalize import Coded, Nearest
from tests.edits.company import make_snapshot, sheet


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        (" Dana@Example.COM ", "dana@example.com", ""),
        ("Dana Lee <dana@example.com>", "dana@example.com", "Dana Lee"),
        ('"Lee, Dana" <dana@example.com>;', "dana@example.com", "Lee, Dana"),
        ("<dana@example.com>", "dana@example.com", ""),
        ("mailto:dana@example.com", "dana@example.com", ""),
        ("MAILTO:dana@example.com?subject=Hi", "dana@example.com", ""),
        ("dana@example.com,", "dana@example.com", ""),
        ("dana@example.com.", "dana@example.com", ""),
        ("\u200bdana@example.com\u00a0", "dana@example.com", ""),
        ("da\u200bna@example.com", "dana@example.com", ""),
        ("'dana@example.com'", "dana@example.com", ""),
        ("o'brien@example.com", "o'brien@example.com", ""),
        ("'+dana@example.com", "+dana@example.com", ""),
    ],
)
def test_an_address_is_taken_out_of_what_surrounds_it(text, address, name):
    """What comes along when an address is copied is taken away, and a name is kept."""
    assert (address, name) == clean_address(text)
    assert "" == fault_of(address)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.co",
        "first.last+tag@sub.example.co.uk",
        "j\u00fcrgen@b\u00fccher.example",
        "x@xn--bcher-kva.example",
        f"{'a' * 64}@{'.'.join(['b' * 62] * 3)}",
    ],
)
def test_an_unusual_address_is_accepted_when_it_can_be_one(address):
    """Tags, many labels, letters beyond ASCII and 254 characters are no faults."""
    assert "" == fault_of(address)


@pytest.mark.parametrize(
    ("address", "reason", "guess"),
    [
        ("", "empty", None),
        ("dana", "has an @", None),
        ("dana@", "both sides", None),
        ("@example.com", "both sides", None),
        ("dana@@example.com", "both sides", "dana@example.com"),
        ("dana@example", "no dot", None),
        ("dana@example..com", "dot too many", "dana@example.com"),
        (".dana@example.com", "dot too many", "dana@example.com"),
        ("dana lee@example.com", "blank inside", "danalee@example.com"),
        ("dana at example.com", "has an @", "dana@example.com"),
        ("dana(at)example(dot)com", "has an @", "dana@example.com"),
        ("dana@example,com", "cannot be in one", "dana@example.com"),
        ("dana@-example.com", "no domain", None),
        ("a@example.com b@example.com", "more than one", "a@example.com"),
        (f"{'a' * 243}@example.com", "255 characters", None),
    ],
)
def test_a_wrong_address_is_explained(address, reason, guess):
    """The reason says what is wrong, and the guess is an address."""
    assert reason in fault_of(address)
    assert guess is None or guess in mended(address)


@given(st.text(st.sampled_from("ab.@-+ '<>,;\u00e4\u200b1=:\"()"), max_size=14))
def test_whole_columns_are_judged_like_single_addresses(text):
    """The quick way for plain addresses accepts nothing that the careful way refuses, and changes nothing."""
    read = read_addresses(Coded(np.array([0]), [text]), pa.array([], pa.string()))
    address, _ = clean_address(text)
    assert bool(fault_of(address)) == (read.codes[0] < 0)
    assert read.codes[0] < 0 or read.values[read.codes[0]] == address


def test_an_address_of_a_member_is_accepted_whatever_it_looks_like():
    """Self-hosted installations have addresses that mail would refuse."""
    read = read_addresses(Coded(np.array([0]), ["Root@Localhost "]), pa.array(["root@localhost"]))
    assert ["root@localhost"] == read.values
    assert {} == read.misfits


@pytest.mark.parametrize(
    ("email", "similar"),
    [
        ("danna@example.com", ["dana@example.com"]),
        ("dan@example.com", []),  # too short to tell
        ("dama@example.com", ["dana@example.com"]),
        ("adna@example.com", ["dana@example.com"]),
        ("cara@example.com", ["carla@example.com"]),
        ("clara@example.com", []),  # two slips
        ("clare@example.com", []),
        ("calra@example.com", ["carla@example.com"]),
        ("dana@example.org", []),
        ("dana@example.com", []),
        ("newcomer@example.com", []),
    ],
)
def test_a_new_address_is_reported_when_it_is_one_slip_from_a_member(email, similar):
    """One letter more, less, another or two changed round, at the same domain; the row is still an invitation."""
    snapshot = make_snapshot()
    edits = parse_sheet(sheet([email, "Organization User"], [email, "Viewer", "Production"]), snapshot)
    assert edits.is_clean
    found = similar_members(edits.rows, snapshot)
    assert similar == found["similar"].tolist()
    assert [2] * len(similar) == found["row"].tolist()
    assert all(email in message for message in found["message"])


def test_the_search_for_near_names_stops_when_a_sheet_is_all_wrong():
    """The nearest names are looked for a limited number of times, since each search takes time."""
    nearest = Nearest(["Production"], budget=1)
    assert ["Production"] == nearest.find("Prod uction")
    assert [] == nearest.find("Productio")
