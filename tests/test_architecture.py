from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lsnb"

# A new module goes into one of these lines, and by that says what it may import. See CONTRIBUTING.md.
CORE = (
    "errors models catalogue tables matrix snapshot edits plan undo checks report policy effective "
    "outlook gating repair trends role_matrix compare names safe_text"
)
SHELL = (
    "config connection credentials identity transport answers pace paging api loader files store export sheets planfile planning policyfile auditfile "
    "offers secrets useronly plots plots_audit journal log apply organization whoami progress cli lab app __init__ __main__"
)
LAYERS = {"core": CORE.split(), "shell": SHELL.split(), "widgets": ["widgets"], "sandbox": ["sandbox"]}
LAYER_OF = {module: layer for layer, modules in LAYERS.items() for module in modules}

MAY_IMPORT = {
    "core": {"core"},
    "shell": {"core", "shell"},
    "widgets": {"core", "shell", "widgets"},
    "sandbox": {"sandbox"},  # code shared with the client would make a mistake agree with itself
}
# Imports inside a function, which cost nothing until they are called: who may reach which upper layer so.
LAZILY = {
    "__init__": {"widgets"},
    "cli": {"widgets", "sandbox"},
    "lab": {"sandbox"},
    "connection": {"sandbox"},
    "snapshot": {"shell"},  # Snapshot.save, the one door from the core to files
}
# The last three turn values into text: Jinja2, with its MarkupSafe, reads no file but the templates of the package, and
# wcwidth has tables of letters.
CORE_LIBRARIES = {"pandas", "pyarrow", "numpy", "jinja2", "markupsafe", "wcwidth"}
# What would make a plan depend on more than its arguments: network, processes, clock, chance, environment.
IMPURE_MODULES = {"socket", "ssl", "http", "urllib.request", "subprocess", "time", "random", "secrets", "tempfile"}
IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today", "uuid1", "uuid4", "getenv"}
IMPURE_NAMES = {"os.environ"}


def sources() -> list[tuple[str, Path]]:
    """List every file of the package with the top-level module that it belongs to."""
    return [(p.relative_to(PACKAGE).with_suffix("").parts[0], p) for p in sorted(PACKAGE.rglob("*.py"))]


def relative(value: object) -> str:
    """Shorten a path for the name of a test."""
    return str(value).removeprefix(f"{PACKAGE}/")


def imports(tree: ast.Module, folder: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Yield each imported module as an absolute name, and whether it is imported only when a function runs."""
    never = {
        id(n) for i in ast.walk(tree) if isinstance(i, ast.If) and is_for_types(i) for b in i.body for n in ast.walk(b)
    }
    lazy = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(folder[: len(folder) - node.level + 1]) if node.level else []
            name = ".".join([*base, *filter(None, [node.module])])
            # `from lsnb import plan` names the module last, `from lsnb.plan import Plan` does not
            names = [f"{name}.{alias.name}" for alias in node.names] if name == "lsnb" else [name]
        if id(node) not in never:
            yield from ((name, id(node) in lazy) for name in names)


def is_for_types(node: ast.If) -> bool:
    """Say whether this is `if TYPE_CHECKING:`, which never runs."""
    return ast.unparse(node.test).endswith("TYPE_CHECKING")


def inner_module(name: str) -> str | None:
    """Give the top-level module of ours that an import reaches; None for other people's."""
    top, _, rest = name.partition(".")
    module = rest.split(".")[0]
    known = module in LAYER_OF or (PACKAGE / module).is_dir() or (PACKAGE / f"{module}.py").is_file()
    return None if top != "lsnb" else module if known and module else "__init__"


def wrong_imports(module: str, code: str, folder: tuple[str, ...] = ("lsnb",)) -> list[str]:
    """List the imports that point up, or sideways where that is not allowed either."""
    layer = LAYER_OF.get(module, "core")
    wrong = []
    for name, is_lazy in imports(ast.parse(code), folder):
        target = inner_module(name)
        allowed = MAY_IMPORT[layer] | (LAZILY.get(module, set()) if is_lazy else set())
        if name == "lsnb.__version__" and layer != "sandbox":
            continue
        if target and LAYER_OF.get(target) not in allowed:
            wrong.append(name)
    return wrong


def impurities(code: str) -> set[str]:
    """Find what makes a module depend on more than its arguments, or on a library the core does without."""
    tree = ast.parse(code)
    names = {name for name, _ in imports(tree, ("lsnb",))}
    found = {n for n in names if n.split(".")[0] not in sys.stdlib_module_names | CORE_LIBRARIES | {"lsnb"}}
    found |= {n for n in names if n in IMPURE_MODULES or n.split(".")[0] in IMPURE_MODULES}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in IMPURE_CALLS:
            found.add(ast.unparse(node.func))
        elif isinstance(node, ast.Attribute):
            found |= {ast.unparse(node)} & IMPURE_NAMES
    return found


def test_every_module_has_a_layer():
    """A new module is put into a layer before it can be merged, so that the table above stays true."""
    assert {module for module, _ in sources()} - set(LAYER_OF) == set()


@pytest.mark.parametrize(("module", "path"), sources(), ids=relative)
def test_imports_point_down(module, path):
    """A module imports its own layer and those below; the lazy exceptions are the listed ones."""
    folder = ("lsnb", *path.relative_to(PACKAGE).parts[:-1])
    assert wrong_imports(module, path.read_text(encoding="utf-8"), folder) == []


@pytest.mark.parametrize("path", [path for module, path in sources() if LAYER_OF.get(module) == "core"], ids=relative)
def test_the_core_is_pure(path):
    """The core sees only its arguments: no network, files, clock, chance, environment or printing."""
    assert impurities(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("plan", "from lsnb.apply import apply_plan"),
        ("plan", "from .api import Api"),
        ("plan", "from lsnb import transport"),
        ("plan", "from lsnb import Plan"),
        ("plan", "def f():\n    import lsnb.loader"),
        ("apply", "from lsnb import sandbox"),
        ("apply", "def f():\n    from lsnb import widgets"),
        ("cli", "from lsnb import sandbox"),
        ("sandbox", "from lsnb.models import Role"),
        ("sandbox", "from lsnb import __version__"),
        ("widgets", "from lsnb.sandbox import start"),
    ],
)
def test_a_planted_import_is_found(module, code):
    """Each kind of forbidden arrow is seen, however it is written."""
    assert len(wrong_imports(module, code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import requests",
        "import urllib.request",
        "import time",
        "from datetime import datetime\ndatetime.now()",
        "import pandas as pd\npd.Timestamp.now()",
        "import os\nos.environ['HOME']",
        "print(1)",
        "open('x')",
        "import uuid\nuuid.uuid4()",
    ],
)
def test_a_planted_impurity_is_found(code):
    """Each way for the core to look around is seen."""
    assert len(impurities(code)) == 1


def test_importing_the_package_is_light():
    """`import lsnb` brings neither the client, nor the widgets, nor the sandbox: each comes when it is used."""
    code = "import sys, lsnb; print(*sorted({'requests', 'ipywidgets', 'anywidget', 'fastapi'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
