from __future__ import annotations

import pandas as pd
import pytest

from lsnb.errors import TableError
from lsnb.plan import Rules
from lsnb.widgets import invite_form
from tests.widgets.conftest import NASTY, TIMEOUT_S

PASTED = """Dana Lee <dana.lee@acme.example>; ADA.LINDQVIST@acme.example
- sam@acme.example, sam@acme.example
who@elsewhere.example
ada.lindqvis@acme.example
nonsense@
"""


@pytest.fixture
def form(org):
    """Give the form on the demo organization."""
    made = invite_form(org)
    yield made
    made.close()


def states(form):
    """Say what each address is."""
    preview = form.preview()
    return dict(zip(preview["email"], preview["state"], strict=True))


def test_every_address_is_judged_before_anything_is_sent(server, form):
    """New, given twice, here already, of another domain, unreadable: each is told, and nothing was written."""
    form.read(PASTED)
    assert {
        "dana.lee@acme.example": "new",
        "ada.lindqvist@acme.example": "member",
        "sam@acme.example": "duplicate",
        "who@elsewhere.example": "outside",
        "ada.lindqvis@acme.example": "new",
        "nonsense@": "bad",
    } == states(form)
    hints = dict(zip(form.preview()["email"], form.preview()["hint"], strict=True))
    assert "One letter from ada.lindqvist@acme.example" in hints["ada.lindqvis@acme.example"]
    assert "Given 2 times" in hints["sam@acme.example"]
    assert "Look twice" in form._similar.value
    assert {"GET"} == {request["method"] for request in server.requests}


def test_who_was_invited_before_is_told(form):
    """An open invitation is no reason to send another one."""
    email = form.snapshot.invites["email"].iloc[0]
    form.read(email)
    assert {email: "invited"} == states(form)
    assert form.plan_button.disabled
    with pytest.raises(TableError, match="Nobody of these is new"):
        form.plan()


def test_only_who_is_new_is_planned(form):
    """Members keep what they have, and everybody new gets the roles that were chosen."""
    form.read(PASTED)
    form.role = "Organization Viewer"
    form.workspaces = {"Production": "Viewer", "Staging": "Editor"}
    plan = form.plan(allow={"email-domains": "partner, ticket 9"})
    invited = sorted(change.email for change in plan.changes)
    new = ["ada.lindqvis@acme.example", "dana.lee@acme.example", "sam@acme.example", "who@elsewhere.example"]
    assert new == invited
    assert {"Organization Viewer"} == {change.after["role"] for change in plan.changes}
    places = {place["workspace"] for place in plan.changes[0].after["workspaces"]}
    assert places <= {"Production", "Staging"}
    assert form.plan().refusals[0].rule == "email-domains"


def test_other_domains_can_be_the_rule(org):
    """The domains that the rules name are not outside, whoever is here already."""
    form = invite_form(org, rules=Rules(email_domains=("elsewhere.example",)))
    form.read(PASTED)
    assert "new" == states(form)["who@elsewhere.example"]
    assert "outside" == states(form)["dana.lee@acme.example"]


def test_a_file_is_read(form, tmp_path):
    """A CSV, an Excel file and a text of an old code page give the same addresses."""
    text = "Name,E-mail\nDana Lee,dana.lee@acme.example\nJosé,jose@acme.example\n"
    for name, content in (("a.csv", text.encode("utf-8-sig")), ("b.txt", text.encode("cp1252"))):
        (tmp_path / name).write_bytes(content)
        form.load(tmp_path / name)
        assert ["dana.lee@acme.example", "jose@acme.example"] == sorted(states(form))
    frame = pd.DataFrame({"name": ["Dana Lee"], "email": ["dana.lee@acme.example"]})
    frame.to_excel(tmp_path / "c.xlsx", index=False)
    form.load(tmp_path / "c.xlsx")
    assert {"dana.lee@acme.example": "new"} == states(form)


def test_what_was_typed_survives_running_the_cell_again(org, form):
    """Addresses, role and workspaces are there again, unless the form is to begin afresh."""
    form.read(PASTED)
    form.role = "Organization Viewer"
    form.workspaces = {"Production": "Viewer"}
    again = invite_form(org)
    assert PASTED == again.text
    assert ("Organization Viewer", {"Production": "Workspace Viewer"}) == (again.role, again.workspaces)
    assert "" == invite_form(org, fresh=True).text


def test_an_unknown_role_or_workspace_is_refused(form):
    """What does not exist is said with what does."""
    with pytest.raises(TableError, match=r"There are: .*Production"):
        form.workspaces = {"Nowhere": "Viewer"}
    with pytest.raises(TableError, match="no such role"):
        form.role = "Nobody"


def test_planned_and_sent_by_clicks(server, form):
    """One e-mail for each person, and another click sends none."""
    form.read("dana.lee@acme.example, sam@acme.example")
    form.plan_button.click()
    assert form.wait(TIMEOUT_S)
    view = form.plan_view
    view.apply_button.click()
    view.apply_button.click()
    assert view.applying.wait(TIMEOUT_S)
    assert view.apply() is view.applying
    assert {"invited"} == set(states(form).values())
    sent = sorted(mail["email"] for mail in server.state.emails_sent)
    assert ["dana.lee@acme.example", "sam@acme.example"] == sent


def test_names_that_are_html_stay_text(form):
    """What was pasted is text everywhere."""
    form.read(f"{NASTY}\n{NASTY} <dana.lee@acme.example>\n{NASTY}@acme.example")
    shown = [form._facts.value, form._similar.value, form.static_html()]
    assert [] == [content for content in shown if "<img" in content]
