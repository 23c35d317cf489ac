"""Two actors and the rest of the world, in any order: enough Admins stay, nobody loses what was not named, no second mail."""

from __future__ import annotations

import pytest

from lsnb.apply import stages
from lsnb.apply.admins import AdminGuard
from lsnb.plan.safety import Judgement
from tests.faults.actors import CALLER, GLASS, Trouble, World
from tests.faults.stories import ADMIN, EXAMPLES, SEED, SWAPS, USER, tell


@pytest.fixture
def world():
    """Give the organization of eight."""
    made = World()
    yield made
    made.close()


def test_the_promises_hold_in_every_story():
    """Plans, stops, kills, resumes, undos and changes by others, drawn at random from a seed that is printed."""
    print(f"LSNB_SEED={SEED} LSNB_EXAMPLES={EXAMPLES} tells these stories again")  # noqa: T201
    tell()


@pytest.mark.parametrize("at", range(7))
@pytest.mark.parametrize("how", ["kill before", "kill after", "stop"])
def test_enough_admins_stay_when_promotions_are_taken_back_before_a_run_goes_on(world, at, how):
    """Promotions of the first half count only where they are still there in the second."""
    assert world.plan_sheet("svc", SWAPS[0])
    world.apply(-1, troubles=[Trouble(at, how)])
    if len(world.look().admins) < 5:  # else the demotions are still to come
        return
    world.outside("take back", "")
    world.resume(-1)
    assert [] == world.violations
    assert len(world.look().admins) >= 2


@pytest.mark.parametrize("at", range(7))
@pytest.mark.parametrize("machine", [1, 2])
def test_enough_admins_stay_when_two_plans_run_at_once(world, at, machine):
    """On one machine they exclude each other; on two, the demotion that was one too many is taken back."""
    assert world.plan_sheet("svc", [("bob", *USER)])
    assert world.plan_sheet("svc", [("ada", *USER)])
    world.apply(-1, troubles=[Trouble(at, "other run")], machine=machine)
    assert [] == world.violations
    assert len(world.look().admins) >= 2


@pytest.mark.parametrize("at", range(7))
def test_enough_admins_stay_when_others_take_admin_meanwhile(world, at):
    """Whoever counts and then writes is told by a second count what happened between."""
    assert world.plan_sheet("svc", [("bob", *USER)])
    world.apply(-1, troubles=[Trouble(at, "outside", "disable", "glass")])
    assert [] == world.violations


@pytest.mark.parametrize("what", ["narrow Own", "delete Alpha", "delete Beta"])
def test_a_protected_account_keeps_what_it_has_through_a_role_or_a_workspace(world, what):
    """It is the effect that is judged, not whether the change names an address."""
    for actor in ("ada", "svc"):
        assert not world.plan_thing(actor, what)
    assert world.plan_thing("svc", "widen Own")
    assert world.plan_thing("svc", "delete Omega")


@pytest.mark.parametrize("is_edited", [False, True])
@pytest.mark.parametrize("how", ["kill after", "drop after", "500 after"])
def test_no_second_mail_goes_out_when_a_plan_is_applied_again(world, how, is_edited):
    """Spent is spent, with another time written into the file too."""
    assert world.plan_sheet("svc", [("new.one", "", "Organization User", "")])
    for at in range(6):
        world.apply(-1, troubles=[Trouble(at, how)], is_edited=is_edited and at > 0)
        world.resume(-1)
    mails = world.look().mails
    world.heal()  # as if the invitation had never been there, so that only what is spent holds the plan back
    world.apply(-1, is_edited=is_edited)
    assert [] == world.violations
    assert (mails + world.look().mails)["new.one@acme.example"] == 1


def test_a_run_that_leaves_too_few_is_seen(world, monkeypatch):
    """A product that does not count breaks the invariant, so that stories without a break say something."""
    for name in ("refusal", "check_after"):
        monkeypatch.setattr(AdminGuard, name, lambda *_, **__: "")
    monkeypatch.setattr(stages, "judge", lambda *_, **__: Judgement((), ()))
    assert world.plan_sheet("svc", [("bob", *USER)])
    world.outside("disable", "glass")
    world.apply(-1)
    assert any("leaves the Admins" in line for line in world.violations)


def test_other_breaks_are_seen_too(world):
    """The protected account, the caller, the acting key and mails are watched at each request of a run."""
    server = world.clients["svc"].api
    state = world.instance.state
    glass, ada = (state.find_person(who) for who in (GLASS, CALLER))
    user = state.find_role("ORGANIZATION_USER").id
    broken = [
        ("svc", lambda: server.set_organization_role(glass.id, user), "from glass@"),
        ("ada", lambda: server.set_organization_role(ada.id, user), "from ada@"),
        ("svc", lambda: server.delete_service_key(next(k.id for k in state.keys.values() if k.name == "svc")), "a key"),
    ]
    for actor, do, words in broken:
        world.heal()
        world.violations.clear()
        world.do_as(actor, do)
        assert any(words in line for line in world.violations), (words, world.violations)
    world.heal()
    assert world.plan_sheet("ada", [("dan", *ADMIN)])


def test_the_same_seed_tells_the_same_stories(monkeypatch):
    """What a seed finds is found again by it."""
    told: list[list[str]] = [[], []]
    for heard in told:
        monkeypatch.setattr(World, "plan_sheet", lambda self, *args, heard=heard: heard.append(repr(args)) or False)
        tell(examples=3, begin=7, steps=8)
    assert told[0] == told[1]
    assert told[0]
