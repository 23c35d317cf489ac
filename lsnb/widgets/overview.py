"""An organization at a glance: how many of what, what could not be read, and who holds which role where."""

from __future__ import annotations

import base64
import io
import threading
from typing import TYPE_CHECKING

from lsnb.report.page_shell import render_part
from lsnb.report.plots.access_plots import plot_access, plot_roles_by_workspace
from lsnb.widgets import alerts, controls
from lsnb.widgets.base import Form
from lsnb.widgets.unsaved import Unsaved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lsnb.organization import Organization
    from lsnb.snapshot import Snapshot

_COUNTED = {
    "members": "members",
    "invites": "open invitations",
    "workspaces": "workspaces",
    "roles": "roles",
    "service_keys": "service keys",
    "access_tokens": "access tokens that can be seen",
    "shared_links": "public links",
}
#: The pictures, with what each shows: the words are what a screen reader says.
_PICTURES = {
    plot_access: "People against workspaces, coloured by role",
    plot_roles_by_workspace: "How many people hold which role in which workspace",
}
# pyplot has one state for the whole process.
_drawing = threading.Lock()


class Overview(Form):
    """An organization at a glance.

    Args:
        org: the organization.
        snapshot: the reading to show.
    """

    def __init__(self, org: Organization, snapshot: Snapshot) -> None:
        super().__init__(snapshot.meta.organization or "Overview", org=org, kind="overview")
        self.snapshot = snapshot
        counts = [(len(snapshot.table(name)), words) for name, words in _COUNTED.items() if snapshot.is_readable(name)]
        meta = snapshot.meta
        read = f"Read {meta.read_at:%Y-%m-%d %H:%M} UTC at {meta.host} by {meta.caller.name or 'an unknown key'}."
        gaps = snapshot.gaps()
        lines = [f"{row.table}: {row.reason}" for row in gaps.itertuples(index=False)]
        self.pictures = controls.stack()
        self.body.children = [
            controls.html(alerts.facts(counts)),
            Unsaved(alerts.quiet(read)),
            controls.html(alerts.card("Not everything could be read", lines, tone="warn") if lines else ""),
            self.pictures,
        ]
        if snapshot.is_readable("access"):
            self.work("Drawing", self._draw)

    def summary(self) -> str:
        """Say in a line what was read."""
        facts = self.snapshot.facts()
        counts = ", ".join(f"{facts[name]:,} {words}" for name, words in _COUNTED.items() if name in facts)
        return f"{facts['organization']}: {counts}."

    def _draw(self) -> None:
        for draw, words in _PICTURES.items():
            with _drawing:
                picture = _picture(draw(self.snapshot), words)
            if self.is_closed:
                controls.close_all(picture)
                return
            self.pictures.children = [*self.pictures.children, picture]


def _picture(figure: Figure, words: str) -> Unsaved:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    data = base64.b64encode(buffer.getvalue()).decode()
    return Unsaved(render_part("picture", words, data))
