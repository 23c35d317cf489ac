"""Read files that somebody else may have made: never more than a limit, and one kind of trouble for all of them."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any, NoReturn

MEBIBYTE = 1 << 20
#: A plan over 20,000 people has about 20 MB, its journal three times as much.
MOST_OF_A_FILE = 512 * MEBIBYTE
#: How deep lists and objects may lie within each other; ours lie at most eight deep.
DEEPEST = 64

_LONGEST_WHOLE = 20  # digits; no number of ours has more
_SURROGATE = re.compile("[\ud800-\udfff]")


class FileTroubleError(ValueError):
    """A file cannot be read; the text finishes the sentence "... cannot be read: "."""


def read_bounded(path: Path, *, most: int = MOST_OF_A_FILE) -> bytes:
    """Read a file whole, unless it is larger than it can honestly be.

    Args:
        path: the file.
        most: the most bytes that are read.

    Raises:
        FileNotFoundError: there is none.
        FileTroubleError: it is too large, no ordinary file, or the system does not let it be read.
    """
    try:
        # Not blocking: a pipe that nobody writes to would keep the opening waiting for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if stat.S_ISDIR(found.st_mode):
                raise FileTroubleError("it is a folder")
            if not stat.S_ISREG(found.st_mode):
                raise FileTroubleError("it is no ordinary file")
            if found.st_size > most:
                raise FileTroubleError(_too_large(found.st_size, most))
            content = file.read(most + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileTroubleError(error.strerror or type(error).__name__) from None
    except FileTroubleError:
        raise
    except ValueError:
        raise FileTroubleError("that is no name of a file") from None
    if len(content) > most:
        raise FileTroubleError(_too_large(len(content), most))
    return content


def load_json(content: bytes, *, deepest: int = DEEPEST) -> Any:
    """Read JSON as plain data; what JSON does not have, or two programs would read differently, is refused.

    Args:
        content: the text, UTF-8.
        deepest: how deep lists and objects may lie within each other.

    Raises:
        FileTroubleError: it is no JSON in UTF-8, is nested too deep, names a key twice in one object, or holds NaN,
            infinity, a number of thousands of digits or half a letter.
    """
    try:
        text = content.decode("utf-8-sig")
        data = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
    except FileTroubleError:
        raise
    except UnicodeDecodeError as error:
        raise FileTroubleError(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise FileTroubleError(f"it is not JSON ({error.msg}, line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise FileTroubleError(_too_deep(deepest)) from None
    if _is_deeper(data, deepest):
        raise FileTroubleError(_too_deep(deepest))
    if "\\u" in text and _holds_surrogate(data):
        raise FileTroubleError("it holds half of a letter (a lone surrogate), which is no text")
    return data


def _too_large(size: int, most: int) -> str:
    return f"it has {size / MEBIBYTE:,.0f} MB, and at most {most / MEBIBYTE:,.0f} are read"


def _too_deep(deepest: int) -> str:
    return f"its lists and objects lie more than {deepest} deep in each other"


def _is_deeper(data: Any, deepest: int) -> bool:
    """Tell whether containers lie deeper in each other than that; level by level, since recursion has its own end."""
    level = [data]
    for _ in range(deepest + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += [value for value in item.values() if isinstance(value, dict | list)]
            elif isinstance(item, list):
                inner += [value for value in item if isinstance(value, dict | list)]
        level = inner
    return bool(level)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FileTroubleError(f"it names {twice[:60]!r} twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise FileTroubleError(f"it holds {name}, which is no number")


def _whole(text: str) -> int:
    if len(text) > _LONGEST_WHOLE:
        raise FileTroubleError(f"it holds a number of {len(text):,} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise FileTroubleError(f"it holds {text[:20]}, which no number can be")
    return value


def _holds_surrogate(data: Any) -> bool:
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if _SURROGATE.search(item):
                return True
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
    return False
