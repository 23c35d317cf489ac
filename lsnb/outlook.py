"""An organization after the changes of a plan, under the name by which notebooks import it; see `lsnb.plan.simulation`."""

from lsnb.plan.simulation import simulate as after_changes

__all__ = ["after_changes"]
