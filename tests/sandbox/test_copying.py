from __future__ import annotations

import json
import re
import time
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import lsnb
from lsnb import sandbox
from lsnb.sandbox.copies import make_copy
from lsnb.sandbox.copies.names import Pseudonyms
from lsnb.snapshot import Snapshot
from tests.sandbox.conftest import NOW

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
FIXED = {"clock": "fixed"}
# Of both: how many people hold which role, and from where they have it.
SHAPE = ["scope", "role_name", "source", "state"]


def read(server: Any, key: str = "admin_pat", **more: Any) -> Snapshot:
    """Read a sandbox as lsnb does."""
    return lsnb.connect(endpoint=server.url, api_key=server.keys[key]).snapshot(audit_days=400, **more)


@pytest.fixture(scope="module")
def snap() -> Snapshot:
    """Give a snapshot of the seed `small`, with the tokens of everybody."""
    with sandbox.start(seed="small", now=NOW, behaviours={**FIXED, "pats_listed": "all"}) as server:
        server.state.organization.settings |= {
            "security_contact": "security@acme.example",
            "ip_allowlist": ["203.0.113.0/24", "0.0.0.0/0", "2a00:1450::/32"],
            "llm_auth_proxy_allowed_urls": ["https://proxy.acme.example/llm"],
        }
        next(iter(server.state.roles.values())).description = "As the service describes it"
        return read(server)


@pytest.fixture(scope="module")
def copied(snap: Snapshot) -> Any:
    """Give a copy of `small` under pseudonyms: what lsnb reads of it, and its state as data."""
    with sandbox.from_snapshot(snap, behaviours={**FIXED, "pats_listed": "all"}) as server:
        dump = json.loads(json.dumps(server.dump()))
        return SimpleNamespace(snap=read(server), dump=dump, keys=server.keys, notes=server.notes)


def same_shape(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Tell whether two `access` tables differ in names and ids only."""
    return left.groupby(SHAPE).size().to_dict() == right.groupby(SHAPE).size().to_dict()


def mapping_of(snap: Snapshot, salt: str = "") -> Pseudonyms:
    """Give the inventions that a copy of the snapshot uses."""
    from lsnb.sandbox.copies.rows import gather_texts

    return Pseudonyms(salt, gather_texts(snap))


def test_matrix_of_a_copy_is_the_same_under_the_mapping(snap, copied):
    """Who has what where is kept: each cell, once people, workspaces and custom roles are renamed."""
    names = mapping_of(snap)
    new = copied.snap
    spaces = dict(zip(new.workspaces["workspace_id"], new.workspaces["workspace"], strict=True))
    roles = dict(zip(new.roles["role_id"], new.roles["role"], strict=True))
    columns = {row.workspace: spaces[names.id(row.workspace_id)] for row in snap.workspaces.itertuples()}
    shown = {row.role: roles[names.id(row.role_id)] for row in snap.roles.itertuples()}
    wanted = snap.matrix().astype(object).rename(columns=columns).map(lambda role: shown.get(role))
    found = new.matrix().astype(object).map(lambda role: None if pd.isna(role) else role)
    wanted.index = pd.Index([names.email(email) for email in wanted.index], name="email", dtype=found.index.dtype)
    assert len(set(columns.values())) == 8
    assert_frame_equal(
        found.sort_index()[sorted(found)], wanted.sort_index()[sorted(wanted)], check_names=False, check_dtype=False
    )


def test_copy_keeps_states_roles_and_sizes(snap, copied):
    """States, sources, permissions of roles and the sizes of all tables are those of the original."""
    assert same_shape(copied.snap.access, snap.access)
    sizes = snap.permissions.groupby("role_id").size().sort_values().tolist()
    assert copied.snap.permissions.groupby("role_id").size().sort_values().tolist() == sizes
    for name in (
        "members",
        "invites",
        "workspaces",
        "roles",
        "policies",
        "sso",
        "scim_tokens",
        "shared_links",
        "usage",
    ):
        assert len(copied.snap.table(name)) == len(snap.table(name)), name
    assert len(copied.snap.service_keys) == len(snap.service_keys) + 2
    assert len(copied.snap.access_tokens) == len(snap.access_tokens) + 5
    assert copied.snap.members["is_disabled"].sum() == snap.members["is_disabled"].sum() == 1
    assert copied.snap.usage["n_traces"].sum() == snap.usage["n_traces"].sum()


def test_copy_keeps_plan_settings_and_times(snap, copied):
    """What findings depend on is kept: switches, limits, ages and ends of keys, kinds of conditions."""
    old, new = (s.settings.set_index(["area", "setting"])["value"] for s in (snap, copied.snap))
    changed = {name for _, name in old.index[old != new[old.index]]}
    assert changed == {
        "display_name", "security_contact", "sso_login_slug", "ip_allowlist", "llm_auth_proxy_allowed_urls",
    }  # fmt: skip
    networks = copied.snap.setting("ip_allowlist")
    assert [text.partition("/")[2] for text in networks] == ["24", "0", "32"]
    assert networks[1] == "0.0.0.0/0"
    for table, columns in (
        ("members", ["created_at", "login_methods", "provisioned_by"]),
        ("invites", ["created_at", "n_workspaces"]),
        ("scim_tokens", ["created_at", "last_used_at"]),
        ("policies", ["effect", "permission", "resource_type", "operator"]),
        ("audit_log", ["at", "operation", "outcome", "method", "http_status"]),
    ):
        left, right = (s.table(table)[columns].sort_values(columns, ignore_index=True) for s in (snap, copied.snap))
        assert_frame_equal(left, right)
    for table in ("service_keys", "access_tokens"):
        columns = ["created_at", "expires_at", "last_used_at"]
        rows = copied.snap.table(table)
        rows = rows[~rows["description"].str.endswith("of this copy").fillna(False).astype(bool)]
        left, right = (t[columns].sort_values(columns, ignore_index=True) for t in (snap.table(table), rows))
        assert_frame_equal(left, right)
    assert (copied.snap.service_keys["description"] == "").sum() == (snap.service_keys["description"] == "").sum()


def test_nothing_of_the_original_is_left_in_a_copy(snap, copied):
    """No address, domain, name, description, key end, network or id of the original is anywhere in the state."""
    text = json.dumps(copied.dump, ensure_ascii=False)
    words = {snap.meta.organization, snap.meta.organization_id}
    for table, columns in {
        "access": ["email", "name", "workspace"],
        "members": ["email", "name"],
        "invites": ["email"],
        "workspaces": ["workspace"],
        "service_keys": ["description", "short_key", "created_by"],
        "access_tokens": ["description", "short_key"],
        "service_accounts": ["service_account"],
        "scim_tokens": ["description", "short_token"],
        "policies": ["policy", "description", "attribute_key"],
        "sso": ["metadata_url"],
        "audit_log": ["ip"],
    }.items():
        for column in columns:
            words |= set(snap.table(table)[column].dropna()) - {"", "test", "*"}
    words |= set(snap.roles.loc[snap.roles["role_name"] == "CUSTOM", "role"])
    words |= {email.partition("@")[2] for email in snap.access["email"]}
    words |= {"acme", "Acme", "203.0.113", "2a00:1450"}
    assert len(words) > 100
    assert [word for word in words if word in text or json.dumps(word)[1:-1] in text] == []
    ids = {found for name in snap.table_names for found in UUID.findall(snap.table(name).to_csv())}
    assert len(ids) > 400
    assert ids & set(UUID.findall(text)) == set()


def test_the_same_person_has_one_name_and_domains_stay_together(snap, copied):
    """Addresses of one company stay of one company, and what is one person in two tables stays one."""
    names = mapping_of(snap)
    for real in snap.access["email"]:
        assert names.email(real) in set(copied.snap.access["email"])
    pairs = {(real.partition("@")[2], names.email(real).partition("@")[2]) for real in snap.access["email"]}
    assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs}) == 3
    assert all(new.endswith(".example") for _, new in pairs)
    plain, plus = names.email("grace.kim@acme.example"), names.email("grace.kim+eval@acme.example")
    assert plus.startswith(plain.partition("@")[0] + "+")
    assert set(copied.snap.access_tokens["email"]) <= set(copied.snap.members["email"])
    usage = copied.snap.usage
    assert set(usage.loc[usage["grouped_by"] == "user", "email"]) <= set(copied.snap.members["email"])


def test_copies_are_the_same_every_time_and_hang_on_the_salt(snap, tmp_path):
    """The same snapshot gives the same copy, also from a file; another salt gives other names."""
    snap.save(tmp_path / "x.lsnb")
    first, again, saved, salted = (
        make_copy(source, salt=salt)[0].dump()
        for source, salt in ((snap, ""), (snap, ""), (lsnb.load_snapshot(tmp_path / "x.lsnb"), ""), (snap, "pepper"))
    )
    assert first == again == saved
    addresses = [{person["email"] for person in dump["people"]} for dump in (first, salted)]
    assert len(addresses[0]) == len(addresses[1]) == 42
    assert addresses[0] & addresses[1] == set()


def test_with_one_salt_two_snapshots_get_the_same_names(snap):
    """A later snapshot with somebody gone gives the others the names that they had."""
    gone = snap.members["email"].iloc[5]
    tables = {name: snap.table(name) for name in snap.table_names}
    later = Snapshot(
        snap.meta, tables | {n: t[t["email"] != gone] for n, t in tables.items() if n in ("access", "members")}
    )
    before, after = (
        {person["id"]: person["email"] for person in make_copy(s, salt="pepper")[0].dump()["people"]}
        for s in (snap, later)
    )
    assert len(after) == len(before) - 1
    assert after.items() <= before.items()


def test_without_pseudonyms_access_is_exactly_that_of_the_original(snap):
    """A plan made on the original fits the copy: people, roles, workspaces and identities have their ids."""
    with sandbox.from_snapshot(snap, pseudonyms=False, behaviours=FIXED) as server:
        copy = read(server)
        assert server.state.organization.id == snap.meta.organization_id
    assert_frame_equal(copy.access, snap.access)
    assert_frame_equal(copy.roles, snap.roles)
    assert_frame_equal(copy.permissions, snap.permissions)
    assert_frame_equal(copy.settings, snap.settings)
    assert_frame_equal(copy.policies, snap.policies)
    assert_frame_equal(copy.sso, snap.sso)
    assert_frame_equal(copy.members, snap.members)
    assert_frame_equal(copy.invites, snap.invites)
    assert_frame_equal(copy.audit_log, snap.audit_log)
    assert_frame_equal(copy.workspaces, snap.workspaces)
    assert copy.meta.caller == snap.meta.caller


@pytest.mark.parametrize("seed", ["tidy", "norbac", "personal", "empty"])
@pytest.mark.parametrize("pseudonyms", [True, False])
def test_other_organizations_are_copied_too(seed, pseudonyms):
    """Groups that give roles, plans without roles and tiny organizations keep their shape."""
    with sandbox.start(seed=seed, now=NOW, behaviours=FIXED) as server:
        original = read(server)
        usual = set(server.keys)
    with sandbox.from_snapshot(original, pseudonyms=pseudonyms, behaviours=FIXED) as server:
        copy = read(server)
        assert set(server.keys) - {"admin_service_key"} == usual - {"admin_service_key"}
    assert same_shape(copy.access, original.access)
    assert copy.has_rbac == original.has_rbac
    if seed == "tidy":
        assert (copy.access["source"] == "group").sum() > 30
    if not pseudonyms:
        assert_frame_equal(copy.access, original.access)


@pytest.mark.parametrize("separator", [":", "-", "_", " ", "&"])
def test_groups_of_an_identity_provider_give_the_same_as_before(separator):
    """Whatever stands between the parts of a group's name, the copy's groups give what the original's gave."""
    with sandbox.start(seed="tidy", now=NOW, behaviours=FIXED) as server:
        server.state.organization.settings["scim_group_name_separator"] = separator
        for person in server.state.people.values():
            for group in person.scim_groups:
                group["name"] = group["name"].replace(":", separator)
        original = read(server, tables=["access", "members", "roles", "settings"])
    with sandbox.from_snapshot(original, behaviours=FIXED) as server:
        copy = read(server, tables=["access"])
    assert (original.access["source"] == "group").any()
    assert same_shape(copy.access, original.access)


@pytest.mark.parametrize("pseudonyms", [True, False])
def test_snapshot_of_a_workspace_key_is_copied_with_what_it_has(pseudonyms):
    """The people of one workspace are there, what could not be read is said, and an admin can look."""
    with sandbox.start(seed="small", now=NOW, behaviours=FIXED) as server:
        original = read(server, "workspace_key")
    assert not original.is_readable("roles")
    with sandbox.from_snapshot(original, pseudonyms=pseudonyms, behaviours=FIXED) as server:
        copy = read(server)
        notes = " ".join(server.notes)
        dump = json.dumps(server.dump())
    assert "roles" in notes
    assert "settings" in notes
    assert "Production" not in notes
    assert (copy.access["source"] == "direct").sum() >= len(
        original.access[original.access["scope"] == "workspace"]
    ) / 2
    held, wanted = (
        s.access.query("scope == 'workspace' and source != 'org-admin'").groupby("state").size().to_dict()
        for s in (copy, original)
    )
    assert held == wanted
    assert ("acme.example" in dump) is not pseudonyms


def test_copy_of_the_people_alone_has_a_stand_in_where_no_admin_is_known(snap):
    """Lists of people without `access` are enough; without an admin an invented one holds the keys, and it is said."""
    tables = {name: snap.table(name) for name in ("members", "invites", "completeness")}
    tables["members"] = tables["members"].query(
        "role_name != 'ORGANIZATION_ADMIN' and role_name != 'ORGANIZATION_OPERATOR'"
    )
    with sandbox.from_snapshot(Snapshot(snap.meta, tables)) as server:
        copy = read(server)
        assert "operator_pat" not in server.keys
        assert "workspace_key" not in server.keys
        assert {"admin_pat", "admin_service_key", "user_pat", "viewer_pat"} <= set(server.keys)
        assert any("stand.in@copy.example" in note for note in server.notes)
    assert len(copy.members) == len(tables["members"]) + 1
    assert len(copy.invites) == len(tables["invites"])


def test_keys_of_a_copy_belong_to_whoever_read_it_and_open_nothing_else(snap, copied):
    """The admin's key is the reader's, since a plan is bound to that person; copied keys have no secret."""
    assert copied.snap.meta.caller.email == mapping_of(snap).email(snap.meta.caller.email)
    hashes = [key["secret_hash"] for key in copied.dump["keys"] if not key["name"]]
    assert len(hashes) == len(snap.service_keys) + len(snap.access_tokens)
    assert not any(re.fullmatch("[0-9a-f]{64}", text) for text in hashes)
    assert all(str(copied.keys[name]).startswith("lsv2_") for name in ("operator_pat", "user_pat", "viewer_pat"))


def test_reset_goes_back_to_the_copy_and_times_can_be_moved(snap, tmp_path):
    """A rehearsal can be repeated; `now` moves every time, and a state file keeps what was done."""
    later = (snap.meta.read_at + pd.Timedelta(days=100)).isoformat()
    file = tmp_path / "state.json"
    with sandbox.from_snapshot(snap, now=later, state_file=file) as server:
        before = server.dump()
        server.state.drop_person(list(server.state.people.values())[-1])
        server.reset()
        assert server.dump() == before
        server.state.drop_person(list(server.state.people.values())[-1])
        moved = read(server, tables=["members"]).members["created_at"].max()
    assert moved - snap.members["created_at"].max() == pd.Timedelta(days=100)
    with sandbox.from_snapshot(snap, state_file=file) as server:
        assert len(server.state.people) == 41
    with pytest.raises(TypeError, match="seed"):
        sandbox.from_snapshot(snap, seed="small")


def test_large_copy_is_made_in_a_few_seconds():
    """Twenty thousand people get twenty thousand different addresses, soon enough to try."""
    with sandbox.start(seed="large", now=NOW, behaviours=FIXED) as server:
        original = read(server, tables=["access", "members", "invites", "workspaces", "roles", "settings"])
    started = time.process_time()  # of this process alone: the machine may be busy
    state, _ = make_copy(original)
    assert time.process_time() - started < 15
    assert len({person.email for person in state.people.values()}) == len(original.members) == len(state.people)
    assert (
        len(state.memberships)
        == (original.access["source"].isin(["direct", "group"]) & (original.access["scope"] == "workspace")).sum()
    )
