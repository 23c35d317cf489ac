"""How a notebook or a command gets to an organization: with a key, or to the embedded demo organization without one."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any

from lsnb.errors import ConfigError, MissingExtraError
from lsnb.files.policy_file import POLICY_VARIABLES, PolicySource
from lsnb.organization import Organization
from lsnb.service.config import Settings, has_key, load_settings, settings_or_error
from lsnb.service.credentials import Key
from lsnb.service.transport import Transport

DEMO_SOURCE = "the embedded demo organization"


def connect(
    *,
    endpoint: str | None = None,
    api_key: str | Key | None = None,
    organization_id: str | None = None,
    workspace_id: str | None = None,
    workers: int = 40,
    policy: PolicySource | None = None,
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
        policy: the policy that plans and runs are held to, its file, or "none"; else the file that `LSNB_POLICY` names,
            else `lsnb-policy.toml` in the working folder, else the organization's in the user's configuration.
        environ: the environment to read; the process's own when None.

    Raises:
        ConfigError: an address or id that cannot be used.
    """
    found = _found_settings(endpoint, api_key, organization_id, workspace_id, environ)
    # What is no environment at all is told of by the settings.
    variables = (
        {name: environ[name] for name in POLICY_VARIABLES if name in environ} if isinstance(environ, Mapping) else None
    )
    # A traceback may be shown with its local variables, of what follows too: here are a key and the environment, and
    # people paste keys into every argument.
    del endpoint, api_key, organization_id, workspace_id, environ
    if found is None:
        return connect_demo(workers=workers, policy=policy)
    if isinstance(found, Settings):
        return Organization(Transport(found, workers=workers), policy=policy, environ=variables)
    raise found


def _found_settings(
    endpoint: str | None,
    api_key: str | Key | None,
    organization_id: str | None,
    workspace_id: str | None,
    environ: Mapping[str, str] | None,
) -> Settings | BaseException | None:
    """Read the settings; None where the demo organization is meant, and what is wrong as a value."""
    try:
        environ = os.environ if environ is None else environ
        names_host = endpoint is not None or environ.get("LANGSMITH_ENDPOINT")
        if not names_host and not has_key(api_key, environ=environ):
            return None
    except Exception as error:
        return ConfigError(f"The settings cannot be used ({type(error).__name__}). Give address, key and ids as texts.")
    except BaseException as error:
        return type(error)()
    return settings_or_error(
        endpoint=endpoint,
        api_key=api_key,
        organization_id=organization_id,
        workspace_id=workspace_id,
        environ=environ,
    )


_demo: Any = None
_demo_lock = threading.Lock()


def connect_demo(
    *, seed: str = "small", workers: int = 40, quiet: bool = False, policy: PolicySource | None = None
) -> Organization:
    """Connect to the embedded demo organization: real HTTP on this machine, invented people.

    One process has one; connecting again finds it as it was left.

    Args:
        seed: which organization: `small` has 40 people, `large` 20,000.
        workers: how many requests may be under way at once.
        quiet: do not say that it is a demo.
        policy: see `connect`.

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
    return Organization(Transport(settings, workers=workers), is_demo=True, policy=policy)
