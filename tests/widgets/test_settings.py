from __future__ import annotations

import pytest

from lsnb.errors import LsnbError, TableError
from lsnb.snapshot import Caller
from lsnb.widgets import settings_form
from lsnb.widgets.settings import risk_of
from tests.widgets.conftest import NASTY, TIMEOUT_S
from tests.widgets.nasty import html_of


@pytest.fixture
def form(org):
    """Give the form on the demo organization."""
    made = settings_form(org)
    yield made
    made.close()


def test_every_setting_that_can_be_changed_has_a_field(form):
    """What the API changes is there, what it only tells is not."""
    settings = form.snapshot.settings
    changeable = set(settings.loc[settings["is_changeable"], "setting"])
    assert changeable | {"sso_only"} == set(form.fields)
    assert {} == form.edited
    assert form.sheet()["settings"].empty


def test_a_change_is_shown_before_and_after(form):
    """The field's note has both values, and only what was changed is in the sheet."""
    form.set("public_sharing_disabled", True)
    form.set("max_pat_expiry_days", 90)
    assert {"public_sharing_disabled": (False, True), "max_pat_expiry_days": (None, 90)} == form.edited
    assert "off → on" in form._notes["public_sharing_disabled"].value
    assert "not set → 90" in form._notes["max_pat_expiry_days"].value
    rows = form.sheet()["settings"]
    assert {"public_sharing_disabled": "true", "max_pat_expiry_days": "90"} == dict(
        zip(rows["setting"], rows["value"], strict=True)
    )
    form.set("max_pat_expiry_days", None)
    assert ["public_sharing_disabled"] == list(form.edited)


def test_values_that_do_not_fit_are_refused(form):
    """From code they raise, from a field they stand beside it and the plan refuses them."""
    with pytest.raises(LsnbError, match="max_pat_expiry_days was not set: This is no whole number"):
        form.set("max_pat_expiry_days", "soon")
    with pytest.raises(LsnbError, match="There is no setting 'nonsense'"):
        form.set("nonsense", True)
    form.fields["ip_allowlist"].value = "10.0.0.0/8, nonsense"
    assert "nonsense" in form.problems["ip_allowlist"]
    assert "This cannot be used" in form._notes["ip_allowlist"].value
    with pytest.raises(TableError):
        form.plan()


def test_what_can_lock_people_out_says_so(form):
    """The risk stands beside the field before anything is changed, and stays with the change."""
    for name in ("sso_only", "ip_allowlist", "pat_creation_disabled"):
        assert "Can lock" in form.risk(name)
        assert "Can lock" in form._notes[name].value
    assert "" == form.risk("invites_enabled")
    form.set("pat_creation_disabled", True)
    assert "This key is such a token" in form._notes["pat_creation_disabled"].value
    service = Caller(kind="service", identity="key:1")
    assert "This key is such a token" not in risk_of("pat_creation_disabled", service)


def test_a_change_is_planned_applied_and_there(form, org, server):
    """Two settings arrive at the service, and the next form starts from there."""
    form.set("public_sharing_disabled", True)
    form.set("scim_group_name_separator", "_")
    view = form.show_plan()
    assert ["UpdateSettings"] * 2 == [change.kind for change in view.plan.changes]
    view.unlock(view.phrase)
    view.apply().wait(TIMEOUT_S)
    assert view.applying.run.is_done, str(view.applying.run)
    after = settings_form(org)
    assert {} == after.edited
    assert "true" == after.fields["public_sharing_disabled"].value
    assert "_" == after.fields["scim_group_name_separator"].value
    after.close()


def test_edits_survive_running_the_cell_again(form, org):
    """Another form starts with what was changed in the first."""
    form.set("max_pat_expiry_days", 90)
    again = settings_form(org)
    assert again.sheet()["settings"].equals(form.sheet()["settings"])
    again.reset()
    assert {} == again.edited
    again.close()


def test_no_html_of_a_value_gets_onto_the_page(org, server):
    """An organization called by HTML, and what somebody types, stay text."""
    form = settings_form(org)
    form.snapshot  # noqa: B018  wait for it
    form.fields["llm_auth_proxy_jwt_audience"].value = NASTY
    form.fields["display_name"].value = NASTY
    shown = list(html_of(form.box))
    assert [] == [text for text in shown if "<img" in text]
    assert [text for text in shown if "&lt;img" in text]
    form.close()
