"""Make one change: from what is there and what is wanted follow its stage, its risk and what it brings with it.

The ids that a change carries for whoever carries it out, as far as they apply:

- `identity_id`: the person's id in the organization; of the pending invitation where `pending` is "true". The ids of
  the person within a workspace are not known to a snapshot and are looked up when the change is made.
- `pending`: "true" where the person has not joined, so that the routes for pending people are to be used.
- `workspace_id`: for changes in one workspace.
- `role_id`: the role wanted: of the organization for organization changes and invitations, of the workspace for
  workspace changes. Absent where the organization's plan has no roles: then no role may be sent.
- `workspace_role_id`: for invitations, the one role for all of `after["workspaces"]`.
- `ls_user_id`: the person's id over all organizations, where it is known.

`lsnb.plan.subjects` tells the same of changes that are of nobody's membership.
"""

from __future__ import annotations

from collections.abc import Mapping

from lsnb.plan.fingerprint import change_id
from lsnb.plan.kind_record import Draft, Values
from lsnb.plan.kinds import UNKNOWN, kind_named, kind_of
from lsnb.plan.model import Change, ChangeKind, Risk


def new_change(
    kind: ChangeKind,
    *,
    before: Values | None,
    after: Values | None,
    reason: str,
    ids: Mapping[str, str | None],
    email: str | None = None,
    workspace: str | None = None,
    is_self: bool = False,
) -> Change:
    """Make a change of somebody's membership, or of a workspace, a role, a key, a token or a setting.

    Args:
        kind: what is done.
        before: the values now.
        after: the values wanted.
        reason: why the plan has it.
        ids: the ids that the calls need; unknown ones are left out.
        email: whom it concerns; of a token its owner where that is known, and nobody otherwise.
        workspace: the workspace's name, where the change is about one.
        is_self: whether it concerns the identity that makes the plan.
    """
    known = {name: value for name, value in ids.items() if value}
    record = kind_named(kind)
    subject = record.subject
    is_of_person = subject.is_person or record is UNKNOWN
    place = known.get("workspace_id") if is_of_person else known[subject.id_name]
    return Change(
        # The owner of a token is no part of it: a key that may not see owners makes the same change.
        id=change_id(kind, email if is_of_person else None, record.scope, place),
        kind=kind,
        stage="self" if is_self else record.stage(before, after, known),
        email=email,
        scope=record.scope,
        workspace=workspace,
        before=before,
        after=after,
        reason=reason,
        risk=record.risk(before, after, known),
        reversible=record.reversible,
        consequence=record.consequence(before, after, known),
        ids=known,
    )


def new_change_of(draft: Draft, reason: str) -> Change:
    """Make a change of a draft.

    Args:
        draft: what is done to what.
        reason: why the plan has it.
    """
    return new_change(
        draft.kind,
        before=draft.before,
        after=draft.after,
        reason=reason,
        ids=draft.ids,
        email=draft.email,
        workspace=draft.workspace,
        is_self=draft.is_self,
    )


def is_promotion(change: Change) -> bool:
    """Tell whether a change makes somebody, or a service key, Organization Admin or Operator who was less before."""
    return kind_of(change).promotes(change)


def is_demotion(change: Change) -> bool:
    """Tell whether a change gives somebody, or a service key, a lesser role of the same scope."""
    return kind_of(change).demotes(change)


def is_removal(change: Change) -> bool:
    """Tell whether a change takes somebody out of a workspace or of the organization, or an invitation back."""
    return kind_of(change).removes(change)


def risk_of(kind: str, before: Values | None, after: Values | None) -> Risk:
    """Tell how much power a change gives or takes; a kind or a role that is not known is high.

    What is known around a change can raise it: see `lsnb.plan.risks`.
    """
    return kind_named(kind).risk(before, after, {})
