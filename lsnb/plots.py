"""Pictures of access, drawn offline; every function returns a matplotlib figure that saves as PNG or SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lsnb.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lsnb.snapshot import Snapshot

# Told apart also in black and white and by people who see few colours: dark is much, light is little.
_ADMIN, _EDITOR, _VIEWER = "#7a1f1f", "#2f6f9f", "#b9d3e6"
_CUSTOM = (
    "#8a6fb0",
    "#c2783c",
    "#5f9e6e",
    "#d08fb4",
    "#7f7f4f",
    "#4fa3a3",
    "#e0b23f",
    "#4b4b8f",
    "#a3a3a3",
    "#93501f",
    "#2e6b45",
    "#d9776c",
)
_NOBODY = "#f4f4f2"
# A picture of more people than this shows groups of people with the same access instead.
_MOST_PEOPLE = 80
_MOST_GROUPS = 60
_MOST_PLACES = 60


def plot_roles_by_workspace(snapshot: Snapshot) -> Figure:
    """Draw how many people hold which role in which workspace, Organization Admins included.

    Args:
        snapshot: where the access is read from.

    Raises:
        MissingExtraError: matplotlib is needed: `pip install 'lsnb[lab]'`.
    """
    plt = _pyplot()
    counts = snapshot.roles_by_workspace()
    counts = counts.loc[counts.sum(axis=1).sort_values(kind="stable").index[-_MOST_PLACES:]]
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.32 * max(len(counts), 1)), layout="constrained")
    colors = _colors([str(role) for role in counts.columns])
    left = np.zeros(len(counts))
    for role in counts.columns:
        values = counts[role].to_numpy()
        axes.barh(counts.index, values, left=left, color=colors[str(role)], label=str(role), height=0.72)
        left += values
    for place, total in zip(counts.index, left, strict=True):
        if len(counts.columns):
            axes.text(total, place, f" {int(total):,}", va="center", fontsize=9, color="#555555")
    axes.set_xlabel("people who have joined")
    axes.set_title(f"Who holds which role, by workspace · {_plain(snapshot.meta.organization)}", loc="left")
    _finish(axes)
    if len(counts.columns):
        axes.legend(frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(0, -0.12), fontsize=9)
    plt.close(figure)
    return _typed(figure)


def plot_access(snapshot: Snapshot) -> Figure:
    """Draw people against workspaces, coloured by role, ordered so that people with the same access stand together.

    With more than 80 people, a row is a group of people with the same access instead, the largest groups first.

    Args:
        snapshot: where the access is read from.

    Raises:
        MissingExtraError: matplotlib is needed: `pip install 'lsnb[lab]'`.
    """
    plt = _pyplot()
    matrix = snapshot.matrix()
    roles = [str(role) for role in matrix.dtypes.iloc[0].categories] if len(matrix.columns) else []
    codes = np.column_stack([matrix[name].cat.codes for name in matrix.columns]) if roles else np.empty((0, 0))
    codes, labels, places = _ordered(codes, [str(e) for e in matrix.index], [str(n) for n in matrix.columns])
    colors = _colors(roles)
    height = 1.6 + 0.19 * max(len(labels), 1)
    figure, axes = plt.subplots(figsize=(3.4 + 0.42 * max(len(places), 1), height), layout="constrained")
    palette = plt.matplotlib.colors.ListedColormap([_NOBODY, *(colors[role] for role in roles)])
    axes.pcolormesh(codes + 1, cmap=palette, vmin=-0.5, vmax=len(roles) + 0.5, edgecolors="white", linewidth=0.8)
    axes.set_yticks(np.arange(len(labels)) + 0.5, [_plain(label) for label in labels], fontsize=7.5)
    axes.set_xticks(np.arange(len(places)) + 0.5, [_plain(p) for p in places], rotation=45, ha="left", fontsize=8.5)
    axes.invert_yaxis()
    axes.xaxis.tick_top()
    axes.set_title(f"Access · {_plain(snapshot.meta.organization)}", loc="left")
    _finish(axes)
    # Without a role in any workspace there is nothing to explain.
    patches = [plt.matplotlib.patches.Patch(color=colors[role], label=_plain(role)) for role in roles]
    if patches:
        axes.legend(handles=patches, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8.5)
    plt.close(figure)
    return _typed(figure)


def _ordered(codes: Any, people: list[str], places: list[str]) -> tuple[Any, list[str], list[str]]:
    """Put workspaces with most people first and people with the same access together; group where they are many."""
    if not len(codes):
        return codes, people, places
    by_use = np.argsort(-(codes >= 0).sum(axis=0), kind="stable")[:_MOST_PLACES]
    codes = codes[:, by_use]
    names = [places[index] for index in by_use]
    if len(people) > _MOST_PEOPLE:
        patterns, sizes = np.unique(codes, axis=0, return_counts=True)
        largest = np.argsort(-sizes, kind="stable")[:_MOST_GROUPS]
        return patterns[largest], [f"{sizes[index]:,} people" for index in largest], names
    # Missing access sorts last, so that the blocks stand out.
    keys = np.where(codes < 0, 99, codes)
    order = np.lexsort(keys.T[::-1])
    return codes[order], [people[index] for index in order], names


def _colors(roles: list[str]) -> dict[str, str]:
    known = {"Admin": _ADMIN, "Editor": _EDITOR, "Viewer": _VIEWER}
    custom = [role for role in roles if role not in known]
    return known | {role: _CUSTOM[index % len(_CUSTOM)] for index, role in enumerate(custom)}


def _plain(text: str) -> str:
    """Show a name as it is: a dollar sign would start a formula."""
    return text.replace("$", r"\$")


def _finish(axes: Any) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtraError("matplotlib", "lab", "draw pictures") from None
    return pyplot


def _typed(figure: Any) -> Figure:
    result: Figure = figure
    return result
