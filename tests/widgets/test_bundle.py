"""The committed bundle of the grid: made from the committed sources, whole, licensed, and without a way out."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JS = ROOT / "js"
STATIC = ROOT / "lsnb" / "widgets" / "static"


def source_hash(folder):
    """Hash what the bundle is made from, in the order that js/build.mjs does it."""
    names = ["build.mjs", "package-lock.json", "package.json"]
    names += [f"src/{path.name}" for path in sorted((folder / "src").iterdir())]
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\n".encode())
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def test_the_bundle_was_built_from_these_sources():
    """A source or the lock that was changed without `make js` is found, on a machine without node too."""
    assert (STATIC / "SOURCE.sha256").read_text().strip() == source_hash(JS), "run: make js"


def test_versions_are_exact():
    """Every package has one version in package.json, and the lock has a checksum for each."""
    wanted = json.loads((JS / "package.json").read_text())["devDependencies"]
    locked = json.loads((JS / "package-lock.json").read_text())["packages"]
    assert [] == [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)]
    assert wanted == {name: locked[f"node_modules/{name}"]["version"] for name in wanted}
    assert [] == [
        name for name, entry in locked.items() if name and not entry.get("integrity", "").startswith("sha512-")
    ]


@pytest.mark.parametrize("name", ["ag-grid-community", "ag-stack"])
def test_the_licence_of_what_is_bundled_stands_beside_it(name):
    """The notice has the version that the lock has, and the text."""
    version = json.loads((JS / "package-lock.json").read_text())["packages"][f"node_modules/{name}"]["version"]
    notice = (STATIC / "THIRD_PARTY.txt").read_text()
    assert f"{name} {version} (MIT)" in notice
    assert "Permission is hereby granted, free of charge" in notice


def test_the_bundle_is_one_module_that_loads_nothing():
    """One file with one default export; no import, no address of a script or style elsewhere."""
    code = (STATIC / "grid.js").read_text(encoding="utf-8")
    assert re.search(r"export\{\w+ as default\};?\s*$", code)
    assert re.search(r"\bimport\s*[({\"']", code) is None
    assert re.search(r"https?://[^\"'`\s]*\.(js|mjs|css|woff2?)\b|unpkg|jsdelivr|cdn\.", code) is None
    assert "@import" not in (STATIC / "grid.css").read_text()
