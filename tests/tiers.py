"""Which tests an ordinary run takes, and what it says at its end: what was left out, and how much work it was.

`make test` runs the ordinary tier, which fits a coffee; `make test-rest` what that leaves out, `make test-all` both. Two
marks decide:

- `thorough`: only the whole run has it, such as everything in a real browser.
- `each_once`: of a product over parameters, the ordinary run has each value of each parameter at least once, and the
  whole run has all combinations.

Whatever is named by itself on the command line (`file.py::test`) is run in either tier.
"""

from __future__ import annotations

import os
import resource
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import pytest

#: CPU-minutes of the ordinary run, children and browsers included, on whatever machine.
MOST_CPU_MINUTES = 6.0
TIERS = ("ordinary", "rest", "all")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of the tier."""
    parser.addoption(
        "--tier", choices=TIERS, default="ordinary", help="ordinary fits a coffee, rest is what it leaves out"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    config.addinivalue_line("markers", "thorough: only the whole run has it (make test-all)")
    config.addinivalue_line("markers", "each_once: the ordinary run has each value of each parameter once")
    config.stash[LEFT_OUT] = Counter[str]()


LEFT_OUT: pytest.StashKey[Counter[str]] = pytest.StashKey()


@pytest.hookimpl(trylast=True)  # after marks that folders give
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the whole run has."""
    if config.getoption("--tier") == "all" or any("::" in str(argument) for argument in config.args):
        return
    products: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("each_once"):
            products[item.nodeid.partition("[")[0]].append(item)
    spared = {id(item) for group in products.values() for item in _spared(group)}
    left_out = [item for item in items if item.get_closest_marker("thorough") or id(item) in spared]
    if config.getoption("--tier") == "rest":
        ordinary = {id(item) for item in items} - {id(item) for item in left_out}
        config.hook.pytest_deselected(items=[item for item in items if id(item) in ordinary])
        items[:] = left_out
        return
    gone = {id(item) for item in left_out}
    items[:] = [item for item in items if id(item) not in gone]
    config.hook.pytest_deselected(items=left_out)
    left_out_files: Counter[str] = Counter(_folder(item) for item in left_out)
    config.stash[LEFT_OUT] = left_out_files
    if (output := getattr(config, "workeroutput", None)) is not None:
        output["left_out"] = dict(left_out_files)


def _spared(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Find which items of one product the ordinary run does without."""
    rows = [list(_values(item)) for item in items]
    kept = set(cover(rows))
    return [item for number, item in enumerate(items) if number not in kept]


def _values(item: pytest.Item) -> Iterable[Hashable]:
    spec = getattr(item, "callspec", None)
    return ((name, repr(value)) for name, value in spec.params.items()) if spec else ()


def cover(rows: Sequence[Sequence[Hashable]]) -> list[int]:
    """Choose rows so that each value stands in one of them at least; always the same ones, and few."""
    missing = {value for row in rows for value in row}
    chosen: list[int] = []
    while missing:
        best = max(range(len(rows)), key=lambda number: (len(missing.intersection(rows[number])), -number))
        chosen.append(best)
        missing.difference_update(rows[best])
    return sorted(chosen) or list(range(len(rows)))


def _folder(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0].removeprefix("tests/")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker left out; all workers leave out the same."""
    node.config.stash[LEFT_OUT] = Counter(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was left out and how many CPU-minutes the run took."""
    left_out = config.stash[LEFT_OUT]
    if left_out:
        most = ", ".join(f"{name} ({count})" for name, count in left_out.most_common(6))
        rest = len(left_out) - 6
        more = f" and {rest} more files" if rest > 0 else ""
        terminalreporter.write_line(
            f"Left out of the ordinary run: {sum(left_out.values()):,} tests, most of them in {most}{more}. "
            "make test-all runs them."
        )
    minutes = cpu_minutes()
    verdict = "holds" if minutes <= MOST_CPU_MINUTES else "misses"
    bound = f"; the bound of {MOST_CPU_MINUTES:g} {verdict}" if config.getoption("--tier") == "ordinary" else ""
    terminalreporter.write_line(f"CPU-minutes, with all children: {minutes:.1f}{bound}")


def cpu_minutes() -> float:
    """Tell how much work this process and all that it has started and seen end took, in minutes of one core."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used) / 60


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a whole ordinary run that is no longer ordinary."""
    is_worker = hasattr(session.config, "workerinput")
    is_bound = os.environ.get("LSNB_BOUND_TESTS") == "1" and session.config.getoption("--tier") == "ordinary"
    if is_bound and not is_worker and exitstatus == 0 and cpu_minutes() > MOST_CPU_MINUTES:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
