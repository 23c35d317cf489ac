"""The one shell of all HTML: every page, every part of one and every card of a form is a template in `templates/`.

What a template prints is made harmless and escaped on its way out, so that no place can forget it: no control characters,
no hidden marks, no line breaks, no key, no markup. `None` and what pandas calls missing print nothing.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd

from lsnb.errors.safe_text import one_line, visible, without_keys

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def render_report(template: str, **values: object) -> str:
    """Write a report as a part of a page, which brings its style along.

    Args:
        template: the name of the template, without its ending.
        **values: what it prints.
    """
    return str(_environment().get_template(f"{template}.html.j2").render(values, stylesheet=_as_it_is(stylesheet())))


def render_page(title: str, report: str) -> str:
    """Write a page of its own around a report: it loads nothing and runs nothing, whatever it is made to contain.

    Args:
        title: what the page is called.
        report: what `render_report` gave.
    """
    return str(_environment().get_template("page.html.j2").render(title=title, report=_as_it_is(report)))


def render_part(name: str, *arguments: object, **values: object) -> str:
    """Write one of the parts that reports and forms share, such as a card or a table.

    Args:
        name: the macro in `parts.html.j2`.
        *arguments: what it is called with; plain text, all of it.
        **values: likewise, by name.
    """
    return str.__str__(getattr(_environment().get_template("parts.html.j2").module, name)(*arguments, **values))


@cache
def stylesheet() -> str:
    """Give the style that reports and forms share, without its comments."""
    text = resources.files("lsnb.report").joinpath("templates/lsnb.css").read_text(encoding="utf-8")
    return " ".join(_COMMENT.sub("", text).split())


@cache
def _environment() -> Environment:
    # Only when something is shown: most uses of the package make no page.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lsnb.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"number": _number, "several_lines": _several_lines}
    return environment


def _harmless(value: object) -> object:
    """Make what a template prints fit for a page; markup that is escaped already stays."""
    if hasattr(value, "__html__"):
        return value
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return one_line(without_keys(str(value)))


def _number(value: object) -> object:
    """Write a whole number with separators; anything else as it is."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value


def _several_lines(text: object) -> Markup:
    """Make a text harmless that keeps its line breaks, such as a trace."""
    from markupsafe import escape

    return escape(visible(without_keys(str(text))))


def _as_it_is(markup: str) -> Markup:
    from markupsafe import Markup

    return Markup(markup)  # noqa: S704  the package's own style, or what a template of its own has made
