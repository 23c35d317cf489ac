"""What is to be known about a kind of change: a record without defaults, so that nobody can forget a field.

`lsnb.plan.subjects` has the records, one module per subject, and `lsnb.plan.kinds` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from lsnb.errors import PlanError
from lsnb.plan.current_values import row_of
from lsnb.plan.live import Present
from lsnb.plan.membership_effects import MembershipEffects
from lsnb.plan.model import Change, ChangeKind, Plan, Risk, RuleResult, Scope, Stage
from lsnb.plan.reference_names import is_reference
from lsnb.sheets.requests import SheetKind
from lsnb.snapshot import Caller, Snapshot

T = TypeVar("T")
Values = Mapping[str, Any]
Ids = Mapping[str, str]
Rows = list[dict[str, Any]]

#: What a change gives: a role to a person, an invitation, a role to a key, permissions to whoever holds a role, the use of
#: a token that exists.
Gives = Literal["role", "invitation", "key-role", "permissions", "token", "nothing"]
#: Who may make a change besides Organization Admins: nobody, Operators where no power over the organization is touched,
#: besides them the Admins of the workspace or the owner, or the Admins of the workspace alone.
AllowedTo = Literal["admins", "operators", "operators-and-workspace-admins", "operators-and-owner", "workspace-admins"]
#: What comes into being: nothing, something whose id others need, or something with a secret that is shown once.
Makes = Literal["nothing", "id", "secret"]


class UnlockPart(NamedTuple):
    """What must be typed for some changes before a plan can be applied: `remove 2 from workspaces`.

    Args:
        order: where it stands among the parts.
        verb: what is done.
        one: what follows the number 1.
        several: what follows other numbers.
    """

    order: int
    verb: str
    one: str
    several: str


DEMOTE_IN_WORKSPACES = UnlockPart(100, "demote", " in workspaces", " in workspaces")
DEMOTE_IN_ORGANIZATION = UnlockPart(110, "demote", " in the organization", " in the organization")
PROMOTE = UnlockPart(140, "promote", "", "")
PROMOTE_IN_WORKSPACES = UnlockPart(150, "promote", " in workspaces", " in workspaces")
MYSELF = UnlockPart(170, "change myself", "", "")
FINAL = UnlockPart(190, "final", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What only some servers can do.

    Args:
        feature: the field of `ServerFeatures` that tells whether this server can; None where planning does not ask.
        offer: under which name the answer to the request is remembered; None where it is not.
        missing: what a server without it does not offer.
        instead: what to do there.
    """

    feature: str | None
    offer: Literal["pending_patch", "service_key_patch"] | None
    missing: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What a service key of single workspaces sends where the organization's endpoint is refused to it.

    Args:
        method: the name of the method of the API.
        arguments: gives its arguments, of the plan, the change and the workspace of the key that sends; None where there
            is no other way.
    """

    method: str
    arguments: Callable[[Plan, Change, str | None], dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request of a change.

    Args:
        name: what journals call it.
        method: the name of the method of the API that sends it.
        arguments: gives its arguments, of the plan, the change without references, and what was read just before.
        is_once_only: whether it must never go out twice on a guess: it sends an e-mail, or creates something.
        need: what a server may lack for it; None where every server has it.
        fallback: what a key of single workspaces sends instead; None where there is nothing else.
    """

    name: str
    method: str
    arguments: Callable[[Plan, Change, Present], dict[str, Any]]
    is_once_only: bool
    need: Need | None
    fallback: Fallback | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How several changes share one request.

    Args:
        name: what journals call the request.
        method: the name of the method of the API.
        group: tells which changes share one, by equal values; None for one that goes alone.
        arguments: gives the arguments, of the changes.
        names_people: whether the answer names by address whom it did; else it is about all of them.
        asks_first: whether only newer servers can do it, and only for people who are found there just before.
        is_refused_whole: whether one change that the key may not make takes the others with it.
    """

    name: str
    method: str
    group: Callable[[Change], tuple[str, ...] | None]
    arguments: Callable[[Sequence[Change]], dict[str, Any]]
    names_people: bool
    asks_first: bool
    is_refused_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The list that tells what became of a change.

    Args:
        name: under which name `Resources.lists` has it.
        method: the name of the method of the API.
        by: whether records go by their `id`, it is one record whose fields go by name, or there is one list per workspace,
            which is only counted.
        keeps: tells of a record whether it counts.
        may_be_hidden: whether the service hides the list from some keys, so that it is then as if not read.
        in_workspace: the name of the method that lists those of one workspace, for keys that may not read the whole list;
            None where there is none.
    """

    name: str
    method: str
    by: Literal["id", "name", "workspace"]
    keeps: Callable[[Mapping[str, Any]], bool]
    may_be_hidden: bool
    in_workspace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A change before it is ranked and ordered.

    Args:
        kind: what is done.
        before: the values now.
        after: the values wanted.
        ids: the ids that the calls need; unknown ones are left out.
        workspace: the workspace's name, where the change is about one.
        email: whom it concerns.
        is_self: whether it concerns the identity that makes the plan.
        where: what goes before the reason, such as the column of a matrix.
    """

    kind: ChangeKind
    before: Values | None
    after: Values | None
    ids: Mapping[str, str | None]
    workspace: str | None = None
    email: str | None = None
    is_self: bool = False
    where: str = ""


class LeftAloneError(Exception):
    """Says why a change is not taken back."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What taking a change of a resource back goes by.

    Args:
        snapshot: the organization as it is now.
        created_id: the id of what the change created, where the journal says it.
    """

    snapshot: Snapshot
    created_id: str | None

    def made_id(self, change: Change, name: str) -> str | None:
        """Give the id of what a change created, or was about."""
        own = change.ids.get(name)
        return self.created_id or (None if is_reference(own) else own)

    def row(self, table: str, column: str, id_: str | None) -> dict[str, Any]:
        """Give the row with an id.

        Raises:
            LeftAloneError: there is none, or it is not known.
        """
        if id_ is None:
            raise LeftAloneError("the journal does not say which id it got")
        if not self.snapshot.is_readable(table):
            raise LeftAloneError(f"the {table.replace('_', ' ')} could not be read")
        row = row_of(self.snapshot.table(table), column, id_)
        if row is None or row.get("is_deleted") is True:
            raise LeftAloneError("it is not there any more")
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """What takes a change back.

    Args:
        draft: the change that does.
        rule: under which rule the plan notes what is to be known about it; empty where nothing is.
        note: what is to be known.
    """

    draft: Draft
    rule: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What changes are about.

    Args:
        name: what it is called, such as "service key".
        is_person: whether it is somebody's membership or invitation, told by an address.
        id_name: under which name `Change.ids` has the thing; of people that of the workspace they are in.
        is_ground: whether that id names something else that must be as it was in the review, and not the thing itself.
        name_field: which of the values is the name by which others call it, so that findings follow a new name; empty
            where none is.
        sheet: which sheet asks for changes of it; what that needs to be judged is read again before a run.
        reading: which list tells what became of a change; None for people, who are read by address.
        undo_table: which table taking a change back needs besides who has what; None where it needs no other.
        who: says what a change is about, such as `role Auditor`.
        request: the class of what a sheet asks of it; None where rows of people do.
        draft: makes the change for such a request; None where no sheet asks for one.
        remarks: says what is to be known of all that a sheet asks for.
        warn: warns of what changes of a plan mean for others.
    """

    name: str
    is_person: bool
    id_name: str
    is_ground: bool
    name_field: str
    sheet: SheetKind
    reading: Reading | None
    undo_table: str | None
    who: Callable[[Change], str]
    request: type[Any] | None
    draft: Callable[[Snapshot, Any], Draft] | None
    remarks: Callable[[Snapshot, Sequence[Change]], list[RuleResult]]
    warn: Callable[[Snapshot, Sequence[Change]], list[RuleResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Everything that is known about a kind of change; the engines ask it and know no kind by name.

    Args:
        name: the kind.
        subject: what it is about.
        scope: whether it is about the organization or about one workspace.
        order: its place within the stage.
        one: what a change is called when it is counted.
        several: what several are called.
        tables: the tables that its effect shows in, those about people apart.
        stage: tells when it is made, of the values before and after, and the ids.
        wave: what of a stage comes later, has a higher number.
        last_wave: the same in the last stage, where a change can shut out whoever makes it.
        risk: tells how much power it gives or takes, and whether what goes can come back.
        reversible: whether undo brings the old state back entirely.
        is_irreversible: whether its effect is gone for good, so that each change is allowed by itself.
        consequence: says what cannot come back, or what else happens; empty where there is nothing to say.
        needs: what a server may lack for it, as far as planning asks; None where every server has it.
        mails: how many e-mails a change sends.
        gives: what it gives.
        removes: tells whether it takes somebody out of a workspace or the organization, or an invitation back.
        demotes: tells whether it gives somebody, or a key, a lesser role.
        promotes: tells whether it gives power over the organization to somebody, or a key, who had less.
        losing_people: lists from whom it takes something: addresses, or ids where there is none.
        losing_keys: lists the service keys from which it takes something, by what they are called.
        is_callers_own: tells whether it ends or changes the very key that makes the plan.
        may_hit_caller: tells whether it may take something from whoever makes the plan, where that is not known.
        moves_rights: tells whether it can take rights from people whom it does not name.
        shows_in_access: tells whether it shows in the tables about people, of a kind that is not about them.
        allowed_to: who may make it besides Organization Admins.
        unlock: gives what must be typed for it; None where a click is enough.
        unlock_self: what must be typed where it comes last, since it can shut out whoever makes it.
        steps: gives the requests that a change takes, in order.
        batch: how several share a request; None where each goes alone.
        makes: what comes into being.
        is_looked_at_last: whether it is looked at again just before, since it cannot be taken back or replaces a whole list.
        holds: tells whether what it starts from is still there.
        reached: tells whether what it leads to is there.
        is_shown: tells whether the service shows what it leads to.
        created_id: gives the id of what it was to create, where that is there.
        found_words: says what is there now.
        before_words: says what is there before.
        after_words: says what is there after.
        sentence: says what it does in a sentence.
        effect: gives the rows of one of its tables as they would be.
        effect_on_people: collects what it does to members and invitations, whose tables are worked out by column.
        inverse: gives what takes it back, or says why nothing does.
        log_operations: what the organization's audit log calls it.
    """

    name: str
    subject: Subject
    scope: Scope
    order: int
    one: str
    several: str
    tables: tuple[str, ...]
    stage: Callable[[Values | None, Values | None, Ids], Stage]
    wave: int
    last_wave: int
    risk: Callable[[Values | None, Values | None, Ids], Risk]
    reversible: bool
    is_irreversible: bool
    consequence: Callable[[Values | None, Values | None, Ids], str]
    needs: Need | None
    mails: int
    gives: Gives
    removes: Callable[[Change], bool]
    demotes: Callable[[Change], bool]
    promotes: Callable[[Change], bool]
    losing_people: Callable[[Snapshot, Change], list[str]]
    losing_keys: Callable[[Snapshot, Change], list[str]]
    is_callers_own: Callable[[Change, Caller], bool]
    may_hit_caller: Callable[[Change, Caller], bool]
    moves_rights: Callable[[Change], bool]
    shows_in_access: Callable[[Change], bool]
    allowed_to: AllowedTo
    unlock: Callable[[Change], UnlockPart | None]
    unlock_self: UnlockPart
    steps: Callable[[Change], tuple[Step, ...]]
    batch: Batch | None
    makes: Makes
    is_looked_at_last: bool
    holds: Callable[[Change, Present], bool]
    reached: Callable[[Change, Present], bool]
    is_shown: Callable[[Change, Present], bool]
    created_id: Callable[[Change, Present], str | None]
    found_words: Callable[[Change, Present], str]
    before_words: Callable[[Change], str]
    after_words: Callable[[Change], str]
    sentence: Callable[[Change], str]
    effect: Callable[[str, Rows, Change, Snapshot], Rows]
    effect_on_people: Callable[[MembershipEffects, Change], None]
    inverse: Callable[[Undo, Change], Inverse | str]
    log_operations: tuple[str, ...]


def always(value: T) -> Callable[..., T]:
    """Make a function that gives the same whatever it is asked of."""
    return lambda *_: value


def step(
    name: str,
    method: str,
    arguments: Callable[[Plan, Change, Present], dict[str, Any]],
    *,
    is_once_only: bool = False,
    need: Need | None = None,
    fallback: Fallback | None = None,
) -> Callable[[Change], tuple[Step, ...]]:
    """Make the steps of a kind that takes one request, always the same."""
    only = Step(name=name, method=method, arguments=arguments, is_once_only=is_once_only, need=need, fallback=fallback)
    return always((only,))


def unless_reversible(change: Change) -> UnlockPart | None:
    """Give what must be typed for a change that needs no words of its own."""
    return None if change.reversible else FINAL


def wanted(change: Change) -> dict[str, Any]:
    """Give the values that a change sets.

    Raises:
        PlanError: it has none.
    """
    if change.after is None:
        raise PlanError(f"{change.kind} has no values to set.")
    return dict(change.after)


def only_workspace(change: Change) -> str | None:
    """Give the one workspace that a change gives access to; None where there are several, or where it is all of them."""
    places: Sequence[Mapping[str, Any]] = (change.after or {}).get("workspaces") or ()
    return str(places[0]["workspace_id"]) if len(places) == 1 else None


def counted(n: int, one: str, several: str) -> str:
    """Say how many: `1 person`, `1,200 people`."""
    return f"{n:,} {one if n == 1 else several}"
