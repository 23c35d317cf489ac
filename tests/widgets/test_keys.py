from __future__ import annotations

import json

import ipywidgets
import pandas as pd
import pytest

from lsnb.errors import LsnbError, TableError
from lsnb.service.secret_sinks import Secret, SecretBox
from lsnb.widgets import keys_form
from lsnb.widgets.secret_reveal import SecretView
from tests.widgets.conftest import NASTY, TIMEOUT_S
from tests.widgets.nasty import html_of, plant


@pytest.fixture
def form(org):
    """Give the form on the demo organization."""
    made = keys_form(org)
    yield made
    made.close()


def test_what_the_checks_note_stands_beside_each_key(form):
    """A key that never ends and was never used says so in its row."""
    assert form.wait(TIMEOUT_S)
    frame = form.keys.frame
    noted = frame.loc[frame["description"] == "Default API key", "noted"].item()
    assert "Never expires." in noted
    assert "Never used." in noted
    assert "" == frame.loc[frame["description"] == "Monthly cost report", "noted"].item()


def test_actions_become_rows_of_the_sheets(form):
    """Each edited key and token is one row with its action; nothing else is in the sheets."""
    assert {} == form.sheet()
    form.delete_key("Default API key")
    form.set_role("Nightly load of Research", "Workspace Viewer")
    form.revoke("Workshop")
    sheets = form.sheet()
    assert ["Default API key", "Nightly load of Research"] == sheets["keys"]["description"].tolist()
    assert ["delete", ""] == sheets["keys"]["action"].tolist()
    assert "Workspace Viewer" == sheets["keys"]["role"].iloc[1]
    assert ["revoke"] == sheets["tokens"]["action"].tolist()


def test_a_new_key_needs_a_decision_about_its_end(form):
    """Neither end nor never is assumed; never must be said."""
    with pytest.raises(TypeError):
        form.create_key("Export", "Workspace Viewer", workspaces=["Research"])
    with pytest.raises(LsnbError, match="Say when the new key ends"):
        form.create_key("Export", "Workspace Viewer", workspaces=["Research"], expires_at="")
    with pytest.raises(LsnbError, match="no role"):
        form.create_key("Export", "", workspaces=["Research"], expires_at="never")
    with pytest.raises(LsnbError, match="no workspace"):
        form.create_key("Export", "Workspace Viewer", expires_at="never")
    assert form.created.empty
    form.create_key("Export", "Workspace Viewer", workspaces=["Research"], expires_at="never")
    assert ["never"] == form.created["expires_at"].tolist()


def test_the_fields_make_the_same_key(form):
    """What is typed and chosen becomes the same row as the method makes; a field that is missing is said."""
    form.snapshot  # noqa: B018  wait for it
    form.description.value, form.role.value, form.workspaces.value = "Export", "Workspace Viewer", ("Research",)
    form.add_button.click()
    assert "Say when the new key ends" in form.alert.value
    form.life.value = "90"
    form.add_button.click()
    assert "" == form.alert.value
    row = form.created.iloc[0]
    day = (form.snapshot.meta.read_at + pd.Timedelta(days=90)).date()
    assert ("Export", "Workspace Viewer", "Research", str(day)) == (
        row["description"],
        row["role"],
        row["workspaces"],
        row["expires_at"],
    )
    form.drop_button.click()
    assert form.created.empty


def test_a_key_is_created_and_its_secret_handed_over_once(form, org, server):
    """The key works, its secret is in no widget's state, no journal and no text, and comes out once."""
    n_before = len(server.state.keys)
    form.create_key("Export", "Workspace Viewer", workspaces=["Research"], expires_at=30)
    form.delete_key("Default API key")
    view = form.show_plan()
    assert not view.plan.is_safe
    view.allow(f"irreversible:{next(c.id for c in view.plan.changes if c.kind == 'DeleteServiceKey')}", "unused")
    assert view.plan.is_safe, view.plan.to_text()
    view.unlock(view.phrase)
    applying = view.apply()
    applying.wait(TIMEOUT_S)
    assert applying.run.is_done, str(applying.run)
    assert n_before == len(server.state.keys)
    secret_view = next(part for part in applying._handover.children if isinstance(part, SecretView))
    assert ["Export"] == secret_view.waiting
    sent = []
    secret_view.send = lambda content, buffers=None: sent.append((content, buffers))
    secret_view._hear(secret_view, {"type": "take", "place": 0, "view": "a"}, [])
    secret_view._hear(secret_view, {"type": "take", "place": 0, "view": "b"}, [])
    assert ["secret", "gone"] == [content["type"] for content, _ in sent]
    secret = sent[0][1][0].decode()
    assert secret.startswith("lsv2_sk_")
    assert [] == secret_view.waiting
    saved = json.dumps(ipywidgets.Widget.get_manager_state(drop_defaults=False), default=str)
    assert "Take each one out now" in saved
    texts = [saved, *html_of(form.box), applying.run.journal.read_text(), repr(applying.run), str(applying.run)]
    assert [] == [text for text in texts if secret in text]


def test_a_wrong_role_is_refused_with_the_row(form):
    """The plan says what the sheet's own check says, and nothing is planned."""
    form.create_key("Export", "Nonsense", workspaces=["Research"], expires_at=30)
    with pytest.raises(TableError, match="Nonsense"):
        form.plan()


def test_edits_survive_running_the_cell_again(form, org):
    """Another form starts with the actions and the new key of the first; what was applied is forgotten."""
    form.revoke("Workshop")
    form.create_key("Export", "Workspace Viewer", workspaces=["Research"], expires_at=30)
    again = keys_form(org)
    assert {name: len(frame) for name, frame in form.sheet().items()} == {
        name: len(frame) for name, frame in again.sheet().items()
    }
    view = again.show_plan()
    view.unlock(view.phrase)
    view.apply().wait(TIMEOUT_S)
    assert view.applying.run.is_done
    assert {} == again.sheet()
    again.close()
    after = keys_form(org)
    assert {} == after.sheet()
    after.close()


def test_a_secret_is_named_as_text_and_kept_out_of_the_state():
    """What stands on the page before anything is taken out has the name and the short form only."""
    box = SecretBox()
    box.put(Secret("lsv2_sk_very-secret-indeed", name=NASTY, id="1", short="lsv2_sk_...deed"))
    view = SecretView(box)
    state = json.dumps(view.get_state(["rows"]), default=str)
    assert "very-secret" not in state
    assert "lsv2_sk_...deed" in state
    assert "1 of 1" in repr(view)
    view._hear(view, {"type": "take", "place": 7}, [])
    assert 1 == len(view.waiting)
    view.close()


def test_no_html_of_a_name_gets_onto_the_page(org, server):
    """Keys and workspaces called by HTML stay text in every text that the form builds."""
    plant(server.state)
    form = keys_form(org)
    form.create_key(f"{NASTY} new", "Workspace Viewer", workspaces=["Research"], expires_at=30)
    form.show_plan()
    shown = list(html_of(form.box))
    assert [] == [text for text in shown if "<img" in text]
    assert [text for text in shown if "&lt;img" in text]
    form.close()
