"""The fixed organizations."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from lsnb.sandbox.ids import parse_stamp
from lsnb.sandbox.seeds import SEED_NOW, SEEDS, build
from lsnb.sandbox.seeds.expected_findings import DORMANT, NOT_PLANTED, PLANTED
from lsnb.sandbox.seeds.roster import make_roster

from .conftest import NOW

LATER = "2027-03-02T12:00:00+00:00"
CHECKS = {f"LS-{area}-{number:02d}" for area, count in (
    ("ADM", 9), ("MEM", 9), ("INV", 3), ("WSP", 5), ("ROL", 7), ("KEY", 6), ("PAT", 3), ("SSO", 1), ("SCM", 1),
    ("ORG", 1), ("ABC", 1), ("SHR", 1), ("LOG", 1), ("REV", 1)) for number in range(1, count + 1)}  # fmt: skip


def digest(state):
    """Return a hash over everything."""
    return hashlib.sha256(json.dumps(state.dump(), sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", [name for name in SEEDS if name != "large"])
def test_seed_is_the_same_every_time(name):
    """Two builds on the same day are equal to the last character."""
    assert digest(build(name, now=NOW)) == digest(build(name, now=NOW))


@pytest.mark.parametrize("name", ["small", "tidy"])
def test_ids_do_not_depend_on_the_day(name):
    """Another reference date moves times and nothing else."""
    one, two = build(name, now=NOW), build(name, now=LATER)
    for table in ("people", "memberships", "invitations", "keys", "roles", "workspaces", "policies", "share_links"):
        assert list(getattr(one, table)) == list(getattr(two, table))
    shift = parse_stamp(LATER) - parse_stamp(NOW)
    for person in one.people.values():
        assert parse_stamp(two.people[person.id].created_at) - parse_stamp(person.created_at) == shift


def test_default_reference_is_the_last_noon():
    """Left alone a seed never ages, and nothing in it lies in the future."""
    state = build("small")
    now = datetime.now(UTC)
    assert timedelta(0) <= now - state.reference < timedelta(days=1, seconds=5)
    assert state.reference.hour == 12
    assert max(row["request_time"] for row in state.audit) <= now.isoformat()
    assert all(parse_stamp(usage.time) < now for usage in state.usage.values())
    assert parse_stamp(NOW) == SEED_NOW


def test_small_is_a_company_of_forty():
    """People, workspaces, roles in use, and the cases that clients trip over."""
    state = build("small", now=NOW)
    assert len(state.people) == 42
    assert len(state.workspaces) == 8
    assert {state.roles[person.role_id].name for person in state.people.values()} == {
        "ORGANIZATION_ADMIN", "ORGANIZATION_OPERATOR", "ORGANIZATION_USER", "ORGANIZATION_VIEWER",
    }  # fmt: skip
    names = [person.full_name for person in state.people.values()]
    assert len(set(names)) == len(names)
    assert {"<img src=x onerror=window.hacked=1>", '=HYPERLINK("http://evil.example","x")', "Siobhán O'Connor"} <= set(
        names
    )
    assert len(state.audit) > 300
    oldest = parse_stamp(state.audit[0]["request_time"])
    assert timedelta(days=399) < state.reference - oldest <= timedelta(days=400)
    assert any(person.is_disabled for person in state.people.values())
    assert any(invitation.email != invitation.email.lower() for invitation in state.invitations.values())


def test_every_check_is_planted_or_explained():
    """No check of the catalogue is forgotten."""
    assert {check[:9] for check in PLANTED} | set(NOT_PLANTED) == CHECKS


def _exists(state, finding):
    """Tell whether the thing a finding is about is in the organization."""
    tables = {
        "member": [p.email for p in state.people.values()],
        "invitation": [i.email.lower() for i in state.invitations.values()],  # findings name addresses so
        "role": [r.display_name for r in state.roles.values()],
        "workspace": [w.display_name for w in state.workspaces.values()],
        "service_key": [k.description for k in state.keys.values() if k.kind == "service"],
        "access_token": [k.description for k in state.keys.values() if k.kind == "pat"],
        "scim_token": [t.description for t in state.scim_tokens.values()],
        "access_policy": [p.name for p in state.policies.values()],
        "shared_link": [link.target_name for link in state.share_links.values()],
        "audit_log": [row["operation_name"] for row in state.audit],
        "sso_provider": ["Support"] if state.providers else [],
        "organization": [state.organization.display_name],
    }
    return finding["resource"] == "setting" or finding["name"] in tables[finding["resource"]]


@pytest.mark.parametrize("check", PLANTED)
def test_planted_things_are_there(check):
    """Whatever a planted finding names exists."""
    state = build("small", now=NOW)
    assert [f for f in PLANTED[check] if not _exists(state, f)] == []
    for finding in PLANTED[check]:
        if "workspace" in finding:
            assert finding["workspace"] in {w.display_name for w in state.workspaces.values()}


def _admins(state):
    return [p for p in state.people.values() if state.is_admin(p)]


def test_planted_numbers_hold():
    """The findings that count things count right."""
    state = build("small", now=NOW)
    assert len(_admins(state)) == 6
    used = {row["user_id"] for row in state.audit} | {
        state.people[usage.person_id].user_id for usage in state.usage.values() if usage.person_id
    }
    owners = {key.person_id for key in state.keys.values() if key.kind == "pat"}
    for email in DORMANT:
        person = state.find_person(email)
        assert person.user_id not in used
        assert person.id not in owners
    staging = next(w.id for w in state.workspaces.values() if w.display_name == "Staging")
    admin = state.find_role("WORKSPACE_ADMIN").id
    assert sum(m.role_id == admin for m in state.rosters[staging].values()) == 5
    used_roles = {m.role_id for m in state.memberships.values()} | {k.role_id for k in state.keys.values()}
    custom = [role for role in state.roles.values() if role.name == "CUSTOM"]
    assert [role.display_name for role in custom if role.id not in used_roles] == ["Legacy Exporter"]


def test_tidy_is_the_earlier_snapshot_without_the_flaws():
    """The same people have the same ids; what was planted later is not there yet."""
    tidy, small = build("tidy", now=NOW), build("small", now=NOW)
    assert set(tidy.people) < set(small.people)
    assert tidy.organization.id == small.organization.id
    assert len(_admins(tidy)) == 3
    assert not any(person.is_disabled for person in tidy.people.values())
    assert all(m["provisioning_method"] == "scim" for p in tidy.people.values() for m in p.login_methods)
    assert all(key.expires_at for key in tidy.keys.values())
    assert not tidy.share_links
    fresh = parse_stamp(NOW) - timedelta(days=14)
    assert all(parse_stamp(invitation.created_at) > fresh for invitation in tidy.invitations.values())
    roster = {row["email"] for row in make_roster()}
    assert {person.email for person in tidy.people.values()} <= roster


@pytest.mark.parametrize("now", [NOW, LATER, "2026-11-22T12:00:00+00:00"])
def test_tidy_changes_access_in_working_hours_only(now):
    """Whatever day it is shown, no change of access lies on a weekend or at night."""
    state = build("tidy", now=now)
    writes = [parse_stamp(r["request_time"]) for r in state.audit if r["operation_name"] != "login"]
    assert all(time.weekday() < 5 and 9 <= time.hour < 16 for time in writes)
    assert max(writes) <= parse_stamp(now)


def test_large_has_its_size_and_is_fast():
    """Twenty thousand people, two hundred workspaces, about a hundred thousand memberships."""
    started = time.process_time()
    state = build("large", now=NOW)
    assert time.process_time() - started < 6
    assert len(state.people) + len(state.invitations) == 20_000
    assert len(state.workspaces) == 200
    assert 95_000 <= len(state.memberships) <= 105_000
    last = list(state.people.values())[-1]
    assert len(state.places[last.id]) >= 1
    again = build("large", now=NOW)
    assert list(again.memberships) == list(state.memberships)
    assert len({person.full_name for person in state.people.values()}) == len(state.people)


def test_unknown_seed_names_the_known_ones():
    """A typing mistake is told."""
    with pytest.raises(ValueError, match="small"):
        build("smal")
