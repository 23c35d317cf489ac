"""Secrets that the service shows once: how a created key reaches the place that was chosen for it, and nothing else.

A place is a *sink*: a file that only its owner may read, the system's keyring, or a box in memory. It is tried before
anything is created, since a key whose secret has no place to go is worth nothing and cannot be shown again. No secret
is in a plan, a journal, a result, a log or a message; what is shown of one is its description and its short form.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol, runtime_checkable

from lsnb.errors import ConfigError, MissingExtraError
from lsnb.files.atomic import open_private

_OTHERS = 0o077


class Secret:
    """A secret with the name of what it opens. It never shows itself, and cannot be pickled.

    The text lives in a closure: whatever prints attributes or local variables finds a function there.

    Args:
        text: the secret.
        name: what it is for, such as the description of the key.
        id: the id of what it opens.
        short: the part that the service itself shows.
    """

    __slots__ = ("_reveal", "id", "name", "short")

    def __init__(self, text: str, *, name: str, id: str = "", short: str = "") -> None:  # noqa: A002  the service's word
        self.name = name
        self.id = id
        self.short = short
        self._reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Give the text; the only way to it."""
        return self._reveal()

    def __repr__(self) -> str:
        return f"<secret of {self.name!r} {self.short or '…'}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "A secret is not pickled: it would be readable in the file."
        raise TypeError(msg)

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(0)


@runtime_checkable
class SecretSink(Protocol):
    """Where secrets go; give one to `org.apply(plan, secrets=...)`."""

    @property
    def words(self) -> str:
        """Name the place, to finish the sentence "its secret is in ..."."""

    def check(self) -> None:
        """Make sure that a secret can be put there, before one is created.

        Raises:
            ConfigError: none can; says why and what to do.
        """

    def put(self, secret: Secret) -> None:
        """Put a secret there.

        Raises:
            ConfigError: it was not taken; the message does not hold it.
        """

    def close(self) -> None:
        """Be done; a place that was prepared and got nothing is taken away again."""


class SecretBox:
    """Secrets in memory, each to be taken out once; it shows names and short forms only."""

    def __init__(self) -> None:
        self._secrets: dict[str, Secret] = {}
        self._lock = threading.Lock()

    @property
    def words(self) -> str:
        """Name the place."""
        return "memory: take it out with reveal_once(name)"

    @property
    def names(self) -> tuple[str, ...]:
        """What is in the box, by the names that `reveal_once` takes."""
        return tuple(self._secrets)

    def check(self) -> None:
        """Do nothing: memory takes everything."""

    def put(self, secret: Secret) -> None:
        """Put a secret in, under its name; a second one of the same name gets its short form or a number with it."""
        with self._lock:
            name, number = secret.name, 2
            if name in self._secrets and secret.short:
                name = f"{secret.name} ({secret.short})"
            base = name
            while name in self._secrets:
                name, number = f"{base} {number}", number + 1
            self._secrets[name] = secret

    def close(self) -> None:
        """Do nothing: what is in the box stays until it is taken out."""

    def short(self, name: str) -> str:
        """Give the part of a secret that may be shown.

        Raises:
            KeyError: there is none of that name.
        """
        return self._secrets[name].short

    def reveal_once(self, name: str) -> str:
        """Give a secret and forget it.

        Raises:
            ConfigError: there is none of that name, or it was taken out before.
        """
        with self._lock:
            secret = self._secrets.pop(name, None)
        if secret is None:
            there = ", ".join(map(repr, self._secrets)) or "nothing"
            raise ConfigError(f"There is no secret {name!r} here any more; each is given once. There is: {there}.")
        return secret.reveal()

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"<SecretBox of {len(self):,}: {', '.join(map(repr, self._secrets.values())) or 'empty'}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = "Secrets are not pickled: they would be readable in the file."
        raise TypeError(msg)

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(0)


class SecretFile:
    """A file that only its owner may read, with one line of JSON per key: `description`, `id`, `short_key`, `key`.

    A file that is there already is added to, where it is the user's own and nobody else may read it. A file in a git
    repository is refused unless git ignores it: what lies in a repository is committed sooner or later.

    Args:
        path: the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()
        self._is_ours = False
        self._is_used = False
        self._lock = threading.Lock()

    @property
    def words(self) -> str:
        """Name the place."""
        return f"the file {self.path}"

    def check(self) -> None:
        """Make the file, or make sure that nobody else may read the one that is there.

        Raises:
            ConfigError: it cannot be written, is readable to others, is no ordinary file, or is in a git repository.
        """
        _refuse_repository(self.path)
        with self._lock:
            os.close(self._open())

    def put(self, secret: Secret) -> None:
        """Add a line and bring it to the disk.

        Raises:
            ConfigError: it cannot be written.
        """
        with self._lock:
            descriptor = self._open()
            failed = _attempt(lambda: _write_line(descriptor, secret))
            os.close(descriptor)
            if failed:
                raise ConfigError(f"The secret of {secret.name!r} could not be written to {self.path} ({failed}).")
            self._is_used = True

    def close(self) -> None:
        """Take the file away again where it was made for this and nothing is in it."""
        if self._is_ours and not self._is_used:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._is_ours = False

    def __repr__(self) -> str:
        return f"<SecretFile {self.path}>"

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        flags |= getattr(os, "O_BINARY", 0)
        try:
            try:
                descriptor = open_private(self.path, flags | os.O_EXCL)
                self._is_ours = True
            except FileExistsError:
                descriptor = os.open(self.path, flags)
        except OSError as error:
            raise ConfigError(
                f"Secrets cannot be written to {self.path} ({error.strerror}). Name another file, in a folder of yours."
            ) from None
        trouble = _trouble(descriptor)
        if trouble:
            os.close(descriptor)
            raise ConfigError(f"Secrets are not written to {self.path}: {trouble}")
        return descriptor


class SecretKeyring:
    """The system's keyring, with one entry per key under its description.

    Args:
        service: the name that the entries are filed under.

    Raises:
        MissingExtraError: the package keyring is not installed.
    """

    def __init__(self, service: str = "lsnb-created") -> None:
        self.service = service
        try:
            self._keyring: Any = importlib.import_module("keyring")
        except ImportError:
            raise MissingExtraError("keyring", "keyring", "keep created keys in the system's keyring") from None

    @property
    def words(self) -> str:
        """Name the place."""
        return f"the system's keyring, service {self.service!r}"

    def check(self) -> None:
        """Put an entry in and take it out again.

        Raises:
            ConfigError: the keyring is locked, or has no back end.
        """
        entry = (self.service, "lsnb writability test")

        def tried() -> None:
            self._keyring.set_password(*entry, "test")
            self._keyring.delete_password(*entry)

        failed = _attempt(tried)
        if failed:
            raise ConfigError(f"The keyring does not take secrets ({failed}). Unlock it, or name a file instead.")

    def put(self, secret: Secret) -> None:
        """Add an entry; one of the same name is never overwritten.

        Raises:
            ConfigError: the keyring refused.
        """

        def kept() -> None:
            name = secret.name
            if self._keyring.get_password(self.service, name) is not None:
                name = f"{secret.name} ({secret.short or secret.id})"
            self._keyring.set_password(self.service, name, secret.reveal())

        failed = _attempt(kept)
        if failed:
            raise ConfigError(f"The keyring did not take the secret of {secret.name!r} ({failed}).")

    def close(self) -> None:
        """Do nothing."""

    def __repr__(self) -> str:
        return f"<SecretKeyring {self.service!r}>"


def _attempt(action: Callable[[], object]) -> str:
    """Give the name of what went wrong, without its text, its traceback or the values in it."""
    try:
        action()
    except OSError as error:
        return error.strerror or type(error).__name__
    except Exception as error:
        return type(error).__name__
    return ""


def _write_line(descriptor: int, secret: Secret) -> None:
    line = {"description": secret.name, "id": secret.id, "short_key": secret.short, "key": secret.reveal()}
    view = memoryview(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _trouble(descriptor: int) -> str:
    """Say why an open file is no place for secrets; empty where it is one."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return "it is no ordinary file. Name another one."
    if os.name == "nt":  # modes say nothing there
        return ""
    if found.st_mode & _OTHERS:
        return f"others may read it (mode {stat.S_IMODE(found.st_mode):o}). Run chmod 600 on it, or name a new file."
    return "" if found.st_uid == os.getuid() else "it belongs to somebody else. Name a file of yours."


def _refuse_repository(path: Path) -> None:
    folder = path.parent.resolve()
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return
    if not _is_ignored(folder / path.name):
        raise ConfigError(
            f"Secrets are not written to {path}: it is in a git repository, and git does not ignore it, so it would be "
            "committed sooner or later. Name a file elsewhere, or add it to .gitignore."
        )


def _is_ignored(path: Path) -> bool:
    """Ask git whether it ignores a file; no where git is not there to be asked."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(path.parent), "check-ignore", "-q", "--", str(path)],
            capture_output=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return asked.returncode == 0
