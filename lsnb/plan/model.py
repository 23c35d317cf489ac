"""What a plan is: a value that says what would change, what will not and why, and what it is bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import pandas as pd

    from lsnb.plan.rules import Rules

ChangeKind = Literal[
    "CreateWorkspace",
    "CreateRole",
    "InviteMember",
    "ReplaceInvite",
    "AddWorkspaceMember",
    "SetOrgRole",
    "SetWorkspaceRole",
    "UpdateRole",
    "RenameWorkspace",
    "UpdateSettings",
    "CreateServiceKey",
    "SetServiceKeyRole",
    "ReinstateAccessToken",
    "RemoveWorkspaceMember",
    "CancelInvite",
    "RemoveMember",
    "RevokeAccessToken",
    "DeleteServiceKey",
    "DeleteScimToken",
    "DeleteRole",
    "DeleteWorkspace",
    "UnshareAll",
]
CHANGE_KINDS: tuple[str, ...] = get_args(ChangeKind)

Mode = Literal["update", "remove", "sync"]
Scope = Literal["organization", "workspace"]
Risk = Literal["low", "medium", "high"]
Outcome = Literal["done", "failed", "skipped", "unknown"]

#: The order of work: nobody loses the rights that a later step needs, and the caller's own change comes last.
Stage = Literal["create", "invite", "add", "promote", "change", "demote", "remove", "self"]
STAGES: tuple[str, ...] = get_args(Stage)

PLAN_VERSION = 2


@dataclass(frozen=True, slots=True)
class Change:
    """One change, with what was there before and what will be there after.

    Args:
        id: short and stable: the same change of the same person in the same place has the same id in every plan.
        kind: what is done.
        stage: when it is done.
        email: whom it concerns; None for changes that concern no person.
        scope: whether it is about the organization or about one workspace.
        workspace: the workspace's name, for changes in one workspace.
        before: the values now, as JSON-able data; None where nothing is there yet.
        after: the values wanted; None where nothing will be left.
        reason: why the plan has it, such as "row 12: role given as 'Viewer'".
        risk: "high" for what gives or takes power over the organization or cannot come back.
        reversible: whether undo brings the old state back entirely.
        consequence: what cannot come back, or what else happens, in a sentence; empty where there is nothing to say.
        ids: the ids that the calls need, such as `identity_id`, `workspace_id`, `role_id`.
    """

    id: str
    kind: ChangeKind
    stage: Stage
    email: str | None
    scope: Scope
    workspace: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str
    risk: Risk
    reversible: bool
    consequence: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a safety rule says about a plan.

    Args:
        rule: the rule's name, such as `min-admins`.
        message: what it found, with the numbers, and what to do.
        change_ids: the changes that it is about.
    """

    rule: str
    message: str
    change_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deferred:
    """Something that the sheet asks for and that no call can do yet.

    Args:
        email: whom it concerns.
        workspace: the workspace's name.
        role: the role wanted there.
        reason: what it waits for, such as "dana@example.com must accept the invitation first".
    """

    email: str
    workspace: str | None
    role: str | None
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """A bulk change that can be read, reviewed, saved and applied once.

    Args:
        organization_id: the organization that it is for.
        organization: that organization's name.
        host: the host and sub-path that it is for.
        key: the identity that made it (`Caller.identity`); it is refused to others.
        mode: "update", "remove" or "sync".
        scope: for sync, the names of the workspaces that the sheet is the whole truth for, or "organization".
        created_at: when it was made, ISO 8601, UTC.
        changes: what would be done, in the order of work.
        waiting: what cannot be done yet.
        refusals: the safety rules that refuse the plan; it cannot be applied while there is one.
        warnings: what a reader should know, and does not stop the plan.
        allowed: the rules that were overridden, with the reasons given.
        rules: the thresholds that it was judged by; None in journals of an older lsnb, which did not say.
        basis: what it rests on besides its rows, by `lsnb.plan.basis`: what the roles that it gives allow, and what things
            were called in the review.
        nonce: names this making of it and no other; empty where nobody gave one.
        policy: the name of the policy that it was held to; empty where there was none.
        policy_digest: SHA-256 of what that policy says.
        fingerprint: SHA-256 over all of the above, but over `created_at` only where there is a nonce; what `apply` wants
            to see.
    """

    organization_id: str
    organization: str
    host: str
    key: str
    mode: Mode
    scope: tuple[str, ...]
    created_at: str
    changes: tuple[Change, ...]
    waiting: tuple[Deferred, ...] = ()
    refusals: tuple[RuleResult, ...] = ()
    warnings: tuple[RuleResult, ...] = ()
    allowed: Mapping[str, str] = field(default_factory=dict)
    rules: Rules | None = None
    basis: Mapping[str, Any] = field(default_factory=dict)
    nonce: str = ""
    policy: str = ""
    policy_digest: str = ""
    fingerprint: str = ""

    @property
    def protected(self) -> tuple[str, ...]:
        """The accounts that no plan might touch when it was made; they hold wherever it is applied."""
        return self.rules.protected if self.rules is not None else ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes

    @property
    def is_safe(self) -> bool:
        """Whether no safety rule refuses it."""
        return not self.refusals

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        verdict = "" if self.is_safe else f", refused by {', '.join(verdict.rule for verdict in self.refusals)}"
        return f"<Plan for {self.organization!r}: {len(self):,} changes{verdict}; fingerprint {self.fingerprint[:12]}>"

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # What a terminal shows where a notebook shows HTML.
        printer.text(repr(self) if cycle else self.to_text())

    def to_text(self, *, width: int = 100, limit: int | None = 200) -> str:
        """Write it for a terminal; see `lsnb.report.plan_to_text`."""
        from lsnb.report import plan_to_text

        return plan_to_text(self, width=width, limit=limit)

    def to_markdown(self, *, limit: int | None = 200) -> str:
        """Write it for a pull request; see `lsnb.report.plan_to_markdown`."""
        from lsnb.report import plan_to_markdown

        return plan_to_markdown(self, limit=limit)

    def to_html(self, *, page: bool = False) -> str:
        """Write it for a notebook, or as a page of its own; see `lsnb.report.plan_to_html`."""
        from lsnb.report import plan_to_html

        return plan_to_html(self, page=page)

    def to_frame(self) -> pd.DataFrame:
        """Give it as a table with one row per change; see `lsnb.report.plan_to_frame`."""
        from lsnb.report import plan_to_frame

        return plan_to_frame(self)

    def to_csv(self) -> str:
        """Write it as CSV that a spreadsheet opens safely; see `lsnb.report.plan_to_csv`."""
        from lsnb.report import plan_to_csv

        return plan_to_csv(self)

    def to_json(self) -> dict[str, Any]:
        """Give it as the document that is saved; `lsnb.plan.plan_from_json` reads it back."""
        from lsnb.plan.serialise import plan_to_json

        return plan_to_json(self)
