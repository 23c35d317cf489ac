"""Files that people edit are never written over: what lsnb wrote last, and nobody changed since, may be replaced.

What was written is remembered by its digest, in the folder of the person who ran it (`written.json`, see
`lsnb.files.folders`); a home that cannot be written is remembered for as long as the process lives.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from lsnb.files.atomic import make_folder, write_atomically
from lsnb.files.bounded import load_json, read_bounded
from lsnb.files.folders import state_folder

#: So many files are remembered; of an older one it is asked, which is safe.
_MOST = 1_000
_LONGEST = 1_000_000
_PIECE = 1 << 20

_here: dict[str, str] = {}
_lock = threading.Lock()


def check_output(
    target: Path,
    error: type[Exception],
    *,
    inputs: Iterable[object] = (),
    overwrite: bool = False,
    spares_strangers: bool = True,
) -> None:
    """Make sure that writing a file loses nothing that somebody made.

    Args:
        target: the file to be written.
        error: what to raise when it must not be.
        inputs: what the content is made from; what is no path is passed over.
        overwrite: replace the file whatever it is.
        spares_strangers: refuse also to replace a file of which it is not known that lsnb wrote it.
    """
    if overwrite or not target.exists():
        return
    how = "Name another file, or say that it may be replaced: --force, in Python overwrite=True."
    for source in inputs:
        if isinstance(source, str | os.PathLike) and _is_same(target, Path(source)):
            raise error(f"{str(target)!r} is what is read here, and would be written over. {how}")
    known = _remembered(target)
    if target.is_file() and (known or spares_strangers) and known != _digest(target):
        raise error(
            f"{str(target)!r} is there already, and is not as lsnb wrote it last: what was edited would be lost. {how}"
        )


def write_output(
    target: Path,
    content: bytes,
    error: type[Exception],
    *,
    inputs: Iterable[object] = (),
    overwrite: bool = False,
) -> None:
    """Write a file as `write_atomically` does, but not over one that somebody edited; see `check_output`."""
    check_output(target, error, inputs=inputs, overwrite=overwrite)
    write_atomically(target, content, error)
    _remember(target, hashlib.sha256(content).hexdigest())


def remember_output(target: Path) -> None:
    """Remember a file as it is, which lsnb has just written in another way."""
    _remember(target, _digest(target))


def _is_same(target: Path, source: Path) -> bool:
    """Tell whether two names are of one file, also through links and in another case."""
    try:
        return source.exists() and target.samefile(source)
    except OSError:
        return False


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def _name(path: Path) -> str:
    """Name a file in the memory, which need not tell anybody what files there are."""
    return hashlib.sha256(os.fsencode(path.parent.resolve() / path.name)).hexdigest()


def _remembered(path: Path) -> str | None:
    with _lock:
        return _here.get(_name(path)) or _read().get(_name(path))


def _remember(path: Path, digest: str) -> None:
    with _lock:
        _here[_name(path)] = digest
        memory = _memory()
        if memory is None:
            return
        known = {name: text for name, text in _read().items() if name != _name(path)}
        kept = dict([*known.items(), (_name(path), digest)][-_MOST:])
        with contextlib.suppress(OSError):
            make_folder(memory.parent)
            write_atomically(memory, json.dumps(kept).encode(), OSError)


def _read() -> dict[str, str]:
    memory = _memory()
    try:
        data = load_json(read_bounded(memory, most=_LONGEST)) if memory and memory.is_file() else {}
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}


def _memory() -> Path | None:
    folder = state_folder()
    return None if folder is None else folder / "written.json"
