from __future__ import annotations

import pytest

from lsnb.errors import GridError, LsnbError
from lsnb.widgets import role_editor
from tests.widgets.conftest import NASTY, TIMEOUT_S
from tests.widgets.nasty import html_of, plant


@pytest.fixture
def editor(org):
    """Give the form on the demo organization."""
    form = role_editor(org)
    yield form
    form.close()


def live_permissions(server, name):
    """Give what a role of the demo organization grants."""
    return set(next(role for role in server.state.roles.values() if role.display_name == name).permissions)


def test_only_what_was_edited_is_in_the_sheet(editor):
    """An untouched form asks for nothing; an edit gives the column of its role and the row of its permission."""
    assert not editor.is_edited
    assert editor.sheet()["roles"].empty
    editor.set_permission("Annotator", "runs:delete")
    sheet = editor.sheet()["roles"]
    assert ["permission", "Annotator"] == list(sheet.columns)
    assert ["role_id", "role_description", "action", "runs:delete"] == sheet["permission"].tolist()
    assert "x" == sheet["Annotator"].iloc[-1]
    editor.set_permission("Annotator", "runs:delete", False)
    assert not editor.is_edited


def test_an_edit_is_planned_applied_and_there(editor, org, server):
    """One permission given and one taken away arrive at the service; every other one stays."""
    before = live_permissions(server, "Annotator")
    gone = sorted(before)[0]
    editor.set_permission("Annotator", "runs:delete")
    editor.set_permission("Annotator", gone, False)
    view = editor.show_plan()
    assert ["UpdateRole"] == [change.kind for change in view.plan.changes]
    assert view.unlock(view.phrase)
    view.apply().wait(TIMEOUT_S)
    assert view.applying.run.is_done
    assert (before - {gone}) | {"runs:delete"} == live_permissions(server, "Annotator")
    assert not editor.is_edited
    assert "runs:delete" in editor.permissions_of("Annotator")
    again = role_editor(org)
    assert not again.is_edited
    assert "runs:delete" in again.permissions_of("Annotator")
    again.close()


def test_a_role_is_added_as_a_copy(editor, server):
    """A copy starts with what the other role grants, can be edited, and is created with that."""
    editor.add_role("Auditor", copy_of="Viewer", description="Looks, and changes nothing")
    editor.set_permission("Auditor", "runs:share")
    found = editor.compare("Viewer", "Auditor")
    assert [("runs:share", "+")] == list(found[["permission", "difference"]].itertuples(index=False, name=None))
    view = editor.show_plan()
    view.unlock(view.phrase)
    view.apply().wait(TIMEOUT_S)
    assert live_permissions(server, "Viewer") | {"runs:share"} == live_permissions(server, "Auditor")
    with pytest.raises(LsnbError, match="There is a role 'viewer' already"):
        editor.add_role("viewer")


def test_what_failed_stays_an_edit(editor, server):
    """After a plan of which one change failed, the other one is no edit any more, and the failed one still is."""
    role_id = next(role.id for role in server.state.roles.values() if role.display_name == "Report Reader")
    editor.set_permission("Annotator", "runs:delete")
    editor.set_permission("Report Reader", "runs:delete")
    view = editor.show_plan()
    view.unlock(view.phrase)
    server.faults.add(method="PATCH", path=role_id, status=400, times=None)
    view.apply().wait(TIMEOUT_S)
    server.faults.clear()
    assert {"done": 1, "failed": 1} == {name: n for name, n in view.applying.run.counts.items() if n}
    assert ["permission", "Report Reader"] == list(editor.sheet()["roles"].columns)


def test_built_in_roles_are_locked(editor):
    """Nobody edits or deletes what the service has built in."""
    with pytest.raises(GridError):
        editor.set_permission("Editor", "runs:delete")
    with pytest.raises(LsnbError, match="built in"):
        editor.delete_role("Viewer")
    with pytest.raises(LsnbError, match="There is no workspace role 'Nobody'"):
        editor.set_permission("Nobody", "runs:delete")


def test_edits_survive_running_the_cell_again(editor, org):
    """Another form about the same organization starts with the edits, the added and the doomed role of the first."""
    editor.set_permission("Annotator", "runs:delete")
    editor.add_role("Auditor", copy_of="Viewer")
    editor.delete_role("Legacy Exporter")
    sheet = editor.sheet()["roles"]
    again = role_editor(org)
    assert sheet.equals(again.sheet()["roles"])
    again.reset()
    assert not again.is_edited
    again.close()
    fresh = role_editor(org, fresh=True)
    assert not fresh.is_edited
    fresh.close()


def test_near_duplicates_are_said(editor):
    """The custom role that grants all that Admin does is named, and the two that differ in case only."""
    editor.snapshot  # noqa: B018  wait for it
    said = "".join(html_of(editor.box))
    assert "Power User and Admin: 100% in common" in said
    assert "Prompt Engineer and prompt engineer" in said


def test_the_difference_is_shown_with_signs(editor):
    """Choosing two roles shows what only one of them grants, with + and -."""
    editor.snapshot  # noqa: B018  wait for it
    ids = dict(editor.first.options)
    editor.first.value, editor.second.value = ids["Editor"], ids["Viewer"]
    shown = editor._difference.value
    assert "+ only Viewer grants it, - only Editor does." in shown
    assert shown.count("<td>-</td>") == 43 - 14
    assert "<td>+</td>" not in shown


def test_what_is_typed_becomes_a_card_when_it_is_wrong(editor):
    """A role without a name is refused beside the button, without a trace in the face."""
    editor.snapshot  # noqa: B018  wait for it
    editor.add_button.click()
    assert "The new role has no name" in editor.alert.value


def test_no_html_of_a_name_gets_onto_the_page(org, server):
    """A role called by HTML stays text, in every text that the form builds."""
    plant(server.state)
    editor = role_editor(org)
    assert NASTY in editor.role_names
    ids = dict(editor.first.options)
    editor.first.value, editor.second.value = ids["Viewer"], ids[NASTY]
    editor.delete_role(NASTY)
    editor.show_plan()
    shown = list(html_of(editor.box))
    assert [] == [text for text in shown if "<img" in text]
    assert [text for text in shown if "&lt;img" in text]
    editor.close()


def test_closing_leaves_nothing(editor):
    """Neither the page nor the kernel keeps a widget of the form."""
    editor.set_permission("Annotator", "runs:delete")
    grid, box = editor.grid, editor.box
    editor.close()
    assert [None, None] == [grid.comm, box.comm]
