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
# A picture of more people than this shows bands of people instead.
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
    """Draw people against workspaces, coloured by role, ordered so that blocks of the same access show.

    Workspaces that have people in common stand side by side, and people with the same access below each other. With
    more than 80 people a row is a band of equally many people in that order: the colour is the role that most of them
    hold there, and it is the stronger the more of them hold any.

    Args:
        snapshot: where the access is read from.

    Raises:
        MissingExtraError: matplotlib is needed: `pip install 'lsnb[lab]'`.
    """
    plt = _pyplot()
    matrix = snapshot.matrix()
    roles = [str(role) for role in matrix.dtypes.iloc[0].categories] if len(matrix.columns) else []
    codes = np.column_stack([matrix[name].cat.codes for name in matrix.columns]) if roles else np.empty((0, 0), int)
    rows, columns = _order(codes)
    codes = codes[rows][:, columns]
    places = [str(matrix.columns[index]) for index in columns]
    starts = _band_starts(len(codes))
    labels = [str(matrix.index[index]) for index in rows]
    if len(starts) < len(codes):
        labels = [f"{n:,} people" for n in np.diff([*starts, len(codes)])]
    colors = _colors(roles)
    n_rows, n_columns = max(len(labels), 1), max(len(places), 1)
    size = (3.4 + min(0.42 * n_columns, 18), 1.6 + 0.19 * n_rows)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    if len(codes):
        shades = _shades(plt, codes, starts, [colors[role] for role in roles])
        # Lines between thousands of cells hide more than they part, and take long to draw.
        is_large = n_columns > _MOST_PLACES
        edges = "none" if is_large else "white"
        axes.pcolormesh(shades, edgecolors=edges, linewidth=0.8, rasterized=is_large)
    font = float(np.clip(18 * 72 / n_columns * 0.75, 4, 8.5))
    axes.set_yticks(np.arange(len(labels)) + 0.5, [_plain(label) for label in labels], fontsize=7.5)
    rotation = 45 if n_columns <= _MOST_PLACES else 90
    axes.set_xticks(
        np.arange(len(places)) + 0.5,
        [_plain(place) for place in places],
        rotation=rotation,
        ha="left" if rotation == 45 else "center",
        fontsize=font,
    )
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


def _order(codes: Any) -> tuple[Any, Any]:
    """Order people and workspaces so that the same access stands together.

    Args:
        codes: people by workspaces; a role's number, or -1 for none.

    Returns:
        The places of the rows and of the columns, in the order in which to draw them.
    """
    has = codes >= 0
    columns = _order_places(has)
    ordered = codes[:, columns]
    # Who is everywhere comes first, then who is in the first workspace, and so on; among them by role.
    keys = np.where(ordered < 0, 127, 0).astype(np.uint8)
    keys = np.concatenate([keys, ordered.astype(np.int64) + 1], axis=1).astype(np.uint8)
    rows = np.lexsort(keys.T[::-1]) if keys.size else np.arange(len(codes))
    return rows, columns


def _order_places(has: Any) -> Any:
    """Put workspaces beside those that they share most people with, beginning with the largest."""
    n_places = has.shape[1]
    sizes = has.sum(axis=0)
    # People who are everywhere tell nothing about what belongs together.
    telling = has[has.sum(axis=1) <= max(n_places // 2, 1)].astype(np.float32)
    shared = telling.T @ telling
    own = np.sqrt(np.maximum(np.diag(shared), 1))
    likeness = shared / np.outer(own, own)
    left = np.ones(n_places, dtype=bool)
    chain: list[int] = []
    for _ in range(n_places):
        wanted = likeness[chain[-1]] + sizes * 1e-9 if chain else sizes.astype(np.float64)
        chain.append(int(np.argmax(np.where(left, wanted, -1.0))))
        left[chain[-1]] = False
    return np.array(chain, dtype=np.int64)


def _band_starts(n_people: int) -> Any:
    """Say where each row of the picture begins: one per person, or equal bands of people where they are many."""
    n_rows = n_people if n_people <= _MOST_PEOPLE else _MOST_GROUPS
    return np.linspace(0, n_people, n_rows + 1).astype(np.int64)[:-1]


def _shades(plt: Any, codes: Any, starts: Any, colors: list[str]) -> Any:
    """Mix the colour of each cell: the role that most of the band hold, as strong as the share of those who hold any."""
    counts = np.stack([np.add.reduceat(codes == role, starts, axis=0) for role in range(len(colors))])
    sizes = np.diff([*starts, len(codes)])[:, np.newaxis]
    share = counts.sum(axis=0) / sizes
    # One of many is still to be seen.
    strength = np.where(share > 0, 0.2 + 0.8 * share, 0.0)[..., np.newaxis]
    to_rgb = plt.matplotlib.colors.to_rgb
    palette = np.array([to_rgb(color) for color in colors])
    return palette[counts.argmax(axis=0)] * strength + np.array(to_rgb(_NOBODY)) * (1 - strength)


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
