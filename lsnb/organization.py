"""The organization that a notebook works with: connect to it, read it, change it."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from lsnb import __version__
from lsnb.api import Api
from lsnb.config import has_key, load_settings
from lsnb.credentials import Key
from lsnb.errors import MissingExtraError
from lsnb.loader import load_snapshot_of
from lsnb.progress import Display
from lsnb.snapshot import Snapshot
from lsnb.transport import Transport
from lsnb.whoami import Whoami, ask_whoami

DEMO_SOURCE = "the embedded demo organization"


class Organization:
    """One organization at one host, spoken to with one key.

    Args:
        transport: what carries the requests.
        is_demo: whether it is the embedded demo organization.
    """

    def __init__(self, transport: Transport, *, is_demo: bool = False) -> None:
        self.api = Api(transport)
        self.is_demo = is_demo
        self._whoami: Whoami | None = None

    @property
    def host(self) -> str:
        """The host and sub-path of the service."""
        return self.api.transport.settings.host

    def whoami(self, *, refresh: bool = False) -> Whoami:
        """Find out what the key is and may do, in at most six calls, before anything fails.

        Args:
            refresh: ask again, instead of giving what was found out before.

        Raises:
            AuthError: the key is unknown, expired or revoked.
            WrongRegionError: the key probably belongs to another host.
            TransportError: no answer came.
        """
        if self._whoami is None or refresh:
            self._whoami = ask_whoami(self.api)
            if self._whoami.organization_id:
                self.api.transport.learn_organization(self._whoami.organization_id)
        return self._whoami

    def snapshot(
        self,
        *,
        tables: Iterable[str] | None = None,
        exclude: Iterable[str] = (),
        usage_days: float = 30,
        audit_days: float = 7,
        display: Display | None = None,
    ) -> Snapshot:
        """Read the organization into tables, in the fewest calls, in parallel, with a progress bar.

        Args:
            tables: the names of the tables to read; all when None. See `docs/tables.md`.
            exclude: tables to leave out.
            usage_days: how far back `usage` goes, in days.
            audit_days: how far back `audit_log` goes, in days; 0 leaves it out.
            display: where the progress is shown; picked by surroundings when None.

        Raises:
            ConfigError: a table of that name does not exist.
            ApiError: the service failed, or does not know the key.
            TransportError: no answer came.
            IncompleteListError: a list came back shorter than the service said.
        """
        return load_snapshot_of(
            self.api,
            tables=tables,
            exclude=exclude,
            usage_days=usage_days,
            audit_days=audit_days,
            caller=self._whoami.caller if self._whoami else None,
            version=__version__,
            display=display,
        )

    def close(self) -> None:
        """Close the connections."""
        self.api.transport.close()

    def __enter__(self) -> Organization:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        what = " (the embedded demo organization: nothing here is real)" if self.is_demo else ""
        return f"<Organization at {self.host}{what}>"


def connect(
    *,
    endpoint: str | None = None,
    api_key: str | Key | None = None,
    organization_id: str | None = None,
    workspace_id: str | None = None,
    workers: int = 40,
    environ: Mapping[str, str] | None = None,
) -> Organization:
    """Connect to an organization; without any key, to the embedded demo organization, and say so.

    Nothing is asked of the service yet; `whoami()` does.

    Args:
        endpoint: a region ("us", "eu", "apac", "aws") or an address; else `LANGSMITH_ENDPOINT`, else the US cloud.
        api_key: the key; else `LANGSMITH_API_KEY`, else the system's keyring.
        organization_id: the organization; else `LANGSMITH_ORGANIZATION_ID`. A key implies its organization.
        workspace_id: the workspace for keys of several; else `LANGSMITH_WORKSPACE_ID`.
        workers: how many requests may be under way at once.
        environ: the environment to read; the process's own when None.

    Raises:
        ConfigError: an address or id that cannot be used.
    """
    environ = os.environ if environ is None else environ
    names_host = endpoint is not None or environ.get("LANGSMITH_ENDPOINT")
    if not names_host and not has_key(api_key, environ=environ):
        return connect_demo(workers=workers)
    settings = load_settings(
        endpoint=endpoint,
        api_key=api_key,
        organization_id=organization_id,
        workspace_id=workspace_id,
        environ=environ,
    )
    return Organization(Transport(settings, workers=workers))


_demo: Any = None
_demo_lock = threading.Lock()


def connect_demo(*, seed: str = "small", workers: int = 40, quiet: bool = False) -> Organization:
    """Connect to the embedded demo organization: real HTTP on this machine, invented people.

    One process has one; connecting again finds it as it was left.

    Args:
        seed: which organization: `small` has 40 people, `large` 20,000.
        workers: how many requests may be under way at once.
        quiet: do not say that it is a demo.

    Raises:
        MissingExtraError: the demo needs `pip install 'lsnb[sandbox]'`.
    """
    global _demo
    with _demo_lock:
        if _demo is None or _demo[0] != seed:
            try:
                from lsnb import sandbox

                server = sandbox.start(seed=seed)
            except ImportError as error:
                raise MissingExtraError(error.name or "fastapi", "sandbox", "run the demo organization") from None
            atexit.register(server.stop)
            _demo = (seed, server)
        server = _demo[1]
    if not quiet:
        sys.stderr.write(
            "No LANGSMITH_API_KEY is set, so this is the embedded demo organization: invented people on a server of "
            "this machine. Nothing here is real, and nothing leaves this machine.\n"
        )
    settings = load_settings(
        endpoint=server.url,
        api_key=Key(server.key, source=DEMO_SOURCE),
        organization_id=server.organization_id,
        environ={},
    )
    return Organization(Transport(settings, workers=workers), is_demo=True)
