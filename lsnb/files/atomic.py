"""Write files so that they are there whole or not at all, and nobody but their owner may read them.

Almost everything that lsnb writes names people. So there is one way to write, whatever the umask says: what is to be
shared is shared on purpose, by whoever owns it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

OWNER_FILE = 0o600
OWNER_FOLDER = 0o700

# A name may have 255 bytes, and the draft's name is longer than the file's.
_LONGEST_NAME = 200
_LONGEST_OF_ALL = 255


def write_atomically(target: Path, content: bytes, error: type[Exception]) -> None:
    """Write a file so that it is there whole or not at all, and only its owner may read it.

    A draft beside it is brought to the disk and then takes its name, so that a kill leaves the file as it was. A link
    is replaced by the file: nothing is written through it to somewhere else. Where modes do not exist, none is set.

    Args:
        target: the file.
        content: its content.
        error: what to raise when it cannot be written.
    """
    try:
        _refuse_special(target)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{_shortened(target.name)}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                if hasattr(os, "fchmod"):
                    os.fchmod(descriptor, OWNER_FILE)  # a strict umask would take the owner's own rights
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as problem:  # ValueError: a name that no file can have
        raise error(_refusal(target, problem)) from None
    sync_folder(target.parent)


def check_place(target: Path, error: type[Exception]) -> None:
    """Find out before the work whether a file can be written where its result is to go; the place stays as it is.

    Args:
        target: the file.
        error: what to raise when it cannot be written there.
    """
    try:
        _refuse_special(target)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{_shortened(target.name)}.")
        os.close(descriptor)
        Path(name).unlink(missing_ok=True)
    except (OSError, ValueError) as problem:
        raise error(_refusal(target, problem)) from None


def create_once(path: Path, content: bytes) -> None:
    """Write a small file that must not be there yet, for its owner only: of two processes one is first.

    Raises:
        FileExistsError: it is there already.
        OSError: it cannot be written.
    """
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_EXCL), "wb") as file:
        file.write(content)


def open_private(path: Path, flags: int) -> int:
    """Open a file that is made where it is not there, for its owner only; give its descriptor.

    Args:
        path: the file.
        flags: how to open it, such as `os.O_WRONLY | os.O_APPEND`.

    Raises:
        OSError: it cannot be opened; with `os.O_EXCL` also where it is there already.
    """
    flags |= os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, OWNER_FILE)
    if hasattr(os, "fchmod") and flags & os.O_EXCL:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, OWNER_FILE)  # a strict umask would take the owner's own rights
    return descriptor


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner only; one that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        if path.parent == path:
            break
        path = path.parent
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=OWNER_FOLDER)
            if os.name != "nt":
                folder.chmod(OWNER_FOLDER)  # a strict umask would take the owner's own rights
        if not folder.is_dir():
            raise NotADirectoryError(20, "there is a file of that name", str(folder))


def sync_folder(folder: Path) -> None:
    """Bring a new file's name to the disk too; where folders cannot be opened the system does it by itself."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _refusal(target: Path, problem: OSError | ValueError) -> str:
    reason = getattr(problem, "strerror", None) or "that is no name of a file"
    remedy = (
        "Make room there"
        if getattr(problem, "errno", None) == errno.ENOSPC
        else "Check that the folder exists and is yours"
    )
    return f"{str(target)!r} could not be written: {reason}. {remedy}, or name another file."


def _refuse_special(target: Path) -> None:
    """Keep devices, pipes and folders from being replaced by a file, which a super-user could do."""
    if len(os.fsencode(target.name)) > _LONGEST_OF_ALL:
        raise OSError(errno.ENAMETOOLONG, "its name is too long")
    if target.is_dir():
        raise IsADirectoryError(21, "there is a folder of that name")
    if target.exists() and not target.is_file():
        raise OSError(22, "it is a device or a pipe, and no ordinary file")


def _shortened(name: str) -> str:
    return os.fsdecode(os.fsencode(name)[:_LONGEST_NAME]) if len(os.fsencode(name)) > _LONGEST_NAME else name
