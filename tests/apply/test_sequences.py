"""What holds for every sequence of accepted plans, tried step by step against the demo organization's own state."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import lsnb
from lsnb import sandbox
from lsnb.plan import Rules
from lsnb.service.progress import Silent

CALLER, PROTECTED = "ada.lindqvist@acme.example", "break.glass@acme.example"
PEOPLE = (
    CALLER,
    PROTECTED,
    *(f"{name}@acme.example" for name in ("priya.raman", "tomas.okafor", "grace.kim", "brand.new")),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(
            [("", "Organization Admin"), ("", "Organization User"), ("Staging", "Viewer"), ("Support", "Editor")]
        ),
        st.booleans(),
    ),
    unique_by=lambda row: (row[0], row[1][0]),
    min_size=1,
    max_size=5,
)
SETTLED = {"email-domains": "a drill", "max-removals": "a drill", "max-promotions": "a drill"}


class Sequences(RuleBasedStateMachine):
    """Applies whatever plan is accepted, one after the other."""

    def __init__(self):
        super().__init__()
        self.server = sandbox.start(seed="small")
        self.org = lsnb.connect(endpoint=self.server.url, api_key=self.server.key)
        self.folder = tempfile.TemporaryDirectory()
        self.n_runs = 0
        self.guarded = self.grants_of(PROTECTED)

    def teardown(self):
        """Stop the server."""
        self.org.close()
        self.server.stop()
        self.folder.cleanup()

    def access(self):
        """Read what there is now."""
        return self.org.read_access().access

    def grants_of(self, email):
        """Give what one person holds of their own."""
        access = self.access()
        mine = access[(access["email"] == email) & (access["source"] != "org-admin")]
        return sorted(zip(mine["scope"], mine["workspace"].fillna(""), mine["role"], strict=True))

    @rule(rows=ROWS, mode=st.sampled_from(["update", "remove", "sync"]))
    def change(self, rows, mode):
        """Plan a sheet, apply it where it is accepted, and look at what a sync may not touch."""
        sheet = pd.DataFrame(
            [(who, "" if gone else role, "", place, "remove" if gone else "") for who, (place, role), gone in rows],
            columns=["email", "langsmith_role", "workspace_id", "workspace_name", "action"],
        )
        before = self.access()
        edits = self.org.edits(sheet)
        if not edits.is_clean:
            return
        rules = Rules(protected=(PROTECTED,))
        scope = ["Support"] if mode == "sync" else ()
        plan = self.org.plan(edits, mode=mode, scope=scope, rules=rules, allow=SETTLED)
        if not plan.is_safe or plan.is_empty:
            return
        self.n_runs += 1
        journal = Path(self.folder.name) / f"{self.n_runs}.jsonl"
        self.org.apply(plan, confirm=plan.fingerprint, journal=journal, rules=rules, display=Silent())
        if mode == "sync":
            columns = ["email", "workspace", "role", "source"]
            outside = [
                access.loc[(access["scope"] == "workspace") & (access["workspace"] != "Support"), columns]
                for access in (before, self.access())
            ]
            pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in outside))

    @invariant()
    def nobody_is_locked_out(self):
        """At least two admins are left, the caller is one of them, and the protected account is as it was."""
        access = self.access()
        admins = access[(access["role"] == "Organization Admin") & (access["state"] == "active")]
        assert len(admins) >= 2
        assert CALLER in set(admins["email"])
        assert self.guarded == self.grants_of(PROTECTED)


Sequences.TestCase.settings = settings(
    max_examples=6,
    stateful_step_count=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TestSequences = Sequences.TestCase
