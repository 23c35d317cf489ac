"""Invite people: paste addresses in any shape, see who is new, and make a plan of it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lsnb.errors import TableError
from lsnb.files.sheets import read_sheet
from lsnb.files.sheets.reading import read_text
from lsnb.plan import Rules
from lsnb.report.words import counted
from lsnb.sheets import invitations, parse_addresses, similar_members
from lsnb.sheets.addresses import NOT_USED
from lsnb.sheets.emails import clean_address, known_addresses
from lsnb.sheets.lookalikes import Lookalikes
from lsnb.sheets.origin import Origin, judge_origin, set_origin
from lsnb.sheets.parse import role_book
from lsnb.sheets.problems import CellProblem, Problems
from lsnb.sheets.text_normalize import did_you_mean
from lsnb.tables.spec import DTYPES
from lsnb.widgets import alerts, controls
from lsnb.widgets.base import Form
from lsnb.widgets.grid import Grid
from lsnb.widgets.grid_columns import GridColumn
from lsnb.widgets.plan_place import put_plan
from lsnb.widgets.planning import PlanView
from lsnb.widgets.unsaved import Unsaved
from lsnb.widgets.upload import Upload
from lsnb.widgets.work import Painter

if TYPE_CHECKING:
    from lsnb.organization import Organization
    from lsnb.plan import Plan
    from lsnb.snapshot import Snapshot

_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]+@[^\s<>,;:\"()\[\]]+")
#: What an address can be, and what that is called, those first that somebody should look at.
STATES = {
    "bad": "cannot be read",
    "unused": "not used",
    "outside": "new, of another domain",
    "duplicate": "given more than once",
    "member": "already a member",
    "invited": "already invited",
    "new": "new",
}
_PLANNED = ("new", "outside", "duplicate")
_COLUMNS = (
    GridColumn("email", "Address", width=280, pinned=True),
    GridColumn("name", "Name", width=180),
    GridColumn("words", "What it is", width=190),
    GridColumn("hint", "To know", width=420),
)


class InviteForm(Form):
    """Addresses to invite, the roles they get, and the way to a plan.

    Args:
        org: the organization.
        snapshot: who is there; read when None.
        rules: the thresholds of the plan; their `email_domains` say which domains are not outside.
        fresh: begin without what an earlier form was told.
    """

    def __init__(
        self, org: Organization, snapshot: Snapshot | None = None, *, rules: Rules | None = None, fresh: bool = False
    ) -> None:
        super().__init__("Invite people", org=org, kind="invite", fresh=fresh)
        self._organization = org
        self.snapshot = snapshot or org.read_access()
        self.rules = rules or Rules()
        #: The view of the plan that was made last.
        self.plan_view: PlanView | None = None
        self._places: dict[str, str] = dict(self.memory.get("workspaces", {}))
        self._people = _no_people()
        #: What there is to know of the file that was brought; it goes into the plan.
        self.remarks: list[str] = list(self.memory.get("remarks", []))
        book = role_book(self.snapshot)
        place_roles = book.labels("workspace")
        places = self.snapshot.workspaces
        names = sorted({str(name) for name in places.loc[~places["is_deleted"].astype(bool), "workspace"]})
        self.text_field = controls.text_field(
            "Addresses",
            self.memory.get("text", ""),
            hint="Paste them in any shape: lines, commas, cells of a spreadsheet, Dana Lee <dana@example.com> …",
            live=True,
        )
        self.upload = Upload("Bring a file", lambda name, content: self.attempt(lambda: self.load(content, name=name)))
        self.role_field = controls.choice_field(
            "Role in the organization", book.labels("organization"), self.memory.get("role", "Organization User")
        )
        self.places_field = controls.several_field("Workspaces, several with Ctrl", names, self._places)
        wanted = next(iter(self._places.values()), "Workspace Viewer")
        self.place_role_field = controls.choice_field("Role in these workspaces", place_roles, wanted)
        self._facts = controls.html()
        self._similar = Unsaved()
        self.grid = Grid(self._shown(), _COLUMNS, height=260, caption="Addresses")
        self.grid.static_rows = 0
        self._below = controls.stack()
        self.plan_button = self.on_click_work(
            controls.button("Make the plan", kind="primary"), "Planning", self.show_plan, when=lambda: self.n_new > 0
        )
        self.reset_button = self.on_click(controls.button("Start over"), self.reset)
        self.on_value(self.text_field, lambda _: self._reader.ask())
        self.on_value(self.role_field, lambda value: self.memory.keep(role=value))
        self.on_value(self.places_field, lambda _: self._chose())
        self.on_value(self.place_role_field, lambda _: self._chose())
        self._reader = Painter(self._read_field, every_s=0.3)
        for widget in (self.text_field, self.role_field, self.places_field, self.place_role_field, self.upload):
            self.control(widget)
        self.body.children = [
            controls.quiet("Nobody hears of it before the plan below is applied; each invitation is one e-mail."),
            self.text_field,
            controls.row(self.role_field, self.places_field, self.place_role_field),
            self._facts,
            self._similar,
            self.grid,
            controls.row(self.plan_button, self.reset_button, self.upload),
            self._below,
        ]
        self.attempt(lambda: self.read(self.text_field.value))

    # What it holds

    @property
    def text(self) -> str:
        """The text that the addresses are read from."""
        return str(self.text_field.value)

    @property
    def role(self) -> str:
        """The role that everybody gets in the organization; it can be set."""
        return str(self.role_field.value)

    @role.setter
    def role(self, role: str) -> None:
        self.role_field.value = self._label(role, "organization")

    @property
    def workspaces(self) -> dict[str, str]:
        """The role that everybody gets in each workspace, by its name; it can be set."""
        return dict(self._places)

    @workspaces.setter
    def workspaces(self, workspaces: Mapping[str, str]) -> None:
        names = list(self.places_field.options)
        unknown = [name for name in workspaces if name not in names]
        if unknown:
            raise TableError(f"There is no workspace {', '.join(map(repr, unknown))}. There are: {', '.join(names)}.")
        labels = {name: self._label(role, "workspace") for name, role in workspaces.items()}
        if labels:
            self.place_role_field.value = next(iter(labels.values()))
        self.places_field.value = tuple(name for name in names if name in labels)
        # Several roles can be given from code; the fields show the first.
        self._places = labels
        self.memory.keep(workspaces=labels)

    @property
    def n_new(self) -> int:
        """How many people would be invited."""
        return int(self._people["state"].isin(_PLANNED).sum())

    def preview(self) -> pd.DataFrame:
        """Say of each address what it is: email, name, state, hint.

        `state` is "new", "outside" (new, of a domain that nobody here has), "duplicate" (new, and given more than
        once), "member", "invited", "unused" (a role or workspace beside an address) or "bad".
        """
        return self._people.copy()

    def summary(self) -> str:
        """Say in a line who would be invited."""
        counts = Counter(self._people["state"])
        words = ", ".join(f"{counts[state]:,} {STATES[state]}" for state in reversed(STATES) if counts[state])
        return f"Invite to {self.snapshot.meta.organization}: {words or 'no addresses yet'}."

    # What it does

    def read(self, text: str) -> pd.DataFrame:
        """Read addresses out of a text, in place of those from before; see `preview`."""
        if self.text_field.value != text:
            self.text_field.value = text
        self.memory.keep(text=text)
        self._people = self._judge(text)
        self.grid.reset(self._shown())
        self._draw()
        return self.preview()

    def load(self, file: str | os.PathLike[str] | bytes | pd.DataFrame, *, name: str = "") -> pd.DataFrame:
        """Read addresses out of a file: CSV, Excel or plain text, or out of a DataFrame; see `preview`.

        What the file does not show, such as filtered rows, is said below the table and in the plan.

        Raises:
            TableError: the file cannot be read.
        """
        path = Path(file) if isinstance(file, str | os.PathLike) else None
        name = name or (path.name if path else "The file")
        content = file if path is None else path.read_bytes()
        if not isinstance(content, bytes) or content[:2] == b"PK":
            frame = read_sheet(content)
            said = [sentence for _, sentence in judge_origin(frame, frame.index.tolist(), {}, Problems([])).remarks]
            rows = [list(frame.columns), *frame.fillna("").astype(str).to_numpy().tolist()]
            text = "\n".join("\t".join(map(str, row)) for row in rows)
        else:
            text, encoding = read_text(content, name)
            said = [f"the letters were taken for {encoding}; look at those that are not plain."] if encoding else []
        self._keep_remarks([f"{name}: {sentence}" for sentence in said])
        return self.read(text)

    def reset(self) -> None:
        """Forget the addresses."""
        self.text_field.value = ""
        self._keep_remarks([])
        self.read("")

    def reload(self) -> None:
        """Read the organization again, and judge the same addresses by it."""
        self.snapshot = self._organization.read_access()
        self.read(self.text)

    def plan(self, **options: Any) -> Plan:
        """Make a plan that invites who is new; nobody else is touched, and nothing is sent yet.

        Args:
            options: `allow`, as in `org.plan`.

        Raises:
            TableError: nobody is new.
        """
        people = self._people
        new = people.loc[people["state"].isin(_PLANNED), "email"].tolist()
        if not new:
            raise TableError("Nobody of these is new here, so nobody would be invited. Paste more addresses.")
        sheet = invitations(new, role=self.role, workspaces=self.workspaces)
        set_origin(sheet, Origin(remarks=tuple(("left-aside", sentence) for sentence in self.remarks)))
        return self._organization.plan(sheet, snapshot=self.snapshot, rules=self.rules, **options)

    def show_plan(self, **options: Any) -> PlanView:
        """Make the plan and show it below, to be applied there; see `plan`."""
        plan = self.plan(**options)
        view = PlanView(plan, self._organization, snapshot=self.snapshot)
        self.plan_view = put_plan(self, view, self._below, old=self.plan_view, then=self.reload)
        return self.plan_view

    def on_close(self) -> None:
        """Stop reading, and close the plan."""
        self._reader.close()
        if self.plan_view is not None:
            self.plan_view.close()

    # Inside

    def _keep_remarks(self, sentences: list[str]) -> None:
        self.remarks = sentences
        self.memory.keep(remarks=sentences)

    def _judge(self, text: str) -> pd.DataFrame:
        unused = [*self.snapshot.roles["role"].dropna(), *self.snapshot.workspaces["workspace"].dropna()]
        addresses, problems = parse_addresses(text, unused=map(str, unused))
        known = Lookalikes(known_addresses(self.snapshot))
        addresses["email"] = addresses["email"].map(lambda email: known.same(email) or email).astype(DTYPES["text"])
        members, invites = set(self.snapshot.members["email"]), set(self.snapshot.invites["email"])
        own = self.rules.email_domains
        domains = {_domain(email) for email in members} if own is None else {domain.lower() for domain in own}
        given = Counter(clean_address(found)[0] for found in _ADDRESS.findall(text))
        emails = addresses["email"].tolist()
        similar = similar_members(addresses, self.snapshot)
        near = dict(zip(similar["email"], similar["similar"], strict=True))
        states, hints = [], []
        for email in emails:
            hint = f"One letter from {near[email]}, who is here already. Is it a slip?" if email in near else ""
            if email in members:
                state = "member"
            elif email in invites:
                state = "invited"
            elif alike := known.alike(email):
                state, hint = "bad", f"{known.reason(email, alike[0])} {did_you_mean(alike[:3])}"
            elif _domain(email) not in domains:
                state = "outside"
                hint = hint or f"Nobody here has an address at {_domain(email)}; the plan refuses it unless allowed."
            else:
                state = "duplicate" if given[email] > 1 else "new"
            if given[email] > 1:
                hint = hint or f"Given {given[email]} times; invited once at most."
            states.append(state)
            hints.append(hint)
        bad = problems.itertuples(index=False)
        wrong = [
            (str(row.value), "unused" if row.reason == NOT_USED else "bad", f"{row.reason} {row.hint}".strip())
            for row in bad
        ]
        names = addresses["name"].fillna("").tolist()
        columns = {
            "email": emails + [value for value, _, _ in wrong],
            "name": names + [""] * len(wrong),
            "state": states + [state for _, state, _ in wrong],
            "hint": hints + [hint for _, _, hint in wrong],
        }
        return pd.DataFrame({name: pd.Series(values, dtype=DTYPES["text"]) for name, values in columns.items()})

    def _shown(self) -> pd.DataFrame:
        """Give the people for the table: those first that somebody should look at."""
        order = {state: place for place, state in enumerate(STATES)}
        people = self._people.assign(_order=self._people["state"].map(order))
        people = people.sort_values("_order", kind="stable").drop(columns="_order").reset_index(drop=True)
        return people.assign(words=people["state"].map(STATES))

    def _draw(self) -> None:
        counts = Counter(self._people["state"])
        self._facts.value = alerts.facts(
            [(counts[state], words) for state, words in reversed(STATES.items()) if counts[state]]
        )
        similar = self._people.loc[self._people["hint"].str.startswith("One letter"), ["email", "hint"]]
        lines = [f"{email}: {hint}" for email, hint in similar.head(6).itertuples(index=False, name=None)]
        lines += self.remarks[:6]
        self._similar.value = alerts.card("Look twice at these", lines, tone="warn") if lines else ""
        n_rows = len(self._people)
        controls.show(self.grid, n_rows > 0)
        self.plan_button.description = f"Plan {counted(self.n_new, 'invitation')}" if self.n_new else "Make the plan"
        self.refresh()

    def _read_field(self) -> None:
        try:
            self.read(self.text)
        except Exception as error:
            self.show_error(error)

    def _chose(self) -> None:
        role = str(self.place_role_field.value)
        self._places = {name: role for name in self.places_field.value}
        self.memory.keep(workspaces=self._places)

    def _label(self, role: str, scope: Any) -> str:
        book = role_book(self.snapshot)
        found = book.find(role, scope)
        if isinstance(found, CellProblem):
            raise TableError(f"{found.reason} {found.hint}".strip())
        return book.label(found)


def invite_form(
    org: Organization, snapshot: Snapshot | None = None, *, rules: Rules | None = None, fresh: bool = False
) -> InviteForm:
    """Invite people: `.read(text)`, `.role`, `.workspaces`, `.preview()`, `.plan()`.

    Args:
        org: the organization.
        snapshot: who is there; read when None.
        rules: the thresholds of the plan.
        fresh: begin without what an earlier form was told.

    Raises:
        ApiError: the organization could not be read.
        TransportError: no answer came.
    """
    return InviteForm(org, snapshot, rules=rules, fresh=fresh)


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _no_people() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=DTYPES["text"]) for name in ("email", "name", "state", "hint")})
