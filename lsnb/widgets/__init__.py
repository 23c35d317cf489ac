"""Forms and the editable grid for notebooks. Everything is loaded when it is first used.

from lsnb.widgets import Grid, GridColumn
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsnb.widgets.access import access_editor
    from lsnb.widgets.applying import apply_view
    from lsnb.widgets.connecting import connect_form
    from lsnb.widgets.exploring import explorer
    from lsnb.widgets.findings import FindingsView, findings_view
    from lsnb.widgets.grid import Grid
    from lsnb.widgets.grid_columns import GridColumn
    from lsnb.widgets.inviting import invite_form
    from lsnb.widgets.keys import KeysForm, keys_form
    from lsnb.widgets.planning import plan_view
    from lsnb.widgets.roles import RoleEditor, role_editor
    from lsnb.widgets.runs import RunsView, runs_view
    from lsnb.widgets.settings import SettingsForm, settings_form
    from lsnb.widgets.tabs import Console, console

_HOMES = {
    "Console": "lsnb.widgets.tabs",
    "FindingsView": "lsnb.widgets.findings",
    "Grid": "lsnb.widgets.grid",
    "GridColumn": "lsnb.widgets.grid_columns",
    "KeysForm": "lsnb.widgets.keys",
    "RoleEditor": "lsnb.widgets.roles",
    "RunsView": "lsnb.widgets.runs",
    "SettingsForm": "lsnb.widgets.settings",
    "access_editor": "lsnb.widgets.access",
    "apply_view": "lsnb.widgets.applying",
    "connect_form": "lsnb.widgets.connecting",
    "console": "lsnb.widgets.tabs",
    "explorer": "lsnb.widgets.exploring",
    "findings_view": "lsnb.widgets.findings",
    "invite_form": "lsnb.widgets.inviting",
    "keys_form": "lsnb.widgets.keys",
    "plan_view": "lsnb.widgets.planning",
    "role_editor": "lsnb.widgets.roles",
    "runs_view": "lsnb.widgets.runs",
    "settings_form": "lsnb.widgets.settings",
}

__all__ = [
    "Console",
    "FindingsView",
    "Grid",
    "GridColumn",
    "KeysForm",
    "RoleEditor",
    "RunsView",
    "SettingsForm",
    "access_editor",
    "apply_view",
    "connect_form",
    "console",
    "explorer",
    "findings_view",
    "invite_form",
    "keys_form",
    "plan_view",
    "role_editor",
    "runs_view",
    "settings_form",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"lsnb.widgets has no {name!r}")
    module, _, inner = _HOMES[name].partition(":")
    value = getattr(import_module(module), inner or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
