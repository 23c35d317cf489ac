"""What a sheet asks of workspaces, roles, keys, tokens and settings, as changes of what is there."""

from __future__ import annotations

from lsnb.errors import PlanError
from lsnb.errors.safe_text import without_keys
from lsnb.plan.kinds import SUBJECTS, kind_of
from lsnb.plan.membership_changes import new_change_of
from lsnb.plan.model import Change
from lsnb.plan.notes import Notes, row_words
from lsnb.plan.settings import setting
from lsnb.sheets.requests import Request, Requests
from lsnb.snapshot import Snapshot

_NOTE_LENGTH = 200


def plan_requests(snapshot: Snapshot, sheet: Requests, notes: Notes) -> list[Change]:
    """Make the changes that a sheet asks for.

    Args:
        snapshot: the organization as it was read.
        sheet: the sheet, without problems.
        notes: where to say what a reader should know.

    Raises:
        TableError: the sheet has problems.
        PlanError: the organization's plan does not offer what the sheet is about.
    """
    sheet.require_clean()
    for rule, message in sheet.remarks:
        notes.add(rule, f"{sheet.source}: {message}")
    if sheet.kind == "roles" and sheet.requests and setting(snapshot, "can_use_rbac", True) is False:
        raise PlanError(
            f"{sheet.source} asks for changes of roles, and the organization's plan has no roles (can_use_rbac is false): "
            "everybody in a workspace is its Admin. Leave the sheet of roles out."
        )
    changes = [_change_for(snapshot, sheet.source, request) for request in sheet.requests]
    subjects = {subject.name: subject for change in changes if (subject := kind_of(change).subject)}
    for subject in subjects.values():
        for remark in subject.remarks(snapshot, changes):
            notes.add(remark.rule, remark.message, *remark.change_ids)
    return changes


def _change_for(snapshot: Snapshot, source: str, request: Request) -> Change:
    """Make the change for a request."""
    subject = next((subject for subject in SUBJECTS if subject.request is type(request)), None)
    if subject is None or subject.draft is None:
        raise PlanError(f"{source} asks for a {type(request).__name__}, which no kind of change carries out.")
    draft = subject.draft(snapshot, request)
    return new_change_of(draft, f"{draft.where}{_reason(request, source)}")


def _reason(request: Request, source: str) -> str:
    """Say which row asks, and what it notes."""
    words = row_words([request.row], source)
    note = without_keys(" ".join(request.note.split()))[:_NOTE_LENGTH]
    return f"{words} ({note})" if note else words
