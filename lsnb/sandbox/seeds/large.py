"""A very large organization: 20,000 people, 200 workspaces, about 100,000 memberships."""

from __future__ import annotations

import random
from datetime import timedelta

from lsnb.sandbox.ids import make_stamp
from lsnb.sandbox.plans import ENTERPRISE
from lsnb.sandbox.records import Invitation, Membership, Person
from lsnb.sandbox.seeds.builder import Builder
from lsnb.sandbox.seeds.company import add_demo_keys, add_provider

N_PEOPLE = 20_000
N_WORKSPACES = 200
_FIRST = (
    "Ada", "Bo", "Cleo", "Dina", "Emil", "Fia", "Gus", "Hana", "Ivo", "Jana", "Kai", "Lea", "Milo", "Nora", "Omar",
    "Pia", "Quentin", "Rosa", "Sami", "Tess", "Uma", "Vera", "Wim", "Xenia", "Yara", "Zeno",
)  # fmt: skip
_LAST = (
    "Abel", "Berg", "Cruz", "Diaz", "Eklund", "Fox", "Gill", "Hart", "Ito", "Jung", "Klein", "Lund", "Mora", "Nunez",
    "Oduya", "Park", "Quist", "Rao", "Silva", "Toth", "Ueda", "Vance", "Wolf", "Xu", "Yilmaz", "Zhou",
)  # fmt: skip
_AREAS = (
    "Search", "Billing", "Support", "Risk", "Legal", "Growth", "Mobile", "Data", "Platform", "Fraud",
)  # fmt: skip


def fill(builder: Builder) -> None:
    """Fill the organization. Numbers come from a fixed start, so it is always the same crowd."""
    builder.begin("globex", "Globex Corporation", config=ENTERPRISE | {"max_identities": 50_000})
    draw = random.Random(20261124)  # noqa: S311  nothing secret comes of it
    for number in range(N_WORKSPACES):
        area = _AREAS[number % len(_AREAS)]
        builder.workspace(f"w{number}", f"{area} {number // len(_AREAS) + 1:02d}", days=500 - number)
    reader = ["projects:read", "runs:read", "datasets:read", "workspaces:read"]
    builder.custom_role("read", "Trace Reader", "Reads traces and datasets", reader)
    builder.custom_role("label", "Labeller", "Works on annotation queues", [*reader, "annotation-queues:update"])
    add_provider(builder, "w0")
    people = [_add_person(builder, draw, number) for number in range(N_PEOPLE - 200)]
    for person in people:
        _place(builder, draw, person)
    for number in range(200):
        _add_pending(builder, draw, number)
    emails = {letter: people[index].email for index, letter in enumerate("AAAOUV")}
    add_demo_keys(
        builder, admin=people[0].email, operator=emails["O"], user=emails["U"], viewer=emails["V"], workspace="w0"
    )


def _add_person(builder: Builder, draw: random.Random, number: int) -> Person:
    """Add one member; the first six are the owners of the demo keys and two more admins."""
    first, last = _FIRST[number % 26], _LAST[(number // 26) % 26]
    name = f"{first} {last} {number // 676 + 1}"
    email = f"{first}.{last}.{number:05d}@globex.example".lower()
    letter = "AAAOUV"[number] if number < 6 else draw.choices("AOUV", (1, 4, 900, 95))[0]
    at = make_stamp(builder.reference - timedelta(days=2 + draw.random() * 480))
    is_scim = draw.random() < 0.9
    person = Person(
        id=builder.id("identity", email),
        email=email,
        full_name=name,
        user_id=builder.id("u", number),
        ls_user_id=builder.id("l", number),
        role_id=builder.org_roles[letter],
        created_at=at,
        is_disabled=number >= 6 and draw.random() < 0.01,
        login_methods=[
            {
                "id": builder.id("m", number),
                "provider": "supabase:sso",
                "provisioning_method": "scim" if is_scim else "saml:jit",
                "created_at": at,
            }
        ],
    )
    builder.state.people[person.id] = person
    builder.state.places[person.id] = {}
    return person


def _place(builder: Builder, draw: random.Random, person: Person) -> None:
    """Put a member into about five workspaces near each other."""
    state = builder.state
    home = draw.randrange(N_WORKSPACES)
    count = min(20, 1 + int(draw.expovariate(1 / 4.6)))
    roles = draw.choices(("A", "E", "V", "read", "label"), (2, 50, 30, 12, 6), k=count)
    for step, role in enumerate(roles):
        workspace_id = builder.workspaces[f"w{(home + step * 7) % N_WORKSPACES}"]
        membership = Membership(
            builder.id("p", person.email, workspace_id), person.id, workspace_id, builder.roles[role], person.created_at
        )
        state.memberships[membership.id] = membership
        state.places[person.id][workspace_id] = membership
        state.rosters.setdefault(workspace_id, {})[person.id] = membership


def _add_pending(builder: Builder, draw: random.Random, number: int) -> Invitation:
    place = f"w{draw.randrange(N_WORKSPACES)}"
    email = f"invited.{number:03d}@globex.example"
    return builder.invite(email, "U", [place], days=1 + draw.random() * 30, place_role="V")
