"""Policies as files, TOML or a table of statements; and how an organization's policy is found."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from lsnb.checks import CHECKS
from lsnb.errors import ConfigError, TableError
from lsnb.errors.safe_text import visible, without_keys
from lsnb.files import FileTroubleError, config_folders, read_bounded
from lsnb.files.folders import CONFIG_VARIABLE
from lsnb.files.sheets import read_sheet
from lsnb.policy import PROBLEM_COLUMNS, Item, Policy, items_from_document, items_from_rows, parse_policy
from lsnb.policy.parse import wrong_header

#: Says that no policy is to hold: `policy="none"`, `--policy none`, `LSNB_POLICY=none`.
NO_POLICY = "none"
#: The environment variable that names the policy's file.
POLICY_VARIABLE = "LSNB_POLICY"
#: All variables that say where a policy is.
POLICY_VARIABLES = (POLICY_VARIABLE, CONFIG_VARIABLE)
#: The policy's file in the working folder, and its other forms.
POLICY_FILES = ("lsnb-policy.toml", "lsnb-policy.csv", "lsnb-policy.xlsx")

PolicySource = Policy | str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """The policy that plans and runs are held to.

    Args:
        policy: what it says; None where there is none.
        name: what to call it: the name of its file; empty where there is none.
        source: where it was found, in words, or why there is none.
        digest: SHA-256 of what it says; empty where there is none.
        set_aside: the file that would hold if it had not been switched off by name; empty where there is none.
    """

    policy: Policy | None
    name: str
    source: str
    digest: str
    set_aside: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.source})" if self.name else f"none ({self.source})"


def find_policy(
    *chosen: PolicySource | None, organization_id: Callable[[], str], environ: Mapping[str, str] | None = None
) -> PolicyInForce:
    """Find the policy that an organization's plans are held to, without its being named each time.

    The first of these holds: what is chosen, in order; the file that `LSNB_POLICY` names; `lsnb-policy.toml` in the working
    folder; `policies/<organization id>.toml` in lsnb's folder below the user's configuration (`~/.config/lsnb`). Files may be
    `.csv` and `.xlsx` as well. "none" switches the search off.

    Args:
        chosen: policies, files or "none", the first that is not None counts.
        organization_id: gives the organization's id; asked only where there are policies by organization.
        environ: the environment; the process's own when None.

    Raises:
        TableError: the policy cannot be read or has problems; a policy that is there is never left aside silently.
        ConfigError: two files could be meant.
    """
    variables = os.environ if environ is None else environ
    found = list(_places([*chosen], organization_id, variables))
    if not found:
        return PolicyInForce(None, "", f"no {POLICY_VARIABLE}, no {POLICY_FILES[0]} in the working folder", "")
    choice, source = found[0]
    if choice == NO_POLICY:
        others = (str(other) for other, _ in found[1:] if not isinstance(other, Policy) and other != NO_POLICY)
        return PolicyInForce(None, "", f"switched off by name, {source}", "", set_aside=next(others, ""))
    policy = choice if isinstance(choice, Policy) else load_policy(choice)
    name = "a policy given in code" if isinstance(choice, Policy) else Path(choice).name
    return PolicyInForce(policy, name, source, digest_of(policy))


def from_here(policy: PolicySource | None) -> PolicySource | None:
    """Give a policy's file as it is found from the working folder of now, whichever that will be when it is read."""
    if policy is None or isinstance(policy, Policy) or str(policy).strip().lower() == NO_POLICY:
        return policy
    return Path(policy).expanduser().absolute()


def name_policy(
    *chosen: PolicySource | None, organization_id: Callable[[], str], environ: Mapping[str, str] | None = None
) -> str:
    """Name the policy that `find_policy` would give, without reading it; empty where there is none."""
    places = _places([*chosen], organization_id, os.environ if environ is None else environ)
    try:
        choice = next((choice for choice, _ in places), NO_POLICY)
    except ConfigError as error:
        return str(error)
    if choice == NO_POLICY:
        return ""
    return "a policy given in code" if isinstance(choice, Policy) else Path(choice).name


def digest_of(policy: Policy) -> str:
    """Compute the SHA-256 of what a policy says, whatever file says it."""
    text = json.dumps(asdict(policy), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _places(
    chosen: Iterable[PolicySource | None], organization_id: Callable[[], str], variables: Mapping[str, str]
) -> Iterator[tuple[PolicySource, str]]:
    """Go through all that could be the policy, the first that holds first."""
    for choice in chosen:
        if choice is not None:
            off = isinstance(choice, str) and choice.strip().lower() == NO_POLICY
            yield (NO_POLICY if off else choice), "as asked"
    named = variables.get(POLICY_VARIABLE, "").strip()
    if named:
        yield (NO_POLICY if named.lower() == NO_POLICY else Path(named).expanduser()), POLICY_VARIABLE
    here = _one_of([Path(name) for name in POLICY_FILES])
    if here is not None:
        yield here, "in the working folder"
    folders = [folder / "policies" for folder in config_folders(variables)]
    folders = [folder for folder in folders if folder.is_dir()]
    if folders:
        id_ = organization_id()
        places = [folder / f"{id_}{Path(name).suffix}" for folder in folders for name in POLICY_FILES]
        own = _one_of(places) if id_ else None
        if own is not None:
            yield own, "in lsnb's folder of the user's configuration"


def _one_of(paths: list[Path]) -> Path | None:
    """Give the file that is there, also where it cannot be read, which is said when it is."""
    there = [path for path in paths if os.path.lexists(path)]
    if len(there) > 1:
        names = " and ".join(path.name if path.parent == there[0].parent else str(path) for path in there)
        raise ConfigError(f"There are {names}, and only one can be the policy. Take the others away, or name one.")
    return there[0] if there else None


_MOST_OF_A_POLICY = 1 << 20
# Reading these takes the square of their length.
_LONG_NAME = re.compile(r"(?:[\w\"'-]++\s*+\.\s*+){30}")


def load_policy(path: str | os.PathLike[str]) -> Policy:
    """Read a policy from a file: TOML as `lsnb policy init` writes it, or CSV or Excel with one row per statement.

    Raises:
        TableError: the file is not there or has problems; `.problems` lists them all.
    """
    policy, problems = check_policy(path)
    if len(problems):
        lines = "".join(f"\n  {_line(row)}" for row in problems.itertuples())
        n = f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}"
        raise TableError(f"The policy {Path(path).name} has {n}, and is not used:{lines}", problems=problems)
    return policy


def check_policy(path: str | os.PathLike[str]) -> tuple[Policy, pd.DataFrame]:
    """Read a policy and list everything that is wrong with it.

    Returns:
        The policy of what is understood, and the problems: `place, value, reason, hint`.

    Raises:
        TableError: the file is not there, or is of no known kind.
    """
    source = Path(path)
    if source.suffix.lower() != ".toml":
        items, problems = _read_rows(source)
    else:
        items, problems = _read_toml(source)
    policy, more = parse_policy(items, checks=CHECKS)
    found = problems if len(problems) else more
    return policy, found.map(lambda value: visible(without_keys(value)) if isinstance(value, str) else value)


def _line(row: object) -> str:
    place, value, reason, hint = (getattr(row, name) for name in PROBLEM_COLUMNS)
    said = "" if pd.isna(value) else f" {str(value)[:80]!r}"
    return f"{place}:{said} {reason}{'' if pd.isna(hint) else f' ({hint})'}"


def _read_toml(source: Path) -> tuple[list[Item], pd.DataFrame]:
    try:
        text = read_bounded(source, most=_MOST_OF_A_POLICY).decode("utf-8-sig")
        if _LONG_NAME.search(text):
            return [], _only(source.name, "has names of dozens of parts", "see docs/policy.md")
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise TableError(
            f"There is no file {str(source)!r}. Write one with: lsnb policy init -o {source.name}"
        ) from None
    except UnicodeDecodeError:
        return [], _only(source.name, "is not text in UTF-8", "save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        return [], _only(source.name, f"is not TOML: {error}", 'texts need quotes; lists are written ["a", "b"]')
    except RecursionError:
        return [], _only(source.name, "has lists or tables that lie too deep in each other", "see docs/policy.md")
    except FileTroubleError as error:
        raise TableError(f"{str(source)!r} cannot be read: {error}.") from None
    except ValueError:
        return [], _only(source.name, "holds a number or a time that cannot be", "see docs/policy.md")
    return items_from_document(document), _only()


def _read_rows(source: Path) -> tuple[list[Item], pd.DataFrame]:
    frame = read_sheet(source)
    missing = wrong_header(str(name) for name in frame.columns)
    if missing:
        return [], _only("header", f"lacks the columns {', '.join(missing)}", "see docs/policy.md")
    frame.columns = [str(name).strip().lower() for name in frame.columns]
    return items_from_rows(frame.to_dict("records")), _only()  # type: ignore[arg-type]


def _only(place: str = "", reason: str = "", hint: str = "") -> pd.DataFrame:
    """Give one problem, or none."""
    rows = [(place, None, reason, hint)] if place else []
    return pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS))
