"""A lock on an open file that ends with the process, however it ends."""

from __future__ import annotations

import errno
import os
import sys

# What a system says where somebody else has the lock; anything else says that it keeps no locks there.
_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    # Far behind any content, as this kind of lock keeps others from reading what it covers.
    _AT = 1 << 40

    def _lock(descriptor: int) -> None:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, _AT, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_file(descriptor: int) -> bool | None:
    """Lock a file; say no where another process, or another part of this one, has it, and None where there are no locks."""
    try:
        _lock(descriptor)
    except OSError as error:
        return False if error.errno in _TAKEN else None
    return True


def try_lock(descriptor: int) -> bool:
    """Lock a file; say no where that was not possible."""
    return lock_file(descriptor) is True
