"""Pictures of an audit, drawn offline; every function returns a matplotlib figure that saves as PNG or SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lsnb.checks import CHECKS, SEVERITIES
from lsnb.report.plots.access_plots import _finish, _plain, _pyplot, _typed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# From dark to light, so that they are told apart in black and white too.
_COLORS = {"critical": "#5c0f14", "high": "#b5442e", "medium": "#e0a33c", "low": "#b9d3e6"}
_AREAS = {
    "ADM": "admins",
    "MEM": "members",
    "INV": "invitations",
    "WSP": "workspaces",
    "ROL": "roles",
    "KEY": "service keys",
    "PAT": "access tokens",
    "SSO": "single sign-on",
    "SCM": "SCIM tokens",
    "ORG": "settings",
    "ABC": "access policies",
    "SHR": "public links",
    "LOG": "audit log",
    "REV": "reviews",
}
_LINES = {
    "admins": "Organization Admins",
    "operators": "Organization Operators",
    "workspace_admins": "Workspace Admins",
}
_STYLES = {"admins": ("#5c0f14", "o"), "operators": ("#e0a33c", "s"), "workspace_admins": ("#2f6f9f", "^")}


def plot_findings(findings: pd.DataFrame, *, title: str = "Alarms by area and severity") -> Figure:
    """Draw how many alarms there are in each area, by severity.

    Args:
        findings: what `lsnb.audit` gave; only its alarms count.
        title: what stands above.

    Raises:
        MissingExtraError: matplotlib is needed: `pip install 'lsnb[lab]'`.
    """
    plt = _pyplot()
    alarms = findings[findings["status"] == "alarm"]
    area = alarms["id"].str.split("-").str[1].map(lambda code: _AREAS.get(code, code))
    counts = pd.crosstab(area, alarms["severity"].astype(object)).reindex(columns=list(SEVERITIES), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(kind="stable").index]
    totals = counts.sum()
    figure, axes = plt.subplots(figsize=(8, 1.4 + 0.34 * max(len(counts), 1)), layout="constrained")
    left = np.zeros(len(counts))
    for severity in SEVERITIES:
        values = counts[severity].to_numpy()
        label = f"{severity} ({totals[severity]:,})"
        axes.barh(counts.index, values, left=left, color=_COLORS[severity], label=label, height=0.72)
        left += values
    for place, total in zip(counts.index, left, strict=True):
        axes.text(total, place, f" {int(total):,}", va="center", fontsize=9, color="#555555")
    axes.set_xlabel("alarms")
    axes.set_title(_plain(title), loc="left")
    _finish(axes)
    if len(counts):
        axes.legend(frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(0, -0.14), fontsize=9)
    else:
        axes.text(0.5, 0.5, f"none of {len(CHECKS)} checks alarms", ha="center", transform=axes.transAxes)
        axes.set_yticks([])
    plt.close(figure)
    return _typed(figure)


def plot_admins(trend: pd.DataFrame, *, title: str = "Who holds power") -> Figure:
    """Draw how many people hold power in each of several snapshots.

    Args:
        trend: what `lsnb.admins_over_time` gave.
        title: what stands above.

    Raises:
        MissingExtraError: matplotlib is needed: `pip install 'lsnb[lab]'`.
    """
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    x = np.arange(len(trend))
    for name, label in _LINES.items():
        color, marker = _STYLES[name]
        values: Any = trend[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        axes.plot(x, values, color=color, marker=marker, label=label)
        if len(x) and not np.isnan(values[-1]):
            axes.annotate(f" {int(values[-1])}", (x[-1], values[-1]), va="center", fontsize=9, color=color)
    axes.set_xticks(x, [_plain(str(label)) for label in trend["label"]], fontsize=9)
    axes.set_ylim(bottom=0)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel("people")
    axes.set_title(_plain(title), loc="left")
    _finish(axes)
    axes.legend(frameon=False, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.14), fontsize=9)
    plt.close(figure)
    return _typed(figure)
