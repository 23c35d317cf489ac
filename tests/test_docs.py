"""The documentation says what is true: generated pages are current, and what it tells people to run runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate import PAGES
from lsnb.cli import build_parser

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", PAGES)
def test_generated_page_is_current(name):
    """A page that is made from the code is committed as the code makes it; `make docs` writes it anew."""
    assert PAGES[name]() == (ROOT / "docs" / name).read_text(encoding="utf-8")


def python_blocks(text):
    """Find the Python that a page shows."""
    return re.findall(r"```python\n(.*?)```", text, re.S)


def test_readme_python_runs(tmp_path, monkeypatch, capsys):
    """The lines of Python in the README run as they stand, on the demo organization."""
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102  # it is our own README
    assert "demo organization" in capsys.readouterr().err


def subcommands():
    """List the subcommands of the command."""
    actions = build_parser()._subparsers._group_actions
    return sorted(actions[0].choices)


@pytest.mark.parametrize("name", subcommands())
def test_every_subcommand_is_documented(name):
    """docs/command.md has a section for each subcommand."""
    assert re.search(rf"^## lsnb {name}\b", (ROOT / "docs" / "command.md").read_text(encoding="utf-8"), re.M)


def test_links_between_pages_lead_somewhere():
    """A relative link names a file that is there."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
