"""When people last did anything, and which sources could tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from lsnb.checks.context import Context, day, pick, text
from lsnb.checks.spec import Status
from lsnb.tables import builtin_roles


@dataclass(frozen=True, slots=True)
class Use:
    """When people last did anything.

    Members carry no time of last use, so tokens, the audit log and the usage report stand in for it.

    Args:
        last: the last trace by address.
        sources: the sources that were read, as words.
        missing: the sources that were not, or not wholly, as words.
        reach_days: how far back the audit log goes, in days; 0 without it.
        usage_days: how far back the usage report goes, in days; where the snapshot does not record it, as an earlier
            version wrote it, as far as the first use in it.
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


#: What the audit log tells of who did something, in its own words and in those of the answer.
_WHO_COLUMNS = (
    *("actor_id", "ls_user_id", "credential_id", "actor", "user", "uid", "credential_uid", "user_id"),
    *("unmapped", "original_audit_log", "api_key_id"),
)
#: Where nobody at all has done anything for so many days, the clock of this machine may be ahead by that much.
_MOST_APART = 7


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
    if status == "alarm" and not text(row.email):
        return "info", at, f"{grounds}; nothing can be told of an account whose address is not known"
    if status == "alarm" and pd.isna(row.created_at):
        return "info", at, f"{grounds}; when the account was made is not known"
    return status, at, grounds


def _read_use(context: Context) -> Use:
    parts: list[pd.Series] = []
    sources: list[str] = []
    missing: list[str] = []
    newest: list[pd.Timestamp] = []
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
            if not frame["email"].fillna("").str.contains("@").all():
                missing.append("tokens whose owner is not known")
            if context.is_unread(table, "last_used_at") or (len(frame) and frame["last_used_at"].isna().all()):
                missing.append("when tokens were last used")
        elif table == "audit_log":
            reach = 0.0 if frame.empty else context.days_since(frame["at"].min())
            found = frame["at"].groupby(_actors(context, frame)).max()
            if status == "partial":
                missing.append("parts of the audit log")
            if frame["at"].isna().any():
                missing.append("events whose time is not known")
            if any(context.is_unread(table, column) for column in ("", *_WHO_COLUMNS)):
                missing.append("events whose actor is not understood")
        else:
            used = pick(frame, grouped_by="user")
            counted = used[(used["n_traces"] > 0).fillna(False).astype(bool)]
            found = counted.groupby("email")["starts_at"].max().dropna() + _stretch(used["starts_at"])
            found = found.where(found <= context.now, context.now)
            if used["n_traces"].isna().any() or used["starts_at"].isna().any():
                missing.append("usage whose time or amount is not known")
            if status == "partial" or not _sees_every_workspace(context):
                missing.append("the usage of workspaces that this key may not read")
            if used["email"].isna().any():
                missing.append("usage whose person is not known")
        parts.append(found.dropna())
        newest += [frame[column].max() for column in ("last_used_at", "at", "starts_at") if column in frame]
    newest += [context.frame("service_keys")["last_used_at"].max()] if context.is_readable("service_keys") else []
    seen = [at for at in newest if not pd.isna(at)]
    if seen and context.days_since(max(seen)) > _MOST_APART:
        missing.append(f"anything of anybody after {day(max(seen))} (is the clock of this machine right?)")
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
    admin = builtin_roles.SYSTEM_ROLES[builtin_roles.ORGANIZATION_ADMIN][0]
    if caller.kind == "service" or caller.role in (admin, builtin_roles.ORGANIZATION_ADMIN):
        return True
    return bool(caller.email) and str(caller.email).lower() in context.admin_emails


def _usage_days(context: Context) -> float:
    """Tell how far back the usage report was asked for; where nobody says so, how far back it tells of any use."""
    since = context.snapshot.meta.usage_since
    if since is None and context.is_readable("usage"):
        since = context.frame("usage")["starts_at"].min()
    return 0.0 if since is None or pd.isna(since) else context.days_since(since)


def _stretch(starts: pd.Series) -> pd.Timedelta:
    """Tell how long a stretch of the usage report is: use may have been at its very end."""
    gaps = starts.drop_duplicates().sort_values().diff().dropna()
    return gaps.min() if len(gaps) else pd.Timedelta(days=1)
