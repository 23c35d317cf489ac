"""The organization that a notebook works with: read it, plan changes of it, carry them out, take them back."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pandas as pd

from lsnb import __version__
from lsnb.apply import Run, apply_plan, resume_run
from lsnb.apply.checks import organization_id_of
from lsnb.apply.journal import read_journal
from lsnb.apply.undo import make_undo, tables_to_undo
from lsnb.errors import LsnbError, PlanError
from lsnb.files.policy_file import PolicyInForce, PolicySource, find_policy, from_here, name_policy
from lsnb.files.sheets import SheetSources, read_sheet
from lsnb.loader import load_snapshot_of
from lsnb.loader.sheet_plans import check_held_to, check_sheets, export_sheets, gate_of, hold_to, plan_sheets
from lsnb.loader.sources import utc_now
from lsnb.plan import Mode, Plan, Rules, rules_under
from lsnb.plan.policy_rules import rules_asked_for
from lsnb.plan.rules import with_protected
from lsnb.plan.sheets import SheetSet
from lsnb.service.api import Api
from lsnb.service.identity import identify
from lsnb.service.progress import Display
from lsnb.service.secret_sinks import SecretSink
from lsnb.service.transport import Transport
from lsnb.service.user_only import UserOnly
from lsnb.service.whoami import Whoami, ask_whoami
from lsnb.sheets import Edits, parse_sheet
from lsnb.sheets.requests import SheetKind
from lsnb.snapshot import Caller, Snapshot

if TYPE_CHECKING:
    from lsnb.apply import RunEvent

Sheet = str | os.PathLike[str] | pd.DataFrame | Edits


class Organization:
    """One organization at one host, spoken to with one key.

    Args:
        transport: what carries the requests.
        is_demo: whether it is the embedded demo organization.
        policy: the policy that plans and runs are held to, its file, or "none"; see `policyfile.find_policy`.
        environ: the environment that a policy is looked for in; the process's own when None.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        is_demo: bool = False,
        policy: PolicySource | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.api = Api(transport)
        self.is_demo = is_demo
        self._policy = from_here(policy)
        self._environ = environ
        #: What no key may do: each a method that raises `UserOnlyError` and says where it is done instead.
        self.user_only = UserOnly()
        self._whoami: Whoami | None = None
        self._caller: Caller | None = None

    @property
    def host(self) -> str:
        """The host and sub-path of the service."""
        return self.api.transport.settings.host

    def whoami(self, *, refresh: bool = False) -> Whoami:
        """Find out what the key is and may do, in at most six calls, before anything fails.

        Args:
            refresh: ask again, instead of giving what was found out before.

        Raises:
            AuthError: the key is unknown, expired or revoked.
            WrongRegionError: the key probably belongs to another host.
            TransportError: no answer came.
        """
        if self._whoami is None or refresh:
            found = ask_whoami(self.api)
            if found.organization_id:
                self.api.transport.learn_organization(found.organization_id)
            try:
                policy = str(self.policy_in_force())
            except LsnbError as error:
                policy = f"cannot be used, so nothing is planned: {error}"
            self._whoami = replace(found, policy=policy)
        return self._whoami

    def snapshot(
        self,
        *,
        tables: Iterable[str] | None = None,
        exclude: Iterable[str] = (),
        usage_days: float = 30,
        audit_days: float = 7,
        display: Display | None = None,
    ) -> Snapshot:
        """Read the organization into tables, in the fewest calls, in parallel, with a progress bar.

        Args:
            tables: the names of the tables to read; all when None. See `docs/tables.md`.
            exclude: tables to leave out.
            usage_days: how far back `usage` goes, in days.
            audit_days: how far back `audit_log` goes, in days; 0 leaves it out.
            display: where the progress is shown; picked by surroundings when None.

        Raises:
            ConfigError: a table of that name does not exist.
            ApiError: the service failed, or does not know the key; or something in front of it refuses.
            TransportError: no answer came.
            IncompleteListError: a list came back shorter than the service said.
        """
        return load_snapshot_of(
            self.api,
            tables=tables,
            exclude=exclude,
            usage_days=usage_days,
            audit_days=audit_days,
            caller=self._caller or (self._whoami.caller if self._whoami else None),
            version=__version__,
            display=display,
        )

    @property
    def caller(self) -> Caller:
        """Who the key acts for; asked until it is known, and then kept."""
        if self._caller is None or not self._caller.is_known:
            if self._whoami is not None and self._whoami.caller.is_known:
                self._caller = self._whoami.caller
            else:
                self._caller = identify(self.api, self.api.transport.settings.key)
        return self._caller

    def policy_in_force(self, policy: PolicySource | None = None) -> PolicyInForce:
        """Tell which policy plans, runs and their undoing are held to, and where it was found.

        Args:
            policy: another one for this once; what `connect` was given, or what is found, when None.

        Raises:
            TableError: the policy cannot be read or has problems.
            ConfigError: two files could be meant.
        """
        id_of = partial(organization_id_of, self.api)
        return find_policy(policy, self._policy, organization_id=id_of, environ=self._environ)

    def plan(
        self,
        sheet: SheetSources | SheetSet,
        *,
        mode: Mode = "update",
        scope: str | Sequence[str] = (),
        rules: Rules | None = None,
        allow: Mapping[str, str] | None = None,
        snapshot: Snapshot | None = None,
        policy: PolicySource | None = None,
    ) -> Plan:
        """Make a plan of what edited sheets ask for; nothing is changed.

        Args:
            sheet: a CSV or Excel file, a DataFrame, or `Edits`; or several: a mapping from kinds ("access",
                "workspaces", "roles", "keys", "tokens", "scim_tokens", "settings") to such, a list whose kinds are told by the columns,
                or a workbook with a tab per kind. Several make one plan, in which one sheet may name what another
                creates.
            mode: "update" adds and changes, and removes only what rows say; "remove" only removes; under "sync" the
                sheet of people is the whole truth within the scope.
            scope: for sync, names or ids of workspaces, or "organization".
            rules: the thresholds to judge by.
            allow: safety rules to override by name, each with the reason, as in
                `allow={"max-removals": "re-org, ticket 123"}`.
            snapshot: the reading to plan from; the organization is read anew when None.
            policy: a policy, its file, or "none"; the one in force when None. Its ceilings, domains and accounts for emergencies tighten the rules, and a plan
                that would add or worsen a finding by it is refused, check by check (`policy:LS-ADM-02`), unless `allow`
                names that.

        Returns:
            The plan, also where it is refused or there is nothing to do. Displaying it shows what would happen.

        Raises:
            TableError: a sheet or the policy has problems; `.problems` lists them all.
            PlanError: a plan cannot be made of it.
            ApiError: the organization could not be read.
            TransportError: no answer came.
        """
        held_to = self.policy_in_force(policy)
        # Also for a snapshot that was read without asking whose the key is: the plan must not harm that person.
        snap = snapshot.read_by(self.caller) if snapshot is not None else None
        checked = sheet if isinstance(sheet, SheetSet) else self.check_sheets(sheet, snapshot=snap)
        judged_by = rules_under(held_to.policy, rules or Rules())
        plan = plan_sheets(self.api, checked, mode=mode, scope=scope, rules=judged_by, allow=allow)
        return hold_to(plan, held_to, checked.snapshot, self._read)

    def check_sheets(self, sheets: SheetSources, *, snapshot: Snapshot | None = None) -> SheetSet:
        """Check edited sheets against the organization, without planning anything.

        Args:
            sheets: what `plan` takes.
            snapshot: the reading to check against; the organization is read anew when None.

        Returns:
            What is understood of each sheet; `.problems` is a table of every cell that is not. `plan` takes it.

        Raises:
            TableError: a file cannot be read as a sheet.
            UnreadableTableError: a table that a sheet is about could not be read.
        """
        return check_sheets(sheets, self._read, snapshot=snapshot)

    def export_sheets(self, path: str | os.PathLike[str], *kinds: SheetKind, overwrite: bool = False) -> Snapshot:
        """Write sheets of what is there for editing; planning them unchanged gives nothing to do.

        Args:
            path: the file: .xlsx with a tab per kind, or .csv or .tsv for one kind.
            kinds: which: "access", "workspaces", "roles", "keys", "tokens", "settings"; "access" when none is named.
            overwrite: replace a file that was edited; one that is as lsnb wrote it last is replaced anyway.

        Returns:
            The reading that they were made from.

        Raises:
            TableError: the file cannot be written, or is there already and was edited.
            UnreadableTableError: a table could not be read.
        """
        return export_sheets(path, kinds or ("access",), self._read, overwrite=overwrite)

    def edits(self, sheet: Sheet, *, snapshot: Snapshot | None = None) -> Edits:
        """Check an edited access sheet against the organization, without planning anything.

        Args:
            sheet: a CSV or Excel file, a DataFrame, or `Edits`, which are given back as they are.
            snapshot: the reading to check against; the organization is read anew when None.

        Returns:
            The rows that are understood, and a table of every cell that is not.

        Raises:
            TableError: the file cannot be read as a sheet.
        """
        if isinstance(sheet, Edits):
            return sheet
        snap = snapshot if snapshot is not None else self.read_access()
        source = Path(sheet).name if isinstance(sheet, str | os.PathLike) else "the table"
        return parse_sheet(read_sheet(sheet), snap, source=source)

    def apply(
        self,
        plan: Plan,
        *,
        confirm: str,
        workers: int = 8,
        journal: str | os.PathLike[str] | None = None,
        rules: Rules | None = None,
        policy: PolicySource | None = None,
        secrets: SecretSink | None = None,
        display: Display | None = None,
        stop: threading.Event | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
    ) -> Run:
        """Carry out a plan, once, with a journal that makes it resumable and undoable.

        Args:
            plan: the plan that was reviewed.
            confirm: its fingerprint, handed back as the sign that it was.
            workers: how many changes may be under way at once.
            journal: the journal's file; a new one in `lsnb-journals/` when None.
            rules: how many Organization Admins must be left, and who is protected, besides the rules of the plan.
            policy: as in `plan`; a plan that was held to another policy is refused.
            secrets: where the secrets of created keys go, each once, needed where there are some: `lsnb.SecretFile(path)`,
                `lsnb.SecretKeyring()` or `lsnb.SecretBox()`.
            display: where the progress is shown; picked by surroundings when None.
            stop: set it to stop after the requests in flight.
            on_event: called as things happen, for a live table.

        Returns:
            The run: `run.results` has one row per change.

        Raises:
            UnconfirmedPlanError: the fingerprint is another one.
            UnsafePlanError: a safety rule refuses the plan, also on what is there now.
            SpentPlanError: the plan has been applied already.
            PlanError: it was made for another organization, host or identity, or creates keys and `secrets` is missing.
            ConfigError: secrets cannot be put where they were to go; nothing was changed.
        """
        held_to = self.policy_in_force(policy)
        check_held_to(plan, held_to)
        return apply_plan(
            self.api,
            plan,
            confirm=confirm,
            workers=workers,
            journal=journal,
            rules=rules_asked_for(held_to.policy, rules),
            secrets=secrets,
            gate=gate_of(plan, held_to, self._read),
            display=display,
            stop=stop,
            on_event=on_event,
        )

    def resume(
        self,
        journal: str | os.PathLike[str],
        *,
        workers: int = 8,
        retry_failed: bool = False,
        rules: Rules | None = None,
        policy: PolicySource | None = None,
        secrets: SecretSink | None = None,
        display: Display | None = None,
        stop: threading.Event | None = None,
    ) -> Run:
        """Go on with a run that was stopped or killed; what is unknown is looked up first.

        Args:
            journal: the run's journal.
            workers: as in `apply`, and so are `rules` and `policy`.
            retry_failed: try again what failed.
            secrets: where the secrets of created keys go, as in `apply`, where keys are still to be created.
            display: where the progress is shown; picked by surroundings when None.
            stop: set it to stop after the requests in flight.

        Raises:
            JournalError: the journal is damaged, or another process is using it.
            PlanError: the run was for another organization, host or identity.
        """
        return resume_run(
            self.api,
            journal,
            workers=workers,
            retry_failed=retry_failed,
            rules=rules_asked_for(self.policy_in_force(policy).policy, rules),
            secrets=secrets,
            display=display,
            stop=stop,
        )

    def undo(
        self,
        run: Run | str | os.PathLike[str],
        *,
        rules: Rules | None = None,
        allow: Mapping[str, str] | None = None,
        policy: PolicySource | None = None,
    ) -> Plan:
        """Make a plan that takes a run back; nothing is changed until it is applied.

        Args:
            run: the run, or its journal. What cannot come back is said in the plan's warnings.
            rules: the thresholds to judge by.
            allow: safety rules to override by name, each with the reason.
            policy: as in `plan`.

        Raises:
            JournalError: the journal is damaged.
            PlanError: the run was for another organization.
        """
        path = run.journal if isinstance(run, Run) else Path(run)
        if path is None:
            raise PlanError("This run had nothing to do, so there is nothing to take back.")
        journal = read_journal(path)
        held_to = self.policy_in_force(policy)
        snap = self._read(tables_to_undo(journal.plan.changes))
        judged_by = with_protected(rules_under(held_to.policy, rules or Rules()), journal.plan.protected)
        made = {"created_at": utc_now().isoformat(), "nonce": uuid4().hex}
        plan = make_undo(snap, journal, rules=judged_by, allow=allow, **made)
        return hold_to(plan, held_to, snap, self._read)

    def read_access(self) -> Snapshot:
        """Read the people and their access, and nothing else: 3 requests and one more per 500 people."""
        return self._read(["access"])

    def _read(self, tables: Iterable[str]) -> Snapshot:
        return load_snapshot_of(self.api, tables=list(tables), caller=self.caller, version=__version__)

    def close(self) -> None:
        """Close the connections."""
        self.api.transport.close()

    def __enter__(self) -> Organization:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        what = " (the embedded demo organization: nothing here is real)" if self.is_demo else ""
        id_ = self.api.transport.organization_id or ""
        policy = name_policy(self._policy, organization_id=lambda: id_, environ=self._environ)
        return f"<Organization at {self.host}{policy and f'; policy: {policy}'}{what}>"
