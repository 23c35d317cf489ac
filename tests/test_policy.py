from __future__ import annotations

import tomllib
from dataclasses import fields
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lsnb
from lsnb.checks import CHECKS
from lsnb.errors import TableError
from lsnb.files.policy_file import check_policy
from lsnb.policy import (
    Policy,
    Waiver,
    items_from_document,
    items_from_rows,
    parse_policy,
    policy_template,
    policy_to_rows,
    policy_to_toml,
)
from lsnb.policy.model import DICTIONARIES, LISTS, THRESHOLDS, meanings

FULL = Policy(
    max_admins=6,
    max_admins_share=0.25,
    work_hours=(7, 19),
    allowed_domains=("acme.example",),
    domain_exceptions={"partner.example": pd.Timestamp("2027-01-01", tz="UTC")},
    accepted_admins=("ada@acme.example",),
    accepted_keys=('Key "A" = \\ b\nc', "#1"),
    break_glass=("glass@acme.example",),
    restricted_workspaces={"Prod = 1": ("ada@acme.example",), "Empty": ()},
    permission_holders={"runs:delete": ("ada@acme.example",)},
    duty_pairs=(("runs:delete", "runs:share"),),
    sensitive_permissions=(),
    waivers=(Waiver("LS-KEY-02", "service_key:x", "ada", "Ticket 1.", pd.Timestamp("2027-01-01", tz="UTC")),),
)


def from_toml(text, checks=CHECKS):
    """Read a policy from TOML."""
    return parse_policy(items_from_document(tomllib.loads(text)), checks=checks)


def from_rows(frame):
    """Read a policy from a table."""
    return parse_policy(items_from_rows(frame.astype(object).where(frame.notna(), None).to_dict("records")))


def told(problems):
    """Give the problems as (place, reason, hint)."""
    return [(p, r, "" if pd.isna(h) else h) for p, r, h in problems[["place", "reason", "hint"]].values]


@pytest.mark.parametrize("policy", [Policy(), FULL], ids=["the default", "a full one"])
def test_a_policy_written_down_is_read_back(policy):
    """As TOML and as a table, nothing is lost and nothing is a problem."""
    found, problems = from_toml(policy_to_toml(policy))
    assert ([], policy) == (told(problems), found)
    if policy is FULL:  # a cell cannot keep the line's end
        policy = Policy(**{f.name: getattr(FULL, f.name) for f in fields(Policy)} | {"accepted_keys": ("#1",)})
    found, problems = from_rows(policy_to_rows(policy))
    assert ([], policy) == (told(problems), found)


def test_the_template_says_what_every_entry_means():
    """The template has each field with a comment, and its commented examples are right once they are uncommented."""
    text = policy_template()
    assert {f.name for f in fields(Policy)} == set(meanings()) == {*THRESHOLDS, *LISTS, *DICTIONARIES, "waivers"}
    for name in (*THRESHOLDS, *LISTS):
        assert f"\n{name} = " in text
    examples = [
        line.removeprefix("# ") for line in text.splitlines() if line.startswith(('# "', "# [[", '# check = "'))
    ]
    assert 5 == len(examples)
    whole = "\n".join(
        line.removeprefix("# ")
        if line.startswith(('# "', "# [[waivers", "# check =", "# resource =", "# owner =", "# reason =", "# until ="))
        else line
        for line in text.splitlines()
    )
    policy, problems = from_toml(whole)
    assert [] == told(problems)
    assert policy.waivers[0].ends_at == pd.Timestamp("2027-01-01", tz="UTC")


def test_all_problems_are_told_at_once_with_place_and_hint():
    """Nobody mends a policy one run at a time."""
    _, problems = from_toml(
        """
        max_admins = 3
        [thresholds]
        max_admin = 3
        invite_days = "soon"
        max_admins_share = 7
        work_hours = [20, 6]
        key_max_days = -1
        break_glass = []
        [lists]
        accepted_admins = ["ada"]
        allowed_domains = ["ada@acme.example", 3]
        sensitive_permissions = ["runs:delet", "nonsense"]
        duty_pairs = [["runs:delete"]]
        [domain_exceptions]
        "partner.example" = "whenever"
        [permission_holders]
        "runs:delte" = ["ada@acme.example", "bob@acme.example"]
        [restricted_workspace]
        [[waivers]]
        check = "LS-KEY-2"
        until = 2026-12-31
        [[waivers]]
        check = "LS-KEY-02"
        resource = "*"
        owner = "ada"
        reason = "x"
        expires = 1
        """
    )
    expected = [
        ("max_admins", "there is no such entry", "it belongs into [thresholds]"),
        ("thresholds.max_admin", "there is no such entry", "did you mean 'max_admins'?"),
        ("thresholds.invite_days", "must be a number", "the default is 14"),
        ("thresholds.max_admins_share", "must be a share between 0 and 1", "the default is 0.1"),
        ("thresholds.work_hours", "must be two hours of a day in UTC, from and to", "such as 6 and 20"),
        ("thresholds.key_max_days", "must be a whole number, 0 or more", "the default is 180"),
        ("thresholds.break_glass", "there is no such entry", "it belongs into [lists]"),
        ("lists.accepted_admins[1]", "must be an address", "such as ada@example.com"),
        ("lists.allowed_domains[1]", "must be a domain", "acme.example"),
        ("lists.allowed_domains[2]", "must be a text", ""),
        ("lists.sensitive_permissions[1]", "there is no such permission", "did you mean 'runs:delete'?"),
        ("lists.sensitive_permissions[2]", "must be a permission", "such as runs:delete"),
        ("lists.duty_pairs[1]", "must be two permissions", 'such as "runs:delete", "runs:share"'),
        ("domain_exceptions.partner.example", "must be a date", "such as 2026-12-31"),
        ("permission_holders.runs:delte", "there is no such permission", "did you mean 'runs:delete'?"),
        ("restricted_workspace", "there is no such entry", "did you mean 'restricted_workspaces'?"),
        ("waivers[1].check", "there is no such check", "did you mean 'LS-KEY-02'?"),
        ("waivers[1].resource", "a waiver must have a resource", "the resource of the finding, or * for every one"),
        ("waivers[1].owner", "a waiver must have an owner", "the person who accepts it"),
        ("waivers[1].reason", "a waiver must have a reason", "why it is accepted"),
        ("waivers[2].expires", "there is no such entry", ""),
        ("waivers[2].until", "a waiver must have an end", "a date such as 2026-12-31"),
    ]
    found = told(problems)
    assert [place for place, _, _ in expected] == [place for place, _, _ in found]
    for want, have in zip(expected, found, strict=True):
        assert (want[1], want[2]) == (have[1], have[2] if want[2] else "")


def test_problems_of_a_table_name_their_rows(tmp_path):
    """A row of a spreadsheet is named as the spreadsheet numbers it."""
    path = tmp_path / "policy.csv"
    path.write_text(
        "kind;name;value;owner;reason;until\nmax_admins;;three;;;\n\nallowed_domain;;acme.example;;;\n"
        "waivers;LS-KEY-02;*;;new pipeline;31.12.2026\n",
        encoding="utf-8-sig",
    )
    _, problems = check_policy(path)
    assert ["must be a number", "there is no such entry", "a waiver must have an owner", "must be a date"] == [
        reason for _, reason, _ in told(problems)
    ]
    assert all(place.startswith("row ") for place in problems["place"])


def test_a_policy_with_problems_is_not_used(tmp_path):
    """Loading raises with all of them, and never goes by half a policy."""
    path = tmp_path / "policy.toml"
    path.write_text("[thresholds]\nmax_admin = 3\nmin_admins = true\n")
    with pytest.raises(TableError, match=r"(?s)2 problems.*max_admin.*did you mean.*min_admins") as caught:
        lsnb.load_policy(path)
    assert caught.value.problems is not None
    assert 2 == len(caught.value.problems)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.toml", b"max_admins = = 3", "is not TOML.*line 1"),
        ("a.toml", b"\xff\xfe\x00", "UTF-8"),
        ("a.csv", b"what,value\nmax_admins,3\n", "lacks the columns kind, name"),
    ],
)
def test_a_file_that_is_no_policy_says_what_is_wrong(tmp_path, name, content, words):
    """Whatever the file is, the error is a sentence and no traceback of a parser."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=words):
        lsnb.load_policy(tmp_path / name)


def test_a_missing_file_tells_how_to_write_one(tmp_path):
    """The error names the command that makes a policy."""
    with pytest.raises(TableError, match="lsnb policy init"):
        lsnb.load_policy(tmp_path / "none.toml")


@pytest.mark.parametrize("suffix", ["toml", "csv"])
def test_a_policy_is_loaded_from_either_form(tmp_path, suffix):
    """TOML and CSV of one policy load as the same value."""
    policy = Policy(max_admins=7, allowed_domains=("acme.example",))
    path = tmp_path / f"policy.{suffix}"
    if suffix == "toml":
        path.write_text(policy_to_toml(policy), encoding="utf-8")
    else:
        policy_to_rows(policy).to_csv(path, index=False)
    assert policy == lsnb.load_policy(path)


def test_a_day_counts_to_its_end_and_a_time_to_the_minute():
    """A waiver until a day holds on that day."""
    for until, end in (
        (date(2026, 12, 31), "2027-01-01T00:00Z"),
        ("2026-12-31", "2027-01-01T00:00Z"),
        ("2026-12-31T10:00:00+02:00", "2026-12-31T08:00Z"),
    ):
        document = {"domain_exceptions": {"a.example": until}}
        policy, problems = parse_policy(items_from_document(document))
        assert [] == told(problems)
        assert pd.Timestamp(end) == policy.domain_exceptions["a.example"]


def test_addresses_and_domains_are_compared_in_lower_case():
    """Whoever writes a policy need not mind how an address is spelt."""
    policy, _ = from_toml('[lists]\nbreak_glass = ["Glass@Acme.Example "]\nallowed_domains = ["ACME.example"]')
    assert (("glass@acme.example",), ("acme.example",)) == (policy.break_glass, policy.allowed_domains)


plain = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=20).filter(lambda t: t == t.strip())


@given(st.lists(plain, max_size=4), st.integers(0, 10**6), st.dictionaries(plain, st.just(()), max_size=3))
def test_any_text_survives_toml(names, number, places):
    """Quotes, backslashes, control characters and letters of every script come back as they were."""
    policy = Policy(key_max_days=number, accepted_keys=tuple(names), restricted_workspaces=places)
    found, problems = from_toml(policy_to_toml(policy))
    assert ([], policy) == (told(problems), found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(["thresholds", "lists", *DICTIONARIES, "waivers", "odd"]),
    st.sampled_from([*THRESHOLDS[:2], "work_hours", "allowed_domains", "duty_pairs", "odd"]),
)
def test_no_document_breaks_the_reader(value, section, name):
    """Whatever stands where, the answer is a policy and a list of problems."""
    for document in ({section: value}, {section: {name: value}}, {section: [value]}):
        _, problems = parse_policy(items_from_document(document))
        assert problems["reason"].notna().all()
