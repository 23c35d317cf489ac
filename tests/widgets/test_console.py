from __future__ import annotations

import json

import ipywidgets
import pytest

from lsnb.apply.journal.listing import list_runs
from lsnb.errors import JournalError, LsnbError
from lsnb.widgets import console, runs_view, settings_form
from lsnb.widgets.tabs import TABS
from tests.widgets.conftest import TIMEOUT_S
from tests.widgets.nasty import html_of, plant


@pytest.fixture
def app(org):
    """Give the console on the demo organization."""
    made = console(org)
    yield made
    end(made)


def end(app):
    """Close a console, and wait until what its tabs were doing has ended."""
    app.close()
    for form in (app, *app.panes.values(), *(pane.form for pane in app.panes.values() if pane.form)):
        form.wait(TIMEOUT_S)


def applied(org, name, value):
    """Change a setting through its form, and give the run."""
    form = settings_form(org, fresh=True)
    form.set(name, value)
    view = form.show_plan()
    view.unlock(view.phrase)
    view.apply().wait(TIMEOUT_S)
    assert view.applying.run.is_done
    return view.applying.run


def test_tabs_are_made_when_they_are_opened(app):
    """One reading serves all tabs, and a tab costs nothing before somebody looks at it."""
    app.open("Roles")
    assert {"Overview", "Roles"} == {name for name, pane in app.panes.items() if pane.form or pane.is_busy}
    assert list(TABS) == [app.tabs.get_title(place) for place in range(len(TABS))]
    with pytest.raises(LsnbError, match="There is no tab 'Nonsense'"):
        app.open("Nonsense")


@pytest.mark.parametrize("name", TABS)
def test_every_tab_opens_with_html_in_every_name(org, server, name):
    """Each form is there, without an error, and what is called by HTML is text in it."""
    plant(server.state)
    app = console(org)
    form = app.open(name)
    assert form.wait(TIMEOUT_S)
    assert form.error is None
    assert [] == [text for text in html_of(app.box) if "<img src=x" in text]
    end(app)


def test_one_reading_serves_all_tabs(app, server):
    """Opening tabs asks the service for nothing more, save what only a token's own owner is told."""
    app.snapshot  # noqa: B018  wait for it
    app.open("Overview")
    n_before = len(server.requests)
    for name in ("Explore", "Access", "Roles", "Settings", "Audit"):
        app.open(name).wait(TIMEOUT_S)
    assert n_before == len(server.requests)


def test_no_address_is_in_the_state_that_a_notebook_saves(app):
    """Whatever the tabs show of people, none of it lands in a notebook that is saved with its widgets' state."""
    people = set(app.snapshot.members["email"]) - {app.snapshot.meta.caller.email}
    for name in TABS:
        app.open(name).wait(TIMEOUT_S)
    audit = app.open("Audit")
    audit.filter(area="MEM", status="all", severity="all", text="")
    assert audit.shown["email"].notna().any()
    audit.show_details(audit.shown.index[0])
    saved = json.dumps(ipywidgets.Widget.get_manager_state(drop_defaults=False), default=str)
    assert "What the audit found" in saved
    assert [] == sorted(email for email in people if email in saved)


def test_reading_again_keeps_what_was_typed(app, server):
    """The open tab is made anew from a new reading, with the edits in it."""
    app.open("Roles").set_permission("Annotator", "runs:delete")
    next(role for role in server.state.roles.values() if role.display_name == "Report Reader").display_name = "Readers"
    app.read_again()
    roles = app.open("Roles")
    assert "Readers" in roles.role_names
    assert "runs:delete" in roles.permissions_of("Annotator")


def test_it_begins_by_connecting(org):
    """Without an organization the console shows the form that connects, and then its tabs."""
    app = console()
    assert app.connecting is not None
    with pytest.raises(LsnbError, match="Nothing is connected yet"):
        app.open("Roles")
    app.take(org)
    assert "Acme Robotics" == app.snapshot.meta.organization
    assert "Acme Robotics" in app.open("Overview").summary()
    end(app)


def test_a_failed_reading_is_a_card(org, server):
    """When the service cannot be read, the console says so and can try again."""
    server.faults.add(status=401, times=None)
    app = console(org)
    app.wait(TIMEOUT_S)
    assert app.error is not None
    assert "lsnb-card bad" in app.alert.value
    assert not app.refresh_button.disabled
    app.close()


def test_reading_again_waits_for_a_run(app):
    """While a plan is being carried out in a tab, that tab is not taken away."""

    class Busy:
        is_busy = True

    class View:
        applying = Busy()

    app.open("Settings")
    app.panes["Settings"].form.plan_view = View()
    with pytest.raises(LsnbError, match="being carried out in Settings"):
        app.read_again()
    app.panes["Settings"].form.plan_view = None


def test_closing_ends_every_tab(app):
    """Nothing of the console is left in the kernel, nor any of its threads."""
    forms = [app.open(name) for name in ("Access", "Roles")]
    app.close()
    assert [True, True] == [form.is_closed for form in forms]
    assert app.box.comm is None
    assert all(pane.wait(TIMEOUT_S) for pane in app.panes.values())
    assert not any(pane.is_busy for pane in app.panes.values())


def test_runs_are_listed_and_taken_back(org, server):
    """A run has its row with what became of it, its results, and a plan that takes it back."""
    assert list_runs().empty
    run = applied(org, "public_sharing_disabled", True)
    view = runs_view(org)
    assert [1] == view.runs["done"].tolist()
    assert ["UpdateSettings"] == view.choose(run.journal.name)["kind"].tolist()
    undo = view.undo()
    undo.unlock(undo.phrase)
    undo.apply().wait(TIMEOUT_S)
    assert undo.applying.run.is_done
    view.reload()
    assert [1, 1] == view.runs["done"].tolist()
    assert org.snapshot(tables=["settings"]).setting("public_sharing_disabled") is False
    with pytest.raises(JournalError, match="There is no journal"):
        view.choose("nothing.jsonl")
    view.close()


def test_a_damaged_journal_is_said_and_others_stay(org, tmp_path):
    """One file that is no journal takes nothing away from the others; other organizations' runs are not shown."""
    run = applied(org, "public_sharing_disabled", True)
    (run.journal.parent / "broken.jsonl").write_text("nonsense\n")
    runs = list_runs(run.journal.parent)
    assert [False, True] == sorted(runs["trouble"].notna())
    assert 1 == len(list_runs(run.journal.parent, organization_id="other"))
    assert [True] == list(list_runs(run.journal.parent, organization_id="other")["trouble"].notna())
