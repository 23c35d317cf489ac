"""Acme as it is after some years: the clean company with something wrong for every check (the seed `small`).

What is wrong is listed as data in `planted`. Ids are those of the clean company, so `tidy` is its earlier snapshot.
"""

from __future__ import annotations

from datetime import timedelta

from lsnb.sandbox.ids import make_stamp
from lsnb.sandbox.permissions import CATALOGUE
from lsnb.sandbox.seeds.builder import Builder
from lsnb.sandbox.seeds.company import (
    ADMIN,
    CUSTOM_ROLES,
    DOMAIN,
    OPERATOR,
    PEOPLE,
    USER,
    VIEWER,
    add_demo_keys,
    add_employee,
    add_service_keys,
    everybody,
    lay_out,
)
from lsnb.sandbox.seeds.expected_findings import DORMANT, HAND_MADE, HOSTILE
from lsnb.sandbox.seeds.fixtures import (
    add_limits,
    add_link,
    add_policies,
    add_policy,
    add_resources,
    add_scim_token,
    add_tags,
    make_group,
)
from lsnb.sandbox.seeds.history import add_history, add_traces, add_usage

_PASSWORD = ("supabase:non-sso", None)
_SSO = ("supabase:sso", "saml:jit")
# Organization role and workspaces of people of the roster, where they differ from the clean company.
_CHANGED = {
    "lars.berg": ("A", "stag:A prod:E"),
    "samuel.adeyemi": ("O", "secu:A prod:V"),
    "tomas.okafor": ("A", "rsch:V"),
    "nina.petrova": ("U", "sale:E"),
    "leila.rahimi": ("U", "prod:prompt stag:prompt2"),
    "liam.murphy": ("U", "mktg:power"),
    "sofia.rossi": ("U", "mktg:steward sale:V"),
    "wei.zhang": ("U", "mktg:report prod:E stag:E rsch:E supp:V data:E sale:E secu:V"),
    "grace.kim": ("U", "prod:E stag:A"),
    "anton.vogel": ("U", "prod:E stag:A"),
    "mei.tanaka": ("U", "prod:E rsch:A stag:A"),
    "hannah.schmidt": ("V", ""),
}


def fill(builder: Builder) -> None:
    """Fill the company with its flaws."""
    lay_out(builder)
    _loosen(builder)
    _add_roles(builder)
    for index, (local, name, role, places) in enumerate(PEOPLE):
        now_role, now_places = _CHANGED.get(local, (role, places))
        add_employee(builder, index, local, name, now_role, now_places, is_scim=local not in HAND_MADE)
    _add_strangers(builder)
    _add_invitations(builder)
    add_demo_keys(builder, admin=ADMIN, operator=OPERATOR, user=USER, viewer=VIEWER, workspace="prod")
    add_service_keys(builder)
    _add_old_keys(builder)
    _add_tokens(builder)
    add_resources(builder)
    add_tags(builder)
    add_policies(builder)
    _add_defective_policies(builder)
    add_limits(builder)
    _add_links(builder)
    for description, days, used in (("Okta provisioning", 120, 1.2), ("", 410, 200), ("test", 80, 60)):
        add_scim_token(builder, description, days=days, used=used)
    active = [email for email in everybody(builder) if email not in DORMANT]
    add_history(builder, active)
    _add_incidents(builder)
    add_usage(builder, active)
    for days in range(1, 46):
        add_traces(builder, "prod", "default", days=days, traces=310, email=f"tomas.okafor@{DOMAIN}", key="pat-tomas")


def _loosen(builder: Builder) -> None:
    """Leave settings as they come, and let SSO newcomers be workspace admins."""
    builder.state.organization.settings.update(
        workspace_admin_can_invite_to_org=True, scim_group_name_separator="-", sso_login_slug="acme"
    )
    for provider in builder.state.providers.values():
        provider.default_workspace_role_id = builder.roles["A"]


def _add_roles(builder: Builder) -> None:
    """Add roles that are admin in disguise, doubled, or left over; and let one have grown."""
    everything = [p.name for p in CATALOGUE if p.scope == "workspace"]
    read = ["workspaces:read", "projects:read", "runs:read"]
    builder.custom_role("power", "Power User", "For people who need a bit more", everything)
    steward = [*read, "workspaces:manage-members", "workspaces:manage-secrets", "runs:delete", "deployments:create"]
    builder.custom_role("steward", "Workspace Steward", "Looks after a workspace", steward)
    prompt = next(permissions for short, _, _, permissions in CUSTOM_ROLES if short == "prompt")
    builder.custom_role("prompt2", "prompt engineer", "Writes prompts", prompt)
    builder.custom_role("legacy", "Legacy Exporter", "Was used for a migration", [*read, "bulk-exports:manage"])
    builder.state.roles[builder.roles["annot"]].permissions.append("feedback:delete")


def _add_strangers(builder: Builder) -> None:
    """Add members who should not be there, or not so."""
    builder.person("dana.fox@partner.example", "Dana Fox", "A", days=70, logins=[_PASSWORD])
    builder.person(f"break.glass@{DOMAIN}", "Break Glass", "A", days=420, logins=[_PASSWORD])
    builder.person(f"peter.lang@{DOMAIN}", "Peter Lang", "U", "supp:E prod:V", days=350, disabled=True)
    builder.person(f"grace.kim+eval@{DOMAIN}", "Grace Kim Eval", "U", "rsch:E", days=150, logins=[_SSO])
    builder.person(f"team@{DOMAIN}", "Shared Inbox", "U", "supp:E", days=260, logins=[_PASSWORD])
    builder.person("kim.doyle@freelance.example", "Kim Doyle", "U", "secu:E", days=95, logins=[_PASSWORD])
    for local, name in HOSTILE.items():
        builder.person(f"{local}@{DOMAIN}", name, "U", "secu:V mktg:V", days=55, logins=[_SSO])
    # An admin who came in by SSO and can come in by password as well.
    tomas = builder.state.people[builder.id("identity", f"tomas.okafor@{DOMAIN}")]
    method = {"id": builder.id("login", "tomas", "password"), "provider": "email", "created_at": tomas.created_at}
    tomas.login_methods.append(method)


def _add_invitations(builder: Builder) -> None:
    """Add fresh, stale and dubious invitations."""
    builder.invite(f"new.hire@{DOMAIN}", "U", ["prod", "stag"], days=3, place_role="E", by=ADMIN)
    builder.invite(f"second.hire@{DOMAIN}", "U", ["supp"], days=6, place_role="V", by=OPERATOR)
    builder.invite("late.joiner@partner.example", "U", ["mktg"], days=40, place_role="E", by=ADMIN)
    # Kept as it was typed, from before the server lowered addresses.
    builder.invite("Mixed.Case@Partner.example", "V", ["sale"], days=9, place_role="V", by=OPERATOR)
    builder.invite(f"future.boss@{DOMAIN}", "A", days=5, by=ADMIN)
    builder.invite(f"peter.lang@{DOMAIN}", "U", ["supp"], days=4, place_role="E", by="dana.fox@partner.example")


def _add_old_keys(builder: Builder) -> None:
    """Add service keys that nobody looks after."""
    builder.key(
        "old-import", "service", f"uwe.gone@{DOMAIN}", "Default API key", days=420, used=None, workspaces=["data"],
        role="A",
    )  # fmt: skip
    builder.key(
        "etl-research", "service", f"pavel.novak@{DOMAIN}", "Nightly load of Research", days=200, used=2,
        workspaces=["rsch", "data"], role="A",
    )  # fmt: skip


def _add_tokens(builder: Builder) -> None:
    """Add personal access tokens, good and bad."""
    for name, local, description, used, expires in (
        ("pat-siobhan", "siobhan.oconnor", "Laptop", 1, 50),
        ("pat-grace", "grace.kim", "Laptop", 3, None),
        ("pat-anton", "anton.vogel", "Evaluation scripts", 75, 20),
        ("pat-tomas", "tomas.okafor", "Production sync", 1, 40),
        ("pat-peter", "peter.lang", "Old laptop", 20, 60),
        ("pat-david", "david.cohen", "Notebook", 8, 30),
    ):
        days = 80 if local == "anton.vogel" else 35
        builder.key(
            name, "pat", f"{local}@{DOMAIN}", description, days=days, used=used, expires=expires, default="prod"
        )


def _add_defective_policies(builder: Builder) -> None:
    """Add one policy for each defect."""
    nowhere = make_group("projects:read", "project", "Environment", "equals", "prod-eu")
    add_policy(builder, "deny-nowhere", "deny", nowhere, ("annot",), "Keeps annotators out of the EU")
    star = make_group("runs:read", "project", "Application", "matches", "*")
    add_policy(builder, "allow-everything", "allow", star, ("report",), "Report readers read")
    orphan = make_group("datasets:read", "dataset", "Environment", "equals", "staging")
    add_policy(builder, "orphan", "allow", orphan, (), "For a role that is gone")
    ghost = make_group("datasets:read", "dataset", "Cost Center", "equals", "4711")
    add_policy(builder, "ghost-key", "deny", ghost, ("curator",), "By cost center")
    untagged = make_group("datasets:read", "dataset", "Environment", "equals_if_exists", "production")
    add_policy(builder, "open-untagged", "allow", untagged, ("prompt",), "Production datasets")


def _add_links(builder: Builder) -> None:
    """Add public links, fresh and forgotten."""
    add_link(builder, "supp", "angry-customer", days=120)
    add_link(builder, "supp", "golden-answers", days=64, kind="dataset")
    add_link(builder, "secu", "incident-review", days=12)
    add_link(builder, "mktg", "launch-demo", days=4)


def _add_incidents(builder: Builder) -> None:
    """Add to the log what a reviewer should see."""
    dana, kim = "dana.fox@partner.example", "kim.doyle@freelance.example"
    burst = builder.work_time(11, "burst")
    for minute in range(8):
        time = burst[:14] + f"{minute + 20:02d}" + burst[16:]
        builder.log(
            time, "delete_workspace_member", kim, method="DELETE", status=403, workspace="secu",
            path="/api/v1/workspaces/current/members", host="203.0.113.9",
        )  # fmt: skip
    made = builder.work_time(16, "export")
    service_keys = "/api/v1/orgs/current/service-keys"
    builder.log(made[:14] + "05" + made[16:], "create_service_key", dana, path=service_keys)
    builder.log(made[:14] + "25" + made[16:], "create_bulk_export", dana, path="/api/v1/bulk-exports", workspace="prod")
    night = builder.reference - timedelta(days=(builder.reference.weekday() + 1) % 7 + 7)
    night = night.replace(hour=2, minute=30, second=0, microsecond=0)
    members = "/api/v1/orgs/current/members"
    lars = builder.id("identity", f"lars.berg@{DOMAIN}")
    builder.log(
        make_stamp(night), "update_org_member", dana, method="PATCH", path=f"{members}/{lars}", resources=[lars]
    )
    builder.log(
        builder.work_time(9, "key"), "update_org_member", None, method="PATCH", path=members, key="admin_service_key"
    )
    token = builder.id("key", "pat-siobhan")
    builder.log(
        builder.work_time(6, "token"), "delete_personal_access_token", dana, method="DELETE", status=404,
        path=f"/api/v1/orgs/current/personal-access-tokens/{token}", key="admin_pat", resources=[token],
    )  # fmt: skip
    annotator = builder.roles["annot"]
    path = f"/api/v1/orgs/current/roles/{annotator}"
    builder.log(builder.work_time(20, "role"), "update_role", ADMIN, method="PATCH", path=path, resources=[annotator])
