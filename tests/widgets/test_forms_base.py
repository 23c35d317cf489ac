from __future__ import annotations

import threading

import pytest

from lsnb.errors import AuthError, ConfigError, TableError
from lsnb.widgets import alerts, controls
from lsnb.widgets.bar import Bar, duration_words
from lsnb.widgets.base import Form
from lsnb.widgets.draft_store import Memory, forget_everything
from lsnb.widgets.work import Painter, Worker

NASTY = "<img src=x onerror=window.hacked=1>"
TIMEOUT_S = 20


@pytest.fixture
def form():
    """Give an empty form."""
    made = Form("A form")
    yield made
    made.close()


def test_a_double_click_begins_the_work_once(form):
    """The second click while the first is at work does nothing, and the button is grey meanwhile."""
    gate, calls = threading.Event(), []
    button = controls.button("Go")

    def act():
        calls.append(1)
        gate.wait(TIMEOUT_S)

    form.on_click_work(button, "Working", act)
    button.click()
    assert button.disabled
    button.click()
    button.click()
    gate.set()
    assert form.wait(TIMEOUT_S)
    assert [1] == calls
    assert not button.disabled


def test_an_error_of_a_click_becomes_a_card(form):
    """What goes wrong is shown with what to do, the trace folded away; the next click that works takes it away."""
    answers = [ConfigError("There is no key. Set one."), None]

    def act():
        answer = answers.pop(0)
        if answer:
            raise answer

    button = form.on_click(controls.button("Go"), act)
    button.click()
    assert "The settings cannot be used" in form.alert.value
    assert "Set one." in form.alert.value
    assert "<details>" in form.alert.value
    assert isinstance(form.error, ConfigError)
    assert form.error.__traceback__ is None
    button.click()
    assert form.error is None
    assert "" == form.alert.value


def test_an_error_on_the_thread_becomes_a_card_too(form):
    """Work that fails leaves the form usable, and says so."""
    button = form.on_click_work(controls.button("Go"), "Working", lambda: 1 / 0)
    button.click()
    assert form.wait(TIMEOUT_S)
    assert "ZeroDivisionError" in form.alert.value
    assert "did not expect" in form.alert.value
    assert not button.disabled


@pytest.mark.parametrize("error", [ValueError(NASTY), TableError(NASTY), KeyError(NASTY)])
def test_no_html_of_an_error_gets_onto_the_page(error):
    """A name that is HTML stays text, in the message and in the trace."""
    try:
        raise error
    except Exception as caught:
        shown = alerts.error_card(caught)
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_no_key_gets_into_a_card():
    """Neither what looks like a key nor the key in use is shown, not even in the trace."""
    error = AuthError("lsv2_pt_0123456789abcdef_01 or odd-secret", status=401, method="GET", path="/x")
    shown = alerts.error_card(error, secrets=["odd-secret"])
    assert "0123456789" not in shown
    assert "odd-secret" not in shown
    assert "The key was not accepted" in shown


def test_closing_a_form_closes_every_widget(form):
    """Nothing of a form is left for the page, its work is asked to stop, and no new work begins."""
    inner = controls.line_field("Name")
    form.body.children = [controls.row(inner, controls.button("Go"))]
    gone = [form.box, form.body, inner, inner.layout, inner.style, form.bar.widget]
    form.close()
    form.close()
    assert [None] * len(gone) == [widget.comm for widget in gone]
    assert form.worker.stop_asked.is_set()
    assert not form.work("More", lambda: None)
    assert "closed" in form._repr_mimebundle_()["text/plain"]


def test_a_form_says_something_where_no_script_runs(form):
    """The saved notebook has text beside the widget."""
    data, _ = form._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "A form" == data["text/plain"]
    assert "Run this cell again" in data["text/html"]


def test_memory_is_kept_per_kind_and_organization():
    """What one form was told the next one of its kind knows, unless it is told to begin afresh; nobody else does."""
    forget_everything()
    Memory("invite", "Acme").keep(text="a@b.example")
    assert "a@b.example" == Memory("invite", "Acme").get("text")
    assert Memory("invite", "Other").get("text") is None
    assert Memory("access", "Acme").get("text", "") == ""
    assert Memory("invite", "Acme", fresh=True).get("text") is None


def test_a_painter_draws_at_most_ten_times_a_second():
    """A thousand requests in no time give two drawings: the first, and one for the rest."""
    now, drawn = [0.0], []
    painter = Painter(lambda: drawn.append(now[0]), clock=lambda: now[0])
    for _ in range(1000):
        painter.ask()
    assert 1 == len(drawn)
    painter.flush()
    assert 2 == len(drawn)
    now[0] = 5.0
    painter.ask()
    assert 3 == len(drawn)
    painter.close()
    painter.ask()
    assert 3 == len(drawn)


def test_a_painter_draws_the_last_state_by_itself():
    """What was asked for too early is drawn a moment later, without another request."""
    drawn = threading.Event()
    painter = Painter(lambda: drawn.set() if painter_ready.is_set() else None, every_s=0.02)
    painter_ready = threading.Event()
    painter.ask()
    painter_ready.set()
    painter.ask()
    assert drawn.wait(TIMEOUT_S)


def test_the_bar_says_counts_and_pace():
    """After a second, the bar says how fast the work goes and how long it will take."""
    now = [0.0]
    bar = Bar(clock=lambda: now[0])
    bar.draw("Applying", 0, 100, "")
    now[0] = 2.0
    bar.draw("Applying", 20, 100, NASTY)
    assert "10 per second, 8 s left" in bar.words
    assert "20 of 100" in bar.widget.value
    assert "width:20.0%" in bar.widget.value
    assert "<img" not in bar.widget.value
    bar.end()
    assert "" == bar.widget.value
    assert ["1 s", "89 s", "2 min", "1 h 40 min"] == [duration_words(s) for s in (0.2, 89, 100, 6000)]


def test_a_closed_worker_begins_nothing():
    """A form that was closed cannot be set to work by a click that comes late."""
    worker = Worker()
    worker.close()
    assert not worker.start(lambda: None)
    assert worker.wait(0)
