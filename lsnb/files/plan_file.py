"""Plans as files: JSON that another person can read, review and apply."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lsnb.errors import PlanError
from lsnb.files import FileTroubleError, load_json, read_bounded, write_output
from lsnb.plan import Plan, plan_from_json, plan_to_json


def save_plan(plan: Plan, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a plan to a JSON file, with its fingerprint; it holds names and addresses, and never a secret.

    Args:
        plan: the plan.
        path: the file.
        overwrite: replace a file that is not as lsnb wrote it last.

    Raises:
        PlanError: the file cannot be written, or is there already and not as lsnb wrote it last.
    """
    target = Path(path)
    content = json.dumps(plan_to_json(plan), indent=1, ensure_ascii=False) + "\n"
    write_output(target, content.encode(), PlanError, overwrite=overwrite)
    return target


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a plan that `save_plan` wrote.

    Raises:
        PlanError: the file is not there, is no plan, was changed since it was made, or is of a newer version.
    """
    source = Path(path)
    try:
        data = load_json(read_bounded(source))
    except FileNotFoundError:
        raise PlanError(f"There is no file {str(source)!r}. Make one with: lsnb plan SHEET -o {source.name}") from None
    except FileTroubleError as error:
        raise PlanError(f"{str(source)!r} cannot be read as a plan ({error}). Make it anew with lsnb plan.") from None
    if not isinstance(data, dict):
        raise PlanError(f"{str(source)!r} is JSON, but not a plan of lsnb. Make one with lsnb plan.")
    plan = plan_from_json(data)
    try:
        plan.to_text()
    except Exception as error:  # values of other kinds, which only somebody who made up a fingerprint could have put in
        raise PlanError(
            f"{str(source)!r} cannot be shown ({type(error).__name__}), so it is not used. Make it anew with lsnb plan."
        ) from None
    return plan
