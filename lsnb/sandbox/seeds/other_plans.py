"""Small organizations on other plans: a personal one, one without RBAC, and one with hardly anybody."""

from __future__ import annotations

from lsnb.sandbox.plans import DEVELOPER, PLUS
from lsnb.sandbox.seeds.builder import Builder

_EMAIL_LOGIN = (("supabase:non-sso", None),)


def fill_personal(builder: Builder) -> None:
    """Fill a personal organization: one person, one workspace, no invitations."""
    organization = builder.begin("solo", "Personal", is_personal=True, tier="developer_01_2026", config=dict(DEVELOPER))
    organization.settings["invites_enabled"] = True
    builder.workspace("main", "Personal").is_personal = True
    owner = "robin.lone@example.com"
    builder.person(owner, "Robin Lone", "A", logins=_EMAIL_LOGIN)
    builder.place(owner, "main", "")
    _add_keys(builder, owner, "main")


def fill_norbac(builder: Builder) -> None:
    """Fill an organization on the Plus plan: every member of a workspace is Admin there, no role ids."""
    builder.begin("bistro", "Bistro Labs", tier="plus_01_2026", config=dict(PLUS))
    for short, name in (("app", "App"), ("lab", "Lab")):
        builder.workspace(short, name)
    people = (("vera.stone", "Vera Stone", "A"), ("ugo.marin", "Ugo Marin", "A"), ("ida.holm", "Ida Holm", "O"),
              ("pat.reed", "Pat Reed", "U"), ("lin.chau", "Lin Chau", "U"), ("max.orth", "Max Orth", "V"))  # fmt: skip
    for index, (local, name, role) in enumerate(people):
        email = f"{local}@bistro.example"
        builder.person(email, name, role, days=200 - index, logins=_EMAIL_LOGIN)
        builder.place(email, "app" if index % 2 == 0 else "lab", "")
    owner = "vera.stone@bistro.example"
    _add_keys(builder, owner, "app")
    for name, email in (("operator_pat", "ida.holm"), ("user_pat", "pat.reed"), ("viewer_pat", "max.orth")):
        builder.key(name, "pat", f"{email}@bistro.example", "Notebook", days=30, used=2, is_demo=True)


def fill_empty(builder: Builder) -> None:
    """Fill an organization that was made a moment ago: one admin, one workspace."""
    builder.begin("blank", "Blank Slate")
    builder.workspace("main", "Default")
    owner = "first.admin@blank.example"
    builder.person(owner, "First Admin", "A", days=2, logins=_EMAIL_LOGIN)
    _add_keys(builder, owner, "main")


def _add_keys(builder: Builder, owner: str, workspace: str) -> None:
    """Add the demo keys that one admin can have."""
    builder.key("admin_pat", "pat", owner, "Notebook", days=30, used=2, is_demo=True)
    builder.key(
        "admin_service_key", "service", owner, "Automation", days=30, used=2, role="A", org_role="A", is_demo=True
    )
    builder.key(
        "workspace_key", "service", owner, "Ingestion", days=30, used=2, workspaces=[workspace], role="A", is_demo=True
    )
    builder.key("expired_pat", "pat", owner, "Workshop", days=60, used=3, expires=-2, is_demo=True)
