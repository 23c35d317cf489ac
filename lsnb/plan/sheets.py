"""Several sheets become one plan: what it creates first, so that the sheet of people can name it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from lsnb.errors import PlanError, TableError
from lsnb.plan.build import changes_to_plan, make_plan
from lsnb.plan.kinds import kind_of
from lsnb.plan.missing_capabilities import without_missing
from lsnb.plan.model import Change, Mode, Plan, RuleResult
from lsnb.plan.notes import Notes
from lsnb.plan.requests_to_changes import plan_requests
from lsnb.plan.rules import DEFAULT_RULES, OLDER_SERVER, Rules, ServerFeatures
from lsnb.plan.simulation import simulate_structure
from lsnb.plan.subjects import role, workspace
from lsnb.plan.subjects.workspace import new_names
from lsnb.sheets import PROBLEM_COLUMNS, Edits, parse_sheet, problem_lines
from lsnb.sheets.requests import Requests, SheetKind
from lsnb.sheets.role_matrix import parse_roles
from lsnb.sheets.scim_tokens import parse_scim_tokens
from lsnb.sheets.service_keys import parse_keys
from lsnb.sheets.setting_values import parse_settings
from lsnb.sheets.tokens import parse_tokens
from lsnb.sheets.workspaces import parse_workspaces
from lsnb.snapshot import Snapshot

#: The order in which sheets are read: what one creates, those after it may name.
READING_ORDER: tuple[SheetKind, ...] = ("workspaces", "roles", "settings", "tokens", "scim_tokens", "keys", "access")


@dataclass(frozen=True, slots=True)
class NamedSheet:
    """A sheet as it was brought.

    Args:
        frame: its text.
        source: what to call it in a sentence.
    """

    frame: pd.DataFrame
    source: str


@dataclass(frozen=True, slots=True)
class SheetSet:
    """Several sheets, checked against one snapshot and against what they create.

    Args:
        snapshot: the organization as it was read.
        requests: what is asked of workspaces, roles, settings, tokens and keys.
        edits: what is asked of people; None without a sheet of them.
        changes: the changes of all but people, as far as the sheets are without problems.
        notes: what a reader should know.
    """

    snapshot: Snapshot
    requests: tuple[Requests, ...]
    edits: Edits | None
    changes: tuple[Change, ...]
    notes: Notes = field(repr=False)

    @property
    def problems(self) -> pd.DataFrame:
        """One row per cell that is not understood, in the order of the sheets; `sheet` names the sheet."""
        read: list[Requests | Edits] = [*self.requests]
        if self.edits is not None:
            read.append(self.edits)
        frames = [sheet.problems.assign(sheet=sheet.source) for sheet in read if len(sheet.problems)]
        if frames:
            return pd.concat(frames, ignore_index=True)
        return pd.DataFrame(columns=[*PROBLEM_COLUMNS, "sheet"])

    @property
    def warnings(self) -> tuple[RuleResult, ...]:
        """What a reader should know of the sheets themselves, such as what was left aside; the plan says it too."""
        if self.edits is None:
            return self.notes.verdicts()
        own = (RuleResult(rule, f"{self.edits.source}: {said}") for rule, said in self.edits.remarks)
        return (*self.notes.verdicts(), *own)

    def require_clean(self) -> SheetSet:
        """Return the set itself when every cell of every sheet was understood.

        Raises:
            TableError: a cell was not; `.problems` has all of all sheets.
        """
        if len(self.requests) + (self.edits is not None) == 1:
            for sheet in self.requests:
                sheet.require_clean()
            if self.edits is not None:
                self.edits.require_clean()
            return self
        problems = self.problems
        if problems.empty:
            return self
        n = len(problems)
        lines = [f"{n:,} problem{'s' if n > 1 else ''} in the sheets, and nothing was planned:"]
        for source, found in problems.groupby("sheet", sort=False):
            lines += [f"{source}:", *(f"  {line}" for line in problem_lines(found.drop(columns="sheet")))]
        raise TableError("\n  ".join(lines), problems=problems)


def read_set(
    snapshot: Snapshot, sheets: Mapping[SheetKind, NamedSheet | Edits], *, rules: Rules = DEFAULT_RULES
) -> SheetSet:
    """Check several sheets against an organization, and against what they create themselves.

    Args:
        snapshot: the organization as it was read.
        sheets: the sheets by kind; the one of people may be `Edits` already.
        rules: how many people or rows a message names.

    Raises:
        UnreadableTableError: a table that a sheet is about could not be read.
        PlanError: the organization's plan does not offer what a sheet is about.
    """
    unknown = sorted(set(sheets) - set(READING_ORDER))
    if unknown:
        raise PlanError(
            f"There is no kind of sheet {', '.join(map(repr, unknown))}; there are {', '.join(READING_ORDER)}."
        )
    notes = Notes(rules.max_listed)
    requests: list[Requests] = []
    changes: list[Change] = []
    edits: Edits | None = None
    for kind in READING_ORDER:
        sheet = sheets.get(kind)
        if sheet is None:
            continue
        if kind == "access":
            edits = sheet if isinstance(sheet, Edits) else _read_access(snapshot, changes, sheet)
            continue
        if isinstance(sheet, Edits):
            raise PlanError(f"The edits of people were given as the sheet of {kind}.")
        read = _read(kind, snapshot, changes, sheet)
        requests.append(read)
        if read.is_clean:
            changes += plan_requests(snapshot, read, notes)
    return SheetSet(snapshot, tuple(requests), edits, tuple(changes), notes)


def _read(kind: SheetKind, snapshot: Snapshot, changes: Sequence[Change], sheet: NamedSheet) -> Requests:
    if kind == "keys":
        named = _as_named(snapshot, changes)
        return parse_keys(sheet.frame, named, source=sheet.source, renamed=new_names(changes))
    parse: Callable[..., Requests] = {
        "workspaces": parse_workspaces,
        "roles": parse_roles,
        "settings": parse_settings,
        "tokens": parse_tokens,
        "scim_tokens": parse_scim_tokens,
    }[kind]
    return parse(sheet.frame, snapshot, source=sheet.source)


def _read_access(snapshot: Snapshot, changes: Sequence[Change], sheet: NamedSheet) -> Edits:
    named = _as_named(snapshot, changes)
    return parse_sheet(sheet.frame, named, source=sheet.source, renamed=new_names(changes))


def _as_named(snapshot: Snapshot, changes: Sequence[Change]) -> Snapshot:
    """Give the organization as later sheets may name it: with what is created, and without what is deleted."""
    named = simulate_structure(snapshot, [*_creating(changes), *workspace.deletions(changes), *role.deletions(changes)])
    if named is snapshot or not snapshot.is_readable("service_keys"):
        return named
    # Keys are compared with what is there: their rows are no wish to change them when one of their workspaces goes.
    tables = {name: named.table(name) for name in named.table_names}
    return Snapshot(named.meta, tables | {"service_keys": snapshot.service_keys})


def _creating(changes: Iterable[Change]) -> list[Change]:
    """List the changes that create what others may name."""
    return [change for change in changes if kind_of(change).makes == "id"]


def plan_set(
    sheets: SheetSet,
    *,
    mode: Mode = "update",
    scope: str | Sequence[str] = (),
    rules: Rules = DEFAULT_RULES,
    allow: Mapping[str, str] | None = None,
    created_at: str,
    nonce: str = "",
    server: ServerFeatures = OLDER_SERVER,
) -> Plan:
    """Make one plan of several sheets.

    Args:
        sheets: the sheets, without problems.
        mode: how the sheet of people is meant; the other sheets ask for what their rows say under every mode.
        scope: for sync, names or ids of workspaces, or "organization".
        rules: the thresholds to judge by.
        allow: rules to override by name, each with the reason.
        created_at: the time to put on it, ISO 8601, UTC.
        nonce: names this making of it, as in `make_plan`.
        server: what the server offers beyond what every server does.

    Raises:
        TableError: a sheet has problems.
        PlanError: a plan cannot be made.
    """
    sheets.require_clean()
    snapshot = sheets.snapshot
    notes = Notes(rules.max_listed)
    changes = without_missing(sheets.changes, server, notes)
    remarks = sheets.notes.verdicts() + notes.verdicts()
    if sheets.edits is None:
        if mode != "update" or scope:
            raise PlanError(f"The mode {mode!r} is about the sheet of people, and there is none.")
        return changes_to_plan(
            snapshot, changes, rules=rules, allow=allow, created_at=created_at, nonce=nonce, warnings=remarks
        )
    # People are looked up in what is there: what is deleted is there until then, what is created has a reference.
    created = simulate_structure(snapshot, _creating(changes))
    return make_plan(
        created,
        sheets.edits,
        mode=mode,
        scope=scope,
        rules=rules,
        allow=allow,
        created_at=created_at,
        nonce=nonce,
        server=server,
        beside=changes,
        origin=snapshot,
        remarks=remarks,
    )
