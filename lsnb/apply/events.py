"""What a run tells whoever watches it, such as a table that fills while the work goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lsnb.plan.model import Change, Outcome

EventKind = Literal["reading", "stage", "trying", "outcome", "waiting", "finished"]


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One thing that happened in a run; one at a time, though from different threads.

    Args:
        kind: "reading" (the organization is being looked at; `text` says why), "stage" (a stage of the work begins),
            "trying" (a request for `change` goes out now), "outcome" (`change` ended), "waiting" (the service asked to
            wait for `wait_s` seconds) or "finished" (nothing more will happen).
        change: what it is about, for "trying" and "outcome".
        outcome: how the change ended.
        reason: why, where it is not simply done.
        stage: the stage, for "stage".
        text: a sentence to show.
        wait_s: how long the service asked to wait, in seconds.
        counts: how many changes ended how so far; "not started" has the rest.
    """

    kind: EventKind
    change: Change | None = None
    outcome: Outcome | None = None
    reason: str = ""
    stage: str = ""
    text: str = ""
    wait_s: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
