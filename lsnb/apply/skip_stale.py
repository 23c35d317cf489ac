"""Skip a change whose ground is gone."""

from __future__ import annotations

from lsnb.apply.matching import found_words, is_reached
from lsnb.apply.present import Present
from lsnb.apply.recorder import Recorder
from lsnb.plan.model import Change


def end_stale(recorder: Recorder, change: Change, present: Present) -> None:
    """Record that what a change starts from is not there any more, and what is there instead."""
    found = found_words(change, present)
    if is_reached(change, present):
        recorder.end(change, "skipped", f"stale: it is so already; {found}.", is_there=True)
        return
    recorder.end(
        change,
        "skipped",
        f"stale: {found} now, which is not what the plan was made from.",
        "Make a new plan if it is still wanted.",
    )
