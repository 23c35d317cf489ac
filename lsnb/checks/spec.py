"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lsnb.checks.context import Context

Severity = Literal["critical", "high", "medium", "low"]
Status = Literal["alarm", "error", "info", "skip", "ok"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")
#: What needs somebody's attention comes first.
STATUSES: tuple[Status, ...] = ("alarm", "error", "info", "skip", "ok")
_FRAMEWORKS = {"S": "SOC 2", "I": "ISO 27001:2022", "N": "NIST 800-53 r5"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Args:
        status: `alarm`, `info` (not decidable), `skip` (does not apply), `error` (could not be read) or `ok`.
        resource: what it is about, as kind and name: `role:Power User`.
        reason: why, in a sentence with the numbers.
        email: the person it is about.
        workspace: the name of the workspace it is about.
        evidence: ids and values to look it up by.
        extent: how bad it is among findings of the same kind, such as how many there are too many; to tell whether a
            plan makes it worse.
    """

    status: Status
    resource: str
    reason: str
    email: str | None = None
    workspace: str | None = None
    evidence: str = ""
    extent: float = 1


Run = Callable[["Context"], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it looks at, why it matters, and how to fix what it finds.

    Args:
        id: the permanent id, such as `LS-ADM-01`; conditions of one entry end in a letter.
        title: how it should be.
        severity: how bad it is otherwise.
        why: why it matters.
        fix: what to do.
        frameworks: the controls that the check supports; it never proves compliance.
        needs: tables without which nothing can be said.
        also: tables without which less can be said, so that finding nothing is no proof.
        looks_at: tables that it can do without, and says so where it had to.
        absent_from: tables in which it alarms about what is missing; read in part, its alarms are no proof.
        feature: the feature of the plan without which it does not apply.
        thresholds: the fields of the policy that it goes by.
        run: finds; yields nothing where all is well.
    """

    id: str
    title: str
    severity: Severity
    why: str
    fix: str
    frameworks: tuple[str, ...]
    needs: tuple[str, ...]
    also: tuple[str, ...]
    looks_at: tuple[str, ...]
    absent_from: tuple[str, ...]
    feature: str | None
    thresholds: tuple[str, ...]
    run: Run

    @property
    def area(self) -> str:
        """The area, such as `ADM`."""
        return self.id.split("-")[1]

    @property
    def condition(self) -> str:
        """When exactly it finds something, as its function's docstring says."""
        return (self.run.__doc__ or "").strip()


def check(
    id: str,  # noqa: A002  # the word that people know it by
    title: str,
    *,
    severity: Severity,
    why: str,
    fix: str,
    supports: str,
    needs: tuple[str, ...],
    also: tuple[str, ...] = (),
    looks_at: tuple[str, ...] = (),
    absent_from: tuple[str, ...] = (),
    feature: str | None = None,
    thresholds: tuple[str, ...] = (),
) -> Callable[[Run], Check]:
    """Make a check of the function below, whose docstring says exactly when it finds something.

    Args:
        supports: controls as in `S CC6.1 · I A.8.2 · N AC-2`: SOC 2, ISO 27001 Annex A, NIST 800-53.
    """
    parts = [part.strip().partition(" ") for part in supports.split("·")]
    frameworks = tuple(f"{_FRAMEWORKS[letter]} {control}" for letter, _, control in parts)

    def make(run: Run) -> Check:
        return Check(
            id, title, severity, why, fix, frameworks, needs, also, looks_at, absent_from, feature, thresholds, run
        )

    return make


def alarm(
    resource: str,
    reason: str,
    *,
    email: str | None = None,
    workspace: str | None = None,
    evidence: str = "",
    extent: float = 1,
) -> Finding:
    """Report something that is not as it should be."""
    return Finding("alarm", resource, reason, email, workspace, evidence, extent)


def info(
    resource: str, reason: str, *, email: str | None = None, workspace: str | None = None, evidence: str = ""
) -> Finding:
    """Report something that the data does not decide."""
    return Finding("info", resource, reason, email, workspace, evidence)


def skip(resource: str, reason: str) -> Finding:
    """Report that a check does not apply here."""
    return Finding("skip", resource, reason)


def person(
    email: str,
    reason: str,
    *,
    workspace: str | None = None,
    evidence: str = "",
    status: Status = "alarm",
    extent: float = 1,
) -> Finding:
    """Report a member who is not as they should be."""
    return Finding(status, f"member:{email}", reason, email, workspace, evidence, extent)
