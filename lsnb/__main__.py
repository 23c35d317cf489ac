"""Run the command with `python -m lsnb`."""

from __future__ import annotations

import sys

from lsnb.cli import main

if __name__ == "__main__":
    sys.exit(main())
