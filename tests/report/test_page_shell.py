"""The one shell of all HTML: nothing gets out unescaped, and nothing writes HTML past it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from jinja2 import UndefinedError

import lsnb
from lsnb.report.page_shell import _environment, render_page, render_part, render_report, stylesheet
from lsnb.widgets import alerts
from lsnb.widgets.style import css

PACKAGE = Path(lsnb.__file__).parent
EVIL = '<img src=x onerror="window.hacked=1">'
KEY = "lsv2_pt_" + "0123456789abcdef" * 2 + "_0123456789"

TAG = re.compile(
    r"</?(div|span|p|table|thead|tbody|tr|t[dh]|h[1-6]|ul|ol|li|style|details|summary|b|i|small|code|pre|img|svg)\b"
)
# Who looks for HTML in what others wrote, or brings the style along.
MAY_NAME_TAGS = {"files/sheets/reading.py", "widgets/style.py"}


def literal_tags(path):
    """List the tags in a module's literals, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, owners)}
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [text for text in texts if text not in docs and TAG.search(text)]


@pytest.mark.parametrize("value", [EVIL, f"\x1b[31m{EVIL}\u202e", f"a\n{EVIL}"])
def test_every_part_escapes_what_it_is_given(value):
    """Names bring no tag, no attribute, no control character and no hidden mark, wherever they stand."""
    frame = pd.DataFrame({value: [value]})
    shown = [
        alerts.card(value, [value], next_step=value, details=value, details_title=value),
        alerts.facts([(value, value)]),
        alerts.table(frame, titles=[value]),
        alerts.table(frame.head(0), empty=value),
        alerts.line(value, kind="says", role="status"),
        render_part("badge", value, value),
        render_part("heading", value, 3),
        render_part("progress", value, value, value, 1, 2),
        render_part("progress", value, value, value, 0, 0),
        render_part("counts", [(value, [("alarm", 50.0)], value)]),
        render_part("picture", value, "AAAA"),
        render_part("unlock", value, value),
        render_page(value, ""),
    ]
    for html in shown:
        assert "<img src=x" not in html
        assert 'onerror="' not in html
        assert "&lt;img src=x" in html
        assert not set("\x1b\u202e") & set(html)


def test_no_key_gets_onto_a_page():
    """What looks like a key is taken out of every text, folded traces too."""
    assert KEY not in alerts.card(KEY, [f"the key {KEY}"], details=f"trace\n{KEY}")
    assert KEY not in render_page(KEY, "")


def test_a_trace_keeps_its_lines_and_nothing_else_does():
    """Details are folded text with line breaks; a line of a card is one line."""
    html = alerts.card("a\nb", details="one\ntwo")
    assert "<b>a b</b>" in html
    assert "<pre>one\ntwo</pre>" in html


def test_what_is_missing_prints_nothing():
    """None, NaN and NA are empty cells, zero is not."""
    html = alerts.table(pd.DataFrame({"a": pd.Series([None, float("nan"), pd.NA, pd.NaT, 0], dtype=object)}))
    assert 4 == html.count("<td></td>")
    assert "<td>0</td>" in html


def test_a_value_that_a_template_is_not_given_is_an_error():
    """A misspelt name prints no gap."""
    with pytest.raises(UndefinedError):
        render_report("run", lines=["x"])


def test_every_template_is_sound_and_escapes():
    """All of them can be read, no one marks anything as safe or switches escaping off."""
    for path in (PACKAGE / "report/templates").glob("*.j2"):
        _environment().get_template(path.name)
        text = path.read_text(encoding="utf-8")
        assert re.search(r"\|\s*safe|autoescape|<script|https?:|\son\w+=", text) is None, path.name


def test_forms_and_reports_share_one_style():
    """Cards, tables and colours are written once, and the forms add only what reports do not have."""
    own = (PACKAGE / "widgets/static/forms.css").read_text(encoding="utf-8")
    assert css().startswith(stylesheet())
    assert css().endswith(own)
    for shared in (".lsnb-card.bad", ".lsnb-facts b", "--lsnb-warn: light-dark", ".lsnb-badge"):
        assert shared in stylesheet()
        assert shared not in own


def test_only_templates_write_html():
    """No module of the package puts HTML together from strings; the demo organization's server is none of it."""
    modules = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "sandbox"]
    writers = {str(path.relative_to(PACKAGE)) for path in modules if literal_tags(path)}
    assert writers <= MAY_NAME_TAGS


def test_a_planted_writer_is_found(tmp_path):
    """The search sees tags in texts and in f-strings, and not in docstrings."""
    module = tmp_path / "x.py"
    module.write_text('"""Say <b>."""\ndef f(x):\n    """Say <td>."""\n    return f"<td>{x}</td>" + "<b>"\n')
    assert literal_tags(module) == ["<td>", "</td>", "<b>"] or set(literal_tags(module)) == {"<td>", "</td>", "<b>"}


def test_planning_does_not_load_the_templates():
    """Jinja2 is there once a page is made, and not before."""
    code = (
        "import sys, lsnb.plan, lsnb.report, lsnb.apply.run; print('jinja2' in sys.modules);"
        "from lsnb.report.page_shell import render_part; render_part('badge', 'x'); print('jinja2' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]
