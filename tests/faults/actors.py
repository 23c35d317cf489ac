"""A small organization, the people and machines that change it, and what must hold whatever they do in whatever order."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from lsnb.apply.journal import read_journal, run_lock
from lsnb.apply.undo import make_undo
from lsnb.errors import LsnbError
from lsnb.plan import changes_to_plan, fingerprint_of, plan_from_json, plan_to_json
from lsnb.plan.model import Change, Plan
from lsnb.plan.rules import FIRM_RULES, Rules
from lsnb.sandbox.instance import Instance
from lsnb.sandbox.records import Membership, Person
from lsnb.sandbox.seeds.builder import Builder
from lsnb.sandbox.state import State
from lsnb.service.transport import Transport
from tests.apply import things as t
from tests.apply.acme import Acme
from tests.faults.inside import URL, Inside, make_session

DOMAIN = "acme.example"  # whom tests/apply/acme.py completes names to
CALLER, GLASS, GUARDED, LEAST = f"ada@{DOMAIN}", f"glass@{DOMAIN}", f"finn@{DOMAIN}", 2
PEOPLE = ("ada", "bob", "glass", "cleo", "dan", "eve", "finn", "gus", "new.one", "new.two")
OWN = ("projects:read", "runs:delete", "runs:read", "workspaces:read")
RULES = Rules(
    min_admins=LEAST,
    protected=(GLASS, GUARDED),
    max_removals_share=1.0,
    max_removals_small=100,
    max_promotions=50,
)
#: What nobody overrides here; everything else is, so that size never ends a story.
_KEPT = {"min-admins", "self", "protected", "lock-out", "policy"} | set(FIRM_RULES)


class Killed(BaseException):
    """The process ends here: nothing of ours catches it."""


class Small(Instance):
    """An organization of eight: three Admins, of whom one calls and one is for emergencies, and five others, one of them protected too."""

    def _build(self) -> State:
        builder = Builder(self.now_as_date(), self.behaviours)
        builder.begin("acme", "Eight")
        builder.workspace("alpha", "Alpha")
        builder.workspace("beta", "Beta")
        builder.workspace("omega", "Omega")
        builder.custom_role("own", "Own", "Made here", OWN)
        for name, role, places in (
            ("ada", "A", ""),
            ("bob", "A", ""),
            ("glass", "A", "alpha:own"),
            ("cleo", "U", "alpha:A beta:E"),
            ("dan", "U", "alpha:E omega:A"),
            ("eve", "U", "beta:V"),
            ("finn", "V", "beta:own"),
        ):
            builder.person(f"{name}@{DOMAIN}", name.title(), role, places)
        builder.person(f"gus@{DOMAIN}", "Gus", "A", disabled=True)
        builder.key("ada", "pat", CALLER, "Notebook", days=30, used=2, is_demo=True)
        builder.key("svc", "service", CALLER, "Automation", days=30, used=2, role="A", org_role="A", is_demo=True)
        return builder.finish()

    @staticmethod
    def now_as_date() -> Any:
        """Give the time at which everything here happens."""
        from lsnb.sandbox.seeds import SEED_NOW

        return SEED_NOW


@dataclass(frozen=True)
class Trouble:
    """Something that happens at one request of a run.

    Args:
        at: the number of the request, from 0.
        what: "kill before", "kill after", "stop", "drop before", "drop after", "500 after", "429", or "outside".
        deed: for "outside", what somebody else does.
        who: to whom.
    """

    at: int
    what: str
    deed: str = ""
    who: str = ""


@dataclass
class Running:
    """A run that is under way.

    Args:
        actor: whose it is.
        story: which plan it carries out, whatever was edited in it since.
        troubles: what is to happen.
        stop: set to stop it.
    """

    actor: str
    story: str
    troubles: Sequence[Trouble] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    n: int = 0
    is_dead: bool = False
    is_uncounted: bool = True
    is_changed: bool = False
    is_disturbed: bool = False
    debts: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Look:
    """What the rules are about."""

    admins: frozenset[str]
    held: dict[str, frozenset[str]]
    keys: frozenset[str]
    mails: Counter[str]


@dataclass
class Story:
    """A plan that somebody has, and how far it has come."""

    actor: str
    plan: Plan
    name: str
    journal: Path | None = None


class World:
    """The organization with everybody who changes it.

    Attributes:
        violations: what must never have happened; empty for as long as the product keeps its promises.
        stories: the plans so far.
        clients: the actors, by name.
    """

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.stories: list[Story] = []
        self.instance = Small(behaviours={"clock": "fixed", "pats_listed": "all"})
        self._adapter = Inside(self.instance)
        self._adapter.watch = self._watch
        self._running: Running | None = None
        self._folder = tempfile.TemporaryDirectory()
        self._n_files = self._n_makings = 0
        self._mailed: Counter[tuple[str, str]] = Counter()
        self.clients = {name: self._make_client(name) for name in ("ada", "svc")}

    def close(self) -> None:
        """Take everything away."""
        for client in self.clients.values():
            client.transport.close()
        self._folder.cleanup()

    # What the actors do

    def plan_sheet(self, actor: str, rows: Sequence[tuple[str, ...]]) -> bool:
        """Plan a sheet, and keep the plan where no rule that is kept here refuses it."""
        client = self.clients[actor]
        return self._keep(actor, lambda allow: client.plan(*rows, rules=RULES, allow=allow, nonce=self._nonce()))

    def plan_thing(self, actor: str, what: str) -> bool:
        """Plan a change of a role or a workspace."""
        client = self.clients[actor]
        make: dict[str, Callable[[], Change]] = {
            "narrow Own": lambda: t.update_role(client, "Own", drop=["runs:delete"]),
            "widen Own": lambda: t.update_role(client, "Own", add=["prompts:read"]),
            "delete Alpha": lambda: t.delete_workspace(client, "Alpha"),
            "delete Beta": lambda: t.delete_workspace(client, "Beta"),
            "delete Omega": lambda: t.delete_workspace(client, "Omega"),
            "rename Beta": lambda: t.rename_workspace(client, "Beta", "Gamma"),
            "create Delta": lambda: t.create_workspace("Delta"),
        }
        with contextlib.suppress(StopIteration):  # it is gone, or has another name
            change = make[what]()
            return self._keep(
                actor,
                lambda allow: changes_to_plan(
                    client.snapshot(),
                    [change],
                    rules=RULES,
                    allow=allow,
                    created_at=client.stamp(),
                    nonce=self._nonce(),
                ),
            )
        return False

    def _nonce(self) -> str:
        """Name a making, as every door to planning does."""
        self._n_makings += 1
        return f"making {self._n_makings}"

    def _keep(self, actor: str, make: Callable[[dict[str, str]], Plan]) -> bool:
        try:
            plan = make({})
            named = {verdict.rule for verdict in plan.refusals} - _KEPT
            if named:
                ids = [f"irreversible:{change.id}" for change in plan.changes]
                plan = make(
                    dict.fromkeys([*sorted(named - {"irreversible"}), *ids * ("irreversible" in named)], "drill")
                )
        except (LsnbError, AssertionError):  # the sheet does not fit what is there
            return False
        if not plan.is_safe or plan.is_empty:
            return False
        self.stories.append(Story(actor, plan, f"{len(self.stories)}"))
        return True

    def apply(self, number: int, *, troubles: Sequence[Trouble] = (), machine: int = 1, is_edited: bool = False) -> str:
        """Apply a plan; once more too, and with another time written into its file."""
        story = self.stories[number % len(self.stories)]
        plan = story.plan
        if is_edited:
            edited = replace(plan, created_at="2027-01-01T00:00:00Z")
            plan = plan_from_json(plan_to_json(replace(edited, fingerprint=fingerprint_of(edited))))
        self._n_files += 1
        path = Path(self._folder.name) / f"{self._n_files}.jsonl"

        def run(running: Running) -> Any:
            return self.clients[story.actor].apply(
                plan, journal=path, rules=RULES, workers=1, stop=running.stop, confirm=plan.fingerprint
            )

        said = self._run(story, troubles, machine, run)
        if path.exists() and story.journal is None:
            story.journal = path
        return said

    def resume(self, number: int, *, troubles: Sequence[Trouble] = (), machine: int = 1, again: bool = False) -> str:
        """Go on with the journal of a plan."""
        story = self.stories[number % len(self.stories)]
        if story.journal is None:
            return "nothing to go on with"

        def run(running: Running) -> Any:
            return self.clients[story.actor].resume(
                story.journal, rules=RULES, workers=1, stop=running.stop, retry_failed=again
            )

        return self._run(story, troubles, machine, run)

    def do_as(self, actor: str, do: Callable[[], object]) -> None:
        """Do something outside of any plan as if a run did it, to try what watches runs."""
        self._running = Running(actor, "none")
        try:
            do()
        finally:
            self._running = None

    def undo(self, number: int) -> bool:
        """Plan to take a run back."""
        story = self.stories[number % len(self.stories)]
        if story.journal is None:
            return False
        client = self.clients[story.actor]
        with contextlib.suppress(LsnbError):
            record = read_journal(story.journal)
            return self._keep(
                story.actor,
                lambda allow: make_undo(
                    client.snapshot(), record, rules=RULES, allow=allow, created_at=client.stamp(), nonce=self._nonce()
                ),
            )
        return False

    def outside(self, deed: str, who: str) -> None:
        """Let somebody else change something, past every rule."""
        if self._running is not None:
            self._running.is_uncounted = self._running.is_changed = True
        state = self.instance.state
        email = f"{who}@{DOMAIN}"
        person, invitation = state.find_person(email), state.find_invitation(email)
        if deed == "accept" and invitation is not None:
            state.accept_invite(email)
        elif deed == "delete Beta":
            for place in state.live_workspaces():
                if place.display_name in ("Beta", "Gamma"):
                    place.is_deleted = True
        elif deed == "take back":
            for other in state.people.values():
                if other.email not in (CALLER, GLASS, f"bob@{DOMAIN}"):
                    other.role_id = state.find_role("ORGANIZATION_USER").id
        elif person is not None:
            _do_to(state, person, deed)
        state.touch()

    def heal(self) -> None:
        """Bring everybody back to where they began, so that a story does not end where nobody is left to demote."""
        state, made = self.instance.state, Small(behaviours=self.instance.behaviours.as_dict()).state
        made.behaviours, made.last_number = state.behaviours, state.last_number
        self.instance.state = made

    # What is watched

    def look(self) -> Look:
        """Look at what the rules are about."""
        state = self.instance.state
        places = {place.id for place in state.live_workspaces()}
        held = {}
        for person in state.people.values():
            found = {"here", *state.roles[person.role_id].permissions} | (
                {"enabled"} - ({"enabled"} if person.is_disabled else set())
            )
            for place, membership in state.places[person.id].items():
                if place in places:
                    role = state.roles[membership.role_id] if membership.role_id else None
                    found |= {f"{place}/{permission}" for permission in ("member", *(role.permissions if role else ()))}
            if state.is_admin(person):  # who may do everything everywhere, whatever a role of their own says
                found = {right for right in found if "/" not in right or right.endswith("/member")} | {"everything"}
            held[person.email] = frozenset(found)
        return Look(
            admins=frozenset(p.email for p in state.people.values() if state.is_admin(p) and not p.is_disabled),
            held=held,
            keys=frozenset(
                key.name
                for key in state.keys.values()
                if key.kind == "pat" or state.roles[key.org_role_id or ""].name == "ORGANIZATION_ADMIN"
            ),
            mails=Counter(mail["email"].lower() for mail in state.emails_sent),
        )

    def _run(self, story: Story, troubles: Sequence[Trouble], machine: int, run: Callable[[Running], Any]) -> str:
        kept, running = self._running, Running(story.actor, story.name, tuple(troubles))
        self._running = running
        try:
            with self._machine(machine):
                said = str(run(running))
        except LsnbError as error:
            said = f"{type(error).__name__}: {error}"
        except Killed:
            said = "killed"
        finally:
            self._running = kept
            if kept is not None:
                kept.is_uncounted = kept.is_changed = True
        self._check_end(running, said)
        return said

    @contextlib.contextmanager
    def _machine(self, number: int) -> Iterator[None]:
        """Be one machine: what it remembers of spent plans, and of who is at work, no other one knows."""
        before, name = os.environ.get("XDG_STATE_HOME"), run_lock._MACHINE
        folder = str(Path(self._folder.name) / f"machine-{number}")
        os.environ["XDG_STATE_HOME"] = folder
        # What the whole machine is told, it must not be told of another one that is only played here.
        run_lock._MACHINE = f"{name}/{hashlib.sha256(folder.encode()).hexdigest()[:12]}"
        try:
            yield
        finally:
            run_lock._MACHINE = name
            os.environ.pop("XDG_STATE_HOME")
            if before is not None:
                os.environ["XDG_STATE_HOME"] = before

    def _make_client(self, name: str) -> Acme:
        session = make_session(self._adapter)

        def transport(settings: Any, **how: Any) -> Transport:
            return Transport(settings, session=session, **(how | {"workers": 1}))

        return Acme(_Door(self.instance), key=name, transport=transport)

    def _watch(
        self, request: requests.PreparedRequest, carry_out: Callable[[], requests.Response]
    ) -> requests.Response:
        running = self._running
        if running is None:
            return carry_out()
        if running.is_dead:
            raise Killed
        now = [trouble for trouble in running.troubles if trouble.at == running.n]
        running.n += 1
        whats = {trouble.what for trouble in now}
        for trouble in now:
            if trouble.what == "outside":
                self.outside(trouble.deed, trouble.who)
            elif trouble.what == "other run":
                self._let_the_other_run(running)
        running.is_disturbed |= bool(whats - {"outside", "other run"})
        if "stop" in whats:
            running.stop.set()
        if "kill before" in whats:
            running.is_dead = True
            raise Killed
        if "drop before" in whats:
            raise requests.ConnectionError("the connection broke")
        if "429" in whats:
            return _plain(request, 429)
        response = self._checked(running, request, carry_out)
        if "kill after" in whats:
            running.is_dead = True
            raise Killed
        if "drop after" in whats:
            raise requests.ConnectionError("the connection broke")
        return _plain(request, 500) if "500 after" in whats else response

    def _let_the_other_run(self, running: Running) -> None:
        """Let the newest plan that nobody has begun run meanwhile, on the first machine."""
        for number in reversed(range(len(self.stories))):
            story = self.stories[number]
            if story.name != running.story and story.journal is None:
                self.apply(number)
                return

    def _checked(
        self, running: Running, request: requests.PreparedRequest, carry_out: Callable[[], requests.Response]
    ) -> requests.Response:
        if request.method == "GET":
            if _counts_everybody(request):
                running.is_uncounted = False
            return carry_out()
        before = self.look()
        response = carry_out()
        after = self.look()
        what = f"{running.actor}: {request.method} {urlsplit(request.url or '').path}"
        gone = before.admins - after.admins
        if gone and len(after.admins) < LEAST:
            if running.is_uncounted and running.is_changed:
                running.debts |= gone
            else:
                self.violations.append(f"{what} leaves the Admins {sorted(after.admins)}, without {sorted(gone)}")
        for who in [GLASS, GUARDED] + [CALLER] * (running.actor == "ada"):
            lost = before.held.get(who, frozenset()) - after.held.get(who, frozenset())
            if lost and not running.is_changed:
                self.violations.append(f"{what} takes {sorted(lost)} from {who}")
        if {running.actor} & (before.keys - after.keys):
            self.violations.append(f"{what} takes a key that acts")
        for who, n in (after.mails - before.mails).items():
            self._mailed[running.story, who] += n
            if self._mailed[running.story, who] > 1:
                self.violations.append(f"{what} mails {who} a second time by one plan")
        return response

    def _check_end(self, running: Running, said: str) -> None:
        """A demotion that raced with somebody else is taken back before the run ends, unless the run itself was broken.

        A removal cannot be taken back, and the run says so.
        """
        if "cannot be put back" in said:
            return
        admins = self.look().admins
        if running.debts - admins and len(admins) < LEAST and not running.is_disturbed and not running.is_dead:
            self.violations.append(
                f"{running.actor} took Admin from {sorted(running.debts)}, left {sorted(admins)} and did not take it back: {said}"
            )


class _Door:
    """What a client needs of a server."""

    url = URL

    def __init__(self, instance: Instance) -> None:
        self.instance, self.keys, self.faults = instance, instance.keys, instance.faults
        self.organization_id = instance.state.organization.id

    @property
    def state(self) -> State:
        return self.instance.state

    @property
    def requests(self) -> list[dict[str, Any]]:
        return list(self.instance.log.lines)


def _do_to(state: State, person: Person, deed: str) -> None:
    if deed == "demote":
        person.role_id = state.find_role("ORGANIZATION_USER").id
    elif deed == "promote":
        person.role_id = state.find_role("ORGANIZATION_ADMIN").id
    elif deed == "disable":
        person.is_disabled = True
    elif deed == "enable":
        person.is_disabled = False
    elif deed == "remove" and person.email != CALLER:
        state.drop_person(person)
    elif deed == "put into Beta":
        place = next((place for place in state.live_workspaces() if place.display_name in ("Beta", "Gamma")), None)
        if place is not None and place.id not in state.places[person.id]:
            role = state.find_role("WORKSPACE_USER").id
            state.add_membership(Membership(state.new_id("membership"), person.id, place.id, role, state.stamp()))


def _counts_everybody(request: requests.PreparedRequest) -> bool:
    """Tell whether a request reads the list that Admins are counted on, and not some addresses of it."""
    url = urlsplit(request.url or "")
    return "/orgs/current/members" in url.path and "emails" not in parse_qs(url.query)


def _plain(request: requests.PreparedRequest, status: int) -> requests.Response:
    response = requests.Response()
    response.status_code, response.url, response.request = status, request.url or "", request
    response._content = b'{"detail": "asked for"}'
    response.headers["Content-Type"] = "application/json"
    return response
