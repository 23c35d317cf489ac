"""The small demo organization as the tests of applying see it: plan for it, apply, and look at what became of it."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pandas as pd

from lsnb.apply import apply_plan, resume_run
from lsnb.apply.journal import read_journal
from lsnb.apply.undo import make_undo
from lsnb.loader import load_snapshot_of
from lsnb.plan import Rules, ServerFeatures, changes_to_plan, make_plan, new_change
from lsnb.service.api import Api
from lsnb.service.config import load_settings
from lsnb.service.identity import identify
from lsnb.service.progress import Silent
from lsnb.service.transport import Transport
from lsnb.sheets import parse_sheet

_TIMES = count()
ORGANIZATION = ""
#: Wide thresholds, so that a test of something else is not refused for its size.
WIDE = Rules(max_removals_share=1.0, max_removals_small=100, max_promotions=50)
NEWER = ServerFeatures(can_patch_pending=True)


def address(name):
    """Complete a bare name to an address of the company."""
    return name if "@" in name else f"{name}@acme.example"


def no_sleep(seconds):
    """Wait for nothing."""


class Acme:
    """The demo organization, its client, and short ways to what tests ask for."""

    def __init__(self, server, key="admin_pat", transport=Transport):
        self.server = server
        settings = load_settings(endpoint=server.url, api_key=server.keys[key], environ={})
        self.transport = transport(settings, workers=16, timeout_s=(2.0, 1.0), sleep=no_sleep, jitter=lambda: 0.0)
        self.api = Api(self.transport)
        self.transport.learn_organization(server.organization_id)

    def snapshot(self):
        """Read who has what."""
        caller = identify(self.api, self.transport.settings.key)
        return load_snapshot_of(self.api, tables=["access"], caller=caller, display=Silent())

    def plan(self, *rows, rules=WIDE, features=NEWER, snapshot=None, allow=None, **how):
        """Plan rows of (name, workspace or "", role, action)."""
        snapshot = snapshot or self.snapshot()
        cells = [(*row, *[""] * (4 - len(row))) for row in rows]
        frame = pd.DataFrame(
            [(address(name), place, role, action) for name, place, role, action in cells],
            columns=["email", "workspace_name", "langsmith_role", "action"],
            dtype="str",
        )
        edits = parse_sheet(frame, snapshot)
        assert edits.problems.empty, edits.problems.to_string()
        return make_plan(snapshot, edits, rules=rules, allow=allow, server=features, created_at=self.stamp(), **how)

    def stamp(self):
        """Give another time for every plan."""
        return f"2026-11-24T09:00:{next(_TIMES):06}Z"

    def apply(self, plan, **how):
        """Apply a plan."""
        how = {"confirm": plan.fingerprint, "display": Silent(), "sleep": no_sleep} | how
        return apply_plan(self.api, plan, **how)

    def resume(self, journal, **how):
        """Go on with a journal."""
        return resume_run(self.api, journal, **{"display": Silent(), "sleep": no_sleep, **how})

    def undo(self, run, *, rules=WIDE, allow=None):
        """Make the plan that takes a run back."""
        return make_undo(self.snapshot(), read_journal(run.journal), rules=rules, allow=allow, created_at=self.stamp())

    def grants(self):
        """Look into the server for who holds what: (address, workspace or "", joined or pending) to role."""
        return grants_of(self.server.state)

    def mails(self):
        """Count the invitations that the server has mailed, by address."""
        return Counter(mail["email"].lower() for mail in self.server.state.emails_sent)

    def writes(self):
        """List the writes that the server saw."""
        return [line for line in self.server.requests if line["method"] != "GET"]

    def role_id(self, role):
        """Give the id of a role by its name."""
        return next(r.id for r in self.server.state.roles.values() if r.display_name == role)

    def workspace_id(self, workspace):
        """Give the id of a workspace by its name."""
        return next(w.id for w in self.server.state.workspaces.values() if w.display_name == workspace)


def grants_of(state):
    """Give who holds what: (address, workspace or "", joined or pending) to role."""
    roles = {role.id: role.display_name for role in state.roles.values()}
    names = {place.id: place.display_name for place in state.workspaces.values()}
    held = {}
    for person in state.people.values():
        held[person.email.lower(), ORGANIZATION, "joined"] = roles[person.role_id]
        for place, membership in state.places[person.id].items():
            held[person.email.lower(), names[place], "joined"] = roles.get(membership.role_id)
    for invitation in state.open_invitations():
        held[invitation.email.lower(), ORGANIZATION, "pending"] = roles[invitation.role_id]
        for place, waiting in invitation.places.items():
            held[invitation.email.lower(), names[place], "pending"] = roles.get(waiting["role_id"])
    return held


def difference(before, after):
    """Tell what differs between two states, as (what is gone, what has come)."""
    return dict(before.items() - after.items()), dict(after.items() - before.items())


#: Every kind of change of memberships, on people whom nothing else is special about.
EVERY_KIND = (
    ("new.one", "", "Organization User"),
    ("new.two", "", "Organization User"),
    ("new.two", "Production", "Viewer"),
    ("late.joiner@partner.example", "Research", "Editor"),  # ReplaceInvite
    ("second.hire", "", "", "remove"),  # CancelInvite
    ("diego.alvarez", "", "Organization User"),
    ("grace.kim", "Production", "Viewer"),
    ("liam.murphy", "Production", "Editor"),
    ("anton.vogel", "Staging", "", "remove"),
    ("hannah.schmidt", "", "", "remove"),
)

#: Some thirty changes of all kinds, some of them about the same people.
MIXED = (
    *EVERY_KIND,
    ("new.three", "", "Organization Viewer"),
    ("new.four", "Marketing", "Editor"),
    ("new.five", "", "Organization User"),
    ("new.hire", "Production", "Viewer"),  # a pending person's role in a workspace, in place
    ("new.hire", "Staging", "", "remove"),
    ("mixed.case@partner.example", "", "Organization User"),  # a pending person's organization role, in place
    ("yuki.sato", "", "Organization Operator"),
    ("samuel.adeyemi", "", "Organization User"),
    ("mei.tanaka", "Staging", "Viewer"),
    ("mei.tanaka", "Marketing", "Viewer"),
    ("wei.zhang", "Research", "Viewer"),
    ("wei.zhang", "Support", "", "remove"),
    ("wei.zhang", "Marketing", "Admin"),
    ("emma.larsen", "Production", "Editor"),
    ("emma.larsen", "Sales-Demos", "", "remove"),
    ("noah.fischer", "Security Review", "Admin"),
    ("zoe.muller", "Data Science", "Editor"),
    ("kofi.mensah", "", "", "remove"),
    ("dana.fox@partner.example", "", "Organization User"),
    ("ines.duarte", "Data Science", "Viewer"),
    ("pavel.novak", "Research", "", "remove"),
)


def invitations_plan(acme, names, *, snapshot=None):
    """Plan invitations without the reading of a sheet, for many."""
    role = acme.role_id("Organization User")
    data = {"role": "Organization User", "role_id": role, "role_name": "ORGANIZATION_USER"}
    places = {"workspaces": [], "workspace_role": None, "workspace_role_id": None, "workspace_role_name": None}
    changes = [
        new_change(
            "InviteMember", email=address(name), before=None, after=data | places, reason="test", ids={"role_id": role}
        )
        for name in names
    ]
    return changes_to_plan(snapshot or acme.snapshot(), changes, rules=WIDE, created_at=acme.stamp())
