"""The safety rules, judged on what a plan would leave; also when only planning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lsnb.errors import PlanError
from lsnb.plan.admins import closes_logins, unable_words
from lsnb.plan.ceilings import check_ceilings
from lsnb.plan.current_state import CurrentState, joined_domains
from lsnb.plan.kinds import KINDS, SUBJECTS, UNKNOWN, kind_of
from lsnb.plan.lockout import lock_outs
from lsnb.plan.membership_changes import is_promotion
from lsnb.plan.model import Change, Mode, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.plan_warnings import warn
from lsnb.plan.policy_rules import tidy_domain
from lsnb.plan.protection import judge_protected, judge_self, warn_of_protected
from lsnb.plan.resource_rules import roles_in_use
from lsnb.plan.rules import FIRM_RULES, REFUSING_RULES, Rules
from lsnb.plan.scope import ORGANIZATION
from lsnb.plan.simulation import Ending, simulate_ending
from lsnb.plan.sso_defaults import refuse_sso_defaults
from lsnb.plan.subjects import workspace
from lsnb.plan.subjects.invitation import invites_newcomer, sends_invitation
from lsnb.snapshot import Snapshot

#: Kinds whose effect is gone for good; each such change must be named to be allowed.
IRREVERSIBLE_KINDS = frozenset(kind.name for kind in KINDS.values() if kind.is_irreversible)
_IRREVERSIBLE = "irreversible"
#: What is allowed part by part: one change, or one check.
_BY_PART = frozenset({_IRREVERSIBLE, "policy"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say about a plan."""

    refusals: tuple[RuleResult, ...]
    warnings: tuple[RuleResult, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at."""

    snapshot: Snapshot
    standing: CurrentState
    changes: tuple[Change, ...]
    ending: Ending
    n_people: int
    rules: Rules
    allow: Mapping[str, str]


def check_allowed(allow: Mapping[str, str]) -> None:
    """Make sure that overrides name rules and give reasons.

    Raises:
        PlanError: a rule is unknown, or has no reason; names all of them.
    """
    unknown = sorted(rule for rule in allow if rule.partition(":")[0] not in REFUSING_RULES)
    if unknown:
        raise PlanError(
            f"There is no rule {listed([repr(rule) for rule in unknown])} to allow; the rules that can refuse are "
            f"{listed(REFUSING_RULES)}."
        )
    if _IRREVERSIBLE in allow:
        raise PlanError(
            f"{_IRREVERSIBLE} is allowed for one change at a time, as in {_IRREVERSIBLE}:<the change's id>; the refusals of "
            "the plan name the ids."
        )
    parted = sorted(rule for rule in allow if ":" in rule and rule.partition(":")[0] not in _BY_PART)
    if parted:
        raise PlanError(f"{listed(parted)}: this rule is allowed as a whole, as in {parted[0].partition(':')[0]}.")
    firm = sorted(rule for rule in allow if rule.partition(":")[0] in FIRM_RULES)
    if firm:
        raise PlanError(f"{listed(firm)} cannot be allowed, since the service would refuse; drop the change instead.")
    silent = sorted(rule for rule, reason in allow.items() if not str(reason).strip())
    if silent:
        raise PlanError(
            f"Allowing {listed(silent)} needs a reason, which goes into the journal: "
            f'allow={{"{silent[0]}": "re-org, ticket 123"}}.'
        )


def judge(
    snapshot: Snapshot,
    standing: CurrentState,
    changes: tuple[Change, ...],
    *,
    scope: Sequence[str],
    mode: Mode,
    rules: Rules,
    allow: Mapping[str, str],
) -> Judgement:
    """Judge changes on what they would leave.

    A refusal whose rule is allowed becomes a warning that carries the reason. An organization that would be left
    without any active Organization Admin is refused whatever is allowed.
    """
    if not changes:
        return Judgement((), ())
    n_people = _people_in_scope(standing, scope if mode == "sync" else (ORGANIZATION,), snapshot)
    case = Case(snapshot, standing, changes, simulate_ending(standing, changes), n_people, rules, allow)
    refusals: list[RuleResult] = []
    warnings: list[RuleResult] = []
    for rule in _RULES:
        for verdict in rule(case):
            reason = _reason_for(verdict, case)
            if reason is None:
                refusals.append(verdict)
            else:
                message = f"{verdict.message} (allowed: {reason})" if reason else verdict.message
                warnings.append(RuleResult(verdict.rule, message, verdict.change_ids))
    warnings += warn(snapshot, standing, changes, case.ending, rules)
    for subject in SUBJECTS:
        warnings += subject.warn(snapshot, changes)
    warnings += warn_of_protected(snapshot, changes, rules)
    return Judgement(tuple(refusals), tuple(warnings))


def _reason_for(verdict: RuleResult, case: Case) -> str | None:
    """Give the reason why a verdict does not refuse; empty where it only warns, None where it does refuse."""
    if verdict.rule == "min-admins":
        if not case.ending.admins_after and case.ending.admins_before:
            return None
        if _is_lone_admin(case):
            return ""
    if verdict.rule == _IRREVERSIBLE:
        return case.allow.get(f"{_IRREVERSIBLE}:{verdict.change_ids[0]}")
    return case.allow.get(verdict.rule)


def _is_lone_admin(case: Case) -> bool:
    """Tell whether there were too few Admins before, and the plan leaves no fewer."""
    before, after = len(case.ending.admins_before), len(case.ending.admins_after)
    return before < case.rules.min_admins and after >= before


def _people_in_scope(standing: CurrentState, scope: Sequence[str], snapshot: Snapshot) -> int:
    if ORGANIZATION in scope or not scope:
        return len(standing.organization)
    workspaces = snapshot.workspaces
    ids = workspaces.loc[
        workspaces["workspace"].isin(list(scope)) | workspaces["workspace_id"].isin(list(scope)), "workspace_id"
    ]
    held = standing.held
    rows = held.filter(pc.is_in(held["workspace_id"], value_set=pa.array(ids.astype(object), pa.string())))
    return len(pc.unique(rows["identity_id"]))


def _ids(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(change.id for change in changes)


def _people(changes: Iterable[Change]) -> list[str]:
    return sorted({change.email or _thing(change) for change in changes})


def _thing(change: Change) -> str:
    """Call what a change is about, where it is no person."""
    values = change.after or change.before or {}
    return str(change.workspace or values.get("description") or values.get("role") or change.id)


def _min_admins(case: Case) -> list[RuleResult]:
    before, after = case.ending.admins_before, case.ending.admins_after
    if len(after) >= case.rules.min_admins:
        return []
    if before == after and len(after) + len(case.ending.admins_unable) >= case.rules.min_admins:
        # Only logins are missing, and not through this plan: that is for the checks to say, not for every plan.
        return []
    gone = set(before) - set(after)
    if not before:
        message = (
            "No active Organization Admin who can sign in is known, before or after; somebody must be able to manage the "
            "organization."
        )
    elif len(before) < case.rules.min_admins and len(after) >= len(before):
        message = (
            f"Only {len(after)} active Organization Admin is known ({listed(sorted(after.values()))}), and there should "
            f"be {case.rules.min_admins}. Make somebody else Organization Admin too."
        )
    else:
        stay = listed(sorted(after.values())) or "nobody"
        message = (
            f"{len(after)} active Organization Admin{'' if len(after) == 1 else 's'} would be left, down from "
            f"{len(before)}, and at least {case.rules.min_admins} must stay: {listed(sorted(before[i] for i in gone))} "
            f"would go, {stay} would stay; open invitations do not count."
        )
        if not after:
            message += " This cannot be allowed: nobody could manage the organization any more."
    message += unable_words(case.ending.admins_unable)
    about = [change for change in case.changes if change.ids.get("identity_id") in gone or closes_logins(change)]
    return [RuleResult("min-admins", message, _ids(about))]


def _max_removals(case: Case) -> list[RuleResult]:
    return [*_most_people(case), *_most_keys(case)]


def _most_people(case: Case) -> list[RuleResult]:
    """Count the people who lose something: who is removed or demoted, whose token or role or workspace loses or goes."""
    about, people = [], set()
    for change in case.changes:
        losing = kind_of(change).losing_people(case.snapshot, change)
        if losing:
            about.append(change)
            people.update(losing)
    most = case.rules.most_removals(case.n_people)
    if len(people) <= most:
        return []
    if case.n_people < case.rules.small_below:
        limit = f"{most} where there are fewer than {case.rules.small_below} people"
    elif most == case.rules.max_removals_absolute:
        limit = f"{most:,}, however many people there are,"
    else:
        limit = f"{most:,} ({case.rules.max_removals_share:.0%})"
    return [
        RuleResult(
            "max-removals",
            f"{len(people):,} of the {case.n_people:,} people in scope would be removed, demoted or revoked, and at most "
            f"{limit} may be in one plan: {listed(sorted(people), case.rules.max_listed)}.",
            _ids(about),
        )
    ]


def _most_keys(case: Case) -> list[RuleResult]:
    """Count the service keys that are deleted or get less, among the keys, by the same shares as people."""
    losing = [(change, kind_of(change).losing_keys(case.snapshot, change)) for change in case.changes]
    about = [change for change, keys in losing if keys]
    if not about:
        return []
    # Two keys may be described alike; each of them counts.
    names = sorted(
        {(change.ids.get("key_id") or key, key) for change, keys in losing for key in keys}, key=lambda pair: pair[1]
    )
    n_keys = len(case.snapshot.service_keys) if case.snapshot.is_readable("service_keys") else len(names)
    most = case.rules.most_removals(n_keys)
    if len(names) <= most:
        return []
    return [
        RuleResult(
            "max-removals",
            f"{len(names):,} of the {n_keys:,} service keys would be deleted or get less, and at most {most:,} may in one "
            f"plan: {listed([name for _, name in names], case.rules.max_listed)}.",
            _ids(about),
        )
    ]


def _max_promotions(case: Case) -> list[RuleResult]:
    about = [change for change in case.changes if is_promotion(change)]
    if len(_people(about)) <= case.rules.max_promotions:
        return []
    return [
        RuleResult(
            "max-promotions",
            f"{len(about):,} people{' and keys' if any(not c.email for c in about) else ''} would become Organization "
            f"Admin or Organization Operator, and at most "
            f"{case.rules.max_promotions} may in one plan: {listed(_people(about), case.rules.max_listed)}.",
            _ids(about),
        )
    ]


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _email_domains(case: Case) -> list[RuleResult]:
    fixed = case.rules.email_domains
    counts = invites_newcomer if fixed is None else sends_invitation
    invited = [change for change in case.changes if counts(change) and change.email]
    if not invited:
        return []
    known = joined_domains(case.standing) if fixed is None else {tidy_domain(domain) for domain in fixed}
    excepted = {name for name, end in case.rules.email_exceptions if end > case.snapshot.meta.read_at}
    about = [
        change
        for change in invited
        if not {_domain(change.email or ""), (change.email or "").lower()} & (known | excepted)
    ]
    if not about:
        return []
    domains = sorted({_domain(change.email or "") for change in about})
    where = "of nobody who has joined" if fixed is None else "not on the list of allowed domains"
    return [
        RuleResult(
            "email-domains",
            f"Invitations would go to {listed(domains, case.rules.max_listed)}, {where}: "
            f"{listed(_people(about), case.rules.max_listed)}. Known: {listed(sorted(known), case.rules.max_listed)}.",
            _ids(about),
        )
    ]


def _unknown_kinds(case: Case) -> list[RuleResult]:
    about = [change for change in case.changes if kind_of(change) is UNKNOWN]
    if not about:
        return []
    names = listed(sorted({change.kind for change in about}))
    message = (
        f"This lsnb does not know what {names} does, and does not carry it out. Use a newer lsnb, or drop the change."
    )
    return [RuleResult("unknown-kind", message, _ids(about))]


def _irreversible(case: Case) -> list[RuleResult]:
    return [
        RuleResult(
            _IRREVERSIBLE,
            f"{change.kind} of {_thing(change)} cannot be undone. To allow just this one: "
            f'allow={{"{_IRREVERSIBLE}:{change.id}": "<why>"}}, or --allow {_IRREVERSIBLE}:{change.id}="<why>".',
            (change.id,),
        )
        for change in case.changes
        if kind_of(change).is_irreversible
    ]


_RULES: tuple[Callable[[Case], list[RuleResult]], ...] = (
    _min_admins,
    lambda case: judge_self(case.snapshot, case.changes),
    lambda case: judge_protected(case.snapshot, case.changes, case.rules),
    _max_removals,
    _max_promotions,
    lambda case: check_ceilings(case.snapshot, case.standing, case.changes, case.ending, case.rules),
    _email_domains,
    _unknown_kinds,
    _irreversible,
    lambda case: roles_in_use(case.snapshot, case.changes),
    lambda case: refuse_sso_defaults(case.snapshot, workspace.deletions(case.changes)),
    lambda case: lock_outs(case.snapshot, case.changes, case.rules),
)
