"""One run at a time for each organization and host on one machine, so that two cannot take each other's Admins away.

There are two locks, each the system's own, so that it ends with the process, however that ends. One is on a file in the state
folder of the person who runs it (`running`, see `lsnb.files.folders`). The other keeps out runs that know
another such folder, as those of other accounts and of schedules do: on Linux a name in the system's own space of names, which
whoever can read the system's list of them sees with process and time; elsewhere a file in the folder for temporary files.
What any of them says of itself is only for whoever waits.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lsnb.errors import BusyOrganizationError
from lsnb.files import make_folder, state_folder
from lsnb.files.atomic import open_private
from lsnb.files.locks import lock_file
from lsnb.service.config import is_loopback

_ATTEMPTS, _EVERY_S = 20, 0.1
_MOST_OF_A_NOTE = 1 << 14
#: Below which names the whole machine is told who is at work.
_MACHINE = "lsnb-running"
_HAS_NAMES = sys.platform == "linux"
_NAMES = Path("/proc/net/unix")


@contextlib.contextmanager
def turn_of(
    organization_id: str,
    host: str,
    *,
    organization: str,
    journal: Path,
    started_at: str,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[str]:
    """Keep every other run of the organization on this machine out meanwhile; wait two seconds for one that ends.

    Args:
        organization_id: the organization.
        host: the host that it is at.
        organization: its name, for the message.
        journal: the journal of this run, for whoever finds it running.
        started_at: when this run started, ISO 8601, UTC.
        sleep: waits that many seconds.

    Yields:
        What to say about how far this protects; empty where it does as it should.

    Raises:
        BusyOrganizationError: another run is at work; says which, since when, and with which journal.
    """
    digest = hashlib.sha256(f"{_one_name(host)}\n{organization_id}".encode()).hexdigest()[:32]
    descriptor, note = _open(f"{digest}.lock")
    stack = contextlib.ExitStack()
    try:
        if descriptor is not None:
            taken = _wait_for(descriptor, sleep)
            if taken is None:
                note = (
                    "This system keeps no locks on files, so nothing kept another run on this organization from starting "
                    "at the same time."
                )
            elif not taken:
                raise BusyOrganizationError(_busy_words(organization, host, _read(descriptor)))
            else:
                _write(descriptor, journal, started_at)
        stack.enter_context(_on_machine(digest, organization, host, journal, started_at, sleep))
        yield note
    finally:
        stack.close()
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _one_name(host: str) -> str:
    """Give one name to all names of this machine itself; the port tells what answers there."""
    parts = re.fullmatch(r"(\[[^]]*\]|[^:/]*)(.*)", host.lower())
    name, rest = parts.groups() if parts else (host, "")
    return f"loopback{rest}" if is_loopback(name) else f"{name.rstrip('.')}{rest}"


@contextlib.contextmanager
def _on_machine(
    digest: str, organization: str, host: str, journal: Path, started_at: str, sleep: Callable[[float], object]
) -> Iterator[None]:
    """Keep out the runs of this machine that know another state folder.

    Raises:
        BusyOrganizationError: one of them is at work.
    """
    if not _HAS_NAMES:
        folder = _shared_folder()
        descriptor = _open_in(folder, f"{digest}.all")
        try:
            if descriptor is not None and _wait_for(descriptor, sleep) is False:
                raise BusyOrganizationError(_busy_words(organization, host, _read(descriptor)))
            if descriptor is not None:
                _write(descriptor, journal, started_at)
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)
        return
    name = f"{_MACHINE}/{digest}"
    with contextlib.ExitStack() as stack:
        for attempt in range(_ATTEMPTS):
            if attempt:
                sleep(_EVERY_S)
            if _bind(name, stack):
                break
        else:
            raise BusyOrganizationError(_busy_words(organization, host, _found_holder(name)))
        _bind(f"{name}/{os.getpid()}/{started_at}", stack)
        yield


def _bind(name: str, stack: contextlib.ExitStack) -> bool:
    """Take a name of the whole machine until the stack is left; say no where somebody has it."""
    try:
        taken = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        taken.bind(f"\0{name}")
    except OSError as error:
        # Anything else says that the system does not give such names here.
        return error.errno != errno.EADDRINUSE
    return True


def _found_holder(name: str) -> dict[str, object]:
    """Find who has a name, by the system's list of them; nothing where that cannot be read."""
    try:
        found = re.search(
            rf"@{re.escape(name)}/(\d+)/([0-9TZ:.+-]+)", _NAMES.read_text(encoding="utf-8", errors="replace")
        )
    except OSError:
        return {}
    return {"pid": found[1], "started_at": found[2]} if found else {}


def _shared_folder() -> Path:
    owner = getattr(os, "getuid", lambda: "me")()
    return Path(tempfile.gettempdir()) / f"lsnb-running-{owner}"


def _open(name: str) -> tuple[int | None, str]:
    """Open the file of the lock; in the folder for temporary files where the state folder cannot be written."""
    state = state_folder()
    if state is not None and (descriptor := _open_in(state / "running", name)) is not None:
        return descriptor, ""
    fallback = _shared_folder()
    where = f"The state folder {state} cannot be written" if state is not None else "No state folder is known"
    if (descriptor := _open_in(fallback, name)) is not None:
        return descriptor, (
            f"{where}, so the lock that keeps two runs on this organization apart is in {fallback}: only runs that use the "
            "same folder see it."
        )
    return None, (
        f"{where}, nor can {fallback}, so nothing kept another run on this organization from starting at the same time."
    )


def _open_in(folder: Path, name: str) -> int | None:
    try:
        make_folder(folder)
        if not _is_own(folder):
            return None
        return open_private(folder / name, os.O_RDWR)
    except OSError:
        return None


def _is_own(folder: Path) -> bool:
    """Tell whether nobody else can put files into a folder, as anybody could have made one with its name."""
    if os.name == "nt":
        return True
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return False
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    return True


def _wait_for(descriptor: int, sleep: Callable[[float], object]) -> bool | None:
    for attempt in range(_ATTEMPTS):
        if attempt:
            sleep(_EVERY_S)
        taken = lock_file(descriptor)
        if taken is not False:
            return taken
    return False


def _write(descriptor: int, journal: Path, started_at: str) -> None:
    holder = {"pid": os.getpid(), "machine": platform.node(), "started_at": started_at, "journal": str(journal)}
    with contextlib.suppress(OSError):  # only whoever waits misses it
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(holder).encode())


def _read(descriptor: int) -> Mapping[str, object]:
    """Read what the file of a lock says, as far as it makes sense."""
    holder: object = None
    with contextlib.suppress(OSError, ValueError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        holder = json.loads(os.read(descriptor, _MOST_OF_A_NOTE))
    return holder if isinstance(holder, dict) else {}


def _busy_words(organization: str, host: str, holder: Mapping[str, object]) -> str:
    """Say who is at work."""
    known = {name: str(value) for name, value in holder.items() if value}
    parts = [
        text.format(known[name])
        for name, text in (
            ("pid", "process {}"),
            ("machine", "on {}"),
            ("started_at", "since {}"),
            ("journal", "with the journal {}"),
        )
        if name in known
    ]
    who = f" ({', '.join(parts)})" if parts else ""
    return (
        f"Another run is changing {organization} at {host} right now{who}, and two at once could take each other's "
        "Organization Admins away. Nothing was changed. Wait until it has ended, or stop it, then try again: it can be gone "
        "on with by its journal."
    )
