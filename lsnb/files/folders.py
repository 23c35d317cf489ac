"""Where lsnb keeps what belongs to the person who runs it: state that outlives a run, configuration, and a cache.

On Linux that is `~/.local/state/lsnb`, `~/.config/lsnb` and `~/.cache/lsnb`; macOS and Windows have places of their own.
`XDG_STATE_HOME`, `XDG_CONFIG_HOME` and `XDG_CACHE_HOME` move them on every system; a value that is no absolute path is
ignored, as the standard says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from platformdirs import PlatformDirs

STATE_VARIABLE = "XDG_STATE_HOME"
CONFIG_VARIABLE = "XDG_CONFIG_HOME"
CACHE_VARIABLE = "XDG_CACHE_HOME"

_NAME = "lsnb"
# On Windows without a folder of the author above it. Configuration roams there with its owner; state and locks do not.
_LOCAL = PlatformDirs(_NAME, appauthor=False)
_ROAMING = PlatformDirs(_NAME, appauthor=False, roaming=True)


def state_folder() -> Path | None:
    """Name the folder of what outlives a run: plans that were used, runs that go on, files that lsnb wrote.

    Returns:
        The folder, which need not be there; None where no home is known.
    """
    return _moved(STATE_VARIABLE, os.environ) or _kept(".local/state") or _known(_LOCAL.user_state_dir)


def config_folders(environ: Mapping[str, str] | None = None) -> list[Path]:
    """Name the folders of the configuration, the one to write to first; none where no home is known.

    Args:
        environ: the environment; the process's own when None.
    """
    moved = _moved(CONFIG_VARIABLE, os.environ if environ is None else environ)
    if moved is not None:
        return [moved]
    # A policy that an earlier version found in ~/.config still holds, on every system.
    folders = (_known(_ROAMING.user_config_dir), _kept(".config"))
    return list(dict.fromkeys(folder for folder in folders if folder is not None))


def cache_folder() -> Path | None:
    """Name the folder of what may be thrown away at any time; None where no home is known."""
    return _moved(CACHE_VARIABLE, os.environ) or _known(_LOCAL.user_cache_dir)


def _moved(variable: str, environ: Mapping[str, str]) -> Path | None:
    base = environ.get(variable)
    return Path(base) / _NAME if base and Path(base).is_absolute() else None


def _kept(place: str) -> Path | None:
    """Find the folder that earlier versions made on every system; it stays in use, so that nothing is forgotten."""
    try:
        folder = Path.home() / place / _NAME
        return folder if folder.is_dir() else None
    except (RuntimeError, OSError):  # no home is known, or it cannot be looked at
        return None


def _known(folder: str) -> Path | None:
    return Path(folder) if Path(folder).is_absolute() else None
