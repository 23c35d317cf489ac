"""A plan in all its forms: what each must say, and what none may let through."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from lsnb.plan import Deferred, RuleResult
from lsnb.report import PLAN_COLUMNS
from lsnb.report.html import FOLD_ABOVE, MOST_ROWS
from lsnb.report.words import clean, from_words, to_words
from tests.plan.company import Company, plan_of, sheet

HOSTILE = (
    "<img src=x onerror=window.hacked=1>",
    "a | b `c` *d* [e](javascript:f)",
    "\x1b[31mred\x1b[0m\x07",
    "line\nbreak\r\tand\u2028more",
    "\u202egnp.exe\u200b",
    '"><script>alert(1)</script>',
    "@acme/everybody",
)


def company():
    """Make an organization of two admins and some members."""
    made = Company().add("ada", "Organization Admin").add("ben", "Organization Admin", {"Production": "Viewer"})
    return made.add("dana", places={"Production": "Editor", "Staging": "Viewer"}).add(
        "eve", places={"Production": "Viewer"}, state="pending"
    )


def full_plan():
    """Make a plan with something of everything."""
    rows = [
        ("ada", "", "Organization User"),
        ("ben", "Staging", "Viewer"),
        ("dana", "", "", "remove"),
        ("eve", "Staging", "Viewer"),
        ("new", "Production", "Viewer"),
        ("new", "Staging", "Admin"),
    ]
    return plan_of(company(), sheet(*rows))


def large_plan(n):
    """Make a plan of so many changes."""
    rows = [(f"new{i:04}", "Production", "Viewer") for i in range(n)]
    return plan_of(company(), sheet(*rows))


def hostile_plan(text):
    """Put a hostile text into every place that comes from outside."""
    plan = full_plan()
    change = replace(
        plan.changes[0],
        email=text,
        workspace=text,
        scope="workspace",
        reason=text,
        consequence=text,
        before={"role": text, "workspaces": [{"workspace": text, "role": text}]},
        after={"role": text, "workspaces": [{"workspace": text}], "workspace_role": text},
    )
    return replace(
        plan,
        organization=text,
        host=text,
        scope=(text,),
        created_at=text,
        changes=(change,),
        waiting=(Deferred(text, text, text, text),),
        refusals=(RuleResult("self", text),),
        warnings=(RuleResult("similar", text),),
    )


class Tags(HTMLParser):
    """Collects the tags and attributes of a page, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Collect a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        """Collect a text."""
        self.texts.append(data)


@pytest.mark.parametrize("form", ["to_text", "to_markdown", "to_html"])
def test_every_form_says_what_matters_when_a_plan_is_shown(form):
    """Numbers, refusals, warnings, the changes with their reasons, what waits, and the fingerprint."""
    plan = full_plan()
    text = "".join(Tags(plan.to_html()).texts) if form == "to_html" else getattr(plan, form)()
    flat = " ".join(text.split())
    for words in (
        "2 e-mails will be sent" if form != "to_html" else "2e-mails will be sent",
        "min-admins",
        "ben@example.com is Organization Admin",
        "dana@example.com",
        "→",
        "must accept the invitation first",
        plan.fingerprint,
    ):
        assert words in flat
    assert flat.index("min-admins") < flat.index("Who" if form != "to_text" else "who ")


@pytest.mark.parametrize("form", ["to_text", "to_markdown", "to_html"])
def test_an_empty_plan_says_so_when_it_is_shown(form):
    """Nothing to do is said in words, with the reason."""
    show = lambda plan: getattr(plan, form)()  # noqa: E731
    assert "Nothing to do: everybody has what the sheet asks for already" in show(plan_of(company(), sheet()))
    waiting = plan_of(company(), sheet(("eve", "Staging", "Admin")))
    assert "Nothing to do: 1 wish must wait until people have joined" in show(waiting)
    warned = plan_of(company(), sheet(("ben", "Staging", "Admin")))
    assert "Nothing to do: see the warnings" in show(warned)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_runs_when_a_plan_is_shown_as_html(text):
    """Names are text: they bring no tag, no handler and no script, in the notebook or on a page."""
    for html in (hostile_plan(text).to_html(), hostile_plan(text).to_html(page=True)):
        page = Tags(html)
        assert {"img", "script", "a"} & page.tags == set()
        assert not any(name.startswith("on") or name in ("src", "href") for name in page.attributes)
        assert not set("\x1b\x07\u202e\u200b") & set(html)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_escape_reaches_the_terminal_when_a_plan_is_shown_as_text(text):
    """Control characters, hidden marks and line breaks of names are gone."""
    shown = hostile_plan(text).to_text()
    assert not [mark for mark in shown if mark != "\n" and (ord(mark) < 32 or 0x7F <= ord(mark) < 0xA0)]
    assert not set("\u202e\u200b\u2028") & set(shown)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_table_keeps_its_shape_when_a_plan_is_shown_as_markdown(text):
    """Names close no cell, start no line, and bring no HTML and no link."""
    shown = hostile_plan(text).to_markdown()
    assert "<" not in shown
    assert "@acme" not in shown
    live = re.sub(r"\\.", "", shown)
    assert not set("[]*`") & set(re.sub(r"\*\*|Fingerprint: `\w+`", "", live))
    assert {6, 4} == {line.count("|") - 1 for line in live.splitlines() if line.startswith("|")}


def test_the_summary_is_above_the_table_when_a_plan_is_large():
    """Above 200 rows the table is folded away; far more rows are not written at all."""
    small, large = plan_of(company(), sheet(("dana", "Research", "Viewer"))), large_plan(FOLD_ABOVE + 1)
    assert "details" not in Tags(small.to_html()).tags
    assert "All 201 changes" in large.to_html()
    huge = replace(large, changes=large.changes * 10)
    assert f"The first {MOST_ROWS:,} of 2,010" in huge.to_html()
    assert MOST_ROWS + 1 == huge.to_html().count("<tr>")


def test_the_list_is_cut_with_its_number_when_a_plan_is_large():
    """Text and Markdown say how many more there are, and give all where asked."""
    plan = large_plan(203)
    assert "and 3 more changes" in plan.to_text()
    assert "and 3 more changes" in plan.to_markdown()
    assert "new0202@example.com" in plan.to_text(limit=None)


@pytest.mark.parametrize("width", [200, 100, 80, 60, 40])
def test_lines_fit_when_the_terminal_is_narrow(width):
    """The table shrinks with the width, and becomes a list where it does not fit."""
    shown = full_plan().to_text(width=width).splitlines()
    assert [line for line in shown if len(line) > width and "Fingerprint" not in line] == []


def test_the_page_loads_nothing_when_it_stands_alone():
    """A page has its own policy against anything that runs or loads, and a title."""
    html = full_plan().to_html(page=True)
    assert html.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in html
    assert "<title>Plan for Acme" in html


def test_the_table_has_a_row_for_each_change_when_a_plan_is_a_frame():
    """Columns and dtypes are always the same, also for an empty plan."""
    frame, empty = full_plan().to_frame(), plan_of(company(), sheet()).to_frame()
    assert list(PLAN_COLUMNS) == list(frame.columns) == list(empty.columns)
    assert frame.dtypes.tolist() == empty.dtypes.tolist()
    assert [change.id for change in full_plan().changes] == frame["id"].tolist()
    assert 0 == len(empty)


def test_cells_are_text_when_a_plan_is_opened_in_a_spreadsheet():
    """What a spreadsheet would run is neutralised; the rest is as in the frame."""
    plan = hostile_plan("=HYPERLINK(1)")
    frame = pd.read_csv(io.StringIO(plan.to_csv()), dtype=str)
    assert "'=HYPERLINK(1)" == frame.loc[0, "email"]
    assert "=HYPERLINK(1)" == plan.to_frame().loc[0, "email"]


def test_before_and_after_are_words_when_a_change_is_shown():
    """Each kind reads as from and to."""
    shown = {change.kind: (from_words(change), to_words(change)) for change in full_plan().changes}
    assert {
        "InviteMember": ("not in the organization", "Organization User (invited); Viewer in Production"),
        "ReplaceInvite": (
            "Organization User (invited); Viewer in Production",
            "Organization User (invited); Viewer in Production, Staging",
        ),
        "SetOrgRole": ("Organization Admin", "Organization User"),
        "RemoveMember": ("Organization User; Editor in Production; Viewer in Staging", "removed from the organization"),
    } == shown


def test_a_plan_is_short_when_its_repr_is_asked_for():
    """A list of plans stays readable."""
    assert repr(full_plan()).startswith("<Plan for 'Acme': 4 changes, refused by min-admins; fingerprint ")
    assert full_plan()._repr_html_() == full_plan().to_html()
    assert str(full_plan()) == full_plan().to_text()


def test_texts_become_one_harmless_line_when_they_are_cleaned():
    """Marks go, breaks become blanks, letters of all scripts stay."""
    assert "a b c" == clean(" a\tb\r\n\u2028c\x00\x1b ")
    assert "Zoë 李 🙂" == clean("Zoë 李 🙂")
