"""The subcommands `lab`, `console` and `sandbox`: things that run until they are stopped."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lsnb.cli import console_app
from lsnb.cli.common import whole
from lsnb.cli.lab import add_arguments, run_options
from lsnb.errors import ConfigError, MissingExtraError


def add_commands(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommands of this module."""
    lab = commands.add_parser("lab", help="JupyterLab on the notebooks; the demo organization when no key is set")
    add_arguments(lab)
    lab.set_defaults(run=run_options)
    console = commands.add_parser(
        "console", help="all forms as an app in the browser; the demo organization without a key"
    )
    console_app.add_arguments(console)
    console.set_defaults(run=console_app.run_options)
    sandbox = commands.add_parser("sandbox", help="serve a demo organization, and print its address and keys")
    sandbox.add_argument("--port", type=whole(0, 65_535), default=0, help="0 picks a free one (default)")
    sandbox.add_argument("--seed", default="small", help="small (40 people), large (20,000), tidy, personal, norbac")
    sandbox.add_argument("--latency-ms", type=whole(0, 60_000), default=0, metavar="N", help="wait before each answer")
    sandbox.add_argument("--state", type=Path, metavar="FILE", help="restore from and save to this file")
    sandbox.add_argument("--log", type=Path, metavar="FILE", help="write one JSON line per request")
    sandbox.set_defaults(run=_run_sandbox)


def _run_sandbox(options: argparse.Namespace) -> int:
    from lsnb import sandbox

    try:
        sandbox.serve_forever(
            seed=options.seed,
            port=options.port,
            latency_ms=options.latency_ms,
            state_file=options.state,
            log_file=options.log,
        )
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "sandbox", "serve a demo organization") from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else f"port {options.port}: "
        raise ConfigError(f"the demo organization could not be served: {where}{error.strerror}.") from None
    except sandbox.StartError as error:
        raise ConfigError(f"the demo organization could not be served: {error}.") from None
    return 0
