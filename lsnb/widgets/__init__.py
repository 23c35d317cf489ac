"""Forms and the editable grid for notebooks. Everything is loaded when it is first used.

from lsnb.widgets import Grid, GridColumn
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsnb.widgets.grid import Grid
    from lsnb.widgets.grid_columns import GridColumn

_HOMES = {
    "Grid": "lsnb.widgets.grid",
    "GridColumn": "lsnb.widgets.grid_columns",
}

__all__ = ["Grid", "GridColumn"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"lsnb.widgets has no {name!r}")
    module, _, inner = _HOMES[name].partition(":")
    value = getattr(import_module(module), inner or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
