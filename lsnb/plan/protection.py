"""The rules `self` and `protected`: whom a plan must not hit, directly or by what it does to roles, workspaces and keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from lsnb.plan.caller import is_caller
from lsnb.plan.effects import Loss, key_losses, losses, unmade_keys
from lsnb.plan.kinds import kind_of
from lsnb.plan.membership_changes import is_demotion, is_removal
from lsnb.plan.model import Change, RuleResult
from lsnb.plan.notes import listed
from lsnb.plan.resource_rules import own_key_changes, own_roles_losing
from lsnb.plan.rules import Rules
from lsnb.plan.subjects.access_token import is_revocation
from lsnb.plan.subjects.setting import setting_of
from lsnb.snapshot import Caller, Snapshot


def judge_people(
    changes: Sequence[Change], caller: Caller, *, rules: Rules, allow: Mapping[str, str]
) -> tuple[RuleResult, ...]:
    """Judge only whom changes touch, which needs no snapshot: the caller, and protected accounts."""
    found = (*_self(changes, caller), *_protected(changes, rules))
    return tuple(verdict for verdict in found if verdict.rule not in allow)


def judge_self(snapshot: Snapshot, changes: Sequence[Change]) -> list[RuleResult]:
    """Refuse what takes something from the identity that makes the plan, and what might while it is not known."""
    caller = snapshot.meta.caller
    found = [*_self(changes, caller), *_own_roles(snapshot, changes)]
    lost = losses(snapshot, changes, own_emails(snapshot))
    # That an Admin deletes a workspace is what it is for; that nothing else is left is not.
    ended = [loss for loss in lost if loss.is_end and loss.is_last]
    ended += [loss for loss in lost if loss.is_by_name]
    ended += key_losses(snapshot, changes, is_own=True)
    if ended:
        message = f"The plan would take away access of {caller.name or 'the caller'}, who makes it: {_words(ended)}."
        found.append(RuleResult("self", message, _ids_of(ended)))
    return found


def judge_protected(snapshot: Snapshot, changes: Sequence[Change], rules: Rules) -> list[RuleResult]:
    """Refuse what touches protected accounts, and what takes something from them by way of roles, workspaces or keys."""
    found = _protected(changes, rules)
    if not rules.protected:
        return found
    emails = protected_emails(snapshot, rules)
    lost = [loss for loss in losses(snapshot, changes, emails) if loss.is_own or not loss.is_end]
    lost += key_losses(snapshot, changes, makers=emails)
    if lost:
        people = sorted({loss.email for loss in lost})
        message = (
            f"{listed(people, rules.max_listed)} must never be touched, and would lose by the plan all the same: "
            f"{_words(lost)}."
        )
        found.append(RuleResult("protected", message, _ids_of(lost)))
    return found


def warn_of_protected(snapshot: Snapshot, changes: Sequence[Change], rules: Rules) -> list[RuleResult]:
    """Say what cannot be judged for protected accounts: from where they come, and which keys they made."""
    if not rules.protected:
        return []
    found = []
    patterns = listed(rules.protected, rules.max_listed)
    listing = [c for c in changes if setting_of(c) == "ip_allowlist" and any((c.after or {}).values())]
    if listing:
        message = (
            f"From which addresses protected accounts ({patterns}) come is not known, so whether the list of addresses "
            "shuts them out is not judged. Make sure that they can get in from one of them."
        )
        found.append(RuleResult("protected-unknown", message, tuple(change.id for change in listing)))
    unmade = unmade_keys(snapshot, changes)
    if unmade:
        names = listed(sorted({str((c.before or {}).get("description") or c.id) for c in unmade}), rules.max_listed)
        message = f"Who made the service keys {names} is not known, so whether it was a protected account ({patterns}) neither."
        found.append(RuleResult("protected-unknown", message, tuple(change.id for change in unmade)))
    return found


def is_protected(email: str | None, rules: Rules) -> bool:
    """Tell whether an address is one that no plan may touch."""
    address = _folded(email or "")
    return bool(address) and any(fnmatchcase(address, _folded(pattern)) for pattern in rules.protected)


def protected_emails(snapshot: Snapshot, rules: Rules) -> set[str]:
    """List the protected accounts that are in the organization, invited ones too."""
    if not rules.protected:
        return set()
    return {email for email in snapshot.access["email"].dropna().astype(object).unique() if is_protected(email, rules)}


def own_emails(snapshot: Snapshot) -> set[str]:
    """List the addresses under which the caller is in the organization: one, and none for a service key."""
    caller = snapshot.meta.caller
    if caller.kind == "service" or not caller.is_known:
        return set()
    access = snapshot.access
    is_own = access["email"] == (caller.email or "").strip().lower()
    if caller.ls_user_id:
        is_own |= access["ls_user_id"] == caller.ls_user_id
    return set(access.loc[is_own.fillna(False).astype(bool), "email"].dropna().astype(object)) - {""}


def _folded(address: str) -> str:
    return unicodedata.normalize("NFC", address).strip().lower()


def _words(lost: Sequence[Loss]) -> str:
    return "; ".join(dict.fromkeys(loss.text for loss in lost))


def _ids_of(lost: Iterable[Loss]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id_ for loss in lost for id_ in loss.change_ids))


def _ids(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(change.id for change in changes)


def _self(changes: Sequence[Change], caller: Caller) -> list[RuleResult]:
    if not caller.is_known:
        return _unknown_owner(changes, caller)
    about = [
        change
        for change in changes
        if is_caller(caller, change.email, change.ids.get("ls_user_id")) and (is_removal(change) or is_demotion(change))
    ]
    found = []
    if about:
        what = "; ".join(_what_happens(change) for change in about)
        message = f"The plan would take away rights of {about[0].email}, who makes it: {what}."
        found.append(RuleResult("self", message, _ids(about)))
    return found + _own_keys(changes, caller)


def _own_keys(changes: Sequence[Change], caller: Caller) -> list[RuleResult]:
    keys = own_key_changes(changes, caller)
    if not keys:
        return []
    shown = listed(sorted({str((change.before or {}).get("short_key")) for change in keys}))
    message = f"The plan would end or change the key that makes it ({shown}). Use another key for that."
    return [RuleResult("self", message, _ids(keys))]


def _unknown_owner(changes: Sequence[Change], caller: Caller) -> list[RuleResult]:
    """Refuse whatever takes something from people while nobody knows which of them makes the plan."""
    about = [change for change in changes if _may_hit_owner(change, caller)]
    if not about:
        return []
    n = len(about)
    what = caller.name or "the key that makes the plan"
    tried = f"Tried: {'; '.join(caller.tried)}. " if caller.tried else "The service was not asked for it. "
    message = (
        f"It is not known whose {what} is, and {n:,} of the changes {'takes' if n == 1 else 'take'} something from "
        f"people, one of whom may be its owner. {tried}Name a workspace that the token may use (LANGSMITH_WORKSPACE_ID, "
        "connect(workspace_id=...) or --workspace-id), or use an organization-wide service key. Where you have made sure "
        "that none of the changes is about yourself, allow this rule with that as the reason."
    )
    return [RuleResult("self", message, _ids(about))]


def _may_hit_owner(change: Change, caller: Caller) -> bool:
    """Tell whether a change takes something from somebody who has joined, as the owner of a token has."""
    return kind_of(change).may_hit_caller(change, caller)


def _own_roles(snapshot: Snapshot, changes: Sequence[Change]) -> list[RuleResult]:
    about = own_roles_losing(snapshot, changes)
    if not about:
        return []
    roles = listed([str((change.before or {}).get("role")) for change in about])
    message = f"The plan would take permissions from {roles}, which {snapshot.meta.caller.name}, who makes it, holds."
    return [RuleResult("self", message, _ids(about))]


def _what_happens(change: Change) -> str:
    before = (change.before or {}).get("role") or "access"
    place = change.workspace or "the organization"
    if change.after is None:
        return f"{before} in {place} is removed"
    return f"{before} in {place} becomes {change.after.get('role')}"


def _protected(changes: Sequence[Change], rules: Rules) -> list[RuleResult]:
    """Judge direct changes; a token of which nobody knows whose it is may be a protected account's."""
    if not rules.protected:
        return []
    found = []
    about = [change for change in changes if is_protected(change.email, rules)]
    if about:
        people = sorted({change.email or "" for change in about})
        message = f"{listed(people, rules.max_listed)} must never be touched, and {len(about):,} of the changes would."
        found.append(RuleResult("protected", message, _ids(about)))
    nameless = [change for change in changes if is_revocation(change) and not change.email]
    if nameless:
        names = listed(sorted({str((c.before or {}).get("short_key") or c.id) for c in nameless}), rules.max_listed)
        message = f"Whose tokens {names} are is not known, and they may be those of a protected account."
        found.append(RuleResult("protected", message, _ids(nameless)))
    return found
