"""One look for all forms: the variables of JupyterLab's theme, and where there are none, light or dark by themselves."""

from __future__ import annotations

from functools import cache
from importlib import resources

import ipywidgets

from lsnb.report.page_shell import stylesheet


@cache
def css() -> str:
    """Give the style sheet of the forms: what they share with reports, and what only they have."""
    own = resources.files("lsnb.widgets").joinpath("static/forms.css").read_text(encoding="utf-8")
    return f"{stylesheet()}\n{own}"


def style_widget() -> ipywidgets.HTML:
    """Make the invisible part of a form that brings its style along, wherever it is shown."""
    return ipywidgets.HTML(f"<style>{css()}</style>", layout=ipywidgets.Layout(display="none"))
