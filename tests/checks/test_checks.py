from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from lsnb.checks import CHECKS, run_checks
from lsnb.checks.spec import SEVERITIES
from lsnb.policy import Policy
from lsnb.snapshot import Snapshot
from tests.checks.tiny import READ_AT, Tiny, ago

HARDENED = {
    "sso_only": True,
    "jit_provisioning_enabled": False,
    "public_sharing_disabled": True,
    "max_api_key_expiry_days": 90,
    "max_pat_expiry_days": 90,
    "max_service_key_expiry_days": 90,
    "workspace_admin_can_invite_to_org": False,
    "ip_allowlist": ["198.51.100.0/24"],
    "security_contact": "security@acme.example",
}
POLICY = Policy(
    allowed_domains=("acme.example",),
    break_glass=("glass@acme.example",),
    restricted_workspaces={"Production": ("grace@acme.example", "sam@acme.example")},
)
ROSTER = [
    ("ada", "active"),
    ("bob", "active"),
    ("glass", "active"),
    ("grace", "active"),
    ("sam", "active"),
    ("uwe", "left"),
]
TAGS = {"Environment": ["production", "staging"], "Client": ["acme"]}
CAMPAIGNS = [("spring", READ_AT - pd.Timedelta(days=200), 0), ("autumn", READ_AT - pd.Timedelta(days=20), 0)]


def good(**more: Any) -> Tiny:
    """Make an organization in which everything is as it should be."""
    tiny = Tiny("Production", "Staging", settings=HARDENED | more).add_sso().add_scim_token()
    tiny.add_role("Writer", "workspaces:read", "prompts:create")
    tiny.add("ada", "Organization Admin").add("bob", "Organization Admin").add("glass", "Organization Admin")
    tiny.add("grace", places={"Production": "Admin", "Staging": "Writer"}).add("sam", places={"Staging": "Admin"})
    tiny.add("new", places={"Staging": "Viewer"}, state="pending", days=3)
    tiny.add_key("Ingestion of the shop").add_token("Laptop", "grace").add_link("launch demo")
    tiny.add_policy("staging", "allow", "datasets:read", ("Environment", "equals", "staging"), on=("Writer",))
    tiny.add_policy("production", "deny", "datasets:read", ("Environment", "equals", "production"), on=("Writer",))
    tiny.add_usage(person="grace", days=5, traces=12)
    return tiny.add_log("ada", "bob", "grace", "sam").add_event("update_org_member", "ada", days=4)


class Case(NamedTuple):
    """How a check alarms and how it cannot judge.

    Args:
        bad: spoils the good organization.
        about: the resource of the only alarm, or of the first.
        unread: the table without which it cannot say anything, and so is an error; None where it is told otherwise.
        n: how many alarms.
    """

    bad: Callable[[Tiny], Any]
    about: str
    unread: str | None
    n: int = 1


def demote(tiny: Tiny) -> None:
    """Leave one Organization Admin only."""
    for person in tiny.people[1:3]:
        person.update(role_id="role Organization User", role_name="ORGANIZATION_USER")


def promote(tiny: Tiny) -> None:
    """Make two more Organization Admins."""
    tiny.add("carl", "Organization Admin").add("dora", "Organization Admin")


def change(tiny: Tiny, index: int, **fields: Any) -> None:
    """Change a person; ada, bob, glass, grace, sam, new."""
    tiny.people[index].update(fields)


def setting(name: str, value: Any) -> Callable[[Tiny], Any]:
    """Set a setting."""
    return lambda tiny: tiny.info.update({name: value})


def collect(tiny: Tiny) -> None:
    """Put one of many people into six workspaces."""
    tiny.workspaces.extend("ABCDEF")
    for number in range(30):
        tiny.add(f"p{number}", places={"Staging": "Viewer"})
    tiny.add("wei", places=dict.fromkeys("ABCDEF", "Viewer"))


def burst(tiny: Tiny) -> None:
    """Let six calls fail within five minutes, and four within half an hour at another time."""
    for minute in range(6):
        tiny.add_event("delete_workspace_member", "sam", days=3, hours=minute / 60, outcome="Failure")
    for minute in range(4):
        tiny.add_event("delete_workspace_member", "grace", days=10, hours=minute / 8, outcome="Failure")


def export(tiny: Tiny) -> None:
    """Make a key and export at once; another export comes a day later."""
    tiny.add_event("create_service_key", "sam", days=4, hours=1).add_event("create_bulk_export", "sam", days=4)
    tiny.add_event("create_bulk_export", "sam", days=3)


STEWARD = ("workspaces:manage-members", "runs:delete")

CASES: dict[str, Case] = {
    "LS-ADM-01": Case(demote, "organization:Acme", "members"),
    "LS-ADM-02": Case(promote, "organization:Acme", "members"),
    "LS-ADM-03": Case(
        lambda t: t.add("o1", "Organization Operator").add("o2", "Organization Operator"),
        "organization:Acme",
        "members",
    ),
    "LS-ADM-04": Case(
        lambda t: t.add("dana@partner.example", "Organization Admin"), "member:dana@partner.example", "members"
    ),
    "LS-ADM-05": Case(
        lambda t: change(t, 0, linked_login_methods=[{"provider": "supabase:sso"}, {"provider": "email"}]),
        "member:ada@acme.example",
        "sso",
    ),
    "LS-ADM-06": Case(lambda t: t.add("idle", "Organization Admin"), "member:idle@acme.example", "members"),
    "LS-ADM-07": Case(lambda t: t.add_event("login", "glass", days=5), "member:glass@acme.example", "members"),
    "LS-ADM-08": Case(lambda t: t.add("carl", "Organization Admin"), "member:carl@acme.example", "members"),
    "LS-ADM-09": Case(
        lambda t: t.add_role("Steward", *STEWARD).add("eve", places={"Staging": "Steward"}),
        "member:eve@acme.example",
        "permissions",
    ),
    "LS-MEM-01": Case(lambda t: t.add("odd", places={"Staging": "Viewer"}), "member:odd@acme.example", "members"),
    "LS-MEM-02": Case(lambda t: t.add("uwe", places={"Staging": "Viewer"}), "member:uwe@acme.example", "members"),
    "LS-MEM-03": Case(lambda t: t.add("idle", places={"Staging": "Viewer"}), "member:idle@acme.example", "members"),
    "LS-MEM-04": Case(
        lambda t: t.add("peter", places={"Staging": "Viewer"}, state="disabled"), "member:peter@acme.example", "access"
    ),
    "LS-MEM-05": Case(
        lambda t: t.add("sam+eval", places={"Staging": "Viewer"}, days=900), "member:sam+eval@acme.example", "members"
    ),
    "LS-MEM-06": Case(lambda t: t.add("dev-team2", places={}), "member:dev-team2@acme.example", "members"),
    "LS-MEM-07": Case(lambda t: t.add("kim@free.example"), "member:kim@free.example", "members"),
    "LS-MEM-08": Case(lambda t: t.add("hannah"), "member:hannah@acme.example", "access"),
    "LS-MEM-09": Case(lambda t: t.add("jit", by="saml:jit"), "member:jit@acme.example", "scim_tokens"),
    "LS-INV-01": Case(lambda t: change(t, 5, created_at=ago(40)), "invitation:new@acme.example", "invites"),
    "LS-INV-02": Case(
        lambda t: t.add("boss", "Organization Operator", state="pending", days=1),
        "invitation:boss@acme.example",
        "invites",
    ),
    "LS-INV-03": Case(lambda t: t.add("sam", state="pending", days=1), "invitation:sam@acme.example", "invites"),
    "LS-WSP-01": Case(lambda t: t.workspaces.append("Orphan"), "workspace:Orphan", "access"),
    "LS-WSP-02": Case(
        lambda t: [t.add(f"p{n}", places={"Staging": "Admin"}) for n in range(3)], "workspace:Staging", "access"
    ),
    "LS-WSP-03": Case(lambda t: t.add("kim", places={"Production": "Viewer"}), "member:kim@acme.example", "access"),
    "LS-WSP-04": Case(
        collect,
        "member:wei@acme.example",
        "access",
    ),
    "LS-WSP-05": Case(lambda t: t.workspaces.append("Sales:Demos"), "workspace:Sales:Demos", "settings"),
    "LS-ROL-01": Case(lambda t: t.info["config"].update(can_use_rbac=False), "setting:can_use_rbac", "settings"),
    "LS-ROL-02": Case(lambda t: t.add_role("Steward", *STEWARD), "role:Steward", "permissions"),
    "LS-ROL-03": Case(
        lambda t: t.add_role("Sharer", "runs:share").add("eve", places={"Staging": "Sharer"}),
        "member:eve@acme.example",
        "access",
    ),
    "LS-ROL-04": Case(lambda t: t.add_role("Legacy", "runs:read"), "role:Legacy", "service_keys"),
    "LS-ROL-05": Case(lambda t: t.add_role("writer", "runs:read"), "role:writer", "roles"),
    "LS-ROL-06": Case(
        lambda t: t.add_role("Steward", *STEWARD).add("eve", places={"Staging": "Steward"}),
        "member:eve@acme.example",
        "access",
    ),
    "LS-ROL-07": Case(lambda t: t.roles[-1]["permissions"].append("runs:delete"), "role:Writer", "permissions"),
    "LS-KEY-01": Case(
        lambda t: t.add_key("Whole", access_scope="organization", org_role_id="role Organization Admin"),
        "service_key:Whole",
        "service_keys",
    ),
    "LS-KEY-02": Case(
        lambda t: t.add_key("Endless", expires_at=None).add_key("Long", expires_at=ago(-900)),
        "service_key:Endless",
        "service_keys",
        2,
    ),
    "LS-KEY-03": Case(
        lambda t: t.add_key("Idle", last_used_at=None).add_key("Young", last_used_at=None, days=2),
        "service_key:Idle",
        "service_keys",
    ),
    "LS-KEY-04": Case(lambda t: t.add_key("Old", days=300), "service_key:Old", "service_keys"),
    "LS-KEY-05": Case(
        lambda t: t.add_key("Default API key").add_key("Orphan", created_by_email="gone@acme.example"),
        "service_key:Default API key",
        "members",
        2,
    ),
    "LS-KEY-06": Case(lambda t: t.add_key("Strong", role="Admin"), "service_key:Strong", "service_keys"),
    "LS-PAT-01": Case(
        lambda t: t.add_token("Endless", "sam", expires_at=None), "access_token:Endless", "access_tokens"
    ),
    "LS-PAT-02": Case(
        lambda t: t.add_token("Idle", "sam", days=85, last_used_at=ago(70)), "access_token:Idle", "access_tokens"
    ),
    "LS-PAT-03": Case(
        lambda t: [
            t.add_token("Sync", "ada"),
            *(t.add_usage(short_key="lsv2_pt_...1", days=d, traces=900) for d in (1, 2, 3, 4)),
        ],
        "access_token:Sync",
        "usage",
    ),
    "LS-SSO-01a": Case(setting("sso_only", False), "setting:sso_only", "settings"),
    "LS-SSO-01b": Case(
        lambda t: t.records["sso"][0].update(default_workspace_role_id="role Admin"), "sso_provider:Production", "sso"
    ),
    "LS-SSO-01c": Case(setting("jit_provisioning_enabled", True), "setting:jit_provisioning_enabled", "scim_tokens"),
    "LS-SCM-01": Case(
        lambda t: t.add_scim_token("", days=400).add_scim_token("b", used=None), "organization:Acme", "scim_tokens", 3
    ),
    "LS-ORG-01a": Case(setting("public_sharing_disabled", False), "setting:public_sharing_disabled", "settings"),
    "LS-ORG-01b": Case(setting("max_pat_expiry_days", None), "setting:max_pat_expiry_days", "settings"),
    "LS-ORG-01c": Case(
        setting("workspace_admin_can_invite_to_org", True), "setting:workspace_admin_can_invite_to_org", "settings"
    ),
    "LS-ORG-01d": Case(setting("ip_allowlist", []), "setting:ip_allowlist", "settings"),
    "LS-ORG-01e": Case(setting("security_contact", None), "setting:security_contact", "settings"),
    "LS-ABC-01a": Case(
        lambda t: t.add_policy("eu", "deny", "runs:read", ("Environment", "equals", "eu"), on=("Writer",)),
        "access_policy:eu",
        "policies",
    ),
    "LS-ABC-01b": Case(
        lambda t: t.add_policy("all", "allow", "runs:read", ("Client", "matches", "*"), on=("Writer",)),
        "access_policy:all",
        "policies",
    ),
    "LS-ABC-01c": Case(
        lambda t: t.add_policy("none", "allow", "runs:read", ("Client", "equals", "acme")),
        "access_policy:none",
        "policies",
    ),
    "LS-ABC-01d": Case(
        lambda t: t.add_policy("ghost", "deny", "runs:read", ("Cost", "equals", "1"), on=("Writer",)),
        "access_policy:ghost",
        "policies",
    ),
    "LS-ABC-01e": Case(
        lambda t: t.add_policy("open", "allow", "runs:read", ("Client", "equals_if_exists", "acme"), on=("Writer",)),
        "access_policy:open",
        "policies",
    ),
    "LS-SHR-01": Case(
        lambda t: t.add_link("old", days=60, workspace="Staging").add_link("inside"),
        "shared_link:inside",
        "shared_links",
        2,
    ),
    "LS-LOG-01a": Case(burst, "audit_log:delete_workspace_member", "audit_log"),
    "LS-LOG-01b": Case(export, "audit_log:create_bulk_export", "audit_log"),
    "LS-LOG-01c": Case(
        lambda t: t.add_event("update_role", "ada", days=5, hours=5), "audit_log:update_role", "audit_log"
    ),
    "LS-LOG-01d": Case(
        lambda t: t.add_event("update_role", None, key="key Ingestion of the shop"),
        "audit_log:update_role",
        "service_keys",
    ),
    "LS-LOG-01e": Case(
        lambda t: t.add_event("delete_personal_access_token", "sam", resources=("token Laptop",)),
        "audit_log:delete_personal_access_token",
        "access_tokens",
    ),
}


@cache
def earlier() -> Snapshot:
    """Read the good organization once, to compare with."""
    return good().snapshot()


def run(check: str, tiny: Tiny, **more: Any) -> pd.DataFrame:
    """Run one check with everything that it may want beside the snapshot."""
    given: dict[str, Any] = {
        "policy": POLICY,
        "roster": pd.DataFrame(
            [(f"{name}@acme.example", status) for name, status in ROSTER], columns=["email", "status"]
        ),
        "earlier": earlier(),
        "tags": TAGS,
        "campaigns": pd.DataFrame(CAMPAIGNS, columns=["campaign", "closed_at", "n_open"]),
    }
    if check in ("LS-WSP-03", "LS-SHR-01"):
        tiny.records["shared_links"] = [
            link for link in tiny.records["shared_links"] if link[1]["run_name"] != "launch demo"
        ]
    return run_checks(tiny.snapshot(), only=[check], **given | more)


@pytest.mark.parametrize("check", list(CHECKS))
def test_a_check_is_ok_where_all_is_well(check):
    """On an organization without a flaw, every check has looked and found nothing."""
    found = run(check, good())
    assert [("ok", "Nothing found.")] == list(zip(found["status"], found["reason"], strict=True))


@pytest.mark.parametrize("check", list(CASES))
def test_a_check_alarms_where_its_flaw_is(check):
    """One flaw gives the alarm, with a reason and the remedy, about the right thing."""
    case, tiny = CASES[check], good()
    case.bad(tiny)
    found = run(check, tiny)
    assert ["alarm"] * case.n == found["status"].tolist()
    assert case.about == found["resource"][0]
    assert CHECKS[check].fix == found["fix"][0]
    assert found["reason"][0].endswith(".")


@pytest.mark.parametrize("check", list(CASES))
def test_a_check_that_cannot_read_says_so_also_where_the_flaw_is(check):
    """What could not be read is an error with the reason, and never ok."""
    case, tiny = CASES[check], good()
    case.bad(tiny)
    found = run(check, tiny.lose(str(case.unread)))
    assert ["error"] == found["status"].tolist()
    assert "not for this key" in found["reason"][0]


@pytest.mark.parametrize("check", [name for name, found in CHECKS.items() if found.needs])
def test_nothing_found_in_a_part_is_not_ok(check):
    """Where a table was not wholly read, finding nothing is undecided."""
    needed = CHECKS[check].needs[0]
    found = run(check, good().lose(needed, "partial", "cut short."))
    assert "ok" not in set(found["status"])


@pytest.mark.parametrize("check", [name for name, found in CHECKS.items() if found.feature])
def test_a_check_of_a_feature_that_the_plan_lacks_is_skipped(check):
    """Without the feature there is nothing to judge, and the reason names it."""
    tiny, feature = good(), str(CHECKS[check].feature)
    tiny.info["config"][feature] = False
    found = run(check, tiny)
    assert ["skip"] == found["status"].tolist()
    assert feature in found["reason"][0]


@pytest.mark.parametrize(
    ("check", "without"),
    [
        ("LS-ADM-04", {"policy": Policy()}),
        ("LS-ADM-07", {"policy": Policy()}),
        ("LS-ADM-08", {"earlier": None}),
        ("LS-MEM-01", {"roster": None}),
        ("LS-MEM-02", {"roster": None}),
        ("LS-MEM-07", {"policy": Policy()}),
        ("LS-WSP-03", {"policy": Policy()}),
        ("LS-ROL-07", {"earlier": None}),
        ("LS-ABC-01a", {"tags": None}),
        ("LS-ABC-01d", {"tags": None}),
        ("LS-REV-01", {"campaigns": None}),
    ],
)
def test_a_check_that_misses_what_it_compares_with_is_undecided(check, without):
    """Without roster, list, tags or earlier snapshot, the answer is neither ok nor alarm."""
    assert ["info"] == run(check, good(), **without)["status"].tolist()


@pytest.mark.parametrize(
    ("check", "change_records"),
    [
        ("LS-KEY-01", lambda t: [key.pop("access_scope") for key in t.records["service_keys"]]),
        ("LS-KEY-05", lambda t: [key.pop("created_by_email") for key in t.records["service_keys"]]),
        ("LS-KEY-06", lambda t: [key.pop("role_id") for key in t.records["service_keys"]]),
        ("LS-KEY-04", lambda t: [key.pop("created_at") for key in t.records["service_keys"]]),
        ("LS-MEM-09", lambda t: [p.update(linked_login_methods=[]) for p in t.people]),
        ("LS-INV-01", lambda t: t.people[5].update(created_at=None)),
        ("LS-SSO-01a", lambda t: t.info.pop("sso_only")),
        ("LS-ORG-01d", lambda t: t.info.pop("ip_allowlist")),
        ("LS-LOG-01f", lambda t: t.records["audit_log"].__delitem__(slice(0, 4))),
    ],
)
def test_what_an_older_server_does_not_say_is_undecided(check, change_records):
    """A field that is missing everywhere is neither ok nor alarm."""
    tiny = good()
    change_records(tiny)
    assert {"info"} == set(run(check, tiny)["status"])


@pytest.mark.parametrize(
    ("closed_days", "n_open", "statuses"),
    [(20, 0, ["ok"]), (100, 0, ["alarm"]), (20, 3, ["alarm"]), (None, 0, ["alarm"])],
)
def test_the_last_review_must_be_recent_and_closed(closed_days, n_open, statuses):
    """An old review, an open one, and one with rows not remedied alarm."""
    closed = pd.NaT if closed_days is None else READ_AT - pd.Timedelta(days=closed_days)
    campaigns = pd.DataFrame({"campaign": ["autumn"], "closed_at": pd.Series([closed], dtype="datetime64[ns, UTC]")})
    assert statuses == run("LS-REV-01", good(), campaigns=campaigns.assign(n_open=n_open))["status"].tolist()


@pytest.mark.parametrize("check", ["LS-ADM-06", "LS-MEM-03"])
@pytest.mark.parametrize("reach", ["without", "short"])
def test_without_the_log_nobody_is_called_dormant(check, reach):
    """No trace is no proof where the log was not read, or not far enough back; the reason says what was looked at."""
    tiny = good()
    CASES[check].bad(tiny)
    if reach == "without":
        tiny.lose("audit_log")
    else:
        tiny.records["audit_log"] = tiny.records["audit_log"][-1:]
        for name in ("ada", "bob", "grace", "sam"):
            tiny.add_event("login", name, days=2)
    found = run(check, tiny)
    row = found[found["email"] == "idle@acme.example"]
    assert row["status"].tolist() == ["info"]
    assert ("not readable: audit log" if reach == "without" else "days only") in row["reason"].iloc[0]
    assert "alarm" not in set(found["status"])


def test_every_entry_of_the_catalogue_is_registered():
    """Each id of the catalogue's page is here, whole or as lettered conditions."""
    page = Path(__file__).parents[3] / "shared" / "CHECKS.md"
    if not page.exists():
        pytest.skip("the page of the catalogue is not beside the repository")
    ids = {line.split("|")[1].strip() for line in page.read_text().splitlines() if line.startswith("| LS-")}
    assert len(ids) == 49
    assert ids == {name.rstrip("abcdef") for name in CHECKS}


def test_every_check_says_what_it_is():
    """The id fits its area's form; severity, reasons, remedy, frameworks and condition are there; thresholds exist."""
    for name, found in CHECKS.items():
        assert name == found.id
        assert found.severity in SEVERITIES
        assert all([found.title, found.why.endswith("."), found.fix.endswith("."), found.condition.endswith(".")])
        assert [part.split()[0] for part in found.frameworks] == ["SOC", "ISO", "NIST"]
        assert all(hasattr(Policy(), threshold) for threshold in found.thresholds)


def test_every_check_has_a_case():
    """No check goes without a test of its alarm; two never alarm by a flaw of the organization."""
    assert set(CHECKS) - set(CASES) == {"LS-REV-01", "LS-LOG-01f"}


@pytest.mark.thorough
def test_each_of_the_64_checks_is_seen_well_flawed_and_not_judged():
    """One organization for each, counted by id: nothing is tried in one way only."""
    flaws = {name: case.bad for name, case in CASES.items()}
    flaws["LS-LOG-01f"] = lambda tiny: tiny.records["audit_log"].__delitem__(slice(0, 4))
    flaws["LS-REV-01"] = lambda tiny: None
    late = pd.DataFrame({"campaign": ["a"], "closed_at": [READ_AT - pd.Timedelta(days=300)], "n_open": [0]})
    well, flawed, unjudged = set(), set(), set()
    for name, check in CHECKS.items():
        well |= {name} if ["ok"] == run(name, good())["status"].tolist() else set()
        spoilt = good()
        flaws[name](spoilt)
        found = run(name, spoilt, **({"campaigns": late} if name == "LS-REV-01" else {}))
        expected = "info" if name == "LS-LOG-01f" else "alarm"  # a gap in the record is no fault of the organization
        flawed |= {name} if expected in set(found["status"]) else set()
        if check.needs:
            found = run(name, good().lose(check.needs[0]))
            unjudged |= {name} if ["error"] == found["status"].tolist() else set()
        elif ["info"] == run(name, good(), campaigns=None)["status"].tolist():
            unjudged |= {name}
    assert 64 == len(CHECKS)
    assert set(CHECKS) == well == flawed == unjudged


def test_a_list_of_holders_covers_built_in_roles_too():
    """Who is named may hold it; with a list, an Admin who is not on it alarms as well, Organization Admins apart."""
    policy = Policy(permission_holders={"runs:delete": ("grace@acme.example",)})
    found = run("LS-ROL-03", good(), policy=policy)
    assert found[["status", "email", "workspace"]].values.tolist() == [["alarm", "sam@acme.example", "Staging"]]


@pytest.mark.parametrize(
    ("check", "policy"),
    [
        ("LS-ADM-08", Policy(accepted_admins=("carl@acme.example",))),
        ("LS-MEM-01", Policy(accepted_accounts=("ODD@acme.example",))),
        (
            "LS-MEM-07",
            Policy(allowed_domains=("acme.example",), domain_exceptions={"free.example": READ_AT + pd.Timedelta("1D")}),
        ),
        ("LS-MEM-09", Policy(accepted_accounts=("jit@acme.example",))),
        ("LS-ROL-07", Policy(approved_roles=("Writer",))),
        ("LS-KEY-01", Policy(accepted_keys=("Whole",))),
        ("LS-KEY-06", Policy(accepted_keys=("key Strong",))),
        ("LS-LOG-01d", Policy(accepted_keys=("Ingestion of the shop",))),
    ],
)
def test_what_the_policy_accepts_is_no_alarm(check, policy):
    """Accepted people, accounts, domains, roles and keys are left alone."""
    tiny = good()
    CASES[check].bad(tiny)
    assert run(check, tiny, policy=policy)["status"].tolist() == ["ok"]


def test_an_exception_that_has_ended_alarms_again():
    """A dated exception holds until its date only, and the reason says when that was."""
    policy = Policy(allowed_domains=("acme.example",), domain_exceptions={"free.example": READ_AT - pd.Timedelta("1D")})
    found = run("LS-MEM-07", good().add("kim@free.example"), policy=policy)
    assert found["status"].tolist() == ["alarm"]
    assert "ended on 2026-11-01" in found["reason"][0]


@pytest.mark.parametrize("check", ["LS-MEM-02", "LS-MEM-04"])
def test_without_the_tokens_nothing_found_is_undecided(check):
    """A leaver or disabled person may hold a token that could not be read."""
    assert run(check, good().lose("access_tokens"))["status"].tolist() == ["info"]


def test_the_tags_of_the_snapshot_are_what_policies_are_held_against():
    """No argument is needed where they were read whole; where they were not, nothing is judged by them."""
    tiny = good().add_tag("Environment", "production", "staging").add_tag("Empty")
    tiny.add_policy("ghost", "deny", "runs:read", ("Cost", "equals", "1"), on=("Writer",))
    tiny.add_policy("eu", "deny", "runs:read", ("Environment", "equals", "eu"), on=("Writer",))
    assert ["access_policy:eu"] == run("LS-ABC-01a", tiny, tags=None)["resource"].tolist()
    assert ["access_policy:eu", "access_policy:ghost"] == run("LS-ABC-01d", tiny, tags=None)["resource"].tolist()
    for status in ("partial", "unreadable", "not-loaded"):
        found = run("LS-ABC-01d", tiny.lose("tags", status), tags=None)
        assert {"info"} == set(found["status"])
        assert "tags of the workspaces were not read whole" in found["reason"][0]


def test_a_role_that_something_unread_may_use_is_not_called_unused():
    """Without the policies, a role without people is info."""
    found = run("LS-ROL-04", good().add_role("Legacy", "runs:read").lose("policies"))
    assert found["status"].tolist() == ["info"]
    assert "policies" in found["reason"][0]


@pytest.mark.parametrize(("check", "table"), [(c.id, t) for c in CHECKS.values() for t in c.absent_from])
def test_what_is_missing_from_a_part_is_not_called_missing(check, table):
    """A check that alarms about an absence does not do so where the list was not wholly read, and says why."""
    tiny = good()
    CASES[check].bad(tiny)
    found = run(check, tiny.lose(table, "partial", "cut short."))
    assert {"info"} == set(found["status"])
    assert "cut short" in found["reason"][0]
