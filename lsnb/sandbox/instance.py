"""Hold everything of one sandbox but its socket: state, behaviours, faults, log and files."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lsnb.sandbox.encode import to_json
from lsnb.sandbox.faults import Faults
from lsnb.sandbox.ids import make_demo_secret
from lsnb.sandbox.requestlog import RequestLog
from lsnb.sandbox.seeds import build
from lsnb.sandbox.starting import StartError
from lsnb.sandbox.state import State
from lsnb.sandbox.switches import Behaviours

# The large organization has about 60 MB.
_MOST_OF_A_STATE = 1 << 30

COPY = "copy"
"""The seed of what was copied from a snapshot, also when it is restored from a state file."""


class Instance:
    """One organization that is being served.

    Attributes:
        control_token: what the controls below `/_sandbox` are opened with; another one for each instance.
    """

    def __init__(
        self,
        seed: str = "small",
        *,
        latency_ms: float = 0,
        state_file: str | Path | None = None,
        log_file: str | Path | None = None,
        behaviours: Mapping[str, Any] | None = None,
        root_path: str = "",
        now: str | datetime | None = None,
    ) -> None:
        self.seed = seed
        self.now = now
        self.latency_ms = latency_ms
        self.root_path = "/" + root_path.strip("/") if root_path.strip("/") else ""
        self.behaviours = Behaviours()
        self._first_behaviours = dict(behaviours or {})
        self.behaviours.update(self._first_behaviours)
        self.control_token = secrets.token_urlsafe(24)
        self.faults = Faults()
        self.log = RequestLog(log_file)
        self._state_file = Path(state_file) if state_file is not None else None
        self._saved: tuple[int, int] | None = None
        if self._state_file is not None and not self._state_file.absolute().parent.is_dir():
            raise StartError(f"the folder of {str(self._state_file)!r} does not exist")
        self.state = self._restore() or self._build()

    @property
    def wants_token(self) -> bool:
        """Tell whether the controls are closed without the token: they show all of a copied organization."""
        return self.seed == COPY

    @property
    def keys(self) -> dict[str, str]:
        """Return the demo keys' secrets by name. They are made from the names: the state has only hashes."""
        prefixes = {"pat": "lsv2_pt_", "service": "lsv2_sk_"}
        return {
            key.name: make_demo_secret(prefixes[key.kind], self.state.organization.id, key.name)
            for key in self.state.keys.values()
            if key.name
        }

    def reset(self) -> None:
        """Go back to the seed and the first behaviours, without faults and with an empty log."""
        self.behaviours.update(Behaviours().as_dict() | self._first_behaviours)
        self.state = self._build()
        self.faults.clear()
        self.log.clear()
        self.save()

    def save_if_changed(self) -> None:
        """Save the state if anything was written since the last time."""
        if self._state_file is not None and self._saved != self._mark():
            self.save()

    def save(self) -> None:
        """Write the state file, whole or not at all."""
        if self._state_file is None:
            return
        self._saved = self._mark()
        data = to_json({"seed": self.seed, "state": self.state.dump()})
        draft = self._state_file.with_name(self._state_file.name + ".part")
        # It may hold names of real people, where it began as a copy of an organization.
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._state_file)

    def close(self) -> None:
        """Save what is to be saved and close the log."""
        self.save()
        self.log.close()

    def _mark(self) -> tuple[int, int]:
        return self.state.revision, len(self.state.audit)

    def _build(self) -> State:
        state = build(self.seed, now=self.now, behaviours=self.behaviours)
        self._saved = None
        return state

    def _restore(self) -> State | None:
        if self._state_file is None or not self._state_file.exists():
            return None
        if not self._state_file.is_file() or self._state_file.stat().st_size > _MOST_OF_A_STATE:
            raise StartError(f"{str(self._state_file)!r} is no file that a state can be restored from")
        try:
            saved = json.loads(self._state_file.read_bytes())
            seed, state = saved["seed"], State.load(saved["state"], self.behaviours)
            # What is served is made from it, so it must be as whole as what is saved.
            if not isinstance(seed, str) or not isinstance(state.audit, list):
                raise TypeError(type(seed).__name__)
            to_json(state.dump())
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise StartError(
                f"{str(self._state_file)!r} is damaged, or no state of a demo organization ({type(error).__name__}); it was "
                "left as it is. Name another file, or move it away to begin anew"
            ) from None
        self.seed = seed
        return state
