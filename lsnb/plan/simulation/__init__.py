"""An organization as it would be once the changes of a plan are carried out. Pure: nothing is asked of anybody.

The one simulation: `simulate` gives the tables, and `simulate_ending` the few numbers that the safety rules ask of every
plan, which need no tables. Both go by the same effects of changes.
"""

from lsnb.plan.simulation.ending import Ending, organization_admins, simulate_ending
from lsnb.plan.simulation.organization import simulate
from lsnb.plan.simulation.structure import simulate_structure

__all__ = ["Ending", "organization_admins", "simulate", "simulate_ending", "simulate_structure"]
