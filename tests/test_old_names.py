"""Code that was written for the old names goes on working for one release, and is told the new ones."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from lsnb.service.old_names import MOVED, new_name

#: Import paths that README, docs or notebooks have named, with something that each has.
NAMED = {
    "lsnb.edits": "Edits",
    "lsnb.edits.role_matrix": "roles_sheet",
    "lsnb.plots": "plot_access",
    "lsnb.plots_audit": "plot_findings",
    "lsnb.outlook": "after_changes",
    "lsnb.journal": "read_journal",
    "lsnb.progress": "shown_on",
    "lsnb.role_matrix": "similar_roles",
    "lsnb.widgets.parts": "line_field",
    "lsnb.widgets.cards": "card",
    "lsnb.store": "load_snapshot",
    "lsnb.log": "read_log",
}


@pytest.mark.parametrize(("module", "name"), NAMED.items())
def test_an_old_name_is_found_with_a_warning(module, name):
    """The same thing is there, and the warning says where it is now."""
    code = (
        "import importlib, warnings\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    warnings.simplefilter('always')\n"
        f"    found = importlib.import_module({module!r})\n"
        f"print(hasattr(found, {name!r}), *(str(one.message) for one in seen), sep='|')"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert found.startswith("True|")
    assert f"{module} is {new_name(module)} now" in found


@pytest.mark.parametrize("new", sorted(set(MOVED.values())))
def test_every_new_name_is_there(new):
    """The table of old names leads to modules that exist."""
    assert importlib.import_module(new).__name__ == new


def test_files_of_sheets_are_found_where_they_were():
    """`lsnb.sheets` holds the parsing now, and still gives what it gave."""
    with pytest.warns(FutureWarning, match=r"lsnb\.files\.sheets"):
        from lsnb.sheets import write_access_sheet
    from lsnb.files.sheets import write_access_sheet as now

    assert write_access_sheet is now


def test_a_name_that_never_was_is_not_found():
    """The warning is for what has moved, and not for typos."""
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("lsnb.edit")
