"""A demo organization in a process of its own, so that the server's work is not counted as the client's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def served(seed: str, *, latency_ms: int = 0) -> Iterator[dict[str, Any]]:
    """Serve a seed, and give its address and keys."""
    words = [sys.executable, "-m", "lsnb", "sandbox", "--seed", seed, "--latency-ms", str(latency_ms)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
