from __future__ import annotations

import json

import nbformat
import pytest
from nbclient import NotebookClient

from lsnb.errors import AuthError, ConfigError
from lsnb.widgets import connect_form
from lsnb.widgets.draft_store import forget_everything
from tests.widgets.conftest import TIMEOUT_S

#: A plan with a refusal and a warning that name people, applied, with its results.
RUN = """
import lsnb
from lsnb.widgets import plan_view
editor = access_editor(form.org, fresh=True)
rows = editor.grid.frame
for row in rows[rows["role"] == "Workspace User"].itertuples():
    editor.set_role(row.email, "Viewer", row.workspace)
editor.add("anton.vogel+slip", "Nobody")
editor.check()
editor.reset()
for row in rows[rows["role"] == "Workspace User"].itertuples():
    editor.set_role(row.email, "Viewer", row.workspace)
refused = editor.plan()
assert refused.refusals
view = plan_view(refused, form.org)
view.allow("max-removals", "a test")
applied = view.apply()
assert applied.wait(60) and applied.run.is_done
None
"""


@pytest.fixture
def form(org):
    """Give the form, with nothing in the environment."""
    made = connect_form()
    yield made
    made.close()
    if made.org is not None:
        made.org.close()


def test_a_key_that_is_typed_does_not_stay_in_the_field(server, form):
    """The field is empty at once, the form knows the key, and nothing it shows or remembers has it."""
    form.place_field.value = "other"
    form.address_field.value = server.url
    form.key_field.value = server.key
    assert "" == form.key_field.value
    assert server.key not in form._key_note.value
    form.connect_button.click()
    assert form.wait(TIMEOUT_S)
    assert form.error is None
    assert "Acme Robotics" == form.whoami.organization
    assert "look and change" in form._facts.value
    assert form._key is None
    state = json.dumps([widget.get_state() for widget in everything(form.box)], default=str)
    assert server.key not in state
    assert server.key not in repr(form) + form.static_html() + form._facts.value


def everything(widget):
    """Walk over a widget and all in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything(child)


def test_from_code_it_is_one_call(server, form):
    """An address and a key connect as `lsnb.connect` does, and give the organization."""
    org = form.connect(server.url, server.key)
    assert form.org is org
    assert "Connected to Acme Robotics" in form.summary()


def test_a_wrong_key_gives_a_card_with_what_to_do(server, form):
    """The card says that the key was not accepted, and has no key in it."""
    key = "lsv2_pt_" + "0" * 32 + "_0123456789"
    form.place_field.value = "other"
    form.address_field.value = server.url
    form.key_field.value = key
    form.connect_button.click()
    assert form.wait(TIMEOUT_S)
    assert form.org is None
    assert isinstance(form.error, AuthError)
    assert "The key was not accepted" in form.alert.value
    assert key not in form.alert.value


def test_a_key_that_cannot_be_one_is_refused_without_showing_it(form):
    """Blanks inside, or a whole sentence: said at once, without repeating it."""
    form.key_field.value = "my secret key"
    assert "" == form.key_field.value
    assert "cannot be used" in form.alert.value
    assert "my secret" not in form.alert.value


def test_without_a_key_a_real_address_is_an_error_and_not_the_demo(server, form):
    """Whoever asks for a server gets that server or an error; invented people would mislead."""
    form.place_field.value = "other"
    form.address_field.value = server.url
    with pytest.raises(ConfigError, match="There is no API key"):
        form.connect()
    form.address_field.value = ""
    with pytest.raises(ConfigError, match="No address is given"):
        form.connect()


def test_what_the_environment_says_is_offered_first(server, monkeypatch):
    """With a key in the environment one click is enough."""
    forget_everything()
    monkeypatch.setenv("LANGSMITH_ENDPOINT", server.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", server.key)
    told = []
    form = connect_form(on_connect=told.append)
    assert "environment" == form.place_field.value
    form.connect_button.click()
    assert form.wait(TIMEOUT_S)
    assert [form.org] == told
    assert server.key not in form._facts.value
    form.org.close()


def test_the_place_survives_running_the_cell_again_and_the_key_does_not(server, form):
    """The address is there again; the key must be given again."""
    form.place_field.value = "other"
    form.address_field.value = server.url
    form.key_field.value = server.key
    form.connect_button.click()
    assert form.wait(TIMEOUT_S)
    again = connect_form()
    assert ("other", server.url) == (again.place_field.value, again.address_field.value)
    assert again._key is None


def test_a_saved_notebook_has_no_key_and_no_address(server, tmp_path, child_environment):
    """Run and saved with the state of all widgets, the notebook has neither the key nor anybody's address in a table."""
    source = (
        "from lsnb.widgets import access_editor, connect_form, explorer, invite_form\n"
        "form = connect_form()\n"
        f"form.place_field.value, form.address_field.value = 'other', {server.url!r}\n"
        "import pathlib\n"
        "form.key_field.value = pathlib.Path('key').read_text()\n"
        "form.connect_button.click()\n"
        "assert form.wait(60) and form.error is None\n"
        "form"
    )
    more = ["access_editor(form.org)", "explorer(form.org.read_access())", "invite_form(form.org)", RUN]
    (tmp_path / "key").write_text(server.key)
    cells = [nbformat.v4.new_code_cell(text) for text in [source, *more]]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}},
        store_widget_state=True,
    )  # fmt: skip
    client.execute(env={**child_environment, "IPYTHONDIR": str(tmp_path / "ipython")})
    saved = nbformat.writes(notebook)
    assert "widgets" in notebook.metadata
    assert server.key not in saved
    assert "amara.nwosu@acme.example" not in json.dumps(notebook.metadata)
    assert "anton.vogel" not in json.dumps(notebook.metadata)
