"""The subcommands `plan`, `apply`, `resume` and `undo`: from an edited sheet to a change that can be taken back."""

from __future__ import annotations

import argparse
import ipaddress
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from lsnb.cli.common import (
    add_connection,
    add_force,
    add_json,
    add_policy,
    check_folder,
    open_organization,
    print_json,
    print_text,
    say,
    whole,
)
from lsnb.errors import ConfigError, PlanError
from lsnb.errors.safe_text import without_keys
from lsnb.files import check_output, remember_output, write_output
from lsnb.files.plan_file import load_plan, save_plan
from lsnb.files.sheets import write_problems
from lsnb.files.table_file import FORMATS, export_table, to_records
from lsnb.plan import Plan, Rules
from lsnb.plan.sheets import SheetSet
from lsnb.report.unlock import unlock_phrase
from lsnb.report.words import counted, facts_of
from lsnb.service.secret_sinks import SecretFile
from lsnb.sheets import Edits, problem_lines
from lsnb.sheets.requests import Requests

if TYPE_CHECKING:
    from lsnb.apply import Run

NOTHING, CHANGES, REFUSED = 0, 2, 3
_PLAN_ENDINGS = (".json", ".md", ".html", ".csv", ".txt")


def add_commands(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommands of this module."""
    plan = commands.add_parser("plan", help="what edited sheets would change; changes nothing")
    plan.add_argument(
        "sheet",
        type=Path,
        nargs="+",
        metavar="SHEET",
        help=".csv, .tsv or .xlsx files: of people, workspaces, roles, keys, tokens, SCIM tokens or settings; several make one plan",
    )
    plan.add_argument("--mode", choices=("update", "remove", "sync"), default="update", help="update is the default")
    plan.add_argument(
        "--scope", nargs="+", action="extend", default=[], metavar="WS", help="for sync: workspaces, or organization"
    )
    plan.add_argument(
        "--problems", type=Path, metavar="FILE", help="write the sheet back with what is wrong in each row"
    )
    _add_plan_options(plan)
    add_connection(plan)
    add_json(plan)
    plan.set_defaults(run=_run_plan)

    apply = commands.add_parser("apply", help="carry out a saved plan, once")
    apply.add_argument("plan", type=Path, metavar="plan.json", help="a plan that lsnb plan saved")
    apply.add_argument("--confirm", metavar="FINGERPRINT", help="the fingerprint of the plan that was reviewed")
    apply.add_argument("--journal", type=Path, metavar="FILE", help="where to keep the journal (lsnb-journals/...)")
    _add_run_options(apply)
    apply.set_defaults(run=_run_apply)

    resume = commands.add_parser("resume", help="go on with a run that was stopped or killed")
    resume.add_argument("journal", type=Path, metavar="JOURNAL")
    resume.add_argument("--retry-failed", action="store_true", help="try again what failed")
    _add_run_options(resume)
    resume.set_defaults(run=_run_resume)

    undo = commands.add_parser("undo", help="make a plan that takes a run back; changes nothing")
    undo.add_argument("journal", type=Path, metavar="JOURNAL")
    _add_plan_options(undo)
    add_connection(undo)
    add_json(undo)
    undo.set_defaults(run=_run_undo)


def _add_plan_options(parser: argparse.ArgumentParser) -> None:
    add_policy(parser)
    add_force(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"save it: {', '.join(_PLAN_ENDINGS)}")
    parser.add_argument(
        "--allow",
        nargs="+",
        action="extend",
        default=[],
        metavar="RULE=REASON",
        help="override one safety rule by name",
    )
    parser.add_argument(
        "--protect", nargs="+", action="extend", default=[], metavar="EMAIL", help="accounts that no plan may touch"
    )
    parser.add_argument(
        "--caller-address", metavar="ADDRESS", help="where requests come from, to judge a list of allowed addresses"
    )
    parser.add_argument(
        "--email-domains", nargs="+", action="extend", metavar="DOMAIN", help="the domains that may be invited"
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    add_policy(parser)
    add_force(parser)
    parser.add_argument(
        "--secrets-to",
        type=Path,
        metavar="FILE",
        help="where the secrets of created keys go: a file that only you may read",
    )
    parser.add_argument("--workers", type=whole(1, 64), default=8, metavar="N", help="changes under way at once (8)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="also write the results as a table")
    add_connection(parser)
    add_json(parser)


def _run_plan(options: argparse.Namespace) -> int:
    inputs = [*options.sheet, options.policy]
    _check_plan_output(options.output, inputs, options)
    allow = _allowed(options.allow)
    scope = "organization" if options.scope == ["organization"] else options.scope
    if options.problems:
        check_folder(options.problems)
        if options.output and options.problems.absolute() == options.output.absolute():
            raise ConfigError(f"-o and --problems both name {str(options.output)!r}. Name two files.")
        check_output(options.problems, ConfigError, inputs=inputs, overwrite=options.force)
    with open_organization(options) as org:
        org.policy_in_force()  # what is wrong with it is said before anything is read
        sheets = org.check_sheets(options.sheet)
        if options.problems:
            _write_problems(sheets, options)
        if not sheets.problems.empty:
            return _show_problems(sheets.problems, options)
        plan = org.plan(sheets, mode=options.mode, scope=scope, rules=_rules(options), allow=allow)
    return _show_plan(plan, options)


def _write_problems(sheets: SheetSet, options: argparse.Namespace) -> None:
    """Write a sheet back with what is wrong in each row; of several the command could not tell which goes where."""
    read: list[Requests | Edits] = [*sheets.requests]
    if sheets.edits is not None:
        read.append(sheets.edits)
    if len(options.sheet) > 1 or len(read) > 1:
        raise ConfigError("--problems writes one sheet back, and several were given. Check them one by one.")
    write_problems(options.sheet[0], read[0], options.problems, overwrite=options.force)


def _show_problems(problems: Any, options: argparse.Namespace) -> int:
    """List every problem of the sheets; nothing is planned from half a sheet."""
    if options.json:
        message = f"{len(problems)} problems; nothing is planned until all are mended."
        error = {"kind": "TableError", "message": message, "exit_code": 1}
        print_json({"error": error, "problems": to_records(problems)})
    names = " and ".join(str(path) for path in options.sheet)
    say(f"lsnb plan: {len(problems)} problems in {names}; nothing is planned until all are mended.")
    for source, found in problems.groupby("sheet", sort=False):
        start = f"{source}, " if problems["sheet"].nunique() > 1 else ""
        for line in problem_lines(found, limit=1000):
            say(f"  {start}{line}")
    if not options.problems:
        say("Add --problems FILE to get the sheet back with what is wrong in each row.")
    return 1


def _run_undo(options: argparse.Namespace) -> int:
    _check_plan_output(options.output, [options.journal], options)
    with open_organization(options) as org:
        plan = org.undo(options.journal, rules=_rules(options), allow=_allowed(options.allow))
    return _show_plan(plan, options)


def _show_plan(plan: Plan, options: argparse.Namespace) -> int:
    if options.output:
        _write_plan(plan, options.output, overwrite=options.force)
    if options.json:
        print_json(plan.to_json())
    else:
        print_text(plan.to_text() + "\n")
        if options.output and options.output.suffix == ".json" and plan.changes and plan.is_safe:
            _say_what_it_takes(plan)
            say(f"To carry it out:  lsnb apply {options.output} --confirm {plan.fingerprint}")
    if not plan.is_safe:
        return REFUSED
    return CHANGES if plan.changes else NOTHING


def _say_what_it_takes(plan: Plan) -> None:
    """Say last, where it is read, what the plan takes and gives, and how many e-mails go out."""
    n_emails = facts_of(plan).n_emails
    mails = f"{counted(n_emails, 'e-mail')} sent" if n_emails else ""
    what = ", ".join(filter(None, (unlock_phrase(plan), mails)))
    if what:
        say(f"What it takes and gives: {what}.")


def _write_plan(plan: Plan, path: Path, *, overwrite: bool) -> None:
    if path.suffix == ".json":
        save_plan(plan, path, overwrite=overwrite)
        return
    if path.suffix == ".md":
        content = plan.to_markdown(limit=None)
    elif path.suffix == ".html":
        content = plan.to_html(page=True)
    elif path.suffix == ".csv":
        content = plan.to_csv()
    else:
        content = plan.to_text(limit=None)
    write_output(path, content.encode(), PlanError, overwrite=overwrite)


def _check_plan_output(path: Path | None, inputs: Sequence[Path | None], options: argparse.Namespace) -> None:
    if path is not None:
        if path.suffix not in _PLAN_ENDINGS:
            raise ConfigError(f"{path.name!r} must end in {', '.join(_PLAN_ENDINGS)}.")
        check_folder(path)
        check_output(path, ConfigError, inputs=inputs, overwrite=options.force)


def _run_apply(options: argparse.Namespace) -> int:
    _check_results_output(options, [options.plan, options.journal])
    plan = load_plan(options.plan)
    if options.confirm is None:
        advice = f"Nothing was done. To carry it out, hand the fingerprint back:  --confirm {plan.fingerprint}"
        if options.json:
            error = {"kind": "UnconfirmedPlanError", "message": advice, "exit_code": REFUSED}
            print_json({"error": error, "plan": plan.to_json()})
        else:
            print_text(plan.to_text() + "\n")
        _say_what_it_takes(plan)
        say(advice)
        return REFUSED
    with open_organization(options) as org, _stoppable() as stop:
        run = org.apply(
            plan,
            confirm=options.confirm,
            workers=options.workers,
            journal=options.journal,
            secrets=_secrets(options),
            stop=stop,
        )
    return _show_run(run, options)


def _run_resume(options: argparse.Namespace) -> int:
    _check_results_output(options, [options.journal])
    with open_organization(options) as org, _stoppable() as stop:
        run = org.resume(
            options.journal,
            workers=options.workers,
            retry_failed=options.retry_failed,
            secrets=_secrets(options),
            stop=stop,
        )
    return _show_run(run, options)


def _secrets(options: argparse.Namespace) -> SecretFile | None:
    return SecretFile(options.secrets_to) if options.secrets_to else None


def _check_results_output(options: argparse.Namespace, inputs: Sequence[Path | None]) -> None:
    if options.output is not None:
        if options.output.suffix.lower() not in FORMATS:
            raise ConfigError(f"{options.output.name!r} must end in {', '.join(FORMATS)}. Nothing was changed.")
        check_folder(options.output)
        check_output(options.output, ConfigError, inputs=inputs, overwrite=options.force)


def _show_run(run: Run, options: argparse.Namespace) -> int:
    # First of all what was done, since nothing that goes wrong with a file takes it back.
    if options.json:
        print_json({"journal": str(run.journal), "stopped": run.stopped, "results": to_records(run.results)})
    else:
        print_text(str(run) + "\n")
    if options.output:
        export_table(run.results, options.output, title="results")
        remember_output(options.output)
    return NOTHING if run.is_done else CHANGES


def _allowed(words: list[str]) -> dict[str, str]:
    """Read RULE=REASON; a reason is never optional."""
    allowed = {}
    for word in words:
        rule, equals, reason = word.partition("=")
        if not equals or not reason.strip():
            raise ConfigError(f"--allow {word!r} gives no reason. Write it as --allow {rule or 'RULE'}='why'.")
        allowed[rule.strip()] = without_keys(reason.strip())
    return allowed


def _rules(options: argparse.Namespace) -> Rules:
    domains = tuple(options.email_domains) if options.email_domains else None
    return Rules(
        protected=tuple(options.protect), email_domains=domains, caller_address=_address(options.caller_address)
    )


def _address(text: str | None) -> str | None:
    try:
        return None if text is None else str(ipaddress.ip_address(text))
    except ValueError:
        raise ConfigError(f"--caller-address {text!r} is no address. Write it as 203.0.113.7.") from None


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """Let the first Ctrl-C finish the requests in flight, and the second one end at once."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say("\nStopping after the requests in flight; the journal can be resumed. Press again to stop at once.")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
