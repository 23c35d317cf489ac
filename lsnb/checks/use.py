"""When people last did anything, and which sources could tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from lsnb import catalogue
from lsnb.checks.context import Context, pick
from lsnb.checks.spec import Status


@dataclass(frozen=True, slots=True)
class Use:
    """When people last did anything.

    Members carry no time of last use, so tokens, the audit log and the usage report stand in for it.

    Args:
        last: the last trace by address.
        sources: the sources that were read, as words.
        missing: the sources that were not, or not wholly, as words.
        reach_days: how far back the audit log goes, in days; 0 without it.
        usage_days: how far back the usage report goes, in days; infinite where nobody says so.
        own_tokens_of: the people whose tokens were all read; None for everybody.
        in_log: the people whom the audit log would name.
    """

    last: dict[str, pd.Timestamp]
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    reach_days: float
    usage_days: float
    own_tokens_of: frozenset[str] | None
    in_log: frozenset[str]

    def judge(self, days: int, email: str) -> tuple[Status, str]:
        """Say what no trace of a person in so many days means, and on what grounds.

        Returns:
            The status and half a sentence about the sources. `alarm` only where every source that could show use was
            read for this person, over the whole time: what was not read is never taken for unused.
        """
        missing = list(self.missing)
        if self.own_tokens_of is not None and email not in self.own_tokens_of:
            missing.append("this person's tokens" if "tokens" not in missing else "")
        missing = [word for word in missing if word]
        grounds = f"looked at {', '.join(self.sources) or 'nothing'}"
        if missing:
            grounds += f"; not readable: {', '.join(missing)}"
        if "audit log" not in self.sources:
            return "info", f"{grounds}; without the audit log, no trace is no proof"
        if self.reach_days < days - 1:
            return "info", f"{grounds}; the log that was read goes back {self.reach_days:.0f} days only"
        if email not in self.in_log:
            return "info", f"{grounds}; the log cannot name this person, whose id is not known"
        if missing:
            return "info", f"{grounds}, so that no trace is no proof"
        if self.usage_days < days - 1:
            return "info", f"{grounds}; the usage that was read goes back {self.usage_days:.0f} days only"
        return "alarm", grounds


def read_use(context: Context) -> Use:
    """Put the traces of use together, once for all checks."""
    return context.keep("use", lambda: _read_use(context))


def judge_person(context: Context, row: Any, days: int) -> tuple[Status, Any, str] | None:
    """Say whether a member has left no trace for so many days.

    Args:
        context: what is looked at.
        row: the row of `members`.
        days: the limit.

    Returns:
        The status, the last trace, and the grounds; None where there is a newer trace, or the account is younger.
    """
    use = read_use(context)
    at = use.last.get(row.email)
    if context.days_since(at) <= days or context.days_since(row.created_at) < days:
        return None
    status, grounds = use.judge(days, row.email)
    if status == "alarm" and pd.isna(row.created_at):
        return "info", at, f"{grounds}; when the account was made is not known"
    return status, at, grounds


def _read_use(context: Context) -> Use:
    parts: list[pd.Series] = []
    sources: list[str] = []
    missing: list[str] = []
    reach = 0.0
    own_tokens_of: frozenset[str] | None = None
    for table, word in (("access_tokens", "tokens"), ("audit_log", "audit log"), ("usage", "usage")):
        if not context.is_readable(table):
            missing.append(word)
            continue
        sources.append(word)
        frame = context.frame(table)
        status, _ = context.snapshot.status(table)
        if table == "access_tokens":
            found = frame.groupby("email")["last_used_at"].max()
            if status == "partial":
                caller = context.snapshot.meta.caller.email
                own_tokens_of = frozenset({caller.lower()} if caller else ())
            if frame["email"].isna().any():
                missing.append("tokens whose owner is not known")
            if context.is_unread(table, "last_used_at") or (len(frame) and frame["last_used_at"].isna().all()):
                missing.append("when tokens were last used")
        elif table == "audit_log":
            reach = 0.0 if frame.empty else context.days_since(frame["at"].min())
            found = frame["at"].groupby(_actors(context, frame)).max()
            if status == "partial":
                missing.append("parts of the audit log")
        else:
            used = pick(frame, grouped_by="user")
            found = used[used["n_traces"] > 0].groupby("email")["starts_at"].max() + _stretch(used["starts_at"])
            found = found.where(found <= context.now, context.now)
            if status == "partial" or not _sees_every_workspace(context):
                missing.append("the usage of workspaces that this key may not read")
            if used["email"].isna().any():
                missing.append("usage whose person is not known")
        parts.append(found.dropna())
    last: dict[str, pd.Timestamp] = {}
    for part in parts:
        for email, at in part.items():
            key = str(email)
            last[key] = max(last[key], at) if key in last else at
    members = context.frame("members")
    named = members.loc[members["ls_user_id"].notna() | members["identity_id"].notna(), "email"]
    return Use(
        last,
        tuple(sources),
        tuple(missing),
        reach,
        _usage_days(context),
        own_tokens_of,
        frozenset(named.astype(str)),
    )


def _actors(context: Context, log: pd.DataFrame) -> pd.Series:
    """Give the address of whoever caused each event: by either of their ids, or by the token that was used."""
    names = context.names_of_actors()
    by_ids = [log[column].astype(object).map(names) for column in ("ls_user_id", "actor_id")]
    found = by_ids[0].where(by_ids[0].notna(), by_ids[1])
    if context.is_readable("access_tokens"):
        tokens = context.frame("access_tokens").dropna(subset=["email"])
        owners = dict(zip(tokens["access_token_id"].astype(object), tokens["email"].astype(object), strict=True))
        found = found.where(found.notna(), log["credential_id"].astype(object).map(owners))
    return found


def _sees_every_workspace(context: Context) -> bool:
    """Tell whether the usage report was asked for by somebody whom every workspace is open to.

    The service leaves out the workspaces that a key may not read, and does not say so.
    """
    caller = context.snapshot.meta.caller
    if not caller.is_organization_wide:
        return False
    admin = catalogue.SYSTEM_ROLES[catalogue.ORGANIZATION_ADMIN][0]
    if caller.kind == "service" or caller.role in (admin, catalogue.ORGANIZATION_ADMIN):
        return True
    return bool(caller.email) and str(caller.email).lower() in context.admin_emails


def _usage_days(context: Context) -> float:
    """Tell how far back the usage report was asked for; infinite where nobody says so."""
    since = context.snapshot.meta.usage_since
    return float("inf") if since is None else context.days_since(since)


def _stretch(starts: pd.Series) -> pd.Timedelta:
    """Tell how long a stretch of the usage report is: use may have been at its very end."""
    gaps = starts.drop_duplicates().sort_values().diff().dropna()
    return gaps.min() if len(gaps) else pd.Timedelta(days=1)
