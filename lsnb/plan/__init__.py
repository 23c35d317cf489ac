"""Plans: from a snapshot and edits to ordered, judged, fingerprinted changes."""

from lsnb.plan.build import changes_to_plan, make_plan
from lsnb.plan.dropping import drop_changes
from lsnb.plan.fingerprint import change_id, fingerprint_of, seal
from lsnb.plan.membership_changes import new_change
from lsnb.plan.model import (
    CHANGE_KINDS,
    PLAN_VERSION,
    STAGES,
    Change,
    ChangeKind,
    Deferred,
    Mode,
    Outcome,
    Plan,
    Risk,
    RuleResult,
    Stage,
)
from lsnb.plan.policy_rules import rules_under
from lsnb.plan.rules import REFUSING_RULES, Rules, ServerFeatures
from lsnb.plan.serialise import check_binding, plan_from_json, plan_to_json

__all__ = [
    "CHANGE_KINDS",
    "PLAN_VERSION",
    "REFUSING_RULES",
    "STAGES",
    "Change",
    "ChangeKind",
    "Deferred",
    "Mode",
    "Outcome",
    "Plan",
    "Risk",
    "RuleResult",
    "Rules",
    "ServerFeatures",
    "Stage",
    "change_id",
    "changes_to_plan",
    "check_binding",
    "drop_changes",
    "fingerprint_of",
    "make_plan",
    "new_change",
    "plan_from_json",
    "plan_to_json",
    "rules_under",
    "seal",
]
