"""The parts that forms are put together from, all in one look, each with a label that a screen reader finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import ipywidgets

from lsnb.report.page_shell import render_part
from lsnb.widgets import alerts

ButtonKind = Literal["plain", "primary", "danger"]
#: An option of a choice: what is shown and what is meant, or both in one text.
Option = str | tuple[str, Any]


def button(label: str, *, kind: ButtonKind = "plain", tooltip: str = "") -> ipywidgets.Button:
    """Make a button; it has no picture, since icon fonts come from elsewhere under Voila."""
    made = ipywidgets.Button(description=label, tooltip=tooltip or None)
    made.add_class("lsnb-button")
    if kind != "plain":
        made.add_class(kind)
    return made


def line_field(
    label: str, value: str = "", *, hint: str = "", live: bool = False, wide: bool = False
) -> ipywidgets.Text:
    """Make a field for one line of text.

    Args:
        label: what stands above it.
        value: what it holds at first.
        hint: what stands in it while it is empty.
        live: whether every key stroke counts, rather than the end of typing.
        wide: whether it takes a line of its own.
    """
    made = ipywidgets.Text(value=value, description=label, placeholder=hint, continuous_update=live)
    return _as_field(made, wide=wide)


def password_field(label: str, *, hint: str = "") -> ipywidgets.Password:
    """Make a field for a secret; whoever reads it empties it at once, since what it holds can be saved in a notebook."""
    return _as_field(ipywidgets.Password(description=label, placeholder=hint))


def text_field(label: str, value: str = "", *, hint: str = "", live: bool = False) -> ipywidgets.Textarea:
    """Make a field for text of several lines; see `line_field`."""
    return _as_field(
        ipywidgets.Textarea(value=value, description=label, placeholder=hint, continuous_update=live), wide=True
    )


def choice_field(label: str, options: Sequence[Option], value: Any = None, *, wide: bool = False) -> Any:
    """Make a dropdown; a value that is not among the options gives the first one."""
    known = [option[1] if isinstance(option, tuple) else option for option in options]
    chosen = value if value in known else known[0] if known else None
    return _as_field(ipywidgets.Dropdown(options=list(options), value=chosen, description=label), wide=wide)


def several_field(label: str, options: Sequence[str], value: Iterable[str] = (), *, rows: int = 6) -> Any:
    """Make a list to choose several from."""
    wanted = set(value)
    chosen = tuple(option for option in options if option in wanted)
    made = ipywidgets.SelectMultiple(
        options=list(options), value=chosen, description=label, rows=min(rows, max(len(options), 2))
    )
    return _as_field(made)


def check_field(label: str, value: bool = False) -> ipywidgets.Checkbox:
    """Make a box to tick."""
    return ipywidgets.Checkbox(value=value, description=label, indent=False)


def html(content: str = "") -> ipywidgets.HTML:
    """Make a place for HTML that `lsnb.widgets.alerts` has made."""
    return ipywidgets.HTML(content)


def heading(words: str, *, level: Literal[3, 4] = 4) -> ipywidgets.HTML:
    """Make a heading of plain text."""
    return html(render_part("heading", words, level))


def quiet(words: str) -> ipywidgets.HTML:
    """Make a line of plain text that explains something in passing."""
    return html(alerts.quiet(words))


def row(*children: ipywidgets.Widget) -> ipywidgets.HBox:
    """Put parts beside each other, and below each other where the page is narrow."""
    made = ipywidgets.HBox(list(children))
    made.add_class("lsnb-row")
    return made


def stack(*children: ipywidgets.Widget) -> ipywidgets.VBox:
    """Put parts below each other."""
    made = ipywidgets.VBox(list(children))
    made.add_class("lsnb-stack")
    return made


def show(part: ipywidgets.Widget, is_shown: bool) -> None:
    """Show or hide a part."""
    part.layout.display = None if is_shown else "none"


def close_all(widget: ipywidgets.Widget) -> None:
    """Close a widget and everything in it, so that neither the kernel nor the page keeps any of it."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if isinstance(part, ipywidgets.Widget):
            part.close()
    widget.close()


def _as_field(made: Any, *, wide: bool = False) -> Any:
    made.add_class("lsnb-field")
    if wide:
        made.add_class("wide")
    return made
