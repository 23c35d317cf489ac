"""Carry out a plan: look again, write in order, settle what is unknown, read back, write everything down."""

from lsnb.apply.applying import apply_plan, load_run, resume_run
from lsnb.apply.events import RunEvent
from lsnb.apply.run import Run

__all__ = ["Run", "RunEvent", "apply_plan", "load_run", "resume_run"]
