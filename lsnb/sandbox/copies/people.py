"""Copy who is in the organization, who is invited, and who has which role where."""

from __future__ import annotations

import re

from lsnb.sandbox.copies.draft import Draft
from lsnb.sandbox.records import Invitation, Json, Membership, Person

_SEPARATORS = (":", "-", "_", " ", "&")
_SSO = "supabase:sso"


def copy_people(draft: Draft) -> None:
    """Copy members, invitations and memberships."""
    access = draft.read("access")
    people = {_key(row): row for row in draft.read("members")}
    invites = {_key(row): row for row in draft.read("invites")}
    user_ids = _user_ids(draft)
    groups = _Groups(draft)
    held = [row for row in access if row["scope"] == "organization"] or _without_access(people, invites)
    joined: dict[str, Person] = {}
    pending: dict[str, Invitation] = {}
    guessed = 0
    for row in held:
        role_id = draft.role_id(row["role_id"], row["role_name"])
        guessed += role_id is None
        role_id = role_id or draft.system_role_id("ORGANIZATION_USER")
        key = _key(row)
        if row["state"] == "pending":
            invitation = _make_invitation(draft, row, invites.get(key), role_id)
            pending[key] = draft.state.invitations[invitation.id] = invitation
            continue
        person = _make_person(draft, row, people.get(key, {}), role_id, user_ids, groups)
        joined[key] = draft.state.add_person(person)
        for real in (row["identity_id"], row["ls_user_id"], row["email"]):
            if real:
                draft.people.setdefault(real.lower(), person)
    if guessed:
        draft.notes.append(f"{guessed} people whose organization role is not known are Organization Users here.")
    _copy_places(draft, access, joined, pending)


def _key(row: Json) -> str:
    """Return what rows of one person have in common; keys of workspaces do not see ids."""
    known: str | None = row["identity_id"]
    return known or f"{row['email']} {row.get('state', '') == 'pending' or 'workspaces' in row}"


def _without_access(members: dict[str, Json], invites: dict[str, Json]) -> list[Json]:
    """Return people as `access` would have them, where only the lists of people were read."""
    found = [row | {"state": "disabled" if row["is_disabled"] else "active"} for row in members.values()]
    return found + [row | {"state": "pending", "ls_user_id": None, "name": None} for row in invites.values()]


def _user_ids(draft: Draft) -> dict[str, str]:
    """Return the second id that some people have, which only the audit log and the usage report tell."""
    found = {row["ls_user_id"]: row["actor_id"] for row in draft.read("audit_log") if row["ls_user_id"]}
    found |= {row["email"]: row["ls_user_id"] for row in draft.read("usage") if row["email"]}
    return {who: real for who, real in found.items() if real}


def _make_person(
    draft: Draft, row: Json, member: Json, role_id: str, user_ids: dict[str, str], groups: _Groups
) -> Person:
    names = draft.names
    who = row["email"] or row["identity_id"] or row["ls_user_id"] or ""
    ls_user_id, user_id = row["ls_user_id"], user_ids.get(row["ls_user_id"]) or user_ids.get(row["email"])
    created_at = draft.since(member.get("created_at"))
    return Person(
        id=names.id(row["identity_id"]) if row["identity_id"] else names.make("identity", who),
        email=names.email(row["email"]),
        full_name=names.person(who, row["name"]),
        user_id=names.id(user_id) if user_id else names.make("user", ls_user_id or who),
        ls_user_id=names.id(ls_user_id) if ls_user_id else names.make("ls user", who),
        role_id=role_id,
        created_at=created_at,
        is_disabled=row["state"] == "disabled",
        login_methods=_make_logins(draft, member, who, created_at),
        scim_groups=[
            {"name": groups.rename(name), "created_at": created_at}
            for name in (member.get("scim_groups") or "").split(" | ")
            if name
        ],
    )


def _make_logins(draft: Draft, member: Json, who: str, created_at: str) -> list[Json]:
    """Return the ways to log in. Which of them a provisioning belongs to is not told; single sign-on is likely."""
    providers = (member.get("login_methods") or "").split(", ")
    origins = (member.get("provisioned_by") or "").split(", ")
    by_likelihood = sorted(filter(None, providers), key=lambda provider: provider != _SSO)
    given = dict(zip(by_likelihood, filter(None, origins), strict=False))
    sso = draft.read("sso") if _SSO in providers and draft.snapshot.is_readable("sso") else []
    return [
        {
            "id": draft.names.make("login", who, provider),
            "provider": provider,
            "provisioning_method": given.get(provider),
            "saml_provider_id": draft.names.id(sso[0]["provider_id"]) if sso and provider == _SSO else None,
            "created_at": created_at,
        }
        for provider in providers
        if provider
    ]


def _make_invitation(draft: Draft, row: Json, invite: Json | None, role_id: str) -> Invitation:
    identity = row["identity_id"]
    return Invitation(
        id=draft.names.id(identity) if identity else draft.names.make("invitation", row["email"]),
        email=draft.names.email(row["email"]),
        role_id=role_id,
        created_at=draft.since(invite["created_at"] if invite else None),
    )


def _copy_places(draft: Draft, access: list[Json], joined: dict[str, Person], pending: dict[str, Invitation]) -> None:
    """Copy the roles in workspaces that somebody gave; those of Organization Admins follow by themselves."""
    for row in access:
        if row["scope"] != "workspace" or row["source"] == "org-admin":
            continue
        key, workspace_id = _key(row), draft.workspaces[row["workspace_id"]].id
        # Without roles in the plan there is no role id, and that is what makes everybody an Admin.
        role_id = None if row["source"] == "no-rbac" else draft.role_id(row["role_id"], row["role_name"])
        if row["state"] == "pending":
            invitation = pending[key]
            place_id = draft.names.make("pending place", invitation.id, workspace_id)
            place = {"id": place_id, "role_id": role_id, "created_at": invitation.created_at}
            invitation.places[workspace_id] = place
            roles = {place["role_id"] for place in invitation.places.values()}
            invitation.workspace_role_id = role_id if len(roles) == 1 else None
        elif workspace_id not in draft.state.places[joined[key].id]:
            person = joined[key]
            membership_id = draft.names.make("membership", person.id, workspace_id)
            draft.state.add_membership(Membership(membership_id, person.id, workspace_id, role_id, person.created_at))


class _Groups:
    """Renames an identity provider's groups so that each gives the same roles as before."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        roles = {row["role_id"]: row["role"] for row in (*draft.read("roles"), *draft.read("access")) if row["role_id"]}
        shown = ((role, draft.role_id(real)) for real, role in roles.items() if role)
        self._roles = {name.casefold(): draft.state.roles[known].display_name for name, known in shown if known}
        self._workspaces = {
            name.casefold(): draft.state.workspaces[known].display_name for name, known in draft.workspace_ids.items()
        }
        self._organization_roles: list[str] = [
            fields["display_name"] for fields in draft.system_roles.values() if fields["access_scope"] == "organization"
        ]
        wanted = draft.state.organization.settings.get("scim_group_name_separator") or ":"
        self._separators = (wanted, *(other for other in _SEPARATORS if other != wanted))

    def rename(self, real: str) -> str:
        """Return `<prefix><organization role>`, with workspace and role where they are told; else a mere label."""
        names = self._draft.names
        if not names.has_pseudonyms:
            return real
        for separator in self._separators:
            head, *rest = real.rsplit(separator, 2)
            if len(rest) == 2 and rest[0].casefold() in self._workspaces and rest[1].casefold() in self._roles:
                place, role = self._workspaces[rest[0].casefold()], self._roles[rest[1].casefold()]
                return separator.join((self._rename_head(head), place, role))
        return self._rename_head(real)

    def _rename_head(self, real: str) -> str:
        text = real.casefold().rstrip("s")
        for role in self._organization_roles:
            if text.endswith(role.casefold()):
                prefix = text.removesuffix(role.casefold())
                return re.sub(r"\w+", "LS", prefix) + role
        return self._draft.names.label("Group", real)
