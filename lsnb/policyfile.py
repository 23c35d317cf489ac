"""Policies as files: TOML to write by hand, or a table of statements for those who keep such things in one."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pandas as pd

from lsnb.checks import CHECKS
from lsnb.errors import TableError
from lsnb.policy import PROBLEM_COLUMNS, Item, Policy, items_from_document, items_from_rows, parse_policy
from lsnb.policy.parse import wrong_header
from lsnb.safe_text import visible, without_keys
from lsnb.sheets import read_sheet


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
        document = tomllib.loads(source.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise TableError(
            f"There is no file {str(source)!r}. Write one with: lsnb policy init -o {source.name}"
        ) from None
    except UnicodeDecodeError:
        return [], _only(source.name, "is not text in UTF-8", "save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        return [], _only(source.name, f"is not TOML: {error}", 'texts need quotes; lists are written ["a", "b"]')
    except OSError as error:
        raise TableError(f"{str(source)!r} cannot be read: {error.strerror}.") from None
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
