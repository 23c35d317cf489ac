"""Judge the deletion of workspaces that single sign-on puts new people into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsnb.plan.model import Change, RuleResult
from lsnb.plan.notes import listed
from lsnb.snapshot import Snapshot

_RULE = "sso-default"


def refuse_sso_defaults(snapshot: Snapshot, deleted: Sequence[Change]) -> list[RuleResult]:
    """Refuse to delete the only workspace, or all workspaces, that a provider puts new people into.

    The service refuses it too, after everything else of the plan was carried out.
    """
    return [
        RuleResult(
            _RULE,
            f"Single sign-on puts new people into {names}, and no other workspace is left there, so the service will refuse "
            "to delete it. Put new people into another workspace first, in the settings of single sign-on, or drop the "
            "change.",
            ids,
        )
        for names, ids, is_last in _defaults(snapshot, deleted)
        if is_last
    ]


def warn_of_sso_defaults(snapshot: Snapshot, deleted: Sequence[Change]) -> list[RuleResult]:
    """Warn of deleted workspaces that are one of several for new people, and where it is not known whether they are."""
    if deleted and not snapshot.is_readable("sso"):
        names = listed(sorted(change.workspace or "" for change in deleted))
        message = (
            f"Whether single sign-on puts new people into {names} could not be read; the service refuses to delete the only "
            f"such workspace. {snapshot.status('sso')[1]}"
        )
        return [RuleResult(_RULE, message, tuple(change.id for change in deleted))]
    return [
        RuleResult(
            _RULE,
            f"Single sign-on puts new people into {names}; others stay. Change its settings if that is not meant.",
            ids,
        )
        for names, ids, is_last in _defaults(snapshot, deleted)
        if not is_last
    ]


def _defaults(snapshot: Snapshot, deleted: Sequence[Change]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Go over the providers that lose a default workspace: the names, the changes, and whether none is left."""
    if not deleted or not snapshot.is_readable("sso"):
        return
    gone = {change.ids["workspace_id"] for change in deleted}
    for text in snapshot.sso["default_workspace_ids"].dropna().astype(object):
        places = {place.strip() for place in str(text).split(",")} - {""}
        about = [change for change in deleted if change.ids["workspace_id"] in places]
        if about:
            names = listed(sorted(change.workspace or "" for change in about))
            yield names, tuple(change.id for change in about), places <= gone
