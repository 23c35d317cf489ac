"""Addresses that look like those of people who are here, slips in removals, and what stands beside pasted addresses."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest

from lsnb.errors import TableError
from lsnb.files.sheets import write_access_sheet
from lsnb.sheets import parse_addresses, parse_sheet
from lsnb.sheets.emails import clean_address, fault_of
from lsnb.widgets import access_editor, invite_form
from tests.edits.company import make_snapshot
from tests.edits.company import sheet as rows
from tests.faults.sheets import GRACE, YUKI, book, said, saved

INES, SIOBHAN, ANNA = "inês.duarte@acme.example", "siobhan.o'connor@acme.example", "anna@münchen.example"


def decomposed(text: str) -> str:
    """Write accents as marks of their own, as macOS does."""
    return unicodedata.normalize("NFD", text)


def wide(text: str) -> str:
    """Write letters in the wide forms of East Asian keyboards."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


@pytest.fixture
def neighbours(server):
    """Give three people of the demo organization addresses that can be written in two ways."""
    people = {person.email: person for person in server.state.people.values()}
    for old, new in ((GRACE, INES), (YUKI, SIOBHAN), ("liam.murphy@acme.example", ANNA)):
        people[old].email = new


def hints(org, frame) -> str:
    """Give the hints of a sheet's problems."""
    return " ".join(org.check_sheets(frame).problems["hint"])


@pytest.mark.parametrize(
    "address",
    [
        decomposed(INES),
        decomposed(INES).upper(),
        f"Inês <{decomposed(INES)}>",
        INES.replace("duarte", "du\u00adarte"),
        f"{INES}\u200b",
    ],
)
def test_b5_accents_composed_otherwise_are_the_same_person(org, neighbours, address, tmp_path, run):
    """A role is changed and nobody invited; also soft hyphens and what else does not show."""
    frame = rows([address, "Organization Viewer", "", ""])
    plan = org.plan(frame)
    assert [("SetOrgRole", INES)] == [(change.kind, change.email) for change in plan.changes]
    path = tmp_path / "s.csv"
    frame.to_csv(path, index=False)
    assert "SetOrgRole" in str(org.plan(path).to_json())
    assert ["RemoveMember"] == [c.kind for c in org.plan(rows([address, "", "", "remove"])).changes]
    form = invite_form(org, fresh=True)
    assert ["member"] == form.read(address)["state"].tolist()
    editor = access_editor(org, fresh=True)
    assert 1 == editor.load(path.read_bytes())


def test_b5_an_export_written_with_marks_of_their_own_asks_for_nothing(org, neighbours, tmp_path):
    """Also where the sheet is the whole truth."""
    snap = org.snapshot(tables=["access"])
    path = write_access_sheet(snap, tmp_path / "a.csv")
    path.write_text(decomposed(path.read_text(encoding="utf-8-sig")), encoding="utf-8")
    assert org.plan(path).is_empty
    assert org.plan(path, mode="sync", scope="organization").is_empty


def test_b5_a_member_who_is_written_with_marks_is_found_by_composed_letters():
    """The address that the service has counts, whichever it is."""
    theirs = decomposed("zoë@example.com")
    snapshot = make_snapshot(people=[(theirs, "ORGANIZATION_USER", {}, False)])
    edits = parse_sheet(rows(["zoë@example.com", "Organization Viewer"]), snapshot)
    assert [theirs] == edits.rows["email"].tolist()
    new = parse_sheet(rows([decomposed("chloé@example.com"), "Organization Viewer"]), snapshot)
    assert ["chloé@example.com"] == new.rows["email"].tolist()


LOOKALIKES = [
    (SIOBHAN.replace("'", "\u2019"), SIOBHAN),
    (SIOBHAN.replace("'", "`"), SIOBHAN),
    (SIOBHAN.replace("o", "\u043e", 1), SIOBHAN),
    (f"{wide('siobhan')}.o'connor@acme.example", SIOBHAN),
    (SIOBHAN.replace("@", "\uff20"), SIOBHAN),
    (SIOBHAN.replace(".example", "\u3002example"), SIOBHAN),
    ("anna@xn--mnchen-3ya.example", ANNA),
    (INES.replace("i", "\u0456", 1), INES),
]


@pytest.mark.parametrize(("address", "meant"), LOOKALIKES)
@pytest.mark.parametrize("row", [["Organization Viewer", "", ""], ["", "", "remove"], ["", "Production", "remove"]])
def test_b6_an_address_that_looks_like_somebody_here_is_a_problem(org, neighbours, address, meant, row):
    """Neither an invitation to a twin nor a removal of nobody, under every mode."""
    frame = rows([address, *row])
    assert f"Did you mean '{meant}'?" in hints(org, frame)
    with pytest.raises(TableError, match="Did you mean"):
        org.plan(frame, mode="sync", scope="organization")


def test_b6_the_form_for_invitations_does_not_invite_a_twin(org, neighbours):
    """It says who looks the same."""
    form = invite_form(org, fresh=True)
    found = form.read("\n".join(address for address, _ in LOOKALIKES[:3]))
    assert {"bad"} == set(found["state"])
    assert found["hint"].str.contains("Did you mean").all()
    assert 0 == form.n_new


def test_b6_a_plain_address_that_looks_like_a_member_in_other_letters_is_a_problem():
    """The member may be the one with the curly apostrophe."""
    snapshot = make_snapshot(people=[("o\u2019neil@example.com", "ORGANIZATION_USER", {}, False)])
    problems = parse_sheet(rows(["o'neil@example.com", "Organization Viewer"]), snapshot).problems
    assert ["Did you mean 'o\u2019neil@example.com'?"] == problems["hint"].tolist()


def test_b6_both_twins_can_be_members():
    """Whoever is here is meant by the exact address."""
    twins = ["o'neil@example.com", "o\u2019neil@example.com", "zoë@example.com", decomposed("zoë@example.com")]
    snapshot = make_snapshot(people=[(email, "ORGANIZATION_USER", {}, False) for email in twins])
    edits = parse_sheet(rows(*([email, "Organization Viewer"] for email in twins[:3])), snapshot)
    assert edits.is_clean
    assert twins[:3] == edits.rows["email"].tolist()


def test_b6_names_of_roles_and_workspaces_in_other_letters_are_problems_that_name_the_right_one(org):
    """A role that looks like another is not created beside it either."""
    frame = rows([GRACE, "Viewer", wide("P") + "roduction", ""], [GRACE, "Vi\u0435wer", "Production", ""])
    found = hints(org, frame)
    assert "'Production'" in found
    assert "Viewer'" in found
    matrix = pd.DataFrame({"permission": ["runs:read"], "P\u043ewer User": ["x"]})
    assert "Did you mean 'Power User'?" in hints(org, matrix)


def test_b6_new_people_in_other_letters_are_invited_with_a_warning(org):
    """Nobody here looks like them."""
    plan = org.plan(rows(["søren@acme.example", "Organization Viewer"]))
    assert ["InviteMember"] == [change.kind for change in plan.changes]
    assert "similar-address" in said(plan)


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("yuki.stao@acme.example", YUKI),
        ("grace.kin@acme.example", GRACE),
        ("grace.kim@acme.exmaple", GRACE),
        ("liam.murphyy@acme.example", "liam.murphy@acme.example"),
    ],
)
@pytest.mark.parametrize("place", ["", "Production"])
def test_b7_a_slip_in_a_removal_is_a_problem_with_the_nearest(org, address, meant, place, tmp_path, run):
    """Nobody would have been removed, and nobody told."""
    frame = rows([address, "", place, "remove"])
    found = org.check_sheets(frame).problems
    assert [f"Did you mean '{meant}'?"] == found["hint"].tolist()
    path = tmp_path / "s.csv"
    frame.to_csv(path, index=False)
    assert meant in run("plan", path, "--mode", "remove")[1]


def test_b7_who_is_gone_already_is_a_warning(org):
    """A sheet may be planned again after it was applied; a name further off is asked about."""
    plan = org.plan(
        rows(["nobody.at.all@acme.example", "", "", "remove"], ["sato.yuki@acme.example", "", "", "remove"])
    )
    assert plan.is_empty
    assert "nobody here has the address nobody.at.all@acme.example" in said(plan)
    assert f"Did you mean '{YUKI}'?" in said(plan)
    assert "everybody has" not in plan.to_text()


@pytest.mark.parametrize("address", ['"ann b"@acme.example', "ann@acme.-example", "xy z@acme.example", "q@acme..-x"])
def test_b14_no_hint_at_somebody_else(org, address):
    """That the domain is the same says nothing about the person."""
    found = org.check_sheets(rows([address, "Organization Viewer"])).problems
    assert 1 == len(found)
    assert "team@" not in found["hint"].iloc[0]


@pytest.mark.parametrize(
    "address", ["grace.kim@acme", '"grace.kim"@acme.example', "grace kim@acme.example", "grace.kim"]
)
def test_b14_a_hint_where_the_name_is_near(org, address):
    """What is wrong lies around it."""
    assert f"'{GRACE}'" in hints(org, rows([address, "Organization Viewer"]))


ROLES = ["Viewer", "Workspace Viewer", "WORKSPACE_ADMIN", "organization user"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "line", ["{email}\t{role}", "{role}\t{email}", "Grace Kim\t{email}\t{role}", "{email}, {role}"]
)
def test_b16_a_role_beside_an_address_is_no_name_and_is_not_used(role, line):
    """It is said once for all lines, and the name is kept."""
    text = "\n".join(line.format(email=f"p{i}@acme.example", role=role) for i in range(3))
    found, problems = parse_addresses(text)
    assert 3 == len(found)
    assert {"Grace Kim"} == set(found["name"]) if "Grace" in line else found["name"].isna().all()
    assert [role] == problems["value"].tolist()
    assert "not used" in problems["reason"].iloc[0]


def test_b16_the_form_says_which_roles_and_workspaces_are_not_used(org):
    """Custom ones too, and they keep nobody from being invited."""
    form = invite_form(org, fresh=True)
    found = form.read("a.new@acme.example\tPower User\nb.new@acme.example\tStaging\n")
    assert {"Power User", "Staging"} == set(found.loc[found["state"] == "unused", "email"])
    assert 2 == form.n_new


@pytest.mark.parametrize(
    "text",
    [
        "mailto:a1@acme.example?cc=b1@acme.example",
        "MAILTO:a1@acme.example?subject=Hi&bcc=b1%40acme.example",
        "mailto:a1@acme.example,b1@acme.example?subject=x",
        "mailto:?to=a1@acme.example,b1@acme.example",
    ],
)
def test_b16_whom_a_link_copies_is_not_dropped(org, text):
    """All are listed; in a cell of a sheet it is one address too many."""
    assert ["a1@acme.example", "b1@acme.example"] == parse_addresses(text)[0]["email"].tolist()
    assert 1 == len(org.check_sheets(rows([text, "Organization Viewer"])).problems)


def test_b16_a_link_without_copies_is_one_address():
    """Also in a cell."""
    assert ("a1@acme.example", "") == clean_address("mailto:a1@acme.example?subject=Hello there")


def test_b16_hidden_rows_of_a_list_are_named_and_go_into_the_plan(org, tmp_path):
    """Each would have been an e-mail to somebody who was filtered out."""
    made = book(["email"], ["a.new@acme.example"], ["b.new@acme.example"])
    made.active.row_dimensions[3].hidden = True
    form = invite_form(org, fresh=True)
    form.load(saved(made, tmp_path / "l.xlsx"))
    assert "l.xlsx: row 3 is hidden" in said(form.plan())


@pytest.mark.parametrize(
    ("address", "is_fine"),
    [
        ("a" * 64 + "@acme.example", True),
        ("a" * 65 + "@acme.example", False),
        ("é" * 33 + "@acme.example", False),
        ("a@" + "b" * 64 + ".example", False),
        ("a@" + ".".join(["b" * 60] * 5), False),
        ("a" * 60 + "@" + ".".join(["b" * 60] * 4), False),
        ("é" * 32 + "@acme.example", True),
    ],
)
def test_b17_the_limits_of_mail_are_kept(address, is_fine):
    """64 before the @, 63 in a part of the domain, 254 in all, in octets."""
    assert is_fine is (fault_of(address) == "")
    assert is_fine is parse_sheet(rows([address, "Organization Viewer"]), make_snapshot()).is_clean
