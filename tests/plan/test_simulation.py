"""The one simulation: its numbers and its tables say the same, for every small organization and every sheet."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given

import lsnb.plan
from lsnb.plan import new_change
from lsnb.plan.current_state import CurrentState
from lsnb.plan.simulation import Ending, simulate, simulate_ending
from lsnb.plan.simulation import simulate as after_changes
from tests.plan.company import Company, plan_of, sheet
from tests.plan.test_properties import MODES, SERVERS, companies, fast, sheets


def ending_by_tables(before, after) -> Ending:
    """Count on whole tables what `simulate_ending` works out without them; all logins are open."""

    def rows(snapshot, scope, role):
        access = snapshot.access.astype(object)
        found = access[(access["scope"] == scope) & (access["state"] == "active") & (access["role_name"] == role)]
        return found[found["source"] != "org-admin"]

    def admins(snapshot):
        found = rows(snapshot, "organization", "ORGANIZATION_ADMIN")
        return dict(zip(found["identity_id"], found["email"], strict=True))

    def places(snapshot):
        return set(rows(snapshot, "workspace", "WORKSPACE_ADMIN")["workspace"])

    def number(snapshot):
        return len(snapshot.members) + len(snapshot.invites)

    lost = tuple(sorted(places(before) - places(after)))
    return Ending(admins(before), admins(after), {}, lost, number(before), number(after))


@fast
@given(companies(), sheets(), MODES, SERVERS)
def test_the_numbers_and_the_tables_of_the_end_say_the_same(company, rows, mode, server):
    """Who is Organization Admin, which workspaces lose their Admins and how many people there are follow from the tables."""
    snapshot = company.snapshot()
    changes = plan_of(company, sheet(*rows), server=server, **mode).changes
    assert simulate_ending(CurrentState(snapshot), changes) == ending_by_tables(snapshot, simulate(snapshot, changes))


def test_a_custom_role_that_is_called_like_an_admins_is_no_admins():
    """Roles are told by their system names, and not by what somebody has called a role."""
    company = Company().add("ada", "Organization Admin").add("ben", places={"Staging": "Admin"})
    (change,) = plan_of(company, sheet(("ben", "Staging", "Annotator"))).changes
    after = {**(change.after or {}), "role": "WORKSPACE_ADMIN"}
    named = new_change(
        "SetWorkspaceRole",
        email=change.email,
        workspace=change.workspace,
        before=change.before,
        after=after,
        reason="",
        ids=change.ids,
    )
    assert simulate_ending(CurrentState(company.snapshot()), [named]).lost_workspaces == ("Staging",)


def test_the_end_of_no_changes_is_the_beginning():
    """Nothing is lost, and nobody comes, where nothing is done."""
    company = Company().add("ada", "Organization Admin").add("ben", places={"Staging": "Admin"})
    ending = simulate_ending(CurrentState(company.snapshot()), [])
    assert ending.admins_before == ending.admins_after == {"identity-ada@example.com": "ada@example.com"}
    assert (ending.lost_workspaces, ending.n_people_before, ending.n_people_after) == ((), 2, 2)


def test_the_name_that_notebooks_import_is_the_simulation():
    """`lsnb.plan.simulation.simulate` is the same function under its older name."""
    assert after_changes is simulate


def lazy_imports(code: str) -> list[str]:
    """List the modules of the plan, or of the simulation, that are imported only when a function runs."""
    functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef)]
    found = [n.module or "" for f in functions for n in ast.walk(f) if isinstance(n, ast.ImportFrom)]
    return [name for name in found if name.startswith(("lsnb.plan", "lsnb.plan.simulation.outlook"))]


def test_no_module_of_the_plan_imports_another_lazily():
    """Modules of the plan stand in one order; only the doors of a plan to its own formats wait for a call."""
    folder = Path(lsnb.plan.__file__).parent
    found = {str(path.relative_to(folder)): lazy_imports(path.read_text("utf-8")) for path in folder.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {"model.py": ["lsnb.plan.serialise"]}
    assert lazy_imports("def f():\n    from lsnb.plan.simulation import simulate") == ["lsnb.plan.simulation"]
