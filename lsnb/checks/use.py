"""When people last did anything, and which sources could tell."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lsnb.checks.context import Context, pick
from lsnb.checks.spec import Status


@dataclass(frozen=True, slots=True)
class Use:
    """When people last did anything.

    Members carry no time of last use, so tokens, the audit log and the usage report stand in for it.

    Args:
        last: the last trace by address.
        sources: the sources that were read, as words.
        missing: the sources that were not, as words.
        reach_days: how far back the audit log goes, in days; 0 without it.
    """

    last: dict[str, pd.Timestamp]
    sources: tuple[str, ...]
    missing: tuple[str, ...]
    reach_days: float

    def judge(self, days: int) -> tuple[Status, str]:
        """Say what no trace in so many days means, and on what grounds.

        Returns:
            The status (`alarm` only where the audit log covers the time) and half a sentence about the sources.
        """
        grounds = f"looked at {', '.join(self.sources) or 'nothing'}"
        if self.missing:
            grounds += f"; not readable: {', '.join(self.missing)}"
        if "audit log" not in self.sources:
            return "info", f"{grounds}; without the audit log, no trace is no proof"
        if self.reach_days < days - 1:
            return "info", f"{grounds}; the log that was read goes back {self.reach_days:.0f} days only"
        return "alarm", grounds


def read_use(context: Context) -> Use:
    """Put the traces of use together, once for all checks."""
    return context.keep("use", lambda: _read_use(context))


def _read_use(context: Context) -> Use:
    parts: list[pd.Series] = []
    sources: list[str] = []
    missing: list[str] = []
    reach = 0.0
    for table, word in (("access_tokens", "tokens"), ("audit_log", "audit log"), ("usage", "usage")):
        if not context.is_readable(table):
            missing.append(word)
            continue
        sources.append(word)
        frame = context.frame(table)
        if table == "access_tokens":
            found = frame.groupby("email")["last_used_at"].max()
            if context.snapshot.status(table)[0] == "partial":
                missing.append("other people's tokens")
        elif table == "audit_log":
            reach = 0.0 if frame.empty else context.days_since(frame["at"].min())
            emails = frame["ls_user_id"].astype(object).map(context.names_of_actors())
            found = frame["at"].groupby(emails).max()
        else:
            used = pick(frame, grouped_by="user")
            found = used[used["n_traces"] > 0].groupby("email")["starts_at"].max() + _stretch(used["starts_at"])
            found = found.where(found <= context.now, context.now)
        parts.append(found.dropna())
    last: dict[str, pd.Timestamp] = {}
    for part in parts:
        for email, at in part.items():
            key = str(email)
            last[key] = max(last[key], at) if key in last else at
    return Use(last, tuple(sources), tuple(missing), reach)


def _stretch(starts: pd.Series) -> pd.Timedelta:
    """Tell how long a stretch of the usage report is: use may have been at its very end."""
    gaps = starts.drop_duplicates().sort_values().diff().dropna()
    return gaps.min() if len(gaps) else pd.Timedelta(days=1)
