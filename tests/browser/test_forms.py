"""The forms as a person meets them in JupyterLab, on the embedded demo organization."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import ARTIFACTS
from tests.browser.grids import GridPage

NASTY = "<img src=x onerror=window.hacked=1>"

CONNECT = """
import lsnb
import lsnb.service.connection
from lsnb.widgets import access_editor, apply_view, connect_form, explorer, invite_form, plan_view

org = lsnb.connect_demo(quiet=True)
demo = lsnb.service.connection._demo[1]


def held():
    # What the demo organization itself says, without our client in between.
    state = demo.state
    names = {role.id: role.display_name for role in state.roles.values()}
    rows = [
        [m.workspace_id, state.people[m.person_id].email, names[m.role_id]]
        for m in state.memberships.values()
        if m.person_id in state.people
    ]
    rows += [
        [place, invitation.email, names[found['role_id']]]
        for invitation in state.invitations.values()
        for place, found in invitation.places.items()
    ]
    return sorted(rows)


def slow(ms):
    demo.faults.clear()
    for method in ("PATCH", "POST", "DELETE"):
        demo.faults.add(method=method, path="identities|members", kind="delay", times=None, delay_ms=ms)
"""


def open_form(lab, make, before=""):
    """Open a notebook with a form, run it, and give its cell."""
    lab.open_cells(CONNECT + before, make)
    lab.run(0)
    lab.run(1)
    assert lab.errors() == []
    cell = lab.cell(1)
    cell.locator(".lsnb-form").first.wait_for()
    return cell


def picture(lab, cell, name):
    """Keep a picture of a form."""
    ARTIFACTS.mkdir(exist_ok=True)
    # A form that is longer than the page is only drawn as far as the notebook shows it.
    lab.page.set_viewport_size({"width": lab.page.viewport_size["width"], "height": 2600})
    lab.page.wait_for_timeout(200)
    cell.locator(".lsnb-form").first.screenshot(path=ARTIFACTS / f"form-{name}.png")


def click(cell, words):
    """Press a button of a form once it can be pressed."""
    button = cell.get_by_role("button", name=re.compile(words)).last
    expect(button).to_be_enabled(timeout=20_000)
    button.click()


def test_from_an_edited_table_to_done_and_back(lab):
    """Dropdown, a pasted block, a bulk set and a removal; plan, typed unlock, bar, results, undo: everything as before."""
    cell = open_form(lab, "editor = access_editor(org); editor")
    grid = GridPage(lab)
    grid.cell(0, "email").wait_for()
    lab.execute("before = held()")
    # The block of 50 roles changes some and repeats the rest; few enough lose something for the plan not to be refused.
    grid.root.get_by_label("Search all columns").fill("workspace")
    lab.execute(
        "frame = editor.grid.frame\n"
        "text = frame.astype(object).fillna('').astype(str).agg(' '.join, axis=1).str.lower()\n"
        "rows = frame[text.str.contains('workspace')].head(50)\n"
        "less = set(rows[rows['role'] == 'Workspace User']['email'].head(4))\n"
        "swap = {'Workspace User': 'Workspace Viewer', 'Workspace Viewer': 'Workspace User'}\n"
        "wanted = [\n"
        "    swap[role] if role == 'Workspace Viewer' or (role in swap and email in less) else role\n"
        "    for email, role in zip(rows['email'], rows['role'])\n"
        "]"
    )
    assert lab.value("len(wanted)") == 50
    expect(grid.cell(0, "email")).to_have_text(lab.value("rows['email'].iloc[0]"))
    grid.copy_text("\n".join(lab.value("wanted")))
    grid.cell(0, "role").click()
    grid.press("Control+v")
    lab.wait_for_value("editor.n_edits", lab.value("sum(a != b for a, b in zip(wanted, rows['role']))"))
    assert lab.value("editor.sheet()['langsmith_role'].isin(swap.values()).all()")

    # One by the dropdown, two at once by ticking them, and one to be removed.
    custom = lab.value(
        "frame[frame['role'].isin(['Prompt Engineer', 'Annotator', 'Dataset Curator', 'Power User'])]"
        "[['email', 'workspace']].drop_duplicates('email').head(4).values.tolist()"
    )
    search = grid.root.get_by_label("Search all columns")

    def row_of(email, workspace):
        search.fill(email)
        place = lab.value(f"frame[frame['email'] == {email!r}]['workspace'].tolist().index({workspace!r})")
        expect(grid.cell(place, "workspace")).to_have_text(workspace)
        return place

    n = lab.value("editor.n_edits")
    first = row_of(*custom[0])
    grid.cell(first, "role").dblclick()
    grid.root.locator(".lsnb-editor select").select_option("Workspace User")
    lab.wait_for_value("editor.n_edits", n + 1)
    for who in custom[1:3]:
        grid.cell(row_of(*who), "ag-Grid-SelectionColumn").locator("input").click()
    lab.wait_for_value("len(editor.grid.selected)", 2)
    search.fill("")
    grid.root.get_by_label("Column to set").select_option("role")
    grid.root.get_by_label("Value for Role").select_option("Workspace User")
    grid.button("Set for 2 rows").click()
    lab.wait_for_value("editor.n_edits", n + 3)
    lab.execute(f"editor.remove({custom[3][0]!r}, {custom[3][1]!r})")
    lab.wait_for_value("len(editor.problems)", 0)
    picture(lab, cell, "access-edited")

    click(cell, "Make the plan")
    expect(cell.get_by_label("Type to unlock")).to_be_visible(timeout=20_000)
    assert lab.value("editor.plan_view.phrase") == "remove 1 from workspaces"
    apply = cell.get_by_role("button", name=re.compile("^Apply "))
    expect(apply).to_be_disabled()
    cell.get_by_label("Type to unlock").fill("remove 1 from the organization")
    expect(apply).to_be_disabled()
    cell.get_by_label("Type to unlock").fill("Remove 1 from workspaces")
    expect(apply).to_be_enabled()
    picture(lab, cell, "plan-unlocked")
    lab.execute("slow(900)")
    apply.dblclick()
    bar = cell.get_by_role("progressbar")
    expect(bar).to_be_visible()
    expect(cell).to_contain_text(re.compile(r"\d+ of \d+"))
    lab.page.wait_for_timeout(300)
    picture(lab, cell, "applying")
    lab.wait_for_value("editor.plan_view.applying.run is not None", True, timeout_s=30)
    assert lab.value("editor.plan_view.applying.run.counts") == {"done": n + 4}
    writes = lab.value("[r['path'] for r in demo.requests if r['method'] in ('PATCH', 'DELETE') and r['status'] < 300]")
    assert len(writes) == n + 4
    assert lab.value("len(before) - len(held())") == 1
    assert lab.value("sum(b not in held() for b in before)") == n + 4

    lab.execute("demo.faults.clear()")
    click(cell, "Take it back")
    expect(cell.get_by_text("Take it back: ")).to_be_visible(timeout=20_000)
    picture(lab, cell, "results-and-undo")
    click(cell, "^Apply ")
    lab.wait_for_value(
        "editor.plan_view.applying.undo_view.applying and editor.plan_view.applying.undo_view.applying.run is not None",
        True,
        timeout_s=30,
    )
    assert lab.value("held() == before")


def test_stop_is_heard_and_the_rest_can_be_done_later(lab):
    """A click on Stop ends a slow run between requests; trying again carries out the rest, and nothing twice."""
    before = (
        "snap = org.read_access()\n"
        "from lsnb.sheets import sheet_from_access\n"
        "sheet = sheet_from_access(snap)\n"
        "sheet = sheet[sheet['langsmith_role'] == 'Workspace User'].assign(langsmith_role='Workspace Viewer').head(24)\n"
        "plan = org.plan(sheet, snapshot=snap, rules=lsnb.Rules(max_removals_share=1.0))\n"
        "slow(400)"
    )
    cell = open_form(lab, "view = apply_view(org, plan, confirm=plan.fingerprint, workers=2); view", before=before)
    n = lab.value("len(plan)")
    click(cell, "^Apply ")
    lab.wait_for_value("view.counts.get('done', 0) > 1", True)
    click(cell, "^Stop")
    lab.wait_for_value("view.run is not None", True)
    done = lab.value("view.run.counts['done']")
    assert 0 < done < n
    assert lab.value("view.run.counts['not started']") == n - done
    expect(cell).to_contain_text("not started")
    picture(lab, cell, "stopped")
    lab.execute("demo.faults.clear()")
    click(cell, "Try again")
    lab.wait_for_value("view.run.is_done", True)
    assert lab.value("sum(r['method'] == 'PATCH' and r['status'] < 300 for r in demo.requests)") == n
    # The cell that is run again shows the same run, and begins nothing.
    lab.run(1)
    assert lab.value("view.run.is_done and not view.is_busy")
    assert lab.value("sum(r['method'] == 'PATCH' and r['status'] < 300 for r in demo.requests)") == n


def test_people_are_invited_from_what_was_pasted(lab):
    """Pasted in three shapes, sorted by what they are, planned and invited: one e-mail for each who is new."""
    cell = open_form(lab, "form = invite_form(org); form")
    cell.get_by_label("Addresses").fill(
        "Dana Lee <dana.lee@acme.example>; ADA.LINDQVIST@acme.example\n- sam@acme.example, sam@acme.example\n"
        "who@elsewhere.example\nnot an address\n" + NASTY
    )
    lab.wait_for_value("sorted(set(form.preview()['state']))", ["bad", "duplicate", "member", "new", "outside"])
    cell.get_by_label("Workspaces, several with Ctrl").select_option(["Production", "Staging"])
    cell.get_by_label("Role in these workspaces").select_option("Workspace User")
    lab.wait_for_value("form.workspaces", {"Production": "Workspace User", "Staging": "Workspace User"})
    expect(cell).to_contain_text("already a member")
    picture(lab, cell, "invite")
    click(cell, "Plan 3 invitations")
    expect(cell).to_contain_text("Refused", timeout=20_000)
    cell.get_by_label("Reason, for the journal").fill("our new partner, ticket 9")
    cell.get_by_label("Reason, for the journal").press("Tab")
    click(cell, "Set the rule aside")
    lab.wait_for_value("form.plan_view.plan.allowed", {"email-domains": "our new partner, ticket 9"})
    click(cell, "^Apply ")
    lab.wait_for_value("form.plan_view.applying and form.plan_view.applying.run is not None", True, timeout_s=30)
    picture(lab, cell, "invited")
    invited = ["dana.lee@acme.example", "sam@acme.example", "who@elsewhere.example"]
    assert sorted(mail["email"] for mail in lab.value("demo.state.emails_sent")) == invited
    assert lab.page.evaluate("window.hacked") is None
