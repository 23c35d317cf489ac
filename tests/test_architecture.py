from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lsnb"

# The rooms of the core, in order: each may import those before it. See CONTRIBUTING.md.
CORE = ("errors", "tables", "snapshot", "policy", "sheets", "analysis", "plan", "apply.undo", "checks", "report")
SHELL = ("service", "loader", "files", "apply", "report.plots", "organization", "cli", "__init__", "__main__")
LAYERS = {"core": CORE, "shell": SHELL, "widgets": ("widgets",), "sandbox": ("sandbox",)}
ROOMS = {room: layer for layer, rooms in LAYERS.items() for room in rooms}

MAY_IMPORT = {
    "core": {"core"},
    "shell": {"core", "shell"},
    "widgets": {"core", "shell", "widgets"},
    "sandbox": {"sandbox"},  # code shared with the client would make a mistake agree with itself
}
# Who may reach an upper layer inside a function, which costs nothing until it is called.
LAZILY = {
    "__init__": {"widgets"},
    "cli": {"widgets", "sandbox"},
    "service": {"sandbox"},
}
# A value's own methods that open another room: `snap.save`, `plan.to_html`. Nothing else of the core looks up.
DOORS = {
    "lsnb.snapshot": {"save", "explain", "who_can", "effective", "filter_access", "setting", "matrix", "_repr_html_"},
    "lsnb.plan.model": {"to_text", "to_markdown", "to_html", "to_frame", "to_csv"},
    "lsnb.checks.remediation": {"_repr_html_"},
    "lsnb.analysis.compare.model": {"to_text", "to_markdown", "to_html", "to_csv", "to_json"},
}
CORE_LIBRARIES = {"pandas", "pyarrow", "numpy", "jinja2", "markupsafe", "wcwidth"}
# What would make a plan depend on more than its arguments: network, processes, clock, chance, environment.
IMPURE_MODULES = {"socket", "ssl", "http", "urllib.request", "subprocess", "time", "random", "secrets", "tempfile"}
IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today", "uuid1", "uuid4", "getenv"}
IMPURE_NAMES = {"os.environ"}
MOST_ENTRIES = 20


def name_of(path: Path) -> str:
    """Give a file's dotted name."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    """Give the room that a module is in: the longest name of one that fits, `__init__` for the package itself."""
    rest = module.split(".")[1:]
    found = [room for n in range(len(rest), 0, -1) if (room := ".".join(rest[:n])) in ROOMS]
    return found[0] if found else "__init__" if not rest else rest[0]


def imports(tree: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    """Yield each imported name in full, with the function that imports it when it runs; "" for one at load."""
    never = {
        id(n) for i in ast.walk(tree) if isinstance(i, ast.If) and is_for_types(i) for b in i.body for n in ast.walk(b)
    }
    within = {
        id(n): f.name
        for f in ast.walk(tree)
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
        for n in ast.walk(f)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            names = [f"{origin}.{alias.name}" for alias in node.names]
        if id(node) not in never:
            yield from ((name, within.get(id(node), "")) for name in names)


def is_for_types(node: ast.If) -> bool:
    """Say whether this is `if TYPE_CHECKING:`, which never runs."""
    return ast.unparse(node.test).endswith("TYPE_CHECKING")


def inner_module(name: str) -> str | None:
    """Give the module of ours that an imported name is, or is in; None for other people's."""
    if name.split(".")[0] != "lsnb":
        return None
    known = [".".join(name.split(".")[:n]) for n in range(name.count(".") + 1, 0, -1)]
    return next((module for module in known if module in MODULES), "lsnb")


def wrong_imports(module: str, code: str) -> list[str]:
    """List the imports that point up, into another layer or to a later room of the core; a lazy one is one too."""
    room = room_of(module)
    layer = ROOMS[room]
    wrong = []
    for name, function in imports(ast.parse(code), module):
        target = inner_module(name)
        if target is None or (name == "lsnb.__version__" and layer != "sandbox"):
            continue
        if function and function in DOORS.get(module, ()):
            continue
        there = room_of(target)
        allowed = MAY_IMPORT[layer] | (LAZILY.get(room, set()) if function else set())
        is_up = layer == "core" and there in CORE and CORE.index(there) > CORE.index(room)
        if ROOMS.get(there) not in allowed or is_up:
            wrong.append(name)
    return wrong


def impurities(code: str) -> set[str]:
    """Find what makes a module depend on more than its arguments, or on a library the core does without."""
    tree = ast.parse(code)
    names = {name for name, _ in imports(tree, "lsnb.module")}
    roots = {name.split(".")[0] for name in names}
    found = {n for n in names if n.split(".")[0] not in sys.stdlib_module_names | CORE_LIBRARIES | {"lsnb"}}
    found |= {n for n in names if any(n == m or n.startswith(f"{m}.") for m in IMPURE_MODULES) and roots}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in IMPURE_CALLS:
            found.add(ast.unparse(node.func))
        elif isinstance(node, ast.Attribute):
            found |= {ast.unparse(node)} & IMPURE_NAMES
    return found


def load_circles(sources: dict[str, str]) -> list[list[str]]:
    """Find modules of one room or several that import each other when they are loaded."""
    arrows = {
        module: {
            target
            for name, function in imports(ast.parse(code), module)
            if not function and (target := inner_module(name)) and target != module and target in sources
        }
        for module, code in sources.items()
    }
    circles, done = [], set()

    def follow(module: str, way: list[str]) -> None:
        if module in way:
            circles.append(way[way.index(module) :])
            return
        if module in done:
            return
        for target in sorted(arrows[module]):
            follow(target, [*way, module])
        done.add(module)

    for module in sorted(arrows):
        follow(module, [])
    return circles


def core_modules() -> list[str]:
    """List the modules of the core."""
    return [module for module in MODULES if ROOMS.get(room_of(module)) == "core"]


def test_the_front_hall_is_small():
    """What a user may import fits one glance: at most twenty entries at the top of the package."""
    entries = {p.name for p in PACKAGE.iterdir() if p.name != "__pycache__"}
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_every_module_is_in_a_room():
    """A new module is put into a room before it can be merged, so that the tables above stay true."""
    assert {module for module in MODULES if room_of(module) not in ROOMS} == set()


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    """A module imports its own layer and those below, and in the core its own room and those before it."""
    assert wrong_imports(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", core_modules())
def test_the_core_is_pure(module):
    """The core sees only its arguments: no network, files, clock, chance, environment or printing."""
    assert impurities(MODULES[module].read_text(encoding="utf-8")) == set()


def test_no_modules_of_the_core_import_each_other():
    """The core loads without circles."""
    assert load_circles({module: MODULES[module].read_text(encoding="utf-8") for module in core_modules()}) == []


@pytest.mark.thorough
def test_any_module_can_be_loaded_first():
    """No module leans on another one having been loaded before it."""
    code = (
        "import importlib, os, sys\n"
        "for name in sys.argv[1:]:\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "        except BaseException as error:\n"
        "            print(name, type(error).__name__, error, flush=True)\n"
        "        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
    )
    names = [module for module in MODULES if module != "lsnb.__main__"]
    command = [sys.executable, "-c", "import pandas, pyarrow, requests\n" + code, *names]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == []


def test_every_door_is_used():
    """A door that nothing goes through any more is taken out of the table."""
    for module, functions in DOORS.items():
        used = {function for _, function in imports(ast.parse(MODULES[module].read_text("utf-8")), module)}
        assert functions - used == set()


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("lsnb.plan.build", "from lsnb.apply import apply_plan"),
        ("lsnb.plan.build", "from ..service import api"),
        ("lsnb.plan.build", "from lsnb import loader"),
        ("lsnb.plan.build", "from lsnb import Plan"),
        ("lsnb.plan.build", "def f():\n    import lsnb.loader"),
        ("lsnb.plan.build", "from lsnb.checks import run_checks"),
        ("lsnb.plan.build", "def f():\n    from lsnb.checks import run_checks"),
        ("lsnb.tables.access", "from lsnb.snapshot import Snapshot"),
        ("lsnb.tables.access", "def f():\n    from lsnb.snapshot import Snapshot"),
        ("lsnb.plan.model", "def f():\n    from lsnb.report import plan_to_html"),
        ("lsnb.sheets.parse", "from lsnb.plan.model import Plan"),
        ("lsnb.apply.applying", "from lsnb import sandbox"),
        ("lsnb.apply.applying", "def f():\n    from lsnb import widgets"),
        ("lsnb.cli.reading", "from lsnb import sandbox"),
        ("lsnb.sandbox.app", "from lsnb.tables import access"),
        ("lsnb.sandbox.app", "from lsnb import __version__"),
        ("lsnb.widgets.base", "from lsnb.sandbox import start"),
    ],
)
def test_a_planted_import_is_found(module, code):
    """Each kind of forbidden arrow is seen, however it is written, and a lazy one like any other."""
    assert len(wrong_imports(module, code)) == 1


def test_a_planted_circle_is_found():
    """Two modules of one room that import each other are seen."""
    planted = {
        "lsnb.plan.build": "from lsnb.plan.model import Plan",
        "lsnb.plan.model": "from lsnb.plan.build import make_plan",
    }
    assert load_circles(planted) == [["lsnb.plan.build", "lsnb.plan.model"]]


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
