"""Run every benchmark, or the named ones: `python -m benchmarks load plan`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Run the benchmarks one after the other."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "served")
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(known)}.\n")
        return 1
    for name in names or known:
        sys.stdout.write(f"\n{name}\n{'-' * len(name)}\n")
        sys.stdout.flush()
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
