"""Acme: a company of some forty people in which everything is as it should be (the seed `tidy`)."""

from __future__ import annotations

from lsnb.sandbox.records import Provider
from lsnb.sandbox.seeds.builder import Builder
from lsnb.sandbox.seeds.fixtures import add_limits, add_policies, add_resources, add_scim_token, add_tags
from lsnb.sandbox.seeds.history import add_history, add_usage

# Short name, name.
WORKSPACES = (
    ("prod", "Production"),
    ("stag", "Staging"),
    ("rsch", "Research"),
    ("supp", "Support"),
    ("data", "Data Science"),
    ("mktg", "Marketing"),
    ("sale", "Sales-Demos"),
    ("secu", "Security Review"),
)

_READ = ("workspaces:read", "projects:read", "runs:read", "datasets:read", "feedback:read")
# The last permission is newer than the published list: a client must carry it through an edit unharmed.
CUSTOM_ROLES = (
    ("prompt", "Prompt Engineer", "Writes prompts and reads traces",
     (*_READ, "prompts:read", "prompts:create", "prompts:update", "prompts:tag", "prompts:tag-on-create")),
    ("annot", "Annotator", "Works on annotation queues",
     (*_READ, "annotation-queues:read", "annotation-queues:update", "feedback:create", "feedback:update")),
    ("report", "Report Reader", "Reads dashboards and traces", (*_READ, "charts:read", "runs:read-stats")),
    ("curator", "Dataset Curator", "Keeps datasets in order",
     (*_READ, "datasets:create", "datasets:update", "datasets:clone", "datasets:tag-on-create")),
)  # fmt: skip

# E-mail before the @, name, organization role, workspaces with roles.
PEOPLE = (
    ("ada.lindqvist", "Ada Lindqvist", "A", ""),
    ("tomas.okafor", "Tomás Okafor", "A", ""),
    ("priya.raman", "Priya Raman", "A", "prod:A"),
    ("jonas.weber", "Jonas Weber", "O", "stag:A"),
    ("mei.tanaka", "Mei Tanaka", "U", "prod:E rsch:A stag:E"),
    ("oskar.nyman", "Oskar Nyman", "V", "prod:V supp:V"),
    ("siobhan.oconnor", "Siobhán O'Connor", "U", "prod:A supp:E"),
    ("zoe.muller", "Zoë Müller", "U", "data:A rsch:E"),
    ("hiro.yamamoto", "山本 ヒロ", "U", "rsch:E data:E"),
    ("lars.berg", "Lars Berg", "U", "stag:A prod:E"),
    ("fatima.haddad", "Fatima Haddad", "U", "supp:A"),
    ("carlos.mendes", "Carlos Mendes", "U", "mktg:A sale:E"),
    ("nina.petrova", "Nina Petrova", "U", "sale:A"),
    ("samuel.adeyemi", "Samuel Adeyemi", "U", "secu:A prod:V"),
    ("grace.kim", "Grace Kim", "U", "prod:E stag:E"),
    ("anton.vogel", "Anton Vogel", "U", "prod:E stag:E"),
    ("leila.rahimi", "Leila Rahimi", "U", "prod:prompt stag:prompt"),
    ("marco.bianchi", "Marco Bianchi", "U", "prod:prompt rsch:prompt"),
    ("ines.duarte", "Inês Duarte", "U", "rsch:E data:E"),
    ("pavel.novak", "Pavel Novák", "U", "rsch:E data:curator"),
    ("amara.nwosu", "Amara Nwosu", "U", "data:curator"),
    ("david.cohen", "David Cohen", "U", "data:E rsch:V"),
    ("yuki.sato", "Yuki Sato", "U", "data:E"),
    ("elena.costa", "Elena Costa", "U", "supp:annot"),
    ("kofi.mensah", "Kofi Mensah", "U", "supp:annot"),
    ("ruth.goldberg", "Ruth Goldberg", "U", "supp:annot"),
    ("liam.murphy", "Liam Murphy", "U", "mktg:E"),
    ("sofia.rossi", "Sofia Rossi", "U", "mktg:E sale:V"),
    ("wei.zhang", "Wei Zhang", "U", "mktg:report"),
    ("emma.larsen", "Emma Larsen", "U", "sale:E"),
    ("klara.horvat", "Klara Horvat", "U", "sale:report mktg:report"),
    ("noah.fischer", "Noah Fischer", "U", "secu:E"),
    ("diego.alvarez", "Diego Álvarez", "V", "mktg:V"),
    ("hannah.schmidt", "Hannah Schmidt", "V", "prod:V"),
)
DOMAIN = "acme.example"

ADMIN = f"ada.lindqvist@{DOMAIN}"
OPERATOR = f"jonas.weber@{DOMAIN}"
USER = f"mei.tanaka@{DOMAIN}"
VIEWER = f"oskar.nyman@{DOMAIN}"


def fill(builder: Builder) -> None:
    """Fill the clean company. It has no service key of an Organization Admin, since that is a finding."""
    lay_out(builder)
    harden(builder)
    for index, (local, name, role, places) in enumerate(PEOPLE):
        add_employee(builder, index, local, name, role, places, is_scim=True)
    builder.invite(f"new.hire@{DOMAIN}", "U", ["prod", "stag"], days=3, place_role="E", by=ADMIN)
    builder.invite(f"second.hire@{DOMAIN}", "U", ["supp"], days=6, place_role="V", by=OPERATOR)
    add_demo_keys(builder, admin=ADMIN, operator=OPERATOR, user=USER, viewer=VIEWER, workspace="prod", is_tidy=True)
    add_service_keys(builder)
    add_furniture(builder)
    add_scim_token(builder, "Okta provisioning", days=120, used=1.2)
    add_history(builder, everybody(builder))
    add_usage(builder, everybody(builder))


def everybody(builder: Builder) -> list[str]:
    """Return the addresses of the enabled members."""
    return [person.email for person in builder.state.people.values() if not person.is_disabled]


def lay_out(builder: Builder) -> None:
    """Begin Acme with its workspaces, roles and SSO."""
    builder.begin(
        "acme", "Acme Robotics", payment={"brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2031,
                                           "email": f"billing@{DOMAIN}"},
    )  # fmt: skip
    for index, (short, name) in enumerate(WORKSPACES):
        builder.workspace(short, name, days=500 - 11 * index, handle="acme" if short == "prod" else None)
    for short, name, description, permissions in CUSTOM_ROLES:
        builder.custom_role(short, name, description, permissions)
    add_provider(builder, "supp")


def harden(builder: Builder) -> None:
    """Set every security setting as a reviewer likes it."""
    builder.state.organization.settings.update(
        public_sharing_disabled=True,
        jit_provisioning_enabled=False,
        sso_only=True,
        sso_login_slug="acme",
        max_api_key_expiry_days=180,
        max_pat_expiry_days=90,
        max_service_key_expiry_days=180,
        security_contact=f"security@{DOMAIN}",
        ip_allowlist=["127.0.0.0/8", "198.51.100.0/24"],
    )


def add_employee(builder: Builder, index: int, local: str, name: str, role: str, places: str, *, is_scim: bool) -> None:
    """Add somebody of the roster."""
    first = next(iter(places.split()), "")
    short, _, letter = first.partition(":")
    groups = []
    if is_scim and first:
        org_role = builder.state.roles[builder.org_roles[role]].display_name
        place = builder.state.workspaces[builder.workspaces[short]].display_name
        groups = [f"LS-{org_role}:{place}:{builder.state.roles[builder.roles[letter]].display_name}"]
    how = "scim" if is_scim else "saml:jit"
    builder.person(
        f"{local}@{DOMAIN}", name, role, places, days=480 - 9 * index, logins=[("supabase:sso", how)], groups=groups
    )


def add_provider(builder: Builder, workspace: str) -> Provider:
    """Add the SSO provider, whose newcomers are Viewers of one workspace."""
    provider = Provider(
        id=builder.id("sso settings"),
        provider_id=builder.id("sso provider"),
        default_workspace_role_id=builder.roles["V"],
        default_workspace_ids=[builder.workspaces[workspace]],
        metadata_url=f"https://idp.{builder.slug}.example/metadata",
        attribute_mapping={"keys": {"groups": {"name": "groups", "array": True}}},
        sso_groups_enabled=True,
    )
    builder.state.providers[provider.id] = provider
    return provider


def add_demo_keys(
    builder: Builder, *, admin: str, operator: str, user: str, viewer: str, workspace: str, is_tidy: bool = False
) -> None:
    """Add the keys that are handed to whoever starts the server."""
    for name, owner in (("admin_pat", admin), ("operator_pat", operator), ("user_pat", user), ("viewer_pat", viewer)):
        builder.key(
            name, "pat", owner, f"Notebook of {owner}", days=30, used=2, expires=60, default=workspace, is_demo=True
        )
    if not is_tidy:
        builder.key(
            "admin_service_key", "service", admin, "Access review automation", days=30, used=2, expires=150,
            role="A", org_role="A", is_demo=True,
        )  # fmt: skip
    builder.key(
        "workspace_key", "service", admin, "Trace ingestion of the web shop", days=30, used=2, expires=150,
        workspaces=[workspace], role="E", is_demo=True,
    )  # fmt: skip
    builder.key("expired_pat", "pat", admin, "Workshop", days=60, used=3, expires=-2, is_demo=True)


def add_service_keys(builder: Builder) -> None:
    """Add the company's own service keys, each with an owner, an end and little power."""
    for short, role in (("prod", "E"), ("stag", "E"), ("supp", "V")):
        name = builder.state.workspaces[builder.workspaces[short]].display_name
        builder.key(
            f"ingest-{short}", "service", f"lars.berg@{DOMAIN}", f"Trace ingestion in {name}", days=40, used=1.5,
            expires=120, workspaces=[short], role=role,
        )  # fmt: skip
    builder.key(
        "cost-report", "service", f"tomas.okafor@{DOMAIN}", "Monthly cost report", days=40, used=4, expires=100,
        role="V", org_role="V",
    )  # fmt: skip


def add_furniture(builder: Builder) -> None:
    """Add what stands around: resources, tags, policies, accounts, retention, limits."""
    add_resources(builder)
    add_tags(builder)
    add_policies(builder)
    add_limits(builder)
